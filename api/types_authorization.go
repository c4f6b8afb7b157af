package api

// Reviews ask the API server whether somebody may do something. They are created and answered at once; nothing is stored.

// SubjectAccessReview asks whether a user or a member of groups may do something, anywhere in the cluster.
type SubjectAccessReview struct {
	TypeMeta `json:",inline"`
	// Must be empty: a review has no name.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The question.
	Spec SubjectAccessReviewSpec `json:"spec" pb:"2"`
	// The answer. The server writes it.
	Status SubjectAccessReviewStatus `json:"status,omitempty" pb:"3"`
}

// LocalSubjectAccessReview is a SubjectAccessReview about one namespace, so that the right to ask can be given for
// that namespace alone.
type LocalSubjectAccessReview struct {
	TypeMeta `json:",inline"`
	// Must be empty except for the namespace.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The question. Its namespace must be that of the review.
	Spec SubjectAccessReviewSpec `json:"spec" pb:"2"`
	// The answer. The server writes it.
	Status SubjectAccessReviewStatus `json:"status,omitempty" pb:"3"`
}

// SelfSubjectAccessReview asks whether who sends it may do something: `kubectl auth can-i`.
type SelfSubjectAccessReview struct {
	TypeMeta `json:",inline"`
	// Must be empty: a review has no name.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The question.
	Spec SelfSubjectAccessReviewSpec `json:"spec" pb:"2"`
	// The answer. The server writes it.
	Status SubjectAccessReviewStatus `json:"status,omitempty" pb:"3"`
}

// ResourceAttributes describes a request for a resource.
type ResourceAttributes struct {
	// In which namespace. Empty: in all of them, or, for cluster-scoped resources, in none.
	Namespace string `json:"namespace,omitempty" pb:"1"`
	// What is to be done: get, list, watch, create, ... "*" is everything.
	Verb string `json:"verb,omitempty" pb:"2"`
	// The API group. "*" is every group.
	Group string `json:"group,omitempty" pb:"3"`
	// The API version. "*" is every version.
	Version string `json:"version,omitempty" pb:"4"`
	// The resource, as in URLs. "*" is every resource.
	Resource string `json:"resource,omitempty" pb:"5"`
	// A subresource. Empty: the resource itself.
	Subresource string `json:"subresource,omitempty" pb:"6"`
	// The name of an object. Empty: all of them.
	Name string `json:"name,omitempty" pb:"7"`
	// To what a list, watch or deletecollection is narrowed by fields. It can only make a refusal less likely.
	FieldSelector *FieldSelectorAttributes `json:"fieldSelector,omitempty" pb:"8"`
	// To what a list, watch or deletecollection is narrowed by labels. It can only make a refusal less likely.
	LabelSelector *LabelSelectorAttributes `json:"labelSelector,omitempty" pb:"9"`
}

// LabelSelectorAttributes is a label selector, either as text or in its parts.
type LabelSelectorAttributes struct {
	// The selector as in the query of a URL.
	RawSelector string `json:"rawSelector,omitempty" pb:"1"`
	// The terms, all of which must hold.
	Requirements []LabelSelectorRequirement `json:"requirements,omitempty" pb:"2" list:"atomic"`
}

// FieldSelectorAttributes is a field selector, either as text or in its parts.
type FieldSelectorAttributes struct {
	// The selector as in the query of a URL.
	RawSelector string `json:"rawSelector,omitempty" pb:"1"`
	// The terms, all of which must hold.
	Requirements []FieldSelectorRequirement `json:"requirements,omitempty" pb:"2" list:"atomic"`
}

// NonResourceAttributes describes a request for a path that is not a resource.
type NonResourceAttributes struct {
	// The path of the URL.
	Path string `json:"path,omitempty" pb:"1"`
	// The HTTP method, in lower case.
	Verb string `json:"verb,omitempty" pb:"2"`
}

