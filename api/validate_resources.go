package api

import (
	"fmt"
	"slices"
	"strings"
)

// Amounts of resources: what containers and pods ask for, what nodes offer.

const hugePagesPrefix = "hugepages-"

// standardResources are the names without a domain that mean something to the system.
var standardResources = []ResourceName{
	ResourceCPU, ResourceMemory, ResourceEphemeralStorage, ResourceStorage,
	ResourceRequestsCPU, ResourceRequestsMemory, ResourceRequestsEphemeralStorage, ResourceRequestsStorage,
	ResourceLimitsCPU, ResourceLimitsMemory, ResourceLimitsEphemeralStorage,
	ResourcePods, ResourceQuotas, ResourceServices, ResourceReplicationControllers, ResourceSecrets, ResourceConfigMaps,
	ResourcePersistentVolumeClaims, ResourceServicesNodePorts, ResourceServicesLoadBalancers,
}

// countedResources are numbers of things: there is no half a pod.
var countedResources = []ResourceName{
	ResourcePods, ResourceQuotas, ResourceServices, ResourceReplicationControllers, ResourceSecrets, ResourceConfigMaps,
	ResourcePersistentVolumeClaims, ResourceServicesNodePorts, ResourceServicesLoadBalancers,
}

func isHugePages(name ResourceName) bool { return strings.HasPrefix(string(name), hugePagesPrefix) }

// isNativeResource tells names of the system ("cpu", "kubernetes.io/x") from those of device makers.
func isNativeResource(name ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), "kubernetes.io/")
}

// isExtendedResource tells whether the name is one a device maker may use: "example.com/gpu".
func isExtendedResource(name ResourceName) bool {
	return !isNativeResource(name) && !strings.HasPrefix(string(name), "requests.") && IsQualifiedName("requests."+string(name)) == nil
}

// isOvercommitAllowed tells whether limits may exceed requests. Devices and huge pages cannot be promised twice.
func isOvercommitAllowed(name ResourceName) bool { return isNativeResource(name) && !isHugePages(name) }

// isPodLevelResource tells what a pod as a whole can ask for.
func isPodLevelResource(name ResourceName) bool {
	return name == ResourceCPU || name == ResourceMemory || isHugePages(name)
}

// containerResourceName checks a key of a container's requests or limits.
func (l *ErrorList) containerResourceName(path Path, name ResourceName) {
	switch name {
	case ResourceCPU, ResourceMemory, ResourceEphemeralStorage:
		return
	}
	l.resourceName(path, name)
	hasDomain := strings.Contains(string(name), "/")
	switch {
	case !hasDomain && !isHugePages(name):
		l.add(path.Invalid(string(name), "must be a standard resource for containers"))
	case hasDomain && !isNativeResource(name) && !isExtendedResource(name):
		l.add(path.Invalid(string(name), "doesn't follow extended resource name standard"))
	}
}

// podResourceName checks a key of the requests or limits of a pod as a whole.
func (l *ErrorList) podResourceName(path Path, name ResourceName) {
	before := len(*l)
	l.resourceName(path, name)
	if len(*l) == before && !isPodLevelResource(name) {
		l.add(path.NotSupported(string(name), "cpu", hugePagesPrefix, "memory"))
	}
}

func (l *ErrorList) resourceName(path Path, name ResourceName) {
	if messages := IsQualifiedName(string(name)); messages != nil {
		for _, m := range messages {
			l.add(path.Invalid(string(name), m))
		}
		return
	}
	quotaName := strings.TrimPrefix(string(name), "requests.")
	if !strings.Contains(string(name), "/") && !slices.Contains(standardResources, name) && !isHugePages(ResourceName(quotaName)) {
		l.add(path.Invalid(string(name), "must be a standard resource type or fully qualified"))
	}
}

// resourceQuantity checks an amount against what its resource can be divided into.
func (l *ErrorList) resourceQuantity(path Path, name ResourceName, q Quantity) {
	l.resourceAmount(path, name, q)
	if !isHugePages(name) {
		return
	}
	page, err := ParseQuantity(strings.TrimPrefix(string(name), hugePagesPrefix))
	if err != nil || page.Sign() <= 0 || page.MilliValue()%1000 != 0 || q.Value()%page.Value() != 0 {
		l.add(path.Invalid(q.String(), fmt.Sprintf("%s is not positive integer multiple of %s", q.String(), name)))
	}
}

// resourceAmount wants no less than nothing, and whole numbers of what is counted.
func (l *ErrorList) resourceAmount(path Path, name ResourceName, q Quantity) {
	if q.Sign() < 0 {
		l.add(path.Invalid(q.String(), "must be greater than or equal to 0"))
	}
	if (slices.Contains(countedResources, name) || isExtendedResource(name)) && q.MilliValue()%1000 != 0 {
		l.add(path.Invalid(q.String(), "must be an integer"))
	}
}

