package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRoles(t *testing.T) {
	pods := PolicyRule{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"pods"}}
	path := PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{"/healthz"}}
	for _, test := range []struct {
		name string
		obj  Object
		want []string
	}{
		{"good", &Role{Rules: []PolicyRule{pods}}, nil},
		{"none", &Role{}, nil},
		{"no verbs", &Role{Rules: []PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}}}},
			[]string{"rules[0].verbs: Required value: verbs must contain at least one value"}},
		{"nothing", &ClusterRole{Rules: []PolicyRule{{Verbs: []string{"get"}}}}, []string{
			"rules[0].apiGroups: Required value: resource rules must supply at least one api group",
			"rules[0].resources: Required value: resource rules must supply at least one resource"}},
		{"a path in a namespace", &Role{Rules: []PolicyRule{pods, path}},
			[]string{`rules[1].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs`}},
		{"a path in the cluster", &ClusterRole{Rules: []PolicyRule{path}}, nil},
		{"both", &ClusterRole{Rules: []PolicyRule{{Verbs: []string{"get"}, Resources: []string{"pods"}, NonResourceURLs: []string{"/x"}}}},
			[]string{`rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs`}},
		{"aggregation of nothing", &ClusterRole{AggregationRule: &AggregationRule{}}, []string{
			"aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"}},
		{"aggregation", &ClusterRole{AggregationRule: &AggregationRule{ClusterRoleSelectors: []LabelSelector{
			{MatchExpressions: []LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}}}}, []string{
			`aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator`,
			`aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, messages(KindFor(test.obj).Validate(test.obj)))
		})
	}
}

func TestRoleBindings(t *testing.T) {
	role := RoleRef{Kind: "ClusterRole", Name: "view"}
	for _, test := range []struct {
		name string
		obj  Object
		want []string
	}{
		{"defaults", &RoleBinding{RoleRef: role, Subjects: []Subject{{Kind: "User", Name: "jane"}, {Kind: "Group", Name: "system:masters"},
			{Kind: "ServiceAccount", Name: "robot"}}}, nil},
		{"a role everywhere", &ClusterRoleBinding{RoleRef: RoleRef{Kind: "Role", Name: "view"}},
			[]string{`roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"`}},
		{"no role", &RoleBinding{RoleRef: RoleRef{APIGroup: "x", Kind: "Pod"}}, []string{
			`roleRef.apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"`,
			`roleRef.kind: Unsupported value: "Pod": supported values: "Role", "ClusterRole"`,
			`roleRef.name: Required value`}},
		{"a path as name", &RoleBinding{RoleRef: RoleRef{Kind: "Role", Name: "a/b"}}, []string{`roleRef.name: Invalid value: "a/b": may not contain '/'`}},
		{"nobody", &RoleBinding{RoleRef: role, Subjects: []Subject{{}}}, []string{
			`subjects[0].name: Required value`,
			`subjects[0].kind: Unsupported value: "": supported values: "ServiceAccount", "User", "Group"`}},
		{"an account of nowhere", &ClusterRoleBinding{RoleRef: role, Subjects: []Subject{{Kind: "ServiceAccount", Name: "robot", APIGroup: RBACGroup}}}, []string{
			`subjects[0].apiGroup: Unsupported value: "rbac.authorization.k8s.io": supported values: ""`,
			`subjects[0].namespace: Required value`}},
		{"a user of another group", &RoleBinding{RoleRef: role, Subjects: []Subject{{Kind: "User", Name: "jane", APIGroup: "x"}}}, []string{
			`subjects[0].apiGroup: Unsupported value: "x": supported values: "rbac.authorization.k8s.io"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			kind := KindFor(test.obj)
			kind.Default(test.obj)
			require.Equal(t, test.want, messages(kind.Validate(test.obj)))
		})
	}
	was, is := &RoleBinding{RoleRef: role}, &RoleBinding{RoleRef: RoleRef{Kind: "Role", Name: "view"}}
	defaultRoleBinding(was)
	defaultRoleBinding(is)
	require.Equal(t, []string{`roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"view"}: cannot change roleRef`},
		messages(validateRoleBindingUpdate(is, was)))
}

func TestReviews(t *testing.T) {
	pods, path := &ResourceAttributes{Namespace: "a", Verb: "get", Resource: "pods"}, &NonResourceAttributes{Path: "/x", Verb: "get"}
	for _, test := range []struct {
		name string
		obj  Object
		want []string
	}{
		{"good", &SubjectAccessReview{Spec: SubjectAccessReviewSpec{User: "jane", ResourceAttributes: pods}}, nil},
		{"groups alone", &SubjectAccessReview{Spec: SubjectAccessReviewSpec{Groups: []string{"ops"}, NonResourceAttributes: path}}, nil},
		{"nothing", &SubjectAccessReview{}, []string{
			"spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
			`spec.user: Invalid value: "": at least one of user or group must be specified`}},
		{"both", &SelfSubjectAccessReview{Spec: SelfSubjectAccessReviewSpec{ResourceAttributes: pods, NonResourceAttributes: path}}, []string{
			`spec.nonResourceAttributes: Invalid value: {"Path":"/x","Verb":"get"}: cannot be specified in combination with resourceAttributes`}},
		{"elsewhere", &LocalSubjectAccessReview{ObjectMeta: ObjectMeta{Namespace: "b"}, Spec: SubjectAccessReviewSpec{User: "jane", ResourceAttributes: pods}},
			[]string{`spec.resourceAttributes.namespace: Invalid value: "a": must match metadata.namespace`}},
		{"selectors", &SelfSubjectAccessReview{Spec: SelfSubjectAccessReviewSpec{ResourceAttributes: &ResourceAttributes{
			FieldSelector: &FieldSelectorAttributes{}, LabelSelector: &LabelSelectorAttributes{RawSelector: "a", Requirements: []LabelSelectorRequirement{
				{Key: "a", Operator: "In"}, {Key: "b", Operator: "Future"}}}}}}, []string{
			"spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required",
			`spec.resourceAttributes.labelSelector.rawSelector: Invalid value: "a": may not specified at the same time as requirements`,
			"spec.resourceAttributes.labelSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"}},
		{"a short token", &TokenRequest{Spec: TokenRequestSpec{ExpirationSeconds: Ptr(int64(599))}},
			[]string{"spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes"}},
		{"a token for ever", &TokenRequest{Spec: TokenRequestSpec{ExpirationSeconds: Ptr(int64(1<<32 + 1))}},
			[]string{"spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, messages(KindFor(test.obj).Validate(test.obj)))
		})
	}
}
