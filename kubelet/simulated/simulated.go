package simulated

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/kubelet"
)

// Config says what the node has and where state is kept.
type Config struct {
	// CPUs and Memory are what the node has. 0: as much as kwok's nodes, since nothing of it is used.
	CPUs   int
	Memory int64
	// Dir keeps the pods over a restart of the kubelet. Empty: they are in memory only.
	Dir    string
	Logger *slog.Logger
}

// Runtime pretends to run one node's pods. It implements kubelet.Runtime.
type Runtime struct {
	cfg       Config
	log       *slog.Logger
	addresses kubelet.Addresses

	mu     sync.Mutex
	pods   map[api.UID]*pod        // guarded by mu
	byID   map[string]*pod         // guarded by mu: the pod of a sandbox or container
	used   map[netip.Addr]bool     // guarded by mu: addresses of sandboxes
	notify map[*func(api.UID)]bool // guarded by mu: who wants to hear of ends
}

var (
	_ kubelet.Runtime           = (*Runtime)(nil)
	_ kubelet.SimulatedProber   = (*Runtime)(nil)
	_ kubelet.AnnotationUpdater = (*Runtime)(nil)
)

// pod is all that is kept of a pod, and what its file holds.
type pod struct {
	UID         api.UID
	Namespace   string
	Name        string
	Annotations map[string]string
	Sandboxes   []*kubelet.Sandbox // newest first, like Containers
	Containers  []*simulatedContainer
	IDs         int // how many ids were made for it

	files files // what its scripts wrote
	lines int   // of its file
}

// simulatedContainer is a container's state and how it is going to end.
type simulatedContainer struct {
	kubelet.RuntimeContainer
	Init      bool
	StdinOnce bool // it ends with the first conversation
	Program   program

	// What it used of the cpu under the annotations that it had before, and since when it has those of now.
	cpuBefore time.Duration
	cpuSince  time.Time

	log   *record       // what its script has said, nil without one; guarded by Runtime.mu
	stop  func()        // ends its timer or its script, nil if there is neither; guarded by Runtime.mu
	ended chan struct{} // closed when it has ended
}

// New makes a runtime with the pods that a former one left in Dir.
func New(cfg Config) (*Runtime, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.CPUs, cfg.Memory = cmp.Or(cfg.CPUs, cpus), cmp.Or(cfg.Memory, memory)
	r := &Runtime{
		cfg: cfg, log: cfg.Logger, pods: map[api.UID]*pod{}, byID: map[string]*pod{},
		used: map[netip.Addr]bool{}, notify: map[*func(api.UID)]bool{},
	}
	return r, r.load()
}

// What a simulated node has to offer unless it is told otherwise.
const (
	cpus    = 32
	memory  = 256 << 30
	storage = 1 << 40
)

// Info describes a machine that is not there.
func (r *Runtime) Info(context.Context) (kubelet.RuntimeInfo, error) {
	return kubelet.RuntimeInfo{
		Name: "simulated", Version: api.Version, OSImage: "kubelite simulated node", KernelVersion: "simulated",
		Architecture: runtime.GOARCH, CPUs: r.cfg.CPUs, Memory: r.cfg.Memory, Storage: storage, AppArmor: true,
	}, nil
}

// Status is always well.
func (r *Runtime) Status(context.Context) error { return nil }

// ListPods returns all pods.
func (r *Runtime) ListPods(context.Context) ([]*kubelet.RuntimePod, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pods := make([]*kubelet.RuntimePod, 0, len(r.pods))
	for _, p := range r.pods {
		pods = append(pods, p.snapshot())
	}
	return pods, nil
}

// PodStatus returns one pod.
func (r *Runtime) PodStatus(_ context.Context, uid api.UID) (*kubelet.RuntimePod, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.pods[uid]; p != nil {
		return p.snapshot(), nil
	}
	return &kubelet.RuntimePod{UID: uid}, nil
}

