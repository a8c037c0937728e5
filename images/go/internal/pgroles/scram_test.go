package pgroles

import (
	"strings"
	"testing"
)

// RFC 7677's example (password "pencil") as PostgreSQL stores it; the keys are those behind the RFC's proof and signature.
const (
	rfcPassword = "pencil"
	rfcVerifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)

func TestVerifierOfRfc7677(t *testing.T) {
	if !matches(rfcVerifier, rfcPassword) {
		t.Fatal("the RFC's example does not match")
	}
	if matches(rfcVerifier, rfcPassword+"x") {
		t.Fatal("another password matches")
	}
}

func TestNewVerifierMatchesItsPasswordAlone(t *testing.T) {
	first, err := newVerifier("correct")
	if err != nil {
		t.Fatal(err)
	}
	second, err := newVerifier("correct")
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Error("two verifiers share a salt")
	}
	if !matches(first, "correct") || matches(first, "wrong") {
		t.Error("a verifier does not tell its password from another")
	}
	if strings.ContainsAny(first, "'\\") || strings.Contains(first, "correct") {
		t.Error("a verifier is not safe inside an SQL literal, or holds the password")
	}
}

func TestMatchesRefusesWhatIsNoVerifier(t *testing.T) {
	for _, stored := range []string{"", "md5abc", "SCRAM-SHA-256$x:y$z", "SCRAM-SHA-256$4096$a:b", "SCRAM-SHA-256$0:AAAA$a:b", "SCRAM-SHA-256$4096:!!$a:b"} {
		if matches(stored, "") {
			t.Errorf("%q matches", stored)
		}
	}
}

func TestRoleNamesAreQuoted(t *testing.T) {
	if got := quote(roleName(`a"b`, 3)); got != `"a""b_g3"` {
		t.Errorf("got %s", got)
	}
}
