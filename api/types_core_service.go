package api

// Service is a lasting name and address for a changing set of pods.
type Service struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted.
	Spec ServiceSpec `json:"spec,omitempty" pb:"2"`
	// What is.
	Status ServiceStatus `json:"status,omitempty" pb:"3"`
}

// ServiceSpec is what a service should be like.
type ServiceSpec struct {
	// Its ports.
	Ports []ServicePort `json:"ports,omitempty" pb:"1" patch:"merge" mergeKey:"port" list:"map" mapKeys:"port,protocol"`
	// Labels of the pods behind it. Without one, somebody else keeps its endpoints.
	Selector map[string]string `json:"selector,omitempty" pb:"2" list:"atomic"`
	// Its address inside the cluster. None: no address, names lead to the pods. Default: one is picked.
	ClusterIP string `json:"clusterIP,omitempty" pb:"3"`
	// Its addresses, clusterIP first.
	ClusterIPs []string `json:"clusterIPs,omitempty" pb:"18" list:"atomic"`
	// ClusterIP, NodePort, LoadBalancer or ExternalName. Default: ClusterIP.
	Type ServiceType `json:"type,omitempty" pb:"4"`
	// Further addresses at which nodes accept connections for it. Whoever administers the cluster routes them there.
	ExternalIPs []string `json:"externalIPs,omitempty" pb:"5" list:"atomic"`
	// None or ClientIP. Default: None.
	SessionAffinity ServiceAffinity `json:"sessionAffinity,omitempty" pb:"7"`
	// The address that its load balancer should get. Deprecated.
	LoadBalancerIP string `json:"loadBalancerIP,omitempty" pb:"8"`
	// Which client addresses its load balancer lets in. Default: all.
	LoadBalancerSourceRanges []string `json:"loadBalancerSourceRanges,omitempty" pb:"9" list:"atomic"`
	// For ExternalName, the name that it stands for.
	ExternalName string `json:"externalName,omitempty" pb:"10"`
	// Cluster spreads over all pods, Local stays on the node and keeps the client's address. Default: Cluster.
	ExternalTrafficPolicy ServiceExternalTrafficPolicy `json:"externalTrafficPolicy,omitempty" pb:"11"`
	// Port by which a load balancer asks which nodes have pods; for Local only.
	HealthCheckNodePort int32 `json:"healthCheckNodePort,omitempty" pb:"12"`
	// Whether pods count before they are ready. Default: false.
	PublishNotReadyAddresses bool `json:"publishNotReadyAddresses,omitempty" pb:"13"`
	// How long affinity lasts.
	SessionAffinityConfig *SessionAffinityConfig `json:"sessionAffinityConfig,omitempty" pb:"14"`
	// Its address families.
	IPFamilies []IPFamily `json:"ipFamilies,omitempty" pb:"19" list:"atomic"`
	// SingleStack, PreferDualStack or RequireDualStack. Default: SingleStack.
	IPFamilyPolicy *IPFamilyPolicy `json:"ipFamilyPolicy,omitempty" pb:"17"`
	// Whether a load balancer needs node ports. Default: true.
	AllocateLoadBalancerNodePorts *bool `json:"allocateLoadBalancerNodePorts,omitempty" pb:"20"`
	// Which load balancer implementation serves it. Default: the cluster's.
	LoadBalancerClass *string `json:"loadBalancerClass,omitempty" pb:"21"`
	// Cluster spreads over all pods, Local stays on the node. Default: Cluster.
	InternalTrafficPolicy *ServiceInternalTrafficPolicy `json:"internalTrafficPolicy,omitempty" pb:"22"`
	// Which pods to prefer: PreferSameZone or PreferSameNode. Default: all alike.
	TrafficDistribution *string `json:"trafficDistribution,omitempty" pb:"23"`
}

// ServiceStatus is the state of a service.
type ServiceStatus struct {
	// Of its load balancer.
	LoadBalancer LoadBalancerStatus `json:"loadBalancer,omitempty" pb:"1"`
	// Aspects of its state.
	Conditions []Condition `json:"conditions,omitempty" pb:"2" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// ServiceAffinity says whether a client is always led to the same pod.
type ServiceAffinity string

const (
	ServiceAffinityClientIP ServiceAffinity = "ClientIP"
	ServiceAffinityNone     ServiceAffinity = "None"
)

// SessionAffinityConfig says how long a client is led to the same pod.
type SessionAffinityConfig struct {
	// For clients that are told apart by address.
	ClientIP *ClientIPConfig `json:"clientIP,omitempty" pb:"1"`
}

// ClientIPConfig bounds affinity by client address.
type ClientIPConfig struct {
	// How long after its last connection, 1 to 86400 seconds. Default: 10800.
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty" pb:"1"`
}

// ServiceType says from where a service can be reached.
type ServiceType string

const (
	ServiceTypeClusterIP    ServiceType = "ClusterIP"
	ServiceTypeNodePort     ServiceType = "NodePort"
	ServiceTypeLoadBalancer ServiceType = "LoadBalancer"
	ServiceTypeExternalName ServiceType = "ExternalName"
)

// ServiceInternalTrafficPolicy says which pods get connections from within the cluster.
type ServiceInternalTrafficPolicy string

const (
	ServiceInternalTrafficPolicyCluster ServiceInternalTrafficPolicy = "Cluster"
	ServiceInternalTrafficPolicyLocal   ServiceInternalTrafficPolicy = "Local"
)

