package kubelet

import (
	"context"
	"io"
	"time"

	"kubelite/api"
	"kubelite/kubelet/streaming"
)

// Runtime starts and stops containers. It is the Container Runtime Interface of real Kubernetes cut down to what
// this kubelet asks for, with the same verbs: a pod is a sandbox (its network identity) and containers inside of it.
//
// A runtime keeps everything it is told about a sandbox or container with it, so that a kubelet that was restarted
// finds its pods again by asking. All methods may be called at the same time from different pods' workers; for one
// pod there is one caller at a time, but for ContainerLogs. Removing or stopping what is not there succeeds.
type Runtime interface {
	// Info describes the runtime and the machine that its containers run on.
	Info(ctx context.Context) (RuntimeInfo, error)
	// Status returns nil while the runtime can do its work. It is asked often and must be cheap.
	Status(ctx context.Context) error

	// ListPods returns all pods that this node's runtime has anything of, dead or alive, without the details that
	// only PodStatus has to find out: exit codes, times, messages.
	ListPods(ctx context.Context) ([]*RuntimePod, error)
	// PodStatus returns all there is of one pod; an empty RuntimePod if there is nothing.
	PodStatus(ctx context.Context, uid api.UID) (*RuntimePod, error)
	// Events calls notify with a pod's UID whenever one of its containers started, died or was removed, until ctx
	// ends or the stream breaks. Events may be missed: they make the kubelet fast, ListPods keeps it right.
	Events(ctx context.Context, notify func(uid api.UID)) error

	// UpdatePodCIDR says which range the addresses of new sandboxes come from. Before it was called only sandboxes on the
	// node's own network can be made.
	UpdatePodCIDR(cidr string) error
	// RunPodSandbox makes a sandbox with an address of the node's pod range and returns its id.
	RunPodSandbox(ctx context.Context, sandbox *SandboxConfig) (string, error)
	// StopPodSandbox takes the sandbox off the network. Its containers must have been stopped before.
	StopPodSandbox(ctx context.Context, id string) error
	// RemovePodSandbox removes a stopped sandbox.
	RemovePodSandbox(ctx context.Context, id string) error

	// CreateContainer makes a container in a sandbox, not started yet, and returns its id.
	CreateContainer(ctx context.Context, sandboxID string, container *ContainerConfig, sandbox *SandboxConfig) (string, error)
	// StartContainer starts a created container. An error is also kept as the container's state: exited with
	// reason StartError.
	StartContainer(ctx context.Context, id string) error
	// UpdateContainer changes what a running container has of the machine.
	UpdateContainer(ctx context.Context, id string, resources ContainerResources) error
	// StopContainer asks the container to end and kills it when grace is over. It returns when it has ended, or
	// when ctx does; calling it again with a shorter grace is how a stop is hurried.
	StopContainer(ctx context.Context, id string, grace time.Duration) error
	// RemoveContainer removes a container with its log and its anonymous volumes, killing it if it runs.
	RemoveContainer(ctx context.Context, id string) error
	// ContainerLogs writes the log of a running or dead container. With Follow it returns when the container ends.
	ContainerLogs(ctx context.Context, id string, options LogOptions, stdout, stderr io.Writer) error
	// ExecSync runs a command in a running container and returns its output and exit code.
	ExecSync(ctx context.Context, id string, command []string) (output []byte, exitCode int, err error)
	// Exec runs a command in a running container, in conversation with whoever has the other ends of the streams,
	// and returns its exit code. An error means that it could not be run, or that ctx ended.
	Exec(ctx context.Context, id string, command []string, s streaming.Streams) (exitCode int, err error)
	// Attach joins the conversation with the container's own process, until that ends or ctx does.
	Attach(ctx context.Context, id string, s streaming.Streams) error
	// PortForward connects data with a port that somebody listens on in the sandbox, until both directions have
	// ended or ctx does.
	PortForward(ctx context.Context, sandboxID string, port int32, data io.ReadWriter) error

	// Stats returns what each of the node's running containers uses. With an error, it returns those that could be measured.
	Stats(ctx context.Context) ([]ContainerStats, error)
	// WritableSize returns how many bytes of its own a container has on the disk, besides its image and volumes. It takes time.
	WritableSize(ctx context.Context, id string) (int64, error)
	// Machine returns what the machine has left.
	Machine(ctx context.Context) (MachineStats, error)

	// ImageStatus returns the image that a reference names, nil if it is not on this machine.
	ImageStatus(ctx context.Context, ref string) (*Image, error)
	// PullImage fetches an image from its registry, with credentials or, for nil, without.
	PullImage(ctx context.Context, ref string, auth *RegistryAuth) (*Image, error)
	// ExtractImage writes the files of the image with this ID into an empty directory.
	ExtractImage(ctx context.Context, id, dir string) error
	// RemoveImage takes away an image's name, and the image with its last one. It is an error if a container uses it.
	RemoveImage(ctx context.Context, ref string) error
	// ListImages returns the images on this machine, the largest first.
	ListImages(ctx context.Context) ([]Image, error)
}

