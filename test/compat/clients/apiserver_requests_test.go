package clients

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
)

// drawing draws requests by chance.
type drawing struct {
	*rand.Rand
	objects []map[string]any
}

func (d *drawing) one(of ...string) string { return of[d.IntN(len(of))] }

func (d *drawing) chance(percent int) bool { return d.IntN(100) < percent }

// query is what may be said with any write.
func (d *drawing) query() url.Values {
	q := url.Values{}
	if d.chance(70) {
		q.Set("fieldManager", d.one("ann", "bob"))
	}
	if d.chance(50) {
		q.Set("fieldValidation", d.one("Strict", "Warn", "Ignore"))
	}
	if d.chance(5) {
		q.Set("dryRun", "All")
	}
	return q
}

// fresh is one of the objects that stories are about, of the hero's kind.
func (d *drawing) fresh(h *hero) map[string]any {
	var alike []map[string]any
	for _, o := range d.objects {
		if o["apiVersion"] == h.kind.GroupVersion().String() && o["kind"] == h.kind.Kind {
			alike = append(alike, o)
		}
	}
	object := clone(alike[d.IntN(len(alike))]).(map[string]any)
	object["metadata"].(map[string]any)["name"] = h.name
	return object
}

// request is the next one of a story.
func (d *drawing) request(h *hero) request {
	if h.current == nil {
		return d.create(h)
	}
	if _, going := h.current["metadata"].(map[string]any)["deletionTimestamp"]; !going && d.chance(8) {
		return d.delete(h)
	}
	subresources := h.served[h.kind].subresources
	if len(subresources) == 0 || d.chance(80) {
		return d.change(h, "")
	}
	return d.change(h, "/"+d.one(subresources...))
}

// delete asks for the object's deletion, in one way or another.
func (d *drawing) delete(h *hero) request {
	options := []any{
		map[string]any{}, map[string]any{"gracePeriodSeconds": 0}, map[string]any{"gracePeriodSeconds": 5}, map[string]any{"gracePeriodSeconds": -1},
		map[string]any{"propagationPolicy": "Foreground"}, map[string]any{"propagationPolicy": "Orphan"}, map[string]any{"propagationPolicy": "Slowly"},
		map[string]any{"orphanDependents": true}, map[string]any{"orphanDependents": false, "propagationPolicy": "Background"},
		map[string]any{"preconditions": map[string]any{"uid": "another"}}, map[string]any{"preconditions": map[string]any{"resourceVersion": "1"}},
		map[string]any{"dryRun": []string{"All"}}, map[string]any{"dryRun": []string{"Some"}}, map[string]any{"unknown": 1}, map[string]any{"gracePeriodSeconds": "x"},
		map[string]any{"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}, nil,
	}
	r := request{method: "DELETE", path: h.path(), contentType: "application/json"}
	if h.kind.Kind == "Namespace" {
		return r // there, preconditions have words of their own
	}
	if option := options[d.IntN(len(options))]; option != nil {
		r.body = encode(option)
	}
	if d.chance(15) {
		r.query = url.Values{"propagationPolicy": {d.one("Orphan", "Foreground", "x")}}
	}
	return r
}

// create makes the object, usually one that is as it should be, or applies it.
func (d *drawing) create(h *hero) request {
	object := d.fresh(h)
	if d.chance(35) {
		d.spoil(object, h)
	}
	if d.chance(30) {
		q := d.query()
		q.Set("fieldManager", d.one("ann", "bob"))
		return request{method: "PATCH", path: h.path(), query: q, contentType: "application/apply-patch+yaml", body: encode(object)}
	}
	return request{method: "POST", path: h.served[h.kind].path, query: d.query(), contentType: "application/json", body: encode(object)}
}

// change changes the object that is there, or a subresource of it.
func (d *drawing) change(h *hero, subresource string) request {
	r := request{method: "PATCH", path: h.path() + subresource, query: d.query()}
	if subresource == "/scale" {
		r.contentType = "application/merge-patch+json"
		r.body = encode(map[string]any{"spec": map[string]any{"replicas": []any{0, 3, -1, "x", nil, 1.5}[d.IntN(6)]}})
		return r
	}
	changed := clone(h.current).(map[string]any)
	switch d.IntN(5) {
	case 0:
		r.method, r.contentType = "PUT", "application/json"
		for range 1 + d.IntN(2) {
			d.spoil(changed, h)
		}
		meta := changed["metadata"].(map[string]any)
		if d.chance(20) {
			delete(meta, "resourceVersion")
		}
		if d.chance(30) {
			delete(meta, "managedFields")
		}
		r.body = encode(changed)
	case 1:
		r.contentType = "application/json-patch+json"
		var operations []any
		for range 1 + d.IntN(2) {
			operations = append(operations, d.operation(changed, h))
		}
		r.body = encode(operations)
	case 2:
		r.contentType = "application/merge-patch+json"
		r.body = encode(d.fragment(changed, h, false))
	case 3:
		r.contentType = "application/strategic-merge-patch+json"
		r.body = encode(d.fragment(changed, h, true))
	default:
		r.contentType = "application/apply-patch+yaml"
		r.query.Set("fieldManager", d.one("ann", "bob"))
		if d.chance(50) {
			r.query.Set("force", "true")
		}
		r.body = encode(d.intent(changed, h))
	}
	return r
}

// spots are all values of an object that may be changed.
func spots(object any) (all [][]any) {
	for _, path := range everywhere(object) {
		changeable := len(path) > 1 || len(path) == 1 && path[0] != "metadata"
		for i, key := range path {
			if name, ok := key.(string); ok && fixed(path[:i], name) {
				changeable = false
			}
		}
		if changeable {
			all = append(all, path)
		}
	}
	return all
}

// everywhere are the paths of all values in a value, in order.
func everywhere(value any) (all [][]any) {
	var walk func(v any, path []any)
	walk = func(v any, path []any) {
		all = append(all, slices.Clone(path))
		switch v := v.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(v[key], append(path, key))
			}
		case []any:
			for i, e := range v {
				walk(e, append(path, i))
			}
		}
	}
	walk(value, nil)
	return all
}

