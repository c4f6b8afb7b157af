package apiserver

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

const (
	definitionsPath    = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	crontabsDefinition = definitionsPath + "/crontabs.stable.example.com"
	crontabs           = "/apis/stable.example.com/v1/namespaces/default/crontabs"
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
	return at(conditionOf(a, kind), "status") == status
}

// conditionOf finds a condition in an object's status, nil if it is not there.
func conditionOf(a answer, kind string) any {
	conditions, _ := a.at("status.conditions").([]any)
	for _, c := range conditions {
		if at(c, "type") == kind {
			return c
		}
	}
	return nil
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
	require.Contains(t, h.fails(422, "Invalid", "PATCH", crontabs+"/a/scale", `{"spec":{"replicas":-1}}`, merge...), "spec.replicas in body should be greater than or equal to 0")
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
	h.must("DELETE", crontabsDefinition, "")
	require.Eventually(t, func() bool { return h.do("GET", crontabs+"/a", "").code == 404 }, 2*time.Second, time.Millisecond)
	require.Equal(t, 200, h.do("GET", crontabs+"/b", "").code)
	h.terminates("InstanceDeletionInProgress")
	require.Contains(t, h.fails(405, api.StatusReasonMethodNotAllowed, "POST", crontabs, cronTab("c", "")), "not allowed while custom resource definition is terminating")
	h.must("PATCH", crontabs+"/b", `{"metadata":{"finalizers":null}}`, merge...)
	require.Eventually(t, func() bool {
		return h.do("GET", crontabsDefinition, "").code == 404 && h.do("GET", crontabs, "").code == 404
	}, 2*time.Second, time.Millisecond)
}

// terminates waits until the definition tells how far its deletion is.
func (h *harness) terminates(reason string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		return at(conditionOf(h.must("GET", crontabsDefinition, ""), "Terminating"), "reason") == reason
	}, 2*time.Second, time.Millisecond)
}

// newHarnessWithHeldDefinition has a definition that is being deleted and waits for the object "a", which a finalizer holds.
func newHarnessWithHeldDefinition(t *testing.T) *harness {
	h := newHarness(t)
	h.define(crontabDefinition)
	h.must("POST", crontabs, cronTab("a", ""))
	h.must("PATCH", crontabs+"/a", `{"metadata":{"finalizers":["example.com/held"]}}`, "Content-Type", string(api.MergePatchType))
	h.must("DELETE", crontabsDefinition, "")
	return h
}

// Whoever writes over the conditions of a definition while it goes does not hold it up.
func TestScaleOfACustomObjectThatSaysNothing(t *testing.T) {
	h := newHarness(t)
	h.define(strings.Replace(crontabDefinition, `"maximum":10,"default":1`, `"maximum":10`, 1))
	h.must("POST", crontabs, cronTab("a", ""))
	require.Contains(t, h.fails(500, "InternalError", "GET", crontabs+"/a/scale", ""), `the spec replicas field ".spec.replicas" does not exist`)
	merge := []string{"Content-Type", "application/merge-patch+json"}
	require.Contains(t, h.fails(400, "BadRequest", "PATCH", crontabs+"/a/scale", `{"metadata":{}}`, merge...), `the spec replicas field ".spec.replicas" cannot be empty`)
	require.Equal(t, 3.0, h.must("PATCH", crontabs+"/a/scale", `{"spec":{"replicas":3}}`, merge...).at("spec.replicas"))
	require.Equal(t, 3.0, h.must("GET", crontabs+"/a", "").at("spec.replicas"))
}

func TestStatusOfADefinitionThatGoes(t *testing.T) {
	h := newHarnessWithHeldDefinition(t)
	merge := []string{"Content-Type", string(api.MergePatchType)}
	h.must("PATCH", crontabsDefinition+"/status", `{"status":{"conditions":[{"message":"patched"}]}}`, merge...)
	h.terminates("InstanceDeletionInProgress")
	require.True(t, h.hasCondition(h.must("GET", crontabsDefinition, ""), "Established", "True"))
	h.must("DELETE", crontabsDefinition, "")
	require.Equal(t, []any{"customresourcecleanup.apiextensions.k8s.io"}, h.must("GET", crontabsDefinition, "").at("metadata.finalizers"))

	h.must("PATCH", crontabs+"/a", `{"metadata":{"finalizers":null}}`, merge...)
	require.Eventually(t, func() bool { return h.do("GET", crontabsDefinition, "").code == 404 }, 2*time.Second, time.Millisecond)
}

