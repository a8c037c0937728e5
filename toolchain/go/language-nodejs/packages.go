package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// manifest is what the host reads of a package.json.
type manifest struct {
	Name            string            `json:"name"`
	Version         string            `json:"version"`
	Dependencies    map[string]string `json:"dependencies"`
	DevDependencies map[string]string `json:"devDependencies"`
	Pulumi          struct {
		Resource bool   `json:"resource"`
		Name     string `json:"name"`
		Version  string `json:"version"`
		Server   string `json:"server"`
	} `json:"pulumi"`
}

func readManifest(path string) (manifest, error) {
	var parsed manifest
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &parsed)
	}
	return parsed, err
}

// dependencies returns the packages that the program's package.json reaches, each once, direct ones alone if asked.
func dependencies(programDirectory string, transitive bool) ([]manifest, error) {
	path, ok := findUp(programDirectory, "package.json")
	if !ok {
		return nil, nil
	}
	program, err := readManifest(path)
	if err != nil {
		return nil, err
	}
	seen := map[string]manifest{}
	var visit func(directory string, names map[string]string)
	visit = func(directory string, names map[string]string) {
		for name := range names {
			path, ok := findUp(directory, filepath.Join("node_modules", filepath.FromSlash(name), "package.json"))
			if _, known := seen[path]; !ok || known {
				continue
			}
			// An unreadable manifest fails the program itself, with a better message than here.
			found, _ := readManifest(path)
			seen[path] = found
			if transitive {
				visit(filepath.Dir(path), found.Dependencies)
			}
		}
	}
	visit(filepath.Dir(path), program.Dependencies)
	visit(filepath.Dir(path), program.DevDependencies)

	found := make([]manifest, 0, len(seen))
	for _, one := range seen {
		found = append(found, one)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Name < found[j].Name })
	return found, nil
}

// GetRequiredPackages names the plugins that the program's packages say they need.
func (h *host) GetRequiredPackages(
	_ context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	found, err := dependencies(request.GetInfo().GetProgramDirectory(), true)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetRequiredPackagesResponse{}
	for _, one := range found {
		if one.Pulumi.Resource && one.Pulumi.Name != "" {
			response.Packages = append(response.Packages, &pulumirpc.PackageDependency{
				Name:    one.Pulumi.Name,
				Kind:    "resource",
				Version: one.Pulumi.Version,
				Server:  one.Pulumi.Server,
			})
		}
	}
	return response, nil
}

// GetProgramDependencies lists the program's packages for `pulumi about`.
func (h *host) GetProgramDependencies(
	_ context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	found, err := dependencies(request.GetInfo().GetProgramDirectory(), request.GetTransitiveDependencies())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, one := range found {
		response.Dependencies = append(response.Dependencies,
			&pulumirpc.DependencyInfo{Name: one.Name, Version: one.Version})
	}
	return response, nil
}
