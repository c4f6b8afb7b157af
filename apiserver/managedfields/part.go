package managedfields

import (
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"

	"kubelite/api"
)

// Merge lays a part of an object over it, as an apply does, and keeps no account of who owns what: admission policies
// change objects in somebody else's name. The part may not hold what is one value to an apply (an atomic list, a
// selector): what it does not repeat of it would be lost.
func (s *Schema) Merge(live api.Object, part map[string]any) (map[string]any, error) {
	partTyped, err := s.typed.FromUnstructured(part)
	if err != nil {
		return nil, fmt.Errorf("failed to convert patch object to typed object: %w", err)
	}
	if atomic := atomics(nil, partTyped.Schema(), partTyped.TypeRef(), partTyped.AsValue()); len(atomic) > 0 {
		return nil, fmt.Errorf("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: %s", strings.Join(atomic, ", "))
	}
	liveTree, err := treeOf(live)
	if err != nil {
		return nil, err
	}
	liveTyped, err := s.typed.FromUnstructured(liveTree, typed.AllowDuplicates)
	if err != nil {
		return nil, fmt.Errorf("failed to convert original object to typed object: %w", err)
	}
	merged, err := liveTyped.Merge(partTyped)
	if err != nil {
		return nil, fmt.Errorf("failed to merge patch: %w", err)
	}
	result, ok := merged.AsValue().Unstructured().(map[string]any)
	if !ok {
		return nil, errors.New("failed to convert typed object to object: it is no map")
	}
	return result, nil
}

// atomics are the paths in a value of what is one value to an apply.
func atomics(path fieldpath.Path, s *schema.Schema, ref schema.TypeRef, v value.Value) (found []string) {
	atom, ok := s.Resolve(ref)
	if !ok {
		return nil
	}
	below := func(element fieldpath.PathElement, ref schema.TypeRef, v value.Value) {
		found = append(found, atomics(append(path.Copy(), element), s, ref, v)...)
	}
	if v.IsMap() && atom.Map != nil {
		if atom.Map.ElementRelationship == schema.Atomic {
			found = append(found, path.String())
		}
		v.AsMap().Iterate(func(name string, v value.Value) bool {
			if field, ok := atom.Map.FindField(name); ok {
				below(fieldpath.PathElement{FieldName: &name}, field.Type, v)
			}
			return true
		})
	}
	if v.IsList() && atom.List != nil {
		if atom.List.ElementRelationship == schema.Atomic {
			found = append(found, path.String())
		}
		list := v.AsList()
		for i := range list.Length() {
			below(fieldpath.PathElement{Index: &i}, atom.List.ElementType, list.At(i))
		}
	}
	return found
}
