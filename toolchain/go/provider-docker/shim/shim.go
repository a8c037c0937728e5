// Package shim opens the upstream provider, which it keeps in internal/: Go allows the import because this module's
// path lies below the upstream's.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	upstream "github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// NewProvider returns the upstream "docker" Terraform provider, that is its resources: the few data sources that
// upstream wrote with the newer framework are not part of it.
func NewProvider(version string) *schema.Provider {
	return upstream.New(version)()
}
