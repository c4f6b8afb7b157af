package api

import (
	"fmt"
	"slices"
)

// ResourceClaimName is the name of the ResourceClaim that one of the pod's resourceClaims means. made tells that it was made
// for the pod, from a template; then "" means that the pod needs none after all. The error says that it is still to be made.
//
// It follows k8s.io/dynamic-resource-allocation/resourceclaim.Name.
func (p *Pod) ResourceClaimName(c *PodResourceClaim) (name string, made bool, err error) {
	if c.ResourceClaimName != nil {
		return *c.ResourceClaimName, false, nil
	}
	for _, s := range p.Status.ResourceClaimStatuses {
		if s.Name == c.Name {
			return Deref(s.ResourceClaimName, ""), true, nil
		}
	}
	return "", true, fmt.Errorf("pod %q: ResourceClaim not created yet", p.Key())
}

// ResourceClaimNames are the names of the ResourceClaims that the pod uses, as far as they have been made: those of its spec, and
// the one that the scheduler made for extended resources which it meets by devices.
func (p *Pod) ResourceClaimNames() (names []string) {
	for i := range p.Spec.ResourceClaims {
		if name, _, _ := p.ResourceClaimName(&p.Spec.ResourceClaims[i]); name != "" {
			names = append(names, name)
		}
	}
	if extended := p.Status.ExtendedResourceClaimStatus; extended != nil {
		names = append(names, extended.ResourceClaimName)
	}
	return names
}

// IsReservedFor tells whether the object with this uid, a pod mostly, may use the claim's devices.
func (c *ResourceResourceClaim) IsReservedFor(uid UID) bool {
	return slices.ContainsFunc(c.Status.ReservedFor, func(r ResourceClaimConsumerReference) bool { return r.UID == uid })
}

// ResourceClaimFinalizer keeps a claim that has devices from being gone before they are given back.
const ResourceClaimFinalizer = "resource.kubernetes.io/delete-protection"

// ExtendedResourceClaimAnnotation marks claims that the scheduler made for extended resources which a pod asks for.
const ExtendedResourceClaimAnnotation = "resource.kubernetes.io/extended-resource-claim"
