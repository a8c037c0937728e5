// Command goimg-backup copies the database to a bucket when it starts and at each interval after, with BACKUP_S3_KEY. It is healthy
// while the last copy was made. `goimg-backup list` names the copies, `goimg-backup get NAME` writes one to standard output.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"goimg-secrets/images/internal/dump"
	"goimg-secrets/images/internal/job"
)

// retry is the pause after a copy that failed: what it needs may just be starting.
const retry = time.Second

func main() {
	loaded := job.Secrets("backup", "BACKUP_S3_ACCESS_KEY", "BACKUP_S3_SECRET_KEY")
	ctx, stop := job.Context()
	defer stop()
	keep, err := strconv.Atoi(job.Env("BACKUP_KEEP", "7"))
	if err != nil || keep < 1 {
		job.Fail("backup.failed", "BACKUP_KEEP must be a whole number from 1")
	}
	recipients, err := dump.Recipients(os.Getenv("BACKUP_RECIPIENTS"))
	if err != nil {
		job.Fail("backup.failed", err.Error())
	}
	keeper := dump.New(dump.Options{
		Endpoint: job.Env("S3_ENDPOINT", "http://s3:7070"), Region: job.Env("S3_REGION", "us-east-1"), Bucket: job.Env("S3_BUCKET", "goimg-backup"),
		Access: loaded.MustGet("BACKUP_S3_ACCESS_KEY"), Secret: loaded.MustGet("BACKUP_S3_SECRET_KEY"),
		Prefix: "database/", Keep: keep, Recipients: recipients,
		// The superuser, by the socket: it has no password.
		Command: []string{"/usr/lib/postgresql/15/bin/pg_dump", "--host=/run/postgresql", "--username=postgres", "--no-password", "--format=custom", "--dbname=" + job.Env("DB_NAME", "goimg")},
	})
	if len(os.Args) > 1 {
		answer(ctx, keeper, os.Args[1:])
		return
	}
	var good atomic.Bool
	serveHealth(&good, job.Env("PORT", "8082"))
	interval := job.Seconds("BACKUP_INTERVAL_SECONDS", 86_400)
	for reported := false; ; {
		pause := interval
		name, err := keeper.Copy(ctx, time.Now())
		good.Store(err == nil)
		if err == nil {
			job.Log("backup.done", map[string]any{"name": name, "recipients": len(recipients)})
			if !reported {
				reported = true
				fmt.Println(loaded.ReportLine())
			}
		} else if ctx.Err() == nil {
			pause = min(retry, interval)
			job.Log("backup.failed", map[string]any{"message": err.Error()})
		}
		if !sleep(ctx, pause) {
			os.Exit(0)
		}
	}
}

// answer is what the operator asks of the copies, in the running container.
func answer(ctx context.Context, keeper *dump.Keeper, args []string) {
	switch {
	case len(args) == 1 && args[0] == "list":
		names, err := keeper.Names(ctx)
		if err != nil {
			job.Fail("backup.failed", err.Error())
		}
		for _, name := range names {
			fmt.Println(name)
		}
	case len(args) == 2 && args[0] == "get":
		if err := keeper.Fetch(ctx, args[1], os.Stdout); err != nil {
			job.Fail("backup.failed", err.Error())
		}
	default:
		job.Fail("backup.failed", "usage: goimg-backup [list | get NAME]")
	}
}

func serveHealth(good *atomic.Bool, port string) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		job.Fail("backup.failed", err.Error())
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !good.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			job.Fail("backup.failed", err.Error())
		}
	}()
}

// sleep answers whether there is more to do.
func sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}
