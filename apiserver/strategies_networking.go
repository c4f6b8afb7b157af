package apiserver

import (
	"fmt"
	"net/netip"

	"kubelite/api"
)

// What is particular to the kinds of the networking and discovery groups.

var endpointSliceStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) { dropTopology(obj.(*api.EndpointSlice), nil) },
	PrepareForUpdate: func(obj, old api.Object) { dropTopology(obj.(*api.EndpointSlice), old.(*api.EndpointSlice)) },
	// Labels count because they say whose slice it is.
	Generation: func(obj api.Object) any {
		slice := obj.(*api.EndpointSlice)
		return []any{slice.AddressType, slice.Endpoints, slice.Ports, slice.Labels}
	},
	Warnings: func(obj, old api.Object) (warnings []string) {
		slice := obj.(*api.EndpointSlice)
		if old == nil && slice.AddressType == api.AddressTypeFQDN {
			warnings = append(warnings, "spec.addressType: FQDN endpoints are deprecated")
		}
		for i := range slice.Endpoints {
			for j, address := range slice.Endpoints[i].Addresses {
				warnings = append(warnings, warnAddress(fmt.Sprintf("endpoints[%d].addresses[%d]", i, j), address)...)
			}
		}
		return warnings
	},
}

// dropTopology drops what this version of the API cannot write, unless the endpoints stay as they are.
func dropTopology(slice, old *api.EndpointSlice) {
	if old != nil && api.Equal(slice.Endpoints, old.Endpoints) {
		return
	}
	for i := range slice.Endpoints {
		slice.Endpoints[i].DeprecatedTopology = nil
	}
}

// warnAddress is about IPv6 addresses that are written in an unusual form: programs that compare them as text would
// not find them.
func warnAddress(path, address string) []string {
	if ip, err := netip.ParseAddr(address); err == nil && ip.Is6() && ip.String() != address {
		return []string{fmt.Sprintf("%s: IPv6 address %q should be in RFC 5952 canonical format (%q)", path, address, ip)}
	}
	return nil
}

func warnCIDR(path, cidr string) []string {
	if prefix, err := netip.ParsePrefix(cidr); err == nil && prefix.Addr().Is6() && prefix.String() != cidr {
		return []string{fmt.Sprintf("%s: IPv6 CIDR value %q should be in RFC 5952 canonical format (%q)", path, cidr, prefix)}
	}
	return nil
}

var networkPolicyStrategy = Strategy{
	Generation: func(obj api.Object) any { return obj.(*api.NetworkPolicy).Spec },
	Warnings: func(obj, _ api.Object) (warnings []string) {
		peers := func(path string, peers []api.NetworkPolicyPeer) {
			for i := range peers {
				block := peers[i].IPBlock
				if block == nil {
					continue
				}
				at := fmt.Sprintf("%s[%d].ipBlock", path, i)
				warnings = append(warnings, warnCIDR(at+".cidr", block.CIDR)...)
				for j, except := range block.Except {
					warnings = append(warnings, warnCIDR(fmt.Sprintf("%s.except[%d]", at, j), except)...)
				}
			}
		}
		spec := &obj.(*api.NetworkPolicy).Spec
		for i := range spec.Ingress {
			peers(fmt.Sprintf("spec.ingress[%d].from", i), spec.Ingress[i].From)
		}
		for i := range spec.Egress {
			peers(fmt.Sprintf("spec.egress[%d].to", i), spec.Egress[i].To)
		}
		return warnings
	},
}

var ingressStrategy = Strategy{
	PrepareForCreate:       func(obj api.Object) { obj.(*api.Ingress).Status = api.IngressStatus{} },
	PrepareForUpdate:       func(obj, old api.Object) { obj.(*api.Ingress).Status = old.(*api.Ingress).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) { obj.(*api.Ingress).Spec = old.(*api.Ingress).Spec },
	Generation:             func(obj api.Object) any { return obj.(*api.Ingress).Spec },
	Warnings: func(obj, old api.Object) []string {
		ingress := obj.(*api.Ingress)
		if _, annotated := ingress.Annotations[api.AnnotationIngressClass]; old == nil && annotated && ingress.Spec.IngressClassName == nil {
			return []string{fmt.Sprintf("annotation %q is deprecated, please use 'spec.ingressClassName' instead", api.AnnotationIngressClass)}
		}
		return nil
	},
}

var ingressClassStrategy = Strategy{Generation: func(obj api.Object) any { return obj.(*api.IngressClass).Spec }}

var serviceCIDRStrategy = Strategy{
	Resets:           statusResetsMetadata,
	PrepareForCreate: func(obj api.Object) { obj.(*api.ServiceCIDR).Status = api.ServiceCIDRStatus{} },
	PrepareForUpdate: func(obj, old api.Object) { obj.(*api.ServiceCIDR).Status = old.(*api.ServiceCIDR).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) {
		cidr, before := obj.(*api.ServiceCIDR), old.(*api.ServiceCIDR)
		cidr.Spec = before.Spec
		meta, was := &cidr.ObjectMeta, &before.ObjectMeta
		meta.DeletionTimestamp, meta.DeletionGracePeriodSeconds = was.DeletionTimestamp, was.DeletionGracePeriodSeconds
		meta.Labels, meta.Annotations, meta.OwnerReferences, meta.Finalizers = was.Labels, was.Annotations, was.OwnerReferences, was.Finalizers
	},
}
