package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/spf13/cobra"
)

func newSet(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "set SUBCOMMAND", Short: "Set specific features on objects", RunE: needsSubcommand}
	cmd.AddCommand(newSetEnv(s), newSetImage(s), newSetResources(s), newSetSelector(s), newSetServiceAccount(s))
	return cmd
}

// setOptions are the flags of all subcommands of set.
type setOptions struct {
	changeOptions
	containers string
}

func (o *setOptions) addSet(cmd *cobra.Command) {
	o.selection.add(cmd, "identifying the resource to get from a server.")
	o.changeFlags.add(cmd, "kubectl-set")
	o.addLocal(cmd)
}

func (o *setOptions) addContainers(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.containers, "containers", "c", "*", "The names of containers in the selected pod templates to change, all containers are selected by default - may use wildcards")
}

func (o *setOptions) check(args []string) error {
	if o.all && o.selector != "" {
		return errors.New("cannot set --all and --selector at the same time")
	}
	if !o.given(args) && !o.local {
		return errors.New("one or more resources must be specified as <resource> <name> or <resource>/<name>")
	}
	return nil
}

// setPodSpecs lets edit change the pod spec inside of every object selected. An object in which nothing changed is
// passed over in silence, as kubectl does. what names the change where the server refuses it.
func (s *session) setPodSpecs(ctx context.Context, o *setOptions, args []string, done, what string, edit func(m *manifest, spec object) error) error {
	return s.changeEach(ctx, &o.changeOptions, args, func(m *manifest) (string, error) {
		spec := podSpecOf(m.object)
		if spec == nil {
			return "", fmt.Errorf("error: %s the object is not a pod or does not have a pod template: %s.%s\n", m.shortName(), m.resource.Plural, m.resource.Group)
		}
		before := copyObject(m.object)
		if err := edit(m, spec); err != nil {
			return "", err
		}
		if _, patch, err := patchBetween(m, before); err != nil || string(patch) == "{}" {
			return "", errors.Join(err, errSkip)
		}
		return done, nil
	}, func(err error) error { return fmt.Errorf("failed to patch %s to pod template: %w", what, err) })
}

// podSpecOf finds the spec of the pod in an object: its own, or that of the template it makes pods from.
func podSpecOf(o object) object {
	for _, path := range [][]string{
		{"spec", "template", "spec"},
		{"spec", "jobTemplate", "spec", "template", "spec"},
		{"spec"},
	} {
		if spec, ok := o.at(path...).(map[string]any); ok && spec["containers"] != nil {
			return spec
		}
	}
	return nil
}

// containersIn are the containers of a pod spec whose names match a pattern, in the order of fields.
func containersIn(podSpec object, pattern string, fields ...string) []object {
	var found []object
	for _, field := range fields {
		list, _ := podSpec[field].([]any)
		for _, item := range list {
			if c, ok := item.(map[string]any); ok {
				if matches, _ := path.Match(pattern, object(c).text("name")); matches {
					found = append(found, c)
				}
			}
		}
	}
	return found
}

// shortName names the object as older messages do, without its group.
func (m *manifest) shortName() string { return m.resource.Plural + "/" + m.object.name() }
