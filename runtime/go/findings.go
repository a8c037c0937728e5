package goimgsecrets

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ExitConfig is the exit code of a service whose secrets are damaged: EX_CONFIG of BSD's sysexits.h.
const ExitConfig = 78

// Finding is one thing that is wrong: names, numbers, a reason of runtime/findings.ts and the fix, never a value.
// Secret is nil when it is about the manifest or the provider as a whole.
type Finding struct {
	Secret     *string `json:"secret"`
	Entry      *string `json:"entry"`
	Generation *int    `json:"generation"`
	Reason     string  `json:"reason"`
	Message    string  `json:"message"`
}

// problem is a reason and a message that continues the sentence "SECRET generation G …".
type problem struct{ reason, message string }

// place is where a finding belongs; an empty entry and a zero generation become null.
type place struct {
	secret, entry string
	generation    int
}

func (at place) finding(p problem) Finding {
	found := Finding{Secret: &at.secret, Reason: p.reason}
	subject := at.secret
	if at.entry != "" {
		found.Entry, subject = &at.entry, at.entry
	}
	if at.generation != 0 {
		found.Generation = &at.generation
		subject = fmt.Sprintf("%s generation %d", subject, at.generation)
	}
	found.Message = subject + " " + p.message
	return found
}

func whole(reason, message string) *Finding { return &Finding{Reason: reason, Message: message} }

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

// sortFindings orders by secret, entry, generation and reason, and removes doubles.
func sortFindings(found []Finding) []Finding {
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.key(), b.key()) })
	return slices.CompactFunc(found, func(a, b Finding) bool { return a.key() == b.key() })
}

// PrintFindings writes one JSON line for each finding, as every service of the stack does.
func PrintFindings(w io.Writer, service string, found []Finding) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, f := range found {
		_ = encoder.Encode(struct {
			Level   string `json:"level"`
			Event   string `json:"event"`
			Service string `json:"service"`
			Finding
		}{"error", "secrets.invalid", service, f})
	}
}
