package api

// MutatingWebhookConfiguration names programs that may change objects before they are stored. They are asked one
// after the other.
type MutatingWebhookConfiguration struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The webhooks, and what each of them wants to see.
	Webhooks []MutatingWebhook `json:"webhooks,omitempty" pb:"2" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
}

// ValidatingWebhookConfiguration names programs that may refuse a write, without changing it. They are asked all at
// once.
type ValidatingWebhookConfiguration struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The webhooks, and what each of them wants to see.
	Webhooks []ValidatingWebhook `json:"webhooks,omitempty" pb:"2" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
}

// ValidatingWebhook is one program that may refuse writes, and which writes it is asked about.
type ValidatingWebhook struct {
	// The webhook's full name, with at least three parts: "images.policy.example.com". Unique in the configuration.
	Name string `json:"name" pb:"1"`
	// Where the program is: a URL or a Service.
	ClientConfig WebhookClientConfig `json:"clientConfig" pb:"2"`
	// What it is asked about; one rule that matches is enough. Writes of webhook configurations are never sent to
	// webhooks, or a broken one could not be removed.
	Rules []RuleWithOperations `json:"rules,omitempty" pb:"3" list:"atomic"`
	// What an unreachable webhook, or an answer that makes no sense, does to the write. Ignore: nothing. Fail: it is
	// refused. Default: Fail.
	FailurePolicy *FailurePolicyType `json:"failurePolicy,omitempty" pb:"4"`
	// Whether a rule also matches the same object written through another version of its API. Exact: no. Equivalent:
	// yes, and the webhook gets it converted to the version in the rule. Default: Equivalent.
	MatchPolicy *MatchPolicyType `json:"matchPolicy,omitempty" pb:"9"`
	// Only objects in namespaces with these labels are sent; for a Namespace its own labels count. Objects that are in
	// no namespace are always sent. Default: empty, every namespace.
	NamespaceSelector *LabelSelector `json:"namespaceSelector,omitempty" pb:"5"`
	// Only objects with these labels are sent, before or after the change. Users set labels, so this is no protection
	// against them. Default: empty, every object.
	ObjectSelector *LabelSelector `json:"objectSelector,omitempty" pb:"10"`
	// What the webhook changes elsewhere when it is asked. None: nothing. NoneOnDryRun: nothing if the review says
	// that it is a dry run. Other webhooks cannot be registered any more; a dry run that would reach one is refused.
	SideEffects *SideEffectClass `json:"sideEffects" pb:"6"`
	// How many seconds the webhook may take, from 1 to 30; then the failure policy applies. Default: 10.
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty" pb:"7"`
	// The versions of AdmissionReview that the webhook understands, the best first. The server sends the first of them
	// that it knows itself: v1 or v1beta1.
	AdmissionReviewVersions []string `json:"admissionReviewVersions" pb:"8" list:"atomic"`
	// Expressions in CEL that must all be true for the webhook to be asked; at most 64. One that is false keeps the
	// webhook out. If none is false but one fails, the failure policy applies.
	MatchConditions []MatchCondition `json:"matchConditions,omitempty" pb:"11" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
}

// MutatingWebhook is one program that may change objects, and which writes it is asked about.
type MutatingWebhook struct {
	// The webhook's full name, with at least three parts: "sidecar.mesh.example.com". Unique in the configuration.
	Name string `json:"name" pb:"1"`
	// Where the program is: a URL or a Service.
	ClientConfig WebhookClientConfig `json:"clientConfig" pb:"2"`
	// What it is asked about; one rule that matches is enough. Writes of webhook configurations are never sent to
	// webhooks, or a broken one could not be removed.
	Rules []RuleWithOperations `json:"rules,omitempty" pb:"3" list:"atomic"`
	// What an unreachable webhook, or an answer that makes no sense, does to the write. Ignore: nothing. Fail: it is
	// refused. Default: Fail.
	FailurePolicy *FailurePolicyType `json:"failurePolicy,omitempty" pb:"4"`
	// Whether a rule also matches the same object written through another version of its API. Exact: no. Equivalent:
	// yes, and the webhook gets it converted to the version in the rule. Default: Equivalent.
	MatchPolicy *MatchPolicyType `json:"matchPolicy,omitempty" pb:"9"`
	// Only objects in namespaces with these labels are sent; for a Namespace its own labels count. Objects that are in
	// no namespace are always sent. Default: empty, every namespace.
	NamespaceSelector *LabelSelector `json:"namespaceSelector,omitempty" pb:"5"`
	// Only objects with these labels are sent, before or after the change. Users set labels, so this is no protection
	// against them. Default: empty, every object.
	ObjectSelector *LabelSelector `json:"objectSelector,omitempty" pb:"11"`
	// What the webhook changes elsewhere when it is asked. None: nothing. NoneOnDryRun: nothing if the review says
	// that it is a dry run. Other webhooks cannot be registered any more; a dry run that would reach one is refused.
	SideEffects *SideEffectClass `json:"sideEffects" pb:"6"`
	// How many seconds the webhook may take, from 1 to 30; then the failure policy applies. Default: 10.
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty" pb:"7"`
	// The versions of AdmissionReview that the webhook understands, the best first. The server sends the first of them
	// that it knows itself: v1 or v1beta1.
	AdmissionReviewVersions []string `json:"admissionReviewVersions" pb:"8" list:"atomic"`
	// Whether the webhook is asked once more when a later one has changed the object. Never: no. IfNeeded: yes, so it
	// must be able to meet its own changes. Default: Never.
	ReinvocationPolicy *ReinvocationPolicyType `json:"reinvocationPolicy,omitempty" pb:"10"`
	// Expressions in CEL that must all be true for the webhook to be asked; at most 64. One that is false keeps the
	// webhook out. If none is false but one fails, the failure policy applies.
	MatchConditions []MatchCondition `json:"matchConditions,omitempty" pb:"12" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
}

// WebhookClientConfig says how the API server reaches a webhook: exactly one of url and service is set.
type WebhookClientConfig struct {
	// Where the webhook is, "https://host:port/path". It may not hold a user, a query or a fragment.
	URL *string `json:"url,omitempty" pb:"3"`
	// The Service that the webhook is behind.
	Service *ServiceReference `json:"service,omitempty" pb:"1"`
	// The authorities, in PEM form, that may have signed the webhook's certificate. Empty: those that the API server's
	// machine trusts.
	CABundle []byte `json:"caBundle,omitempty" pb:"2"`
}

// ServiceReference names the Service that a webhook is behind.
type ServiceReference struct {
	// The Service's namespace.
	Namespace string `json:"namespace" pb:"1"`
	// The Service's name.
	Name string `json:"name" pb:"2"`
	// The path in the URL. Default: none.
	Path *string `json:"path,omitempty" pb:"3"`
	// The port of the Service, from 1 to 65535. Default: 443.
	Port *int32 `json:"port,omitempty" pb:"4"`
}

// RuleWithOperations picks writes by what is done and to what: both must match.
type RuleWithOperations struct {
	// CREATE, UPDATE, DELETE, CONNECT, or "*" alone for all of them.
	Operations []OperationType `json:"operations,omitempty" pb:"1" list:"atomic"`
	// To what it is done.
	Rule `json:",inline" pb:"2"`
}

// Rule picks resources by group, version, name and scope.
type Rule struct {
	// The groups, or "*" alone for all. The core group is "".
	APIGroups []string `json:"apiGroups,omitempty" pb:"1" list:"atomic"`
	// The versions, or "*" alone for all.
	APIVersions []string `json:"apiVersions,omitempty" pb:"2" list:"atomic"`
	// The resources: "pods" the pods, "pods/log" a subresource, "*" all resources without subresources, "pods/*" all
	// subresources of pods, "*/scale" all scale subresources, "*/*" everything.
	Resources []string `json:"resources,omitempty" pb:"3" list:"atomic"`
	// Cluster picks what is in no namespace, Namespace objects among them; Namespaced what is in one; "*" both. A
	// subresource goes with its parent. Default: "*".
	Scope *ScopeType `json:"scope,omitempty" pb:"4"`
}

// MatchCondition is an expression that decides whether a webhook or a policy is asked at all.
type MatchCondition struct {
	// A name for messages, unique in the list: "exclude-leases", with an optional domain in front.
	Name string `json:"name" pb:"1"`
	// An expression in CEL that says true or false. It knows object, oldObject, request and authorizer; in a policy
	// with parameters also params.
	Expression string `json:"expression" pb:"2"`
}

// ScopeType says where resources of a rule are.
type ScopeType string

const (
	// Only what is in no namespace.
	ClusterScope ScopeType = "Cluster"
	// Only what is in a namespace.
	NamespacedScope ScopeType = "Namespaced"
	// Everything.
	AllScopes ScopeType = "*"
)

// FailurePolicyType says what happens to a write when whoever was to judge it could not.
type FailurePolicyType string

const (
	// The write goes on.
	FailurePolicyIgnore FailurePolicyType = "Ignore"
	// The write is refused.
	FailurePolicyFail FailurePolicyType = "Fail"
)

// MatchPolicyType says how rules see resources that are served in several versions.
type MatchPolicyType string

const (
	// A rule matches just what it names.
	MatchPolicyExact MatchPolicyType = "Exact"
	// A rule also matches the same objects under another name.
	MatchPolicyEquivalent MatchPolicyType = "Equivalent"
)

// SideEffectClass says what else happens when a webhook is asked.
type SideEffectClass string

const (
	// Nobody knows.
	SideEffectClassUnknown SideEffectClass = "Unknown"
	// Nothing.
	SideEffectClassNone SideEffectClass = "None"
	// Something, in dry runs too.
	SideEffectClassSome SideEffectClass = "Some"
	// Something, but not in dry runs.
	SideEffectClassNoneOnDryRun SideEffectClass = "NoneOnDryRun"
)

// OperationType is what a write does.
type OperationType string

const (
	// Any of them.
	OperationAll OperationType = "*"
	// A new object.
	OperationCreate OperationType = "CREATE"
	// A change of an object.
	OperationUpdate OperationType = "UPDATE"
	// A deletion.
	OperationDelete OperationType = "DELETE"
	// A connection through an object: exec, proxy and the like.
	OperationConnect OperationType = "CONNECT"
)

// ReinvocationPolicyType says whether who changed an object is asked again after others changed it too.
type ReinvocationPolicyType string

const (
	// It is asked once.
	ReinvocationPolicyNever ReinvocationPolicyType = "Never"
	// It is asked once more if the object is not as it left it.
	ReinvocationPolicyIfNeeded ReinvocationPolicyType = "IfNeeded"
)
