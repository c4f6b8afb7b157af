package api

// NetworkPolicy says which connections pods may have. Pods that no policy selects may have any.
type NetworkPolicy struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is allowed.
	Spec NetworkPolicySpec `json:"spec,omitempty" pb:"2"`
}

// NetworkPolicySpec is what a policy allows. Policies add up: what any of them allows is allowed.
type NetworkPolicySpec struct {
	// The pods that it is about, in its namespace. Empty: all of them.
	PodSelector LabelSelector `json:"podSelector" pb:"1" api:"optional"`
	// Which connections the pods may receive. None: none.
	Ingress []NetworkPolicyIngressRule `json:"ingress,omitempty" pb:"2" list:"atomic"`
	// Which connections the pods may open. None: none, if policyTypes has Egress.
	Egress []NetworkPolicyEgressRule `json:"egress,omitempty" pb:"3" list:"atomic"`
	// What it is about: Ingress, Egress or both. Default: Ingress, and Egress if there are egress rules.
	PolicyTypes []PolicyType `json:"policyTypes,omitempty" pb:"4" list:"atomic"`
}

// PolicyType is a direction of connections.
type PolicyType string

const (
	PolicyTypeIngress PolicyType = "Ingress"
	PolicyTypeEgress  PolicyType = "Egress"
)

// NetworkPolicyIngressRule allows connections from certain peers to certain ports.
type NetworkPolicyIngressRule struct {
	// The ports. None: all of them.
	Ports []NetworkPolicyPort `json:"ports,omitempty" pb:"1" list:"atomic"`
	// The peers. None: everybody.
	From []NetworkPolicyPeer `json:"from,omitempty" pb:"2" list:"atomic"`
}

// NetworkPolicyEgressRule allows connections to certain ports of certain peers.
type NetworkPolicyEgressRule struct {
	// The ports. None: all of them.
	Ports []NetworkPolicyPort `json:"ports,omitempty" pb:"1" list:"atomic"`
	// The peers. None: everybody.
	To []NetworkPolicyPeer `json:"to,omitempty" pb:"2" list:"atomic"`
}

// NetworkPolicyPort is a port, or several.
type NetworkPolicyPort struct {
	// TCP, UDP or SCTP. Default: TCP.
	Protocol *Protocol `json:"protocol,omitempty" pb:"1"`
	// The port, by number or by the name that pods gave it. Default: all.
	Port *IntOrString `json:"port,omitempty" pb:"2"`
	// The last port, where there are several from port on.
	EndPort *int32 `json:"endPort,omitempty" pb:"3"`
}

// NetworkPolicyPeer is the other end of connections: pods, by their labels and those of their namespace, or addresses.
type NetworkPolicyPeer struct {
	// The pods, of the policy's namespace or of those that namespaceSelector selects.
	PodSelector *LabelSelector `json:"podSelector,omitempty" pb:"1"`
	// The namespaces. Empty: all of them.
	NamespaceSelector *LabelSelector `json:"namespaceSelector,omitempty" pb:"2"`
	// The addresses. It stands alone.
	IPBlock *IPBlock `json:"ipBlock,omitempty" pb:"3"`
}

// IPBlock is a block of addresses with holes.
type IPBlock struct {
	// The block: "192.168.1.0/24".
	CIDR string `json:"cidr" pb:"1"`
	// The holes: smaller blocks within it.
	Except []string `json:"except,omitempty" pb:"2" list:"atomic"`
}

// Ingress leads HTTP requests from outside to services, by host and path.
type Ingress struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is wanted. The user writes it.
	Spec IngressSpec `json:"spec,omitempty" pb:"2"`
	// Where it can be reached. The ingress controller writes it.
	Status IngressStatus `json:"status,omitempty" pb:"3"`
}

// IngressSpec is where requests should go.
type IngressSpec struct {
	// The IngressClass, and so the controller, that serves it. Default: the default class.
	IngressClassName *string `json:"ingressClassName,omitempty" pb:"4"`
	// Where requests go that no rule matches.
	DefaultBackend *IngressBackend `json:"defaultBackend,omitempty" pb:"1"`
	// Which hosts speak TLS. Port 443 tells them apart by the name that the client asks for.
	TLS []IngressTLS `json:"tls,omitempty" pb:"2" list:"atomic"`
	// Where requests go, by host.
	Rules []IngressRule `json:"rules,omitempty" pb:"3" list:"atomic"`
}

