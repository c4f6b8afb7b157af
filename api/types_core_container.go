package api

// Container is one program of a pod, with the image that it comes from and what it may use.
type Container struct {
	// Its name: a DNS label, unique in the pod. It cannot change.
	Name string `json:"name" pb:"1"`
	// The image to run.
	Image string `json:"image,omitempty" pb:"2"`
	// The program to run instead of the image's entrypoint. $(NAME) stands for an environment variable.
	Command []string `json:"command,omitempty" pb:"3" list:"atomic"`
	// The arguments instead of the image's. $(NAME) stands for an environment variable.
	Args []string `json:"args,omitempty" pb:"4" list:"atomic"`
	// The directory to start in. Default: the image's.
	WorkingDir string `json:"workingDir,omitempty" pb:"5"`
	// Ports that it listens on.
	Ports []ContainerPort `json:"ports,omitempty" pb:"6" patch:"merge" mergeKey:"containerPort" list:"map" mapKeys:"containerPort,protocol"`
	// ConfigMaps and Secrets whose keys become environment variables. Of equal names the last one counts.
	EnvFrom []EnvFromSource `json:"envFrom,omitempty" pb:"19" list:"atomic"`
	// Environment variables; these go before envFrom.
	Env []EnvVar `json:"env,omitempty" pb:"7" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// What it needs and may use at most.
	Resources ResourceRequirements `json:"resources,omitempty" pb:"8"`
	// What happens when its resources are changed while it runs.
	ResizePolicy []ContainerResizePolicy `json:"resizePolicy,omitempty" pb:"23" list:"atomic"`
	// For a single container, when it is restarted. Always makes a sidecar of an init container.
	RestartPolicy *ContainerRestartPolicy `json:"restartPolicy,omitempty" pb:"24"`
	// When it is restarted, by exit code; the first rule that matches counts, before restartPolicy.
	RestartPolicyRules []ContainerRestartRule `json:"restartPolicyRules,omitempty" pb:"25" list:"atomic"`
	// Where volumes appear in it.
	VolumeMounts []VolumeMount `json:"volumeMounts,omitempty" pb:"9" patch:"merge" mergeKey:"mountPath" list:"map" mapKeys:"mountPath"`
	// Where block devices appear in it.
	VolumeDevices []VolumeDevice `json:"volumeDevices,omitempty" pb:"21" patch:"merge" mergeKey:"devicePath" list:"map" mapKeys:"devicePath"`
	// Asks whether it is alive; it is restarted if not.
	LivenessProbe *Probe `json:"livenessProbe,omitempty" pb:"10"`
	// Asks whether it can serve; services leave it out while not.
	ReadinessProbe *Probe `json:"readinessProbe,omitempty" pb:"11"`
	// Asks whether it has started; the other probes wait for it, and it is restarted if it never does.
	StartupProbe *Probe `json:"startupProbe,omitempty" pb:"22"`
	// What to do right after its start and right before its end.
	Lifecycle *Lifecycle `json:"lifecycle,omitempty" pb:"12"`
	// File with its last words. Default: /dev/termination-log.
	TerminationMessagePath string `json:"terminationMessagePath,omitempty" pb:"13"`
	// File, or FallbackToLogsOnError to take the log's end when the file is empty and it failed. Default: File.
	TerminationMessagePolicy TerminationMessagePolicy `json:"terminationMessagePolicy,omitempty" pb:"20"`
	// Always, IfNotPresent or Never. Default: Always for the tag latest, else IfNotPresent.
	ImagePullPolicy PullPolicy `json:"imagePullPolicy,omitempty" pb:"14"`
	// Its rights. They go before the pod's.
	SecurityContext *SecurityContext `json:"securityContext,omitempty" pb:"15"`
	// Keep its standard input open, so that one can attach to it. Default: false.
	Stdin bool `json:"stdin,omitempty" pb:"16"`
	// Close standard input after the first client has left. Default: false.
	StdinOnce bool `json:"stdinOnce,omitempty" pb:"17"`
	// Give it a terminal; needs stdin. Default: false.
	TTY bool `json:"tty,omitempty" pb:"18"`
}

// ContainerStatus is what the kubelet last saw of a container.
type ContainerStatus struct {
	// Name of the container.
	Name string `json:"name" pb:"1"`
	// How it is.
	State ContainerState `json:"state,omitempty" pb:"2"`
	// How its previous run ended.
	LastTerminationState ContainerState `json:"lastState,omitempty" pb:"3"`
	// Whether it can serve: running, and its readiness probe succeeds.
	Ready bool `json:"ready" pb:"4"`
	// How often it has been restarted.
	RestartCount int32 `json:"restartCount" pb:"5"`
	// The image that it runs.
	Image string `json:"image" pb:"6"`
	// The image's identity, which does not change when a tag does.
	ImageID string `json:"imageID" pb:"7"`
	// Its identity at the runtime, TYPE://ID.
	ContainerID string `json:"containerID,omitempty" pb:"8"`
	// Whether it has started: running, its postStart hook done and its startup probe successful.
	Started *bool `json:"started,omitempty" pb:"9"`
	// The resources that the node has set aside for it.
	AllocatedResources ResourceList `json:"allocatedResources,omitempty" pb:"10"`
	// The requests and limits in force.
	Resources *ResourceRequirements `json:"resources,omitempty" pb:"11"`
	// How its volumes are mounted.
	VolumeMounts []VolumeMountStatus `json:"volumeMounts,omitempty" pb:"12" patch:"merge" mergeKey:"mountPath" list:"map" mapKeys:"mountPath"`
	// Who its first process runs as.
	User *ContainerUser `json:"user,omitempty" pb:"13"`
	// How its devices are.
	AllocatedResourcesStatus []ResourceStatus `json:"allocatedResourcesStatus,omitempty" pb:"14" patch:"merge" mergeKey:"name" list:"map" mapKeys:"name"`
	// The signal that tells it to end.
	StopSignal *Signal `json:"stopSignal,omitempty" pb:"15"`
}

// ContainerState is one of waiting, running and terminated.
type ContainerState struct {
	// Set when it waits.
	Waiting *ContainerStateWaiting `json:"waiting,omitempty" pb:"1"`
	// Set when it runs.
	Running *ContainerStateRunning `json:"running,omitempty" pb:"2"`
	// Set when it has ended.
	Terminated *ContainerStateTerminated `json:"terminated,omitempty" pb:"3"`
}

// ContainerPort is a port that a container listens on. Leaving it out hides nothing: it is a note, unless hostPort
// is set.
type ContainerPort struct {
	// A name that services can refer to; unique in the pod.
	Name string `json:"name,omitempty" pb:"1"`
	// Port of the node that is led to the container. Most pods need none.
	HostPort int32 `json:"hostPort,omitempty" pb:"2"`
	// Port on the pod's address, 1 to 65535.
	ContainerPort int32 `json:"containerPort" pb:"3"`
	// TCP, UDP or SCTP. Default: TCP.
	Protocol Protocol `json:"protocol,omitempty" pb:"4"`
	// Address of the node for hostPort. Default: all.
	HostIP string `json:"hostIP,omitempty" pb:"5"`
}

// VolumeMount shows a volume inside a container.
type VolumeMount struct {
	// Name of the volume.
	Name string `json:"name" pb:"1"`
	// True for read-only. Default: false.
	ReadOnly bool `json:"readOnly,omitempty" pb:"2"`
	// Whether mounts below a read-only one are read-only too: Disabled, IfPossible or Enabled. Default: Disabled.
	RecursiveReadOnly *RecursiveReadOnlyMode `json:"recursiveReadOnly,omitempty" pb:"7"`
	// Where it appears in the container; without ":".
	MountPath string `json:"mountPath" pb:"3"`
	// Which directory or file of the volume to mount. Default: its root.
	SubPath string `json:"subPath,omitempty" pb:"4"`
	// Whether mounts made later are seen on the other side: None, HostToContainer or Bidirectional. Default: None.
	MountPropagation *MountPropagationMode `json:"mountPropagation,omitempty" pb:"5"`
	// Like subPath, with $(NAME) replaced by the container's environment variables.
	SubPathExpr string `json:"subPathExpr,omitempty" pb:"6"`
}

// MountPropagationMode says on which side mounts made later are seen.
type MountPropagationMode string

const (
	MountPropagationNone            MountPropagationMode = "None"
	MountPropagationHostToContainer MountPropagationMode = "HostToContainer"
	MountPropagationBidirectional   MountPropagationMode = "Bidirectional"
)

// RecursiveReadOnlyMode says whether a read-only mount is read-only all the way down.
type RecursiveReadOnlyMode string

const (
	RecursiveReadOnlyDisabled   RecursiveReadOnlyMode = "Disabled"
	RecursiveReadOnlyIfPossible RecursiveReadOnlyMode = "IfPossible"
	RecursiveReadOnlyEnabled    RecursiveReadOnlyMode = "Enabled"
)

// VolumeDevice shows a raw block device inside a container.
type VolumeDevice struct {
	// Name of the volume, a persistentVolumeClaim.
	Name string `json:"name" pb:"1"`
	// Where it appears in the container.
	DevicePath string `json:"devicePath" pb:"2"`
}

// EnvVar is an environment variable of a container.
type EnvVar struct {
	// Its name.
	Name string `json:"name" pb:"1"`
	// Its value. $(NAME) stands for a variable defined before, $$(NAME) for the text itself. Default: "".
	Value string `json:"value,omitempty" pb:"2"`
	// Where the value comes from instead.
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty" pb:"3"`
}

