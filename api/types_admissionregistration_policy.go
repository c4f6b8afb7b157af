package api

// ValidatingAdmissionPolicy refuses writes that break its rules. The rules are expressions in CEL that the API server
// evaluates itself. A policy does nothing until a binding puts it into force.
type ValidatingAdmissionPolicy struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The rules, and what they apply to.
	Spec ValidatingAdmissionPolicySpec `json:"spec,omitempty" pb:"2"`
	// What the expressions look like to a type checker. The server writes it.
	Status ValidatingAdmissionPolicyStatus `json:"status,omitempty" pb:"3"`
}

// ValidatingAdmissionPolicySpec is the rules of a policy, and what they apply to.
type ValidatingAdmissionPolicySpec struct {
	// The kind of the objects that parameters come from. Nil: the policy has none. A kind that does not exist is a
	// failure, to which the failure policy applies.
	ParamKind *ParamKind `json:"paramKind,omitempty" pb:"1"`
	// What the policy is about; required, with at least one rule. Policies and their bindings are never matched, or a
	// bad policy could not be removed.
	MatchConstraints *MatchResources `json:"matchConstraints,omitempty" pb:"2"`
	// What must be true of a write. There must be a validation or an audit annotation.
	Validations []Validation `json:"validations,omitempty" pb:"3" list:"atomic"`
	// What an expression that fails, or a policy that is set up wrongly, does to the write. Ignore: nothing. Fail: it
	// is refused. A validation that is false is no failure; what it does, bindings say. Default: Fail.
	FailurePolicy *FailurePolicyType `json:"failurePolicy,omitempty" pb:"4"`
	// Notes for the audit log; at most 20.
	AuditAnnotations []AuditAnnotation `json:"auditAnnotations,omitempty" pb:"5" list:"atomic"`
	// Expressions that must all be true for the policy to look at a write; at most 64. One that is false keeps the
	// policy out. If none is false but one fails, the failure policy applies.
	MatchConditions []MatchCondition `json:"matchConditions,omitempty" pb:"6" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// Expressions with a name: others call them variables.NAME. One may use those above it. Match conditions may not:
	// they come first.
	Variables []Variable `json:"variables,omitempty" pb:"7" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
}

// ParamKind is the kind of a policy's parameters.
type ParamKind struct {
	// Group and version, "rules.example.com/v1". Required.
	APIVersion string `json:"apiVersion,omitempty" pb:"1"`
	// The kind. Required.
	Kind string `json:"kind,omitempty" pb:"2"`
}

// Validation is one rule of a policy.
type Validation struct {
	// An expression in CEL that must be true. It knows object (null for a deletion), oldObject (null for a creation),
	// request, params, namespaceObject, variables, authorizer and authorizer.requestResource. kind, apiVersion and
	// metadata are there for every object.
	Expression string `json:"expression" pb:"1"`
	// What the user is told when it is false, in one line. Default: "failed expression: " and the expression.
	Message string `json:"message,omitempty" pb:"2"`
	// Why, for programs: Forbidden, Invalid or RequestEntityTooLarge; it decides the HTTP code. Default: Invalid.
	Reason *StatusReason `json:"reason,omitempty" pb:"3"`
	// An expression in CEL that makes the message; if it fails, or what it makes is empty or has line breaks, message is
	// used.
	MessageExpression string `json:"messageExpression,omitempty" pb:"4"`
}

// Variable is an expression with a name.
type Variable struct {
	// The name, an identifier of CEL, unique in the policy: variables.NAME is its value.
	Name string `json:"name" pb:"1"`
	// An expression in CEL. It is evaluated when something first needs it, and once.
	Expression string `json:"expression" pb:"2"`
}

// AuditAnnotation is a note that a policy makes in the audit log.
type AuditAnnotation struct {
	// The note's key, unique in the policy; in the log the policy's name is put before it.
	Key string `json:"key" pb:"1"`
	// An expression in CEL that makes the note, or null for none. At most 5 KiB; a note is cut off after 10 KiB.
	ValueExpression string `json:"valueExpression" pb:"2"`
}

