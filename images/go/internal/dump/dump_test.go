package dump

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"goimg-secrets/images/internal/objects"
)

// serve starts the stack's own S3 server with the backups' user, and one key of the application's.
func serve(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	accounts, err := objects.NewAccounts([]objects.KeyPair{
		{User: objects.Application, Generation: 1, Access: "AKAPPLICATION", Secret: "secret-application"},
		{User: objects.Backup, Generation: 1, Access: "AKBACKUPONE", Secret: "secret-one"},
		{User: objects.Backup, Generation: 2, Access: "AKBACKUPTWO", Secret: "secret-two"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- objects.Serve(ctx, objects.Options{
			Port: port, Region: "us-east-1", Data: t.TempDir(), OnListen: func() { close(listening) },
			Buckets: []objects.Bucket{{Name: "goimg", User: objects.Application}, {Name: "goimg-backup", User: objects.Backup}},
		}, accounts)
	}()
	select {
	case <-listening:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); <-ended })
	return "http://127.0.0.1:" + port
}

func keeper(endpoint, access, secret, bucket string, command ...string) *Keeper {
	return New(Options{Endpoint: endpoint, Region: "us-east-1", Bucket: bucket, Access: access, Secret: secret, Prefix: "database/", Command: command, Keep: 2})
}

func names(t *testing.T, k *Keeper) []string {
	t.Helper()
	found, err := k.names(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCopies(t *testing.T) {
	endpoint := serve(t)
	ctx := context.Background()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	good := keeper(endpoint, "AKBACKUPONE", "secret-one", "goimg-backup", "printf", "the database")

	t.Run("are kept, the newest of them", func(t *testing.T) {
		for n := range 3 {
			if _, err := good.Copy(ctx, at.Add(time.Duration(n)*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if got := names(t, good); !slices.Equal(got, []string{"database/20260101T010000Z.dump", "database/20260101T020000Z.dump"}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("are streamed in parts when they are large", func(t *testing.T) {
		large := keeper(endpoint, "AKBACKUPTWO", "secret-two", "goimg-backup", "head", "-c", "20000000", "/dev/zero")
		if _, err := large.Copy(ctx, at.Add(5*time.Hour)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("that are cut off leave none", func(t *testing.T) {
		before := names(t, good)
		for _, size := range []string{"10", "20000000"} {
			broken := keeper(endpoint, "AKBACKUPONE", "secret-one", "goimg-backup", "sh", "-c", "head -c "+size+" /dev/zero; echo no more >&2; exit 3")
			if _, err := broken.Copy(ctx, at.Add(9*time.Hour)); err == nil || !strings.Contains(err.Error(), "no more") {
				t.Errorf("got %v", err)
			}
		}
		if after := names(t, good); !slices.Equal(before, after) {
			t.Errorf("got %v", after)
		}
	})
	t.Run("reach no other bucket, and need the right key", func(t *testing.T) {
		for _, wrong := range []*Keeper{
			keeper(endpoint, "AKBACKUPONE", "secret-one", "goimg", "printf", "x"),
			keeper(endpoint, "AKAPPLICATION", "secret-application", "goimg-backup", "printf", "x"),
			keeper(endpoint, "AKBACKUPONE", "invented-secret", "goimg-backup", "printf", "x"),
			keeper(endpoint, "AKRETIRED", "secret-zero", "goimg-backup", "printf", "x"),
		} {
			_, err := wrong.Copy(ctx, at)
			if err == nil || !strings.HasPrefix(err.Error(), "the bucket: can't be written (") {
				t.Errorf("got %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "invented") || strings.Contains(err.Error(), "AK")) {
				t.Errorf("an error quotes a credential: %v", err)
			}
		}
	})
	t.Run("can't be read without a key", func(t *testing.T) {
		address, _ := url.JoinPath(endpoint, "goimg-backup", names(t, good)[0])
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if _, _ = io.Copy(io.Discard, answer.Body); answer.StatusCode != http.StatusForbidden {
			t.Errorf("got %d", answer.StatusCode)
		}
	})
}