// EnvVarSource says where a variable's value comes from. Exactly one of its fields may be set.
type EnvVarSource struct {
	// A field of the pod.
	FieldRef *ObjectFieldSelector `json:"fieldRef,omitempty" pb:"1"`
	// A request or limit of a container.
	ResourceFieldRef *ResourceFieldSelector `json:"resourceFieldRef,omitempty" pb:"2"`
	// A key of a ConfigMap.
	ConfigMapKeyRef *ConfigMapKeySelector `json:"configMapKeyRef,omitempty" pb:"3"`
	// A key of a Secret.
	SecretKeyRef *SecretKeySelector `json:"secretKeyRef,omitempty" pb:"4"`
	// A key of a file in an emptyDir volume.
	FileKeyRef *FileKeySelector `json:"fileKeyRef,omitempty" pb:"5"`
}

// FileKeySelector chooses a key of a file of KEY=VALUE lines.
type FileKeySelector struct {
	// Name of the emptyDir volume.
	VolumeName string `json:"volumeName" pb:"1"`
	// Path of the file in the volume.
	Path string `json:"path" pb:"2"`
	// The key.
	Key string `json:"key" pb:"3"`
	// True to start the container although the key is missing. The file has to be there. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"4"`
}

// ObjectFieldSelector chooses a field of the pod.
type ObjectFieldSelector struct {
	// Version that the path is written in. Default: v1.
	APIVersion string `json:"apiVersion,omitempty" pb:"1"`
	// The field: metadata.name, metadata.labels['key'], spec.nodeName, status.podIP, ...
	FieldPath string `json:"fieldPath" pb:"2"`
}

