package devices

import (
	"slices"
	"strings"

	"kubelite/api"
)

// constraint is a rule about the devices of several requests of a claim together: one attribute must be the same in all of
// them, or another in each.
type constraint struct {
	requests  []string // empty: all
	attribute api.FullyQualifiedName
	distinct  bool
	values    []*api.DeviceAttribute // of the devices taken so far
}

func newConstraints(rules []api.DeviceConstraint) []*constraint {
	var list []*constraint
	for _, r := range rules {
		c := &constraint{requests: r.Requests}
		if r.DistinctAttribute != nil {
			c.attribute, c.distinct = *r.DistinctAttribute, true
		} else {
			c.attribute = api.Deref(r.MatchAttribute, "")
		}
		list = append(list, c)
	}
	return list
}

// concerns tells whether the rule is about a request's devices.
func (c *constraint) concerns(w *want) bool { return len(c.requests) == 0 || w.isNamed(c.requests) }

// add takes a device in, if it keeps to the rule. A device without the attribute never does.
func (c *constraint) add(id ID, d *api.Device) bool {
	value := attributeOf(id, d, c.attribute)
	if value == nil || slices.ContainsFunc(c.values, func(other *api.DeviceAttribute) bool { return api.Equal(value, other) == c.distinct }) {
		return false
	}
	c.values = append(c.values, value)
	return true
}

// remove lets go of the device that was taken in last.
func (c *constraint) remove() { c.values = c.values[:len(c.values)-1] }

// attributeOf looks an attribute up by its full name; in a device the driver's own domain may be left out.
func attributeOf(id ID, d *api.Device, name api.FullyQualifiedName) *api.DeviceAttribute {
	value, ok := d.Attributes[api.QualifiedName(name)]
	if domain, short, _ := strings.Cut(string(name), "/"); !ok && domain == id.Driver {
		value, ok = d.Attributes[api.QualifiedName(short)]
	}
	if !ok {
		return nil
	}
	return &value
}
