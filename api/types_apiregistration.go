package api

// APIService says who serves one version of an API group: this server itself, or another one behind a Service, to
// which requests are passed on. Its name is VERSION.GROUP.
type APIService struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Who serves it.
	Spec APIServiceSpec `json:"spec,omitempty" pb:"2"`
	// Whether it can be reached. The server writes it.
	Status APIServiceStatus `json:"status,omitempty" pb:"3"`
}

// APIServiceSpec says who serves a version of a group.
type APIServiceSpec struct {
	// The Service that the other server is behind. Nil: this server serves it itself.
	Service *APIRegistrationServiceReference `json:"service,omitempty" pb:"1"`
	// The group. Empty: the core group, which only v1 may be in.
	Group string `json:"group,omitempty" pb:"2"`
	// The version.
	Version string `json:"version,omitempty" pb:"3"`
	// True to believe whatever certificate the other server shows. Not with caBundle.
	InsecureSkipTLSVerify bool `json:"insecureSkipTLSVerify,omitempty" pb:"4"`
	// The authorities, in PEM form, that may have signed the other server's certificate. Empty: those that the API
	// server's machine trusts.
	CABundle []byte `json:"caBundle,omitempty" pb:"5" list:"atomic"`
	// How early clients should try the group, from 1 to 20000; higher is earlier. The highest number among the group's
	// versions counts.
	GroupPriorityMinimum int32 `json:"groupPriorityMinimum" pb:"7"`
	// How early clients should try the version within its group, from 1 to 1000; higher is earlier. Equal ones go by
	// their names: v2 before v1, v1 before v1beta1.
	VersionPriority int32 `json:"versionPriority" pb:"8"`
}

// APIRegistrationServiceReference names the Service that an API server is behind.
type APIRegistrationServiceReference struct {
	// The Service's namespace.
	Namespace string `json:"namespace,omitempty" pb:"1"`
	// The Service's name.
	Name string `json:"name,omitempty" pb:"2"`
	// The port of the Service, from 1 to 65535. Default: 443.
	Port *int32 `json:"port,omitempty" pb:"3"`
}

// APIServiceStatus says whether a version of a group can be reached.
type APIServiceStatus struct {
	// Available.
	Conditions []APIServiceCondition `json:"conditions,omitempty" pb:"1" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// APIServiceConditionType names an aspect of an APIService's state.
type APIServiceConditionType string

const (
	// Its endpoints are there and answer.
	APIServiceAvailable APIServiceConditionType = "Available"
)

// APIServiceCondition is one aspect of an APIService's state and when it last changed.
type APIServiceCondition struct {
	// Available.
	Type APIServiceConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"3"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"4"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"5"`
}
