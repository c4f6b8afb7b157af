package kubectllite

import (
	"fmt"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

func newVersion(s *session) *cobra.Command {
	var clientOnly bool
	var output string
	cmd := &cobra.Command{
		Use: "version", Short: "Print the client and server version information", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			versions := object{"clientVersion": map[string]any{"gitVersion": api.KubernetesVersion, "kubelite": api.Version}}
			if !clientOnly {
				resp, err := s.do(cmd.Context(), client.Request{Path: "/version"})
				if err != nil {
					return err
				}
				server, err := parseObject(resp.Body)
				if err != nil {
					return err
				}
				versions["serverVersion"] = map[string]any(server)
			}
			switch output {
			case "":
				fmt.Fprintf(s.Out, "Client Version: %s (kubelite %s)\n", api.KubernetesVersion, api.Version)
				if !clientOnly {
					fmt.Fprintf(s.Out, "Server Version: %s\n", versions.text("serverVersion", "gitVersion"))
				}
				return nil
			case "json", "yaml":
				return (&printer{format: output}).print(s.Out, versions)
			}
			return fmt.Errorf("--output must be 'yaml' or 'json'")
		},
	}
	cmd.Flags().BoolVar(&clientOnly, "client", false, "If true, shows client version only (no server required)")
	cmd.Flags().StringVarP(&output, "output", "o", "", "One of 'yaml' or 'json'")
	return cmd
}
