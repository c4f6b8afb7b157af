package api

// TypeMeta says what kind an object is and in which version it is written. Every object and list carries one.
type TypeMeta struct {
	// The kind in CamelCase, such as Pod. It cannot change. Servers may infer it from the URL.
	Kind string `json:"kind,omitempty" pb:"1"`
	// The group and version that the object is written in: v1, or apps/v1.
	APIVersion string `json:"apiVersion,omitempty" pb:"2"`
}

// ListMeta is what a list says of itself: the moment it shows, and how to read on.
type ListMeta struct {
	// No longer filled in.
	SelfLink string `json:"selfLink,omitempty" pb:"1"`
	// The revision that the list shows. A watch that starts from it misses nothing.
	ResourceVersion string `json:"resourceVersion,omitempty" pb:"2"`
	// A token to read the next part of the list with, when limit cut it off. It is opaque and expires after some
	// minutes.
	Continue string `json:"continue,omitempty" pb:"3"`
	// How many items follow this part, when the server knows; lists with a selector leave it out.
	RemainingItemCount *int64 `json:"remainingItemCount,omitempty" pb:"4"`
	// Set when the list was cut down to one shard of the objects.
	ShardInfo *ShardInfo `json:"shardInfo,omitempty" pb:"5"`
}

// ShardInfo says which part of all objects a sharded list holds.
type ShardInfo struct {
	// The shard selector that the request gave.
	Selector string `json:"selector" pb:"1"`
}

// ObjectMeta is what every stored object has: its name and identity, its place in time, and what others have noted
// on it.
type ObjectMeta struct {
	// The name, unique among the objects of its kind in a namespace. The user gives it at creation and it cannot
	// change.
	Name string `json:"name,omitempty" pb:"1"`
	// A prefix for the name, used when name is empty: the server appends five random characters, and tries again if
	// the result is taken.
	GenerateName string `json:"generateName,omitempty" pb:"2"`
	// The namespace that the object lives in; empty for kinds that live in none. It cannot change.
	Namespace string `json:"namespace,omitempty" pb:"3"`
	// No longer filled in.
	SelfLink string `json:"selfLink,omitempty" pb:"4"`
	// Tells this object from every other that ever was, also from one of the same name that was deleted. The server
	// sets it.
	UID UID `json:"uid,omitempty" pb:"5"`
	// The revision of the last write to the object. Send it back with an update, and the update fails with a conflict
	// if somebody else was faster. The server sets it.
	ResourceVersion string `json:"resourceVersion,omitempty" pb:"6"`
	// Counts the changes of the desired state. A status that observed this generation is up to date. The server sets
	// it.
	Generation int64 `json:"generation,omitempty" pb:"7"`
	// CreationTimestamp is a timestamp of when the object was created. The server sets it.
	CreationTimestamp Time `json:"creationTimestamp,omitempty,omitzero" pb:"8"`
	// When the object will be, or was to be, gone: set when somebody deletes it, at the end of the grace period. From
	// then on it only waits for its finalizers and cannot be revived. The server sets it.
	DeletionTimestamp *Time `json:"deletionTimestamp,omitempty" pb:"9"`
	// How long the object may take to end gracefully; set with deletionTimestamp, and may only get shorter.
	DeletionGracePeriodSeconds *int64 `json:"deletionGracePeriodSeconds,omitempty" pb:"10"`
	// Names and values that selectors find the object by. Keys may have a domain as prefix; values have at most 63
	// characters.
	Labels map[string]string `json:"labels,omitempty" pb:"11"`
	// Notes of programs and people that nothing selects by. All together may have 256 KiB.
	Annotations map[string]string `json:"annotations,omitempty" pb:"12"`
	// The objects that this one belongs to. When the last of them is gone, the garbage collector deletes it. At most
	// one is marked as controller.
	OwnerReferences []OwnerReference `json:"ownerReferences,omitempty" pb:"13" patch:"merge" mergeKey:"uid" list:"map" mapKeys:"uid"`
	// Work that must be done before the object may go. A deleted object stays until whoever is responsible has
	// removed each entry.
	Finalizers []string `json:"finalizers,omitempty" pb:"14" patch:"merge" list:"set"`
	// Which manager last set which field, kept by the server for server-side apply.
	ManagedFields []ManagedFieldsEntry `json:"managedFields,omitempty" pb:"17" list:"atomic"`
}

