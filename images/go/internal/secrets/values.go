package secrets

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

var bom = []byte{0xef, 0xbb, 0xbf}

// checkText applies the rules of a "text" format. What is wrong is told by kind and by the rule's own numbers alone.
func checkText(value []byte, f Format) []fault {
	if bytes.HasPrefix(value, bom) {
		return []fault{{"bom", "it starts with a byte order mark: save it without"}}
	}
	if !utf8.Valid(value) {
		return []fault{{"not-text", "it is not UTF-8 text"}}
	}
	text := string(value)
	if strings.TrimSpace(text) == "" {
		return []fault{{"blank", "it is blank"}}
	}
	var faults []fault
	if strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\r") {
		faults = append(faults, fault{"trailing-newline", "it ends with a newline: write it without"})
	}
	text = strings.TrimRight(text, "\r\n")
	if strings.ContainsFunc(text, func(r rune) bool { return (r < 0x20 && r != '\t') || r == 0x7f }) {
		return append(faults, fault{"control-character", "it holds a control character"})
	}
	if strings.TrimSpace(text) != text {
		faults = append(faults, fault{"surrounding-whitespace", "it starts or ends with a blank"})
	}
	length := utf8.RuneCountInString(text)
	if length < f.MinLength {
		faults = append(faults, fault{"too-short", fmt.Sprintf("it is shorter than %d characters", f.MinLength)})
	}
	if f.MaxLength > 0 && length > f.MaxLength {
		faults = append(faults, fault{"too-long", fmt.Sprintf("it is longer than %d characters", f.MaxLength)})
	}
	if strings.ContainsFunc(strings.TrimSpace(text), func(r rune) bool { return !inCharset(r, f.Charset) }) {
		faults = append(faults, fault{"charset", "it holds a character outside its character set"})
	}
	if f.MinEntropyBits > 0 && length >= f.MinLength && entropyBits(text) < float64(f.MinEntropyBits) {
		faults = append(faults, fault{"weak", fmt.Sprintf("it has less than %d bits of entropy", f.MinEntropyBits)})
	}
	return faults
}

func inCharset(r rune, charset string) bool {
	upper := (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9')
	switch charset {
	case "upperAlphanumeric":
		return upper
	case "alphanumeric":
		return upper || (r >= 'a' && r <= 'z')
	default:
		return r >= 0x21 && r <= 0x7e
	}
}

// entropyBits estimates a value's entropy from the distribution of its characters (Shannon's, times the length).
func entropyBits(text string) float64 {
	counts := map[rune]int{}
	total := 0
	for _, r := range text {
		counts[r]++
		total++
	}
	bits := 0.0
	for _, n := range counts {
		bits -= float64(n) * math.Log2(float64(n)/float64(total))
	}
	return bits
}

// checkPem parses an RSA key and returns its public half, so that the caller can compare a pair.
func checkPem(value []byte, f Format) (*rsa.PublicKey, []fault) {
	block, rest := pem.Decode(value)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, []fault{{"bad-pem", "it is not exactly one PEM block"}}
	}
	private := f.Type == "rsaPrivateKeyPem"
	isPublic := strings.HasSuffix(block.Type, "PUBLIC KEY")
	switch {
	case private && isPublic:
		return nil, []fault{{"public-key-for-private", "it is a public key where the private one is due"}}
	case !private && strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return nil, []fault{{"private-key-for-public", "it is a private key where the public one is due"}}
	case strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "":
		return nil, []fault{{"pem-encrypted", "it is encrypted: supply it unencrypted"}}
	}
	key, reason := parseRsa(block)
	if key == nil {
		return nil, []fault{{reason, "it is not a readable RSA key"}}
	}
	if key.N.BitLen() < f.MinBits {
		return key, []fault{{"key-too-short", fmt.Sprintf("its modulus is shorter than %d bits", f.MinBits)}}
	}
	return key, nil
}

func parseRsa(block *pem.Block) (*rsa.PublicKey, string) {
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PUBLIC KEY":
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		parsed, err = x509.ParsePKCS1PublicKey(block.Bytes)
	default:
		return nil, "pem-wrong-label"
	}
	if err != nil {
		return nil, "bad-pem"
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		return &key.PublicKey, ""
	case *rsa.PublicKey:
		return key, ""
	default:
		return nil, "not-rsa"
	}
}
