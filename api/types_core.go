package api

// TypedObjectReference names an object of any kind, possibly in another namespace.
type TypedObjectReference struct {
	// Group of its kind; absent for the core group.
	APIGroup *string `json:"apiGroup" pb:"1" api:"optional"`
	// Its kind.
	Kind string `json:"kind" pb:"2"`
	// Its name.
	Name string `json:"name" pb:"3"`
	// Its namespace. Default: that of the object that refers to it.
	Namespace *string `json:"namespace,omitempty" pb:"4"`
}

// Protocol is a transport protocol.
type Protocol string

const (
	ProtocolTCP  Protocol = "TCP"
	ProtocolUDP  Protocol = "UDP"
	ProtocolSCTP Protocol = "SCTP"
)

// ConditionStatus is True, False or Unknown.
type ConditionStatus string

const (
	ConditionTrue    ConditionStatus = "True"
	ConditionFalse   ConditionStatus = "False"
	ConditionUnknown ConditionStatus = "Unknown"
)

// ServiceAccount is who the processes in a pod are to the API server.
type ServiceAccount struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Secrets that its pods may use, where that is enforced.
	Secrets []ObjectReference `json:"secrets,omitempty" pb:"2" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// Secrets that its pods pull images with, unless they name their own.
	ImagePullSecrets []LocalObjectReference `json:"imagePullSecrets,omitempty" pb:"3" list:"atomic"`
	// Whether its pods get a token. A pod may say otherwise. Default: true.
	AutomountServiceAccountToken *bool `json:"automountServiceAccountToken,omitempty" pb:"4"`
}

// ResourceName is the name of something that there is a limited amount of: cpu, memory, example.com/gpu.
type ResourceName string

const (
	ResourceCPU                      ResourceName = "cpu"
	ResourceMemory                   ResourceName = "memory"
	ResourceStorage                  ResourceName = "storage"
	ResourceEphemeralStorage         ResourceName = "ephemeral-storage"
	ResourcePods                     ResourceName = "pods"
	ResourceServices                 ResourceName = "services"
	ResourceReplicationControllers   ResourceName = "replicationcontrollers"
	ResourceQuotas                   ResourceName = "resourcequotas"
	ResourceSecrets                  ResourceName = "secrets"
	ResourceConfigMaps               ResourceName = "configmaps"
	ResourcePersistentVolumeClaims   ResourceName = "persistentvolumeclaims"
	ResourceServicesNodePorts        ResourceName = "services.nodeports"
	ResourceServicesLoadBalancers    ResourceName = "services.loadbalancers"
	ResourceRequestsCPU              ResourceName = "requests.cpu"
	ResourceRequestsMemory           ResourceName = "requests.memory"
	ResourceRequestsStorage          ResourceName = "requests.storage"
	ResourceRequestsEphemeralStorage ResourceName = "requests.ephemeral-storage"
	ResourceLimitsCPU                ResourceName = "limits.cpu"
	ResourceLimitsMemory             ResourceName = "limits.memory"
	ResourceLimitsEphemeralStorage   ResourceName = "limits.ephemeral-storage"
)

// ResourceList is an amount of each of some resources.
type ResourceList map[ResourceName]Quantity

// FinalizerName names work that must be done before a namespace may go.
type FinalizerName string

const (
	FinalizerKubernetes FinalizerName = "kubernetes"
)

// NamespaceSpec is what a namespace should be like.
type NamespaceSpec struct {
	// Work that must be done before it may go; "kubernetes" stands for deleting all that is in it.
	Finalizers []FinalizerName `json:"finalizers,omitempty" pb:"1" list:"atomic"`
}

// NamespaceStatus is the state of a namespace.
type NamespaceStatus struct {
	// Active or Terminating.
	Phase NamespacePhase `json:"phase,omitempty" pb:"1"`
	// Why it is not gone yet.
	Conditions []NamespaceCondition `json:"conditions,omitempty" pb:"2" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// NamespacePhase is Active or Terminating.
type NamespacePhase string

const (
	NamespaceActive      NamespacePhase = "Active"
	NamespaceTerminating NamespacePhase = "Terminating"
)

// NamespaceConditionType names an aspect of a namespace's end.
type NamespaceConditionType string

const (
	NamespaceDeletionDiscoveryFailure NamespaceConditionType = "NamespaceDeletionDiscoveryFailure"
	NamespaceDeletionContentFailure   NamespaceConditionType = "NamespaceDeletionContentFailure"
	NamespaceDeletionGVParsingFailure NamespaceConditionType = "NamespaceDeletionGroupVersionParsingFailure"
	NamespaceContentRemaining         NamespaceConditionType = "NamespaceContentRemaining"
	NamespaceFinalizersRemaining      NamespaceConditionType = "NamespaceFinalizersRemaining"
)

