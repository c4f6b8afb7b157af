package api

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever a client sends as YAML, the answer is JSON or an error.
func FuzzYAMLToJSON(f *testing.F) {
	f.Add([]byte("a: [1, yes, 'x']\nb: |\n  text\n"))
	f.Add([]byte("a: &x {b: 1}\nc: {<<: *x}\n? [d]\n: e"))
	f.Add([]byte("--- !!set\n? a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if out, err := YAMLToJSON(data); err == nil {
			require.True(t, json.Valid(out), "%q became %q", data, out)
		}
		SplitYAML(data)
	})
}

// Text of any kind survives being written as YAML.
func FuzzMarshalYAML(f *testing.F) {
	f.Add("key", "value")
	f.Add("yes", " leading\nand trailing \n\n")
	f.Add("- a", "a: b # c\u2028\x00'\"")
	f.Fuzz(func(t *testing.T, key, value string) {
		in := map[string]any{key: value, "list": []any{value, []any{value}}}
		asJSON, err := MarshalJSON(in)
		require.NoError(t, err)
		asYAML, err := MarshalYAML(in)
		require.NoError(t, err)
		back, err := YAMLToJSON(asYAML)
		require.NoError(t, err, "%q", asYAML)
		require.JSONEq(t, string(asJSON), string(back), "%q", asYAML)
	})
}

func FuzzParseQuantity(f *testing.F) {
	for _, text := range []string{"1", "1.5Gi", "-100m", "1e9", "+.5E"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuantity(text)
		if err != nil {
			return
		}
		again, err := ParseQuantity(q.String())
		require.NoError(t, err, text)
		require.Zero(t, q.Cmp(again), text)
		q.Value()
		q.MilliValue()
	})
}

// A patch of any kind leaves a JSON document, or says what is wrong with it.
func FuzzPatch(f *testing.F) {
	const doc = `{"metadata":{"name":"x","finalizers":["a","b"]},"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}]}],"volumes":[{"name":"v","emptyDir":{}}]}}`
	for _, patch := range []string{
		`{}`, `null`, `[]`, `[{"op":"remove","path":"/spec/containers/0"}]`, `[{"op":"move","from":"/spec","path":"/spec/x"}]`, `{"spec":{"containers":[{"name":"c","$patch":"delete"}]}}`,
		`{"spec":{"containers":[{"name":"d"}],"$setElementOrder/containers":[{"name":"d"},{"name":"c"}]}}`, `{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}`,
		`{"spec":{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/"}}]}}`, `{"$patch":"replace","spec":null}`, `{"spec":{"$patch":"x"}}`,
		`[{"op":"copy","from":"/spec","path":"/spec/containers/-"}]`, `[{"op":"test","path":"","value":{}}]`, `[{"op":"test","path":""}]`, `[{"op":"test","path":"","value":null}]`, `{"spec":{"containers":[1,null,[]]}}`,
	} {
		f.Add([]byte(patch))
	}
	f.Fuzz(func(t *testing.T, patch []byte) {
		for _, apply := range []func() ([]byte, error){
			func() ([]byte, error) { return ApplyJSONPatch([]byte(doc), patch) },
			func() ([]byte, error) { return ApplyMergePatch([]byte(doc), patch) },
			func() ([]byte, error) { return ApplyStrategicMergePatch([]byte(doc), patch, &Pod{}) },
		} {
			if out, err := apply(); err == nil {
				require.True(t, json.Valid(out), "%q gave %q", patch, out)
			} else {
				require.NotEmpty(t, err.Error())
			}
		}
	})
}

// A selector that is understood is written so that it is understood again, and means the same.
func FuzzParseSelector(f *testing.F) {
	for _, text := range []string{"", "a", "!a", "a=b", "a==b,c!=d", "a in (b,c)", "a notin ()", "a>1,b<2", "x in (,)", "a.b/c=d", "in in (in)", "((", "a=,b", "a = b , !c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if selector, err := ParseSelector(text); err == nil {
			again, err := ParseSelector(selector.String())
			require.NoError(t, err, "%q became %q", text, selector.String())
			require.Equal(t, selector.String(), again.String(), text)
			for _, labels := range []map[string]string{nil, {"a": "b"}, {"a": "1", "c": "d"}} {
				require.Equal(t, selector.Matches(labels), again.Matches(labels), text)
			}
		}
	})
}

func FuzzParseFieldSelector(f *testing.F) {
	for _, text := range []string{"", "a=b", "a==b,c!=d", `a=b\,c`, `a=\`, "a", "=", "a=b=c", `a\=b=c`, ",,", "a!=b,"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		terms, err := ParseFieldSelector(text)
		for _, term := range terms {
			require.NoError(t, err)
			require.NotEqual(t, term.Matches(term.Value), term.NotEqual, text)
		}
	})
}
