package api

// Volume is a directory that the containers of a pod can mount. What is in it and how long it lives depends on its
// source.
type Volume struct {
	// The name that mounts refer to it by; a DNS label, unique in the pod.
	Name         string `json:"name" pb:"1"`
	VolumeSource `json:",inline" pb:"2"`
}

// VolumeSource says where a volume's content comes from. Exactly one of its fields may be set.
type VolumeSource struct {
	// A file or directory of the node itself. It outlives the pod and is shared with everything on the node: mostly
	// for node agents.
	HostPath *HostPathVolumeSource `json:"hostPath,omitempty" pb:"1"`
	// A directory that is empty when the pod starts and gone when the pod is.
	EmptyDir *EmptyDirVolumeSource `json:"emptyDir,omitempty" pb:"2"`
	// A Google Compute Engine disk. Deprecated: use a CSI driver.
	GCEPersistentDisk *GCEPersistentDiskVolumeSource `json:"gcePersistentDisk,omitempty" pb:"3"`
	// An AWS disk. Deprecated: use a CSI driver.
	AWSElasticBlockStore *AWSElasticBlockStoreVolumeSource `json:"awsElasticBlockStore,omitempty" pb:"4"`
	// The content of a git repository. Deprecated: clone in an init container into an emptyDir instead.
	GitRepo *GitRepoVolumeSource `json:"gitRepo,omitempty" pb:"5"`
	// The keys of a Secret as files.
	Secret *SecretVolumeSource `json:"secret,omitempty" pb:"6"`
	// A directory of an NFS server.
	NFS *NFSVolumeSource `json:"nfs,omitempty" pb:"7"`
	// An iSCSI disk.
	ISCSI *ISCSIVolumeSource `json:"iscsi,omitempty" pb:"8"`
	// A Glusterfs volume. Deprecated, and no longer supported by any driver in the tree.
	Glusterfs *GlusterfsVolumeSource `json:"glusterfs,omitempty" pb:"9"`
	// The volume that a PersistentVolumeClaim of the same namespace is bound to.
	PersistentVolumeClaim *PersistentVolumeClaimVolumeSource `json:"persistentVolumeClaim,omitempty" pb:"10"`
	// A Ceph block device. Deprecated.
	RBD *RBDVolumeSource `json:"rbd,omitempty" pb:"11"`
	// A volume of an exec-based plugin. Deprecated: use a CSI driver.
	FlexVolume *FlexVolumeSource `json:"flexVolume,omitempty" pb:"12"`
	// An OpenStack disk. Deprecated: use a CSI driver.
	Cinder *CinderVolumeSource `json:"cinder,omitempty" pb:"13"`
	// A Ceph file system. Deprecated.
	CephFS *CephFSVolumeSource `json:"cephfs,omitempty" pb:"14"`
	// A Flocker volume. Deprecated.
	Flocker *FlockerVolumeSource `json:"flocker,omitempty" pb:"15"`
	// Facts about the pod itself as files.
	DownwardAPI *DownwardAPIVolumeSource `json:"downwardAPI,omitempty" pb:"16"`
	// A Fibre Channel disk.
	FC *FCVolumeSource `json:"fc,omitempty" pb:"17"`
	// An Azure file share. Deprecated: use a CSI driver.
	AzureFile *AzureFileVolumeSource `json:"azureFile,omitempty" pb:"18"`
	// The keys of a ConfigMap as files.
	ConfigMap *ConfigMapVolumeSource `json:"configMap,omitempty" pb:"19"`
	// A vSphere disk. Deprecated: use a CSI driver.
	VsphereVolume *VsphereVirtualDiskVolumeSource `json:"vsphereVolume,omitempty" pb:"20"`
	// A Quobyte volume. Deprecated.
	Quobyte *QuobyteVolumeSource `json:"quobyte,omitempty" pb:"21"`
	// An Azure disk. Deprecated: use a CSI driver.
	AzureDisk *AzureDiskVolumeSource `json:"azureDisk,omitempty" pb:"22"`
	// A Photon Controller disk. Deprecated.
	PhotonPersistentDisk *PhotonPersistentDiskVolumeSource `json:"photonPersistentDisk,omitempty" pb:"23"`
	// Several sources merged into one directory: secrets, config maps, facts about the pod, service account tokens.
	Projected *ProjectedVolumeSource `json:"projected,omitempty" pb:"26"`
	// A Portworx volume. Deprecated: use a CSI driver.
	PortworxVolume *PortworxVolumeSource `json:"portworxVolume,omitempty" pb:"24"`
	// A ScaleIO volume. Deprecated.
	ScaleIO *ScaleIOVolumeSource `json:"scaleIO,omitempty" pb:"25"`
	// A StorageOS volume. Deprecated.
	StorageOS *StorageOSVolumeSource `json:"storageos,omitempty" pb:"27"`
	// A short-lived volume that a CSI driver makes for this pod.
	CSI *CSIVolumeSource `json:"csi,omitempty" pb:"28"`
	// A PersistentVolumeClaim that is made for this pod and deleted with it.
	Ephemeral *EphemeralVolumeSource `json:"ephemeral,omitempty" pb:"29"`
	// The content of a container image or artifact, read-only.
	Image *ImageVolumeSource `json:"image,omitempty" pb:"30"`
}

