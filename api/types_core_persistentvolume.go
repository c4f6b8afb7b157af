package api

// PersistentVolume is a piece of storage in the cluster. It outlives the pods that use it.
type PersistentVolume struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What it is. An administrator or a provisioner writes it.
	Spec PersistentVolumeSpec `json:"spec,omitempty" pb:"2"`
	// Where it is in its life. The volume binder writes it.
	Status PersistentVolumeStatus `json:"status,omitempty" pb:"3"`
}

// PersistentVolumeSpec is what a volume is.
type PersistentVolumeSpec struct {
	// How large it is: storage, and nothing else.
	Capacity ResourceList `json:"capacity,omitempty" pb:"1"`
	// Where the data is. It cannot change.
	PersistentVolumeSource `json:",inline" pb:"2"`
	// How it can be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.
	AccessModes []PersistentVolumeAccessMode `json:"accessModes,omitempty" pb:"3" list:"atomic"`
	// The claim that it is bound to. The binder sets it, or an administrator who keeps the volume for one claim.
	ClaimRef *ObjectReference `json:"claimRef,omitempty" pb:"4" list:"granular"`
	// What happens when its claim is gone: Retain, Delete or, deprecated, Recycle. Default: Retain.
	PersistentVolumeReclaimPolicy PersistentVolumeReclaimPolicy `json:"persistentVolumeReclaimPolicy,omitempty" pb:"5"`
	// The StorageClass that it belongs to. Default: none.
	StorageClassName string `json:"storageClassName,omitempty" pb:"6"`
	// Options of the mount command. They are not checked.
	MountOptions []string `json:"mountOptions,omitempty" pb:"7" list:"atomic"`
	// Filesystem or Block. Default: Filesystem.
	VolumeMode *PersistentVolumeMode `json:"volumeMode,omitempty" pb:"8"`
	// From which nodes it can be reached. Default: all.
	NodeAffinity *VolumeNodeAffinity `json:"nodeAffinity,omitempty" pb:"9"`
	// The VolumeAttributesClass whose parameters it has.
	VolumeAttributesClassName *string `json:"volumeAttributesClassName,omitempty" pb:"10"`
}

// PersistentVolumeSource is where the data of a volume is. Exactly one must be set.
type PersistentVolumeSource struct {
	// A Google Compute Engine disk. Deprecated: use a CSI driver.
	GCEPersistentDisk *GCEPersistentDiskVolumeSource `json:"gcePersistentDisk,omitempty" pb:"1"`
	// An Amazon disk. Deprecated: use a CSI driver.
	AWSElasticBlockStore *AWSElasticBlockStoreVolumeSource `json:"awsElasticBlockStore,omitempty" pb:"2"`
	// A directory of the host. It makes sense with a single node only.
	HostPath *HostPathVolumeSource `json:"hostPath,omitempty" pb:"3"`
	// A Glusterfs volume. Deprecated.
	Glusterfs *GlusterfsPersistentVolumeSource `json:"glusterfs,omitempty" pb:"4"`
	// A directory of an NFS server.
	NFS *NFSVolumeSource `json:"nfs,omitempty" pb:"5"`
	// A Ceph block device. Deprecated.
	RBD *RBDPersistentVolumeSource `json:"rbd,omitempty" pb:"6"`
	// An iSCSI disk.
	ISCSI *ISCSIPersistentVolumeSource `json:"iscsi,omitempty" pb:"7"`
	// An OpenStack disk. Deprecated: use a CSI driver.
	Cinder *CinderPersistentVolumeSource `json:"cinder,omitempty" pb:"8"`
	// A Ceph file system. Deprecated.
	CephFS *CephFSPersistentVolumeSource `json:"cephfs,omitempty" pb:"9"`
	// A Fibre Channel disk.
	FC *FCVolumeSource `json:"fc,omitempty" pb:"10"`
	// A Flocker volume. Deprecated.
	Flocker *FlockerVolumeSource `json:"flocker,omitempty" pb:"11"`
	// A volume of an exec-based plugin. Deprecated: use a CSI driver.
	FlexVolume *FlexPersistentVolumeSource `json:"flexVolume,omitempty" pb:"12"`
	// An Azure file share. Deprecated: use a CSI driver.
	AzureFile *AzureFilePersistentVolumeSource `json:"azureFile,omitempty" pb:"13"`
	// A vSphere disk. Deprecated: use a CSI driver.
	VsphereVolume *VsphereVirtualDiskVolumeSource `json:"vsphereVolume,omitempty" pb:"14"`
	// A Quobyte volume. Deprecated.
	Quobyte *QuobyteVolumeSource `json:"quobyte,omitempty" pb:"15"`
	// An Azure disk. Deprecated: use a CSI driver.
	AzureDisk *AzureDiskVolumeSource `json:"azureDisk,omitempty" pb:"16"`
	// A Photon disk. Deprecated.
	PhotonPersistentDisk *PhotonPersistentDiskVolumeSource `json:"photonPersistentDisk,omitempty" pb:"17"`
	// A Portworx volume. Deprecated: use a CSI driver.
	PortworxVolume *PortworxVolumeSource `json:"portworxVolume,omitempty" pb:"18"`
	// A ScaleIO volume. Deprecated.
	ScaleIO *ScaleIOPersistentVolumeSource `json:"scaleIO,omitempty" pb:"19"`
	// A disk or directory of one node. It needs nodeAffinity.
	Local *LocalVolumeSource `json:"local,omitempty" pb:"20"`
	// A StorageOS volume. Deprecated.
	StorageOS *StorageOSPersistentVolumeSource `json:"storageos,omitempty" pb:"21"`
	// A volume of a CSI driver.
	CSI *CSIPersistentVolumeSource `json:"csi,omitempty" pb:"22"`
}

