package devices

import (
	"fmt"

	"kubelite/api"
)

// Devices can be parts of one thing, such as slices of a graphics card: whole, or in halves, or in quarters. They say so by
// counters that the pool has (its shared counters) and that each of them uses some of. What one uses, the others lack.

// counters are what is left in a pool: set -> counter -> amount.
type counters map[string]map[string]api.Quantity

// countersOf are the pool's, less what devices use that claims have already.
func countersOf(p *pool, held *Held) counters {
	left := counters{}
	for name, set := range p.counterSets {
		left[name] = map[string]api.Quantity{}
		for counter, c := range set.Counters {
			left[name][counter] = c.Value
		}
	}
	for _, slice := range p.all {
		for i := range slice.Spec.Devices {
			d := &slice.Spec.Devices[i]
			if len(d.ConsumesCounters) > 0 && held.uses(p.device(d)) {
				left.take(d, 1)
			}
		}
	}
	return left
}

// take takes what a device uses; sign -1 gives it back.
func (c counters) take(d *api.Device, sign int) {
	for _, use := range d.ConsumesCounters {
		for counter, q := range use.Counters {
			if sign > 0 {
				c[use.CounterSet][counter] = c[use.CounterSet][counter].Sub(q.Value)
			} else {
				c[use.CounterSet][counter] = c[use.CounterSet][counter].Add(q.Value)
			}
		}
	}
}

// suffice tells whether there is enough left for a device.
func (c counters) suffice(d *api.Device) bool {
	for _, use := range d.ConsumesCounters {
		for counter, q := range use.Counters {
			if c[use.CounterSet][counter].Cmp(q.Value) < 0 {
				return false
			}
		}
	}
	return true
}

// checkCounters says what is wrong with a pool whose devices use counters that it does not have.
func checkCounters(sets map[string]*api.CounterSet, slices []*api.ResourceSlice) error {
	for _, slice := range slices {
		for i := range slice.Spec.Devices {
			for _, use := range slice.Spec.Devices[i].ConsumesCounters {
				set := sets[use.CounterSet]
				if set == nil {
					return fmt.Errorf("counter set %s not found", use.CounterSet)
				}
				for counter := range use.Counters {
					if _, has := set.Counters[counter]; !has {
						return fmt.Errorf("counter %s not found in counter set %s", counter, use.CounterSet)
					}
				}
			}
		}
	}
	return nil
}
