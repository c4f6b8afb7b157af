package compat

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"

	"kubelite/api"
)

const rounds = 30

// Random objects of ours arrive unchanged at upstream's types and come back, and the other way round, in JSON and in
// protobuf. Protobuf is the same to the byte.
func TestWireFormats(t *testing.T) {
	scheme := upstreamScheme()
	serializer := protobuf.NewSerializer(scheme, scheme)
	for _, p := range pairs(scheme) {
		t.Run(p.name, func(t *testing.T) {
			random := &filler{Rand: rand.New(rand.NewPCG(11, 12))}
			for i := range rounds {
				random.full = i == 0
				ours := p.ours()
				random.fill(reflect.ValueOf(ours).Elem(), 0)
				theirs := p.theirs()
				ourJSON, err := api.MarshalJSON(ours)
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal(ourJSON, theirs))
				theirJSON, err := json.Marshal(theirs)
				require.NoError(t, err)
				require.JSONEq(t, string(theirJSON), string(ourJSON))
				requireSameBytes(t, theirJSON, ourJSON)

				back := p.ours()
				strict, err := api.UnmarshalJSONStrict(theirJSON, back)
				require.NoError(t, err)
				require.Empty(t, strict)
				require.True(t, api.Equal(ours, back), "JSON changed %s", ourJSON)

				compareProtobuf(t, serializer, ours, theirs.(runtime.Object), p.ours())

				theirs = p.theirs()
				random.fill(reflect.ValueOf(theirs).Elem(), 0)
				theirJSON, err = json.Marshal(theirs)
				require.NoError(t, err)
				ours = p.ours()
				require.NoError(t, api.UnmarshalJSON(theirJSON, ours))
				read := p.ours()
				require.NoError(t, api.ReadJSON(theirJSON, read))
				require.Equal(t, ours, read, "both decoders must read the same")
				ourJSON, err = api.MarshalJSON(ours)
				require.NoError(t, err)
				require.JSONEq(t, string(theirJSON), string(ourJSON))
				compareProtobuf(t, serializer, ours, theirs.(runtime.Object), p.ours())

				require.True(t, api.Equal(ours, api.DeepCopy(ours)))
			}
		})
	}
}

// requireSameBytes compares field order too: it is what people see in kubectl get -o json of an unsorted client.
func requireSameBytes(t *testing.T, theirs, ours []byte) {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(true)
	require.NoError(t, encoder.Encode(json.RawMessage(ours)))
	require.Equal(t, string(theirs), string(bytes.TrimSpace(plain.Bytes())))
}

func compareProtobuf(t *testing.T, serializer *protobuf.Serializer, ours any, theirs runtime.Object, back any) {
	typeMeta := ours.(interface{ GetTypeMeta() *api.TypeMeta }).GetTypeMeta()
	theirs.GetObjectKind().SetGroupVersionKind(schema.FromAPIVersionAndKind(typeMeta.APIVersion, typeMeta.Kind))
	var theirBytes bytes.Buffer
	require.NoError(t, serializer.Encode(theirs, &theirBytes))
	ourBytes, err := api.MarshalProtobuf(ours)
	require.NoError(t, err)
	require.Equal(t, theirBytes.Bytes(), ourBytes, "bytes of %T", ours)
	require.NoError(t, api.UnmarshalProtobuf(theirBytes.Bytes(), back))
	require.True(t, api.Equal(ours, back), "protobuf changed %T", ours)
	peeked, err := api.ProtobufTypeMeta(ourBytes)
	require.NoError(t, err)
	require.Equal(t, *typeMeta, peeked)
}
