package kubectllite

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// metaMap is a map in an object's metadata that a command of its own changes: labels, or annotations.
type metaMap struct {
	field    string // of the metadata
	singular string // in messages
	check    func(set map[string]string, remove, pairs []string) error
	occupied func(taken []string) error
}

// labelOptions are the flags of label and annotate.
type labelOptions struct {
	changeOptions
	overwrite, list bool
	set             map[string]string
	remove          []string
}

func newLabel(s *session) *cobra.Command {
	labels := &metaMap{field: "labels", singular: "label", check: checkLabels,
		occupied: func(taken []string) error {
			var errs []error
			for _, one := range taken {
				errs = append(errs, fmt.Errorf("%s, and --overwrite is false", one))
			}
			return errors.Join(errs...)
		}}
	return labels.command(s, "Update the labels on a resource", `  kubectl-lite label pod web-1 tier=front
  kubectl-lite label pods -l app=web tier- --overwrite`)
}

func newAnnotate(s *session) *cobra.Command {
	annotations := &metaMap{field: "annotations", singular: "annotation", check: checkAnnotations,
		occupied: func(taken []string) error {
			return fmt.Errorf("--overwrite is false but found the following declared annotation(s): %s", strings.Join(taken, "; "))
		}}
	return annotations.command(s, "Update the annotations on a resource", `  kubectl-lite annotate pod web-1 description='my frontend'
  kubectl-lite annotate pod web-1 description-`)
}

func (m *metaMap) command(s *session, short, example string) *cobra.Command {
	var o labelOptions
	verb := map[string]string{"label": "label", "annotation": "annotate"}[m.singular]
	cmd := &cobra.Command{
		Use:   verb + " [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]",
		Short: short, Example: example, ValidArgsFunction: s.completeObjects(),
		RunE: func(cmd *cobra.Command, args []string) error {
			resources, pairs, err := resourcesAndPairs(args, m.singular)
			if err != nil {
				return err
			}
			if err := m.complete(&o, resources, pairs); err != nil {
				return err
			}
			if o.list {
				return s.listMetaMap(cmd, m, &o, resources)
			}
			return s.changeEach(cmd.Context(), &o.changeOptions, resources, func(one *manifest) (string, error) { return m.edit(s, &o, one) })
		},
	}
	o.addAll(cmd, "identifying the resource to update the "+m.field)
	o.changeFlags.add(cmd, "kubectl-"+verb)
	o.addLocal(cmd)
	cmd.Flags().BoolVar(&o.overwrite, "overwrite", false, fmt.Sprintf("If true, allow %s to be overwritten, otherwise reject %s updates that overwrite existing %s.", m.field, m.singular, m.field))
	cmd.Flags().BoolVar(&o.list, "list", false, fmt.Sprintf("If true, display the %s for a given resource.", m.field))
	cmd.Flags().StringVar(&o.resourceVersion, "resource-version", "", fmt.Sprintf("If non-empty, the %s update will only succeed if this is the current resource-version for the object. Only valid when specifying a single resource.", m.field))
	return cmd
}

func (m *metaMap) complete(o *labelOptions, resources, pairs []string) (err error) {
	if o.set, o.remove, err = parsePairs(pairs, m.singular, true); err != nil {
		return err
	}
	switch {
	case o.list && o.output != "":
		return errors.New("--list and --output may not be specified together")
	case o.all && o.selector != "":
		return errors.New("cannot set --all and --selector at the same time")
	case o.all && o.fieldSelector != "":
		return errors.New("cannot set --all and --field-selector at the same time")
	case !o.given(resources):
		return errors.New("one or more resources must be specified as <resource> <name> or <resource>/<name>")
	case len(pairs) == 0 && !o.list:
		return fmt.Errorf("at least one %s update is required", m.singular)
	}
	return m.check(o.set, o.remove, pairs)
}

func checkLabels(set map[string]string, remove, pairs []string) error {
	for _, pair := range pairs {
		key, value, isSet := strings.Cut(pair, "=")
		if !isSet {
			continue
		}
		if strings.Contains(value, "=") {
			return fmt.Errorf("invalid label spec: %v", pair)
		}
		if mistakes := api.IsValidLabelValue(value); len(mistakes) > 0 {
			return fmt.Errorf("invalid label value: %q: %s", key+"="+value, strings.Join(mistakes, ";"))
		}
	}
	for _, key := range remove {
		if _, both := set[key]; both {
			return errors.New("can not both modify and remove a label in the same command")
		}
	}
	return nil
}

func checkAnnotations(set map[string]string, remove, _ []string) error {
	var both []string
	for _, key := range remove {
		if _, ok := set[key]; ok {
			both = append(both, key)
		}
	}
	if len(both) > 0 {
		return fmt.Errorf("can not both modify and remove the following annotation(s) in the same command: %s", strings.Join(both, ", "))
	}
	return nil
}

// edit changes the map of one object.
func (m *metaMap) edit(s *session, o *labelOptions, one *manifest) (done string, err error) {
	values, _ := one.object.at("metadata", m.field).(map[string]any)
	if values == nil {
		values = map[string]any{}
	}
	var taken []string
	for _, key := range sortedKeys(o.set) {
		if now, found := values[key]; found && now != o.set[key] && key != changeCauseAnnotation {
			taken = append(taken, fmt.Sprintf("'%s' already has a value (%s)", key, now))
		}
	}
	if len(taken) > 0 && !o.overwrite {
		return "", m.occupied(taken)
	}
	added, removed := false, false
	for _, key := range sortedKeys(o.set) {
		added = added || values[key] != o.set[key]
		values[key] = o.set[key]
	}
	for _, key := range o.remove {
		if _, found := values[key]; found {
			removed = true
			delete(values, key)
		} else if m.field == "labels" && !o.stays() {
			fmt.Fprintf(s.Out, "label %q not found.\n", key)
		}
	}
	one.object.set(values, "metadata", m.field)
	switch {
	case m.field == "annotations":
		return "annotated", nil
	case added && removed:
		return "modified", nil
	case added:
		return "labeled", nil
	case removed:
		return "unlabeled", nil
	}
	return "not labeled", nil
}

func (s *session) listMetaMap(cmd *cobra.Command, m *metaMap, o *labelOptions, resources []string) error {
	found, err := s.selectObjects(cmd.Context(), &o.selection, resources, true)
	for _, one := range found {
		indent := ""
		if len(found) > 1 {
			indent = " "
			fmt.Fprintf(s.Out, "Listing %s for %s.%s/%s:\n", m.field, one.resource.Kind, one.resource.Group, one.object.name())
		}
		values, _ := one.object.at("metadata", m.field).(map[string]any)
		for _, key := range sortedKeys(values) {
			fmt.Fprintf(s.Out, "%s%s=%v\n", indent, key, values[key])
		}
	}
	return err
}
