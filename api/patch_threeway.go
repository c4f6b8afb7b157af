package api

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// CreateTwoWayMergePatch makes the strategic merge patch that turns original into modified.
func CreateTwoWayMergePatch(original, modified []byte, dataType any) ([]byte, error) {
	from, err := decodePatchObject(original)
	if err != nil {
		return nil, err
	}
	to, err := decodePatchObject(modified)
	if err != nil {
		return nil, err
	}
	patch, err := strategicDiff{changes: true, deletions: true, order: true}.maps(from, to, patchSchemaOf(dataType))
	if err != nil {
		return nil, err
	}
	return MarshalJSON(patch)
}

// CreateThreeWayMergePatch makes the strategic merge patch that apply sends. Original is what was applied last time,
// modified what is applied now, current what the server has:
//
//	deleted:  in original, no longer in modified    -> the patch removes it
//	changed:  in modified, different in current     -> the patch sets it
//	only in current: added by somebody else         -> the patch leaves it alone
//
// Unless overwrite is set, it is an error if somebody else has changed what the patch changes.
func CreateThreeWayMergePatch(original, modified, current []byte, dataType any, overwrite bool) ([]byte, error) {
	// The documents are read anew for each use: merging takes over what it is given.
	var documentErr error
	document := func(data []byte) map[string]any {
		doc, err := decodePatchObject(data)
		documentErr = errors.Join(documentErr, err)
		return doc
	}
	schema := patchSchemaOf(dataType)
	changes, err := strategicDiff{changes: true, order: true}.maps(document(current), document(modified), schema)
	if err := errors.Join(documentErr, err); err != nil {
		return nil, err
	}
	deletions, err := strategicDiff{deletions: true, order: true}.maps(document(original), document(modified), schema)
	if err := errors.Join(documentErr, err); err != nil {
		return nil, err
	}
	patch, err := strategicMerge{combine: true}.maps(deletions, changes, schema)
	if err != nil {
		return nil, err
	}
	if !overwrite {
		theirs, err := strategicDiff{changes: true, deletions: true}.maps(document(original), document(current), schema)
		if err != nil {
			return nil, err
		}
		if path, conflict := patchConflict(patch, theirs, patchField{elem: schema}); conflict {
			return nil, fmt.Errorf("patch conflicts with a change that was made to %s in the meantime", path)
		}
	}
	return MarshalJSON(patch)
}

// strategicDiff makes patches.
type strategicDiff struct {
	changes   bool // put in what is new or different
	deletions bool // put in what is gone
	order     bool // put in $setElementOrder directives
}

// maps compares two maps. Retain says, in the last argument of the recursion, whether a union needs its fields listed.
func (d strategicDiff) maps(from, to map[string]any, schema patchSchema) (map[string]any, error) {
	return d.union(from, to, schema, false)
}

// union is maps; with retain, the patch lists the fields that are to be kept.
func (d strategicDiff) union(from, to map[string]any, schema patchSchema, retain bool) (map[string]any, error) {
	patch := map[string]any{}
	for key, value := range to {
		if err := d.value(patch, from, key, value, schema.field(key)); err != nil {
			return nil, err
		}
	}
	lost := false
	for key, value := range from {
		if _, has := to[key]; !has {
			lost = lost || value != nil
			if d.deletions {
				patch[key] = nil
			}
		}
	}
	if retain && (len(patch) > 0 || lost) {
		var keys []any
		for key, value := range to {
			if value != nil {
				keys = append(keys, key)
			}
		}
		if len(keys) > 0 {
			slices.SortFunc(keys, compareScalars)
			patch[directiveRetainKeys] = keys
		}
	}
	return patch, nil
}

// value compares one field.
func (d strategicDiff) value(patch, from map[string]any, key string, value any, field patchField) error {
	old, had := from[key]
	oldMap, isMap1 := old.(map[string]any)
	newMap, isMap2 := value.(map[string]any)
	oldList, isList1 := old.([]any)
	newList, isList2 := value.([]any)
	switch {
	case had && isMap1 && isMap2 && !field.replace:
		sub, err := d.union(oldMap, newMap, field.elem, field.retainKeys)
		if len(sub) > 0 {
			patch[key] = sub
		}
		return err
	case had && isList1 && isList2 && field.merge:
		return d.lists(patch, oldList, newList, key, field)
	case d.changes && (!had || !reflect.DeepEqual(old, value)):
		patch[key] = value
	}
	return nil
}

