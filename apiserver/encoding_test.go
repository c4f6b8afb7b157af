package apiserver

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestPartialMetadataIsCopiedOutOfTheObject(t *testing.T) {
	for name, obj := range map[string]api.Object{
		"nothing else":        &api.ConfigMap{ObjectMeta: api.ObjectMeta{Name: "a"}},
		"brackets in a value": &api.ConfigMap{ObjectMeta: api.ObjectMeta{Name: "a", Annotations: map[string]string{"x": `}]"\`}}, Data: map[string]string{"metadata": "{"}},
		"lists inside":        &api.Pod{ObjectMeta: api.ObjectMeta{Name: "a", Finalizers: []string{"f"}, OwnerReferences: []api.OwnerReference{{Name: "o"}}}},
	} {
		obj.GetTypeMeta().Kind, obj.GetTypeMeta().APIVersion = "Some", "v1"
		encoded, err := encode(obj)
		require.NoError(t, err)
		stored := encoded.with(7)
		obj.GetObjectMeta().ResourceVersion = "7"
		want, err := api.MarshalJSON(partialMetadata(obj, "v1"))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(partialJSON(stored, "v1")), name)
	}
}
