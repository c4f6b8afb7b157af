package api

type Volume struct {
	Name         string `json:"name" pb:"1"`
	VolumeSource `json:",inline" pb:"2"`
}

type VolumeSource struct {
	HostPath              *HostPathVolumeSource              `json:"hostPath,omitempty" pb:"1"`
	EmptyDir              *EmptyDirVolumeSource              `json:"emptyDir,omitempty" pb:"2"`
	GCEPersistentDisk     *GCEPersistentDiskVolumeSource     `json:"gcePersistentDisk,omitempty" pb:"3"`
	AWSElasticBlockStore  *AWSElasticBlockStoreVolumeSource  `json:"awsElasticBlockStore,omitempty" pb:"4"`
	GitRepo               *GitRepoVolumeSource               `json:"gitRepo,omitempty" pb:"5"`
	Secret                *SecretVolumeSource                `json:"secret,omitempty" pb:"6"`
	NFS                   *NFSVolumeSource                   `json:"nfs,omitempty" pb:"7"`
	ISCSI                 *ISCSIVolumeSource                 `json:"iscsi,omitempty" pb:"8"`
	Glusterfs             *GlusterfsVolumeSource             `json:"glusterfs,omitempty" pb:"9"`
	PersistentVolumeClaim *PersistentVolumeClaimVolumeSource `json:"persistentVolumeClaim,omitempty" pb:"10"`
	RBD                   *RBDVolumeSource                   `json:"rbd,omitempty" pb:"11"`
	FlexVolume            *FlexVolumeSource                  `json:"flexVolume,omitempty" pb:"12"`
	Cinder                *CinderVolumeSource                `json:"cinder,omitempty" pb:"13"`
	CephFS                *CephFSVolumeSource                `json:"cephfs,omitempty" pb:"14"`
	Flocker               *FlockerVolumeSource               `json:"flocker,omitempty" pb:"15"`
	DownwardAPI           *DownwardAPIVolumeSource           `json:"downwardAPI,omitempty" pb:"16"`
	FC                    *FCVolumeSource                    `json:"fc,omitempty" pb:"17"`
	AzureFile             *AzureFileVolumeSource             `json:"azureFile,omitempty" pb:"18"`
	ConfigMap             *ConfigMapVolumeSource             `json:"configMap,omitempty" pb:"19"`
	VsphereVolume         *VsphereVirtualDiskVolumeSource    `json:"vsphereVolume,omitempty" pb:"20"`
	Quobyte               *QuobyteVolumeSource               `json:"quobyte,omitempty" pb:"21"`
	AzureDisk             *AzureDiskVolumeSource             `json:"azureDisk,omitempty" pb:"22"`
	PhotonPersistentDisk  *PhotonPersistentDiskVolumeSource  `json:"photonPersistentDisk,omitempty" pb:"23"`
	Projected             *ProjectedVolumeSource             `json:"projected,omitempty" pb:"26"`
	PortworxVolume        *PortworxVolumeSource              `json:"portworxVolume,omitempty" pb:"24"`
	ScaleIO               *ScaleIOVolumeSource               `json:"scaleIO,omitempty" pb:"25"`
	StorageOS             *StorageOSVolumeSource             `json:"storageos,omitempty" pb:"27"`
	CSI                   *CSIVolumeSource                   `json:"csi,omitempty" pb:"28"`
	Ephemeral             *EphemeralVolumeSource             `json:"ephemeral,omitempty" pb:"29"`
	Image                 *ImageVolumeSource                 `json:"image,omitempty" pb:"30"`
}

type PersistentVolumeClaimVolumeSource struct {
	ClaimName string `json:"claimName" pb:"1"`
	ReadOnly  bool   `json:"readOnly,omitempty" pb:"2"`
}

type PersistentVolumeMode string

const (
	PersistentVolumeBlock      PersistentVolumeMode = "Block"
	PersistentVolumeFilesystem PersistentVolumeMode = "Filesystem"
)

type PersistentVolumeClaimSpec struct {
	AccessModes               []PersistentVolumeAccessMode `json:"accessModes,omitempty" pb:"1" list:"atomic"`
	Selector                  *LabelSelector               `json:"selector,omitempty" pb:"4"`
	Resources                 VolumeResourceRequirements   `json:"resources,omitempty" pb:"2"`
	VolumeName                string                       `json:"volumeName,omitempty" pb:"3"`
	StorageClassName          *string                      `json:"storageClassName,omitempty" pb:"5"`
	VolumeMode                *PersistentVolumeMode        `json:"volumeMode,omitempty" pb:"6"`
	DataSource                *TypedLocalObjectReference   `json:"dataSource,omitempty" pb:"7"`
	DataSourceRef             *TypedObjectReference        `json:"dataSourceRef,omitempty" pb:"8"`
	VolumeAttributesClassName *string                      `json:"volumeAttributesClassName,omitempty" pb:"9"`
}

type TypedObjectReference struct {
	APIGroup  *string `json:"apiGroup" pb:"1" api:"optional"`
	Kind      string  `json:"kind" pb:"2"`
	Name      string  `json:"name" pb:"3"`
	Namespace *string `json:"namespace,omitempty" pb:"4"`
}

type PersistentVolumeAccessMode string

const (
	ReadWriteOnce    PersistentVolumeAccessMode = "ReadWriteOnce"
	ReadOnlyMany     PersistentVolumeAccessMode = "ReadOnlyMany"
	ReadWriteMany    PersistentVolumeAccessMode = "ReadWriteMany"
	ReadWriteOncePod PersistentVolumeAccessMode = "ReadWriteOncePod"
)

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

type HostPathVolumeSource struct {
	Path string        `json:"path" pb:"1"`
	Type *HostPathType `json:"type,omitempty" pb:"2"`
}

type EmptyDirVolumeSource struct {
	Medium    StorageMedium `json:"medium,omitempty" pb:"1"`
	SizeLimit *Quantity     `json:"sizeLimit,omitempty" pb:"2"`
}

type GlusterfsVolumeSource struct {
	EndpointsName string `json:"endpoints" pb:"1"`
	Path          string `json:"path" pb:"2"`
	ReadOnly      bool   `json:"readOnly,omitempty" pb:"3"`
}

type RBDVolumeSource struct {
	CephMonitors []string              `json:"monitors" pb:"1" list:"atomic"`
	RBDImage     string                `json:"image" pb:"2"`
	FSType       string                `json:"fsType,omitempty" pb:"3"`
	RBDPool      string                `json:"pool,omitempty" pb:"4"`
	RadosUser    string                `json:"user,omitempty" pb:"5"`
	Keyring      string                `json:"keyring,omitempty" pb:"6"`
	SecretRef    *LocalObjectReference `json:"secretRef,omitempty" pb:"7"`
	ReadOnly     bool                  `json:"readOnly,omitempty" pb:"8"`
}

type CinderVolumeSource struct {
	VolumeID  string                `json:"volumeID" pb:"1"`
	FSType    string                `json:"fsType,omitempty" pb:"2"`
	ReadOnly  bool                  `json:"readOnly,omitempty" pb:"3"`
	SecretRef *LocalObjectReference `json:"secretRef,omitempty" pb:"4"`
}

type CephFSVolumeSource struct {
	Monitors   []string              `json:"monitors" pb:"1" list:"atomic"`
	Path       string                `json:"path,omitempty" pb:"2"`
	User       string                `json:"user,omitempty" pb:"3"`
	SecretFile string                `json:"secretFile,omitempty" pb:"4"`
	SecretRef  *LocalObjectReference `json:"secretRef,omitempty" pb:"5"`
	ReadOnly   bool                  `json:"readOnly,omitempty" pb:"6"`
}

type FlockerVolumeSource struct {
	DatasetName string `json:"datasetName,omitempty" pb:"1"`
	DatasetUUID string `json:"datasetUUID,omitempty" pb:"2"`
}

type StorageMedium string

const (
	StorageMediumDefault         StorageMedium = ""
	StorageMediumMemory          StorageMedium = "Memory"
	StorageMediumHugePages       StorageMedium = "HugePages"
	StorageMediumHugePagesPrefix StorageMedium = "HugePages-"
)

type Protocol string

const (
	ProtocolTCP  Protocol = "TCP"
	ProtocolUDP  Protocol = "UDP"
	ProtocolSCTP Protocol = "SCTP"
)

type GCEPersistentDiskVolumeSource struct {
	PDName    string `json:"pdName" pb:"1"`
	FSType    string `json:"fsType,omitempty" pb:"2"`
	Partition int32  `json:"partition,omitempty" pb:"3"`
	ReadOnly  bool   `json:"readOnly,omitempty" pb:"4"`
}

type QuobyteVolumeSource struct {
	Registry string `json:"registry" pb:"1"`
	Volume   string `json:"volume" pb:"2"`
	ReadOnly bool   `json:"readOnly,omitempty" pb:"3"`
	User     string `json:"user,omitempty" pb:"4"`
	Group    string `json:"group,omitempty" pb:"5"`
	Tenant   string `json:"tenant,omitempty" pb:"6"`
}

type FlexVolumeSource struct {
	Driver    string                `json:"driver" pb:"1"`
	FSType    string                `json:"fsType,omitempty" pb:"2"`
	SecretRef *LocalObjectReference `json:"secretRef,omitempty" pb:"3"`
	ReadOnly  bool                  `json:"readOnly,omitempty" pb:"4"`
	Options   map[string]string     `json:"options,omitempty" pb:"5"`
}

type AWSElasticBlockStoreVolumeSource struct {
	VolumeID  string `json:"volumeID" pb:"1"`
	FSType    string `json:"fsType,omitempty" pb:"2"`
	Partition int32  `json:"partition,omitempty" pb:"3"`
	ReadOnly  bool   `json:"readOnly,omitempty" pb:"4"`
}

type GitRepoVolumeSource struct {
	Repository string `json:"repository" pb:"1"`
	Revision   string `json:"revision,omitempty" pb:"2"`
	Directory  string `json:"directory,omitempty" pb:"3"`
}

type SecretVolumeSource struct {
	SecretName  string      `json:"secretName,omitempty" pb:"1"`
	Items       []KeyToPath `json:"items,omitempty" pb:"2" list:"atomic"`
	DefaultMode *int32      `json:"defaultMode,omitempty" pb:"3"`
	Optional    *bool       `json:"optional,omitempty" pb:"4"`
}

type SecretProjection struct {
	LocalObjectReference `json:",inline" pb:"1"`
	Items                []KeyToPath `json:"items,omitempty" pb:"2" list:"atomic"`
	Optional             *bool       `json:"optional,omitempty" pb:"4"`
}

type NFSVolumeSource struct {
	Server   string `json:"server" pb:"1"`
	Path     string `json:"path" pb:"2"`
	ReadOnly bool   `json:"readOnly,omitempty" pb:"3"`
}