// PersistentVolumeReclaimPolicy says what happens to a volume when its claim is gone.
type PersistentVolumeReclaimPolicy string

const (
	PersistentVolumeReclaimRecycle PersistentVolumeReclaimPolicy = "Recycle"
	PersistentVolumeReclaimDelete  PersistentVolumeReclaimPolicy = "Delete"
	PersistentVolumeReclaimRetain  PersistentVolumeReclaimPolicy = "Retain"
)

// VolumeNodeAffinity says from which nodes a volume can be reached.
type VolumeNodeAffinity struct {
	// What a node must have.
	Required *NodeSelector `json:"required,omitempty" pb:"1"`
}

// PersistentVolumeStatus is where a volume is in its life.
type PersistentVolumeStatus struct {
	// Pending, Available, Bound, Released or Failed.
	Phase PersistentVolumePhase `json:"phase,omitempty" pb:"1"`
	// Why it is in that phase, in a sentence.
	Message string `json:"message,omitempty" pb:"2"`
	// Why it failed, in one word.
	Reason string `json:"reason,omitempty" pb:"3"`
	// When the phase last changed.
	LastPhaseTransitionTime *Time `json:"lastPhaseTransitionTime,omitempty" pb:"4"`
}

// PersistentVolumePhase is a phase in the life of a volume.
type PersistentVolumePhase string

const (
	VolumePending   PersistentVolumePhase = "Pending"   // not ready yet
	VolumeAvailable PersistentVolumePhase = "Available" // waits for a claim
	VolumeBound     PersistentVolumePhase = "Bound"     // a claim has it
	VolumeReleased  PersistentVolumePhase = "Released"  // its claim is gone, its data is not
	VolumeFailed    PersistentVolumePhase = "Failed"    // could not be reclaimed
)

// SecretReference names a secret of any namespace.
type SecretReference struct {
	// Its name.
	Name string `json:"name,omitempty" pb:"1"`
	// Its namespace.
	Namespace string `json:"namespace,omitempty" pb:"2"`
}

// LocalVolumeSource is storage that is directly attached to one node.
type LocalVolumeSource struct {
	// The path on the node: a directory or a block device.
	Path string `json:"path" pb:"1"`
	// The file system to make on a block device. Default: the one that is there, else chosen by the node.
	FSType *string `json:"fsType,omitempty" pb:"2"`
}

