package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

// alreadyExplained is the exit code by which the SDK says that it told the user what went wrong.
const alreadyExplained = 32

// host serves the engine's requests.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine   string
	tracing  string
	children *children
}

func (h *host) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.engine = request.GetEngineAddress()
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// Cancel ends what runs: the engine asks for it when the user interrupts an update.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.children.kill()
	return &emptypb.Empty{}, nil
}

// Run runs the project's program to its end.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	command, err := h.program(request)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	code, err := h.children.run(ctx, command)
	switch {
	case err != nil:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("could not run %s: %v", command.node, err)}, nil
	case code == alreadyExplained:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case code < 0:
		return &pulumirpc.RunResponse{Error: "the program was ended by a signal"}, nil
	case code > 0:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program exited with code %d", code)}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

func (h *host) program(request *pulumirpc.RunRequest) (command, error) {
	info := request.GetInfo()
	options, err := parseOptions(info)
	if err != nil {
		return command{}, err
	}
	node, err := findNode(info.GetProgramDirectory())
	if err != nil {
		return command{}, err
	}
	runner, err := findModule(info.GetProgramDirectory(), "@pulumi/pulumi/cmd/run/index.js")
	if err != nil {
		return command{}, err
	}
	env, err := programEnv(request, options)
	if err != nil {
		return command{}, err
	}
	args := append(append([]string{}, options.nodeArgs...), runner)
	args = append(args, h.programFlags(request)...)
	args = append(args, info.GetEntryPoint())
	return command{
		node:      node,
		args:      append(args, request.GetArgs()...),
		directory: request.GetPwd(),
		env:       env,
		stdout:    os.Stdout,
		stderr:    os.Stderr,
	}, nil
}

func (h *host) programFlags(request *pulumirpc.RunRequest) []string {
	var flags []string
	add := func(name, value string) {
		if value != "" {
			flags = append(flags, "--"+name, value)
		}
	}
	add("monitor", request.GetMonitorAddress())
	add("engine", h.engine)
	add("organization", request.GetOrganization())
	add("project", request.GetProject())
	add("root-directory", request.GetInfo().GetRootDirectory())
	add("stack", request.GetStack())
	add("pwd", request.GetPwd())
	add("parallel", strconv.Itoa(int(request.GetParallel())))
	add("tracing", h.tracing)
	if request.GetDryRun() {
		flags = append(flags, "--dry-run")
	}
	return flags
}

func programEnv(request *pulumirpc.RunRequest, options options) ([]string, error) {
	config, err := json.Marshal(nonNil(request.GetConfig()))
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(append([]string{}, request.GetConfigSecretKeys()...))
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(),
		"PULUMI_CONFIG="+string(config),
		"PULUMI_CONFIG_SECRET_KEYS="+string(secretKeys),
		"PULUMI_NODEJS_TYPESCRIPT="+strconv.FormatBool(options.typescript),
	)
	if options.tsconfig != "" {
		env = append(env, "PULUMI_NODEJS_TSCONFIG_PATH="+options.tsconfig)
	}
	return withCompileCache(env), nil
}

func nonNil(config map[string]string) map[string]string {
	if config == nil {
		return map[string]string{}
	}
	return config
}
