//go:build tools

// Package tools keeps the CLI among this module's requirements: the toolchain builds it from here.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