// CSIPersistentVolumeSource is a volume of a CSI driver.
type CSIPersistentVolumeSource struct {
	// The driver.
	Driver string `json:"driver" pb:"1"`
	// What the driver calls the volume.
	VolumeHandle string `json:"volumeHandle" pb:"2"`
	// True to publish it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
	// The file system to mount.
	FSType string `json:"fsType,omitempty" pb:"4"`
	// What the driver wants to know of the volume.
	VolumeAttributes map[string]string `json:"volumeAttributes,omitempty" pb:"5"`
	// Secret for attaching and detaching it.
	ControllerPublishSecretRef *SecretReference `json:"controllerPublishSecretRef,omitempty" pb:"6"`
	// Secret for staging it on a node.
	NodeStageSecretRef *SecretReference `json:"nodeStageSecretRef,omitempty" pb:"7"`
	// Secret for mounting it into a pod.
	NodePublishSecretRef *SecretReference `json:"nodePublishSecretRef,omitempty" pb:"8"`
	// Secret for making it larger.
	ControllerExpandSecretRef *SecretReference `json:"controllerExpandSecretRef,omitempty" pb:"9"`
	// Secret for making it larger on the node.
	NodeExpandSecretRef *SecretReference `json:"nodeExpandSecretRef,omitempty" pb:"10"`
}

// GlusterfsPersistentVolumeSource is a Glusterfs volume.
type GlusterfsPersistentVolumeSource struct {
	// Name of the Endpoints with the servers' addresses.
	EndpointsName string `json:"endpoints" pb:"1"`
	// The volume's path.
	Path string `json:"path" pb:"2"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
	// Namespace of the Endpoints. Default: the claim's.
	EndpointsNamespace *string `json:"endpointsNamespace,omitempty" pb:"4"`
}

// RBDPersistentVolumeSource is a Ceph block device.
type RBDPersistentVolumeSource struct {
	// The Ceph monitors.
	CephMonitors []string `json:"monitors" pb:"1" list:"atomic"`
	// Name of the image.
	RBDImage string `json:"image" pb:"2"`
	// The file system to mount.
	FSType string `json:"fsType,omitempty" pb:"3"`
	// The image's pool. Default: rbd.
	RBDPool string `json:"pool,omitempty" pb:"4"`
	// The user. Default: admin.
	RadosUser string `json:"user,omitempty" pb:"5"`
	// The user's key ring. Default: /etc/ceph/keyring.
	Keyring string `json:"keyring,omitempty" pb:"6"`
	// Secret with the user's key, instead of the key ring.
	SecretRef *SecretReference `json:"secretRef,omitempty" pb:"7"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"8"`
}

// ISCSIPersistentVolumeSource is an iSCSI disk.
type ISCSIPersistentVolumeSource struct {
	// The target's portal: an address, with a port unless it is 3260.
	TargetPortal string `json:"targetPortal" pb:"1"`
	// The target's name.
	IQN string `json:"iqn" pb:"2"`
	// The target's logical unit.
	Lun int32 `json:"lun" pb:"3"`
	// The interface to use. Default: default, which is TCP.
	ISCSIInterface string `json:"iscsiInterface,omitempty" pb:"4"`
	// The file system to mount.
	FSType string `json:"fsType,omitempty" pb:"5"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"6"`
	// Further portals, for several paths to the disk.
	Portals []string `json:"portals,omitempty" pb:"7" list:"atomic"`
	// Whether discovery is authenticated by CHAP.
	DiscoveryCHAPAuth bool `json:"chapAuthDiscovery,omitempty" pb:"8"`
	// Whether sessions are authenticated by CHAP.
	SessionCHAPAuth bool `json:"chapAuthSession,omitempty" pb:"11"`
	// Secret for CHAP.
	SecretRef *SecretReference `json:"secretRef,omitempty" pb:"10"`
	// The initiator's name, if not the node's.
	InitiatorName *string `json:"initiatorName,omitempty" pb:"12"`
}

// CephFSPersistentVolumeSource is a Ceph file system.
type CephFSPersistentVolumeSource struct {
	// The Ceph monitors.
	Monitors []string `json:"monitors" pb:"1" list:"atomic"`
	// The directory to mount. Default: /.
	Path string `json:"path,omitempty" pb:"2"`
	// The user. Default: admin.
	User string `json:"user,omitempty" pb:"3"`
	// File with the user's key. Default: /etc/ceph/user.secret.
	SecretFile string `json:"secretFile,omitempty" pb:"4"`
	// Secret with the user's key, instead of the file.
	SecretRef *SecretReference `json:"secretRef,omitempty" pb:"5"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"6"`
}

// CinderPersistentVolumeSource is an OpenStack disk.
type CinderPersistentVolumeSource struct {
	// The disk.
	VolumeID string `json:"volumeID" pb:"1"`
	// The file system to mount.
	FSType string `json:"fsType,omitempty" pb:"2"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
	// Secret for OpenStack.
	SecretRef *SecretReference `json:"secretRef,omitempty" pb:"4"`
}

