package kubelet

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"kubelite/api"
)

// What the node and its pods use now. It is asked for in two forms: as metrics (metrics.go), which metrics-server scrapes
// for `kubectl top` and the HorizontalPodAutoscaler, and as /stats/summary, which is for people and tools. The kubelet
// itself asks when the machine runs short of something (eviction.go).

// ContainerStats is what one running container uses. What a runtime does not know is 0.
type ContainerStats struct {
	Pod       api.UID
	Namespace string
	PodName   string
	Name      string // "" is the sandbox, which has the pod's network
	Time      time.Time
	StartedAt time.Time

	CPU        time.Duration // in all since the container started
	Memory     int64         // bytes, with what the kernel could take back
	WorkingSet int64         // bytes, without
	RSS        int64
	Received   int64 // bytes
	Sent       int64
}

// MachineStats is what the machine has left. What is not known is 0.
type MachineStats struct {
	CPU             time.Duration // used in all since the machine started
	MemoryAvailable int64
	Storage         Storage // where containers and volumes are
}

// Storage is the state of a file system.
type Storage struct{ Capacity, Available, Inodes, InodesFree int64 }

// usageRates remembers the last cumulative cpu time of each container, to tell how much it uses now.
type usageRates struct {
	mu   sync.Mutex
	last map[string]cpuSample // by what is measured; guarded by mu
}

type cpuSample struct {
	at   time.Time
	used time.Duration
	rate float64 // cores, as of then
}

// minRateInterval keeps two who ask at the same time from measuring nothing.
const minRateInterval = 5 * time.Second

// cores is how many cores are in use; 0 until there were two samples.
func (r *usageRates) cores(what string, at time.Time, used time.Duration) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last = map[string]cpuSample{}
	}
	last, known := r.last[what]
	passed := at.Sub(last.at)
	if known && passed < minRateInterval {
		return last.rate
	}
	now := cpuSample{at: at, used: used}
	if known && used >= last.used {
		now.rate = (used - last.used).Seconds() / passed.Seconds()
	}
	r.last[what] = now
	return now.rate
}

// keep forgets everything but what is still measured.
func (r *usageRates) keep(what map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.last {
		if !what[name] {
			delete(r.last, name)
		}
	}
}

// podStats are the containers of one pod.
type podStats struct {
	uid             api.UID
	namespace, name string
	sandbox         *ContainerStats
	containers      []ContainerStats // by name
}

func (p *podStats) cpu() (used time.Duration) {
	for i := range p.containers {
		used += p.containers[i].CPU
	}
	return used
}

func (p *podStats) workingSet() (bytes int64) {
	for i := range p.containers {
		bytes += p.containers[i].WorkingSet
	}
	return bytes
}

