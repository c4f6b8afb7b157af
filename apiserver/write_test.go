package apiserver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCreateGetListDelete(t *testing.T) {
	h := newHarness(t)
	created := h.must("POST", configMaps, configMap("one", `,"labels":{"app":"a"}`))
	require.Equal(t, 201, created.code)
	require.NotEmpty(t, created.at("metadata.uid"))
	require.NotEmpty(t, created.at("metadata.creationTimestamp"))
	require.NotEmpty(t, created.at("metadata.resourceVersion"))
	require.Equal(t, "default", created.at("metadata.namespace"))

	got := h.must("GET", configMaps+"/one", "")
	require.JSONEq(t, string(created.body), string(got.body))
	require.True(t, strings.HasSuffix(string(got.body), "}\n"))

	h.must("POST", configMaps, configMap("two", ""))
	list := h.must("GET", configMaps, "")
	require.Equal(t, "ConfigMapList", list.at("kind"))
	require.Equal(t, "one", list.at("items.0.metadata.name"))
	require.Equal(t, "two", list.at("items.1.metadata.name"))
	require.Nil(t, list.at("items.0.kind"), "in a list only the list has a kind")

	deleted := h.must("DELETE", configMaps+"/one", "")
	require.Equal(t, 200, deleted.code)
	require.Equal(t, "Success", deleted.at("status"))
	require.Equal(t, "configmaps", deleted.at("details.kind"))
	require.Equal(t, created.at("metadata.uid"), deleted.at("details.uid"))
	require.Equal(t, `configmaps "one" not found`, h.fails(404, "NotFound", "GET", configMaps+"/one", ""))
	require.Equal(t, `configmaps "one" not found`, h.fails(404, "NotFound", "DELETE", configMaps+"/one", ""))
}
