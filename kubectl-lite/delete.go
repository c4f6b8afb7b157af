package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// deleteOptions are the flags of delete.
type deleteOptions struct {
	selection
	changeFlags
	force         bool
	now           bool
	gracePeriod   int64
	wait          bool
	timeout       time.Duration
	cascade       string
	ignoreMissing bool
	limit         int
	interactive   bool
}

func newDelete(s *session) *cobra.Command {
	var o deleteOptions
	var raw string
	cmd := &cobra.Command{
		Use:               "delete ([-f FILENAME] | TYPE [(NAME | -l label | --all)])",
		Short:             "Delete resources by file names, stdin, resources and names, or by resources and label selector",
		ValidArgsFunction: s.completeObjects(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if raw != "" && o.interactive {
				return errors.New("--interactive can not be used with --raw")
			}
			if raw != "" {
				return s.sendRaw(cmd.Context(), http.MethodDelete, raw, o.files, o.output)
			}
			ignore := cmd.Flags().Changed("ignore-not-found")
			if o.all && !ignore { // what is gone between the list and its deletion is what was wanted
				o.ignoreMissing = true
			}
			return s.delete(cmd.Context(), &o, args)
		},
	}
	o.selection.add(cmd, "containing the resource to delete.")
	o.changeFlags.add(cmd, "kubectl-delete")
	f := cmd.Flags()
	f.StringVar(&o.fieldSelector, "field-selector", "", "Selector (field query) to filter on")
	f.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "Delete across all namespaces what the selector finds")
	f.BoolVar(&o.force, "force", false, "Immediately remove resources from the API and bypass graceful deletion")
	f.BoolVar(&o.now, "now", false, "Signal resources for immediate shutdown (same as --grace-period=1)")
	f.Int64Var(&o.gracePeriod, "grace-period", -1, "Period of time in seconds given to the resource to terminate gracefully. Ignored if negative.")
	f.BoolVar(&o.wait, "wait", true, "Wait for resources to be gone before returning")
	f.DurationVar(&o.timeout, "timeout", 0, "The length of time to wait before giving up on a delete, zero means no limit")
	f.StringVar(&o.cascade, "cascade", "background", "Must be \"background\", \"orphan\", or \"foreground\": what happens to the objects that this one owns")
	f.Lookup("cascade").NoOptDefVal = "background"
	f.BoolVar(&o.ignoreMissing, "ignore-not-found", false, "Treat \"resource not found\" as a successful delete")
	f.StringVar(&raw, "raw", "", "Raw URI to DELETE to the server.  Uses the transport specified by the kubeconfig file.")
	f.BoolVarP(&o.interactive, "interactive", "i", false, "If true, delete resource only when user confirms.")
	f.IntVar(&o.limit, "limit", 0, "Delete at most so many of the objects that a selector finds (0: all)")
	return cmd
}