// FlexPersistentVolumeSource is a volume of an exec-based plugin.
type FlexPersistentVolumeSource struct {
	// The plugin.
	Driver string `json:"driver" pb:"1"`
	// The file system to mount.
	FSType string `json:"fsType,omitempty" pb:"2"`
	// Secret that the plugin is given.
	SecretRef *SecretReference `json:"secretRef,omitempty" pb:"3"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"4"`
	// What the plugin wants to know.
	Options map[string]string `json:"options,omitempty" pb:"5"`
}

// AzureFilePersistentVolumeSource is an Azure file share.
type AzureFilePersistentVolumeSource struct {
	// Secret with the storage account's name and key.
	SecretName string `json:"secretName" pb:"1"`
	// The share.
	ShareName string `json:"shareName" pb:"2"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
	// The secret's namespace. Default: the claim's.
	SecretNamespace *string `json:"secretNamespace" pb:"4" api:"optional"`
}

// ScaleIOPersistentVolumeSource is a ScaleIO volume.
type ScaleIOPersistentVolumeSource struct {
	// Address of the gateway.
	Gateway string `json:"gateway" pb:"1"`
	// Name of the storage system.
	System string `json:"system" pb:"2"`
	// Secret for logging in.
	SecretRef *SecretReference `json:"secretRef" pb:"3"`
	// Whether to use TLS with the gateway. Default: false.
	SSLEnabled bool `json:"sslEnabled,omitempty" pb:"4"`
	// The protection domain.
	ProtectionDomain string `json:"protectionDomain,omitempty" pb:"5"`
	// The pool in the protection domain.
	StoragePool string `json:"storagePool,omitempty" pb:"6"`
	// ThickProvisioned or ThinProvisioned. Default: ThinProvisioned.
	StorageMode string `json:"storageMode,omitempty" pb:"7"`
	// The volume.
	VolumeName string `json:"volumeName,omitempty" pb:"8"`
	// The file system to mount. Default: xfs.
	FSType string `json:"fsType,omitempty" pb:"9"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"10"`
}

// StorageOSPersistentVolumeSource is a StorageOS volume.
type StorageOSPersistentVolumeSource struct {
	// The volume.
	VolumeName string `json:"volumeName,omitempty" pb:"1"`
	// Its namespace in StorageOS. Default: the claim's.
	VolumeNamespace string `json:"volumeNamespace,omitempty" pb:"2"`
	// The file system to mount.
	FSType string `json:"fsType,omitempty" pb:"3"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"4"`
	// Secret for logging in.
	SecretRef *ObjectReference `json:"secretRef,omitempty" pb:"5"`
}

// PersistentVolumeClaim asks for storage: pods name the claim, and the cluster finds or makes a volume for it.
type PersistentVolumeClaim struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec PersistentVolumeClaimSpec `json:"spec,omitempty" pb:"2"`
	// What it got. The volume binder writes it.
	Status PersistentVolumeClaimStatus `json:"status,omitempty" pb:"3"`
}

// PersistentVolumeClaimStatus is what a claim got.
type PersistentVolumeClaimStatus struct {
	// Pending, Bound or Lost.
	Phase PersistentVolumeClaimPhase `json:"phase,omitempty" pb:"1"`
	// How the volume can be mounted.
	AccessModes []PersistentVolumeAccessMode `json:"accessModes,omitempty" pb:"2" list:"atomic"`
	// How large the volume is.
	Capacity ResourceList `json:"capacity,omitempty" pb:"3"`
	// Resizing, FileSystemResizePending, and others while the volume is being changed.
	Conditions []PersistentVolumeClaimCondition `json:"conditions,omitempty" pb:"4" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	// How large the volume will be when the change that is under way is done.
	AllocatedResources ResourceList `json:"allocatedResources,omitempty" pb:"5"`
	// How far that change is, for each resource.
	AllocatedResourceStatuses map[ResourceName]ClaimResourceStatus `json:"allocatedResourceStatuses,omitempty" pb:"7" list:"granular"`
	// The VolumeAttributesClass whose parameters the volume has now.
	CurrentVolumeAttributesClassName *string `json:"currentVolumeAttributesClassName,omitempty" pb:"8"`
	// How far a change of the VolumeAttributesClass is.
	ModifyVolumeStatus *ModifyVolumeStatus `json:"modifyVolumeStatus,omitempty" pb:"9"`
}

