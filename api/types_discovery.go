package api

// EndpointSlice lists some of the addresses behind a service. A service has as many slices as it needs.
type EndpointSlice struct {
	TypeMeta `json:",inline"`
	// Standard object metadata. The label kubernetes.io/service-name says whose slice it is.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What the addresses are: IPv4, IPv6 or, deprecated, FQDN. It cannot change.
	AddressType AddressType `json:"addressType" pb:"4"`
	// The endpoints, at most 1000.
	Endpoints []Endpoint `json:"endpoints" pb:"2" list:"atomic" api:"optional"`
	// The ports that every endpoint of the slice has. None: all ports.
	Ports []DiscoveryEndpointPort `json:"ports" pb:"3" list:"atomic" api:"optional"`
}

// AddressType says what the addresses of a slice are.
type AddressType string

const (
	AddressTypeIPv4 AddressType = "IPv4"
	AddressTypeIPv6 AddressType = "IPv6"
	AddressTypeFQDN AddressType = "FQDN"
)

// Labels and annotations of slices, of the Endpoints that they follow and of their Services.
const (
	LabelServiceName             = "kubernetes.io/service-name"                       // the service that a slice belongs to
	LabelEndpointSliceManagedBy  = "endpointslice.kubernetes.io/managed-by"           // who keeps the slice
	LabelSkipMirror              = "endpointslice.kubernetes.io/skip-mirror"          // on Endpoints that need no slices
	LabelHeadlessService         = "service.kubernetes.io/headless"                   // the service has no address
	AnnotationLastChangeTrigger  = "endpoints.kubernetes.io/last-change-trigger-time" // when what led to the change happened
	AnnotationEndpointsTruncated = "endpoints.kubernetes.io/over-capacity"            // Endpoints that hold not all addresses
	AnnotationTopologyMode       = "service.kubernetes.io/topology-mode"              // of a Service: Auto, or Disabled
	AnnotationTopologyAwareHints = "service.kubernetes.io/topology-aware-hints"       // its old name
)

// Endpoint is one place behind a service, mostly a pod.
type Endpoint struct {
	// Its addresses, all of them equal. Only the first is used.
	Addresses []string `json:"addresses" pb:"1" list:"set"`
	// Whether it can be used.
	Conditions EndpointConditions `json:"conditions,omitempty" pb:"2"`
	// Its host name, for DNS.
	Hostname *string `json:"hostname,omitempty" pb:"3"`
	// The object that it stands for.
	TargetRef *ObjectReference `json:"targetRef,omitempty" pb:"4"`
	// Where it is, as an older version of the API said it. Cannot be written.
	DeprecatedTopology map[string]string `json:"deprecatedTopology,omitempty" pb:"5"`
	// The node that it is on.
	NodeName *string `json:"nodeName,omitempty" pb:"6"`
	// The zone that it is in.
	Zone *string `json:"zone,omitempty" pb:"7"`
	// Who should use it.
	Hints *EndpointHints `json:"hints,omitempty" pb:"8"`
}

// EndpointConditions says whether an endpoint can be used.
type EndpointConditions struct {
	// Whether it is ready, and not on its way out. Absent: assume so.
	Ready *bool `json:"ready,omitempty" pb:"1"`
	// Whether it is ready, even if on its way out. Absent: as ready.
	Serving *bool `json:"serving,omitempty" pb:"2"`
	// Whether it is on its way out. Absent: assume not.
	Terminating *bool `json:"terminating,omitempty" pb:"3"`
}

// EndpointHints says who should use an endpoint.
type EndpointHints struct {
	// The zones whose clients should, at most 8.
	ForZones []ForZone `json:"forZones,omitempty" pb:"1" list:"atomic"`
	// The nodes whose clients should, at most 8.
	ForNodes []ForNode `json:"forNodes,omitempty" pb:"2" list:"atomic"`
}

// ForZone names a zone whose clients should use an endpoint.
type ForZone struct {
	// The zone.
	Name string `json:"name" pb:"1"`
}

// ForNode names a node whose clients should use an endpoint.
type ForNode struct {
	// The node.
	Name string `json:"name" pb:"1"`
}

// DiscoveryEndpointPort is a port that the endpoints of a slice have.
type DiscoveryEndpointPort struct {
	// Name of the service's port. Default: none, for a service with a single port.
	Name *string `json:"name,omitempty" pb:"1"`
	// TCP, UDP or SCTP. Default: TCP.
	Protocol *Protocol `json:"protocol,omitempty" pb:"2"`
	// The port. Absent: all ports.
	Port *int32 `json:"port,omitempty" pb:"3"`
	// What is spoken on it, as a hint.
	AppProtocol *string `json:"appProtocol,omitempty" pb:"4"`
}
