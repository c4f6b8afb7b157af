package api

// Defaults of the networking and discovery groups.

func defaultNetworkPolicy(obj Object) {
	spec := &obj.(*NetworkPolicy).Spec
	for i := range spec.Ingress {
		defaultPolicyPorts(spec.Ingress[i].Ports)
	}
	for i := range spec.Egress {
		defaultPolicyPorts(spec.Egress[i].Ports)
	}
	if len(spec.PolicyTypes) == 0 {
		spec.PolicyTypes = []PolicyType{PolicyTypeIngress}
		if len(spec.Egress) > 0 {
			spec.PolicyTypes = append(spec.PolicyTypes, PolicyTypeEgress)
		}
	}
}

func defaultPolicyPorts(ports []NetworkPolicyPort) {
	for i := range ports {
		if ports[i].Protocol == nil {
			ports[i].Protocol = Ptr(ProtocolTCP)
		}
	}
}

func defaultIngressClass(obj Object) {
	if parameters := obj.(*IngressClass).Spec.Parameters; parameters != nil && parameters.Scope == nil {
		parameters.Scope = Ptr(IngressClassParametersReferenceScopeCluster)
	}
}

func defaultEndpointSlice(obj Object) {
	ports := obj.(*EndpointSlice).Ports
	for i := range ports {
		if ports[i].Name == nil {
			ports[i].Name = Ptr("")
		}
		if ports[i].Protocol == nil {
			ports[i].Protocol = Ptr(ProtocolTCP)
		}
	}
}
