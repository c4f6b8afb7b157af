package api

// Pod is a group of containers that run together on one node, share its network address and can share directories.
type Pod struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted.
	Spec PodSpec `json:"spec,omitempty" pb:"2"`
	// What is. The kubelet writes it.
	Status PodStatus `json:"status,omitempty" pb:"3"`
}

// PodSpec is what a pod should be like: its containers and what they share.
type PodSpec struct {
	// Directories that its containers can mount.
	Volumes []Volume `json:"volumes,omitempty" pb:"1" patch:"merge,retainKeys" mergeKey:"name" list:"map" mapKeys:"name"`
	// Containers that run before the others, one after another, each to its end.
	InitContainers []Container `json:"initContainers,omitempty" pb:"20" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// Its containers; at least one. They cannot be added or removed later.
	Containers []Container `json:"containers" pb:"2" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// Containers put into the running pod to look around. Added through a subresource of their own.
	EphemeralContainers []EphemeralContainer `json:"ephemeralContainers,omitempty" pb:"34" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// When containers are restarted: Always, OnFailure or Never. Default: Always.
	RestartPolicy RestartPolicy `json:"restartPolicy,omitempty" pb:"3"`
	// Seconds between being told to end and being killed. Default: 30.
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty" pb:"4"`
	// Seconds from its start after which it is ended as failed. Default: never.
	ActiveDeadlineSeconds *int64 `json:"activeDeadlineSeconds,omitempty" pb:"5"`
	// ClusterFirst, ClusterFirstWithHostNet, Default or None. Default: ClusterFirst.
	DNSPolicy DNSPolicy `json:"dnsPolicy,omitempty" pb:"6"`
	// Labels that its node must have.
	NodeSelector map[string]string `json:"nodeSelector,omitempty" pb:"7" list:"atomic"`
	// The service account that it acts as. Default: default.
	ServiceAccountName string `json:"serviceAccountName,omitempty" pb:"8"`
	// An older name of serviceAccountName.
	DeprecatedServiceAccount string `json:"serviceAccount,omitempty" pb:"9"`
	// Whether its containers get a token of the service account. Default: what the account says, else true.
	AutomountServiceAccountToken *bool `json:"automountServiceAccountToken,omitempty" pb:"21"`
	// The node that it runs on. The scheduler sets it; set by a user it goes past the scheduler.
	NodeName string `json:"nodeName,omitempty" pb:"10"`
	// Use the node's network instead of one of its own. Default: false.
	HostNetwork bool `json:"hostNetwork,omitempty" pb:"11"`
	// See the node's processes. Default: false.
	HostPID bool `json:"hostPID,omitempty" pb:"12"`
	// Share the node's inter-process communication. Default: false.
	HostIPC bool `json:"hostIPC,omitempty" pb:"13"`
	// Let its containers see each other's processes. Default: false.
	ShareProcessNamespace *bool `json:"shareProcessNamespace,omitempty" pb:"27"`
	// Rights of all containers, and of the pod's volumes.
	SecurityContext *PodSecurityContext `json:"securityContext,omitempty" pb:"14"`
	// Secrets to pull images with.
	ImagePullSecrets []LocalObjectReference `json:"imagePullSecrets,omitempty" pb:"15" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// Its host name. Default: its name.
	Hostname string `json:"hostname,omitempty" pb:"16"`
	// With it, the full name is HOSTNAME.SUBDOMAIN.NAMESPACE.svc.DOMAIN.
	Subdomain string `json:"subdomain,omitempty" pb:"17"`
	// Where it likes to be, and beside whom.
	Affinity *Affinity `json:"affinity,omitempty" pb:"18"`
	// Which scheduler places it. Default: default-scheduler.
	SchedulerName string `json:"schedulerName,omitempty" pb:"19"`
	// Taints that it does not mind.
	Tolerations []Toleration `json:"tolerations,omitempty" pb:"22" list:"atomic"`
	// Further lines for its /etc/hosts.
	HostAliases []HostAlias `json:"hostAliases,omitempty" pb:"23" patch:"merge" mergeKey:"ip" list:"map" mapKeys:"ip"`
	// Its PriorityClass.
	PriorityClassName string `json:"priorityClassName,omitempty" pb:"24"`
	// How important it is; set from the PriorityClass. Higher is more.
	Priority *int32 `json:"priority,omitempty" pb:"25"`
	// Resolver settings, merged into what dnsPolicy makes.
	DNSConfig *PodDNSConfig `json:"dnsConfig,omitempty" pb:"26"`
	// Conditions that must be True, beside its containers being ready, for it to be ready.
	ReadinessGates []PodReadinessGate `json:"readinessGates,omitempty" pb:"28" list:"atomic"`
	// Which RuntimeClass runs it. Default: the node's usual runtime.
	RuntimeClassName *string `json:"runtimeClassName,omitempty" pb:"29"`
	// Whether its containers get environment variables for the services of the namespace. Default: true.
	EnableServiceLinks *bool `json:"enableServiceLinks,omitempty" pb:"30"`
	// Whether it may push pods of lower priority off a node: PreemptLowerPriority or Never.
	PreemptionPolicy *PreemptionPolicy `json:"preemptionPolicy,omitempty" pb:"31"`
	// What running it costs beside its containers; set from the RuntimeClass.
	Overhead ResourceList `json:"overhead,omitempty" pb:"32"`
	// How evenly it and its like must be spread.
	TopologySpreadConstraints []TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty" pb:"33" patch:"merge" mergeKey:"topologyKey" list:"map" mapKeys:"topologyKey,whenUnsatisfiable"`
	// Make the full name its host name. Default: false.
	SetHostnameAsFQDN *bool `json:"setHostnameAsFQDN,omitempty" pb:"35"`
	// The operating system that it needs.
	OS *PodOS `json:"os,omitempty" pb:"36"`
	// False to give it user numbers of its own. Default: true.
	HostUsers *bool `json:"hostUsers,omitempty" pb:"37"`
	// It is not scheduled before the last of these has been removed.
	SchedulingGates []PodSchedulingGate `json:"schedulingGates,omitempty" pb:"38" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// Devices that it uses.
	ResourceClaims []PodResourceClaim `json:"resourceClaims,omitempty" pb:"39" patch:"merge,retainKeys" mergeKey:"name" list:"map" mapKeys:"name"`
	// What all containers together need and may use.
	Resources *ResourceRequirements `json:"resources,omitempty" pb:"40"`
	// Its host name, whatever else says; goes before hostname.
	HostnameOverride *string `json:"hostnameOverride,omitempty" pb:"41"`
	// The group that it is scheduled with.
	SchedulingGroup *PodSchedulingGroup `json:"schedulingGroup,omitempty" pb:"43"`
}

// PodStatus is what the kubelet last saw of a pod.
type PodStatus struct {
	// The generation that this status speaks of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"17"`
	// Pending, Running, Succeeded, Failed or Unknown.
	Phase PodPhase `json:"phase,omitempty" pb:"1"`
	// PodScheduled, Initialized, ContainersReady, Ready and others.
	Conditions []PodCondition `json:"conditions,omitempty" pb:"2" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	// Why it is in this phase, for people.
	Message string `json:"message,omitempty" pb:"3"`
	// Why it is in this phase, in one word, such as Evicted.
	Reason string `json:"reason,omitempty" pb:"4"`
	// The node that room is being made on.
	NominatedNodeName string `json:"nominatedNodeName,omitempty" pb:"11"`
	// Address of its node.
	HostIP string `json:"hostIP,omitempty" pb:"5"`
	// Addresses of its node.
	HostIPs []HostIP `json:"hostIPs,omitempty" pb:"16" patch:"merge" mergeKey:"ip" list:"atomic"`
	// Its address.
	PodIP string `json:"podIP,omitempty" pb:"6"`
	// Its addresses, podIP first.
	PodIPs []PodIP `json:"podIPs,omitempty" pb:"12" patch:"merge" mergeKey:"ip" list:"map" mapKeys:"ip"`
	// When the kubelet took it on, before pulling images.
	StartTime *Time `json:"startTime,omitempty" pb:"7"`
	// Its init containers.
	InitContainerStatuses []ContainerStatus `json:"initContainerStatuses,omitempty" pb:"10" list:"atomic"`
	// Its containers.
	ContainerStatuses []ContainerStatus `json:"containerStatuses,omitempty" pb:"8" list:"atomic"`
	// Guaranteed, Burstable or BestEffort.
	QOSClass PodQOSClass `json:"qosClass,omitempty" pb:"9"`
	// Its ephemeral containers.
	EphemeralContainerStatuses []ContainerStatus `json:"ephemeralContainerStatuses,omitempty" pb:"13" list:"atomic"`
	// How a change of resources is going. Deprecated: see the conditions PodResizePending and PodResizeInProgress.
	Resize PodResizeStatus `json:"resize,omitempty" pb:"14"`
	// Resource claims made for it.
	ResourceClaimStatuses []PodResourceClaimStatus `json:"resourceClaimStatuses,omitempty" pb:"15" patch:"merge,retainKeys" mergeKey:"name" list:"map" mapKeys:"name"`
	// How its extended resources are met.
	ExtendedResourceClaimStatus *PodExtendedResourceClaimStatus `json:"extendedResourceClaimStatus,omitempty" pb:"18"`
	// What the node has set aside for the whole pod.
	AllocatedResources ResourceList `json:"allocatedResources,omitempty" pb:"19"`
	// Requests and limits in force for the whole pod.
	Resources *ResourceRequirements `json:"resources,omitempty" pb:"20"`
	// Resource claims that use up resources of the node.
	NodeAllocatableResourceClaimStatuses []NodeAllocatableResourceClaimStatus `json:"nodeAllocatableResourceClaimStatuses,omitempty" pb:"21" list:"atomic"`
}

// PodPhase sums up in one word where a pod is in its life.
type PodPhase string

const (
	PodPending   PodPhase = "Pending"
	PodRunning   PodPhase = "Running"
	PodSucceeded PodPhase = "Succeeded"
	PodFailed    PodPhase = "Failed"
	PodUnknown   PodPhase = "Unknown"
)

// PodConditionType names an aspect of a pod's state.
type PodConditionType string

const (
	ContainersReady           PodConditionType = "ContainersReady"
	PodInitialized            PodConditionType = "Initialized"
	PodReady                  PodConditionType = "Ready"
	PodScheduled              PodConditionType = "PodScheduled"
	DisruptionTarget          PodConditionType = "DisruptionTarget"
	PodReadyToStartContainers PodConditionType = "PodReadyToStartContainers"
	PodResizePending          PodConditionType = "PodResizePending"
	PodResizeInProgress       PodConditionType = "PodResizeInProgress"
	AllContainersRestarting   PodConditionType = "AllContainersRestarting"
)

// PodCondition is one aspect of a pod's state and when it last changed.
type PodCondition struct {
	// Which: PodScheduled, Initialized, ContainersReady, Ready, ...
	Type PodConditionType `json:"type" pb:"1"`
	// The generation that the condition speaks of.
	ObservedGeneration int64 `json:"observedGeneration,omitempty" pb:"7"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When it was last looked at.
	LastProbeTime Time `json:"lastProbeTime,omitempty" pb:"3"`
	// When status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"4"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"5"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"6"`
}

