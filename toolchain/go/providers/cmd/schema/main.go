// Command schema writes the package schema and the bridge's metadata of each provider beside its source, so that the
// plugins build without the generator. Run it with `go generate ./...` after a change of a provider.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/spf13/afero"

	"goimg-secrets/toolchain/providers/random"
	"goimg-secrets/toolchain/providers/tls"
)

//go:generate go run . ../..

func main() {
	for _, info := range []tfbridge.ProviderInfo{random.Provider(), tls.Provider()} {
		if err := generate(info, os.Args[1]+"/"+info.Name); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", info.Name, err)
			os.Exit(1)
		}
	}
}

func generate(info tfbridge.ProviderInfo, directory string) error {
	generator, err := tfgen.NewGenerator(tfgen.GeneratorOptions{
		Package:      info.Name,
		Version:      info.Version,
		Language:     tfgen.Schema,
		ProviderInfo: info,
		Root:         afero.NewBasePathFs(afero.NewOsFs(), directory),
		Sink:         diag.DefaultSink(os.Stdout, os.Stderr, diag.FormatOptions{Color: colors.Never}),
		SkipDocs:     true,
	})
	if err != nil {
		return err
	}
	_, err = generator.Generate()
	return err
}
