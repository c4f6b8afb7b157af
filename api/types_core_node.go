package api

// Node is a machine that runs pods. Its kubelet registers it.
type Node struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted.
	Spec NodeSpec `json:"spec,omitempty" pb:"2"`
	// What is. The kubelet writes it.
	Status NodeStatus `json:"status,omitempty" pb:"3"`
}

// NodeSpec is what a node should be like.
type NodeSpec struct {
	// Range of its pods' addresses.
	PodCIDR string `json:"podCIDR,omitempty" pb:"1"`
	// Ranges of its pods' addresses, podCIDR first.
	PodCIDRs []string `json:"podCIDRs,omitempty" pb:"7" patch:"merge" list:"set"`
	// Its identity at the cloud provider.
	ProviderID string `json:"providerID,omitempty" pb:"3"`
	// True to place no new pods on it: what `kubectl cordon` sets. Default: false.
	Unschedulable bool `json:"unschedulable,omitempty" pb:"4"`
	// Keep pods off that do not tolerate them.
	Taints []Taint `json:"taints,omitempty" pb:"5" list:"atomic"`
	// No longer used.
	ConfigSource *NodeConfigSource `json:"configSource,omitempty" pb:"6"`
	// No longer used.
	DoNotUseExternalID string `json:"externalID,omitempty" pb:"2"`
}

// NodeStatus is what the kubelet last said of a node.
type NodeStatus struct {
	// All that the node has.
	Capacity ResourceList `json:"capacity,omitempty" pb:"1"`
	// What of it pods may use. Default: capacity.
	Allocatable ResourceList `json:"allocatable,omitempty" pb:"2"`
	// No longer used.
	Phase NodePhase `json:"phase,omitempty" pb:"3"`
	// Ready, MemoryPressure, DiskPressure and others.
	Conditions []NodeCondition `json:"conditions,omitempty" pb:"4" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	// Names and addresses by which it is reached.
	Addresses []NodeAddress `json:"addresses,omitempty" pb:"5" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	// Ports that its daemons listen on.
	DaemonEndpoints NodeDaemonEndpoints `json:"daemonEndpoints,omitempty" pb:"6"`
	// What machine it is and what runs on it.
	NodeInfo NodeSystemInfo `json:"nodeInfo,omitempty" pb:"7"`
	// Container images that it has.
	Images []ContainerImage `json:"images,omitempty" pb:"8" list:"atomic"`
	// Volumes that are mounted on it.
	VolumesInUse []UniqueVolumeName `json:"volumesInUse,omitempty" pb:"9" list:"atomic"`
	// Volumes that are attached to it.
	VolumesAttached []AttachedVolume `json:"volumesAttached,omitempty" pb:"10" list:"atomic"`
	// No longer used.
	Config *NodeConfigStatus `json:"config,omitempty" pb:"11"`
	// Ways in which it can run pods.
	RuntimeHandlers []NodeRuntimeHandler `json:"runtimeHandlers,omitempty" pb:"12" list:"atomic"`
	// What its runtime can do.
	Features *NodeFeatures `json:"features,omitempty" pb:"13"`
	// Features of Kubernetes that it says it has.
	DeclaredFeatures []string `json:"declaredFeatures,omitempty" pb:"14" list:"atomic"`
}

// What kubelets declare that they can do: talk by WebSocket to whoever runs a command or forwards a port, restart all
// containers of a pod where a rule asks for it, and resize init containers that run, and pods as a whole.
const (
	FeatureWebSockets           = "ExtendWebSocketsToKubelet"
	FeatureRestartAllContainers = "RestartAllContainersOnContainerExits"
	FeatureResizeInitContainers = "InPlacePodVerticalScalingInitContainers"
	FeatureResizePods           = "InPlacePodLevelResourcesVerticalScaling"
)

// NodeConfigSource is where a kubelet was to find its configuration. No longer used.
type NodeConfigSource struct {
	// A ConfigMap.
	ConfigMap *ConfigMapNodeConfigSource `json:"configMap,omitempty" pb:"2"`
}

// ConfigMapNodeConfigSource names a ConfigMap with a kubelet's configuration. No longer used.
type ConfigMapNodeConfigSource struct {
	// Its namespace.
	Namespace string `json:"namespace" pb:"1"`
	// Its name.
	Name string `json:"name" pb:"2"`
	// Its identity.
	UID UID `json:"uid,omitempty" pb:"3"`
	// Its revision.
	ResourceVersion string `json:"resourceVersion,omitempty" pb:"4"`
	// The key that holds the configuration.
	KubeletConfigKey string `json:"kubeletConfigKey" pb:"5"`
}

// DaemonEndpoint is a port that a daemon of a node listens on.
type DaemonEndpoint struct {
	// The port.
	Port int32 `json:"Port" pb:"1"`
}

// NodeDaemonEndpoints lists the ports that a node's daemons listen on.
type NodeDaemonEndpoints struct {
	// The kubelet's: logs, exec and the like.
	KubeletEndpoint DaemonEndpoint `json:"kubeletEndpoint,omitempty" pb:"1"`
}

