// Package docker maps the upstream Terraform provider "docker" onto the tokens of the npm package @pulumi/docker.
package docker

import (
	_ "embed" // for the package schema

	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	pulumitokens "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

// Version equals the npm SDK's: the engine looks a plugin up by it.
const Version = "5.2.0"

// Swarm refuses names of secrets, configs and services above 64 characters (63 for a service: it is a DNS label), and
// the engine appends a dash and seven hexadecimal digits to what it names by itself.
const longestName = 63

// Schema is the package schema that `go generate ./...` made from Provider.
//
//go:embed schema.json
var Schema []byte

// Provider describes the package: its tokens, and the properties that the npm SDK names in its own way.
func Provider() bridge.ProviderInfo {
	info := bridge.ProviderInfo{
		P:       sdkv2.NewProvider(shim.NewProvider(Version)),
		Name:    "docker",
		Version: Version,
		License: "Apache-2.0",
		Config: map[string]*bridge.SchemaInfo{
			"host": {Default: &bridge.DefaultInfo{
				Value:   "unix:///var/run/docker.sock",
				EnvVars: []string{"DOCKER_HOST"},
			}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: bridge.False()},
		},
		Resources: map[string]*bridge.ResourceInfo{
			"docker_config": {Tok: token("ServiceConfig")},
			"docker_container": {
				Tok:                 token("Container"),
				DeleteBeforeReplace: true,
				Fields: map[string]*bridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			"docker_image": {
				Tok:    token("RemoteImage"),
				Fields: map[string]*bridge.SchemaInfo{"name": {Name: "name"}},
			},
		},
		DataSources: map[string]*bridge.DataSourceInfo{
			"docker_image": {Tok: "docker:index/getRemoteImage:getRemoteImage"},
		},
	}
	info.MustComputeTokens(tokens.SingleModule("docker_", "index", tokens.MakeStandard("docker")))
	info.SetAutonaming(longestName, "-")
	return info
}

// token names a resource of the package's only module, as in docker:index/secret:Secret.
func token(name string) pulumitokens.Type {
	standard, err := tokens.MakeStandard("docker")("index", name)
	if err != nil {
		panic(err)
	}
	return pulumitokens.Type(standard)
}