// snapshot copies what the kubelet sees: the original goes on changing.
func (p *pod) snapshot() *kubelet.RuntimePod {
	s := &kubelet.RuntimePod{UID: p.UID, Namespace: p.Namespace, Name: p.Name}
	for _, sandbox := range p.Sandboxes {
		c := *sandbox
		s.Sandboxes = append(s.Sandboxes, &c)
	}
	for _, container := range p.Containers {
		c := container.RuntimeContainer
		s.Containers = append(s.Containers, &c)
	}
	return s
}

// Events tells of the containers that end by themselves.
func (r *Runtime) Events(ctx context.Context, notify func(uid api.UID)) error {
	r.mu.Lock()
	r.notify[&notify] = true
	r.mu.Unlock()
	<-ctx.Done()
	r.mu.Lock()
	delete(r.notify, &notify)
	r.mu.Unlock()
	return ctx.Err()
}

// UpdatePodCIDR says where the pods' addresses come from.
func (r *Runtime) UpdatePodCIDR(cidr string) error { return r.addresses.Update(cidr) }

// RunPodSandbox gives the pod an address.
func (r *Runtime) RunPodSandbox(_ context.Context, s *kubelet.SandboxConfig) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sandbox := &kubelet.Sandbox{Attempt: s.Attempt, Ready: true, CreatedAt: time.Now()}
	if !s.HostNetwork {
		address, release, err := r.addresses.Take(r.used)
		if err != nil {
			return "", err
		}
		r.used[address] = true
		release()
		sandbox.IP = address.String()
	}
	p := r.pods[s.UID]
	if p == nil {
		p = &pod{UID: s.UID, Namespace: s.Namespace, Name: s.Name}
		r.pods[s.UID] = p
	}
	p.Annotations = s.Annotations
	if _, problems := readBehaviour(s.Annotations); len(problems) > 0 {
		r.log.Warn("simulated pod: some annotations are ignored", "namespace", s.Namespace, "name", s.Name, "problems", problems)
	}
	sandbox.ID = r.newID(p)
	p.Sandboxes = slices.Insert(p.Sandboxes, 0, sandbox)
	return sandbox.ID, r.save(p)
}

// newID makes an id that looks like Docker's. It is derived from the pod's UID, so it is as unique as that is.
func (r *Runtime) newID(p *pod) string {
	p.IDs++
	h := fnv.New128a()
	_, _ = h.Write([]byte(string(p.UID) + "/" + strconv.Itoa(p.IDs))) // never fails
	half := fmt.Sprintf("%x", h.Sum(nil))
	id := half + half
	r.byID[id] = p
	return id
}

// StopPodSandbox takes the address away; it stays reserved until the sandbox is removed.
func (r *Runtime) StopPodSandbox(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.byID[id]
	if p == nil {
		return nil
	}
	for _, s := range p.Sandboxes {
		if s.ID == id {
			s.Ready = false
		}
	}
	return r.save(p)
}

// RemovePodSandbox frees the address.
func (r *Runtime) RemovePodSandbox(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.byID[id]
	if p == nil {
		return nil
	}
	delete(r.byID, id)
	p.Sandboxes = slices.DeleteFunc(p.Sandboxes, func(s *kubelet.Sandbox) bool {
		if s.ID == id && s.IP != "" {
			delete(r.used, netip.MustParseAddr(s.IP))
		}
		return s.ID == id
	})
	return r.save(p)
}

// CreateContainer makes a container that is not started yet.
func (r *Runtime) CreateContainer(_ context.Context, sandboxID string, c *kubelet.ContainerConfig, s *kubelet.SandboxConfig) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.byID[sandboxID]
	if p == nil {
		return "", fmt.Errorf("no such sandbox: %s", sandboxID)
	}
	p.Annotations = s.Annotations
	resources := c.Resources // a copy: the rest of the configuration is needed no more
	made := &simulatedContainer{Init: c.Init, StdinOnce: c.StdinOnce, Program: programOf(c, s), ended: make(chan struct{}), RuntimeContainer: kubelet.RuntimeContainer{
		ID: r.newID(p), SandboxID: sandboxID, Name: c.Name, Attempt: c.Attempt, Hash: c.Hash, Image: c.Image, ImageID: c.ImageRef,
		State: kubelet.ContainerCreated, CreatedAt: time.Now(), Resources: &resources,
	}}
	p.Containers = slices.Insert(p.Containers, 0, made)
	return made.ID, r.save(p)
}