// ResourceFieldSelector chooses a request or limit of a container.
type ResourceFieldSelector struct {
	// The container. Required in volumes; in variables the container itself is the default.
	ContainerName string `json:"containerName,omitempty" pb:"1"`
	// Which: limits.cpu, requests.memory, ...
	Resource string `json:"resource" pb:"2"`
	// The unit of the result. Default: 1.
	Divisor Quantity `json:"divisor,omitempty" pb:"3"`
}

// ConfigMapKeySelector chooses a key of a ConfigMap.
type ConfigMapKeySelector struct {
	LocalObjectReference `json:",inline" pb:"1"`
	// The key.
	Key string `json:"key" pb:"2"`
	// True to start the container although the ConfigMap or key is missing. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"3"`
}

// SecretKeySelector chooses a key of a Secret.
type SecretKeySelector struct {
	LocalObjectReference `json:",inline" pb:"1"`
	// The key.
	Key string `json:"key" pb:"2"`
	// True to start the container although the Secret or key is missing. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"3"`
}

// EnvFromSource makes a variable of every key of a ConfigMap or Secret.
type EnvFromSource struct {
	// What to put before each name. Default: nothing.
	Prefix string `json:"prefix,omitempty" pb:"1"`
	// The ConfigMap.
	ConfigMapRef *ConfigMapEnvSource `json:"configMapRef,omitempty" pb:"2"`
	// The Secret.
	SecretRef *SecretEnvSource `json:"secretRef,omitempty" pb:"3"`
}