// spot is one of them.
func (d *drawing) spot(object any) []any {
	all := spots(object)
	if len(all) == 0 {
		return []any{"spec"}
	}
	return all[d.IntN(len(all))]
}

// fixed tells whether a field is left as it is: what differs from server to server, and what says which object it is.
func fixed(path []any, key string) bool {
	switch {
	case len(path) == 0:
		return key == "apiVersion" || key == "kind"
	case len(path) == 1 && path[0] == "metadata":
		return slices.Contains([]string{"name", "namespace", "uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"}, key)
	}
	return key == "deprecated.daemonset.template.generation" || key == "clusterIP" || key == "clusterIPs" || key == "nodePort" || key == "healthCheckNodePort"
}

// at is the value at a path.
func at(value any, path []any) any {
	for _, p := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[p.(string)]
		case []any:
			value = v[p.(int)]
		}
	}
	return value
}

// put sets the value at a path, or takes it away.
func put(object any, path []any, value any, gone bool) {
	last := path[len(path)-1]
	switch in := at(object, path[:len(path)-1]).(type) {
	case map[string]any:
		if gone {
			delete(in, last.(string))
		} else {
			in[last.(string)] = value
		}
	case []any:
		if gone {
			in = slices.Delete(slices.Clone(in), last.(int), last.(int)+1)
			put(object, path[:len(path)-1], in, false)
		} else {
			in[last.(int)] = value
		}
	}
}

// spoil changes something, for better or worse.
func (d *drawing) spoil(object map[string]any, h *hero) {
	path := d.spot(object)
	if path[0] == "status" && d.chance(80) {
		path = d.spot(object)
	}
	value, gone := d.other(path, object, h)
	put(object, path, value, gone)
}

// other is a value to have in the place of another one. It has no node port, which would be there twice.
func (d *drawing) other(path []any, object map[string]any, h *hero) (other any, gone bool) {
	other, gone = d.anything(path, object, h)
	for _, spot := range everywhere(other) {
		if len(spot) > 0 && spot[len(spot)-1] == "nodePort" {
			put(other, spot, nil, true)
		}
	}
	return other, gone
}