// StartContainer lets the container's time begin. From here on only a timer knows of it.
func (r *Runtime) StartContainer(ctx context.Context, id string) error {
	r.mu.Lock()
	_, p := r.find(id)
	if p == nil {
		r.mu.Unlock()
		return fmt.Errorf("no such container: %s", id)
	}
	b, _ := readBehaviour(p.Annotations)
	r.mu.Unlock()
	if b.startDelay > 0 {
		delay := time.NewTimer(b.startDelay)
		defer delay.Stop()
		select {
		case <-delay.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.mu.Lock()
	c, p := r.find(id)
	if c == nil {
		r.mu.Unlock()
		return fmt.Errorf("no such container: %s", id)
	}
	c.State, c.StartedAt, c.NotReady = kubelet.ContainerRunning, time.Now(), !b.ready
	r.arm(p, c, b)
	err := r.save(p)
	r.mu.Unlock()
	// Also who started it is told: what waits for a sidecar to run may start now.
	r.tell(p.UID)
	return err
}

// arm sets going what will end the container: its script, a timer, or nothing.
func (r *Runtime) arm(p *pod, c *simulatedContainer, b behaviour) {
	switch life := c.live(b); {
	case life.script != "":
		ctx, cancel := context.WithCancel(context.Background())
		c.stop, c.log = cancel, newRecord()
		go func() { // ends with the script, or when the container is stopped
			defer cancel()
			exitCode, err := c.play(ctx, p.Name, &p.files, life.script)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				exitCode = 1
				r.log.Warn("simulated script", "namespace", p.Namespace, "name", p.Name, "container", c.Name, "error", err)
			}
			r.ended(p, c, exitCode, time.Now())
		}()
	case life.ends:
		end, exitCode := c.StartedAt.Add(life.after), b.exitCode
		if c.Init {
			exitCode = 0
		}
		timer := time.AfterFunc(time.Until(end), func() { r.ended(p, c, exitCode, end) })
		c.stop = func() { timer.Stop() }
	}
}

// ended is what happens when a container comes to its end by itself.
func (r *Runtime) ended(p *pod, c *simulatedContainer, exitCode int, at time.Time) {
	r.mu.Lock()
	r.end(p, c, exitCode, at)
	r.mu.Unlock()
	r.tell(p.UID)
}

// end makes a running container one that has ended. The caller holds mu.
func (r *Runtime) end(p *pod, c *simulatedContainer, exitCode int, at time.Time) {
	if c.State != kubelet.ContainerRunning {
		return
	}
	if c.stop != nil {
		c.stop()
	}
	c.State, c.ExitCode, c.FinishedAt, c.Reason = kubelet.ContainerExited, exitCode, at, "Completed"
	if exitCode != 0 {
		c.Reason = "Error"
	}
	close(c.ended)
	if err := r.save(p); err != nil {
		r.log.Warn("simulated pod not saved", "namespace", p.Namespace, "name", p.Name, "error", err)
	}
}

// tell passes the news of a pod on.
func (r *Runtime) tell(uid api.UID) {
	r.mu.Lock()
	var listeners []func(api.UID)
	for fn := range r.notify {
		listeners = append(listeners, *fn)
	}
	r.mu.Unlock()
	for _, fn := range listeners {
		fn(uid)
	}
}

// UpdateAnnotations lets a pod that runs behave otherwise from now on: be ready or not, have another log.
func (r *Runtime) UpdateAnnotations(uid api.UID, annotations map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pods[uid]
	if p == nil || maps.Equal(p.Annotations, annotations) {
		return
	}
	for _, c := range p.Containers {
		c.cpuBefore, c.cpuSince = c.cpuUsed(p, time.Now()), time.Now()
	}
	p.Annotations = annotations
	b, _ := readBehaviour(annotations)
	for _, c := range p.Containers {
		c.NotReady = c.State == kubelet.ContainerRunning && !b.ready
	}
	if err := r.save(p); err != nil {
		r.log.Warn("simulated pod not saved", "namespace", p.Namespace, "name", p.Name, "error", err)
	}
}

// UpdateContainer notes what the container has now: nothing uses it.
func (r *Runtime) UpdateContainer(_ context.Context, id string, resources kubelet.ContainerResources) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, p := r.find(id)
	if c == nil {
		return fmt.Errorf("no such container: %s", id)
	}
	c.Resources = &resources
	return r.save(p)
}

