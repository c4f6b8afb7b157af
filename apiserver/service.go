package apiserver

import (
	"slices"

	"kubelite/api"
)

// A Service is several kinds in one: its type says which fields mean something, and some fields exist twice (clusterIP
// and clusterIPs). Clients send back what they know, so the server works out what they meant before it validates.

// clusterIPNone as clusterIP makes a Service headless: it has no address of its own.
const clusterIPNone = "None"

// prepareService wipes what only the cluster may set.
func prepareService(obj api.Object) { obj.(*api.Service).Status = api.ServiceStatus{} }

// prepareServiceUpdate keeps the status and clears what the new type has no use for.
func prepareServiceUpdate(obj, old api.Object) {
	to, from := obj.(*api.Service), old.(*api.Service)
	to.Status = from.Status
	dropUnused(to, from)
}

// normalizeService brings fields that say the same in step, before anything is allocated. from is nil on create.
func normalizeService(to, from *api.Service) {
	if from != nil {
		keepAllocated(to, from)
		syncClusterIPs(to, from)
	} else if to.Spec.ClusterIP != "" && len(to.Spec.ClusterIPs) == 0 {
		to.Spec.ClusterIPs = []string{to.Spec.ClusterIP} // an old client, which knows only the one
	}
}

// keepAllocated keeps addresses and ports that a client did not send: it may never have seen them.
func keepAllocated(to, from *api.Service) {
	if hasClusterIP(from) && hasClusterIP(to) {
		if to.Spec.ClusterIP == "" {
			to.Spec.ClusterIP = from.Spec.ClusterIP
		}
		if len(to.Spec.ClusterIPs) == 0 {
			to.Spec.ClusterIPs = slices.Clone(from.Spec.ClusterIPs)
		}
	}
	if hasNodePorts(from) && hasNodePorts(to) {
		named := map[string]int32{}
		for _, p := range from.Spec.Ports {
			named[p.Name] = p.NodePort
		}
		sent := nodePortsOf(to)
		for i := range to.Spec.Ports {
			p := &to.Spec.Ports[i]
			if before := named[p.Name]; p.NodePort == 0 && !slices.Contains(sent, before) {
				p.NodePort = before
			}
		}
	}
	if hasHealthCheckPort(from) && hasHealthCheckPort(to) && to.Spec.HealthCheckNodePort == 0 {
		to.Spec.HealthCheckNodePort = from.Spec.HealthCheckNodePort
	}
}

// syncClusterIPs follows clusterIP with clusterIPs when the client changed only the former.
func syncClusterIPs(to, from *api.Service) {
	if to.Spec.ClusterIP == from.Spec.ClusterIP || !slices.Equal(to.Spec.ClusterIPs, from.Spec.ClusterIPs) {
		return
	}
	to.Spec.ClusterIPs = nil
	if to.Spec.ClusterIP != "" {
		to.Spec.ClusterIPs = []string{to.Spec.ClusterIP}
	}
}

// dropUnused clears fields that the new type does not have, unless the client changed them too: that is a mistake,
// which validation tells it.
func dropUnused(to, from *api.Service) {
	if hasClusterIP(from) && !hasClusterIP(to) {
		if to.Spec.ClusterIP == from.Spec.ClusterIP && slices.Equal(to.Spec.ClusterIPs, from.Spec.ClusterIPs) {
			to.Spec.ClusterIP, to.Spec.ClusterIPs = "", nil
		}
		if slices.Equal(to.Spec.IPFamilies, from.Spec.IPFamilies) {
			to.Spec.IPFamilies = nil
		}
		if api.Equal(to.Spec.IPFamilyPolicy, from.Spec.IPFamilyPolicy) {
			to.Spec.IPFamilyPolicy = nil
		}
	}
	if hasNodePorts(from) && !hasNodePorts(to) && subset(nodePortsOf(to), nodePortsOf(from)) {
		for i := range to.Spec.Ports {
			to.Spec.Ports[i].NodePort = 0
		}
	}
	if hasHealthCheckPort(from) && !hasHealthCheckPort(to) && to.Spec.HealthCheckNodePort == from.Spec.HealthCheckNodePort {
		to.Spec.HealthCheckNodePort = 0
	}
	if from.Spec.Type == api.ServiceTypeLoadBalancer && to.Spec.Type != api.ServiceTypeLoadBalancer {
		if api.Equal(to.Spec.AllocateLoadBalancerNodePorts, from.Spec.AllocateLoadBalancerNodePorts) {
			to.Spec.AllocateLoadBalancerNodePorts = nil
		}
		if api.Equal(to.Spec.LoadBalancerClass, from.Spec.LoadBalancerClass) {
			to.Spec.LoadBalancerClass = nil
		}
	}
	if externallyReachable(from) && !externallyReachable(to) && to.Spec.ExternalTrafficPolicy == from.Spec.ExternalTrafficPolicy {
		to.Spec.ExternalTrafficPolicy = ""
	}
	if to.Spec.Type != api.ServiceTypeLoadBalancer {
		to.Status.LoadBalancer = api.LoadBalancerStatus{}
	}
}

func hasClusterIP(svc *api.Service) bool { return svc.Spec.Type != api.ServiceTypeExternalName }

func hasNodePorts(svc *api.Service) bool {
	return svc.Spec.Type == api.ServiceTypeNodePort || svc.Spec.Type == api.ServiceTypeLoadBalancer
}

func hasHealthCheckPort(svc *api.Service) bool {
	return svc.Spec.Type == api.ServiceTypeLoadBalancer && svc.Spec.ExternalTrafficPolicy == api.ServiceExternalTrafficPolicyLocal
}

func externallyReachable(svc *api.Service) bool {
	return hasNodePorts(svc) || svc.Spec.Type == api.ServiceTypeClusterIP && len(svc.Spec.ExternalIPs) > 0
}

func nodePortsOf(svc *api.Service) []int32 {
	var ports []int32
	for _, p := range svc.Spec.Ports {
		if p.NodePort != 0 {
			ports = append(ports, p.NodePort)
		}
	}
	return ports
}

func subset(part, whole []int32) bool {
	return !slices.ContainsFunc(part, func(p int32) bool { return !slices.Contains(whole, p) })
}
