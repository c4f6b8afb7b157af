package apiserver

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const acceptAggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"

// notServed are the resources of upstream that this server does not have: componentstatuses asks components that report
// by other ways here.
var notServed = []string{"/v1/componentstatuses"}

// What discovery says of each resource is what upstream's says, in the same order. testdata/discovery is the answer of a
// real API server.
func TestDiscoveryLikeUpstream(t *testing.T) {
	h := newHarness(t)
	for _, root := range []string{"api", "apis"} {
		text, err := os.ReadFile("testdata/discovery/" + root + ".agg.json")
		require.NoError(t, err)
		var want tree
		require.NoError(t, json.Unmarshal(text, &want))
		got := h.must("GET", "/"+root, "", "Accept", acceptAggregated)
		require.Equal(t, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", got.header.Get("Content-Type"))
		ours, theirs := flattenDiscovery(got.tree()), flattenDiscovery(want)
		var inOrder, missing []string
		for _, row := range theirs {
			i := slices.IndexFunc(ours, func(o discoveryRow) bool { return o.name == row.name })
			if i < 0 {
				if !slices.Contains(notServed, row.name) {
					missing = append(missing, row.name)
				}
				continue
			}
			inOrder = append(inOrder, row.name)
			require.Equal(t, row.entry, ours[i].entry, row.name)
		}
		require.Empty(t, missing, "upstream serves it")
		var names []string
		for _, row := range ours {
			names = append(names, row.name)
		}
		require.Equal(t, inOrder, names)
	}
}

type discoveryRow struct {
	name  string // group/version/resource/subresource
	entry tree
}

// flattenDiscovery makes a row of each resource and of each subresource.
func flattenDiscovery(list tree) []discoveryRow {
	var rows []discoveryRow
	for _, group := range list["items"].([]any) {
		for _, version := range group.(tree)["versions"].([]any) {
			name, _ := at(group, "metadata.name").(string)
			prefix := name + "/" + version.(tree)["version"].(string)
			for _, resource := range version.(tree)["resources"].([]any) {
				entry := resource.(tree)
				subresources, _ := entry["subresources"].([]any)
				delete(entry, "subresources")
				name := prefix + "/" + entry["resource"].(string)
				rows = append(rows, discoveryRow{name, entry})
				for _, sub := range subresources {
					rows = append(rows, discoveryRow{name + "/" + sub.(tree)["subresource"].(string), sub.(tree)})
				}
			}
		}
	}
	return rows
}

// The older form says the same, for one version at a time.
func TestLegacyDiscovery(t *testing.T) {
	h := newHarness(t)
	require.Equal(t, "APIVersions", h.must("GET", "/api", "").at("kind"))
	require.Equal(t, "APIGroup", h.must("GET", "/apis/apps", "").at("kind"))
	require.Equal(t, "apps/v1", h.must("GET", "/apis/apps", "").at("preferredVersion.groupVersion"))
	require.Equal(t, "APIResourceList", h.must("GET", "/apis/apps/v1", "").at("kind"))
	for _, path := range []string{"/api/", "/api/v1/", "/apis/", "/apis/apps/", "/apis/apps/v1/"} {
		require.NotNil(t, h.must("GET", path, "").at("kind"), "a slash at the end of %s", path)
	}
	require.Contains(t, h.must("GET", "/", "").at("paths"), "/apis/apps/v1")
	require.Equal(t, 404, h.do("GET", "/apis/nothing", "").code)
	require.Equal(t, 404, h.do("GET", "/apis/apps/v9", "").code)
	for _, row := range flattenDiscovery(h.must("GET", "/apis", "", "Accept", acceptAggregated).tree()) {
		parts := strings.SplitN(row.name, "/", 3)
		list := h.must("GET", "/apis/"+parts[0]+"/"+parts[1], "").at("resources").([]any)
		i := slices.IndexFunc(list, func(r any) bool { return r.(tree)["name"] == parts[2] })
		require.GreaterOrEqual(t, i, 0, row.name)
		entry := list[i].(tree)
		require.Equal(t, row.entry["verbs"], entry["verbs"], row.name)
		if !strings.Contains(parts[2], "/") {
			require.Equal(t, row.entry["singularResource"], entry["singularName"], row.name)
			require.Equal(t, row.entry["scope"] == "Namespaced", entry["namespaced"], row.name)
			require.Equal(t, row.entry["shortNames"], entry["shortNames"], row.name)
		}
	}
	core := h.must("GET", "/api/v1", "")
	hashes := map[string]any{}
	for _, r := range core.at("resources").([]any) {
		hashes[r.(tree)["name"].(string)] = r.(tree)["storageVersionHash"]
	}
	require.Equal(t, "xPOwRZ+Yhw8=", hashes["pods"])
	require.Equal(t, "qFsyl6wFWjQ=", hashes["configmaps"])
}

// A client that has the answer already gets no second copy.
func TestDiscoveryIsTagged(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"/api", "/apis"} {
		first := h.must("GET", path, "", "Accept", acceptAggregated)
		require.Contains(t, first.header.Values("Vary"), "Accept")
		tag := first.header.Get("ETag")
		require.NotEmpty(t, tag)
		again := h.do("GET", path, "", "Accept", acceptAggregated, "If-None-Match", tag)
		require.Equal(t, 304, again.code)
		require.Empty(t, again.body)
	}
}
