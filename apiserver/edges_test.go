package apiserver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHealthAndVersion(t *testing.T) {
	h := newHarness(t)
	h.token = "" // anybody may ask
	require.Equal(t, "ok", string(h.must("GET", "/livez", "").body))
	require.Equal(t, "Forbidden", h.do("GET", "/readyz/etcd", "").at("reason"), "the single checks say more than strangers need")
	h.token = "admin"
	require.Equal(t, "ok", string(h.must("GET", "/readyz/etcd", "").body))
	require.Equal(t, 404, h.do("GET", "/readyz/nothing", "").code)
	h.token = ""
	require.Equal(t, "[+]ping ok\n[+]etcd excluded: ok\nhealthz check passed\n", string(h.must("GET", "/healthz?verbose&exclude=etcd", "").body))
	h.server.ready.Store(false)
	failed := h.do("GET", "/readyz", "")
	require.Equal(t, 500, failed.code)
	require.Contains(t, string(failed.body), "[-]poststarthook/bootstrap-controller failed: reason withheld\n")
	require.Equal(t, 200, h.do("GET", "/livez", "").code)

	version := h.must("GET", "/version", "")
	require.Equal(t, "1", version.at("major"))
	require.Equal(t, "36", version.at("minor"))
	require.Equal(t, "v1.36.3+kubelite", version.at("gitVersion"))

	// Anything else needs a name, and a wrong one is worse than none.
	require.Equal(t, "Unauthorized", h.fails(401, "Unauthorized", "GET", "/api", ""))
	h.token = "wrong"
	h.fails(401, "Unauthorized", "GET", "/livez", "")
	h.token = "somebody"
	h.must("GET", "/apis", "")
	require.Equal(t, `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"`,
		h.fails(403, "Forbidden", "GET", pods, ""))
	require.Equal(t, `forbidden: User "jane" cannot get path "/metrics"`, h.fails(403, "Forbidden", "GET", "/metrics", ""))
}

func TestMetrics(t *testing.T) {
	h := newHarness(t)
	h.must("POST", configMaps, configMap("one", ""))
	text := string(h.must("GET", "/metrics", "").body)
	for _, want := range []string{
		`apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="POST",version="v1"} 1`,
		`apiserver_resource_objects{group="",resource="configmaps"} 2`,
		`kubelite_store_revision `,
		`apiserver_request_duration_seconds_bucket{`,
	} {
		require.Contains(t, text, want)
	}

	h.must("GET", "/readyz", "")
	h.must("GET", "/livez/ping", "")
	text = string(h.must("GET", "/metrics/slis", "").body)
	require.Contains(t, text, `kubernetes_healthcheck{name="etcd",type="readyz"} 1`)
	require.Contains(t, text, `kubernetes_healthchecks_total{name="ping",status="success",type="livez"} 1`)
}

const acceptTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

// A bookmark of a watch that shows Tables is a row of an empty object.
func TestColumnsOfEmptyObjects(t *testing.T) {
	for _, row := range newResources() {
		if row.Columns != nil && row.New != nil {
			cells, _ := row.Columns.Row(row.New())
			require.Len(t, cells, len(row.Columns.Definitions), row.Kind.Kind)
		}
	}
}

func TestTables(t *testing.T) {
	h := newHarness(t)
	h.must("POST", configMaps, configMap("one", `,"labels":{"app":"a"}`))
	table := h.must("GET", configMaps, "", "Accept", acceptTable)
	require.Equal(t, "Table", table.at("kind"))
	require.Equal(t, "meta.k8s.io/v1", table.at("apiVersion"))
	require.NotEmpty(t, table.at("metadata.resourceVersion"))
	require.Equal(t, "Name", table.at("columnDefinitions.0.name"))
	require.Equal(t, "name", table.at("columnDefinitions.0.format"))
	require.Equal(t, []any{"one", 1.0}, table.at("rows.0.cells").([]any)[:2])
	require.Equal(t, "PartialObjectMetadata", table.at("rows.0.object.kind"))
	require.Equal(t, "a", table.at("rows.0.object.metadata.labels.app"))
	require.Nil(t, table.at("rows.0.object.data"))

	one := h.must("GET", configMaps+"/one?includeObject=Object", "", "Accept", acceptTable)
	require.Equal(t, "ConfigMap", one.at("rows.0.object.kind"))
	require.Equal(t, "v", one.at("rows.0.object.data.k"))
	none := h.must("GET", configMaps+"?includeObject=None", "", "Accept", acceptTable)
	require.Nil(t, none.at("rows.0.object"))
	h.fails(400, "BadRequest", "GET", configMaps+"?includeObject=Some", "", "Accept", acceptTable)

	w := h.watch(configMaps+"?watch=1&resourceVersion="+table.at("metadata.resourceVersion").(string), "Accept", acceptTable)
	h.must("POST", configMaps, configMap("two", ""))
	h.must("POST", configMaps, configMap("three", ""))
	event := w.next()
	require.Equal(t, "ADDED", event["type"])
	require.Equal(t, "Table", at(event, "object.kind"))
	require.Equal(t, "two", at(event, "object.rows.0.cells.0"))
	require.NotNil(t, at(event, "object.columnDefinitions"))
	event = w.next()
	require.Equal(t, "three", at(event, "object.rows.0.cells.0"))
	require.Nil(t, at(event, "object.columnDefinitions"), "said once")

	// A finished pod says so, for clients that hide those.
	h.must("POST", pods, podJSON("done", "", ""))
	h.must("PATCH", pods+"/done/status", `{"status":{"phase":"Succeeded"}}`, "Content-Type", "application/merge-patch+json")
	done := h.must("GET", pods, "", "Accept", acceptTable)
	require.Equal(t, "Completed", done.at("rows.0.conditions.0.type"))
	require.True(t, strings.HasPrefix(done.at("rows.0.cells.2").(string), "Succeeded"))
}

