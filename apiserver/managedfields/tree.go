package managedfields

import (
	"fmt"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"kubelite/api"
)

// Trees are objects as JSON: maps, lists and simple values. The library works on them, and custom resources are nothing
// else.

type tree = map[string]any

// treeOf makes a tree of an object, without its managedFields: they manage, and are not managed.
func treeOf(obj api.Object) (tree, error) {
	meta := obj.GetObjectMeta()
	entries := meta.ManagedFields
	meta.ManagedFields = nil
	out, err := api.JSONOf(obj)
	meta.ManagedFields = entries
	return out, err
}

// live makes the library's form of an object that is stored already. Lists in which a key is there twice are borne: they
// may have been stored like this.
func (s *Schema) live(obj api.Object) (*typed.TypedValue, error) {
	t, err := treeOf(obj)
	if err != nil {
		return nil, err
	}
	return s.typed.FromUnstructured(t, typed.AllowDuplicates)
}

// compare finds what an update changes: the fields that appear or have another value, and those that are gone.
func (s *Schema) compare(old, obj api.Object) (changed, removed set, err error) {
	if s.plan != nil {
		d := s.plan.compare(&comparison{}, structOf(old), structOf(obj))
		return d.changed, d.removed, nil
	}
	a, err := s.live(old)
	if err != nil {
		return nil, nil, fmt.Errorf("the old object: %w", err)
	}
	b, err := s.live(obj)
	if err != nil {
		return nil, nil, fmt.Errorf("the new object: %w", err)
	}
	comparison, err := a.Compare(b)
	if err != nil {
		return nil, nil, err
	}
	if changed, err = fromLibrary(comparison.Added.Union(comparison.Modified).Difference(unowned)); err != nil {
		return nil, nil, err
	}
	removed, err = fromLibrary(comparison.Removed.Difference(unowned))
	return changed, removed, err
}

// unowned are the fields that no manager owns.
var unowned = func() *fieldpath.Set {
	s := fieldpath.NewSet(fieldpath.MakePathOrDie("metadata"))
	for _, name := range unownedFields {
		s.Insert(fieldpath.MakePathOrDie(name))
	}
	for _, name := range unownedMetadata {
		s.Insert(fieldpath.MakePathOrDie("metadata", name))
	}
	return s
}()

// fromLibrary and toLibrary change between the two forms of sets; the stored form is what both know.
func fromLibrary(s *fieldpath.Set) (set, error) {
	if s.Empty() {
		return nil, nil
	}
	json, err := s.ToJSON()
	if err != nil {
		return nil, err
	}
	return parseSet(json)
}