// PodResizeStatus says how a change of resources is going.
type PodResizeStatus string

const (
	PodResizeStatusInProgress PodResizeStatus = "InProgress"
	PodResizeStatusDeferred   PodResizeStatus = "Deferred"
	PodResizeStatusInfeasible PodResizeStatus = "Infeasible"
)

// RestartPolicy says when the containers of a pod are restarted.
type RestartPolicy string

const (
	RestartPolicyAlways    RestartPolicy = "Always"
	RestartPolicyOnFailure RestartPolicy = "OnFailure"
	RestartPolicyNever     RestartPolicy = "Never"
)

// DNSPolicy says how a pod resolves names.
type DNSPolicy string

const (
	DNSClusterFirstWithHostNet DNSPolicy = "ClusterFirstWithHostNet"
	DNSClusterFirst            DNSPolicy = "ClusterFirst"
	DNSDefault                 DNSPolicy = "Default"
	DNSNone                    DNSPolicy = "None"
)

// PodReadinessGate names a condition that must be True for the pod to be ready.
type PodReadinessGate struct {
	// The condition. Somebody else writes it.
	ConditionType PodConditionType `json:"conditionType" pb:"1"`
}

// PodResourceClaim gives a name to a claim for devices.
type PodResourceClaim struct {
	// The name that containers use.
	Name string `json:"name" pb:"1"`
	// An existing ResourceClaim.
	ResourceClaimName *string `json:"resourceClaimName,omitempty" pb:"3"`
	// A ResourceClaimTemplate to make one from.
	ResourceClaimTemplateName *string `json:"resourceClaimTemplateName,omitempty" pb:"4"`
}

