package main

import "github.com/spf13/cobra"

// pauseCommand is the process of a pod's sandbox: it does nothing, so that the pod's network outlives its containers.
func pauseCommand() *cobra.Command {
	return &cobra.Command{Use: "pause", Short: "Sleep until told to end (the first container of every pod)", Hidden: true, Args: cobra.NoArgs, Run: func(cmd *cobra.Command, _ []string) {
		<-cmd.Context().Done()
	}}
}