func TestOpenAPI(t *testing.T) {
	h := newHarness(t)
	url := h.must("GET", "/openapi/v3", "").tree()["paths"].(tree)["apis/apps/v1"].(tree)["serverRelativeURL"].(string)
	require.True(t, strings.HasPrefix(url, "/openapi/v3/apis/apps/v1?hash="))
	document := h.must("GET", url, "")
	require.Equal(t, "3.0.0", document.at("openapi"))

	// What kubectl reads before it applies: the kind, that the server checks fields, and how lists merge.
	patch := document.tree()["paths"].(tree)["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"].(tree)["patch"]
	require.Equal(t, tree{"group": "apps", "version": "v1", "kind": "Deployment"}, at(patch, "x-kubernetes-group-version-kind"))
	require.Equal(t, "patch", at(patch, "x-kubernetes-action"))
	require.Contains(t, at(patch, "requestBody.content"), "application/strategic-merge-patch+json")
	names := map[any]bool{}
	for _, p := range at(patch, "parameters").([]any) {
		names[at(p, "name")] = true
	}
	require.True(t, names["fieldValidation"])
	schemas := at(document.tree(), "components.schemas").(tree)
	containers := schemas["io.k8s.api.core.v1.PodSpec"].(tree)["properties"].(tree)["containers"]
	require.Equal(t, "merge", at(containers, "x-kubernetes-patch-strategy"))
	require.Equal(t, "name", at(containers, "x-kubernetes-patch-merge-key"))

	// Every reference leads somewhere.
	for _, ref := range references(document.tree()) {
		require.NotNil(t, schemas[strings.TrimPrefix(ref, schemaPrefix)], ref)
	}
	v2 := h.must("GET", "/openapi/v2", "")
	require.Equal(t, "2.0", v2.at("swagger"))
	kept := h.do("GET", "/openapi/v2", "", "If-None-Match", v2.header.Get("ETag"))
	require.Equal(t, 304, kept.code)
	require.Equal(t, "public", kept.header.Get("Cache-Control"))
	require.Equal(t, v2.header.Get("ETag"), kept.header.Get("ETag"))
	definitions := v2.tree()["definitions"].(tree)
	for _, ref := range references(v2.tree()) {
		require.NotNil(t, definitions[strings.TrimPrefix(ref, "#/definitions/")], ref)
	}

	tag := document.header.Get("ETag")
	require.Equal(t, 304, h.do("GET", "/openapi/v3/apis/apps/v1", "", "If-None-Match", tag).code)
	require.Equal(t, 404, h.do("GET", "/openapi/v3/apis/none/v1", "").code)
	stale := h.do("GET", "/openapi/v3/apis/apps/v1?hash=OLD", "") // the client follows to the new URL
	require.Equal(t, 200, stale.code)
	require.Equal(t, tag, stale.header.Get("ETag"))
	binary := h.do("GET", "/openapi/v2", "", "Accept", mediaOpenAPIV2)
	require.Equal(t, 200, binary.code)
	require.Equal(t, mediaOpenAPIV2Answer, binary.header.Get("Content-Type"))
	require.Equal(t, 406, h.do("GET", "/openapi/v2", "", "Accept", "text/html").code)
}

// references lists the values of all "$ref" in a tree.
func references(value any) (refs []string) {
	switch v := value.(type) {
	case tree:
		for key, child := range v {
			if ref, ok := child.(string); ok && key == "$ref" {
				refs = append(refs, ref)
			}
			refs = append(refs, references(child)...)
		}
	case []any:
		for _, child := range v {
			refs = append(refs, references(child)...)
		}
	}
	return refs
}