// Which pods a service prefers to lead its clients to.
const (
	ServiceTrafficDistributionPreferClose    = "PreferClose" // the old name of PreferSameZone
	ServiceTrafficDistributionPreferSameZone = "PreferSameZone"
	ServiceTrafficDistributionPreferSameNode = "PreferSameNode"
)

// ServiceExternalTrafficPolicy says which pods get connections from outside.
type ServiceExternalTrafficPolicy string

const (
	ServiceExternalTrafficPolicyCluster ServiceExternalTrafficPolicy = "Cluster"
	ServiceExternalTrafficPolicyLocal   ServiceExternalTrafficPolicy = "Local"
)

// LoadBalancerStatus is where a load balancer can be reached.
type LoadBalancerStatus struct {
	// Its addresses.
	Ingress []LoadBalancerIngress `json:"ingress,omitempty" pb:"1" list:"atomic"`
}

// LoadBalancerIngress is one address of a load balancer.
type LoadBalancerIngress struct {
	// As an address.
	IP string `json:"ip,omitempty" pb:"1"`
	// As a name.
	Hostname string `json:"hostname,omitempty" pb:"2"`
	// Whether connections arrive for that address (VIP) or for a node's (Proxy).
	IPMode *LoadBalancerIPMode `json:"ipMode,omitempty" pb:"3"`
	// The state of its ports.
	Ports []PortStatus `json:"ports,omitempty" pb:"4" list:"atomic"`
}

// IPFamily is IPv4 or IPv6.
type IPFamily string

const (
	IPv4Protocol    IPFamily = "IPv4"
	IPv6Protocol    IPFamily = "IPv6"
	IPFamilyUnknown IPFamily = ""
)

// IPFamilyPolicy says whether a service has addresses of one family or two.
type IPFamilyPolicy string

const (
	IPFamilyPolicySingleStack      IPFamilyPolicy = "SingleStack"
	IPFamilyPolicyPreferDualStack  IPFamilyPolicy = "PreferDualStack"
	IPFamilyPolicyRequireDualStack IPFamilyPolicy = "RequireDualStack"
)

// ServicePort is a port of a service.
type ServicePort struct {
	// Its name; needed when there are several.
	Name string `json:"name,omitempty" pb:"1"`
	// TCP, UDP or SCTP. Default: TCP.
	Protocol Protocol `json:"protocol,omitempty" pb:"2"`
	// What is spoken on it, as a hint.
	AppProtocol *string `json:"appProtocol,omitempty" pb:"6"`
	// The port.
	Port int32 `json:"port" pb:"3"`
	// Port of the pods, as number or name. Default: the same as port.
	TargetPort IntOrString `json:"targetPort,omitempty" pb:"4"`
	// Port of every node, for NodePort and LoadBalancer. Default: one is picked.
	NodePort int32 `json:"nodePort,omitempty" pb:"5"`
}

// Endpoints lists the addresses behind a service. Deprecated: EndpointSlices do so for any number of them.
type Endpoints struct {
	TypeMeta `json:",inline"`
	// Standard object metadata. It has the service's name.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Groups of addresses with the same ports.
	Subsets []EndpointSubset `json:"subsets,omitempty" pb:"2" list:"atomic"`
}

// EndpointSubset is every address with every port.
type EndpointSubset struct {
	// Addresses that are ready.
	Addresses []EndpointAddress `json:"addresses,omitempty" pb:"1" list:"atomic"`
	// Addresses that are not ready.
	NotReadyAddresses []EndpointAddress `json:"notReadyAddresses,omitempty" pb:"2" list:"atomic"`
	// The ports.
	Ports []EndpointPort `json:"ports,omitempty" pb:"3" list:"atomic"`
}

// EndpointAddress is one address behind a service.
type EndpointAddress struct {
	// The address. Loopback and link-local ones are not allowed.
	IP string `json:"ip" pb:"1"`
	// Its host name.
	Hostname string `json:"hostname,omitempty" pb:"3"`
	// The node that it is on.
	NodeName *string `json:"nodeName,omitempty" pb:"4"`
	// The object that it belongs to, mostly a pod.
	TargetRef *ObjectReference `json:"targetRef,omitempty" pb:"2"`
}

// EndpointPort is one port behind a service.
type EndpointPort struct {
	// Name of the service's port.
	Name string `json:"name,omitempty" pb:"1"`
	// The port.
	Port int32 `json:"port" pb:"2"`
	// TCP, UDP or SCTP. Default: TCP.
	Protocol Protocol `json:"protocol,omitempty" pb:"3"`
	// What is spoken on it, as a hint.
	AppProtocol *string `json:"appProtocol,omitempty" pb:"4"`
}

// PortStatus is the state of a load balancer's port.
type PortStatus struct {
	// The port.
	Port int32 `json:"port" pb:"1"`
	// TCP, UDP or SCTP.
	Protocol Protocol `json:"protocol" pb:"2"`
	// What is wrong with it, in one word.
	Error *string `json:"error,omitempty" pb:"3"`
}

// LoadBalancerIPMode says how connections arrive from a load balancer.
type LoadBalancerIPMode string

const (
	LoadBalancerIPModeVIP   LoadBalancerIPMode = "VIP"
	LoadBalancerIPModeProxy LoadBalancerIPMode = "Proxy"
)
