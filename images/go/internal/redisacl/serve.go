package redisacl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const poll = 100 * time.Millisecond

// Serve runs redis-server once its users' file exists, and again whenever ReloadMark asks. It holds a lock on the volume for
// as long as it lives: two servers on one append-only file would ruin it. Returns the server's exit code.
func Serve(ctx context.Context, data string, command []string) (int, error) {
	lock, err := os.OpenFile(filepath.Join(data, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 1, err
	}
	defer lock.Close()
	if err := until(ctx, func() bool { return syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil }); err != nil {
		return 0, nil
	}
	if err := until(ctx, func() bool { return exists(filepath.Join(data, ACLFile)) }); err != nil {
		return 0, nil
	}
	for {
		_ = os.Remove(filepath.Join(data, ReloadMark))
		code, again, err := once(ctx, data, command)
		if err != nil || !again {
			return code, err
		}
	}
}

// once runs the server until it ends by itself, by ctx, or for a reload (again is true).
func once(ctx context.Context, data string, command []string) (code int, again bool, err error) {
	child := exec.Command(command[0], command[1:]...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := child.Start(); err != nil {
		return 1, false, fmt.Errorf("start: %w", err)
	}
	watch, stop := context.WithCancel(ctx)
	defer stop()
	reload := make(chan bool, 1)
	go func() {
		asked := until(watch, func() bool { return exists(filepath.Join(data, ReloadMark)) }) == nil
		reload <- asked
		_ = child.Process.Signal(syscall.SIGTERM)
	}()
	err = child.Wait()
	stop()
	asked := <-reload
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), false, nil
	}
	return 0, asked && ctx.Err() == nil, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// until polls a condition; the error is ctx's.
func until(ctx context.Context, condition func() bool) error {
	for !condition() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
	return ctx.Err()
}
