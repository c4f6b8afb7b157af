package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"kubelite/api"
	"kubelite/client"
)

// History in ControllerRevisions: each is a template that a StatefulSet or DaemonSet once had, with a number that grows.
// Pods say in a label which revision they were made from; `kubectl rollout undo` writes an older one back.

// revisions is the history of one object.
type revisions struct {
	resource  client.Resource[*api.ControllerRevision]
	owner     api.Object
	hashLabel string                    // the label of a revision that has the hash of its data
	all       []*api.ControllerRevision // oldest first
}

// hashLabels of the kinds that have a history.
const (
	statefulHashLabel = "controller.kubernetes.io/hash"
	daemonHashLabel   = api.LabelControllerRevisionHash
)

// wakeOwners has the owners of a kind look again when the cache shows a revision: what they decided before may have a wrong number.
func wakeOwners(cache *client.Informer[*api.ControllerRevision], kind string, queue *client.Queue) {
	cache.OnChange(func(_, now *api.ControllerRevision, revision int64) {
		if now == nil {
			return
		}
		if ref := api.ControllerOf(now); ref != nil && ref.Kind == kind {
			queue.Add(api.Key{Namespace: now.Namespace, Name: ref.Name}, revision)
		}
	})
}

// history reads an object's revisions, after adoption.
func history(ctx context.Context, c *client.Client, cache *client.Informer[*api.ControllerRevision], owner api.Object, hashLabel string, selector api.Selector,
	readOwner func(context.Context) (api.Object, error)) (*revisions, error) {
	h := &revisions{resource: client.Of[*api.ControllerRevision](c), owner: owner, hashLabel: hashLabel}
	claim := claimer[*api.ControllerRevision]{resource: h.resource, owner: owner, selector: selector, readOwner: readOwner}
	var err error
	if h.all, err = claim.claim(ctx, ownedAndOrphans(cache, owner)); err != nil {
		return nil, err
	}
	slices.SortFunc(h.all, func(a, b *api.ControllerRevision) int {
		if a.Revision != b.Revision {
			return int(a.Revision - b.Revision)
		}
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	})
	return h, nil
}

// named is the revision of that name, nil if there is none.
func (h *revisions) named(name string) *api.ControllerRevision {
	for _, r := range h.all {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// record is the revision of the present template: the newest if that is it, an older one with a new number if the
// template was like that before (or had the number of one that the cache did not show), else a new one. collisions counts how often the name of another one was in the way. An object
// that is being deleted gets no new ones, since its dependents may be orphans already: then it is nil.
func (h *revisions) record(ctx context.Context, template *api.PodTemplateSpec, collisions *int32) (*api.ControllerRevision, error) {
	data, err := templateData(template)
	if err != nil {
		return nil, err
	}
	next := int64(1)
	if n := len(h.all); n > 0 {
		next = h.all[n-1].Revision + 1
	}
	for i, r := range slices.Backward(h.all) {
		if !sameJSON(r.Data.Raw, data) {
			continue
		}
		if i == len(h.all)-1 && (i == 0 || h.all[i-1].Revision < r.Revision) {
			return r, nil
		}
		update := *r
		update.Revision = next
		ctx = client.Because(ctx, "the template is that of revision %d, which is not the newest: make it revision %d", r.Revision, next)
		return h.resource.Update(ctx, &update)
	}
	meta := h.owner.GetObjectMeta()
	if meta.DeletionTimestamp != nil {
		return nil, nil
	}
	ctx = client.Because(ctx, "the template changed: keep it as revision %d", next)
	for {
		hash := revisionHash(data, *collisions)
		revision := api.New[*api.ControllerRevision]()
		revision.ObjectMeta = api.ObjectMeta{
			Name: meta.Name + "-" + hash, Namespace: meta.Namespace, Labels: maps.Clone(template.Labels), Annotations: meta.Annotations,
			OwnerReferences: []api.OwnerReference{api.NewControllerRef(h.owner)},
		}
		if revision.Labels == nil {
			revision.Labels = map[string]string{}
		}
		revision.Labels[h.hashLabel] = hash
		revision.Data, revision.Revision = api.RawExtension{Raw: data}, next
		created, err := h.resource.Create(ctx, revision)
		if !api.IsAlreadyExists(err) {
			return created, err
		}
		existing, err := h.resource.Get(ctx, meta.Namespace, revision.Name)
		if err != nil {
			return nil, err
		}
		if sameJSON(existing.Data.Raw, data) && api.IsControlledBy(existing, h.owner) {
			return existing, nil // made by a pass before, and not in the cache yet
		}
		*collisions++
	}
}

// truncate deletes the oldest revisions that nothing refers to and that are more than are to be kept.
func (h *revisions) truncate(ctx context.Context, keep int32, live map[string]bool) error {
	var old []*api.ControllerRevision
	for _, r := range h.all {
		if !live[r.Name] {
			old = append(old, r)
		}
	}
	if keep < 0 || len(old) <= int(keep) {
		return nil
	}
	ctx = client.Because(ctx, "%d old revisions, %d are kept: delete the oldest", len(old), keep)
	for _, r := range old[:len(old)-int(keep)] {
		if err := h.resource.Delete(ctx, r.Namespace, r.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &r.UID}}); err != nil && !api.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// templateData is a template as a patch that puts it back: what kubectl sends when it rolls back.
func templateData(template *api.PodTemplateSpec) ([]byte, error) {
	encoded, err := api.MarshalJSON(template)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(encoded, &tree); err != nil {
		return nil, err
	}
	tree["$patch"] = "replace"
	return api.MarshalJSON(map[string]any{"spec": map[string]any{"template": tree}})
}

// templateOf is the template that a revision keeps.
func templateOf(revision *api.ControllerRevision) (*api.PodTemplateSpec, error) {
	var data struct {
		Spec struct {
			Template api.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(revision.Data.Raw, &data); err != nil {
		return nil, fmt.Errorf("data of %s: %w", api.Describe(revision), err)
	}
	return &data.Spec.Template, nil
}

func revisionHash(data []byte, collisions int32) string {
	h := fnv.New32()
	h.Write(data) // a hash's Write never fails
	h.Write([]byte(strconv.Itoa(int(collisions))))
	return api.SafeEncodeString(strconv.FormatUint(uint64(h.Sum32()), 10))
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
