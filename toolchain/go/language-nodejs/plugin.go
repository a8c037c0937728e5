package main

import (
	"errors"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// RunPlugin runs a policy pack or a provider written for Node.js until it ends or the engine drops the request.
func (h *host) RunPlugin(
	request *pulumirpc.RunPluginRequest, stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse],
) error {
	info := request.GetInfo()
	options, err := parseOptions(info)
	if err != nil {
		return err
	}
	node, err := findNode(info.GetProgramDirectory())
	if err != nil {
		return err
	}
	var mutex sync.Mutex
	send := func(response *pulumirpc.RunPluginResponse) error {
		mutex.Lock()
		defer mutex.Unlock()
		return stream.Send(response)
	}
	args, err := pluginArgs(request)
	if err != nil {
		return err
	}
	code, err := h.children.run(stream.Context(), command{
		node:      node,
		args:      append(append([]string{}, options.nodeArgs...), args...),
		directory: pluginDirectory(request),
		env:       withCompileCache(request.GetEnv()),
		stdout: writer(func(data []byte) error {
			return send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: data}})
		}),
		stderr: writer(func(data []byte) error {
			return send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: data}})
		}),
	})
	if err != nil {
		return err
	}
	if code < 0 && stream.Context().Err() == nil {
		return errors.New("the plugin was ended by a signal")
	}
	return send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)}})
}

// pluginArgs chooses the SDK's runner by the kind of plugin. A policy pack's takes the engine's address and the pack, a
// provider's the program alone, and both then the plugin's own arguments.
func pluginArgs(request *pulumirpc.RunPluginRequest) ([]string, error) {
	directory := request.GetInfo().GetProgramDirectory()
	if request.GetKind() == "analyzer" {
		runner, err := findModule(directory, "@pulumi/pulumi/cmd/run-policy-pack/index.js")
		if err != nil {
			return nil, err
		}
		args := append([]string{runner}, request.GetArgs()...)
		return append(args, directory), nil
	}
	runner, err := findModule(directory, "@pulumi/pulumi/cmd/run-plugin/index.js")
	if err != nil {
		return nil, err
	}
	return append([]string{runner, directory}, request.GetArgs()...), nil
}

// pluginDirectory is where a plugin runs: a policy pack in its own folder, as the policy SDK reads package.json from there.
func pluginDirectory(request *pulumirpc.RunPluginRequest) string {
	if request.GetKind() == "analyzer" {
		return request.GetInfo().GetProgramDirectory()
	}
	return request.GetPwd()
}

// writer sends each piece of output as soon as it is there.
type writer func([]byte) error

func (w writer) Write(data []byte) (int, error) {
	// The message may be encoded after this call returns, and the caller reuses its buffer.
	if err := w(append([]byte{}, data...)); err != nil {
		return 0, err
	}
	return len(data), nil
}
