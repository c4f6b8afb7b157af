package apiserver

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"kubelite/api"
)

// write is a request as webhooks and policies are told of it.
type write struct {
	server    *Server
	req       *Request
	operation api.OperationType
	res       *Resource            // through which it came
	kind      api.GroupVersionKind // of the object: a Scale, for deployments/scale
	namespace string
	name      string
	object    api.Object // nil for a deletion
	old       api.Object // nil for a creation
	origin    *write     // the write as it came, if this is it in another version

	objectTree, oldTree any // the objects as expressions see them, once one has asked
}

// newWrite reads what an admission plugin is called with.
func newWrite(s *Server, req *Request, obj, old api.Object) *write {
	w := &write{server: s, req: req, res: req.Resource, namespace: req.Namespace, name: nameOf(req, obj), object: obj, old: old}
	if req.Verb == "deletecollection" {
		w.name = "" // it is one request about all of them; the old object says which one this is
	}
	body := obj
	switch {
	case obj == nil:
		w.operation, body = api.OperationDelete, old
	case old != nil:
		w.operation = api.OperationUpdate
	case req.connects():
		w.operation = api.OperationConnect
	default:
		w.operation = api.OperationCreate
	}
	if w.kind = body.GetTypeMeta().GroupVersionKind(); w.kind.Kind == "" {
		w.kind = req.Resource.GroupVersionKind()
	}
	if w.isNamespace() && w.namespace == "" {
		w.namespace = w.name // a namespace is inside itself, as for roles
	}
	return w
}

// connects tells requests that use an object rather than change it: exec, proxy.
func (r *Request) connects() bool {
	if r.Subresource == "" {
		return false
	}
	sub := r.Resource.Subresources[r.Subresource]
	return sub != nil && sub.LongRunning
}

func (w *write) isNamespace() bool { return w.res.Plural == "namespaces" && w.res.Group == "" }

// exempt tells writes of what webhooks and policies are made from. They are not asked about these, or a bad one could
// keep itself from being removed.
func (w *write) exempt() bool {
	return w.res.Group == "admissionregistration.k8s.io"
}

// admissionOptions are the options of the request as an object: CreateOptions and so on.
func (w *write) admissionOptions() any {
	meta := func(kind string) api.TypeMeta { return api.TypeMeta{Kind: kind, APIVersion: "meta.k8s.io/v1"} }
	query := w.req.Query()
	switch w.operation {
	case api.OperationCreate:
		return &api.CreateOptions{TypeMeta: meta("CreateOptions"), DryRun: query["dryRun"], FieldManager: query.Get("fieldManager"), FieldValidation: query.Get("fieldValidation")}
	case api.OperationUpdate:
		return &api.UpdateOptions{TypeMeta: meta("UpdateOptions"), DryRun: query["dryRun"], FieldManager: query.Get("fieldManager"), FieldValidation: query.Get("fieldValidation")}
	case api.OperationDelete:
		options := api.DeleteOptions{}
		if w.req.deletion != nil {
			options = *w.req.deletion
		}
		options.TypeMeta = meta("DeleteOptions")
		return &options
	}
	return nil
}

// userInfo is who sent the request.
func (w *write) userInfo() api.UserInfo {
	user := w.req.User
	if user == nil {
		return api.UserInfo{}
	}
	info := api.UserInfo{Username: user.Name, UID: user.UID, Groups: user.Groups}
	for key, values := range user.Extra {
		if info.Extra == nil {
			info.Extra = map[string]api.ExtraValue{}
		}
		info.Extra[key] = values
	}
	return info
}

// as is the write as if it had come through another version of the same objects.
func (w *write) as(ctx context.Context, res *Resource) (_ *write, err error) {
	if res == w.res {
		return w, nil
	}
	other := *w
	other.res, other.origin, other.objectTree, other.oldTree = res, w, nil, nil
	if !w.ownKind() {
		return &other, nil // a Scale is the same in all versions
	}
	other.kind = res.GroupVersionKind()
	if other.object, err = convert(ctx, w.res, res, w.object); err != nil {
		return nil, err
	}
	other.old, err = convert(ctx, w.res, res, w.old)
	return &other, err
}

// ownKind tells that the objects are of the resource's kind: most are, but those of some subresources are not.
func (w *write) ownKind() bool { return w.kind == w.res.GroupVersionKind() }

// convert makes an object of one resource that of another one which stores the same objects.
func convert(ctx context.Context, from, to *Resource, obj api.Object) (api.Object, error) {
	if obj == nil {
		return nil, nil
	}
	stored, err := from.toStored(ctx, api.DeepCopy(obj))
	if err != nil || to.View == nil {
		return stored, err
	}
	shown, err := to.View.FromStored(ctx, []api.Object{stored})
	if err != nil {
		return nil, err
	}
	return shown[0], nil
}

