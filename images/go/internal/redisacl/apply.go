package redisacl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Options say where Redis is and how patiently to work.
type Options struct {
	Address  string
	Data     string        // Redis' volume: users.acl and the mark that asks for a restart
	Patience time.Duration // how long to wait for the server
	Log      func(event string, fields map[string]any)
}

// ACLFile is the name of the users' file on Redis' volume.
const ACLFile = "users.acl"

// ReloadMark on the volume asks the server's supervisor to restart it, so that it reads users.acl anew.
const ReloadMark = ".reload"

var errLockedOut = errors.New("Redis accepts none of the live admin passwords")

// Apply brings the server to the declared users. admins are the passwords of admin, the active one first.
func Apply(ctx context.Context, o Options, app User, admin User, admins []string) error {
	// The library would print each failed dial, in its own form; what fails for good is in the error.
	redis.SetLogger(silent{})
	users := []User{app, admin}
	path := filepath.Join(o.Data, ACLFile)
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		if err := writeACL(path, users); err != nil {
			return fmt.Errorf("seed %s: %w", ACLFile, err)
		}
		o.Log("cache-acl.seeded", nil)
	}
	client, err := login(ctx, o, admins, true)
	if errors.Is(err, errLockedOut) {
		// The values were replaced under the same generation, or the volume outlived the stack: whoever may write the
		// volume may set the users, so do it by file. Only here does Redis restart.
		if client, err = takeOver(ctx, o, path, users, admins); err == nil {
			o.Log("cache-acl.taken-over", nil)
		}
	}
	if err != nil {
		return err
	}
	defer client.Close()
	return declare(ctx, o, client, users)
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// login connects as admin with the first password that is accepted. While the server is down or loading it waits; locked
// out is final only when asked so.
func login(ctx context.Context, o Options, admins []string, final bool) (*redis.Client, error) {
	deadline := time.Now().Add(o.Patience)
	for {
		err := errLockedOut
		for _, password := range admins {
			client := redis.NewClient(&redis.Options{
				Addr: o.Address, Username: "admin", Password: password, MaxRetries: -1, PoolSize: 1,
				DialTimeout: 2 * time.Second, ReadTimeout: 5 * time.Second, DialerRetries: 1, DisableIdentity: true,
			})
			answer := client.Ping(ctx).Err()
			if answer == nil {
				return client, nil
			}
			_ = client.Close()
			if !strings.HasPrefix(answer.Error(), "WRONGPASS") {
				err = unreachable(answer)
			}
		}
		if (final && errors.Is(err, errLockedOut)) || time.Now().After(deadline) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// unreachable names the failure without quoting the server's answer.
func unreachable(err error) error {
	var network net.Error
	if errors.As(err, &network) {
		return errors.New("Redis cannot be reached")
	}
	return errors.New("Redis does not answer as expected")
}

func takeOver(ctx context.Context, o Options, path string, users []User, admins []string) (*redis.Client, error) {
	if err := writeACL(path, users); err != nil {
		return nil, fmt.Errorf("write %s: %w", ACLFile, err)
	}
	if err := os.WriteFile(filepath.Join(o.Data, ReloadMark), nil, 0o600); err != nil {
		return nil, fmt.Errorf("ask for a restart: %w", err)
	}
	return login(ctx, o, admins, false)
}

// declare sets both users whole, saves them, and ends the connections of a user that lost a password: Redis does not
// remember which password a connection came with, and the clients that hold a live one reconnect at once.
func declare(ctx context.Context, o Options, client *redis.Client, users []User) error {
	if err := client.Do(ctx, "ACL", "SETUSER", "default", "off", "resetpass", "resetkeys", "resetchannels", "-@all").Err(); err != nil {
		return fmt.Errorf("close the default user: %w", err)
	}
	removed := map[string]int{}
	for _, u := range users {
		before, err := hashes(ctx, client, u.Name)
		if err != nil {
			return fmt.Errorf("read user %s: %w", u.Name, err)
		}
		args := []any{"ACL", "SETUSER", u.Name}
		for _, word := range u.setuser() {
			args = append(args, word)
		}
		if err := client.Do(ctx, args...).Err(); err != nil {
			return fmt.Errorf("set user %s: %w", u.Name, err)
		}
		added := len(u.Hashes)
		for _, h := range before {
			if slices.Contains(u.Hashes, h) {
				added--
			} else {
				removed[u.Name]++
			}
		}
		o.Log("cache-acl.user", map[string]any{"user": u.Name, "passwords": len(u.Hashes), "added": added, "removed": removed[u.Name]})
	}
	if err := client.Do(ctx, "ACL", "SAVE").Err(); err != nil {
		return fmt.Errorf("save the users: %w", err)
	}
	for name := range removed {
		ended, err := client.Do(ctx, "CLIENT", "KILL", "USER", name, "SKIPME", "yes").Int()
		if err != nil {
			return fmt.Errorf("end connections of %s: %w", name, err)
		}
		o.Log("cache-acl.ended", map[string]any{"user": name, "connections": ended})
	}
	return nil
}

// hashes lists the password hashes that a user has now; none when there is no such user.
func hashes(ctx context.Context, client *redis.Client, user string) ([]string, error) {
	answer, err := client.Do(ctx, "ACL", "GETUSER", user).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	fields, ok := answer.(map[any]any)
	if !ok {
		return nil, errors.New("unexpected answer")
	}
	list, ok := fields["passwords"].([]any)
	if !ok {
		return nil, errors.New("unexpected answer")
	}
	var found []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			found = append(found, text)
		}
	}
	return found, nil
}

// writeACL replaces the file in one step: a reader sees the old users or the new ones.
func writeACL(path string, users []User) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".users-*.acl")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.WriteString(aclFile(users)); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := errors.Join(temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
