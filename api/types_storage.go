package api

// StorageClass describes a kind of storage. A claim names the class and gets a volume that the provisioner makes to
// its measure.
type StorageClass struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Who makes the volumes: "example.com/disks". It cannot change.
	Provisioner string `json:"provisioner" pb:"2"`
	// What the provisioner is to know; only it understands them. At most 512, and 256 kB together. They cannot change.
	Parameters map[string]string `json:"parameters,omitempty" pb:"3"`
	// What becomes of a volume whose claim is gone: Delete or Retain. It cannot change. Default: Delete.
	ReclaimPolicy *PersistentVolumeReclaimPolicy `json:"reclaimPolicy,omitempty" pb:"4"`
	// Options for mounting the volumes: "ro", "soft". Nobody checks them before a mount fails.
	MountOptions []string `json:"mountOptions,omitempty" pb:"5" list:"atomic"`
	// Whether claims may ask for more than they have.
	AllowVolumeExpansion *bool `json:"allowVolumeExpansion,omitempty" pb:"6"`
	// When a volume is made: Immediate, or WaitForFirstConsumer, once a pod that uses the claim has a node. It cannot
	// change. Default: Immediate.
	VolumeBindingMode *VolumeBindingMode `json:"volumeBindingMode,omitempty" pb:"7"`
	// Where in the cluster volumes may be made. Default: anywhere.
	AllowedTopologies []TopologySelectorTerm `json:"allowedTopologies,omitempty" pb:"8" list:"atomic"`
}

// VolumeBindingMode says when claims of a class get their volume.
type VolumeBindingMode string

const (
	// As soon as the claim exists.
	VolumeBindingImmediate VolumeBindingMode = "Immediate"
	// Once the scheduler has chosen a node for a pod that uses the claim, so that the volume is where the node can reach
	// it.
	VolumeBindingWaitForFirstConsumer VolumeBindingMode = "WaitForFirstConsumer"
)

// VolumeAttachment asks for a volume to be attached to a node. The controller that attaches volumes makes it, and the
// volume's driver does it.
type VolumeAttachment struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. It cannot change.
	Spec VolumeAttachmentSpec `json:"spec" pb:"2"`
	// What is. The driver writes it.
	Status VolumeAttachmentStatus `json:"status,omitempty" pb:"3"`
}

// VolumeAttachmentSpec is which volume is to be attached where.
type VolumeAttachmentSpec struct {
	// The volume driver that has to do it.
	Attacher string `json:"attacher" pb:"1"`
	// The volume.
	Source VolumeAttachmentSource `json:"source" pb:"2"`
	// The node.
	NodeName string `json:"nodeName" pb:"3"`
}

// VolumeAttachmentSource is the volume to attach. Exactly one field is set.
type VolumeAttachmentSource struct {
	// The PersistentVolume.
	PersistentVolumeName *string `json:"persistentVolumeName,omitempty" pb:"1"`
	// A volume that has no object of its own: one written into a pod, in the form that its driver knows.
	InlineVolumeSpec *PersistentVolumeSpec `json:"inlineVolumeSpec,omitempty" pb:"2"`
}

// VolumeAttachmentStatus is how far the attaching has got.
type VolumeAttachmentStatus struct {
	// Whether the volume is attached.
	Attached bool `json:"attached" pb:"1"`
	// What the driver wants to be told when the volume is mounted. At most 256 kB.
	AttachmentMetadata map[string]string `json:"attachmentMetadata,omitempty" pb:"2"`
	// What went wrong last when it was to be attached.
	AttachError *VolumeError `json:"attachError,omitempty" pb:"3"`
	// What went wrong last when it was to be detached.
	DetachError *VolumeError `json:"detachError,omitempty" pb:"4"`
}

// VolumeError is something that went wrong with a volume.
type VolumeError struct {
	// When.
	Time Time `json:"time,omitempty" pb:"1"`
	// What, for people; at most 1 kB.
	Message string `json:"message,omitempty" pb:"2"`
	// The gRPC code that the driver answered with.
	ErrorCode *int32 `json:"errorCode,omitempty" pb:"3"`
}

// CSIDriver tells the cluster what a volume driver can do and what it wants to be told. Its name is the driver's
// name.
type CSIDriver struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What the driver is like.
	Spec CSIDriverSpec `json:"spec" pb:"2"`
}

