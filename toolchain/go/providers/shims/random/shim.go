// Package shim opens the upstream provider, which it keeps in internal/: Go allows the import because this module's
// path lies below the upstream's.
package shim

import (
	"github.com/hashicorp/terraform-plugin-framework/provider"
	upstream "github.com/terraform-providers/terraform-provider-random/internal/provider"
)

// NewProvider returns the upstream "random" Terraform provider.
func NewProvider() provider.Provider {
	return upstream.New()
}
