package api

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// How objects count against a ResourceQuota. Both who charges and who counts must agree on it: the API server charges a
// quota before it stores an object, the quota controller counts again when one is gone.
//
//	every kind    count/deployments.apps, and for a few kinds the bare name: secrets
//	pods          what they ask for and are limited to, until they have ended
//	services      node ports and load balancers too
//	claims        the storage that they ask for, in all and by class; those of resources the devices, by class

const (
	// storageClassInfix is between a class and what it is about: "gold.storageclass.storage.k8s.io/requests.storage".
	storageClassInfix = ".storageclass.storage.k8s.io/"
	// deviceClassSuffix follows a class of devices: "gold.deviceclass.resource.k8s.io/devices".
	deviceClassSuffix = ".deviceclass.resource.k8s.io/devices"
)

// QuotaCount is the resource that counts the objects of a kind.
func QuotaCount(kind *Kind) ResourceName { return ResourceName("count/" + kind.Resource()) }

// QuotaTracks picks from the resources of a quota those that objects of a kind can use.
func QuotaTracks(kind *Kind, hard ResourceList) []ResourceName {
	var names []ResourceName
	for _, name := range sortedKeys(hard) {
		if quotaTracks(kind, name) {
			names = append(names, name)
		}
	}
	return names
}

func quotaTracks(kind *Kind, name ResourceName) bool {
	if name == QuotaCount(kind) {
		return true
	}
	text := string(name)
	if kind == KindOf[*ResourceResourceClaim]() {
		return strings.HasSuffix(text, deviceClassSuffix)
	}
	if kind.Group != "" {
		return false
	}
	switch kind.Plural {
	case "pods":
		switch name {
		case ResourcePods, ResourceCPU, ResourceMemory, ResourceEphemeralStorage, ResourceRequestsCPU, ResourceRequestsMemory,
			ResourceRequestsEphemeralStorage, ResourceLimitsCPU, ResourceLimitsMemory, ResourceLimitsEphemeralStorage:
			return true
		}
		request, ok := strings.CutPrefix(text, "requests.")
		return isHugePages(name) || ok && (isHugePages(ResourceName(request)) || !isNativeResource(name))
	case "services":
		return name == ResourceServices || name == ResourceServicesNodePorts || name == ResourceServicesLoadBalancers
	case "persistentvolumeclaims":
		if _, of, ok := strings.Cut(text, storageClassInfix); ok {
			name = ResourceName(of)
		}
		return name == ResourcePersistentVolumeClaims || name == ResourceRequestsStorage
	case "configmaps", "secrets", "resourcequotas", "replicationcontrollers":
		return text == kind.Plural
	}
	return false
}

// QuotaScopesMatch tells whether an object is one of those that a quota counts, as far as scopes go.
func QuotaScopesMatch(quota *ResourceQuota, obj Object) bool {
	for _, scope := range quota.Spec.Scopes {
		if !scopeMatches(&ScopedResourceSelectorRequirement{ScopeName: scope, Operator: ScopeSelectorOpExists}, obj) {
			return false
		}
	}
	if selector := quota.Spec.ScopeSelector; selector != nil {
		for i := range selector.MatchExpressions {
			if !scopeMatches(&selector.MatchExpressions[i], obj) {
				return false
			}
		}
	}
	return true
}

func scopeMatches(r *ScopedResourceSelectorRequirement, obj Object) bool {
	switch obj := obj.(type) {
	case *Pod:
		switch r.ScopeName {
		case ResourceQuotaScopeTerminating:
			return QuotaTerminating(obj)
		case ResourceQuotaScopeNotTerminating:
			return !QuotaTerminating(obj)
		case ResourceQuotaScopeBestEffort:
			return PodQOS(&obj.Spec) == PodQOSBestEffort
		case ResourceQuotaScopeNotBestEffort:
			return PodQOS(&obj.Spec) != PodQOSBestEffort
		case ResourceQuotaScopePriorityClass:
			return scopeValueMatches(r, obj.Spec.PriorityClassName)
		case ResourceQuotaScopeCrossNamespacePodAffinity:
			return looksElsewhere(obj.Spec.Affinity)
		}
	case *PersistentVolumeClaim:
		if r.ScopeName == ResourceQuotaScopeVolumeAttributesClass {
			classes := ClaimAttributesClasses(obj)
			if len(classes) == 0 {
				return scopeValueMatches(r, "")
			}
			return slices.ContainsFunc(classes, func(class string) bool { return scopeValueMatches(r, class) })
		}
	}
	return false // other kinds have no scopes
}

