// Package redisacl makes Redis' users be exactly what the manifest declares: `goimg` for the application and `admin` for this
// job, each with one password per live generation, and no default user. Redis keeps SHA-256 hashes of the passwords alone,
// and so does users.acl.
package redisacl

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// rules of each user beside its passwords, as ACL SETUSER and the ACL file both take them.
var rules = map[string][]string{
	// What a cache needs, on its own keys: nothing that lists, flushes, blocks or administers the server.
	"goimg": {"~goimg:*", "resetchannels", "&goimg:*", "-@all", "+@read", "+@write", "+@connection", "+@transaction", "-@dangerous", "-@blocking"},
	// What this job calls, and no key.
	"admin": {"resetkeys", "resetchannels", "-@all", "+ping", "+auth", "+hello", "+client|setname",
		"+client|kill", "+client|list", "+client|id", "+acl|setuser", "+acl|getuser", "+acl|list", "+acl|save", "+acl|whoami"},
}

// User is one user and the hashes of its live passwords.
type User struct {
	Name   string
	Hashes []string
}

// NewUser hashes the passwords as Redis does.
func NewUser(name string, passwords []string) User {
	u := User{Name: name}
	for _, p := range passwords {
		sum := sha256.Sum256([]byte(p))
		u.Hashes = append(u.Hashes, hex.EncodeToString(sum[:]))
	}
	slices.Sort(u.Hashes)
	return u
}

// setuser is the whole declaration of a user, from nothing, so that a run does not depend on what was there.
func (u User) setuser() []string {
	words := []string{"reset", "on"}
	for _, h := range u.Hashes {
		words = append(words, "#"+h)
	}
	return append(words, rules[u.Name]...)
}

// aclFile is users.acl. The default user is named because Redis would otherwise open it to everyone.
func aclFile(users []User) string {
	lines := []string{"user default off resetpass resetkeys resetchannels -@all"}
	for _, u := range users {
		// The file's loader starts each user from nothing and refuses the word reset.
		lines = append(lines, "user "+u.Name+" "+strings.Join(u.setuser()[1:], " "))
	}
	return strings.Join(lines, "\n") + "\n"
}
