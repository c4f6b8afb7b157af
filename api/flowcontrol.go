package api

import "slices"

// The priority levels and flow schemas that every cluster starts with: two of each are mandatory and fixed, the others
// a suggestion, as upstream makes them (k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap).

// The names of the mandatory objects.
const (
	PriorityLevelConfigurationNameExempt   = "exempt"
	PriorityLevelConfigurationNameCatchAll = "catch-all"
	FlowSchemaNameExempt                   = "exempt"
	FlowSchemaNameCatchAll                 = "catch-all"
)

// MandatoryFlow tells whether a FlowSchema or a priority level of that name is mandatory: there is one of each.
func MandatoryFlow(name string) bool {
	return name == FlowSchemaNameExempt || name == FlowSchemaNameCatchAll
}

// FlowAutoUpdate is the annotation of an object that the server may bring up to date by itself: "true" or "false".
const FlowAutoUpdate = "apf.kubernetes.io/autoupdate-spec"

var flowAutoUpdate = map[string]string{FlowAutoUpdate: "true"}

// MandatoryPriorityLevels are exempt, for requests that are never held back, and catch-all, for what nothing else
// takes.
func MandatoryPriorityLevels() []*PriorityLevelConfiguration {
	return []*PriorityLevelConfiguration{
		priorityLevel("catch-all", PriorityLevelConfigurationSpec{
			Type: PriorityLevelEnablementLimited,
			Limited: &LimitedPriorityLevelConfiguration{
				NominalConcurrencyShares: Ptr[int32](5), LendablePercent: Ptr[int32](0),
				LimitResponse: LimitResponse{Type: LimitResponseTypeReject},
			},
		}),
		priorityLevel("exempt", PriorityLevelConfigurationSpec{
			Type:   PriorityLevelEnablementExempt,
			Exempt: &ExemptPriorityLevelConfiguration{NominalConcurrencyShares: Ptr[int32](0), LendablePercent: Ptr[int32](0)},
		}),
	}
}

// SuggestedPriorityLevels are the mandatory ones and those that keep the cluster's own work and its users apart.
func SuggestedPriorityLevels() []*PriorityLevelConfiguration {
	return append(MandatoryPriorityLevels(),
		queuedLevel("system", 30, 33, 64, 6),
		queuedLevel("node-high", 40, 25, 64, 6),
		queuedLevel("leader-election", 10, 0, 16, 4),
		queuedLevel("workload-high", 40, 50, 128, 6),
		queuedLevel("workload-low", 100, 90, 128, 6),
		queuedLevel("global-default", 20, 50, 128, 6),
	)
}

func priorityLevel(name string, spec PriorityLevelConfigurationSpec) *PriorityLevelConfiguration {
	return &PriorityLevelConfiguration{ObjectMeta: ObjectMeta{Name: name, Annotations: flowAutoUpdate}, Spec: spec}
}

func queuedLevel(name string, shares, lendable, queues, hand int32) *PriorityLevelConfiguration {
	return priorityLevel(name, PriorityLevelConfigurationSpec{
		Type: PriorityLevelEnablementLimited,
		Limited: &LimitedPriorityLevelConfiguration{
			NominalConcurrencyShares: &shares, LendablePercent: &lendable,
			LimitResponse: LimitResponse{
				Type:    LimitResponseTypeQueue,
				Queuing: &QueuingConfiguration{Queues: queues, HandSize: hand, QueueLengthLimit: 50},
			},
		},
	})
}

// MandatoryFlowSchemas send the masters of the system to exempt and everything that is left to catch-all.
func MandatoryFlowSchemas() []*FlowSchema {
	return []*FlowSchema{
		flowSchema("exempt", "exempt", 1, "", everything(flowGroups("system:masters"))),
		flowSchema("catch-all", "catch-all", maxMatchingPrecedence, FlowDistinguisherMethodByUserType, everything(everybody())),
	}
}

