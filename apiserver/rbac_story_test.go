package apiserver

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

const rbacPath = "/apis/rbac.authorization.k8s.io/v1/"

func (h *harness) as(user string, groups ...string) func() {
	before := h.header.Clone()
	h.header.Set("Impersonate-User", user)
	for _, g := range groups {
		h.header.Add("Impersonate-Group", g)
	}
	return func() { h.header = before }
}

// Jane administers one namespace: she may write roles there, and give away what she has herself.
func TestNobodyGivesAwayWhatTheyDoNotHave(t *testing.T) {
	h := newHarness(t)
	h.must("POST", "/api/v1/namespaces", `{"metadata":{"name":"team"}}`)
	h.must("POST", rbacPath+"clusterroles", `{"metadata":{"name":"team-admin"},"rules":[
		{"verbs":["create","patch","update"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles","rolebindings"]},
		{"verbs":["get","list"],"apiGroups":[""],"resources":["pods"]}]}`)
	h.must("POST", rbacPath+"namespaces/team/rolebindings", `{"metadata":{"name":"admins"},"roleRef":{"kind":"ClusterRole","name":"team-admin"},"subjects":[{"kind":"User","name":"jane"}]}`)
	h.token = "somebody" // jane
	roles, bindings := rbacPath+"namespaces/team/roles", rbacPath+"namespaces/team/rolebindings"

	h.must("POST", roles, `{"metadata":{"name":"readers"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]}`)
	require.Equal(t, "roles.rbac.authorization.k8s.io \"writers\" is forbidden: user \"jane\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n"+
		"{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"delete\"]}",
		h.fails(403, "Forbidden", "POST", roles, `{"metadata":{"name":"writers"},"rules":[{"verbs":["get","delete"],"apiGroups":[""],"resources":["pods","secrets"]}]}`))
	const merge = "application/merge-patch+json"
	h.fails(403, "Forbidden", "PATCH", roles+"/readers", `{"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}]}`, "Content-Type", merge)
	h.must("PATCH", roles+"/readers", `{"metadata":{"labels":{"a":"b"}}}`, "Content-Type", merge)
	h.fails(403, "Forbidden", "POST", rbacPath+"clusterroles", `{"metadata":{"name":"x"}}`)

	h.must("POST", bindings, `{"metadata":{"name":"joe-reads"},"roleRef":{"kind":"Role","name":"readers"},"subjects":[{"kind":"User","name":"joe"}]}`)
	require.Contains(t, h.fails(403, "Forbidden", "POST", bindings, `{"metadata":{"name":"up"},"roleRef":{"kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"User","name":"jane"}]}`),
		`is attempting to grant RBAC permissions not currently held:`)
	require.Equal(t, `clusterrole.rbac.authorization.k8s.io "gone" not found`,
		h.fails(404, "NotFound", "POST", bindings, `{"metadata":{"name":"up"},"roleRef":{"kind":"ClusterRole","name":"gone"},"subjects":[]}`))

	// With the right to bind that one role, she may, though she does not have it.
	h.token = "admin"
	h.must("POST", roles, `{"metadata":{"name":"binder"},"rules":[{"verbs":["bind"],"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"resourceNames":["cluster-admin"]}]}`)
	h.must("POST", bindings, `{"metadata":{"name":"binders"},"roleRef":{"kind":"Role","name":"binder"},"subjects":[{"kind":"User","name":"jane"}]}`)
	h.token = "somebody"
	h.must("POST", bindings, `{"metadata":{"name":"up"},"roleRef":{"kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"User","name":"jane"}]}`)
	h.must("DELETE", "/api/v1/namespaces/team/secrets", "")
	h.fails(403, "Forbidden", "DELETE", "/api/v1/namespaces/default/secrets", "")

	// A rule for one name allows a list that is narrowed to it.
	h.token = "admin"
	h.must("POST", rbacPath+"namespaces/default/roles", `{"metadata":{"name":"one"},"rules":[{"verbs":["list","watch"],"apiGroups":[""],"resources":["configmaps"],"resourceNames":["mine"]}]}`)
	h.must("POST", rbacPath+"namespaces/default/rolebindings", `{"metadata":{"name":"one"},"roleRef":{"kind":"Role","name":"one"},"subjects":[{"kind":"User","name":"jane"}]}`)
	h.token = "somebody"
	h.must("GET", configMaps+"?fieldSelector=metadata.name%3Dmine", "")
	h.fails(403, "Forbidden", "GET", configMaps, "")
	h.fails(403, "Forbidden", "GET", configMaps+"?fieldSelector=metadata.name%21%3Dmine", "")
}