// OwnerReference names an object that another one belongs to, in the same namespace or outside of any.
type OwnerReference struct {
	// Group and version of the owner.
	APIVersion string `json:"apiVersion" pb:"5"`
	// Kind of the owner.
	Kind string `json:"kind" pb:"1"`
	// Name of the owner.
	Name string `json:"name" pb:"3"`
	// Identity of the owner. An owner of the same name with another uid does not count.
	UID UID `json:"uid" pb:"4"`
	// True for the one owner that manages the object.
	Controller *bool `json:"controller,omitempty" pb:"6"`
	// True if a foreground deletion of the owner must wait for this object. Default: false.
	BlockOwnerDeletion *bool `json:"blockOwnerDeletion,omitempty" pb:"7"`
}

// ListOptions are the query parameters of lists and watches.
type ListOptions struct {
	TypeMeta `json:",inline"`
	// Only objects whose labels match: "app=web,tier in (front,back),!legacy". Default: all.
	LabelSelector string `json:"labelSelector,omitempty" pb:"1"`
	// Only objects whose fields match: "spec.nodeName=node-1". Each kind has a few fields for this. Default: all.
	FieldSelector string `json:"fieldSelector,omitempty" pb:"2"`
	// Stream the changes instead of answering with a list.
	Watch bool `json:"watch,omitempty" pb:"3"`
	// Let the server send bookmarks, events without news that carry the newest revision.
	AllowWatchBookmarks bool `json:"allowWatchBookmarks,omitempty" pb:"9"`
	// For a list, how fresh it must be; for a watch, from where on. Empty: the newest. "0": whatever is at hand.
	ResourceVersion string `json:"resourceVersion,omitempty" pb:"4"`
	// How resourceVersion is meant in a list: NotOlderThan or Exact.
	ResourceVersionMatch ResourceVersionMatch `json:"resourceVersionMatch,omitempty" pb:"10"`
	// When the server ends the list or watch, whatever happens.
	TimeoutSeconds *int64 `json:"timeoutSeconds,omitempty" pb:"5"`
	// The most objects that one answer may hold. The rest is read with continue.
	Limit int64 `json:"limit,omitempty" pb:"7"`
	// The token from the previous part of the list.
	Continue string `json:"continue,omitempty" pb:"8"`
	// Begin a watch with an ADDED event for each object there is, and a bookmark after them.
	SendInitialEvents *bool `json:"sendInitialEvents,omitempty" pb:"11"`
	// Only objects of this shard.
	ShardSelector string `json:"shardSelector,omitempty" pb:"15"`
}

// ResourceVersionMatch says how a list may meet the revision that was asked for.
type ResourceVersionMatch string

const (
	ResourceVersionMatchNotOlderThan ResourceVersionMatch = "NotOlderThan"
	ResourceVersionMatchExact        ResourceVersionMatch = "Exact"
)

// GetOptions are the query parameters of a get.
type GetOptions struct {
	TypeMeta `json:",inline"`
	// How fresh the answer must be. Empty: the newest.
	ResourceVersion string `json:"resourceVersion,omitempty" pb:"1"`
}

// DeletionPropagation says what becomes of the objects that a deleted one owns.
type DeletionPropagation string

const (
	DeletePropagationOrphan     DeletionPropagation = "Orphan"
	DeletePropagationBackground DeletionPropagation = "Background"
	DeletePropagationForeground DeletionPropagation = "Foreground"
)

// DeleteOptions is the optional body of a delete.
type DeleteOptions struct {
	TypeMeta `json:",inline"`
	// How long the object may take to end; 0 is at once. Default: what the kind or the object says.
	GracePeriodSeconds *int64 `json:"gracePeriodSeconds,omitempty" pb:"1"`
	// What must be true of the object for it to be deleted; else the answer is a conflict.
	Preconditions *Preconditions `json:"preconditions,omitempty" pb:"2"`
	// The older form of propagationPolicy: true is Orphan.
	OrphanDependents *bool `json:"orphanDependents,omitempty" pb:"3"`
	// What becomes of dependents: Background deletes them afterwards, Foreground before, Orphan lets them be.
	// Default: depends on the kind, mostly Background.
	PropagationPolicy *DeletionPropagation `json:"propagationPolicy,omitempty" pb:"4"`
	// "All" goes through every step and stores nothing.
	DryRun []string `json:"dryRun,omitempty" pb:"5" list:"atomic"`
	// Delete an object that cannot be read from the store any more, without looking at its finalizers.
	IgnoreStoreReadErrorWithClusterBreakingPotential *bool `json:"ignoreStoreReadErrorWithClusterBreakingPotential,omitempty" pb:"6"`
}

