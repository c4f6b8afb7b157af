package kubectllite

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newSetSelector(s *session) *cobra.Command {
	var o setOptions
	cmd := &cobra.Command{
		Use:               "selector (-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version]",
		Short:             "Set the selector on a resource",
		ValidArgsFunction: s.completeObjects(),
		Example:           "  kubectl-lite set selector service web app=web,version=v2",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("one selector is required")
			}
			labels, err := parseEqualities(args[len(args)-1])
			if err != nil {
				return err
			}
			return s.changeEach(cmd.Context(), &o.changeOptions, args[:len(args)-1], func(m *manifest) (string, error) {
				if m.resource.Resource() != "services" {
					return "", errors.New("setting a selector is only supported for Services")
				}
				m.object.set(labels, "spec", "selector")
				return "selector updated", nil
			})
		},
	}
	o.addSet(cmd)
	cmd.Flags().StringVar(&o.resourceVersion, "resource-version", "", "If non-empty, the selectors update will only succeed if this is the current resource-version for the object. Only valid when specifying a single resource.")
	return cmd
}

// parseEqualities reads "a=1,b=2" into what a Service selects by.
func parseEqualities(text string) (map[string]any, error) {
	labels := map[string]any{}
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("couldn't parse the selector string \"%s\": unable to parse requirement: %s", text, part)
		}
		labels[key] = strings.TrimPrefix(value, "=")
	}
	return labels, nil
}
