package redisacl

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func users() []User {
	return []User{NewUser("goimg", []string{"first", "second"}), NewUser("admin", []string{"third"})}
}

func TestFileHoldsHashesOfEveryLivePasswordAndNoPassword(t *testing.T) {
	text := aclFile(users())
	for _, password := range []string{"first", "second", "third"} {
		if strings.Contains(text, password) {
			t.Error("the file holds a password")
		}
	}
	// printf first | sha256sum
	if !strings.Contains(text, "#a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e") {
		t.Error("the file does not hold SHA-256 of a live password")
	}
	if got := strings.Count(text, "#"); got != 3 {
		t.Errorf("%d hashes instead of 3", got)
	}
}

func TestDefaultUserIsOff(t *testing.T) {
	if line := strings.SplitN(aclFile(users()), "\n", 2)[0]; !strings.HasPrefix(line, "user default off ") || strings.Contains(line, "nopass") {
		t.Errorf("default user: %s", line)
	}
}

func TestUsersAreDeclaredFromNothing(t *testing.T) {
	for _, u := range users() {
		words := u.setuser()
		if words[0] != "reset" {
			t.Errorf("%s keeps what was there", u.Name)
		}
		for _, danger := range []string{"+@all", "allcommands", "~*", "allkeys", "nopass"} {
			if slices.Contains(words, danger) {
				t.Errorf("%s has %s", u.Name, danger)
			}
		}
	}
	if slices.ContainsFunc(rules["admin"], func(w string) bool { return strings.HasPrefix(w, "~") }) {
		t.Error("admin reaches keys")
	}
}

func TestOrderOfPasswordsDoesNotMatter(t *testing.T) {
	if !slices.Equal(NewUser("goimg", []string{"a", "b"}).setuser(), NewUser("goimg", []string{"b", "a"}).setuser()) {
		t.Error("the same passwords make two declarations")
	}
}

func TestFileIsReplacedWholeAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), ACLFile)
	for range 2 {
		if err := writeACL(path, users()); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files instead of 1", len(left))
	}
}
