package apiserver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

const (
	applyDeployments = "/apis/apps/v1/namespaces/default/deployments/web"
	webApply         = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
`
)

// apply sends a server-side apply.
func (h *harness) apply(path, manager, body string) answer {
	return h.do("PATCH", path+"?fieldManager="+manager, body, "Content-Type", string(api.ApplyPatchType))
}

// managers lists "manager Operation subresource" of each entry.
func managers(a answer) (all []string) {
	entries, _ := a.at("metadata.managedFields").([]any)
	for _, e := range entries {
		entry := e.(tree)
		text := entry["manager"].(string) + " " + entry["operation"].(string)
		if sub, ok := entry["subresource"].(string); ok {
			text += " " + sub
		}
		all = append(all, text)
	}
	return all
}

func TestApplyCreatesMergesAndRemoves(t *testing.T) {
	h := newHarness(t)
	created := h.apply(applyDeployments, "alice", webApply)
	require.Equal(t, 201, created.code, string(created.body))
	require.Equal(t, []string{"alice Apply"}, managers(created))
	revision := created.at("metadata.resourceVersion")

	again := h.apply(applyDeployments, "alice", webApply)
	require.Equal(t, 200, again.code)
	require.Equal(t, revision, again.at("metadata.resourceVersion"), "an apply that changes nothing leaves no trace")
	require.Equal(t, string(h.must("GET", applyDeployments, "").body), string(again.body))

	// Bob wants something else: a conflict, unless he insists. Then Alice has lost the field.
	bob := `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3}}`
	conflict := h.apply(applyDeployments, "bob", bob)
	require.Equal(t, 409, conflict.code)
	require.Equal(t, `Apply failed with 1 conflict: conflict with "alice": .spec.replicas`, conflict.at("message"))
	require.Equal(t, tree{"reason": "FieldManagerConflict", "message": `conflict with "alice"`, "field": ".spec.replicas"}, conflict.at("details.causes.0"))
	forced := h.do("PATCH", applyDeployments+"?fieldManager=bob&force=true", bob, "Content-Type", string(api.ApplyPatchType))
	require.Equal(t, 200, forced.code)
	require.Equal(t, 3.0, forced.at("spec.replicas"))

	// What Alice no longer says, and nobody else owns, is gone: her label; not the replicas, which are Bob's now.
	less := h.apply(applyDeployments, "alice", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
`)
	require.Equal(t, 200, less.code, string(less.body))
	require.Nil(t, less.at("metadata.labels"))
	require.Equal(t, 3.0, less.at("spec.replicas"))
	none := h.apply(applyDeployments, "bob", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}`)
	require.Equal(t, 1.0, none.at("spec.replicas"), "the default, now that nobody says")
	require.Equal(t, []string{"alice Apply"}, managers(none))
}

func TestOwnersOfOtherWrites(t *testing.T) {
	h := newHarness(t)
	h.header.Set("User-Agent", "kubectl/v1.36 (linux/amd64)")
	h.apply(applyDeployments, "alice", webApply)
	status := h.do("PATCH", applyDeployments+"/status", `{"status":{"replicas":2},"spec":{"paused":true}}`, "Content-Type", string(api.MergePatchType))
	require.Equal(t, []string{"alice Apply", "kubectl Update status"}, managers(status))
	require.Equal(t, tree{"f:status": tree{"f:replicas": tree{}}}, status.at("metadata.managedFields.1.fieldsV1"))

	h.do("PUT", applyDeployments+"/scale?fieldManager=scaler", `{"metadata":{"name":"web"},"spec":{"replicas":5}}`)
	scaled := h.must("GET", applyDeployments, "")
	require.Equal(t, []string{"alice Apply", "scaler Update scale", "kubectl Update status"}, managers(scaled))
	require.Equal(t, tree{"f:spec": tree{"f:replicas": tree{}}}, scaled.at("metadata.managedFields.1.fieldsV1"))
	require.Contains(t, h.apply(applyDeployments, "alice", webApply).at("message"), `conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas`)

	same := h.do("PUT", applyDeployments+"?fieldManager=other", string(scaled.body))
	require.Equal(t, scaled.at("metadata.resourceVersion"), same.at("metadata.resourceVersion"))
	forgotten := h.do("PATCH", applyDeployments, `{"metadata":{"managedFields":[{}]}}`, "Content-Type", string(api.MergePatchType))
	require.Empty(t, managers(forgotten))
}

func TestApplyRefuses(t *testing.T) {
	h := newHarness(t)
	h.apply(applyDeployments, "alice", webApply)
	cases := []struct {
		name, path, body string
		code             int
		message          string
	}{
		{"no manager", applyDeployments, webApply, 422, `PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch`},
		{"other kind", applyDeployments + "?fieldManager=a", `{apiVersion: v1, kind: Pod, metadata: {name: web}}`, 400, "invalid object type: /v1, Kind=Pod"},
		{"managed fields", applyDeployments + "?fieldManager=a", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, managedFields: []}}`, 400, "metadata.managedFields must be nil"},
		{"unknown field", applyDeployments + "?fieldManager=a", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {foo: 1}}`, 500,
			"failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema"},
		{"wrong value", applyDeployments + "?fieldManager=a&force=true", `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {progressDeadlineSeconds: 1.5}}`, 500,
			"failed to convert new object (/web; apps/v1, Kind=Deployment) to proper version: unable to convert unstructured object to apps/v1, Kind=Deployment: json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.progressDeadlineSeconds of type int32"},
		{"no YAML", applyDeployments + "?fieldManager=a", "a: b: c", 400, "error decoding YAML: error converting YAML to JSON: yaml: mapping values are not allowed in this context"},
		{"duplicate", applyDeployments + "?fieldManager=a&fieldValidation=Strict", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  paused: true\n  paused: true\n", 400,
			"error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 6: key \"paused\" already set in map"},
	}
	for _, c := range cases {
		a := h.do("PATCH", c.path, c.body, "Content-Type", string(api.ApplyPatchType))
		require.Equal(t, c.code, a.code, c.name+": "+string(a.body))
		require.Equal(t, c.message, a.at("message"), c.name)
	}
	forced := h.do("PATCH", applyDeployments+"?force=true", `{}`, "Content-Type", string(api.MergePatchType))
	require.Equal(t, `PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch`, forced.at("message"))
}

// TestGoingOverToServerSideApply: kubectl that applied on the client's side meets no conflict with itself.
func TestGoingOverToServerSideApply(t *testing.T) {
	h := newHarness(t)
	h.must("POST", "/api/v1/namespaces/default/configmaps?fieldManager=kubectl-client-side-apply", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c",
		"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"},\"data\":{\"a\":\"1\"}}"}},"data":{"a":"1","b":"1"}}`)
	const path = "/api/v1/namespaces/default/configmaps/c"
	applied := h.apply(path, "kubectl", `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: "2"}}`)
	require.Equal(t, 200, applied.code, string(applied.body))
	require.Equal(t, "2", applied.at("data.a"))
	require.JSONEq(t, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"a":"2"}}`,
		applied.at("metadata.annotations").(tree)["kubectl.kubernetes.io/last-applied-configuration"].(string))
	conflict := h.apply(path, "kubectl", `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: "3", b: "3"}}`)
	require.Equal(t, `Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.b`, conflict.at("message"))
}

// TestApplyOfCustomResources: two managers share a list by its keys, as the definition's schema says.
func TestApplyOfCustomResources(t *testing.T) {
	h := newHarness(t)
	h.define(crontabDefinition)
	opinion := func(spec string) string {
		return `{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"a"},"spec":{` + spec + `}}`
	}
	created := h.apply(crontabs+"/a", "alice", opinion(`"cronSpec":"* * * * *","replicas":1,"ports":[{"name":"x","port":1}]`))
	require.Equal(t, 201, created.code, string(created.body))
	require.Equal(t, "busybox", created.at("spec.image"), "the schema's default")
	require.NotContains(t, at(created.at("metadata.managedFields.0"), "fieldsV1.f:spec"), "f:image")
	shared := h.apply(crontabs+"/a", "bob", opinion(`"ports":[{"name":"y","port":"http"}],"anything":{"a":{"b":1}}`))
	require.Equal(t, 200, shared.code, string(shared.body))
	require.Len(t, shared.at("spec.ports"), 2)
	require.Equal(t, tree{".": tree{}, "f:name": tree{}, "f:port": tree{}}, at(shared.at("metadata.managedFields.1"), "fieldsV1.f:spec.f:ports").(tree)[`k:{"name":"y"}`])
	require.Equal(t, tree{"f:a": tree{".": tree{}, "f:b": tree{}}}, at(shared.at("metadata.managedFields.1"), "fieldsV1.f:spec.f:anything"))
	gone := h.apply(crontabs+"/a", "bob", opinion(``))
	require.Len(t, gone.at("spec.ports"), 1)
	require.Contains(t, h.apply(crontabs+"/a", "bob", opinion(`"nobody":1`)).at("message"), ".spec.nobody: field not declared in schema")

	h.do("PUT", crontabs+"/a/scale?fieldManager=scaler", `{"metadata":{"name":"a"},"spec":{"replicas":5}}`)
	require.Contains(t, h.apply(crontabs+"/a", "alice", opinion(`"replicas":1`)).at("message"), `conflict with "scaler" with subresource "scale" using stable.example.com/v1: .spec.replicas`)
	status := h.do("PATCH", crontabs+"/a/status?fieldManager=controller", `{"status":{"replicas":5},"metadata":{"labels":{"a":"b"}}}`, "Content-Type", string(api.MergePatchType))
	require.Contains(t, managers(status), "controller Update status")
	entries := status.at("metadata.managedFields").([]any)
	require.Equal(t, tree{"f:status": tree{".": tree{}, "f:replicas": tree{}}}, at(entries[len(entries)-1], "fieldsV1"))
}

// Two versions of a kind that are stored as one: owners are known by the version through which they wrote, and what one of
// them owns it owns in the other version too.
func TestOwnersAcrossVersions(t *testing.T) {
	h := newHarness(t)
	const v1, v2 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
	apply := func(maximum string) answer {
		return h.do("PATCH", v2+"/web?fieldManager=a", `{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},
			"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"maxReplicas":`+maximum+`}}`, "Content-Type", "application/apply-patch+yaml")
	}
	require.Equal(t, 201, apply("5").code)
	owners := func(path string) (list []any) {
		for _, entry := range h.must("GET", path+"/web", "").at("metadata.managedFields").([]any) {
			list = append(list, at(entry, "manager"), at(entry, "operation"), at(entry, "apiVersion"))
		}
		return list
	}
	require.Equal(t, []any{"a", "Apply", "autoscaling/v2"}, owners(v1))
	changed := h.must("PATCH", v1+"/web?fieldManager=b", `{"spec":{"maxReplicas":6}}`, "Content-Type", "application/merge-patch+json")
	require.Equal(t, "autoscaling/v1", changed.at("apiVersion"))
	require.Equal(t, []any{"a", "Apply", "autoscaling/v2", "b", "Update", "autoscaling/v1"}, owners(v2))
	conflict := apply("5")
	require.Equal(t, 409, conflict.code)
	require.Equal(t, `Apply failed with 1 conflict: conflict with "b" using autoscaling/v1: .spec.maxReplicas`, conflict.at("message"))
	require.Equal(t, 200, apply("6").code) // the same opinion is no conflict

	// Events: what the older version calls involvedObject and message, the newer one calls regarding and note.
	const core, events = "/api/v1/namespaces/default/events", "/apis/events.k8s.io/v1/namespaces/default/events"
	h.must("POST", core, `{"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","namespace":"default","name":"p"},"message":"hello","reason":"Hi","count":3,
		"firstTimestamp":"2026-01-01T00:00:00Z","lastTimestamp":"2026-01-01T00:01:00Z","source":{"component":"me","host":"h"}}`)
	e := h.must("GET", events+"/e", "")
	require.Equal(t, []any{"p", "hello", "Hi", 3.0, "2026-01-01T00:01:00Z", "me", "h"}, []any{e.at("regarding.name"), e.at("note"), e.at("reason"), e.at("deprecatedCount"),
		e.at("deprecatedLastTimestamp"), e.at("deprecatedSource.component"), e.at("deprecatedSource.host")})
	h.must("PATCH", events+"/e?fieldManager=b", `{"series":{"count":4,"lastObservedTime":"2026-01-01T00:02:00.000000Z"}}`, "Content-Type", "application/merge-patch+json")
	require.EqualValues(t, 4, h.must("GET", core+"/e", "").at("series.count"))
}
