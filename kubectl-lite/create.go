package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// createOptions are the flags that all forms of create share.
type createOptions struct {
	changeFlags
	files      fileFlags
	validate   string
	saveConfig bool
}

func newCreate(s *session) *cobra.Command {
	var o createOptions
	cmd := &cobra.Command{
		Use:   "create -f FILENAME",
		Short: "Create a resource from a file or from stdin",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(o.files.names) == 0 {
				return errors.New("must specify one of -f and -k")
			}
			return s.createFromFiles(cmd.Context(), &o)
		},
	}
	o.add(cmd)
	o.files.add(cmd, "to use to create the resource")
	cmd.AddCommand(newCreateDeployment(s), newCreateNamespace(s), newCreateConfigMap(s), newCreateSecret(s), newCreateServiceAccount(s))
	return cmd
}

func (o *createOptions) add(cmd *cobra.Command) {
	o.changeFlags.add(cmd, "kubectl-create")
	cmd.Flags().StringVar(&o.validate, "validate", "strict", "Must be one of: strict (or true), warn, ignore (or false)")
	cmd.Flags().Lookup("validate").NoOptDefVal = "strict"
	cmd.Flags().BoolVar(&o.saveConfig, "save-config", false, "Save the configuration in the object's annotation, for a later apply")
}

// createFromFiles creates every object, and goes on past those that fail.
func (s *session) createFromFiles(ctx context.Context, o *createOptions) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	manifests, err := s.manifests(ctx, o.files)
	errs := []error{err}
	if len(manifests) == 0 && err == nil {
		return errors.New("no objects passed to create")
	}
	for i := range manifests {
		errs = append(errs, s.createOne(ctx, o, &manifests[i]))
	}
	return errors.Join(errs...)
}

func (s *session) createOne(ctx context.Context, o *createOptions, m *manifest) error {
	if o.saveConfig {
		m.object = withLastApplied(m.object)
	}
	if o.dryRun != "client" {
		query := o.query()
		query.Set("fieldValidation", fieldValidation(o.validate))
		resp, err := s.do(ctx, client.Request{Method: http.MethodPost, Path: m.path(""), Query: query, Body: m.object.json()})
		if err != nil {
			return addSource("creating", m.source, err)
		}
		if m.object, err = parseObject(resp.Body); err != nil {
			return err
		}
	}
	return s.report(ctx, &o.changeFlags, m, "created")
}

// createTyped creates an object that a generator made.
func (s *session) createTyped(ctx context.Context, o *createOptions, obj api.Object) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	api.SetTypeMeta(obj)
	data, err := api.MarshalJSON(obj)
	if err != nil {
		return err
	}
	generated, err := parseObject(data)
	if err != nil {
		return err
	}
	kind := api.KindFor(obj)
	m := manifest{object: generated, resource: &client.APIResource{
		GroupVersion: kind.GroupVersion, Kind: kind.Kind, Plural: kind.Plural, Namespaced: kind.Namespaced,
	}}
	// On the way to a file the namespace is left to whoever applies it, unless it was asked for.
	if o.dryRun != "client" {
		if _, err := s.connect(); err != nil {
			return err
		}
	}
	if kind.Namespaced && (o.dryRun != "client" || s.flags.namespace != "") {
		m.object.set(s.namespace(), "metadata", "namespace")
	}
	err = s.createOne(ctx, o, &m)
	var refused *api.StatusError
	if errors.As(err, &refused) && refused.ErrStatus.Reason != api.StatusReasonInvalid && kind.Namespaced {
		return fmt.Errorf("failed to create %s: %s", kind.Singular, err.Error())
	}
	return err
}
