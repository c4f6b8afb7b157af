// Command kubectl-lite is the command line of a Kubernetes cluster: kubectl's commands, and why and trace.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	kubectllite "kubelite/kubectl-lite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := kubectllite.Run(ctx, os.Args[1:], kubectllite.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