// CreateOptions are the query parameters of a create.
type CreateOptions struct {
	TypeMeta `json:",inline"`
	// "All" goes through every step and stores nothing.
	DryRun []string `json:"dryRun,omitempty" pb:"1" list:"atomic"`
	// Who is making the change, for managedFields. Default: from the user agent.
	FieldManager string `json:"fieldManager,omitempty" pb:"3"`
	// What happens to unknown and duplicate fields: Ignore, Warn or Strict. Default: Warn.
	FieldValidation string `json:"fieldValidation,omitempty" pb:"4"`
}

// PatchOptions are the query parameters of a patch.
type PatchOptions struct {
	TypeMeta `json:",inline"`
	// "All" goes through every step and stores nothing.
	DryRun []string `json:"dryRun,omitempty" pb:"1" list:"atomic"`
	// For server-side apply: take fields over from other managers instead of reporting a conflict.
	Force *bool `json:"force,omitempty" pb:"2"`
	// Who is making the change, for managedFields. Required for server-side apply.
	FieldManager string `json:"fieldManager,omitempty" pb:"3"`
	// What happens to unknown and duplicate fields: Ignore, Warn or Strict. Default: Warn.
	FieldValidation string `json:"fieldValidation,omitempty" pb:"4"`
}

// UpdateOptions are the query parameters of an update.
type UpdateOptions struct {
	TypeMeta `json:",inline"`
	// "All" goes through every step and stores nothing.
	DryRun []string `json:"dryRun,omitempty" pb:"1" list:"atomic"`
	// Who is making the change, for managedFields. Default: from the user agent.
	FieldManager string `json:"fieldManager,omitempty" pb:"2"`
	// What happens to unknown and duplicate fields: Ignore, Warn or Strict. Default: Warn.
	FieldValidation string `json:"fieldValidation,omitempty" pb:"3"`
}

// Preconditions are checked in the same step that carries a deletion out.
type Preconditions struct {
	// The identity that the object must have.
	UID *UID `json:"uid,omitempty" pb:"1"`
	// The revision that the object must have.
	ResourceVersion *string `json:"resourceVersion,omitempty" pb:"2"`
}

// Status is the answer to a request that has no object to answer with, above all to one that failed.
type Status struct {
	TypeMeta `json:",inline"`
	// Empty but for lists cut short.
	ListMeta `json:"metadata,omitempty" pb:"1"`
	// Success or Failure.
	Status string `json:"status,omitempty" pb:"2"`
	// What happened, for people.
	Message string `json:"message,omitempty" pb:"3"`
	// What happened, for programs: one word such as NotFound. Empty where none fits.
	Reason StatusReason `json:"reason,omitempty" pb:"4"`
	// More of it, in fields.
	Details *StatusDetails `json:"details,omitempty" pb:"5"`
	// The HTTP status code.
	Code int32 `json:"code,omitempty" pb:"6"`
}

// StatusDetails says which object a Status is about, and lists every single mistake.
type StatusDetails struct {
	// Name of the object.
	Name string `json:"name,omitempty" pb:"1"`
	// Its API group.
	Group string `json:"group,omitempty" pb:"2"`
	// Its kind, or its resource.
	Kind string `json:"kind,omitempty" pb:"3"`
	// Its identity, where one object is meant.
	UID UID `json:"uid,omitempty" pb:"6"`
	// One entry for each mistake.
	Causes []StatusCause `json:"causes,omitempty" pb:"4" list:"atomic"`
	// After how many seconds another attempt makes sense.
	RetryAfterSeconds int32 `json:"retryAfterSeconds,omitempty" pb:"5"`
}

// StatusReason is the reason of a failure in one word that programs compare with.
type StatusReason string

