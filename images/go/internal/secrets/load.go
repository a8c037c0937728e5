package secrets

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
)

// Value is one live value of an entry. Printing it prints [REDACTED].
type Value struct {
	Generation int
	Active     bool
	value      string
}

// Reveal returns the value itself; call it only where it is used.
func (v Value) Reveal() string { return v.value }

// String keeps values out of logs.
func (v Value) String() string { return "[REDACTED]" }

// GoString keeps values out of %#v.
func (v Value) GoString() string { return "[REDACTED]" }

// MarshalJSON keeps values out of JSON.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"[REDACTED]"`), nil }

// Secrets is what a service holds once everything it was granted is valid.
type Secrets struct {
	manifest *Manifest
	values   map[string][]Value
}

// Load reads and checks everything that the manifest grants to service; every finding at once when something is wrong.
func Load(service string) (*Secrets, []Finding) {
	if provider := os.Getenv("SECRET_PROVIDER"); provider != "" && provider != "docker" {
		return nil, []Finding{newFinding("", "", 0, "unknown-provider", "SECRET_PROVIDER is not docker: this service reads mounted files alone")}
	}
	m, missing := readManifest()
	if missing != nil {
		return nil, []Finding{*missing}
	}
	if m.Service != service {
		return nil, []Finding{newFinding("", "", 0, "manifest-wrong-service", "the manifest is another service's: mount that of "+service)}
	}
	loaded := &Secrets{manifest: m, values: map[string][]Value{}}
	var found []Finding
	for _, s := range m.Secrets {
		found = append(found, s.consistency()...)
		found = append(found, loaded.loadSecret(m.Directory, s)...)
	}
	found = append(found, loaded.sameValues()...)
	if len(found) > 0 {
		return nil, sortFindings(found)
	}
	return loaded, nil
}

// LoadOrExit is Load, but prints each finding on stderr and exits with 78 when there is one.
func LoadOrExit(service string) *Secrets {
	loaded, found := Load(service)
	if len(found) > 0 {
		printFindings(os.Stderr, service, found)
		os.Exit(ExitConfig)
	}
	return loaded
}

func (s *Secrets) loadSecret(directory string, secret ManifestSecret) []Finding {
	var found []Finding
	for _, g := range secret.Live {
		keys := map[string]*rsa.PublicKey{}
		for _, e := range secret.Entries {
			file, ok := e.Files[strconv.Itoa(g)]
			if !ok {
				continue
			}
			value, faults := readFile(directory, file)
			if value != nil && e.Format.Type == "text" {
				faults = append(faults, checkText(value, e.Format)...)
			} else if value != nil {
				key, bad := checkPem(value, e.Format)
				keys[e.Name] = key
				faults = append(faults, bad...)
			}
			for _, f := range faults {
				message := fmt.Sprintf("%s (%s, generation %d): %s", e.Name, secret.Name, g, f.fix)
				found = append(found, newFinding(secret.Name, e.Name, g, f.reason, message))
			}
			active := secret.Active != nil && *secret.Active == g
			s.values[e.Name] = append(s.values[e.Name], Value{Generation: g, Active: active, value: string(value)})
		}
		found = append(found, pairs(secret, g, keys)...)
	}
	return found
}

func pairs(secret ManifestSecret, g int, keys map[string]*rsa.PublicKey) []Finding {
	var found []Finding
	for _, e := range secret.Entries {
		private, public := keys[e.Name], keys[e.Format.Pair]
		if private != nil && public != nil && !private.Equal(public) {
			message := fmt.Sprintf("%s and %s (generation %d) are not of one pair", e.Name, e.Format.Pair, g)
			found = append(found, newFinding(secret.Name, e.Name, g, "pair-mismatch", message))
		}
	}
	return found
}

// sameValues finds a value that two generations of an entry, or two secrets, share.
func (s *Secrets) sameValues() []Finding {
	type place struct {
		secret, entry string
		generation    int
	}
	seen := map[string]place{}
	var found []Finding
	for _, secret := range s.manifest.Secrets {
		for _, e := range secret.Entries {
			for _, v := range s.values[e.Name] {
				first, doubled := seen[v.value]
				if !doubled || v.value == "" {
					seen[v.value] = place{secret.Name, e.Name, v.Generation}
					continue
				}
				reason := "same-value-in-secrets"
				if first.entry == e.Name {
					reason = "same-value-in-generations"
				}
				message := fmt.Sprintf("%s (generation %d) has the value of %s (generation %d)", e.Name, v.Generation, first.entry, first.generation)
				found = append(found, newFinding(secret.Name, e.Name, v.Generation, reason, message))
			}
		}
	}
	return found
}

// Live returns every live value of an entry, the active one first, then the newest; empty when it is switched off.
func (s *Secrets) Live(entry string) []Value {
	values := slices.Clone(s.values[entry])
	slices.SortFunc(values, func(a, b Value) int {
		if a.Active != b.Active {
			if a.Active {
				return -1
			}
			return 1
		}
		return b.Generation - a.Generation
	})
	return values
}

// Require exits with 78 when an entry that the program can't do without is not granted or is switched off.
func (s *Secrets) Require(entries ...string) {
	var found []Finding
	for _, e := range entries {
		if len(s.values[e]) == 0 {
			found = append(found, newFinding("", e, 0, "not-granted", e+" is not granted to this service or has no live generation"))
		}
	}
	if len(found) > 0 {
		printFindings(os.Stderr, s.manifest.Service, sortFindings(found))
		os.Exit(ExitConfig)
	}
}

// ReportLine is the one line that a service prints on stdout once it is up: numbers, never values.
func (s *Secrets) ReportLine() string {
	type item struct {
		Name   string `json:"name"`
		Active *int   `json:"active"`
		Live   []int  `json:"live"`
	}
	items := []item{}
	for _, secret := range s.manifest.Secrets {
		live := append([]int{}, secret.Live...)
		items = append(items, item{secret.Name, secret.Active, live})
	}
	line, _ := json.Marshal(struct {
		Event   string `json:"event"`
		Service string `json:"service"`
		Secrets []item `json:"secrets"`
	}{"secrets.report", s.manifest.Service, items})
	return string(line)
}
