package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"kubelite/client"
)

// selection is the flags by which commands that act on several objects say which ones, beside their arguments.
type selection struct {
	files         fileFlags
	selector      string
	fieldSelector string
	all           bool
	allNamespaces bool
}

func (sel *selection) add(cmd *cobra.Command, purpose string) {
	sel.files.add(cmd, purpose)
	cmd.Flags().StringVarP(&sel.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().BoolVar(&sel.all, "all", false, "Select all resources in the namespace of the specified resource types")
}

// selectObjects finds the objects: those of the files, those named, or those that match. With live the objects are read from
// the server, else named ones hold no more than their name. What was found is returned beside the errors.
func (s *session) selectObjects(ctx context.Context, sel *selection, args []string, live bool) ([]manifest, error) {
	var all []manifest
	var errs []error
	if len(sel.files.names) > 0 {
		if len(args) > 0 {
			return nil, errors.New("when paths, URLs, or stdin is provided as resource input, you may not specify resource arguments as well")
		}
		found, err := s.manifests(ctx, sel.files)
		all, errs = found, append(errs, err)
	} else {
		if len(args) == 0 {
			return nil, errors.New(`You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`)
		}
		found, err := s.selectByArgs(ctx, sel, args)
		if err != nil {
			return nil, err
		}
		all = found
	}
	if !live {
		return all, errors.Join(errs...)
	}
	var existing []manifest
	for _, m := range all {
		if m.object.text("metadata", "uid") == "" || m.source != "" {
			o, err := s.getObject(ctx, m.resource, m.object.namespace(), m.object.name())
			if err != nil {
				errs = append(errs, err)
				continue
			}
			m.object = o
		}
		existing = append(existing, m)
	}
	return existing, errors.Join(errs...)
}

func (s *session) selectByArgs(ctx context.Context, sel *selection, args []string) ([]manifest, error) {
	targets, err := s.targets(ctx, args)
	if err != nil {
		return nil, err
	}
	var all []manifest
	for _, t := range targets {
		r := t.resource
		namespace := s.scope(r)
		for _, name := range t.names {
			if sel.selector != "" || sel.fieldSelector != "" || sel.all {
				return nil, errors.New("name cannot be provided when a selector is specified")
			}
			o := object{"kind": r.Kind, "apiVersion": r.APIVersion(), "metadata": map[string]any{"name": name}}
			if namespace != "" {
				o.set(namespace, "metadata", "namespace")
			}
			all = append(all, manifest{object: o, resource: r})
		}
		if len(t.names) > 0 {
			continue
		}
		if sel.selector == "" && sel.fieldSelector == "" && !sel.all && !sel.allNamespaces {
			return nil, errors.New("resource(s) were provided, but no name was specified")
		}
		if sel.allNamespaces {
			namespace = ""
		}
		items, err := s.listObjects(ctx, r, namespace, client.ListOptions{LabelSelector: sel.selector, FieldSelector: sel.fieldSelector})
		if err != nil {
			return nil, err
		}
		for _, o := range items {
			o["kind"], o["apiVersion"] = r.Kind, r.APIVersion()
			all = append(all, manifest{object: o, resource: r})
		}
	}
	return all, nil
}

// changeFlags are shared by the commands that write: --dry-run, -o and --field-manager.
type changeFlags struct {
	dryRun  string
	output  string
	manager string
}

func (c *changeFlags) add(cmd *cobra.Command, manager string) {
	cmd.Flags().StringVar(&c.dryRun, "dry-run", "none", "Must be \"none\", \"server\", or \"client\"")
	cmd.Flags().Lookup("dry-run").NoOptDefVal = "unchanged"
	cmd.Flags().StringVarP(&c.output, "output", "o", "", "Output format: json, yaml, name, jsonpath=TEMPLATE")
	cmd.Flags().StringVar(&c.manager, "field-manager", manager, "Name of the manager used to track field ownership")
}

func (c *changeFlags) validate() error {
	switch c.dryRun {
	case "none", "server", "client":
		return nil
	case "unchanged": // --dry-run without a value
		return errors.New(`--dry-run flag without a value was specified. A value must be set: "none", "server", or "client".`)
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
	if c.output != "" {
		p, err := newPrinter(c.output, false, s.nameOf(ctx))
		if err != nil {
			return err
		}
		if p != nil {
			return p.print(s.Out, m.object)
		}
	}
	_, err := fmt.Fprintf(s.Out, "%s %s%s\n", m.display(), done, c.suffix())
	return err
}

func (c *changeFlags) suffix() string {
	switch c.dryRun {
	case "server":
		return " (server dry run)"
	case "client":
		return " (dry run)"
	}
	return ""
}
