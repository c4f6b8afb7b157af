package apiserver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestFinalizersHoldBack(t *testing.T) {
	h := newHarness(t)
	h.must("POST", configMaps, configMap("held", `,"finalizers":["example.com/a","example.com/b"]`))
	a := h.must("DELETE", configMaps+"/held", "")
	require.Equal(t, "ConfigMap", a.at("kind"), "what lingers is answered as the object")
	deleted := a.at("metadata.deletionTimestamp")
	require.NotEmpty(t, deleted)
	require.EqualValues(t, 0, a.at("metadata.deletionGracePeriodSeconds"))

	again := h.must("DELETE", configMaps+"/held", "")
	require.Equal(t, a.at("metadata.resourceVersion"), again.at("metadata.resourceVersion"), "asked for twice, nothing is written")

	h.fails(422, "Invalid", "PATCH", configMaps+"/held", `{"metadata":{"finalizers":["example.com/a","example.com/b","example.com/c"]}}`, "Content-Type", "application/merge-patch+json")
	a = h.must("PATCH", configMaps+"/held", `{"metadata":{"finalizers":["example.com/b"],"deletionTimestamp":null}}`, "Content-Type", "application/merge-patch+json")
	require.Equal(t, deleted, a.at("metadata.deletionTimestamp"), "there is no way back")
	w := h.watch(configMaps + "?watch=1&resourceVersion=" + a.at("metadata.resourceVersion").(string))
	h.must("PATCH", configMaps+"/held", `{"metadata":{"finalizers":null}}`, "Content-Type", "application/merge-patch+json")
	gone := w.sees("DELETED held")
	require.Nil(t, at(gone, "object.metadata.finalizers"))
	h.fails(404, "NotFound", "GET", configMaps+"/held", "")
}

