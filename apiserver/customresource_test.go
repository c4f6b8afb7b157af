package apiserver

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

const (
	definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	crontabs        = "/apis/stable.example.com/v1/namespaces/default/crontabs"
)

// crontabDefinition is the example that everybody knows, with most of what a definition can say.
const crontabDefinition = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"crontabs.stable.example.com"},
"spec":{"group":"stable.example.com","scope":"Namespaced","names":{"plural":"crontabs","kind":"CronTab","shortNames":["ct"],"categories":["all"]},
"versions":[{"name":"v1","served":true,"storage":true,
 "schema":{"openAPIV3Schema":{"type":"object","description":"A line of a crontab.","properties":{
  "spec":{"type":"object","required":["cronSpec"],"properties":{
   "cronSpec":{"type":"string","pattern":"^(\\S+\\s){4}\\S+$","description":"When."},"image":{"type":"string","default":"busybox"},
   "replicas":{"type":"integer","minimum":0,"maximum":10,"default":1},"max":{"type":"integer"},
   "mode":{"type":"string","enum":["a","b"]},
   "ports":{"type":"array","maxItems":10,"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string","maxLength":20},"port":{"x-kubernetes-int-or-string":true}}}},
   "anything":{"type":"object","x-kubernetes-preserve-unknown-fields":true}},
   "x-kubernetes-validations":[{"rule":"!has(self.max) || self.replicas <= self.max","message":"replicas must not be more than max"},
    {"rule":"!has(oldSelf.image) || self.image == oldSelf.image","messageExpression":"'image is ' + oldSelf.image + ' for ever'","fieldPath":".image","reason":"FieldValueForbidden"}]},
  "status":{"type":"object","properties":{"replicas":{"type":"integer"},"selector":{"type":"string"}}}}}},
 "subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}},
 "selectableFields":[{"jsonPath":".spec.image"}],
 "additionalPrinterColumns":[{"name":"Spec","type":"string","jsonPath":".spec.cronSpec"},{"name":"Replicas","type":"integer","jsonPath":".spec.replicas","priority":1},{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}]}]}}`

// define creates a definition and waits until its kind is served.
func (h *harness) define(definition string) {
	h.t.Helper()
	name := h.must("POST", definitionsPath, definition).at("metadata.name").(string)
	require.Eventually(h.t, func() bool {
		return h.hasCondition(h.must("GET", definitionsPath+"/"+name, ""), "Established", "True")
	}, time.Second, time.Millisecond)
}

func (h *harness) hasCondition(a answer, kind, status string) bool {
	conditions, _ := a.at("status.conditions").([]any)
	for _, c := range conditions {
		if at(c, "type") == kind {
			return at(c, "status") == status
		}
	}
	return false
}

func cronTab(name, spec string) string {
	return `{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"` + name + `"},"spec":{"cronSpec":"* * * * */5"` + spec + `}}`
}

func TestCustomResource(t *testing.T) {
	h := newHarness(t)
	require.Equal(t, 404, h.do("GET", crontabs, "").code)
	h.define(crontabDefinition)

	// Defaults are filled in, unknown fields are dropped, and that is said.
	a := h.must("POST", crontabs, cronTab("a", `,"nobody":1,"anything":{"kept":true},"ports":[{"name":"x","port":"http","no":1}]`))
	require.Equal(t, "busybox", a.at("spec.image"))
	require.Nil(t, a.at("spec.nobody"))
	require.Equal(t, true, a.at("spec.anything.kept"))
	require.Equal(t, []string{`299 - "unknown field \"spec.nobody\""`, `299 - "unknown field \"spec.ports[0].no\""`}, a.header.Values("Warning"))
	require.Equal(t, 1.0, a.at("metadata.generation"))
	require.Contains(t, h.fails(400, api.StatusReasonBadRequest, "POST", crontabs+"?fieldValidation=Strict", cronTab("b", `,"x":1,"x":2`)),
		`strict decoding error: duplicate field "spec.x", unknown field "spec.x"`)

	// All mistakes, in upstream's words.
	message := h.fails(422, api.StatusReasonInvalid, "POST", crontabs, `{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"bad"},"spec":{"cronSpec":"x","replicas":11,"mode":"c","ports":[{"name":"a"},{"name":"a"}]}}`)
	for _, want := range []string{
		`CronTab.stable.example.com "bad" is invalid`, `spec.cronSpec: Invalid value: "x": spec.cronSpec in body should match '^(\S+\s){4}\S+$'`,
		`spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10`, `spec.mode: Unsupported value: "c": supported values: "a", "b"`,
		`spec.ports[1]: Duplicate value: {"name":"a"}`, "some validation rules were not checked because the object was invalid",
	} {
		require.Contains(t, message, want)
	}
	require.Contains(t, h.fails(422, api.StatusReasonInvalid, "POST", crontabs, cronTab("bad", `,"replicas":3,"max":2`)), "spec: Invalid value: replicas must not be more than max")
	require.Contains(t, h.fails(422, api.StatusReasonInvalid, "POST", crontabs, cronTab("bad", `,"replicas":"3"`)), `spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"`)
	require.Contains(t, h.fails(422, api.StatusReasonInvalid, "POST", crontabs, `{"apiVersion":"stable.example.com/v1","kind":"Other","metadata":{"name":"bad"},"spec":{"cronSpec":"* * * * *"}}`), "kind: Invalid value: \"Other\": must be CronTab")

	// Transition rules; generations.
	merge := []string{"Content-Type", string(api.MergePatchType)}
	require.Contains(t, h.fails(422, api.StatusReasonInvalid, "PATCH", crontabs+"/a", `{"spec":{"image":"other"}}`, merge...), "spec.image: Forbidden: image is busybox for ever")
	require.Equal(t, 2.0, h.must("PATCH", crontabs+"/a", `{"spec":{"replicas":2}}`, merge...).at("metadata.generation"))
	require.Equal(t, 2.0, h.must("PATCH", crontabs+"/a", `{"metadata":{"labels":{"app":"x"}}}`, merge...).at("metadata.generation"))

	// Status and scale.
	status := h.must("PATCH", crontabs+"/a/status", `{"spec":{"replicas":5},"status":{"replicas":2,"selector":"app=x"}}`, merge...)
	require.Equal(t, []any{2.0, 2.0, 2.0}, []any{status.at("spec.replicas"), status.at("status.replicas"), status.at("metadata.generation")})
	require.Nil(t, h.must("POST", crontabs, strings.Replace(cronTab("b", ""), `"spec":`, `"status":{"replicas":7},"spec":`, 1)).at("status"))
	scale := h.must("GET", crontabs+"/a/scale", "")
	require.Equal(t, []any{"Scale", 2.0, "app=x"}, []any{scale.at("kind"), scale.at("spec.replicas"), scale.at("status.selector")})
	require.Equal(t, 4.0, h.must("PATCH", crontabs+"/a/scale", `{"spec":{"replicas":4}}`, merge...).at("spec.replicas"))
	require.Equal(t, 4.0, h.must("GET", crontabs+"/a", "").at("spec.replicas"))

	// Columns and field selectors.
	table := h.must("GET", crontabs, "", "Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	require.Equal(t, []any{"a", "* * * * */5", 4.0}, table.at("rows.0.cells").([]any)[:3])
	require.Equal(t, "Spec", table.at("columnDefinitions.1.name"))
	require.Len(t, h.must("GET", crontabs+"?fieldSelector=spec.image%3Dbusybox", "").at("items"), 2)
	require.Empty(t, h.must("GET", crontabs+"?fieldSelector=spec.image%3Dx", "").at("items"))
	require.Contains(t, h.fails(422, api.StatusReasonInvalid, "PUT", crontabs+"/a", cronTab("a", "")), "metadata.resourceVersion: Invalid value: 0: must be specified for an update")
	require.Contains(t, string(h.must("GET", "/apis/stable.example.com/v1", "").body), `"crontabs/scale"`)

	// A definition takes its objects with it.
	h.must("PATCH", crontabs+"/b", `{"metadata":{"finalizers":["example.com/held"]}}`, merge...)
	h.must("DELETE", definitionsPath+"/crontabs.stable.example.com", "")
	require.Eventually(t, func() bool { return h.do("GET", crontabs+"/a", "").code == 404 }, 2*time.Second, time.Millisecond)
	require.Equal(t, 200, h.do("GET", crontabs+"/b", "").code)
	require.Contains(t, h.fails(405, api.StatusReasonMethodNotAllowed, "POST", crontabs, cronTab("c", "")), "not allowed while custom resource definition is terminating")
	h.must("PATCH", crontabs+"/b", `{"metadata":{"finalizers":null}}`, merge...)
	require.Eventually(t, func() bool {
		return h.do("GET", definitionsPath+"/crontabs.stable.example.com", "").code == 404 && h.do("GET", crontabs, "").code == 404
	}, 2*time.Second, time.Millisecond)
}
