package goimgsecrets

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var charsetRules = map[string]*regexp.Regexp{
	"alphanumeric":      regexp.MustCompile(`^[A-Za-z0-9]*$`),
	"upperAlphanumeric": regexp.MustCompile(`^[A-Z0-9]*$`),
	"printable":         regexp.MustCompile(`^[\x21-\x7e]*$`),
}

var charsetSizes = map[string]int{"alphanumeric": 62, "upperAlphanumeric": 36, "printable": 94}

// The three lists are those of runtime/text.ts; a test compares them.
var (
	placeholders = []string{
		"changeit", "changeme", "default", "dontcare", "dummypass", "example", "goimgdev", "hunter2", "iloveyou",
		"insecure", "letmein", "minioadmin", "notsecret", "password", "placeholder", "qwerty", "replaceme",
		"rustfsadmin", "secret123", "supersecret", "topsecret", "yoursecret",
	}
	defaults = []string{
		"admin", "adminadmin", "goimg", "guest", "none", "null", "postgres", "redis", "root", "secret", "test",
		"testtest", "toor", "true", "undefined", "user", "xxx", "todo", "fixme", "redacted",
	}
	keyboard = []string{"qwertyuiop", "asdfghjkl", "zxcvbnm"}
)

var (
	separators = strings.NewReplacer("-", "", "_", "", ".", "", " ", "")
	lookalikes = strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s")
)

// textProblems is everything that is wrong with a value. What surrounds it is reported before its content.
func textProblems(value []byte, f Format) []problem {
	if around := encodingProblems(value); len(around) > 0 {
		return around
	}
	text := string(value)
	var found []problem
	length := utf8.RuneCountInString(text)
	if length < f.MinLength {
		found = append(found, problem{"too-short", fmt.Sprintf("is shorter than the %d characters it must have; publish a new generation", f.MinLength)})
	} else if f.MaxLength > 0 && length > f.MaxLength {
		found = append(found, problem{"too-long", fmt.Sprintf("is longer than the %d characters it may have; store the value alone", f.MaxLength)})
	}
	if rule := charsetRules[f.Charset]; rule != nil && !rule.MatchString(text) {
		found = append(found, problem{"charset", "holds a character that is not " + f.Charset + "; publish a new generation"})
	}
	if why := weakness(text, f); why != "" {
		found = append(found, problem{"weak", "is weak: " + why + "; publish a new, generated one"})
	}
	return found
}

// isBlank is what JavaScript's \s means, so that both languages give the same verdict.
func isBlank(r rune) bool { return r == '\ufeff' || (r != '\u0085' && unicode.IsSpace(r)) }

func encodingProblems(value []byte) []problem {
	if !utf8.Valid(value) {
		return []problem{{"not-text", "is not UTF-8 text; store the value itself, not a binary form of it"}}
	}
	text := string(value)
	if strings.TrimFunc(text, func(r rune) bool { return r == 0 || isBlank(r) }) == "" {
		return []problem{{"blank", "is blank; store a value in this generation or publish a new one"}}
	}
	var found []problem
	if rest, marked := strings.CutPrefix(text, "\ufeff"); marked {
		found = append(found, problem{"bom", "starts with a byte-order mark; store it as UTF-8 without one"})
		text = rest
	}
	if cut := strings.TrimRight(text, "\r\n"); cut != text {
		found = append(found, problem{"trailing-newline", "ends with a newline; store it with printf, not echo"})
		text = cut
	}
	if cut := strings.TrimFunc(text, isBlank); cut != text {
		found = append(found, problem{"surrounding-whitespace", "has blanks around it; store the value alone"})
		text = cut
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		found = append(found, problem{"control-character", "holds a control character (newline, carriage return, NUL …); store one line of text"})
	}
	return found
}

// weakness is why a value is weak, or "".
func weakness(value string, f Format) string {
	lower := strings.ToLower(value)
	letters := separators.Replace(lower)
	readable := lookalikes.Replace(letters)
	characters := []rune(value)
	pool := charsetSizes[f.Charset]
	if pool == 0 {
		pool = poolOf(value)
	}
	floor := 0.5 * math.Log2(float64(min(pool, len(characters))))
	switch {
	case slices.Contains(defaults, strings.TrimRightFunc(lower, func(r rune) bool { return r < 'a' || r > 'z' })):
		return "a well-known default"
	case slices.ContainsFunc(placeholders, func(w string) bool { return strings.Contains(letters, w) || strings.Contains(readable, w) }):
		return "a default or a placeholder"
	case len(characters) >= 4 && strings.Index((value + value)[1:], value) < len(value)-1:
		return "a repetition"
	case isSequence([]rune(lower)):
		return "a sequence"
	case len(characters) >= 8 && shannonBits(characters) < floor:
		return "low entropy"
	case len(characters) >= f.MinLength && float64(len(characters))*math.Log2(float64(pool)) < float64(f.MinEntropyBits):
		return fmt.Sprintf("it can't hold the %d bits of entropy that are due", f.MinEntropyBits)
	}
	return ""
}

func isSequence(lower []rune) bool {
	longest := max(longestRun(lower, alphabetStep), longestRun(lower, keyboardStep))
	return longest >= 4 && longest*2 >= len(lower)
}

func longestRun(lower []rune, stepBetween func(a, b rune) int) int {
	run, longest, direction := 1, 1, 0
	for i := 1; i < len(lower); i++ {
		step := stepBetween(lower[i-1], lower[i])
		switch step {
		case 0:
			run = 1
		case direction:
			run++
		default:
			run = 2
		}
		direction = step
		longest = max(longest, run)
	}
	return longest
}

func alphabetStep(a, b rune) int {
	plain := func(r rune) bool { return (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') }
	if step := int(b - a); (step == 1 || step == -1) && plain(a) && plain(b) {
		return step
	}
	return 0
}

func keyboardStep(a, b rune) int {
	for _, row := range keyboard {
		if strings.Contains(row, string([]rune{a, b})) {
			return 1
		}
		if strings.Contains(row, string([]rune{b, a})) {
			return -1
		}
	}
	return 0
}

func shannonBits(characters []rune) float64 {
	counts := map[rune]float64{}
	for _, r := range characters {
		counts[r]++
	}
	bits := 0.0
	for _, n := range counts {
		share := n / float64(len(characters))
		bits -= share * math.Log2(share)
	}
	return bits
}

func poolOf(value string) int {
	size := 0
	for rule, n := range map[string]int{`[a-z]`: 26, `[A-Z]`: 26, `[0-9]`: 10, `[^A-Za-z0-9]`: 32} {
		if regexp.MustCompile(rule).MatchString(value) {
			size += n
		}
	}
	return size
}
