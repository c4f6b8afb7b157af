package cluster

import (
	"fmt"
	"reflect"

	"github.com/spf13/cobra"
)

// updateContextCommand writes the cluster's context into the user's kubeconfig again: after --no-merge, or when somebody
// removed it or changed it.
func updateContextCommand() *cobra.Command {
	return profileCommand("update-context", "Make kubectl use this cluster", cobra.NoArgs, func(cmd *cobra.Command, p Profile, _ []string) error {
		config, err := loadConfig(p)
		if err != nil {
			return err
		}
		file, err := userKubeconfig()
		if err != nil {
			return err
		}
		before, err := readKubeconfig(file)
		if err != nil {
			return err
		}
		if file, err = mergeKubeconfig(p); err != nil {
			return err
		}
		after, err := readKubeconfig(file)
		if err != nil {
			return err
		}
		if reflect.DeepEqual(before, after) {
			fmt.Fprintf(cmd.OutOrStdout(), "No changes required for the %q context\n", contextName(p))
		} else {
			fmt.Fprintf(cmd.OutOrStdout(), "%q context has been updated to point to 127.0.0.1:%d\n", contextName(p), config.Port)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Current context is %q\n", contextName(p))
		return err
	})
}
