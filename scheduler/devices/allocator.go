package devices

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
)

// Allocator finds devices for the claims of one pod, on one node after the other. It is good for one decision: what the
// cluster has and what others hold must not change meanwhile.
type Allocator struct {
	cluster   Cluster
	shared    []*api.ResourceSlice
	held      *Held
	selectors *Selectors
}

// NewAllocator makes one.
func NewAllocator(cluster Cluster, held *Held, selectors *Selectors) *Allocator {
	return &Allocator{cluster: cluster, shared: cluster.Shared(), held: held, selectors: selectors}
}

// ErrInvalidPool: there are not enough devices, but a pool of the node contradicts itself and may have had them.
var ErrInvalidPool = errors.New("invalid resource pools were encountered")

// Allocate returns what the claims would be given on the node, in their order; nil if there are not enough devices. Errors
// other than ErrInvalidPool are mistakes in the claims or the classes, or the end of ctx: no other node would do.
func (a *Allocator) Allocate(ctx context.Context, node *api.Node, claims []*api.ResourceResourceClaim) ([]api.AllocationResult, error) {
	s := &search{
		Allocator: a, ctx: ctx, node: node, pools: poolsOn(a.cluster, a.shared, node), taken: map[ID][]*claimSearch{}, shares: map[ID]*shares{},
		counters: map[*pool]counters{},
	}
	s.listDevices()
	for _, claim := range claims {
		if err := s.addClaim(claim); err != nil {
			return nil, err
		}
	}
	ok, err := s.request(0)
	switch {
	case err != nil && !errors.Is(err, errTooMany):
		return nil, err
	case !ok && slices.ContainsFunc(s.pools, func(p *pool) bool { return p.invalid != nil }):
		return nil, ErrInvalidPool
	case !ok:
		return nil, nil
	}
	results := make([]api.AllocationResult, 0, len(claims))
	for _, c := range s.claims {
		results = append(results, c.result(node))
	}
	return results, nil
}

// search is one attempt to allocate claims on a node.
type search struct {
	*Allocator
	ctx      context.Context
	node     *api.Node
	pools    []*pool
	devices  []*candidate // in the order in which they are tried
	claims   []*claimSearch
	requests []*requestSearch // of all claims, in order

	// What the claims have so far, besides what others hold.
	taken    map[ID][]*claimSearch // whole devices
	shares   map[ID]*shares
	counters map[*pool]counters // what is left in the pools that have some
}

// candidate is a device that the node can reach.
type candidate struct {
	id     ID
	device *api.Device
	slice  *api.ResourceSlice
	pool   *pool
}

// claimSearch is a claim that is being allocated.
type claimSearch struct {
	claim       *api.ResourceResourceClaim
	requests    []*requestSearch
	constraints []*constraint
	taken       []*allocated
}

// mistake is what is wrong with a request of the claim.
func (c *claimSearch) mistake(w *want, format string, args ...any) error {
	own := w.name
	if _, alternative, ok := strings.Cut(w.name, "/"); ok {
		own = alternative
	}
	return fmt.Errorf("claim %s, request %s: %s", c.claim.Key(), own, fmt.Sprintf(format, args...))
}

// requestSearch is a request of a claim that is being allocated.
type requestSearch struct {
	claim  *claimSearch
	wants  []*want
	chosen *want
}

// allocated is a device for a request.
type allocated struct {
	*candidate
	want  *want
	share amounts // nil for the whole device
}

func (s *search) listDevices() {
	for _, p := range s.pools {
		for _, slice := range p.here {
			perDevice := api.Deref(slice.Spec.PerDeviceNodeSelection, false)
			for i := range slice.Spec.Devices {
				d := &slice.Spec.Devices[i]
				if p.usable() && (!perDevice || reaches(s.node, d.NodeName, d.AllNodes, d.NodeSelector)) {
					s.devices = append(s.devices, &candidate{id: p.device(d), device: d, slice: slice, pool: p})
				}
			}
		}
	}
}

