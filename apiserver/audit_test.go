package apiserver

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api/audit"
)

func TestAuditPolicy(t *testing.T) {
	policy, err := audit.ParsePolicy([]byte(`
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- level: None
  users: [system:kube-proxy]
  verbs: [watch]
- level: None
  userGroups: [system:nodes]
  nonResourceURLs: [/healthz*, /version]
- level: Request
  namespaces: [kube-system, ""]
  resources: [{resources: [configmaps]}, {resources: [nodes]}]
- level: Metadata
  resources: [{resources: [secrets], resourceNames: [db]}, {group: apps}, {resources: [pods/log, pods/exec]}, {group: "*", resources: ["*/scale"]}]
- level: RequestResponse
  resources: [{resources: ["services/*"]}]
`))
	require.NoError(t, err)
	log := &auditLog{policy: policy}
	resource := func(user, verb, group, plural, sub, namespace, name string) *Request {
		return &Request{User: &User{Name: user}, Verb: verb, IsResource: true, Group: group, Plural: plural, Subresource: sub, Namespace: namespace, Name: name}
	}
	path := func(path string, groups ...string) *Request {
		return &Request{User: &User{Name: "n1", Groups: groups}, Verb: "get", HTTP: &http.Request{URL: &url.URL{Path: path}}}
	}
	for _, c := range []struct {
		req  *Request
		want audit.Level
	}{
		{resource("system:kube-proxy", "watch", "apps", "deployments", "", "a", ""), audit.LevelNone},
		{resource("system:kube-proxy", "list", "apps", "deployments", "", "a", ""), audit.LevelMetadata},
		{path("/healthz/ping", "system:nodes"), audit.LevelNone},
		{resource("u", "get", "", "configmaps", "", "kube-system", "x"), audit.LevelRequest},
		{resource("u", "get", "", "configmaps", "", "default", "x"), audit.LevelNone},
		{resource("u", "get", "", "nodes", "", "", "n1"), audit.LevelRequest},
		{resource("u", "get", "", "nodes", "status", "", "n1"), audit.LevelNone},
		{resource("u", "get", "", "secrets", "", "a", "db"), audit.LevelMetadata},
		{resource("u", "get", "", "secrets", "", "a", "other"), audit.LevelNone},
		{resource("u", "get", "", "pods", "log", "a", "p"), audit.LevelMetadata},
		{resource("u", "get", "", "pods", "", "a", "p"), audit.LevelNone},
		{resource("u", "get", "", "replicationcontrollers", "scale", "a", "p"), audit.LevelMetadata},
		{resource("u", "get", "", "services", "proxy", "a", "p"), audit.LevelRequestResponse},
		{path("/metrics"), audit.LevelNone},
	} {
		level := audit.LevelNone
		if rule := log.rule(c.req); rule != nil {
			level = rule.Level
		}
		require.Equal(t, c.want, level, "%+v", c.req)
	}
}

