package api

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// A strategic merge patch is a partial object that knows what its lists mean. Where the type says patch:"merge", a
// list is a set, or a map by its merge key, and the patch names only the elements that it touches:
//
//	{"spec":{"containers":[{"name":"web","image":"nginx:2"}]}}   changes one container, leaves the others alone
//
// Beside the fields there may be directives:
//
//	"$patch": "replace"                      in a map or list: what was there before is gone
//	"$patch": "delete"                       in an element of a list: the element is gone; in a map: all of it is
//	"$retainKeys": ["type", ...]             all other fields of this map are gone
//	"$deleteFromPrimitiveList/x": ["a"]      these elements of the set x are gone
//	"$setElementOrder/x": [{"name":"b"}...]  the order of the elements of x
const (
	directivePatch       = "$patch"
	directiveRetainKeys  = "$retainKeys"
	directiveDeleteFrom  = "$deleteFromPrimitiveList/"
	directiveOrder       = "$setElementOrder/"
	patchDirectiveDelete = "delete"
	patchReplace         = "replace"
	patchMerge           = "merge"
)

// ErrPatchFormat is found in the chain of an error about a directive of another form than it must have. It is a malformed patch, too.
var ErrPatchFormat = errors.New("malformed directive")

// patchFormat is such an error.
type patchFormat string

func (e patchFormat) Error() string { return string(e) }
func (e patchFormat) Is(target error) bool {
	return target == ErrPatchFormat || target == ErrMalformedPatch
}

const (
	errPatchPrimitiveList patchFormat = "invalid patch format of primitive list"
	errPatchRetainKeys    patchFormat = "invalid patch format of retainKeys"
	errPatchElementOrder  patchFormat = "invalid patch format of setElementOrder list"
)

// ErrListOfLists is a strategic merge of lists with lists in them.
const ErrListOfLists malformedPatch = "lists of lists are not supported"

// ApplyStrategicMergePatch lays a patch over a document of dataType, a struct or a pointer to one, whose tags say how.
func ApplyStrategicMergePatch(doc, patch []byte, dataType any) ([]byte, error) {
	original, err := decodePatchObject(doc)
	if err != nil {
		return nil, err
	}
	changes, err := decodePatchObject(patch)
	if err != nil {
		return nil, err
	}
	merged, err := strategicMerge{}.maps(original, changes, patchSchemaOf(dataType))
	if err != nil {
		return nil, err
	}
	return MarshalJSON(merged)
}

// patchSchema looks up patch tags. The zero schema, of JSON whose type is unknown, knows none: its maps merge, its
// lists are replaced.
type patchSchema struct {
	t reflect.Type // a struct
}

// patchField says how the values of one field are merged.
type patchField struct {
	elem       patchSchema // of the map's fields, or of the list's elements
	merge      bool
	replace    bool
	retainKeys bool
	mergeKey   string // empty for sets
}

func patchSchemaOf(dataType any) patchSchema {
	t := reflect.TypeOf(dataType)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return patchSchema{structOrNil(t)}
}

func structOrNil(t reflect.Type) reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

var patchFieldsByType sync.Map // reflect.Type -> map[string]patchField

func (s patchSchema) field(name string) patchField {
	if s.t == nil {
		return patchField{}
	}
	fields, ok := patchFieldsByType.Load(s.t)
	if !ok {
		m := map[string]patchField{}
		collectPatchFields(s.t, m)
		fields, _ = patchFieldsByType.LoadOrStore(s.t, m)
	}
	return fields.(map[string]patchField)[name]
}

func collectPatchFields(t reflect.Type, into map[string]patchField) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			collectPatchFields(f.Type, into)
			continue
		}
		elem := f.Type
		for elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Slice {
			elem = elem.Elem()
		}
		strategies := strings.Split(f.Tag.Get("patch"), ",")
		into[name] = patchField{
			elem:       patchSchema{structOrNil(elem)},
			merge:      slices.Contains(strategies, "merge"),
			replace:    slices.Contains(strategies, "replace"),
			retainKeys: slices.Contains(strategies, "retainKeys"),
			mergeKey:   f.Tag.Get("mergeKey"),
		}
	}
}

// strategicMerge lays one map over another.
type strategicMerge struct {
	// combine makes one patch out of two: directives and nulls stay, for whoever applies the result. Otherwise they
	// are carried out.
	combine bool
}