// NamespaceCondition is one aspect of a namespace's end.
type NamespaceCondition struct {
	// Which.
	Type NamespaceConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"4"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"5"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"6"`
}

// Namespace is a room for names: two objects of one kind may have the same name in different namespaces.
type Namespace struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted.
	Spec NamespaceSpec `json:"spec,omitempty" pb:"2"`
	// What is.
	Status NamespaceStatus `json:"status,omitempty" pb:"3"`
}

// ObjectReference names an object, or a part of one.
type ObjectReference struct {
	// Its kind.
	Kind string `json:"kind,omitempty" pb:"1"`
	// Its namespace.
	Namespace string `json:"namespace,omitempty" pb:"2"`
	// Its name.
	Name string `json:"name,omitempty" pb:"3"`
	// Its identity.
	UID UID `json:"uid,omitempty" pb:"4"`
	// Group and version of its kind.
	APIVersion string `json:"apiVersion,omitempty" pb:"5"`
	// Its revision.
	ResourceVersion string `json:"resourceVersion,omitempty" pb:"6"`
	// The part of it: spec.containers{web}.
	FieldPath string `json:"fieldPath,omitempty" pb:"7"`
}

// LocalObjectReference names an object of a known kind in the same namespace.
type LocalObjectReference struct {
	// Its name.
	Name string `json:"name,omitempty" pb:"1"`
}

// TypedLocalObjectReference names an object of any kind in the same namespace.
type TypedLocalObjectReference struct {
	// Group of its kind; absent for the core group.
	APIGroup *string `json:"apiGroup" pb:"1" api:"optional"`
	// Its kind.
	Kind string `json:"kind" pb:"2"`
	// Its name.
	Name string `json:"name" pb:"3"`
}

// EventSource is who tells of an event.
type EventSource struct {
	// The program.
	Component string `json:"component,omitempty" pb:"1"`
	// The node that it runs on.
	Host string `json:"host,omitempty" pb:"2"`
}

// Event tells people what happened to an object. Programs must not rely on it: events are aggregated, dropped and
// forgotten after an hour.
type Event struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata" pb:"1"`
	// The object that it is about.
	InvolvedObject ObjectReference `json:"involvedObject" pb:"2"`
	// What happened, in one CamelCase word.
	Reason string `json:"reason,omitempty" pb:"3"`
	// What happened, for people.
	Message string `json:"message,omitempty" pb:"4"`
	// Who tells.
	Source EventSource `json:"source,omitempty" pb:"5"`
	// When it first happened.
	FirstTimestamp Time `json:"firstTimestamp,omitempty" pb:"6"`
	// When it last happened.
	LastTimestamp Time `json:"lastTimestamp,omitempty" pb:"7"`
	// How often it has happened.
	Count int32 `json:"count,omitempty" pb:"8"`
	// Normal or Warning.
	Type string `json:"type,omitempty" pb:"9"`
	// When it first happened, to the microsecond.
	EventTime MicroTime `json:"eventTime,omitempty" pb:"10"`
	// Set when it happened again: how often, and when last.
	Series *EventSeries `json:"series,omitempty" pb:"11"`
	// What was done, or failed to be done.
	Action string `json:"action,omitempty" pb:"12"`
	// Another object that matters here.
	Related *ObjectReference `json:"related,omitempty" pb:"13"`
	// Who tells: "kubelet".
	ReportingController string `json:"reportingComponent" pb:"14" api:"optional"`
	// Which one of them.
	ReportingInstance string `json:"reportingInstance" pb:"15" api:"optional"`
}

// EventSeries counts repeats of one event.
type EventSeries struct {
	// How often it has happened.
	Count int32 `json:"count,omitempty" pb:"1"`
	// When it last happened.
	LastObservedTime MicroTime `json:"lastObservedTime,omitempty" pb:"2"`
}

// Secret holds data that few should see: passwords, tokens, keys. At most 1 MiB.
type Secret struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// True if its data cannot change any more. Default: false.
	Immutable *bool `json:"immutable,omitempty" pb:"5"`
	// Keys and values; values are base64 on the wire.
	Data map[string][]byte `json:"data,omitempty" pb:"2"`
	// Values as plain text, for writing only: they are moved into data.
	StringData map[string]string `json:"stringData,omitempty" pb:"4"`
	// Says which keys it has, for programs that use it. Default: Opaque.
	Type SecretType `json:"type,omitempty" pb:"3"`
}

// SecretType says which keys a Secret has.
type SecretType string

const (
	SecretTypeOpaque              SecretType = "Opaque"
	SecretTypeServiceAccountToken SecretType = "kubernetes.io/service-account-token"
	SecretTypeDockercfg           SecretType = "kubernetes.io/dockercfg"
	SecretTypeDockerConfigJson    SecretType = "kubernetes.io/dockerconfigjson"
	SecretTypeBasicAuth           SecretType = "kubernetes.io/basic-auth"
	SecretTypeSSHAuth             SecretType = "kubernetes.io/ssh-auth"
	SecretTypeTLS                 SecretType = "kubernetes.io/tls"
	SecretTypeBootstrapToken      SecretType = "bootstrap.kubernetes.io/token"
)

// ConfigMap holds configuration. At most 1 MiB.
type ConfigMap struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// True if its data cannot change any more. Default: false.
	Immutable *bool `json:"immutable,omitempty" pb:"4"`
	// Keys and values. Keys consist of letters, digits, '-', '_' and '.'.
	Data map[string]string `json:"data,omitempty" pb:"2"`
	// Values that are not UTF-8 text; base64 on the wire. No key may be in both.
	BinaryData map[string][]byte `json:"binaryData,omitempty" pb:"3"`
}