// PersistentVolumeClaimVolumeSource mounts the volume behind a claim.
type PersistentVolumeClaimVolumeSource struct {
	// Name of the claim, in the pod's namespace.
	ClaimName string `json:"claimName" pb:"1"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"2"`
}

// PersistentVolumeMode says whether a volume is a file system or a raw device.
type PersistentVolumeMode string

const (
	PersistentVolumeBlock      PersistentVolumeMode = "Block"
	PersistentVolumeFilesystem PersistentVolumeMode = "Filesystem"
)

// PersistentVolumeClaimSpec is what a claim asks of a volume.
type PersistentVolumeClaimSpec struct {
	// How the volume must be mountable: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.
	AccessModes []PersistentVolumeAccessMode `json:"accessModes,omitempty" pb:"1" list:"atomic"`
	// Which volumes may be bound, by their labels. Default: all.
	Selector *LabelSelector `json:"selector,omitempty" pb:"4"`
	// How large it must be. May be raised later where the class allows it.
	Resources VolumeResourceRequirements `json:"resources,omitempty" pb:"2"`
	// The volume that the claim is bound to. The binder sets it, or a user who wants that very one.
	VolumeName string `json:"volumeName,omitempty" pb:"3"`
	// The StorageClass that provisions it. Absent: the default class. Empty: none, only existing volumes.
	StorageClassName *string `json:"storageClassName,omitempty" pb:"5"`
	// Filesystem or Block. Default: Filesystem.
	VolumeMode *PersistentVolumeMode `json:"volumeMode,omitempty" pb:"6"`
	// A snapshot or claim of the same namespace to copy from.
	DataSource *TypedLocalObjectReference `json:"dataSource,omitempty" pb:"7"`
	// What to copy from, in a form that allows any kind.
	DataSourceRef *TypedObjectReference `json:"dataSourceRef,omitempty" pb:"8"`
	// Name of the VolumeAttributesClass whose parameters the volume should have.
	VolumeAttributesClassName *string `json:"volumeAttributesClassName,omitempty" pb:"9"`
}

// PersistentVolumeAccessMode is a way in which nodes may mount a volume.
type PersistentVolumeAccessMode string

const (
	ReadWriteOnce    PersistentVolumeAccessMode = "ReadWriteOnce"
	ReadOnlyMany     PersistentVolumeAccessMode = "ReadOnlyMany"
	ReadWriteMany    PersistentVolumeAccessMode = "ReadWriteMany"
	ReadWriteOncePod PersistentVolumeAccessMode = "ReadWriteOncePod"
)

// HostPathType says what must be at a host path before it is mounted.
type HostPathType string

const (
	HostPathUnset             HostPathType = ""
	HostPathDirectoryOrCreate HostPathType = "DirectoryOrCreate"
	HostPathDirectory         HostPathType = "Directory"
	HostPathFileOrCreate      HostPathType = "FileOrCreate"
	HostPathFile              HostPathType = "File"
	HostPathSocket            HostPathType = "Socket"
	HostPathCharDev           HostPathType = "CharDevice"
	HostPathBlockDev          HostPathType = "BlockDevice"
)

