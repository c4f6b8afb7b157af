package printers

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
)

// The columns of the core group's kinds, except those of pods and of what makes pods.

// Namespace are the columns of Namespace.
var Namespace = columns(func(ns *api.Namespace, now time.Time) []any {
	return []any{ns.Name, string(ns.Status.Phase), Age(ns.CreationTimestamp.Time, now)}
}, NameColumn, text("Status", "Active, or Terminating while its content is being deleted."), ageColumn)

// ConfigMap are the columns of ConfigMap.
var ConfigMap = columns(func(cm *api.ConfigMap, now time.Time) []any {
	return []any{cm.Name, len(cm.Data) + len(cm.BinaryData), Age(cm.CreationTimestamp.Time, now)}
}, NameColumn, text("Data", "Number of keys."), ageColumn)

// Secret are the columns of Secret.
var Secret = columns(func(s *api.Secret, now time.Time) []any {
	return []any{s.Name, string(s.Type), len(s.Data), Age(s.CreationTimestamp.Time, now)}
}, NameColumn, text("Type", "What the keys mean."), text("Data", "Number of keys."), ageColumn)

// ServiceAccount are the columns of ServiceAccount.
var ServiceAccount = columns(func(sa *api.ServiceAccount, now time.Time) []any {
	return []any{sa.Name, Age(sa.CreationTimestamp.Time, now)}
}, NameColumn, ageColumn)

// Lease are the columns of Lease.
var Lease = columns(func(l *api.Lease, now time.Time) []any {
	return []any{l.Name, api.Deref(l.Spec.HolderIdentity, ""), Age(l.CreationTimestamp.Time, now)}
}, NameColumn, text("Holder", "Who holds the lease."), ageColumn)

// Endpoints are the columns of Endpoints.
var Endpoints = columns(func(e *api.Endpoints, now time.Time) []any {
	return []any{e.Name, endpointsText(e), Age(e.CreationTimestamp.Time, now)}
}, NameColumn, text("Endpoints", "Addresses that are ready, the first three."), ageColumn)

// endpointsText lists the first three ready addresses with their ports and counts the others.
func endpointsText(e *api.Endpoints) string {
	if len(e.Subsets) == 0 {
		return "<none>"
	}
	const shown = 3
	var list []string
	for i := range e.Subsets {
		subset := &e.Subsets[i]
		if len(subset.Ports) == 0 { // a headless service may have none
			for _, a := range subset.Addresses {
				list = append(list, a.IP)
			}
		}
		for _, port := range subset.Ports {
			for _, a := range subset.Addresses {
				list = append(list, net.JoinHostPort(a.IP, strconv.Itoa(int(port.Port))))
			}
		}
	}
	if len(list) <= shown {
		return strings.Join(list, ",")
	}
	return fmt.Sprintf("%s + %d more...", strings.Join(list[:shown], ","), len(list)-shown)
}

// Service are the columns of Service.
var Service = columns(func(s *api.Service, now time.Time) []any {
	ip := "<none>"
	if len(s.Spec.ClusterIPs) > 0 {
		ip = s.Spec.ClusterIPs[0]
	}
	return []any{
		s.Name, string(s.Spec.Type), ip, externalIPText(s), orNone(servicePortsText(s.Spec.Ports)),
		Age(s.CreationTimestamp.Time, now), labelsText(s.Spec.Selector),
	}
},
	NameColumn,
	text("Type", "How the service is reached."),
	text("Cluster-IP", "Virtual address inside the cluster."),
	text("External-IP", "Addresses from outside the cluster."),
	text("Port(s)", "Ports, with the node's port where there is one."),
	ageColumn, selectorColumn,
)

