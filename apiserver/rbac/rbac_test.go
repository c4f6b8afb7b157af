package rbac

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestRuleAllows(t *testing.T) {
	get := func(group, resource, sub, name string) *Attributes {
		return &Attributes{Verb: "get", IsResource: true, Group: group, Resource: resource, Subresource: sub, Name: name}
	}
	path := func(path string) *Attributes { return &Attributes{Verb: "get", Path: path} }
	for _, test := range []struct {
		rule api.PolicyRule
		what *Attributes
		want bool
	}{
		{can("get", "core", "pods"), get("", "pods", "", "web"), true},
		{can("list", "core", "pods"), get("", "pods", "", "web"), false},
		{can("*", "*", "*"), get("apps", "deployments", "scale", "web"), true},
		{can("get", "apps", "pods"), get("", "pods", "", ""), false},
		{can("get", "core", "pods"), get("", "pods", "log", ""), false},
		{can("get", "core", "pods/log"), get("", "pods", "log", ""), true},
		{can("get", "core", "pods/log"), get("", "pods", "", ""), false},
		{can("get", "core", "pods/"), get("", "pods", "", ""), false},
		{can("get", "core", "pods/*"), get("", "pods", "log", ""), false}, // only before the slash
		{can("get", "*", "*/scale"), get("apps", "deployments", "scale", ""), true},
		{can("get", "*", "*/scale"), get("apps", "deployments", "", ""), false},
		{can("get", "*", "*/"), get("apps", "deployments", "", ""), false},
		{named("get", "core", "secrets", "a b"), get("", "secrets", "", "b"), true},
		{named("get", "core", "secrets", "a b"), get("", "secrets", "", "c"), false},
		{named("get", "core", "secrets", "a b"), get("", "secrets", "", ""), false},
		{named("get", "core", "secrets", "*"), get("", "secrets", "", "c"), false}, // a name, not a star
		{paths("get", "/healthz"), path("/healthz"), true},
		{paths("get", "/healthz"), path("/healthz/etcd"), false},
		{paths("get", "/healthz/*"), path("/healthz/etcd"), true},
		{paths("get", "/api*"), path("/apis"), true},
		{paths("get", "*"), path("/metrics"), true},
		{paths("post", "*"), path("/metrics"), false},
		{can("*", "*", "*"), path("/metrics"), false},
	} {
		require.Equal(t, test.want, RuleAllows(&test.rule, test.what), "%s for %+v", describe(&test.rule), *test.what)
	}
}

func TestCovers(t *testing.T) {
	rules := func(rules ...api.PolicyRule) []api.PolicyRule { return rules }
	for _, test := range []struct {
		name         string
		held, wanted []api.PolicyRule
		missing      []string
	}{
		{"the same", rules(can("get list", "core", "pods")), rules(can("get", "core", "pods")), nil},
		{"put together from several", rules(can("get", "core", "pods"), can("list", "core", "pods")), rules(can("get list", "core", "pods")), nil},
		{"more verbs", rules(can("get", "core", "pods")), rules(can("get delete patch", "core", "pods")),
			[]string{`{APIGroups:[""], Resources:["pods"], Verbs:["delete" "patch"]}`}},
		{"a star needs a star", rules(can("get list watch create update patch delete deletecollection", "*", "*")), rules(can("*", "core", "pods")),
			[]string{`{APIGroups:[""], Resources:["pods"], Verbs:["*"]}`}},
		{"all names", rules(named("get", "core", "secrets", "a")), rules(can("get", "core", "secrets")),
			[]string{`{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}`}},
		{"another name", rules(named("get", "core", "secrets", "a")), rules(named("get", "core", "secrets", "a b")),
			[]string{`{APIGroups:[""], Resources:["secrets"], ResourceNames:["b"], Verbs:["get"]}`}},
		{"one name of all", rules(can("get", "core", "secrets")), rules(named("get", "core", "secrets", "a")), nil},
		{"a subresource of all", rules(can("update", "*", "*/scale")), rules(can("update", "apps", "deployments/scale")), nil},
		{"a resource is not its subresource", rules(can("get", "core", "pods")), rules(can("get", "core", "pods/exec")),
			[]string{`{APIGroups:[""], Resources:["pods/exec"], Verbs:["get"]}`}},
		{"paths", rules(paths("get", "/api/*")), rules(paths("get", "/api/v1 /metrics")),
			[]string{`{NonResourceURLs:["/metrics"], Verbs:["get"]}`}},
		{"nothing is covered by nobody", nil, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var texts []string
			for _, rule := range compact(Covers(test.held, test.wanted)) {
				texts = append(texts, describe(&rule))
			}
			require.Equal(t, test.missing, texts)
		})
	}
}

// bootstrapped is a Policy with the built-in roles and what a test adds.
func bootstrapped(objects ...api.Object) *Policy {
	p := NewPolicy()
	for _, obj := range append(Bootstrap(), objects...) {
		p.Put(obj)
	}
	return p
}

