package scheduler

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
	"kubelite/scheduler/devices"
)

// A pod need not know of claims to have devices: it asks for "example.com/gpu: 2" as for CPU. Where a node has no such resource
// of its own, but a DeviceClass stands for it, the pod gets a claim after all: one request for each container and resource. The
// claim is made when the pod has a node (PreBind), since another node may have the resource itself; until then it exists here
// only. The pod's status says which request is for which container.
//
// Names are "<class's extendedResourceName>", or "deviceclass.resource.kubernetes.io/<class>" for any class.

// deviceSource is where the scheduler looks up what there is of devices.
type deviceSource interface {
	devices.Cluster
	// ClassFor is the class that stands for an extended resource.
	ClassFor(resource api.ResourceName) (*api.DeviceClass, bool)
}

// newestClass chooses the class that stands for a resource among those that name it: the newest, of equals the first by name.
func newestClass(classes []*api.DeviceClass) (*api.DeviceClass, bool) {
	if len(classes) == 0 {
		return nil, false
	}
	return slices.MinFunc(classes, func(a, b *api.DeviceClass) int {
		if order := b.CreationTimestamp.Compare(a.CreationTimestamp.Time); order != 0 {
			return order
		}
		return strings.Compare(a.Name, b.Name)
	}), true
}

// extendedClaim is the claim for extended resources of a pod, before there is one.
type extendedClaim struct {
	claim    *api.ResourceResourceClaim // in memory only, with an uid of its own
	requests map[api.ResourceName]int64 // what the pod asks for of those that some class stands for
}

// asksForDevices tells whether the pod asks for a resource that a class stands for.
func (p *dynamicResources) asksForDevices(info *podInfo) bool {
	for name, amount := range info.requests.other {
		if _, ok := p.kit.devices.ClassFor(name); ok && amount > 0 {
			return true
		}
	}
	return false
}

// extendedClaimOf is the claim that the pod would be given; nil if it asks for nothing of the kind. One that is left of an
// attempt in vain is returned instead.
func (p *dynamicResources) extendedClaimOf(info *podInfo) (claim *extendedClaim, left *api.ResourceResourceClaim) {
	if len(info.requests.other) == 0 || !p.asksForDevices(info) {
		return nil, nil
	}
	pod := info.pod
	for _, c := range p.kit.deviceClaims.List(pod.Namespace, nil) {
		if c.Annotations[api.ExtendedResourceClaimAnnotation] == "true" && api.IsControlledBy(c, pod) {
			return nil, c
		}
	}
	owner := api.NewControllerRef(pod)
	owner.BlockOwnerDeletion = nil
	return &extendedClaim{requests: info.requests.other, claim: &api.ResourceResourceClaim{ObjectMeta: api.ObjectMeta{
		Namespace: pod.Namespace, Name: "<extended-resources>", GenerateName: pod.Name + "-extended-resources-", UID: api.NewUID(),
		Annotations: map[string]string{api.ExtendedResourceClaimAnnotation: "true"}, OwnerReferences: []api.OwnerReference{owner},
	}}}, nil
}

// on is the claim as it would be on a node: with requests for what the node has not got itself. nil if it has all.
func (e *extendedClaim) on(n *nodeInfo, pod *api.Pod, source deviceSource) (*api.ResourceResourceClaim, []api.ContainerExtendedResourceRequest) {
	classes := map[api.ResourceName]string{}
	for name, amount := range e.requests {
		if class, ok := source.ClassFor(name); ok && amount > 0 && n.allocatable.other[name] == 0 {
			classes[name] = class.Name
		}
	}
	if len(classes) == 0 {
		return nil, nil
	}
	claim := api.DeepCopy(e.claim)
	var uses []api.ContainerExtendedResourceRequest
	claim.Spec.Devices.Requests, uses = extendedRequests(pod, classes)
	return claim, uses
}

