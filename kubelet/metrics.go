package kubelet

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"kubelite/api"
)

// What the kubelet tells in the form that Prometheus reads, on three pages, with upstream's names:
//
//	/metrics            the kubelet: how many pods and containers run
//	/metrics/resource   what a scaler needs: cpu and memory of containers, pods and the node
//	/metrics/cadvisor   what dashboards show of a container, with its image and its id

// metricsPage is one such page.
type metricsPage struct{ strings.Builder }

// labels are names and values in turn.
type labels []string

func (l labels) String() string {
	if len(l) == 0 {
		return ""
	}
	var pairs []string
	for i := 0; i < len(l); i += 2 {
		pairs = append(pairs, fmt.Sprintf("%s=%q", l[i], l[i+1]))
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// family begins a metric. It returns what adds a value to it, of the moment when it was measured; the zero time: just now.
func (p *metricsPage) family(name, kind, help string) func(l labels, value float64, at time.Time) {
	fmt.Fprintf(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	return func(l labels, value float64, at time.Time) {
		fmt.Fprintf(p, "%s%s %v", name, l, value)
		if !at.IsZero() {
			fmt.Fprintf(p, " %d", at.UnixMilli())
		}
		p.WriteByte('\n')
	}
}

func (p *metricsPage) serve(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(p.String())) // the caller has gone: nobody is left to tell
}

// serveMetrics is GET /metrics.
func (k *Kubelet) serveMetrics(w http.ResponseWriter, r *http.Request) {
	pods, err := k.runtime.ListPods(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	states := map[ContainerState]int{}
	running := 0
	for _, p := range pods {
		if p.Sandbox() != nil {
			running++
		}
		for _, c := range p.Containers {
			states[c.State]++
		}
	}
	var page metricsPage
	page.family("kubelet_running_pods", "gauge", "Number of pods that have a running pod sandbox")(nil, float64(running), time.Time{})
	containers := page.family("kubelet_running_containers", "gauge", "Number of containers currently running")
	for _, s := range []ContainerState{ContainerCreated, ContainerRunning, ContainerExited} {
		containers(labels{"container_state", string(s)}, float64(states[s]), time.Time{})
	}
	page.serve(w)
}

// serveResourceMetrics is GET /metrics/resource.
func (k *Kubelet) serveResourceMetrics(w http.ResponseWriter, r *http.Request) {
	pods, complete := k.measuredPods(r.Context())
	cpu, memory := k.nodeStats(r.Context(), pods)
	resourceMetrics(pods, cpu, memory, time.Now(), complete).serve(w)
}

// resourceMetrics is the page of what is used. If it is not complete, containers could not be measured.
func resourceMetrics(pods []*podStats, cpu time.Duration, memory int64, now time.Time, complete bool) *metricsPage {
	page := &metricsPage{}
	eachContainer := func(name, kind, help string, value func(c *ContainerStats) float64) {
		sample := page.family(name, kind, "[STABLE] "+help)
		for _, p := range pods {
			for i := range p.containers {
				c := &p.containers[i]
				sample(labels{"container", c.Name, "namespace", p.namespace, "pod", p.name}, value(c), c.Time)
			}
		}
	}
	eachPod := func(name, kind, help string, value func(p *podStats) float64) {
		sample := page.family(name, kind, "[STABLE] "+help)
		for _, p := range pods {
			if len(p.containers) > 0 {
				sample(labels{"namespace", p.namespace, "pod", p.name}, value(p), p.containers[0].Time)
			}
		}
	}
	eachContainer("container_cpu_usage_seconds_total", "counter", "Cpu time that the container has used",
		func(c *ContainerStats) float64 { return c.CPU.Seconds() })
	eachContainer("container_memory_working_set_bytes", "gauge", "Memory of the container that cannot be taken back",
		func(c *ContainerStats) float64 { return float64(c.WorkingSet) })
	eachContainer("container_start_time_seconds", "gauge", "When the container started, in seconds since 1970", startTime)
	page.family("node_cpu_usage_seconds_total", "counter", "[STABLE] Cpu time that the node has used")(nil, cpu.Seconds(), now)
	page.family("node_memory_working_set_bytes", "gauge", "[STABLE] Memory of the node that cannot be taken back")(nil, float64(memory), now)
	eachPod("pod_cpu_usage_seconds_total", "counter", "Cpu time that the pod has used",
		func(p *podStats) float64 { return p.cpu().Seconds() })
	eachPod("pod_memory_working_set_bytes", "gauge", "Memory of the pod that cannot be taken back",
		func(p *podStats) float64 { return float64(p.workingSet()) })
	scrapeError := 0.0
	if !complete {
		scrapeError = 1
	}
	page.family("resource_scrape_error", "gauge", "[STABLE] 1 if something could not be measured, 0 otherwise")(nil, scrapeError, time.Time{})
	return page
}

func startTime(c *ContainerStats) float64 { return float64(c.StartedAt.UnixMilli()) / 1000 }

// serveContainerMetrics is GET /metrics/cadvisor.
func (k *Kubelet) serveContainerMetrics(w http.ResponseWriter, r *http.Request) {
	running, err := k.runtime.ListPods(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	pods, _ := k.measuredPods(r.Context()) // what could not be measured is not there
	cpu, memory := k.nodeStats(r.Context(), pods)
	page := containerMetrics(pods, running, cpu, memory, time.Now())
	ids := machineIDs()
	machine := labels{"boot_id", ids.boot, "machine_id", ids.machine, "system_uuid", ids.system}
	page.family("machine_cpu_cores", "gauge", "Cores of the machine")(machine, float64(k.info.CPUs), time.Time{})
	page.family("machine_memory_bytes", "gauge", "Memory of the machine")(machine, float64(k.info.Memory), time.Time{})
	page.serve(w)
}

// containerMetrics is the page of what cAdvisor would tell, which is built into upstream's kubelet: of each container, of
// each pod's network, and under the id "/" of the node as a whole.
func containerMetrics(pods []*podStats, running []*RuntimePod, cpu time.Duration, memory int64, now time.Time) *metricsPage {
	known := map[api.UID]*RuntimePod{}
	for _, p := range running {
		known[p.UID] = p
	}
	type part struct {
		*ContainerStats
		id, image string
	}
	var containers, networks []part // that are still there
	for _, p := range pods {
		is := known[p.uid]
		if is == nil {
			continue
		}
		if sandbox := is.Sandbox(); p.sandbox != nil && sandbox != nil {
			networks = append(networks, part{p.sandbox, sandbox.ID, ""})
		}
		for i := range p.containers {
			if c := is.Newest(p.containers[i].Name); c != nil {
				containers = append(containers, part{&p.containers[i], c.ID, c.Image})
			}
		}
	}
	of := func(p part, own ...string) labels {
		l := append(labels{"container", p.Name}, own...)
		return append(l, "id", "/"+p.id, "image", p.image, "name", p.id, "namespace", p.Namespace, "pod", p.PodName)
	}
	page, node := &metricsPage{}, part{ContainerStats: &ContainerStats{}}
	family := func(name, kind, help string, whole float64, value func(c *ContainerStats) float64, own ...string) {
		sample := page.family(name, kind, help)
		if whole > 0 {
			sample(of(node, own...), whole, now)
		}
		for _, c := range containers {
			sample(of(c, own...), value(c.ContainerStats), c.Time)
		}
	}
	network := func(name, help string, value func(c *ContainerStats) int64) {
		sample := page.family(name, "counter", help)
		for _, n := range networks {
			sample(append(of(n), "interface", "eth0"), float64(value(n.ContainerStats)), n.Time)
		}
	}
	family("container_cpu_usage_seconds_total", "counter", "Cpu time that the container has used", cpu.Seconds(),
		func(c *ContainerStats) float64 { return c.CPU.Seconds() }, "cpu", "total")
	family("container_last_seen", "gauge", "When the container was last measured, in seconds since 1970", float64(now.Unix()),
		func(c *ContainerStats) float64 { return float64(c.Time.Unix()) })
	family("container_memory_rss", "gauge", "Memory of the container that belongs to no file", 0,
		func(c *ContainerStats) float64 { return float64(c.RSS) })
	family("container_memory_usage_bytes", "gauge", "Memory of the container, with what the kernel could take back", 0,
		func(c *ContainerStats) float64 { return float64(c.Memory) })
	family("container_memory_working_set_bytes", "gauge", "Memory of the container that cannot be taken back", float64(memory),
		func(c *ContainerStats) float64 { return float64(c.WorkingSet) })
	network("container_network_receive_bytes_total", "Bytes that the pod has received", func(c *ContainerStats) int64 { return c.Received })
	network("container_network_transmit_bytes_total", "Bytes that the pod has sent", func(c *ContainerStats) int64 { return c.Sent })
	family("container_start_time_seconds", "gauge", "When the container started, in seconds since 1970", 0, startTime)
	return page
}