// HostPathVolumeSource is a file or directory of the node.
type HostPathVolumeSource struct {
	// Where it is on the node. Links are followed.
	Path string `json:"path" pb:"1"`
	// What must be there: DirectoryOrCreate, Directory, FileOrCreate, File, Socket, CharDevice, BlockDevice. Default:
	// no check.
	Type *HostPathType `json:"type,omitempty" pb:"2"`
}

// EmptyDirVolumeSource is a directory that lives as long as its pod.
type EmptyDirVolumeSource struct {
	// Memory for a RAM disk that counts against the containers' memory. Default: the node's disk.
	Medium StorageMedium `json:"medium,omitempty" pb:"1"`
	// How much may be written to it before the pod is evicted. Default: no limit of its own.
	SizeLimit *Quantity `json:"sizeLimit,omitempty" pb:"2"`
}

// GlusterfsVolumeSource is a Glusterfs volume.
type GlusterfsVolumeSource struct {
	// Name of the Endpoints object that lists the servers.
	EndpointsName string `json:"endpoints" pb:"1"`
	// Name of the volume.
	Path string `json:"path" pb:"2"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
}

// RBDVolumeSource is a Ceph block device.
type RBDVolumeSource struct {
	// Addresses of the Ceph monitors.
	CephMonitors []string `json:"monitors" pb:"1" list:"atomic"`
	// Name of the image.
	RBDImage string `json:"image" pb:"2"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"3"`
	// Pool of the image. Default: rbd.
	RBDPool string `json:"pool,omitempty" pb:"4"`
	// User name. Default: admin.
	RadosUser string `json:"user,omitempty" pb:"5"`
	// Path to the user's key ring. Default: /etc/ceph/keyring.
	Keyring string `json:"keyring,omitempty" pb:"6"`
	// Secret with the user's key; goes before keyring.
	SecretRef *LocalObjectReference `json:"secretRef,omitempty" pb:"7"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"8"`
}

// CinderVolumeSource is an OpenStack disk.
type CinderVolumeSource struct {
	// Its identity in Cinder.
	VolumeID string `json:"volumeID" pb:"1"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"2"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
	// Secret with the parameters to reach OpenStack.
	SecretRef *LocalObjectReference `json:"secretRef,omitempty" pb:"4"`
}

// CephFSVolumeSource is a Ceph file system.
type CephFSVolumeSource struct {
	// Addresses of the Ceph monitors.
	Monitors []string `json:"monitors" pb:"1" list:"atomic"`
	// Directory of it to mount. Default: /.
	Path string `json:"path,omitempty" pb:"2"`
	// User name. Default: admin.
	User string `json:"user,omitempty" pb:"3"`
	// Path to the user's key. Default: /etc/ceph/user.secret.
	SecretFile string `json:"secretFile,omitempty" pb:"4"`
	// Secret with the user's key; goes before secretFile.
	SecretRef *LocalObjectReference `json:"secretRef,omitempty" pb:"5"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"6"`
}

// FlockerVolumeSource is a Flocker dataset, named in one of two ways.
type FlockerVolumeSource struct {
	// Its name.
	DatasetName string `json:"datasetName,omitempty" pb:"1"`
	// Its identity.
	DatasetUUID string `json:"datasetUUID,omitempty" pb:"2"`
}

// StorageMedium says what an emptyDir is made of.
type StorageMedium string

const (
	StorageMediumDefault         StorageMedium = ""
	StorageMediumMemory          StorageMedium = "Memory"
	StorageMediumHugePages       StorageMedium = "HugePages"
	StorageMediumHugePagesPrefix StorageMedium = "HugePages-"
)

// GCEPersistentDiskVolumeSource is a Google Compute Engine disk.
type GCEPersistentDiskVolumeSource struct {
	// Name of the disk.
	PDName string `json:"pdName" pb:"1"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"2"`
	// Partition to mount; 0 or absent for the whole disk.
	Partition int32 `json:"partition,omitempty" pb:"3"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"4"`
}