// SuggestedFlowSchemas are the mandatory ones and those that belong to the suggested priority levels.
func SuggestedFlowSchemas() []*FlowSchema {
	const byUser, byNamespace = FlowDistinguisherMethodByUserType, FlowDistinguisherMethodByNamespaceType
	nodes := flowGroups("system:nodes")
	systemAccounts := []FlowcontrolSubject{{
		Kind: SubjectKindServiceAccount, ServiceAccount: &ServiceAccountSubject{Name: wildcard, Namespace: "kube-system"},
	}}
	leases := func(verbs ...string) ResourcePolicyRule {
		return flowRule(verbs, "coordination.k8s.io", false, "leases")
	}
	return append(MandatoryFlowSchemas(),
		flowSchema("system-nodes", "system", 500, byUser, everything(nodes)),
		flowSchema("system-node-high", "node-high", 400, byUser, PolicyRulesWithSubjects{
			Subjects:      nodes,
			ResourceRules: []ResourcePolicyRule{flowRule([]string{wildcard}, "", true, "nodes", "nodes/status"), leases(wildcard)},
		}),
		flowSchema("probes", "exempt", 2, "", PolicyRulesWithSubjects{
			Subjects:         everybody(),
			NonResourceRules: []NonResourcePolicyRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"/healthz", "/readyz", "/livez"}}},
		}),
		flowSchema("system-leader-election", "leader-election", 100, byUser, PolicyRulesWithSubjects{
			Subjects:      slices.Concat(flowUsers("system:kube-controller-manager", "system:kube-scheduler"), systemAccounts),
			ResourceRules: []ResourcePolicyRule{leases("get", "create", "update")},
		}),
		flowSchema("kube-controller-manager", "workload-high", 800, byNamespace, everything(flowUsers("system:kube-controller-manager"))),
		flowSchema("kube-scheduler", "workload-high", 800, byNamespace, everything(flowUsers("system:kube-scheduler"))),
		flowSchema("kube-system-service-accounts", "workload-high", 900, byNamespace, everything(systemAccounts)),
		flowSchema("service-accounts", "workload-low", 9000, byUser, everything(flowGroups("system:serviceaccounts"))),
		flowSchema("global-default", "global-default", 9900, byUser, everything(everybody())),
	)
}

func flowSchema(name, level string, precedence int32, method FlowDistinguisherMethodType, rules PolicyRulesWithSubjects) *FlowSchema {
	schema := &FlowSchema{
		ObjectMeta: ObjectMeta{Name: name, Annotations: flowAutoUpdate},
		Spec: FlowSchemaSpec{
			PriorityLevelConfiguration: PriorityLevelConfigurationReference{Name: level},
			MatchingPrecedence:         precedence, Rules: []PolicyRulesWithSubjects{rules},
		},
	}
	if method != "" {
		schema.Spec.DistinguisherMethod = &FlowDistinguisherMethod{Type: method}
	}
	return schema
}

// everything is every request of some subjects.
func everything(subjects []FlowcontrolSubject) PolicyRulesWithSubjects {
	return PolicyRulesWithSubjects{
		Subjects:         subjects,
		ResourceRules:    []ResourcePolicyRule{flowRule([]string{wildcard}, wildcard, true, wildcard)},
		NonResourceRules: []NonResourcePolicyRule{{Verbs: []string{wildcard}, NonResourceURLs: []string{wildcard}}},
	}
}

func flowRule(verbs []string, group string, clusterScope bool, resources ...string) ResourcePolicyRule {
	return ResourcePolicyRule{
		Verbs: verbs, APIGroups: []string{group}, Resources: resources, Namespaces: []string{wildcard}, ClusterScope: clusterScope,
	}
}

func everybody() []FlowcontrolSubject {
	return flowGroups("system:unauthenticated", "system:authenticated")
}

func flowGroups(names ...string) []FlowcontrolSubject {
	subjects := make([]FlowcontrolSubject, len(names))
	for i, name := range names {
		subjects[i] = FlowcontrolSubject{Kind: SubjectKindGroup, Group: &GroupSubject{Name: name}}
	}
	return subjects
}

func flowUsers(names ...string) []FlowcontrolSubject {
	subjects := make([]FlowcontrolSubject, len(names))
	for i, name := range names {
		subjects[i] = FlowcontrolSubject{Kind: SubjectKindUser, User: &UserSubject{Name: name}}
	}
	return subjects
}