func TestPropagationPolicy(t *testing.T) {
	for policy, finalizer := range map[string]any{"Foreground": "foregroundDeletion", "Orphan": "orphan", "Background": nil} {
		t.Run(policy, func(t *testing.T) {
			h := newHarness(t)
			h.must("POST", configMaps, configMap("owner", ""))
			a := h.must("DELETE", configMaps+"/owner", `{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"`+policy+`"}`)
			require.Equal(t, finalizer, a.at("metadata.finalizers.0"))
			if finalizer == nil {
				require.Equal(t, "Success", a.at("status"))
			}
		})
	}
	t.Run("as protobuf", func(t *testing.T) {
		h := newHarness(t)
		h.must("POST", configMaps, configMap("owner", ""))
		body, err := api.MarshalProtobuf(&api.DeleteOptions{TypeMeta: api.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"}, PropagationPolicy: api.Ptr(api.DeletePropagationForeground)})
		require.NoError(t, err)
		a := h.must("DELETE", configMaps+"/owner", string(body), "Content-Type", "application/vnd.kubernetes.protobuf")
		require.Equal(t, "foregroundDeletion", a.at("metadata.finalizers.0"))
	})
	t.Run("in the query", func(t *testing.T) {
		h := newHarness(t)
		h.must("POST", configMaps, configMap("owner", ""))
		a := h.must("DELETE", configMaps+"/owner?propagationPolicy=Orphan", "")
		require.Equal(t, "orphan", a.at("metadata.finalizers.0"))
	})
	t.Run("the old way", func(t *testing.T) {
		h := newHarness(t)
		h.must("POST", configMaps, configMap("owner", `,"finalizers":["example.com/a"]`))
		a := h.must("DELETE", configMaps+"/owner", `{"orphanDependents":false}`)
		require.Equal(t, 202, a.code)
	})
}

// The rules of graceful deletion, as a table.
func TestPlanDeletion(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	res := &Resource{Kind: api.KindOf[*api.Pod](), Strategy: podStrategy}
	res.row = res
	seconds := func(n int64) *int64 { return &n }
	type pod struct {
		node    string
		phase   api.PodPhase
		grace   *int64         // spec
		began   *time.Duration // ago
		running *int64         // deletionGracePeriodSeconds
		final   []string
	}
	ago := func(d time.Duration) *time.Duration { return &d }
	for _, c := range []struct {
		what  string
		pod   pod
		asked *int64
		want  deletion
		grace int64         // then in metadata
		at    time.Duration // from now
	}{
		{"on no node: at once", pod{grace: seconds(30)}, nil, removeNow, 0, 0},
		{"finished: at once", pod{node: "n", phase: api.PodSucceeded, grace: seconds(30)}, nil, removeNow, 0, 0},
		{"running: its own grace period", pod{node: "n", grace: seconds(30)}, nil, mark, 30, 30 * time.Second},
		{"running: that of the request", pod{node: "n", grace: seconds(30)}, seconds(5), mark, 5, 5 * time.Second},
		{"running: force", pod{node: "n", grace: seconds(30)}, seconds(0), removeNow, 0, 0},
		{"running: negative means 1", pod{node: "n", grace: seconds(30)}, seconds(-1), mark, 1, time.Second},
		{"force, but a finalizer", pod{node: "n", grace: seconds(30), final: []string{"x"}}, seconds(0), mark, 0, 0},
		{"deleting: asked again", pod{node: "n", began: ago(10 * time.Second), running: seconds(30)}, nil, keep, 30, 20 * time.Second},
		{"deleting: longer is refused", pod{node: "n", began: ago(10 * time.Second), running: seconds(30)}, seconds(60), keep, 30, 20 * time.Second},
		{"deleting: shorter", pod{node: "n", began: ago(10 * time.Second), running: seconds(30)}, seconds(15), mark, 15, 5 * time.Second},
		{"deleting: shorter than has passed", pod{node: "n", began: ago(10 * time.Second), running: seconds(30)}, seconds(5), mark, 1, 0},
		{"deleting: the kubelet is done", pod{node: "n", began: ago(10 * time.Second), running: seconds(30)}, seconds(0), removeNow, 0, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			obj := &api.Pod{}
			obj.Spec.NodeName, obj.Status.Phase, obj.Finalizers = c.pod.node, c.pod.phase, c.pod.final
			obj.Spec.TerminationGracePeriodSeconds = c.pod.grace
			if c.pod.began != nil {
				obj.DeletionGracePeriodSeconds = c.pod.running
				obj.DeletionTimestamp = &api.Time{Time: now.Add(-*c.pod.began).Add(time.Duration(*c.pod.running) * time.Second)}
			}
			require.Equal(t, c.want, planDeletion(res, obj, &api.DeleteOptions{GracePeriodSeconds: c.asked}, now))
			require.Equal(t, c.grace, *obj.DeletionGracePeriodSeconds)
			require.Equal(t, c.at, obj.DeletionTimestamp.Sub(now))
		})
	}
}

func TestGracefulDeletionOfAPod(t *testing.T) {
	h := newHarness(t)
	h.must("POST", "/api/v1/nodes", `{"metadata":{"name":"n1"}}`)
	h.must("POST", pods, podJSON("p", "", `,"nodeName":"n1"`))
	a := h.must("DELETE", pods+"/p", "")
	require.EqualValues(t, 30, a.at("metadata.deletionGracePeriodSeconds"))
	require.EqualValues(t, 2, a.at("metadata.generation"))
	a = h.must("PATCH", pods+"/p/status", `{"status":{"phase":"Failed"}}`, "Content-Type", "application/merge-patch+json")
	require.NotEmpty(t, a.at("metadata.deletionTimestamp"), "the kubelet cannot undelete a pod")
	a = h.must("DELETE", pods+"/p", `{"gracePeriodSeconds":0}`)
	require.Equal(t, "Pod", a.at("kind"), "the answer is the pod as it was")
	h.fails(404, "NotFound", "GET", pods+"/p", "")
}

func TestDeleteCollection(t *testing.T) {
	h := newHarness(t)
	for _, name := range []string{"a", "b", "c"} {
		h.must("POST", configMaps, configMap(name, `,"labels":{"app":"x"}`))
	}
	h.must("POST", configMaps, configMap("d", ""))
	h.must("POST", configMaps, configMap("held", `,"labels":{"app":"x"},"finalizers":["example.com/a"]`))
	a := h.must("DELETE", configMaps+"?labelSelector=app%3Dx", "")
	require.Equal(t, "ConfigMapList", a.at("kind"))
	left := h.must("GET", configMaps, "")
	require.Len(t, left.at("items"), 2)
	require.Equal(t, "d", left.at("items.0.metadata.name"))
	require.NotEmpty(t, left.at("items.1.metadata.deletionTimestamp"))
}

// A namespace lives until its own finalizer is taken away through the subresource finalize.
func TestNamespaceDeletion(t *testing.T) {
	h := newHarness(t)
	a := h.must("POST", "/api/v1/namespaces", `{"metadata":{"name":"x"}}`)
	require.Equal(t, "kubernetes", a.at("spec.finalizers.0"))
	require.Equal(t, "Active", a.at("status.phase"))
	require.Equal(t, "x", a.at("metadata.labels").(tree)["kubernetes.io/metadata.name"])
	h.must("POST", "/api/v1/namespaces/x/configmaps", configMap("c", ""))

	a = h.must("DELETE", "/api/v1/namespaces/x", "")
	require.Equal(t, "Terminating", a.at("status.phase"))
	require.Contains(t, h.fails(403, "Forbidden", "POST", "/api/v1/namespaces/x/configmaps", configMap("d", "")), "because it is being terminated")
	h.must("PUT", "/api/v1/namespaces/x", `{"metadata":{"name":"x"},"spec":{"finalizers":[]}}`)
	require.Equal(t, "kubernetes", h.must("GET", "/api/v1/namespaces/x", "").at("spec.finalizers.0"))
	h.must("PUT", "/api/v1/namespaces/x/finalize", `{"metadata":{"name":"x"},"spec":{"finalizers":[]}}`)
	h.fails(404, "NotFound", "GET", "/api/v1/namespaces/x", "")
}

func TestOldEventsGo(t *testing.T) {
	h := newHarness(t)
	const events = "/api/v1/namespaces/default/events"
	event := func(name string) string {
		return `{"metadata":{"name":"` + name + `"},"involvedObject":{"kind":"Pod","name":"p","namespace":"default"},"reason":"R"}`
	}
	h.must("POST", events, event("old"))
	h.must("POST", events, event("repeated"))
	revision := h.store.Revision()
	h.must("PATCH", events+"/repeated", `{"count":2}`, "Content-Type", "application/merge-patch+json")
	h.must("POST", events, event("new"))
	h.server.deleteEventsUntil(t.Context(), revision)
	require.Equal(t, []string{"new", "repeated"}, names(h.must("GET", events, "")))
	require.Equal(t, "event-ttl", at(h.ledger("object=events/default/old")[1], "timer"))
}
