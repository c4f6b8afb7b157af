package apiserver

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"kubelite/api"
	"kubelite/apiserver/managedfields"
)

// Every write leaves in metadata.managedFields who set which field; package managedfields does the account. It is done
// where upstream does it: after the change, before admission, whose own changes nobody owns.

// fieldKind is what that package must know of a resource, or of one of its subresources.
func (s *Server) fieldKind(res *Resource, subresource string) *managedfields.Kind {
	if k, ok := res.fieldKinds.Load(subresource); ok {
		return k.(*managedfields.Kind)
	}
	kind := res.Kind
	if sub := res.Subresources[subresource]; sub != nil && sub.Kind != nil {
		kind = sub.Kind
	}
	k := &managedfields.Kind{
		GVK: kind.GroupVersionKind(), New: kind.New, Subresource: subresource,
		Convert: func(ctx context.Context, obj api.Object, apiVersion string) (api.Object, *managedfields.Schema) {
			return s.inVersion(ctx, res, obj, apiVersion)
		},
	}
	switch {
	case !kind.Custom:
		k.Schema = managedfields.SchemaOf(kind)
	case res.Schema != nil:
		k.Schema = res.Schema()
	default:
		k.Schema = managedfields.NewSchema(nil)
	}
	for _, path := range res.resets(subresource) {
		k.Resets = append(k.Resets, strings.Split(path, "."))
	}
	loaded, _ := res.fieldKinds.LoadOrStore(subresource, k)
	return loaded.(*managedfields.Kind)
}

// resets are the fields that a write through a subresource, or to the object itself, cannot set. Where there is a status
// subresource, neither can write the half of the other.
func (res *Resource) resets(subresource string) []string {
	if paths, ok := res.Strategy.Resets[subresource]; ok {
		return paths
	}
	switch {
	case subresource == "status" && res.Custom:
		return statusResetsMetadata["status"]
	case subresource == "status":
		return []string{"spec"}
	case res.Subresources["status"] != nil && subresource != "scale":
		return []string{"status"}
	}
	return nil
}

// statusResetsMetadata is for kinds whose status is written alone, without labels and annotations.
var statusResetsMetadata = map[string][]string{"status": {"metadata", "spec"}}

// inVersion makes another version of an object: of a kind that is stored as the same kind.
func (s *Server) inVersion(ctx context.Context, res *Resource, obj api.Object, apiVersion string) (api.Object, *managedfields.Schema) {
	gv := api.ParseGroupVersion(apiVersion)
	other := s.resource(gv.Group, gv.Version, res.Plural)
	if other == nil || other.row != res.row {
		return nil, nil
	}
	obj, err := res.toStored(ctx, api.DeepCopy(obj))
	if err == nil && other.View != nil {
		var objs []api.Object
		if objs, err = other.View.FromStored(ctx, []api.Object{obj}); err == nil {
			obj = objs[0]
		}
	}
	if err != nil {
		return nil, nil
	}
	return obj, s.fieldKind(other, "").Schema
}

// who is the manager that a write is by: the one it names, or the program that sends it.
func (r *Request) who() managedfields.Who {
	who := managedfields.Who{Manager: "kube-apiserver", Time: api.Now()}
	if r.HTTP == nil {
		return who
	}
	who.Manager = ""
	if r.HTTP.URL.RawQuery != "" {
		who.Manager = r.Query().Get("fieldManager")
	}
	if who.Manager == "" {
		who.Manager = managerOf(r.HTTP.UserAgent())
	}
	return who
}

// maxManager is the longest name of a manager.
const maxManager = 128