// A person works, and the log has what the policy wants of it, no more.
func TestAuditLog(t *testing.T) {
	dir := t.TempDir()
	policy, path := filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "audit.log")
	require.NoError(t, os.WriteFile(policy, []byte(`
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, resources: [{resources: [serviceaccounts]}]}
- {level: Metadata, resources: [{resources: [secrets, pods, namespaces]}], verbs: [create, get, watch, delete]}
- {level: RequestResponse, resources: [{resources: [configmaps]}], omitStages: [ResponseStarted], omitManagedFields: true}
- {level: Metadata, nonResourceURLs: ["/version"], omitStages: [ResponseComplete]}
`), 0o600))
	h := newHarness(t, func(c *Config) { c.AuditPolicyFile, c.AuditLogPath = policy, path })
	read := 0
	event := func() tree { // the next line
		t.Helper()
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		require.Greater(t, len(lines), read)
		var e tree
		require.NoError(t, json.Unmarshal([]byte(lines[read]), &e))
		read++
		return e
	}

	// Which secret it is, but not what it says; and who is it really?
	answer := h.must("POST", "/api/v1/namespaces/default/secrets", `{"metadata":{"name":"db"},"stringData":{"password":"hunter2"}}`,
		"Impersonate-User", "jane", "Impersonate-Group", "system:masters", "User-Agent", "test")
	e := event()
	require.Equal(t, answer.header.Get("Audit-ID"), e["auditID"])
	require.Equal(t, []any{"Event", "audit.k8s.io/v1", "Metadata", "ResponseComplete", "create", "/api/v1/namespaces/default/secrets", "test"},
		[]any{e["kind"], e["apiVersion"], e["level"], e["stage"], e["verb"], e["requestURI"], e["userAgent"]})
	require.Equal(t, "admin", at(e, "user.username"))
	require.Equal(t, "jane", at(e, "impersonatedUser.username"))
	require.Equal(t, []any{"127.0.0.1"}, e["sourceIPs"])
	require.Equal(t, tree{"resource": "secrets", "namespace": "default", "name": "db", "apiVersion": "v1"}, e["objectRef"])
	require.EqualValues(t, 201, at(e, "responseStatus.code"))
	require.Equal(t, "allow", e["annotations"].(tree)["authorization.k8s.io/decision"])
	require.Nil(t, e["requestObject"])
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), "hunter2")
	require.NotContains(t, string(text), "aHVudGVyMg")

	// Everything.
	h.must("POST", configMaps, configMap("one", ""))
	e = event()
	require.Equal(t, "v", at(e, "requestObject.data.k"))
	require.NotEmpty(t, at(e, "responseObject.metadata.uid"))
	require.Nil(t, at(e, "responseObject.metadata.managedFields"))
	h.must("PATCH", configMaps+"/one", `{"data":{"k":"w"}}`, "Content-Type", "application/merge-patch+json")
	require.Equal(t, tree{"data": tree{"k": "w"}}, event()["requestObject"])
	h.must("GET", configMaps, "", "Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	require.Equal(t, "one", at(event(), "responseObject.items.0.metadata.name"))
	h.must("DELETE", configMaps+"/one", `{"propagationPolicy":"Background"}`)
	e = event()
	require.Equal(t, "Background", at(e, "requestObject.propagationPolicy"))
	require.Equal(t, "Success", at(e, "responseStatus.status"))

	// Refusals, of those who may not and of those whom nobody knows.
	h.token = "somebody"
	h.fails(403, "Forbidden", "GET", "/api/v1/namespaces/default/secrets/db", "")
	e = event()
	require.Equal(t, "forbid", e["annotations"].(tree)["authorization.k8s.io/decision"])
	require.Equal(t, []any{"Failure", "Forbidden", 403.0}, []any{at(e, "responseStatus.status"), at(e, "responseStatus.reason"), at(e, "responseStatus.code")})
	h.token = "nonsense"
	refused := h.do("GET", "/version", "", "Audit-ID", "mine")
	require.Equal(t, "mine", refused.header.Get("Audit-ID"))
	e = event()
	require.Equal(t, []any{"mine", "ResponseStarted", 401.0}, []any{e["auditID"], e["stage"], at(e, "responseStatus.code")})

	// A watch begins long before it ends.
	h.token = "admin"
	h.must("GET", pods+"?watch=true&timeoutSeconds=1", "")
	require.Equal(t, "ResponseStarted", event()["stage"])
	require.Equal(t, "ResponseComplete", event()["stage"])

	// What admission finds out.
	h.must("POST", "/api/v1/namespaces", `{"metadata":{"name":"watched","labels":{"pod-security.kubernetes.io/audit":"baseline"}}}`)
	event()
	h.must("POST", "/api/v1/namespaces/watched/serviceaccounts", `{"metadata":{"name":"default"}}`)
	h.must("POST", "/api/v1/namespaces/watched/pods", podJSON("free", "", `,"hostNetwork":true`))
	e = event()
	require.Equal(t, "privileged:latest", e["annotations"].(tree)["pod-security.kubernetes.io/enforce-policy"])
	require.Equal(t, `would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)`, e["annotations"].(tree)["pod-security.kubernetes.io/audit-violations"])
}