const (
	StatusReasonUnknown               StatusReason = ""
	StatusReasonUnauthorized          StatusReason = "Unauthorized"
	StatusReasonForbidden             StatusReason = "Forbidden"
	StatusReasonNotFound              StatusReason = "NotFound"
	StatusReasonAlreadyExists         StatusReason = "AlreadyExists"
	StatusReasonConflict              StatusReason = "Conflict"
	StatusReasonGone                  StatusReason = "Gone"
	StatusReasonInvalid               StatusReason = "Invalid"
	StatusReasonServerTimeout         StatusReason = "ServerTimeout"
	StatusReasonStoreReadError        StatusReason = "StorageReadError"
	StatusReasonTimeout               StatusReason = "Timeout"
	StatusReasonTooManyRequests       StatusReason = "TooManyRequests"
	StatusReasonBadRequest            StatusReason = "BadRequest"
	StatusReasonMethodNotAllowed      StatusReason = "MethodNotAllowed"
	StatusReasonNotAcceptable         StatusReason = "NotAcceptable"
	StatusReasonRequestEntityTooLarge StatusReason = "RequestEntityTooLarge"
	StatusReasonUnsupportedMediaType  StatusReason = "UnsupportedMediaType"
	StatusReasonInternalError         StatusReason = "InternalError"
	StatusReasonExpired               StatusReason = "Expired"
	StatusReasonServiceUnavailable    StatusReason = "ServiceUnavailable"
)

// StatusCause is one mistake of a request.
type StatusCause struct {
	// What kind of mistake, in one word.
	Type CauseType `json:"reason,omitempty" pb:"1"`
	// What is wrong, for people.
	Message string `json:"message,omitempty" pb:"2"`
	// The field that is wrong, as a path: "spec.containers[0].image".
	Field string `json:"field,omitempty" pb:"3"`
}

// CauseType is the kind of a single mistake.
type CauseType string

const (
	CauseTypeFieldValueNotFound       CauseType = "FieldValueNotFound"
	CauseTypeFieldValueRequired       CauseType = "FieldValueRequired"
	CauseTypeFieldValueDuplicate      CauseType = "FieldValueDuplicate"
	CauseTypeFieldValueInvalid        CauseType = "FieldValueInvalid"
	CauseTypeFieldValueNotSupported   CauseType = "FieldValueNotSupported"
	CauseTypeForbidden                CauseType = "FieldValueForbidden"
	CauseTypeTooLong                  CauseType = "FieldValueTooLong"
	CauseTypeTooMany                  CauseType = "FieldValueTooMany"
	CauseTypeInternal                 CauseType = "InternalError"
	CauseTypeTypeInvalid              CauseType = "FieldValueTypeInvalid"
	CauseTypeUnexpectedServerResponse CauseType = "UnexpectedServerResponse"
	CauseTypeFieldManagerConflict     CauseType = "FieldManagerConflict"
	CauseTypeResourceVersionTooLarge  CauseType = "ResourceVersionTooLarge"
)

// APIVersions is the answer of /api: the versions of the core group.
type APIVersions struct {
	TypeMeta `json:",inline"`
	// The versions, the preferred one first.
	Versions []string `json:"versions" pb:"1" list:"atomic"`
	// Which address a client should use, by where it is.
	ServerAddressByClientCIDRs []ServerAddressByClientCIDR `json:"serverAddressByClientCIDRs" pb:"2" list:"atomic"`
}

// APIGroupList is the answer of /apis: every group but the core one.
type APIGroupList struct {
	TypeMeta `json:",inline"`
	// The groups.
	Groups []APIGroup `json:"groups" pb:"1" list:"atomic"`
}

// APIGroup is a named set of kinds that are versioned together.
type APIGroup struct {
	TypeMeta `json:",inline"`
	// The name: "apps".
	Name string `json:"name" pb:"1"`
	// The versions that are served.
	Versions []GroupVersionForDiscovery `json:"versions" pb:"2" list:"atomic"`
	// The version that a client should take when it has no wish.
	PreferredVersion GroupVersionForDiscovery `json:"preferredVersion,omitempty" pb:"3"`
	// Which address a client should use, by where it is.
	ServerAddressByClientCIDRs []ServerAddressByClientCIDR `json:"serverAddressByClientCIDRs,omitempty" pb:"4" list:"atomic"`
}

