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

// admit says why a pod that has never run here must not, nil if it may: then it has been given what it asks for.
func (w *podWorker) admit(ctx context.Context, pod *api.Pod) *podFailure {
	reason, message := w.k.pressureOn(pod)
	if reason == "" && !w.k.info.AppArmor && wantsAppArmor(pod) {
		reason, message = "AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host"
	}
	if reason == "" {
		reason, message = w.give(pod, w.k.node.Load())
	}
	if reason == "NodeAffinity" {
		// The scheduler may know of a label that we have not heard of yet: ask.
		if node, err := client.Of[*api.Node](w.k.client).Get(ctx, "", w.k.cfg.NodeName); err == nil {
			reason, message = w.give(pod, node)
		}
	}
	if reason == "" {
		return nil
	}
	return &podFailure{Reason: reason, Message: "Pod was rejected: " + message, rejected: true}
}

// admission is the judgement on a pod beside the others of its node; reason is "" if it may run.
func admission(pod *api.Pod, node *api.Node, others []*api.Pod, allocatable api.ResourceList) (reason, message string) {
	if name := forbiddenSysctl(pod); name != "" {
		return "SysctlForbidden", "forbidden sysctl: " + name
	}
	if pod.Spec.OS != nil && pod.Spec.OS.Name != "linux" {
		return "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"
	}
	if isStatic(pod) {
		return "", "" // whoever put it on this machine meant this machine
	}
	if has, most := int64(len(others)), allocatable[api.ResourcePods]; has+1 > most.Value() {
		return "OutOfpods", fmt.Sprintf("Node didn't have enough resource: pods, requested: 1, used: %d, capacity: %d", has, most.Value())
	}
	if name, message := lacking(pod, others, allocatable); name != "" {
		return "OutOf" + string(name), message
	}
	if node != nil && !api.FitsNode(&pod.Spec, node) {
		return "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
	}
	if slices.ContainsFunc(others, func(other *api.Pod) bool { return portsCollide(pod, other) }) {
		return "NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
	}
	return "", ""
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
