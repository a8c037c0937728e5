// Command goimg-s3 is the dev stack's S3 server. Its accounts are the live generations of S3_KEY and, where backups are
// kept here too, of BACKUP_S3_KEY, each with a bucket of its own; it refuses to start when one is damaged.
package main

import (
	"fmt"
	"os"

	secrets "goimgsecrets"

	"goimg-secrets/images/internal/job"
	"goimg-secrets/images/internal/objects"
)

func main() {
	loaded := job.Secrets("s3", "S3_ACCESS_KEY", "S3_SECRET_KEY")
	pairs := pairsOf(loaded, objects.Application, "S3_ACCESS_KEY", "S3_SECRET_KEY")
	buckets := []objects.Bucket{{Name: job.Env("S3_BUCKET", "goimg"), User: objects.Application}}
	if backup := pairsOf(loaded, objects.Backup, "BACKUP_S3_ACCESS_KEY", "BACKUP_S3_SECRET_KEY"); len(backup) > 0 {
		pairs = append(pairs, backup...)
		buckets = append(buckets, objects.Bucket{Name: job.Env("BACKUP_S3_BUCKET", "goimg-backup"), User: objects.Backup})
	}
	accounts, err := objects.NewAccounts(pairs)
	if err != nil {
		fail(err)
	}
	ctx, stop := job.Context()
	defer stop()
	err = objects.Serve(ctx, objects.Options{
		Port:     job.Env("S3_PORT", "7070"),
		Region:   job.Env("S3_REGION", "us-east-1"),
		Buckets:  buckets,
		Data:     job.Env("S3_DATA", "/data"),
		Drain:    job.Seconds("DRAIN_SECONDS", 3),
		OnListen: func() { fmt.Println(loaded.ReportLine()) },
	}, accounts)
	if err != nil {
		fail(err)
	}
	os.Exit(0)
}

func pairsOf(loaded *secrets.Secrets, user objects.User, access, secret string) []objects.KeyPair {
	var pairs []objects.KeyPair
	keys := loaded.Live(secret)
	for i, id := range loaded.Live(access) {
		pairs = append(pairs, objects.KeyPair{User: user, Generation: id.Generation, Access: id.Reveal(), Secret: keys[i].Reveal()})
	}
	return pairs
}

func fail(err error) { job.Fail("s3.failed", err.Error()) }
