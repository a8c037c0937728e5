package check

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// serviceThatStarts answers 503 for a while, then 200, and 503 again once told.
func serviceThatStarts(t *testing.T, after time.Duration) (url string, asked *atomic.Int32, fail func()) {
	t.Helper()
	readyMark = filepath.Join(t.TempDir(), "was-ready")
	started := time.Now()
	var failing atomic.Bool
	asked = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if time.Since(started) < after || failing.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked, func() { failing.Store(true) }
}

func TestHTTPWaitsForAStart(t *testing.T) {
	url, _, _ := serviceThatStarts(t, 300*time.Millisecond)
	if err := HTTP([]string{url}); err != nil {
		t.Fatalf("a service that was ready within one check: %v", err)
	}
}

func TestHTTPGivesUpBeforeDockerDoes(t *testing.T) {
	url, _, _ := serviceThatStarts(t, time.Hour)
	began := time.Now()
	err := HTTP([]string{url})
	if err == nil || time.Since(began) >= patience {
		t.Fatalf("a service that does not start: %v after %v", err, time.Since(began))
	}
}

func TestHTTPAsksOnceAfterTheStart(t *testing.T) {
	url, asked, fail := serviceThatStarts(t, 0)
	if err := HTTP([]string{url}); err != nil {
		t.Fatal(err)
	}
	fail()
	before := asked.Load()
	if err := HTTP([]string{url}); err == nil {
		t.Fatal("a service that fails after its start is healthy")
	}
	if n := asked.Load() - before; n != 1 {
		t.Fatalf("asked %d times", n)
	}
}

func TestHTTPOnceForgivesWhatFailsLater(t *testing.T) {
	ready, _, fail := serviceThatStarts(t, 0)
	mark := readyMark
	alive, _, _ := serviceThatStarts(t, 0)
	readyMark = mark
	args := []string{"--once", ready, alive}
	if err := HTTP(args); err != nil {
		t.Fatal(err)
	}
	fail()
	if err := HTTP(args); err != nil {
		t.Fatalf("FIRST is asked again: %v", err)
	}
}