func externalIPText(s *api.Service) string {
	ips := strings.Join(s.Spec.ExternalIPs, ",")
	switch s.Spec.Type {
	case api.ServiceTypeClusterIP, api.ServiceTypeNodePort:
		return orNone(ips)
	case api.ServiceTypeLoadBalancer:
		var list []string
		for _, ingress := range s.Status.LoadBalancer.Ingress {
			if address := cmp.Or(ingress.IP, ingress.Hostname); address != "" && !slices.Contains(list, address) {
				list = append(list, address)
			}
		}
		slices.Sort(list)
		return cmp.Or(strings.Join(append(list, s.Spec.ExternalIPs...), ","), "<pending>")
	case api.ServiceTypeExternalName:
		return s.Spec.ExternalName
	}
	return "<unknown>"
}

// servicePortsText is "80/TCP", or "80:30080/TCP" where every node listens too.
func servicePortsText(ports []api.ServicePort) string {
	list := make([]string, len(ports))
	for i, p := range ports {
		list[i] = fmt.Sprintf("%d/%s", p.Port, p.Protocol)
		if p.NodePort > 0 {
			list[i] = fmt.Sprintf("%d:%d/%s", p.Port, p.NodePort, p.Protocol)
		}
	}
	return strings.Join(list, ",")
}

// Node are the columns of Node.
var Node = columns(func(n *api.Node, now time.Time) []any {
	info := &n.Status.NodeInfo
	kernel := cmp.Or(info.KernelVersion, "<unknown>")
	if info.Architecture != "" {
		kernel += " (" + info.Architecture + ")"
	}
	return []any{
		n.Name, nodeStatusText(n), orNone(nodeRolesText(n)), Age(n.CreationTimestamp.Time, now), info.KubeletVersion,
		nodeAddressText(n, api.NodeInternalIP), nodeAddressText(n, api.NodeExternalIP),
		cmp.Or(info.OSImage, "<unknown>"), kernel, cmp.Or(info.ContainerRuntimeVersion, "<unknown>"),
	}
},
	NameColumn,
	text("Status", "Whether pods can run, and whether new ones may come."),
	text("Roles", "From the labels node-role.kubernetes.io/ROLE."),
	ageColumn,
	text("Version", "Version of the node's kubelet."),
	wide("Internal-IP", "Address inside the cluster."),
	wide("External-IP", "Address from outside the cluster."),
	wide("OS-Image", "Operating system of the node."),
	wide("Kernel-Version", "Kernel and architecture of the node."),
	wide("Container-Runtime", "Runtime that the kubelet starts containers with."),
)

func nodeStatusText(n *api.Node) string {
	status := "Unknown"
	for _, c := range n.Status.Conditions {
		if c.Type == api.NodeReady {
			status = "NotReady"
			if c.Status == api.ConditionTrue {
				status = "Ready"
			}
		}
	}
	if n.Spec.Unschedulable {
		status += ",SchedulingDisabled"
	}
	return status
}

func nodeRolesText(n *api.Node) string {
	var roles []string
	for key, value := range n.Labels {
		role, isRole := strings.CutPrefix(key, "node-role.kubernetes.io/")
		if key == "kubernetes.io/role" {
			role, isRole = value, true
		}
		if isRole && role != "" && !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return strings.Join(roles, ",")
}

func nodeAddressText(n *api.Node, addressType api.NodeAddressType) string {
	for _, a := range n.Status.Addresses {
		if a.Type == addressType {
			return a.Address
		}
	}
	return "<none>"
}

// ComponentStatus are the columns of ComponentStatus.
var ComponentStatus = columns(func(c *api.ComponentStatus, _ time.Time) []any {
	for _, condition := range c.Conditions {
		switch {
		case condition.Type != api.ComponentHealthy:
		case condition.Status == api.ConditionTrue:
			return []any{c.Name, "Healthy", condition.Message, condition.Error}
		default:
			return []any{c.Name, "Unhealthy", condition.Message, condition.Error}
		}
	}
	return []any{c.Name, "Unknown", "", ""}
}, NameColumn, text("Status", "Healthy, Unhealthy or Unknown."), text("Message", "What the component said, or what is wrong."), text("Error", "Why it could not be asked."))
