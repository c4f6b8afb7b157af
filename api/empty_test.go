package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSettleEmpty(t *testing.T) {
	for _, test := range []struct {
		name string
		obj  Object
		want string
	}{
		{"a list that is always shown", &Role{Rules: []PolicyRule{}}, `{"metadata":{},"rules":null}`},
		{"in an element of another", &CSINode{Spec: CSINodeSpec{Drivers: []CSINodeDriver{{Name: "a", TopologyKeys: []string{}}}}},
			`{"metadata":{},"spec":{"drivers":[{"name":"a","nodeID":"","topologyKeys":null}]}}`},
		{"what is in the list stays", &Role{Rules: []PolicyRule{{Verbs: []string{"get"}}}}, `{"metadata":{},"rules":[{"verbs":["get"]}]}`},
		{"a list that is shown only with something in it", &ConfigMap{ObjectMeta: ObjectMeta{Finalizers: []string{}}}, `{"metadata":{}}`},
		{"no bytes", &Secret{Data: map[string][]byte{"a": nil, "b": []byte("b")}}, `{"metadata":{},"data":{"a":"","b":"Yg=="}}`},
		{"a custom object is as it was written", &Unstructured{Content: map[string]any{"rules": []any{}}}, `{"metadata":{},"rules":[]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			SettleEmpty(test.obj)
			json, err := MarshalJSON(test.obj)
			require.NoError(t, err)
			require.Equal(t, test.want, string(json))
		})
	}
}

func TestDropNulls(t *testing.T) {
	object := map[string]any{"a": nil, "b": map[string]any{"c": nil, "d": int64(1)}, "e": []any{map[string]any{"f": nil}, nil}}
	DropNulls(object)
	require.Equal(t, map[string]any{"b": map[string]any{"d": int64(1)}, "e": []any{map[string]any{}, nil}}, object)
}
