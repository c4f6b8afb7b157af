package kubectllite

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// An ApplySet is a set of objects that were applied together. Each member has a label with the set's id; the parent, a
// Secret if nothing else is asked for, has the same id and notes which kinds and namespaces the members are in, so that
// pruning lists only there (enhancement 3659, upstream's apply/applyset.go):
//
//	apply   note kinds and namespaces of before and of now ─▶ apply all ─▶ delete members not applied ─▶ note those of now
//
// Invariant: the parent's note covers every member at any time, also after a failure between any two of these steps.
const (
	applySetID         = "applyset.kubernetes.io/id"
	applySetPartOf     = "applyset.kubernetes.io/part-of"
	applySetTooling    = "applyset.kubernetes.io/tooling"
	applySetKinds      = "applyset.kubernetes.io/contains-group-kinds"
	applySetResources  = "applyset.kubernetes.io/contains-group-resources" // what kubectl wrote before applySetKinds
	applySetNamespaces = "applyset.kubernetes.io/additional-namespaces"
	applySetParentType = "applyset.kubernetes.io/is-parent-type"

	// applySetTool is who manages the sets: kubectl, for both tools may be used on the same set. A third one is refused.
	applySetTool = "kubectl"
)

// applySet is one set while it is applied.
type applySet struct {
	parent    *client.APIResource
	name      string
	namespace string

	before, now applySetScope
}

// applySetScope is where members are: kinds as "Deployment.apps", and namespaces.
type applySetScope struct{ kinds, namespaces map[string]bool }

func newApplySetScope() applySetScope {
	return applySetScope{kinds: map[string]bool{}, namespaces: map[string]bool{}}
}

// newApplySet reads a reference such as "shop", "configmaps/shop" or "shops.example.com/one".
func (s *session) newApplySet(ctx context.Context, ref string) (*applySet, error) {
	word, name, typed := strings.Cut(ref, "/")
	if !typed {
		word, name = "secrets", ref
	}
	invalid := func(err error) error { return fmt.Errorf("invalid parent reference %q: %w", ref, err) }
	if name == "" {
		return nil, invalid(fmt.Errorf("name cannot be blank"))
	}
	all, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	r := client.FindResource(all, word)
	if r == nil {
		resource, group, _ := strings.Cut(word, ".")
		return nil, invalid(fmt.Errorf("no matches for %s/, Resource=%s", group, resource))
	}
	set := &applySet{parent: r, name: name, before: newApplySetScope(), now: newApplySetScope()}
	if r.Namespaced { // only the flag counts: a set must not depend on the context of the day
		set.namespace = s.flags.namespace
	}
	return set, nil
}

// id is the label's value, made of what identifies the parent.
func (set *applySet) id() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{set.name, set.namespace, set.parent.Kind, set.parent.Group}, ".")))
	return "applyset-" + base64.RawURLEncoding.EncodeToString(sum[:]) + "-v1"
}

// display names the parent in messages.
func (set *applySet) display() string {
	return fmt.Sprintf("%s.%s/%s", set.parent.Plural, set.parent.Group, set.name)
}

// builtInParent tells whether the parent is of a kind that every cluster has and apply may make.
func (set *applySet) builtInParent() bool {
	return set.parent.Group == "" && (set.parent.Plural == "secrets" || set.parent.Plural == "configmaps")
}

// validateApplySet refuses a parent that cannot be one.
func (s *session) validateApplySet(ctx context.Context, set *applySet) error {
	if set.parent.Namespaced && set.namespace == "" {
		return fmt.Errorf("namespace is required to use namespace-scoped ApplySet")
	}
	if set.builtInParent() {
		return nil
	}
	crds, err := s.resource(ctx, "customresourcedefinitions.apiextensions.k8s.io")
	if err != nil {
		return fmt.Errorf("identifying allowed custom resource parent types: %w", err)
	}
	permitted, err := s.listObjects(ctx, crds, "", client.ListOptions{LabelSelector: applySetParentType})
	if err != nil {
		return fmt.Errorf("identifying allowed custom resource parent types: %w", err)
	}
	if !slices.ContainsFunc(permitted, func(crd object) bool { return crd.name() == set.parent.Resource() }) {
		return fmt.Errorf("resource %q is not permitted as an ApplySet parent", fmt.Sprintf("%s/%s, Resource=%s", set.parent.Group, set.parent.Version, set.parent.Plural))
	}
	return nil
}