// QuobyteVolumeSource is a Quobyte volume.
type QuobyteVolumeSource struct {
	// Addresses of the registries, with commas between.
	Registry string `json:"registry" pb:"1"`
	// Name of the volume.
	Volume string `json:"volume" pb:"2"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
	// User to map access to. Default: the service account's.
	User string `json:"user,omitempty" pb:"4"`
	// Group to map access to. Default: none.
	Group string `json:"group,omitempty" pb:"5"`
	// Tenant that owns it.
	Tenant string `json:"tenant,omitempty" pb:"6"`
}

// FlexVolumeSource is a volume of an exec-based plugin.
type FlexVolumeSource struct {
	// Name of the plugin.
	Driver string `json:"driver" pb:"1"`
	// File system on it. The default is the plugin's.
	FSType string `json:"fsType,omitempty" pb:"2"`
	// Secret that is handed to the plugin.
	SecretRef *LocalObjectReference `json:"secretRef,omitempty" pb:"3"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"4"`
	// Further options for the plugin.
	Options map[string]string `json:"options,omitempty" pb:"5"`
}

// AWSElasticBlockStoreVolumeSource is an AWS disk.
type AWSElasticBlockStoreVolumeSource struct {
	// Its identity in AWS.
	VolumeID string `json:"volumeID" pb:"1"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"2"`
	// Partition to mount; 0 or absent for the whole disk.
	Partition int32 `json:"partition,omitempty" pb:"3"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"4"`
}

// GitRepoVolumeSource is the content of a git repository.
type GitRepoVolumeSource struct {
	// URL of the repository.
	Repository string `json:"repository" pb:"1"`
	// Commit to check out.
	Revision string `json:"revision,omitempty" pb:"2"`
	// Directory to clone into; "." is the volume itself. Default: the repository's name.
	Directory string `json:"directory,omitempty" pb:"3"`
}

// SecretVolumeSource shows the keys of a Secret as files.
type SecretVolumeSource struct {
	// Name of the Secret, in the pod's namespace.
	SecretName string `json:"secretName,omitempty" pb:"1"`
	// Which keys, and at which paths. Default: every key as a file of its name.
	Items []KeyToPath `json:"items,omitempty" pb:"2" list:"atomic"`
	// Permissions of the files. Default: 0644.
	DefaultMode *int32 `json:"defaultMode,omitempty" pb:"3"`
	// True to start the pod although the Secret or a key is missing. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"4"`
}

// SecretProjection puts the keys of a Secret into a projected volume.
type SecretProjection struct {
	LocalObjectReference `json:",inline" pb:"1"`
	// Which keys, and at which paths. Default: every key as a file of its name.
	Items []KeyToPath `json:"items,omitempty" pb:"2" list:"atomic"`
	// True to start the pod although the Secret or a key is missing. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"4"`
}

// NFSVolumeSource is a directory of an NFS server.
type NFSVolumeSource struct {
	// Name or address of the server.
	Server string `json:"server" pb:"1"`
	// Directory that it exports.
	Path string `json:"path" pb:"2"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
}

// ISCSIVolumeSource is an iSCSI disk.
type ISCSIVolumeSource struct {
	// Address of the target, with a port unless it is 3260.
	TargetPortal string `json:"targetPortal" pb:"1"`
	// Qualified name of the target.
	IQN string `json:"iqn" pb:"2"`
	// Number of the unit.
	Lun int32 `json:"lun" pb:"3"`
	// Interface to use. Default: default (tcp).
	ISCSIInterface string `json:"iscsiInterface,omitempty" pb:"4"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"5"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"6"`
	// Further addresses of the target.
	Portals []string `json:"portals,omitempty" pb:"7" list:"atomic"`
	// Whether discovery needs CHAP authentication.
	DiscoveryCHAPAuth bool `json:"chapAuthDiscovery,omitempty" pb:"8"`
	// Whether sessions need CHAP authentication.
	SessionCHAPAuth bool `json:"chapAuthSession,omitempty" pb:"11"`
	// Secret with the CHAP names and passwords.
	SecretRef *LocalObjectReference `json:"secretRef,omitempty" pb:"10"`
	// Qualified name to call ourselves. Default: the node's.
	InitiatorName *string `json:"initiatorName,omitempty" pb:"12"`
}

// FCVolumeSource is a Fibre Channel disk, by world wide names and unit, or by world wide identifiers.
type FCVolumeSource struct {
	// World wide names of the target.
	TargetWWNs []string `json:"targetWWNs,omitempty" pb:"1" list:"atomic"`
	// Number of the unit.
	Lun *int32 `json:"lun,omitempty" pb:"2"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"3"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"4"`
	// World wide identifiers of the volume.
	WWIDs []string `json:"wwids,omitempty" pb:"5" list:"atomic"`
}

// AzureFileVolumeSource is an Azure file share.
type AzureFileVolumeSource struct {
	// Secret with the storage account's name and key.
	SecretName string `json:"secretName" pb:"1"`
	// Name of the share.
	ShareName string `json:"shareName" pb:"2"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
}

