package apiserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"kubelite/api"
)

func TestCreateGetListDelete(t *testing.T) {
	h := newHarness(t)
	created := h.must("POST", configMaps, configMap("one", `,"labels":{"app":"a"}`))
	require.Equal(t, 201, created.code)
	require.NotEmpty(t, created.at("metadata.uid"))
	require.NotEmpty(t, created.at("metadata.creationTimestamp"))
	require.NotEmpty(t, created.at("metadata.resourceVersion"))
	require.Equal(t, "default", created.at("metadata.namespace"))

	got := h.must("GET", configMaps+"/one", "")
	require.JSONEq(t, string(created.body), string(got.body))
	require.True(t, strings.HasSuffix(string(got.body), "}\n"))

	h.must("POST", configMaps, configMap("two", ""))
	list := h.must("GET", configMaps, "")
	require.Equal(t, "ConfigMapList", list.at("kind"))
	require.Equal(t, "one", list.at("items.0.metadata.name"))
	require.Equal(t, "two", list.at("items.1.metadata.name"))
	require.Nil(t, list.at("items.0.kind"), "in a list only the list has a kind")

	deleted := h.must("DELETE", configMaps+"/one", "")
	require.Equal(t, 200, deleted.code)
	require.Equal(t, "Success", deleted.at("status"))
	require.Equal(t, "configmaps", deleted.at("details.kind"))
	require.Equal(t, created.at("metadata.uid"), deleted.at("details.uid"))
	require.Equal(t, `configmaps "one" not found`, h.fails(404, "NotFound", "GET", configMaps+"/one", ""))
	require.Equal(t, `configmaps "one" not found`, h.fails(404, "NotFound", "DELETE", configMaps+"/one", ""))
}

func TestGenerateName(t *testing.T) {
	h := newHarness(t)
	seen := map[string]bool{}
	for range 20 {
		a := h.must("POST", configMaps, `{"metadata":{"generateName":"web-"}}`)
		name := a.at("metadata.name").(string)
		require.Regexp(t, `^web-[bcdfghjklmnpqrstvwxz2456789]{5}$`, name)
		require.False(t, seen[name])
		seen[name] = true
		require.Equal(t, "web-", a.at("metadata.generateName"))
	}
	long := h.must("POST", configMaps, `{"metadata":{"generateName":"`+strings.Repeat("a", 100)+`"}}`).at("metadata.name").(string)
	require.Len(t, long, 63)
}

