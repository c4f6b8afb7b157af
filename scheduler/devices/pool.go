package devices

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
)

// Cluster is where the allocator looks up classes and what drivers publish. It must not change while a pod is decided on.
type Cluster interface {
	Class(name string) (*api.DeviceClass, bool)
	// OnNode are the slices of devices that only this node has.
	OnNode(node string) []*api.ResourceSlice
	// Shared are all others: for several nodes, for each device another, or without devices, with counters.
	Shared() []*api.ResourceSlice
	// OfPool are the slices of a pool, of whatever generation.
	OfPool(driver, pool string) []*api.ResourceSlice
}

// pool is a pool as seen from a node.
type pool struct {
	driver, name string
	here         []*api.ResourceSlice // with devices for the node
	all          []*api.ResourceSlice // of this generation, for other nodes too
	counterSets  map[string]*api.CounterSet

	incomplete bool  // its driver is about to publish the rest
	invalid    error // it contradicts itself
}

func (p *pool) String() string { return p.driver + "/" + p.name }

func (p *pool) device(d *api.Device) ID { return ID{p.driver, p.name, d.Name} }

// usable tells whether devices of the pool may be given out.
func (p *pool) usable() bool { return !p.incomplete && p.invalid == nil }

// poolsOn returns the pools that have something for the node, by driver and name. Those of which a device may turn out not to
// be had after all (it has binding conditions) come last.
func poolsOn(cluster Cluster, shared []*api.ResourceSlice, node *api.Node) []*pool {
	type key struct{ driver, pool string }
	found := map[key][]*api.ResourceSlice{}
	for _, slice := range slices.Concat(cluster.OnNode(node.Name), shared) {
		if !concerns(slice, node) {
			continue
		}
		k := key{slice.Spec.Driver, slice.Spec.Pool.Name}
		if known := found[k]; len(known) > 0 {
			switch newer := cmp.Compare(slice.Spec.Pool.Generation, known[0].Spec.Pool.Generation); {
			case newer < 0:
				continue
			case newer > 0:
				found[k] = nil
			}
		}
		found[k] = append(found[k], slice)
	}
	var pools []*pool
	for k, here := range found {
		if p := newPool(cluster, k.driver, k.pool, here); p != nil {
			pools = append(pools, p)
		}
	}
	slices.SortFunc(pools, func(a, b *pool) int {
		return cmp.Or(compareBool(a.conditional(), b.conditional()), strings.Compare(a.driver, b.driver), strings.Compare(a.name, b.name))
	})
	return pools
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// newPool makes a pool of the newest slices that concern the node. It is complete if these are all that there are to be, or
// with those of other nodes. A pool of which there is a newer generation elsewhere is none.
func newPool(cluster Cluster, driver, name string, here []*api.ResourceSlice) *pool {
	p := &pool{driver: driver, name: name, all: here}
	if spec := &here[0].Spec.Pool; int64(len(here)) != spec.ResourceSliceCount {
		p.all = nil
		for _, slice := range cluster.OfPool(driver, name) {
			switch {
			case slice.Spec.Pool.Generation > spec.Generation:
				return nil
			case slice.Spec.Pool.Generation == spec.Generation:
				p.all = append(p.all, slice)
			}
		}
		if p.incomplete = int64(len(p.all)) != spec.ResourceSliceCount; p.incomplete {
			return p
		}
	}
	slices.SortFunc(here, func(a, b *api.ResourceSlice) int { return strings.Compare(a.Name, b.Name) })
	p.counterSets = map[string]*api.CounterSet{}
	names := map[string]bool{}
	for _, slice := range here {
		for i := range slice.Spec.SharedCounters {
			set := &slice.Spec.SharedCounters[i]
			if p.counterSets[set.Name] != nil {
				p.invalid = fmt.Errorf("duplicate counter set name %s", set.Name)
			}
			p.counterSets[set.Name] = set
		}
		for i := range slice.Spec.Devices {
			if device := slice.Spec.Devices[i].Name; names[device] {
				p.invalid = fmt.Errorf("duplicate device name %s", device)
			} else {
				names[device] = true
			}
		}
		if len(slice.Spec.Devices) > 0 {
			p.here = append(p.here, slice)
		}
	}
	if p.invalid == nil {
		p.invalid = checkCounters(p.counterSets, p.all)
	}
	return p
}

// conditional tells whether any device of the pool has binding conditions.
func (p *pool) conditional() bool {
	return slices.ContainsFunc(p.here, func(s *api.ResourceSlice) bool {
		return slices.ContainsFunc(s.Spec.Devices, func(d api.Device) bool { return d.BindingConditions != nil })
	})
}

// concerns tells whether a slice has anything for a node. Counters concern every node.
func concerns(slice *api.ResourceSlice, node *api.Node) bool {
	s := &slice.Spec
	switch {
	case len(s.SharedCounters) > 0:
		return true
	case api.Deref(s.PerDeviceNodeSelection, false):
		return slices.ContainsFunc(s.Devices, func(d api.Device) bool { return reaches(node, d.NodeName, d.AllNodes, d.NodeSelector) })
	}
	return reaches(node, s.NodeName, s.AllNodes, s.NodeSelector)
}

// reaches tells whether the node is one of those meant.
func reaches(node *api.Node, name *string, all *bool, selector *api.NodeSelector) bool {
	switch {
	case api.Deref(name, "") != "":
		return *name == node.Name
	case api.Deref(all, false):
		return true
	}
	return selector != nil && selector.Matches(node)
}