type ISCSIVolumeSource struct {
	TargetPortal      string                `json:"targetPortal" pb:"1"`
	IQN               string                `json:"iqn" pb:"2"`
	Lun               int32                 `json:"lun" pb:"3"`
	ISCSIInterface    string                `json:"iscsiInterface,omitempty" pb:"4"`
	FSType            string                `json:"fsType,omitempty" pb:"5"`
	ReadOnly          bool                  `json:"readOnly,omitempty" pb:"6"`
	Portals           []string              `json:"portals,omitempty" pb:"7" list:"atomic"`
	DiscoveryCHAPAuth bool                  `json:"chapAuthDiscovery,omitempty" pb:"8"`
	SessionCHAPAuth   bool                  `json:"chapAuthSession,omitempty" pb:"11"`
	SecretRef         *LocalObjectReference `json:"secretRef,omitempty" pb:"10"`
	InitiatorName     *string               `json:"initiatorName,omitempty" pb:"12"`
}

type FCVolumeSource struct {
	TargetWWNs []string `json:"targetWWNs,omitempty" pb:"1" list:"atomic"`
	Lun        *int32   `json:"lun,omitempty" pb:"2"`
	FSType     string   `json:"fsType,omitempty" pb:"3"`
	ReadOnly   bool     `json:"readOnly,omitempty" pb:"4"`
	WWIDs      []string `json:"wwids,omitempty" pb:"5" list:"atomic"`
}

type AzureFileVolumeSource struct {
	SecretName string `json:"secretName" pb:"1"`
	ShareName  string `json:"shareName" pb:"2"`
	ReadOnly   bool   `json:"readOnly,omitempty" pb:"3"`
}

type VsphereVirtualDiskVolumeSource struct {
	VolumePath        string `json:"volumePath" pb:"1"`
	FSType            string `json:"fsType,omitempty" pb:"2"`
	StoragePolicyName string `json:"storagePolicyName,omitempty" pb:"3"`
	StoragePolicyID   string `json:"storagePolicyID,omitempty" pb:"4"`
}

type PhotonPersistentDiskVolumeSource struct {
	PdID   string `json:"pdID" pb:"1"`
	FSType string `json:"fsType,omitempty" pb:"2"`
}

type AzureDataDiskCachingMode string

const (
	AzureDataDiskCachingNone      AzureDataDiskCachingMode = "None"
	AzureDataDiskCachingReadOnly  AzureDataDiskCachingMode = "ReadOnly"
	AzureDataDiskCachingReadWrite AzureDataDiskCachingMode = "ReadWrite"
)

type AzureDataDiskKind string

const (
	AzureSharedBlobDisk    AzureDataDiskKind = "Shared"
	AzureDedicatedBlobDisk AzureDataDiskKind = "Dedicated"
	AzureManagedDisk       AzureDataDiskKind = "Managed"
)

type AzureDiskVolumeSource struct {
	DiskName    string                    `json:"diskName" pb:"1"`
	DataDiskURI string                    `json:"diskURI" pb:"2"`
	CachingMode *AzureDataDiskCachingMode `json:"cachingMode,omitempty" pb:"3"`
	FSType      *string                   `json:"fsType,omitempty" pb:"4"`
	ReadOnly    *bool                     `json:"readOnly,omitempty" pb:"5"`
	Kind        *AzureDataDiskKind        `json:"kind,omitempty" pb:"6"`
}

type PortworxVolumeSource struct {
	VolumeID string `json:"volumeID" pb:"1"`
	FSType   string `json:"fsType,omitempty" pb:"2"`
	ReadOnly bool   `json:"readOnly,omitempty" pb:"3"`
}

type ScaleIOVolumeSource struct {
	Gateway          string                `json:"gateway" pb:"1"`
	System           string                `json:"system" pb:"2"`
	SecretRef        *LocalObjectReference `json:"secretRef" pb:"3"`
	SSLEnabled       bool                  `json:"sslEnabled,omitempty" pb:"4"`
	ProtectionDomain string                `json:"protectionDomain,omitempty" pb:"5"`
	StoragePool      string                `json:"storagePool,omitempty" pb:"6"`
	StorageMode      string                `json:"storageMode,omitempty" pb:"7"`
	VolumeName       string                `json:"volumeName,omitempty" pb:"8"`
	FSType           string                `json:"fsType,omitempty" pb:"9"`
	ReadOnly         bool                  `json:"readOnly,omitempty" pb:"10"`
}

type StorageOSVolumeSource struct {
	VolumeName      string                `json:"volumeName,omitempty" pb:"1"`
	VolumeNamespace string                `json:"volumeNamespace,omitempty" pb:"2"`
	FSType          string                `json:"fsType,omitempty" pb:"3"`
	ReadOnly        bool                  `json:"readOnly,omitempty" pb:"4"`
	SecretRef       *LocalObjectReference `json:"secretRef,omitempty" pb:"5"`
}

type ConfigMapVolumeSource struct {
	LocalObjectReference `json:",inline" pb:"1"`
	Items                []KeyToPath `json:"items,omitempty" pb:"2" list:"atomic"`
	DefaultMode          *int32      `json:"defaultMode,omitempty" pb:"3"`
	Optional             *bool       `json:"optional,omitempty" pb:"4"`
}

type ConfigMapProjection struct {
	LocalObjectReference `json:",inline" pb:"1"`
	Items                []KeyToPath `json:"items,omitempty" pb:"2" list:"atomic"`
	Optional             *bool       `json:"optional,omitempty" pb:"4"`
}

type ServiceAccountTokenProjection struct {
	Audience          string `json:"audience,omitempty" pb:"1"`
	ExpirationSeconds *int64 `json:"expirationSeconds,omitempty" pb:"2"`
	Path              string `json:"path" pb:"3"`
}

type ClusterTrustBundleProjection struct {
	Name          *string        `json:"name,omitempty" pb:"1"`
	SignerName    *string        `json:"signerName,omitempty" pb:"2"`
	LabelSelector *LabelSelector `json:"labelSelector,omitempty" pb:"3"`
	Optional      *bool          `json:"optional,omitempty" pb:"5"`
	Path          string         `json:"path" pb:"4"`
}

type PodCertificateProjection struct {
	SignerName           string            `json:"signerName,omitempty" pb:"1" api:"required"`
	KeyType              string            `json:"keyType,omitempty" pb:"2" api:"required"`
	MaxExpirationSeconds *int32            `json:"maxExpirationSeconds,omitempty" pb:"3"`
	CredentialBundlePath string            `json:"credentialBundlePath,omitempty" pb:"4"`
	KeyPath              string            `json:"keyPath,omitempty" pb:"5"`
	CertificateChainPath string            `json:"certificateChainPath,omitempty" pb:"6"`
	UserAnnotations      map[string]string `json:"userAnnotations,omitempty" pb:"7"`
}

type ProjectedVolumeSource struct {
	Sources     []VolumeProjection `json:"sources" pb:"1" list:"atomic" api:"optional"`
	DefaultMode *int32             `json:"defaultMode,omitempty" pb:"2"`
}

type VolumeProjection struct {
	Secret              *SecretProjection              `json:"secret,omitempty" pb:"1"`
	DownwardAPI         *DownwardAPIProjection         `json:"downwardAPI,omitempty" pb:"2"`
	ConfigMap           *ConfigMapProjection           `json:"configMap,omitempty" pb:"3"`
	ServiceAccountToken *ServiceAccountTokenProjection `json:"serviceAccountToken,omitempty" pb:"4"`
	ClusterTrustBundle  *ClusterTrustBundleProjection  `json:"clusterTrustBundle,omitempty" pb:"5"`
	PodCertificate      *PodCertificateProjection      `json:"podCertificate,omitempty" pb:"6"`
}

type KeyToPath struct {
	Key  string `json:"key" pb:"1"`
	Path string `json:"path" pb:"2"`
	Mode *int32 `json:"mode,omitempty" pb:"3"`
}

type CSIVolumeSource struct {
	Driver               string                `json:"driver" pb:"1"`
	ReadOnly             *bool                 `json:"readOnly,omitempty" pb:"2"`
	FSType               *string               `json:"fsType,omitempty" pb:"3"`
	VolumeAttributes     map[string]string     `json:"volumeAttributes,omitempty" pb:"4"`
	NodePublishSecretRef *LocalObjectReference `json:"nodePublishSecretRef,omitempty" pb:"5"`
}

type EphemeralVolumeSource struct {
	VolumeClaimTemplate *PersistentVolumeClaimTemplate `json:"volumeClaimTemplate,omitempty" pb:"1"`
}

type PersistentVolumeClaimTemplate struct {
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       PersistentVolumeClaimSpec `json:"spec" pb:"2"`
}

type ContainerPort struct {
	Name          string   `json:"name,omitempty" pb:"1"`
	HostPort      int32    `json:"hostPort,omitempty" pb:"2"`
	ContainerPort int32    `json:"containerPort" pb:"3"`
	Protocol      Protocol `json:"protocol,omitempty" pb:"4"`
	HostIP        string   `json:"hostIP,omitempty" pb:"5"`
}

type VolumeMount struct {
	Name              string                 `json:"name" pb:"1"`
	ReadOnly          bool                   `json:"readOnly,omitempty" pb:"2"`
	RecursiveReadOnly *RecursiveReadOnlyMode `json:"recursiveReadOnly,omitempty" pb:"7"`
	MountPath         string                 `json:"mountPath" pb:"3"`
	SubPath           string                 `json:"subPath,omitempty" pb:"4"`
	MountPropagation  *MountPropagationMode  `json:"mountPropagation,omitempty" pb:"5"`
	SubPathExpr       string                 `json:"subPathExpr,omitempty" pb:"6"`
}

type MountPropagationMode string

const (
	MountPropagationNone            MountPropagationMode = "None"
	MountPropagationHostToContainer MountPropagationMode = "HostToContainer"
	MountPropagationBidirectional   MountPropagationMode = "Bidirectional"
)

type RecursiveReadOnlyMode string

const (
	RecursiveReadOnlyDisabled   RecursiveReadOnlyMode = "Disabled"
	RecursiveReadOnlyIfPossible RecursiveReadOnlyMode = "IfPossible"
	RecursiveReadOnlyEnabled    RecursiveReadOnlyMode = "Enabled"
)

type VolumeDevice struct {
	Name       string `json:"name" pb:"1"`
	DevicePath string `json:"devicePath" pb:"2"`
}

type EnvVar struct {
	Name      string        `json:"name" pb:"1"`
	Value     string        `json:"value,omitempty" pb:"2"`
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty" pb:"3"`
}

type EnvVarSource struct {
	FieldRef         *ObjectFieldSelector   `json:"fieldRef,omitempty" pb:"1"`
	ResourceFieldRef *ResourceFieldSelector `json:"resourceFieldRef,omitempty" pb:"2"`
	ConfigMapKeyRef  *ConfigMapKeySelector  `json:"configMapKeyRef,omitempty" pb:"3"`
	SecretKeyRef     *SecretKeySelector     `json:"secretKeyRef,omitempty" pb:"4"`
	FileKeyRef       *FileKeySelector       `json:"fileKeyRef,omitempty" pb:"5"`
}