// VsphereVirtualDiskVolumeSource is a vSphere disk.
type VsphereVirtualDiskVolumeSource struct {
	// Path of the disk.
	VolumePath string `json:"volumePath" pb:"1"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"2"`
	// Name of its storage policy.
	StoragePolicyName string `json:"storagePolicyName,omitempty" pb:"3"`
	// Identity of its storage policy.
	StoragePolicyID string `json:"storagePolicyID,omitempty" pb:"4"`
}

// PhotonPersistentDiskVolumeSource is a Photon Controller disk.
type PhotonPersistentDiskVolumeSource struct {
	// Its identity.
	PdID string `json:"pdID" pb:"1"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"2"`
}

// AzureDataDiskCachingMode says how an Azure disk is cached.
type AzureDataDiskCachingMode string

const (
	AzureDataDiskCachingNone      AzureDataDiskCachingMode = "None"
	AzureDataDiskCachingReadOnly  AzureDataDiskCachingMode = "ReadOnly"
	AzureDataDiskCachingReadWrite AzureDataDiskCachingMode = "ReadWrite"
)

// AzureDataDiskKind says who holds an Azure disk.
type AzureDataDiskKind string

const (
	AzureSharedBlobDisk    AzureDataDiskKind = "Shared"
	AzureDedicatedBlobDisk AzureDataDiskKind = "Dedicated"
	AzureManagedDisk       AzureDataDiskKind = "Managed"
)

// AzureDiskVolumeSource is an Azure disk.
type AzureDiskVolumeSource struct {
	// Name of the disk.
	DiskName string `json:"diskName" pb:"1"`
	// Its URI in the storage account.
	DataDiskURI string `json:"diskURI" pb:"2"`
	// None, ReadOnly or ReadWrite.
	CachingMode *AzureDataDiskCachingMode `json:"cachingMode,omitempty" pb:"3"`
	// File system on it. Default: ext4.
	FSType *string `json:"fsType,omitempty" pb:"4"`
	// True to mount it read-only. Default: false.
	ReadOnly *bool `json:"readOnly,omitempty" pb:"5"`
	// Shared, Dedicated or Managed. Default: Shared.
	Kind *AzureDataDiskKind `json:"kind,omitempty" pb:"6"`
}

// PortworxVolumeSource is a Portworx volume.
type PortworxVolumeSource struct {
	// Its identity.
	VolumeID string `json:"volumeID" pb:"1"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"2"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
}

// ScaleIOVolumeSource is a ScaleIO volume.
type ScaleIOVolumeSource struct {
	// Address of the gateway.
	Gateway string `json:"gateway" pb:"1"`
	// Name of the storage system.
	System string `json:"system" pb:"2"`
	// Secret with the user's credentials.
	SecretRef *LocalObjectReference `json:"secretRef" pb:"3"`
	// Whether to talk to the gateway over TLS. Default: false.
	SSLEnabled bool `json:"sslEnabled,omitempty" pb:"4"`
	// Name of the protection domain.
	ProtectionDomain string `json:"protectionDomain,omitempty" pb:"5"`
	// Storage pool of that domain.
	StoragePool string `json:"storagePool,omitempty" pb:"6"`
	// ThickProvisioned or ThinProvisioned. Default: ThinProvisioned.
	StorageMode string `json:"storageMode,omitempty" pb:"7"`
	// Name of the volume.
	VolumeName string `json:"volumeName,omitempty" pb:"8"`
	// File system on it. Default: xfs.
	FSType string `json:"fsType,omitempty" pb:"9"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"10"`
}

// StorageOSVolumeSource is a StorageOS volume.
type StorageOSVolumeSource struct {
	// Name of the volume, unique in its namespace.
	VolumeName string `json:"volumeName,omitempty" pb:"1"`
	// Its namespace in StorageOS. Default: the pod's namespace.
	VolumeNamespace string `json:"volumeNamespace,omitempty" pb:"2"`
	// File system on it. Default: ext4.
	FSType string `json:"fsType,omitempty" pb:"3"`
	// True to mount it read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"4"`
	// Secret with the credentials of the StorageOS API.
	SecretRef *LocalObjectReference `json:"secretRef,omitempty" pb:"5"`
}

