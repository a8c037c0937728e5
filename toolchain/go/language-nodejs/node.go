package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/shlex"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// options are the runtime options of Pulumi.yaml or PulumiPolicy.yaml that this host knows.
type options struct {
	// typescript says that the SDK compiles the program with ts-node; false leaves .ts files to node itself.
	typescript bool
	nodeArgs   []string
	tsconfig   string
}

func parseOptions(info *pulumirpc.ProgramInfo) (options, error) {
	parsed := options{typescript: true}
	values := info.GetOptions().AsMap()
	if typescript, ok := values["typescript"].(bool); ok {
		parsed.typescript = typescript
	}
	if tsconfig, ok := values["tsconfig"].(string); ok {
		parsed.tsconfig = tsconfig
	}
	if nodeArgs, ok := values["nodeargs"].(string); ok {
		args, err := shlex.Split(nodeArgs)
		if err != nil {
			return parsed, fmt.Errorf("runtime option nodeargs: %w", err)
		}
		parsed.nodeArgs = args
	}
	return parsed, nil
}

// findUp returns the first existing file at any of directory/relative, directory/../relative, and so on to the root.
func findUp(directory, relative string) (string, bool) {
	for {
		candidate := filepath.Join(directory, relative)
		if _, err := os.Stat(candidate); err == nil {
			return candidate, true
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", false
		}
		directory = parent
	}
}

// findNode prefers the node that the project pins as a package, so that programs run on it and not on the machine's.
func findNode(directory string) (string, error) {
	if pinned, ok := findUp(directory, filepath.Join("node_modules", ".bin", "node")); ok {
		return pinned, nil
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("no node in node_modules/.bin of %s or above, nor on the PATH: run npm ci", directory)
	}
	return node, nil
}

// findModule resolves a path inside a package as node does from the directory.
func findModule(directory, module string) (string, error) {
	if found, ok := findUp(directory, filepath.Join("node_modules", filepath.FromSlash(module))); ok {
		return found, nil
	}
	return "", fmt.Errorf("%s is not installed in node_modules of %s or above: run npm ci", module, directory)
}

// withCompileCache adds a place for node's compiled code, as loading the SDK costs 0.6 s without. The place follows the
// toolchain's cache directory.
func withCompileCache(env []string) []string {
	for _, variable := range env {
		if strings.HasPrefix(variable, "NODE_COMPILE_CACHE=") || strings.HasPrefix(variable, "NODE_DISABLE_COMPILE_CACHE=") {
			return env
		}
	}
	cache := os.Getenv("GOIMG_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return env
		}
		cache = filepath.Join(user, "goimg-secrets")
	}
	return append(env, "NODE_COMPILE_CACHE="+filepath.Join(cache, "node"))
}
