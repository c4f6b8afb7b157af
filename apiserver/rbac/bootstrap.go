package rbac

import (
	"slices"
	"strings"

	"kubelite/api"
)

// The roles and bindings that every cluster starts with. They are ordinary objects: whoever may can change them, and a
// starting API server puts back what is missing (reconcile.go), unless the object's annotation
// rbac.authorization.kubernetes.io/autoupdate says "false".
//
// The names and rules are those of real Kubernetes (bootstrappolicy there), with additions that are named kubelite:*.

// namedRules is a role in short.
type namedRules struct {
	name  string
	rules []api.PolicyRule
}

const (
	system           = "kube-system"
	controllerPrefix = "system:controller:"
)

// Sets of verbs that come up again and again.
const (
	read      = "get list watch"
	write     = "create delete deletecollection patch update"
	readWrite = "create delete deletecollection get list patch update watch"
)

// can is a rule for resources. Words are separated by spaces; "core" is the core group.
func can(verbs, groups, resources string) api.PolicyRule {
	rule := api.PolicyRule{Verbs: words(verbs), APIGroups: words(groups), Resources: words(resources)}
	for i, group := range rule.APIGroups {
		if group == "core" {
			rule.APIGroups[i] = ""
		}
	}
	return rule
}

// named is a rule for the objects of certain names.
func named(verbs, groups, resources, names string) api.PolicyRule {
	rule := can(verbs, groups, resources)
	rule.ResourceNames = words(names)
	return rule
}

// paths is a rule for paths that are not resources.
func paths(verbs, urls string) api.PolicyRule {
	return api.PolicyRule{Verbs: words(verbs), NonResourceURLs: words(urls)}
}

func words(s string) []string {
	list := strings.Fields(s)
	slices.Sort(list)
	return list
}

// recordEvents is what nearly every component does.
var recordEvents = can("create patch update", "core events.k8s.io", "events")

// bindings say who has which ClusterRole.
var clusterBindings = []struct {
	role     string
	subjects []api.Subject
}{
	{"cluster-admin", []api.Subject{group("system:masters")}},
	{"system:monitoring", []api.Subject{group("system:monitoring")}},
	{"system:discovery", []api.Subject{group("system:authenticated")}},
	{"system:basic-user", []api.Subject{group("system:authenticated")}},
	{"system:public-info-viewer", []api.Subject{group("system:authenticated"), group("system:unauthenticated")}},
	{"system:node-proxier", []api.Subject{user("system:kube-proxy")}},
	{"system:kube-controller-manager", []api.Subject{user("system:kube-controller-manager")}},
	{"system:kube-dns", []api.Subject{account("kube-dns")}},
	{"system:kube-scheduler", []api.Subject{user("system:kube-scheduler")}},
	{"system:volume-scheduler", []api.Subject{user("system:kube-scheduler")}},
	{"system:service-account-issuer-discovery", []api.Subject{group("system:serviceaccounts")}},
	// For nobody: what a node may do depends on its pods, which rules cannot say. The node authorizer knows.
	{"system:node", nil},
	{"kubelite:network-policy", []api.Subject{user("system:kube-proxy")}},
	{"kubelite:ledger-writer", []api.Subject{
		user("system:kube-scheduler"), user("system:kube-controller-manager"), user("system:kube-proxy"), group("system:nodes"), group("system:serviceaccounts:kube-system"),
	}},
}