// PersistentVolumeClaimPhase is a phase in the life of a claim.
type PersistentVolumeClaimPhase string

const (
	ClaimPending PersistentVolumeClaimPhase = "Pending" // has no volume yet
	ClaimBound   PersistentVolumeClaimPhase = "Bound"   // has one
	ClaimLost    PersistentVolumeClaimPhase = "Lost"    // had one that is gone, with the data
)

// PersistentVolumeClaimCondition is the state of a claim in one respect.
type PersistentVolumeClaimCondition struct {
	// Resizing, FileSystemResizePending, ControllerResizeError, NodeResizeError, ModifyVolumeError or ModifyingVolume.
	Type PersistentVolumeClaimConditionType `json:"type" pb:"1"`
	// True, False or Unknown.
	Status ConditionStatus `json:"status" pb:"2"`
	// When it was last looked at.
	LastProbeTime Time `json:"lastProbeTime,omitempty" pb:"3"`
	// When the status last changed.
	LastTransitionTime Time `json:"lastTransitionTime,omitempty" pb:"4"`
	// Why, in one word.
	Reason string `json:"reason,omitempty" pb:"5"`
	// Why, in a sentence.
	Message string `json:"message,omitempty" pb:"6"`
}

// PersistentVolumeClaimConditionType names a respect in which claims are looked at.
type PersistentVolumeClaimConditionType string

// ClaimResourceStatus says how far a change of a volume's size is.
type ClaimResourceStatus string

const (
	PersistentVolumeClaimControllerResizeInProgress ClaimResourceStatus = "ControllerResizeInProgress"
	PersistentVolumeClaimControllerResizeInfeasible ClaimResourceStatus = "ControllerResizeInfeasible"
	PersistentVolumeClaimNodeResizePending          ClaimResourceStatus = "NodeResizePending"
	PersistentVolumeClaimNodeResizeInProgress       ClaimResourceStatus = "NodeResizeInProgress"
	PersistentVolumeClaimNodeResizeInfeasible       ClaimResourceStatus = "NodeResizeInfeasible"
)

// ModifyVolumeStatus says how far a change of a claim's VolumeAttributesClass is.
type ModifyVolumeStatus struct {
	// The class that it will have.
	TargetVolumeAttributesClassName string `json:"targetVolumeAttributesClassName,omitempty" pb:"1"`
	// Pending, InProgress or Infeasible.
	Status PersistentVolumeClaimModifyVolumeStatus `json:"status" pb:"2"`
}

// PersistentVolumeClaimModifyVolumeStatus says how far such a change is.
type PersistentVolumeClaimModifyVolumeStatus string

const (
	PersistentVolumeClaimModifyVolumePending    PersistentVolumeClaimModifyVolumeStatus = "Pending"
	PersistentVolumeClaimModifyVolumeInProgress PersistentVolumeClaimModifyVolumeStatus = "InProgress"
	PersistentVolumeClaimModifyVolumeInfeasible PersistentVolumeClaimModifyVolumeStatus = "Infeasible"
)

// Finalizers that keep what is in use.
const (
	FinalizerClaimProtection  = "kubernetes.io/pvc-protection" // pods may still use the claim
	FinalizerVolumeProtection = "kubernetes.io/pv-protection"  // a claim may still be bound to the volume

	FinalizerAttributesClassProtection = "kubernetes.io/vac-protection" // a claim or a volume may still have the class
)
