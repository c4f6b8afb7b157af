package scheduler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
	"kubelite/scheduler/devices"
)

// dynamicResources places pods where the devices are that their ResourceClaims ask for, and gives them to the claims.
//
//	claim is to be made from a template   the pod is not tried until the controller has made it
//	claim has devices                     the node must be one on which they can be used
//	claim has none                        the allocator looks for devices on each node (scheduler/devices);
//	                                      Reserve promises those of the chosen node,
//	                                      PreBind writes them into the claim, and who may use them: the pod
//
// Devices may want to be made ready first: they have binding conditions, which their driver writes into the claim's status,
// and the pod is bound when all are true.
type dynamicResources struct {
	kit                           *kit
	selectors                     *devices.Selectors
	filterTimeout, bindingTimeout time.Duration

	mu       sync.Mutex
	reserved map[api.UID][]*reservedClaim // by pod, until it is bound or given up; guarded by mu
}

// reservedClaim is a claim of a pod that got a node.
type reservedClaim struct {
	claim      *api.ResourceResourceClaim // as it was decided on, then as PreBind wrote it
	allocation *api.AllocationResult      // what it was promised; nil if it had devices already
	promised   api.UID                    // its uid when it was decided on: a claim in memory has another one once it is made
	written    bool                       // that the pod may use it

	extended bool                                   // it is for extended resources
	uses     []api.ContainerExtendedResourceRequest // and then, what its requests are for
}

func newDynamicResources(k *kit, args *DynamicResourcesArgs) *dynamicResources {
	return &dynamicResources{
		kit: k, selectors: devices.NewSelectors(), filterTimeout: args.FilterTimeout.Duration, bindingTimeout: args.BindingTimeout.Duration,
		reserved: map[api.UID][]*reservedClaim{},
	}
}

func (*dynamicResources) Name() string { return "DynamicResources" }

var (
	claimElsewhere = reject("DynamicResources", unresolvable, "resourceclaim not available on the node")
	leftClaim      = reject("DynamicResources", unresolvable, "cannot schedule extended resource claim")
	tooFewDevices  = reject("DynamicResources", unresolvable, "cannot allocate all claims")
)

// PreEnqueue keeps pods out until their claims are there.
func (p *dynamicResources) PreEnqueue(pod *api.Pod) *status {
	if _, err := p.claimsOf(pod); err != nil {
		return reject(p.Name(), unresolvable, err.Error())
	}
	return nil
}

// claimsOf returns the pod's claims, or why one cannot be used.
func (p *dynamicResources) claimsOf(pod *api.Pod) ([]*api.ResourceResourceClaim, error) {
	var claims []*api.ResourceResourceClaim
	for i := range pod.Spec.ResourceClaims {
		name, made, err := pod.ResourceClaimName(&pod.Spec.ResourceClaims[i])
		if err != nil {
			return nil, err
		}
		if name == "" {
			continue
		}
		claim, ok := p.kit.deviceClaims.Get(api.Key{Namespace: pod.Namespace, Name: name})
		switch {
		case !ok:
			return nil, fmt.Errorf("resourceclaim.resource.k8s.io %q not found", name)
		case claim.DeletionTimestamp != nil:
			return nil, fmt.Errorf("resourceclaim %q is being deleted", name)
		case made && !api.IsControlledBy(claim, pod):
			return nil, fmt.Errorf("ResourceClaim %s was not created for Pod %s (Pod is not owner)", claim.Key(), pod.Key())
		}
		if !slices.Contains(claims, claim) { // a pod may have two names for one
			claims = append(claims, claim)
		}
	}
	return claims, nil
}

// PreFilter looks at the pod's claims. One that nobody could allocate as it is holds the pod.
func (p *dynamicResources) PreFilter(c *cycle) (nodeFilter, *status) {
	pod := c.pod.pod
	claims, err := p.claimsOf(pod)
	if err != nil {
		return nil, reject(p.Name(), unresolvable, err.Error())
	}
	extended, left := p.extendedClaimOf(c.pod)
	if len(claims) == 0 && extended == nil && left == nil {
		return nil, nil
	}
	f := &devicesFilter{
		plugin: p, pod: pod, claims: claims, extended: extended, left: left,
		given: map[string]*givenDevices{}, elsewhere: map[*api.ResourceResourceClaim]bool{},
	}
	for _, claim := range claims {
		switch {
		case claim.Status.Allocation != nil:
			if len(claim.Status.ReservedFor) >= api.MaxReservedFor && !claim.IsReservedFor(pod.UID) {
				return nil, reject(p.Name(), unresolvable, "resourceclaim in use")
			}
			f.allocated = append(f.allocated, claim)
			if p.hopeless(claim) {
				f.elsewhere[claim], f.hopeless = true, true
			}
			continue
		case p.kit.held.holds(claim.UID):
			return nil, reject(p.Name(), unresolvable, fmt.Sprintf("resource claim %s is in the process of being allocated", claim.Key()))
		}
		if missing := p.missingClass(claim); missing != "" {
			return nil, reject(p.Name(), unresolvable, missing)
		}
		f.toAllocate = append(f.toAllocate, claim)
	}
	if len(f.toAllocate) > 0 || extended != nil {
		f.allocator = devices.NewAllocator(p.kit.devices, p.kit.held.held, p.selectors)
	}
	return f, nil
}

