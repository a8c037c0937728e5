// Package job is what one-shot jobs share. Swarm has no job mode that waits, so a job is a service whose task does its work,
// leaves DonePath for its health check, and then idles until it is stopped.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// DonePath exists once the job's work is done.
const DonePath = "/tmp/done"

// Context is cancelled by SIGTERM or SIGINT.
func Context() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
}

// Log prints one JSON line on stdout: an event with numbers and names, never a value.
func Log(event string, fields map[string]any) {
	line := map[string]any{"event": event}
	for k, v := range fields {
		line[k] = v
	}
	text, err := json.Marshal(line)
	if err == nil {
		fmt.Println(string(text))
	}
}

// Fail prints one JSON error line on stderr and exits with 1.
func Fail(event, message string) {
	text, _ := json.Marshal(map[string]string{"level": "error", "event": event, "message": message})
	fmt.Fprintln(os.Stderr, string(text))
	os.Exit(1)
}

// Seconds reads a whole number of seconds from the environment.
func Seconds(name string, fallback int) time.Duration {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	return time.Duration(fallback) * time.Second
}

// Env reads a variable, or its default when it is unset or empty.
func Env(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

// Start forgets an earlier run of the same container.
func Start() { _ = os.Remove(DonePath) }

// Done marks the work as done and idles until ctx ends; then the process may exit with 0.
func Done(ctx context.Context) {
	if err := os.WriteFile(DonePath, nil, 0o600); err != nil {
		Fail("job.failed", "cannot write "+DonePath+": mount a writable /tmp")
	}
	<-ctx.Done()
}

// Hold runs a command as a job: signals reach it, its failure is ours, and its success is followed by idling.
func Hold(command []string) {
	Start()
	ctx, stop := Context()
	defer stop()
	child := exec.CommandContext(ctx, command[0], command[1:]...)
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Run(); err != nil {
		if code := child.ProcessState.ExitCode(); code > 0 {
			os.Exit(code)
		}
		os.Exit(1)
	}
	Done(ctx)
}