type FileKeySelector struct {
	VolumeName string `json:"volumeName" pb:"1"`
	Path       string `json:"path" pb:"2"`
	Key        string `json:"key" pb:"3"`
	Optional   *bool  `json:"optional,omitempty" pb:"4"`
}

type ObjectFieldSelector struct {
	APIVersion string `json:"apiVersion,omitempty" pb:"1"`
	FieldPath  string `json:"fieldPath" pb:"2"`
}

type ResourceFieldSelector struct {
	ContainerName string   `json:"containerName,omitempty" pb:"1"`
	Resource      string   `json:"resource" pb:"2"`
	Divisor       Quantity `json:"divisor,omitempty" pb:"3"`
}

type ConfigMapKeySelector struct {
	LocalObjectReference `json:",inline" pb:"1"`
	Key                  string `json:"key" pb:"2"`
	Optional             *bool  `json:"optional,omitempty" pb:"3"`
}

type SecretKeySelector struct {
	LocalObjectReference `json:",inline" pb:"1"`
	Key                  string `json:"key" pb:"2"`
	Optional             *bool  `json:"optional,omitempty" pb:"3"`
}

type EnvFromSource struct {
	Prefix       string              `json:"prefix,omitempty" pb:"1"`
	ConfigMapRef *ConfigMapEnvSource `json:"configMapRef,omitempty" pb:"2"`
	SecretRef    *SecretEnvSource    `json:"secretRef,omitempty" pb:"3"`
}

type ConfigMapEnvSource struct {
	LocalObjectReference `json:",inline" pb:"1"`
	Optional             *bool `json:"optional,omitempty" pb:"2"`
}

type SecretEnvSource struct {
	LocalObjectReference `json:",inline" pb:"1"`
	Optional             *bool `json:"optional,omitempty" pb:"2"`
}

type HTTPHeader struct {
	Name  string `json:"name" pb:"1"`
	Value string `json:"value" pb:"2"`
}

type HTTPGetAction struct {
	Path        string       `json:"path,omitempty" pb:"1"`
	Port        IntOrString  `json:"port" pb:"2"`
	Host        string       `json:"host,omitempty" pb:"3"`
	Scheme      URIScheme    `json:"scheme,omitempty" pb:"4"`
	HTTPHeaders []HTTPHeader `json:"httpHeaders,omitempty" pb:"5" list:"atomic"`
}

type URIScheme string

const (
	URISchemeHTTP  URIScheme = "HTTP"
	URISchemeHTTPS URIScheme = "HTTPS"
)

type TCPSocketAction struct {
	Port IntOrString `json:"port" pb:"1"`
	Host string      `json:"host,omitempty" pb:"2"`
}

type GRPCAction struct {
	Port    int32   `json:"port" pb:"1"`
	Service *string `json:"service" pb:"2" api:"optional"`
}

type ExecAction struct {
	Command []string `json:"command,omitempty" pb:"1" list:"atomic"`
}

type SleepAction struct {
	Seconds int64 `json:"seconds" pb:"1"`
}

type Probe struct {
	ProbeHandler                  `json:",inline" pb:"1"`
	InitialDelaySeconds           int32  `json:"initialDelaySeconds,omitempty" pb:"2"`
	TimeoutSeconds                int32  `json:"timeoutSeconds,omitempty" pb:"3"`
	PeriodSeconds                 int32  `json:"periodSeconds,omitempty" pb:"4"`
	SuccessThreshold              int32  `json:"successThreshold,omitempty" pb:"5"`
	FailureThreshold              int32  `json:"failureThreshold,omitempty" pb:"6"`
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty" pb:"7"`
}

type PullPolicy string

const (
	PullAlways       PullPolicy = "Always"
	PullNever        PullPolicy = "Never"
	PullIfNotPresent PullPolicy = "IfNotPresent"
)

type ResourceResizeRestartPolicy string

const (
	NotRequired      ResourceResizeRestartPolicy = "NotRequired"
	RestartContainer ResourceResizeRestartPolicy = "RestartContainer"
)

type ContainerResizePolicy struct {
	ResourceName  ResourceName                `json:"resourceName" pb:"1"`
	RestartPolicy ResourceResizeRestartPolicy `json:"restartPolicy" pb:"2"`
}

type PreemptionPolicy string

const (
	PreemptLowerPriority PreemptionPolicy = "PreemptLowerPriority"
	PreemptNever         PreemptionPolicy = "Never"
)

type TerminationMessagePolicy string

const (
	TerminationMessageReadFile              TerminationMessagePolicy = "File"
	TerminationMessageFallbackToLogsOnError TerminationMessagePolicy = "FallbackToLogsOnError"
)

type Capability string

type Capabilities struct {
	Add  []Capability `json:"add,omitempty" pb:"1" list:"atomic"`
	Drop []Capability `json:"drop,omitempty" pb:"2" list:"atomic"`
}

type ResourceRequirements struct {
	Limits   ResourceList    `json:"limits,omitempty" pb:"1"`
	Requests ResourceList    `json:"requests,omitempty" pb:"2"`
	Claims   []ResourceClaim `json:"claims,omitempty" pb:"3" list:"map" mapKeys:"name"`
}

type VolumeResourceRequirements struct {
	Limits   ResourceList `json:"limits,omitempty" pb:"1"`
	Requests ResourceList `json:"requests,omitempty" pb:"2"`
}

type ResourceClaim struct {
	Name    string `json:"name" pb:"1"`
	Request string `json:"request,omitempty" pb:"2"`
}