// Every mistake gets a clear answer and changes nothing.
func TestBadInput(t *testing.T) {
	h := newHarness(t)
	const deployments = "/apis/apps/v1/namespaces/default/deployments"
	deployment := func(selector, labels, more string) string {
		return `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{` + selector +
			`"template":{"metadata":{"labels":{` + labels + `}},"spec":{"containers":[{"name":"c","image":"i"` + more + `}]}}}}`
	}
	good := deployment(`"selector":{"matchLabels":{"app":"d"}},`, `"app":"d"`, "")
	h.must("POST", configMaps, configMap("taken", ""))
	h.must("POST", deployments, strings.Replace(good, `"name":"d"`, `"name":"taken"`, 1))
	before := h.store.Revision()

	for _, c := range []struct {
		what, method, path, body string
		header                   []string
		code                     int
		reason                   api.StatusReason
		message                  string // a part of it
	}{
		{what: "unknown resource", method: "POST", path: "/api/v1/namespaces/default/wombats", body: `{}`,
			code: 404, reason: "NotFound", message: "could not find the requested resource"},
		{what: "write to no namespace", method: "POST", path: "/api/v1/pods", body: podJSON("x", "", ""),
			code: 405, reason: "MethodNotAllowed"},
		{what: "create of a name", method: "POST", path: pods + "/x", body: podJSON("x", "", ""), code: 405, reason: "MethodNotAllowed"},
		{what: "update of a collection", method: "PUT", path: pods, body: podJSON("x", "", ""), code: 405, reason: "MethodNotAllowed"},
		{what: "uid changed by a patch", method: "PATCH", path: configMaps + "/taken", body: `{"metadata":{"uid":"u"}}`, header: []string{"Content-Type", "application/merge-patch+json"},
			code: 422, reason: "Invalid", message: "metadata.uid: Invalid value: \"u\": field is immutable"},
		{what: "delete in all namespaces", method: "DELETE", path: "/api/v1/configmaps", code: 405, reason: "MethodNotAllowed"},
		{what: "object of no namespace", method: "GET", path: "/api/v1/configmaps/taken", code: 404, reason: "NotFound"},
		{what: "cluster-scoped object in a namespace", method: "GET", path: "/api/v1/namespaces/default/nodes", code: 404, reason: "NotFound"},
		{what: "unknown subresource", method: "GET", path: pods + "/x/nothing", code: 404, reason: "NotFound"},
		{what: "unknown kind in a known resource", method: "POST", path: pods, body: `{"apiVersion":"v1","kind":"Wombat"}`,
			code: 400, reason: "BadRequest", message: `Wombat in version "v1" cannot be handled as a Pod: no kind "Wombat" is registered for version "v1"`},
		{what: "another kind", method: "POST", path: pods, body: configMap("x", ""),
			code: 400, reason: "BadRequest", message: `ConfigMap in version "v1" cannot be handled as a Pod`},
		{what: "another version", method: "POST", path: deployments, body: strings.Replace(good, "apps/v1", "apps/v1beta1", 1),
			code: 400, reason: "BadRequest", message: `no kind "Deployment" is registered for version "apps/v1beta1"`},
		{what: "unknown field, strict", method: "POST", path: deployments + "?fieldValidation=Strict", body: deployment(`"foo":1,"selector":{"matchLabels":{"app":"d"}},`, `"app":"d"`, ""),
			code: 400, reason: "BadRequest", message: `strict decoding error: unknown field "spec.foo"`},
		{what: "doubled field, strict", method: "POST", path: configMaps + "?fieldValidation=Strict", body: `{"metadata":{"name":"x","name":"y"}}`,
			code: 400, reason: "BadRequest", message: `strict decoding error: duplicate field "metadata.name"`},
		{what: "wrong type", method: "POST", path: pods, body: `{"metadata":{"name":"x"},"spec":{"containers":"none"}}`,
			code: 400, reason: "BadRequest", message: `Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field`},
		{what: "missing selector", method: "POST", path: deployments, body: deployment("", `"app":"d"`, ""),
			code: 422, reason: "Invalid", message: "spec.selector: Required value"},
		{what: "selector does not match the template", method: "POST", path: deployments, body: deployment(`"selector":{"matchLabels":{"app":"e"}},`, `"app":"d"`, ""),
			code: 422, reason: "Invalid", message: "`selector` does not match template `labels`"},
		{what: "immutable field", method: "PUT", path: deployments + "/taken",
			body: strings.Replace(strings.ReplaceAll(good, `"app":"d"`, `"app":"e"`), `"name":"d"`, `"name":"taken"`, 1),
			code: 422, reason: "Invalid", message: "spec.selector: Invalid value"},
		{what: "name too long", method: "POST", path: configMaps, body: configMap(strings.Repeat("a", 254), ""),
			code: 422, reason: "Invalid", message: "metadata.name: Invalid value"},
		{what: "name of wrong form", method: "POST", path: configMaps, body: configMap("Not_A_Name", ""),
			code: 422, reason: "Invalid", message: "metadata.name: Invalid value"},
		{what: "no name", method: "POST", path: configMaps, body: `{"metadata":{}}`,
			code: 422, reason: "Invalid", message: "name or generateName is required"},
		{what: "4 MB body", method: "POST", path: configMaps, body: configMap("x", `,"annotations":{"a":"`+strings.Repeat("x", 4<<20)+`"}`),
			code: 413, reason: "RequestEntityTooLarge", message: "limit is 3145728"},
		{what: "malformed JSON", method: "POST", path: configMaps, body: `{"metadata":{"name"`,
			code: 400, reason: "BadRequest", message: "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input"},
		{what: "malformed YAML", method: "POST", path: configMaps, body: "metadata:\n  name: x\n bad: [", header: []string{"Content-Type", "application/yaml"},
			code: 400, reason: "BadRequest", message: "line "},
		{what: "unknown media type", method: "POST", path: configMaps, body: "x", header: []string{"Content-Type", "text/plain"},
			code: 415, reason: "UnsupportedMediaType", message: "accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"},
		{what: "no answer of that type", method: "GET", path: configMaps, header: []string{"Accept", "text/csv"},
			code: 406, reason: "NotAcceptable", message: "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml"},
		{what: "no answer of that form", method: "GET", path: configMaps, header: []string{"Accept", "application/json;as=Drawing;g=meta.k8s.io;v=v1"},
			code: 406, reason: "NotAcceptable", message: "only the following media types are accepted: application/json"},
		{what: "no answer to a write", method: "POST", path: configMaps, body: configMap("x", ""), header: []string{"Accept", "text/csv"},
			code: 406, reason: "NotAcceptable", message: "Available representations: application/json, application/yaml, application/vnd.kubernetes.protobuf"},
		{what: "a table of what is never stored", method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body: `{"spec":{"nonResourceAttributes":{"path":"/","verb":"get"}}}`,
			header: []string{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}, code: 406, reason: "NotAcceptable", message: "only the following media types are accepted"},
		{what: "metadata of one, asked for as of many", method: "GET", path: configMaps + "/taken", header: []string{"Accept", "application/yaml;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"},
			code: 406, reason: "NotAcceptable", message: "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)"},
		{what: "empty patch", method: "PATCH", path: configMaps + "/taken", header: []string{"Content-Type", "application/merge-patch+json"},
			code: 400, reason: "BadRequest", message: "error decoding patch: unexpected end of JSON input"},
		{what: "resourceVersion beyond all numbers", method: "GET", path: configMaps + "?resourceVersion=99999999999999999999",
			code: 400, reason: "BadRequest", message: "value out of range"},
		{what: "a token and a resourceVersion", method: "GET", path: configMaps + "?continue=foo&resourceVersion=1",
			code: 400, reason: "BadRequest", message: "invalid continue token"},
		{what: "unknown namespace", method: "POST", path: "/api/v1/namespaces/nowhere/configmaps", body: configMap("x", ""),
			code: 404, reason: "NotFound", message: `namespaces "nowhere" not found`},
		{what: "another namespace", method: "POST", path: configMaps, body: configMap("x", `,"namespace":"kube-system"`),
			code: 400, reason: "BadRequest", message: "does not match the namespace sent on the request"},
		{what: "name is taken", method: "POST", path: configMaps, body: configMap("taken", ""),
			code: 409, reason: "AlreadyExists", message: `configmaps "taken" already exists`},
		{what: "stale resourceVersion", method: "PUT", path: configMaps + "/taken", body: configMap("taken", `,"resourceVersion":"1"`),
			code: 409, reason: "Conflict", message: `Operation cannot be fulfilled on configmaps "taken": the object has been modified; please apply your changes to the latest version and try again`},
		{what: "another uid", method: "PUT", path: configMaps + "/taken", body: configMap("taken", `,"uid":"u"`),
			code: 409, reason: "Conflict", message: "UID in precondition: u"},
		{what: "another name", method: "PUT", path: configMaps + "/taken", body: configMap("other", ""),
			code: 400, reason: "BadRequest", message: "the name of the object (other) does not match the name on the URL (taken)"},
		{what: "update of nothing", method: "PUT", path: configMaps + "/nothing", body: configMap("nothing", ""),
			code: 404, reason: "NotFound", message: `configmaps "nothing" not found`},
		{what: "unknown patch type", method: "PATCH", path: configMaps + "/taken", body: `{}`,
			code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type"},
		{what: "patch that is no JSON", method: "PATCH", path: configMaps + "/taken", body: `{"a"`, header: []string{"Content-Type", "application/merge-patch+json"},
			code: 400, reason: "BadRequest"},
		{what: "failed test in a patch", method: "PATCH", path: configMaps + "/taken", body: `[{"op":"test","path":"/data/k","value":"w"}]`, header: []string{"Content-Type", "application/json-patch+json"},
			code: 422, reason: "Invalid"},
		{what: "directive of a wrong form in a patch", method: "PATCH", path: deployments + "/taken", body: `{"spec":{"$retainKeys":["replicas"],"paused":true}}`,
			header: []string{"Content-Type", "application/strategic-merge-patch+json"}, code: 400, reason: "BadRequest", message: "invalid patch format of retainKeys"},
		{what: "list of lists in a patch", method: "PATCH", path: deployments + "/taken", body: `{"spec":{"template":{"spec":{"volumes":[[]]}}}}`,
			header: []string{"Content-Type", "application/strategic-merge-patch+json"}, code: 422, reason: "Invalid"},
		{what: "wrong type in a patch", method: "PATCH", path: deployments + "/taken", body: `{"spec":{"template":{"spec":{"containers":{}}}}}`,
			header: []string{"Content-Type", "application/merge-patch+json"}, code: 422, reason: "Invalid", message: "of type []v1.Container"},
		{what: "bad dry run", method: "POST", path: configMaps + "?dryRun=Some", body: configMap("x", ""),
			code: 422, reason: "Invalid", message: `dryRun: Unsupported value: ["Some"]: supported values: "All"`},
		{what: "bad selector", method: "GET", path: configMaps + "?labelSelector=a%3D%3D%3Db", code: 400, reason: "BadRequest"},
		{what: "unknown field in a selector", method: "GET", path: pods + "?fieldSelector=spec.color%3Dred",
			code: 400, reason: "BadRequest", message: "field label not supported: spec.color"},
		{what: "bad continue", method: "GET", path: configMaps + "?continue=xx!", code: 400, reason: "BadRequest", message: "continue key is not valid"},
		{what: "method not allowed", method: "DELETE", path: "/api/v1/namespaces", code: 405, reason: "MethodNotAllowed"},
		{what: "future revision", method: "GET", path: configMaps + "?resourceVersion=999999", code: 504, reason: "Timeout", message: "Too large resource version"},
		{what: "delete options of wrong type", method: "DELETE", path: configMaps + "/taken", body: `{"propagationPolicy":"Sometimes"}`, code: 422, reason: "Invalid"},
		{what: "delete of another uid", method: "DELETE", path: configMaps + "/taken", body: `{"preconditions":{"uid":"u"}}`, code: 409, reason: "Conflict",
			message: "the UID in the precondition (u) does not match the UID in record"},
	} {
		t.Run(c.what, func(t *testing.T) {
			h.t = t
			message := h.fails(c.code, c.reason, c.method, c.path, c.body, c.header...)
			require.Contains(t, message, c.message)
		})
	}
	require.Equal(t, before, h.store.Revision(), "a bad request wrote something")
}

func TestFieldValidationWarns(t *testing.T) {
	h := newHarness(t)
	a := h.must("POST", configMaps, `{"metadata":{"name":"x"},"dota":{}}`)
	require.Equal(t, []string{`299 - "unknown field \"dota\""`}, a.header["Warning"])
	a = h.must("POST", configMaps+"?fieldValidation=Ignore", `{"metadata":{"name":"y"},"dota":{}}`)
	require.Empty(t, a.header["Warning"])
}

func TestUpdate(t *testing.T) {
	h := newHarness(t)
	created := h.must("POST", configMaps, configMap("one", ""))
	rv := created.at("metadata.resourceVersion").(string)

	// Sent back as it is, nothing is written.
	same := h.must("PUT", configMaps+"/one", string(created.body))
	require.Equal(t, rv, same.at("metadata.resourceVersion"))

	updated := h.must("PUT", configMaps+"/one", configMap("one", `,"resourceVersion":"`+rv+`","labels":{"a":"b"}`))
	require.NotEqual(t, rv, updated.at("metadata.resourceVersion"))
	require.Equal(t, created.at("metadata.uid"), updated.at("metadata.uid"))
	require.Equal(t, created.at("metadata.creationTimestamp"), updated.at("metadata.creationTimestamp"))

	h.fails(409, "Conflict", "PUT", configMaps+"/one", configMap("one", `,"resourceVersion":"`+rv+`"`))
	h.must("PUT", configMaps+"/one", configMap("one", "")) // names none: the writer does not care

	h.must("PUT", configMaps+"/one", `{"metadata":{"name":"one"},"immutable":true,"data":{"k":"v"}}`)
	h.fails(422, "Invalid", "PUT", configMaps+"/one", `{"metadata":{"name":"one"},"immutable":true,"data":{"k":"w"}}`)
}

func TestUpdateCreates(t *testing.T) {
	h := newHarness(t)
	const leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
	lease := `{"metadata":{"name":"l"},"spec":{"holderIdentity":"me","leaseDurationSeconds":15}}`
	created := h.must("PUT", leases+"/l", lease)
	require.Equal(t, 201, created.code)
	require.Contains(t, h.fails(422, "Invalid", "PUT", leases+"/l", lease), "metadata.resourceVersion: Invalid value: 0: must be specified for an update")
	h.fails(404, "NotFound", "PUT", configMaps+"/none", configMap("none", ""))
}

func TestGenerationAndStatus(t *testing.T) {
	h := newHarness(t)
	const rs = "/apis/apps/v1/namespaces/default/replicasets"
	body := func(replicas, more string) string {
		return `{"metadata":{"name":"r"` + more + `},"spec":{"replicas":` + replicas + `,"selector":{"matchLabels":{"app":"r"}},"template":{"metadata":{"labels":{"app":"r"}},"spec":{"containers":[{"name":"c","image":"i"}]}}},"status":{"replicas":9,"readyReplicas":1}}`
	}
	a := h.must("POST", rs, body("1", ""))
	require.EqualValues(t, 1, a.at("metadata.generation"))
	require.EqualValues(t, 0, a.at("status.replicas"), "the status of a new object is empty")

	a = h.must("PUT", rs+"/r", body("2", `,"labels":{"x":"y"}`))
	require.EqualValues(t, 2, a.at("metadata.generation"))
	require.EqualValues(t, 0, a.at("status.replicas"), "a write of the spec cannot touch the status")

	a = h.must("PUT", rs+"/r/status", body("7", `,"labels":{"x":"z"}`))
	require.EqualValues(t, 2, a.at("metadata.generation"))
	require.EqualValues(t, 2, a.at("spec.replicas"), "a write of the status cannot touch the spec")
	require.EqualValues(t, 9, a.at("status.replicas"))
	require.Equal(t, "z", a.at("metadata.labels.x"))
	require.EqualValues(t, 9, h.must("GET", rs+"/r/status", "").at("status.replicas"))

	a = h.must("PATCH", rs+"/r", `{"metadata":{"labels":{"x":null}}}`, "Content-Type", "application/merge-patch+json")
	require.EqualValues(t, 2, a.at("metadata.generation"))
	require.Nil(t, a.at("metadata.labels"))
	a = h.must("PATCH", rs+"/r/status", `{"status":{"readyReplicas":2}}`, "Content-Type", "application/merge-patch+json")
	require.EqualValues(t, 2, a.at("status.readyReplicas"))
}

func TestPatch(t *testing.T) {
	h := newHarness(t)
	h.must("POST", pods, podJSON("p", "", ""))
	a := h.must("PATCH", pods+"/p", `[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]`, "Content-Type", "application/json-patch+json")
	require.Equal(t, "b", a.at("metadata.labels.a"))
	a = h.must("PATCH", pods+"/p", `{"spec":{"containers":[{"name":"c","image":"j"}]}}`, "Content-Type", "application/strategic-merge-patch+json")
	require.Equal(t, "j", a.at("spec.containers.0.image"))
	require.Equal(t, "Always", a.at("spec.containers.0.imagePullPolicy"), "merged, not replaced")
	h.fails(409, "Conflict", "PATCH", pods+"/p", `{"metadata":{"resourceVersion":"1"}}`, "Content-Type", "application/merge-patch+json")
	h.fails(400, "BadRequest", "PATCH", pods+"/p", `{"metadata":{"name":"q"}}`, "Content-Type", "application/merge-patch+json")

	// Many at once: each is applied, for none of them says which version it is for.
	var group errgroup.Group
	for i := range 16 {
		group.Go(func() error {
			res := h.request(t.Context(), "PATCH", pods+"/p", fmt.Sprintf(`{"metadata":{"annotations":{"k%d":"v"}}}`, i), "Content-Type", "application/merge-patch+json")
			defer res.Body.Close()
			if res.StatusCode != 200 {
				return fmt.Errorf("%d", res.StatusCode)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.Len(t, h.must("GET", pods+"/p", "").at("metadata.annotations"), 16)
}

func TestDryRun(t *testing.T) {
	h := newHarness(t)
	h.must("POST", configMaps, configMap("one", ""))
	before := h.store.Revision()
	a := h.must("POST", configMaps+"?dryRun=All", configMap("two", ""))
	require.Equal(t, 201, a.code)
	require.NotEmpty(t, a.at("metadata.uid"))
	h.fails(409, "AlreadyExists", "POST", configMaps+"?dryRun=All", configMap("one", ""))
	a = h.must("PUT", configMaps+"/one?dryRun=All", configMap("one", `,"labels":{"a":"b"}`))
	require.Equal(t, "b", a.at("metadata.labels.a"))
	h.must("PATCH", configMaps+"/one?dryRun=All", `{"data":{"k":"w"}}`, "Content-Type", "application/merge-patch+json")
	h.must("DELETE", configMaps+"/one?dryRun=All", "")
	h.must("DELETE", configMaps+"/one", `{"dryRun":["All"]}`)
	require.Equal(t, before, h.store.Revision())
	require.Nil(t, h.must("GET", configMaps+"/one", "").at("metadata.labels"))
}

func TestMediaTypes(t *testing.T) {
	h := newHarness(t)
	a := h.must("POST", configMaps, "metadata:\n  name: one\ndata:\n  k: v\n", "Content-Type", "application/yaml", "Accept", "application/yaml")
	require.Equal(t, "application/yaml", a.header.Get("Content-Type"))
	require.Contains(t, string(a.body), "data:\n  k: v\n")

	sent := api.New[*api.ConfigMap]()
	sent.Name, sent.Data = "two", map[string]string{"k": "v"}
	body, err := api.MarshalProtobuf(sent)
	require.NoError(t, err)
	a = h.must("POST", configMaps, string(body), "Content-Type", "application/vnd.kubernetes.protobuf", "Accept", "application/vnd.kubernetes.protobuf, */*")
	require.Equal(t, "application/vnd.kubernetes.protobuf", a.header.Get("Content-Type"))
	got := &api.ConfigMap{}
	require.NoError(t, api.UnmarshalProtobuf(a.body, got))
	require.Equal(t, "v", got.Data["k"])
	require.NotEmpty(t, got.UID)

	list := &api.List[api.ConfigMap]{}
	a = h.must("GET", configMaps, "", "Accept", "application/vnd.kubernetes.protobuf")
	require.NoError(t, api.UnmarshalProtobuf(a.body, list))
	require.Equal(t, "ConfigMapList", list.Kind)
	require.Len(t, list.Items, 2)

	a = h.must("GET", configMaps, "", "Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
	require.Equal(t, "Table", a.at("kind"))
	require.Equal(t, "one", a.at("rows.0.cells.0"))
	require.Equal(t, "PartialObjectMetadata", a.at("rows.0.object.kind"))
	a = h.must("GET", configMaps, "", "Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
	require.Equal(t, "PartialObjectMetadataList", a.at("kind"))
	require.Nil(t, a.at("items.0.data"))
	require.Equal(t, "one", a.at("items.0.metadata.name"))
	a = h.must("GET", configMaps+"/one", "", "Accept", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
	require.Equal(t, "meta.k8s.io/v1", a.at("apiVersion"))
}

// An event is one object under two groups.
func TestEventsHaveTwoViews(t *testing.T) {
	h := newHarness(t)
	const core, events = "/api/v1/namespaces/default/events", "/apis/events.k8s.io/v1/namespaces/default/events"
	h.must("POST", core, `{"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p","namespace":"default"},"reason":"Because","message":"so it is","type":"Normal","count":3}`)
	a := h.must("GET", events+"/e", "")
	require.Equal(t, "events.k8s.io/v1", a.at("apiVersion"))
	require.Equal(t, "so it is", a.at("note"))
	require.Equal(t, "p", a.at("regarding.name"))
	require.EqualValues(t, 3, a.at("deprecatedCount"))
	a = h.must("GET", events+"?fieldSelector=regarding.name%3Dp", "")
	require.Equal(t, "EventList", a.at("kind"))
	require.Equal(t, "Because", a.at("items.0.reason"))
	require.Empty(t, h.must("GET", core+"?fieldSelector=involvedObject.name%3Dq", "").at("items"))

	w := h.watch(events + "?watch=1")
	require.Equal(t, "so it is", at(w.sees("ADDED e"), "object.note"))
	h.must("POST", events, `{"metadata":{"name":"f"},"regarding":{"kind":"Pod","name":"p","namespace":"default"},"reason":"Why","note":"n","type":"Normal","action":"A","eventTime":"2026-01-01T00:00:00.000000Z","reportingController":"c.io/c","reportingInstance":"i"}`)
	require.Equal(t, "n", at(w.sees("ADDED f"), "object.note"))
	require.Equal(t, "n", h.must("GET", core+"/f", "").at("message"))
}
