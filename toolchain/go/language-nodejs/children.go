package main

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// drainTime is how long the output of a killed process may still be open in its descendants.
const drainTime = time.Second

// children are the node processes that run now.
type children struct {
	mutex   sync.Mutex
	running map[*exec.Cmd]struct{}
}

func newChildren() *children {
	return &children{running: map[*exec.Cmd]struct{}{}}
}

// command describes one run of node.
type command struct {
	node      string
	args      []string
	directory string
	env       []string
	stdout    io.Writer
	stderr    io.Writer
}

// run starts node and waits for its end; it kills node when the context ends. The error is not nil only when node did
// not run; -1 is the exit code of a process that a signal ended.
func (c *children) run(ctx context.Context, command command) (int, error) {
	// The kernel sends the child's death signal when the thread that started it ends, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	process := exec.CommandContext(ctx, command.node, command.args...)
	process.Dir = command.directory
	process.Env = command.env
	process.Stdout = command.stdout
	process.Stderr = command.stderr
	process.WaitDelay = drainTime
	process.SysProcAttr = dieWithParent()

	if err := c.start(process); err != nil {
		return -1, err
	}
	err := process.Wait()
	c.mutex.Lock()
	delete(c.running, process)
	c.mutex.Unlock()

	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) || ctx.Err() != nil {
		return process.ProcessState.ExitCode(), nil
	}
	return -1, err
}

func (c *children) start(process *exec.Cmd) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := process.Start(); err != nil {
		return err
	}
	c.running[process] = struct{}{}
	return nil
}

// kill ends every child at once.
func (c *children) kill() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for process := range c.running {
		// Fails only for a process that has ended.
		_ = process.Process.Kill()
	}
}
