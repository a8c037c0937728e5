package objects

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
)

// HealthPath answers 200 without credentials once the server listens.
const HealthPath = "/healthz"

// largestCopy is S3's own limit of an object that is copied in one request, in bytes. Without one, the library refuses every copy.
const largestCopy = 5 << 30

// Options of the server.
type Options struct {
	Port     string
	Region   string
	Buckets  []Bucket
	Data     string        // folder on the volume; replicas share it
	Drain    time.Duration // how long to go on serving once ctx has ended, so that no client meets a closed port
	OnListen func()
}

// Serve runs until ctx ends and the drain time after it has passed.
func Serve(ctx context.Context, o Options, accounts *Accounts) error {
	root := filepath.Join(o.Data, "objects")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return err
	}
	attributes := meta.XattrMeta{}
	if err := attributes.Test(root); err != nil {
		return fmt.Errorf("volume: %w", err)
	}
	be, err := posix.New(root, attributes, posix.PosixOpts{NewDirPerm: 0o700, NewFilePerm: 0o600, CopyObjectThreshold: largestCopy})
	if err != nil {
		return err
	}
	for _, bucket := range o.Buckets {
		if err := bucket.ensure(ctx, be, o.Data, root); err != nil {
			return fmt.Errorf("bucket %s: %w", bucket.Name, err)
		}
	}
	var draining atomic.Bool
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go func() {
		<-ctx.Done()
		draining.Store(true)
		time.Sleep(o.Drain)
		stop()
	}()
	// Clients keep connections open; while draining, each answer asks its client to open the next one elsewhere.
	closing := func(c fiber.Ctx) error {
		if draining.Load() {
			c.Response().SetConnectionClose()
		}
		return c.Next()
	}
	return embedgw.RunVersityGW(serving, be, &embedgw.Config{
		// Root can do anything, so nobody may have it: random, in this process' memory, gone with it.
		RootUserAccess: "root-" + rand.Text(), RootUserSecret: rand.Text() + rand.Text(),
		IAMService: accounts, Region: o.Region, Ports: []string{":" + o.Port},
		MaxConnections: 4096, MaxRequests: 1024, MultipartMaxParts: 10_000,
		KeepAlive: true, Quiet: true, DisableACLs: true, HealthPath: HealthPath,
		S3Options: []s3api.Option{s3api.WithMiddleware("/", closing), s3api.WithOnListen(o.OnListen)},
	})
}
