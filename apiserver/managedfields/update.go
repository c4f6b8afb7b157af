package managedfields

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"kubelite/api"
)

// A Kind is a resource, or one of its subresources, as far as ownership of fields goes.
type Kind struct {
	Schema *Schema
	// GVK is the version that is written.
	GVK api.GroupVersionKind
	// New makes an empty object.
	New func() api.Object
	// Subresource is empty for the object itself.
	Subresource string
	// Resets are the fields that a write cannot set, because the strategy puts them back: nobody comes to own them.
	Resets [][]string
	// Convert makes another version of an object, for entries that speak of its fields in that version. It returns nil if
	// there is no such version any more.
	Convert func(ctx context.Context, obj api.Object, apiVersion string) (api.Object, *Schema)
}

// Who made a write, and when.
type Who struct {
	Manager string
	Time    api.Time
}

func (k *Kind) apiVersion() string { return k.GVK.GroupVersion().String() }

const fieldsV1 = "FieldsV1"

// Update returns the entries of an object after a write that made obj of live. live is an empty object when obj is new.
//
// What changed belongs to the writer now; the others lose it. A writer that changed nothing has no part in it, and an
// entry that loses nothing stays as it is, time and all.
func (k *Kind) Update(ctx context.Context, live, obj api.Object, who Who) ([]api.ManagedFieldsEntry, error) {
	entries := k.before(live, obj)
	if len(entries) == 0 && live.GetObjectMeta().UID != "" {
		return nil, nil // somebody does not want to know: nothing is noted until the first apply
	}
	return k.update(ctx, live, obj, entries, who)
}

// before are the entries that an update starts from: those that the writer sent, to set them or with the object as it was
// read, or else those there are. A list that is empty, or of one empty entry, forgets them.
func (k *Kind) before(live, obj api.Object) []api.ManagedFieldsEntry {
	sent, stored := obj.GetObjectMeta().ManagedFields, live.GetObjectMeta().ManagedFields
	switch {
	case k.Subresource != "":
		return valid(stored)
	case isReset(sent):
		return nil
	case len(sent) == 0 || sameEntries(sent, stored):
		return valid(stored)
	}
	if Validate(sent) != nil {
		return valid(stored)
	}
	return sent
}

func isReset(entries []api.ManagedFieldsEntry) bool {
	return entries != nil && len(entries) == 0 || len(entries) == 1 && entries[0] == api.ManagedFieldsEntry{}
}

// sameEntries is for what comes back as it was read, which is nearly always: then it need not be checked.
func sameEntries(a, b []api.ManagedFieldsEntry) bool {
	return slices.EqualFunc(a, b, func(a, b api.ManagedFieldsEntry) bool {
		sets := a.FieldsV1 == b.FieldsV1 || a.FieldsV1 != nil && b.FieldsV1 != nil && bytes.Equal(a.FieldsV1.Raw, b.FieldsV1.Raw)
		times := a.Time == b.Time || a.Time != nil && b.Time != nil && a.Time.Equal(b.Time.Time)
		return sets && times && identityOf(&a) == identityOf(&b) && a.APIVersion == b.APIVersion && a.FieldsType == b.FieldsType
	})
}

// valid drops entries that make no sense.
func valid(entries []api.ManagedFieldsEntry) []api.ManagedFieldsEntry {
	for i := range entries {
		if validateEntry(i, &entries[i]) != nil {
			return nil
		}
	}
	return entries
}

// Validate refuses entries that could not be worked with.
func Validate(entries []api.ManagedFieldsEntry) error {
	for i := range entries {
		e := &entries[i]
		if err := validateEntry(i, e); err != nil {
			return err
		}
		if e.FieldsV1 == nil {
			continue
		}
		if _, err := parseSet(e.FieldsV1.Raw); err != nil || !json.Valid(e.FieldsV1.Raw) {
			return fmt.Errorf("error decoding versioned set from entry %d: %w", i, cmp.Or(err, errNoSet))
		}
	}
	return nil
}

func validateEntry(i int, e *api.ManagedFieldsEntry) error {
	switch {
	case e.Operation != api.ManagedFieldsOperationApply && e.Operation != api.ManagedFieldsOperationUpdate:
		return fmt.Errorf("operation must be `Apply` or `Update`")
	case e.APIVersion == "":
		return fmt.Errorf("apiVersion must not be empty")
	case e.FieldsType == "":
		return fmt.Errorf("missing fieldsType in managed fields entry %d", i)
	case e.FieldsType != fieldsV1:
		return fmt.Errorf("invalid fieldsType %q in managed fields entry %d", e.FieldsType, i)
	}
	return nil
}

// identity tells entries apart. An applier is the same manager in every version.
type identity struct {
	manager, apiVersion, subresource string
	operation                        api.ManagedFieldsOperationType
}

func identityOf(e *api.ManagedFieldsEntry) identity {
	id := identity{e.Manager, e.APIVersion, e.Subresource, e.Operation}
	if e.Operation == api.ManagedFieldsOperationApply {
		id.apiVersion = ""
	}
	return id
}

// change is what a write does to an object, in one version of its kind.
type change struct{ changed, removed set }

func (k *Kind) change(s *Schema, live, obj api.Object) (c change, err error) {
	c.changed, c.removed, err = s.compare(live, obj)
	for _, path := range k.Resets {
		c.changed, c.removed = c.changed.without(path), c.removed.without(path)
	}
	return c, err
}

