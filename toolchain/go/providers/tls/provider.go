// Package tls maps the upstream Terraform provider "tls" onto the tokens of the npm package @pulumi/tls.
package tls

import (
	_ "embed" // for the bridge's metadata

	"github.com/hashicorp/terraform-provider-tls/shim"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
)

// Version equals the npm SDK's: the engine looks a plugin up by it.
const Version = "5.6.1"

// Schema is the package schema that `go generate ./...` made from Provider.
//
//go:embed schema.json
var Schema []byte

//go:embed bridge-metadata.json
var metadata []byte

// Provider describes the package: its tokens.
func Provider() bridge.ProviderInfo {
	info := bridge.ProviderInfo{
		P:                              tfbridge.ShimProvider(shim.NewProvider()),
		Name:                           "tls",
		Version:                        Version,
		License:                        "Apache-2.0",
		MetadataInfo:                   bridge.NewProviderMetadata(metadata),
		EnableZeroDefaultSchemaVersion: true,
	}
	info.MustComputeTokens(tokens.SingleModule("tls_", "index", tokens.MakeStandard("tls")))
	return info
}
