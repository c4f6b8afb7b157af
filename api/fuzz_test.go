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
