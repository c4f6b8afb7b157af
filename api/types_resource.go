package api

const (
	ResourceDeviceClassPrefix string = "deviceclass.resource.kubernetes.io/"
)

// ResourceSlice tells the cluster about devices. The driver of the devices publishes them, in as many slices as it
// takes; slices of one pool and generation belong together.
type ResourceSlice struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// The devices. What tells whose and where they are cannot change.
	Spec ResourceSliceSpec `json:"spec" pb:"2"`
}

// ResourceSliceSpec is a number of devices of one driver and pool.
type ResourceSliceSpec struct {
	// The driver's name. It cannot change.
	Driver string `json:"driver" pb:"1"`
	// The pool that the devices belong to.
	Pool ResourcePool `json:"pool" pb:"2"`
	// The node that has the devices, if it is one. It cannot change. Exactly one of nodeName, nodeSelector, allNodes and
	// perDeviceNodeSelection is set.
	NodeName *string `json:"nodeName,omitempty" pb:"3"`
	// The nodes that can reach the devices: exactly one term.
	NodeSelector *NodeSelector `json:"nodeSelector,omitempty" pb:"4"`
	// Whether every node can reach the devices.
	AllNodes *bool `json:"allNodes,omitempty" pb:"5"`
	// The devices, at most 128, or 64 if any of them has taints, counters or lists as attributes.
	Devices []Device `json:"devices,omitempty" pb:"6" list:"atomic"`
	// Whether each device says by itself which nodes can reach it.
	PerDeviceNodeSelection *bool `json:"perDeviceNodeSelection,omitempty" pb:"7"`
	// What devices of the pool use up together; at most 8 sets, in slices that have no devices.
	SharedCounters []CounterSet `json:"sharedCounters,omitempty" pb:"8" list:"atomic"`
}

// CounterSet is a number of counters that devices share: a device that is given out uses some of each.
type CounterSet struct {
	// The name that devices refer to it by, unique in the pool.
	Name string `json:"name" pb:"1"`
	// How much there is of each, by name; at most 32.
	Counters map[string]Counter `json:"counters,omitempty" pb:"2" api:"required"`
}

// ResourcePool is a group of devices that are published together.
type ResourcePool struct {
	// The pool's name: often the node's. One DNS subdomain or more, joined by slashes.
	Name string `json:"name" pb:"1"`
	// Which publication this is. When the devices change, the driver writes new slices with a higher number; those with
	// lower ones are out of date.
	Generation int64 `json:"generation" pb:"2"`
	// How many slices the pool has in this generation. Until all are there, its devices are not to be given out.
	ResourceSliceCount int64 `json:"resourceSliceCount" pb:"3"`
}

// Device is one thing that a claim can be given, or a share of it.
type Device struct {
	// The device's name, unique in the pool. A DNS label.
	Name string `json:"name" pb:"1"`
	// What it is like, for claims to choose by. With capacity at most 32.
	Attributes map[QualifiedName]DeviceAttribute `json:"attributes,omitempty" pb:"2"`
	// How much it has of what can be measured.
	Capacity map[QualifiedName]DeviceCapacity `json:"capacity,omitempty" pb:"3"`
	// What it uses of the pool's shared counters; at most 2 sets.
	ConsumesCounters []DeviceCounterConsumption `json:"consumesCounters,omitempty" pb:"4" list:"atomic"`
	// The node that has the device. Only with perDeviceNodeSelection.
	NodeName *string `json:"nodeName,omitempty" pb:"5"`
	// The nodes that can reach the device. Only with perDeviceNodeSelection.
	NodeSelector *NodeSelector `json:"nodeSelector,omitempty" pb:"6"`
	// Whether every node can reach the device. Only with perDeviceNodeSelection.
	AllNodes *bool `json:"allNodes,omitempty" pb:"7"`
	// What claims must tolerate to be given the device; at most 16.
	Taints []DeviceTaint `json:"taints,omitempty" pb:"8" list:"atomic"`
	// Whether a claim that has the device can be used on the chosen node only.
	BindsToNode *bool `json:"bindsToNode,omitempty" pb:"9"`
	// Conditions of the device in the claim's status that must be true before a pod is bound; at most 4.
	BindingConditions []string `json:"bindingConditions,omitempty" pb:"10" list:"atomic"`
	// Conditions that mean that the device cannot be had after all; at most 4.
	BindingFailureConditions []string `json:"bindingFailureConditions,omitempty" pb:"11" list:"atomic"`
	// Whether several claims may have the device at a time, each a share of its capacity.
	AllowMultipleAllocations *bool `json:"allowMultipleAllocations,omitempty" pb:"12"`
	// What using the device takes from the node's own resources, by resource.
	NodeAllocatableResourceMappings map[ResourceName]NodeAllocatableResourceMapping `json:"nodeAllocatableResourceMappings,omitempty" pb:"13"`
}