// PodResourceClaimStatus says which ResourceClaim was made for the pod.
type PodResourceClaimStatus struct {
	// Name in the pod's resourceClaims.
	Name string `json:"name" pb:"1"`
	// The ResourceClaim; absent if none was needed.
	ResourceClaimName *string `json:"resourceClaimName,omitempty" pb:"2"`
}

// PodExtendedResourceClaimStatus says how extended resources are met by a ResourceClaim.
type PodExtendedResourceClaimStatus struct {
	// Which request of the claim is for which container and resource.
	RequestMappings []ContainerExtendedResourceRequest `json:"requestMappings" pb:"1" list:"atomic"`
	// The ResourceClaim.
	ResourceClaimName string `json:"resourceClaimName" pb:"2"`
}

// ContainerExtendedResourceRequest maps a container's extended resource to a request of a claim.
type ContainerExtendedResourceRequest struct {
	// The container.
	ContainerName string `json:"containerName" pb:"1"`
	// The resource.
	ResourceName string `json:"resourceName" pb:"2"`
	// The request.
	RequestName string `json:"requestName" pb:"3"`
}

// OSName is an operating system: linux or windows.
type OSName string

const (
	Linux   OSName = "linux"
	Windows OSName = "windows"
)

// PodOS is the operating system that a pod needs.
type PodOS struct {
	// linux or windows.
	Name OSName `json:"name" pb:"1"`
}

