// Package dump keeps copies of the database in a bucket: pg_dump's output goes there as it comes, and never to a disk. Where it has
// recipients, it is encrypted with age before it leaves.
package dump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Options of a place and of what is kept there.
type Options struct {
	Endpoint, Region, Bucket string
	Access, Secret           string
	Prefix                   string   // of the objects' names
	Command                  []string // writes the copy to its standard output
	Keep                     int      // newest copies that stay; at least 1
	Recipients               []age.Recipient
}

// Keeper makes copies and removes the oldest.
type Keeper struct {
	o      Options
	client *s3.Client
}

// New makes a keeper; nothing is asked yet.
func New(o Options) *Keeper {
	return &Keeper{o: o, client: s3.New(s3.Options{
		BaseEndpoint: aws.String(o.Endpoint), Region: o.Region, UsePathStyle: true, RetryMaxAttempts: 5,
		Credentials: credentials.NewStaticCredentialsProvider(o.Access, o.Secret, ""),
	})}
}

// Copy makes one, named by its moment, and removes what is beyond Keep. A copy that could not be made to its end leaves none.
func (k *Keeper) Copy(ctx context.Context, now time.Time) (string, error) {
	name := k.o.Prefix + now.UTC().Format("20060102T150405Z") + ".dump"
	if len(k.o.Recipients) > 0 {
		name += ".age"
	}
	if err := k.upload(ctx, name); err != nil {
		return "", err
	}
	return name, k.prune(ctx)
}

func (k *Keeper) upload(ctx context.Context, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command := exec.CommandContext(ctx, k.o.Command[0], k.o.Command[1:]...)
	var said bytes.Buffer
	command.Stderr = &said
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	body := &whole{reader: output, command: command, said: &said}
	var sent io.Reader = body
	if len(k.o.Recipients) > 0 {
		if sent, err = age.EncryptReader(body, k.o.Recipients...); err != nil {
			return err
		}
	}
	_, err = transfermanager.New(k.client).UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &k.o.Bucket, Key: &name, Body: sent})
	if body.failed != nil {
		return body.failed
	}
	return named(err, "can't be written")
}

// whole reads a command's output and, at its end, fails if the command did: what is cut off is not taken for complete.
type whole struct {
	reader  io.Reader
	command *exec.Cmd
	said    *bytes.Buffer
	failed  error
	ended   bool
}

func (w *whole) Read(p []byte) (int, error) {
	if w.failed != nil {
		return 0, w.failed
	}
	n, err := w.reader.Read(p)
	if !errors.Is(err, io.EOF) || w.ended {
		return n, err
	}
	w.ended = true
	if err := w.command.Wait(); err != nil {
		w.failed = fmt.Errorf("%s: %w: %s", w.command.Args[0], err, strings.TrimSpace(w.said.String()))
		return n, w.failed
	}
	return n, io.EOF
}

// Fetch writes one copy as it is in the bucket: encrypted, where it was.
func (k *Keeper) Fetch(ctx context.Context, name string, to io.Writer) error {
	object, err := k.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &k.o.Bucket, Key: &name})
	if err != nil {
		return named(err, "has no "+name+" to read")
	}
	defer object.Body.Close()
	_, err = io.Copy(to, object.Body)
	return err
}

// Names of the copies, the oldest first: they are in the order of their moments.
func (k *Keeper) Names(ctx context.Context) ([]string, error) {
	var names []string
	pages := s3.NewListObjectsV2Paginator(k.client, &s3.ListObjectsV2Input{Bucket: &k.o.Bucket, Prefix: &k.o.Prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, named(err, "can't be listed")
		}
		for _, object := range page.Contents {
			names = append(names, aws.ToString(object.Key))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Recipients reads age's public keys, apart by blanks. An error names them by number: one may be something else, pasted by mistake.
func Recipients(keys string) ([]age.Recipient, error) {
	var recipients []age.Recipient
	var wrong []string
	for i, key := range strings.Fields(keys) {
		parsed, err := age.ParseRecipients(strings.NewReader(key))
		if err != nil {
			wrong = append(wrong, strconv.Itoa(i+1))
			continue
		}
		recipients = append(recipients, parsed...)
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("backupRecipients: number %s is no age public key (age1…)", strings.Join(wrong, ", "))
	}
	return recipients, nil
}

// prune removes the oldest copies.
func (k *Keeper) prune(ctx context.Context) error {
	names, err := k.Names(ctx)
	if err != nil {
		return err
	}
	for _, name := range names[:max(0, len(names)-max(1, k.o.Keep))] {
		if _, err := k.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &k.o.Bucket, Key: &name}); err != nil {
			return named(err, "old copies can't be removed")
		}
	}
	return nil
}

// named says what S3 means by its error's code: its message may hold what was sent.
func named(err error, what string) error {
	if err == nil {
		return nil
	}
	var known smithy.APIError
	if errors.As(err, &known) {
		return fmt.Errorf("the bucket: %s (%s)", what, known.ErrorCode())
	}
	return fmt.Errorf("the bucket: %s: the server does not answer", what)
}
