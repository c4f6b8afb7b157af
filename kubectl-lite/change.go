package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"kubelite/api"
)

// changeFlags are shared by the commands that write: how to print, --dry-run and --field-manager.
type changeFlags struct {
	printFlags
	dryRun  string
	manager string

	// terse leaves out that it was a dry run, as kubectl does of a few commands.
	terse   bool
	printer *printer // one for all objects of a command, made at the first
}

func (c *changeFlags) add(cmd *cobra.Command, manager string) {
	c.printFlags.add(cmd)
	cmd.Flags().StringVar(&c.dryRun, "dry-run", "none", "Must be \"none\", \"server\", or \"client\"")
	cmd.Flags().Lookup("dry-run").NoOptDefVal = "unchanged"
	cmd.Flags().StringVar(&c.manager, "field-manager", manager, "Name of the manager used to track field ownership")
}

func (c *changeFlags) validate() error {
	switch c.dryRun {
	case "none", "server", "client":
		return nil
	case "unchanged": // --dry-run without a value
		c.dryRun = "client"
		return nil
	}
	return fmt.Errorf(`Invalid dry-run value (%v). Must be "none", "server", or "client".`, c.dryRun)
}

// query is the flags as URL parameters of a write.
func (c *changeFlags) query() url.Values {
	q := url.Values{"fieldManager": {c.manager}}
	if c.dryRun == "server" {
		q.Set("dryRun", "All")
	}
	return q
}

// report prints what was done: "deployment.apps/web created", or the object as -o asks.
func (s *session) report(ctx context.Context, c *changeFlags, m *manifest, done string) error {
	if c.printer == nil {
		p, err := c.printFlags.printer(s.nameOf(ctx), changeFormats)
		if err != nil {
			return err
		}
		c.printer = p
	}
	if c.printer != nil {
		return c.printer.printNext(s.Out, m.object)
	}
	_, err := fmt.Fprintf(s.Out, "%s %s%s\n", m.display(), done, c.suffix())
	return err
}

func (c *changeFlags) suffix() string {
	if c.terse {
		return ""
	}
	switch c.dryRun {
	case "server":
		return " (server dry run)"
	case "client":
		return " (dry run)"
	}
	return ""
}

// changeOptions are the flags of a command that changes objects which exist, each in the same way: label, set, taint.
type changeOptions struct {
	selection
	changeFlags
	resourceVersion string
}

func (o *changeOptions) addLocal(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.local, "local", false, "If true, "+cmd.Name()+" will NOT contact api-server but run locally.")
}

// stays tells that nothing is sent.
func (o *changeOptions) stays() bool { return o.local || o.dryRun == "client" }

// errSkip makes changeEach leave an object as it is without a word.
var errSkip = errors.New("skip")

// changeEach lets edit change every object that is selected, sends what it changed as a patch, and reports it in the
// word that edit returns. One object's mistake does not hold back the others.
//
// refused, where it is given, says in a command's own words that the server did not take the patch.
func (s *session) changeEach(ctx context.Context, o *changeOptions, args []string, edit func(m *manifest) (done string, err error), refused ...func(error) error) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	if o.local && o.dryRun == "server" {
		return errors.New("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")
	}
	found, err := s.selectObjects(ctx, &o.selection, args, true)
	if o.resourceVersion != "" && len(found) > 1 {
		return errors.New("--resource-version may only be used with a single resource")
	}
	errs := []error{err}
	for i := range found {
		errs = append(errs, s.changeOne(ctx, o, &found[i], edit, refused...))
	}
	return errors.Join(errs...)
}

func (s *session) changeOne(ctx context.Context, o *changeOptions, m *manifest, edit func(m *manifest) (string, error), refused ...func(error) error) error {
	before := copyObject(m.object)
	done, err := edit(m)
	if errors.Is(err, errSkip) {
		return nil
	}
	if err != nil {
		return err
	}
	if !o.stays() {
		if o.resourceVersion != "" { // it is sent, so that the server compares it
			delete(before["metadata"].(map[string]any), "resourceVersion")
			m.object.set(o.resourceVersion, "metadata", "resourceVersion")
		}
		patchType, patch, err := patchBetween(m, before)
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(patch)) != "{}" {
			if m.object, err = s.patchObject(ctx, m, patchType, patch, o.query()); err != nil {
				for _, in := range refused {
					err = in(err)
				}
				return err
			}
		}
	}
	return s.report(ctx, &o.changeFlags, m, done)
}

// patchBetween is the patch that makes what was before into what m is now: a strategic one for the kinds that we know.
func patchBetween(m *manifest, before object) (api.PatchType, []byte, error) {
	kind := api.KindByName(api.GroupVersionKind{Group: m.resource.Group, Version: m.resource.Version, Kind: m.resource.Kind})
	if kind == nil {
		patch, err := api.CreateJSONMergePatch(before.json(), m.object.json())
		return api.MergePatchType, patch, err
	}
	patch, err := api.CreateTwoWayMergePatch(before.json(), m.object.json(), kind.New())
	return api.StrategicMergePatchType, patch, err
}

// resourcesAndPairs splits arguments into what says which objects, and "KEY=VALUE" or "KEY-".
func resourcesAndPairs(args []string, what string) (resources, pairs []string, err error) {
	resources, pairs, late := splitChanges(args, func(arg string) bool {
		return strings.Contains(arg, "=") && arg[0] != '=' || strings.HasSuffix(arg, "-") && arg != "-"
	})
	if late >= 0 {
		return nil, nil, fmt.Errorf("all resources must be specified before %s changes: %s", what, args[late])
	}
	return resources, pairs, nil
}

// splitChanges splits arguments into what says which objects, and what is to be changed of them, which has to come after it: late is
// the place of one that does not, -1 if all are in order.
func splitChanges(args []string, isChange func(arg string) bool) (resources, changes []string, late int) {
	for i, arg := range args {
		switch {
		case isChange(arg):
			changes = append(changes, arg)
		case len(changes) > 0:
			return nil, nil, i
		default:
			resources = append(resources, arg)
		}
	}
	return resources, changes, -1
}

// parsePairs reads "KEY=VALUE" into what to set and, where that is allowed, "KEY-" into what to remove.
func parsePairs(args []string, what string, mayRemove bool) (set map[string]string, remove []string, err error) {
	set = map[string]string{}
	var invalid []string
	for _, arg := range args {
		key, value, isPair := strings.Cut(arg, "=")
		switch {
		case isPair && key != "":
			set[key] = value
		case mayRemove && strings.HasSuffix(arg, "-") && arg != "-":
			remove = append(remove, strings.TrimSuffix(arg, "-"))
		default:
			invalid = append(invalid, arg)
		}
	}
	if len(invalid) > 0 {
		return nil, nil, fmt.Errorf("invalid %s format: %s", what, strings.Join(invalid, ", "))
	}
	return set, remove, nil
}
