package apiserver

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const policyPath = "/apis/admissionregistration.k8s.io/v1/"

// policy stores an admission policy, Validating or Mutating, with a binding that puts it into force.
func (h *harness) policy(kind string, spec, binding tree) {
	h.t.Helper()
	if spec["matchConstraints"] == nil {
		spec["matchConstraints"] = tree{"resourceRules": []tree{{"operations": []string{"*"}, "apiGroups": []string{"*"}, "apiVersions": []string{"*"}, "resources": []string{"configmaps", "deployments", "events"}}}}
	}
	binding["policyName"] = "p"
	plural := strings.ToLower(kind) + "admissionpolic"
	for path, doc := range map[string]tree{
		plural + "ies":       {"metadata": tree{"name": "p"}, "spec": spec},
		plural + "ybindings": {"metadata": tree{"name": "b"}, "spec": binding},
	} {
		body, err := json.Marshal(doc)
		require.NoError(h.t, err)
		h.must("POST", policyPath+path, string(body))
	}
}

func deny() tree { return tree{"validationActions": []string{"Deny"}} }

func TestValidatingAdmissionPolicy(t *testing.T) {
	for name, tt := range map[string]struct {
		spec, binding tree
		code          int
		message       string // behind "configmaps "a" is forbidden: "
		warning       string
	}{
		"holds": {spec: tree{"validations": []tree{{"expression": "object.data.k == 'v'"}}}, code: 201},
		"default message": {
			spec: tree{"validations": []tree{{"expression": "object.data.k == 'w'"}}}, code: 422,
			message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: object.data.k == 'w'",
		},
		"message and reason": {
			spec: tree{"validations": []tree{{"expression": "false", "message": "no", "reason": "Forbidden"}}}, code: 403,
			message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
		},
		"message expression": {
			spec: tree{"validations": []tree{{"expression": "false", "message": "no", "messageExpression": "'got ' + object.data.k"}}}, code: 422,
			message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: got v",
		},
		"broken message expression": {
			spec: tree{"validations": []tree{{"expression": "false", "message": "no", "messageExpression": "'x' + object.none"}}}, code: 422,
			message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
		},
		"variables": {
			spec: tree{
				"variables":   []tree{{"name": "k", "expression": "object.data.k"}, {"name": "both", "expression": "variables.k + variables.k"}},
				"validations": []tree{{"expression": "variables.both == 'vv'"}, {"expression": "variables.k == 'w'"}},
			}, code: 422,
			message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: variables.k == 'w'",
		},
		"namespace and request": {
			spec: tree{"validations": []tree{{"expression": "namespaceObject.metadata.name == request.namespace && request.kind.kind == 'ConfigMap' && request.userInfo.username == 'admin'"}}}, code: 201,
		},
		"authorizer": {spec: tree{"validations": []tree{{"expression": "authorizer.group('').resource('pods').namespace('default').check('get').allowed()"}}}, code: 201},
		"fails": {
			spec: tree{"validations": []tree{{"expression": "object.none == 1"}}}, code: 422,
			message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: expression 'object.none == 1' resulted in error: no such key: none",
		},
		"fails, ignored":         {spec: tree{"failurePolicy": "Ignore", "validations": []tree{{"expression": "object.none == 1"}}}, code: 201},
		"conditions keep it out": {spec: tree{"matchConditions": []tree{{"name": "c", "expression": "object.data.k == 'w'"}}, "validations": []tree{{"expression": "false"}}}, code: 201},
		"binding keeps it out":   {spec: tree{"validations": []tree{{"expression": "false"}}}, binding: tree{"validationActions": []string{"Deny"}, "matchResources": tree{"objectSelector": tree{"matchLabels": tree{"a": "b"}}}}, code: 201},
		"excluded by name":       {spec: tree{"matchConstraints": tree{"resourceRules": allConfigMaps(), "excludeResourceRules": allConfigMaps("a")}, "validations": []tree{{"expression": "false"}}}, code: 201},
		"warns":                  {spec: tree{"validations": []tree{{"expression": "false", "message": "hm"}}}, binding: tree{"validationActions": []string{"Warn", "Audit"}}, code: 201, warning: `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': hm"`},
		"unknown parameter kind": {spec: tree{"paramKind": tree{"apiVersion": "a.b/v1", "kind": "None"}, "validations": []tree{{"expression": "true"}}}, code: 422, message: "ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'a.b/v1, Kind=None'"},
		"too expensive":          {spec: tree{"validations": []tree{{"expression": "'" + strings.Repeat("a", 200) + "'.matches('a*') && [1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, a+b+c+d+e+f > 0))))))"}}}, code: 422, message: "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: "},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			if tt.binding == nil {
				tt.binding = deny()
			}
			h.policy("Validating", tt.spec, tt.binding)
			answer := h.do("POST", configMaps, configMap("a", ""))
			require.Equal(t, tt.code, answer.code, "%s", answer.body)
			require.Equal(t, tt.warning, answer.header.Get("Warning"))
			if tt.code < 300 {
				return
			}
			message := answer.at("message").(string)
			require.Contains(t, message, `configmaps "a" is forbidden: `+tt.message)
			require.Equal(t, strings.TrimPrefix(message, `configmaps "a" is forbidden: `), answer.at("details.causes.0.message"))
			// Deletions have no object to speak of, but may be matched too.
			h.must("DELETE", policyPath+"validatingadmissionpolicies/p", "")
			h.must("POST", configMaps, configMap("a", ""))
		})
	}
}