// replace puts a new state of the object, in the version that was seen, where the object of the write is.
func (w *write) replace(ctx context.Context, seen *write, obj api.Object) (err error) {
	if seen.res != w.res && w.ownKind() {
		if obj, err = convert(ctx, seen.res, w.res, obj); err != nil {
			return err
		}
	}
	reflect.ValueOf(w.object).Elem().Set(reflect.ValueOf(obj).Elem())
	w.objectTree = nil
	return nil
}

// namespaceLabels are the labels that namespace selectors look at; in tells whether the object is in a namespace at
// all, or is one.
func (w *write) namespaceLabels(ctx context.Context) (labels map[string]string, in bool, err error) {
	if w.isNamespace() && w.req.Subresource == "" && w.object != nil {
		return w.object.GetObjectMeta().Labels, true, nil // nobody has stored these labels yet
	}
	if w.namespace == "" {
		return nil, w.isNamespace(), nil
	}
	ns, err := w.server.namespaceAttributes(ctx, w.namespace)
	if err != nil {
		return nil, true, err
	}
	return ns.labels, true, nil
}

// inSelectedNamespace tells whether a namespace selector picks the write. What is in no namespace is always picked.
func (w *write) inSelectedNamespace(ctx context.Context, selector api.Selector) (bool, error) {
	if selector.Empty() {
		return true, nil
	}
	labels, in, err := w.namespaceLabels(ctx)
	if err != nil || !in {
		return err == nil, err
	}
	return selector.Matches(labels), nil
}

// selectedObject tells whether an object selector picks the write: by the labels before it or after it.
func (w *write) selectedObject(selector api.Selector) bool {
	if selector.Empty() {
		return true
	}
	matches := func(obj api.Object) bool { return obj != nil && selector.Matches(obj.GetObjectMeta().Labels) }
	return matches(w.object) || matches(w.old)
}

// matched finds the resource by which a rule picks the write: its own, or with the policy Equivalent another version of
// it. Nil: no rule does.
func (w *write) matched(rules []api.RuleWithOperations, policy api.MatchPolicyType) *Resource {
	for i := range rules {
		if w.matchesRule(&rules[i], w.res) {
			return w.res
		}
	}
	if policy != api.MatchPolicyEquivalent {
		return nil
	}
	for i := range rules { // the first rule decides which version is wanted
		for _, res := range w.server.rows() {
			if res != w.res && res.row == w.res.row && !res.neverStored() && w.matchesRule(&rules[i], res) {
				return res
			}
		}
	}
	return nil
}

func (w *write) matchesRule(rule *api.RuleWithOperations, res *Resource) bool {
	has := func(list []string, word string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, word)
	}
	if !slices.Contains(rule.Operations, w.operation) && !slices.Contains(rule.Operations, api.OperationAll) {
		return false
	}
	inNamespace := w.namespace != "" && !w.isNamespace()
	switch api.Deref(rule.Scope, api.AllScopes) {
	case api.NamespacedScope:
		if !inNamespace {
			return false
		}
	case api.ClusterScope:
		if inNamespace {
			return false
		}
	}
	if !has(rule.APIGroups, res.Group) || !has(rule.APIVersions, res.Version) {
		return false
	}
	return slices.ContainsFunc(rule.Resources, func(text string) bool {
		plural, sub, _ := strings.Cut(text, "/")
		return (plural == "*" || plural == res.Plural) && (sub == "*" || sub == w.req.Subresource)
	})
}

// compiled is what was made of all objects of some kinds. It is made again when one of them has changed, so writers
// see a new webhook, or policy, as soon as its creator has been answered.
type compiled[T any] struct {
	make    func() T
	sources []*kindCache
	current atomic.Pointer[compiledAt[T]]
}

type compiledAt[T any] struct {
	value T
	at    []int64 // the revisions of the sources
}

func newCompiled[T any](s *Server, make func() T, kinds ...*Resource) *compiled[T] {
	c := &compiled[T]{make: make}
	for _, res := range kinds {
		c.sources = append(c.sources, s.cache.kind(res))
	}
	return c
}

// get is the value as of now. Two requests may make it at the same time: they make the same.
func (c *compiled[T]) get() T {
	now := c.current.Load()
	if now != nil && c.fresh(now.at) {
		return now.value
	}
	next := &compiledAt[T]{}
	for _, kc := range c.sources { // before the objects are read: what changes in between makes it again
		next.at = append(next.at, kc.lastChange())
	}
	next.value = c.make()
	c.current.Store(next)
	return next.value
}

func (c *compiled[T]) fresh(at []int64) bool {
	for i, kc := range c.sources {
		if kc.lastChange() != at[i] {
			return false
		}
	}
	return true
}

// cached decodes all objects of a kind that the cache has, in the order of their names.
func cached[T api.Object](s *Server) []T {
	res := resourceOf[T](s)
	var list []T
	entries, _ := s.cache.kind(res).list(res.prefix, "")
	for _, e := range entries {
		obj, err := e.object(res)
		if err != nil { // as for selectors: what cannot be read takes part in nothing
			continue
		}
		list = append(list, obj.(T))
	}
	return list
}
