package api

import (
	"strings"
	"testing"
)

func TestUnstructured(t *testing.T) {
	const text = `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a","namespace":"x","labels":{"app":"web"},"resourceVersion":"7"},"spec":{"n":3,"f":1.5,"list":[{"a":null}]}}`
	obj := &Unstructured{}
	if err := UnmarshalJSON([]byte(text), obj); err != nil {
		t.Fatal(err)
	}
	if obj.Name != "a" || obj.Labels["app"] != "web" || obj.Content["spec"].(map[string]any)["n"] != int64(3) {
		t.Errorf("decoded as %+v", obj)
	}
	if got := Describe(obj); got != "Widget x/a" {
		t.Error(got)
	}
	data, err := MarshalJSON(obj)
	const want = `{"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"a","namespace":"x","resourceVersion":"7","labels":{"app":"web"}},"spec":{"f":1.5,"list":[{"a":null}],"n":3}}`
	if err != nil || string(data) != want {
		t.Errorf("encoded as %s, %v", data, err)
	}
	c := DeepCopy(obj)
	c.Content["spec"].(map[string]any)["n"] = int64(4)
	if obj.Content["spec"].(map[string]any)["n"] != int64(3) || Equal(c.Content, obj.Content) {
		t.Error("the copy shares its content")
	}
}

func TestUnstructuredStrict(t *testing.T) {
	obj := &Unstructured{}
	strict, err := UnmarshalJSONStrict([]byte(`{"kind":"Widget","metadata":{"name":"a","nam":"b","ownerReferences":[{"x":1}]},"spec":{"n":1,"n":2}}`), obj)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, err := range strict {
		texts = append(texts, err.Error())
	}
	const want = `duplicate field "spec.n"; unknown field "metadata.nam"; unknown field "metadata.ownerReferences[0].x"`
	if got := strings.Join(texts, "; "); got != want {
		t.Error(got)
	}
}
