package lab

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What a timeline says about a write in a few words: which fields of the object have become what.

// ofNoInterest are fields that change with every write, or that say again what others say.
var ofNoInterest = []string{
	"metadata.resourceVersion", "metadata.managedFields", "metadata.generation", "metadata.uid", "metadata.creationTimestamp", "apiVersion", "kind",
	"status.observedGeneration", "status.hostIP", "status.hostIPs", "status.podIPs",
}

// differences is what a write did to an object: "create pod/a", and the fields that matter of a change.
func differences(kind watched, before, after map[string]any) (what string, changes []string) {
	object := after
	if object == nil {
		object = before
	}
	metadata, _ := object["metadata"].(map[string]any)
	name := fmt.Sprintf("%s/%v", kind.short(), metadata["name"])
	switch {
	case after == nil:
		return "delete " + name, nil
	case before == nil:
		return "create " + name, nil
	}
	walk("", before, after, func(path, old, new string) {
		switch {
		case new == "":
			changes = append(changes, path+": gone")
		case path == "metadata.deletionTimestamp":
			changes = append(changes, "is to end")
		default:
			changes = append(changes, path+": "+new)
		}
	})
	if len(changes) == 0 {
		return "", nil
	}
	slices.SortStableFunc(changes, func(a, b string) int { return cmp.Compare(depth(a), depth(b)) })
	return "change " + name, changes
}

// depth puts what is high up in an object before what is deep in it: status.phase before the states of containers.
func depth(change string) int {
	path, _, _ := strings.Cut(change, ":")
	return strings.Count(path, ".")
}

// short is how a kind is called in a narrow column.
func (w watched) short() string {
	if len(w.ShortNames) > 0 && len(w.Plural) > 12 {
		return w.ShortNames[0]
	}
	if w.Singular != "" {
		return w.Singular
	}
	return strings.TrimSuffix(w.Plural, "s")
}

// walk finds the leaves that differ.
func walk(path string, before, after any, tell func(path, old, new string)) {
	if slices.Contains(ofNoInterest, path) {
		return
	}
	b, bIsMap := before.(map[string]any)
	a, aIsMap := after.(map[string]any)
	if (bIsMap || before == nil) && (aIsMap || after == nil) && (bIsMap || aIsMap) {
		keys := maps.Clone(b)
		if keys == nil {
			keys = map[string]any{}
		}
		maps.Copy(keys, a)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			walk(strings.TrimPrefix(path+"."+key, "."), b[key], a[key], tell)
		}
		return
	}
	bl, bIsList := before.([]any)
	al, aIsList := after.([]any)
	if bIsList && aIsList || before == nil && aIsList || after == nil && bIsList {
		if keyed(bl) && keyed(al) {
			walk(path, byKey(bl), byKey(al), tell)
			return
		}
	}
	old, now := leaf(before), leaf(after)
	if old != now && !strings.HasSuffix(path, "Time") { // when something was is in the row's own time
		tell(path, old, now)
	}
}

// keyed tells whether the items of a list have names: conditions have types, containers names.
func keyed(list []any) bool {
	for _, item := range list {
		if key(item) == "" {
			return false
		}
	}
	return true
}

func key(item any) string {
	fields, _ := item.(map[string]any)
	for _, name := range []string{"type", "name", "uid"} {
		if text, ok := fields[name].(string); ok {
			return text
		}
	}
	return ""
}

// byKey makes fields of a list's items. Of a condition it is enough whether it holds.
func byKey(list []any) map[string]any {
	items := map[string]any{}
	for _, item := range list {
		fields, _ := item.(map[string]any)
		if status, ok := fields["status"]; ok && fields["type"] != nil {
			items[key(item)] = status
			continue
		}
		fields = maps.Clone(fields)
		maps.DeleteFunc(fields, func(name string, _ any) bool { return name == "name" || name == "type" || name == "uid" })
		items[key(item)] = fields
	}
	return items
}

// leaf is a value in a few characters.
func leaf(value any) string {
	if value == nil {
		return ""
	}
	text := fmt.Sprint(value)
	if long := 60; len(text) > long {
		text = text[:long] + "..."
	}
	return text
}
