package kubectllite

import (
	"errors"

	"github.com/spf13/cobra"
)

func newSetServiceAccount(s *session) *cobra.Command {
	var o setOptions
	cmd := &cobra.Command{
		Use:     "serviceaccount (-f FILENAME | TYPE NAME) SERVICE_ACCOUNT",
		Aliases: []string{"sa"}, Short: "Update the service account of a resource",
		ValidArgsFunction: s.completeObjects(),
		Example:           "  kubectl-lite set serviceaccount deployment web robot",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("serviceaccount is required")
			}
			account := args[len(args)-1]
			return s.setPodSpecs(cmd.Context(), &o, args[:len(args)-1], "serviceaccount updated", "ServiceAccountName", func(_ *manifest, spec object) error {
				spec["serviceAccountName"] = account
				return nil
			})
		},
	}
	o.addSet(cmd)
	return cmd
}
