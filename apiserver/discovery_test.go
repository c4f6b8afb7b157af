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

// notServed are the resources and subresources of upstream that this server does not have.
var notServed = []string{
	"/v1/componentstatuses",
	"/v1/limitranges",
	"/v1/persistentvolumeclaims",
	"/v1/persistentvolumeclaims/status",
	"/v1/persistentvolumes",
	"/v1/persistentvolumes/status",
	"/v1/replicationcontrollers",
	"/v1/replicationcontrollers/scale",
	"/v1/replicationcontrollers/status",
	"/v1/resourcequotas",
	"/v1/resourcequotas/status",
	"/v1/serviceaccounts/token",
	"apiregistration.k8s.io/v1/apiservices",
	"apiregistration.k8s.io/v1/apiservices/status",
	"apps/v1/daemonsets",
	"apps/v1/daemonsets/status",
	"apps/v1/statefulsets",
	"apps/v1/statefulsets/scale",
	"apps/v1/statefulsets/status",
	"authentication.k8s.io/v1/selfsubjectreviews",
	"authentication.k8s.io/v1/tokenreviews",
	"authorization.k8s.io/v1/localsubjectaccessreviews",
	"authorization.k8s.io/v1/selfsubjectaccessreviews",
	"authorization.k8s.io/v1/selfsubjectrulesreviews",
	"authorization.k8s.io/v1/subjectaccessreviews",
	"autoscaling/v2/horizontalpodautoscalers",
	"autoscaling/v2/horizontalpodautoscalers/status",
	"autoscaling/v1/horizontalpodautoscalers",
	"autoscaling/v1/horizontalpodautoscalers/status",
	"networking.k8s.io/v1/ingressclasses",
	"networking.k8s.io/v1/ingresses",
	"networking.k8s.io/v1/ingresses/status",
	"networking.k8s.io/v1/ipaddresses",
	"networking.k8s.io/v1/networkpolicies",
	"networking.k8s.io/v1/servicecidrs",
	"networking.k8s.io/v1/servicecidrs/status",
	"policy/v1/poddisruptionbudgets",
	"policy/v1/poddisruptionbudgets/status",
	"admissionregistration.k8s.io/v1/mutatingadmissionpolicies",
	"admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings",
	"admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
	"admissionregistration.k8s.io/v1/validatingadmissionpolicies",
	"admissionregistration.k8s.io/v1/validatingadmissionpolicies/status",
	"admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
	"admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
	"apiextensions.k8s.io/v1/customresourcedefinitions",
	"apiextensions.k8s.io/v1/customresourcedefinitions/status",
	"discovery.k8s.io/v1/endpointslices",
}

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