// NodeAllocatableResourceMapping says how much of a node's resource using a device takes.
type NodeAllocatableResourceMapping struct {
	// The capacity of the device that counts. Nothing: the device counts as one.
	CapacityKey *QualifiedName `json:"capacityKey,omitempty" pb:"1"`
	// How much of the resource each unit takes. Default: 1.
	AllocationMultiplier *Quantity `json:"allocationMultiplier,omitempty" pb:"2"`
}

// DeviceCounterConsumption is what a device uses of a set of counters.
type DeviceCounterConsumption struct {
	// The set's name.
	CounterSet string `json:"counterSet" pb:"1"`
	// How much of each, by name; at most 32.
	Counters map[string]Counter `json:"counters,omitempty" pb:"2" api:"required"`
}

// DeviceCapacity is how much a device has of something.
type DeviceCapacity struct {
	// How much there is.
	Value Quantity `json:"value" pb:"1"`
	// Which amounts a claim may ask for, where several may share the device.
	RequestPolicy *CapacityRequestPolicy `json:"requestPolicy,omitempty" pb:"2"`
}

// Counter is an amount.
type Counter struct {
	// How much.
	Value Quantity `json:"value" pb:"1"`
}

// CapacityRequestPolicy says which amounts of a capacity can be asked for.
type CapacityRequestPolicy struct {
	// What is taken by a claim that does not say.
	Default *Quantity `json:"default" pb:"1" api:"optional"`
	// The amounts there are, ascending; a request is rounded up to the next. At most 10.
	ValidValues []Quantity `json:"validValues,omitempty" pb:"3" list:"atomic"`
	// The range that amounts must be in.
	ValidRange *CapacityRequestPolicyRange `json:"validRange,omitempty" pb:"4"`
}

// CapacityRequestPolicyRange is a range of amounts.
type CapacityRequestPolicyRange struct {
	// The least that can be asked for.
	Min *Quantity `json:"min,omitempty" pb:"1" api:"required"`
	// The most. Nothing: all there is.
	Max *Quantity `json:"max,omitempty" pb:"2"`
	// What amounts grow by, from min on.
	Step *Quantity `json:"step,omitempty" pb:"3"`
}

// QualifiedName is the name of an attribute or a capacity: a word, after a domain and a slash where it is not the
// driver's own.
type QualifiedName string

// FullyQualifiedName is a QualifiedName with its domain.
type FullyQualifiedName string

// DeviceAttribute is the value of an attribute. Exactly one field is set.
type DeviceAttribute struct {
	// A number.
	IntValue *int64 `json:"int,omitempty" pb:"2"`
	// True or false.
	BoolValue *bool `json:"bool,omitempty" pb:"3"`
	// A text of at most 64 characters.
	StringValue *string `json:"string,omitempty" pb:"4"`
	// A version in the form of semver.org, of at most 64 characters.
	VersionValue *string `json:"version,omitempty" pb:"5"`
	// Several numbers.
	IntValues []int64 `json:"ints,omitempty" pb:"6" list:"atomic"`
	// Several truths.
	BoolValues []bool `json:"bools,omitempty" pb:"7" list:"atomic"`
	// Several texts.
	StringValues []string `json:"strings,omitempty" pb:"8" list:"atomic"`
	// Several versions.
	VersionValues []string `json:"versions,omitempty" pb:"9" list:"atomic"`
}