func allConfigMaps(names ...string) []tree {
	rule := tree{"operations": []string{"CREATE"}, "apiGroups": []string{""}, "apiVersions": []string{"v1"}, "resources": []string{"configmaps"}}
	if len(names) > 0 {
		rule["resourceNames"] = names
	}
	return []tree{rule}
}

func TestPolicyParameters(t *testing.T) {
	h := newHarness(t)
	spec := tree{
		"paramKind": tree{"apiVersion": "v1", "kind": "Secret"}, "matchConstraints": tree{"resourceRules": allConfigMaps()},
		"validations": []tree{{"expression": "object.data.k == params.metadata.labels.want", "messageExpression": "'want ' + params.metadata.labels.want"}},
	}
	h.policy("Validating", spec, tree{"validationActions": []string{"Deny"}, "paramRef": tree{"selector": tree{"matchLabels": tree{"for": "p"}}, "parameterNotFoundAction": "Deny"}})
	require.Equal(t, `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed to configure binding: no params found for policy binding with `+"`Deny` parameterNotFoundAction",
		h.fails(422, "Invalid", "POST", configMaps, configMap("a", "")))
	h.must("POST", "/api/v1/namespaces/default/secrets", `{"metadata":{"name":"one","labels":{"for":"p","want":"v"}}}`)
	h.must("POST", configMaps, configMap("a", ""))
	h.must("POST", "/api/v1/namespaces/default/secrets", `{"metadata":{"name":"two","labels":{"for":"p","want":"w"}}}`)
	require.Contains(t, h.fails(422, "Invalid", "POST", configMaps, configMap("b", "")), "denied request: want w")
}

func TestMutatingAdmissionPolicy(t *testing.T) {
	apply := func(text string) tree {
		return tree{"patchType": "ApplyConfiguration", "applyConfiguration": tree{"expression": text}}
	}
	operations := func(text string) tree {
		return tree{"patchType": "JSONPatch", "jsonPatch": tree{"expression": text}}
	}
	for name, tt := range map[string]struct {
		mutations []tree
		data      tree
		message   string
	}{
		"a part":          {[]tree{apply("Object{data: {'made': 'by ' + request.userInfo.username}}")}, tree{"k": "v", "made": "by admin"}, ""},
		"operations":      {[]tree{operations(`[JSONPatch{op: "test", path: "/data/k", value: "v"}, JSONPatch{op: "add", path: "/data/" + jsonpatch.escapeKey("a.b"), value: "x"}]`)}, tree{"k": "v", "a.b": "x"}, ""},
		"a test fails":    {[]tree{operations(`[JSONPatch{op: "test", path: "/data/k", value: "w"}, JSONPatch{op: "remove", path: "/data/k"}]`)}, tree{"k": "v"}, ""},
		"one after other": {[]tree{apply("Object{data: {'a': '1'}}"), operations(`[JSONPatch{op: "copy", from: "/data/a", path: "/data/b"}]`)}, tree{"k": "v", "a": "1", "b": "1"}, ""},
		"fails":           {[]tree{apply("Object{data: {'a': object.none}}")}, nil, "policy 'p' with binding 'b' denied request: expression 'Object{data: {'a': object.none}}' resulted in error: no such key: none"},
		"no such field":   {[]tree{apply("Object{none: 1}")}, nil, "policy 'p' with binding 'b' denied request: error applying patch: failed to convert patch object to typed object: .none: field not declared in schema"},
		"one value":       {[]tree{apply("Object{metadata: Object.metadata{ownerReferences: [Object.metadata.ownerReferences{uid: 'x', controller: true}]}}")}, nil, "policy 'p' with binding 'b' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .metadata.ownerReferences[0]"},
		"misplaced":       {[]tree{apply("Object{metadata: Object.spec{}}")}, nil, `policy 'p' with binding 'b' denied request: type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field name path from root Object type`},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.policy("Mutating", tree{"reinvocationPolicy": "Never", "mutations": tt.mutations, "matchConstraints": tree{"resourceRules": allConfigMaps()}}, tree{})
			answer := h.do("POST", configMaps, configMap("a", ""))
			if tt.message == "" {
				require.Equal(t, tt.data, answer.at("data"), "%s", answer.body)
				return
			}
			require.Equal(t, 403, answer.code)
			require.Equal(t, "Invalid", answer.at("reason"))
			require.Equal(t, tt.message, answer.at("message"))
		})
	}
}