// scopeValueMatches compares the value of an object with a requirement. "": the object has none.
func scopeValueMatches(r *ScopedResourceSelectorRequirement, value string) bool {
	switch r.Operator {
	case ScopeSelectorOpExists:
		return value != ""
	case ScopeSelectorOpDoesNotExist:
		return value == ""
	case ScopeSelectorOpIn:
		return value != "" && slices.Contains(r.Values, value)
	case ScopeSelectorOpNotIn:
		return value == "" || !slices.Contains(r.Values, value)
	}
	return false
}

// ClaimAttributesClasses are the VolumeAttributesClasses that a claim has, will have and asks for: it counts for all of them.
func ClaimAttributesClasses(claim *PersistentVolumeClaim) (classes []string) {
	add := func(class string) {
		if class != "" && !slices.Contains(classes, class) {
			classes = append(classes, class)
		}
	}
	add(Deref(claim.Spec.VolumeAttributesClassName, ""))
	add(Deref(claim.Status.CurrentVolumeAttributesClassName, ""))
	if claim.Status.ModifyVolumeStatus != nil {
		add(claim.Status.ModifyVolumeStatus.TargetVolumeAttributesClassName)
	}
	return classes
}

// QuotaTerminating tells whether a pod has a deadline, and so will end by itself.
func QuotaTerminating(pod *Pod) bool { return Deref(pod.Spec.ActiveDeadlineSeconds, -1) >= 0 }

// looksElsewhere tells whether an affinity is about pods of other namespaces.
func looksElsewhere(affinity *Affinity) bool {
	if affinity == nil {
		return false
	}
	var terms []PodAffinityTerm
	if a := affinity.PodAffinity; a != nil {
		terms = append(terms, a.RequiredDuringSchedulingIgnoredDuringExecution...)
		for _, w := range a.PreferredDuringSchedulingIgnoredDuringExecution {
			terms = append(terms, w.PodAffinityTerm)
		}
	}
	if a := affinity.PodAntiAffinity; a != nil {
		terms = append(terms, a.RequiredDuringSchedulingIgnoredDuringExecution...)
		for _, w := range a.PreferredDuringSchedulingIgnoredDuringExecution {
			terms = append(terms, w.PodAffinityTerm)
		}
	}
	return slices.ContainsFunc(terms, func(t PodAffinityTerm) bool { return len(t.Namespaces) > 0 || t.NamespaceSelector != nil })
}

// QuotaUsage is what an object uses, of all resources that a quota can bound.
func QuotaUsage(kind *Kind, obj Object, now time.Time) ResourceList {
	one := NewQuantity(1, DecimalSI)
	usage := ResourceList{QuotaCount(kind): one}
	switch obj := obj.(type) {
	case *Pod:
		podUsage(usage, obj, now)
	case *Service:
		usage[ResourceServices] = one
		usage[ResourceServicesNodePorts], usage[ResourceServicesLoadBalancers] = serviceUsage(&obj.Spec)
	case *PersistentVolumeClaim:
		usage[ResourcePersistentVolumeClaims] = one
		class := ClaimClass(obj)
		size, ok := obj.Spec.Resources.Requests[ResourceStorage]
		if allocated := obj.Status.AllocatedResources[ResourceStorage]; ok && allocated.Cmp(size) > 0 {
			size = allocated
		}
		if ok {
			usage[ResourceRequestsStorage] = size.rounded(0)
		}
		if class != "" {
			usage[ResourceName(class+storageClassInfix)+ResourcePersistentVolumeClaims] = one
			if ok {
				usage[ResourceName(class+storageClassInfix)+ResourceRequestsStorage] = size.rounded(0)
			}
		}
	case *ResourceResourceClaim:
		for i := range obj.Spec.Devices.Requests {
			addDevices(usage, &obj.Spec.Devices.Requests[i])
		}
	default:
		if kind.Group == "" {
			usage[ResourceName(kind.Plural)] = one
		}
	}
	return usage
}