// ConfigMapEnvSource is a ConfigMap whose keys become variables.
type ConfigMapEnvSource struct {
	LocalObjectReference `json:",inline" pb:"1"`
	// True to start the container although the ConfigMap is missing. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"2"`
}

// SecretEnvSource is a Secret whose keys become variables.
type SecretEnvSource struct {
	LocalObjectReference `json:",inline" pb:"1"`
	// True to start the container although the Secret is missing. Default: false.
	Optional *bool `json:"optional,omitempty" pb:"2"`
}

// HTTPHeader is a header of a probe's request.
type HTTPHeader struct {
	// Its name.
	Name string `json:"name" pb:"1"`
	// Its value.
	Value string `json:"value" pb:"2"`
}

// HTTPGetAction is an HTTP GET request; an answer from 200 to 399 is a success.
type HTTPGetAction struct {
	// Path of the URL. Default: /.
	Path string `json:"path,omitempty" pb:"1"`
	// Port, as number or name of a container's port.
	Port IntOrString `json:"port" pb:"2"`
	// Host to connect to. Default: the pod's address.
	Host string `json:"host,omitempty" pb:"3"`
	// HTTP or HTTPS; certificates are not checked. Default: HTTP.
	Scheme URIScheme `json:"scheme,omitempty" pb:"4"`
	// Further headers.
	HTTPHeaders []HTTPHeader `json:"httpHeaders,omitempty" pb:"5" list:"atomic"`
}

// URIScheme is HTTP or HTTPS.
type URIScheme string

const (
	URISchemeHTTP  URIScheme = "HTTP"
	URISchemeHTTPS URIScheme = "HTTPS"
)

// TCPSocketAction opens a TCP connection; that it opens is a success.
type TCPSocketAction struct {
	// Port, as number or name of a container's port.
	Port IntOrString `json:"port" pb:"1"`
	// Host to connect to. Default: the pod's address.
	Host string `json:"host,omitempty" pb:"2"`
}

// GRPCAction asks the gRPC health service.
type GRPCAction struct {
	// Port, as a number.
	Port int32 `json:"port" pb:"1"`
	// Service to ask about. Default: the server as a whole.
	Service *string `json:"service" pb:"2" api:"optional"`
}

// ExecAction runs a command in the container; exit code 0 is a success.
type ExecAction struct {
	// The program and its arguments. No shell is involved.
	Command []string `json:"command,omitempty" pb:"1" list:"atomic"`
}

// SleepAction waits.
type SleepAction struct {
	// For how many seconds.
	Seconds int64 `json:"seconds" pb:"1"`
}

