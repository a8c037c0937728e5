// Package goimgsecrets is the contract of runtime/ for services in Go, with the standard library alone: it reads a
// service's manifest, checks every file that it grants, and hands out the values, or says everything that is wrong at
// once. It gives the verdicts of the TypeScript library; a test compares the two. No finding ever holds a value.
package goimgsecrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
)

// ManifestPath is where a container finds its manifest unless SECRETS_MANIFEST_FILE says otherwise.
const ManifestPath = "/run/goimg/manifest.json"

const maxManifestBytes = 1_024_000

// Format is the rule that a value meets: "text", "rsaPrivateKeyPem", "rsaPublicKeyPem", "tlsPrivateKeyPem" or "tlsCertificatePem".
// A number of 0 means none.
type Format struct {
	Type           string `json:"type"`
	MinBits        int    `json:"minBits"`
	Pair           string `json:"pair"`
	MinLength      int    `json:"minLength"`
	MaxLength      int    `json:"maxLength"`
	Charset        string `json:"charset"`
	MinEntropyBits int    `json:"minEntropyBits"`
}

// Entry is one file of a secret, in each of its live generations: file names by generation.
type Entry struct {
	Name   string            `json:"name"`
	Format Format            `json:"format"`
	Files  map[string]string `json:"files"`
}

// Secret is the unit that rotates together. Active is nil when the feature is switched off.
type Secret struct {
	Name     string  `json:"name"`
	Kind     string  `json:"kind"`
	Strategy string  `json:"strategy"`
	Required *bool   `json:"required"`
	Active   *int    `json:"active"`
	Live     []int   `json:"live"`
	Entries  []Entry `json:"entries"`
}

// Manifest is what one service of one stack may read: names, generations and rules; see runtime/manifest.schema.json.
type Manifest struct {
	Schema     string   `json:"$schema"`
	Version    int      `json:"version"`
	Service    string   `json:"service"`
	Stack      string   `json:"stack"`
	Production *bool    `json:"production"`
	Directory  string   `json:"directory"`
	Secrets    []Secret `json:"secrets"`
}

var (
	nameRule    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,47}$`)
	serviceRule = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	stackRule   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	fileRule    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,47}(\.[1-9][0-9]{0,6})?$`)
	numberRule  = regexp.MustCompile(`^[1-9][0-9]{0,6}$`)

	kinds      = []string{"rsaKeyPair", "password", "accessKeyPair", "external"}
	strategies = []string{"dual-key", "alternating-users", "dual-password", "dual-access-key", "external", "redeploy"}
	charsets   = []string{"", "alphanumeric", "upperAlphanumeric", "printable"}
)

// loadManifest never quotes the path or the text: a variable that was set wrongly may hold anything.
func loadManifest() (*Manifest, *Finding) {
	path, where := os.Getenv("SECRETS_MANIFEST_FILE"), "the path in SECRETS_MANIFEST_FILE"
	if path == "" {
		path, where = ManifestPath, ManifestPath
	}
	text, err := readManifest(path)
	if given := os.Getenv("SECRETS_MANIFEST"); given != "" {
		text, where, err = []byte(given), "SECRETS_MANIFEST", nil
	}
	if err != nil {
		return nil, whole("manifest-missing", "There is no manifest to read at "+where+"; mount the service's config")
	}
	m, problem := ParseManifest(text)
	if problem != "" {
		message := fmt.Sprintf("The manifest at %s is not valid (%s); deploy it from the same release as the service", where, problem)
		return nil, whole("manifest-invalid", message)
	}
	return m, nil
}

func readManifest(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxManifestBytes+1))
}

// ParseManifest reads the text of a manifest; the second result is "" or what is wrong with it, without quoting it.
func ParseManifest(text []byte) (*Manifest, string) {
	if len(text) > maxManifestBytes {
		return nil, "it is too large"
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var m Manifest
	if decoder.Decode(&m) != nil {
		return nil, "it is not JSON of the manifest's shape"
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, "something follows it"
	}
	if m.Version != 1 || m.Production == nil || m.Secrets == nil || m.Directory == "" || m.Directory[0] != '/' ||
		!serviceRule.MatchString(m.Service) || !stackRule.MatchString(m.Stack) {
		return nil, "a field of its own is missing or wrong"
	}
	for i, secret := range m.Secrets {
		if problem := secret.shapeProblem(); problem != "" {
			return nil, fmt.Sprintf("secrets.%d: %s", i, problem)
		}
	}
	return &m, ""
}

func (s Secret) shapeProblem() string {
	generation := func(g int) bool { return g >= 1 && g <= 1_000_000 }
	switch {
	case !nameRule.MatchString(s.Name):
		return "no such name can be"
	case !slices.Contains(kinds, s.Kind) || !slices.Contains(strategies, s.Strategy) || s.Required == nil:
		return "kind, strategy or required is missing or wrong"
	case s.Live == nil || len(s.Live) > 16 || (s.Active != nil && !generation(*s.Active)):
		return "live or active is missing or wrong"
	case slices.ContainsFunc(s.Live, func(g int) bool { return !generation(g) }):
		return "a generation is not a number from 1"
	case len(s.Entries) < 1 || len(s.Entries) > 16:
		return "it has no entry or too many"
	}
	for _, entry := range s.Entries {
		if !nameRule.MatchString(entry.Name) || !entry.Format.valid() || entry.Files == nil {
			return "an entry's name, format or files are missing or wrong"
		}
		for number, file := range entry.Files {
			if !numberRule.MatchString(number) || !fileRule.MatchString(file) {
				return "a file has a name or number that can't be"
			}
		}
	}
	return ""
}

func (f Format) valid() bool {
	isText := f.MinLength >= 1 && f.MaxLength >= 0 && f.MinEntropyBits >= 0 && slices.Contains(charsets, f.Charset)
	noText := f.MinLength == 0 && f.MaxLength == 0 && f.MinEntropyBits == 0 && f.Charset == ""
	switch f.Type {
	case "text":
		return isText && f.MinBits == 0 && f.Pair == ""
	case "rsaPrivateKeyPem", "tlsPrivateKeyPem":
		return noText && f.MinBits >= 2048 && nameRule.MatchString(f.Pair)
	case "rsaPublicKeyPem", "tlsCertificatePem":
		return noText && f.MinBits >= 2048 && f.Pair == ""
	}
	return false
}

// isTLS tells a server's key or certificate from the other formats.
func (f Format) isTLS() bool { return f.Type == "tlsPrivateKeyPem" || f.Type == "tlsCertificatePem" }

// generations answers the numbers of an entry's files, ascending.
func (e Entry) generations() []int {
	var numbers []int
	for text := range maps.Keys(e.Files) {
		number, _ := strconv.Atoi(text)
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	return numbers
}
