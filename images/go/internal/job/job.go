// Package job is what one-shot jobs share. A job is a task that does its work and ends with 0: a change of its service starts it
// again, and nothing else does.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

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
