package goimgsecrets

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// maxChain is more than any chain that a client follows.
const maxChain = 10

var (
	tlsCertificate = regexp.MustCompile(`-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----(?:\n|$)`)
	anyPrivate     = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----`)
)

// checkTLS checks a server's key, or its certificate with the chain; the half is the certificate's, by which the pair is compared.
func checkTLS(value []byte, f Format) (*keyHalf, *problem) {
	text := latin1(value)
	if p := wrapperProblem(text, value); p != nil {
		return nil, p
	}
	if p := tlsLabelProblem(text, f); p != nil {
		return nil, p
	}
	if f.Type == "tlsCertificatePem" {
		return checkChain(value, f.MinBits)
	}
	if p := blockProblem(text); p != nil {
		return nil, p
	}
	public, err := parseServerKey(value)
	if err != nil {
		return nil, badPem("is damaged: its content is no key")
	}
	if p := tlsKeyProblem(public, f.MinBits); p != nil {
		return nil, p
	}
	return &keyHalf{public.(equalKey)}, nil
}

func tlsLabelProblem(text string, f Format) *problem {
	match := pemLabel.FindStringSubmatch(text)
	if match == nil {
		return badPem("does not start with a PEM block")
	}
	label := match[1]
	switch {
	case label == "ENCRYPTED PRIVATE KEY" || pemEncrypted.MatchString(text):
		return &problem{"pem-encrypted", "is encrypted with a passphrase; store the key without one"}
	case f.Type == "tlsCertificatePem" && anyPrivate.MatchString(text):
		return &problem{"private-key-for-public", "holds a private key where certificates alone belong; store the certificates, and get a new key"}
	case f.Type == "tlsCertificatePem" && label != "CERTIFICATE":
		return &problem{"pem-wrong-label", "is a PEM block of another kind; store one labelled CERTIFICATE"}
	case f.Type == "tlsCertificatePem":
		return nil
	case label == "CERTIFICATE" || strings.HasSuffix(label, "PUBLIC KEY"):
		return &problem{"public-key-for-private", "is no private key but what is public of one; store the private key of the pair here"}
	case !strings.HasSuffix(label, "PRIVATE KEY"):
		return &problem{"pem-wrong-label", "is a PEM block of another kind; store one labelled PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY"}
	}
	return nil
}

func parseServerKey(value []byte) (crypto.PublicKey, error) {
	block, _ := pem.Decode(value)
	if block == nil {
		return nil, errors.New("no block")
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, err
	}
	if private, ok := key.(*rsa.PrivateKey); ok {
		err = private.Validate()
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		// X25519, which signs nothing: a key of another type.
		return struct{}{}, err
	}
	return signer.Public(), err
}

func tlsKeyProblem(public crypto.PublicKey, minBits int) *problem {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minBits {
			return tooShort(minBits)
		}
		return nil
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return nil
		}
	}
	return &problem{"key-type", fmt.Sprintf("is of another key than RSA (%d bits or more) or P-256; get a new one", minBits)}
}

// checkChain: RFC 8446, 4.4.2: the server's own first, and each next one certifies the one before it.
func checkChain(value []byte, minBits int) (*keyHalf, *problem) {
	damaged := badPem("is damaged: it is not clean PEM blocks of certificates")
	blocks := tlsCertificate.FindAllString(string(value), -1)
	if len(blocks) == 0 || len(blocks) > maxChain ||
		strings.TrimRight(strings.Join(blocks, ""), "\n") != strings.TrimRight(string(value), "\n") {
		return nil, damaged
	}
	var chain []*x509.Certificate
	for _, text := range blocks {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, damaged
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, damaged
		}
		chain = append(chain, certificate)
	}
	if p := tlsKeyProblem(chain[0].PublicKey, minBits); p != nil {
		return nil, p
	}
	broken := func(what string) *problem {
		return &problem{"chain-broken", what + "; store the server's certificate first, then each issuer's in its order"}
	}
	if chain[0].IsCA {
		return nil, broken("begins with a certificate authority's certificate")
	}
	for i, issuer := range chain[1:] {
		if string(issuer.RawSubject) != string(chain[i].RawIssuer) || chain[i].CheckSignatureFrom(issuer) != nil {
			return nil, broken("holds a certificate that the next one did not issue")
		}
	}
	return &keyHalf{chain[0].PublicKey.(equalKey)}, nil
}