// StopContainer ends the container at once. A server obeys, and ends with success. What would have come to an end by itself, as a
// shell or a sleep, does not listen to SIGTERM as the first process of its container: it is killed. Nobody waits here until
// its grace period is over.
func (r *Runtime) StopContainer(_ context.Context, id string, _ time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, p := r.find(id); c != nil {
		exitCode := 0
		if c.stop != nil {
			exitCode = killed
		}
		r.end(p, c, exitCode, time.Now())
	}
	return nil
}

// killed is the exit code of a process that SIGKILL has ended.
const killed = 137

// RemoveContainer forgets the container.
func (r *Runtime) RemoveContainer(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, p := r.find(id)
	if c == nil {
		return nil
	}
	r.end(p, c, killed, time.Now())
	delete(r.byID, id)
	p.Containers = slices.DeleteFunc(p.Containers, func(o *simulatedContainer) bool { return o == c })
	return r.save(p)
}

// find returns a container and its pod, nil if it is not there. The caller holds mu.
func (r *Runtime) find(id string) (*simulatedContainer, *pod) {
	p := r.byID[id]
	if p == nil {
		return nil, nil
	}
	for _, c := range p.Containers {
		if c.ID == id {
			return c, p
		}
	}
	return nil, nil
}

// Probe answers for the container. Only whether it is ready is up to its annotations.
func (r *Runtime) Probe(_ context.Context, id string, kind kubelet.ProbeKind) (bool, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, _ := r.find(id)
	switch {
	case c == nil || c.State != kubelet.ContainerRunning:
		return false, "the container does not run"
	case kind == kubelet.ReadinessProbe && c.NotReady:
		return false, "annotation " + annotationPrefix + "ready says no"
	}
	return true, ""
}

// HasFiles is true where a script runs: what it writes is there for all commands. Of other programs nobody knows what they would write.
func (r *Runtime) HasFiles(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, _ := r.find(id)
	return c != nil && c.log != nil
}

// ExecSync runs what can be pretended, and lets everything else succeed without a word: probes and hooks ask for it.
func (r *Runtime) ExecSync(ctx context.Context, id string, command []string) ([]byte, int, error) {
	s, ended, err := r.shellIn(id)
	if err != nil {
		return nil, 0, err
	}
	script, ok := scriptOf(command)
	if !ok {
		return nil, 0, nil
	}
	ctx, cancel := untilEnded(ctx, ended)
	defer cancel()
	var output bytes.Buffer
	s.out, s.err = &output, &output
	s.unknown = func(context.Context, string, io.Writer) int { return 0 }
	exitCode, err := s.run(ctx, script)
	return output.Bytes(), exitCode, err
}

// ImageStatus has every image, and all of them run as somebody else than root.
func (r *Runtime) ImageStatus(_ context.Context, ref string) (*kubelet.Image, error) {
	h := fnv.New128a()
	_, _ = h.Write([]byte(ref)) // never fails
	half := fmt.Sprintf("%x", h.Sum(nil))
	id := "sha256:" + half + half
	return &kubelet.Image{ID: id, Ref: id, Names: []string{ref}, User: "65532"}, nil
}

// PullImage is quick.
func (r *Runtime) PullImage(ctx context.Context, ref string, _ *kubelet.RegistryAuth) (*kubelet.Image, error) {
	return r.ImageStatus(ctx, ref)
}

// ExtractImage has no files to write.
func (r *Runtime) ExtractImage(context.Context, string, string) error { return nil }

// RemoveImage has nothing to take away.
func (r *Runtime) RemoveImage(context.Context, string) error { return nil }

// ListImages has none to show.
func (r *Runtime) ListImages(context.Context) ([]kubelet.Image, error) { return nil, nil }