// DeviceTaint keeps claims that do not tolerate it from a device.
type DeviceTaint struct {
	// The taint's name, in the form of a label.
	Key string `json:"key" pb:"1"`
	// Its value, in the form of a label's value.
	Value string `json:"value,omitempty" pb:"2"`
	// None, NoSchedule or NoExecute.
	Effect DeviceTaintEffect `json:"effect" pb:"3"`
	// When it was added. Default: now.
	TimeAdded *Time `json:"timeAdded,omitempty" pb:"4"`
}

// DeviceTaintEffect says what a taint does.
type DeviceTaintEffect string

const (
	// Nothing, but people can see it.
	DeviceTaintEffectNone DeviceTaintEffect = "None"
	// The device is not given to new claims.
	DeviceTaintEffectNoSchedule DeviceTaintEffect = "NoSchedule"
	// Nor do pods that have it keep running.
	DeviceTaintEffectNoExecute DeviceTaintEffect = "NoExecute"
)

// ResourceResourceClaim asks for devices. Once it has them, the pods it is reserved for can use them.
type ResourceResourceClaim struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What is asked for. It cannot change.
	Spec ResourceClaimSpec `json:"spec" pb:"2"`
	// What was given.
	Status ResourceClaimStatus `json:"status,omitempty" pb:"3"`
}

// ResourceClaimSpec is what is asked for.
type ResourceClaimSpec struct {
	// The devices.
	Devices DeviceClaim `json:"devices" pb:"1" api:"optional"`
}

// DeviceClaim is a number of requests for devices that must all be met.
type DeviceClaim struct {
	// The requests; at most 32.
	Requests []DeviceRequest `json:"requests" pb:"1" list:"atomic" api:"optional"`
	// What must be true of devices of several requests together; at most 32.
	Constraints []DeviceConstraint `json:"constraints,omitempty" pb:"2" list:"atomic"`
	// What the drivers are to know; at most 32.
	Config []DeviceClaimConfiguration `json:"config,omitempty" pb:"3" list:"atomic"`
}

// DeviceRequest asks for devices of one sort. Exactly one of exactly and firstAvailable is set.
type DeviceRequest struct {
	// The request's name, by which pods and constraints refer to it. A DNS label.
	Name string `json:"name" pb:"1"`
	// What is asked for.
	Exactly *ExactDeviceRequest `json:"exactly,omitempty" pb:"2"`
	// What is asked for, the best first: the first that can be had is taken. At most 8.
	FirstAvailable []DeviceSubRequest `json:"firstAvailable,omitempty" pb:"3" list:"atomic"`
}

// ExactDeviceRequest asks for devices of one class.
type ExactDeviceRequest struct {
	// The class of the devices.
	DeviceClassName string `json:"deviceClassName" pb:"1"`
	// What must be true of each device, beside what the class wants; at most 32.
	Selectors []DeviceSelector `json:"selectors,omitempty" pb:"2" list:"atomic"`
	// ExactCount, or All that fit. Default: ExactCount.
	AllocationMode DeviceAllocationMode `json:"allocationMode,omitempty" pb:"3"`
	// How many, if allocationMode is ExactCount. Default: 1.
	Count int64 `json:"count,omitempty" pb:"4"`
	// Whether this is to look at devices that others use. Only in namespaces that are labelled for it.
	AdminAccess *bool `json:"adminAccess,omitempty" pb:"5"`
	// Taints that do not matter; at most 16.
	Tolerations []DeviceToleration `json:"tolerations,omitempty" pb:"6" list:"atomic"`
	// How much of each capacity is asked for.
	Capacity *CapacityRequirements `json:"capacity,omitempty" pb:"7"`
}

