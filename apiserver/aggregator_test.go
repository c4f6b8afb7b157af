package apiserver

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices"

// What the server serves itself has an APIService, and gets it back if somebody deletes it.
func TestLocalAPIServices(t *testing.T) {
	h := newHarness(t)
	w := h.watch(apiServices + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name=v1.apps")
	w.sees("ADDED v1.apps")
	apps := h.must("GET", apiServices+"/v1.apps", "")
	require.Equal(t, "onstart", apps.at("metadata.labels").(tree)[labelAutomanaged])
	require.Equal(t, tree{"group": "apps", "version": "v1", "groupPriorityMinimum": 17800.0, "versionPriority": 15.0}, apps.at("spec"))
	require.Equal(t, "Local", apps.at("status.conditions.0.reason"))
	require.Equal(t, "True", apps.at("status.conditions.0.status"))
	require.Equal(t, 404, h.do("GET", apiServices+"/v1.apiregistration.k8s.io", "").code)

	h.must("DELETE", apiServices+"/v1.apps", "")
	for event := w.next(); event["type"] != "DELETED"; {
		event = w.next()
	}
	w.sees("ADDED v1.apps")
	require.Equal(t, 200, h.do("GET", "/apis/apps/v1", "").code)
}

func TestAggregatedAPI(t *testing.T) {
	h := newHarness(t)
	certificate, authority := certificateFor(t, "flunders.default.svc")
	var asked http.Header
	other := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/apis/wardle.example.com/v1":
			fmt.Fprint(w, `{"kind":"APIResourceList","groupVersion":"wardle.example.com/v1","resources":[{"name":"flunders","singularName":"flunder","namespaced":true,"kind":"Flunder","verbs":["get","list"]}]}`)
		case "/openapi/v3":
			fmt.Fprint(w, `{"paths":{"apis/wardle.example.com/v1":{"serverRelativeURL":"/openapi/v3/apis/wardle.example.com/v1?hash=AB"},"apis/other.example.com/v1":{"serverRelativeURL":"/x"}}}`)
		case "/openapi/v2":
			fmt.Fprint(w, `{"swagger":"2.0","paths":{"/apis/wardle.example.com/v1/flunders":{"get":{"operationId":"listFlunder","responses":{"200":{"description":"OK","schema":{"$ref":"#/definitions/wardle.Flunder"}}}}},
				"/apis/other.example.com/v1/things":{"get":{"operationId":"listThing","responses":{"200":{"schema":{"$ref":"#/definitions/wardle.Thing"}}}}}},
				"definitions":{"wardle.Flunder":{"type":"object","properties":{"spec":{"$ref":"#/definitions/io.k8s.api.core.v1.PodIP"},"status":{"$ref":"#/definitions/io.k8s.api.core.v1.HostIP"}}},
					"io.k8s.api.core.v1.PodIP":{"type":"object","required":["ip"],"description":"in other words","properties":{"ip":{"type":"string","description":"an address"}}},
					"io.k8s.api.core.v1.HostIP":{"type":"integer"},"wardle.Thing":{"type":"object"}}}`)
		default:
			asked = r.Header
			if r.URL.Query().Get("watch") != "" {
				fmt.Fprintln(w, `{"type":"ADDED","object":{"kind":"Flunder","metadata":{"name":"a"}}}`)
				_ = http.NewResponseController(w).Flush() // or the test waits in vain
				<-r.Context().Done()
				return
			}
			fmt.Fprintf(w, `{"kind":"Flunder","path":%q,"query":%q}`, r.URL.Path, r.URL.RawQuery)
		}
	}))
	other.StartTLS()
	other.TLS.Certificates[0] = certificate
	t.Cleanup(other.Close)

	w := h.watch(apiServices + "?watch=1&fieldSelector=metadata.name=v1.wardle.example.com")
	h.must("POST", apiServices, `{"metadata":{"name":"v1.wardle.example.com"},"spec":{"group":"wardle.example.com","version":"v1","groupPriorityMinimum":2000,"versionPriority":200,
		"caBundle":"`+base64.StdEncoding.EncodeToString(authority)+`","service":{"namespace":"default","name":"flunders"}}}`)
	w.sees("ADDED v1.wardle.example.com")
	condition := func() (status, reason any) {
		conditions := w.sees("MODIFIED v1.wardle.example.com")
		return at(conditions, "object.status.conditions.0.status"), at(conditions, "object.status.conditions.0.reason")
	}
	status, reason := condition()
	require.Equal(t, []any{"False", "ServiceNotFound"}, []any{status, reason})
	unavailable := h.do("GET", "/apis/wardle.example.com/v1/namespaces/default/flunders/a", "")
	require.Equal(t, 503, unavailable.code)
	require.Equal(t, "service unavailable\n", string(unavailable.body))
	groups := h.must("GET", "/apis", "", "Accept", acceptAggregated).at("items").([]any)
	require.Equal(t, "Stale", at(groups[len(groups)-1], "versions.0.freshness"))
	require.NotContains(t, h.must("GET", "/openapi/v3", "").at("paths"), "apis/wardle.example.com/v1", "nobody can be asked")

	h.must("POST", "/api/v1/namespaces/default/services", `{"metadata":{"name":"flunders"},"spec":{"ports":[{"port":443}]}}`)
	h.endpoints("flunders", other.Listener.Addr().String())
	for status != "True" {
		status, reason = condition()
		t.Log(status, reason)
	}
	require.Equal(t, "Passed", reason)

	flunder := h.must("GET", "/apis/wardle.example.com/v1/namespaces/default/flunders/a?x=y", "", "X-Remote-User", "somebody-else")
	require.Equal(t, "/apis/wardle.example.com/v1/namespaces/default/flunders/a", flunder.at("path"))
	require.Equal(t, "x=y", flunder.at("query"))
	require.Equal(t, []string{"admin"}, asked["X-Remote-User"], "as this server knows the sender, not as the sender says")
	require.Equal(t, []string{"system:masters", "system:authenticated"}, asked["X-Remote-Group"])
	require.Empty(t, asked["Authorization"])

	h.watch("/apis/wardle.example.com/v1/flunders?watch=1").sees("ADDED a")
	h.eventuallyServesNobody()

	require.Equal(t, "flunders", h.must("GET", "/apis/wardle.example.com/v1", "").at("resources.0.name"))
	require.Equal(t, "wardle.example.com/v1", h.must("GET", "/apis/wardle.example.com", "").at("versions.0.groupVersion"))
	groups = h.must("GET", "/apis", "", "Accept", acceptAggregated).at("items").([]any)
	last := groups[len(groups)-1]
	require.Equal(t, "wardle.example.com", at(last, "metadata.name"))
	require.Equal(t, "Current", at(last, "versions.0.freshness"))
	require.Equal(t, "flunders", at(last, "versions.0.resources.0.resource"))

	index := h.must("GET", "/openapi/v3", "").at("paths").(tree)
	require.Equal(t, tree{"serverRelativeURL": "/openapi/v3/apis/wardle.example.com/v1?hash=AB"}, index["apis/wardle.example.com/v1"])
	require.NotContains(t, index, "apis/other.example.com/v1")
	require.Equal(t, "hash=AB", h.must("GET", "/openapi/v3/apis/wardle.example.com/v1?hash=AB", "").at("query"))

	// One document for everything: its paths and what they refer to, under other names where ours say something else.
	swagger := h.must("GET", "/openapi/v2", "").tree()
	paths, definitions := swagger["paths"].(tree), swagger["definitions"].(tree)
	require.Equal(t, "#/definitions/wardle.Flunder", at(paths["/apis/wardle.example.com/v1/flunders"], "get.responses.200.schema.$ref"))
	require.NotContains(t, paths, "/apis/other.example.com/v1/things", "not what the APIService is about")
	require.NotContains(t, definitions, "wardle.Thing")
	require.Equal(t, "#/definitions/io.k8s.api.core.v1.PodIP", at(definitions["wardle.Flunder"], "properties.spec.$ref"))
	require.Equal(t, "#/definitions/io.k8s.api.core.v1.HostIP_v2", at(definitions["wardle.Flunder"], "properties.status.$ref"))
	require.Equal(t, tree{"type": "integer"}, definitions["io.k8s.api.core.v1.HostIP_v2"])
	h.must("GET", "/openapi/v2", "", "Accept", mediaOpenAPIV2)

	// Its group comes before those of custom resources, and behind the built-in ones.
	h.define(crontabDefinition)
	var names []any
	for _, group := range h.must("GET", "/apis", "").at("groups").([]any) {
		names = append(names, group.(tree)["name"])
	}
	require.Equal(t, []any{"flowcontrol.apiserver.k8s.io", "wardle.example.com", "stable.example.com"}, names[len(names)-3:])

	// It takes over what is served here, and hands it back.
	w = h.watch(apiServices + "?watch=1&fieldSelector=metadata.name=v1.stable.example.com")
	w.sees("ADDED v1.stable.example.com")
	h.must("PATCH", apiServices+"/v1.stable.example.com", `{"metadata":{"labels":{"kube-aggregator.kubernetes.io/automanaged":null}},"spec":{"service":{"namespace":"default","name":"flunders"},
		"insecureSkipTLSVerify":true}}`, "Content-Type", "application/merge-patch+json")
	for event := w.next(); at(event, "object.status.conditions.0.reason") != "Passed"; event = w.next() {
		t.Log(at(event, "object.status.conditions.0.reason"))
	}
	require.Equal(t, "Flunder", h.must("GET", crontabs+"/a", "").at("kind"))
	h.must("DELETE", apiServices+"/v1.stable.example.com", "")
	require.Equal(t, "CronTabList", h.must("GET", crontabs, "").at("kind"))

	h.must("DELETE", apiServices+"/v1.wardle.example.com", "")
	require.Equal(t, 404, h.do("GET", "/apis/wardle.example.com/v1/namespaces/default/flunders/a", "").code)
}