type Container struct {
	Name                     string                   `json:"name" pb:"1"`
	Image                    string                   `json:"image,omitempty" pb:"2"`
	Command                  []string                 `json:"command,omitempty" pb:"3" list:"atomic"`
	Args                     []string                 `json:"args,omitempty" pb:"4" list:"atomic"`
	WorkingDir               string                   `json:"workingDir,omitempty" pb:"5"`
	Ports                    []ContainerPort          `json:"ports,omitempty" pb:"6" patch:"merge" mergeKey:"containerPort" list:"map" mapKeys:"containerPort,protocol"`
	EnvFrom                  []EnvFromSource          `json:"envFrom,omitempty" pb:"19" list:"atomic"`
	Env                      []EnvVar                 `json:"env,omitempty" pb:"7" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	Resources                ResourceRequirements     `json:"resources,omitempty" pb:"8"`
	ResizePolicy             []ContainerResizePolicy  `json:"resizePolicy,omitempty" pb:"23" list:"atomic"`
	RestartPolicy            *ContainerRestartPolicy  `json:"restartPolicy,omitempty" pb:"24"`
	RestartPolicyRules       []ContainerRestartRule   `json:"restartPolicyRules,omitempty" pb:"25" list:"atomic"`
	VolumeMounts             []VolumeMount            `json:"volumeMounts,omitempty" pb:"9" patch:"merge" mergeKey:"mountPath" list:"map" mapKeys:"mountPath"`
	VolumeDevices            []VolumeDevice           `json:"volumeDevices,omitempty" pb:"21" patch:"merge" mergeKey:"devicePath" list:"map" mapKeys:"devicePath"`
	LivenessProbe            *Probe                   `json:"livenessProbe,omitempty" pb:"10"`
	ReadinessProbe           *Probe                   `json:"readinessProbe,omitempty" pb:"11"`
	StartupProbe             *Probe                   `json:"startupProbe,omitempty" pb:"22"`
	Lifecycle                *Lifecycle               `json:"lifecycle,omitempty" pb:"12"`
	TerminationMessagePath   string                   `json:"terminationMessagePath,omitempty" pb:"13"`
	TerminationMessagePolicy TerminationMessagePolicy `json:"terminationMessagePolicy,omitempty" pb:"20"`
	ImagePullPolicy          PullPolicy               `json:"imagePullPolicy,omitempty" pb:"14"`
	SecurityContext          *SecurityContext         `json:"securityContext,omitempty" pb:"15"`
	Stdin                    bool                     `json:"stdin,omitempty" pb:"16"`
	StdinOnce                bool                     `json:"stdinOnce,omitempty" pb:"17"`
	TTY                      bool                     `json:"tty,omitempty" pb:"18"`
}

type ProbeHandler struct {
	Exec      *ExecAction      `json:"exec,omitempty" pb:"1"`
	HTTPGet   *HTTPGetAction   `json:"httpGet,omitempty" pb:"2"`
	TCPSocket *TCPSocketAction `json:"tcpSocket,omitempty" pb:"3"`
	GRPC      *GRPCAction      `json:"grpc,omitempty" pb:"4"`
}

type LifecycleHandler struct {
	Exec      *ExecAction      `json:"exec,omitempty" pb:"1"`
	HTTPGet   *HTTPGetAction   `json:"httpGet,omitempty" pb:"2"`
	TCPSocket *TCPSocketAction `json:"tcpSocket,omitempty" pb:"3"`
	Sleep     *SleepAction     `json:"sleep,omitempty" pb:"4"`
}

type Signal string

const (
	SIGABRT         Signal = "SIGABRT"
	SIGALRM         Signal = "SIGALRM"
	SIGBUS          Signal = "SIGBUS"
	SIGCHLD         Signal = "SIGCHLD"
	SIGCLD          Signal = "SIGCLD"
	SIGCONT         Signal = "SIGCONT"
	SIGFPE          Signal = "SIGFPE"
	SIGHUP          Signal = "SIGHUP"
	SIGILL          Signal = "SIGILL"
	SIGINT          Signal = "SIGINT"
	SIGIO           Signal = "SIGIO"
	SIGIOT          Signal = "SIGIOT"
	SIGKILL         Signal = "SIGKILL"
	SIGPIPE         Signal = "SIGPIPE"
	SIGPOLL         Signal = "SIGPOLL"
	SIGPROF         Signal = "SIGPROF"
	SIGPWR          Signal = "SIGPWR"
	SIGQUIT         Signal = "SIGQUIT"
	SIGSEGV         Signal = "SIGSEGV"
	SIGSTKFLT       Signal = "SIGSTKFLT"
	SIGSTOP         Signal = "SIGSTOP"
	SIGSYS          Signal = "SIGSYS"
	SIGTERM         Signal = "SIGTERM"
	SIGTRAP         Signal = "SIGTRAP"
	SIGTSTP         Signal = "SIGTSTP"
	SIGTTIN         Signal = "SIGTTIN"
	SIGTTOU         Signal = "SIGTTOU"
	SIGURG          Signal = "SIGURG"
	SIGUSR1         Signal = "SIGUSR1"
	SIGUSR2         Signal = "SIGUSR2"
	SIGVTALRM       Signal = "SIGVTALRM"
	SIGWINCH        Signal = "SIGWINCH"
	SIGXCPU         Signal = "SIGXCPU"
	SIGXFSZ         Signal = "SIGXFSZ"
	SIGRTMIN        Signal = "SIGRTMIN"
	SIGRTMINPLUS1   Signal = "SIGRTMIN+1"
	SIGRTMINPLUS2   Signal = "SIGRTMIN+2"
	SIGRTMINPLUS3   Signal = "SIGRTMIN+3"
	SIGRTMINPLUS4   Signal = "SIGRTMIN+4"
	SIGRTMINPLUS5   Signal = "SIGRTMIN+5"
	SIGRTMINPLUS6   Signal = "SIGRTMIN+6"
	SIGRTMINPLUS7   Signal = "SIGRTMIN+7"
	SIGRTMINPLUS8   Signal = "SIGRTMIN+8"
	SIGRTMINPLUS9   Signal = "SIGRTMIN+9"
	SIGRTMINPLUS10  Signal = "SIGRTMIN+10"
	SIGRTMINPLUS11  Signal = "SIGRTMIN+11"
	SIGRTMINPLUS12  Signal = "SIGRTMIN+12"
	SIGRTMINPLUS13  Signal = "SIGRTMIN+13"
	SIGRTMINPLUS14  Signal = "SIGRTMIN+14"
	SIGRTMINPLUS15  Signal = "SIGRTMIN+15"
	SIGRTMAXMINUS14 Signal = "SIGRTMAX-14"
	SIGRTMAXMINUS13 Signal = "SIGRTMAX-13"
	SIGRTMAXMINUS12 Signal = "SIGRTMAX-12"
	SIGRTMAXMINUS11 Signal = "SIGRTMAX-11"
	SIGRTMAXMINUS10 Signal = "SIGRTMAX-10"
	SIGRTMAXMINUS9  Signal = "SIGRTMAX-9"
	SIGRTMAXMINUS8  Signal = "SIGRTMAX-8"
	SIGRTMAXMINUS7  Signal = "SIGRTMAX-7"
	SIGRTMAXMINUS6  Signal = "SIGRTMAX-6"
	SIGRTMAXMINUS5  Signal = "SIGRTMAX-5"
	SIGRTMAXMINUS4  Signal = "SIGRTMAX-4"
	SIGRTMAXMINUS3  Signal = "SIGRTMAX-3"
	SIGRTMAXMINUS2  Signal = "SIGRTMAX-2"
	SIGRTMAXMINUS1  Signal = "SIGRTMAX-1"
	SIGRTMAX        Signal = "SIGRTMAX"
)

type Lifecycle struct {
	PostStart  *LifecycleHandler `json:"postStart,omitempty" pb:"1"`
	PreStop    *LifecycleHandler `json:"preStop,omitempty" pb:"2"`
	StopSignal *Signal           `json:"stopSignal,omitempty" pb:"3"`
}

type ConditionStatus string

const (
	ConditionTrue    ConditionStatus = "True"
	ConditionFalse   ConditionStatus = "False"
	ConditionUnknown ConditionStatus = "Unknown"
)

type ContainerStateWaiting struct {
	Reason  string `json:"reason,omitempty" pb:"1"`
	Message string `json:"message,omitempty" pb:"2"`
}

type ContainerStateRunning struct {
	StartedAt Time `json:"startedAt,omitempty" pb:"1"`
}

type ContainerStateTerminated struct {
	ExitCode    int32  `json:"exitCode" pb:"1"`
	Signal      int32  `json:"signal,omitempty" pb:"2"`
	Reason      string `json:"reason,omitempty" pb:"3"`
	Message     string `json:"message,omitempty" pb:"4"`
	StartedAt   Time   `json:"startedAt,omitempty" pb:"5"`
	FinishedAt  Time   `json:"finishedAt,omitempty" pb:"6"`
	ContainerID string `json:"containerID,omitempty" pb:"7"`
}

type ContainerState struct {
	Waiting    *ContainerStateWaiting    `json:"waiting,omitempty" pb:"1"`
	Running    *ContainerStateRunning    `json:"running,omitempty" pb:"2"`
	Terminated *ContainerStateTerminated `json:"terminated,omitempty" pb:"3"`
}

type ContainerStatus struct {
	Name                     string                `json:"name" pb:"1"`
	State                    ContainerState        `json:"state,omitempty" pb:"2"`
	LastTerminationState     ContainerState        `json:"lastState,omitempty" pb:"3"`
	Ready                    bool                  `json:"ready" pb:"4"`
	RestartCount             int32                 `json:"restartCount" pb:"5"`
	Image                    string                `json:"image" pb:"6"`
	ImageID                  string                `json:"imageID" pb:"7"`
	ContainerID              string                `json:"containerID,omitempty" pb:"8"`
	Started                  *bool                 `json:"started,omitempty" pb:"9"`
	AllocatedResources       ResourceList          `json:"allocatedResources,omitempty" pb:"10"`
	Resources                *ResourceRequirements `json:"resources,omitempty" pb:"11"`
	VolumeMounts             []VolumeMountStatus   `json:"volumeMounts,omitempty" pb:"12" patch:"merge" mergeKey:"mountPath" list:"map" mapKeys:"mountPath"`
	User                     *ContainerUser        `json:"user,omitempty" pb:"13"`
	AllocatedResourcesStatus []ResourceStatus      `json:"allocatedResourcesStatus,omitempty" pb:"14" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	StopSignal               *Signal               `json:"stopSignal,omitempty" pb:"15"`
}

type ResourceStatus struct {
	Name      ResourceName     `json:"name" pb:"1"`
	Resources []ResourceHealth `json:"resources,omitempty" pb:"2" list:"map" mapKeys:"resourceID"`
}

type ResourceHealthStatus string

const (
	ResourceHealthStatusHealthy   ResourceHealthStatus = "Healthy"
	ResourceHealthStatusUnhealthy ResourceHealthStatus = "Unhealthy"
	ResourceHealthStatusUnknown   ResourceHealthStatus = "Unknown"
)

type ResourceID string

type ResourceHealth struct {
	ResourceID ResourceID           `json:"resourceID" pb:"1"`
	Health     ResourceHealthStatus `json:"health,omitempty" pb:"2"`
	Message    *string              `json:"message,omitempty" pb:"6"`
}

type ContainerUser struct {
	Linux *LinuxContainerUser `json:"linux,omitempty" pb:"1"`
}

type LinuxContainerUser struct {
	UID                int64   `json:"uid" pb:"1"`
	GID                int64   `json:"gid" pb:"2"`
	SupplementalGroups []int64 `json:"supplementalGroups,omitempty" pb:"3" list:"atomic"`
}

type PodPhase string

const (
	PodPending   PodPhase = "Pending"
	PodRunning   PodPhase = "Running"
	PodSucceeded PodPhase = "Succeeded"
	PodFailed    PodPhase = "Failed"
	PodUnknown   PodPhase = "Unknown"
)

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

type PodCondition struct {
	Type               PodConditionType `json:"type" pb:"1"`
	ObservedGeneration int64            `json:"observedGeneration,omitempty" pb:"7"`
	Status             ConditionStatus  `json:"status" pb:"2"`
	LastProbeTime      Time             `json:"lastProbeTime,omitempty" pb:"3"`
	LastTransitionTime Time             `json:"lastTransitionTime,omitempty" pb:"4"`
	Reason             string           `json:"reason,omitempty" pb:"5"`
	Message            string           `json:"message,omitempty" pb:"6"`
}

type PodResizeStatus string

const (
	PodResizeStatusInProgress PodResizeStatus = "InProgress"
	PodResizeStatusDeferred   PodResizeStatus = "Deferred"
	PodResizeStatusInfeasible PodResizeStatus = "Infeasible"
)

type VolumeMountStatus struct {
	Name              string                 `json:"name" pb:"1"`
	MountPath         string                 `json:"mountPath" pb:"2"`
	ReadOnly          bool                   `json:"readOnly,omitempty" pb:"3"`
	RecursiveReadOnly *RecursiveReadOnlyMode `json:"recursiveReadOnly,omitempty" pb:"4"`
	VolumeStatus      *VolumeStatus          `json:"volumeStatus,omitempty" pb:"5"`
}

type VolumeStatus struct {
	Image *ImageVolumeStatus `json:"image,omitempty" pb:"1"`
}

type ImageVolumeStatus struct {
	ImageRef string `json:"imageRef,omitempty" pb:"1" api:"required"`
}

type RestartPolicy string

const (
	RestartPolicyAlways    RestartPolicy = "Always"
	RestartPolicyOnFailure RestartPolicy = "OnFailure"
	RestartPolicyNever     RestartPolicy = "Never"
)

type ContainerRestartPolicy string

const (
	ContainerRestartPolicyAlways    ContainerRestartPolicy = "Always"
	ContainerRestartPolicyNever     ContainerRestartPolicy = "Never"
	ContainerRestartPolicyOnFailure ContainerRestartPolicy = "OnFailure"
)

type ContainerRestartRule struct {
	Action    ContainerRestartRuleAction       `json:"action,omitempty" pb:"1" api:"required"`
	ExitCodes *ContainerRestartRuleOnExitCodes `json:"exitCodes,omitempty" pb:"2"`
}

type ContainerRestartRuleAction string

const (
	ContainerRestartRuleActionRestart              ContainerRestartRuleAction = "Restart"
	ContainerRestartRuleActionRestartAllContainers ContainerRestartRuleAction = "RestartAllContainers"
)

type ContainerRestartRuleOnExitCodes struct {
	Operator ContainerRestartRuleOnExitCodesOperator `json:"operator,omitempty" pb:"1" api:"required"`
	Values   []int32                                 `json:"values,omitempty" pb:"2" list:"set"`
}

type ContainerRestartRuleOnExitCodesOperator string

const (
	ContainerRestartRuleOnExitCodesOpIn    ContainerRestartRuleOnExitCodesOperator = "In"
	ContainerRestartRuleOnExitCodesOpNotIn ContainerRestartRuleOnExitCodesOperator = "NotIn"
)

type DNSPolicy string

const (
	DNSClusterFirstWithHostNet DNSPolicy = "ClusterFirstWithHostNet"
	DNSClusterFirst            DNSPolicy = "ClusterFirst"
	DNSDefault                 DNSPolicy = "Default"
	DNSNone                    DNSPolicy = "None"
)

type NodeSelector struct {
	NodeSelectorTerms []NodeSelectorTerm `json:"nodeSelectorTerms" pb:"1" list:"atomic"`
}

type NodeSelectorTerm struct {
	MatchExpressions []NodeSelectorRequirement `json:"matchExpressions,omitempty" pb:"1" list:"atomic"`
	MatchFields      []NodeSelectorRequirement `json:"matchFields,omitempty" pb:"2" list:"atomic"`
}

type NodeSelectorRequirement struct {
	Key      string               `json:"key" pb:"1"`
	Operator NodeSelectorOperator `json:"operator" pb:"2"`
	Values   []string             `json:"values,omitempty" pb:"3" list:"atomic"`
}