// extendedRequests are a claim's requests for the extended resources of a pod's containers, and which of them is for whom.
// Containers that run side by side have devices each for themselves. Init containers run before, one after the other: they use
// the devices of those that come later, and what they need beyond that is asked for once, for the hungriest.
func extendedRequests(pod *api.Pod, classes map[api.ResourceName]string) (requests []api.DeviceRequest, uses []api.ContainerExtendedResourceRequest) {
	containers := slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers)
	for _, resource := range slices.Sorted(maps.Keys(classes)) {
		stays := make([]*api.DeviceRequest, len(containers))
		for i := range containers {
			if i >= len(pod.Spec.InitContainers) || containers[i].IsSidecar() {
				stays[i] = extendedRequest(i, &containers[i], resource, classes[resource], 0)
			}
		}
		var extra *api.DeviceRequest
		for i := range pod.Spec.InitContainers {
			if containers[i].IsSidecar() {
				continue
			}
			if r := extendedRequest(i, &containers[i], resource, classes[resource], countOf(stays[i:])); r != nil && (extra == nil || r.Exactly.Count > extra.Exactly.Count) {
				extra = r
			}
		}
		for i := range containers {
			asked := containers[i].Resources.Requests[resource]
			missing := asked.Value()
			available := []*api.DeviceRequest{stays[i]}
			if i < len(pod.Spec.InitContainers) && !containers[i].IsSidecar() {
				available = append(slices.Clone(stays[i:]), extra)
			}
			for _, r := range available {
				if r != nil && missing > 0 {
					uses = append(uses, api.ContainerExtendedResourceRequest{ContainerName: containers[i].Name, ResourceName: string(resource), RequestName: r.Name})
					missing -= r.Exactly.Count
				}
			}
		}
		for _, r := range append(stays, extra) {
			if r != nil {
				requests = append(requests, *r)
			}
		}
	}
	slices.SortFunc(requests, func(a, b api.DeviceRequest) int { return strings.Compare(a.Name, b.Name) })
	return requests, uses
}

// extendedRequest asks for what a container needs of a resource, beyond what it finds there; nil for nothing. Its name has the
// places of the container in the pod and of the resource among the container's.
func extendedRequest(i int, c *api.Container, resource api.ResourceName, class string, found int64) *api.DeviceRequest {
	asked := c.Resources.Requests[resource]
	if asked.Value() <= found {
		return nil
	}
	place, _ := slices.BinarySearch(slices.Sorted(maps.Keys(c.Resources.Requests)), resource)
	return &api.DeviceRequest{Name: fmt.Sprintf("container-%d-request-%d", i, place), Exactly: &api.ExactDeviceRequest{
		DeviceClassName: class, AllocationMode: api.DeviceAllocationModeExactCount, Count: asked.Value() - found,
	}}
}

func countOf(requests []*api.DeviceRequest) (sum int64) {
	for _, r := range requests {
		if r != nil {
			sum += r.Exactly.Count
		}
	}
	return sum
}

// createExtended makes the claim that was in memory only.
func (p *dynamicResources) createExtended(ctx context.Context, pod *api.Pod, r *reservedClaim, node string) error {
	claim := api.DeepCopy(r.claim)
	claim.Name, claim.UID = "", ""
	why := client.Because(ctx, "pod %s goes to %s, which meets extended resources by devices: create a claim for them", pod.Name, node)
	created, err := client.Of[*api.ResourceResourceClaim](p.kit.client).Create(why, claim)
	if err != nil {
		return fmt.Errorf("create claim for extended resources: %w", err)
	}
	r.claim = created
	return nil
}

// noteExtended writes into the pod which of its containers uses which request of the claim.
func (p *dynamicResources) noteExtended(ctx context.Context, pod *api.Pod, r *reservedClaim) error {
	patch, err := api.MarshalJSON(map[string]any{
		"metadata": map[string]any{"uid": pod.UID},
		"status":   map[string]any{"extendedResourceClaimStatus": &api.PodExtendedResourceClaimStatus{ResourceClaimName: r.claim.Name, RequestMappings: r.uses}},
	})
	if err != nil {
		return err
	}
	why := client.Because(ctx, "claim %s is for extended resources of pod %s: say for which", r.claim.Name, pod.Name)
	if _, err = client.Of[*api.Pod](p.kit.client).Patch(why, pod.Namespace, pod.Name, api.StrategicMergePatchType, patch, "status"); err != nil {
		return fmt.Errorf("update pod %s ExtendedResourceClaimStatus: %w", pod.Key(), err)
	}
	return nil
}

// deleteExtended deletes the claim of a pod that did not get its node after all, whatever it has.
func (p *dynamicResources) deleteExtended(ctx context.Context, claim *api.ResourceResourceClaim) error {
	claims := client.Of[*api.ResourceResourceClaim](p.kit.client)
	why := client.Because(ctx, "claim %s was made for a pod that was not bound: delete it", claim.Name)
	patch := fmt.Sprintf(`{"metadata":{"uid":%q,"finalizers":null}}`, claim.UID)
	_, err := claims.Patch(why, claim.Namespace, claim.Name, api.MergePatchType, []byte(patch))
	if err == nil {
		err = claims.Delete(why, claim.Namespace, claim.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &claim.UID}})
	}
	if err != nil && !api.IsNotFound(err) && !api.IsConflict(err) {
		return fmt.Errorf("delete claim %s: %w", claim.Key(), err)
	}
	return nil
}
