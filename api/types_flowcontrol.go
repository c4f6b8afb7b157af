package api

// FlowSchema sorts requests to the API server into flows, and says which priority level they belong to.
type FlowSchema struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Which requests, and where they go.
	Spec FlowSchemaSpec `json:"spec,omitempty" pb:"2"`
	// What is. The server writes it.
	Status FlowSchemaStatus `json:"status,omitempty" pb:"3"`
}

// FlowSchemaSpec is which requests a FlowSchema takes and what becomes of them.
type FlowSchemaSpec struct {
	// The priority level of the requests.
	PriorityLevelConfiguration PriorityLevelConfigurationReference `json:"priorityLevelConfiguration" pb:"1"`
	// Which of several schemas that match is taken: the one with the lowest number, from 1 to 10000. Default: 1000.
	MatchingPrecedence int32 `json:"matchingPrecedence" pb:"2" api:"optional"`
	// What makes two requests part of one flow. Nothing: all requests of the schema are one flow.
	DistinguisherMethod *FlowDistinguisherMethod `json:"distinguisherMethod,omitempty" pb:"3"`
	// Which requests match: those that any of the rules takes.
	Rules []PolicyRulesWithSubjects `json:"rules,omitempty" pb:"4" list:"atomic"`
}

// FlowDistinguisherMethodType names what tells flows apart.
type FlowDistinguisherMethodType string

const (
	// Each user is a flow, so that one cannot crowd out the others.
	FlowDistinguisherMethodByUserType FlowDistinguisherMethodType = "ByUser"
	// Each namespace is a flow.
	FlowDistinguisherMethodByNamespaceType FlowDistinguisherMethodType = "ByNamespace"
)

// FlowDistinguisherMethod says what tells the flows of a schema apart.
type FlowDistinguisherMethod struct {
	// ByUser or ByNamespace.
	Type FlowDistinguisherMethodType `json:"type" pb:"1"`
}

// PriorityLevelConfigurationReference names a priority level.
type PriorityLevelConfigurationReference struct {
	// The PriorityLevelConfiguration's name.
	Name string `json:"name" pb:"1"`
}

// PolicyRulesWithSubjects takes the requests of some subjects on some resources or paths.
type PolicyRulesWithSubjects struct {
	// Who asks: any of these.
	Subjects []FlowcontrolSubject `json:"subjects" pb:"1" list:"atomic"`
	// Which requests on resources: any of these.
	ResourceRules []ResourcePolicyRule `json:"resourceRules,omitempty" pb:"2" list:"atomic"`
	// Which requests on other paths: any of these.
	NonResourceRules []NonResourcePolicyRule `json:"nonResourceRules,omitempty" pb:"3" list:"atomic"`
}

// FlowcontrolSubject is who sends a request.
type FlowcontrolSubject struct {
	// User, Group or ServiceAccount; the field of that name is set.
	Kind SubjectKind `json:"kind" pb:"1"`
	// The user, if kind is User.
	User *UserSubject `json:"user,omitempty" pb:"2"`
	// The group, if kind is Group.
	Group *GroupSubject `json:"group,omitempty" pb:"3"`
	// The service account, if kind is ServiceAccount.
	ServiceAccount *ServiceAccountSubject `json:"serviceAccount,omitempty" pb:"4"`
}

// SubjectKind names what a subject is.
type SubjectKind string

const (
	SubjectKindUser           SubjectKind = "User"
	SubjectKindGroup          SubjectKind = "Group"
	SubjectKindServiceAccount SubjectKind = "ServiceAccount"
)

// UserSubject is a user.
type UserSubject struct {
	// The user's name, or "*" for all.
	Name string `json:"name" pb:"1"`
}

// GroupSubject is all users of a group.
type GroupSubject struct {
	// The group's name, or "*" for all.
	Name string `json:"name" pb:"1"`
}

// ServiceAccountSubject is a service account.
type ServiceAccountSubject struct {
	// Where it is.
	Namespace string `json:"namespace" pb:"1"`
	// Its name, or "*" for all of the namespace.
	Name string `json:"name" pb:"2"`
}

// ResourcePolicyRule takes requests on resources. Each of its lists must fit.
type ResourcePolicyRule struct {
	// What is done: get, list and so on, or "*" alone.
	Verbs []string `json:"verbs" pb:"1" list:"set"`
	// The groups of the resources, or "*" alone.
	APIGroups []string `json:"apiGroups" pb:"2" list:"set"`
	// The resources, with subresources as "pods/status", or "*" alone.
	Resources []string `json:"resources" pb:"3" list:"set"`
	// Whether requests outside of any namespace are taken. Default: false.
	ClusterScope bool `json:"clusterScope,omitempty" pb:"4"`
	// Requests in these namespaces are taken, or in all for "*". May be empty only with clusterScope.
	Namespaces []string `json:"namespaces" pb:"5" list:"set" api:"optional"`
}

// NonResourcePolicyRule takes requests on paths that are no resources.
type NonResourcePolicyRule struct {
	// What is done: get and so on, or "*" alone.
	Verbs []string `json:"verbs" pb:"1" list:"set"`
	// The paths: "/healthz", "/metrics/*", or "*" alone.
	NonResourceURLs []string `json:"nonResourceURLs" pb:"6" list:"set"`
}

