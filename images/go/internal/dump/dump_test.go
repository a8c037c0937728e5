package dump

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

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

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	made, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func names(t *testing.T, k *Keeper) []string {
	t.Helper()
	found, err := k.Names(context.Background())
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
	t.Run("are encrypted to every recipient before they leave, and open with any one identity alone", func(t *testing.T) {
		first, second, other := identity(t), identity(t), identity(t)
		recipients, err := Recipients(first.Recipient().String() + "\n  " + second.Recipient().String() + " ")
		if err != nil || len(recipients) != 2 {
			t.Fatalf("got %d recipients, %v", len(recipients), err)
		}
		for size, command := range map[int][]string{12: {"printf", "the database"}, 20_000_000: {"head", "-c", "20000000", "/dev/zero"}} {
			encrypting := keeper(endpoint, "AKBACKUPONE", "secret-one", "goimg-backup", command...)
			encrypting.o.Recipients = recipients
			name, err := encrypting.Copy(ctx, at.Add(20*time.Hour))
			if err != nil || name != "database/20260101T200000Z.dump.age" {
				t.Fatalf("got %s, %v", name, err)
			}
			var stored bytes.Buffer
			if err := encrypting.Fetch(ctx, name, &stored); err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(stored.Bytes(), []byte("age-encryption.org/v1\n")) || bytes.Contains(stored.Bytes(), []byte("the database")) {
				t.Error("it is not encrypted")
			}
			for _, one := range []age.Identity{first, second} {
				plain, err := age.Decrypt(bytes.NewReader(stored.Bytes()), one)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(plain); err != nil || len(got) != size {
					t.Errorf("got %d bytes, %v", len(got), err)
				}
			}
			if _, err := age.Decrypt(bytes.NewReader(stored.Bytes()), other); err == nil {
				t.Error("it opens with an identity of nobody")
			}
		}
		before := names(t, good)
		broken := keeper(endpoint, "AKBACKUPONE", "secret-one", "goimg-backup", "sh", "-c", "head -c 20000000 /dev/zero; echo no more >&2; exit 3")
		broken.o.Recipients = recipients
		if _, err := broken.Copy(ctx, at.Add(21*time.Hour)); err == nil || !strings.Contains(err.Error(), "no more") {
			t.Errorf("got %v", err)
		}
		if after := names(t, good); !slices.Equal(before, after) {
			t.Errorf("what was cut off is there: %v", after)
		}
	})
	t.Run("that are not there can't be fetched", func(t *testing.T) {
		if err := good.Fetch(ctx, "database/none", io.Discard); err == nil || err.Error() != "the bucket: has no database/none to read (NoSuchKey)" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("have no recipient that is none", func(t *testing.T) {
		_, err := Recipients(identity(t).Recipient().String() + " AGE-SECRET-KEY-1INVENTED age1short")
		if err == nil || err.Error() != "backupRecipients: number 2, 3 is no age public key (age1…)" {
			t.Errorf("got %v", err)
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