type NodeSelectorOperator string

const (
	NodeSelectorOpIn           NodeSelectorOperator = "In"
	NodeSelectorOpNotIn        NodeSelectorOperator = "NotIn"
	NodeSelectorOpExists       NodeSelectorOperator = "Exists"
	NodeSelectorOpDoesNotExist NodeSelectorOperator = "DoesNotExist"
	NodeSelectorOpGt           NodeSelectorOperator = "Gt"
	NodeSelectorOpLt           NodeSelectorOperator = "Lt"
)

type Affinity struct {
	NodeAffinity    *NodeAffinity    `json:"nodeAffinity,omitempty" pb:"1"`
	PodAffinity     *PodAffinity     `json:"podAffinity,omitempty" pb:"2"`
	PodAntiAffinity *PodAntiAffinity `json:"podAntiAffinity,omitempty" pb:"3"`
}

type PodAffinity struct {
	RequiredDuringSchedulingIgnoredDuringExecution  []PodAffinityTerm         `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"1" list:"atomic"`
	PreferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"2" list:"atomic"`
}

type PodAntiAffinity struct {
	RequiredDuringSchedulingIgnoredDuringExecution  []PodAffinityTerm         `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"1" list:"atomic"`
	PreferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"2" list:"atomic"`
}

type WeightedPodAffinityTerm struct {
	Weight          int32           `json:"weight" pb:"1"`
	PodAffinityTerm PodAffinityTerm `json:"podAffinityTerm" pb:"2"`
}

type PodAffinityTerm struct {
	LabelSelector     *LabelSelector `json:"labelSelector,omitempty" pb:"1"`
	Namespaces        []string       `json:"namespaces,omitempty" pb:"2" list:"atomic"`
	TopologyKey       string         `json:"topologyKey" pb:"3"`
	NamespaceSelector *LabelSelector `json:"namespaceSelector,omitempty" pb:"4"`
	MatchLabelKeys    []string       `json:"matchLabelKeys,omitempty" pb:"5" list:"atomic"`
	MismatchLabelKeys []string       `json:"mismatchLabelKeys,omitempty" pb:"6" list:"atomic"`
}

type NodeAffinity struct {
	RequiredDuringSchedulingIgnoredDuringExecution  *NodeSelector             `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"1"`
	PreferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty" pb:"2" list:"atomic"`
}

type PreferredSchedulingTerm struct {
	Weight     int32            `json:"weight" pb:"1"`
	Preference NodeSelectorTerm `json:"preference" pb:"2"`
}

type Taint struct {
	Key       string      `json:"key" pb:"1"`
	Value     string      `json:"value,omitempty" pb:"2"`
	Effect    TaintEffect `json:"effect" pb:"3"`
	TimeAdded *Time       `json:"timeAdded,omitempty" pb:"4"`
}

type TaintEffect string

const (
	TaintEffectNoSchedule       TaintEffect = "NoSchedule"
	TaintEffectPreferNoSchedule TaintEffect = "PreferNoSchedule"
	TaintEffectNoExecute        TaintEffect = "NoExecute"
)

type Toleration struct {
	Key               string             `json:"key,omitempty" pb:"1"`
	Operator          TolerationOperator `json:"operator,omitempty" pb:"2"`
	Value             string             `json:"value,omitempty" pb:"3"`
	Effect            TaintEffect        `json:"effect,omitempty" pb:"4"`
	TolerationSeconds *int64             `json:"tolerationSeconds,omitempty" pb:"5"`
}

type TolerationOperator string

const (
	TolerationOpExists TolerationOperator = "Exists"
	TolerationOpEqual  TolerationOperator = "Equal"
	TolerationOpLt     TolerationOperator = "Lt"
	TolerationOpGt     TolerationOperator = "Gt"
)

type PodReadinessGate struct {
	ConditionType PodConditionType `json:"conditionType" pb:"1"`
}

type PodSpec struct {
	Volumes                       []Volume                   `json:"volumes,omitempty" pb:"1" patch:"merge,retainKeys" mergeKey:"name" list:"map" mapKeys:"name"`
	InitContainers                []Container                `json:"initContainers,omitempty" pb:"20" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	Containers                    []Container                `json:"containers" pb:"2" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	EphemeralContainers           []EphemeralContainer       `json:"ephemeralContainers,omitempty" pb:"34" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	RestartPolicy                 RestartPolicy              `json:"restartPolicy,omitempty" pb:"3"`
	TerminationGracePeriodSeconds *int64                     `json:"terminationGracePeriodSeconds,omitempty" pb:"4"`
	ActiveDeadlineSeconds         *int64                     `json:"activeDeadlineSeconds,omitempty" pb:"5"`
	DNSPolicy                     DNSPolicy                  `json:"dnsPolicy,omitempty" pb:"6"`
	NodeSelector                  map[string]string          `json:"nodeSelector,omitempty" pb:"7" list:"atomic"`
	ServiceAccountName            string                     `json:"serviceAccountName,omitempty" pb:"8"`
	DeprecatedServiceAccount      string                     `json:"serviceAccount,omitempty" pb:"9"`
	AutomountServiceAccountToken  *bool                      `json:"automountServiceAccountToken,omitempty" pb:"21"`
	NodeName                      string                     `json:"nodeName,omitempty" pb:"10"`
	HostNetwork                   bool                       `json:"hostNetwork,omitempty" pb:"11"`
	HostPID                       bool                       `json:"hostPID,omitempty" pb:"12"`
	HostIPC                       bool                       `json:"hostIPC,omitempty" pb:"13"`
	ShareProcessNamespace         *bool                      `json:"shareProcessNamespace,omitempty" pb:"27"`
	SecurityContext               *PodSecurityContext        `json:"securityContext,omitempty" pb:"14"`
	ImagePullSecrets              []LocalObjectReference     `json:"imagePullSecrets,omitempty" pb:"15" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	Hostname                      string                     `json:"hostname,omitempty" pb:"16"`
	Subdomain                     string                     `json:"subdomain,omitempty" pb:"17"`
	Affinity                      *Affinity                  `json:"affinity,omitempty" pb:"18"`
	SchedulerName                 string                     `json:"schedulerName,omitempty" pb:"19"`
	Tolerations                   []Toleration               `json:"tolerations,omitempty" pb:"22" list:"atomic"`
	HostAliases                   []HostAlias                `json:"hostAliases,omitempty" pb:"23" patch:"merge" mergeKey:"ip" list:"map" mapKeys:"ip"`
	PriorityClassName             string                     `json:"priorityClassName,omitempty" pb:"24"`
	Priority                      *int32                     `json:"priority,omitempty" pb:"25"`
	DNSConfig                     *PodDNSConfig              `json:"dnsConfig,omitempty" pb:"26"`
	ReadinessGates                []PodReadinessGate         `json:"readinessGates,omitempty" pb:"28" list:"atomic"`
	RuntimeClassName              *string                    `json:"runtimeClassName,omitempty" pb:"29"`
	EnableServiceLinks            *bool                      `json:"enableServiceLinks,omitempty" pb:"30"`
	PreemptionPolicy              *PreemptionPolicy          `json:"preemptionPolicy,omitempty" pb:"31"`
	Overhead                      ResourceList               `json:"overhead,omitempty" pb:"32"`
	TopologySpreadConstraints     []TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty" pb:"33" patch:"merge" mergeKey:"topologyKey" list:"map" mapKeys:"topologyKey,whenUnsatisfiable"`
	SetHostnameAsFQDN             *bool                      `json:"setHostnameAsFQDN,omitempty" pb:"35"`
	OS                            *PodOS                     `json:"os,omitempty" pb:"36"`
	HostUsers                     *bool                      `json:"hostUsers,omitempty" pb:"37"`
	SchedulingGates               []PodSchedulingGate        `json:"schedulingGates,omitempty" pb:"38" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	ResourceClaims                []PodResourceClaim         `json:"resourceClaims,omitempty" pb:"39" patch:"merge,retainKeys" mergeKey:"name" list:"map" mapKeys:"name"`
	Resources                     *ResourceRequirements      `json:"resources,omitempty" pb:"40"`
	HostnameOverride              *string                    `json:"hostnameOverride,omitempty" pb:"41"`
	SchedulingGroup               *PodSchedulingGroup        `json:"schedulingGroup,omitempty" pb:"43"`
}

type PodResourceClaim struct {
	Name                      string  `json:"name" pb:"1"`
	ResourceClaimName         *string `json:"resourceClaimName,omitempty" pb:"3"`
	ResourceClaimTemplateName *string `json:"resourceClaimTemplateName,omitempty" pb:"4"`
}

type PodResourceClaimStatus struct {
	Name              string  `json:"name" pb:"1"`
	ResourceClaimName *string `json:"resourceClaimName,omitempty" pb:"2"`
}

type PodExtendedResourceClaimStatus struct {
	RequestMappings   []ContainerExtendedResourceRequest `json:"requestMappings" pb:"1" list:"atomic"`
	ResourceClaimName string                             `json:"resourceClaimName" pb:"2"`
}

type ContainerExtendedResourceRequest struct {
	ContainerName string `json:"containerName" pb:"1"`
	ResourceName  string `json:"resourceName" pb:"2"`
	RequestName   string `json:"requestName" pb:"3"`
}

type OSName string

const (
	Linux   OSName = "linux"
	Windows OSName = "windows"
)

type PodOS struct {
	Name OSName `json:"name" pb:"1"`
}

type PodSchedulingGate struct {
	Name string `json:"name" pb:"1"`
}

type PodSchedulingGroup struct {
	PodGroupName *string `json:"podGroupName,omitempty" pb:"1"`
}

type UnsatisfiableConstraintAction string

const (
	DoNotSchedule  UnsatisfiableConstraintAction = "DoNotSchedule"
	ScheduleAnyway UnsatisfiableConstraintAction = "ScheduleAnyway"
)

type NodeInclusionPolicy string

const (
	NodeInclusionPolicyIgnore NodeInclusionPolicy = "Ignore"
	NodeInclusionPolicyHonor  NodeInclusionPolicy = "Honor"
)

type TopologySpreadConstraint struct {
	MaxSkew            int32                         `json:"maxSkew" pb:"1"`
	TopologyKey        string                        `json:"topologyKey" pb:"2"`
	WhenUnsatisfiable  UnsatisfiableConstraintAction `json:"whenUnsatisfiable" pb:"3"`
	LabelSelector      *LabelSelector                `json:"labelSelector,omitempty" pb:"4"`
	MinDomains         *int32                        `json:"minDomains,omitempty" pb:"5"`
	NodeAffinityPolicy *NodeInclusionPolicy          `json:"nodeAffinityPolicy,omitempty" pb:"6"`
	NodeTaintsPolicy   *NodeInclusionPolicy          `json:"nodeTaintsPolicy,omitempty" pb:"7"`
	MatchLabelKeys     []string                      `json:"matchLabelKeys,omitempty" pb:"8" list:"atomic"`
}

type HostAlias struct {
	IP        string   `json:"ip" pb:"1"`
	Hostnames []string `json:"hostnames,omitempty" pb:"2" list:"atomic"`
}

type PodFSGroupChangePolicy string

const (
	FSGroupChangeOnRootMismatch PodFSGroupChangePolicy = "OnRootMismatch"
	FSGroupChangeAlways         PodFSGroupChangePolicy = "Always"
)

type SupplementalGroupsPolicy string

const (
	SupplementalGroupsPolicyMerge  SupplementalGroupsPolicy = "Merge"
	SupplementalGroupsPolicyStrict SupplementalGroupsPolicy = "Strict"
)

type PodSELinuxChangePolicy string

const (
	SELinuxChangePolicyRecursive   PodSELinuxChangePolicy = "Recursive"
	SELinuxChangePolicyMountOption PodSELinuxChangePolicy = "MountOption"
)

type PodSecurityContext struct {
	SELinuxOptions           *SELinuxOptions                `json:"seLinuxOptions,omitempty" pb:"1"`
	WindowsOptions           *WindowsSecurityContextOptions `json:"windowsOptions,omitempty" pb:"8"`
	RunAsUser                *int64                         `json:"runAsUser,omitempty" pb:"2"`
	RunAsGroup               *int64                         `json:"runAsGroup,omitempty" pb:"6"`
	RunAsNonRoot             *bool                          `json:"runAsNonRoot,omitempty" pb:"3"`
	SupplementalGroups       []int64                        `json:"supplementalGroups,omitempty" pb:"4" list:"atomic"`
	SupplementalGroupsPolicy *SupplementalGroupsPolicy      `json:"supplementalGroupsPolicy,omitempty" pb:"12"`
	FSGroup                  *int64                         `json:"fsGroup,omitempty" pb:"5"`
	Sysctls                  []Sysctl                       `json:"sysctls,omitempty" pb:"7" list:"atomic"`
	FSGroupChangePolicy      *PodFSGroupChangePolicy        `json:"fsGroupChangePolicy,omitempty" pb:"9"`
	SeccompProfile           *SeccompProfile                `json:"seccompProfile,omitempty" pb:"10"`
	AppArmorProfile          *AppArmorProfile               `json:"appArmorProfile,omitempty" pb:"11"`
	SELinuxChangePolicy      *PodSELinuxChangePolicy        `json:"seLinuxChangePolicy,omitempty" pb:"13"`
}

type SeccompProfile struct {
	Type             SeccompProfileType `json:"type" pb:"1"`
	LocalhostProfile *string            `json:"localhostProfile,omitempty" pb:"2"`
}

type SeccompProfileType string

const (
	SeccompProfileTypeUnconfined     SeccompProfileType = "Unconfined"
	SeccompProfileTypeRuntimeDefault SeccompProfileType = "RuntimeDefault"
	SeccompProfileTypeLocalhost      SeccompProfileType = "Localhost"
)

type AppArmorProfile struct {
	Type             AppArmorProfileType `json:"type" pb:"1"`
	LocalhostProfile *string             `json:"localhostProfile,omitempty" pb:"2"`
}

type AppArmorProfileType string

const (
	AppArmorProfileTypeUnconfined     AppArmorProfileType = "Unconfined"
	AppArmorProfileTypeRuntimeDefault AppArmorProfileType = "RuntimeDefault"
	AppArmorProfileTypeLocalhost      AppArmorProfileType = "Localhost"
)

type PodQOSClass string

const (
	PodQOSGuaranteed PodQOSClass = "Guaranteed"
	PodQOSBurstable  PodQOSClass = "Burstable"
	PodQOSBestEffort PodQOSClass = "BestEffort"
)

type PodDNSConfig struct {
	Nameservers []string             `json:"nameservers,omitempty" pb:"1" list:"atomic"`
	Searches    []string             `json:"searches,omitempty" pb:"2" list:"atomic"`
	Options     []PodDNSConfigOption `json:"options,omitempty" pb:"3" list:"atomic"`
}

type PodDNSConfigOption struct {
	Name  string  `json:"name,omitempty" pb:"1"`
	Value *string `json:"value,omitempty" pb:"2"`
}

type PodIP struct {
	IP string `json:"ip" pb:"1"`
}

type HostIP struct {
	IP string `json:"ip" pb:"1"`
}

type EphemeralContainerCommon struct {
	Name                     string                   `json:"name" pb:"1"`
	Image                    string                   `json:"image,omitempty" pb:"2"`
	Command                  []string                 `json:"command,omitempty" pb:"3" list:"atomic"`
	Args                     []string                 `json:"args,omitempty" pb:"4" list:"atomic"`
	WorkingDir               string                   `json:"workingDir,omitempty" pb:"5"`
	Ports                    []ContainerPort          `json:"ports,omitempty" pb:"6" patch:"merge" mergeKey:"containerPort" list:"map" mapKeys:"containerPort,protocol"`
	EnvFrom                  []EnvFromSource          `json:"envFrom,omitempty" pb:"19" list:"atomic"`
	Env                      []EnvVar                 `json:"env,omitempty" pb:"7" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	Resources                ResourceRequirements     `json:"resources,omitempty" pb:"8"`
	ResizePolicy             []ContainerResizePolicy  `json:"resizePolicy,omitempty" pb:"23" list:"atomic"`
	RestartPolicy            *ContainerRestartPolicy  `json:"restartPolicy,omitempty" pb:"24"`
	RestartPolicyRules       []ContainerRestartRule   `json:"restartPolicyRules,omitempty" pb:"25" list:"atomic"`
	VolumeMounts             []VolumeMount            `json:"volumeMounts,omitempty" pb:"9" patch:"merge" mergeKey:"mountPath" list:"map" mapKeys:"mountPath"`
	VolumeDevices            []VolumeDevice           `json:"volumeDevices,omitempty" pb:"21" patch:"merge" mergeKey:"devicePath" list:"map" mapKeys:"devicePath"`
	LivenessProbe            *Probe                   `json:"livenessProbe,omitempty" pb:"10"`
	ReadinessProbe           *Probe                   `json:"readinessProbe,omitempty" pb:"11"`
	StartupProbe             *Probe                   `json:"startupProbe,omitempty" pb:"22"`
	Lifecycle                *Lifecycle               `json:"lifecycle,omitempty" pb:"12"`
	TerminationMessagePath   string                   `json:"terminationMessagePath,omitempty" pb:"13"`
	TerminationMessagePolicy TerminationMessagePolicy `json:"terminationMessagePolicy,omitempty" pb:"20"`
	ImagePullPolicy          PullPolicy               `json:"imagePullPolicy,omitempty" pb:"14"`
	SecurityContext          *SecurityContext         `json:"securityContext,omitempty" pb:"15"`
	Stdin                    bool                     `json:"stdin,omitempty" pb:"16"`
	StdinOnce                bool                     `json:"stdinOnce,omitempty" pb:"17"`
	TTY                      bool                     `json:"tty,omitempty" pb:"18"`
}