// Probe asks a container whether it is well, again and again.
type Probe struct {
	ProbeHandler `json:",inline" pb:"1"`
	// Seconds from the container's start to the first probe. Default: 0.
	InitialDelaySeconds int32 `json:"initialDelaySeconds,omitempty" pb:"2"`
	// Seconds until a probe counts as failed. Default: 1.
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty" pb:"3"`
	// Seconds between probes. Default: 10.
	PeriodSeconds int32 `json:"periodSeconds,omitempty" pb:"4"`
	// Successes in a row that make it well again. Default: 1; must be 1 for liveness and startup.
	SuccessThreshold int32 `json:"successThreshold,omitempty" pb:"5"`
	// Failures in a row that make it unwell. Default: 3.
	FailureThreshold int32 `json:"failureThreshold,omitempty" pb:"6"`
	// Grace period for a container that this probe ends. Default: the pod's.
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty" pb:"7"`
}

// PullPolicy says when an image is pulled.
type PullPolicy string

const (
	PullAlways       PullPolicy = "Always"
	PullNever        PullPolicy = "Never"
	PullIfNotPresent PullPolicy = "IfNotPresent"
)

// ResourceResizeRestartPolicy says whether a change of resources restarts the container.
type ResourceResizeRestartPolicy string

const (
	NotRequired      ResourceResizeRestartPolicy = "NotRequired"
	RestartContainer ResourceResizeRestartPolicy = "RestartContainer"
)

// ContainerResizePolicy says what happens to the container when one of its resources is changed.
type ContainerResizePolicy struct {
	// The resource: cpu or memory.
	ResourceName ResourceName `json:"resourceName" pb:"1"`
	// NotRequired or RestartContainer. Default: NotRequired.
	RestartPolicy ResourceResizeRestartPolicy `json:"restartPolicy" pb:"2"`
}

// TerminationMessagePolicy says where a container's last words are read.
type TerminationMessagePolicy string

const (
	TerminationMessageReadFile              TerminationMessagePolicy = "File"
	TerminationMessageFallbackToLogsOnError TerminationMessagePolicy = "FallbackToLogsOnError"
)

// Capability is a right of the Linux kernel's, such as NET_ADMIN.
type Capability string

// Capabilities changes the rights that the runtime gives a container.
type Capabilities struct {
	// Rights to give.
	Add []Capability `json:"add,omitempty" pb:"1" list:"atomic"`
	// Rights to take away; ALL is every one.
	Drop []Capability `json:"drop,omitempty" pb:"2" list:"atomic"`
}

// ResourceRequirements is what a container needs and what it may use at most.
type ResourceRequirements struct {
	// The most it may use. CPU is held back at the limit; a container over its memory limit is killed.
	Limits ResourceList `json:"limits,omitempty" pb:"1"`
	// What it is guaranteed; the scheduler looks for a node with that much left. Default: the limits.
	Requests ResourceList `json:"requests,omitempty" pb:"2"`
	// Devices that it uses, by the names in the pod's resourceClaims.
	Claims []ResourceClaim `json:"claims,omitempty" pb:"3" list:"map" mapKeys:"name"`
}

// ResourceClaim names one of the pod's resource claims.
type ResourceClaim struct {
	// Name in the pod's resourceClaims.
	Name string `json:"name" pb:"1"`
	// One request of that claim. Default: all.
	Request string `json:"request,omitempty" pb:"2"`
}

// ProbeHandler is how a probe asks. Exactly one of its fields may be set.
type ProbeHandler struct {
	// Run a command in the container.
	Exec *ExecAction `json:"exec,omitempty" pb:"1"`
	// Send an HTTP request.
	HTTPGet *HTTPGetAction `json:"httpGet,omitempty" pb:"2"`
	// Open a TCP connection.
	TCPSocket *TCPSocketAction `json:"tcpSocket,omitempty" pb:"3"`
	// Ask the gRPC health service.
	GRPC *GRPCAction `json:"grpc,omitempty" pb:"4"`
}

// LifecycleHandler is something to do at a turn of a container's life. Exactly one of its fields may be set.
type LifecycleHandler struct {
	// Run a command in the container.
	Exec *ExecAction `json:"exec,omitempty" pb:"1"`
	// Send an HTTP request.
	HTTPGet *HTTPGetAction `json:"httpGet,omitempty" pb:"2"`
	// Not supported; kept for compatibility.
	TCPSocket *TCPSocketAction `json:"tcpSocket,omitempty" pb:"3"`
	// Wait.
	Sleep *SleepAction `json:"sleep,omitempty" pb:"4"`
}

