package controllers

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// How a list of endpoints is kept in EndpointSlices, for the two loops that do so.
//
//	desired    sliceGroups: endpoints with the same address type and the same ports belong together
//	actual     the slices that the loop keeps for the service
//	converge   planSlices: change as few slices as possible, for every proxy on every node is sent each change
//
// A service of 1,000 pods has 10 slices, and when one pod fails its probe, one of them is sent.

// slicesHold is how many endpoints a slice is filled up to. (The API allows 1000.)
const slicesHold = 100

// sliceGroup is endpoints that can be in one slice.
type sliceGroup struct {
	addressType api.AddressType
	ports       []api.DiscoveryEndpointPort
	endpoints   []api.Endpoint
}

// sliceGroups collects endpoints by what slices they can be in.
type sliceGroups map[string]*sliceGroup

func (g sliceGroups) add(addressType api.AddressType, ports []api.DiscoveryEndpointPort, endpoints ...api.Endpoint) {
	key := groupKey(addressType, ports)
	if g[key] == nil {
		g[key] = &sliceGroup{addressType: addressType, ports: ports}
	}
	g[key].endpoints = append(g[key].endpoints, endpoints...)
}

func groupKey(addressType api.AddressType, ports []api.DiscoveryEndpointPort) string {
	parts := make([]string, len(ports))
	for i, p := range ports {
		text, err := api.MarshalJSON(p)
		if err != nil {
			panic(err) // strings and numbers can be encoded
		}
		parts[i] = string(text)
	}
	slices.Sort(parts)
	return string(addressType) + strings.Join(parts, "")
}

// slicePlan is what has to be written.
type slicePlan struct {
	create, update, delete []*api.EndpointSlice
}

// planSlices works out how existing slices become the desired ones. like is a slice without endpoints that says what
// all of them have in common: labels, owner, and annotations, unless those are nil: then each slice keeps its own.
func planSlices(existing []*api.EndpointSlice, desired sliceGroups, like *api.EndpointSlice) slicePlan {
	var plan slicePlan
	byGroup := map[string][]*api.EndpointSlice{}
	for _, slice := range existing {
		key := groupKey(slice.AddressType, slice.Ports)
		if desired[key] == nil {
			plan.delete = append(plan.delete, slice)
			continue
		}
		byGroup[key] = append(byGroup[key], slice)
	}
	for _, key := range slices.Sorted(maps.Keys(desired)) {
		desired[key].plan(&plan, byGroup[key], like)
	}
	plan.reuse()
	return plan
}

// reuse has slices that would be deleted become those that would be created, where both have addresses of one type, so that
// nobody sees the old one beside the new, or neither: that of a service which had no pod yet gets ports with the first.
func (p *slicePlan) reuse() {
	p.delete = slices.DeleteFunc(p.delete, func(old *api.EndpointSlice) bool {
		at := slices.IndexFunc(p.create, func(s *api.EndpointSlice) bool { return s.AddressType == old.AddressType })
		if at < 0 {
			return false
		}
		now, wanted := api.DeepCopy(old), p.create[at]
		takeSliceMeta(now, wanted)
		now.Annotations = wanted.Annotations // it is another one now
		now.Ports, now.Endpoints = wanted.Ports, wanted.Endpoints
		p.update, p.create = append(p.update, now), slices.Delete(p.create, at, at+1)
		return true
	})
}

// plan plans for one group.
func (g *sliceGroup) plan(plan *slicePlan, existing []*api.EndpointSlice, like *api.EndpointSlice) {
	slices.SortFunc(existing, func(a, b *api.EndpointSlice) int { return strings.Compare(a.Name, b.Name) })
	missing := map[string]api.Endpoint{}
	var order []string
	for _, endpoint := range g.endpoints {
		key := endpointIdentity(&endpoint)
		if _, double := missing[key]; !double {
			order = append(order, key)
		}
		missing[key] = endpoint
	}

	// What is in a slice stays in it.
	kept := make([]*api.EndpointSlice, len(existing))
	changed := make([]bool, len(existing))
	for i, slice := range existing {
		kept[i] = api.DeepCopy(slice)
		kept[i].Endpoints = []api.Endpoint{}
		for j := range slice.Endpoints {
			key := endpointIdentity(&slice.Endpoints[j])
			wanted, ok := missing[key]
			if !ok {
				changed[i] = true
				continue
			}
			delete(missing, key)
			changed[i] = changed[i] || !api.Equal(wanted, slice.Endpoints[j])
			kept[i].Endpoints = append(kept[i].Endpoints, wanted)
		}
		if !sameSliceMeta(slice, like) {
			takeSliceMeta(kept[i], like)
			changed[i] = true
		}
	}
	order = slices.DeleteFunc(order, func(key string) bool { _, ok := missing[key]; return !ok })

	// What is new goes to slices that have to be written anyway, then to others with room, then to new ones.
	fill := func(slice *api.EndpointSlice) (filled bool) {
		for len(order) > 0 && len(slice.Endpoints) < slicesHold {
			slice.Endpoints = append(slice.Endpoints, missing[order[0]])
			order, filled = order[1:], true
		}
		return filled
	}
	for _, wanted := range []bool{true, false} {
		for i, slice := range kept {
			if changed[i] == wanted && fill(slice) {
				changed[i] = true
			}
		}
	}
	stay := 0
	for i, slice := range kept {
		switch {
		case len(slice.Endpoints) == 0 && len(g.endpoints) > 0, len(slice.Endpoints) == 0 && stay > 0:
			plan.delete = append(plan.delete, slice)
			continue
		case changed[i]:
			plan.update = append(plan.update, slice)
		}
		stay++
	}
	for len(order) > 0 || stay == 0 { // a group without endpoints has one empty slice
		slice := api.DeepCopy(like)
		slice.AddressType, slice.Ports, slice.Endpoints = g.addressType, g.ports, []api.Endpoint{}
		fill(slice)
		plan.create = append(plan.create, slice)
		stay++
	}
}