// byPod groups containers, in order of their pods' names.
func byPod(stats []ContainerStats) []*podStats {
	found := map[api.UID]*podStats{}
	var pods []*podStats
	for i := range stats {
		c := &stats[i]
		p := found[c.Pod]
		if p == nil {
			p = &podStats{uid: c.Pod, namespace: c.Namespace, name: c.PodName}
			found[c.Pod] = p
			pods = append(pods, p)
		}
		if c.Name == "" {
			p.sandbox = c
		} else {
			p.containers = append(p.containers, *c)
		}
	}
	slices.SortFunc(pods, func(a, b *podStats) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	for _, p := range pods {
		slices.SortFunc(p.containers, func(a, b ContainerStats) int { return cmp.Compare(a.Name, b.Name) })
	}
	return pods
}

// nodeStats is what the node as a whole uses: of a machine that several nodes share, what their pods do.
func (k *Kubelet) nodeStats(ctx context.Context, pods []*podStats) (cpu time.Duration, workingSet int64) {
	machine, err := k.runtime.Machine(ctx)
	if err == nil && machine.MemoryAvailable > 0 {
		return machine.CPU, k.info.Memory - machine.MemoryAvailable
	}
	for _, p := range pods {
		cpu += p.cpu()
		workingSet += p.workingSet()
	}
	return cpu, workingSet
}

// measuredPods are the node's pods with what could be measured of them. complete is false if that is not all.
func (k *Kubelet) measuredPods(ctx context.Context) (pods []*podStats, complete bool) {
	stats, err := k.runtime.Stats(ctx)
	if err != nil {
		k.log.WarnContext(ctx, "containers not measured", "error", err)
	}
	return byPod(stats), err == nil
}

// The document of /stats/summary, as far as it is filled in.
type (
	statsSummary struct {
		Node nodeSummary  `json:"node"`
		Pods []podSummary `json:"pods"`
	}
	nodeSummary struct {
		NodeName string        `json:"nodeName"`
		CPU      cpuSummary    `json:"cpu"`
		Memory   memorySummary `json:"memory"`
		FS       *fsSummary    `json:"fs,omitempty"`
	}
	podSummary struct {
		PodRef     podReference       `json:"podRef"`
		StartTime  api.Time           `json:"startTime"`
		Containers []containerSummary `json:"containers"`
		CPU        cpuSummary         `json:"cpu"`
		Memory     memorySummary      `json:"memory"`
		Network    *networkSummary    `json:"network,omitempty"`
		Volumes    []volumeSummary    `json:"volume,omitempty"`
	}
	podReference struct {
		Name      string  `json:"name"`
		Namespace string  `json:"namespace"`
		UID       api.UID `json:"uid"`
	}
	containerSummary struct {
		Name      string        `json:"name"`
		StartTime api.Time      `json:"startTime"`
		CPU       cpuSummary    `json:"cpu"`
		Memory    memorySummary `json:"memory"`
	}
	cpuSummary struct {
		Time                 api.Time `json:"time"`
		UsageNanoCores       uint64   `json:"usageNanoCores"`
		UsageCoreNanoSeconds uint64   `json:"usageCoreNanoSeconds"`
	}
	memorySummary struct {
		Time            api.Time `json:"time"`
		AvailableBytes  int64    `json:"availableBytes,omitempty"`
		UsageBytes      int64    `json:"usageBytes,omitempty"`
		WorkingSetBytes int64    `json:"workingSetBytes"`
		RSSBytes        int64    `json:"rssBytes,omitempty"`
	}
	networkSummary struct {
		Time    api.Time `json:"time"`
		Name    string   `json:"name"`
		RxBytes int64    `json:"rxBytes"`
		TxBytes int64    `json:"txBytes"`
	}
	volumeSummary struct {
		Name string `json:"name"`
		fsSummary
	}
	fsSummary struct {
		Time           api.Time `json:"time"`
		AvailableBytes int64    `json:"availableBytes,omitempty"`
		CapacityBytes  int64    `json:"capacityBytes,omitempty"`
		UsedBytes      int64    `json:"usedBytes"`
		InodesFree     int64    `json:"inodesFree,omitempty"`
		Inodes         int64    `json:"inodes,omitempty"`
	}
)

// serveSummary is GET /stats/summary.
func (k *Kubelet) serveSummary(w http.ResponseWriter, r *http.Request) {
	pods, _ := k.measuredPods(r.Context()) // the document has no place for it
	now, measured := time.Now(), map[string]bool{"node": true}
	cpu := func(what string, at time.Time, used time.Duration) cpuSummary {
		measured[what] = true
		return cpuSummary{Time: seconds(at), UsageNanoCores: uint64(k.rates.cores(what, at, used) * 1e9), UsageCoreNanoSeconds: uint64(used)}
	}
	used, workingSet := k.nodeStats(r.Context(), pods)
	summary := statsSummary{Pods: []podSummary{}, Node: nodeSummary{
		NodeName: k.cfg.NodeName, CPU: cpu("node", now, used),
		Memory: memorySummary{Time: seconds(now), AvailableBytes: max(k.info.Memory-workingSet, 0), WorkingSetBytes: workingSet},
	}}
	if machine, err := k.runtime.Machine(r.Context()); err == nil && machine.Storage.Capacity > 0 {
		s := machine.Storage
		summary.Node.FS = &fsSummary{
			Time: seconds(now), AvailableBytes: s.Available, CapacityBytes: s.Capacity, UsedBytes: s.Capacity - s.Available, InodesFree: s.InodesFree, Inodes: s.Inodes,
		}
	}
	for _, p := range pods {
		pod := podSummary{
			PodRef: podReference{p.name, p.namespace, p.uid}, Containers: []containerSummary{}, CPU: cpu(string(p.uid), now, p.cpu()),
			Memory: memorySummary{Time: seconds(now), WorkingSetBytes: p.workingSet()}, Volumes: k.volumeSummaries(p, now),
		}
		for i := range p.containers {
			c := &p.containers[i]
			pod.Containers = append(pod.Containers, containerSummary{Name: c.Name, StartTime: seconds(c.StartedAt), CPU: cpu(string(p.uid)+"/"+c.Name, c.Time, c.CPU),
				Memory: memorySummary{Time: seconds(c.Time), UsageBytes: c.Memory, WorkingSetBytes: c.WorkingSet, RSSBytes: c.RSS}})
		}
		if p.sandbox != nil {
			pod.StartTime = seconds(p.sandbox.StartedAt)
			pod.Network = &networkSummary{Time: seconds(p.sandbox.Time), Name: "eth0", RxBytes: p.sandbox.Received, TxBytes: p.sandbox.Sent}
		}
		summary.Pods = append(summary.Pods, pod)
	}
	k.rates.keep(measured)
	writeJSON(w, summary)
}

// volumeSummaries tells how much is in the pod's own volumes.
func (k *Kubelet) volumeSummaries(p *podStats, now time.Time) []volumeSummary {
	pod, ok := k.pods.Get(api.Key{Namespace: p.namespace, Name: p.name})
	if !ok || pod.UID != p.uid {
		return nil
	}
	var volumes []volumeSummary
	for i := range pod.Spec.Volumes {
		if v := &pod.Spec.Volumes[i]; isEmptyDir(v) && !inMemory(v) {
			volumes = append(volumes, volumeSummary{v.Name, fsSummary{Time: seconds(now), UsedBytes: directorySize(k.volumeDir(p.uid, v.Name))}})
		}
	}
	return volumes
}
