package api

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// lists merges two lists as the field's tags say. It takes both over.
func (m strategicMerge) lists(original, patch []any, field patchField) ([]any, error) {
	if !field.merge {
		return patch, nil
	}
	if len(original) == 0 && len(patch) == 0 {
		return original, nil
	}
	before := slices.Clone(original)
	merged, err := m.elements(original, patch, &field)
	if err != nil {
		return nil, err
	}
	return arrange(merged, patch, before, field.mergeKey), nil
}

// elements merges two lists without a thought about the order of the result.
func (m strategicMerge) elements(original, patch []any, field *patchField) ([]any, error) {
	ofMaps, err := listOfMaps(original, patch)
	if err != nil {
		return nil, err
	}
	if !ofMaps {
		field.mergeKey = "" // scalars are their own key
		return unique(append(original, patch...)), nil
	}
	if field.mergeKey == "" {
		return nil, fmt.Errorf("cannot merge lists without merge key for %v", field.elem.t)
	}
	original, changes, err := carryOutElements(original, patch, field.mergeKey)
	if err != nil {
		return nil, err
	}
	for _, item := range changes {
		change := item.(map[string]any)
		at := indexByKey(original, item, field.mergeKey)
		if at < 0 {
			original = append(original, change)
			continue
		}
		merged, err := m.maps(original[at].(map[string]any), change, field.elem)
		if err != nil {
			return nil, err
		}
		original[at] = merged
	}
	for _, item := range original {
		if _, ok := item.(map[string]any)[field.mergeKey]; !ok {
			return nil, noMergeKey(item, field.mergeKey)
		}
	}
	return original, nil
}

// carryOutElements deletes, or replaces all, where elements of the patch ask for it, and returns those that do not.
func carryOutElements(original, patch []any, mergeKey string) (kept, changes []any, err error) {
	replace := false
	for _, item := range patch {
		element := item.(map[string]any)
		directive, has := element[directivePatch]
		if _, ok := element[mergeKey]; !ok && (!has || directive == patchDirectiveDelete) {
			return nil, nil, noMergeKey(element, mergeKey)
		}
		switch {
		case !has:
			changes = append(changes, item)
		case directive == patchReplace:
			replace = true
		case directive == patchDirectiveDelete:
			original = slices.DeleteFunc(original, func(other any) bool { return sameElement(item, other, mergeKey) })
		case directive == patchMerge:
			return nil, nil, malformedPatch("merging lists cannot yet be specified in the patch")
		default:
			return nil, nil, malformedPatch(fmt.Sprintf("unknown patch type: %v in map: %v", directive, element))
		}
	}
	if replace {
		return changes, nil, nil
	}
	return original, changes, nil
}

// orderedLists merges the lists that have a $setElementOrder directive. The order that it gives comes first, then the
// order in the patch, then the order that the document has.
func (m strategicMerge) orderedLists(original, patch map[string]any, schema patchSchema) error {
	for key, value := range patch {
		name, ok := strings.CutPrefix(key, directiveOrder)
		if !ok {
			if strings.HasPrefix(key, strings.TrimSuffix(directiveOrder, "/")) {
				return errPatchElementOrder
			}
			continue
		}
		if m.combine {
			if old, has := original[key]; has && !reflect.DeepEqual(old, value) {
				return errPatchElementOrder
			}
			original[key] = value
		}
		delete(patch, key)
		if err := m.orderedList(original, patch, name, value, schema.field(name)); err != nil {
			return err
		}
	}
	return nil
}

func (m strategicMerge) orderedList(original, patch map[string]any, name string, directive any, field patchField) error {
	order, ok := directive.([]any)
	if !ok {
		return errPatchElementOrder
	}
	originalValue, inOriginal := original[name]
	patchValue, inPatch := patch[name]
	originalList, ok1 := originalValue.([]any)
	patchList, ok2 := patchValue.([]any)
	if inOriginal && !ok1 || inPatch && !ok2 {
		wrong := patchValue
		if inOriginal && !ok1 {
			wrong = originalValue
		}
		return malformedPatch(fmt.Sprintf("expected a %T, but received a %s", order, reflect.TypeOf(wrong)))
	}
	if !inOriginal && !inPatch {
		return nil
	}
	ofMaps, err := listOfMaps(originalList, patchList, order)
	if err != nil {
		return err
	}
	if !ofMaps {
		field.mergeKey = ""
	} else if field.mergeKey == "" {
		return fmt.Errorf("cannot merge lists without merge key for %v", field.elem.t)
	}
	if err := checkElementOrder(patchList, order, field.mergeKey); err != nil {
		return err
	}
	before := slices.Clone(originalList)
	merged := originalList
	switch {
	case inOriginal && inPatch:
		if merged, err = m.lists(originalList, patchList, field); err != nil {
			return err
		}
	case inPatch:
		clean, _ := withoutDirectives(patchList) // a list always remains
		merged = clean.([]any)
	}
	original[name] = arrange(merged, order, before, field.mergeKey)
	delete(patch, name)
	return nil
}