// Whoever takes away a definition's finalizer does not want to wait for its objects.
func TestDefinitionWithoutItsFinalizerGoesAtOnce(t *testing.T) {
	h := newHarnessWithHeldDefinition(t)
	h.must("PATCH", crontabsDefinition, `{"metadata":{"finalizers":null}}`, "Content-Type", string(api.MergePatchType))
	require.Equal(t, 404, h.do("GET", crontabsDefinition, "").code)
	require.Eventually(t, func() bool { return h.do("GET", crontabs, "").code == 404 }, 2*time.Second, time.Millisecond)
}

func TestApplyOfACustomResource(t *testing.T) {
	h := newHarness(t)
	h.define(crontabDefinition)
	apply := func(manager, ports string) answer {
		return h.do("PATCH", crontabs+"/a?fieldManager="+manager, cronTab("a", `,"ports":`+ports), "Content-Type", string(api.ApplyPatchType))
	}
	require.Equal(t, 201, apply("one", `[{"name":"x","port":1}]`).code)
	require.Len(t, apply("two", `[{"name":"y","port":2}]`).at("spec.ports"), 2) // a list with keys merges
	require.Equal(t, 409, apply("two", `[{"name":"x","port":3}]`).code)
	require.Len(t, apply("two", `[]`).at("spec.ports"), 1)
}

