package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"kubelite/api"
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
	var raw string
	cmd := &cobra.Command{
		Use:   "create -f FILENAME",
		Short: "Create a resource from a file or from stdin",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !o.files.given() {
				return errors.New("must specify one of -f and -k")
			}
			if raw != "" {
				return s.sendRaw(cmd.Context(), http.MethodPost, raw, o.files, o.output)
			}
			return s.createFromFiles(cmd.Context(), &o)
		},
	}
	o.add(cmd)
	o.files.add(cmd, "to use to create the resource")
	cmd.Flags().StringVar(&raw, "raw", "", "Raw URI to POST to the server.  Uses the transport specified by the kubeconfig file.")
	cmd.AddCommand(newCreateClusterRole(s), newCreateClusterRoleBinding(s), newCreateConfigMap(s), newCreateCronJob(s), newCreateDeployment(s),
		newCreateIngress(s), newCreateJob(s), newCreateNamespace(s), newCreateDisruptionBudget(s), newCreatePriorityClass(s), newCreateQuota(s),
		newCreateRole(s), newCreateRoleBinding(s), newCreateSecret(s), newCreateService(s), newCreateServiceAccount(s), newCreateToken(s))
	return cmd
}

func (o *createOptions) add(cmd *cobra.Command) { o.addAs(cmd, "kubectl-create") }

func (o *createOptions) addAs(cmd *cobra.Command, manager string) {
	o.changeFlags.add(cmd, manager)
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
	return s.createAs(ctx, o, m, "created")
}

// createAs creates an object and reports it in a command's own word.
func (s *session) createAs(ctx context.Context, o *createOptions, m *manifest, done string) error {
	if o.saveConfig {
		m.object = withLastApplied(m.object)
	}
	if o.dryRun != "client" {
		query := o.query()
		query.Set("fieldValidation", fieldValidation(o.validate))
		created, err := s.postObject(ctx, m, m.object, query)
		if err != nil {
			return addSource("creating", m.source, err)
		}
		m.object = created
	}
	return s.report(ctx, &o.changeFlags, m, done)
}

// createTyped creates an object that a generator made.
func (s *session) createTyped(ctx context.Context, o *createOptions, obj api.Object) error {
	return s.createTypedAs(ctx, o, obj, "created", failedCreate[api.KindFor(obj).Kind])
}

// failedCreate is how generators begin to tell that the server refused their object; some do not.
var failedCreate = map[string]string{
	"ClusterRoleBinding": "clusterrolebinding:", "ConfigMap": "configmap:", "CronJob": "cronjob:", "Deployment": "deployment:", "Ingress": "ingress:",
	"Job": "job:", "PodDisruptionBudget": "poddisruptionbudgets:", "PriorityClass": "priorityclass:", "ResourceQuota": "quota:", "RoleBinding": "rolebinding:",
	"Secret": "secret", "ServiceAccount": "serviceaccount:",
}

func (s *session) createTypedAs(ctx context.Context, o *createOptions, obj api.Object, done, failed string) error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	m, err := generated(obj)
	if err != nil {
		return err
	}
	// On the way to a file the namespace is left to whoever applies it, unless it was asked for.
	if o.dryRun != "client" {
		if _, err := s.connect(); err != nil {
			return err
		}
	}
	if m.resource.Namespaced && (o.dryRun != "client" || s.flags.namespace != "") {
		m.object.set(s.namespace(), "metadata", "namespace")
	}
	if svc, ok := obj.(*api.Service); ok && failed == "" && done == "created" {
		failed = string(svc.Spec.Type) + " service:"
	}
	err = s.createAs(ctx, o, m, done)
	var refused *api.StatusError
	if errors.As(err, &refused) && failed != "" {
		return fmt.Errorf("failed to create %s %s", failed, refused.ErrStatus.Message)
	}
	return err
}

// generated is an object of ours as one that could have come from a file.
func generated(obj api.Object) (*manifest, error) {
	api.SetTypeMeta(obj)
	data, err := api.MarshalJSON(obj)
	if err != nil {
		return nil, err
	}
	o, err := parseObject(data)
	if err != nil {
		return nil, err
	}
	return &manifest{object: o, resource: builtIn(api.KindFor(obj))}, nil
}