type EphemeralContainer struct {
	EphemeralContainerCommon `json:",inline" pb:"1"`
	TargetContainerName      string `json:"targetContainerName,omitempty" pb:"2"`
}

type PodStatus struct {
	ObservedGeneration                   int64                                `json:"observedGeneration,omitempty" pb:"17"`
	Phase                                PodPhase                             `json:"phase,omitempty" pb:"1"`
	Conditions                           []PodCondition                       `json:"conditions,omitempty" pb:"2" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	Message                              string                               `json:"message,omitempty" pb:"3"`
	Reason                               string                               `json:"reason,omitempty" pb:"4"`
	NominatedNodeName                    string                               `json:"nominatedNodeName,omitempty" pb:"11"`
	HostIP                               string                               `json:"hostIP,omitempty" pb:"5"`
	HostIPs                              []HostIP                             `json:"hostIPs,omitempty" pb:"16" patch:"merge" mergeKey:"ip" list:"atomic"`
	PodIP                                string                               `json:"podIP,omitempty" pb:"6"`
	PodIPs                               []PodIP                              `json:"podIPs,omitempty" pb:"12" patch:"merge" mergeKey:"ip" list:"map" mapKeys:"ip"`
	StartTime                            *Time                                `json:"startTime,omitempty" pb:"7"`
	InitContainerStatuses                []ContainerStatus                    `json:"initContainerStatuses,omitempty" pb:"10" list:"atomic"`
	ContainerStatuses                    []ContainerStatus                    `json:"containerStatuses,omitempty" pb:"8" list:"atomic"`
	QOSClass                             PodQOSClass                          `json:"qosClass,omitempty" pb:"9"`
	EphemeralContainerStatuses           []ContainerStatus                    `json:"ephemeralContainerStatuses,omitempty" pb:"13" list:"atomic"`
	Resize                               PodResizeStatus                      `json:"resize,omitempty" pb:"14"`
	ResourceClaimStatuses                []PodResourceClaimStatus             `json:"resourceClaimStatuses,omitempty" pb:"15" patch:"merge,retainKeys" mergeKey:"name" list:"map" mapKeys:"name"`
	ExtendedResourceClaimStatus          *PodExtendedResourceClaimStatus      `json:"extendedResourceClaimStatus,omitempty" pb:"18"`
	AllocatedResources                   ResourceList                         `json:"allocatedResources,omitempty" pb:"19"`
	Resources                            *ResourceRequirements                `json:"resources,omitempty" pb:"20"`
	NodeAllocatableResourceClaimStatuses []NodeAllocatableResourceClaimStatus `json:"nodeAllocatableResourceClaimStatuses,omitempty" pb:"21" list:"atomic"`
}

type Pod struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       PodSpec   `json:"spec,omitempty" pb:"2"`
	Status     PodStatus `json:"status,omitempty" pb:"3"`
}

type PodTemplateSpec struct {
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       PodSpec `json:"spec,omitempty" pb:"2"`
}

type PodTemplate struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Template   PodTemplateSpec `json:"template,omitempty" pb:"2"`
}

type ServiceAffinity string

const (
	ServiceAffinityClientIP ServiceAffinity = "ClientIP"
	ServiceAffinityNone     ServiceAffinity = "None"
)

type SessionAffinityConfig struct {
	ClientIP *ClientIPConfig `json:"clientIP,omitempty" pb:"1"`
}

type ClientIPConfig struct {
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty" pb:"1"`
}

type ServiceType string

const (
	ServiceTypeClusterIP    ServiceType = "ClusterIP"
	ServiceTypeNodePort     ServiceType = "NodePort"
	ServiceTypeLoadBalancer ServiceType = "LoadBalancer"
	ServiceTypeExternalName ServiceType = "ExternalName"
)

type ServiceInternalTrafficPolicy string

const (
	ServiceInternalTrafficPolicyCluster ServiceInternalTrafficPolicy = "Cluster"
	ServiceInternalTrafficPolicyLocal   ServiceInternalTrafficPolicy = "Local"
)

