package apiserver

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const deployments = "/apis/apps/v1/namespaces/default/deployments"

func deploymentJSON(name string, replicas int) string {
	return fmt.Sprintf(`{"metadata":{"name":%q},"spec":{"replicas":%d,"selector":{"matchLabels":{"app":"web"}},
		"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`, name, replicas)
}

func TestScale(t *testing.T) {
	h := newHarness(t)
	h.must("POST", deployments, deploymentJSON("web", 2))
	scale := h.must("GET", deployments+"/web/scale", "")
	require.Equal(t, "Scale", scale.at("kind"))
	require.Equal(t, "autoscaling/v1", scale.at("apiVersion"))
	require.EqualValues(t, 2, scale.at("spec.replicas"))
	require.Equal(t, "app=web", scale.at("status.selector"))

	// What was read and changed can be written back ...
	version := scale.at("metadata.resourceVersion").(string)
	body := `{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web","namespace":"default","resourceVersion":"` + version + `"},"spec":{"replicas":5}}`
	scaled := h.must("PUT", deployments+"/web/scale", body)
	require.Equal(t, "Scale", scaled.at("kind"))
	require.EqualValues(t, 5, scaled.at("spec.replicas"))
	parent := h.must("GET", deployments+"/web", "")
	require.EqualValues(t, 5, parent.at("spec.replicas"))
	require.EqualValues(t, 2, parent.at("metadata.generation"), "it is a change of the spec")
	require.Equal(t, scaled.at("metadata.resourceVersion"), parent.at("metadata.resourceVersion"))

	// ... but not twice.
	h.fails(409, "Conflict", "PUT", deployments+"/web/scale", body)

	patched := h.must("PATCH", deployments+"/web/scale", `{"spec":{"replicas":7}}`, "Content-Type", "application/merge-patch+json")
	require.EqualValues(t, 7, patched.at("spec.replicas"))

	message := h.fails(422, "Invalid", "PATCH", deployments+"/web/scale", `{"spec":{"replicas":-1}}`, "Content-Type", "application/merge-patch+json")
	require.Contains(t, message, "spec.replicas: Invalid value: -1: must be greater than or equal to 0")
	h.fails(422, "Invalid", "PATCH", deployments+"/web/scale", `{"spec":{"replicas":-2147483648}}`, "Content-Type", "application/merge-patch+json")
	h.fails(400, "BadRequest", "PUT", deployments+"/web/scale", `{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web"}}`)
	h.fails(404, "NotFound", "GET", deployments+"/other/scale", "")

	h.must("PATCH", deployments+"/web", `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":-1}}}}`, "Content-Type", "application/merge-patch+json")
	warned := h.must("PATCH", deployments+"/web/scale", `{"spec":{"replicas":8}}`, "Content-Type", "application/merge-patch+json")
	require.Contains(t, warned.header.Get("Warning"), "negative values are invalid", "to scale is to write")
	h.must("PATCH", deployments+"/web/scale", `{"spec":{"replicas":7}}`, "Content-Type", "application/merge-patch+json")

	dry := h.must("PATCH", deployments+"/web/scale?dryRun=All", `{"spec":{"replicas":9}}`, "Content-Type", "application/merge-patch+json")
	require.EqualValues(t, 9, dry.at("spec.replicas"))
	require.EqualValues(t, 7, h.must("GET", deployments+"/web/scale", "").at("spec.replicas"))
}

func bindingJSON(pod, rest string) string {
	return `{"apiVersion":"v1","kind":"Binding","metadata":{"name":"` + pod + `"` + rest + `},"target":{"kind":"Node","name":"n1"}}`
}

func TestBinding(t *testing.T) {
	h := newHarness(t)
	h.must("POST", pods, podJSON("one", "", ""))
	bound := h.must("POST", pods+"/one/binding", bindingJSON("one", `,"annotations":{"by":"me"}`))
	require.Equal(t, 201, bound.code)
	require.Equal(t, "Success", bound.at("status"))
	pod := h.must("GET", pods+"/one", "")
	require.Equal(t, "n1", pod.at("spec.nodeName"))
	require.Equal(t, "me", pod.at("metadata.annotations.by"))
	require.Equal(t, "PodScheduled", pod.at("status.conditions.0.type"))
	require.Equal(t, "True", pod.at("status.conditions.0.status"))

	// Of two schedulers that bind a pod, one is told.
	message := h.fails(409, "Conflict", "POST", pods+"/one/binding", bindingJSON("one", ""))
	require.Equal(t, `Operation cannot be fulfilled on pods/binding "one": pod one is already assigned to node "n1"`, message)

	h.must("POST", pods, podJSON("two", "", ""))
	uid := h.must("GET", pods+"/two", "").at("metadata.uid").(string)
	h.fails(409, "Conflict", "POST", pods+"/two/binding", bindingJSON("two", `,"uid":"another"`))
	h.must("POST", "/api/v1/namespaces/default/bindings", bindingJSON("two", `,"uid":"`+uid+`"`))
	require.Equal(t, "n1", h.must("GET", pods+"/two", "").at("spec.nodeName"))

	h.must("POST", pods, podJSON("gated", "", `,"schedulingGates":[{"name":"example.org/wait"}]`))
	require.Contains(t, h.fails(409, "Conflict", "POST", pods+"/gated/binding", bindingJSON("gated", "")), "schedulingGates")

	h.must("POST", pods, podJSON("held", `,"finalizers":["example.org/hold"]`, ""))
	h.must("DELETE", pods+"/held", "")
	require.Contains(t, h.fails(409, "Conflict", "POST", pods+"/held/binding", bindingJSON("held", "")), "is being deleted, cannot be assigned to a host")

	h.fails(404, "NotFound", "POST", pods+"/none/binding", bindingJSON("none", ""))
	h.fails(400, "BadRequest", "POST", pods+"/one/binding", bindingJSON("two", ""))
	require.Equal(t, "target.name: Required value", h.do("POST", pods+"/one/binding", `{"metadata":{"name":"one"},"target":{}}`).at("message"))
}

