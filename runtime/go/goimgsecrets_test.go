package goimgsecrets

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The table that the TypeScript library is tested with. Here the text rows run in this process; the test
// test/unit/runtime/go.test.ts runs every row, files and keys too, through both libraries and compares the verdicts.
const table = "../../test/unit/runtime/damage.json"

const good = "q7RzL2mXv9KpT4wNb8YcJd3HsGf6AeUoVi5tQxZ1kPy0"

type damage struct {
	Name    string   `json:"name"`
	On      []string `json:"on"`
	Do      []string `json:"do"`
	Reasons []string `json:"reasons"`
	Also    []string `json:"also"`
}

func (d damage) apply(value string) (string, bool) {
	middle := len(value) / 2
	switch d.Do[0] {
	case "write":
		return d.Do[1], true
	case "append":
		return value + d.Do[1], true
	case "prepend":
		return d.Do[1] + value, true
	case "insert":
		return value[:middle] + d.Do[1] + value[middle:], true
	case "replaceFirst":
		return d.Do[1] + value[1:], true
	}
	return "", false
}

func TestTextDamage(t *testing.T) {
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	var rows []damage
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	format := Format{Type: "text", MinLength: 43, MaxLength: 64, Charset: "alphanumeric", MinEntropyBits: 128}
	if found := textProblems([]byte(good), format); len(found) > 0 {
		t.Fatalf("a good value: %v", found)
	}
	ran := 0
	for _, row := range rows {
		value, known := row.apply(good)
		if !known || !slices.Contains(row.On, "text") || row.Reasons[0] == "same-value-in-secrets" {
			continue
		}
		ran++
		var reasons []string
		for _, p := range textProblems([]byte(value), format) {
			reasons = append(reasons, p.reason)
			if strings.Contains(p.message, good[:8]) {
				t.Errorf("%s: the message quotes the value", row.Name)
			}
		}
		allowed := append(slices.Clone(row.Also), row.Reasons...)
		if slices.ContainsFunc(row.Reasons, func(r string) bool { return !slices.Contains(reasons, r) }) ||
			slices.ContainsFunc(reasons, func(r string) bool { return !slices.Contains(allowed, r) }) {
			t.Errorf("%s: got %v, want %v", row.Name, reasons, row.Reasons)
		}
	}
	if ran < 20 {
		t.Errorf("only %d rows of the table ran", ran)
	}
}

func TestLoad(t *testing.T) {
	directory := t.TempDir()
	secrets := filepath.Join(directory, "secrets")
	manifest := filepath.Join(directory, "manifest.json")
	other := "Zx4Kq9" + good[6:30] + "mW2Lp7Rt5Vn8Bc3Df6Hg"
	must(t, os.Mkdir(secrets, 0o700))
	must(t, os.WriteFile(filepath.Join(secrets, "DB_PASSWORD"), []byte(good), 0o400))
	must(t, os.WriteFile(filepath.Join(secrets, "DB_PASSWORD.3"), []byte(other), 0o400))
	must(t, os.WriteFile(manifest, fmt.Appendf(nil, `{"version":1,"service":"api","stack":"dev","production":true,
		"directory":%q,"secrets":[{"name":"DB_PASSWORD","kind":"password","strategy":"alternating-users","required":true,
		"active":2,"live":[2,3],"entries":[{"name":"DB_PASSWORD","format":{"type":"text","minLength":43},
		"files":{"2":"DB_PASSWORD","3":"DB_PASSWORD.3"}}]},{"name":"SMTP_PASSWORD","kind":"external","strategy":"redeploy",
		"required":false,"active":null,"live":[],"entries":[{"name":"SMTP_PASSWORD",
		"format":{"type":"text","minLength":8},"files":{}}]}]}`, secrets), 0o444))
	t.Setenv("SECRETS_MANIFEST_FILE", manifest)
	loaded, found := Load("api")
	if len(found) > 0 {
		t.Fatal(found)
	}
	if loaded.MustGet("DB_PASSWORD") != good || loaded.Active("DB_PASSWORD") != 2 || len(loaded.Live("DB_PASSWORD")) != 2 {
		t.Error("the active value, its generation or the other live one is wrong")
	}
	if loaded.GetWithDefault("SMTP_PASSWORD", "off") != "off" || loaded.ValidateRequired("SMTP_PASSWORD", "X") == nil {
		t.Error("a feature that is switched off is not told")
	}
	asJSON, _ := json.Marshal([]any{loaded, loaded.Live("DB_PASSWORD")})
	printed := fmt.Sprintf("%v %+v %#v %s %q", loaded, *loaded.manifest, loaded.Live("DB_PASSWORD"), loaded, loaded.Live("DB_PASSWORD"))
	if all := printed + string(asJSON) + loaded.ReportLine(); strings.Contains(all, good) || strings.Contains(all, other) {
		t.Error("a value is printed")
	}
	if _, found := Load("worker"); len(found) != 1 || found[0].Reason != "manifest-wrong-service" {
		t.Errorf("another service: %v", found)
	}
	t.Setenv("SECRET_PROVIDER", "env")
	if _, found := Load("api"); len(found) != 1 || found[0].Reason != "provider-not-allowed" {
		t.Errorf("the development provider in production: %v", found)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
