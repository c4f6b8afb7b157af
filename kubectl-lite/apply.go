package kubectllite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

// lastApplied is the annotation in which apply keeps what it applied. It is the memory that tells a field which the
// user removed from the manifest (delete it) from one that somebody else added (leave it).
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// applyOptions are the flags of apply.
type applyOptions struct {
	changeFlags
	pruneOptions
	files          fileFlags
	selector       string
	validate       string
	force          bool
	overwrite      bool
	serverSide     bool
	forceConflicts bool
	subresource    string
	timeout        time.Duration
}

func newApply(s *session) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply (-f FILENAME | -k DIRECTORY)",
		Short: "Apply a configuration to a resource by file name or stdin",
		Long: `Make the objects in the files so, whether they exist or not. What a manifest does not mention is left as it is;
what an earlier apply set and the manifest no longer has is removed. With --prune whole objects are removed, too, that
an earlier apply made and no manifest has any more.`,
		Args: cobra.NoArgs,
		Example: `  # Everything in a folder, and what a kustomization makes
  kubectl-lite apply -f shop/ -R
  kubectl-lite apply -k overlays/production
  # Delete what an earlier apply with the same label made and the folder no longer has
  kubectl-lite apply -f shop/ --prune -l app=shop`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := cascadePolicy(o.cascade); err != nil {
				return err
			}
			if !o.files.given() {
				return errors.New("must specify one of -f and -k")
			}
			if o.serverSide && !cmd.Flags().Changed("field-manager") {
				o.manager = "kubectl"
			}
			return s.apply(cmd.Context(), &o)
		},
	}
	o.changeFlags.add(cmd, "kubectl-client-side-apply")
	o.files.add(cmd, "contain the configurations to apply.")
	f := cmd.Flags()
	f.StringVarP(&o.selector, "selector", "l", "", "Selector (label query) to filter the manifests on")
	f.StringVar(&o.validate, "validate", "strict", "Must be one of: strict (or true), warn, ignore (or false)")
	f.BoolVar(&o.force, "force", false, "Delete and create again what cannot be patched")
	f.BoolVar(&o.overwrite, "overwrite", true, "Resolve conflicts between the modified and live configuration by using values from the modified configuration")
	f.BoolVar(&o.serverSide, "server-side", false, "Apply runs in the server instead of the client")
	f.BoolVar(&o.forceConflicts, "force-conflicts", false, "With --server-side, take over fields that others manage")
	f.Lookup("validate").NoOptDefVal = "strict"
	f.StringVar(&o.subresource, "subresource", "", "If specified, apply will operate on the subresource of the requested object.  Only allowed when using --server-side.")
	f.DurationVar(&o.timeout, "timeout", 0, "The length of time to wait before giving up on a delete of --force, zero means five minutes")
	o.pruneOptions.add(cmd)
	cmd.AddCommand(newViewLastApplied(s), newSetLastApplied(s))
	return cmd
}

// validateFlags refuses flags that contradict each other.
func (o *applyOptions) validateFlags() error {
	if err := o.changeFlags.validate(); err != nil {
		return err
	}
	switch {
	case o.forceConflicts && !o.serverSide:
		return errors.New("--force-conflicts only works with --server-side")
	case o.dryRun == "client" && o.serverSide:
		return errors.New("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)")
	case o.serverSide && o.force:
		return errors.New("--force cannot be used with --server-side")
	case o.dryRun == "server" && o.force:
		return errors.New("--dry-run=server cannot be used with --force")
	}
	if err := o.pruneOptions.validate(o); err != nil {
		return err
	}
	if o.subresource != "" && !o.serverSide {
		return errors.New("--subresource can only be specified for --server-side")
	}
	return nil
}

// apply applies every object, and goes on past those that fail.
func (s *session) apply(ctx context.Context, o *applyOptions) error {
	var set *applySet
	var allowed []*client.APIResource
	var err error
	if o.applySet != "" {
		if set, err = s.newApplySet(ctx, o.applySet); err != nil {
			return err
		}
	}
	if o.prune {
		if allowed, err = s.prunableResources(ctx, o.allowlist); err != nil {
			return err
		}
	}
	if err := o.validateFlags(); err != nil {
		return err
	}
	if set != nil {
		if err := s.validateApplySet(ctx, set); err != nil {
			return err
		}
	}
	manifests, err := s.manifests(ctx, o.files)
	if err == nil {
		manifests, err = filterManifests(manifests, o.selector)
	}
	errs := []error{err}
	if len(manifests) == 0 && err == nil {
		return errors.New("no objects passed to apply")
	}
	if set != nil {
		if err := set.addMembers(manifests); err != nil {
			return err
		}
		if err := s.beforeApplySet(ctx, set, o); err != nil {
			return err
		}
	}
	done := applied{uids: map[string]bool{}, namespaces: map[string]bool{}}
	if s.flags.namespace != "" {
		done.namespaces[s.flags.namespace] = true
	}
	for i := range manifests {
		m := &manifests[i]
		errs = append(errs, s.applyOne(ctx, o, m))
		done.uids[m.object.text("metadata", "uid")] = true
		if m.resource.Namespaced {
			done.namespaces[m.object.namespace()] = true
		}
	}
	// Only an apply without mistakes knows what is no longer wanted.
	if err := errors.Join(errs...); err != nil || !o.prune {
		return err
	}
	if set != nil {
		return s.pruneApplySet(ctx, set, o, done)
	}
	return s.pruneByLabel(ctx, o, allowed, done)
}

