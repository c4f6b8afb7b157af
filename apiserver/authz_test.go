package apiserver

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestReadTokens(t *testing.T) {
	tokens, err := readTokens(strings.NewReader("s3cret,admin,1,\"system:masters,ops\"\nt2,bob,2\n"))
	require.NoError(t, err)
	require.Equal(t, &User{Name: "admin", UID: "1", Groups: []string{"system:masters", "ops", "system:authenticated"}}, tokens["s3cret"])
	require.Equal(t, []string{"system:authenticated"}, tokens["t2"].Groups)

	for file, want := range map[string]string{
		"a,b\n":            "line 1: at least the 3 columns",
		"a,b,c\n,d,e\n":    "line 2: the token is empty",
		"a,b,c\na,d,e\n":   "line 2: the token is there twice",
		"a,b,\"c\nd,e,f\n": "extraneous or missing",
	} {
		_, err := readTokens(strings.NewReader(file))
		require.ErrorContains(t, err, want, "%q", file)
	}
}

// Who may do what. Objects that nodes may only see when they are related to them are in the stories.
func TestAuthorize(t *testing.T) {
	a := newHarness(t).server.authz
	user := func(name string, groups ...string) *User {
		return &User{Name: name, Groups: append(groups, groupAuthenticated)}
	}
	admin, nobody := user("root", groupMasters), user("bob")
	scheduler, controllers := user(userScheduler), user(userControllerManager)
	n1 := user("system:node:n1", groupNodes)
	replicaSets := user("system:serviceaccount:kube-system:replicaset-controller", api.ServiceAccountGroups("kube-system")...)
	anonymous := &User{Name: userAnonymous, Groups: []string{groupUnauthenticated}}
	for _, test := range []struct {
		who     *User
		method  string
		path    string
		allowed bool
	}{
		{admin, "DELETE", "/api/v1/namespaces/kube-system", true},
		{admin, "GET", "/metrics", true},

		{anonymous, "GET", "/healthz", true},
		{anonymous, "GET", "/readyz/ping", false},
		{anonymous, "GET", "/version", true},
		{anonymous, "GET", "/api", false},

		{nobody, "GET", "/version", true},
		{nobody, "GET", "/apis/apps/v1", true},
		{nobody, "GET", "/openapi/v3/apis/apps/v1", true},
		{nobody, "GET", "/metrics", false},
		{nobody, "GET", "/ledger", false},
		{nobody, "GET", "/api/v1/namespaces/default/pods", false},
		{nobody, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", true},

		{scheduler, "GET", "/api/v1/pods?watch=1", true},
		{scheduler, "POST", "/api/v1/namespaces/default/pods/web/binding", true},
		{scheduler, "PATCH", "/api/v1/namespaces/default/pods/web/status", true},
		{scheduler, "DELETE", "/api/v1/namespaces/default/pods/web", true},
		{scheduler, "POST", "/ledger", true},
		{scheduler, "GET", "/ledger", false},
		{scheduler, "POST", "/api/v1/namespaces/default/pods", false},
		{scheduler, "PATCH", "/api/v1/namespaces/default/pods/web", false},
		{scheduler, "GET", "/api/v1/namespaces/default/secrets", false},

		{controllers, "GET", "/api/v1/secrets", true},
		{controllers, "GET", "/apis/apps/v1/deployments?watch=1", true},
		{controllers, "POST", "/api/v1/namespaces/kube-system/serviceaccounts", true},
		{controllers, "POST", "/api/v1/namespaces/default/pods", false}, // in its own name: each loop has a name of its own
		{controllers, "POST", "/api/v1/nodes", false},
		{controllers, "POST", "/ledger", true},
		{controllers, "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager", true},
		{controllers, "PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/other", false},

		{replicaSets, "POST", "/api/v1/namespaces/default/pods", true},
		{replicaSets, "PUT", "/apis/apps/v1/namespaces/default/replicasets/web/status", true},
		{replicaSets, "POST", "/apis/apps/v1/namespaces/default/replicasets", false},
		{replicaSets, "GET", "/api/v1/secrets", false},
		{replicaSets, "POST", "/ledger", true},
		{user("system:serviceaccount:kube-system:namespace-controller"), "PUT", "/api/v1/namespaces/default/finalize", true},
		{user("system:serviceaccount:kube-system:namespace-controller"), "DELETE", "/apis/apps/v1/namespaces/default/deployments", true},

		{n1, "GET", "/api/v1/nodes/n1", true},
		{n1, "GET", "/api/v1/nodes/n2", false},
		{n1, "GET", "/api/v1/nodes", false},
		{n1, "GET", "/api/v1/nodes?watch=1&fieldSelector=metadata.name%3Dn1", true},
		{n1, "POST", "/api/v1/nodes", true},
		{n1, "DELETE", "/api/v1/nodes/n1", false},
		{n1, "PATCH", "/api/v1/nodes/n1/status", true},
		{n1, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", true},
		{n1, "GET", "/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn1", true},
		{n1, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2", false},
		{n1, "GET", "/api/v1/pods?fieldSelector=spec.nodeName!%3Dn1", false},
		{n1, "GET", "/api/v1/pods", false},
		{n1, "PATCH", "/api/v1/namespaces/default/pods/web/status", true},
		{n1, "PUT", "/api/v1/namespaces/default/pods/web", false},
		{n1, "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1", true},
		{n1, "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n2", false},
		{n1, "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/n1", false},
		{n1, "POST", "/api/v1/namespaces/default/events", true},
		{n1, "GET", "/api/v1/services", true},
		{n1, "GET", "/api/v1/namespaces/default/secrets", false},
		{n1, "POST", "/ledger", true},
		// The name of a node is worth nothing without the group.
		{user("system:node:n1"), "GET", "/api/v1/nodes/n1", false},
	} {
		req := parseRequest(httptest.NewRequest(test.method, test.path, nil))
		req.User = test.who
		allowed, _ := a.may(req)
		require.Equal(t, test.allowed, allowed, "%s %s %s", test.who.Name, test.method, test.path)
	}
}

func TestForbiddenMessage(t *testing.T) {
	for _, test := range []struct{ method, path, want string }{
		{"GET", "/api/v1/namespaces/default/pods", `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"`},
		{"DELETE", "/apis/apps/v1/namespaces/a/deployments/web", `deployments.apps "web" is forbidden: User "x" cannot delete resource "deployments" in API group "apps" in the namespace "a"`},
		{"GET", "/api/v1/nodes", `nodes is forbidden: User "x" cannot list resource "nodes" in API group "" at the cluster scope`},
		{"GET", "/api/v1/namespaces/a/pods/web/log", `pods "web" is forbidden: User "x" cannot get resource "pods/log" in API group "" in the namespace "a"`},
		{"GET", "/metrics", `forbidden: User "x" cannot get path "/metrics"`},
	} {
		req := parseRequest(httptest.NewRequest(test.method, test.path, nil))
		req.User = &User{Name: "x"}
		status := forbidden(req, "").ErrStatus
		require.Equal(t, test.want, status.Message)
		require.EqualValues(t, http.StatusForbidden, status.Code)
	}
	req := parseRequest(httptest.NewRequest("GET", "/api/v1/nodes", nil))
	req.User = &User{Name: "x"}
	require.Contains(t, forbidden(req, "because").Error(), "at the cluster scope: because")
}

// What a pod names by way of something else.
func TestNodeReachesWhatItsPodsLeadTo(t *testing.T) {
	h := newHarness(t)
	h.must("POST", pods, podJSON("mine", "", `,"nodeName":"n1","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]`))
	h.must("POST", pods, podJSON("other", "", `,"nodeName":"n2","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"others"}}]`))
	for volume, claim := range map[string]string{"v1": "data", "v2": "others"} {
		h.must("POST", "/api/v1/persistentvolumes", `{"metadata":{"name":"`+volume+`"},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/x"},
			"claimRef":{"namespace":"default","name":"`+claim+`"}}}`)
	}
	h.token = "node1"
	h.must("GET", "/api/v1/persistentvolumes/v1", "")
	require.Contains(t, h.fails(403, "Forbidden", "GET", "/api/v1/persistentvolumes/v2", ""), "no relationship found between node 'n1' and this object")
	require.Contains(t, h.fails(403, "Forbidden", "GET", "/api/v1/persistentvolumes", ""), "can only get individual resources of this type")
	h.fails(403, "Forbidden", "GET", "/api/v1/namespaces/default/persistentvolumeclaims/others", "")
	require.Equal(t, 404, h.do("GET", "/api/v1/namespaces/default/persistentvolumeclaims/data", "").code, "may, if it were there")
}