// missingClass says which class of a claim's requests does not exist, "" if all do.
func (p *dynamicResources) missingClass(claim *api.ResourceResourceClaim) string {
	missing := func(request, class string) string {
		if _, ok := p.kit.devices.Class(class); ok {
			return ""
		}
		return fmt.Sprintf("request %s: device class %s does not exist", request, class)
	}
	for i := range claim.Spec.Devices.Requests {
		r := &claim.Spec.Devices.Requests[i]
		if r.Exactly != nil {
			if m := missing(r.Name, r.Exactly.DeviceClassName); m != "" {
				return m
			}
		}
		for j := range r.FirstAvailable {
			if m := missing(r.Name+"/"+r.FirstAvailable[j].Name, r.FirstAvailable[j].DeviceClassName); m != "" {
				return m
			}
		}
	}
	return ""
}

// devicesFilter holds the claims of one pod.
type devicesFilter struct {
	plugin                        *dynamicResources
	pod                           *api.Pod
	claims, allocated, toAllocate []*api.ResourceResourceClaim
	extended                      *extendedClaim             // for extended resources; nil if the pod asks for none
	left                          *api.ResourceResourceClaim // from an attempt in vain: it has to go first
	allocator                     *devices.Allocator         // nil if all have their devices

	given     map[string]*givenDevices            // what those to allocate get, by node that passed
	elsewhere map[*api.ResourceResourceClaim]bool // allocated ones that cannot be used on some node
	hopeless  bool                                // one of them on none
}

// givenDevices is what the claims get on a node.
type givenDevices struct {
	results  []api.AllocationResult     // of those to allocate, in their order, then of extended
	extended *api.ResourceResourceClaim // nil where the node has the resources itself
	uses     []api.ContainerExtendedResourceRequest
}

// Filter rejects nodes where the devices of a claim cannot be used, and those that have not enough devices for the others.
func (f *devicesFilter) Filter(n *nodeInfo) *status {
	if f.left != nil {
		return leftClaim
	}
	usable := !f.hopeless
	for _, claim := range f.allocated {
		if !claim.Status.Allocation.NodeSelector.Matches(n.node) {
			f.elsewhere[claim] = true
			usable = false
		}
	}
	if f.allocator != nil {
		if st := f.allocate(n); st != nil {
			return st
		}
	}
	if !usable {
		return claimElsewhere
	}
	return nil
}

func (f *devicesFilter) allocate(n *nodeInfo) *status {
	if f.given[n.name] != nil {
		return nil
	}
	p := f.plugin
	g, claims := &givenDevices{}, f.toAllocate
	if f.extended != nil {
		if g.extended, g.uses = f.extended.on(n, f.pod, p.kit.devices); g.extended != nil {
			claims = append(claims[:len(claims):len(claims)], g.extended)
		}
	}
	ctx := context.Background()
	if p.filterTimeout > 0 {
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, p.filterTimeout)
		defer done()
	}
	var err error
	g.results, err = f.allocator.Allocate(ctx, n.node, claims)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return reject(p.Name(), failed, fmt.Sprintf("node %s: timed out trying to allocate devices", n.name))
	case errors.Is(err, devices.ErrInvalidPool):
		return reject(p.Name(), unresolvable, err.Error())
	case err != nil:
		return reject(p.Name(), failed, err.Error())
	case g.results == nil:
		return tooFewDevices
	}
	f.given[n.name] = g
	return nil
}

// devicesFilterOf is the plugin's view of the cycle's pod, nil if it has no claims.
func devicesFilterOf(c *cycle) *devicesFilter {
	for _, f := range c.filters {
		if d, ok := f.(*devicesFilter); ok {
			return d
		}
	}
	return nil
}

// PostFilter takes devices back from a claim of the pod that nobody else uses: with others, elsewhere, the pod may have a node.
func (p *dynamicResources) PostFilter(ctx context.Context, c *cycle) *postFilterResult {
	if c.decision.preFilter != "" && !c.decision.rejectedBy[p.Name()] {
		// The pod was held before it came to devices. Upstream's plugin looks for what it noted then, and that it finds nothing is the last
		// word: where a claim of the pod has no volume, nobody is driven out.
		return &postFilterResult{message: "not found", keep: true, last: true}
	}
	f := devicesFilterOf(c)
	if f == nil {
		return &postFilterResult{message: "no new claims to deallocate", keep: true}
	}
	pod := c.pod.pod
	for _, claim := range f.allocated {
		if !f.elsewhere[claim] {
			continue
		}
		if others := len(claim.Status.ReservedFor); others > 1 || others == 1 && !claim.IsReservedFor(pod.UID) {
			continue
		}
		claim = api.DeepCopy(claim)
		claim.Status = api.ResourceClaimStatus{}
		why := client.Because(ctx, "the devices of claim %s cannot be used where pod %s fits, and nobody else uses them: take them back", claim.Name, pod.Name)
		if _, err := client.Of[*api.ResourceResourceClaim](p.kit.client).UpdateStatus(why, claim); err != nil {
			return &postFilterResult{message: fmt.Sprintf("deallocate ResourceClaim %s: %v", claim.Name, err), keep: true, last: true}
		}
		return &postFilterResult{message: "deallocation of ResourceClaim completed", keep: true}
	}
	if f.left != nil {
		if err := p.deleteExtended(ctx, f.left); err != nil {
			return &postFilterResult{message: err.Error(), keep: true, last: true}
		}
		return &postFilterResult{message: "deletion of ResourceClaim completed", keep: true}
	}
	return &postFilterResult{message: "still not schedulable", keep: true}
}