// maps merges patch into original and returns the result. It takes both over.
func (m strategicMerge) maps(original, patch map[string]any, schema patchSchema) (map[string]any, error) {
	if directive, ok := patch[directivePatch]; ok {
		switch directive {
		case patchReplace:
			delete(patch, directivePatch)
			return patch, nil
		case patchDirectiveDelete:
			return map[string]any{}, nil
		}
		return nil, malformedPatch(fmt.Sprintf("unknown patch type: %v in map: %v", directive, patch))
	}
	// Step 1: fields that are not to be kept go.
	if err := m.retainKeys(original, patch); err != nil {
		return nil, err
	}
	// Step 2: lists whose order the patch prescribes are merged and ordered, and leave the patch.
	if err := m.orderedLists(original, patch, schema); err != nil {
		return nil, err
	}
	// Step 3: everything else, field by field.
	for key, value := range patch {
		if name, ok := strings.CutPrefix(key, directiveDeleteFrom); ok {
			if m.combine {
				original[key] = value
			} else if err := deleteFromSet(original, name, value); err != nil {
				return nil, err
			}
			continue
		}
		if strings.HasPrefix(key, strings.TrimSuffix(directiveDeleteFrom, "/")) {
			return nil, errPatchPrimitiveList
		}
		if err := m.value(original, key, value, schema.field(key)); err != nil {
			return nil, err
		}
	}
	return original, nil
}

// value merges one field.
func (m strategicMerge) value(original map[string]any, key string, value any, field patchField) error {
	if value == nil {
		delete(original, key)
		if m.combine {
			original[key] = nil
		}
		return nil
	}
	var err error
	switch old := original[key].(type) {
	case map[string]any:
		if patch, ok := value.(map[string]any); ok {
			if field.replace {
				original[key] = patch
			} else {
				original[key], err = m.maps(old, patch, field.elem)
			}
			return err
		}
	case []any:
		if patch, ok := value.([]any); ok {
			original[key], err = m.lists(old, patch, field)
			return err
		}
	}
	// There is nothing to merge with.
	if !m.combine {
		dropInstructions(value)
	}
	if clean, keep := withoutDirectives(value); keep {
		original[key] = clean
	} else {
		delete(original, key)
	}
	return nil
}

// dropInstructions removes what would delete or order something if there was something.
func dropInstructions(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			isDirective := key == directiveRetainKeys || strings.HasPrefix(key, directiveDeleteFrom) || strings.HasPrefix(key, directiveOrder)
			if value == nil || isDirective {
				delete(v, key)
			} else {
				dropInstructions(value)
			}
		}
	case []any:
		for _, item := range v {
			dropInstructions(item)
		}
	}
}

// withoutDirectives removes maps that hold a directive, which has nothing to act upon.
func withoutDirectives(v any) (clean any, keep bool) {
	switch v := v.(type) {
	case map[string]any:
		if _, has := v[directivePatch]; has {
			return nil, false
		}
		for key, value := range v {
			if clean, keep := withoutDirectives(value); keep {
				v[key] = clean
			} else {
				delete(v, key)
			}
		}
		return v, true
	case []any:
		kept := make([]any, 0, len(v))
		for _, item := range v {
			if clean, keep := withoutDirectives(item); keep {
				kept = append(kept, clean)
			}
		}
		return kept, true
	}
	return v, true
}

// retainKeys carries out the directive of that name: a union such as a volume or a deployment strategy changes from
// one member to another, and what belonged to the old one must not linger.
func (m strategicMerge) retainKeys(original, patch map[string]any) error {
	directive, ok := patch[directiveRetainKeys]
	if !ok {
		return nil
	}
	delete(patch, directiveRetainKeys)
	if m.combine {
		if old, has := original[directiveRetainKeys]; has && !reflect.DeepEqual(old, directive) {
			return fmt.Errorf("%v and %v are not deep equal: this may happen when calculating the 3-way diff patch", old, directive)
		}
		original[directiveRetainKeys] = directive
		return nil
	}
	keys, ok := directive.([]any)
	if !ok {
		return errPatchRetainKeys
	}
	for key, value := range patch {
		isList := strings.HasPrefix(key, directiveDeleteFrom) || strings.HasPrefix(key, directiveOrder)
		if value != nil && !isList && !slices.Contains(keys, any(key)) {
			return errPatchRetainKeys
		}
	}
	for key := range original {
		if !slices.Contains(keys, any(key)) {
			delete(original, key)
		}
	}
	return nil
}

func deleteFromSet(original map[string]any, name string, value any) error {
	gone, ok := value.([]any)
	if !ok && value != nil {
		return errPatchPrimitiveList
	}
	if set, ok := original[name].([]any); ok {
		original[name] = slices.DeleteFunc(set, func(item any) bool { return containsValue(gone, item) })
	}
	return nil
}

func containsValue(list []any, item any) bool {
	return slices.ContainsFunc(list, func(other any) bool { return reflect.DeepEqual(item, other) })
}