// MatchResources picks writes by what is done, to what and where. All parts must match.
type MatchResources struct {
	// Only objects in namespaces with these labels; for a Namespace its own labels count. Objects that are in no
	// namespace always match. Default: empty, every namespace.
	NamespaceSelector *LabelSelector `json:"namespaceSelector,omitempty" pb:"1"`
	// Only objects with these labels, before or after the change. Users set labels, so this is no protection against
	// them. Default: empty, every object.
	ObjectSelector *LabelSelector `json:"objectSelector,omitempty" pb:"2"`
	// What matches; one rule is enough.
	ResourceRules []NamedRuleWithOperations `json:"resourceRules,omitempty" pb:"3" list:"atomic"`
	// What does not match, whatever resourceRules say.
	ExcludeResourceRules []NamedRuleWithOperations `json:"excludeResourceRules,omitempty" pb:"4" list:"atomic"`
	// Whether a rule also matches the same object written through another version of its API. Exact: no. Equivalent:
	// yes, and the expressions see it converted to the version in the rule. Default: Equivalent.
	MatchPolicy *MatchPolicyType `json:"matchPolicy,omitempty" pb:"7"`
}

// NamedRuleWithOperations picks writes by what is done and to what, and perhaps to which objects.
type NamedRuleWithOperations struct {
	// The names of the objects. Empty: all.
	ResourceNames []string `json:"resourceNames,omitempty" pb:"1" list:"atomic"`
	// What is done, and to what.
	RuleWithOperations `json:",inline" pb:"2"`
}

// ValidatingAdmissionPolicyStatus is what the server found out about a policy.
type ValidatingAdmissionPolicyStatus struct {
	// The generation that this status speaks of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"1"`
	// What a type checker says of the expressions. Nil: it has not looked yet.
	TypeChecking *TypeChecking `json:"typeChecking,omitempty" pb:"2"`
	// Aspects of the policy's state.
	Conditions []Condition `json:"conditions,omitempty" pb:"3" list:"map" mapKeys:"type"`
}

// TypeChecking is what a type checker says of a policy's expressions.
type TypeChecking struct {
	// The expressions that look wrong. They still apply: at run time they fail, or not.
	ExpressionWarnings []ExpressionWarning `json:"expressionWarnings,omitempty" pb:"1" list:"atomic"`
}

// ExpressionWarning is one expression that looks wrong.
type ExpressionWarning struct {
	// Where it is: "spec.validations[0].expression".
	FieldRef string `json:"fieldRef" pb:"2"`
	// What is wrong, for each kind that it is wrong for.
	Warning string `json:"warning" pb:"3"`
}

// ValidatingAdmissionPolicyBinding puts a policy into force: where, with which parameters, and how strictly.
type ValidatingAdmissionPolicyBinding struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Where, how and with which parameters.
	Spec ValidatingAdmissionPolicyBindingSpec `json:"spec,omitempty" pb:"2" api:"required"`
}

// ValidatingAdmissionPolicyBindingSpec says where, how and with which parameters a policy is in force.
type ValidatingAdmissionPolicyBindingSpec struct {
	// The policy's name. A binding to a policy that does not exist does nothing.
	PolicyName string `json:"policyName,omitempty" pb:"1" api:"required"`
	// Which parameters the policy gets. Nil: none; params is then null.
	ParamRef *ParamRef `json:"paramRef,omitempty" pb:"2"`
	// Narrows what the policy matches. Nil: all of it.
	MatchResources *MatchResources `json:"matchResources,omitempty" pb:"3"`
	// What a validation that is false does. Deny: the write is refused. Warn: the user gets a warning. Audit: it is
	// noted in the audit log. Deny and Warn exclude each other.
	ValidationActions []ValidationAction `json:"validationActions,omitempty" pb:"4" list:"set" api:"required"`
}

// ParamRef picks the objects that hold a policy's parameters; the policy is evaluated once for each of them. Exactly
// one of name and selector is set.
type ParamRef struct {
	// The object's name.
	Name string `json:"name,omitempty" pb:"1"`
	// The namespace to look in. Empty, for kinds that are in a namespace: that of the object being written. It may not be
	// set for kinds that are in none.
	Namespace string `json:"namespace,omitempty" pb:"2"`
	// The labels of the objects.
	Selector *LabelSelector `json:"selector,omitempty" pb:"3"`
	// What happens if nothing is found. Allow: the policy lets the write pass. Deny: the failure policy applies. Required.
	ParameterNotFoundAction *ParameterNotFoundActionType `json:"parameterNotFoundAction,omitempty" pb:"4"`
}

// ValidationAction is something that a validation that is false does.
type ValidationAction string

const (
	// The write is refused.
	ValidationActionDeny ValidationAction = "Deny"
	// The user gets a warning.
	ValidationActionWarn ValidationAction = "Warn"
	// It is noted in the audit log.
	ValidationActionAudit ValidationAction = "Audit"
)

// ParameterNotFoundActionType says what a binding does whose parameters are not there.
type ParameterNotFoundActionType string