// Signal is a Unix signal, such as SIGTERM.
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

// Lifecycle is what to do at the turns of a container's life.
type Lifecycle struct {
	// Done right after the start; if it fails, the container is ended.
	PostStart *LifecycleHandler `json:"postStart,omitempty" pb:"1"`
	// Done before the container is told to end, within the grace period.
	PreStop *LifecycleHandler `json:"preStop,omitempty" pb:"2"`
	// The signal that tells it to end. Default: the image's, else SIGTERM.
	StopSignal *Signal `json:"stopSignal,omitempty" pb:"3"`
}

// ContainerStateWaiting is a container that does not run yet, or not just now.
type ContainerStateWaiting struct {
	// Why, in one word: ContainerCreating, CrashLoopBackOff, ErrImagePull, ...
	Reason string `json:"reason,omitempty" pb:"1"`
	// Why, for people.
	Message string `json:"message,omitempty" pb:"2"`
}

// ContainerStateRunning is a container that runs.
type ContainerStateRunning struct {
	// Since when.
	StartedAt Time `json:"startedAt,omitempty" pb:"1"`
}

// ContainerStateTerminated is a container that has ended.
type ContainerStateTerminated struct {
	// Its exit code.
	ExitCode int32 `json:"exitCode" pb:"1"`
	// The signal that ended it.
	Signal int32 `json:"signal,omitempty" pb:"2"`
	// Why, in one word: Completed, Error, OOMKilled, ...
	Reason string `json:"reason,omitempty" pb:"3"`
	// Its last words.
	Message string `json:"message,omitempty" pb:"4"`
	// When it started.
	StartedAt Time `json:"startedAt,omitempty" pb:"5"`
	// When it ended.
	FinishedAt Time `json:"finishedAt,omitempty" pb:"6"`
	// Which container it was, TYPE://ID.
	ContainerID string `json:"containerID,omitempty" pb:"7"`
}

// ResourceStatus is the state of one resource of a container.
type ResourceStatus struct {
	// Name of the resource.
	Name ResourceName `json:"name" pb:"1"`
	// Its devices, each with its health.
	Resources []ResourceHealth `json:"resources,omitempty" pb:"2" list:"map" mapKeys:"resourceID"`
}

// ResourceHealthStatus is Healthy, Unhealthy or Unknown.
type ResourceHealthStatus string

const (
	ResourceHealthStatusHealthy   ResourceHealthStatus = "Healthy"
	ResourceHealthStatusUnhealthy ResourceHealthStatus = "Unhealthy"
	ResourceHealthStatusUnknown   ResourceHealthStatus = "Unknown"
)

// ResourceID is a device's identity.
type ResourceID string

// ResourceHealth is how one device is.
type ResourceHealth struct {
	// Its identity.
	ResourceID ResourceID `json:"resourceID" pb:"1"`
	// Healthy, Unhealthy or Unknown. Default: Healthy.
	Health ResourceHealthStatus `json:"health,omitempty" pb:"2"`
	// More on it, for people.
	Message *string `json:"message,omitempty" pb:"6"`
}

// ContainerUser is who a container's first process runs as.
type ContainerUser struct {
	// On Linux.
	Linux *LinuxContainerUser `json:"linux,omitempty" pb:"1"`
}

// LinuxContainerUser is the Linux identity of a process.
type LinuxContainerUser struct {
	// User.
	UID int64 `json:"uid" pb:"1"`
	// Group.
	GID int64 `json:"gid" pb:"2"`
	// Further groups.
	SupplementalGroups []int64 `json:"supplementalGroups,omitempty" pb:"3" list:"atomic"`
}

