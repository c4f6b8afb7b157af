package compat

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"kubelite/api"
)

func TestYAMLReadsLikeUpstream(t *testing.T) {
	for _, document := range []string{
		"a: yes\nb: No\nc: on\nd: OFF\ne: y\nf: n\ng: true\nh: TRUE\ni: tRUE\nj: 'yes'\nk: \"on\"",
		"a: 0755\nb: 0o755\nc: 0x1F\nd: 0b11\ne: 1_000\nf: -5\ng: +5\nh: 1e3\ni: 1.5\nj: .5\nk: 1.\nl: 12e-1\nm: -0b11\nn: 08\no: 1:30",
		"a: ~\nb: null\nc:\nd: Null\ne: ''\nf: nULL",
		"a: 2026-01-02\nb: 2026-01-02T10:00:00Z\nc: 2026-01-02 10:00:00\nd: 2026",
		"1: a\n1.5: b\ntrue: c\nno: d\n-7: e\n0x10: f",
		"a: &x {b: 1, c: 2}\nd: *x\ne:\n  <<: *x\n  c: 3\nf:\n  <<: [*x, {g: 1}]",
		"a: |\n  one\n  two\nb: >-\n  one\n  two\nc: |+\n  x\n\n",
		"a: !!str 12\nb: !!int \"12\"\nc: !!float 1\nd: !!bool yes\ne: !custom 12\nf: !!binary aGVsbG8=",
		"- a\n- - b\n  - c\n- {d: [1, 2]}\n-",
		"a: 18446744073709551615\nb: 9223372036854775808\nc: 99999999999999999999999",
		"", "# nothing\n", "---\n", "plain", "12", "[]", "{}", "--- {a: b}\n", "a: \"\\u00e9\\n\\x41\"", "é: ü",
		"a: 'it''s'\nb: \"tab\\t\"", "a: b: c", "\ta: b", "a:\n\t- b", "a: [1, 2", "a: {b", "a: *nope", "a: 'x\n", "key\nother: 1", "a: b\n c: d", "- a\nb: c",
		"x:\n  y: 1\n z: 2", "a: @b", "a: %b", "a: `b`", "a: \"\\q\"", "a: !!int x", "<<: 1", "{a: 1}: b", "~: x",
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  containers:\n  - name: c\n    image: i\n   ports: 1\n",
		"a: .inf", "a: 1.0\nb: 100000000000000000000.0\nc: 1e21\nd: 1e-9",
	} {
		ours, ourErr := api.YAMLToJSON([]byte(document))
		theirs, theirErr := yaml.YAMLToJSON([]byte(document))
		if theirErr != nil {
			require.Error(t, ourErr, document)
			if strings.HasPrefix(theirErr.Error(), "yaml: line") {
				require.Equal(t, "error converting YAML to JSON: "+theirErr.Error(), ourErr.Error(), document)
			}
			continue
		}
		require.NoError(t, ourErr, document)
		require.JSONEq(t, string(theirs), string(ours), document)
	}
}

func TestYAMLReportsDuplicatesLikeUpstream(t *testing.T) {
	for _, document := range []string{"a: 1\nb: 2\na: 3", "x:\n  - {a: 1, a: 2}\n  - b: 1\n    b: 2", "1: a\n1: b", "a: 1\nb: 1"} {
		_, strict, err := api.YAMLToJSONStrict([]byte(document))
		require.NoError(t, err)
		_, theirErr := yaml.YAMLToJSONStrict([]byte(document))
		if theirErr == nil {
			require.Empty(t, strict, document)
			continue
		}
		require.Len(t, strict, 1, document)
		require.Equal(t, theirErr.Error(), strict[0].Error(), document)
	}
}

