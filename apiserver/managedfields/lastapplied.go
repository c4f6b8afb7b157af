package managedfields

import (
	"maps"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/merge"
	"sigs.k8s.io/structured-merge-diff/v6/typed"

	"kubelite/api"
)

// Before server-side apply, kubectl kept a manager's opinion in an annotation. Whoever goes over to server-side apply
// must not meet conflicts with itself: the fields that the annotation names, and that still are as it says, are its own.

// kubectl is the manager of `kubectl apply --server-side`, the only one for which this is done.
const kubectl = "kubectl"

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// mayTakeOver tells whether the annotation allows all of the conflicts. If not, it leaves those that remain.
func (k *Kind) mayTakeOver(live api.Object, conflicts *merge.Conflicts) bool {
	own, ok := k.ownedByAnnotation(live)
	if !ok {
		return false
	}
	var left merge.Conflicts
	for _, c := range *conflicts {
		if !own.Has(c.Path) {
			left = append(left, c)
		}
	}
	if len(left) == 0 {
		return true
	}
	*conflicts = left
	return false
}

// ownedByAnnotation is the set of the fields that the annotation names and that still have the value it says.
func (k *Kind) ownedByAnnotation(live api.Object) (*fieldpath.Set, bool) {
	said := tree{}
	if err := api.UnmarshalJSON([]byte(live.GetObjectMeta().Annotations[lastApplied]), &said); err != nil {
		return nil, false
	}
	if stringAt(said, "apiVersion") != k.apiVersion() {
		return nil, false
	}
	t, err := treeOf(live)
	if err != nil {
		return nil, false
	}
	is, err := k.Schema.typed.FromUnstructured(t)
	if err != nil {
		return nil, false
	}
	said2, err := k.Schema.typed.FromUnstructured(said)
	if err != nil {
		return nil, false
	}
	return unchanged(said2, is)
}

func unchanged(said, is *typed.TypedValue) (*fieldpath.Set, bool) {
	fields, err := said.ToFieldSet()
	if err != nil {
		return nil, false
	}
	c, err := said.Compare(is)
	if err != nil {
		return nil, false
	}
	return fields.Difference(c.Modified).Difference(c.Added).Difference(c.Removed), true
}

// keepLastApplied writes the annotation anew, if the object has it: who goes back to client-side apply will need it. The
// result of the apply, nil if it changed nothing, becomes the one with the annotation.
func (k *Kind) keepLastApplied(live api.Object, result, patch tree) tree {
	after := result
	if after == nil {
		t, err := treeOf(live)
		if err != nil {
			return nil
		}
		after = t
	}
	meta, _ := after["metadata"].(tree)
	annotations, _ := meta["annotations"].(tree)
	if stringAt(annotations, lastApplied) == "" {
		return result
	}
	said := maps.Clone(patch)
	if m, ok := said["metadata"].(tree); ok {
		m = maps.Clone(m)
		if a, ok := m["annotations"].(tree); ok {
			a = maps.Clone(a)
			delete(a, lastApplied)
			m["annotations"] = a
		}
		said["metadata"] = m
	}
	json, err := api.MarshalJSON(said)
	if err != nil {
		return result
	}
	text := string(json) + "\n"
	if stringAt(annotations, lastApplied) == text {
		return result
	}
	annotations[lastApplied] = text
	return after
}