// twoVersions is a kind with two versions of which the second is stored.
const twoVersions = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},
"spec":{"group":"example.com","scope":"Cluster","names":{"plural":"widgets","kind":"Widget"},"conversion":%s,
"versions":[
 {"name":"v1","served":true,"storage":%t,"deprecated":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"host":{"type":"string"},"hostPort":{"type":"string"}}}}}},"selectableFields":[{"jsonPath":".spec.hostPort"}]},
 {"name":"v2","served":true,"storage":%t,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"host":{"type":"string"},"port":{"type":"string"}%s}}}}},"selectableFields":[{"jsonPath":".spec.host"}]}]}}`

func TestVersionsOfACustomResource(t *testing.T) {
	h := newHarness(t)
	h.define(fmt.Sprintf(twoVersions, `{"strategy":"None"}`, true, false, ""))
	const v1, v2 = "/apis/example.com/v1/widgets", "/apis/example.com/v2/widgets"
	a := h.must("POST", v1, `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"host":"x","hostPort":"x:1"}}`)
	require.Equal(t, []string{`299 - "example.com/v1 Widget is deprecated; use example.com/v2 Widget"`}, a.header.Values("Warning"))
	b := h.must("GET", v2+"/a", "")
	require.Equal(t, []any{"example.com/v2", "x", nil}, []any{b.at("apiVersion"), b.at("spec.host"), b.at("spec.hostPort")})
	w := h.watch(v2 + "?watch=1")
	require.Equal(t, "example.com/v2", at(w.sees("ADDED a"), "object.apiVersion"))

	// Another storage version, and a default for what is stored already.
	crd := h.must("GET", definitionsPath+"/widgets.example.com", "")
	body := fmt.Sprintf(twoVersions, `{"strategy":"None"}`, false, true, `,"size":{"type":"string","default":"big"}`)
	body = strings.Replace(body, `"name":"widgets.example.com"`, `"name":"widgets.example.com","resourceVersion":"`+crd.at("metadata.resourceVersion").(string)+`"`, 1)
	require.Equal(t, []any{"v1", "v2"}, h.must("PUT", definitionsPath+"/widgets.example.com", body).at("status.storedVersions"))
	require.Eventually(t, func() bool {
		return h.must("POST", v2+"?dryRun=All", `{"apiVersion":"example.com/v2","kind":"Widget","metadata":{"name":"b"},"spec":{}}`).at("spec.size") == "big"
	}, 2*time.Second, time.Millisecond)
	require.Len(t, w.ends(), 0)
	require.Equal(t, "x:1", h.must("GET", v1+"/a", "").at("spec.hostPort"))
	h.must("POST", v2, `{"apiVersion":"example.com/v2","kind":"Widget","metadata":{"name":"b"},"spec":{"host":"y"}}`)
	list := h.must("GET", v1, "")
	require.Equal(t, []any{"example.com/v1", "x:1", nil}, []any{list.at("apiVersion"), list.at("items.0.spec.hostPort"), list.at("items.1.spec.hostPort")})
	require.Equal(t, []string{"v2", "v1"}, h.versionsOf("example.com"))
	require.Contains(t, h.fails(422, api.StatusReasonInvalid, "PATCH", definitionsPath+"/widgets.example.com", `[{"op":"remove","path":"/spec/versions/0"}]`, "Content-Type", string(api.JSONPatchType)),
		"status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions")
	h.must("PATCH", definitionsPath+"/widgets.example.com", `[{"op":"replace","path":"/spec/versions/0/served","value":false}]`, "Content-Type", string(api.JSONPatchType))
	require.Eventually(t, func() bool { return h.do("GET", v1, "").code == 404 }, time.Second, time.Millisecond)
	require.Equal(t, "x", h.must("GET", v2+"/a", "").at("spec.host"))
}

func (h *harness) versionsOf(group string) (names []string) {
	versions, _ := h.must("GET", "/apis/"+group, "").at("versions").([]any)
	for _, v := range versions {
		names = append(names, at(v, "version").(string))
	}
	return names
}

// converter is a webhook that joins host and port for v1, and takes them apart for v2.
func converter(t *testing.T) *httptest.Server {
	hook := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review api.ConversionReview
		body, _ := io.ReadAll(r.Body)
		if err := api.UnmarshalJSON(body, &review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		review.Response = &api.ConversionResponse{UID: review.Request.UID, Result: api.Status{Status: api.StatusSuccess}}
		for _, raw := range review.Request.Objects {
			obj := &api.Unstructured{}
			if err := api.UnmarshalJSON(raw.Raw, obj); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			obj.APIVersion = review.Request.DesiredAPIVersion
			spec, _ := obj.Content["spec"].(map[string]any)
			if strings.HasSuffix(obj.APIVersion, "/v1") {
				spec["hostPort"] = fmt.Sprint(spec["host"], ":", spec["port"])
			} else if joined, ok := spec["hostPort"].(string); ok {
				spec["host"], spec["port"], _ = strings.Cut(joined, ":")
				delete(spec, "hostPort")
			}
			if obj.Name == "refused" {
				review.Response.Result = api.Status{Status: api.StatusFailure, Message: "not this one"}
			}
			data, _ := api.MarshalJSON(obj)
			review.Response.ConvertedObjects = append(review.Response.ConvertedObjects, api.RawExtension{Raw: data})
		}
		review.Request = nil
		data, _ := api.MarshalJSON(&review)
		_, _ = w.Write(data)
	}))
	t.Cleanup(hook.Close)
	return hook
}

func TestConversionWebhook(t *testing.T) {
	h, hook := newHarness(t), converter(t)
	ca := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: hook.Certificate().Raw}))
	h.define(fmt.Sprintf(twoVersions, `{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],"clientConfig":{"url":"`+hook.URL+`","caBundle":"`+ca+`"}}}`, false, true, ""))
	const v1, v2 = "/apis/example.com/v1/widgets", "/apis/example.com/v2/widgets"
	require.Equal(t, "a:1", h.must("POST", v1, `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"hostPort":"a:1"}}`).at("spec.hostPort"))
	require.Equal(t, "1", h.must("GET", v2+"/a", "").at("spec.port"))
	h.must("POST", v2, `{"apiVersion":"example.com/v2","kind":"Widget","metadata":{"name":"b"},"spec":{"host":"b","port":"2"}}`)
	list := h.must("GET", v1, "")
	require.Equal(t, []any{"a:1", "b:2"}, []any{list.at("items.0.spec.hostPort"), list.at("items.1.spec.hostPort")})
	require.Equal(t, "b:2", at(h.watch(v1+"?watch=1&fieldSelector=metadata.name%3Db").sees("ADDED b"), "object.spec.hostPort"))
	require.Equal(t, "b", h.must("GET", v1+"?fieldSelector=spec.hostPort%3Db:2", "").at("items.0.metadata.name"))
	require.Equal(t, "a", h.must("GET", v2+"?fieldSelector=spec.host%3Da", "").at("items.0.metadata.name"))
	// What the webhook refuses to convert cannot be shown. A watch says so and ends, rather than go on without the object.
	w := h.watch(v1 + "?watch=1&resourceVersion=" + list.at("metadata.resourceVersion").(string))
	h.must("POST", v2, `{"apiVersion":"example.com/v2","kind":"Widget","metadata":{"name":"refused"},"spec":{"host":"c","port":"3"}}`)
	failed := w.next()
	require.Equal(t, "ERROR", failed["type"])
	require.Contains(t, at(failed, "object.message"), "not this one")
	h.must("DELETE", v2+"/refused", "")
	require.Contains(t, h.fails(500, api.StatusReasonInternalError, "POST", v1, `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"refused"},"spec":{"hostPort":"c:3"}}`), "conversion webhook for example.com/v1, Kind=Widget failed: not this one")
}

func TestNamesBelongToWhoCameFirst(t *testing.T) {
	h := newHarness(t)
	h.define(fmt.Sprintf(twoVersions, `{"strategy":"None"}`, true, false, ""))
	second := strings.NewReplacer(`"plural":"widgets"`, `"plural":"gadgets","singular":"widget"`, "widgets.example.com", "gadgets.example.com").Replace(fmt.Sprintf(twoVersions, `{"strategy":"None"}`, true, false, ""))
	h.must("POST", definitionsPath, second)
	require.Eventually(t, func() bool {
		return h.hasCondition(h.must("GET", definitionsPath+"/gadgets.example.com", ""), "NamesAccepted", "False")
	}, time.Second, time.Millisecond)
	require.Equal(t, 404, h.do("GET", "/apis/example.com/v1/gadgets", "").code)
	h.must("DELETE", definitionsPath+"/widgets.example.com", "")
	require.Eventually(t, func() bool { return h.do("GET", "/apis/example.com/v1/gadgets", "").code == 200 }, 2*time.Second, time.Millisecond)
}

func TestOpenAPIFollowsDefinitions(t *testing.T) {
	h := newHarness(t)
	require.NotContains(t, string(h.must("GET", "/openapi/v3", "").body), "stable.example.com")
	h.define(crontabDefinition)
	index := h.must("GET", "/openapi/v3", "").tree()["paths"].(tree)
	document := h.must("GET", at(index["apis/stable.example.com/v1"], "serverRelativeURL").(string), "").tree()
	schemas := document["components"].(tree)["schemas"].(tree)
	kind := schemas["com.example.stable.v1.CronTab"].(tree)
	port := at(kind, "properties.spec.properties.ports.items.properties.port")
	require.Equal(t, []any{tree{"type": "integer"}, tree{"type": "string"}}, at(port, "anyOf"))
	require.Equal(t, "A line of a crontab.", kind["description"])
	require.Equal(t, "When.", kind["properties"].(tree)["spec"].(tree)["properties"].(tree)["cronSpec"].(tree)["description"])
	require.Equal(t, []any{tree{"group": "stable.example.com", "version": "v1", "kind": "CronTab"}}, kind["x-kubernetes-group-version-kind"])
	for _, ref := range references(document) {
		require.Contains(t, schemas, strings.TrimPrefix(ref, schemaPrefix))
	}
	patch := document["paths"].(tree)["/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}"].(tree)["patch"].(tree)
	require.NotContains(t, patch["requestBody"].(tree)["content"], string(api.StrategicMergePatchType))
	v2 := h.must("GET", "/openapi/v2", "").tree()["definitions"].(tree)["com.example.stable.v1.CronTab"].(tree)
	require.NotContains(t, v2["properties"].(tree)["spec"].(tree)["properties"].(tree)["anything"], "type")
	require.NotContains(t, v2["properties"].(tree)["spec"].(tree)["properties"].(tree)["image"], "default", "kubectl's older readers know none")

	// What is no longer served is no longer described.
	h.must("DELETE", crontabsDefinition, "")
	require.Eventually(t, func() bool {
		return !strings.Contains(string(h.must("GET", "/openapi/v3", "").body), "stable.example.com")
	}, time.Second, time.Millisecond)
	require.NotContains(t, string(h.must("GET", "/openapi/v2", "").body), "com.example.stable")
}

func TestBadDefinitions(t *testing.T) {
	h := newHarness(t)
	for change, want := range map[string]string{
		`"scope":"Namespaced"→"scope":"Galaxy"`:                             `spec.scope: Unsupported value: "Galaxy"`,
		`"storage":true→"storage":false`:                                    "must have exactly one version marked as storage version",
		`"name":"crontabs.stable→"name":"tabs.stable`:                       `metadata.name: Invalid value: "tabs.stable.example.com": must be spec.names.plural+"."+spec.group`,
		`"type":"integer","minimum":0→"minimum":0`:                          "properties[replicas].type: Required value: must not be empty for specified object fields",
		`"default":"busybox"→"default":5`:                                   `properties[image].default: Invalid value: "integer":  in body must be of type string: "integer"`,
		`self.replicas <= self.max→self.replica <= self.max`:                "compilation failed: ERROR: <input>:1:23: undefined field 'replica'",
		`"mode":{"type":"string","enum":["a","b"]}→"mode":{"type":"strin"}`: `spec.validation.openAPIV3Schema.properties[spec].properties[mode].type: Unsupported value: "strin": supported values: "array", "boolean", "integer", "number", "object", "string"`,
		`"max":{"type":"integer"}→"max":{"type":"integer","default":1,"x-kubernetes-validations":[{"rule":"self > 1"}]}`:                                  "properties[max].default: Invalid value: 1: failed rule: self > 1",
		`"max":{"type":"integer"}→"max":{"type":"integer","default":1,"x-kubernetes-validations":[{"rule":"oldSelf.hasValue()","optionalOldSelf":true}]}`: "properties[max].default: Invalid value: 1: failed rule: oldSelf.hasValue()",
		`"max":{"type":"integer"}→"max":{"type":"integer","$ref":"x","uniqueItems":true}`:                                                                 "properties[max].$ref: Forbidden: $ref is not supported",
		`"fieldPath":".image"→"fieldPath":".imag"`:                                   "fieldPath: Invalid value: \".imag\": must be a valid path",
		`"x-kubernetes-list-map-keys":["name"]→"x-kubernetes-list-map-keys":["nam"]`: "entries must all be names of item properties",
		`.spec.image"}]→.spec.ports"}]`:                                              "must point to a field of type string, boolean or integer",
		`"specReplicasPath":".spec.replicas"→"specReplicasPath":".replicas"`:         `spec.subresources.scale.specReplicasPath: Invalid value: ".replicas": should be a json path under .spec`,
		`"jsonPath":".spec.cronSpec"→"jsonPath":"spec.cronSpec"`:                     `spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec.cronSpec": must be a simple json path starting with .`,
		`"max":{"type":"integer"}→"max":{"type":"integer"},"l":{"type":"array","items":{"type":"array","items":{"type":"string","x-kubernetes-validations":[{"rule":"self.matches('(a|b)+')"}]}}}`: "estimated rule cost exceeds budget by factor of more than 100x",
	} {
		from, to, _ := strings.Cut(change, "→")
		body := strings.Replace(crontabDefinition, from, to, 1)
		require.NotEqual(t, crontabDefinition, body, change)
		require.Contains(t, h.fails(422, api.StatusReasonInvalid, "POST", definitionsPath, body), want, change)
	}
	// Only what is not the same in all versions is found in one of them.
	body := fmt.Sprintf(twoVersions, `{"strategy":"None"}`, true, false, `,"size":{"type":"big"}`)
	require.Contains(t, h.fails(422, api.StatusReasonInvalid, "POST", definitionsPath, body),
		`spec.versions[1].schema.openAPIV3Schema.properties[spec].properties[size].type: Unsupported value: "big"`)
	require.Contains(t, h.fails(422, api.StatusReasonInvalid, "POST", definitionsPath, strings.Replace(fmt.Sprintf(twoVersions, `{"strategy":"None"}`, true, false, ""), ".spec.hostPort", ".spec.host", 1)),
		`spec.selectableFields: Invalid value: "": may only be set when validations.schema is included`, "they are looked for beside a schema that all versions have")
}

