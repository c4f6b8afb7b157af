package apiserver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

func budgetJSON(name string) string {
	return `{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"` + name + `"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}}`
}

// evictable is a running, ready pod that budgets select.
func (h *harness) evictable(name string) {
	h.must("POST", pods, podJSON(name, `,"labels":{"app":"web"}`, ""))
	h.must("PATCH", pods+"/"+name+"/status", `{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}`, "Content-Type", "application/merge-patch+json")
}

func (h *harness) budgetStatus(name, status string) {
	h.must("PATCH", budgets+"/"+name+"/status", `{"status":`+status+`}`, "Content-Type", "application/merge-patch+json")
}

func TestEvictionAsksTheBudget(t *testing.T) {
	h := newHarness(t)
	h.evictable("one")
	h.evictable("two")
	h.must("POST", budgets, budgetJSON("web"))
	evict := func(pod string) answer {
		return h.do("POST", pods+"/"+pod+"/eviction", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"`+pod+`"}}`)
	}
	refused := func(a answer, why string) {
		t.Helper()
		require.Equal(t, 429, a.code, "%s", a.body)
		require.Equal(t, "TooManyRequests", a.at("reason"))
		require.Equal(t, "Cannot evict pod as it would violate the pod's disruption budget.", a.at("message"))
		require.Equal(t, "DisruptionBudget", a.at("details.causes.0.reason"))
		require.Equal(t, why, a.at("details.causes.0.message"))
	}
	refused(evict("one"), "The disruption budget web is still being processed by the server.")
	h.budgetStatus("web", `{"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":1}`)
	refused(evict("one"), "The disruption budget web needs 1 healthy pods and has 1 currently")
	h.budgetStatus("web", `{"disruptionsAllowed":1,"currentHealthy":2}`)
	require.Equal(t, 201, evict("one").code)
	left := h.must("GET", budgets+"/web", "")
	require.EqualValues(t, 0, left.at("status.disruptionsAllowed"))
	require.NotNil(t, left.at("status.disruptedPods.one"))
	h.must("POST", budgets, budgetJSON("other"))
	both := evict("two")
	require.Equal(t, 500, both.code)
	require.Equal(t, "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.", both.at("message"))
}

func TestJobGetsLabelsOfItsOwn(t *testing.T) {
	h := newHarness(t)
	const jobs = "/apis/batch/v1/namespaces/default/jobs"
	job := h.must("POST", jobs, `{"metadata":{"name":"pi"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}`)
	uid := job.at("metadata.uid")
	require.Equal(t, tree{"batch.kubernetes.io/controller-uid": uid, "controller-uid": uid, "batch.kubernetes.io/job-name": "pi", "job-name": "pi"}, job.at("spec.template.metadata.labels"))
	require.Equal(t, tree{"matchLabels": tree{"batch.kubernetes.io/controller-uid": uid}}, job.at("spec.selector"))
	message := h.fails(422, "Invalid", "PATCH", jobs+"/pi", `{"spec":{"completions":2}}`, "Content-Type", "application/merge-patch+json")
	require.Equal(t, `Job.batch "pi" is invalid: spec.completions: Invalid value: 2: field is immutable`, message)
	require.Contains(t, h.must("DELETE", jobs+"/pi?dryRun=All", "").header.Get("Warning"), "child pods are preserved by default when jobs are deleted")
	require.Empty(t, h.must("DELETE", jobs+"/pi?propagationPolicy=Background", "").header.Get("Warning"))
}

// What autoscaling/v1 has no field for survives a change through it.
func TestAutoscalerOfTwoVersions(t *testing.T) {
	h := newHarness(t)
	const v1, v2 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
	h.must("POST", v2, `{"metadata":{"name":"web"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"maxReplicas":5,
		"metrics":[{"type":"Resource","resource":{"name":"memory","target":{"type":"AverageValue","averageValue":"100Mi"}}},
			{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":60}}}],
		"behavior":{"scaleDown":{"selectPolicy":"Disabled"}}}}`)
	old := h.must("GET", v1+"/web", "")
	require.EqualValues(t, 60, old.at("spec.targetCPUUtilizationPercentage"))
	h.must("PATCH", v1+"/web", `{"spec":{"maxReplicas":7}}`, "Content-Type", "application/merge-patch+json")
	now := h.must("GET", v2+"/web", "")
	require.EqualValues(t, 7, now.at("spec.maxReplicas"))
	require.Equal(t, "100Mi", now.at("spec.metrics.0.resource.target.averageValue"))
	require.EqualValues(t, 60, now.at("spec.metrics.1.resource.target.averageUtilization"))
	require.Equal(t, "Disabled", now.at("spec.behavior.scaleDown.selectPolicy"))
	require.Nil(t, now.at("metadata.annotations"))

	plain := h.must("POST", v1, `{"metadata":{"name":"plain"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"maxReplicas":2}}`)
	require.EqualValues(t, 80, plain.at("spec.targetCPUUtilizationPercentage"), "the default is v2's")
	h.fails(422, "Invalid", "POST", v1, `{"metadata":{"name":"bad"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},"maxReplicas":0}}`)
}