func (d *drawing) anything(path []any, object map[string]any, h *hero) (other any, gone bool) {
	value := at(object, path)
	if d.chance(15) {
		return nil, true
	}
	_, element := path[len(path)-1].(int)
	if !element && d.chance(5) {
		return nil, false
	}
	if !element && d.chance(4) { // of another type
		return []any{"", 0, true, map[string]any{}, []any{}, "x", -1, 1.5}[d.IntN(8)], false
	}
	switch v := value.(type) {
	case string:
		return d.otherString(v), false
	case float64:
		return []any{math.Min(v+1, math.MaxInt32), v - 1, 0, -1, 65536, 3.5}[d.IntN(6)], false
	case bool:
		return !v, false
	case []any:
		list := clone(v).([]any)
		if len(list) == 0 {
			return []any{d.one("x", "")}, false
		}
		i := d.IntN(len(list))
		switch d.IntN(5) {
		case 0: // twice
			return append(list, clone(list[i])), false
		case 1: // one more
			more := clone(list[i])
			if m, ok := more.(map[string]any); ok {
				for _, key := range slices.Sorted(maps.Keys(m)) {
					if text, ok := m[key].(string); ok && d.chance(60) {
						m[key] = d.otherString(text)
					}
				}
			} else if text, ok := more.(string); ok {
				more = text + "x"
			}
			return slices.Insert(list, d.IntN(len(list)+1), more), false
		case 2:
			return []any{}, false
		case 3:
			d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			return list, false
		default:
			return slices.Delete(list, i, i+1), false
		}
	case map[string]any:
		m := clone(v).(map[string]any)
		keys := slices.Sorted(maps.Keys(m))
		switch d.IntN(4) {
		case 0:
			m[d.one("unknown", "Name", "a")] = d.one("x", "")
		case 1:
			return map[string]any{}, false
		case 2: // something that fits better elsewhere
			donor := d.fresh(h)
			path := d.spot(donor)
			if key, ok := path[len(path)-1].(string); ok {
				m[key] = at(donor, path)
			}
		default:
			if len(keys) > 0 {
				key := keys[d.IntN(len(keys))]
				if d.chance(50) {
					delete(m, key)
				} else {
					m[key] = m[keys[d.IntN(len(keys))]]
				}
			}
		}
		return m, false
	}
	return "x", false
}

func (d *drawing) otherString(v string) string {
	return []string{"", v + "x", "x", strings.ToUpper(v), strings.Repeat("long-", 60), v + "/" + v, "-" + v, "a b", "1", "10.0.0.300", "100m", "$(A)", ".." + v, "a.b", "b"}[d.IntN(15)]
}

// operation is one of a JSON patch.
func (d *drawing) operation(object map[string]any, h *hero) map[string]any {
	path := d.spot(object)
	value := at(object, path)
	other, gone := d.other(path, object, h)
	switch {
	case gone || d.chance(10):
		return map[string]any{"op": "remove", "path": pointer(path)}
	case d.chance(15) && other != nil: // a null that was just set is another null to the library that tests it
		return map[string]any{"op": "test", "path": pointer(path), "value": []any{value, other}[d.IntN(2)]}
	case d.chance(10): // a copy of what an operation before it took away is a null upstream
		return map[string]any{"op": "move", "from": pointer(path), "path": pointer(d.spot(object))}
	case d.chance(5):
		return map[string]any{"op": d.one("add", "replace", "remove", "jump"), "path": pointer(path) + "/x", "value": other}
	case d.chance(30):
		if _, ok := path[len(path)-1].(int); ok {
			return map[string]any{"op": "add", "path": pointer(path[:len(path)-1]) + "/" + d.one("-", "0", "9"), "value": other}
		}
	}
	return map[string]any{"op": d.one("add", "replace"), "path": pointer(path), "value": other}
}

// pointer writes a path as JSON pointers are written.
func pointer(path []any) string {
	var b strings.Builder
	for _, p := range path {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(fmt.Sprint(p)))
	}
	return b.String()
}

// fragment is a patch that changes one or two values. A strategic one names elements of lists by what tells them apart, and may give
// directives; another one has whole lists.
func (d *drawing) fragment(object map[string]any, h *hero, strategic bool) map[string]any {
	patch := map[string]any{}
	for range 1 + d.IntN(2) {
		path := d.spot(object)
		if !strategic {
			for i, p := range path {
				if _, ok := p.(int); ok { // whole lists
					path = path[:i]
					break
				}
			}
		}
		other, gone := d.other(path, object, h)
		if _, element := path[len(path)-1].(int); gone && element {
			continue
		} else if gone {
			other = nil
		}
		if m, ok := other.(map[string]any); ok && strategic && d.chance(30) {
			m["$patch"] = d.one("replace", "delete", "merge")
		}
		graft(patch, object, path, other)
		if strategic && d.chance(20) {
			d.direct(patch, object, path)
		}
	}
	return patch
}