// PreScore has an opinion where requests have alternatives.
func (p *dynamicResources) PreScore(c *cycle, _ []*nodeInfo) nodeScorer {
	f := devicesFilterOf(c)
	if f == nil || !slices.ContainsFunc(f.claims, hasAlternatives) {
		return nil
	}
	return f
}

func hasAlternatives(claim *api.ResourceResourceClaim) bool {
	return slices.ContainsFunc(claim.Spec.Devices.Requests, func(r api.DeviceRequest) bool { return len(r.FirstAvailable) > 0 })
}

// Score is the higher the better the alternatives are that the claims get on the node: the best of a request counts as many as there
// can be, the next one less, and so on.
func (f *devicesFilter) Score(n *nodeInfo) (score int64) {
	for _, claim := range f.allocated {
		score += scoreAlternatives(claim, claim.Status.Allocation)
	}
	for i, claim := range f.toAllocate {
		score += scoreAlternatives(claim, &f.given[n.name].results[i])
	}
	return score
}

func scoreAlternatives(claim *api.ResourceResourceClaim, a *api.AllocationResult) (score int64) {
	for i := range claim.Spec.Devices.Requests {
		r := &claim.Spec.Devices.Requests[i]
		for j := range r.FirstAvailable {
			name := r.Name + "/" + r.FirstAvailable[j].Name
			if slices.ContainsFunc(a.Devices.Results, func(d api.DeviceRequestAllocationResult) bool { return d.Request == name }) {
				score += int64(api.MaxFirstAvailable - j)
			}
		}
	}
	return score
}

// Normalize makes the best node's score the highest there is.
func (f *devicesFilter) Normalize(scores []int64, _ []*nodeInfo) { defaultNormalize(scores, false) }

// Reserve promises the pod's claims what the chosen node has for them.
func (p *dynamicResources) Reserve(c *cycle, n *nodeInfo) *status {
	f := devicesFilterOf(c)
	if f == nil {
		return nil
	}
	var reserved []*reservedClaim
	for _, claim := range f.allocated {
		reserved = append(reserved, &reservedClaim{claim: claim, promised: claim.UID, written: claim.IsReservedFor(c.pod.pod.UID)})
	}
	if f.allocator != nil {
		g := f.given[n.name]
		for i, claim := range f.toAllocate {
			reserved = append(reserved, &reservedClaim{claim: claim, promised: claim.UID, allocation: &g.results[i]})
		}
		if claim := g.extended; claim != nil {
			reserved = append(reserved, &reservedClaim{claim: claim, promised: claim.UID, allocation: &g.results[len(f.toAllocate)], extended: true, uses: g.uses})
		}
	}
	for _, r := range reserved {
		if r.allocation != nil {
			p.kit.held.promise(r.promised, r.allocation)
		}
	}
	if len(reserved) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reserved[c.pod.pod.UID] = reserved
	return nil
}

// Hints are claims of the pod that come or change, devices that others give back or were promised in vain, classes and slices, and
// nodes that come or change.
func (p *dynamicResources) Hints() []hint {
	return []hint{
		{on: nodeAdded | nodeRelabelled | nodeAllocatable | deviceClassChanged | deviceSliceChanged},
		{on: deviceClaimChanged, helps: p.claimHelps},
		{on: podGone, helps: func(_ *podInfo, e *clusterEvent) bool { return e.timer != "" }}, // its binding failed
	}
}

func (p *dynamicResources) claimHelps(waiting *podInfo, e *clusterEvent) bool {
	old, _ := e.old.(*api.ResourceResourceClaim)
	claim, _ := e.new.(*api.ResourceResourceClaim)
	if old != nil && old.Status.Allocation != nil && (claim == nil || claim.Status.Allocation == nil) {
		return true
	}
	if claim == nil {
		return false
	}
	claims, err := p.claimsOf(waiting.pod)
	if err != nil || !slices.ContainsFunc(claims, func(c *api.ResourceResourceClaim) bool { return c.UID == claim.UID }) {
		return false
	}
	return old == nil || !api.Equal(old.Status, claim.Status)
}
