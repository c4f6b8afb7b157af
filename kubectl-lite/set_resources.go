package kubectllite

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

func newSetResources(s *session) *cobra.Command {
	var o setOptions
	var limits, requests string
	cmd := &cobra.Command{
		Use:               "resources (-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]",
		Short:             "Update resource requests/limits on objects with pod templates",
		ValidArgsFunction: s.completeObjects(),
		Example:           "  kubectl-lite set resources deployment/web -c=nginx --limits=cpu=200m,memory=512Mi",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return err
			}
			if limits == "" && requests == "" {
				return errors.New("you must specify an update to requests or limits (in the form of --requests/--limits)")
			}
			amounts := map[string]map[string]any{}
			for field, text := range map[string]string{"limits": limits, "requests": requests} {
				parsed, err := parseAmounts(text)
				if err != nil {
					return err
				}
				amounts[field] = parsed
			}
			return s.setPodSpecs(cmd.Context(), &o, args, "resource requirements updated", "resources update", func(_ *manifest, spec object) error {
				found := containersIn(spec, o.containers, "containers", "initContainers")
				if len(found) == 0 {
					return fmt.Errorf("error: unable to find container named %s", o.containers)
				}
				for _, c := range found {
					for field, values := range amounts {
						for name, value := range values {
							c.set(value, "resources", field, name)
						}
					}
				}
				return nil
			})
		},
	}
	o.addSet(cmd)
	o.addContainers(cmd)
	cmd.Flags().StringVar(&limits, "limits", "", "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.")
	cmd.Flags().StringVar(&requests, "requests", "", "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.")
	return cmd
}

// parseAmounts reads "cpu=100m,memory=256Mi", and writes each amount in its canonical form.
func parseAmounts(text string) (map[string]any, error) {
	amounts := map[string]any{}
	if text == "" {
		return amounts, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		name, amount, ok := strings.Cut(part, "=")
		if !ok || strings.Contains(amount, "=") {
			return nil, fmt.Errorf("Invalid argument syntax %v, expected <resource>=<value>", part)
		}
		quantity, err := api.ParseQuantity(amount)
		if err != nil {
			return nil, err
		}
		amounts[name] = quantity.String()
	}
	return amounts, nil
}