func TestImpersonation(t *testing.T) {
	h := newHarness(t)
	h.must("POST", rbacPath+"clusterroles", `{"metadata":{"name":"reader"},"rules":[{"verbs":["list"],"apiGroups":[""],"resources":["configmaps"]}]}`)
	h.must("POST", rbacPath+"clusterrolebindings", `{"metadata":{"name":"reader"},"roleRef":{"kind":"ClusterRole","name":"reader"},"subjects":[{"kind":"Group","name":"readers"}]}`)

	back := h.as("joe", "readers")
	h.must("GET", configMaps, "")
	require.Equal(t, `secrets is forbidden: User "joe" cannot list resource "secrets" in API group "" in the namespace "default"`, h.fails(403, "Forbidden", "GET", "/api/v1/namespaces/default/secrets", ""))
	back()
	back = h.as("joe")
	h.fails(403, "Forbidden", "GET", configMaps, "")
	back()

	// Not everybody may.
	h.token = "somebody"
	back = h.as("joe")
	require.Equal(t, `configmaps is forbidden: User "jane" cannot impersonate-on:user-info:list resource "configmaps" in API group "" in the namespace "default"`, h.fails(403, "Forbidden", "GET", configMaps, ""))
	back()
	back = h.as("system:serviceaccount:default:robot")
	h.fails(403, "Forbidden", "GET", configMaps, "")
	back()
	h.token = "admin"
	h.must("POST", rbacPath+"clusterroles", `{"metadata":{"name":"actor"},"rules":[{"verbs":["impersonate"],"apiGroups":[""],"resources":["users"],"resourceNames":["joe"]}]}`)
	h.must("POST", rbacPath+"clusterrolebindings", `{"metadata":{"name":"actor"},"roleRef":{"kind":"ClusterRole","name":"actor"},"subjects":[{"kind":"User","name":"jane"}]}`)
	h.must("POST", rbacPath+"clusterrolebindings", `{"metadata":{"name":"joe"},"roleRef":{"kind":"ClusterRole","name":"reader"},"subjects":[{"kind":"User","name":"joe"}]}`)
	h.token = "somebody"
	back = h.as("joe")
	h.must("GET", configMaps, "")
	back()
	back = h.as("joe", "system:masters")
	h.fails(403, "Forbidden", "GET", configMaps, "")
	back()
	require.Contains(t, h.fails(400, "BadRequest", "GET", configMaps, "", "Impersonate-Group", "readers"), "without impersonating a user name")
}

// The built-in roles come back, with what others added to them.
func TestBuiltInRolesAreReconciled(t *testing.T) {
	h := newHarness(t)
	view := rbacPath + "clusterroles/system:discovery"
	const merge = "application/merge-patch+json"
	h.must("PATCH", view, `{"rules":[{"verbs":["get"],"nonResourceURLs":["/mine"]}]}`, "Content-Type", merge)
	h.must("DELETE", rbacPath+"clusterroles/system:monitoring", "")
	h.must("PATCH", rbacPath+"clusterroles/system:basic-user", `{"metadata":{"annotations":{"rbac.authorization.kubernetes.io/autoupdate":"false"}},"rules":[]}`, "Content-Type", merge)
	require.NoError(t, h.server.bootstrap(context.Background()))
	role := h.must("GET", view, "")
	require.Equal(t, "/mine", role.at("rules.0.nonResourceURLs.0"))
	require.Equal(t, "/api", role.at("rules.1.nonResourceURLs.0"))
	h.must("GET", rbacPath+"clusterroles/system:monitoring", "")
	require.Nil(t, h.must("GET", rbacPath+"clusterroles/system:basic-user", "").at("rules.0"))

	before := h.store.Revision()
	require.NoError(t, h.server.bootstrap(context.Background()))
	require.Equal(t, before, h.store.Revision(), "nothing is written the second time")
}
