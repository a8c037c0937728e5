package secrets

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// ExitConfig is the exit code of a service whose secrets are damaged: EX_CONFIG of BSD's sysexits.h.
const ExitConfig = 78

// Finding is one thing that is wrong: names, numbers, the reason of runtime/findings.ts and the fix, never a value.
type Finding struct {
	Secret     *string `json:"secret"`
	Entry      *string `json:"entry"`
	Generation *int    `json:"generation"`
	Reason     string  `json:"reason"`
	Message    string  `json:"message"`
}

// newFinding makes one; an empty entry and a zero generation become null.
func newFinding(secret, entry string, generation int, reason, message string) Finding {
	f := Finding{Reason: reason, Message: message}
	if secret != "" {
		f.Secret = &secret
	}
	if entry != "" {
		f.Entry = &entry
	}
	if generation != 0 {
		f.Generation = &generation
	}
	return f
}

func (f Finding) key() string {
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	generation := 0
	if f.Generation != nil {
		generation = *f.Generation
	}
	return fmt.Sprintf("%s\x00%s\x00%08d\x00%s\x00%s", text(f.Secret), text(f.Entry), generation, f.Reason, f.Message)
}

func sortFindings(found []Finding) []Finding {
	slices.SortFunc(found, func(a, b Finding) int { return cmp.Compare(a.key(), b.key()) })
	return slices.CompactFunc(found, func(a, b Finding) bool { return a.key() == b.key() })
}

// printFindings writes one JSON line a finding, in the words of runtime/findings.ts.
func printFindings(w io.Writer, service string, found []Finding) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, f := range found {
		var name *string
		if service != "" {
			name = &service
		}
		_ = encoder.Encode(struct {
			Level   string  `json:"level"`
			Event   string  `json:"event"`
			Service *string `json:"service"`
			Finding
		}{"error", "secrets.invalid", name, f})
	}
}
