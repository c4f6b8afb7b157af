package cluster

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"kubelite/api"
)

func versionCommand(version string) *cobra.Command {
	var short bool
	var format string
	cmd := &cobra.Command{Use: "version", Short: "Print the version of kubelite, and of the Kubernetes that it behaves as", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		out := cmd.OutOrStdout()
		all := map[string]string{"kubeliteVersion": version, "kubernetesVersion": api.KubernetesVersion}
		switch {
		case format == "json":
			return json.NewEncoder(out).Encode(all)
		case format == "yaml":
			text, err := api.MarshalYAML(all)
			if err == nil {
				_, err = out.Write(text)
			}
			return err
		case format != "":
			return fmt.Errorf("-o %s: must be json or yaml", format)
		case short:
			_, err := fmt.Fprintln(out, version)
			return err
		}
		_, err := fmt.Fprintf(out, "kubelite version: %s\nkubernetes version: %s\n", version, api.KubernetesVersion)
		return err
	}}
	cmd.Flags().BoolVar(&short, "short", false, "print the version of kubelite alone")
	cmd.Flags().StringVarP(&format, "output", "o", "", "json or yaml, or nothing for lines")
	return cmd
}
