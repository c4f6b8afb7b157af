package kubectllite

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

func newTaint(s *session) *cobra.Command {
	var o changeOptions
	var overwrite bool
	cmd := &cobra.Command{
		Use:   "taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N",
		Short: "Update the taints on one or more nodes",
		Example: `  kubectl-lite taint nodes n1 dedicated=batch:NoSchedule
  kubectl-lite taint nodes n1 dedicated-`,
		ValidArgsFunction: s.completeObjects("nodes"),
		RunE: func(cmd *cobra.Command, args []string) error {
			resources, specs, err := splitTaints(args)
			if err != nil {
				return err
			}
			t, err := parseTaints(specs)
			if err != nil {
				return usageErrorf("taint", "%s", err)
			}
			if err := checkTaints(&o, t, resources); err != nil {
				return err
			}
			if !slices.Contains([]string{"no", "node", "nodes"}, strings.ToLower(resources[0])) {
				return fmt.Errorf("invalid resource type %s, only node types are supported", strings.ToLower(resources[0]))
			}
			return s.changeEach(cmd.Context(), &o, resources, func(m *manifest) (string, error) { return taintNode(m, t, overwrite) })
		},
	}
	cmd.Flags().StringVarP(&o.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().BoolVar(&o.all, "all", false, "Select all nodes in the cluster")
	cmd.Flags().BoolVar(&overwrite, "overwrite", false, "If true, allow taints to be overwritten, otherwise reject taint updates that overwrite existing taints.")
	cmd.Flags().String("validate", "strict", "Must be one of: strict (or true), warn, ignore (or false)")
	o.changeFlags.add(cmd, "kubectl-taint")
	o.terse = true
	return cmd
}

// taintChange is what to add and what to take away. A taint to take away has no value, and without an effect means all.
type taintChange struct{ add, remove []api.Taint }

func splitTaints(args []string) (resources, specs []string, err error) {
	resources, specs, late := splitChanges(args, func(arg string) bool { return strings.ContainsAny(arg, "=:") || strings.HasSuffix(arg, "-") })
	switch {
	case late >= 0:
		return nil, nil, fmt.Errorf("all resources must be specified before taint changes: %s", args[late])
	case len(resources) == 0:
		return nil, nil, errors.New("one or more resources must be specified as <resource> <name>")
	case len(specs) == 0:
		return nil, nil, errors.New("at least one taint update is required")
	}
	return resources, specs, nil
}

func parseTaints(specs []string) (*taintChange, error) {
	change := &taintChange{}
	for _, spec := range specs {
		text, remove := strings.CutSuffix(spec, "-")
		t, err := parseTaint(text)
		switch {
		case err != nil:
			return nil, err
		case remove:
			change.remove = append(change.remove, api.Taint{Key: t.Key, Effect: t.Effect})
		case t.Effect == "":
			return nil, fmt.Errorf("invalid taint spec: %v", spec)
		case slices.ContainsFunc(change.add, func(other api.Taint) bool { return sameTaint(other, t) }):
			return nil, fmt.Errorf("duplicated taints with the same key and effect: {%s %s %s <nil>}", t.Key, t.Value, t.Effect)
		default:
			change.add = append(change.add, t)
		}
	}
	return change, nil
}

// parseTaint reads "key=value:effect", "key:effect" or "key".
func parseTaint(text string) (t api.Taint, err error) {
	pair, effect, hasEffect := strings.Cut(text, ":")
	if strings.Contains(effect, ":") {
		return t, fmt.Errorf("invalid taint spec: %v", text)
	}
	t.Key = pair
	if hasEffect {
		t.Effect = api.TaintEffect(effect)
		if !slices.Contains([]api.TaintEffect{api.TaintEffectNoSchedule, api.TaintEffectPreferNoSchedule, api.TaintEffectNoExecute}, t.Effect) {
			return t, fmt.Errorf("invalid taint effect: %v, unsupported taint effect", effect)
		}
		t.Key, t.Value, _ = strings.Cut(pair, "=")
		if strings.Contains(t.Value, "=") {
			return t, fmt.Errorf("invalid taint spec: %v", text)
		}
		if mistakes := api.IsValidLabelValue(t.Value); len(mistakes) > 0 {
			return t, fmt.Errorf("invalid taint spec: %v, %s", text, strings.Join(mistakes, "; "))
		}
	}
	if mistakes := api.IsQualifiedName(t.Key); len(mistakes) > 0 {
		return t, fmt.Errorf("invalid taint spec: %v, %s", text, strings.Join(mistakes, "; "))
	}
	return t, nil
}

func checkTaints(o *changeOptions, t *taintChange, resources []string) error {
	var both []string
	for _, add := range t.add {
		for _, remove := range t.remove {
			if add.Key == remove.Key && (remove.Effect == "" || add.Effect == remove.Effect) {
				both = append(both, fmt.Sprintf("%s=%s", remove.Key, remove.Effect))
			}
		}
	}
	switch {
	case len(both) > 0:
		return fmt.Errorf("can not both modify and remove the following taint(s) in the same command: %s", strings.Join(both, ", "))
	case o.all && o.selector != "":
		return errors.New("setting 'all' parameter with a non empty selector is prohibited")
	case !o.all && o.selector == "" && len(resources) < 2:
		return errors.New("at least one resource name must be specified since 'all' parameter is not set")
	}
	return nil
}

func sameTaint(a, b api.Taint) bool { return a.Key == b.Key && a.Effect == b.Effect }

func taintNode(m *manifest, change *taintChange, overwrite bool) (done string, err error) {
	node, err := typed[*api.Node](m.object)
	if err != nil {
		return "", err
	}
	if taken := takenTaints(node.Spec.Taints, change.add); taken != "" && !overwrite {
		return "", fmt.Errorf("node %s already has %v taint(s) with same effect(s) and --overwrite is false", node.Name, taken)
	}
	taints, done, err := changeTaints(node.Spec.Taints, change, overwrite)
	if err != nil {
		return "", err
	}
	data, err := api.MarshalJSON(map[string]any{"taints": taints})
	if err != nil {
		return "", err
	}
	plain, err := parseObject(data)
	if err != nil {
		return "", err
	}
	m.object.set(plain["taints"], "spec", "taints")
	return done, nil
}

func takenTaints(old, added []api.Taint) string {
	var keys []string
	for _, t := range added {
		if slices.ContainsFunc(old, func(o api.Taint) bool { return sameTaint(o, t) }) {
			keys = append(keys, t.Key)
		}
	}
	return strings.Join(keys, ",")
}

// changeTaints returns the new list, new ones first, and what the change is called.
func changeTaints(old []api.Taint, change *taintChange, overwrite bool) (taints []api.Taint, done string, err error) {
	taints = slices.Clone(change.add)
	for _, t := range old {
		if !slices.ContainsFunc(change.add, func(n api.Taint) bool { return sameTaint(n, t) }) {
			taints = append(taints, t)
		}
	}
	added := len(taints) != len(old)
	removed := false
	var errs []error
	for _, r := range change.remove {
		before := len(taints)
		taints = slices.DeleteFunc(taints, func(t api.Taint) bool { return t.Key == r.Key && (r.Effect == "" || t.Effect == r.Effect) })
		if removed = len(taints) < before; !removed {
			text := r.Key
			if r.Effect != "" {
				text += ":" + string(r.Effect)
			}
			errs = append(errs, fmt.Errorf("taint %q not found", text))
		}
	}
	switch {
	case added && removed || overwrite:
		done = "modified"
	case added:
		done = "tainted"
	default:
		done = "untainted"
	}
	return taints, done, errors.Join(errs...)
}