// IngressTLS is a certificate and the hosts that show it.
type IngressTLS struct {
	// The hosts. They must be among the certificate's names. Default: those of the rules.
	Hosts []string `json:"hosts,omitempty" pb:"1" list:"atomic"`
	// Secret with the certificate and its key. Default: the controller's own.
	SecretName string `json:"secretName,omitempty" pb:"2"`
}

// IngressRule says where requests for one host go.
type IngressRule struct {
	// The host, or "*.example.com" for all hosts one level below. Default: any host.
	Host string `json:"host,omitempty" pb:"1"`
	// Where requests for it go. Default: all to the default backend.
	IngressRuleValue `json:",inline" pb:"2"`
}

// IngressRuleValue says where requests for a host go, by protocol. There is only HTTP.
type IngressRuleValue struct {
	// By path.
	HTTP *HTTPIngressRuleValue `json:"http,omitempty" pb:"1"`
}

// HTTPIngressRuleValue says where requests go, by path.
type HTTPIngressRuleValue struct {
	// The paths. The longest that matches wins.
	Paths []HTTPIngressPath `json:"paths" pb:"1" list:"atomic"`
}

// HTTPIngressPath leads requests for certain paths to a backend.
type HTTPIngressPath struct {
	// The path. It begins with a slash.
	Path string `json:"path,omitempty" pb:"1"`
	// How it is compared: Exact, Prefix (whole elements of the path) or ImplementationSpecific.
	PathType *PathType `json:"pathType" pb:"3"`
	// Where the requests go.
	Backend IngressBackend `json:"backend" pb:"2"`
}

// PathType says how paths are compared.
type PathType string

const (
	PathTypeExact                  PathType = "Exact"
	PathTypePrefix                 PathType = "Prefix"
	PathTypeImplementationSpecific PathType = "ImplementationSpecific"
)

// IngressBackend is where requests go: a service, or an object of a kind that the controller knows.
type IngressBackend struct {
	// The service.
	Service *IngressServiceBackend `json:"service,omitempty" pb:"4"`
	// The object, in the namespace of the Ingress.
	Resource *TypedLocalObjectReference `json:"resource,omitempty" pb:"3"`
}

// IngressServiceBackend is a port of a service.
type IngressServiceBackend struct {
	// The service, in the namespace of the Ingress.
	Name string `json:"name" pb:"1"`
	// Its port.
	Port ServiceBackendPort `json:"port,omitempty" pb:"2"`
}

// ServiceBackendPort is a port of a service, by name or by number.
type ServiceBackendPort struct {
	// Its name.
	Name string `json:"name,omitempty" pb:"1"`
	// Its number.
	Number int32 `json:"number,omitempty" pb:"2"`
}

// IngressStatus is where an Ingress can be reached.
type IngressStatus struct {
	// Its load balancer.
	LoadBalancer IngressLoadBalancerStatus `json:"loadBalancer,omitempty" pb:"1"`
}

// IngressLoadBalancerStatus is the state of a load balancer.
type IngressLoadBalancerStatus struct {
	// Its addresses.
	Ingress []IngressLoadBalancerIngress `json:"ingress,omitempty" pb:"1" list:"atomic"`
}

// IngressLoadBalancerIngress is one address of a load balancer.
type IngressLoadBalancerIngress struct {
	// As an address.
	IP string `json:"ip,omitempty" pb:"1"`
	// As a name.
	Hostname string `json:"hostname,omitempty" pb:"2"`
	// The state of its ports.
	Ports []IngressPortStatus `json:"ports,omitempty" pb:"4" list:"atomic"`
}