// ServerAddressByClientCIDR says which address clients of one range should use.
type ServerAddressByClientCIDR struct {
	// The range of client addresses.
	ClientCIDR string `json:"clientCIDR" pb:"1"`
	// Host or host:port for clients of that range.
	ServerAddress string `json:"serverAddress" pb:"2"`
}

// GroupVersionForDiscovery names a version of a group, in full and short.
type GroupVersionForDiscovery struct {
	// "apps/v1".
	GroupVersion string `json:"groupVersion" pb:"1"`
	// "v1".
	Version string `json:"version" pb:"2"`
}

// APIResource says what one resource is called and what may be done with it.
type APIResource struct {
	// The plural, as in URLs; "pods/status" for a subresource.
	Name string `json:"name" pb:"1"`
	// The singular, for command lines.
	SingularName string `json:"singularName" pb:"6"`
	// Whether its objects live in namespaces.
	Namespaced bool `json:"namespaced" pb:"2"`
	// The group of its kind, where that is not the list's.
	Group string `json:"group,omitempty" pb:"8"`
	// The version of its kind, where that is not the list's.
	Version string `json:"version,omitempty" pb:"9"`
	// The kind of its objects.
	Kind string `json:"kind" pb:"3"`
	// What may be done: get, list, watch, create, update, patch, delete, deletecollection.
	Verbs Verbs `json:"verbs" pb:"4"`
	// Abbreviations for command lines.
	ShortNames []string `json:"shortNames,omitempty" pb:"5" list:"atomic"`
	// Words that select several resources at once, such as all.
	Categories []string `json:"categories,omitempty" pb:"7" list:"atomic"`
	// Changes when objects are stored in another version.
	StorageVersionHash string `json:"storageVersionHash,omitempty" pb:"10"`
}

// Verbs is a list of what may be done with a resource.
type Verbs []string

// APIResourceList is the answer of /api/v1 and /apis/GROUP/VERSION: the resources of one version of a group.
type APIResourceList struct {
	TypeMeta `json:",inline"`
	// The group and version: "apps/v1".
	GroupVersion string `json:"groupVersion" pb:"1"`
	// The resources, subresources among them.
	APIResources []APIResource `json:"resources" pb:"2" list:"atomic"`
}

// LabelSelector chooses objects by their labels. Both parts must match. An empty selector matches everything, an
// absent one nothing.
type LabelSelector struct {
	// Labels that must be there with these very values.
	MatchLabels map[string]string `json:"matchLabels,omitempty" pb:"1"`
	// Requirements that must all hold.
	MatchExpressions []LabelSelectorRequirement `json:"matchExpressions,omitempty" pb:"2" list:"atomic"`
}

// LabelSelectorRequirement is one condition on one label.
type LabelSelectorRequirement struct {
	// The label's name.
	Key string `json:"key" pb:"1"`
	// In, NotIn, Exists or DoesNotExist.
	Operator LabelSelectorOperator `json:"operator" pb:"2"`
	// The values to compare with; none for Exists and DoesNotExist.
	Values []string `json:"values,omitempty" pb:"3" list:"atomic"`
}

// FieldSelectorRequirement is one condition on one field.
type FieldSelectorRequirement struct {
	// The field's path, such as metadata.name.
	Key string `json:"key" pb:"1"`
	// In, NotIn, Exists or DoesNotExist. There may be more in future.
	Operator FieldSelectorOperator `json:"operator" pb:"2"`
	// The values to compare with; none for Exists and DoesNotExist.
	Values []string `json:"values,omitempty" pb:"3" list:"atomic"`
}

// FieldSelectorOperator compares a field with values.
type FieldSelectorOperator string

const (
	FieldSelectorOpIn           FieldSelectorOperator = "In"
	FieldSelectorOpNotIn        FieldSelectorOperator = "NotIn"
	FieldSelectorOpExists       FieldSelectorOperator = "Exists"
	FieldSelectorOpDoesNotExist FieldSelectorOperator = "DoesNotExist"
)

// LabelSelectorOperator compares a label with values.
type LabelSelectorOperator string