// checkElementOrder makes sure that the elements of the patch appear in the order list, in the same order.
func checkElementOrder(patch, order []any, mergeKey string) error {
	if len(order) == 0 {
		return nil
	}
	next := 0
	for _, item := range patch {
		if element, ok := item.(map[string]any); ok {
			if _, has := element[directivePatch]; has {
				continue
			}
			if _, has := element[mergeKey]; !has {
				return noMergeKey(element, mergeKey)
			}
		}
		for next < len(order) && !sameElement(item, order[next], mergeKey) {
			next++
		}
		if next == len(order) {
			return malformedPatch(fmt.Sprintf("The order in patch list:\n%v\n doesn't match %s list:\n%v\n", patch, strings.TrimSuffix(directiveOrder, "/"), order))
		}
		next++
	}
	return nil
}

// arrange orders a merged list. Elements that first names stand in its order; all others keep the order that they had
// before, and each is put in front of the first one that it stood in front of before:
//
//	before: a x b y    first: b c a    merged: a b c x y  ->  b c a x y
func arrange(merged, first, before []any, mergeKey string) []any {
	var named, others []any
	for _, item := range merged {
		switch {
		case isDeletion(item):
			// Combined patches hold these: they have no place, and go last.
		case indexByKey(first, item, mergeKey) >= 0:
			named = append(named, item)
		default:
			others = append(others, item)
		}
	}
	sortLike(named, first, mergeKey)
	sortLike(others, before, mergeKey)
	result := make([]any, 0, len(merged))
	for len(named) > 0 && len(others) > 0 {
		i, j := indexByKey(before, others[0], mergeKey), indexByKey(before, named[0], mergeKey)
		if i >= 0 && j >= 0 && i < j {
			result = append(result, others[0])
			others = others[1:]
		} else {
			result = append(result, named[0])
			named = named[1:]
		}
	}
	result = append(append(result, named...), others...)
	for _, item := range merged {
		if isDeletion(item) {
			result = append(result, item)
		}
	}
	return result
}

// sortLike gives list the order that its elements have in order. Elements that are not there go last.
func sortLike(list, order []any, mergeKey string) {
	place := func(item any) int {
		if i := indexByKey(order, item, mergeKey); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(list, func(a, b any) int { return place(a) - place(b) })
}

func isDeletion(item any) bool {
	element, ok := item.(map[string]any)
	return ok && element[directivePatch] == patchDirectiveDelete
}

// indexByKey finds the element of list that is the same thing as item, -1 if there is none.
func indexByKey(list []any, item any, mergeKey string) int {
	return slices.IndexFunc(list, func(other any) bool { return sameElement(item, other, mergeKey) })
}

// sameElement compares maps by their merge key, scalars by value.
func sameElement(a, b any, mergeKey string) bool {
	if mergeKey == "" {
		return reflect.DeepEqual(a, b)
	}
	aMap, ok1 := a.(map[string]any)
	bMap, ok2 := b.(map[string]any)
	if !ok1 || !ok2 {
		return false
	}
	aKey, ok1 := aMap[mergeKey]
	bKey, ok2 := bMap[mergeKey]
	return ok1 && ok2 && reflect.DeepEqual(aKey, bKey)
}

// listOfMaps tells lists of maps from lists of scalars. All elements must be of one kind.
func listOfMaps(lists ...[]any) (bool, error) {
	var first any
	for _, list := range lists {
		for _, item := range list {
			if first == nil {
				if _, isList := item.([]any); isList {
					return false, ErrListOfLists
				}
				first = item
			}
			if item == nil || reflect.TypeOf(first) != reflect.TypeOf(item) {
				return false, malformedPatch(fmt.Sprintf("list element types are not identical: %v", lists))
			}
		}
	}
	_, ofMaps := first.(map[string]any)
	return ofMaps, nil
}

// unique keeps the first of equal elements.
func unique(list []any) []any {
	kept := make([]any, 0, len(list))
	for _, item := range list {
		if !containsValue(kept, item) {
			kept = append(kept, item)
		}
	}
	return kept
}

func noMergeKey(element any, mergeKey string) error {
	return malformedPatch(fmt.Sprintf("map: %v does not contain declared merge key: %s", element, mergeKey))
}