// CSIDriverSpec is what a volume driver can do and needs.
type CSIDriverSpec struct {
	// Whether volumes must be attached to a node before they are mounted there. It cannot change. Default: true.
	AttachRequired *bool `json:"attachRequired,omitempty" pb:"1"`
	// Whether the driver wants to know which pod it mounts for. Default: false.
	PodInfoOnMount *bool `json:"podInfoOnMount,omitempty" pb:"2"`
	// Persistent, Ephemeral or both: whether volumes outlive pods. It cannot change. Default: Persistent.
	VolumeLifecycleModes []VolumeLifecycleMode `json:"volumeLifecycleModes,omitempty" pb:"3" list:"set"`
	// Whether the scheduler is to ask CSIStorageCapacity objects for room before it chooses a node. Default: false.
	StorageCapacity *bool `json:"storageCapacity,omitempty" pb:"4"`
	// How the group of files in the volume is set: ReadWriteOnceWithFSType, File or None. Default:
	// ReadWriteOnceWithFSType.
	FSGroupPolicy *FSGroupPolicy `json:"fsGroupPolicy,omitempty" pb:"5"`
	// Service account tokens of the pod that the kubelet hands to the driver with each mount. Audiences must differ.
	TokenRequests []StorageTokenRequest `json:"tokenRequests,omitempty" pb:"6" list:"atomic"`
	// Whether the kubelet repeats the mount call now and then, so that the driver can renew what it put there. Default:
	// false.
	RequiresRepublish *bool `json:"requiresRepublish,omitempty" pb:"7"`
	// Whether the driver can mount with an SELinux context. Default: false.
	SELinuxMount *bool `json:"seLinuxMount,omitempty" pb:"8"`
	// How often, in seconds, the kubelet asks the driver again how many volumes a node can take. At least 10. Default:
	// never.
	NodeAllocatableUpdatePeriodSeconds *int64 `json:"nodeAllocatableUpdatePeriodSeconds,omitempty" pb:"9"`
	// Whether the tokens of tokenRequests travel among the secrets of a call, which drivers do not log, rather than in
	// the volume's context. Needs tokenRequests.
	ServiceAccountTokenInSecrets *bool `json:"serviceAccountTokenInSecrets,omitempty" pb:"10"`
	// Whether pods that need this driver stay off nodes that do not have it. Alpha upstream, and dropped like there.
	PreventPodSchedulingIfMissing *bool `json:"preventPodSchedulingIfMissing,omitempty" pb:"11"`
}

// FSGroupPolicy says how the group of the files in a volume is set.
type FSGroupPolicy string

const (
	// Change it where the volume has a file system type and only one node mounts it.
	ReadWriteOnceWithFSTypeFSGroupPolicy FSGroupPolicy = "ReadWriteOnceWithFSType"
	// The driver can do it, so it is always changed when the pod asks.
	FileFSGroupPolicy FSGroupPolicy = "File"
	// Never.
	NoneFSGroupPolicy FSGroupPolicy = "None"
)

// VolumeLifecycleMode says whether a volume outlives the pods that use it.
type VolumeLifecycleMode string

// StorageTokenRequest asks for a service account token for a volume driver.
type StorageTokenRequest struct {
	// Whom the token is for. Empty: the API server.
	Audience string `json:"audience" pb:"1"`
	// For how many seconds it is good: 600 or more. Default: one hour.
	ExpirationSeconds *int64 `json:"expirationSeconds,omitempty" pb:"2"`
}

const (
	// Volumes by claims, with a life of their own.
	VolumeLifecyclePersistent VolumeLifecycleMode = "Persistent"
	// Volumes written into a pod, that come and go with it.
	VolumeLifecycleEphemeral VolumeLifecycleMode = "Ephemeral"
)

// CSINode lists the volume drivers that run on a node. It is called as the node is, and its kubelet writes it.
type CSINode struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The drivers.
	Spec CSINodeSpec `json:"spec" pb:"2"`
}

// CSINodeSpec is the list of volume drivers on a node.
type CSINodeSpec struct {
	// One entry for each driver. What is in an entry cannot change, but for allocatable.
	Drivers []CSINodeDriver `json:"drivers" pb:"1" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
}

// CSINodeDriver is one volume driver on a node.
type CSINodeDriver struct {
	// The driver's name, as in CSIDriver.
	Name string `json:"name" pb:"1"`
	// What the driver calls this node.
	NodeID string `json:"nodeID" pb:"2"`
	// Labels by which the driver tells where a node is; a volume may be bound to their values.
	TopologyKeys []string `json:"topologyKeys" pb:"3" list:"atomic" api:"optional"`
	// How many volumes of the driver the node can take.
	Allocatable *VolumeNodeResources `json:"allocatable,omitempty" pb:"4"`
}

// VolumeNodeResources is what a node can take of a driver's volumes.
type VolumeNodeResources struct {
	// The number of volumes. Nothing: no limit. Zero: none at all.
	Count *int32 `json:"count,omitempty" pb:"1"`
}

// CSIStorageCapacity says how much room a storage class has in one part of the cluster. Drivers write it for the
// scheduler.
type CSIStorageCapacity struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Which nodes can reach this room. Nothing: none. It cannot change.
	NodeTopology *LabelSelector `json:"nodeTopology,omitempty" pb:"2"`
	// The storage class that this is about. It cannot change.
	StorageClassName string `json:"storageClassName" pb:"3"`
	// How much there is. Nothing: not known.
	Capacity *Quantity `json:"capacity,omitempty" pb:"4"`
	// The largest volume that can be made, where that is less than capacity.
	MaximumVolumeSize *Quantity `json:"maximumVolumeSize,omitempty" pb:"5"`
}

// VolumeAttributesClass is a set of properties of volumes, such as their speed, that a claim can change while it is
// used.
type VolumeAttributesClass struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The driver that knows the parameters. It cannot change.
	DriverName string `json:"driverName" pb:"2"`
	// What the driver is to set; only it understands them. At least one; they cannot change.
	Parameters map[string]string `json:"parameters,omitempty" pb:"3"`
}