// HostAlias is a line of /etc/hosts.
type HostAlias struct {
	// The address.
	IP string `json:"ip" pb:"1"`
	// Its names.
	Hostnames []string `json:"hostnames,omitempty" pb:"2" list:"atomic"`
}

// PodFSGroupChangePolicy says when the ownership of a volume's files is changed.
type PodFSGroupChangePolicy string

const (
	FSGroupChangeOnRootMismatch PodFSGroupChangePolicy = "OnRootMismatch"
	FSGroupChangeAlways         PodFSGroupChangePolicy = "Always"
)

// SupplementalGroupsPolicy says which further groups a process gets.
type SupplementalGroupsPolicy string

const (
	SupplementalGroupsPolicyMerge  SupplementalGroupsPolicy = "Merge"
	SupplementalGroupsPolicyStrict SupplementalGroupsPolicy = "Strict"
)

// PodSELinuxChangePolicy says how a volume gets its SELinux label.
type PodSELinuxChangePolicy string

const (
	SELinuxChangePolicyRecursive   PodSELinuxChangePolicy = "Recursive"
	SELinuxChangePolicyMountOption PodSELinuxChangePolicy = "MountOption"
)

// PodSecurityContext is the rights of all containers of a pod, and of its volumes.
type PodSecurityContext struct {
	// SELinux label of the containers.
	SELinuxOptions *SELinuxOptions `json:"seLinuxOptions,omitempty" pb:"1"`
	// Settings for Windows.
	WindowsOptions *WindowsSecurityContextOptions `json:"windowsOptions,omitempty" pb:"8"`
	// User number of the first process. Default: the image's.
	RunAsUser *int64 `json:"runAsUser,omitempty" pb:"2"`
	// Group number of the first process. Default: the image's.
	RunAsGroup *int64 `json:"runAsGroup,omitempty" pb:"6"`
	// Refuse to start a container as user 0. Default: false.
	RunAsNonRoot *bool `json:"runAsNonRoot,omitempty" pb:"3"`
	// Further groups of the first process.
	SupplementalGroups []int64 `json:"supplementalGroups,omitempty" pb:"4" list:"atomic"`
	// Merge also takes groups of the image, Strict does not. Default: Merge.
	SupplementalGroupsPolicy *SupplementalGroupsPolicy `json:"supplementalGroupsPolicy,omitempty" pb:"12"`
	// Group that owns the files of volumes which support it.
	FSGroup *int64 `json:"fsGroup,omitempty" pb:"5"`
	// Kernel parameters of the pod's namespaces.
	Sysctls []Sysctl `json:"sysctls,omitempty" pb:"7" list:"atomic"`
	// OnRootMismatch or Always. Default: Always.
	FSGroupChangePolicy *PodFSGroupChangePolicy `json:"fsGroupChangePolicy,omitempty" pb:"9"`
	// Which system calls its containers may make.
	SeccompProfile *SeccompProfile `json:"seccompProfile,omitempty" pb:"10"`
	// AppArmor profile of its containers.
	AppArmorProfile *AppArmorProfile `json:"appArmorProfile,omitempty" pb:"11"`
	// MountOption or Recursive. Default: MountOption where it works.
	SELinuxChangePolicy *PodSELinuxChangePolicy `json:"seLinuxChangePolicy,omitempty" pb:"13"`
}