// managerOf is a program's name: what comes before the first slash of its user agent.
func managerOf(agent string) string {
	name, _, _ := strings.Cut(agent, "/")
	if printable := func(r rune) bool { return r < utf8.RuneSelf && unicode.IsPrint(r) }; len(name) <= maxManager &&
		strings.IndexFunc(name, func(r rune) bool { return !printable(r) }) < 0 {
		return name
	}
	var b strings.Builder
	for _, r := range name {
		if unicode.IsPrint(r) && b.Len()+utf8.RuneLen(r) <= maxManager {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// trackCreate notes the owner of a new object's fields.
func (s *Server) trackCreate(ctx context.Context, req *Request, obj api.Object) {
	req.dropDoubleOwners(obj.GetObjectMeta())
	k := s.fieldKind(req.Resource, req.Subresource)
	s.track(ctx, k, req, k.New(), obj)
}

// tracked is a change that also notes whose it is. change must leave the old object alone.
func (s *Server) tracked(ctx context.Context, req *Request, change func(old api.Object) (api.Object, error)) func(api.Object) (api.Object, error) {
	return func(old api.Object) (api.Object, error) {
		obj, err := change(old)
		if err != nil {
			return nil, err
		}
		req.dropDoubleOwners(obj.GetObjectMeta())
		s.track(ctx, s.fieldKind(req.Resource, req.Subresource), req, old, obj)
		return obj, nil
	}
}

// track sets the entries of obj. A write does not fail because its account does: then there is none.
func (s *Server) track(ctx context.Context, k *managedfields.Kind, req *Request, live, obj api.Object) {
	entries, err := k.Update(ctx, live, obj, req.who())
	if err != nil {
		s.log.Warn("the owners of fields are lost", "kind", k.GVK.Kind, "namespace", req.Namespace, "name", req.Name, "error", err)
	}
	obj.GetObjectMeta().ManagedFields = entries
}

// serveApply serves PATCH with a manager's whole opinion of an object: server-side apply. What does not exist is created.
func (s *Server) serveApply(req *Request) (*Answer, error) {
	if err := req.readPatchOptions(api.ApplyPatchType); err != nil {
		return nil, err
	}
	body, err := req.readPatch()
	if err != nil {
		return nil, err
	}
	patch, duplicates, err := readApply(body)
	if err != nil {
		return nil, err
	}
	ctx, done := req.HTTP.Context(), false
	for {
		answer, err := s.update(ctx, req, func(old api.Object) (api.Object, error) {
			return s.applied(ctx, req, req.Resource.Kind, old, patch, duplicates)
		})
		if !api.IsNotFound(err) || req.Subresource != "" || done {
			return answer, err
		}
		answer, err = s.createByApply(ctx, req, patch, duplicates)
		if !api.IsAlreadyExists(err) {
			return answer, err
		}
		done = true // somebody else created it between
	}
}

// readApply reads the body of an apply, which is YAML.
func readApply(body []byte) (patch map[string]any, duplicates []error, err error) {
	json, duplicates, err := api.YAMLToJSONStrict(body)
	if err != nil {
		return nil, nil, api.NewBadRequest("error decoding YAML: %v", err)
	}
	if err := api.UnmarshalJSON(json, &patch); err != nil {
		return nil, nil, api.NewBadRequest("error decoding YAML: error unmarshaling JSON: while decoding JSON: %v", err)
	}
	return patch, duplicates, nil
}

// applied merges the patch into an object. The result is the old object itself, with other owners, if nothing else
// changes.
func (s *Server) applied(ctx context.Context, req *Request, kind *api.Kind, old api.Object, patch map[string]any, duplicates []error) (api.Object, error) {
	fields := s.fieldKind(req.Resource, req.Subresource)
	result, entries, err := fields.Apply(ctx, old, patch, req.who(), isTrue(req.Query().Get("force")))
	if err != nil {
		return nil, err
	}
	obj := old
	if result != nil {
		if obj, err = objectOf(kind, result); err != nil {
			return nil, api.NewUnexplained("failed to convert new object (%s) to proper version: unable to convert unstructured object to %s: %v",
				fields.Describe(patch), fields.GVK, typesIn(kind.Version, err))
		}
	}
	obj.GetObjectMeta().ManagedFields = entries
	return obj, req.duplicatesInApply(duplicates)
}

// duplicatesInApply is what a careful reader says of a patch with keys that are there twice.
func (r *Request) duplicatesInApply(duplicates []error) error {
	for _, err := range duplicates {
		switch r.fieldValidation() {
		case fieldValidationStrict:
			return api.NewBadRequest("error strict decoding YAML: error converting YAML to JSON: %v", err)
		case fieldValidationWarn:
			for _, text := range api.YAMLMistakes(err) {
				r.Warn(text)
			}
		}
	}
	return nil
}

// objectOf makes an object of a tree, with what it leaves out filled in.
func objectOf(kind *api.Kind, tree map[string]any) (api.Object, error) {
	json, err := api.MarshalJSON(tree)
	if err != nil {
		return nil, err
	}
	obj := kind.New()
	if err := api.UnmarshalJSON(json, obj); err != nil {
		return nil, err
	}
	if kind.Prune != nil {
		kind.Prune(obj) // a schema of which something unknown was no mistake: it preserves nothing
	}
	setTypeMeta(kind, obj)
	if kind.Default != nil {
		kind.Default(obj)
	}
	return obj, nil
}

// createByApply is an apply of a name that does not exist.
func (s *Server) createByApply(ctx context.Context, req *Request, patch map[string]any, duplicates []error) (*Answer, error) {
	obj, err := s.applied(ctx, req, req.Resource.Kind, req.Resource.New(), patch, duplicates)
	if err != nil {
		return nil, err
	}
	return s.createByUpdate(ctx, req, obj)
}
