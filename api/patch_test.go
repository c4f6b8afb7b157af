package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestApplyJSONPatch(t *testing.T) {
	const doc = `{"metadata":{"name":"a","labels":{"x":"1"}},"list":[1,2]}`
	got, err := ApplyJSONPatch([]byte(doc), []byte(`[{"op":"test","path":"/metadata/name","value":"a"},{"op":"add","path":"/list/-","value":"<3>"},{"op":"remove","path":"/metadata/labels/x"}]`))
	require.NoError(t, err)
	require.Equal(t, `{"metadata":{"name":"a","labels":{}},"list":[1,2,"<3>"]}`, string(got))
	for _, patch := range []string{
		`[{"op":"test","path":"/metadata/name","value":"b"}]`, `[{"op":"remove","path":"/nothing"}]`, `[{"op":"replace","path":"/a/b/c","value":1}]`,
	} {
		_, err := ApplyJSONPatch([]byte(doc), []byte(patch))
		require.Error(t, err, patch)
		require.NotErrorIs(t, err, ErrMalformedPatch, "the document is at fault, not the patch")
		require.Equal(t, StatusReasonInvalid, Reason(err))
	}
	for _, patch := range []string{`{"op":"test"}`, `[`, `"x"`} {
		_, err := ApplyJSONPatch([]byte(doc), []byte(patch))
		require.ErrorIs(t, err, ErrMalformedPatch, patch)
	}
}

