// The Pulumi resource plugin "tls".
package main

import (
	"context"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"

	"goimg-secrets/toolchain/providers/tls"
)

func main() {
	meta := tfbridge.ProviderMetadata{PackageSchema: tls.Schema}
	tfbridge.Main(context.Background(), "tls", tls.Provider(), meta)
}
