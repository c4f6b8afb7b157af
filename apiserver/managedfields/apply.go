package managedfields

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/merge"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"kubelite/api"
)

// beforeFirstApply is who owned an object that nobody kept account of.
const beforeFirstApply = "before-first-apply"

// Apply merges a manager's opinion into the live object, which is an empty one if there is none yet. It returns the tree
// of the result, nil if the object stays as it is, and the entries after it.
//
// What the manager says in patch becomes its own. What it owned before and no longer says is removed, unless another
// manager owns it too. What another manager owns with another value is a conflict, unless force.
func (k *Kind) Apply(ctx context.Context, live api.Object, patch map[string]any, who Who, force bool) (map[string]any, []api.ManagedFieldsEntry, error) {
	if err := k.checkPatch(patch); err != nil {
		return nil, nil, err
	}
	entries := live.GetObjectMeta().ManagedFields
	if err := Validate(entries); err != nil {
		return nil, nil, api.NewUnexplained("failed to decode managed fields: %v", err)
	}
	if len(entries) == 0 && live.GetObjectMeta().UID != "" {
		var err error
		if entries, err = k.update(ctx, k.New(), live, nil, Who{beforeFirstApply, who.Time}); err != nil {
			return nil, nil, api.NewUnexplained("failed to create manager for existing fields: %v", err)
		}
	}
	applied, err := k.apply(ctx, live, patch, entries, who, force)
	var conflicts merge.Conflicts
	if errors.As(err, &conflicts) && who.Manager == kubectl {
		if k.mayTakeOver(live, &conflicts) {
			applied, err = k.apply(ctx, live, patch, entries, who, true)
		} else {
			err = conflicts
		}
	}
	if errors.As(err, &conflicts) {
		return nil, nil, conflictError(conflicts)
	}
	if err != nil {
		return nil, nil, err
	}
	if who.Manager == kubectl {
		applied.result = k.keepLastApplied(live, applied.result, patch)
	}
	return applied.result, applied.entries, nil
}

// checkPatch refuses a patch that is about something else, or that wants to set what this package keeps.
func (k *Kind) checkPatch(patch tree) error {
	gvk := api.GroupVersionKind{Kind: stringAt(patch, "kind")}
	gv := api.ParseGroupVersion(stringAt(patch, "apiVersion"))
	gvk.Group, gvk.Version = gv.Group, gv.Version
	if gvk != k.GVK {
		return api.NewBadRequest("invalid object type: %s", gvk)
	}
	meta, _ := patch["metadata"].(tree)
	if meta["managedFields"] != nil {
		return api.NewBadRequest("metadata.managedFields must be nil")
	}
	return nil
}

func stringAt(t tree, name string) string {
	text, _ := t[name].(string)
	return text
}

type applied struct {
	result  tree // nil: no change
	entries []api.ManagedFieldsEntry
}

// apply is one try: its error may be of type merge.Conflicts.
func (k *Kind) apply(ctx context.Context, live api.Object, patch tree, entries []api.ManagedFieldsEntry, who Who, force bool) (applied, error) {
	version := k.apiVersion()
	patchTyped, err := k.Schema.typed.FromUnstructured(patch)
	if err != nil {
		return applied{}, api.NewUnexplained("failed to create typed patch object (%s): %v", k.Describe(patch), err)
	}
	liveTyped, err := k.Schema.live(live)
	if err != nil {
		return applied{}, api.NewUnexplained("failed to create typed live object (%s): %v", k.Describe(patch), err)
	}
	managers := fieldpath.ManagedFields{}
	byID := map[string]*api.ManagedFieldsEntry{}
	for i := range entries {
		e := entries[i]
		fields := &fieldpath.Set{}
		if err := fields.FromJSON(strings.NewReader(string(fieldsOfEntry(&e)))); err != nil {
			return applied{}, api.NewUnexplained("failed to decode managed fields: %v", err)
		}
		id := managerID(&e)
		byID[id], managers[id] = &e, fieldpath.NewVersionedSet(fields, fieldpath.APIVersion(e.APIVersion), e.Operation == api.ManagedFieldsOperationApply)
	}
	mine := api.ManagedFieldsEntry{Manager: who.Manager, Operation: api.ManagedFieldsOperationApply, Subresource: k.Subresource}
	id := managerID(&mine)
	updater := (&merge.UpdaterBuilder{Converter: converter{ctx, k}, IgnoreFilter: k.resetFilters(entries)}).BuildUpdater()
	resultTyped, managers, err := updater.Apply(liveTyped, patchTyped, fieldpath.APIVersion(version), managers, id, force)
	if err != nil {
		if _, ok := err.(merge.Conflicts); ok {
			return applied{}, err
		}
		return applied{}, api.NewUnexplained("%v", err)
	}
	var out applied
	if resultTyped != nil {
		out.result, _ = resultTyped.AsValue().Unstructured().(tree)
		mine.Time = &who.Time
	} else if before := byID[id]; before != nil {
		mine.Time = before.Time
	}
	for manager, fields := range managers {
		e := mine
		if manager == id {
			if fields = fieldpath.NewVersionedSet(fields.Set().Difference(unowned), fields.APIVersion(), true); fields.Set().Empty() {
				continue
			}
		} else {
			e = *byID[manager]
		}
		json, err := fields.Set().ToJSON()
		if err != nil {
			return applied{}, api.NewUnexplained("failed to encode managed fields: %v", err)
		}
		e.APIVersion, e.FieldsType, e.FieldsV1 = string(fields.APIVersion()), fieldsV1, &api.FieldsV1{Raw: json}
		out.entries = append(out.entries, e)
	}
	out.entries = sorted(out.entries)
	return out, nil
}