func TestDecide(t *testing.T) {
	view := &api.RoleBinding{ObjectMeta: api.ObjectMeta{Namespace: "team", Name: "viewers"}, RoleRef: roleRef("ClusterRole", "readers"),
		Subjects: []api.Subject{user("jane"), {Kind: "ServiceAccount", Name: "robot"}, group("ops")}}
	readers := &api.ClusterRole{ObjectMeta: api.ObjectMeta{Name: "readers"}, Rules: []api.PolicyRule{can(read, "core", "pods")}}
	lost := &api.ClusterRoleBinding{ObjectMeta: api.ObjectMeta{Name: "lost"}, RoleRef: roleRef("ClusterRole", "gone"), Subjects: []api.Subject{user("jane")}}
	p := bootstrapped(view, readers, lost)
	decide := func(user, groups, namespace, verb, resource string) Decision {
		return p.Decide(&Attributes{User: user, Groups: words(groups), Verb: verb, IsResource: true, Resource: resource, Namespace: namespace})
	}
	allowed := decide("jane", "", "team", "get", "pods")
	require.True(t, allowed.Allowed)
	require.Equal(t, `RBAC: allowed by RoleBinding "viewers/team" of ClusterRole "readers" to User "jane"`, allowed.Reason())
	byGroup := decide("joe", "ops", "team", "get", "pods")
	require.Equal(t, `RBAC: allowed by RoleBinding "viewers/team" of ClusterRole "readers" to Group "ops"`, byGroup.Reason())
	byAccount := decide("system:serviceaccount:team:robot", "", "team", "get", "pods")
	require.Equal(t, `RBAC: allowed by RoleBinding "viewers/team" of ClusterRole "readers" to ServiceAccount "robot/team"`, byAccount.Reason())

	elsewhere := decide("jane", "", "other", "get", "pods")
	require.False(t, elsewhere.Allowed)
	require.Equal(t, `RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found`, elsewhere.Reason())
	everywhere := decide("jane", "", "", "list", "pods")
	require.False(t, everywhere.Allowed)
	other := decide("system:serviceaccount:other:robot", "", "team", "get", "pods")
	require.False(t, other.Allowed)
	require.Empty(t, other.Reason())

	// Changes count at once; what is taken away is gone.
	changed := *view
	changed.Subjects = []api.Subject{user("joe")}
	p.Put(&changed)
	require.False(t, decide("jane", "", "team", "get", "pods").Allowed)
	require.True(t, decide("joe", "", "team", "get", "pods").Allowed)
	p.Remove(readers)
	require.Equal(t, `RBAC: clusterrole.rbac.authorization.k8s.io "readers" not found`, func() string { d := decide("joe", "", "team", "get", "pods"); return d.Reason() }())
	p.Put(readers)
	p.Remove(&changed)
	require.False(t, decide("joe", "", "team", "get", "pods").Allowed)
	require.NotContains(t, p.bindings, "team")
}

func TestConfirmNoEscalation(t *testing.T) {
	p := bootstrapped()
	require.NoError(t, p.ConfirmNoEscalation("root", []string{"system:masters"}, "", []api.PolicyRule{can("*", "*", "*")}))
	require.EqualError(t, p.ConfirmNoEscalation("jane", []string{"a", "b"}, "", []api.PolicyRule{can("get list", "core", "secrets pods"), paths("get", "/x")}),
		`user "jane" (groups=["a" "b"]) is attempting to grant RBAC permissions not currently held:
{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}
{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}
{NonResourceURLs:["/x"], Verbs:["get"]}`)
}

func TestReconcile(t *testing.T) {
	wanted := func() *api.ClusterRole {
		return &api.ClusterRole{ObjectMeta: bootstrapMeta("", "r"), Rules: []api.PolicyRule{can("get list", "core", "pods")}}
	}
	role := wanted()
	changed, _ := Reconcile(role, wanted())
	require.False(t, changed)

	role.Rules = []api.PolicyRule{can("get", "core", "pods"), can("get", "core", "nodes")}
	role.Labels = map[string]string{"mine": "x"}
	changed, recreate := Reconcile(role, wanted())
	require.True(t, changed)
	require.False(t, recreate)
	require.Equal(t, []api.PolicyRule{can("get", "core", "pods"), can("get", "core", "nodes"), can("list", "core", "pods")}, role.Rules, "what is missing is added, the rest stays")
	require.Equal(t, map[string]string{"mine": "x", "kubernetes.io/bootstrapping": "rbac-defaults"}, role.Labels)

	role.Rules, role.Annotations = nil, map[string]string{api.RBACAutoUpdateAnnotation: "false"}
	changed, _ = Reconcile(role, wanted())
	require.False(t, changed, "hands off")

	binding := &api.ClusterRoleBinding{ObjectMeta: bootstrapMeta("", "b"), RoleRef: roleRef("ClusterRole", "r"), Subjects: []api.Subject{user("x")}}
	changed, recreate = Reconcile(binding, &api.ClusterRoleBinding{ObjectMeta: bootstrapMeta("", "b"), RoleRef: roleRef("ClusterRole", "r"), Subjects: []api.Subject{user("y")}})
	require.True(t, changed)
	require.False(t, recreate)
	require.Equal(t, []api.Subject{user("x"), user("y")}, binding.Subjects)
	_, recreate = Reconcile(binding, &api.ClusterRoleBinding{ObjectMeta: bootstrapMeta("", "b"), RoleRef: roleRef("ClusterRole", "other")})
	require.True(t, recreate)
}

func BenchmarkDecide(b *testing.B) {
	p := bootstrapped()
	a := &Attributes{User: "system:serviceaccount:kube-system:replicaset-controller", Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"},
		Verb: "create", IsResource: true, Resource: "pods", Namespace: "default"}
	for b.Loop() {
		if d := p.Decide(a); !d.Allowed {
			b.Fatal()
		}
	}
}