type ServiceExternalTrafficPolicy string

const (
	ServiceExternalTrafficPolicyCluster ServiceExternalTrafficPolicy = "Cluster"
	ServiceExternalTrafficPolicyLocal   ServiceExternalTrafficPolicy = "Local"
)

type ServiceStatus struct {
	LoadBalancer LoadBalancerStatus `json:"loadBalancer,omitempty" pb:"1"`
	Conditions   []Condition        `json:"conditions,omitempty" pb:"2" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

type LoadBalancerStatus struct {
	Ingress []LoadBalancerIngress `json:"ingress,omitempty" pb:"1" list:"atomic"`
}

type LoadBalancerIngress struct {
	IP       string              `json:"ip,omitempty" pb:"1"`
	Hostname string              `json:"hostname,omitempty" pb:"2"`
	IPMode   *LoadBalancerIPMode `json:"ipMode,omitempty" pb:"3"`
	Ports    []PortStatus        `json:"ports,omitempty" pb:"4" list:"atomic"`
}

type IPFamily string

const (
	IPv4Protocol    IPFamily = "IPv4"
	IPv6Protocol    IPFamily = "IPv6"
	IPFamilyUnknown IPFamily = ""
)

type IPFamilyPolicy string

const (
	IPFamilyPolicySingleStack      IPFamilyPolicy = "SingleStack"
	IPFamilyPolicyPreferDualStack  IPFamilyPolicy = "PreferDualStack"
	IPFamilyPolicyRequireDualStack IPFamilyPolicy = "RequireDualStack"
)

type ServiceSpec struct {
	Ports                         []ServicePort                 `json:"ports,omitempty" pb:"1" patch:"merge" mergeKey:"port" list:"map" mapKeys:"port,protocol"`
	Selector                      map[string]string             `json:"selector,omitempty" pb:"2" list:"atomic"`
	ClusterIP                     string                        `json:"clusterIP,omitempty" pb:"3"`
	ClusterIPs                    []string                      `json:"clusterIPs,omitempty" pb:"18" list:"atomic"`
	Type                          ServiceType                   `json:"type,omitempty" pb:"4"`
	ExternalIPs                   []string                      `json:"externalIPs,omitempty" pb:"5" list:"atomic"`
	SessionAffinity               ServiceAffinity               `json:"sessionAffinity,omitempty" pb:"7"`
	LoadBalancerIP                string                        `json:"loadBalancerIP,omitempty" pb:"8"`
	LoadBalancerSourceRanges      []string                      `json:"loadBalancerSourceRanges,omitempty" pb:"9" list:"atomic"`
	ExternalName                  string                        `json:"externalName,omitempty" pb:"10"`
	ExternalTrafficPolicy         ServiceExternalTrafficPolicy  `json:"externalTrafficPolicy,omitempty" pb:"11"`
	HealthCheckNodePort           int32                         `json:"healthCheckNodePort,omitempty" pb:"12"`
	PublishNotReadyAddresses      bool                          `json:"publishNotReadyAddresses,omitempty" pb:"13"`
	SessionAffinityConfig         *SessionAffinityConfig        `json:"sessionAffinityConfig,omitempty" pb:"14"`
	IPFamilies                    []IPFamily                    `json:"ipFamilies,omitempty" pb:"19" list:"atomic"`
	IPFamilyPolicy                *IPFamilyPolicy               `json:"ipFamilyPolicy,omitempty" pb:"17"`
	AllocateLoadBalancerNodePorts *bool                         `json:"allocateLoadBalancerNodePorts,omitempty" pb:"20"`
	LoadBalancerClass             *string                       `json:"loadBalancerClass,omitempty" pb:"21"`
	InternalTrafficPolicy         *ServiceInternalTrafficPolicy `json:"internalTrafficPolicy,omitempty" pb:"22"`
	TrafficDistribution           *string                       `json:"trafficDistribution,omitempty" pb:"23"`
}

type ServicePort struct {
	Name        string      `json:"name,omitempty" pb:"1"`
	Protocol    Protocol    `json:"protocol,omitempty" pb:"2"`
	AppProtocol *string     `json:"appProtocol,omitempty" pb:"6"`
	Port        int32       `json:"port" pb:"3"`
	TargetPort  IntOrString `json:"targetPort,omitempty" pb:"4"`
	NodePort    int32       `json:"nodePort,omitempty" pb:"5"`
}

type Service struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       ServiceSpec   `json:"spec,omitempty" pb:"2"`
	Status     ServiceStatus `json:"status,omitempty" pb:"3"`
}

type ServiceAccount struct {
	TypeMeta                     `json:",inline"`
	ObjectMeta                   `json:"metadata,omitempty" pb:"1"`
	Secrets                      []ObjectReference      `json:"secrets,omitempty" pb:"2" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	ImagePullSecrets             []LocalObjectReference `json:"imagePullSecrets,omitempty" pb:"3" list:"atomic"`
	AutomountServiceAccountToken *bool                  `json:"automountServiceAccountToken,omitempty" pb:"4"`
}

type Endpoints struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Subsets    []EndpointSubset `json:"subsets,omitempty" pb:"2" list:"atomic"`
}

type EndpointSubset struct {
	Addresses         []EndpointAddress `json:"addresses,omitempty" pb:"1" list:"atomic"`
	NotReadyAddresses []EndpointAddress `json:"notReadyAddresses,omitempty" pb:"2" list:"atomic"`
	Ports             []EndpointPort    `json:"ports,omitempty" pb:"3" list:"atomic"`
}

type EndpointAddress struct {
	IP        string           `json:"ip" pb:"1"`
	Hostname  string           `json:"hostname,omitempty" pb:"3"`
	NodeName  *string          `json:"nodeName,omitempty" pb:"4"`
	TargetRef *ObjectReference `json:"targetRef,omitempty" pb:"2"`
}

type EndpointPort struct {
	Name        string   `json:"name,omitempty" pb:"1"`
	Port        int32    `json:"port" pb:"2"`
	Protocol    Protocol `json:"protocol,omitempty" pb:"3"`
	AppProtocol *string  `json:"appProtocol,omitempty" pb:"4"`
}

type NodeSpec struct {
	PodCIDR            string            `json:"podCIDR,omitempty" pb:"1"`
	PodCIDRs           []string          `json:"podCIDRs,omitempty" pb:"7" patch:"merge" list:"set"`
	ProviderID         string            `json:"providerID,omitempty" pb:"3"`
	Unschedulable      bool              `json:"unschedulable,omitempty" pb:"4"`
	Taints             []Taint           `json:"taints,omitempty" pb:"5" list:"atomic"`
	ConfigSource       *NodeConfigSource `json:"configSource,omitempty" pb:"6"`
	DoNotUseExternalID string            `json:"externalID,omitempty" pb:"2"`
}

type NodeConfigSource struct {
	ConfigMap *ConfigMapNodeConfigSource `json:"configMap,omitempty" pb:"2"`
}

type ConfigMapNodeConfigSource struct {
	Namespace        string `json:"namespace" pb:"1"`
	Name             string `json:"name" pb:"2"`
	UID              UID    `json:"uid,omitempty" pb:"3"`
	ResourceVersion  string `json:"resourceVersion,omitempty" pb:"4"`
	KubeletConfigKey string `json:"kubeletConfigKey" pb:"5"`
}

type DaemonEndpoint struct {
	Port int32 `json:"Port" pb:"1"`
}

type NodeDaemonEndpoints struct {
	KubeletEndpoint DaemonEndpoint `json:"kubeletEndpoint,omitempty" pb:"1"`
}

type NodeRuntimeHandlerFeatures struct {
	RecursiveReadOnlyMounts *bool `json:"recursiveReadOnlyMounts,omitempty" pb:"1"`
	UserNamespaces          *bool `json:"userNamespaces,omitempty" pb:"2"`
}

type NodeRuntimeHandler struct {
	Name     string                      `json:"name" pb:"1" api:"optional"`
	Features *NodeRuntimeHandlerFeatures `json:"features,omitempty" pb:"2"`
}

type NodeFeatures struct {
	SupplementalGroupsPolicy *bool `json:"supplementalGroupsPolicy,omitempty" pb:"1"`
}

type NodeSystemInfo struct {
	MachineID               string          `json:"machineID" pb:"1"`
	SystemUUID              string          `json:"systemUUID" pb:"2"`
	BootID                  string          `json:"bootID" pb:"3"`
	KernelVersion           string          `json:"kernelVersion" pb:"4"`
	OSImage                 string          `json:"osImage" pb:"5"`
	ContainerRuntimeVersion string          `json:"containerRuntimeVersion" pb:"6"`
	KubeletVersion          string          `json:"kubeletVersion" pb:"7"`
	KubeProxyVersion        string          `json:"kubeProxyVersion" pb:"8"`
	OperatingSystem         string          `json:"operatingSystem" pb:"9"`
	Architecture            string          `json:"architecture" pb:"10"`
	Swap                    *NodeSwapStatus `json:"swap,omitempty" pb:"11"`
}

type NodeSwapStatus struct {
	Capacity *int64 `json:"capacity,omitempty" pb:"1"`
}

type NodeConfigStatus struct {
	Assigned      *NodeConfigSource `json:"assigned,omitempty" pb:"1"`
	Active        *NodeConfigSource `json:"active,omitempty" pb:"2"`
	LastKnownGood *NodeConfigSource `json:"lastKnownGood,omitempty" pb:"3"`
	Error         string            `json:"error,omitempty" pb:"4"`
}

type NodeStatus struct {
	Capacity         ResourceList         `json:"capacity,omitempty" pb:"1"`
	Allocatable      ResourceList         `json:"allocatable,omitempty" pb:"2"`
	Phase            NodePhase            `json:"phase,omitempty" pb:"3"`
	Conditions       []NodeCondition      `json:"conditions,omitempty" pb:"4" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	Addresses        []NodeAddress        `json:"addresses,omitempty" pb:"5" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
	DaemonEndpoints  NodeDaemonEndpoints  `json:"daemonEndpoints,omitempty" pb:"6"`
	NodeInfo         NodeSystemInfo       `json:"nodeInfo,omitempty" pb:"7"`
	Images           []ContainerImage     `json:"images,omitempty" pb:"8" list:"atomic"`
	VolumesInUse     []UniqueVolumeName   `json:"volumesInUse,omitempty" pb:"9" list:"atomic"`
	VolumesAttached  []AttachedVolume     `json:"volumesAttached,omitempty" pb:"10" list:"atomic"`
	Config           *NodeConfigStatus    `json:"config,omitempty" pb:"11"`
	RuntimeHandlers  []NodeRuntimeHandler `json:"runtimeHandlers,omitempty" pb:"12" list:"atomic"`
	Features         *NodeFeatures        `json:"features,omitempty" pb:"13"`
	DeclaredFeatures []string             `json:"declaredFeatures,omitempty" pb:"14" list:"atomic"`
}