// endpointIdentity tells endpoints apart: one that only becomes ready is still the same.
func endpointIdentity(e *api.Endpoint) string {
	key := strings.Join(e.Addresses, ",") + "/" + api.Deref(e.Hostname, "")
	if e.TargetRef != nil {
		key += "/" + string(e.TargetRef.UID) + "/" + e.TargetRef.Namespace + "/" + e.TargetRef.Name
	}
	return key
}

func sameSliceMeta(slice, like *api.EndpointSlice) bool {
	return maps.Equal(slice.Labels, like.Labels) && (like.Annotations == nil || maps.Equal(slice.Annotations, like.Annotations)) &&
		api.Equal(slice.OwnerReferences, like.OwnerReferences)
}

func takeSliceMeta(slice, like *api.EndpointSlice) {
	slice.Labels, slice.OwnerReferences = like.Labels, like.OwnerReferences
	if like.Annotations != nil {
		slice.Annotations = like.Annotations
	}
}

// sliceKeeper writes the slices of one loop, and remembers what it wrote until the cache shows it: a loop that plans
// with slices missing would create them twice.
type sliceKeeper struct {
	client    *client.Client
	slices    *client.Informer[*api.EndpointSlice]
	managedBy string
	writes    *ownWrites
}

// follow queues the service of each of the loop's slices that changes: somebody may have changed it by hand.
func (k *sliceKeeper) follow(queue *client.Queue) {
	k.slices.OnChange(func(old, now *api.EndpointSlice, revision int64) {
		slice := now
		if now == nil {
			slice = old
			k.writes.deleted(old.Service(), old.Key())
		}
		if slice.Labels[api.LabelEndpointSliceManagedBy] == k.managedBy {
			queue.Add(slice.Service(), revision)
		}
	})
}

// of lists the slices that the loop keeps for a service. behind: the cache does not show them all yet.
func (k *sliceKeeper) of(service api.Key) (kept []*api.EndpointSlice, behind bool) {
	_, behind = k.writes.pending(service, revisionIn(k.slices), time.Now())
	for _, slice := range k.slices.ByIndex(byServiceName, service.String()) {
		if slice.Labels[api.LabelEndpointSliceManagedBy] == k.managedBy && slice.DeletionTimestamp == nil {
			kept = append(kept, slice)
		}
	}
	return kept, behind
}

// byServiceName is the index of slices by the service that they belong to.
const byServiceName = "service"

func sliceServiceIndex(slice *api.EndpointSlice) []string {
	return []string{slice.Service().String()}
}

// apply carries out a plan.
func (k *sliceKeeper) apply(ctx context.Context, service api.Key, plan slicePlan) error {
	resource := client.Of[*api.EndpointSlice](k.client)
	var errs []error
	for _, slice := range plan.create {
		created, err := resource.Create(client.Because(ctx, "endpoints of service %s have no slice: create one for %d", service, len(slice.Endpoints)), slice)
		if namespaceTerminating(err) {
			return nil
		}
		if err == nil {
			k.writes.wrote(service, created, time.Now())
		}
		errs = append(errs, err)
	}
	for _, slice := range plan.update {
		updated, err := resource.Update(client.Because(ctx, "the endpoints of service %s changed", service), slice)
		if err == nil {
			k.writes.wrote(service, updated, time.Now())
		}
		errs = append(errs, err)
	}
	for _, slice := range plan.delete {
		err := resource.Delete(client.Because(ctx, "service %s needs this slice no more", service), slice.Namespace, slice.Name, api.DeleteOptions{})
		k.writes.deleted(service, slice.Key())
		if !api.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
