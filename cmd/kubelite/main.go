// Command kubelite holds every component of the cluster as a subcommand, and the cluster's lifecycle.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/cluster"
	"kubelite/kubelet/docker"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 2 && os.Args[1] == "pause" {
		// The first process of every pod. It does nothing, so that the pod's network outlives its containers, and must
		// not cost more memory than it has to.
		<-ctx.Done()
		return
	}
	if err := command().ExecuteContext(ctx); err != nil {
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
			if percent, ok := longRunning[cmd.Name()]; ok {
				keepSmall(cmd.Context(), percent)
			}
		},
	}
	root.AddCommand(cluster.Commands(docker.Machine{}, api.Version)...)
	root.AddCommand(apiserverCommand(), controllersCommand(), schedulerCommand(), kubeletCommand())
	return root
}
