package kubelet

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// Not every pod that is bound to a node may run there. The scheduler binds only where a pod fits, but it is not the only
// one who may write spec.nodeName, and it knows a node only as it was a moment ago. So the kubelet checks once more, before
// it starts anything. A pod that fails never ran: its phase is Failed, and its controller makes another one.

// refusal is one thing that speaks against a pod on this node.
type refusal struct {
	reason, message string
	resource        api.ResourceName // that the node is short of, if that is it, and by how much in its unit: for cpu a thousandth of one
	missing         int64
}

// admit says why a pod that has never run here must not, nil if it may: then it has been given what it asks for.
func (w *podWorker) admit(ctx context.Context, pod *api.Pod) *podFailure {
	reason, message := w.k.pressureOn(pod)
	if reason == "" {
		reason, message = w.give(ctx, pod, w.k.node.Load())
	}
	if reason == "NodeAffinity" {
		// The scheduler may know of a label that we have not heard of yet: ask.
		if node, err := client.Of[*api.Node](w.k.client).Get(ctx, "", w.k.cfg.NodeName); err == nil {
			reason, message = w.give(ctx, pod, node)
		}
	}
	if reason == "" && !w.k.info.AppArmor && wantsAppArmor(pod) {
		reason, message = "AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host"
	}
	if reason == "" {
		return nil
	}
	return &podFailure{Reason: reason, Message: "Pod was rejected: " + message, rejected: true}
}

// admission is all that speaks against a pod beside the others of its node; the first is what its user is told.
func admission(pod *api.Pod, node *api.Node, others []*api.Pod, allocatable api.ResourceList) []refusal {
	only := func(reason, message string) []refusal { return []refusal{{reason: reason, message: message}} }
	if name := forbiddenSysctl(pod); name != "" {
		return only("SysctlForbidden", "forbidden sysctl: "+name)
	}
	if os, ok := pod.Labels["kubernetes.io/os"]; ok && os != "linux" {
		return only("PodOSSelectorNodeLabelDoesNotMatch", "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label")
	}
	if pod.Spec.OS != nil && pod.Spec.OS.Name != "linux" {
		return only("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
	}
	refusals := shortages(pod, others, allocatable)
	refuse := func(plugin, why string) {
		refusals = append(refusals, refusal{reason: plugin, message: fmt.Sprintf("Predicate %s failed: %s", plugin, why)})
	}
	if node != nil && !api.FitsNode(&pod.Spec, node) {
		refuse("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
	}
	if slices.ContainsFunc(others, func(other *api.Pod) bool { return portsCollide(pod, other) }) {
		refuse("NodePorts", "node(s) didn't have free ports for the requested pod ports")
	}
	// Whoever put a static pod on this machine meant this machine.
	if node != nil && !isStatic(pod) && slices.ContainsFunc(node.Spec.Taints, func(taint api.Taint) bool {
		return taint.Effect == api.TaintEffectNoExecute && !api.Tolerates(pod.Spec.Tolerations, &taint)
	}) {
		refuse("TaintToleration", "node(s) had taints that the pod didn't tolerate")
	}
	return refusals
}

// The kernel parameters that a pod may set because they are its own and harm nobody else: those of its network, and of
// its shared memory.
var (
	ownNetwork = []string{
		"net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
		"net.ipv4.ping_group_range", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
		"net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
	}
	ownMemory = []string{"kernel.shm_rmid_forced"}
)

// forbiddenSysctl says which kernel parameter a pod may not set, and why, "" if it may set all that it does.
func forbiddenSysctl(pod *api.Pod) string {
	if pod.Spec.SecurityContext == nil {
		return ""
	}
	for _, s := range pod.Spec.SecurityContext.Sysctls {
		name := strings.ReplaceAll(s.Name, "/", ".")
		switch network := slices.Contains(ownNetwork, name); {
		case network && pod.Spec.HostNetwork:
			return fmt.Sprintf("%q not allowed with host net enabled", name)
		case slices.Contains(ownMemory, name) && pod.Spec.HostIPC:
			return fmt.Sprintf("%q not allowed with host ipc enabled", name)
		case !network && !slices.Contains(ownMemory, name):
			return fmt.Sprintf("%q not allowlisted", name)
		}
	}
	return ""
}

// wantsAppArmor tells whether a container of a pod is to be confined by a profile of AppArmor, be it the runtime's own.
func wantsAppArmor(pod *api.Pod) bool {
	whole := api.Deref(pod.Spec.SecurityContext, api.PodSecurityContext{}).AppArmorProfile
	confined := func(c api.Container) bool {
		profile := firstSet(api.Deref(c.SecurityContext, api.SecurityContext{}).AppArmorProfile, whole)
		return profile != nil && profile.Type != api.AppArmorProfileTypeUnconfined
	}
	return slices.ContainsFunc(pod.Spec.InitContainers, confined) || slices.ContainsFunc(pod.Spec.Containers, confined)
}

// portsCollide tells whether two pods want the same port of the node.
func portsCollide(a, b *api.Pod) bool {
	others := api.HostPorts(b)
	return slices.ContainsFunc(api.HostPorts(a), func(p api.ContainerPort) bool {
		return slices.ContainsFunc(others, func(q api.ContainerPort) bool { return p.Collides(&q) })
	})
}

// reject tells the user of a pod that may not run.
func (w *podWorker) reject(ctx context.Context, pod *api.Pod) *podFailure {
	failure := w.admit(ctx, pod)
	if failure != nil {
		w.event(ctx, pod, "", eventWarning, failure.Reason, "%s", strings.TrimPrefix(failure.Message, "Pod was rejected: "))
	}
	return failure
}