// namespaceBindings say who has which Role.
var namespaceBindings = []struct {
	namespace, name, role string
	subjects              []api.Subject
}{
	{system, "system::extension-apiserver-authentication-reader", "extension-apiserver-authentication-reader", []api.Subject{user("system:kube-controller-manager"), user("system:kube-scheduler")}},
	{system, "kubelite:act-as-controllers", "kubelite:act-as-controllers", []api.Subject{user("system:kube-controller-manager")}},
	{system, "system::leader-locking-kube-controller-manager", "system::leader-locking-kube-controller-manager", []api.Subject{user("system:kube-controller-manager"), account("kube-controller-manager"), account("leader-election-controller")}},
	{system, "system::leader-locking-kube-scheduler", "system::leader-locking-kube-scheduler", []api.Subject{user("system:kube-scheduler"), account("kube-scheduler")}},
	{system, controllerPrefix + "bootstrap-signer", controllerPrefix + "bootstrap-signer", []api.Subject{account("bootstrap-signer")}},
	{system, controllerPrefix + "cloud-provider", controllerPrefix + "cloud-provider", []api.Subject{account("cloud-provider")}},
	{system, controllerPrefix + "token-cleaner", controllerPrefix + "token-cleaner", []api.Subject{account("token-cleaner")}},
	{"kube-public", controllerPrefix + "bootstrap-signer", controllerPrefix + "bootstrap-signer", []api.Subject{account("bootstrap-signer")}},
}

func user(name string) api.Subject {
	return api.Subject{Kind: api.SubjectUser, APIGroup: api.RBACGroup, Name: name}
}

func group(name string) api.Subject {
	return api.Subject{Kind: api.SubjectGroup, APIGroup: api.RBACGroup, Name: name}
}

// account is a service account in kube-system.
func account(name string) api.Subject {
	return api.Subject{Kind: api.SubjectServiceAccount, Namespace: system, Name: name}
}

// NodeRules are what every node may do, whichever its pods are. The node authorizer narrows some of them down.
func NodeRules() []api.PolicyRule {
	roles := clusterRoles()
	return roles[slices.IndexFunc(roles, func(r namedRules) bool { return r.name == "system:node" })].rules
}

// Bootstrap makes the objects: roles first, then the bindings that name them.
func Bootstrap() (objects []api.Object) {
	for _, name := range []string{"admin", "edit", "view"} {
		objects = append(objects, &api.ClusterRole{ObjectMeta: bootstrapMeta("", name), AggregationRule: &api.AggregationRule{
			ClusterRoleSelectors: []api.LabelSelector{{MatchLabels: map[string]string{aggregateLabel(name): "true"}}},
		}})
	}
	for _, r := range clusterRoles() {
		objects = append(objects, &api.ClusterRole{ObjectMeta: bootstrapMeta("", r.name), Rules: r.rules})
	}
	for _, r := range controllerRoles() {
		objects = append(objects, &api.ClusterRole{ObjectMeta: bootstrapMeta("", controllerPrefix+r.name), Rules: r.rules})
	}
	for _, r := range namespaceRoles {
		objects = append(objects, &api.Role{ObjectMeta: bootstrapMeta(r.namespace, r.name), Rules: r.rules})
	}
	for _, b := range clusterBindings {
		objects = append(objects, &api.ClusterRoleBinding{ObjectMeta: bootstrapMeta("", b.role), RoleRef: roleRef("ClusterRole", b.role), Subjects: b.subjects})
	}
	for _, r := range controllerRoles() {
		name := controllerPrefix + r.name
		objects = append(objects, &api.ClusterRoleBinding{ObjectMeta: bootstrapMeta("", name), RoleRef: roleRef("ClusterRole", name), Subjects: []api.Subject{account(r.name)}})
	}
	for _, b := range namespaceBindings {
		objects = append(objects, &api.RoleBinding{ObjectMeta: bootstrapMeta(b.namespace, b.name), RoleRef: roleRef("Role", b.role), Subjects: b.subjects})
	}
	return objects
}

func roleRef(kind, name string) api.RoleRef {
	return api.RoleRef{APIGroup: api.RBACGroup, Kind: kind, Name: name}
}

func aggregateLabel(to string) string { return api.RBACGroup + "/aggregate-to-" + to }

func bootstrapMeta(namespace, name string) api.ObjectMeta {
	meta := api.ObjectMeta{
		Namespace: namespace, Name: name,
		Annotations: map[string]string{api.RBACAutoUpdateAnnotation: "true"},
		Labels:      map[string]string{"kubernetes.io/bootstrapping": "rbac-defaults"},
	}
	if to, ok := aggregateLabels[name]; ok && namespace == "" {
		meta.Labels[aggregateLabel(to)] = "true"
	}
	return meta
}
