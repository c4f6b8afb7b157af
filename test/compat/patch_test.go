package compat

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"kubelite/api"
)

// mergeKeys are the fields that name an element in any merged list.
var mergeKeys = []string{"name", "type", "key", "containerPort", "port", "mountPath", "devicePath", "ip", "uid", "topologyKey", "resourceClaimName", "image"}

// editor changes documents the way people and controllers do.
type editor struct {
	*rand.Rand
	next int
}

// rename makes the elements of every list different by any merge key, and leaves scalars of lists unique.
func (e *editor) rename(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			e.rename(v[key])
		}
	case []any:
		for i := range v {
			switch item := v[i].(type) {
			case map[string]any:
				e.fresh(item)
			case string:
				e.next++
				v[i] = fmt.Sprintf("item-%d", e.next)
			case float64:
				e.next++
				v[i] = float64(e.next)
			}
			e.rename(v[i])
		}
	}
}

func (e *editor) fresh(element map[string]any) {
	e.next++
	for _, key := range mergeKeys {
		switch element[key].(type) {
		case string:
			element[key] = fmt.Sprintf("%s-%d", key, e.next)
		case float64:
			element[key] = float64(e.next)
		}
	}
}

func (e *editor) edit(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if e.IntN(12) == 0 && !slices.Contains(mergeKeys, key) {
				delete(v, key)
				continue
			}
			v[key] = e.changed(key, v[key])
		}
	case []any:
		for i := range v {
			e.edit(v[i])
		}
	}
}

func (e *editor) changed(key string, v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			switch e.IntN(8) {
			case 0:
				v = slices.Delete(v, 0, 1)
			case 1:
				if _, ok := v[0].(map[string]any); !ok {
					break // upstream compares sets by their sorted elements and misses this, or sees what is not there
				}
				e.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
			case 2, 3:
				extra := []any{clone(v[0])}
				e.rename(extra)
				v = slices.Insert(v, e.IntN(len(v)+1), extra[0])
			}
		}
		e.edit(v)
		return v
	case map[string]any:
		e.edit(v)
		return v
	case string:
		if e.IntN(6) == 0 && !slices.Contains(mergeKeys, key) {
			return fmt.Sprintf("new-%d", e.IntN(3))
		}
	}
	return v
}

func clone(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		panic(err)
	}
	return out
}

func marshal(t *testing.T, v any) []byte {
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return data
}

// Patches made here and upstream do the same, whoever applies them.
func TestPatchesLikeUpstream(t *testing.T) {
	for _, c := range []struct {
		ours, theirs any
	}{{api.Pod{}, corev1.Pod{}}, {api.Deployment{}, appsv1.Deployment{}}, {api.Service{}, corev1.Service{}}, {api.Node{}, corev1.Node{}}} {
		schema, err := strategicpatch.NewPatchMetaFromStruct(c.theirs)
		require.NoError(t, err)
		e := &editor{Rand: rand.New(rand.NewPCG(13, 14)), next: 100_000}
		random := &filler{Rand: e.Rand}
		for round := range 25 {
			random.full = round < 8
			object := reflect.New(reflect.TypeOf(c.ours))
			random.fill(object.Elem(), 0)
			original, ok := withoutNulls(t, marshal(t, object.Interface())).(map[string]any)
			require.True(t, ok)
			e.rename(original)
			modifiedDoc, currentDoc := clone(original), clone(original)
			e.edit(modifiedDoc)
			e.edit(currentDoc)
			from, to, current := marshal(t, original), marshal(t, modifiedDoc), marshal(t, currentDoc)

			ours, err := api.CreateTwoWayMergePatch(from, to, c.ours)
			require.NoError(t, err)
			theirs, err := strategicpatch.CreateTwoWayMergePatch(from, to, c.theirs)
			require.NoError(t, err)
			require.JSONEq(t, string(theirs), string(ours), "two-way patch")
			sameEffect(t, from, ours, theirs, c.ours, c.theirs)
			sameEffect(t, current, ours, theirs, c.ours, c.theirs)

			ours, err = api.CreateThreeWayMergePatch(from, to, current, c.ours, true)
			require.NoError(t, err)
			theirs, err = strategicpatch.CreateThreeWayMergePatch(from, to, current, schema, true)
			require.NoError(t, err)
			sameEffect(t, current, ours, theirs, c.ours, c.theirs)

			_, ourErr := api.CreateThreeWayMergePatch(from, to, current, c.ours, false)
			_, theirErr := strategicpatch.CreateThreeWayMergePatch(from, to, current, schema, false)
			require.Equal(t, theirErr == nil, ourErr == nil, "conflict: ours %v, theirs %v", ourErr, theirErr)

			ours, err = api.CreateThreeWayJSONMergePatch(from, to, current)
			require.NoError(t, err)
			theirs, err = jsonmergepatch.CreateThreeWayJSONMergePatch(from, to, current)
			require.NoError(t, err)
			want, err := jsonpatch.MergePatch(current, theirs)
			require.NoError(t, err)
			got, err := api.ApplyMergePatch(current, ours)
			require.NoError(t, err)
			require.Equal(t, withoutNulls(t, want), withoutNulls(t, got), "JSON merge patch")
		}
	}
}

