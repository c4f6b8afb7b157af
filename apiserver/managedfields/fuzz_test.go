package managedfields

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// Two managers take turns with whatever they want to say of a pod. Each apply is refused with a reason, or it leaves entries that
// are valid, and the same apply by the same manager has nothing more to change.
func FuzzApply(f *testing.F) {
	for _, patch := range []string{
		`{}`, `{"metadata":{"labels":{"a":"b"}}}`, `{"metadata":{"finalizers":["b","a"],"ownerReferences":[{"uid":"u"}]}}`, `{"metadata":{"annotations":null}}`,
		`{"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80},{"containerPort":80,"protocol":"UDP"}]}]}}`,
		`{"spec":{"containers":[{"name":"c","env":[{"name":"a","value":"1"},{"name":"a","value":"2"}]}]}}`, `{"spec":{"containers":[{"image":"i"}]}}`, `{"spec":{"containers":[null,1]}}`,
		`{"spec":{"volumes":[{"name":"v","emptyDir":{}}],"nodeSelector":{"a":"b"}}}`, `{"spec":{"topologySpreadConstraints":[{"topologyKey":"k","whenUnsatisfiable":"x","maxSkew":1}]}}`,
		`{"spec":{"hostAliases":[{"ip":"1","hostnames":["a"]}],"unknown":1}}`, `{"spec":[]}`, `{"spec":null,"status":{"phase":"Running"}}`, `{"spec":{"activeDeadlineSeconds":1e99}}`,
	} {
		f.Add([]byte(patch), []byte(`{"spec":{"containers":[{"name":"c","image":"j"},{"name":"d","image":"k"}]}}`), true)
	}
	kind := api.KindOf[*api.Pod]()
	k := &Kind{Schema: SchemaOf(kind), GVK: kind.GroupVersionKind(), New: kind.New, Convert: noConversion}
	f.Fuzz(func(t *testing.T, first, second []byte, force bool) {
		live := kind.New()
		live.GetObjectMeta().Name, live.GetObjectMeta().Namespace = "p", "default"
		api.SetTypeMeta(live)
		for i, text := range [][]byte{first, second, first} {
			apply := func(live api.Object) (api.Object, bool) {
				var patch map[string]any
				if api.UnmarshalJSON(text, &patch) != nil || patch == nil {
					return live, false
				}
				patch["apiVersion"], patch["kind"] = "v1", "Pod"
				who := Who{Manager: []string{"first", "second", "kubectl"}[i], Time: api.Time{Time: time.Unix(int64(i), 0)}}
				result, entries, err := k.Apply(t.Context(), live, patch, who, force)
				if err != nil {
					require.NotEmpty(t, err.Error())
					return live, false
				}
				require.NoError(t, Validate(entries))
				if result == nil {
					return live, false
				}
				json, err := api.MarshalJSON(result)
				require.NoError(t, err)
				obj := kind.New()
				if api.UnmarshalJSON(json, obj) != nil {
					return live, false // the server refuses it: a number that is too large, say
				}
				kind.Default(obj)
				if len(api.ValidateNew(kind, obj)) > 0 {
					return live, false // and what it does not store it need not merge: a container without a name, say
				}
				obj.GetObjectMeta().ManagedFields = entries
				return obj, true
			}
			next, changed := apply(live)
			if changed {
				again, twice := apply(next)
				require.True(t, !twice || api.Equal(withoutEntries(again), withoutEntries(next)), "%s\nthen %s", show(next), show(again))
			}
			live = next
		}
	})
}

func withoutEntries(obj api.Object) api.Object {
	obj = api.DeepCopy(obj)
	obj.GetObjectMeta().ManagedFields = nil
	return obj
}

// Fields that a client claims to manage are refused, or can be read, and written in the same words.
func FuzzEntries(f *testing.F) {
	for _, fields := range []string{
		`{}`, `{"f:metadata":{"f:labels":{".":{},"f:a":{}}}}`, `{"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{}}}}}`, `{"f:metadata":{"f:finalizers":{"v:\"a\"":{}}}}`,
		`{"i:0":{}}`, `{"x":{}}`, `{"f:a":1}`, `{"k:{":{}}`, `{"v:":{}}`, `{"f:a":{".":{},".":{}}}`, `[]`, `null`, `{"f:":{"f:":{}}}`,
	} {
		f.Add([]byte(fields))
	}
	kind := api.KindOf[*api.ConfigMap]()
	k := &Kind{Schema: SchemaOf(kind), GVK: kind.GroupVersionKind(), New: kind.New, Convert: noConversion}
	f.Fuzz(func(t *testing.T, fields []byte) {
		if !json.Valid(fields) {
			return // it would not have come out of a body
		}
		entries := []api.ManagedFieldsEntry{{Manager: "m", Operation: "Update", APIVersion: "v1", FieldsType: "FieldsV1", FieldsV1: &api.FieldsV1{Raw: fields}}}
		if err := Validate(entries); err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		live := kind.New().(*api.ConfigMap)
		live.Name, live.UID, live.ManagedFields = "c", "u", entries
		_, after, err := k.Apply(t.Context(), live, map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"a": "b"}}, Who{Manager: "other"}, true)
		if err == nil {
			require.NoError(t, Validate(after))
		}
	})
}

// noConversion: there is one version.
func noConversion(context.Context, api.Object, string) (api.Object, *Schema) { return nil, nil }