// SimulatedProber is implemented by runtimes whose pods have no network to probe: they answer readiness, liveness
// and startup probes themselves, but for commands where those make sense.
type SimulatedProber interface {
	Probe(ctx context.Context, containerID string, kind ProbeKind) (ok bool, message string)
	// HasFiles tells whether a command can be trusted to find in the container what the container's own program has made.
	HasFiles(containerID string) bool
}

// AnnotationUpdater is implemented by runtimes whose pods obey annotations that may change while they run.
type AnnotationUpdater interface {
	UpdateAnnotations(uid api.UID, annotations map[string]string)
}

// RuntimeInfo describes a runtime and its machine: the Node's nodeInfo and capacity come from it.
type RuntimeInfo struct {
	Name    string // "docker": the scheme of container ids in the API
	Version string

	OSImage       string // "Debian GNU/Linux 12 (bookworm)"
	KernelVersion string
	Architecture  string // as Go names it: amd64
	CPUs          int
	Memory        int64 // bytes
	Storage       int64 // bytes on the file system that holds containers, 0 if unknown
	AppArmor      bool  // the kernel confines programs by profiles
}

// RuntimePod is what a runtime has of one pod.
type RuntimePod struct {
	UID       api.UID
	Namespace string
	Name      string

	Sandboxes  []*Sandbox          // newest first
	Containers []*RuntimeContainer // newest first, of all attempts
}

// Sandbox is a pod's place on the network, which its containers share.
type Sandbox struct {
	ID        string
	Attempt   int // 0 for the pod's first sandbox
	Ready     bool
	IP        string // empty with host networking
	CreatedAt time.Time
	// RuntimeHandler is the handler of the RuntimeClass that it was made with: its containers have the same.
	RuntimeHandler string
}

// ContainerState is where a container is in its life.
type ContainerState string

// The states of a container.
const (
	ContainerCreated ContainerState = "created"
	ContainerRunning ContainerState = "running"
	ContainerExited  ContainerState = "exited"
)

// RuntimeContainer is one attempt at running one of the pod's containers.
type RuntimeContainer struct {
	ID        string
	SandboxID string
	Name      string
	Attempt   int    // the restart count: 0 for the first
	Hash      string // of the spec that it was made from
	Image     string // as the user named it
	ImageID   string
	State     ContainerState
	CreatedAt time.Time
	StartedAt time.Time

	// The rest is set once State is exited.
	FinishedAt time.Time
	ExitCode   int
	Reason     string // Completed, Error, OOMKilled, StartError
	Message    string

	// User is who its first process runs as; nil if the runtime does not know, or it no longer runs.
	User *api.ContainerUser
	// Resources are what it has now; nil if the runtime does not know.
	Resources *ContainerResources

	// NotReady lets a runtime say that a running container is not ready, whatever its probes say. Only simulated
	// containers have a reason to.
	NotReady bool
}

// Sandbox returns the pod's present sandbox, nil if there is none or the newest has died.
func (p *RuntimePod) Sandbox() *Sandbox {
	if len(p.Sandboxes) == 0 || !p.Sandboxes[0].Ready {
		return nil
	}
	return p.Sandboxes[0]
}

