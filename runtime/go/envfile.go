package goimgsecrets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// envFile is the development store's file; its rules and their reasons are those of runtime/envFile.ts. What is wrong with the
// file as a whole is said of each value.
type envFile struct {
	values map[string]string
	broken *problem
}

func (f envFile) read(_ string, at place) ([]byte, *problem) {
	if f.broken != nil {
		return nil, f.broken
	}
	value, set := f.values[fmt.Sprintf("%s__%d", at.entry, at.generation)]
	if !set {
		return nil, &problem{"missing", "is not set; run pulumi up"}
	}
	return []byte(value), nil
}

func (envFile) list() []string { return nil }

func (envFile) close() {}

// largestEnvFile is in bytes.
const largestEnvFile = 64 * 1024 * 1024

func readEnvFile(path string) (map[string]string, *problem) {
	if !filepath.IsAbs(path) {
		return nil, &problem{"missing", "is not there: SECRETS_ENV_FILE must be absolute"}
	}
	for folder := filepath.Dir(filepath.Clean(path)); ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, ".git")); err == nil {
			return nil, &problem{"mode-too-open", "is in a git repository; keep SECRETS_ENV_FILE outside of it"}
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &problem{"missing", "is not there; run pulumi up, or set SECRETS_ENV_FILE"}
	}
	if err != nil {
		return nil, &problem{"unreadable", "can't be read: SECRETS_ENV_FILE must be a file of this user"}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, &problem{"unreadable", "can't be read: SECRETS_ENV_FILE must be a file of this user"}
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || stat.Mode&0o7777 != 0o600:
		return nil, &problem{"mode-too-open", "is in a file that is not 0600; run chmod 600 on it"}
	case int(stat.Uid) != os.Geteuid():
		return nil, &problem{"wrong-owner", "is in a file of another user; run pulumi up as this one"}
	case info.Size() > largestEnvFile:
		return nil, &problem{"too-large", "is in a file that is too large"}
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, &problem{"unreadable", "can't be read: SECRETS_ENV_FILE must be a file of this user"}
	}
	return parseEnvFile(string(text))
}

var envLine = regexp.MustCompile(`^([A-Z][A-Z0-9_]*__[1-9]\d*)=(".*")$`)

func parseEnvFile(text string) (map[string]string, *problem) {
	values := map[string]string{}
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		found := envLine.FindStringSubmatch(line)
		var value string
		if found == nil || json.Unmarshal([]byte(found[2]), &value) != nil {
			message := fmt.Sprintf(`can't be read: line %d of SECRETS_ENV_FILE is not NAME__G="value"`, i+1)
			return nil, &problem{"unreadable", message}
		}
		values[found[1]] = value
	}
	return values, nil
}