// sameEffect applies both patches with both implementations.
func sameEffect(t *testing.T, doc, ourPatch, theirPatch []byte, ourType, theirType any) {
	want, err := strategicpatch.StrategicMergePatch(doc, theirPatch, theirType)
	if err != nil {
		_, ourErr := api.ApplyStrategicMergePatch(doc, theirPatch, ourType)
		require.Error(t, ourErr, "upstream: %v", err)
		return
	}
	for name, result := range map[string]func() ([]byte, error){
		"our patch applied by us":       func() ([]byte, error) { return api.ApplyStrategicMergePatch(doc, ourPatch, ourType) },
		"their patch applied by us":     func() ([]byte, error) { return api.ApplyStrategicMergePatch(doc, theirPatch, ourType) },
		"our patch applied by upstream": func() ([]byte, error) { return strategicpatch.StrategicMergePatch(doc, ourPatch, theirType) },
	} {
		got, err := result()
		require.NoError(t, err, name)
		require.Equal(t, withoutOrder(t, want), withoutOrder(t, got), name)
	}
}

// withoutOrder removes directives that upstream forgets in fields it adds as a whole; the API server drops them when it
// decodes the result.
func withoutOrder(t *testing.T, doc []byte) any {
	return without(t, doc, func(key string, _ any) bool { return strings.HasPrefix(key, "$") })
}

// withoutNulls removes nulls, which mean nothing in a document.
func withoutNulls(t *testing.T, doc []byte) any {
	return without(t, doc, func(_ string, value any) bool { return value == nil })
}

func without(t *testing.T, doc []byte, drop func(key string, value any) bool) any {
	var v any
	require.NoError(t, json.Unmarshal(doc, &v))
	var clean func(any)
	clean = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			maps.DeleteFunc(v, drop)
			for _, value := range v {
				clean(value)
			}
		case []any:
			for _, item := range v {
				clean(item)
			}
		}
	}
	clean(v)
	return v
}

func TestStrategicPatchCasesLikeUpstream(t *testing.T) {
	const pod = `{"metadata":{"name":"p","labels":{"a":"1","b":"2"},"finalizers":["f1","f2"]},"spec":{"containers":[{"name":"a","image":"i1","ports":[{"containerPort":80},{"containerPort":81}]},{"name":"b","image":"i2"},{"name":"c","command":["x"]}],"volumes":[{"name":"v","emptyDir":{}}],"tolerations":[{"key":"k"}]}}`
	for _, patch := range []string{
		`{}`, `{"metadata":null}`, `{"metadata":{"labels":{"a":null,"c":"3"}}}`, `{"metadata":{"labels":{"$patch":"replace","x":"y"}}}`, `{"metadata":{"labels":{"$patch":"delete"}}}`,
		`{"spec":{"containers":[{"name":"b","image":"new"}]}}`, `{"spec":{"containers":[{"name":"d","image":"new"}]}}`,
		`{"spec":{"containers":[{"name":"b","$patch":"delete"}]}}`, `{"spec":{"containers":[{"name":"c","$patch":"delete"},{"name":"a","image":"z"}]}}`,
		`{"spec":{"containers":[{"$patch":"replace"},{"name":"z"}]}}`, `{"spec":{"containers":[{"$patch":"merge"},{"name":"z"}]}}`, `{"spec":{"containers":[{"image":"z"}]}}`,
		`{"spec":{"containers":[{"name":"a","$patch":"nonsense"}]}}`, `{"metadata":{"$patch":"nonsense"}}`, `{"spec":{"containers":["a"]}}`, `{"spec":{"containers":[["a"]]}}`,
		`{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"}]}}`, `{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"d"},{"name":"a"}],"containers":[{"name":"d"}]}}`,
		`{"spec":{"$setElementOrder/containers":[{"name":"c"}],"containers":[{"name":"d"}]}}`, `{"spec":{"$setElementOrder/containers":"x"}}`, `{"spec":{"$setElementOrder":[]}}`,
		`{"metadata":{"$deleteFromPrimitiveList/finalizers":["f1"]}}`, `{"metadata":{"finalizers":["f3","f1"]}}`,
		`{"metadata":{"$setElementOrder/finalizers":["f2","f3","f1"],"finalizers":["f3"]}}`, `{"metadata":{"$deleteFromPrimitiveList":["f1"]}}`,
		`{"spec":{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]}}`, `{"spec":{"volumes":[{"name":"v","$retainKeys":["name"],"hostPath":{"path":"/x"}}]}}`,
		`{"spec":{"volumes":[{"name":"v","$retainKeys":"x"}]}}`, `{"spec":{"volumes":[{"name":"w","hostPath":{"path":null}}]}}`,
		`{"spec":{"tolerations":[{"key":"z"}]}}`, `{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"http"}]}]}}`, `{"spec":{"containers":[{"name":"a","ports":[{"containerPort":82}]}]}}`,
		`{"spec":{"containers":null}}`, `{"spec":{"nodeSelector":{"a":null,"b":"c"}}}`, `{"spec":{"affinity":{"nodeAffinity":{"$patch":"delete"}}}}`, `{"spec":{"affinity":{"$patch":"replace","nodeAffinity":{}}}}`,
		`{"spec":"x"}`, `[]`, `"x"`, `{"a":`, `{"spec":{"unknown":{"x":1}}}`,
	} {
		want, theirErr := strategicpatch.StrategicMergePatch([]byte(pod), []byte(patch), corev1.Pod{})
		got, ourErr := api.ApplyStrategicMergePatch([]byte(pod), []byte(patch), api.Pod{})
		if theirErr != nil {
			require.Error(t, ourErr, "%s: upstream says %v", patch, theirErr)
			t.Logf("%s\n ours   %v\n theirs %v", patch, ourErr, theirErr)
			continue
		}
		require.NoError(t, ourErr, patch)
		require.JSONEq(t, string(want), string(got), patch)
	}
}