// Newest returns the newest attempt at a container, nil if there is none.
func (p *RuntimePod) Newest(name string) *RuntimeContainer {
	for _, c := range p.Containers {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Previous returns the attempt before the newest one, nil if there is none.
func (p *RuntimePod) Previous(name string) *RuntimeContainer {
	newest := p.Newest(name)
	for _, c := range p.Containers {
		if c.Name == name && c != newest {
			return c
		}
	}
	return nil
}

// Running returns the containers that run.
func (p *RuntimePod) Running() []*RuntimeContainer {
	var running []*RuntimeContainer
	for _, c := range p.Containers {
		if c.State == ContainerRunning {
			running = append(running, c)
		}
	}
	return running
}

// Empty tells that the runtime has nothing of the pod.
func (p *RuntimePod) Empty() bool { return len(p.Sandboxes) == 0 && len(p.Containers) == 0 }

// SandboxConfig is what a runtime needs to know to make a sandbox.
type SandboxConfig struct {
	UID         api.UID
	Namespace   string
	Name        string
	Attempt     int
	Annotations map[string]string
	// RestartPolicy says whether the pod is meant to come to an end. Only simulated pods have to be told.
	RestartPolicy api.RestartPolicy
	Hostname      string
	HostNetwork   bool
	HostIPC       bool
	HostPID       bool
	SharePID      bool // containers see each other's processes
	// RuntimeHandler names how its containers are run, in the words of the machine's configuration; "" is as usual.
	RuntimeHandler string
	Sysctls        map[string]string
	Ports          []PortMapping // published on the node's address
	// MemoryVolumes live in memory for as long as the sandbox does; containers mount them by name.
	MemoryVolumes []MemoryVolume
}

// MemoryVolume is a directory in memory that everybody may write in.
type MemoryVolume struct {
	Name  string
	Size  int64  // bytes at most; 0 is no limit
	Group *int64 // that its files belong to, if to one
}

// PortMapping publishes a container's port on the node.
type PortMapping struct {
	HostIP        string
	HostPort      int32
	ContainerPort int32
	Protocol      api.Protocol
}

// ContainerConfig is what a runtime needs to know to make a container. Everything in it is resolved: no references
// to other objects are left.
type ContainerConfig struct {
	Name       string
	Attempt    int
	Hash       string
	Image      string   // as the user named it
	ImageRef   string   // the Ref of the Image: the container's ImageID
	Command    []string // replaces the image's entry point unless empty
	Args       []string // replaces the image's arguments unless empty
	WorkingDir string
	Env        []EnvVar
	Mounts     []Mount
	Init       bool // has to end before the main containers start
	Stdin      bool
	StdinOnce  bool
	TTY        bool
	StopSignal string // the image's unless set
	TargetID   string // of the container whose processes it sees; its own unless set

	Resources   ContainerResources
	OOMScoreAdj int

	User               string // "1000", "1000:2000", or the image's unless set
	SupplementalGroups []int64
	StrictGroups       bool // no groups besides: those that the image lists for the user do not count
	Privileged         bool
	ReadOnlyRootFS     bool
	NoNewPrivileges    bool
	AddCapabilities    []string
	DropCapabilities   []string
	Unmasked           bool   // all of /proc shows, and may be written
	Seccomp            string // "unconfined" or the path of a profile; the runtime's own unless set
	AppArmor           string // "unconfined" or the name of a profile; the runtime's own unless set
	SELinux            api.SELinuxOptions
}

// EnvVar is one environment variable of a container.
type EnvVar struct{ Name, Value string }

// Mount shows a file or directory of the machine, or one of the sandbox's volumes, inside a container.
type Mount struct {
	HostPath      string
	MemoryVolume  string // instead of HostPath: the name of one of the sandbox's
	ContainerPath string
	ReadOnly      bool
	Propagation   api.MountPropagationMode
}

// Image is an image on this machine.
type Image struct {
	ID    string // what it is stored under: "sha256:..."
	Ref   string // what status.containerStatuses[].imageID shows: a digest where the image came from a registry
	Names []string
	Size  int64
	User  string // "" or "0" for root; runAsNonRoot checks it
}

// RegistryAuth is a user's name and password at a registry.
type RegistryAuth struct{ Server, Username, Password string }

// LogOptions choose which part of a log to write.
type LogOptions struct {
	Follow     bool
	Tail       int64 // last lines; negative is all
	Since      time.Time
	Timestamps bool
}
