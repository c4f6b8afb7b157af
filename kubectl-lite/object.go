package kubectllite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// object is an object of any kind as JSON that was taken apart: maps, slices, strings, int64, float64, bool. Commands
// that work on every kind use it; nothing that the server sends gets lost in it.
type object map[string]any

func parseObject(data []byte) (object, error) {
	var o object
	if err := api.UnmarshalJSON(data, &o); err != nil {
		return nil, err
	}
	return o, nil
}

// json is the object on the wire, keys sorted, with a newline and with <, > and & escaped: byte for byte what kubectl
// writes, which matters for the last-applied annotation.
func (o object) json() []byte {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(map[string]any(o)); err != nil {
		panic(err) // it came from JSON
	}
	return b.Bytes()
}

func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func (o object) text(path ...string) string {
	s, _ := o.at(path...).(string)
	return s
}

func (o object) number(path ...string) int64 {
	switch n := o.at(path...).(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// set puts a value at a path, making the maps on the way.
func (o object) set(value any, path ...string) {
	m := map[string]any(o)
	for _, name := range path[:len(path)-1] {
		next, ok := m[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[name] = next
		}
		m = next
	}
	m[path[len(path)-1]] = value
}

func (o object) name() string       { return o.text("metadata", "name") }
func (o object) namespace() string  { return o.text("metadata", "namespace") }
func (o object) kind() string       { return o.text("kind") }
func (o object) apiVersion() string { return o.text("apiVersion") }

// items are the objects of a list; ok is false if this is not a list.
func (o object) items() (items []object, ok bool) {
	list, ok := o["items"].([]any)
	if !ok || !strings.HasSuffix(o.kind(), "List") {
		return nil, false
	}
	for _, item := range list {
		if m, isMap := item.(map[string]any); isMap {
			one := object(m)
			if one.kind() == "" && o.kind() != "List" { // a typed list's items leave out what they are
				one["kind"], one["apiVersion"] = strings.TrimSuffix(o.kind(), "List"), o.apiVersion()
			}
			items = append(items, one)
		}
	}
	return items, true
}

// typed decodes an object into its Go type, for commands that are about one kind.
func typed[T api.Object](o object) (T, error) {
	out := api.New[T]()
	err := api.UnmarshalJSON(o.json(), out)
	return out, err
}

// displayName is how messages name an object: "pod/web", "deployment.apps/web".
func displayName(r *client.APIResource, name string) string {
	kind := strings.ToLower(r.Kind)
	if r.Group != "" {
		kind += "." + r.Group
	}
	return fmt.Sprintf("%s/%s", kind, name)
}