// What admission changes is defaulted like what users send.
func TestMutatedObjectsAreDefaulted(t *testing.T) {
	h := newHarness(t)
	h.policy("Mutating", tree{"reinvocationPolicy": "Never", "mutations": []tree{{"patchType": "ApplyConfiguration", "applyConfiguration": tree{"expression": `
		Object{spec: Object.spec{replicas: 7, template: Object.spec.template{spec: Object.spec.template.spec{containers: [
			Object.spec.template.spec.containers{name: "side", image: "car"}]}}}}`}}}}, tree{})
	made := h.must("POST", "/apis/apps/v1/namespaces/default/deployments", `{"metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"main","image":"web"}]}}}}`)
	require.Equal(t, 7.0, made.at("spec.replicas"))
	require.Equal(t, "main", made.at("spec.template.spec.containers.0.name"))
	require.Equal(t, "side", made.at("spec.template.spec.containers.1.name"))
	require.Equal(t, "Always", made.at("spec.template.spec.containers.1.imagePullPolicy"))
}

func TestExpressionsMustCompile(t *testing.T) {
	h := newHarness(t)
	rules := `"matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]}`
	for path, tt := range map[string]struct{ body, message string }{
		"validatingadmissionpolicies": {
			`{"metadata":{"name":"p"},"spec":{` + rules + `,"variables":[{"name":"a","expression":"1 +"}],"validations":[{"expression":"1 + 1","messageExpression":"authorizer"}]}}`,
			`spec.validations[0].expression: Invalid value: "1 + 1": must evaluate to bool but got int`,
		},
		"mutatingadmissionpolicies": {
			`{"metadata":{"name":"p"},"spec":{"reinvocationPolicy":"Never",` + rules + `,"mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":"Object{}"}}]}}`,
			`spec.mutations[0].jsonPatch.expression: Invalid value: "Object{}": must evaluate to list(JSONPatch) but got Object`,
		},
		"validatingwebhookconfigurations": {
			`{"metadata":{"name":"p"},"webhooks":[{"name":"a.b.c","sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{"url":"https://x"},"matchConditions":[{"name":"c","expression":"... [} bad CEL"}]}]}`,
			`webhooks[0].matchConditions[0].expression: Invalid value: "... [} bad CEL": compilation failed: ERROR: <input>:1:2: Syntax error`,
		},
	} {
		require.Contains(t, h.fails(422, "Invalid", "POST", policyPath+path, tt.body), tt.message)
	}
}

func TestPolicyTypesAreChecked(t *testing.T) {
	h := newHarness(t)
	rules := `"matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":["apps"],"apiVersions":["v1"],"resources":["deployments"]}]}`
	w := h.watch(policyPath + "validatingadmissionpolicies?watch=1&fieldSelector=metadata.name=p")
	h.must("POST", policyPath+"validatingadmissionpolicies", `{"metadata":{"name":"p"},"spec":{`+rules+`,"variables":[{"name":"n","expression":"object.spec.replicas"}],"validations":[
		{"expression":"object.spec.replicas > '1'","messageExpression":"'wants > 1, got ' + object.spec.replicas"},
		{"expression":"object.spec.template.spec.containers.all(c, c.image != '')"}, {"expression":"object.spec.none == 1"}, {"expression":"variables.n > 1 && object.metadata.labels['a'] == 'b'"}]}}`)
	w.sees("ADDED p")
	event := w.sees("MODIFIED p")
	require.Equal(t, 1.0, at(event, "object.status.observedGeneration"))
	warnings := at(event, "object.status.typeChecking.expressionWarnings").([]any)
	require.Len(t, warnings, 3)
	for i, want := range []struct{ field, text string }{
		{"spec.validations[0].expression", "apps/v1, Kind=Deployment: compilation failed: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n"},
		{"spec.validations[0].messageExpression", "found no matching overload for '_+_' applied to '(string, int)'"},
		{"spec.validations[2].expression", "undefined field 'none'"},
	} {
		require.Equal(t, want.field, at(warnings[i], "fieldRef"))
		require.Contains(t, at(warnings[i], "warning"), want.text)
	}
}