func (s *session) delete(ctx context.Context, o *deleteOptions, args []string) error {
	options, err := o.options()
	if err != nil {
		return err
	}
	if o.force && *options.GracePeriodSeconds == 0 {
		fmt.Fprintln(s.Err, "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.")
	}
	found, err := s.selectObjects(ctx, &o.selection, args, false)
	errs := []error{err}
	if o.limit > 0 && len(found) > o.limit {
		found = found[:o.limit]
	}
	if o.interactive && err != nil {
		return err
	}
	if o.interactive && len(found) > 0 && !s.confirmed(found) {
		fmt.Fprintln(s.Out, "deletion is cancelled")
		return nil
	}
	type gone struct {
		manifest
		uid string
	}
	var deleted []gone
	for _, m := range found {
		uid, err := s.deleteOne(ctx, o, &m, options)
		switch {
		case err == nil:
			deleted = append(deleted, gone{m, uid})
		case !o.ignoreMissing || !api.IsNotFound(err):
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(deleted) == 0 && !o.ignoreMissing || len(found) == 0 {
		fmt.Fprintln(s.Out, "No resources found")
		return nil
	}
	if !o.wait || o.dryRun != "none" {
		return nil
	}
	for _, m := range deleted {
		if err := s.waitGone(ctx, m.resource, m.object.namespace(), m.object.name(), m.uid, o.timeout); err != nil {
			return err
		}
	}
	return nil
}

// confirmed asks whether these objects may go.
func (s *session) confirmed(found []manifest) bool {
	fmt.Fprintf(s.Out, "You are about to delete the following %d resource(s):\n", len(found))
	for i := range found {
		fmt.Fprintln(s.Out, found[i].display())
	}
	fmt.Fprint(s.Out, "Do you want to continue? (y/N): ")
	var answer string
	_, err := fmt.Fscanln(s.In, &answer)
	return err == nil && strings.EqualFold(answer, "y")
}

func (o *deleteOptions) options() (*api.DeleteOptions, error) {
	if err := o.changeFlags.validate(); err != nil {
		return nil, err
	}
	if o.all && o.selector != "" {
		return nil, errors.New("setting 'all' parameter but found a non empty selector.")
	}
	grace := o.gracePeriod
	switch {
	case o.now && grace != -1:
		return nil, errors.New("--now and --grace-period cannot be specified together")
	case o.now:
		grace = 1
	case o.force && grace > 0:
		return nil, errors.New("--force and --grace-period greater than 0 cannot be specified together")
	case o.force:
		grace = 0
	case grace == 0:
		grace = 1 // only --force may skip the node's word that nothing runs any more
	}
	o.gracePeriod = grace
	options := &api.DeleteOptions{TypeMeta: api.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"}}
	if grace >= 0 {
		options.GracePeriodSeconds = &grace
	}
	policy, err := cascadePolicy(o.cascade)
	if err != nil {
		return nil, err
	}
	options.PropagationPolicy = &policy
	if o.dryRun == "server" {
		options.DryRun = []string{"All"}
	}
	return options, nil
}

// cascadePolicy reads --cascade.
func cascadePolicy(flag string) (api.DeletionPropagation, error) {
	switch flag {
	case "background", "true":
		return api.DeletePropagationBackground, nil
	case "orphan", "false":
		return api.DeletePropagationOrphan, nil
	case "foreground":
		return api.DeletePropagationForeground, nil
	}
	return "", fmt.Errorf(`invalid cascade value (%v). Must be "background", "foreground", or "orphan"`, flag)
}

// deleteOne returns the UID of what it deleted, by which an object that is made again under the same name is told apart.
func (s *session) deleteOne(ctx context.Context, o *deleteOptions, m *manifest, options *api.DeleteOptions) (uid string, err error) {
	if o.dryRun != "client" {
		body, err := api.MarshalJSON(options)
		if err != nil {
			return "", err
		}
		resp, err := s.do(ctx, client.Request{Method: http.MethodDelete, Path: m.path(m.object.name()), Body: body})
		if err != nil {
			return "", addSource("deleting", m.source, err)
		}
		answer, err := parseObject(resp.Body)
		if err != nil {
			return "", err
		}
		// The object while it lingers, a Status when it is gone.
		if uid = answer.text("metadata", "uid"); answer.kind() == "Status" {
			uid = answer.text("details", "uid")
		}
	}
	s.reportDeleted(o, m)
	return uid, nil
}

func (s *session) reportDeleted(o *deleteOptions, m *manifest) {
	if o.output == "name" {
		fmt.Fprintln(s.Out, m.display())
		return
	}
	done := "deleted"
	if o.gracePeriod == 0 {
		done = "force deleted"
	}
	if m.resource.Namespaced {
		done += " from " + m.object.namespace() + " namespace"
	}
	kind, _, _ := strings.Cut(m.display(), "/")
	fmt.Fprintf(s.Out, "%s \"%s\" %s%s\n", kind, m.object.name(), done, o.suffix())
}
