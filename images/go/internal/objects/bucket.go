package objects

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend"
)

// Bucket and the one user that reaches its objects.
type Bucket struct {
	Name string
	User User
}

// owner of the buckets: no account has this name, so nobody but the policy's principal reaches the objects.
const owner = "nobody"

// policy lets the one user read, write and list objects, and nothing else: not the bucket's own settings.
func (b Bucket) policy() ([]byte, error) {
	arn := "arn:aws:s3:::" + b.Name
	statement := func(actions []string, resource string) map[string]any {
		return map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": b.User.arn()}, "Action": actions, "Resource": resource}
	}
	return json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{
		statement([]string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"}, arn+"/*"),
		statement([]string{"s3:ListBucket"}, arn),
	}})
}

// ensure makes the bucket and its policy. A lock on the volume keeps replicas apart, and a bucket that a killed start left
// half made (no access list, nothing in it) is made anew.
func (b Bucket) ensure(ctx context.Context, be backend.Backend, data, root string) error {
	lock, err := os.OpenFile(filepath.Join(data, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	folder := filepath.Join(root, b.Name)
	if _, err := os.Stat(folder); err == nil {
		if _, err := be.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &b.Name}); err != nil {
			// Only an empty folder can be removed this way: objects are never lost.
			if err := os.Remove(folder); err != nil {
				return fmt.Errorf("bucket is damaged: %w", err)
			}
		}
	}
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		acl, err := json.Marshal(auth.ACL{Owner: owner})
		if err != nil {
			return err
		}
		input := &s3.CreateBucketInput{Bucket: &b.Name, ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced,
			CreateBucketConfiguration: &types.CreateBucketConfiguration{}}
		if err := be.CreateBucket(ctx, input, acl); err != nil {
			return err
		}
	}
	document, err := b.policy()
	if err != nil {
		return err
	}
	return be.PutBucketPolicy(ctx, b.Name, document)
}