// DeviceSubRequest is one of several ways to meet a request.
type DeviceSubRequest struct {
	// The name of the way, by which it is referred to as "request/name". A DNS label.
	Name string `json:"name" pb:"1"`
	// The class of the devices.
	DeviceClassName string `json:"deviceClassName" pb:"2"`
	// What must be true of each device, beside what the class wants; at most 32.
	Selectors []DeviceSelector `json:"selectors,omitempty" pb:"3" list:"atomic"`
	// ExactCount, or All that fit. Default: ExactCount.
	AllocationMode DeviceAllocationMode `json:"allocationMode,omitempty" pb:"4"`
	// How many, if allocationMode is ExactCount. Default: 1.
	Count int64 `json:"count,omitempty" pb:"5"`
	// Taints that do not matter; at most 16.
	Tolerations []DeviceToleration `json:"tolerations,omitempty" pb:"6" list:"atomic"`
	// How much of each capacity is asked for.
	Capacity *CapacityRequirements `json:"capacity,omitempty" pb:"7"`
}

// CapacityRequirements says how much of a device is asked for.
type CapacityRequirements struct {
	// The amounts, by capacity.
	Requests map[QualifiedName]Quantity `json:"requests,omitempty" pb:"1"`
}

// DeviceAllocationMode says how many devices a request wants.
type DeviceAllocationMode string

const (
	// As many as count says.
	DeviceAllocationModeExactCount DeviceAllocationMode = "ExactCount"
	// All that fit.
	DeviceAllocationModeAll DeviceAllocationMode = "All"
)

// DeviceSelector says which devices fit.
type DeviceSelector struct {
	// A CEL expression that must be true of the device.
	CEL *CELDeviceSelector `json:"cel,omitempty" pb:"1"`
}

// CELDeviceSelector chooses devices by an expression.
type CELDeviceSelector struct {
	// The expression. It sees the device as "device", with driver, attributes and capacity, and answers true or false.
	// At most 10 kB.
	Expression string `json:"expression" pb:"1"`
}

// DeviceConstraint must be true of devices of several requests together. Exactly one of matchAttribute and
// distinctAttribute is set.
type DeviceConstraint struct {
	// The requests that it is about. Nothing: all of the claim's.
	Requests []string `json:"requests,omitempty" pb:"1" list:"atomic"`
	// An attribute that must be there and the same in all devices.
	MatchAttribute *FullyQualifiedName `json:"matchAttribute,omitempty" pb:"2"`
	// An attribute that must be there and differ between all devices.
	DistinctAttribute *FullyQualifiedName `json:"distinctAttribute,omitempty" pb:"3"`
}

// DeviceClaimConfiguration is what a driver is to know about devices of a claim.
type DeviceClaimConfiguration struct {
	// The requests that it is about. Nothing: all of the claim's.
	Requests []string `json:"requests,omitempty" pb:"1" list:"atomic"`
	// What the driver is to know.
	DeviceConfiguration `json:",inline" pb:"2"`
}

// DeviceConfiguration is what a driver is to know. Exactly one field is set.
type DeviceConfiguration struct {
	// Something that only the driver understands.
	Opaque *OpaqueDeviceConfiguration `json:"opaque,omitempty" pb:"1"`
}

// OpaqueDeviceConfiguration is a configuration that only its driver understands.
type OpaqueDeviceConfiguration struct {
	// The driver that it is for.
	Driver string `json:"driver" pb:"1"`
	// An object of any form; at most 10 kB.
	Parameters RawExtension `json:"parameters" pb:"2"`
}

