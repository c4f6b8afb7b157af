package api

// Defaults of the core group's kinds, except pods, and of Leases.

const defaultAffinitySeconds = 3 * 60 * 60 // how long a client keeps its endpoint

// LabelMetadataName is on every namespace, with its name: selectors can find a namespace by name through it.
const LabelMetadataName = "kubernetes.io/metadata.name"

func defaultService(obj Object) {
	svc := obj.(*Service)
	spec := &svc.Spec
	if spec.SessionAffinity == "" {
		spec.SessionAffinity = ServiceAffinityNone
	}
	switch spec.SessionAffinity {
	case ServiceAffinityNone:
		spec.SessionAffinityConfig = nil
	case ServiceAffinityClientIP:
		config := spec.SessionAffinityConfig
		if config == nil || config.ClientIP == nil || config.ClientIP.TimeoutSeconds == nil {
			spec.SessionAffinityConfig = &SessionAffinityConfig{ClientIP: &ClientIPConfig{TimeoutSeconds: Ptr[int32](defaultAffinitySeconds)}}
		}
	}
	if spec.Type == "" {
		spec.Type = ServiceTypeClusterIP
	}
	for i := range spec.Ports {
		port := &spec.Ports[i]
		if port.Protocol == "" {
			port.Protocol = ProtocolTCP
		}
		if port.TargetPort == FromInt(0) || port.TargetPort == FromString("") {
			port.TargetPort = FromInt(int(port.Port))
		}
	}
	if spec.ExternalTrafficPolicy == "" && isExternallyAccessible(spec) {
		spec.ExternalTrafficPolicy = ServiceExternalTrafficPolicyCluster
	}
	switch spec.Type {
	case ServiceTypeClusterIP, ServiceTypeNodePort, ServiceTypeLoadBalancer:
		if spec.InternalTrafficPolicy == nil {
			spec.InternalTrafficPolicy = Ptr(ServiceInternalTrafficPolicyCluster)
		}
	}
	if spec.Type == ServiceTypeLoadBalancer {
		if spec.AllocateLoadBalancerNodePorts == nil {
			spec.AllocateLoadBalancerNodePorts = Ptr(true)
		}
		for i := range svc.Status.LoadBalancer.Ingress {
			if ingress := &svc.Status.LoadBalancer.Ingress[i]; ingress.IP != "" && ingress.IPMode == nil {
				ingress.IPMode = Ptr(LoadBalancerIPModeVIP)
			}
		}
	}
}

// defaultSecret also moves stringData, which exists only on the way in, to data.
func defaultSecret(obj Object) {
	secret := obj.(*Secret)
	if secret.Type == "" {
		secret.Type = SecretTypeOpaque
	}
	if len(secret.StringData) > 0 && secret.Data == nil {
		secret.Data = make(map[string][]byte, len(secret.StringData))
	}
	for key, value := range secret.StringData {
		secret.Data[key] = []byte(value)
	}
	secret.StringData = nil
}

// defaultNamespace leaves a namespace without a name (it will be generated) without the label. The API server writes
// the finalizer of new namespaces, which is no default: a user cannot choose to be without.
func defaultNamespace(obj Object) {
	ns := obj.(*Namespace)
	if ns.Name != "" {
		if ns.Labels == nil {
			ns.Labels = map[string]string{}
		}
		ns.Labels[LabelMetadataName] = ns.Name
	}
	if ns.Status.Phase == "" {
		ns.Status.Phase = NamespaceActive
	}
}

func defaultNode(obj Object) {
	node := obj.(*Node)
	roundResources(node.Status.Capacity)
	roundResources(node.Status.Allocatable)
	if node.Status.Allocatable == nil && node.Status.Capacity != nil {
		node.Status.Allocatable = make(ResourceList, len(node.Status.Capacity))
		addResources(node.Status.Allocatable, node.Status.Capacity)
	}
	// The two fields for the node's pod addresses say the same; the old one wins.
	if cidr := node.Spec.PodCIDR; cidr != "" && (len(node.Spec.PodCIDRs) == 0 || node.Spec.PodCIDRs[0] != cidr) {
		node.Spec.PodCIDRs = []string{cidr}
	}
	if node.Spec.PodCIDR == "" && len(node.Spec.PodCIDRs) > 0 {
		node.Spec.PodCIDR = node.Spec.PodCIDRs[0]
	}
}

func defaultEndpoints(obj Object) {
	subsets := obj.(*Endpoints).Subsets
	for i := range subsets {
		for j := range subsets[i].Ports {
			if port := &subsets[i].Ports[j]; port.Protocol == "" {
				port.Protocol = ProtocolTCP
			}
		}
	}
}

// defaultLease drops the fields of coordinated leader election, which upstream has off by default.
func defaultLease(obj Object) {
	spec := &obj.(*Lease).Spec
	spec.Strategy, spec.PreferredHolder = nil, nil
}
