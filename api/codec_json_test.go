package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnmarshalJSON(t *testing.T) {
	var d Deployment
	require.NoError(t, UnmarshalJSON([]byte(`{"kind":"Deployment","Spec":{"replicas":5},"spec":{"replicas":2,"unknown":1}}`), &d))
	require.Equal(t, int32(2), *d.Spec.Replicas, "names are case-sensitive")

	err := UnmarshalJSON([]byte(`{"spec":{"replicas":"two"}}`), &d)
	require.EqualError(t, err, "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32")

	var v any
	require.NoError(t, UnmarshalJSON([]byte(`{"a":1,"b":1.5}`), &v))
	require.Equal(t, map[string]any{"a": int64(1), "b": 1.5}, v)
}

func TestUnmarshalJSONStrict(t *testing.T) {
	var d Deployment
	strict, err := UnmarshalJSONStrict([]byte(`{"spec":{"replicas":1,"replicas":2,"foo":1,"template":{"spec":{"containers":[{"nam":"x"}]}}},"x":1}`), &d)
	require.NoError(t, err)
	var texts []string
	for _, e := range strict {
		texts = append(texts, e.Error())
	}
	require.Equal(t, []string{`duplicate field "spec.replicas"`, `unknown field "spec.foo"`, `unknown field "spec.template.spec.containers[0].nam"`, `unknown field "x"`}, texts)
	require.Equal(t, int32(2), *d.Spec.Replicas, "the object is filled in all the same")
}

// The quick reader and the careful one read the same, whatever a value holds.
func TestBothStrictReadersAgree(t *testing.T) {
	for _, text := range []string{
		`{"kind":"Pod","metadata":{"name":"a\u00e9\ud83d\ude00","labels":{"a":null},"creationTimestamp":null,"finalizers":null,"ownerReferences":[]},"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":1.5,"memory":"1Gi"}},"command":[null,"x"]}],"overhead":{}}}`,
		`{"spec":{"terminationGracePeriodSeconds":1e1,"containers":null}}`,
		`{"spec":{"terminationGracePeriodSeconds":"1"}}`,
		`{"metadata":{"name":"\xff","generation":9223372036854775808}}`,
		"{\"metadata\":{\"name\":\"\xff\"}}",
		`{"metadata":{"managedFields":[{"fieldsV1":{"f:a":{}, "b": 1}}]},"status":{"startTime":"2026-01-02T03:04:05Z"}} `,
		`{"metadata":{}} {}`, `[]`, `null`, `{`,
	} {
		var quick, careful Pod
		mistakes, err := UnmarshalJSONStrict([]byte(text), &quick)
		want, wantErr := unmarshalStrictly([]byte(text), &careful)
		require.Equal(t, fmt.Sprint(want, wantErr), fmt.Sprint(mistakes, err), text)
		if wantErr == nil {
			require.Equal(t, careful, quick, text)
		}
	}
}

func TestMarshalJSON(t *testing.T) {
	b, err := MarshalJSON(&ConfigMap{Data: map[string]string{"b": "<&>", "a": "é"}})
	require.NoError(t, err)
	require.Equal(t, `{"metadata":{},"data":{"a":"é","b":"<&>"}}`, string(b))
	_, err = MarshalJSON(make(chan int))
	require.Error(t, err)
}

func TestRawValues(t *testing.T) {
	var c ControllerRevision
	data := []byte(`{"metadata":{},"data":{"b":1,"a":2},"revision":3}`)
	require.NoError(t, UnmarshalJSON(data, &c))
	require.Equal(t, `{"b":1,"a":2}`, string(c.Data.Raw), "as it was, in its order")
	b, err := MarshalJSON(c)
	require.NoError(t, err)
	require.Equal(t, string(data), string(b))
	b, err = MarshalJSON(ControllerRevision{})
	require.NoError(t, err)
	require.Equal(t, `{"metadata":{},"data":null,"revision":0}`, string(b))
}
