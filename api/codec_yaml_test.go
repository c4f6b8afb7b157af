package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestYAMLToJSON(t *testing.T) {
	for document, want := range map[string]string{
		"a: yes\nb: off\nc: 'yes'\nd: y":  `{"a":true,"b":false,"c":"yes","d":true}`,
		"a: 0755\nb: 1_000\nc: 1e3":       `{"a":493,"b":1000,"c":1000}`,
		"1: a\ntrue: b\n1.5: c":           `{"1":"a","true":"b","1.5":"c"}`,
		"a: ~\nb:\nc: null":               `{"a":null,"b":null,"c":null}`,
		"a: 2026-01-02":                   `{"a":"2026-01-02"}`,
		"a: &x {b: 1}\nc: *x":             `{"a":{"b":1},"c":{"b":1}}`,
		"a: &x {b: 1}\nc: {<<: *x, d: 2}": `{"a":{"b":1},"c":{"b":1,"d":2}}`,
		"a: 1\na: 2":                      `{"a":2}`,
		"a: |\n  x\n  y\n":                `{"a":"x\ny\n"}`,
		`{"a": [1, "x", null]}`:           `{"a": [1, "x", null]}`,
		"":                                "null",
		"a: 18446744073709551615":         `{"a":18446744073709551615}`,
	} {
		got, err := YAMLToJSON([]byte(document))
		require.NoError(t, err, document)
		require.Equal(t, want, string(got), document)
	}
}

func TestYAMLErrorsNameTheLine(t *testing.T) {
	for document, want := range map[string]string{
		"a: b\n c: d":               "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
		"a:\n\t- b":                 "error converting YAML to JSON: yaml: line 2: found character that cannot start any token",
		"x:\n  y: 1\n  z: 1\n w: 2": "error converting YAML to JSON: yaml: line 3: did not find expected key",
	} {
		_, err := YAMLToJSON([]byte(document))
		require.EqualError(t, err, want, document)
	}
	_, strict, err := YAMLToJSONStrict([]byte("a: 1\nb:\n  c: 1\n  c: 2\na: 3"))
	require.NoError(t, err)
	require.Len(t, strict, 1)
	require.EqualError(t, strict[0], "yaml: unmarshal errors:\n  line 4: key \"c\" already set in map\n  line 5: key \"a\" already set in map")
}

// A few lines of aliases can stand for gigabytes.
func TestYAMLRefusesBombs(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for _, i := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		previous := string(rune(i[0] - 1))
		bomb += "a" + i + ": &a" + i + " [" + strings.TrimSuffix(strings.Repeat("*a"+previous+",", 10), ",") + "]\n"
	}
	_, err := YAMLToJSON([]byte(bomb))
	require.ErrorContains(t, err, "excessive aliasing")
	_, err = YAMLToJSON([]byte("a: &a [*a]"))
	require.ErrorContains(t, err, "contains itself")
	_, err = YAMLToJSON([]byte("a: &a {<<: *a}"))
	require.Error(t, err)
}

func TestSplitYAML(t *testing.T) {
	for stream, want := range map[string][]string{
		"a: 1":                         {"a: 1"},
		"---\na: 1\n---\nb: 2\n":       {"a: 1\n", "b: 2\n"},
		"# only a comment\n---\n\n---": nil,
		"a: 1\n--- # next\nb: 2":       {"a: 1\n", "b: 2"},
		"a: 1\r\n---\r\nb: 2":          {"a: 1\r\n", "b: 2"},
		"--- {a: 1}\n--- {b: 2}\n":     {"--- {a: 1}\n", "--- {b: 2}\n"},
		"a: |\n  ---\n  x\n":           {"a: |\n  ---\n  x\n"},
		"a: ---b":                      {"a: ---b"},
		`{"a":1} {"b":2}`:              {`{"a":1}`, `{"b":2}`},
		"{a: 1}":                       {"{a: 1}"},
	} {
		var got []string
		for _, doc := range SplitYAML([]byte(stream)) {
			got = append(got, string(doc))
		}
		require.Equal(t, want, got, "%q", stream)
	}
}

func TestMarshalYAML(t *testing.T) {
	pod := New[*Pod]()
	pod.Name = "web"
	pod.Annotations = map[string]string{"a10": "yes", "a2": "8080", "note": "two\nlines\n"}
	pod.Spec.Containers = []Container{{Name: "web", Image: "nginx:1", Command: []string{}, Args: []string{"-v", "# no comment"}}}
	pod.Status.Message = "0/1 nodes are available: 1 node had an untolerated taint {node.kubernetes.io/not-ready: }, and so on"
	got, err := MarshalYAML(pod)
	require.NoError(t, err)
	require.Equal(t, `apiVersion: v1
kind: Pod
metadata:
  annotations:
    a2: "8080"
    a10: "yes"
    note: |
      two
      lines
  name: web
spec:
  containers:
  - args:
    - -v
    - '# no comment'
    image: nginx:1
    name: web
    resources: {}
status:
  message: '0/1 nodes are available: 1 node had an untolerated taint {node.kubernetes.io/not-ready:
    }, and so on'
`, string(got))
	back, err := YAMLToJSON(got)
	require.NoError(t, err)
	var again Pod
	require.NoError(t, UnmarshalJSON(back, &again))
	require.True(t, Equal(*pod, again))
}