// addDevices adds what a request for devices may come to: of several ways to meet it the most of each class.
func addDevices(usage ResourceList, request *DeviceRequest) {
	most := ResourceList{}
	may := func(class string, mode DeviceAllocationMode, count int64) {
		if mode == DeviceAllocationModeAll {
			count = MaxDeviceResults // nobody knows yet how many fit
		}
		maxResources(most, ResourceList{ResourceName(class + deviceClassSuffix): NewQuantity(count, DecimalSI)})
	}
	if exactly := request.Exactly; exactly != nil {
		may(exactly.DeviceClassName, exactly.AllocationMode, exactly.Count)
	}
	for _, way := range request.FirstAvailable {
		may(way.DeviceClassName, way.AllocationMode, way.Count)
	}
	addResources(usage, most)
}

// podUsage adds what a pod uses. One that has ended, or should have ended by now, uses nothing but its name.
func podUsage(usage ResourceList, pod *Pod, now time.Time) {
	if pod.Status.Phase == PodFailed || pod.Status.Phase == PodSucceeded {
		return
	}
	if pod.DeletionTimestamp != nil && pod.DeletionGracePeriodSeconds != nil &&
		now.After(pod.DeletionTimestamp.Add(time.Duration(*pod.DeletionGracePeriodSeconds)*time.Second)) {
		return
	}
	whole := PodTotal(ResourcesHeld(pod))
	computeUsage(usage, whole.Requests, whole.Limits)
}

// computeUsage adds requests and limits under the names that quotas have for them.
func computeUsage(usage, requests, limits ResourceList) {
	usage[ResourcePods] = NewQuantity(1, DecimalSI)
	for name, q := range requests {
		switch {
		case name == ResourceCPU || name == ResourceMemory || name == ResourceEphemeralStorage || isHugePages(name):
			usage[name], usage["requests."+name] = q, q
		case isExtendedResource(name):
			usage["requests."+name] = q
		}
	}
	for _, name := range []ResourceName{ResourceCPU, ResourceMemory, ResourceEphemeralStorage} {
		if q, ok := limits[name]; ok {
			usage["limits."+name] = q
		}
	}
}

func serviceUsage(spec *ServiceSpec) (nodePorts, loadBalancers Quantity) {
	ports := len(spec.Ports)
	if spec.Type == ServiceTypeLoadBalancer && !Deref(spec.AllocateLoadBalancerNodePorts, true) {
		ports = 0
		for i := range spec.Ports {
			if spec.Ports[i].NodePort != 0 {
				ports++
			}
		}
	}
	none := NewQuantity(0, DecimalSI)
	switch spec.Type {
	case ServiceTypeNodePort:
		return NewQuantity(int64(ports), DecimalSI), none
	case ServiceTypeLoadBalancer:
		return NewQuantity(int64(ports), DecimalSI), NewQuantity(1, DecimalSI)
	}
	return none, none
}

// QuotaConstraint says what a pod must tell before a quota of these resources can take it: how much every container
// asks for. Else nobody could count it.
func QuotaConstraint(names []ResourceName, obj Object) error {
	pod, ok := obj.(*Pod)
	if !ok || podLevelResources(pod.Spec.Resources) {
		return nil
	}
	missing := map[ResourceName][]string{}
	for _, containers := range [][]Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			c, has := &containers[i], ResourceList{}
			computeUsage(has, c.Resources.Requests, c.Resources.Limits)
			for _, name := range names {
				switch name {
				case ResourceCPU, ResourceMemory, ResourceRequestsCPU, ResourceRequestsMemory, ResourceLimitsCPU, ResourceLimitsMemory:
					if _, ok := has[name]; !ok && !slices.Contains(missing[name], c.Name) {
						missing[name] = append(missing[name], c.Name)
					}
				}
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	var parts []string
	for _, name := range sortedKeys(missing) {
		slices.Sort(missing[name])
		parts = append(parts, string(name)+" for: "+strings.Join(missing[name], ","))
	}
	return errors.New("must specify " + strings.Join(parts, "; "))
}

// podLevelResources tells whether a pod says as a whole what it needs.
func podLevelResources(r *ResourceRequirements) bool {
	if r == nil {
		return false
	}
	for _, list := range []ResourceList{r.Requests, r.Limits} {
		for name := range list {
			if isPodLevelResource(name) {
				return true
			}
		}
	}
	return false
}

// AddResources adds the amounts of one list to another.
func AddResources(to, more ResourceList) { addResources(to, more) }

// PickResources is the part of a list that has the given names.
func PickResources(list ResourceList, names []ResourceName) ResourceList {
	picked := ResourceList{}
	for _, name := range names {
		if q, ok := list[name]; ok {
			picked[name] = q
		}
	}
	return picked
}