// lists compares two lists that are merged element by element.
func (d strategicDiff) lists(patch map[string]any, from, to []any, key string, field patchField) error {
	if len(from) == 0 {
		if d.changes && len(to) > 0 {
			patch[key] = to
		}
		return nil
	}
	ofMaps, err := listOfMaps(from, to)
	if err != nil {
		return err
	}
	if !ofMaps {
		d.sets(patch, from, to, key)
		return nil
	}
	changed, err := d.elements(from, to, field)
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		patch[key] = changed
	}
	sameOrder := slices.EqualFunc(from, to, func(a, b any) bool { return sameElement(a, b, field.mergeKey) })
	if d.order && (len(changed) > 0 || d.changes && !sameOrder) {
		order := make([]any, len(to))
		for i, item := range to {
			order[i] = map[string]any{field.mergeKey: item.(map[string]any)[field.mergeKey]}
		}
		if len(order) > 0 {
			patch[directiveOrder+key] = order
		}
	}
	return nil
}

// sets compares two lists of scalars.
func (d strategicDiff) sets(patch map[string]any, from, to []any, key string) {
	var added, gone []any
	for _, item := range to {
		if d.changes && !containsValue(from, item) {
			added = append(added, item)
		}
	}
	for _, item := range unique(from) {
		if d.deletions && !containsValue(to, item) {
			gone = append(gone, item)
		}
	}
	slices.SortFunc(gone, compareScalars)
	if len(added) > 0 {
		patch[key] = added
	}
	if len(gone) > 0 {
		patch[directiveDeleteFrom+key] = gone
	}
	if d.order && len(to) > 0 && (len(gone) > 0 || d.changes && !reflect.DeepEqual(from, to)) {
		patch[directiveOrder+key] = to
	}
}

// elements compares two lists of maps: changes in the order of to, then deletions.
func (d strategicDiff) elements(from, to []any, field patchField) ([]any, error) {
	for _, item := range slices.Concat(from, to) {
		if _, ok := item.(map[string]any)[field.mergeKey]; !ok {
			return nil, noMergeKey(item, field.mergeKey)
		}
	}
	var changed, gone []any
	for _, item := range to {
		element := item.(map[string]any)
		at := indexByKey(from, item, field.mergeKey)
		if at < 0 {
			if d.changes {
				changed = append(changed, item)
			}
			continue
		}
		sub, err := d.union(from[at].(map[string]any), element, field.elem, field.retainKeys)
		if err != nil {
			return nil, err
		}
		if len(sub) > 0 {
			sub[field.mergeKey] = element[field.mergeKey]
			changed = append(changed, sub)
		}
	}
	for _, item := range from {
		if d.deletions && indexByKey(to, item, field.mergeKey) < 0 {
			gone = append(gone, map[string]any{field.mergeKey: item.(map[string]any)[field.mergeKey], directivePatch: patchDirectiveDelete})
		}
	}
	slices.SortStableFunc(gone, func(a, b any) int {
		return compareScalars(a.(map[string]any)[field.mergeKey], b.(map[string]any)[field.mergeKey])
	})
	return append(changed, gone...), nil
}

func compareScalars(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }

// patchConflict looks for a field that two patches change in different ways, and names it.
func patchConflict(ours, theirs any, field patchField) (path string, conflict bool) {
	switch ours := ours.(type) {
	case map[string]any:
		theirs, ok := theirs.(map[string]any)
		if !ok || ours[directivePatch] != theirs[directivePatch] {
			return "", true
		}
		if field.replace {
			return "", false
		}
		for key, value := range ours {
			other, both := theirs[key]
			if !both || strings.HasPrefix(key, "$") {
				continue
			}
			if path, conflict := patchConflict(value, other, field.elem.field(key)); conflict {
				return strings.TrimSuffix(key+"."+path, "."), true
			}
		}
		return "", false
	case []any:
		theirs, ok := theirs.([]any)
		if !ok {
			return "", true
		}
		return patchListConflict(ours, theirs, field)
	}
	return "", !reflect.DeepEqual(ours, theirs)
}

func patchListConflict(ours, theirs []any, field patchField) (path string, conflict bool) {
	if !field.merge {
		return "", !reflect.DeepEqual(ours, theirs)
	}
	if field.mergeKey == "" {
		return "", false // sets only grow together
	}
	for _, item := range ours {
		at := indexByKey(theirs, item, field.mergeKey)
		if at < 0 {
			continue
		}
		if path, conflict := patchConflict(item, theirs[at], patchField{elem: field.elem}); conflict {
			return strings.TrimSuffix(fmt.Sprintf("[%v].%s", item.(map[string]any)[field.mergeKey], path), "."), true
		}
	}
	return "", false
}