// VolumeMountStatus is how a volume is mounted in a container.
type VolumeMountStatus struct {
	// Name of the volume.
	Name string `json:"name" pb:"1"`
	// Where.
	MountPath string `json:"mountPath" pb:"2"`
	// Whether it is read-only.
	ReadOnly bool `json:"readOnly,omitempty" pb:"3"`
	// Whether it is so all the way down.
	RecursiveReadOnly *RecursiveReadOnlyMode `json:"recursiveReadOnly,omitempty" pb:"4"`
	// More, for some kinds of volume.
	VolumeStatus *VolumeStatus `json:"volumeStatus,omitempty" pb:"5"`
}

// VolumeStatus is the state of a volume whose kind has one.
type VolumeStatus struct {
	// Of an image volume.
	Image *ImageVolumeStatus `json:"image,omitempty" pb:"1"`
}

// ImageVolumeStatus is the state of an image volume.
type ImageVolumeStatus struct {
	// The digest of the image that is mounted.
	ImageRef string `json:"imageRef,omitempty" pb:"1" api:"required"`
}

// ContainerRestartPolicy says when a single container is restarted.
type ContainerRestartPolicy string

const (
	ContainerRestartPolicyAlways    ContainerRestartPolicy = "Always"
	ContainerRestartPolicyNever     ContainerRestartPolicy = "Never"
	ContainerRestartPolicyOnFailure ContainerRestartPolicy = "OnFailure"
)

// ContainerRestartRule says what happens when a container ends in a certain way.
type ContainerRestartRule struct {
	// Restart or RestartAllContainers.
	Action ContainerRestartRuleAction `json:"action,omitempty" pb:"1" api:"required"`
	// Which exit codes it is for.
	ExitCodes *ContainerRestartRuleOnExitCodes `json:"exitCodes,omitempty" pb:"2"`
}

// ContainerRestartRuleAction is what a restart rule does.
type ContainerRestartRuleAction string

const (
	ContainerRestartRuleActionRestart              ContainerRestartRuleAction = "Restart"
	ContainerRestartRuleActionRestartAllContainers ContainerRestartRuleAction = "RestartAllContainers"
)

// ContainerRestartRuleOnExitCodes chooses exit codes.
type ContainerRestartRuleOnExitCodes struct {
	// In or NotIn.
	Operator ContainerRestartRuleOnExitCodesOperator `json:"operator,omitempty" pb:"1" api:"required"`
	// The exit codes, at most 255 of them.
	Values []int32 `json:"values,omitempty" pb:"2" list:"set"`
}

// ContainerRestartRuleOnExitCodesOperator is In or NotIn.
type ContainerRestartRuleOnExitCodesOperator string

const (
	ContainerRestartRuleOnExitCodesOpIn    ContainerRestartRuleOnExitCodesOperator = "In"
	ContainerRestartRuleOnExitCodesOpNotIn ContainerRestartRuleOnExitCodesOperator = "NotIn"
)

// SeccompProfile says which system calls are allowed.
type SeccompProfile struct {
	// RuntimeDefault, Unconfined or Localhost.
	Type SeccompProfileType `json:"type" pb:"1"`
	// For Localhost, the profile's file on the node.
	LocalhostProfile *string `json:"localhostProfile,omitempty" pb:"2"`
}

// SeccompProfileType says where a seccomp profile comes from.
type SeccompProfileType string

const (
	SeccompProfileTypeUnconfined     SeccompProfileType = "Unconfined"
	SeccompProfileTypeRuntimeDefault SeccompProfileType = "RuntimeDefault"
	SeccompProfileTypeLocalhost      SeccompProfileType = "Localhost"
)

// AppArmorProfile is an AppArmor profile.
type AppArmorProfile struct {
	// RuntimeDefault, Unconfined or Localhost.
	Type AppArmorProfileType `json:"type" pb:"1"`
	// For Localhost, the profile's name on the node.
	LocalhostProfile *string `json:"localhostProfile,omitempty" pb:"2"`
}