func TestMergePatch(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":1,"b":{"c":1,"d":2}}`, `{"b":{"c":null,"e":3}}`, `{"a":1,"b":{"d":2,"e":3}}`},
		{`{"a":[1,2]}`, `{"a":[3]}`, `{"a":[3]}`},
		{`{"a":1}`, `{"b":{"c":null,"d":1}}`, `{"a":1,"b":{"d":1}}`},
		{`{"a":{"b":1}}`, `{"a":"x"}`, `{"a":"x"}`},
		{`{"n":12345678901234567}`, `{}`, `{"n":12345678901234567}`},
	} {
		got, err := ApplyMergePatch([]byte(c[0]), []byte(c[1]))
		require.NoError(t, err)
		require.Equal(t, c[2], string(got))
	}
	_, err := ApplyMergePatch([]byte(`{}`), []byte(`[]`))
	require.ErrorIs(t, err, ErrMalformedPatch)

	patch, err := CreateJSONMergePatch([]byte(`{"a":1,"b":{"c":1},"l":[1]}`), []byte(`{"b":{"c":2},"l":[1],"n":{}}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"a":null,"b":{"c":2},"n":{}}`, string(patch))
	patch, err = CreateThreeWayJSONMergePatch([]byte(`{"mine":1,"kept":1}`), []byte(`{"kept":2}`), []byte(`{"mine":1,"kept":1,"theirs":1}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"mine":null,"kept":2}`, string(patch))
}

func TestApplyStrategicMergePatch(t *testing.T) {
	const pod = `{"metadata":{"finalizers":["a","b"]},"spec":{"containers":[{"name":"web","image":"1"},{"name":"side","image":"1"}],"tolerations":[{"key":"k"}],"volumes":[{"name":"v","emptyDir":{}}]}}`
	for name, c := range map[string][2]string{
		"a list of objects merges by its key": {`{"spec":{"containers":[{"name":"side","image":"2"}]}}`,
			`{"metadata":{"finalizers":["a","b"]},"spec":{"containers":[{"name":"web","image":"1"},{"name":"side","image":"2"}],"tolerations":[{"key":"k"}],"volumes":[{"name":"v","emptyDir":{}}]}}`},
		"a list without a key is replaced": {`{"spec":{"tolerations":[{"key":"z"}],"volumes":null,"containers":null},"metadata":null}`,
			`{"spec":{"tolerations":[{"key":"z"}]}}`},
		"an element is deleted": {`{"spec":{"containers":[{"name":"web","$patch":"delete"}],"volumes":null,"tolerations":null},"metadata":null}`,
			`{"spec":{"containers":[{"name":"side","image":"1"}]}}`},
		"a set grows, shrinks and is ordered": {`{"spec":null,"metadata":{"finalizers":["c"],"$deleteFromPrimitiveList/finalizers":["a"],"$setElementOrder/finalizers":["c","b"]}}`,
			`{"metadata":{"finalizers":["c","b"]}}`},
		"a union changes its member": {`{"metadata":null,"spec":{"containers":null,"tolerations":null,"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/"}}]}}`,
			`{"spec":{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}}`},
		"a map is replaced": {`{"metadata":{"$patch":"replace","name":"n"},"spec":null}`, `{"metadata":{"name":"n"}}`},
		"the order is set": {`{"metadata":null,"spec":{"tolerations":null,"volumes":null,"$setElementOrder/containers":[{"name":"side"},{"name":"web"}]}}`,
			`{"spec":{"containers":[{"name":"side","image":"1"},{"name":"web","image":"1"}]}}`},
		"fields of unknown types merge as JSON": {`{"metadata":null,"spec":null,"new":{"a":{"b":null,"c":1}}}`, `{"new":{"a":{"c":1}}}`},
	} {
		got, err := ApplyStrategicMergePatch([]byte(pod), []byte(c[0]), Pod{})
		require.NoError(t, err, name)
		require.JSONEq(t, c[1], string(got), name)
	}
	for _, patch := range []string{
		`{"spec":{"containers":[{"image":"x"}]}}`, `{"spec":{"containers":[{"name":"web","$patch":"explode"}]}}`, `{"spec":{"$setElementOrder/containers":7}}`,
		`{"metadata":{"$deleteFromPrimitiveList/finalizers":"a"}}`, `{"spec":{"volumes":[{"name":"v","$retainKeys":["name"],"hostPath":{}}]}}`, `nonsense`,
	} {
		_, err := ApplyStrategicMergePatch([]byte(pod), []byte(patch), Pod{})
		require.ErrorIs(t, err, ErrMalformedPatch, patch)
	}
}

// What a controller or a person has added stays; what left the manifest goes; what changed is set.
func TestCreateThreeWayMergePatch(t *testing.T) {
	last := `{"metadata":{"labels":{"a":"1","gone":"1"}},"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"web","image":"1"},{"name":"old","image":"1"}]}}}}`
	now := `{"metadata":{"labels":{"a":"2"}},"spec":{"template":{"spec":{"containers":[{"name":"web","image":"2"}]}}}}`
	live := `{"metadata":{"labels":{"a":"1","gone":"1","theirs":"1"}},"spec":{"replicas":5,"template":{"spec":{"containers":[{"name":"web","image":"1","imagePullPolicy":"Always"},{"name":"old","image":"1"},{"name":"injected","image":"1"}]}}}}`
	patch, err := CreateThreeWayMergePatch([]byte(last), []byte(now), []byte(live), &Deployment{}, true)
	require.NoError(t, err)
	require.JSONEq(t, `{"metadata":{"labels":{"a":"2","gone":null}},"spec":{"replicas":null,"template":{"spec":{
		"$setElementOrder/containers":[{"name":"web"}],"containers":[{"name":"web","image":"2"},{"name":"old","$patch":"delete"}]}}}}`, string(patch))
	got, err := ApplyStrategicMergePatch([]byte(live), patch, Deployment{})
	require.NoError(t, err)
	require.JSONEq(t, `{"metadata":{"labels":{"a":"2","theirs":"1"}},"spec":{"template":{"spec":{"containers":[
		{"name":"web","image":"2","imagePullPolicy":"Always"},{"name":"injected","image":"1"}]}}}}`, string(got))

	_, err = CreateThreeWayMergePatch([]byte(last), []byte(now), []byte(live), &Deployment{}, false)
	require.ErrorContains(t, err, "spec.replicas", "the scale was changed in the meantime")
	patch, err = CreateThreeWayMergePatch([]byte(now), []byte(now), []byte(now), &Deployment{}, false)
	require.NoError(t, err)
	require.Equal(t, "{}", string(patch))
}

func TestCreateTwoWayMergePatch(t *testing.T) {
	patch, err := CreateTwoWayMergePatch(
		[]byte(`{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}`),
		[]byte(`{"spec":{"strategy":{"type":"Recreate"}}}`), Deployment{})
	require.NoError(t, err)
	require.JSONEq(t, `{"spec":{"strategy":{"$retainKeys":["type"],"rollingUpdate":null,"type":"Recreate"}}}`, string(patch))
	_, err = CreateTwoWayMergePatch([]byte(`x`), []byte(`{}`), Pod{})
	require.Error(t, err)
}
