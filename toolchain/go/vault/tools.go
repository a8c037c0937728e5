//go:build tools

// Package vault keeps the server in this module's requirements.
package vault

import _ "github.com/hashicorp/vault"