func (k *Kind) update(ctx context.Context, live, obj api.Object, entries []api.ManagedFieldsEntry, who Who) ([]api.ManagedFieldsEntry, error) {
	c, err := k.change(k.Schema, live, obj)
	if err != nil {
		return nil, err
	}
	version := k.apiVersion()
	out := make([]api.ManagedFieldsEntry, 0, len(entries)+1)
	mine := api.ManagedFieldsEntry{Manager: cmp.Or(who.Manager, "unknown"), Operation: api.ManagedFieldsOperationUpdate, APIVersion: version,
		Time: &who.Time, FieldsType: fieldsV1, Subresource: k.Subresource}
	gained := c.changed
	for i := range entries {
		e := &entries[i]
		if slices.ContainsFunc(entries[i+1:], func(later api.ManagedFieldsEntry) bool { return identityOf(&later) == identityOf(e) }) {
			continue // as a write to the Scale leaves them; the last one counts
		}
		is := c
		if e.APIVersion != version {
			var ok bool
			if is, ok, err = k.changeIn(ctx, e.APIVersion, live, obj); err != nil {
				return nil, err
			} else if !ok {
				continue // its version is not served any more: nothing can be said about its fields
			}
		}
		if len(is.changed)+len(is.removed) == 0 {
			out = append(out, *e)
			continue
		}
		owned, err := parseSet(fieldsOfEntry(e))
		if err != nil {
			return nil, err
		}
		if identityOf(e) == identityOf(&mine) && len(c.changed) > 0 {
			owned, _ = difference(owned, c.removed)
			gained = union(owned, gained)
			continue // it is written anew below
		}
		owned, lostSome := difference(owned, is.changed)
		owned, lostMore := difference(owned, is.removed)
		switch {
		case len(owned) == 0:
		case lostSome || lostMore:
			left := *e
			left.FieldsV1 = &api.FieldsV1{Raw: owned.json()}
			out = append(out, left)
		default:
			out = append(out, *e)
		}
	}
	if len(c.changed) > 0 {
		mine.FieldsV1 = &api.FieldsV1{Raw: gained.json()}
		out = append(out, mine)
	}
	return sorted(capped(out)), nil
}

// changeIn is the change seen in another version of the kind.
func (k *Kind) changeIn(ctx context.Context, apiVersion string, live, obj api.Object) (change, bool, error) {
	if k.Convert == nil {
		return change{}, false, nil
	}
	oldThere, s := k.Convert(ctx, live, apiVersion)
	objThere, _ := k.Convert(ctx, obj, apiVersion)
	if s == nil || oldThere == nil || objThere == nil {
		return change{}, false, nil
	}
	c, err := k.change(s, oldThere, objThere)
	return c, true, err
}

func fieldsOfEntry(e *api.ManagedFieldsEntry) []byte {
	if e.FieldsV1 == nil {
		return nil
	}
	return e.FieldsV1.Raw
}

// structOf is an object as the root of a comparison.
func structOf(obj api.Object) operand {
	return operand{reflect.ValueOf(obj).Elem(), true}
}

// sorted is upstream's order: applies first, the oldest first.
func sorted(entries []api.ManagedFieldsEntry) []api.ManagedFieldsEntry {
	if len(entries) == 0 {
		return nil
	}
	slices.SortStableFunc(entries, func(a, b api.ManagedFieldsEntry) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(seconds(a.Time), seconds(b.Time)),
			cmp.Compare(a.Manager, b.Manager), cmp.Compare(a.APIVersion, b.APIVersion), cmp.Compare(a.Subresource, b.Subresource))
	})
	return entries
}

func seconds(t *api.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// maxUpdaters is how many entries of updates an object may have. The oldest ones are put together, because their
// managers may never come back: many tools name themselves anew each time.
const (
	maxUpdaters = 10
	ancient     = "ancient-changes"
)

func capped(entries []api.ManagedFieldsEntry) []api.ManagedFieldsEntry {
	if len(entries) <= maxUpdaters {
		return entries
	}
	var updaters []*api.ManagedFieldsEntry
	for i := range entries {
		if entries[i].Operation == api.ManagedFieldsOperationUpdate {
			updaters = append(updaters, &entries[i])
		}
	}
	excess := len(updaters) - maxUpdaters
	if excess <= 0 {
		return entries
	}
	slices.SortStableFunc(updaters, func(a, b *api.ManagedFieldsEntry) int {
		return cmp.Or(cmp.Compare(seconds(a.Time), seconds(b.Time)), cmp.Compare(identityText(a), identityText(b)))
	})
	gone := map[*api.ManagedFieldsEntry]bool{}
	first := map[string]*api.ManagedFieldsEntry{} // by version: the sets of two versions cannot be put together
	for _, e := range updaters {
		if e.Manager == ancient && e.Subresource == "" {
			first[e.APIVersion] = e
		}
	}
	for _, e := range updaters {
		into := first[e.APIVersion]
		if into == nil {
			first[e.APIVersion] = e
		}
		if into == nil || into == e {
			continue
		}
		if excess == 0 {
			break
		}
		a, errA := parseSet(fieldsOfEntry(into))
		b, errB := parseSet(fieldsOfEntry(e))
		if errA != nil || errB != nil {
			continue
		}
		*into = api.ManagedFieldsEntry{Manager: ancient, Operation: e.Operation, APIVersion: e.APIVersion, Time: e.Time, FieldsType: fieldsV1,
			FieldsV1: &api.FieldsV1{Raw: union(a, b).json()}}
		gone[e] = true
		excess--
	}
	var out []api.ManagedFieldsEntry
	for i := range entries {
		if !gone[&entries[i]] {
			out = append(out, entries[i])
		}
	}
	return out
}

// identityText is how upstream writes an identity, which decides between managers of the same second.
func identityText(e *api.ManagedFieldsEntry) string {
	text, _ := api.MarshalJSON(api.ManagedFieldsEntry{Manager: e.Manager, Operation: e.Operation, APIVersion: e.APIVersion, Subresource: e.Subresource})
	return string(text)
}
