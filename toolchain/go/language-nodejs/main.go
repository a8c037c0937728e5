// Command pulumi-language-nodejs is the host through which the Pulumi engine runs Node.js programs, policy packs and
// plugins. It stands in for the official one where that cannot be downloaded, and behaves like it for what this
// project uses: no code generation.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// version is stamped by the build: the version of the CLI that the host belongs to.
var version = "0.0.0"

// parentCheck is how often the host looks whether the engine that started it still lives.
const parentCheck = 200 * time.Millisecond

func main() {
	// A set of its own, as the SDK's logging claims some of these names in the global one.
	flags := flag.NewFlagSet("pulumi-language-nodejs", flag.ExitOnError)
	showVersion := flags.Bool("version", false, "print the version and exit")
	// The engine passes these to every plugin.
	tracing := flags.String("tracing", "", "endpoint for tracing data")
	flags.Bool("logflow", false, "accepted and not used")
	flags.Bool("logtostderr", false, "accepted and not used")
	flags.Int("v", 0, "accepted and not used")
	// ExitOnError leaves no error to handle.
	_ = flags.Parse(os.Args[1:])
	if *showVersion {
		fmt.Println("v" + version)
		return
	}

	children := newChildren()
	exitWithEngine(children)

	host := &host{engine: flags.Arg(0), tracing: *tracing, children: children}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// The engine reads the port from the first line of the host's output.
	fmt.Println(handle.Port)
	if err := <-handle.Done; err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// exitWithEngine ends the host at once on a signal and when its parent is gone. The engine waits up to five seconds for
// a host that stays, at the end of every run; a host that outlives a killed engine would keep the program running.
func exitWithEngine(children *children) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	parent := os.Getppid()
	go func() {
		for {
			select {
			case <-signals:
				children.kill()
				os.Exit(0)
			case <-time.After(parentCheck):
				if os.Getppid() != parent {
					children.kill()
					os.Exit(1)
				}
			}
		}
	}()
}
