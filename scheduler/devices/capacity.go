package devices

import (
	"maps"

	"kubelite/api"
)

// A device that allows several allocations is shared: each claim takes so much of each of its capacities, until nothing is
// left. The amount is what the request asks for, rounded up to what the device gives out; nothing asked for is the
// device's default, and without one all of it.

// amounts are of each capacity so much.
type amounts map[api.QualifiedName]api.Quantity

// add adds others, or takes them off where sign is -1.
func (a amounts) add(others amounts, sign int) {
	for name, q := range others {
		if sign < 0 {
			a[name] = a[name].Sub(q)
		} else {
			a[name] = a[name].Add(q)
		}
	}
}

// consumption is what a request takes of each capacity of a device. ok is false if the device has not what is asked for, or
// gives out no such amounts.
func consumption(asked *api.CapacityRequirements, device *api.Device) (takes amounts, ok bool) {
	var requests map[api.QualifiedName]api.Quantity
	if asked != nil {
		requests = asked.Requests
	}
	for name := range requests {
		if _, has := device.Capacity[name]; !has {
			return nil, false
		}
	}
	takes = amounts{}
	for name, capacity := range device.Capacity {
		amount := usual(&capacity)
		if q, named := requests[name]; named {
			amount = roundUp(q, capacity.RequestPolicy)
		}
		if !givenOut(amount, capacity.RequestPolicy) {
			return nil, false
		}
		takes[name] = amount
	}
	return takes, true
}

// fits tells whether the device has so much left, with what its other users have.
func fits(device *api.Device, takes amounts, others ...amounts) bool {
	sum := maps.Clone(takes)
	for _, o := range others {
		sum.add(o, 1)
	}
	for name, capacity := range device.Capacity {
		if q := sum[name]; q.Cmp(capacity.Value) > 0 {
			return false
		}
	}
	return true
}

// usual is what is taken of a capacity that a request does not name.
func usual(c *api.DeviceCapacity) api.Quantity {
	if c.RequestPolicy != nil && c.RequestPolicy.Default != nil {
		return *c.RequestPolicy.Default
	}
	return c.Value
}

// roundUp makes of an amount the next that is given out.
func roundUp(asked api.Quantity, policy *api.CapacityRequestPolicy) api.Quantity {
	switch {
	case policy == nil:
	case policy.ValidRange != nil && policy.ValidRange.Min != nil:
		least, step := policy.ValidRange.Min, policy.ValidRange.Step
		if asked.Cmp(*least) < 0 {
			return *least
		}
		if step == nil || step.Value() == 0 {
			return asked
		}
		steps := (asked.Value() - least.Value() + step.Value() - 1) / step.Value()
		return api.NewQuantity(least.Value()+steps*step.Value(), api.BinarySI)
	default:
		for _, valid := range policy.ValidValues {
			if asked.Cmp(valid) <= 0 {
				return valid
			}
		}
	}
	return asked
}

// givenOut tells whether such an amount is given out at all.
func givenOut(q api.Quantity, policy *api.CapacityRequestPolicy) bool {
	switch {
	case policy == nil, policy.Default != nil && q.Cmp(*policy.Default) == 0:
		return true
	case policy.ValidRange != nil:
		return inRange(q, policy.ValidRange)
	case len(policy.ValidValues) > 0:
		for _, valid := range policy.ValidValues {
			if q.Cmp(valid) == 0 {
				return true
			}
		}
		return false
	}
	return true
}

func inRange(q api.Quantity, r *api.CapacityRequestPolicyRange) bool {
	if r.Max != nil && q.Cmp(*r.Max) > 0 {
		return false
	}
	if r.Step == nil || r.Step.Value() == 0 {
		return true
	}
	return (q.Value()-api.Deref(r.Min, api.Quantity{}).Value())%r.Step.Value() == 0
}
