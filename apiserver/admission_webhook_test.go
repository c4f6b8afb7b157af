package apiserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// hookServer is an admission webhook on loopback. Its answers are written by the test.
type hookServer struct {
	*httptest.Server
	t  *testing.T
	mu sync.Mutex
	// asked are the requests of the reviews that came.
	asked     []tree
	authority []byte
}

// newHook starts a webhook; judge makes the response of a request. uid is filled in.
func newHook(t *testing.T, judge func(request tree) tree) *hookServer {
	hook := &hookServer{t: t}
	hook.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review tree
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request := review["request"].(tree)
		hook.mu.Lock()
		hook.asked = append(hook.asked, request)
		hook.mu.Unlock()
		response := judge(request)
		if response == nil {
			http.Error(w, "out of order", http.StatusInternalServerError)
			return
		}
		if response["uid"] == nil {
			response["uid"] = request["uid"]
		}
		_ = json.NewEncoder(w).Encode(tree{"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response})
	}))
	t.Cleanup(hook.Close)
	return hook
}

func (s *hookServer) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func (s *hookServer) last() tree {
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(s.t, s.asked)
	return s.asked[len(s.asked)-1]
}

func (s *hookServer) bundle() string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

// entry is the webhook in a configuration. more is laid over it.
func (s *hookServer) entry(name string, more tree) tree {
	hook := tree{
		"name": name, "clientConfig": tree{"url": s.URL + "/judge", "caBundle": s.bundle()}, "sideEffects": "None",
		"admissionReviewVersions": []string{"v1"},
		"rules":                   []tree{{"operations": []string{"*"}, "apiGroups": []string{""}, "apiVersions": []string{"v1"}, "resources": []string{"configmaps"}}},
	}
	for key, value := range more {
		hook[key] = value
	}
	return hook
}

