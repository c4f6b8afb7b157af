package apiserver

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"time"

	"kubelite/api"
)

// The loop that compares what Services hold with what is accounted for, and makes the two the same again: somebody has deleted
// an IPAddress, restored old Services into the store, or stopped the server between two writes that belong together.
//
//	desired    every address of a Service has its IPAddress, every address and port one Service, and nothing else is taken
//	converge   repair what can be repaired; what cannot (two Services with one address) is for a person, whom an event tells
//
// What to do is decided in service_repair_plan.go. A finding must stand for its patience before it counts, because the loop may
// have looked between a Service's write and that of its IPAddress. These are upstream's ipallocator-repair-controller and
// portallocator-repair-controller (pkg/registry/core/service/ipallocator/controller and .../portallocator/controller).

// repairInterval is how often all Services are looked at, and how often an event tells of what only a person can mend.
const repairInterval = 3 * time.Minute

// repairs is the state of the loop.
type repairs struct {
	nudged chan struct{}        // has room for one: look soon
	due    map[string]time.Time // by finding: when it counts; of the loop only, as what follows
	// The loop speaks for two of upstream's.
	addressEvents, portEvents eventRecorder
}

func newRepairs() repairs {
	return repairs{
		nudged: make(chan struct{}, 1), addressEvents: eventRecorder{controller: "ipallocator-repair-controller"}, portEvents: eventRecorder{controller: "portallocator-repair-controller"},
	}
}

// nudge makes the loop look soon. It never blocks.
func (r *repairs) nudge() {
	select {
	case r.nudged <- struct{}{}:
	default: // it will look anyway
	}
}

// keepServicesRepaired runs the loop until ctx ends.
func (s *Server) keepServicesRepaired(ctx context.Context) error {
	timer := time.NewTimer(repairInterval)
	defer timer.Stop()
	for {
		because := withClock(ctx, "service repair")
		select {
		case <-ctx.Done():
			return nil
		case <-s.repairs.nudged: // somebody has written to an IPAddress
			if s.cache.waitFor(ctx, s.store.Revision()) == nil {
				because = withSeen(ctx, s.cache.kind(resourceOf[*api.IPAddress](s)).lastChange())
			}
		case <-timer.C:
		}
		wait, err := s.repairServices(because, false)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("services could not be checked", "error", err)
		}
		timer.Reset(wait)
	}
}

// repairServices looks once, and says how long it can be until the next look. At the start of the server nobody is writing, so
// everything that it finds counts at once.
func (s *Server) repairServices(ctx context.Context, atStart bool) (wait time.Duration, err error) {
	state, err := s.serviceState(ctx)
	if err != nil {
		return repairInterval, err
	}
	now := time.Now()
	due := map[string]time.Time{}
	for _, f := range planServiceRepairs(state, now) {
		at, known := s.repairs.due[f.identity()]
		if !known {
			at = now.Add(f.patience)
		}
		if atStart || !now.Before(at) {
			again, err := s.repair(ctx, f)
			if err != nil && ctx.Err() == nil {
				s.log.Warn("a service could not be repaired", "finding", f.message, "error", err)
			}
			if again == 0 {
				continue // it is mended: should it come back, it is a new finding
			}
			at = now.Add(again)
		}
		due[f.identity()] = at
	}
	s.repairs.due = due
	wait = repairInterval
	for _, at := range due {
		wait = min(wait, at.Sub(now))
	}
	return wait, nil
}

// serviceState reads what the plan is made from.
func (s *Server) serviceState(ctx context.Context) (state serviceState, err error) {
	// What nudged us was told of when the store had it, which is a moment before the cache does.
	if err := s.cache.waitFor(ctx, s.store.Revision()); err != nil {
		return state, err
	}
	state.addresses, state.ports = s.services.account()
	if state.services, _, err = readAll[*api.Service](s); err != nil {
		return state, err
	}
	shown, _, err := readAll[*api.IPAddress](s)
	if err != nil {
		return state, err
	}
	state.shown = map[string]*api.IPAddress{}
	for _, address := range shown {
		state.shown[address.Name] = address
	}
	for _, cidr := range cached[*api.ServiceCIDR](s) {
		for _, text := range cidr.Spec.CIDRs {
			if prefix, err := netip.ParsePrefix(text); err == nil {
				state.ranges = append(state.ranges, prefix)
			}
		}
	}
	return state, nil
}

// account returns copies of what Services hold, as far as the allocator knows.
func (a *serviceAllocator) account() (addresses map[netip.Addr]bool, ports map[int32]bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.addresses), maps.Clone(a.ports)
}

// repair tells of a finding and mends it, if that is possible. again is when to try or to tell once more; 0: it is mended.
func (s *Server) repair(ctx context.Context, f serviceFinding) (again time.Duration, err error) {
	s.log.Warn("services do not hold what is accounted for", "finding", f.message, "namespace", f.on.GetObjectMeta().Namespace, "name", f.on.GetObjectMeta().Name)
	switch f.action {
	case actionAddress, actionIPAddress:
		s.repairs.addressEvents.record(ctx, s, f.on, f.reason, f.action, f.message)
	case actionPort:
		s.repairs.portEvents.record(ctx, s, f.on, f.reason, f.action, f.message)
	}
	if f.account != nil {
		f.account(s.services)
	}
	if f.remove != "" {
		req := s.internalRequest(ctx, "delete", resourceOf[*api.IPAddress](s), "", f.remove)
		req.why.reason = f.message
		if _, err := s.delete(ctx, req, &api.DeleteOptions{}); err != nil && !api.IsNotFound(err) {
			return repairPatience, fmt.Errorf("delete IPAddress %s: %w", f.remove, err)
		}
	}
	if f.create != nil {
		if err := s.ensure(ctx, f.create); err != nil {
			return repairPatience, err
		}
	}
	if f.forPerson {
		return repairInterval, nil
	}
	return 0, nil
}