func TestYAMLWritesLikeUpstream(t *testing.T) {
	words := []string{"yes", "no", "a", "b c", "'", "\"", "#", " #", "# ", ":", ": ", " ", "  ", "\n", "\n\n", "\t", "-", "- ", "?", "? ", "é", "日本", "😀", "\u00a0", "x\ufeff",
		"\\", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "null", "~", "1", "1.5", "0x1", "1:30", "2026-01-02", "true", "---", "...", "\r", "\x01", ".", "=", "long words that make a line go on and on", "/", "node.kubernetes.io/not-ready"}
	random := rand.New(rand.NewPCG(5, 6))
	text := func() string {
		var b strings.Builder
		for range random.IntN(5) {
			b.WriteString(words[random.IntN(len(words))])
		}
		if random.IntN(10) == 0 {
			for range 40 {
				b.WriteString(words[random.IntN(len(words))])
				b.WriteString(" ")
			}
		}
		return b.String()
	}
	var tree func(depth int) any
	tree = func(depth int) any {
		switch n := random.IntN(10); {
		case n < 3 && depth > 0:
			m := map[string]any{}
			for range random.IntN(4) {
				m[text()] = tree(depth - 1)
			}
			return m
		case n < 5 && depth > 0:
			list := []any{}
			for range random.IntN(4) {
				list = append(list, tree(depth-1))
			}
			return list
		case n == 5:
			return random.IntN(100000)
		case n == 6:
			return random.NormFloat64() * 1e6
		case n == 7:
			return random.IntN(2) == 0
		case n == 8:
			return nil
		}
		return text()
	}
	for range 30000 {
		v := map[string]any{"root": tree(4)}
		if s, _ := json.Marshal(v); strings.ContainsRune(string(s), '\x00') {
			continue
		}
		theirs, err := yaml.Marshal(v)
		if err != nil {
			continue // it reads its own JSON as YAML, which cannot hold every character
		}
		ours, err := api.MarshalYAML(v)
		require.NoError(t, err)
		require.Equal(t, string(theirs), string(ours))
	}
	keys := map[string]any{"a10": 1, "a2": 1, "a02": 1, "B": 1, "b": 1, "1": 1, "10": 1, "9": 1, "a-b": 1, "a.b": 1, "a/b": 1, "a": 1, "aa": 1, "a100": 1, "x0": 1, "x00": 1, "x10": 1, "x100": 1, "": 1, strings.Repeat("k", 130): []any{1, map[string]any{"a": "b"}}, "yes": 1}
	theirs, err := yaml.Marshal(keys)
	require.NoError(t, err)
	ours, err := api.MarshalYAML(keys)
	require.NoError(t, err)
	require.Equal(t, string(theirs), string(ours))
}

// Mistakes of the kind that people make: a line too far left or right, a colon or a quote missing.
func TestYAMLErrorsNameUpstreamsLine(t *testing.T) {
	const manifest = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, tier: "front"}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: web
        image: nginx:1.25
        args: ["-v", '--x']
        ports:
        - containerPort: 80
          name: http
      - name: side
        image: busybox
`
	random := rand.New(rand.NewPCG(9, 10))
	same, different := 0, 0
	for range 3000 {
		lines := strings.SplitAfter(manifest, "\n")
		i := random.IntN(len(lines) - 1)
		switch random.IntN(6) {
		case 0:
			lines[i] = " " + lines[i]
		case 1:
			lines[i] = strings.TrimPrefix(lines[i], " ")
		case 2:
			lines[i] = strings.Replace(lines[i], ":", "", 1)
		case 3:
			lines[i] = strings.Replace(lines[i], "\"", "", 1)
		case 4:
			lines[i] = "\t" + lines[i]
		case 5:
			lines[i] = strings.NewReplacer("]", "", "}", "").Replace(lines[i])
		}
		document := strings.Join(lines, "")
		_, ourErr := api.YAMLToJSON([]byte(document))
		_, theirErr := yaml.YAMLToJSON([]byte(document))
		require.Equal(t, theirErr == nil, ourErr == nil, document)
		switch {
		case theirErr == nil:
		case ourErr.Error() == "error converting YAML to JSON: "+theirErr.Error():
			same++
		default:
			different++
			if different < 5 {
				t.Logf("%s\nours   %v\ntheirs %v", document, ourErr, theirErr)
			}
		}
	}
	require.Zero(t, different, "%d errors are the same", same)
}