// NodeRuntimeHandlerFeatures says what a runtime handler can do.
type NodeRuntimeHandlerFeatures struct {
	// Read-only mounts all the way down.
	RecursiveReadOnlyMounts *bool `json:"recursiveReadOnlyMounts,omitempty" pb:"1"`
	// User numbers of the pod's own.
	UserNamespaces *bool `json:"userNamespaces,omitempty" pb:"2"`
}

// NodeRuntimeHandler is one way in which a node can run pods.
type NodeRuntimeHandler struct {
	// Its name; empty for the usual one.
	Name string `json:"name" pb:"1" api:"optional"`
	// What it can do.
	Features *NodeRuntimeHandlerFeatures `json:"features,omitempty" pb:"2"`
}

// NodeFeatures says what a node's runtime can do.
type NodeFeatures struct {
	// Whether it supports supplementalGroupsPolicy.
	SupplementalGroupsPolicy *bool `json:"supplementalGroupsPolicy,omitempty" pb:"1"`
}

// NodeSystemInfo says what machine a node is and what runs on it.
type NodeSystemInfo struct {
	// Identity of the installation, from /etc/machine-id.
	MachineID string `json:"machineID" pb:"1"`
	// Identity of the machine.
	SystemUUID string `json:"systemUUID" pb:"2"`
	// Identity of its present run, since the last boot.
	BootID string `json:"bootID" pb:"3"`
	// Version of the kernel.
	KernelVersion string `json:"kernelVersion" pb:"4"`
	// Name of the operating system.
	OSImage string `json:"osImage" pb:"5"`
	// Container runtime and version: docker://20.10.24.
	ContainerRuntimeVersion string `json:"containerRuntimeVersion" pb:"6"`
	// Version of the kubelet.
	KubeletVersion string `json:"kubeletVersion" pb:"7"`
	// No longer filled in.
	KubeProxyVersion string `json:"kubeProxyVersion" pb:"8"`
	// Operating system: linux.
	OperatingSystem string `json:"operatingSystem" pb:"9"`
	// Processor: amd64.
	Architecture string `json:"architecture" pb:"10"`
	// How much swap it has.
	Swap *NodeSwapStatus `json:"swap,omitempty" pb:"11"`
}

// NodeSwapStatus is how much swap a node has.
type NodeSwapStatus struct {
	// In bytes.
	Capacity *int64 `json:"capacity,omitempty" pb:"1"`
}

// NodeConfigStatus is the state of a kubelet's configuration. No longer used.
type NodeConfigStatus struct {
	// The one it was given.
	Assigned *NodeConfigSource `json:"assigned,omitempty" pb:"1"`
	// The one it uses.
	Active *NodeConfigSource `json:"active,omitempty" pb:"2"`
	// The one it falls back to.
	LastKnownGood *NodeConfigSource `json:"lastKnownGood,omitempty" pb:"3"`
	// What is wrong with the one it was given.
	Error string `json:"error,omitempty" pb:"4"`
}

// UniqueVolumeName names an attached volume.
type UniqueVolumeName string

// AttachedVolume is a volume that is attached to a node.
type AttachedVolume struct {
	// Its name.
	Name UniqueVolumeName `json:"name" pb:"1"`
	// The device it is.
	DevicePath string `json:"devicePath" pb:"2"`
}

// ContainerImage is an image that a node has.
type ContainerImage struct {
	// Its names, tags and digests.
	Names []string `json:"names" pb:"1" list:"atomic" api:"optional"`
	// How large it is.
	SizeBytes int64 `json:"sizeBytes,omitempty" pb:"2"`
}

// NodePhase is no longer used.
type NodePhase string

const (
	NodePending    NodePhase = "Pending"
	NodeRunning    NodePhase = "Running"
	NodeTerminated NodePhase = "Terminated"
)

// NodeConditionType names an aspect of a node's state.
type NodeConditionType string

const (
	NodeReady              NodeConditionType = "Ready"
	NodeMemoryPressure     NodeConditionType = "MemoryPressure"
	NodeDiskPressure       NodeConditionType = "DiskPressure"
	NodePIDPressure        NodeConditionType = "PIDPressure"
	NodeNetworkUnavailable NodeConditionType = "NetworkUnavailable"
)

// NodeCondition is one aspect of a node's state and when it last changed.
type NodeCondition struct {
	// Which: Ready, MemoryPressure, DiskPressure, PIDPressure, NetworkUnavailable.
	Type NodeConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When it was last confirmed.
	LastHeartbeatTime Time `json:"lastHeartbeatTime,omitempty" pb:"3"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"4"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"5"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"6"`
}

// NodeAddressType says what kind of name or address it is.
type NodeAddressType string

const (
	NodeHostName    NodeAddressType = "Hostname"
	NodeInternalIP  NodeAddressType = "InternalIP"
	NodeExternalIP  NodeAddressType = "ExternalIP"
	NodeInternalDNS NodeAddressType = "InternalDNS"
	NodeExternalDNS NodeAddressType = "ExternalDNS"
)

// NodeAddress is a name or address of a node.
type NodeAddress struct {
	// Hostname, InternalIP, InternalDNS, ExternalIP or ExternalDNS.
	Type NodeAddressType `json:"type" pb:"1"`
	// The name or address.
	Address string `json:"address" pb:"2"`
}
