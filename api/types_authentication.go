package api

import "slices"

// Who is it? Tokens are asked for and checked by requests that are answered at once; nothing is stored.

// The headers by which a request asks to be treated as somebody else's.
const (
	ImpersonateUserHeader        = "Impersonate-User"
	ImpersonateGroupHeader       = "Impersonate-Group"
	ImpersonateUIDHeader         = "Impersonate-Uid"
	ImpersonateExtraHeaderPrefix = "Impersonate-Extra-"
)

// ServiceAccountUserPrefix begins the names of the users that service accounts are.
const ServiceAccountUserPrefix = "system:serviceaccount:"

// ServiceAccountUser is the name of the user that a service account is.
func ServiceAccountUser(namespace, name string) string {
	return ServiceAccountUserPrefix + namespace + ":" + name
}

// ServiceAccountGroups are the groups that the service accounts of a namespace are in, besides those of everybody.
func ServiceAccountGroups(namespace string) []string {
	const all = "system:serviceaccounts"
	return []string{all, all + ":" + namespace}
}

// TokenReview asks the API server whose token it is. Servers beside it use that to know their callers.
type TokenReview struct {
	TypeMeta `json:",inline"`
	// Must be empty: a review has no name.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The token.
	Spec TokenReviewSpec `json:"spec" pb:"2"`
	// Whose it is. The server writes it.
	Status TokenReviewStatus `json:"status,omitempty" pb:"3"`
}

// TokenReviewSpec is the token in question.
type TokenReviewSpec struct {
	// The bearer token.
	Token string `json:"token,omitempty" pb:"1" api:"required"`
	// The names of whoever was shown the token: it must be meant for one of them. Default: the API server.
	Audiences []string `json:"audiences,omitempty" pb:"2" list:"atomic"`
}

// TokenReviewStatus says whose token it is.
type TokenReviewStatus struct {
	// True if the token is somebody's.
	Authenticated bool `json:"authenticated,omitempty" pb:"1"`
	// Whose it is.
	User UserInfo `json:"user,omitempty" pb:"2"`
	// Those of the audiences asked about that the token is meant for. Empty: the server does not know of audiences.
	Audiences []string `json:"audiences,omitempty" pb:"4" list:"atomic"`
	// Why the token could not be checked.
	Error string `json:"error,omitempty" pb:"3"`
}

// UserInfo is what authentication found out about a user.
type UserInfo struct {
	// The name, by which roles are bound.
	Username string `json:"username,omitempty" pb:"1"`
	// Tells users of the same name apart, over time.
	UID string `json:"uid,omitempty" pb:"2"`
	// The groups that the user is in.
	Groups []string `json:"groups,omitempty" pb:"3" list:"atomic"`
	// What else is known: of a service account, the pod and node that its token is for.
	Extra map[string]ExtraValue `json:"extra,omitempty" pb:"4"`
}

// TokenRequest asks for a token of a service account.
type TokenRequest struct {
	TypeMeta `json:",inline"`
	// Name and namespace of the service account, as in the URL.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What kind of token.
	Spec TokenRequestSpec `json:"spec" pb:"2" api:"optional"`
	// The token. The server writes it.
	Status TokenRequestStatus `json:"status,omitempty" pb:"3"`
}

// TokenRequestSpec says what the token should be good for.
type TokenRequestSpec struct {
	// Whom the token is meant for: others must refuse it. Default: the API server.
	Audiences []string `json:"audiences" pb:"1" list:"atomic" api:"optional"`
	// For how many seconds it should be good; at least 600. The server may give less. Default: 3600.
	ExpirationSeconds *int64 `json:"expirationSeconds" pb:"4" api:"optional"`
	// The object that the token lives and dies with.
	BoundObjectRef *BoundObjectReference `json:"boundObjectRef" pb:"3" api:"optional"`
}

// TokenRequestStatus is the token.
type TokenRequestStatus struct {
	// The token itself, a secret.
	Token string `json:"token" pb:"1" api:"optional"`
	// When it ends.
	ExpirationTimestamp Time `json:"expirationTimestamp" pb:"2" api:"optional"`
}

// BoundObjectReference names the object that a token lives and dies with.
type BoundObjectReference struct {
	// Pod, Secret or Node.
	Kind string `json:"kind,omitempty" pb:"1"`
	// The kind's version: v1.
	APIVersion string `json:"apiVersion,omitempty" pb:"2"`
	// The object's name; its namespace is that of the service account.
	Name string `json:"name,omitempty" pb:"3"`
	// The object's UID.
	UID UID `json:"uid,omitempty" pb:"4"`
}

// SelfSubjectReview asks who the API server believes the sender to be: `kubectl auth whoami`.
type SelfSubjectReview struct {
	TypeMeta `json:",inline"`
	// A review has no name.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The answer. The server writes it.
	Status SelfSubjectReviewStatus `json:"status,omitempty" pb:"2"`
}

// SelfSubjectReviewStatus says who the sender is.
type SelfSubjectReviewStatus struct {
	// What authentication found out.
	UserInfo UserInfo `json:"userInfo,omitempty" pb:"1"`
}

// Lists tells whether an account lists a secret by name.
func (a *ServiceAccount) Lists(secret string) bool {
	return slices.ContainsFunc(a.Secrets, func(ref ObjectReference) bool { return ref.Name == secret })
}
