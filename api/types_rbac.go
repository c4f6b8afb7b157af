package api

// Role-based access control: roles say what may be done, bindings say by whom. There are no rules that forbid.

const (
	// RBACGroup is the API group of roles and bindings, and of users and groups as subjects.
	RBACGroup = "rbac.authorization.k8s.io"
	// RBACAll stands for all verbs, API groups, resources or paths in a rule.
	RBACAll = "*"
	// RBACAutoUpdateAnnotation on a built-in role or binding says whether a starting API server may correct it.
	RBACAutoUpdateAnnotation = "rbac.authorization.kubernetes.io/autoupdate"
)

// The kinds of subjects.
const (
	SubjectUser           = "User"
	SubjectGroup          = "Group"
	SubjectServiceAccount = "ServiceAccount"
)

// PolicyRule allows verbs on resources, or on paths that are not resources. It does not say who has it.
type PolicyRule struct {
	// What may be done: get, list, watch, create, update, patch, delete, deletecollection and a few special ones. "*"
	// is everything.
	Verbs []string `json:"verbs" pb:"1" list:"atomic"`
	// The API groups that resources are in. "" is the core group, "*" every group.
	APIGroups []string `json:"apiGroups,omitempty" pb:"2" list:"atomic"`
	// The resources, as in URLs: "pods", or "pods/log" for a subresource. "*/scale" is that subresource of every
	// resource, "*" is every resource and subresource.
	Resources []string `json:"resources,omitempty" pb:"3" list:"atomic"`
	// The names of the only objects that the rule is about. Empty: all. Of a list or a create the server does not know the
	// name, so such a rule does not allow them.
	ResourceNames []string `json:"resourceNames,omitempty" pb:"4" list:"atomic"`
	// Paths that are not resources, such as "/healthz". A "*" may stand at the end. Only a ClusterRole that is bound
	// by a ClusterRoleBinding can allow them; a rule has either resources or paths.
	NonResourceURLs []string `json:"nonResourceURLs,omitempty" pb:"5" list:"atomic"`
}

// Subject is who gets a role: a user or a group by the name that authentication found out, or a service account.
type Subject struct {
	// User, Group or ServiceAccount.
	Kind string `json:"kind" pb:"1"`
	// The API group of the kind. Default: rbac.authorization.k8s.io for a User or Group, empty for a ServiceAccount.
	APIGroup string `json:"apiGroup,omitempty" pb:"2"`
	// Its name.
	Name string `json:"name" pb:"3"`
	// The namespace of a ServiceAccount. Users and groups have none.
	Namespace string `json:"namespace,omitempty" pb:"4"`
}

// RoleRef names the role that a binding gives away.
type RoleRef struct {
	// Default: rbac.authorization.k8s.io, which is the only one there is.
	APIGroup string `json:"apiGroup" pb:"1" api:"optional"`
	// Role, of the binding's own namespace, or ClusterRole. A ClusterRoleBinding can name only a ClusterRole.
	Kind string `json:"kind" pb:"2"`
	// The role's name.
	Name string `json:"name" pb:"3"`
}

// Role is a set of rules for resources of its namespace. A RoleBinding gives it to somebody.
type Role struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What the role allows.
	Rules []PolicyRule `json:"rules" pb:"2" list:"atomic" api:"optional"`
}

// RoleBinding gives a Role, or the rules of a ClusterRole, to subjects, within its namespace.
type RoleBinding struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Who gets the role. Service accounts without a namespace are of the binding's own.
	Subjects []Subject `json:"subjects,omitempty" pb:"2" list:"atomic"`
	// Which role. It cannot be changed: delete the binding and make another one.
	RoleRef RoleRef `json:"roleRef" pb:"3"`
}

// ClusterRole is a set of rules for resources of any namespace, for cluster-scoped ones and for paths. It takes effect
// in one namespace by a RoleBinding, or everywhere by a ClusterRoleBinding.
type ClusterRole struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What the role allows. With an aggregationRule, a controller writes it.
	Rules []PolicyRule `json:"rules" pb:"2" list:"atomic" api:"optional"`
	// Which other ClusterRoles this one is put together from.
	AggregationRule *AggregationRule `json:"aggregationRule,omitempty" pb:"3"`
}

// AggregationRule says which ClusterRoles another one is put together from, so that who adds a kind can add rules for
// it to roles that exist.
type AggregationRule struct {
	// ClusterRoles that any of these selects are taken in.
	ClusterRoleSelectors []LabelSelector `json:"clusterRoleSelectors,omitempty" pb:"1" list:"atomic"`
}

// ClusterRoleBinding gives a ClusterRole to subjects, in the whole cluster.
type ClusterRoleBinding struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Who gets the role.
	Subjects []Subject `json:"subjects,omitempty" pb:"2" list:"atomic"`
	// Which ClusterRole. It cannot be changed: delete the binding and make another one.
	RoleRef RoleRef `json:"roleRef" pb:"3"`
}
