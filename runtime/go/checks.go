package goimgsecrets

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// reading is one file of the manifest: where it belongs and, where it could be read, its bytes.
type reading struct {
	place
	value []byte
}

var shownRule = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,47}(\.\d{1,7})?$`)

// checkAll checks everything that the manifest grants with what the provider holds, and never stops at the first error.
func checkAll(m *Manifest, from provider) ([]Finding, []reading) {
	found := consistency(m)
	keys := map[place]*keyHalf{}
	granted := map[string]bool{}
	var readings []reading
	for _, secret := range m.Secrets {
		for _, entry := range secret.Entries {
			for _, g := range entry.generations() {
				file := entry.Files[strconv.Itoa(g)]
				granted[file] = true
				at := place{secret.Name, entry.Name, g}
				value, p := from.read(file, at)
				if p != nil {
					found = append(found, at.finding(*p))
					continue
				}
				readings = append(readings, reading{at, value})
				for _, p := range valueProblems(at, value, entry.Format, keys) {
					found = append(found, at.finding(p))
				}
			}
		}
	}
	found = append(found, pairs(m, keys)...)
	found = append(found, sameValues(readings)...)
	for _, name := range from.list() {
		if granted[name] {
			continue
		}
		message := "is mounted and not in the manifest; take the mount away or grant it in the catalog"
		if shownRule.MatchString(name) {
			found = append(found, place{secret: name}.finding(problem{"not-granted", message}))
		} else {
			found = append(found, *whole("not-granted", "A file that is named like no secret "+message))
		}
	}
	return sortFindings(found), readings
}

func valueProblems(at place, value []byte, f Format, keys map[place]*keyHalf) []problem {
	if f.Type == "text" {
		return textProblems(value, f)
	}
	check := checkPem
	if f.isTLS() {
		check = checkTLS
	}
	key, p := check(value, f)
	if p != nil {
		return []problem{*p}
	}
	keys[place{entry: at.entry, generation: at.generation}] = key
	return nil
}

// consistency is what only holds between the fields of a manifest.
func consistency(m *Manifest) []Finding {
	var found []Finding
	add := func(at place, reason, message string) { found = append(found, at.finding(problem{reason, message})) }
	secrets, entries := map[string]int{}, map[string]int{}
	for _, secret := range m.Secrets {
		at := place{secret: secret.Name}
		if secrets[secret.Name]++; secrets[secret.Name] == 2 {
			add(at, "manifest-inconsistent", "is listed twice in the manifest; list it once")
		}
		for i, g := range secret.Live {
			if i > 0 && g <= secret.Live[i-1] {
				add(at, "manifest-inconsistent", "lists its live generations out of order or twice; list them ascending")
			}
		}
		if (secret.Active == nil && len(secret.Live) > 0) || (secret.Active != nil && !slices.Contains(secret.Live, *secret.Active)) {
			add(at, "manifest-inconsistent", "has an active generation that is not live; set active to one of live")
		}
		if *secret.Required && len(secret.Live) == 0 {
			add(at, "required-off", "is required and has no live generation; publish one")
		}
		for _, entry := range secret.Entries {
			if entries[entry.Name]++; entries[entry.Name] == 2 {
				add(place{secret: entry.Name}, "manifest-inconsistent", "is an entry of two secrets; list it once")
			}
			found = append(found, entryFiles(secret, entry)...)
		}
	}
	return found
}

func entryFiles(secret Secret, entry Entry) []Finding {
	var found []Finding
	for _, g := range secret.Live {
		if _, there := entry.Files[strconv.Itoa(g)]; !there {
			p := problem{"generation-without-file", "is live and has no file in the manifest; add it"}
			found = append(found, place{secret.Name, entry.Name, g}.finding(p))
		}
	}
	for _, g := range entry.generations() {
		due := fmt.Sprintf("%s.%d", entry.Name, g)
		if secret.Active != nil && g == *secret.Active {
			due = entry.Name
		}
		at := place{secret.Name, entry.Name, g}
		if !slices.Contains(secret.Live, g) {
			p := problem{"manifest-inconsistent", "has a file and is not live; take the file out of the manifest"}
			found = append(found, at.finding(p))
		} else if entry.Files[strconv.Itoa(g)] != due {
			found = append(found, at.finding(problem{"manifest-inconsistent", "must have the file " + due + "; name it so"}))
		}
	}
	return found
}

// pairs compares the halves that are both granted and valid.
func pairs(m *Manifest, keys map[place]*keyHalf) []Finding {
	var found []Finding
	for _, secret := range m.Secrets {
		for _, entry := range secret.Entries {
			if entry.Format.Type != "rsaPrivateKeyPem" && entry.Format.Type != "tlsPrivateKeyPem" {
				continue
			}
			for _, g := range entry.generations() {
				private := keys[place{entry: entry.Name, generation: g}]
				public := keys[place{entry: entry.Format.Pair, generation: g}]
				if private == nil || public == nil || private.public.Equal(public.public) {
					continue
				}
				message := "is not the private key of " + entry.Format.Pair + "; mount both halves of one generation"
				found = append(found, place{secret.Name, entry.Name, g}.finding(problem{"pair-mismatch", message}))
			}
		}
	}
	return found
}

// sameValues tells each of two equal ones: a rotation did not rotate, or one leak opens two doors.
func sameValues(readings []reading) []Finding {
	var found []Finding
	for _, one := range readings {
		value := strings.TrimFunc(string(one.value), isBlank)
		for _, other := range readings {
			if value == "" || one.place == other.place || value != strings.TrimFunc(string(other.value), isBlank) {
				continue
			}
			reason, what := "same-value-in-secrets", other.entry
			if one.entry == other.entry {
				reason, what = "same-value-in-generations", fmt.Sprintf("generation %d", other.generation)
			}
			message := "has the same value as " + what + "; publish a new generation with a value of its own"
			found = append(found, one.finding(problem{reason, message}))
		}
	}
	return found
}
