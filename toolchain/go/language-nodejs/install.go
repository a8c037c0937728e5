package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// InstallDependencies installs the locked packages of a program, for `pulumi install`.
func (h *host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest,
	stream grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("npm is not on the PATH: install Node.js with npm")
	}
	code, err := h.children.run(stream.Context(), command{
		node:      npm,
		args:      []string{"ci"},
		directory: request.GetInfo().GetProgramDirectory(),
		env:       os.Environ(),
		stdout: writer(func(data []byte) error {
			return stream.Send(&pulumirpc.InstallDependenciesResponse{Stdout: data})
		}),
		// One stream may not be sent on from two goroutines, so that the messages alone are shown.
		stderr: nil,
	})
	if err == nil && code != 0 {
		err = fmt.Errorf("npm ci exited with code %d: run it in %s to see why", code, request.GetInfo().GetProgramDirectory())
	}
	return err
}

// About says which node runs programs, for `pulumi about`.
func (h *host) About(ctx context.Context, request *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	node, err := findNode(request.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	var output bytes.Buffer
	_, err = h.children.run(ctx, command{node: node, args: []string{"--version"}, env: os.Environ(), stdout: &output})
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AboutResponse{Executable: node, Version: strings.TrimSpace(output.String())}, nil
}
