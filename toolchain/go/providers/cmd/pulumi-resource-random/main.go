// The Pulumi resource plugin "random".
package main

import (
	"context"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"goimg-secrets/toolchain/providers/random"
)

func main() {
	meta := tfbridge.ProviderMetadata{PackageSchema: random.Schema}
	tfbridge.Main(context.Background(), "random", random.Provider(), meta)
}
