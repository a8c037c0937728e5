package goimgsecrets

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Value is one live value of an entry. Printing it, by any verb or as JSON, prints [REDACTED].
type Value struct {
	Generation int
	Active     bool
	value      *string
}

const redacted = "[REDACTED]"

// Reveal returns the value itself; call it only where it is used.
func (v Value) Reveal() string { return *v.value }

// Format keeps values out of every verb of package fmt.
func (v Value) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// MarshalJSON keeps values out of JSON.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Secrets is what a service holds once everything that it was granted is valid.
type Secrets struct {
	manifest *Manifest
	values   map[string][]Value
}

// Format keeps values out of every verb of package fmt.
func (s *Secrets) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// MarshalJSON keeps values out of JSON.
func (s *Secrets) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Load reads and checks everything that the manifest grants to service ("" accepts any); all findings at once.
func Load(service string) (*Secrets, []Finding) {
	m, missing := loadManifest()
	if missing != nil {
		return nil, []Finding{*missing}
	}
	if service != "" && m.Service != service {
		message := fmt.Sprintf("The manifest is for the service %s, not %s; mount its own", m.Service, service)
		return nil, []Finding{*whole("manifest-wrong-service", message)}
	}
	from, refused := chooseProvider(m)
	if refused != nil {
		return nil, []Finding{*refused}
	}
	defer from.close()
	found, readings := checkAll(m, from)
	if len(found) > 0 {
		return nil, found
	}
	loaded := &Secrets{manifest: m, values: map[string][]Value{}}
	for _, r := range readings {
		text := string(r.value)
		active := m.secretOf(r.entry).Active
		value := Value{Generation: r.generation, Active: active != nil && *active == r.generation, value: &text}
		loaded.values[r.entry] = append(loaded.values[r.entry], value)
	}
	return loaded, nil
}

// LoadOrExit is what a service calls first: it prints each finding as a JSON line on stderr and exits with 78.
func LoadOrExit(service string) *Secrets {
	loaded, found := Load(service)
	if len(found) > 0 {
		PrintFindings(os.Stderr, service, found)
		os.Exit(ExitConfig)
	}
	return loaded
}

func (m *Manifest) secretOf(entry string) *Secret {
	for i, secret := range m.Secrets {
		if slices.ContainsFunc(secret.Entries, func(e Entry) bool { return e.Name == entry }) {
			return &m.Secrets[i]
		}
	}
	return nil
}

// ValidateRequired reports every named entry that is not granted or is switched off, in one error.
func (s *Secrets) ValidateRequired(entries ...string) error {
	var problems []string
	for _, entry := range entries {
		if secret := s.manifest.secretOf(entry); secret == nil {
			problems = append(problems, entry+" is not granted to "+s.manifest.Service+"; grant it in the catalog")
		} else if secret.Active == nil {
			problems = append(problems, entry+" is switched off in this stack; publish a generation of it")
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s", strings.Join(problems, "\n"))
	}
	return nil
}

// MustGet is the value of the active generation; it panics when the entry is not granted or is switched off.
func (s *Secrets) MustGet(entry string) string {
	if err := s.ValidateRequired(entry); err != nil {
		panic(err)
	}
	return s.Live(entry)[0].Reveal()
}

// GetWithDefault is as MustGet, but the fallback when the feature is switched off.
func (s *Secrets) GetWithDefault(entry, fallback string) string {
	if secret := s.manifest.secretOf(entry); secret != nil && secret.Active == nil {
		return fallback
	}
	return s.MustGet(entry)
}

// Active is the number of the active generation of an entry's secret; 0 when it is switched off or not granted.
func (s *Secrets) Active(entry string) int {
	if secret := s.manifest.secretOf(entry); secret != nil && secret.Active != nil {
		return *secret.Active
	}
	return 0
}

// Live is every live value of an entry, the active one first, then the newest.
func (s *Secrets) Live(entry string) []Value {
	live := slices.Clone(s.values[entry])
	slices.SortFunc(live, func(a, b Value) int {
		if a.Active != b.Active {
			if a.Active {
				return -1
			}
			return 1
		}
		return b.Generation - a.Generation
	})
	return live
}

// ReportLine is the line that a service prints on stdout once it is up: generations, never values.
func (s *Secrets) ReportLine() string {
	type row struct {
		Name   string `json:"name"`
		Active *int   `json:"active"`
		Live   []int  `json:"live"`
	}
	rows := []row{}
	for _, secret := range s.manifest.Secrets {
		rows = append(rows, row{secret.Name, secret.Active, secret.Live})
	}
	line, _ := json.Marshal(map[string]any{"event": "secrets.report", "service": s.manifest.Service, "secrets": rows})
	return string(line)
}