// managerID names an entry for the library; upstream's form, because conflicts are sorted by it.
func managerID(e *api.ManagedFieldsEntry) string {
	if e.Operation != api.ManagedFieldsOperationApply {
		return identityText(e)
	}
	anyVersion := *e
	anyVersion.APIVersion = ""
	return identityText(&anyVersion)
}

// Describe is how messages call the object that a patch is about.
func (k *Kind) Describe(patch map[string]any) string {
	meta, _ := patch["metadata"].(tree)
	return stringAt(meta, "namespace") + "/" + stringAt(meta, "name") + "; " + k.GVK.String()
}

// resetFilters keep the fields that the strategy resets out of every set.
func (k *Kind) resetFilters(entries []api.ManagedFieldsEntry) map[fieldpath.APIVersion]fieldpath.Filter {
	if len(k.Resets) == 0 {
		return nil
	}
	fields := fieldpath.NewSet()
	for _, path := range k.Resets {
		fields.Insert(libraryPath(path))
	}
	filter := fieldpath.NewExcludeSetFilter(fields)
	filters := map[fieldpath.APIVersion]fieldpath.Filter{fieldpath.APIVersion(k.apiVersion()): filter}
	for i := range entries {
		filters[fieldpath.APIVersion(entries[i].APIVersion)] = filter
	}
	return filters
}

func libraryPath(names []string) fieldpath.Path {
	var path fieldpath.Path
	for _, name := range names {
		path = append(path, fieldpath.FieldNameElement(name))
	}
	return path
}

// converter makes other versions of objects for the library.
type converter struct {
	ctx  context.Context
	kind *Kind
}

var errNoVersion = errors.New("there is no such version")

// Convert makes the version of an object that some entry speaks of.
func (c converter) Convert(object *typed.TypedValue, version fieldpath.APIVersion) (*typed.TypedValue, error) {
	t, ok := object.AsValue().Unstructured().(tree)
	if !ok {
		return nil, errNoVersion
	}
	from := stringAt(t, "apiVersion")
	if from == string(version) || from == "" && string(version) == c.kind.apiVersion() {
		return object, nil
	}
	if c.kind.Convert == nil {
		return nil, errNoVersion
	}
	obj, err := c.kind.decode(t)
	if err != nil {
		return nil, err
	}
	there, s := c.kind.Convert(c.ctx, obj, string(version))
	if there == nil || s == nil {
		return nil, errNoVersion
	}
	return s.live(there)
}

// IsMissingVersionError tells that an entry is of a version that is gone.
func (c converter) IsMissingVersionError(err error) bool { return errors.Is(err, errNoVersion) }

// decode makes an object of a tree.
func (k *Kind) decode(t tree) (api.Object, error) {
	json, err := api.MarshalJSON(t)
	if err != nil {
		return nil, err
	}
	obj := k.New()
	return obj, api.UnmarshalJSON(json, obj)
}

// conflictError names every manager that stands in the way, and its fields.
func conflictError(conflicts merge.Conflicts) error {
	details := &api.StatusDetails{Causes: []api.StatusCause{}}
	byManager := map[string][]string{}
	for _, c := range conflicts {
		details.Causes = append(details.Causes, api.StatusCause{
			Type: api.CauseTypeFieldManagerConflict, Message: "conflict with " + managerText(c.Manager), Field: c.Path.String(),
		})
		byManager[c.Manager] = append(byManager[c.Manager], c.Path.String())
	}
	var message string
	if len(conflicts) == 1 {
		message = fmt.Sprintf("Apply failed with 1 conflict: conflict with %s: %s", managerText(conflicts[0].Manager), conflicts[0].Path)
	} else {
		var lines []string
		for _, manager := range slices.Sorted(maps.Keys(byManager)) {
			lines = append(lines, fmt.Sprintf("conflicts with %s:", managerText(manager)))
			for _, path := range byManager[manager] {
				lines = append(lines, "- "+path)
			}
		}
		message = fmt.Sprintf("Apply failed with %d conflicts: %s", len(conflicts), strings.Join(lines, "\n"))
	}
	return &api.StatusError{ErrStatus: api.Status{
		TypeMeta: api.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: api.StatusFailure,
		Code: http.StatusConflict, Reason: api.StatusReasonConflict, Message: message, Details: details,
	}}
}

// managerText is a manager as a conflict names it.
func managerText(id string) string {
	var e api.ManagedFieldsEntry
	if err := api.UnmarshalJSON([]byte(id), &e); err != nil {
		return fmt.Sprintf("%q", id)
	}
	text := fmt.Sprintf("%q", e.Manager)
	if e.Subresource != "" {
		text += fmt.Sprintf(" with subresource %q", e.Subresource)
	}
	if e.Operation == api.ManagedFieldsOperationUpdate {
		text += " using " + e.APIVersion
		if e.Time != nil {
			text += " at " + e.Time.UTC().Format(time.RFC3339)
		}
	}
	return text
}
