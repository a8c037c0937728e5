// Package objects is the S3 server: versitygw as a library, with accounts that come from mounted secrets alone.
package objects

import (
	"errors"
	"fmt"

	"github.com/versity/versitygw/auth"
)

// User owns the live generations of one access key, and has one bucket.
type User string

const (
	Application User = "goimg"
	Backup      User = "goimg-backup"
)

// arn is whom a bucket's policy names: every generation's account is the same user, so the policy never changes and replicas that
// hold different generations agree on it.
func (u User) arn() string { return "arn:aws:iam::000000000000:user/" + string(u) }

var errReadOnly = errors.New("accounts come from mounted secrets: rotate S3_KEY or BACKUP_S3_KEY instead")

// KeyPair is one live generation of a user's access key.
type KeyPair struct {
	User           User
	Generation     int
	Access, Secret string
}

// Accounts is an auth.IAMService with one account per live generation of each user.
type Accounts struct{ byAccess map[string]auth.Account }

// NewAccounts refuses two generations with one access key, which could not be told apart.
func NewAccounts(pairs []KeyPair) (*Accounts, error) {
	accounts := &Accounts{byAccess: map[string]auth.Account{}}
	for _, p := range pairs {
		if _, doubled := accounts.byAccess[p.Access]; doubled {
			return nil, fmt.Errorf("generation %d of %s has the access key of another one", p.Generation, p.User)
		}
		accounts.byAccess[p.Access] = auth.Account{Access: p.Access, Secret: p.Secret, Role: auth.RoleUser, Arn: p.User.arn()}
	}
	return accounts, nil
}

// GetUserAccount resolves the account of an access key.
func (a *Accounts) GetUserAccount(access string) (auth.Account, error) {
	account, ok := a.byAccess[access]
	if !ok {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return account, nil
}

// ResolvePrincipals returns the names that a bucket policy may not use.
func (a *Accounts) ResolvePrincipals(names []string) ([]string, error) {
	var unknown []string
	for _, name := range names {
		if name != Application.arn() && name != Backup.arn() {
			unknown = append(unknown, name)
		}
	}
	return unknown, nil
}

// ResolveAccounts returns the access keys that no account has.
func (a *Accounts) ResolveAccounts(keys []string) ([]string, error) {
	unknown := []string{}
	for _, key := range keys {
		if _, ok := a.byAccess[key]; !ok {
			unknown = append(unknown, key)
		}
	}
	return unknown, nil
}

// CreateAccount is refused: see errReadOnly.
func (a *Accounts) CreateAccount(auth.Account) error { return errReadOnly }

// UpdateUserAccount is refused: see errReadOnly.
func (a *Accounts) UpdateUserAccount(string, auth.MutableProps) error { return errReadOnly }

// DeleteUserAccount is refused: see errReadOnly.
func (a *Accounts) DeleteUserAccount(string) error { return errReadOnly }

// ListUserAccounts is refused: nobody needs the list.
func (a *Accounts) ListUserAccounts() ([]auth.Account, error) { return nil, errReadOnly }

// Shutdown has nothing to end.
func (a *Accounts) Shutdown() error { return nil }
