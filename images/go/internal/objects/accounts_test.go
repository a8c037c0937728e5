package objects

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/versity/versitygw/auth"
)

func accounts(t *testing.T) *Accounts {
	t.Helper()
	a, err := NewAccounts([]KeyPair{{Application, 1, "AKONE", "secret-one"}, {Application, 2, "AKTWO", "secret-two"}, {Backup, 1, "AKBACKUP", "secret-backup"}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEveryLiveGenerationIsTheSameUser(t *testing.T) {
	a := accounts(t)
	for access, secret := range map[string]string{"AKONE": "secret-one", "AKTWO": "secret-two"} {
		account, err := a.GetUserAccount(access)
		if err != nil || account.Secret != secret || account.Arn != Application.arn() || account.Role != auth.RoleUser {
			t.Errorf("%s: wrong account", access)
		}
	}
	if account, err := a.GetUserAccount("AKBACKUP"); err != nil || account.Arn != Backup.arn() {
		t.Error("the backups' user is another one")
	}
	if _, err := a.GetUserAccount("AKTHREE"); !errors.Is(err, auth.ErrNoSuchUser) {
		t.Errorf("a retired key: %v", err)
	}
}

func TestOneAccessKeyForTwoGenerationsIsRefusedWithoutQuotingIt(t *testing.T) {
	_, err := NewAccounts([]KeyPair{{Application, 1, "AKSAME", "a"}, {Backup, 2, "AKSAME", "b"}})
	if err == nil || strings.Contains(err.Error(), "AKSAME") {
		t.Errorf("got %v", err)
	}
}

func TestAccountsCannotBeChangedOverTheNetwork(t *testing.T) {
	a := accounts(t)
	if a.CreateAccount(auth.Account{}) == nil || a.DeleteUserAccount("AKONE") == nil || a.UpdateUserAccount("AKONE", auth.MutableProps{}) == nil {
		t.Error("an account can be changed")
	}
	if _, err := a.ListUserAccounts(); err == nil {
		t.Error("accounts can be listed")
	}
}

func TestPolicyIsValidAndNamesOneUserAndOneBucket(t *testing.T) {
	document, err := Bucket{"goimg", Application}.policy()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := auth.ParsePolicyDocument(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Validate("goimg", accounts(t)); err != nil {
		t.Errorf("not valid: %v", err)
	}
	if strings.Contains(string(document), string(Backup)) {
		t.Error("the policy names the other user")
	}
	if strings.Contains(string(document), `"*"`) || strings.Contains(string(document), "s3:*") {
		t.Error("the policy holds a wildcard")
	}
}

func TestAccountsAreNotPrinted(t *testing.T) {
	a := accounts(t)
	account, _ := a.GetUserAccount("AKONE")
	if strings.Contains(fmt.Sprintf("%v %+v", account, account), "secret-one") {
		t.Error("printing an account prints its secret")
	}
}
