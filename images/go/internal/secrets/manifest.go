// Package secrets is the Go side of the contract of runtime/: it reads a service's manifest, checks every file it grants,
// and hands out the values, or says everything that is wrong at once. No finding ever holds a value.
package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
)

// ManifestPath is where a container finds its manifest unless SECRETS_MANIFEST_FILE says otherwise.
const ManifestPath = "/run/goimg/manifest.json"

// Format is the rule that a value meets: "text", "rsaPrivateKeyPem" or "rsaPublicKeyPem".
type Format struct {
	Type           string `json:"type"`
	MinBits        int    `json:"minBits"`
	Pair           string `json:"pair"`
	MinLength      int    `json:"minLength"`
	MaxLength      int    `json:"maxLength"`
	Charset        string `json:"charset"`
	MinEntropyBits int    `json:"minEntropyBits"`
}

// ManifestEntry is one file of a secret, in each of its live generations.
type ManifestEntry struct {
	Name   string            `json:"name"`
	Format Format            `json:"format"`
	Files  map[string]string `json:"files"`
}

// ManifestSecret is the unit that rotates together.
type ManifestSecret struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	Strategy string          `json:"strategy"`
	Required bool            `json:"required"`
	Active   *int            `json:"active"`
	Live     []int           `json:"live"`
	Entries  []ManifestEntry `json:"entries"`
}

// Manifest is what one service of one stack may read; see runtime/manifest.schema.json.
type Manifest struct {
	Schema     string           `json:"$schema"`
	Version    int              `json:"version"`
	Service    string           `json:"service"`
	Stack      string           `json:"stack"`
	Production bool             `json:"production"`
	Directory  string           `json:"directory"`
	Secrets    []ManifestSecret `json:"secrets"`
}

var (
	nameRule = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,47}$`)
	fileRule = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,47}(\.[1-9][0-9]{0,6})?$`)
)

// parseManifest reads the text of a manifest. Its errors never quote the text: the path may point at a secret by mistake.
func parseManifest(text []byte) (*Manifest, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var m Manifest
	if err := decoder.Decode(&m); err != nil {
		return nil, errors.New("it is not JSON of the manifest's shape")
	}
	if m.Version != 1 || m.Service == "" || m.Stack == "" || len(m.Directory) == 0 || m.Directory[0] != '/' {
		return nil, errors.New("version, service, stack or directory does not meet the schema")
	}
	for i, s := range m.Secrets {
		if err := checkShape(s); err != nil {
			return nil, fmt.Errorf("secrets.%d %w", i, err)
		}
	}
	return &m, nil
}

func checkShape(s ManifestSecret) error {
	if !nameRule.MatchString(s.Name) || len(s.Entries) == 0 {
		return errors.New("has a bad name or no entries")
	}
	for _, e := range s.Entries {
		if !nameRule.MatchString(e.Name) {
			return errors.New("has an entry with a bad name")
		}
		switch e.Format.Type {
		case "text", "rsaPrivateKeyPem", "rsaPublicKeyPem":
		default:
			return errors.New("has an entry of an unknown format")
		}
		for g, file := range e.Files {
			if _, err := strconv.Atoi(g); err != nil || !fileRule.MatchString(file) {
				return errors.New("has an entry with a bad file")
			}
		}
	}
	return nil
}

// readManifest finds and reads the manifest; nil with the one finding that says why not.
func readManifest() (*Manifest, *Finding) {
	path := os.Getenv("SECRETS_MANIFEST_FILE")
	if path == "" {
		path = ManifestPath
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &Finding{Reason: "manifest-missing", Message: "the manifest at SECRETS_MANIFEST_FILE cannot be read: mount it"}
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, &Finding{Reason: "manifest-invalid", Message: "the manifest is invalid: " + err.Error()}
	}
	return m, nil
}

// consistency finds what only holds between a secret's fields.
func (s ManifestSecret) consistency() []Finding {
	var found []Finding
	add := func(entry string, generation int, reason, message string) {
		found = append(found, newFinding(s.Name, entry, generation, reason, message))
	}
	if s.Required && len(s.Live) == 0 {
		add("", 0, "required-off", s.Name+" is required but has no live generation: declare one")
	}
	if (s.Active == nil) != (len(s.Live) == 0) || (s.Active != nil && !slices.Contains(s.Live, *s.Active)) {
		add("", 0, "manifest-inconsistent", s.Name+": the active generation is not among the live ones")
	}
	for _, e := range s.Entries {
		for _, g := range s.Live {
			if _, ok := e.Files[strconv.Itoa(g)]; !ok {
				add(e.Name, g, "generation-without-file", fmt.Sprintf("%s: live generation %d has no file in the manifest", e.Name, g))
			}
		}
	}
	return found
}
