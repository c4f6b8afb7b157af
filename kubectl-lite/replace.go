package kubectllite

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// replaceOptions are the flags of replace.
type replaceOptions struct {
	createOptions
	raw         string
	subresource string
	force       bool
	gracePeriod int64
	timeout     time.Duration
	cascade     string
}

func newReplace(s *session) *cobra.Command {
	var o replaceOptions
	cmd := &cobra.Command{
		Use: "replace -f FILENAME", Short: "Replace a resource by file name or stdin",
		Example: "  kubectl-lite get pod web-1 -o yaml | sed 's/1.28/1.29/' | kubectl-lite replace -f -",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, args []string) error { return s.replace(cmd.Context(), &o) },
	}
	o.addAs(cmd, "kubectl-replace")
	o.files.add(cmd, "contain the configurations to replace.")
	f := cmd.Flags()
	f.StringVar(&o.raw, "raw", "", "Raw URI to PUT to the server.  Uses the transport specified by the kubeconfig file.")
	f.StringVar(&o.subresource, "subresource", "", "If specified, replace will operate on the subresource of the requested object.")
	f.BoolVar(&o.force, "force", false, "If true, delete what is there and create it again")
	f.Int64Var(&o.gracePeriod, "grace-period", -1, "With --force: seconds given to the object to terminate gracefully")
	f.DurationVar(&o.timeout, "timeout", 0, "With --force: how long to wait for the deletion, zero means five minutes")
	f.StringVar(&o.cascade, "cascade", "background", "With --force: what happens to the objects that this one owns")
	f.Lookup("cascade").NoOptDefVal = "background"
	return cmd
}

func (s *session) replace(ctx context.Context, o *replaceOptions) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	switch {
	case !o.files.given():
		return errors.New("must specify one of -f and -k")
	case o.gracePeriod >= 0 && !o.force:
		return errors.New("--grace-period must have --force specified")
	case o.timeout != 0 && !o.force:
		return errors.New("--timeout must have --force specified")
	case o.force && o.dryRun != "none":
		return errors.New("--dry-run can not be used when --force is set")
	case o.raw != "":
		return s.sendRaw(ctx, http.MethodPut, o.raw, o.files, o.output)
	}
	found, err := s.manifests(ctx, o.files)
	errs := []error{err}
	if o.force {
		if err := s.deleteForReplace(ctx, o, found); err != nil {
			return err
		}
	}
	for i := range found {
		if o.force {
			errs = append(errs, s.createAs(ctx, &o.createOptions, &found[i], "replaced"))
		} else {
			errs = append(errs, s.replaceOne(ctx, o, &found[i]))
		}
	}
	return errors.Join(errs...)
}

func (s *session) replaceOne(ctx context.Context, o *replaceOptions, m *manifest) error {
	if o.saveConfig {
		m.object = withLastApplied(m.object)
	}
	if o.dryRun != "client" {
		if err := s.put(ctx, o, m); err != nil {
			return addSource("replacing", m.source, err)
		}
	}
	return s.report(ctx, &o.changeFlags, m, "replaced")
}

// put replaces the object whatever its version is, unless the file names one.
func (s *session) put(ctx context.Context, o *replaceOptions, m *manifest) error {
	body := m.object
	path := m.path(body.name())
	if o.subresource != "" {
		path += "/" + o.subresource
	}
	if body.text("metadata", "resourceVersion") == "" {
		// Some kinds want one: then it is the present one, as for somebody who has just read the object.
		current, err := s.do(ctx, client.Request{Path: path})
		if err != nil {
			return err
		}
		now, err := parseObject(current.Body)
		if err != nil {
			return err
		}
		body = copyObject(body)
		body.set(now.text("metadata", "resourceVersion"), "metadata", "resourceVersion")
	}
	query := o.query()
	query.Set("fieldValidation", fieldValidation(o.validate))
	resp, err := s.do(ctx, client.Request{Method: http.MethodPut, Path: path, Query: query, Body: body.json()})
	if err != nil {
		return err
	}
	m.object, err = parseObject(resp.Body)
	return err
}

func (s *session) deleteForReplace(ctx context.Context, o *replaceOptions, found []manifest) error {
	d := &deleteOptions{changeFlags: o.changeFlags, gracePeriod: o.gracePeriod, cascade: o.cascade, ignoreMissing: true, wait: true}
	options, err := d.options()
	if err != nil {
		return err
	}
	for i := range found {
		m := &found[i]
		uid, err := s.deleteOne(ctx, d, m, options)
		if api.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		timeout := o.timeout
		if timeout == 0 {
			timeout = 5 * time.Minute
		}
		if err := s.waitGone(ctx, m.resource, m.object.namespace(), m.object.name(), uid, timeout); err != nil {
			return err
		}
	}
	return nil
}
