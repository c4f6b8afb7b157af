package kubectllite

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/client"
)

func newAPIResources(s *session) *cobra.Command {
	var output, group, sortBy string
	var namespaced, noHeaders bool
	var verbs, categories []string
	cmd := &cobra.Command{
		Use: "api-resources", Short: "Print the supported API resources on the server", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if sortBy != "" && sortBy != "name" && sortBy != "kind" {
				return errors.New("--sort-by accepts only name or kind")
			}
			all, err := s.discover(cmd.Context())
			if err != nil {
				return err
			}
			all = slices.DeleteFunc(preferredVersions(all), func(r client.APIResource) bool {
				return cmd.Flags().Changed("api-group") && r.Group != group ||
					cmd.Flags().Changed("namespaced") && r.Namespaced != namespaced ||
					slices.ContainsFunc(verbs, func(v string) bool { return !r.Can(v) }) ||
					slices.ContainsFunc(categories, func(c string) bool { return !slices.Contains(r.Categories, c) })
			})
			slices.SortStableFunc(all, func(a, b client.APIResource) int {
				switch sortBy {
				case "name":
					return strings.Compare(a.Plural, b.Plural)
				case "kind":
					return strings.Compare(a.Kind, b.Kind)
				}
				return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Plural, b.Plural))
			})
			return printResources(s, all, output, noHeaders)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&output, "output", "o", "", "Output format. One of: (wide, name).")
	f.StringVar(&group, "api-group", "", "Limit to resources in the specified API group.")
	f.BoolVar(&namespaced, "namespaced", true, "If false, non-namespaced resources will be returned, otherwise returning namespaced resources by default.")
	f.BoolVar(&noHeaders, "no-headers", false, "When using the default or custom-column output format, don't print headers")
	f.StringVar(&sortBy, "sort-by", "", "If non-empty, sort list of resources using specified field. The field can be either 'name' or 'kind'.")
	f.StringSliceVar(&categories, "categories", nil, "Limit to resources that belong to the specified categories.")
	f.StringSliceVar(&verbs, "verbs", nil, "Limit to resources that support the specified verbs.")
	return cmd
}

// preferredVersions keeps the first version of each resource, which is the server's favourite.
func preferredVersions(all []client.APIResource) []client.APIResource {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(r client.APIResource) bool {
		name := r.Resource()
		again := seen[name]
		seen[name] = true
		return again
	})
}

func printResources(s *session, all []client.APIResource, output string, noHeaders bool) error {
	var rows [][]string
	switch output {
	case "name":
		for _, r := range all {
			fmt.Fprintln(s.Out, r.Resource())
		}
		return nil
	case "", "wide":
	default:
		return fmt.Errorf("--output %v is not available", output)
	}
	if !noHeaders {
		rows = append(rows, []string{"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"})
		if output == "wide" {
			rows[0] = append(rows[0], "VERBS", "CATEGORIES")
		}
	}
	for _, r := range all {
		row := []string{r.Plural, strings.Join(r.ShortNames, ","), r.APIVersion(), strconv.FormatBool(r.Namespaced), r.Kind}
		if output == "wide" {
			row = append(row, strings.Join(r.Verbs, ","), strings.Join(r.Categories, ","))
		}
		rows = append(rows, row)
	}
	(&columns{out: s.Out}).write(rows)
	return nil
}