const (
	LabelSelectorOpIn           LabelSelectorOperator = "In"
	LabelSelectorOpNotIn        LabelSelectorOperator = "NotIn"
	LabelSelectorOpExists       LabelSelectorOperator = "Exists"
	LabelSelectorOpDoesNotExist LabelSelectorOperator = "DoesNotExist"
)

// ManagedFieldsEntry says which fields one manager set by one kind of request.
type ManagedFieldsEntry struct {
	// Who: "kubectl-client-side-apply", or the name of a controller.
	Manager string `json:"manager,omitempty" pb:"1"`
	// Apply or Update.
	Operation ManagedFieldsOperationType `json:"operation,omitempty" pb:"2"`
	// The version that the field paths are written in.
	APIVersion string `json:"apiVersion,omitempty" pb:"3"`
	// When the manager last changed one of the fields.
	Time *Time `json:"time,omitempty" pb:"4"`
	// The form of the next field; always FieldsV1.
	FieldsType string `json:"fieldsType,omitempty" pb:"6"`
	// The set of fields.
	FieldsV1 *FieldsV1 `json:"fieldsV1,omitempty" pb:"7"`
	// The subresource that was written, empty for the object itself.
	Subresource string `json:"subresource,omitempty" pb:"8"`
}

// ManagedFieldsOperationType is the kind of request by which fields were set.
type ManagedFieldsOperationType string

const (
	ManagedFieldsOperationApply  ManagedFieldsOperationType = "Apply"
	ManagedFieldsOperationUpdate ManagedFieldsOperationType = "Update"
)

// Table is a list as rows and columns, made by the server so that every client prints the same.
type Table struct {
	TypeMeta `json:",inline"`
	// As in the list.
	ListMeta `json:"metadata,omitempty"`
	// What the columns mean.
	ColumnDefinitions []TableColumnDefinition `json:"columnDefinitions" list:"atomic"`
	// One for each object.
	Rows []TableRow `json:"rows" list:"atomic"`
}

// TableColumnDefinition describes a column.
type TableColumnDefinition struct {
	// The heading.
	Name string `json:"name"`
	// The type of the cells: string, integer, number, boolean or date.
	Type string `json:"type"`
	// Says more on the type; "name" marks the column that holds the object's name.
	Format string `json:"format"`
	// What the column means.
	Description string `json:"description"`
	// 0 for columns that are always shown, more for those of the wide form.
	Priority int32 `json:"priority"`
}

// TableRow is one object of a Table.
type TableRow struct {
	// One value for each column.
	Cells []any `json:"cells" list:"atomic"`
	// What is special about the row, such as Completed for a pod that has ended.
	Conditions []TableRowCondition `json:"conditions,omitempty" list:"atomic"`
	// The object, or its metadata, as includeObject asked.
	Object RawExtension `json:"object,omitempty"`
}

// TableRowCondition says one special thing about a row.
type TableRowCondition struct {
	// What it is; only Completed is known.
	Type RowConditionType `json:"type"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status"`
	// Why, in one word.
	Reason string `json:"reason,omitempty"`
	// Why, for people.
	Message string `json:"message,omitempty"`
}

// RowConditionType names what may be special about a row.
type RowConditionType string

const (
	RowCompleted RowConditionType = "Completed"
)

// IncludeObjectPolicy says how much of an object a Table's rows carry.
type IncludeObjectPolicy string

const (
	IncludeNone     IncludeObjectPolicy = "None"
	IncludeMetadata IncludeObjectPolicy = "Metadata"
	IncludeObject   IncludeObjectPolicy = "Object"
)

// TableOptions are the query parameters of a request for a Table.
type TableOptions struct {
	TypeMeta `json:",inline"`
	// What of the object each row carries: None, Metadata or Object. Default: Metadata.
	IncludeObject IncludeObjectPolicy `json:"includeObject,omitempty" pb:"1"`
}

// PartialObjectMetadata is an object of any kind less everything but its metadata.
type PartialObjectMetadata struct {
	TypeMeta `json:",inline"`
	// The object's metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
}

// Condition is one aspect of an object's state and when it last changed.
type Condition struct {
	// Which aspect, in CamelCase.
	Type string `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// The generation that the condition speaks of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"3"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime" pb:"4"`
	// Why, in one CamelCase word.
	Reason string `json:"reason" pb:"5"`
	// Why, for people.
	Message string `json:"message" pb:"6"`
}