// A server that starts finds the definitions in the store, and serves their objects at once.
func TestDefinitionsOutliveTheServer(t *testing.T) {
	h := newHarness(t)
	h.define(crontabDefinition)
	h.must("POST", crontabs, cronTab("a", ""))
	other, err := New(Config{Store: h.store, Listen: []string{"127.0.0.1:6443"}, Version: "v1.36.3+kubelite"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	wait, err := other.Start(ctx)
	require.NoError(t, err)
	obj, err := other.readObject(ctx, other.resource("stable.example.com", "v1", "crontabs"), "default", "a")
	require.NoError(t, err)
	require.Equal(t, "busybox", at(obj.(*api.Unstructured).Content, "spec.image"))
	cancel()
	require.NoError(t, wait())
}

// Only the body says what a custom object is, and nobody has its type: so bodies must say it, and lists do.
func TestCustomObjectsNameTheirKind(t *testing.T) {
	h := newHarness(t)
	h.define(fmt.Sprintf(twoVersions, `{"strategy":"None"}`, true, false, ""))
	const path = "/apis/example.com/v1/widgets"
	require.Equal(t, `the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in '{"metadata":{"name":"a"}}' ({"metadata":{"name":"a"}})`,
		h.fails(400, api.StatusReasonBadRequest, "POST", path, `{"metadata":{"name":"a"}}`))
	require.Equal(t, "the API version in the data () does not match the expected API version (example.com/v1)",
		h.fails(400, api.StatusReasonBadRequest, "POST", path, `{"kind":"Widget","metadata":{"name":"a"}}`))
	widget := `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"host":"x"}}`
	h.must("POST", path, widget)
	list := h.must("GET", path, "")
	require.Equal(t, []any{"Widget", "example.com/v1", "x"}, []any{list.at("items.0.kind"), list.at("items.0.apiVersion"), list.at("items.0.spec.host")})
	require.Contains(t, string(h.must("GET", path, "", "Accept", mediaYAML).body), "- apiVersion: example.com/v1\n  kind: Widget\n")
	require.Equal(t, `widgets.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`, h.fails(422, api.StatusReasonInvalid, "PUT", path+"/a", widget))
	require.Equal(t, "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
		h.fails(415, api.StatusReasonUnsupportedMediaType, "PATCH", path+"/a", `{}`, "Content-Type", string(api.StrategicMergePatchType)))

	schemas := h.must("GET", "/openapi/v3/apis/example.com/v1", "").at("components.schemas").(tree)
	require.Equal(t, []any{tree{"fieldPath": "spec.hostPort"}}, schemas["com.example.v1.Widget"].(tree)["x-kubernetes-selectable-fields"])
}

// As soon as a definition is established, clients find its kind: there is no moment at which one can be stored and not be
// discovered. Where two groups have a short name, clients take the first in the list: built-in groups come first.
func TestDiscoveryFollowsDefinitions(t *testing.T) {
	h := newHarness(t)
	h.define(strings.Replace(crontabDefinition, `"ct"`, `"po"`, 1))
	resources := func(path string) string { return string(h.must("GET", path, "").body) }
	require.Contains(t, resources("/apis/stable.example.com/v1"), `"shortNames":["po"]`)
	require.Contains(t, resources("/apis"), `"name":"stable.example.com"`)
	groups := h.must("GET", "/apis", "", "Accept", acceptAggregated).at("items").([]any)
	last := groups[len(groups)-1].(tree)
	require.Equal(t, "stable.example.com", at(last, "metadata.name"))
	row := at(last, "versions.0.resources.0")
	require.Equal(t, tree{"group": "stable.example.com", "version": "v1", "kind": "CronTab"}, at(row, "responseKind"))
	require.Equal(t, []any{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"}, at(row, "verbs"))
	require.Equal(t, []any{"status", "scale"}, []any{at(row, "subresources.0.subresource"), at(row, "subresources.1.subresource")})

	h.must("DELETE", crontabsDefinition, "")
	require.Eventually(t, func() bool { return h.do("GET", "/apis/stable.example.com/v1", "").code == 404 }, time.Second, time.Millisecond)
	require.NotContains(t, resources("/apis"), "stable.example.com")
}

// Who finds a kind in discovery can change its definition: the server has written what it had to write before.
func TestDiscoveredDefinitionsAreEstablished(t *testing.T) {
	h := newHarness(t)
	for i := range 20 {
		group := fmt.Sprintf("group%d.example.com", i)
		h.must("POST", definitionsPath, strings.ReplaceAll(crontabDefinition, "stable.example.com", group))
		for path := "/apis/" + group + "/v1"; h.do("GET", path, "").code != 200; {
		}
		require.True(t, h.hasCondition(h.must("GET", definitionsPath+"/crontabs."+group, ""), "Established", "True"))
	}
}