// What expressions can be held to follows, for a custom kind, from its schema.
func TestPolicyTypesOfCustomKindsAreChecked(t *testing.T) {
	h := newHarness(t)
	h.define(crontabDefinition)
	rules := `"matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":["stable.example.com"],"apiVersions":["v1"],"resources":["crontabs"]}]}`
	w := h.watch(policyPath + "validatingadmissionpolicies?watch=1&fieldSelector=metadata.name=p")
	h.must("POST", policyPath+"validatingadmissionpolicies", `{"metadata":{"name":"p"},"spec":{`+rules+`,"validations":[
		{"expression":"object.spec.replicas > '1'"}, {"expression":"object.spec.replicas > 1 && object.metadata.labels['a'] == 'b'"}, {"expression":"object.spec.maxRetries < 10"}]}}`)
	w.sees("ADDED p")
	warnings := at(w.sees("MODIFIED p"), "object.status.typeChecking.expressionWarnings").([]any)
	require.Len(t, warnings, 2)
	require.Equal(t, "spec.validations[0].expression", at(warnings[0], "fieldRef"))
	require.Contains(t, at(warnings[0], "warning"), "stable.example.com/v1, Kind=CronTab: compilation failed: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'")
	require.Equal(t, "spec.validations[2].expression", at(warnings[1], "fieldRef"))
	require.Contains(t, at(warnings[1], "warning"), "undefined field 'maxRetries'")
}

// Jane may write policies and bindings. That must not let her read the Secrets that they would quote.
func TestAPolicyReadsOnlyWhatItsAuthorMay(t *testing.T) {
	h := newHarness(t)
	h.must("POST", rbacPath+"clusterroles", `{"metadata":{"name":"policies"},"rules":[{"verbs":["*"],"apiGroups":["admissionregistration.k8s.io"],"resources":["*"]}]}`)
	h.must("POST", rbacPath+"clusterrolebindings", `{"metadata":{"name":"policies"},"roleRef":{"kind":"ClusterRole","name":"policies"},"subjects":[{"kind":"User","name":"jane"}]}`)
	policy := func(name, params string) string {
		return `{"metadata":{"name":"` + name + `"},"spec":{` + params + `"matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["*"],"resources":["pods"]}]},"validations":[{"expression":"true"}]}}`
	}
	binding := func(ref string) string {
		return `{"metadata":{"generateName":"b"},"spec":{"policyName":"of-secrets","validationActions":["Deny"],"paramRef":{` + ref + `"parameterNotFoundAction":"Deny"}}}`
	}
	const secrets = `"paramKind":{"apiVersion":"v1","kind":"Secret"},`
	policies, bindings := policyPath+"validatingadmissionpolicies", policyPath+"validatingadmissionpolicybindings"
	h.must("POST", policies, policy("of-secrets", secrets))

	h.token = "somebody" // jane
	h.must("POST", policies, policy("plain", ""))
	require.Contains(t, h.fails(422, "Invalid", "POST", policies, policy("mine", secrets)),
		`spec.paramKind: Forbidden: user jane must have "get" permission on all objects of the referenced paramKind (kind=Secret, apiVersion=v1)`)
	named, selected := `"name":"s","namespace":"default",`, `"selector":{},"namespace":"default",`
	for _, ref := range []string{named, selected} {
		require.Contains(t, h.fails(422, "Invalid", "POST", bindings, binding(ref)), `spec.paramRef: Forbidden: user jane does not have `)
	}
	h.must("PATCH", policies+"/of-secrets", `{"metadata":{"labels":{"a":"b"}}}`, "Content-Type", "application/merge-patch+json") // the parameters stay

	// With the right to read that one Secret, she may refer to it, and to no other.
	h.token = "admin"
	h.must("POST", rbacPath+"namespaces/default/roles", `{"metadata":{"name":"one"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["secrets"],"resourceNames":["s"]}]}`)
	h.must("POST", rbacPath+"namespaces/default/rolebindings", `{"metadata":{"name":"one"},"roleRef":{"kind":"Role","name":"one"},"subjects":[{"kind":"User","name":"jane"}]}`)
	h.token = "somebody"
	h.must("POST", bindings, binding(named))
	h.fails(422, "Invalid", "POST", bindings, binding(selected))
}