const (
	// The write passes.
	ParameterNotFoundAllow ParameterNotFoundActionType = "Allow"
	// The failure policy applies.
	ParameterNotFoundDeny ParameterNotFoundActionType = "Deny"
)

// MutatingAdmissionPolicy changes objects before they are stored. The changes come from expressions in CEL that the
// API server evaluates itself. A policy does nothing until a binding puts it into force.
type MutatingAdmissionPolicy struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The changes, and what they apply to.
	Spec MutatingAdmissionPolicySpec `json:"spec,omitempty" pb:"2"`
}

// MutatingAdmissionPolicySpec is the changes of a policy, and what they apply to.
type MutatingAdmissionPolicySpec struct {
	// The kind of the objects that parameters come from. Nil: the policy has none. A kind that does not exist is a
	// failure, to which the failure policy applies.
	ParamKind *ParamKind `json:"paramKind,omitempty" pb:"1"`
	// What the policy is about; required, with at least one rule. Deletions cannot be matched. Policies and their
	// bindings are never matched, or a bad policy could not be removed.
	MatchConstraints *MatchResources `json:"matchConstraints,omitempty" pb:"2"`
	// Expressions with a name: others call them variables.NAME. One may use those above it. Match conditions may not:
	// they come first.
	Variables []Variable `json:"variables,omitempty" pb:"3" list:"atomic"`
	// The changes, made one after the other; at least one.
	Mutations []Mutation `json:"mutations,omitempty" pb:"4" list:"atomic"`
	// What an expression that fails, or a policy that is set up wrongly, does to the write. Ignore: nothing. Fail: it
	// is refused. Default: Fail.
	FailurePolicy *FailurePolicyType `json:"failurePolicy,omitempty" pb:"5"`
	// Expressions that must all be true for the policy to look at a write; at most 64. One that is false keeps the
	// policy out. If none is false but one fails, the failure policy applies.
	MatchConditions []MatchCondition `json:"matchConditions,omitempty" pb:"6" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// Whether the changes are made once more when something else has changed the object after them. Never: no.
	// IfNeeded: yes. Required.
	ReinvocationPolicy ReinvocationPolicyType `json:"reinvocationPolicy,omitempty" pb:"7"`
}

// Mutation is one change that a policy makes.
type Mutation struct {
	// What the expression makes: ApplyConfiguration or JSONPatch. The field of that name is set, the other is not.
	PatchType MutationPatchType `json:"patchType" pb:"2"`
	// A part of the object that is merged into it, as server-side apply does.
	ApplyConfiguration *ApplyConfiguration `json:"applyConfiguration,omitempty" pb:"3"`
	// A list of operations on the object.
	JSONPatch *JSONPatch `json:"jsonPatch,omitempty" pb:"4"`
}

// MutationPatchType is what the expression of a mutation makes.
type MutationPatchType string

const (
	// A part of the object, to be merged into it.
	MutationApplyConfiguration MutationPatchType = "ApplyConfiguration"
	// Operations on the object.
	MutationJSONPatch MutationPatchType = "JSONPatch"
)

// ApplyConfiguration is an expression that makes a part of an object.
type ApplyConfiguration struct {
	// An expression in CEL such as Object{spec: Object.spec{replicas: 3}}. What it names is set, what it leaves out stays
	// as it is; lists and maps merge by their keys. It may not touch atomic lists, maps and structs.
	Expression string `json:"expression,omitempty" pb:"1"`
}

// JSONPatch is an expression that makes operations on an object.
type JSONPatch struct {
	// An expression in CEL that makes a list of operations: [JSONPatch{op: "replace", path: "/spec/replicas", value: 3}].
	// jsonpatch.escapeKey escapes what may not be in a path.
	Expression string `json:"expression,omitempty" pb:"1"`
}

// MutatingAdmissionPolicyBinding puts a policy into force: where, and with which parameters.
type MutatingAdmissionPolicyBinding struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Where, and with which parameters.
	Spec MutatingAdmissionPolicyBindingSpec `json:"spec,omitempty" pb:"2"`
}

// MutatingAdmissionPolicyBindingSpec says where and with which parameters a policy is in force.
type MutatingAdmissionPolicyBindingSpec struct {
	// The policy's name. A binding to a policy that does not exist does nothing.
	PolicyName string `json:"policyName,omitempty" pb:"1"`
	// Which parameters the policy gets. Nil: none; params is then null.
	ParamRef *ParamRef `json:"paramRef,omitempty" pb:"2"`
	// Narrows what the policy matches. Nil: all of it.
	MatchResources *MatchResources `json:"matchResources,omitempty" pb:"3"`
}
