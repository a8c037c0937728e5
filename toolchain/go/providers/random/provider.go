// Package random maps the upstream Terraform provider "random" onto the tokens of the npm package @pulumi/random.
package random

import (
	"context"
	_ "embed" // for the bridge's metadata
	"errors"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	bridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/terraform-providers/terraform-provider-random/shim"
)

// Version equals the npm SDK's: the engine looks a plugin up by it.
const Version = "4.21.2"

// Schema is the package schema that `go generate ./...` made from Provider.
//
//go:embed schema.json
var Schema []byte

//go:embed bridge-metadata.json
var metadata []byte

// Provider describes the package: its tokens, and where an id or an old state needs help.
func Provider() bridge.ProviderInfo {
	info := bridge.ProviderInfo{
		P:            tfbridge.ShimProvider(shim.NewProvider()),
		Name:         "random",
		Version:      Version,
		License:      "Apache-2.0",
		MetadataInfo: bridge.NewProviderMetadata(metadata),
		Resources: map[string]*bridge.ResourceInfo{
			"random_bytes":  {ComputeID: bytesID},
			"random_string": {PreStateUpgradeHook: stringState},
		},
		EnableAccurateBridgePreview: true,
		EnableRawStateDelta:         true,
	}
	withPrefix := func(module, name string) (string, error) {
		return tokens.MakeStandard("random")(module, "Random"+name)
	}
	info.MustComputeTokens(tokens.SingleModule("random_", "index", withPrefix))
	info.MustApplyAutoAliases()
	return info
}

// bytesID gives RandomBytes the id that the official plugin gives it: its base64.
func bytesID(_ context.Context, state resource.PropertyMap) (resource.ID, error) {
	value := state["base64"]
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if !value.IsString() {
		return "", errors.New("random_bytes: the state holds no string at base64")
	}
	return resource.ID(value.StringValue()), nil
}

// stringState treats a state without a schema version, as older plugins wrote it, as version 1.
func stringState(args bridge.PreStateUpgradeHookArgs) (int64, resource.PropertyMap, error) {
	return max(args.PriorStateSchemaVersion, 1), args.PriorState, nil
}