// registers stores a configuration. kind is Mutating or Validating.
func (h *harness) registers(kind, name string, hooks ...tree) {
	h.t.Helper()
	body, err := json.Marshal(tree{"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind + "WebhookConfiguration", "metadata": tree{"name": name}, "webhooks": hooks})
	require.NoError(h.t, err)
	h.must("POST", "/apis/admissionregistration.k8s.io/v1/"+strings.ToLower(kind)+"webhookconfigurations", string(body))
}

func allow(tree) tree { return tree{"allowed": true} }

// patching allows and changes.
func patching(operations string) func(tree) tree {
	return func(tree) tree {
		return tree{"allowed": true, "patchType": "JSONPatch", "patch": base64.StdEncoding.EncodeToString([]byte(operations))}
	}
}

func TestValidatingWebhook(t *testing.T) {
	h := newHarness(t)
	hook := newHook(t, func(request tree) tree {
		if at(request, "object.data.k") == "bad" {
			return tree{"allowed": false, "status": tree{"message": "not this", "code": 403, "reason": "Forbidden"}}
		}
		return tree{"allowed": true, "warnings": []string{"be careful"}}
	})
	h.registers("Validating", "policy", hook.entry("deny.example.com", nil))

	made := h.must("POST", configMaps+"?fieldManager=me", configMap("a", ""))
	require.Equal(t, `299 - "be careful"`, made.header.Get("Warning"))
	request := hook.last()
	require.Equal(t, "CREATE", request["operation"])
	require.Equal(t, tree{"group": "", "version": "v1", "kind": "ConfigMap"}, request["kind"])
	require.Equal(t, tree{"group": "", "version": "v1", "resource": "configmaps"}, request["resource"])
	require.Equal(t, request["kind"], request["requestKind"])
	require.Equal(t, "a", request["name"])
	require.Equal(t, "default", request["namespace"])
	require.Equal(t, "admin", at(request, "userInfo.username"))
	require.Equal(t, false, request["dryRun"])
	require.Equal(t, "v", at(request, "object.data.k"))
	require.Nil(t, request["oldObject"])
	require.Equal(t, tree{"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "me"}, request["options"])

	message := h.fails(403, "Forbidden", "POST", configMaps, strings.Replace(configMap("b", ""), `"v"`, `"bad"`, 1))
	require.Equal(t, `admission webhook "deny.example.com" denied the request: not this`, message)
	require.Equal(t, 404, h.do("GET", configMaps+"/b", "").code)

	h.must("PATCH", configMaps+"/a", `{"data":{"k":"w"}}`, "Content-Type", "application/merge-patch+json")
	require.Equal(t, "UPDATE", hook.last()["operation"])
	require.Equal(t, "v", at(hook.last(), "oldObject.data.k"))
	h.must("DELETE", configMaps+"/a?propagationPolicy=Background", "")
	require.Equal(t, "DELETE", hook.last()["operation"])
	require.Nil(t, hook.last()["object"])
	require.Equal(t, "w", at(hook.last(), "oldObject.data.k"))
	require.Equal(t, "Background", at(hook.last(), "options.propagationPolicy"))

	// A webhook that is gone does not keep its own configuration from being removed.
	hook.Close()
	message = h.fails(500, "InternalError", "POST", configMaps, configMap("c", ""))
	require.Contains(t, message, `Internal error occurred: failed calling webhook "deny.example.com": failed to call webhook: Post "`+hook.URL+`/judge?timeout=10s": dial tcp`)
	h.must("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/policy", "")
	h.must("POST", configMaps, configMap("c", ""))
}

func TestMutatingWebhooks(t *testing.T) {
	h := newHarness(t)
	first := newHook(t, func(request tree) tree {
		if at(request, "object.data.second") != nil && at(request, "object.data.again") == nil {
			return patching(`[{"op":"add","path":"/data/again","value":"yes"}]`)(request)
		}
		return patching(`[{"op":"add","path":"/data/first","value":"yes"}]`)(request)
	})
	second := newHook(t, patching(`[{"op":"add","path":"/data/second","value":"yes"}]`))
	h.registers("Mutating", "a", first.entry("first.example.com", tree{"reinvocationPolicy": "IfNeeded"}))
	h.registers("Mutating", "b", second.entry("second.example.com", nil))

	made := h.must("POST", configMaps, configMap("a", ""))
	require.Equal(t, tree{"k": "v", "first": "yes", "second": "yes", "again": "yes"}, made.at("data"))
	require.Equal(t, 2, first.times(), "the second one changed what the first one had seen")
	require.Equal(t, 1, second.times())
}

func TestWebhooksChangeCustomObjects(t *testing.T) {
	h := newHarness(t)
	h.define(crontabDefinition)
	first := newHook(t, patching(`[{"op":"add","path":"/spec/mode","value":"a"},{"op":"add","path":"/spec/unknown","value":1},{"op":"remove","path":"/spec/image"}]`))
	second := newHook(t, allow)
	all := tree{"rules": []tree{{"operations": []string{"*"}, "apiGroups": []string{"stable.example.com"}, "apiVersions": []string{"*"}, "resources": []string{"*"}}}}
	h.registers("Mutating", "changes", first.entry("one.example.com", all), second.entry("two.example.com", all))
	made := h.must("POST", crontabs, cronTab("a", `,"image":"mine"`))
	require.Equal(t, tree{"cronSpec": "* * * * */5", "mode": "a", "replicas": 1.0, "image": "busybox"}, made.at("spec"),
		"what the schema does not know is dropped, what it has defaults for is filled in")
	require.Equal(t, made.at("spec"), at(second.last(), "object.spec"), "and so the next one sees it")
}

func TestWebhooksAnswerOddly(t *testing.T) {
	ignored := tree{"failurePolicy": "Ignore"}
	for name, tt := range map[string]struct {
		kind   string
		judge  func(tree) tree
		reason string // behind "failed calling webhook ...: "
	}{
		"breaks":               {"Validating", func(tree) tree { return nil }, `failed to call webhook: an error on the server ("out of order") has prevented the request from succeeding`},
		"for somebody else":    {"Validating", func(tree) tree { return tree{"uid": "x", "allowed": true} }, `received invalid webhook response: expected response.uid=`},
		"validating, patches":  {"Validating", patching(`[]`), "received invalid webhook response: validating webhook may not return response.patch"},
		"patch without a type": {"Mutating", func(tree) tree { return tree{"allowed": true, "patch": "W10="} }, "received invalid webhook response: webhook returned response.patch but not response.patchType"},
		"no patch":             {"Mutating", patching(`{"op"`), "received undecodable patch in webhook response: "},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			hook := newHook(t, tt.judge)
			h.registers(tt.kind, "c", hook.entry("odd.example.com", nil))
			message := h.fails(500, "InternalError", "POST", configMaps, configMap("a", ""))
			require.Contains(t, message, `Internal error occurred: failed calling webhook "odd.example.com": `+tt.reason)

			h.must("DELETE", "/apis/admissionregistration.k8s.io/v1/"+strings.ToLower(tt.kind)+"webhookconfigurations/c", "")
			h.registers(tt.kind, "c", hook.entry("odd.example.com", ignored))
			h.must("POST", configMaps, configMap("a", ""))
		})
	}
}

func TestWhichWritesWebhooksSee(t *testing.T) {
	rule := func(operations, groups, versions, resources, scope string) tree {
		return tree{"rules": []tree{{"operations": []string{operations}, "apiGroups": []string{groups}, "apiVersions": []string{versions}, "resources": []string{resources}, "scope": scope}}}
	}
	for name, tt := range map[string]struct {
		more tree
		seen bool
	}{
		"everything":                 {rule("*", "*", "*", "*/*", "*"), true},
		"another group":              {rule("*", "apps", "*", "*", "*"), false},
		"another operation":          {rule("DELETE", "*", "*", "*", "*"), false},
		"subresources only":          {rule("*", "*", "*", "*/status", "*"), false},
		"cluster scope":              {rule("*", "*", "*", "*", "Cluster"), false},
		"namespaced":                 {rule("CREATE", "", "v1", "configmaps", "Namespaced"), true},
		"object selector":            {tree{"objectSelector": tree{"matchLabels": tree{"no": "such"}}}, false},
		"namespace selector":         {tree{"namespaceSelector": tree{"matchLabels": tree{"kubernetes.io/metadata.name": "default"}}}, true},
		"another namespace":          {tree{"namespaceSelector": tree{"matchLabels": tree{"kubernetes.io/metadata.name": "x"}}}, false},
		"condition":                  {tree{"matchConditions": []tree{{"name": "c", "expression": "object.data.k == 'v' && request.operation == 'CREATE' && oldObject == null"}}}, true},
		"condition that is false":    {tree{"matchConditions": []tree{{"name": "c", "expression": "request.userInfo.username != 'admin'"}}}, false},
		"authorizer":                 {tree{"matchConditions": []tree{{"name": "c", "expression": "authorizer.requestResource.check('delete').allowed()"}}}, true},
		"a failure among conditions": {tree{"failurePolicy": "Ignore", "matchConditions": []tree{{"name": "c", "expression": "object.none == 1"}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			hook := newHook(t, allow)
			h.registers("Validating", "c", hook.entry("see.example.com", tt.more))
			h.must("POST", configMaps, configMap("a", ""))
			require.Equal(t, map[bool]int{true: 1, false: 0}[tt.seen], hook.times())
		})
	}
}

func TestWebhookConditionFails(t *testing.T) {
	h := newHarness(t)
	hook := newHook(t, allow)
	h.registers("Validating", "c", hook.entry("see.example.com", tree{"matchConditions": []tree{{"name": "c", "expression": "object.none == 1"}}}))
	message := h.fails(403, "Forbidden", "POST", configMaps, configMap("a", ""))
	require.Equal(t, `configmaps "a" is forbidden: expression 'object.none == 1' resulted in error: no such key: none`, message)
}

// A rule for events.k8s.io sees events of the core group, converted.
func TestWebhookSeesEquivalentVersions(t *testing.T) {
	h := newHarness(t)
	hook := newHook(t, allow)
	events := tree{"rules": []tree{{"operations": []string{"CREATE"}, "apiGroups": []string{"events.k8s.io"}, "apiVersions": []string{"v1"}, "resources": []string{"events"}}}}
	h.registers("Validating", "c", hook.entry("see.example.com", events))
	h.must("POST", "/api/v1/namespaces/default/events", `{"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"p","namespace":"default"},"message":"hello"}`)
	require.Equal(t, "hello", at(hook.last(), "object.note"))
	require.Equal(t, "events.k8s.io", at(hook.last(), "resource.group"))
	require.Equal(t, "", at(hook.last(), "requestResource.group"))

	events["matchPolicy"] = "Exact"
	h.must("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/c", "")
	h.registers("Validating", "c", hook.entry("see.example.com", events))
	h.must("POST", "/api/v1/namespaces/default/events", `{"metadata":{"name":"f"},"involvedObject":{"kind":"Pod","name":"p","namespace":"default"}}`)
	require.Equal(t, 1, hook.times())
}

// A webhook behind a Service is called at an endpoint, by the Service's name.
func TestWebhookBehindService(t *testing.T) {
	h := newHarness(t)
	hook := newHook(t, allow)
	hook.TLS.Certificates[0], hook.authority = certificateFor(t, "hook.default.svc")
	service := tree{"clientConfig": tree{"service": tree{"namespace": "default", "name": "hook", "path": "/judge"}, "caBundle": base64.StdEncoding.EncodeToString(hook.authority)}}
	h.registers("Validating", "c", hook.entry("see.example.com", service))
	message := h.fails(500, "InternalError", "POST", configMaps, configMap("a", ""))
	require.Contains(t, message, `failed to call webhook: Post "https://hook.default.svc:443/judge?timeout=10s": service "hook" not found`)

	h.must("POST", "/api/v1/namespaces/default/services", `{"metadata":{"name":"hook"},"spec":{"ports":[{"port":443}]}}`)
	require.Contains(t, h.fails(500, "InternalError", "POST", configMaps, configMap("a", "")), `no endpoints available for service "hook"`)
	// Endpoints that somebody wrote are good until there are slices; then these count.
	h.endpoints("hook", hook.Listener.Addr().String())
	h.must("POST", configMaps, configMap("a", ""))
	require.Equal(t, 1, hook.times())
	h.endpointSlice("hook-old", "hook", "127.0.0.1:1", false)
	hook.CloseClientConnections()
	require.Contains(t, h.fails(500, "InternalError", "POST", configMaps, configMap("b", "")), `no endpoints available for service "hook"`)
	h.endpointSlice("hook-new", "hook", hook.Listener.Addr().String(), true)
	h.must("POST", configMaps, configMap("b", ""))
	require.Equal(t, 2, hook.times())
}

// What a subresource is about comes to webhooks as what it is, and can be changed as such.
func TestWebhookSeesKindsOfSubresources(t *testing.T) {
	h := newHarness(t)
	see := newHook(t, allow)
	more := newHook(t, patching(`[{"op":"replace","path":"/spec/replicas","value":7}]`))
	rule := func(group string, resources ...string) tree {
		return tree{"rules": []tree{{"operations": []string{"*"}, "apiGroups": []string{group}, "apiVersions": []string{"*"}, "resources": resources}}}
	}
	h.must("POST", deployments, deploymentJSON("web", 1))
	h.must("POST", pods, podJSON("p", "", ""))
	h.registers("Validating", "see", see.entry("apps.example.com", rule("apps", "deployments/scale")), see.entry("core.example.com", rule("", "pods/binding", "pods/eviction")))
	h.registers("Mutating", "more", more.entry("more.example.com", rule("apps", "deployments/scale")))

	scaled := h.must("PUT", deployments+"/web/scale", `{"metadata":{"name":"web"},"spec":{"replicas":3}}`)
	require.EqualValues(t, 7, scaled.at("spec.replicas"))
	require.Equal(t, tree{"group": "autoscaling", "version": "v1", "kind": "Scale"}, see.last()["kind"])
	require.Equal(t, tree{"group": "apps", "version": "v1", "resource": "deployments"}, see.last()["resource"])
	require.Equal(t, []any{"UPDATE", "scale", 7.0, 1.0}, []any{see.last()["operation"], see.last()["subResource"], at(see.last(), "object.spec.replicas"), at(see.last(), "oldObject.spec.replicas")})
	require.EqualValues(t, 7, h.must("GET", deployments+"/web", "").at("spec.replicas"))

	h.must("POST", pods+"/p/binding", `{"metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}}`)
	require.Equal(t, []any{"Binding", "CREATE", "binding", "n1"}, []any{at(see.last(), "kind.kind"), see.last()["operation"], see.last()["subResource"], at(see.last(), "object.target.name")})
	require.Nil(t, see.last()["oldObject"])
	h.must("POST", pods+"/p/eviction", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}`)
	require.Equal(t, []any{"Eviction", "CREATE", "eviction"}, []any{at(see.last(), "kind.kind"), see.last()["operation"], see.last()["subResource"]})
}

// Webhooks that change what a subresource was sent see it with its namespace, and before the server fills in the rest.
func TestWebhookChangesWhatSubresourcesAreSent(t *testing.T) {
	h := newHarness(t)
	h.must("POST", pods, podJSON("p", "", ""))
	hook := newHook(t, allow)
	h.registers("Mutating", "all", hook.entry("all.example.com", tree{
		"rules": []tree{{"operations": []string{"*"}, "apiGroups": []string{"*"}, "apiVersions": []string{"*"}, "resources": []string{"*/*"}}},
	}))
	for path, body := range map[string]string{
		pods + "/p/eviction?dryRun=All":                            `{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"name":"p"}}`,
		pods + "/p/binding":                                        `{"metadata":{"name":"p"},"target":{"name":"n1"}}`,
		"/api/v1/namespaces/default/serviceaccounts/default/token": `{"spec":{"expirationSeconds":3600}}`,
	} {
		h.must("POST", path, body)
		seen := hook.last()
		require.Equal(t, "default", at(seen, "object.metadata.namespace"), path)
		require.Nil(t, at(seen, "object.metadata.uid"), path)
		require.Nil(t, at(seen, "object.spec.audiences"), path)
	}
	message := h.fails(400, api.StatusReasonBadRequest, "POST", pods+"/p/eviction", `{"metadata":{"name":"p","namespace":"other"}}`)
	require.Equal(t, "the namespace of the provided object does not match the namespace sent on the request", message)
}

// The deletion of a collection is one request: webhooks are asked about each object, and not told its name but in the object.
func TestWebhookSeesCollections(t *testing.T) {
	h := newHarness(t)
	h.must("POST", configMaps, configMap("a", ""))
	hook := newHook(t, allow)
	h.registers("Validating", "all", hook.entry("all.example.com", nil))
	h.must("DELETE", configMaps, "")
	require.Equal(t, 1, hook.times())
	require.Nil(t, hook.last()["name"])
	require.Equal(t, []any{"DELETE", "a"}, []any{hook.last()["operation"], at(hook.last(), "oldObject.metadata.name")})
}

// Of a connection, webhooks see the options: first those who may change them, then those who judge.
func TestWebhookSeesConnections(t *testing.T) {
	h := newHarness(t)
	change := newHook(t, patching(`[{"op":"replace","path":"/command","value":["ls"]}]`))
	judge := newHook(t, func(request tree) tree { return tree{"allowed": at(request, "object.command.0") != "ls"} })
	exec := tree{"rules": []tree{{"operations": []string{"CONNECT"}, "apiGroups": []string{""}, "apiVersions": []string{"v1"}, "resources": []string{"pods/exec"}}}}
	h.must("POST", pods, podJSON("p", "", ""))
	h.registers("Mutating", "change", change.entry("change.example.com", exec))
	h.registers("Validating", "judge", judge.entry("judge.example.com", exec))
	refused := h.do("POST", pods+"/p/exec?command=rm&stdout=1", "")
	require.Equal(t, 400, refused.code)
	require.Equal(t, `admission webhook "judge.example.com" denied the request without explanation`, refused.at("message"))
	require.Equal(t, []any{"CONNECT", "PodExecOptions", "rm"}, []any{change.last()["operation"], at(change.last(), "kind.kind"), at(change.last(), "object.command.0")})
}

// endpoints puts endpoints for a Service of the default namespace into the store as they are: validation would not let
// pass an address on loopback.
func (h *harness) endpoints(service, address string) {
	h.t.Helper()
	host, text, err := net.SplitHostPort(address)
	require.NoError(h.t, err)
	port, err := strconv.Atoi(text)
	require.NoError(h.t, err)
	obj := api.New[*api.Endpoints]()
	obj.Name, obj.Namespace = service, "default"
	obj.Subsets = []api.EndpointSubset{{Addresses: []api.EndpointAddress{{IP: host}}, Ports: []api.EndpointPort{{Port: int32(port)}}}}
	req := h.server.internalRequest(h.t.Context(), "create", resourceOf[*api.Endpoints](h.server), "default", service)
	_, err = h.server.storeNew(h.t.Context(), req, obj, obj)
	require.NoError(h.t, err)
}

// endpointSlice is endpoints as a slice with one endpoint.
func (h *harness) endpointSlice(name, service, address string, ready bool) {
	h.t.Helper()
	host, text, err := net.SplitHostPort(address)
	require.NoError(h.t, err)
	port, err := strconv.Atoi(text)
	require.NoError(h.t, err)
	obj := api.New[*api.EndpointSlice]()
	obj.Name, obj.Namespace, obj.Labels, obj.AddressType = name, "default", map[string]string{api.LabelServiceName: service}, api.AddressTypeIPv4
	obj.Endpoints = []api.Endpoint{{Addresses: []string{host}, Conditions: api.EndpointConditions{Ready: &ready}}}
	obj.Ports = []api.DiscoveryEndpointPort{{Name: api.Ptr(""), Port: api.Ptr(int32(port))}}
	req := h.server.internalRequest(h.t.Context(), "create", resourceOf[*api.EndpointSlice](h.server), "default", name)
	_, err = h.server.storeNew(h.t.Context(), req, obj, obj)
	require.NoError(h.t, err)
}

// certificateFor makes a serving certificate that signs itself, and its authority in PEM form.
func certificateFor(t *testing.T, name string) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestWebhookAndDryRun(t *testing.T) {
	h := newHarness(t)
	hook := newHook(t, allow)
	h.registers("Validating", "c", hook.entry("see.example.com", nil))
	h.must("POST", configMaps+"?dryRun=All", configMap("a", ""))
	require.Equal(t, true, hook.last()["dryRun"])
	require.Equal(t, []any{"All"}, at(hook.last(), "options.dryRun"))
}