// direct gives a directive next to the last field of a path.
func (d *drawing) direct(patch, object map[string]any, path []any) {
	for len(path) > 0 {
		key, ok := path[len(path)-1].(string)
		in, isMap := seek(patch, object, path[:len(path)-1]).(map[string]any)
		if !ok || !isMap {
			path = path[:len(path)-1]
			continue
		}
		list, isList := at(object, path).([]any)
		switch {
		case isList && len(list) > 0:
			switch first := list[0].(type) {
			case map[string]any:
				var order []any
				for _, e := range list {
					order = append(order, identity(e))
				}
				d.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
				in["$setElementOrder/"+key] = order
			default:
				in["$deleteFromPrimitiveList/"+key] = []any{first}
			}
		case d.chance(50):
			in["$retainKeys"] = []any{key}
		default:
			in["$patch"] = d.one("replace", "delete", "merge", "jump")
		}
		return
	}
}

// intent is what a manager wants to be so: some of the fields, one of them perhaps otherwise.
func (d *drawing) intent(object map[string]any, h *hero) map[string]any {
	intent := map[string]any{"apiVersion": object["apiVersion"], "kind": object["kind"], "metadata": map[string]any{"name": h.name}}
	for range 1 + d.IntN(4) {
		path := d.spot(object)
		value := clone(at(object, path))
		gone := false
		if d.chance(60) {
			value, gone = d.other(path, object, h)
		}
		if gone || value == nil {
			continue // null is nothing to us in a custom object that is applied, too; upstream only in one that is written
		}
		graft(intent, object, path, value)
	}
	return intent
}

// graft sets the value at a path of the object in a part of it, which it grows as far as needed: elements of lists are named by what tells
// them apart.
func graft(part, object map[string]any, path []any, value any) {
	in := seek(part, object, path[:len(path)-1])
	switch key := path[len(path)-1].(type) {
	case string:
		if m, ok := in.(map[string]any); ok {
			m[key] = value
		}
	case int:
		list := at(object, path[:len(path)-1]).([]any)
		if m, ok := value.(map[string]any); ok {
			if _, isMap := list[key].(map[string]any); isMap {
				for k, v := range identity(list[key]).(map[string]any) {
					if m[k] == nil {
						m[k] = v
					}
				}
			}
		}
		if l, ok := in.(*[]any); ok {
			*l = append(*l, value)
		}
	}
}

// seek finds, or makes, the part that stands for the object's value at a path. Lists are pointers, for they grow.
func seek(part, object map[string]any, path []any) any {
	var in any = part
	for i, p := range path {
		whole := at(object, path[:i+1])
		switch key := p.(type) {
		case string:
			m, ok := in.(map[string]any)
			if !ok {
				return nil
			}
			switch whole.(type) {
			case map[string]any:
				next, ok := m[key].(map[string]any)
				if !ok {
					next = map[string]any{}
					m[key] = next
				}
				in = next
			case []any:
				next, ok := m[key].(*[]any)
				if !ok {
					next = &[]any{}
					m[key] = next
				}
				in = next
			default:
				return nil
			}
		case int:
			l, ok := in.(*[]any)
			if !ok {
				return nil
			}
			element, ok := identity(whole).(map[string]any)
			if !ok {
				return nil
			}
			*l = append(*l, element)
			in = element
		}
	}
	return in
}

// identity is what tells an element of a list from the others.
func identity(element any) any {
	m, ok := element.(map[string]any)
	if !ok {
		return element
	}
	keys := map[string]any{}
	for _, key := range []string{"name", "containerPort", "port", "protocol", "mountPath", "key", "type", "ip", "uid", "topologyKey", "whenUnsatisfiable", "resourceName", "conditionType", "devicePath"} {
		if v, ok := m[key]; ok {
			if _, isMap := v.(map[string]any); !isMap {
				keys[key] = v
			}
		}
	}
	return keys
}

func clone(v any) any {
	var out any
	if err := json.Unmarshal(encode(v), &out); err != nil {
		panic(err)
	}
	return out
}
