package lab

import (
	"cmp"
	"maps"
	"slices"

	"kubelite/api"
)

// history is what has happened to the objects of a lab. The watches that tell of it are one for each kind, and none waits for
// another; revisions put their events in order.
type history struct {
	begins int64            // the revision of first
	first  map[string][]any // the objects of each kind, by plural
	events []event          // in the order of their revisions
	// seen is what earlier looks have found out, of what the server may have forgotten since.
	seen *seen
}

// event is one change of one object. Object is nil if it was deleted.
type event struct {
	revision int64
	plural   string
	uid      api.UID
	object   map[string]any
}

// add takes in an event.
func (h *history) add(e event) {
	i, _ := slices.BinarySearchFunc(h.events, e.revision+1, func(e event, revision int64) int { return cmp.Compare(e.revision, revision) })
	h.events = slices.Insert(h.events, i, e)
}

// moments is the state at every revision at which something changed: a list of the objects for each plural, and the revision.
// Moments share what has not changed between them.
func (h *history) moments() []any {
	now := map[string]any{"revision": h.begins}
	for plural, objects := range h.first {
		now[plural] = objects
	}
	moments := []any{now}
	for _, e := range h.events {
		now = maps.Clone(now)
		now["revision"] = e.revision
		objects, _ := now[e.plural].([]any)
		now[e.plural] = replace(objects, e)
		moments = append(moments, now)
	}
	return moments
}

// replace is a list of objects after an event.
func replace(objects []any, e event) []any {
	i := slices.IndexFunc(objects, func(o any) bool { return uidOf(o.(map[string]any)) == e.uid })
	switch {
	case e.object == nil && i < 0:
		return objects
	case e.object == nil:
		return slices.Delete(slices.Clone(objects), i, i+1)
	case i < 0:
		return append(slices.Clip(objects), e.object)
	}
	objects = slices.Clone(objects)
	objects[i] = e.object
	return objects
}

func uidOf(object map[string]any) api.UID {
	metadata, _ := object["metadata"].(map[string]any)
	uid, _ := metadata["uid"].(string)
	return api.UID(uid)
}
