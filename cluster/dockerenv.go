package cluster

import (
	"fmt"

	"github.com/spf13/cobra"
)

// dockerEnvCommand answers those who know minikube. There a cluster has a Docker daemon of its own, and images have to be made
// with that one. Ours runs its pods on the daemon of this machine, so there is nothing to set. What it prints are comments: the
// customary eval $(kubelite docker-env) does no harm.
func dockerEnvCommand() *cobra.Command {
	var shell string
	var unset bool
	cmd := profileCommand("docker-env", "Say which Docker daemon the cluster uses: the one that you use", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		lines := []string{
			fmt.Sprintf("Nothing to set: the pods of cluster %q run on the Docker daemon of this machine, the one that `docker` uses here.", p.Name),
			"An image is there for them as soon as `docker build` has made it. Name it with a tag other than :latest, or with imagePullPolicy: IfNotPresent.",
		}
		if config.Runtime != RuntimeDocker {
			lines = []string{fmt.Sprintf("Nothing to set: the pods of cluster %q are simulated, and need no images.", p.Name)}
		}
		mark := "#"
		if shell == "cmd" {
			mark = "REM"
		}
		for _, line := range lines {
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), mark, line); err != nil {
				return err
			}
		}
		return nil
	})
	cmd.Flags().StringVar(&shell, "shell", "bash", "the shell whose comments to write: bash, zsh, fish, powershell, cmd")
	cmd.Flags().BoolVarP(&unset, "unset", "u", false, "the same: there is nothing to unset either")
	return cmd
}