// DeviceToleration makes a taint of devices not matter.
type DeviceToleration struct {
	// The taint's key. Nothing: every taint, with operator Exists.
	Key string `json:"key,omitempty" pb:"1"`
	// Exists, or Equal, which wants the same value. Default: Equal.
	Operator DeviceTolerationOperator `json:"operator,omitempty" pb:"2"`
	// The taint's value, if operator is Equal.
	Value string `json:"value,omitempty" pb:"3"`
	// The taint's effect. Nothing: every effect.
	Effect DeviceTaintEffect `json:"effect,omitempty" pb:"4"`
	// For how many seconds a taint with effect NoExecute does not matter. Nothing: for ever.
	TolerationSeconds *int64 `json:"tolerationSeconds,omitempty" pb:"5"`
}

// DeviceTolerationOperator says how a toleration compares with a taint.
type DeviceTolerationOperator string

const (
	// The key is enough.
	DeviceTolerationOpExists DeviceTolerationOperator = "Exists"
	// The value must be the same too.
	DeviceTolerationOpEqual DeviceTolerationOperator = "Equal"
)

// ResourceClaimStatus is what a claim was given.
type ResourceClaimStatus struct {
	// The devices that it has. The scheduler writes it.
	Allocation *AllocationResult `json:"allocation,omitempty" pb:"1"`
	// Who may use them: pods, mostly. At most 256. The scheduler writes it.
	ReservedFor []ResourceClaimConsumerReference `json:"reservedFor,omitempty" pb:"2" patch:"merge" mergeKey:"uid" list:"map" mapKeys:"uid"`
	// What the drivers say about each device.
	Devices []AllocatedDeviceStatus `json:"devices,omitempty" pb:"4" list:"map" mapKeys:"driver,device,pool,shareID"`
}

// ResourceClaimConsumerReference names a user of a claim.
type ResourceClaimConsumerReference struct {
	// The group of its resource. Empty: core.
	APIGroup string `json:"apiGroup,omitempty" pb:"1"`
	// Its resource: "pods".
	Resource string `json:"resource" pb:"3"`
	// Its name, in the claim's namespace.
	Name string `json:"name" pb:"4"`
	// Its uid.
	UID UID `json:"uid" pb:"5"`
}

// AllocationResult is what a claim was given.
type AllocationResult struct {
	// The devices.
	Devices DeviceAllocationResult `json:"devices,omitempty" pb:"1"`
	// The nodes on which they can be used. Nothing: all.
	NodeSelector *NodeSelector `json:"nodeSelector,omitempty" pb:"3"`
	// When the claim was given them.
	AllocationTimestamp *Time `json:"allocationTimestamp,omitempty" pb:"5"`
}

// DeviceAllocationResult is the devices that a claim was given.
type DeviceAllocationResult struct {
	// One entry for each device.
	Results []DeviceRequestAllocationResult `json:"results,omitempty" pb:"1" list:"atomic"`
	// What the drivers are to know, out of the claim and the classes.
	Config []DeviceAllocationConfiguration `json:"config,omitempty" pb:"2" list:"atomic"`
}

// DeviceRequestAllocationResult is one device that a claim was given.
type DeviceRequestAllocationResult struct {
	// The request that it meets, "request" or "request/subrequest".
	Request string `json:"request" pb:"1"`
	// The device's driver.
	Driver string `json:"driver" pb:"2"`
	// Its pool.
	Pool string `json:"pool" pb:"3"`
	// Its name.
	Device string `json:"device" pb:"4"`
	// Whether this is to look at a device that others use.
	AdminAccess *bool `json:"adminAccess,omitempty" pb:"5"`
	// The tolerations of the request at that time; at most 16.
	Tolerations []DeviceToleration `json:"tolerations,omitempty" pb:"6" list:"atomic"`
	// The device's bindingConditions at that time.
	BindingConditions []string `json:"bindingConditions,omitempty" pb:"7" list:"atomic"`
	// The device's bindingFailureConditions at that time.
	BindingFailureConditions []string `json:"bindingFailureConditions,omitempty" pb:"8" list:"atomic"`
	// Which share of the device this is, where several claims may have it.
	ShareID *UID `json:"shareID,omitempty" pb:"9"`
	// How much of the device the share takes, by capacity.
	ConsumedCapacity map[QualifiedName]Quantity `json:"consumedCapacity,omitempty" pb:"10"`
}