// addClaim takes a claim in, or says why it cannot be allocated at all.
func (s *search) addClaim(claim *api.ResourceResourceClaim) error {
	c := &claimSearch{claim: claim, constraints: newConstraints(claim.Spec.Devices.Constraints)}
	atLeast := 0
	for i := range claim.Spec.Devices.Requests {
		r := &requestSearch{claim: c, wants: wantsOf(&claim.Spec.Devices.Requests[i])}
		fewest := api.MaxDeviceResults + 1
		for _, w := range r.wants {
			if err := s.prepare(c, w); err != nil {
				return err
			}
			fewest = min(fewest, w.count)
		}
		atLeast += fewest
		c.requests = append(c.requests, r)
	}
	if atLeast > api.MaxDeviceResults {
		return fmt.Errorf("claim %s: number of requested devices %d exceeds the claim limit of %d", claim.Key(), atLeast, api.MaxDeviceResults)
	}
	s.claims = append(s.claims, c)
	s.requests = append(s.requests, c.requests...)
	return nil
}

// prepare looks up what a request wants: its class, and the devices if it wants all.
func (s *search) prepare(c *claimSearch, w *want) error {
	var ok bool
	if w.class, ok = s.cluster.Class(w.className); !ok {
		return c.mistake(w, "could not retrieve device class %s: deviceclass.resource.k8s.io %q not found", w.className, w.className)
	}
	if w.mode != api.DeviceAllocationModeAll {
		return nil
	}
	for _, p := range s.pools {
		switch {
		case p.incomplete:
			return c.mistake(w, "asks for all devices, but resource pool %s is currently being updated", p)
		case p.invalid != nil:
			return c.mistake(w, "asks for all devices, but resource pool %s is currently invalid", p)
		}
	}
	for _, d := range s.devices {
		fits, err := s.suits(c, w, d)
		if err != nil {
			return err
		}
		if !fits {
			continue
		}
		if _, ok := s.capacity(w, d); ok {
			w.all = append(w.all, d)
		}
	}
	w.count = len(w.all)
	return nil
}

// errTooMany: a claim would be given more than api.MaxDeviceResults. Another alternative of a request may need fewer, but no other
// devices for the same one.
var errTooMany = errors.New("allocation max size exceeded")

// request finds devices for the i-th request and all that follow.
func (s *search) request(i int) (bool, error) {
	if i == len(s.requests) {
		return true, nil
	}
	r := s.requests[i]
	tooMany := true
	for _, w := range r.wants {
		r.chosen = w
		ok, err := s.device(i, 0, 0)
		if errors.Is(err, errTooMany) {
			continue
		}
		if tooMany = false; ok || err != nil {
			return ok, err
		}
	}
	if tooMany && (i == 0 || s.requests[i-1].claim == r.claim) {
		return false, errTooMany
	}
	return false, nil
}

