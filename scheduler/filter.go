package scheduler

import (
	"fmt"

	"kubelite/api"
)

// A filter says why a pod cannot run on a node; nothing means that it can. The sentences are upstream's, since people
// search for them.
type filter struct {
	name string // of the upstream plugin
	why  func(p *podInfo, n *nodeInfo) []string
}

// podInfo is what a decision needs to know of a pod, worked out once for all nodes.
type podInfo struct {
	pod      *api.Pod
	requests resources
	ports    []hostPort
}

func newPodInfo(pod *api.Pod) *podInfo {
	return &podInfo{pod: pod, requests: podRequests(pod), ports: hostPorts(pod)}
}

// filters, in order: the first that rejects a node ends the look at it, so a node is rejected for one reason (or for
// several missing resources).
var filters = []filter{
	{"NodeUnschedulable", filterUnschedulable},
	{"NodeName", filterName},
	{"TaintToleration", filterTaints},
	{"NodeAffinity", filterAffinity},
	{"NodePorts", filterPorts},
	{"NodeResourcesFit", filterResources},
}

// fits runs the filters on one node.
func fits(p *podInfo, n *nodeInfo) (rejectedBy string, reasons []string) {
	for _, f := range filters {
		if reasons := f.why(p, n); len(reasons) > 0 {
			return f.name, reasons
		}
	}
	return "", nil
}

// unschedulableTaint is how `kubectl cordon` looks to a toleration.
var unschedulableTaint = api.Taint{Key: "node.kubernetes.io/unschedulable", Effect: api.TaintEffectNoSchedule}

func filterUnschedulable(p *podInfo, n *nodeInfo) []string {
	if n.node.Spec.Unschedulable && !api.Tolerates(p.pod.Spec.Tolerations, &unschedulableTaint) {
		return []string{"node(s) were unschedulable"}
	}
	return nil
}

func filterName(p *podInfo, n *nodeInfo) []string {
	if want := p.pod.Spec.NodeName; want != "" && want != n.node.Name {
		return []string{"node(s) didn't match the requested node name"}
	}
	return nil
}

func filterTaints(p *podInfo, n *nodeInfo) []string {
	for i := range n.node.Spec.Taints {
		taint := &n.node.Spec.Taints[i]
		if taint.Effect != api.TaintEffectPreferNoSchedule && !api.Tolerates(p.pod.Spec.Tolerations, taint) {
			return []string{"node(s) had untolerated taint(s)"}
		}
	}
	return nil
}

func filterAffinity(p *podInfo, n *nodeInfo) []string {
	if api.FitsNode(&p.pod.Spec, n.node) {
		return nil
	}
	return []string{"node(s) didn't match Pod's node affinity/selector"}
}

func filterPorts(p *podInfo, n *nodeInfo) []string {
	for _, want := range p.ports {
		for used := range n.ports {
			if want.port == used.port && want.protocol == used.protocol && sameAddress(want.ip, used.ip) {
				return []string{"node(s) didn't have free ports for the requested pod ports"}
			}
		}
	}
	return nil
}

func sameAddress(a, b string) bool {
	every := func(ip string) bool { return ip == "" || ip == "0.0.0.0" }
	return a == b || every(a) || every(b)
}

// filterResources names every resource that the node lacks, so that a person sees at once all that has to change.
func filterResources(p *podInfo, n *nodeInfo) (reasons []string) {
	if n.pods+1 > n.allowedPods {
		reasons = append(reasons, "Too many pods")
	}
	lacks := func(need, used, has int64) bool { return need > 0 && need > has-used }
	if lacks(p.requests.milliCPU, n.requested.milliCPU, n.allocatable.milliCPU) {
		reasons = append(reasons, "Insufficient cpu")
	}
	if lacks(p.requests.memory, n.requested.memory, n.allocatable.memory) {
		reasons = append(reasons, "Insufficient memory")
	}
	if lacks(p.requests.ephemeral, n.requested.ephemeral, n.allocatable.ephemeral) {
		reasons = append(reasons, "Insufficient ephemeral-storage")
	}
	for name, need := range p.requests.other {
		if lacks(need, n.requested.other[name], n.allocatable.other[name]) {
			reasons = append(reasons, fmt.Sprintf("Insufficient %s", name))
		}
	}
	return reasons
}