func filterManifests(manifests []manifest, selector string) ([]manifest, error) {
	if selector == "" {
		return manifests, nil
	}
	sel, err := api.ParseSelector(selector)
	if err != nil {
		return nil, err
	}
	var kept []manifest
	for _, m := range manifests {
		labels := map[string]string{}
		given, _ := m.object.at("metadata", "labels").(map[string]any)
		for key, value := range given {
			labels[key] = fmt.Sprint(value)
		}
		if sel.Matches(labels) {
			kept = append(kept, m)
		}
	}
	return kept, nil
}

// applyOne makes one object so, and says which of the three it was: created, configured, or unchanged.
func (s *session) applyOne(ctx context.Context, o *applyOptions, m *manifest) error {
	if m.object.name() == "" {
		if prefix := m.object.text("metadata", "generateName"); prefix != "" {
			return fmt.Errorf("from %s: cannot use generate name with apply", prefix)
		}
	}
	if o.serverSide {
		return s.applyOnServer(ctx, o, m)
	}
	modified := withLastApplied(m.object) // step 1: what the user wants, with the memory for next time
	current, err := s.getObject(ctx, m.resource, m.object.namespace(), m.object.name())
	if api.IsNotFound(err) {
		return s.applyCreate(ctx, o, m, modified)
	}
	if err != nil {
		return addSource("retrieving current configuration of", m.source, err)
	}
	if _, ok := current.at("metadata", "annotations", lastApplied).(string); !ok {
		fmt.Fprintf(s.Err, "Warning: resource %s/%s is missing the %s annotation which is required by kubectl-lite apply. kubectl-lite apply should only be used on resources created declaratively by either kubectl-lite create --save-config or kubectl-lite apply. The missing annotation will be patched automatically.\n",
			m.resource.Plural, m.object.name(), lastApplied)
	}
	return s.applyPatch(ctx, o, m, modified, current)
}

func (s *session) applyCreate(ctx context.Context, o *applyOptions, m *manifest, modified object) error {
	api.DropNulls(modified)
	m.object = modified
	if o.dryRun != "client" {
		created, err := s.postObject(ctx, m, modified, o.writeQuery())
		if err != nil {
			return addSource("creating", m.source, err)
		}
		m.object = created
	}
	return s.report(ctx, &o.changeFlags, m, "created")
}

// maxApplyRetries is how often apply begins anew with one object that others keep writing to.
const maxApplyRetries = 5

func (s *session) applyPatch(ctx context.Context, o *applyOptions, m *manifest, modified, current object) error {
	for attempt := 0; ; attempt++ {
		patchType, patch, err := applyPatchFor(m.resource, modified, current, o.overwrite) // step 2: the difference
		if err != nil {
			return addSource("creating patch for", m.source, err)
		}
		if string(patch) == "{}" {
			m.object = current
			return s.report(ctx, &o.changeFlags, m, "unchanged")
		}
		var patched object
		if o.dryRun == "client" {
			patched, err = patchLocally(m.resource, patchType, current, patch)
		} else {
			patched, err = s.patchObject(ctx, m, patchType, patch, o.writeQuery()) // step 3: send it
		}
		switch {
		case err == nil:
			m.object = patched
			return s.report(ctx, &o.changeFlags, m, "configured")
		case api.IsConflict(err) && attempt < maxApplyRetries:
			if current, err = s.getObject(ctx, m.resource, m.object.namespace(), m.object.name()); err != nil {
				return addSource("retrieving current configuration of", m.source, err)
			}
		case o.force && (api.IsConflict(err) || api.IsInvalid(err)):
			return s.applyReplace(ctx, o, m, modified)
		default:
			return addSource("applying patch", m.source, err)
		}
	}
}