// nodeResources checks what a node says it has. (Upstream does not look at huge pages here.)
func (l *ErrorList) nodeResources(path Path, list ResourceList) {
	for _, name := range sortedKeys(list) {
		if !isHugePages(name) {
			l.resourceQuantity(path.Child(string(name)), name, list[name])
		}
	}
}

// resourceRequirements checks requests and limits, each by itself and one against the other. checkName says which
// resources may be named at all: a container's or a pod's.
func (l *ErrorList) resourceRequirements(path Path, field string, r *ResourceRequirements, claims map[string]bool, checkName func(l *ErrorList, path Path, name ResourceName)) {
	if len(r.Limits) == 0 && len(r.Requests) == 0 && len(r.Claims) == 0 {
		return
	}
	path = path.at(field)
	limits, requests := path.Child("limits"), path.Child("requests")
	var compute, huge bool
	inspect := func(path Path, name ResourceName, q Quantity) {
		checkName(l, path, name)
		l.resourceQuantity(path, name, q)
		compute = compute || name == ResourceCPU || name == ResourceMemory
		huge = huge || isHugePages(name)
	}
	for _, name := range sortedKeys(r.Limits) {
		inspect(limits.Key(string(name)), name, r.Limits[name])
	}
	for _, name := range sortedKeys(r.Requests) {
		request := r.Requests[name]
		inspect(requests.Key(string(name)), name, request)
		limit, limited := r.Limits[name]
		switch {
		case !limited && !isOvercommitAllowed(name):
			l.add(limits.Required("Limit must be set for non overcommitable resources"))
		case limited && !isOvercommitAllowed(name) && request.Cmp(limit) != 0:
			l.add(requests.Invalid(request.String(), fmt.Sprintf("must be equal to %s limit of %s", name, limit.String())))
		case limited && request.Cmp(limit) > 0:
			l.add(requests.Invalid(request.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String())))
		}
	}
	if huge && !compute {
		l.add(path.Forbidden("HugePages require cpu or memory"))
	}
	if len(r.Claims) > 0 {
		l.resourceClaimNames(path.Child("claims"), r.Claims, claims)
	}
}

// resourceClaimNames checks a container's uses of the pod's resource claims: each is used as a whole or by request,
// not both, and nothing twice.
func (l *ErrorList) resourceClaimNames(path Path, uses []ResourceClaim, claims map[string]bool) {
	seen := map[string]bool{}
	for i, use := range uses {
		at := path.Index(i)
		if use.Name == "" {
			l.add(at.Required(""))
			continue
		}
		key := use.Name
		if use.Request != "" {
			key += "/" + use.Request
		}
		switch {
		case seen[use.Name]:
			l.add(at.Duplicate(use.Name))
		default:
			if use.Request != "" {
				l.format(at, "request", use.Request, IsDNS1123Label)
			}
			if seen[key] {
				l.add(at.Duplicate(key))
			}
			for other := range seen {
				if use.Request == "" && strings.HasPrefix(other, use.Name+"/") {
					l.add(at.Duplicate(use.Name))
				}
			}
			seen[key] = true
		}
		if !claims[use.Name] {
			notFound := at.NotFound(use.Name)
			notFound.Detail = "must be one of the names in pod.spec.resourceClaims which is empty"
			if len(claims) > 0 {
				notFound.Detail = "must be one of the names in pod.spec.resourceClaims: " + strings.Join(sortedKeys(claims), ", ")
			}
			l.add(notFound)
		}
	}
}

// aggregateContainers sums up one resource list (requests or limits) over a pod's containers as the scheduler counts
// them: containers and sidecars run together; the other init containers run one at a time before, beside the
// sidecars started so far, so only the largest of them counts.
func aggregateContainers(spec *PodSpec, list func(*ResourceRequirements) ResourceList) ResourceList {
	sum, sidecars, largest := ResourceList{}, ResourceList{}, ResourceList{}
	for i := range spec.Containers {
		addResources(sum, list(&spec.Containers[i].Resources))
	}
	for i := range spec.InitContainers {
		c := &spec.InitContainers[i]
		own := list(&c.Resources)
		atOnce := ResourceList{}
		if c.IsSidecar() {
			addResources(sum, own)
			addResources(sidecars, own)
		} else {
			addResources(atOnce, own)
		}
		addResources(atOnce, sidecars)
		maxResources(largest, atOnce)
	}
	maxResources(sum, largest)
	return sum
}

func addResources(to, more ResourceList) {
	for name, q := range more {
		if have, ok := to[name]; ok {
			q = have.Add(q)
		}
		to[name] = q
	}
}

func maxResources(to, other ResourceList) {
	for name, q := range other {
		if have, ok := to[name]; !ok || q.Cmp(have) > 0 {
			to[name] = q
		}
	}
}
