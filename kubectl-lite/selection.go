package kubectllite

import (
	"context"
	"errors"

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
	local         bool // the files are all there is: no server is asked
}

func (sel *selection) add(cmd *cobra.Command, purpose string) {
	sel.files.add(cmd, purpose)
	cmd.Flags().StringVarP(&sel.selector, "selector", "l", "", "Selector (label query) to filter on")
	cmd.Flags().BoolVar(&sel.all, "all", false, "Select all resources in the namespace of the specified resource types")
}

// addAll adds to that the flags by which label and annotate choose, too.
func (sel *selection) addAll(cmd *cobra.Command, purpose string) {
	sel.add(cmd, purpose)
	cmd.Flags().StringVar(&sel.fieldSelector, "field-selector", "", "Selector (field query) to filter on, supports '=', '==', and '!='")
	cmd.Flags().BoolVarP(&sel.allNamespaces, "all-namespaces", "A", false, "If true, check the specified action in all namespaces.")
}

// given tells whether anything says which objects are meant.
func (sel *selection) given(args []string) bool { return len(args) > 0 || sel.files.given() }

// errNothingGiven says that the command line names no objects.
var errNothingGiven = errors.New(`You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`)

// selectObjects finds the objects: those of the files, those named, or those that match. With live the objects are read from
// the server, else named ones hold no more than their name. What was found is returned beside the errors.
func (s *session) selectObjects(ctx context.Context, sel *selection, args []string, live bool) ([]manifest, error) {
	var all []manifest
	var errs []error
	if sel.local {
		return s.localManifests(ctx, sel, args)
	}
	if sel.files.given() {
		if len(args) > 0 {
			return nil, errors.New("when paths, URLs, or stdin is provided as resource input, you may not specify resource arguments as well")
		}
		found, err := s.manifests(ctx, sel.files)
		all, errs = found, append(errs, err)
	} else {
		if len(args) == 0 {
			return nil, errNothingGiven
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
