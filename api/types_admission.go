package api

// AdmissionReview is what travels between the API server and an admission webhook: a request one way, a response the
// other way.
type AdmissionReview struct {
	TypeMeta `json:",inline"`
	// The write that is to be judged.
	Request *AdmissionRequest `json:"request,omitempty" pb:"1"`
	// The judgement.
	Response *AdmissionResponse `json:"response,omitempty" pb:"2"`
}

// AdmissionRequest is a write, as a webhook is told of it.
type AdmissionRequest struct {
	// Tells this question from all others; the answer repeats it.
	UID UID `json:"uid" pb:"1"`
	// The kind of object, in the version that the webhook's rule names.
	Kind GroupVersionKind `json:"kind" pb:"2"`
	// The resource, in the version that the webhook's rule names.
	Resource GroupVersionResource `json:"resource" pb:"3"`
	// The subresource, if it is one: "status", "scale".
	SubResource string `json:"subResource,omitempty" pb:"4"`
	// The kind of object that the client sent.
	RequestKind *GroupVersionKind `json:"requestKind,omitempty" pb:"13"`
	// The resource that the client named.
	RequestResource *GroupVersionResource `json:"requestResource,omitempty" pb:"14"`
	// The subresource that the client named.
	RequestSubResource string `json:"requestSubResource,omitempty" pb:"15"`
	// The object's name. Empty if the server is yet to make one.
	Name string `json:"name,omitempty" pb:"5"`
	// The object's namespace.
	Namespace string `json:"namespace,omitempty" pb:"6"`
	// CREATE, UPDATE, DELETE or CONNECT.
	Operation OperationType `json:"operation" pb:"7"`
	// Who sent it.
	UserInfo UserInfo `json:"userInfo" pb:"8"`
	// The object as it would be stored. Null for a deletion.
	Object RawExtension `json:"object,omitempty" pb:"9"`
	// The object as it is. Null for a creation.
	OldObject RawExtension `json:"oldObject,omitempty" pb:"10"`
	// True if nothing will be stored. Default: false.
	DryRun *bool `json:"dryRun,omitempty" pb:"11"`
	// The options of the request: CreateOptions, UpdateOptions or DeleteOptions.
	Options RawExtension `json:"options,omitempty" pb:"12"`
}

// GroupVersionResource names a resource in full.
type GroupVersionResource struct {
	// The group; empty for the core group.
	Group string `json:"group" pb:"1"`
	// The version.
	Version string `json:"version" pb:"2"`
	// The resource, in the plural.
	Resource string `json:"resource" pb:"3"`
}

// AdmissionResponse is what a webhook says of a write.
type AdmissionResponse struct {
	// The uid of the request.
	UID UID `json:"uid" pb:"1"`
	// Whether the write may go on.
	Allowed bool `json:"allowed" pb:"2"`
	// Why it may not. Of no meaning if it may.
	Result *Status `json:"status,omitempty" pb:"3"`
	// How a mutating webhook wants the object changed: a JSON patch, encoded in base64.
	Patch []byte `json:"patch,omitempty" pb:"4"`
	// The sort of patch: JSONPatch. It is there exactly if patch is.
	PatchType *string `json:"patchType,omitempty" pb:"5"`
	// Notes for the audit log.
	AuditAnnotations map[string]string `json:"auditAnnotations,omitempty" pb:"6"`
	// Words to the user, allowed or not.
	Warnings []string `json:"warnings,omitempty" pb:"7"`
}