// IngressPortStatus is the state of a load balancer's port.
type IngressPortStatus struct {
	// The port.
	Port int32 `json:"port" pb:"1"`
	// TCP, UDP or SCTP.
	Protocol Protocol `json:"protocol" pb:"2"`
	// What is wrong with it, in one word.
	Error *string `json:"error,omitempty" pb:"3"`
}

// IngressClass is a way to serve Ingresses. The one with the annotation ingressclass.kubernetes.io/is-default-class
// serves those that name no class.
type IngressClass struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Who serves, and how.
	Spec IngressClassSpec `json:"spec,omitempty" pb:"2"`
}

// AnnotationDefaultIngressClass is "true" on the class of Ingresses that name none.
const AnnotationDefaultIngressClass = "ingressclass.kubernetes.io/is-default-class"

// IngressClassSpec is who serves the Ingresses of a class.
type IngressClassSpec struct {
	// The controller: "example.com/ingress-controller". It cannot change.
	Controller string `json:"controller,omitempty" pb:"1"`
	// An object with further settings for the controller.
	Parameters *IngressClassParametersReference `json:"parameters,omitempty" pb:"2"`
}

// The scopes of an IngressClass's parameters.
const (
	IngressClassParametersReferenceScopeNamespace = "Namespace"
	IngressClassParametersReferenceScopeCluster   = "Cluster"
)

// IngressClassParametersReference names an object with settings for a controller.
type IngressClassParametersReference struct {
	// Its API group. Default: the core group.
	APIGroup *string `json:"apiGroup,omitempty" pb:"1"`
	// Its kind.
	Kind string `json:"kind" pb:"2"`
	// Its name.
	Name string `json:"name" pb:"3"`
	// Cluster or Namespace. Default: Cluster.
	Scope *string `json:"scope" pb:"4" api:"optional"`
	// Its namespace, if the scope is Namespace.
	Namespace *string `json:"namespace,omitempty" pb:"5"`
}

// IPAddress is an address of the cluster's services that is taken. The API server keeps one for each.
type IPAddress struct {
	TypeMeta `json:",inline"`
	// Standard object metadata. The name is the address.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Who has it.
	Spec IPAddressSpec `json:"spec,omitempty" pb:"2" api:"required"`
}

// Labels of IPAddresses.
const (
	LabelIPAddressFamily    = "ipaddress.kubernetes.io/ip-family"  // IPv4 or IPv6
	LabelIPAddressManagedBy = "ipaddress.kubernetes.io/managed-by" // who keeps the object
)

// IPAddressSpec is who has an address.
type IPAddressSpec struct {
	// The object that has it. It cannot change.
	ParentRef *ParentReference `json:"parentRef,omitempty" pb:"1" api:"required"`
}

// ParentReference names an object by its resource.
type ParentReference struct {
	// Its API group. Empty: the core group.
	Group string `json:"group,omitempty" pb:"1"`
	// Its resource: "services".
	Resource string `json:"resource,omitempty" pb:"2" api:"required"`
	// Its namespace.
	Namespace string `json:"namespace,omitempty" pb:"3"`
	// Its name.
	Name string `json:"name,omitempty" pb:"4" api:"required"`
}

// ServiceCIDR is a range that services get their addresses from.
type ServiceCIDR struct {
	TypeMeta `json:",inline"`
	// Standard object metadata. The one that the cluster began with is called kubernetes.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The range.
	Spec ServiceCIDRSpec `json:"spec,omitempty" pb:"2"`
	// Whether it is in use.
	Status ServiceCIDRStatus `json:"status,omitempty" pb:"3"`
}

// ServiceCIDRSpec is a range of addresses.
type ServiceCIDRSpec struct {
	// One block for each address family: "10.96.0.0/16". They cannot change.
	CIDRs []string `json:"cidrs,omitempty" pb:"1" list:"atomic"`
}

// ServiceCIDRStatus is the state of a range.
type ServiceCIDRStatus struct {
	// Ready: services may get addresses of it.
	Conditions []Condition `json:"conditions,omitempty" pb:"1" patch:"merge" mergeKey:"type" list:"map" mapKeys:"type"`
}

// ServiceCIDRReady is the condition of a range that services may get addresses of.
const ServiceCIDRReady = "Ready"