// addMembers labels the manifests as members.
func (set *applySet) addMembers(manifests []manifest) error {
	for i := range manifests {
		m := &manifests[i]
		labels, _ := m.object.at("metadata", "labels").(map[string]any)
		if labels == nil {
			labels = map[string]any{}
			m.object.set(labels, "metadata", "labels")
		}
		if _, taken := labels[applySetPartOf]; taken {
			return fmt.Errorf("ApplySet label %q already set in input data", applySetPartOf)
		}
		labels[applySetPartOf] = set.id()
		set.now.kinds[groupKind(m.resource)] = true
		if m.resource.Namespaced {
			set.now.namespaces[m.object.namespace()] = true
		}
	}
	return nil
}

func groupKind(r *client.APIResource) string {
	if r.Group == "" {
		return r.Kind
	}
	return r.Kind + "." + r.Group
}

// readParent learns where members were before. A parent that does not exist yet is an empty set.
func (s *session) readParent(ctx context.Context, set *applySet) error {
	parent, err := s.getObject(ctx, set.parent, set.namespace, set.name)
	switch {
	case api.IsNotFound(err) && set.builtInParent():
		return nil
	case api.IsNotFound(err):
		return fmt.Errorf("custom resource ApplySet parents cannot be created automatically")
	case err != nil:
		return fmt.Errorf("failed to fetch ApplySet parent object %q: %w", set.display(), err)
	}
	tooling := parent.text("metadata", "annotations", applySetTooling)
	tool := tooling
	if i := strings.LastIndex(tooling, "/"); i >= 0 {
		tool = tooling[:i]
	}
	id, labelled := parent.at("metadata", "labels", applySetID).(string)
	switch {
	case tooling == "":
		return fmt.Errorf("ApplySet parent object %q already exists and is missing required annotation %q", set.display(), applySetTooling)
	case tool != applySetTool:
		return fmt.Errorf("ApplySet parent object %q already exists and is managed by tooling %q instead of %q", set.display(), tool, applySetTool)
	case !labelled:
		return fmt.Errorf("ApplySet parent object %q exists and does not have required label %s", set.display(), applySetID)
	case id != set.id():
		return fmt.Errorf("ApplySet parent object %q exists and has incorrect value for label %q (got: %s, want: %s)", set.display(), applySetID, id, set.id())
	}
	kinds, noted := parent.at("metadata", "annotations", applySetKinds).(string)
	if !noted {
		resources := parent.text("metadata", "annotations", applySetResources)
		if resources == "" {
			return fmt.Errorf("parsing ApplySet annotation on %q: kubectl-lite requires the %q annotation to be set on all ApplySet parent objects", set.display(), applySetKinds)
		}
		for _, word := range splitList(resources) {
			r, err := s.resource(ctx, word)
			if err != nil {
				return fmt.Errorf("parsing ApplySet annotation on %q: invalid group resource in %q annotation: %w", set.display(), applySetResources, err)
			}
			set.before.kinds[groupKind(r)] = true
		}
	}
	for _, kind := range splitList(kinds) {
		if _, err := s.resourceOfGroupKind(ctx, kind); err != nil {
			return fmt.Errorf("parsing ApplySet annotation on %q: could not find mapping for kind in %q annotation: %w", set.display(), applySetKinds, err)
		}
		set.before.kinds[kind] = true
	}
	for _, namespace := range splitList(parent.text("metadata", "annotations", applySetNamespaces)) {
		set.before.namespaces[namespace] = true
	}
	if set.parent.Namespaced {
		set.before.namespaces[set.namespace] = true
	}
	return nil
}

func splitList(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(word string) bool { return word == "" })
}