// PodQOSClass says how well a pod's resources are guaranteed, and so who must go first when a node runs short.
type PodQOSClass string

const (
	PodQOSGuaranteed PodQOSClass = "Guaranteed"
	PodQOSBurstable  PodQOSClass = "Burstable"
	PodQOSBestEffort PodQOSClass = "BestEffort"
)

// PodDNSConfig is resolver settings.
type PodDNSConfig struct {
	// Addresses of name servers.
	Nameservers []string `json:"nameservers,omitempty" pb:"1" list:"atomic"`
	// Domains to search.
	Searches []string `json:"searches,omitempty" pb:"2" list:"atomic"`
	// Options, as in resolv.conf.
	Options []PodDNSConfigOption `json:"options,omitempty" pb:"3" list:"atomic"`
}

// PodDNSConfigOption is a resolver option.
type PodDNSConfigOption struct {
	// Its name.
	Name string `json:"name,omitempty" pb:"1"`
	// Its value, if it has one.
	Value *string `json:"value,omitempty" pb:"2"`
}

// PodIP is an address of a pod.
type PodIP struct {
	// The address.
	IP string `json:"ip" pb:"1"`
}

// HostIP is an address of a node.
type HostIP struct {
	// The address.
	IP string `json:"ip" pb:"1"`
}

// PodTemplateSpec is a pod that has yet to be made.
type PodTemplateSpec struct {
	// Its labels and annotations.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What it will be like.
	Spec PodSpec `json:"spec,omitempty" pb:"2"`
}

// PodTemplate is a stored template of a pod.
type PodTemplate struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The template.
	Template PodTemplateSpec `json:"template,omitempty" pb:"2"`
}

// Sysctl is a kernel parameter.
type Sysctl struct {
	// Its name.
	Name string `json:"name" pb:"1"`
	// Its value.
	Value string `json:"value" pb:"2"`
}

// NodeAllocatableResourceClaimStatus says what a resource claim uses up of a node's resources.
type NodeAllocatableResourceClaimStatus struct {
	// The ResourceClaim.
	ResourceClaimName string `json:"resourceClaimName" pb:"1"`
	// The containers that use it.
	Containers []string `json:"containers,omitempty" pb:"2" list:"set"`
	// How much of each resource.
	Resources map[ResourceName]Quantity `json:"resources" pb:"3"`
}
