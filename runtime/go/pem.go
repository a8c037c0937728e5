package goimgsecrets

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const minExponent = 65537

const blank = `[\t\n\v\f\r \x{a0}]`

var (
	pemBlank     = regexp.MustCompile(`^(?:` + blank + `|\x00)*$`)
	pemAround    = regexp.MustCompile(`^` + blank + `|\n` + blank + `+$|[ \t]$`)
	pemLabel     = regexp.MustCompile(`^-----BEGIN ([A-Z0-9 ]+)-----\n`)
	pemBlock     = regexp.MustCompile(`^-----BEGIN ([A-Z0-9 ]+)-----\n(?:[A-Za-z0-9+/=]+\n)+-----END ([A-Z0-9 ]+)-----\n?$`)
	pemEncrypted = regexp.MustCompile(`(?m)^Proc-Type: 4,ENCRYPTED$`)
	oidRSA       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	errNotRSA    = errors.New("not RSA")
)

// keyHalf is a valid key: its public half, by which a pair is compared.
type keyHalf struct{ public equalKey }

// equalKey is what every public key of the standard library can do.
type equalKey interface{ Equal(crypto.PublicKey) bool }

func badPem(what string) *problem {
	return &problem{"bad-pem", what + "; store the whole PEM block as it was generated"}
}

// checkPem reads one key and checks it against its format; the key is there only when nothing is wrong.
func checkPem(value []byte, f Format) (*keyHalf, *problem) {
	text := latin1(value)
	if p := wrapperProblem(text, value); p != nil {
		return nil, p
	}
	if p := labelProblem(text, f); p != nil {
		return nil, p
	}
	if p := blockProblem(text); p != nil {
		return nil, p
	}
	public, err := parseKey(value)
	switch {
	case errors.Is(err, errNotRSA):
		return nil, &problem{"not-rsa", "is not an RSA key; publish an RSA key, which RS256 needs"}
	case err != nil:
		return nil, badPem("is damaged: its content is no key")
	case public.N.BitLen() < f.MinBits:
		return nil, tooShort(f.MinBits)
	case public.E < minExponent:
		return nil, &problem{"weak", "has a public exponent below 65537; publish a new generation"}
	}
	return &keyHalf{public}, nil
}

// latin1 is bytes as characters, so that the patterns see what is no UTF-8 as well.
func latin1(value []byte) string {
	characters := make([]rune, len(value))
	for i, b := range value {
		characters[i] = rune(b)
	}
	return string(characters)
}

func tooShort(minBits int) *problem {
	return &problem{"key-too-short", fmt.Sprintf("is shorter than the %d bits it must have; publish a new generation", minBits)}
}

// blockProblem tells whether it is one clean block.
func blockProblem(text string) *problem {
	if labels := pemBlock.FindStringSubmatch(text); labels != nil && labels[1] == labels[2] {
		return nil
	}
	if strings.Contains(text, "\n-----END ") {
		return badPem("is damaged: it is not one clean PEM block")
	}
	return badPem("is truncated: its end is missing")
}

func wrapperProblem(text string, value []byte) *problem {
	switch {
	case pemBlank.MatchString(text):
		return &problem{"blank", "is blank; store a key in this generation or publish a new one"}
	case strings.HasPrefix(string(value), "\ufeff"):
		return &problem{"bom", "starts with a byte-order mark; store it as ASCII without one"}
	case !strings.Contains(text, "-----BEGIN "):
		return badPem("is not PEM")
	case strings.ContainsAny(text, "\x00\r"):
		return &problem{"control-character", "holds a control character (carriage return, NUL); store it with newlines alone"}
	case pemAround.MatchString(text):
		return &problem{"surrounding-whitespace", "has blank lines or blanks around it; store the block alone"}
	}
	return nil
}

func labelProblem(text string, f Format) *problem {
	match := pemLabel.FindStringSubmatch(text)
	if match == nil {
		return badPem("does not start with a PEM block")
	}
	label := match[1]
	wantsPrivate := f.Type == "rsaPrivateKeyPem"
	isPublic := label == "PUBLIC KEY" || label == "RSA PUBLIC KEY"
	switch {
	case label == "ENCRYPTED PRIVATE KEY" || pemEncrypted.MatchString(text):
		return &problem{"pem-encrypted", "is encrypted with a passphrase; store the key without one"}
	case wantsPrivate && isPublic:
		return &problem{"public-key-for-private", "is a public key; store the private key of the pair here"}
	case !wantsPrivate && strings.HasSuffix(label, "PRIVATE KEY"):
		return &problem{"private-key-for-public", "is a private key where the public one belongs; store the public key, and rotate: it was shared"}
	case label == "EC PRIVATE KEY":
		return &problem{"not-rsa", "is not an RSA key; publish an RSA key, which RS256 needs"}
	case isPublic || label == "PRIVATE KEY" || label == "RSA PRIVATE KEY":
		return nil
	}
	due := "PUBLIC KEY or RSA PUBLIC KEY"
	if wantsPrivate {
		due = "PRIVATE KEY or RSA PRIVATE KEY"
	}
	return &problem{"pem-wrong-label", "is a PEM block of another kind; store one labelled " + due}
}

func parseKey(value []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(value)
	if block == nil {
		return nil, errors.New("no block")
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		return half(x509.ParsePKCS1PrivateKey(block.Bytes))
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "PRIVATE KEY":
		var head struct {
			Version   int
			Algorithm pkix.AlgorithmIdentifier
			Key       []byte
			Rest      asn1.RawValue `asn1:"optional"`
		}
		if _, err := asn1.Unmarshal(block.Bytes, &head); err == nil && !head.Algorithm.Algorithm.Equal(oidRSA) {
			return nil, errNotRSA
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		private, _ := key.(*rsa.PrivateKey)
		return half(private, err)
	}
	var head struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(block.Bytes, &head); err == nil && !head.Algorithm.Algorithm.Equal(oidRSA) {
		return nil, errNotRSA
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if public, ok := key.(*rsa.PublicKey); ok {
		return public, err
	}
	return nil, errors.Join(err, errors.New("no key"))
}

// half also validates: Go's parser checks the parts of a private key against each other.
func half(private *rsa.PrivateKey, err error) (*rsa.PublicKey, error) {
	if err != nil {
		return nil, err
	}
	return &private.PublicKey, private.Validate()
}