// applyReplace deletes an object that cannot be patched, and creates it again.
func (s *session) applyReplace(ctx context.Context, o *applyOptions, m *manifest, modified object) error {
	path := m.path(m.object.name())
	body, err := o.deletion(false)
	if err != nil {
		return err
	}
	if _, err := s.do(ctx, client.Request{Method: http.MethodDelete, Path: path, Body: body}); err != nil && !api.IsNotFound(err) {
		return addSource("deleting", m.source, err)
	}
	if err := s.waitGone(ctx, m.resource, m.object.namespace(), m.object.name(), "", cmp.Or(o.timeout, 5*time.Minute)); err != nil {
		return err
	}
	api.DropNulls(modified)
	created, err := s.postObject(ctx, m, modified, o.writeQuery())
	if err != nil {
		return addSource("creating", m.source, err)
	}
	m.object = created
	return s.report(ctx, &o.changeFlags, m, "configured")
}

func (s *session) applyOnServer(ctx context.Context, o *applyOptions, m *manifest) error {
	query := o.writeQuery()
	query.Set("force", fmt.Sprint(o.forceConflicts))
	applied, err := s.patchSubresource(ctx, m, o.subresource, api.ApplyPatchType, m.object.json(), query)
	if api.IsConflict(err) {
		return fmt.Errorf("%s%s", err.Error(), conflictAdvice)
	}
	if err != nil {
		return err
	}
	m.object = applied
	return s.report(ctx, &o.changeFlags, m, "serverside-applied")
}

// conflictAdvice is kubectl's, word for word.
const conflictAdvice = `
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the ` + "`--force-conflicts`" + ` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`

// postObject sends a new object and returns what the server made of it.
func (s *session) postObject(ctx context.Context, m *manifest, o object, query url.Values) (object, error) {
	resp, err := s.do(ctx, client.Request{Method: http.MethodPost, Path: m.path(""), Query: query, Body: o.json()})
	if err != nil {
		return nil, err
	}
	return parseObject(resp.Body)
}

func (s *session) patchObject(ctx context.Context, m *manifest, patchType api.PatchType, patch []byte, query url.Values) (object, error) {
	return s.patchSubresource(ctx, m, "", patchType, patch, query)
}

func (s *session) patchSubresource(ctx context.Context, m *manifest, subresource string, patchType api.PatchType, patch []byte, query url.Values) (object, error) {
	path := m.path(m.object.name())
	if subresource != "" {
		path += "/" + subresource
	}
	resp, err := s.do(ctx, client.Request{Method: http.MethodPatch, Path: path, Query: query, Body: patch, ContentType: string(patchType)})
	if err != nil {
		return nil, err
	}
	return parseObject(resp.Body)
}

func (o *applyOptions) writeQuery() url.Values {
	q := o.query()
	q.Set("fieldValidation", fieldValidation(o.validate))
	return q
}

// fieldValidation is the server's name for what --validate asks.
func fieldValidation(flag string) string {
	switch flag {
	case "false", "ignore":
		return "Ignore"
	case "warn":
		return "Warn"
	}
	return "Strict"
}

// withLastApplied returns a copy of a manifest whose annotation holds the manifest itself. The bytes are kubectl's: both
// tools may be used on the same objects, and a difference would look like a change.
func withLastApplied(manifest object) object {
	plain := copyObject(manifest)
	annotations, _ := plain.at("metadata", "annotations").(map[string]any)
	if annotations == nil {
		annotations = map[string]any{}
		plain.set(annotations, "metadata", "annotations")
	}
	delete(annotations, lastApplied)
	text := string(plain.json())
	annotations[lastApplied] = text
	return plain
}

// applyPatchFor computes the patch that turns current into modified: a three-way merge, so that fields which neither
// this manifest nor the last one mentions stay. Kinds that we know merge their lists by key; others merge as plain JSON.
func applyPatchFor(r *client.APIResource, modified, current object, overwrite bool) (api.PatchType, []byte, error) {
	var original []byte
	if text := current.text("metadata", "annotations", lastApplied); text != "" {
		original = []byte(text)
	}
	kind := api.KindByName(api.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind})
	if kind == nil {
		patch, err := api.CreateThreeWayJSONMergePatch(original, modified.json(), current.json())
		return api.MergePatchType, patch, err
	}
	patch, err := api.CreateThreeWayMergePatch(original, modified.json(), current.json(), kind.New(), overwrite)
	return api.StrategicMergePatchType, patch, err
}

func patchLocally(r *client.APIResource, patchType api.PatchType, current object, patch []byte) (object, error) {
	var result []byte
	var err error
	if patchType == api.StrategicMergePatchType {
		kind := api.KindByName(api.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind})
		result, err = api.ApplyStrategicMergePatch(current.json(), patch, kind.New())
	} else if patchType == api.JSONPatchType {
		result, err = api.ApplyJSONPatch(current.json(), patch)
	} else {
		result, err = api.ApplyMergePatch(current.json(), patch)
	}
	if err != nil {
		return nil, err
	}
	return parseObject(result)
}

func copyObject(o object) object { return object(copyValue(map[string]any(o)).(map[string]any)) }

func copyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[key] = copyValue(value)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, value := range v {
			list[i] = copyValue(value)
		}
		return list
	}
	return v
}