// DeviceAllocationConfiguration is what a driver is to know about devices that were given.
type DeviceAllocationConfiguration struct {
	// Whether it comes from the class or from the claim.
	Source AllocationConfigSource `json:"source" pb:"1"`
	// The requests that it is about. Nothing: all of the claim's.
	Requests []string `json:"requests,omitempty" pb:"2" list:"atomic"`
	// What the driver is to know.
	DeviceConfiguration `json:",inline" pb:"3"`
}

// AllocationConfigSource says where a configuration comes from.
type AllocationConfigSource string

const (
	// From the class of the device.
	AllocationConfigSourceClass AllocationConfigSource = "FromClass"
	// From the claim.
	AllocationConfigSourceClaim AllocationConfigSource = "FromClaim"
)

// DeviceClass names a sort of devices, so that claims need not know how to choose them.
type DeviceClass struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What the devices are like.
	Spec DeviceClassSpec `json:"spec" pb:"2"`
}

// DeviceClassSpec says which devices are of a class, and how they are set up.
type DeviceClassSpec struct {
	// What must be true of each device; at most 32.
	Selectors []DeviceSelector `json:"selectors,omitempty" pb:"1" list:"atomic"`
	// What the drivers are to know; at most 32.
	Config []DeviceClassConfiguration `json:"config,omitempty" pb:"2" list:"atomic"`
	// A resource name by which pods may ask for devices of this class as they do for cpu: "example.com/gpu".
	ExtendedResourceName *string `json:"extendedResourceName,omitempty" pb:"4"`
}

// DeviceClassConfiguration is what a driver is to know about devices of a class.
type DeviceClassConfiguration struct {
	// What the driver is to know.
	DeviceConfiguration `json:",inline" pb:"1"`
}

// ResourceClaimTemplate is a claim in waiting: each pod that refers to it gets a claim of its own.
type ResourceClaimTemplate struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What the claims will be like. It cannot change.
	Spec ResourceClaimTemplateSpec `json:"spec" pb:"2"`
}

// ResourceClaimTemplateSpec is what the claims of a template will be like.
type ResourceClaimTemplateSpec struct {
	// Labels and annotations that the claims get; nothing else of it is used.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// What they ask for.
	Spec ResourceClaimSpec `json:"spec" pb:"2"`
}

// AllocatedDeviceStatus is what a driver says about a device that a claim has.
type AllocatedDeviceStatus struct {
	// The device's driver.
	Driver string `json:"driver" pb:"1"`
	// Its pool.
	Pool string `json:"pool" pb:"2"`
	// Its name.
	Device string `json:"device" pb:"3"`
	// Which share of the device this is, where several claims may have it.
	ShareID *string `json:"shareID,omitempty" pb:"7"`
	// What there is to say about its state; at most 8.
	Conditions []Condition `json:"conditions" pb:"4" list:"map" mapKeys:"type" api:"optional"`
	// Anything else that the driver says; an object of at most 10 kB.
	Data *RawExtension `json:"data,omitempty" pb:"5"`
	// How it shows on the network, if it does.
	NetworkData *NetworkDeviceData `json:"networkData,omitempty" pb:"6"`
}

// NetworkDeviceData is how a device shows on the network.
type NetworkDeviceData struct {
	// The name of its interface in the pod.
	InterfaceName string `json:"interfaceName,omitempty" pb:"1"`
	// Its addresses, each with its prefix length; at most 16.
	IPs []string `json:"ips,omitempty" pb:"2" list:"atomic"`
	// Its hardware address.
	HardwareAddress string `json:"hardwareAddress,omitempty" pb:"3"`
}
