// Command goimg-s3 is the dev stack's S3 server. Its accounts are the live generations of S3_KEY; it refuses to start when one
// is damaged.
package main

import (
	"fmt"
	"os"

	"goimg-secrets/images/internal/job"
	"goimg-secrets/images/internal/objects"
)

func main() {
	loaded := job.Secrets("s3", "S3_ACCESS_KEY", "S3_SECRET_KEY")
	var pairs []objects.KeyPair
	keys := loaded.Live("S3_SECRET_KEY")
	for i, access := range loaded.Live("S3_ACCESS_KEY") {
		pairs = append(pairs, objects.KeyPair{Generation: access.Generation, Access: access.Reveal(), Secret: keys[i].Reveal()})
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
		Bucket:   job.Env("S3_BUCKET", "goimg"),
		Data:     "/data",
		Drain:    job.Seconds("DRAIN_SECONDS", 3),
		OnListen: func() { fmt.Println(loaded.ReportLine()) },
	}, accounts)
	if err != nil {
		fail(err)
	}
	os.Exit(0)
}

func fail(err error) { job.Fail("s3.failed", err.Error()) }
