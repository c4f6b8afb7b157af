package apiserver

import (
	"fmt"

	"kubelite/api"
)

// warnService is about fields of a Service that its type makes meaningless, or that are on their way out. Upstream:
// pkg/api/service/warnings.go.
func warnService(obj, _ api.Object) (warnings []string) {
	service := obj.(*api.Service)
	spec := &service.Spec
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	addresses := func(path api.Path, list ...string) {
		for i, address := range list {
			warnings = append(warnings, warnAddress(string(path.Index(i)), address)...)
		}
	}
	headless := spec.Type == api.ServiceTypeClusterIP && spec.ClusterIP == clusterIPNone
	if _, ok := service.Annotations[api.AnnotationTopologyAwareHints]; ok {
		warn("annotation " + api.AnnotationTopologyAwareHints + " is deprecated, please use " + api.AnnotationTopologyMode + " instead")
	}
	if spec.ClusterIP != "" && spec.ClusterIP != clusterIPNone {
		addresses("spec.clusterIPs", spec.ClusterIPs...)
	}
	if headless {
		if spec.LoadBalancerIP != "" {
			warn("spec.loadBalancerIP is ignored for headless services")
		}
		if len(spec.ExternalIPs) > 0 {
			warn("spec.externalIPs is ignored for headless services")
		}
		if spec.SessionAffinity != api.ServiceAffinityNone {
			warn("spec.SessionAffinity is ignored for headless services")
		}
	}
	addresses("spec.externalIPs", spec.ExternalIPs...)
	if len(spec.ExternalIPs) > 0 && !headless && spec.Type != api.ServiceTypeExternalName {
		warn("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
	}
	if spec.LoadBalancerIP != "" {
		warnings = append(warnings, warnAddress("spec.loadBalancerIP", spec.LoadBalancerIP)...)
	}
	for i, cidr := range spec.LoadBalancerSourceRanges {
		warnings = append(warnings, warnCIDR(string(api.Path("spec.loadBalancerSourceRanges").Index(i)), cidr)...)
	}
	if spec.Type == api.ServiceTypeExternalName && len(spec.ExternalIPs) > 0 {
		warn("spec.externalIPs is ignored when spec.type is %q", spec.Type)
	}
	if spec.Type != api.ServiceTypeExternalName && spec.ExternalName != "" {
		warn("spec.externalName is ignored when spec.type is not %q", api.ServiceTypeExternalName)
	}
	if api.Deref(spec.TrafficDistribution, "") == "PreferClose" {
		warn("spec.trafficDistribution: %q is deprecated; use %q", "PreferClose", "PreferSameZone")
	}
	return warnings
}
