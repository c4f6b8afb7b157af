package api

import (
	"reflect"
	"slices"
	"strings"
)

// Unstructured is an object of a kind that no Go type describes: a custom resource. What every object has is decoded as
// everywhere; the rest is plain JSON.
type Unstructured struct {
	TypeMeta
	ObjectMeta
	// Content has the fields of the object but for apiVersion, kind and metadata: map[string]any, []any, string,
	// int64, float64, bool and nil.
	Content map[string]any
}

// MarshalJSON writes kind, apiVersion and metadata first, as all objects are written, then the rest by name.
func (u *Unstructured) MarshalJSON() ([]byte, error) {
	head, err := MarshalJSON(&unstructuredHead{u.TypeMeta, u.ObjectMeta})
	if err != nil || len(u.Content) == 0 {
		return head, err
	}
	rest, err := MarshalJSON(u.Content)
	if err != nil {
		return nil, err
	}
	return append(append(head[:len(head)-1], ','), rest[1:]...), nil
}

// unstructuredHead is what all objects have in common.
type unstructuredHead struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata"`
}

// UnmarshalJSON reads an object of any kind.
func (u *Unstructured) UnmarshalJSON(data []byte) error {
	var content map[string]any
	if err := UnmarshalJSON(data, &content); err != nil {
		return err
	}
	var head unstructuredHead
	if err := UnmarshalJSON(data, &head); err != nil {
		return err
	}
	u.set(&head, content)
	return nil
}

func (u *Unstructured) set(head *unstructuredHead, content map[string]any) {
	for _, name := range []string{"kind", "apiVersion", "metadata"} {
		delete(content, name)
	}
	u.TypeMeta, u.ObjectMeta, u.Content = head.TypeMeta, head.ObjectMeta, content
}

// unmarshalStrict is UnmarshalJSONStrict. Of the fields, only those of metadata can be unknown here: a schema has to say
// about the rest.
func (u *Unstructured) unmarshalStrict(data []byte) (strict []error, err error) {
	var content map[string]any
	doubled, err := unmarshalStrictly(data, &content)
	if err != nil {
		return nil, err
	}
	var head unstructuredHead
	if err := UnmarshalJSON(data, &head); err != nil {
		return nil, err
	}
	if metadata, ok := content["metadata"]; ok {
		unknown, err := unknownMetadata(metadata)
		if err != nil {
			return nil, err
		}
		doubled = append(doubled, unknown...)
	}
	u.set(&head, content)
	return doubled, nil
}

// unknownMetadata lists the fields of an object's metadata that no object has.
func unknownMetadata(metadata any) ([]error, error) {
	data, err := MarshalJSON(map[string]any{"metadata": metadata})
	if err != nil {
		return nil, err
	}
	var into struct {
		ObjectMeta `json:"metadata"`
	}
	return unmarshalStrictly(data, &into)
}

// JSON returns the whole object as plain JSON data that shares Content with it.
func (u *Unstructured) JSON() (map[string]any, error) {
	data, err := MarshalJSON(&unstructuredHead{u.TypeMeta, u.ObjectMeta})
	if err != nil {
		return nil, err
	}
	var whole map[string]any
	if err := UnmarshalJSON(data, &whole); err != nil {
		return nil, err
	}
	for name, value := range u.Content {
		whole[name] = value
	}
	return whole, nil
}

// JSONOf returns any object as plain JSON data, as untyped clients see it.
func JSONOf(obj any) (map[string]any, error) {
	if u, ok := obj.(*Unstructured); ok {
		whole, err := u.JSON()
		return DeepCopy(whole), err
	}
	data, err := MarshalJSON(obj)
	if err != nil {
		return nil, err
	}
	var whole map[string]any
	return whole, UnmarshalJSON(data, &whole)
}

// kind is what the object says it is. Only that: its resource's names are nowhere in it.
func (u *Unstructured) kind() *Kind {
	return &Kind{GroupVersion: ParseGroupVersion(u.APIVersion), Kind: u.TypeMeta.Kind, Custom: true}
}

// NewCustomKind makes the row of a kind that a custom resource definition names. Its objects are Unstructured.
func NewCustomKind(k Kind) *Kind {
	k.Custom = true
	k.New = func() Object { return &Unstructured{TypeMeta: k.TypeMeta()} }
	k.NewList = func() ListObject {
		return &List[Unstructured]{TypeMeta: k.ListTypeMeta(), Items: []Unstructured{}}
	}
	return &k
}

// copyJSON copies plain JSON data. Worth a path without reflection: it is all that there is in a custom object.
func copyJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return copyJSONMap(v)
	case []any:
		c := slices.Clone(v)
		for i := range c {
			c[i] = copyJSON(c[i])
		}
		return c
	case nil, string, int64, float64, bool:
		return v
	}
	return DeepCopy(v) // it did not come from JSON
}

func copyJSONMap(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	c := make(map[string]any, len(m))
	for key, value := range m {
		c[key] = copyJSON(value)
	}
	return c
}

func unshareJSONMap(v reflect.Value) {
	m := v.Addr().Interface().(*map[string]any)
	*m = copyJSONMap(*m)
}

// PruneMetadata drops what no object's metadata has from the metadata of an object inside another, and names it:
// "metadata.nam".
func PruneMetadata(raw any) (unknown []string, pruned map[string]any, err error) {
	strict, err := unknownMetadata(raw)
	if err != nil {
		return nil, nil, err
	}
	for _, err := range strict {
		if name, ok := strings.CutPrefix(err.Error(), "unknown field "); ok {
			unknown = append(unknown, strings.Trim(name, `"`))
		}
	}
	data, err := MarshalJSON(raw)
	if err != nil {
		return nil, nil, err
	}
	var meta ObjectMeta
	if err := UnmarshalJSON(data, &meta); err != nil {
		return nil, nil, err
	}
	if data, err = MarshalJSON(&meta); err != nil {
		return nil, nil, err
	}
	return unknown, pruned, UnmarshalJSON(data, &pruned)
}