// ConfigMapVolumeSource shows the keys of a ConfigMap as files.
type ConfigMapVolumeSource struct {
	LocalObjectReference `json:",inline" pb:"1"`
	// Which keys, and at which paths. Default: every key as a file of its name.
	Items []KeyToPath `json:"items,omitempty" pb:"2" list:"atomic"`
	// Permissions of the files. Default: 0644.
	DefaultMode *int32 `json:"defaultMode,omitempty" pb:"3"`
	// True to start the pod although the ConfigMap or a key is missing. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"4"`
}

// ConfigMapProjection puts the keys of a ConfigMap into a projected volume.
type ConfigMapProjection struct {
	LocalObjectReference `json:",inline" pb:"1"`
	// Which keys, and at which paths. Default: every key as a file of its name.
	Items []KeyToPath `json:"items,omitempty" pb:"2" list:"atomic"`
	// True to start the pod although the ConfigMap or a key is missing. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"4"`
}

// ServiceAccountTokenProjection puts a token of the pod's service account into a projected volume.
type ServiceAccountTokenProjection struct {
	// Who the token is meant for. Default: the API server.
	Audience string `json:"audience,omitempty" pb:"1"`
	// How long a token is good for; the kubelet renews it before. Default: one hour, at least 10 minutes.
	ExpirationSeconds *int64 `json:"expirationSeconds,omitempty" pb:"2"`
	// Where the file goes, below the mount point.
	Path string `json:"path" pb:"3"`
}

// ClusterTrustBundleProjection puts certificates that the cluster trusts into a projected volume.
type ClusterTrustBundleProjection struct {
	// One bundle, by name.
	Name *string `json:"name,omitempty" pb:"1"`
	// All bundles of a signer.
	SignerName *string `json:"signerName,omitempty" pb:"2"`
	// Which of the signer's bundles. Absent: none. Empty: all.
	LabelSelector *LabelSelector `json:"labelSelector,omitempty" pb:"3"`
	// True to start the pod although there is no such bundle. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"5"`
	// Where the file goes, below the mount point.
	Path string `json:"path" pb:"4"`
}

// PodCertificateProjection gives the pod a key and a certificate of its own, renewed as needed.
type PodCertificateProjection struct {
	// Who signs it.
	SignerName string `json:"signerName,omitempty" pb:"1" api:"required"`
	// Kind of key: RSA3072, RSA4096, ECDSAP256, ECDSAP384, ECDSAP521 or ED25519.
	KeyType string `json:"keyType,omitempty" pb:"2" api:"required"`
	// How long a certificate may be good for. Default: 24 hours.
	MaxExpirationSeconds *int32 `json:"maxExpirationSeconds,omitempty" pb:"3"`
	// Where one file with the key and the certificates goes.
	CredentialBundlePath string `json:"credentialBundlePath,omitempty" pb:"4"`
	// Where the key alone goes.
	KeyPath string `json:"keyPath,omitempty" pb:"5"`
	// Where the certificates alone go.
	CertificateChainPath string `json:"certificateChainPath,omitempty" pb:"6"`
	// Values that are handed to the signer.
	UserAnnotations map[string]string `json:"userAnnotations,omitempty" pb:"7"`
}

// ProjectedVolumeSource merges several sources into one directory.
type ProjectedVolumeSource struct {
	// The sources.
	Sources []VolumeProjection `json:"sources" pb:"1" list:"atomic" api:"optional"`
	// Permissions of the files. Default: 0644.
	DefaultMode *int32 `json:"defaultMode,omitempty" pb:"2"`
}

