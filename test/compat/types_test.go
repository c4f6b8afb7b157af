package compat

import (
	"reflect"
	"strings"
	"testing"

	"kubelite/api"
)

// Every field of every upstream type is there, under the same names and numbers.
func TestTypesHaveUpstreamsFields(t *testing.T) {
	c := comparison{T: t, seen: map[reflect.Type]bool{}}
	for _, p := range pairs(upstreamScheme()) {
		c.compare(p.name, reflect.TypeOf(p.ours()).Elem(), reflect.TypeOf(p.theirs()).Elem())
	}
}

type comparison struct {
	*testing.T
	seen map[reflect.Type]bool
}

// same are types that look different in Go and the same on the wire.
var same = map[string]string{
	"api.Quantity": "resource.Quantity", "api.Time": "v1.Time", "api.MicroTime": "v1.MicroTime", "api.Duration": "v1.Duration",
	"api.IntOrString": "intstr.IntOrString", "api.RawExtension": "runtime.RawExtension", "api.FieldsV1": "v1.FieldsV1",
}

func (c *comparison) compare(path string, ours, theirs reflect.Type) {
	if want, ok := same[ours.String()]; ok {
		if theirs.String() != want {
			c.Errorf("%s: %v instead of %v", path, ours, theirs)
		}
		return
	}
	if ours.Kind() != theirs.Kind() {
		c.Errorf("%s: %v instead of %v", path, ours, theirs)
		return
	}
	switch theirs.Kind() {
	case reflect.Pointer, reflect.Slice:
		c.compare(path, ours.Elem(), theirs.Elem())
	case reflect.Map:
		c.compare(path+"[]", ours.Elem(), theirs.Elem())
		c.compare(path+"[key]", ours.Key(), theirs.Key())
	case reflect.Struct:
		if !c.seen[theirs] {
			c.seen[theirs] = true
			c.compareFields(path, ours, theirs)
		}
	}
}

func (c *comparison) compareFields(path string, ours, theirs reflect.Type) {
	mine := map[string]reflect.StructField{}
	for i := range ours.NumField() {
		if name := fieldName(ours.Field(i)); name != "-" { // not on the wire
			mine[name] = ours.Field(i)
		}
	}
	for i := range theirs.NumField() {
		their := theirs.Field(i)
		name := fieldName(their)
		if name == "-" {
			continue // not on the wire
		}
		where := path + "." + name
		our, ok := mine[name]
		if !ok {
			c.Errorf("%s (%v.%s): missing", where, theirs, their.Name)
			continue
		}
		delete(mine, name)
		if our.Type == reflect.TypeFor[api.TypeMeta]() {
			continue
		}
		if want, got := strings.Contains(their.Tag.Get("json"), "omitempty"), strings.Contains(our.Tag.Get("json"), "omitempty"); want != got {
			c.Errorf("%s: omitempty is %v, upstream %v", where, got, want)
		}
		if want, got := strings.Contains(their.Tag.Get("json"), "omitzero"), strings.Contains(our.Tag.Get("json"), "omitzero"); want != got {
			c.Errorf("%s: omitzero is %v, upstream %v", where, got, want)
		}
		if parts := strings.Split(their.Tag.Get("protobuf"), ","); len(parts) > 1 && our.Tag.Get("pb") != parts[1] {
			c.Errorf("%s: pb is %q, upstream %q", where, our.Tag.Get("pb"), parts[1])
		}
		if want, got := their.Tag.Get("patchStrategy"), our.Tag.Get("patch"); want != got {
			c.Errorf("%s: patch is %q, upstream %q", where, got, want)
		}
		if want, got := their.Tag.Get("patchMergeKey"), our.Tag.Get("mergeKey"); want != got {
			c.Errorf("%s: mergeKey is %q, upstream %q", where, got, want)
		}
		c.compare(where, our.Type, their.Type)
	}
	for name := range mine {
		c.Errorf("%s.%s (%v): upstream has no such field", path, name, ours)
	}
}

// fieldName is the JSON name, or the Go name of an embedded struct that JSON flattens.
func fieldName(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	return f.Name
}