func TestEviction(t *testing.T) {
	h := newHarness(t)
	h.must("POST", pods, podJSON("one", "", ""))
	body := `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"one","namespace":"default"}}`
	dry := h.must("POST", pods+"/one/eviction?dryRun=All", body)
	require.Equal(t, 201, dry.code)
	h.must("GET", pods+"/one", "")
	h.must("POST", pods+"/one/eviction", body)
	h.fails(404, "NotFound", "GET", pods+"/one", "")
	h.fails(404, "NotFound", "POST", pods+"/one/eviction", body)
}

// fakeKubelet serves logs; what it was asked goes to asked.
func fakeKubelet(t *testing.T, h *harness, node string, handler http.HandlerFunc) {
	kubelet := httptest.NewTLSServer(handler)
	t.Cleanup(kubelet.Close)
	_, port, err := net.SplitHostPort(kubelet.Listener.Addr().String())
	require.NoError(t, err)
	h.must("POST", "/api/v1/nodes", `{"metadata":{"name":"`+node+`"},"status":{
		"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":`+port+`}}}}`)
}

func TestLog(t *testing.T) {
	h := newHarness(t)
	h.must("POST", pods, podJSON("waiting", "", ""))
	require.Equal(t, 204, h.must("GET", pods+"/waiting/log", "").code, "nothing has run")

	more, ended := make(chan string), make(chan struct{})
	fakeKubelet(t, h, "n1", func(w http.ResponseWriter, hr *http.Request) {
		switch hr.URL.Path {
		case "/containerLogs/default/one/c":
			if hr.URL.Query().Get("follow") == "true" {
				defer close(ended)
				w.(http.Flusher).Flush()
				for text := range more {
					fmt.Fprintln(w, text)
					w.(http.Flusher).Flush()
				}
				return
			}
			fmt.Fprint(w, hr.URL.Query().Encode())
		default:
			http.Error(w, `container "b" in pod "two" is waiting to start: ContainerCreating`, http.StatusBadRequest)
		}
	})
	h.must("POST", pods, podJSON("one", "", `,"nodeName":"n1"`))
	require.Equal(t, "sinceSeconds=5&stream=All&tailLines=3&timestamps=true",
		string(h.must("GET", pods+"/one/log?tailLines=3&sinceSeconds=5&timestamps=true", "").body))

	// What is followed comes line by line, not when it is over.
	res := h.request(t.Context(), "GET", pods+"/one/log?follow=true", "")
	defer res.Body.Close()
	for _, text := range []string{"first", "second"} {
		more <- text
		line := make([]byte, len(text)+1)
		_, err := res.Body.Read(line)
		require.NoError(t, err)
		require.Equal(t, text+"\n", string(line))
	}
	close(more)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		require.Fail(t, "the kubelet's end of the stream stayed open")
	}

	h.must("POST", pods, `{"metadata":{"name":"two"},"spec":{"nodeName":"n1","initContainers":[{"name":"init","image":"i"}],
		"containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]}}`)
	require.Equal(t, "a container name must be specified for pod two, choose one of: [init a b]",
		h.fails(400, "BadRequest", "GET", pods+"/two/log", ""))
	require.Equal(t, "container x is not valid for pod two", h.fails(400, "BadRequest", "GET", pods+"/two/log?container=x", ""))
	require.Equal(t, "container \"b\" in pod \"two\" is waiting to start: ContainerCreating\n",
		h.fails(400, "BadRequest", "GET", pods+"/two/log?container=b", ""))
	require.Contains(t, h.fails(422, "Invalid", "GET", pods+"/two/log?container=b&tailLines=-1", ""), "tailLines: Invalid value: -1: must be greater than or equal to 0")
	h.fails(404, "NotFound", "GET", pods+"/none/log", "")
}
