package apiserver

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// widgets are two versions of a kind that no Go type describes, stored as v2.
func widgets() (rows []*Resource, stored *Resource) {
	for _, version := range []string{"v1", "v2"} {
		kind := api.NewCustomKind(api.Kind{
			GroupVersion: api.GroupVersion{Group: "example.com", Version: version}, Kind: "Widget", Plural: "widgets", Singular: "widget", Namespaced: true,
		})
		rows = append(rows, &Resource{Kind: kind, Verbs: allVerbs})
	}
	stored = rows[1]
	prefix := []byte(`{"kind":"Widget","apiVersion":"example.com/v1"`)
	rename := func(obj api.Object, version string) api.Object {
		obj.GetTypeMeta().APIVersion = "example.com/" + version
		return obj
	}
	rows[0].View = &View{
		Of:       stored.Kind,
		ToStored: func(_ context.Context, obj api.Object) (api.Object, error) { return rename(obj, "v2"), nil },
		FromStored: func(_ context.Context, objs []api.Object) ([]api.Object, error) {
			for i := range objs {
				objs[i] = rename(objs[i], "v1")
			}
			return objs, nil
		},
		IsOwn: func(json []byte) bool { return bytes.HasPrefix(json, prefix) },
	}
	prepareRows(rows, stored)
	return rows, stored
}

func TestRowsComeAndGo(t *testing.T) {
	h := newHarness(t)
	const path = "/apis/example.com/v1/namespaces/default/widgets"
	require.Equal(t, 404, h.do("GET", path, "").code)
	rows, stored := widgets()
	require.NoError(t, h.server.replaceRows(t.Context(), nil, rows, stored))

	w := h.watch("/apis/example.com/v1/widgets?watch=1")
	h.must("POST", path, `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a","labels":{"app":"x"}},"spec":{"n":1}}`)
	event := w.sees("ADDED a")
	require.Equal(t, "example.com/v1", at(event, "object.apiVersion"))
	require.Equal(t, "example.com/v2", h.must("GET", "/apis/example.com/v2/namespaces/default/widgets/a", "").at("apiVersion"))
	require.Equal(t, "example.com/v1", h.must("GET", path+"/a", "").at("apiVersion"))
	require.Equal(t, 1.0, h.must("GET", path+"?labelSelector=app%3Dx", "").at("items.0.spec.n"))
	merge := []string{"Content-Type", string(api.MergePatchType)}
	require.Equal(t, 2.0, h.must("PATCH", path+"/a", `{"spec":{"n":2}}`, merge...).at("spec.n"))
	w.sees("MODIFIED a")
	h.fails(415, api.StatusReasonUnsupportedMediaType, "PATCH", path+"/a", `{}`, "Content-Type", string(api.StrategicMergePatchType))
	require.Equal(t, 406, h.do("GET", path+"/a", "", "Accept", mediaProtobuf).code) // the refusal has such a form, the object has none
	require.Equal(t, "a", h.must("GET", path+"/a", "", "Accept", mediaProtobuf+","+mediaJSON).at("metadata.name"))
	h.fails(415, api.StatusReasonUnsupportedMediaType, "POST", path, "x", "Content-Type", mediaProtobuf)
	require.Equal(t, "a", h.must("GET", path, "", "Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").at("rows.0.cells.0"))
	require.Contains(t, string(h.must("GET", "/apis/example.com/v1", "").body), `"widgets"`)

	again, stored := widgets()
	require.NoError(t, h.server.replaceRows(t.Context(), rows, again, stored))
	require.Empty(t, w.ends())
	require.Equal(t, "a", h.must("GET", path+"/a", "").at("metadata.name"))
	require.NoError(t, h.server.replaceRows(t.Context(), again, nil, nil))
	require.Equal(t, 404, h.do("GET", path, "").code)
}