// SubjectAccessReviewSpec is the question whether somebody may do something. It is about a resource or about a path.
type SubjectAccessReviewSpec struct {
	// The request, if it is for a resource.
	ResourceAttributes *ResourceAttributes `json:"resourceAttributes,omitempty" pb:"1"`
	// The request, if it is for a path.
	NonResourceAttributes *NonResourceAttributes `json:"nonResourceAttributes,omitempty" pb:"2"`
	// Who asks. Without groups, the question is about a user who is in none.
	User string `json:"user,omitempty" pb:"3"`
	// The groups that the user is in.
	Groups []string `json:"groups,omitempty" pb:"4" list:"atomic"`
	// What else authentication found out about the user.
	Extra map[string]ExtraValue `json:"extra,omitempty" pb:"5"`
	// The user's unique identifier.
	UID string `json:"uid,omitempty" pb:"6"`
}

// ExtraValue is what authentication knows of a user under one key.
type ExtraValue []string

// SelfSubjectAccessReviewSpec is the question whether one may do something. It is about a resource or about a path.
type SelfSubjectAccessReviewSpec struct {
	// The request, if it is for a resource.
	ResourceAttributes *ResourceAttributes `json:"resourceAttributes,omitempty" pb:"1"`
	// The request, if it is for a path.
	NonResourceAttributes *NonResourceAttributes `json:"nonResourceAttributes,omitempty" pb:"2"`
}

// SubjectAccessReviewStatus is the answer to an access review.
type SubjectAccessReviewStatus struct {
	// True if something allows the request.
	Allowed bool `json:"allowed" pb:"1"`
	// True if something forbids it whatever else there is. When neither is true, nothing allows it.
	Denied bool `json:"denied,omitempty" pb:"4"`
	// Why.
	Reason string `json:"reason,omitempty" pb:"2"`
	// What went wrong while the answer was looked for, such as a binding to a role that does not exist. The answer holds
	// all the same.
	EvaluationError string `json:"evaluationError,omitempty" pb:"3"`
}

// SelfSubjectRulesReview asks for all that the sender may do in a namespace. It is for showing people what they can do:
// to decide, ask about the one thing with an access review.
type SelfSubjectRulesReview struct {
	TypeMeta `json:",inline"`
	// A review has no name.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The question.
	Spec SelfSubjectRulesReviewSpec `json:"spec" pb:"2"`
	// The answer. The server writes it.
	Status SubjectRulesReviewStatus `json:"status,omitempty" pb:"3"`
}

// SelfSubjectRulesReviewSpec names the namespace that is asked about.
type SelfSubjectRulesReviewSpec struct {
	// The namespace. It must be given.
	Namespace string `json:"namespace,omitempty" pb:"1"`
}

// SubjectRulesReviewStatus lists what somebody may do. Every rule in it holds, but some may be missing.
type SubjectRulesReviewStatus struct {
	// What may be done to resources, in no order, some perhaps twice.
	ResourceRules []ResourceRule `json:"resourceRules" pb:"1" list:"atomic"`
	// What may be done to paths, in no order, some perhaps twice.
	NonResourceRules []NonResourceRule `json:"nonResourceRules" pb:"2" list:"atomic"`
	// True if some authorizer cannot list its rules, so that rules are missing.
	Incomplete bool `json:"incomplete" pb:"3"`
	// What went wrong while rules were gathered.
	EvaluationError string `json:"evaluationError,omitempty" pb:"4"`
}

// ResourceRule is something that may be done to resources.
type ResourceRule struct {
	// What may be done. "*" is everything.
	Verbs []string `json:"verbs" pb:"1" list:"atomic"`
	// The API groups. "*" is every group.
	APIGroups []string `json:"apiGroups,omitempty" pb:"2" list:"atomic"`
	// The resources and subresources. "*" is all of them, "*/scale" that subresource of every resource.
	Resources []string `json:"resources,omitempty" pb:"3" list:"atomic"`
	// The names of the only objects that this is about. Empty: all.
	ResourceNames []string `json:"resourceNames,omitempty" pb:"4" list:"atomic"`
}

// NonResourceRule is something that may be done to paths that are not resources.
type NonResourceRule struct {
	// The HTTP methods, in lower case. "*" is all of them.
	Verbs []string `json:"verbs" pb:"1" list:"atomic"`
	// The paths. A "*" may stand at the end.
	NonResourceURLs []string `json:"nonResourceURLs,omitempty" pb:"2" list:"atomic"`
}
