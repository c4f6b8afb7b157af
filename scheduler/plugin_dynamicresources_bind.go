package scheduler

import (
	"context"
	"fmt"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// What becomes of the promises that were made to a pod's claims (plugin_dynamicresources.go): PreBind keeps them, Unreserve
// withdraws them.

// reservedBy are the claims of a pod that has a node and is not bound yet.
func (p *dynamicResources) reservedBy(pod *api.Pod) []*reservedClaim {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reserved[pod.UID]
}

func (p *dynamicResources) takeReserved(pod *api.Pod) []*reservedClaim {
	p.mu.Lock()
	defer p.mu.Unlock()
	reserved := p.reserved[pod.UID]
	delete(p.reserved, pod.UID)
	return reserved
}

// Unreserve withdraws the promises that were not kept. A claim in which the pod stands already is free of it again, but keeps
// its devices: the pod will be tried again soon. One that was made for extended resources goes.
func (p *dynamicResources) Unreserve(ctx context.Context, info *podInfo) {
	pod := info.pod
	for _, r := range p.takeReserved(pod) {
		if r.allocation != nil {
			p.kit.tell(func() { p.kit.held.withdraw(r.promised) })
		}
		var err error
		switch {
		case ctx.Err() != nil:
		case r.extended && r.claim.UID != r.promised:
			err = p.deleteExtended(ctx, r.claim)
		case r.written:
			err = p.releaseClaim(ctx, pod, r.claim)
		}
		if err != nil {
			p.kit.log.Warn("release a claim", "namespace", pod.Namespace, "name", r.claim.Name, "error", err)
		}
	}
}

func (p *dynamicResources) releaseClaim(ctx context.Context, pod *api.Pod, claim *api.ResourceResourceClaim) error {
	patch := fmt.Sprintf(`{"metadata":{"uid":%q},"status":{"reservedFor":[{"$patch":"delete","uid":%q}]}}`, claim.UID, pod.UID)
	why := client.Because(ctx, "pod %s was not bound: it does not use claim %s", pod.Name, claim.Name)
	_, err := client.Of[*api.ResourceResourceClaim](p.kit.client).Patch(why, pod.Namespace, claim.Name, api.StrategicMergePatchType, []byte(patch), "status")
	if api.IsNotFound(err) || api.IsConflict(err) {
		return nil // it is gone, and perhaps another one has its name
	}
	return err
}

// PreBindPreFlight tells whether the pod has claims.
func (p *dynamicResources) PreBindPreFlight(pod *podInfo) bool { return len(p.reservedBy(pod.pod)) > 0 }

// PreBind writes the pod, and the devices that were promised, into its claims, and waits until the devices are ready.
func (p *dynamicResources) PreBind(ctx context.Context, info *podInfo, node string) error {
	reserved := p.reservedBy(info.pod)
	for _, r := range reserved {
		if r.written {
			continue
		}
		if r.extended {
			if err := p.createExtended(ctx, info.pod, r, node); err != nil {
				return err
			}
		}
		if err := p.bindClaim(ctx, info.pod, r, node); err != nil {
			return err
		}
		if r.extended {
			if err := p.noteExtended(ctx, info.pod, r); err != nil {
				return err
			}
		}
	}
	return p.waitReady(ctx, reserved)
}

// PostBind lets go of what was reserved: the claims say so themselves.
func (p *dynamicResources) PostBind(info *podInfo) { p.takeReserved(info.pod) }

// bindAttempts is how often a claim is written anew that somebody else changed meanwhile.
const bindAttempts = 5

func (p *dynamicResources) bindClaim(ctx context.Context, pod *api.Pod, r *reservedClaim, node string) error {
	claims := client.Of[*api.ResourceResourceClaim](p.kit.client)
	claim := api.DeepCopy(r.claim)
	for attempt := 1; ; attempt++ {
		written, err := p.writeClaim(ctx, claims, claim, r.allocation, pod, node)
		if err == nil {
			r.claim, r.written = written, true
			p.kit.tell(func() { p.kit.held.written(written, r.promised) })
			return nil
		}
		if !api.IsConflict(err) || attempt == bindAttempts {
			return err
		}
		if claim, err = claims.Get(ctx, pod.Namespace, r.claim.Name); err != nil {
			return fmt.Errorf("get updated claim %s after conflict: %w", r.claim.Key(), err)
		}
	}
}

// writeClaim makes a claim say that the pod may use it, and first that it has devices if they are new.
func (p *dynamicResources) writeClaim(ctx context.Context, claims client.Resource[*api.ResourceResourceClaim], claim *api.ResourceResourceClaim, allocation *api.AllocationResult, pod *api.Pod, node string) (*api.ResourceResourceClaim, error) {
	switch {
	case claim.DeletionTimestamp != nil:
		return nil, fmt.Errorf("claim %s got deleted in the meantime", claim.Key())
	case allocation != nil && claim.Status.Allocation != nil:
		return nil, fmt.Errorf("claim %s got allocated elsewhere in the meantime", claim.Key())
	case allocation == nil && claim.Status.Allocation == nil:
		return nil, fmt.Errorf("claim %s got deallocated elsewhere in the meantime", claim.Key())
	}
	why := client.Because(ctx, "pod %s goes to %s and uses claim %s: reserve it", pod.Name, node, claim.Name)
	if allocation != nil {
		why = client.Because(ctx, "pod %s goes to %s, which has devices for claim %s: give it %s", pod.Name, node, claim.Name, deviceNames(allocation))
		if !slices.Contains(claim.Finalizers, api.ResourceClaimFinalizer) {
			claim.Finalizers = append(claim.Finalizers, api.ResourceClaimFinalizer)
			protect := client.Because(ctx, "claim %s is about to get devices: keep it until they are given back", claim.Name)
			protected, err := claims.Update(protect, claim)
			if err != nil {
				return nil, fmt.Errorf("add finalizer to claim %s: %w", claim.Key(), err)
			}
			claim = protected
		}
		claim.Status.Allocation = allocation
	}
	if claim.Status.Allocation.AllocationTimestamp == nil {
		claim.Status.Allocation.AllocationTimestamp = api.Ptr(api.Now())
	}
	claim.Status.ReservedFor = append(claim.Status.ReservedFor, api.ResourceClaimConsumerReference{Resource: "pods", Name: pod.Name, UID: pod.UID})
	written, err := claims.UpdateStatus(why, claim)
	if err != nil {
		return nil, fmt.Errorf("add allocation and reservation to claim %s: %w", claim.Key(), err)
	}
	return written, nil
}

// deviceNames lists what a claim is given.
func deviceNames(a *api.AllocationResult) (names []string) {
	for i := range a.Devices.Results {
		names = append(names, a.Devices.Results[i].Device)
	}
	return names
}

// waitReady waits until the binding conditions of all devices are true.
func (p *dynamicResources) waitReady(ctx context.Context, reserved []*reservedClaim) error {
	for _, r := range reserved {
		if !slices.ContainsFunc(r.claim.Status.Allocation.Devices.Results, conditional) {
			continue
		}
		since := r.claim.Status.Allocation.AllocationTimestamp
		ctx, done := context.WithDeadlineCause(ctx, since.Add(p.bindingTimeout), fmt.Errorf("device binding timeout: claim=%s", r.claim.Name))
		defer done()
		for {
			changed := p.kit.deviceNews.wait()
			claim, ok := p.kit.deviceClaims.Get(r.claim.Key())
			if !ok {
				return fmt.Errorf("resourceclaim.resource.k8s.io %q not found", r.claim.Name)
			}
			ready, err := devicesReady(claim)
			if err != nil {
				return err
			}
			if ready {
				break
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

func conditional(r api.DeviceRequestAllocationResult) bool { return len(r.BindingConditions) > 0 }

// devicesReady tells whether all binding conditions of a claim's devices are true. An error means that they will never be.
func devicesReady(claim *api.ResourceResourceClaim) (bool, error) {
	if claim.Status.Allocation == nil {
		return false, nil
	}
	for _, r := range claim.Status.Allocation.Devices.Results {
		if !conditional(r) {
			continue
		}
		i := slices.IndexFunc(claim.Status.Devices, func(d api.AllocatedDeviceStatus) bool {
			return d.Driver == r.Driver && d.Pool == r.Pool && d.Device == r.Device
		})
		if i < 0 {
			return false, nil
		}
		met := 0
		for _, c := range claim.Status.Devices[i].Conditions {
			switch {
			case c.Status != api.ConditionTrue:
			case slices.Contains(r.BindingFailureConditions, c.Type):
				return false, fmt.Errorf("device binding failed: claim=%s, reason=%s, message=%q", claim.Name, c.Reason, c.Message)
			case slices.Contains(r.BindingConditions, c.Type):
				met++
			}
		}
		if met < len(r.BindingConditions) {
			return false, nil
		}
	}
	return true, nil
}

// hopeless tells whether an allocated claim's devices will not become ready any more.
func (p *dynamicResources) hopeless(claim *api.ResourceResourceClaim) bool {
	ready, err := devicesReady(claim)
	if ready || err != nil {
		return err != nil
	}
	a := claim.Status.Allocation
	return slices.ContainsFunc(a.Devices.Results, conditional) && a.AllocationTimestamp != nil && time.Since(a.AllocationTimestamp.Add(p.bindingTimeout)) > 0
}