// AppArmorProfileType says where an AppArmor profile comes from.
type AppArmorProfileType string

const (
	AppArmorProfileTypeUnconfined     AppArmorProfileType = "Unconfined"
	AppArmorProfileTypeRuntimeDefault AppArmorProfileType = "RuntimeDefault"
	AppArmorProfileTypeLocalhost      AppArmorProfileType = "Localhost"
)

// EphemeralContainerCommon is what an ephemeral container has in common with others. Ports, probes, lifecycle and
// resources may not be set.
type EphemeralContainerCommon Container

// EphemeralContainer is a container that is put into a running pod to look around. It is never restarted and
// cannot be removed.
type EphemeralContainer struct {
	EphemeralContainerCommon `json:",inline" pb:"1"`
	// The container whose processes it sees.
	TargetContainerName string `json:"targetContainerName,omitempty" pb:"2"`
}

// SecurityContext is the rights of a container. They go before the pod's.
type SecurityContext struct {
	// Rights to give and take away.
	Capabilities *Capabilities `json:"capabilities,omitempty" pb:"1"`
	// Give it nearly all rights on the node. Default: false.
	Privileged *bool `json:"privileged,omitempty" pb:"2"`
	// SELinux label of the container.
	SELinuxOptions *SELinuxOptions `json:"seLinuxOptions,omitempty" pb:"3"`
	// Settings for Windows.
	WindowsOptions *WindowsSecurityContextOptions `json:"windowsOptions,omitempty" pb:"10"`
	// User number of the first process. Default: the pod's, else the image's.
	RunAsUser *int64 `json:"runAsUser,omitempty" pb:"4"`
	// Group number of the first process. Default: the pod's, else the image's.
	RunAsGroup *int64 `json:"runAsGroup,omitempty" pb:"8"`
	// Refuse to start it as user 0. Default: the pod's.
	RunAsNonRoot *bool `json:"runAsNonRoot,omitempty" pb:"5"`
	// Make its own file system read-only. Default: false.
	ReadOnlyRootFilesystem *bool `json:"readOnlyRootFilesystem,omitempty" pb:"6"`
	// Whether its processes may gain more rights than their parent. Default: true.
	AllowPrivilegeEscalation *bool `json:"allowPrivilegeEscalation,omitempty" pb:"7"`
	// Default masks parts of /proc, Unmasked does not.
	ProcMount *ProcMountType `json:"procMount,omitempty" pb:"9"`
	// Which system calls it may make.
	SeccompProfile *SeccompProfile `json:"seccompProfile,omitempty" pb:"11"`
	// Its AppArmor profile.
	AppArmorProfile *AppArmorProfile `json:"appArmorProfile,omitempty" pb:"12"`
}

// ProcMountType says how /proc looks in a container.
type ProcMountType string

const (
	DefaultProcMount  ProcMountType = "Default"
	UnmaskedProcMount ProcMountType = "Unmasked"
)

// SELinuxOptions is an SELinux label.
type SELinuxOptions struct {
	// User part.
	User string `json:"user,omitempty" pb:"1"`
	// Role part.
	Role string `json:"role,omitempty" pb:"2"`
	// Type part.
	Type string `json:"type,omitempty" pb:"3"`
	// Level part.
	Level string `json:"level,omitempty" pb:"4"`
}

// WindowsSecurityContextOptions is the rights of a container on Windows.
type WindowsSecurityContextOptions struct {
	// Name of the GMSA credential spec.
	GMSACredentialSpecName *string `json:"gmsaCredentialSpecName,omitempty" pb:"1"`
	// Content of the GMSA credential spec.
	GMSACredentialSpec *string `json:"gmsaCredentialSpec,omitempty" pb:"2"`
	// User of the first process. Default: the image's.
	RunAsUserName *string `json:"runAsUserName,omitempty" pb:"3"`
	// Run as a process of the host. Default: false.
	HostProcess *bool `json:"hostProcess,omitempty" pb:"4"`
}