// VolumeProjection is one source of a projected volume. Exactly one of its fields may be set.
type VolumeProjection struct {
	// Keys of a Secret.
	Secret *SecretProjection `json:"secret,omitempty" pb:"1"`
	// Facts about the pod.
	DownwardAPI *DownwardAPIProjection `json:"downwardAPI,omitempty" pb:"2"`
	// Keys of a ConfigMap.
	ConfigMap *ConfigMapProjection `json:"configMap,omitempty" pb:"3"`
	// A token of the pod's service account.
	ServiceAccountToken *ServiceAccountTokenProjection `json:"serviceAccountToken,omitempty" pb:"4"`
	// Certificates that the cluster trusts.
	ClusterTrustBundle *ClusterTrustBundleProjection `json:"clusterTrustBundle,omitempty" pb:"5"`
	// A key and certificate for the pod.
	PodCertificate *PodCertificateProjection `json:"podCertificate,omitempty" pb:"6"`
}

// KeyToPath shows one key as a file.
type KeyToPath struct {
	// The key.
	Key string `json:"key" pb:"1"`
	// Where the file goes, below the mount point; without "..".
	Path string `json:"path" pb:"2"`
	// Permissions of the file. Default: the volume's defaultMode.
	Mode *int32 `json:"mode,omitempty" pb:"3"`
}

// CSIVolumeSource is a short-lived volume of a CSI driver.
type CSIVolumeSource struct {
	// Name of the driver.
	Driver string `json:"driver" pb:"1"`
	// True to mount it read-only. Default: false.
	ReadOnly *bool `json:"readOnly,omitempty" pb:"2"`
	// File system on it. The default is the driver's.
	FSType *string `json:"fsType,omitempty" pb:"3"`
	// Parameters for the driver.
	VolumeAttributes map[string]string `json:"volumeAttributes,omitempty" pb:"4"`
	// Secret that is handed to the driver when it mounts the volume.
	NodePublishSecretRef *LocalObjectReference `json:"nodePublishSecretRef,omitempty" pb:"5"`
}

// EphemeralVolumeSource makes a claim for the pod: it is named POD-VOLUME and deleted with the pod.
type EphemeralVolumeSource struct {
	// What the claim is like.
	VolumeClaimTemplate *PersistentVolumeClaimTemplate `json:"volumeClaimTemplate,omitempty" pb:"1"`
}

// PersistentVolumeClaimTemplate is a claim that has yet to be made.
type PersistentVolumeClaimTemplate struct {
	// Labels and annotations of the claim; nothing else may be set.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What it asks for.
	Spec PersistentVolumeClaimSpec `json:"spec" pb:"2"`
}

// VolumeResourceRequirements is how large a volume must be, and may be.
type VolumeResourceRequirements struct {
	// The most.
	Limits ResourceList `json:"limits,omitempty" pb:"1"`
	// The least.
	Requests ResourceList `json:"requests,omitempty" pb:"2"`
}

// DownwardAPIVolumeSource shows facts about the pod as files.
type DownwardAPIVolumeSource struct {
	// The files.
	Items []DownwardAPIVolumeFile `json:"items,omitempty" pb:"1" list:"atomic"`
	// Permissions of the files. Default: 0644.
	DefaultMode *int32 `json:"defaultMode,omitempty" pb:"2"`
}

// DownwardAPIVolumeFile is one file with a fact about the pod. One of fieldRef and resourceFieldRef must be set.
type DownwardAPIVolumeFile struct {
	// Where the file goes, below the mount point.
	Path string `json:"path" pb:"1"`
	// A field of the pod.
	FieldRef *ObjectFieldSelector `json:"fieldRef,omitempty" pb:"2"`
	// A request or limit of a container.
	ResourceFieldRef *ResourceFieldSelector `json:"resourceFieldRef,omitempty" pb:"3"`
	// Permissions of the file. Default: the volume's defaultMode.
	Mode *int32 `json:"mode,omitempty" pb:"4"`
}

// DownwardAPIProjection puts facts about the pod into a projected volume.
type DownwardAPIProjection struct {
	// The files.
	Items []DownwardAPIVolumeFile `json:"items,omitempty" pb:"1" list:"atomic"`
}

// ImageVolumeSource is the content of an image or artifact.
type ImageVolumeSource struct {
	// The image. Required unless something above the pod fills it in.
	Reference string `json:"reference,omitempty" pb:"1"`
	// Always, IfNotPresent or Never. Default: as for containers.
	PullPolicy PullPolicy `json:"pullPolicy,omitempty" pb:"2"`
}
