package goimgsecrets

import (
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

// maxBytes is Swarm's limit of a secret.
const maxBytes = 511_999

// provider reads values of one store. list answers everything that could be read, where the store can tell.
type provider interface {
	read(file string, at place) ([]byte, *problem)
	list() []string
	// close is called once everything was read.
	close()
}

// chooseProvider maps SECRET_PROVIDER, which is not quoted: a wrong one may be anything.
func chooseProvider(m *Manifest) (provider, *Finding) {
	name := os.Getenv("SECRET_PROVIDER")
	switch name {
	case "", "docker":
		return files{m.Directory, os.Geteuid()}, nil
	case "env":
		// Production is what either the manifest or GOIMG_ENV calls so: neither alone can weaken the other.
		if *m.Production || os.Getenv("GOIMG_ENV") == "production" {
			return nil, whole("provider-not-allowed", "The provider env is for development and this is production; set SECRET_PROVIDER=docker")
		}
		if file, set := os.LookupEnv("SECRETS_ENV_FILE"); set {
			values, p := readEnvFile(file)
			return envFile{values, p}, nil
		}
		return environment{}, nil
	case "vault":
		session, wrong := newVault(os.Getenv)
		if wrong != "" {
			return nil, whole("provider-unavailable", "SECRET_PROVIDER vault is not set up: "+wrong)
		}
		return session, nil
	case "awsSecretsManager":
		if !onECS() {
			return nil, whole("provider-unavailable", "SECRET_PROVIDER awsSecretsManager works on ECS alone; set SECRET_PROVIDER=docker")
		}
		return handedOver{"the task definition's secrets"}, nil
	case "digitalocean":
		if !onAppPlatform() {
			return nil, whole("provider-unavailable", "SECRET_PROVIDER digitalocean works on App Platform alone; set SECRET_PROVIDER=docker")
		}
		return handedOver{"the component's envs"}, nil
	}
	return nil, whole("unknown-provider", "SECRET_PROVIDER names no provider; set SECRET_PROVIDER to one of: awsSecretsManager, digitalocean, docker, env, vault")
}

// environment is for development only: the file NAME.G is the variable NAME__G.
type environment struct{}

func (environment) read(file string, _ place) ([]byte, *problem) {
	variable := fileVariable(file)
	if value, set := os.LookupEnv(variable); set {
		return []byte(value), nil
	}
	return nil, &problem{"missing", "is not set; export " + variable}
}

func (environment) list() []string { return nil }

func (environment) close() {}

// files are mounted by Swarm or Kubernetes: mode 0400 exactly, of the service's own user, inside the directory.
// The rules and their reasons are those of runtime/docker.ts.
type files struct {
	directory string
	uid       int
}

var subfolder = regexp.MustCompile(`^[A-Z][A-Z0-9_]*(\.\d+)?$`)

func (f files) list() []string {
	var names []string
	found, _ := os.ReadDir(f.directory)
	for _, entry := range found {
		if !strings.HasPrefix(entry.Name(), ".") && (!entry.IsDir() || subfolder.MatchString(entry.Name())) {
			names = append(names, entry.Name())
		}
	}
	return names
}

func (f files) close() {}

func (f files) read(name string, _ place) ([]byte, *problem) {
	root, err := filepath.EvalSymlinks(f.directory)
	if err != nil {
		return nil, fromError(err, name)
	}
	path, err := filepath.EvalSymlinks(filepath.Join(root, name))
	if err != nil {
		return nil, fromError(err, name)
	}
	if !strings.HasPrefix(path, root+string(filepath.Separator)) {
		return nil, &problem{"symlink-outside", "is a link that leaves the secrets directory; mount the file itself as " + name}
	}
	// O_NOFOLLOW: the path is already resolved. O_NONBLOCK: a pipe in place of the file must not hang the start.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fromError(err, name)
	}
	defer file.Close()
	if p := f.acceptable(file, name); p != nil {
		return nil, p
	}
	value, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return nil, fromError(err, name)
	}
	return value, nil
}

func (f files) acceptable(file *os.File, name string) *problem {
	info, err := file.Stat()
	if err != nil {
		return fromError(err, name)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return &problem{"not-a-file", "is not a regular file; mount the secret as the file " + name}
	}
	mode := stat.Mode & 0o7777
	switch {
	case mode&0o400 == 0:
		return &problem{"unreadable", "can't be read by its owner; mount it with mode 0400"}
	case mode != 0o400:
		return &problem{"mode-too-open", fmt.Sprintf("has mode %04o; mount it with mode 0400", mode)}
	case int(stat.Uid) != f.uid:
		return &problem{"wrong-owner", fmt.Sprintf("belongs to user %d, not %d; mount it with uid %d", stat.Uid, f.uid, f.uid)}
	case info.Size() > maxBytes:
		return &problem{"too-large", fmt.Sprintf("is larger than %d bytes; store the secret alone in its file", maxBytes)}
	}
	return nil
}

// fromError keeps the error's own text out: it may hold the target of a link.
func fromError(err error, name string) *problem {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return &problem{"missing", "is not there; mount the secret as " + name}
	}
	if errors.Is(err, syscall.ENXIO) {
		return &problem{"not-a-file", "is a socket or device; mount the secret as a file"}
	}
	return &problem{"unreadable", "can't be read; mount it with mode 0400 for the service's user"}
}