// resourceOfGroupKind finds the preferred version of a kind such as "Deployment.apps".
func (s *session) resourceOfGroupKind(ctx context.Context, gk string) (*client.APIResource, error) {
	all, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if groupKind(&all[i]) == gk {
			return &all[i], nil
		}
	}
	kind, group, _ := strings.Cut(gk, ".")
	return nil, fmt.Errorf("no matches for kind %q in group %q", kind, group)
}

// writeParent notes where members are.
func (s *session) writeParent(ctx context.Context, set *applySet, o *applyOptions, scope applySetScope) error {
	if o.dryRun == "client" {
		return nil
	}
	namespaces := maps.Clone(scope.namespaces)
	delete(namespaces, set.namespace) // the parent's own goes without saying
	parent := object{
		"kind": set.parent.Kind, "apiVersion": set.parent.APIVersion(),
		"metadata": map[string]any{
			"name":   set.name,
			"labels": map[string]any{applySetID: set.id()},
			"annotations": map[string]any{
				applySetTooling:    applySetTool + "/" + api.KubernetesVersion,
				applySetKinds:      joinSorted(scope.kinds),
				applySetNamespaces: joinSorted(namespaces),
			},
		},
	}
	if set.namespace != "" {
		parent.set(set.namespace, "metadata", "namespace")
	}
	m := &manifest{object: parent, resource: set.parent}
	query := url.Values{"fieldManager": {applySetTool + "-applyset"}, "fieldValidation": {fieldValidation(o.validate)}, "force": {"false"}}
	if o.dryRun == "server" {
		query.Set("dryRun", "All")
	}
	_, err := s.patchObject(ctx, m, api.ApplyPatchType, parent.json(), query)
	if api.IsConflict(err) {
		fmt.Fprintf(s.Err, "Warning: failed to update ApplySet: %v\nApplySet field manager %s-applyset should own these fields. Retrying with conflicts forced.\n", err, applySetTool)
		query.Set("force", "true")
		_, err = s.patchObject(ctx, m, api.ApplyPatchType, parent.json(), query)
	}
	if err != nil {
		return fmt.Errorf("failed to update ApplySet: %w", err)
	}
	return nil
}

func joinSorted(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), ",")
}

// beforeApplySet notes the union of what was and of what will be.
func (s *session) beforeApplySet(ctx context.Context, set *applySet, o *applyOptions) error {
	if err := s.readParent(ctx, set); err != nil {
		return err
	}
	both := newApplySetScope()
	for _, scope := range []applySetScope{set.before, set.now} {
		maps.Copy(both.kinds, scope.kinds)
		maps.Copy(both.namespaces, scope.namespaces)
	}
	return s.writeParent(ctx, set, o, both)
}

// pruneApplySet deletes the members that were not applied. If that fails the parent still has the union, and the next
// apply tries again.
func (s *session) pruneApplySet(ctx context.Context, set *applySet, o *applyOptions, done applied) error {
	var found []manifest
	for _, gk := range slices.Sorted(maps.Keys(set.before.kinds)) {
		r, err := s.resourceOfGroupKind(ctx, gk)
		if err != nil {
			return err
		}
		namespaces := []string{""}
		if r.Namespaced {
			namespaces = slices.Sorted(maps.Keys(set.before.namespaces))
		}
		for _, namespace := range namespaces {
			members, err := s.unapplied(ctx, pruneTarget{r, namespace}, applySetPartOf+"="+set.id(), done)
			if err != nil {
				return fmt.Errorf("listing %s, Kind=%s objects for pruning: %w", r.Group+"/"+r.Version, r.Kind, err)
			}
			found = append(found, members...)
		}
	}
	for i, m := range found {
		if err := s.pruneEach(ctx, o, found[i:i+1]); err != nil {
			return fmt.Errorf("pruning %s %s: %w", groupKind(m.resource), strings.TrimPrefix(m.object.namespace()+"/"+m.object.name(), "/"), err)
		}
	}
	if err := s.writeParent(ctx, set, o, set.now); err != nil {
		return fmt.Errorf("apply and prune succeeded, but ApplySet update failed: %w", err)
	}
	return nil
}
