package devices

import (
	"context"
	"fmt"
	"slices"

	"kubelite/api"
	"kubelite/cel/device"
)

// want is a request of a claim, or one of the alternatives of one, in one form.
type want struct {
	name        string // by which results and configurations refer to it: "request", or "request/alternative"
	request     string
	className   string
	selectors   []api.DeviceSelector
	tolerations []api.DeviceToleration
	capacity    *api.CapacityRequirements
	mode        api.DeviceAllocationMode
	count       int
	admin       bool

	class   *api.DeviceClass
	all     []*candidate        // that are wanted, with AllocationMode All
	matches map[*candidate]bool // what the selectors said
}

// wantsOf are the ways to meet a request, the best first: one, unless it has alternatives.
func wantsOf(r *api.DeviceRequest) []*want {
	if r.Exactly != nil {
		e := r.Exactly
		return []*want{{
			name: r.Name, request: r.Name, className: e.DeviceClassName, selectors: e.Selectors, tolerations: e.Tolerations, capacity: e.Capacity,
			mode: e.AllocationMode, count: int(e.Count), admin: api.Deref(e.AdminAccess, false), matches: map[*candidate]bool{},
		}}
	}
	var wants []*want
	for i := range r.FirstAvailable {
		s := &r.FirstAvailable[i]
		wants = append(wants, &want{
			name: r.Name + "/" + s.Name, request: r.Name, className: s.DeviceClassName, selectors: s.Selectors, tolerations: s.Tolerations,
			capacity: s.Capacity, mode: s.AllocationMode, count: int(s.Count), matches: map[*candidate]bool{},
		})
	}
	return wants
}

// isNamed tells whether a list of requests means this one. The name of a request means all its alternatives.
func (w *want) isNamed(requests []string) bool {
	return slices.Contains(requests, w.request) || slices.Contains(requests, w.name)
}

// tolerates tells whether no taint keeps the device from being given to the request.
func (w *want) tolerates(d *api.Device) bool {
	return !slices.ContainsFunc(d.Taints, func(t api.DeviceTaint) bool {
		keepsOff := t.Effect == api.DeviceTaintEffectNoSchedule || t.Effect == api.DeviceTaintEffectNoExecute
		return keepsOff && !slices.ContainsFunc(w.tolerations, func(tol api.DeviceToleration) bool { return tol.Tolerates(&t) })
	})
}

// Selectors are compiled expressions, by their text. One goroutine at a time may use them.
type Selectors struct {
	compiled map[string]compiledSelector
}

type compiledSelector struct {
	selector *device.Selector
	err      error
}

// NewSelectors is none.
func NewSelectors() *Selectors { return &Selectors{compiled: map[string]compiledSelector{}} }

// maxSelectors bounds how many are kept. There are few classes and many claims, which mostly come from templates.
const maxSelectors = 100

func (s *Selectors) compile(expression string) (*device.Selector, error) {
	c, ok := s.compiled[expression]
	if !ok {
		if len(s.compiled) >= maxSelectors {
			clear(s.compiled)
		}
		c.selector, c.err = device.Compile(expression)
		s.compiled[expression] = c
	}
	return c.selector, c.err
}

// match tells whether a device is what all these selectors want. of names their owner for errors.
func (s *Selectors) match(ctx context.Context, c *candidate, selectors []api.DeviceSelector, of string) (bool, error) {
	for i, selector := range selectors {
		if selector.CEL == nil {
			return false, fmt.Errorf("%s: selector #%d: CEL expression empty (unsupported selector type?)", of, i)
		}
		compiled, err := s.compile(selector.CEL.Expression)
		if err != nil {
			return false, fmt.Errorf("%s: selector #%d: CEL compile error: %w", of, i, err)
		}
		matches, err := compiled.Matches(ctx, c.id.Driver, c.device)
		if err != nil {
			return false, fmt.Errorf("%s: selector #%d: CEL runtime error: %w", of, i, err)
		}
		if !matches {
			return false, nil
		}
	}
	return true, nil
}