// device finds the n-th device for the i-th request, among those from a place in the list on, and all that come after it.
func (s *search) device(i, n, from int) (bool, error) {
	if s.ctx.Err() != nil {
		return false, context.Cause(s.ctx)
	}
	r := s.requests[i]
	w := r.chosen
	all := w.mode == api.DeviceAllocationModeAll
	switch {
	case all && len(w.all) == 0:
		return false, nil // all of none is not what was asked for
	case n == w.count:
		return s.request(i + 1)
	case len(r.claim.taken)+w.count-n > api.MaxDeviceResults:
		return false, errTooMany
	case all:
		return s.with(i, n, 0, w.all[n])
	}
	for at := from; at < len(s.devices); at++ {
		d := s.devices[at]
		if s.inUse(r.claim, w, d) {
			continue
		}
		fits, err := s.suits(r.claim, w, d)
		if err != nil {
			return false, err
		}
		if !fits {
			continue
		}
		if ok, err := s.with(i, n, at+1, d); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// with takes a device as the n-th for the i-th request and looks for the rest. If there is no rest, it is given back.
func (s *search) with(i, n, next int, d *candidate) (bool, error) {
	r := s.requests[i]
	giveBack, err := s.take(r.claim, r.chosen, d)
	if giveBack == nil {
		return false, err
	}
	ok, err := s.device(i, n+1, next)
	if !ok {
		giveBack()
	}
	return ok, err
}

// inUse tells whether somebody has the device, or, if the request is an administrator's, the claim itself.
func (s *search) inUse(c *claimSearch, w *want, d *candidate) bool {
	if w.admin {
		return slices.Contains(s.taken[d.id], c)
	}
	return s.held.whole[d.id] > 0 || len(s.taken[d.id]) > 0
}

// suits tells whether the device is of the class and what the request selects.
func (s *search) suits(c *claimSearch, w *want, d *candidate) (bool, error) {
	if known, ok := w.matches[d]; ok {
		return known, nil
	}
	matches, err := s.selectors.match(s.ctx, d, w.class.Spec.Selectors, "class "+w.class.Name)
	if err == nil && matches {
		matches, err = s.selectors.match(s.ctx, d, w.selectors, "claim "+c.claim.Key().String())
	}
	if err != nil {
		return false, err
	}
	w.matches[d] = matches
	return matches, nil
}

// capacity is what the request takes of the device; ok tells whether so much is left.
func (s *search) capacity(w *want, d *candidate) (takes amounts, ok bool) {
	takes, ok = consumption(w.capacity, d.device)
	return takes, ok && fits(d.device, takes, s.held.shares[d.id].total(), s.shares[d.id].total())
}

func (h *shares) total() amounts {
	if h == nil {
		return nil
	}
	return h.amount
}

// take gives a device to a request if nothing speaks against it, and returns how to give it back, else nil. It is a mistake to ask
// for all devices where a constraint of the claim does not allow all.
func (s *search) take(c *claimSearch, w *want, d *candidate) (giveBack func(), err error) {
	if s.inUse(c, w, d) || !w.tolerates(d.device) {
		return nil, nil
	}
	takes, ok := s.capacity(w, d)
	if !ok {
		return nil, nil
	}
	shared := api.Deref(d.device.AllowMultipleAllocations, false)
	var undo []func()
	giveBack = func() {
		for _, f := range slices.Backward(undo) {
			f()
		}
	}
	// Counters are used by a shared device once, however many have shares of it.
	if len(d.device.ConsumesCounters) > 0 && !(shared && (s.held.shares[d.id] != nil || s.shares[d.id] != nil)) {
		left := s.left(d.pool)
		if !left.suffice(d.device) {
			return nil, nil
		}
		left.take(d.device, 1)
		undo = append(undo, func() { left.take(d.device, -1) })
	}
	for _, rule := range c.constraints {
		if !rule.concerns(w) {
			continue
		}
		if !rule.add(d.id, d.device) {
			giveBack()
			if w.mode == api.DeviceAllocationModeAll {
				err = c.mistake(w, "cannot add device %s because a claim constraint would not be satisfied", d.id)
			}
			return nil, err
		}
		undo = append(undo, rule.remove)
	}
	result := &allocated{candidate: d, want: w}
	if shared {
		result.share = takes
		undo = append(undo, s.share(d.id, takes))
	} else {
		s.taken[d.id] = append(s.taken[d.id], c)
		undo = append(undo, func() { s.taken[d.id] = s.taken[d.id][:len(s.taken[d.id])-1] })
	}
	c.taken = append(c.taken, result)
	undo = append(undo, func() { c.taken = c.taken[:len(c.taken)-1] })
	return giveBack, nil
}

// share counts a share of a device, and returns how to take that back.
func (s *search) share(id ID, takes amounts) (undo func()) {
	h := s.shares[id]
	if h == nil {
		h = &shares{amount: amounts{}}
		s.shares[id] = h
	}
	h.claims++
	h.amount.add(takes, 1)
	return func() {
		h.amount.add(takes, -1)
		if h.claims--; h.claims == 0 {
			delete(s.shares, id)
		}
	}
}

// left is what is left of a pool's counters.
func (s *search) left(p *pool) counters {
	c, ok := s.counters[p]
	if !ok {
		c = countersOf(p, s.held)
		s.counters[p] = c
	}
	return c
}
