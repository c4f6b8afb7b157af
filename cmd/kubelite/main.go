// Command kubelite holds every component of the cluster as a subcommand, and the cluster's lifecycle.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/cluster"
	"kubelite/kubelet/docker"
	"kubelite/kubelet/streaming"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 2 && (os.Args[1] == "sandbox" || os.Args[1] == "pause" && os.Getpid() == 1) {
		// The first process of every pod. It does nothing, so that the pod's network outlives its containers, and must
		// not cost more memory than it has to. A kubelet that was started before calls it pause, as it once was; people who
		// pause a cluster are never the first process of anything.
		<-ctx.Done()
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "dial" {
		// Runs in the sandbox of a pod, and makes the connection that was asked for from outside: `kubectl port-forward`. Or beside
		// the proxy: `kubelite tunnel`.
		if err := dial(ctx, os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			stop()
			os.Exit(1)
		}
		return
	}
	err := command().ExecuteContext(ctx)
	var ended *exec.ExitError
	if errors.As(err, &ended) { // `kubelite node shell`: the shell has said why
		stop()
		os.Exit(ended.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		stop()
		os.Exit(1)
	}
}

// command is the root: the lifecycle of a cluster first, then its components, each of which runs in the foreground.
func command() *cobra.Command {
	root := &cobra.Command{
		Use: "kubelite", Short: "Kubernetes, small enough to read", Version: api.Version,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			if allowed, ok := longRunning[cmd.Name()]; ok {
				cmd.Root().ResetCommands() // nobody asks for the others
				keepSmall(cmd.Context(), allowed)
			}
		},
	}
	root.AddCommand(cluster.Commands(docker.Machine{}, api.Version)...)
	root.AddCommand(labCommand(), dashboardCommand())
	for _, component := range []*cobra.Command{
		apiserverCommand(), controllersCommand(), schedulerCommand(), metricsCommand(), kubeletCommand(), proxyCommand(), dnsCommand(), ingressCommand(), fleetCommand(),
	} {
		component.Example = "  " + examples[component.Name()]
		root.AddCommand(component)
	}
	return root
}

// dial connects its standard streams with an address, or with a port of this machine, or what it takes for one.
func dial(ctx context.Context, address string) error {
	if !strings.Contains(address, ":") {
		address = net.JoinHostPort("localhost", address)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, docker.Dialled) // the kubelet waits for this
	return streaming.Join(ctx, conn, struct {
		io.Reader
		io.Writer
	}{os.Stdin, os.Stdout})
}