// What webhooks and policies did, and what they want to have noted.
func TestAuditLogOfAdmission(t *testing.T) {
	h, events := auditedHarness(t, "{level: Request, verbs: [create], resources: [{resources: [configmaps]}]}")
	changes := newHook(t, func(request tree) tree {
		answer := patching(`[{"op":"add","path":"/data/a","value":"b"}]`)(request)
		answer["auditAnnotations"] = tree{"seen": "yes", "not a key": "x"}
		return answer
	})
	broken := newHook(t, func(tree) tree { return nil })
	allows := newHook(t, func(tree) tree { return tree{"allowed": true, "auditAnnotations": tree{"verdict": "fine"}} })
	ignored := tree{"failurePolicy": "Ignore"}
	h.registers("Mutating", "a", changes.entry("changes.example.com", nil), broken.entry("broken.example.com", ignored))
	h.registers("Validating", "b", allows.entry("allows.example.com", nil), broken.entry("broken.example.com", ignored))
	h.must("POST", policyPath+"validatingadmissionpolicies", `{"metadata":{"name":"notes"},"spec":{
		"matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]},
		"paramKind":{"apiVersion":"v1","kind":"ConfigMap"},
		"validations":[{"expression":"false","message":"no"}],
		"auditAnnotations":[{"key":"color","valueExpression":"' ' + params.data.color"},{"key":"empty","valueExpression":"''"}]}}`)
	for _, color := range []string{"red", "blue", "red2"} {
		h.must("POST", "/api/v1/namespaces/kube-system/configmaps", `{"metadata":{"name":"`+color+`"},"data":{"color":"`+strings.TrimSuffix(color, "2")+`"}}`)
		h.must("POST", policyPath+"validatingadmissionpolicybindings", `{"metadata":{"name":"`+color+`"},"spec":{"policyName":"notes","validationActions":["Audit"],
			"paramRef":{"name":"`+color+`","namespace":"kube-system","parameterNotFoundAction":"Deny"}}}`)
	}
	h.must("POST", configMaps, configMap("one", ""))
	all := events()
	notes := all[len(all)-1]["annotations"].(tree)
	require.JSONEq(t, `{"configuration":"a","webhook":"changes.example.com","mutated":true}`, notes["mutation.webhook.admission.k8s.io/round_0_index_0"].(string))
	require.JSONEq(t, `{"configuration":"a","webhook":"changes.example.com","patch":[{"op":"add","path":"/data/a","value":"b"}],"patchType":"JSONPatch"}`, notes["patch.webhook.admission.k8s.io/round_0_index_0"].(string))
	require.JSONEq(t, `{"configuration":"a","webhook":"broken.example.com","mutated":false}`, notes["mutation.webhook.admission.k8s.io/round_0_index_1"].(string))
	require.Equal(t, "broken.example.com", notes["failed-open.mutation.webhook.admission.k8s.io/round_0_index_1"])
	require.Equal(t, "broken.example.com", notes["failed-open.validating.webhook.admission.k8s.io/round_0_index_1"])
	require.Equal(t, "yes", notes["changes.example.com/seen"])
	require.Equal(t, "fine", notes["allows.example.com/verdict"])
	require.NotContains(t, notes, "changes.example.com/not a key")
	require.Equal(t, "blue, red", notes["notes/color"], "each binding says its own, once")
	require.NotContains(t, notes, "notes/empty")
	require.JSONEq(t, `[{"message":"no","policy":"notes","binding":"blue","expressionIndex":0,"validationActions":["Audit"]}]`, notes["validation.policy.admission.k8s.io/validation_failure"].(string))
}

// A log that has reached its size is put aside.
func TestAuditLogRotates(t *testing.T) {
	h, events := auditedHarness(t, "{level: Request, verbs: [create], resources: [{resources: [configmaps]}]}", func(c *Config) { c.AuditLogMaxSize = 1 })
	for _, name := range []string{"a", "b", "c"} {
		h.must("POST", configMaps, `{"metadata":{"name":"`+name+`"},"data":{"k":"`+strings.Repeat("x", 600<<10)+`"}}`)
	}
	require.Len(t, events(), 1)
	old, err := filepath.Glob(filepath.Join(filepath.Dir(h.server.config.AuditLogPath), "audit-*.log"))
	require.NoError(t, err)
	require.Len(t, old, 2)
}

// auditedHarness is a server whose audit log has one line for each request that falls under a rule. events reads the log.
func auditedHarness(t *testing.T, rule string, options ...func(*Config)) (h *harness, events func() []tree) {
	dir := t.TempDir()
	policy, path := filepath.Join(dir, "policy.yaml"), filepath.Join(dir, "audit.log")
	require.NoError(t, os.WriteFile(policy, []byte("{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: ["+rule+"]}"), 0o600))
	h = newHarness(t, append(options, func(c *Config) { c.AuditPolicyFile, c.AuditLogPath = policy, path })...)
	return h, func() (list []tree) {
		t.Helper()
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		for line := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n") {
			var e tree
			require.NoError(t, json.Unmarshal([]byte(line), &e))
			list = append(list, e)
		}
		return list
	}
}
