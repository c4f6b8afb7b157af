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
)

func TestAuditPolicy(t *testing.T) {
	policy := &auditPolicy{}
	require.NoError(t, policy.parse([]byte(`
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
`)))
	resource := func(user, verb, group, plural, sub, namespace, name string) *Request {
		return &Request{User: &User{Name: user}, Verb: verb, IsResource: true, Group: group, Plural: plural, Subresource: sub, Namespace: namespace, Name: name}
	}
	path := func(path string, groups ...string) *Request {
		return &Request{User: &User{Name: "n1", Groups: groups}, Verb: "get", HTTP: &http.Request{URL: &url.URL{Path: path}}}
	}
	for _, c := range []struct {
		req  *Request
		want auditLevel
	}{
		{resource("system:kube-proxy", "watch", "apps", "deployments", "", "a", ""), auditNone},
		{resource("system:kube-proxy", "list", "apps", "deployments", "", "a", ""), auditMetadata},
		{path("/healthz/ping", "system:nodes"), auditNone},
		{resource("u", "get", "", "configmaps", "", "kube-system", "x"), auditRequest},
		{resource("u", "get", "", "configmaps", "", "default", "x"), auditNone},
		{resource("u", "get", "", "nodes", "", "", "n1"), auditRequest},
		{resource("u", "get", "", "nodes", "status", "", "n1"), auditNone},
		{resource("u", "get", "", "secrets", "", "a", "db"), auditMetadata},
		{resource("u", "get", "", "secrets", "", "a", "other"), auditNone},
		{resource("u", "get", "", "pods", "log", "a", "p"), auditMetadata},
		{resource("u", "get", "", "pods", "", "a", "p"), auditNone},
		{resource("u", "get", "", "replicationcontrollers", "scale", "a", "p"), auditMetadata},
		{resource("u", "get", "", "services", "proxy", "a", "p"), auditRequestResponse},
		{path("/metrics"), auditNone},
	} {
		level := auditNone
		if rule := policy.rule(c.req); rule != nil {
			level = rule.Level
		}
		require.Equal(t, c.want, level, "%+v", c.req)
	}

	for text, want := range map[string]string{
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy"}`:                                                                          "loaded illegal policy with 0 rules",
		`{"apiVersion":"audit.k8s.io/v1beta1","kind":"Policy"}`:                                                                     `want kind Policy of audit.k8s.io/v1, not Policy of "audit.k8s.io/v1beta1"`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rule":[]}`:                                                                `unknown field "rule"`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{}]}`:                                                             `rules[0].level: Required value`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"All"}]}`:                                                `rules[0].level: Unsupported value: "All": supported values: "None", "Metadata", "Request", "RequestResponse"`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"None","omitStages":["End"]}]}`:                          `rules[0].omitStages[0]: Invalid value: "End": allowed stages are`,
		`{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"None","nonResourceURLs":["/a*b"],"namespaces":["x"]}]}`: "must be the final character of the rule",
	} {
		require.ErrorContains(t, new(auditPolicy).parse([]byte(text)), want)
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