type UniqueVolumeName string

type AttachedVolume struct {
	Name       UniqueVolumeName `json:"name" pb:"1"`
	DevicePath string           `json:"devicePath" pb:"2"`
}

type ContainerImage struct {
	Names     []string `json:"names" pb:"1" list:"atomic" api:"optional"`
	SizeBytes int64    `json:"sizeBytes,omitempty" pb:"2"`
}

type NodePhase string

const (
	NodePending    NodePhase = "Pending"
	NodeRunning    NodePhase = "Running"
	NodeTerminated NodePhase = "Terminated"
)

type NodeConditionType string

const (
	NodeReady              NodeConditionType = "Ready"
	NodeMemoryPressure     NodeConditionType = "MemoryPressure"
	NodeDiskPressure       NodeConditionType = "DiskPressure"
	NodePIDPressure        NodeConditionType = "PIDPressure"
	NodeNetworkUnavailable NodeConditionType = "NetworkUnavailable"
)

type NodeCondition struct {
	Type               NodeConditionType `json:"type" pb:"1"`
	Status             ConditionStatus   `json:"status" pb:"2"`
	LastHeartbeatTime  Time              `json:"lastHeartbeatTime,omitempty" pb:"3"`
	LastTransitionTime Time              `json:"lastTransitionTime,omitempty" pb:"4"`
	Reason             string            `json:"reason,omitempty" pb:"5"`
	Message            string            `json:"message,omitempty" pb:"6"`
}

type NodeAddressType string

const (
	NodeHostName    NodeAddressType = "Hostname"
	NodeInternalIP  NodeAddressType = "InternalIP"
	NodeExternalIP  NodeAddressType = "ExternalIP"
	NodeInternalDNS NodeAddressType = "InternalDNS"
	NodeExternalDNS NodeAddressType = "ExternalDNS"
)

type NodeAddress struct {
	Type    NodeAddressType `json:"type" pb:"1"`
	Address string          `json:"address" pb:"2"`
}

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

type ResourceList map[ResourceName]Quantity

type Node struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       NodeSpec   `json:"spec,omitempty" pb:"2"`
	Status     NodeStatus `json:"status,omitempty" pb:"3"`
}

type FinalizerName string

const (
	FinalizerKubernetes FinalizerName = "kubernetes"
)

type NamespaceSpec struct {
	Finalizers []FinalizerName `json:"finalizers,omitempty" pb:"1" list:"atomic"`
}

type NamespaceStatus struct {
	Phase      NamespacePhase       `json:"phase,omitempty" pb:"1"`
	Conditions []NamespaceCondition `json:"conditions,omitempty" pb:"2" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

type NamespacePhase string

const (
	NamespaceActive      NamespacePhase = "Active"
	NamespaceTerminating NamespacePhase = "Terminating"
)

type NamespaceConditionType string

const (
	NamespaceDeletionDiscoveryFailure NamespaceConditionType = "NamespaceDeletionDiscoveryFailure"
	NamespaceDeletionContentFailure   NamespaceConditionType = "NamespaceDeletionContentFailure"
	NamespaceDeletionGVParsingFailure NamespaceConditionType = "NamespaceDeletionGroupVersionParsingFailure"
	NamespaceContentRemaining         NamespaceConditionType = "NamespaceContentRemaining"
	NamespaceFinalizersRemaining      NamespaceConditionType = "NamespaceFinalizersRemaining"
)

type NamespaceCondition struct {
	Type               NamespaceConditionType `json:"type" pb:"1"`
	Status             ConditionStatus        `json:"status" pb:"2"`
	LastTransitionTime Time                   `json:"lastTransitionTime,omitempty" pb:"4"`
	Reason             string                 `json:"reason,omitempty" pb:"5"`
	Message            string                 `json:"message,omitempty" pb:"6"`
}

type Namespace struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       NamespaceSpec   `json:"spec,omitempty" pb:"2"`
	Status     NamespaceStatus `json:"status,omitempty" pb:"3"`
}

type Binding struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Target     ObjectReference `json:"target" pb:"2"`
}

type ObjectReference struct {
	Kind            string `json:"kind,omitempty" pb:"1"`
	Namespace       string `json:"namespace,omitempty" pb:"2"`
	Name            string `json:"name,omitempty" pb:"3"`
	UID             UID    `json:"uid,omitempty" pb:"4"`
	APIVersion      string `json:"apiVersion,omitempty" pb:"5"`
	ResourceVersion string `json:"resourceVersion,omitempty" pb:"6"`
	FieldPath       string `json:"fieldPath,omitempty" pb:"7"`
}

type LocalObjectReference struct {
	Name string `json:"name,omitempty" pb:"1"`
}

type TypedLocalObjectReference struct {
	APIGroup *string `json:"apiGroup" pb:"1" api:"optional"`
	Kind     string  `json:"kind" pb:"2"`
	Name     string  `json:"name" pb:"3"`
}

type EventSource struct {
	Component string `json:"component,omitempty" pb:"1"`
	Host      string `json:"host,omitempty" pb:"2"`
}

type Event struct {
	TypeMeta            `json:",inline"`
	ObjectMeta          `json:"metadata" pb:"1"`
	InvolvedObject      ObjectReference  `json:"involvedObject" pb:"2"`
	Reason              string           `json:"reason,omitempty" pb:"3"`
	Message             string           `json:"message,omitempty" pb:"4"`
	Source              EventSource      `json:"source,omitempty" pb:"5"`
	FirstTimestamp      Time             `json:"firstTimestamp,omitempty" pb:"6"`
	LastTimestamp       Time             `json:"lastTimestamp,omitempty" pb:"7"`
	Count               int32            `json:"count,omitempty" pb:"8"`
	Type                string           `json:"type,omitempty" pb:"9"`
	EventTime           MicroTime        `json:"eventTime,omitempty" pb:"10"`
	Series              *EventSeries     `json:"series,omitempty" pb:"11"`
	Action              string           `json:"action,omitempty" pb:"12"`
	Related             *ObjectReference `json:"related,omitempty" pb:"13"`
	ReportingController string           `json:"reportingComponent" pb:"14" api:"optional"`
	ReportingInstance   string           `json:"reportingInstance" pb:"15" api:"optional"`
}

type EventSeries struct {
	Count            int32     `json:"count,omitempty" pb:"1"`
	LastObservedTime MicroTime `json:"lastObservedTime,omitempty" pb:"2"`
}

type Secret struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Immutable  *bool             `json:"immutable,omitempty" pb:"5"`
	Data       map[string][]byte `json:"data,omitempty" pb:"2"`
	StringData map[string]string `json:"stringData,omitempty" pb:"4"`
	Type       SecretType        `json:"type,omitempty" pb:"3"`
}

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

type ConfigMap struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Immutable  *bool             `json:"immutable,omitempty" pb:"4"`
	Data       map[string]string `json:"data,omitempty" pb:"2"`
	BinaryData map[string][]byte `json:"binaryData,omitempty" pb:"3"`
}

type DownwardAPIVolumeSource struct {
	Items       []DownwardAPIVolumeFile `json:"items,omitempty" pb:"1" list:"atomic"`
	DefaultMode *int32                  `json:"defaultMode,omitempty" pb:"2"`
}

type DownwardAPIVolumeFile struct {
	Path             string                 `json:"path" pb:"1"`
	FieldRef         *ObjectFieldSelector   `json:"fieldRef,omitempty" pb:"2"`
	ResourceFieldRef *ResourceFieldSelector `json:"resourceFieldRef,omitempty" pb:"3"`
	Mode             *int32                 `json:"mode,omitempty" pb:"4"`
}

type DownwardAPIProjection struct {
	Items []DownwardAPIVolumeFile `json:"items,omitempty" pb:"1" list:"atomic"`
}

type SecurityContext struct {
	Capabilities             *Capabilities                  `json:"capabilities,omitempty" pb:"1"`
	Privileged               *bool                          `json:"privileged,omitempty" pb:"2"`
	SELinuxOptions           *SELinuxOptions                `json:"seLinuxOptions,omitempty" pb:"3"`
	WindowsOptions           *WindowsSecurityContextOptions `json:"windowsOptions,omitempty" pb:"10"`
	RunAsUser                *int64                         `json:"runAsUser,omitempty" pb:"4"`
	RunAsGroup               *int64                         `json:"runAsGroup,omitempty" pb:"8"`
	RunAsNonRoot             *bool                          `json:"runAsNonRoot,omitempty" pb:"5"`
	ReadOnlyRootFilesystem   *bool                          `json:"readOnlyRootFilesystem,omitempty" pb:"6"`
	AllowPrivilegeEscalation *bool                          `json:"allowPrivilegeEscalation,omitempty" pb:"7"`
	ProcMount                *ProcMountType                 `json:"procMount,omitempty" pb:"9"`
	SeccompProfile           *SeccompProfile                `json:"seccompProfile,omitempty" pb:"11"`
	AppArmorProfile          *AppArmorProfile               `json:"appArmorProfile,omitempty" pb:"12"`
}

type ProcMountType string

const (
	DefaultProcMount  ProcMountType = "Default"
	UnmaskedProcMount ProcMountType = "Unmasked"
)

type SELinuxOptions struct {
	User  string `json:"user,omitempty" pb:"1"`
	Role  string `json:"role,omitempty" pb:"2"`
	Type  string `json:"type,omitempty" pb:"3"`
	Level string `json:"level,omitempty" pb:"4"`
}

type WindowsSecurityContextOptions struct {
	GMSACredentialSpecName *string `json:"gmsaCredentialSpecName,omitempty" pb:"1"`
	GMSACredentialSpec     *string `json:"gmsaCredentialSpec,omitempty" pb:"2"`
	RunAsUserName          *string `json:"runAsUserName,omitempty" pb:"3"`
	HostProcess            *bool   `json:"hostProcess,omitempty" pb:"4"`
}

type Sysctl struct {
	Name  string `json:"name" pb:"1"`
	Value string `json:"value" pb:"2"`
}

type PortStatus struct {
	Port     int32    `json:"port" pb:"1"`
	Protocol Protocol `json:"protocol" pb:"2"`
	Error    *string  `json:"error,omitempty" pb:"3"`
}

type LoadBalancerIPMode string

const (
	LoadBalancerIPModeVIP   LoadBalancerIPMode = "VIP"
	LoadBalancerIPModeProxy LoadBalancerIPMode = "Proxy"
)

type ImageVolumeSource struct {
	Reference  string     `json:"reference,omitempty" pb:"1"`
	PullPolicy PullPolicy `json:"pullPolicy,omitempty" pb:"2"`
}

type NodeAllocatableResourceClaimStatus struct {
	ResourceClaimName string                    `json:"resourceClaimName" pb:"1"`
	Containers        []string                  `json:"containers,omitempty" pb:"2" list:"set"`
	Resources         map[ResourceName]Quantity `json:"resources" pb:"3"`
}
