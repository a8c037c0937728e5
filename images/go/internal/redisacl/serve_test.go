package redisacl

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func lines(path string) int {
	text, _ := os.ReadFile(path)
	return len(text)
}

func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for range 200 {
		if condition() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}

// The server is a shell that counts its starts, so that waiting for users, restarting on the mark and stopping are seen.
func TestServeWaitsForUsersRestartsOnTheMarkAndStops(t *testing.T) {
	data := t.TempDir()
	starts := filepath.Join(t.TempDir(), "starts")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan int, 1)
	script := "printf x >> " + starts + "; trap 'exit 0' TERM; while :; do sleep 0.05; done"
	go func() {
		code, err := Serve(ctx, data, []string{"sh", "-c", script})
		if err != nil {
			t.Error(err)
		}
		ended <- code
	}()
	time.Sleep(3 * poll)
	if lines(starts) != 0 {
		t.Fatal("started without users")
	}
	touch(t, filepath.Join(data, ACLFile))
	waitFor(t, "first start", func() bool { return lines(starts) == 1 })
	touch(t, filepath.Join(data, ReloadMark))
	waitFor(t, "restart", func() bool { return lines(starts) == 2 })
	if exists(filepath.Join(data, ReloadMark)) {
		t.Error("the mark stays")
	}
	stop()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("does not stop")
	}
}

func TestServePassesOnTheServersFailure(t *testing.T) {
	data := t.TempDir()
	touch(t, filepath.Join(data, ACLFile))
	if code, err := Serve(context.Background(), data, []string{"sh", "-c", "exit 3"}); code != 3 || err != nil {
		t.Errorf("code %d, error %v", code, err)
	}
}

func TestOneServerHoldsTheVolume(t *testing.T) {
	data := t.TempDir()
	touch(t, filepath.Join(data, ACLFile))
	starts := filepath.Join(t.TempDir(), "starts")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	script := []string{"sh", "-c", "printf x >> " + starts + "; exec sleep 60"}
	done := make(chan struct{}, 2)
	for range 2 {
		go func() {
			_, _ = Serve(ctx, data, script)
			done <- struct{}{}
		}()
	}
	waitFor(t, "one start", func() bool { return lines(starts) == 1 })
	time.Sleep(5 * poll)
	if lines(starts) != 1 {
		t.Error("two servers on one volume")
	}
	stop()
	<-done
	<-done
}