// FlowSchemaStatus is what the server found about a FlowSchema.
type FlowSchemaStatus struct {
	// Dangling tells whether the priority level is missing.
	Conditions []FlowSchemaCondition `json:"conditions,omitempty" pb:"1" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// FlowSchemaCondition is one aspect of a FlowSchema's state.
type FlowSchemaCondition struct {
	// Dangling.
	Type FlowSchemaConditionType `json:"type,omitempty" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status,omitempty" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"3"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
}

// FlowSchemaConditionType names an aspect of a FlowSchema's state.
type FlowSchemaConditionType string

// FlowSchemaConditionDangling: the priority level that the schema names does not exist.
const FlowSchemaConditionDangling FlowSchemaConditionType = "Dangling"

// PriorityLevelConfiguration says how many requests of one priority the API server works on at a time, and what
// becomes of more.
type PriorityLevelConfiguration struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted.
	Spec PriorityLevelConfigurationSpec `json:"spec,omitempty" pb:"2"`
	// What is. The server writes it.
	Status PriorityLevelConfigurationStatus `json:"status,omitempty" pb:"3"`
}

// PriorityLevelConfigurationSpec is how a priority level treats its requests.
type PriorityLevelConfigurationSpec struct {
	// Exempt: never held back; or Limited.
	Type PriorityLevelEnablement `json:"type" pb:"1"`
	// The limits, if type is Limited.
	Limited *LimitedPriorityLevelConfiguration `json:"limited,omitempty" pb:"2"`
	// How much of the server the exempt requests are taken to need, if type is Exempt.
	Exempt *ExemptPriorityLevelConfiguration `json:"exempt,omitempty" pb:"3"`
}

// PriorityLevelEnablement says whether a priority level has limits.
type PriorityLevelEnablement string

const (
	// Requests are never held back.
	PriorityLevelEnablementExempt PriorityLevelEnablement = "Exempt"
	// Requests are limited in number.
	PriorityLevelEnablementLimited PriorityLevelEnablement = "Limited"
)

// LimitedPriorityLevelConfiguration is how many requests of a level may run.
type LimitedPriorityLevelConfiguration struct {
	// The level's share of what the server can do, relative to the other levels' shares. Default: 30.
	NominalConcurrencyShares *int32 `json:"nominalConcurrencyShares" pb:"1" api:"optional"`
	// What becomes of requests that cannot run now.
	LimitResponse LimitResponse `json:"limitResponse,omitempty" pb:"2"`
	// How much of its share other levels may borrow, in percent. Default: 0.
	LendablePercent *int32 `json:"lendablePercent,omitempty" pb:"3"`
	// How much more than its share the level may borrow, in percent of it. Nothing: no limit.
	BorrowingLimitPercent *int32 `json:"borrowingLimitPercent,omitempty" pb:"4"`
}

// ExemptPriorityLevelConfiguration is what the exempt level counts for when the others get their shares.
type ExemptPriorityLevelConfiguration struct {
	// The level's share; it is no limit. Default: 0.
	NominalConcurrencyShares *int32 `json:"nominalConcurrencyShares,omitempty" pb:"1"`
	// How much of it other levels may borrow, in percent. Default: 0.
	LendablePercent *int32 `json:"lendablePercent,omitempty" pb:"2"`
}

// LimitResponse says what becomes of requests that cannot run now.
type LimitResponse struct {
	// Queue or Reject.
	Type LimitResponseType `json:"type" pb:"1"`
	// How they queue, if type is Queue.
	Queuing *QueuingConfiguration `json:"queuing,omitempty" pb:"2"`
}

// LimitResponseType names what becomes of requests that cannot run now.
type LimitResponseType string

const (
	// They wait.
	LimitResponseTypeQueue LimitResponseType = "Queue"
	// They are refused with 429.
	LimitResponseTypeReject LimitResponseType = "Reject"
)

// QueuingConfiguration is how requests wait.
type QueuingConfiguration struct {
	// Over how many queues flows are spread. Default: 64.
	Queues int32 `json:"queues" pb:"1" api:"optional"`
	// Out of how many queues, chosen by the flow, a request takes the shortest. Default: 8.
	HandSize int32 `json:"handSize" pb:"2" api:"optional"`
	// How many requests may wait in one queue. Default: 50.
	QueueLengthLimit int32 `json:"queueLengthLimit" pb:"3" api:"optional"`
}

// PriorityLevelConfigurationConditionType names an aspect of a priority level's state.
type PriorityLevelConfigurationConditionType string

// PriorityLevelConfigurationStatus is what the server found about a priority level.
type PriorityLevelConfigurationStatus struct {
	// What there is to say about it.
	Conditions []PriorityLevelConfigurationCondition `json:"conditions,omitempty" pb:"1" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// PriorityLevelConfigurationCondition is one aspect of a priority level's state.
type PriorityLevelConfigurationCondition struct {
	// The name of the aspect.
	Type PriorityLevelConfigurationConditionType `json:"type,omitempty" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status,omitempty" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"3"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
}
