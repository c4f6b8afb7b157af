package controllers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"kubelite/api"
)

// How zones share the endpoints of a service with the annotation service.kubernetes.io/topology-mode: Auto. Clients are led to
// endpoints of their own zone, as with trafficDistribution, but so that none has to do too much: a zone with half of all processors
// is meant to have half of all clients, and gets half of the endpoints, be they in another zone.
//
//	zone       processors   ready endpoints   shared out
//	a          4 of 8       3                 2, and one to b
//	b          2 of 8       0                 1, that of a
//	c          2 of 8       1                 1
//
// Where that cannot be, since a zone is not known or there are too few endpoints, nobody is led anywhere, and an event says why.
//
// Upstream: the module endpointslice, topologycache/topologycache.go.

// overload is how much more than its part one endpoint may be asked for: a fifth.
const overload = 0.2

// sharesByZone tells whether zones share the service's endpoints.
func sharesByZone(svc *api.Service) bool {
	mode, ok := svc.Annotations[api.AnnotationTopologyAwareHints]
	if !ok {
		mode = svc.Annotations[api.AnnotationTopologyMode]
	}
	return mode == "Auto" || mode == "auto"
}

// shareByZone writes hints into the endpoints of one address type if the service wants that, and tells with an event when it begins
// or ends to, or why it cannot.
func (e *EndpointSliceController) shareByZone(ctx context.Context, svc *api.Service, addressType api.AddressType, desired sliceGroups) {
	disabled := func(why string) {
		e.events.Event(ctx, svc, api.EventTypeWarning, "TopologyAwareHintsDisabled", "%s, addressType: %s", why, addressType)
	}
	if !sharesByZone(svc) {
		if _, before := e.shared.LoadAndDelete(svc.Key()); before {
			disabled("Topology Aware Hints has been disabled")
		}
		return
	}
	var ready []*api.Endpoint
	for _, group := range desired {
		for i := range group.endpoints {
			if group.addressType == addressType && *group.endpoints[i].Conditions.Ready {
				ready = append(ready, &group.endpoints[i])
			}
		}
	}
	if problem := shareOut(ready, processorShares(e.nodes.List("", nil))); problem != "" {
		e.shared.Delete(svc.Key())
		disabled(problem)
		return
	}
	if _, before := e.shared.Swap(svc.Key(), true); !before {
		e.events.Event(ctx, svc, api.EventTypeNormal, "TopologyAwareHintsEnabled", "Topology Aware Hints has been enabled, addressType: %s", addressType)
	}
}

// processorShares are the parts that zones have of all processors of ready nodes. nil: a node does not say, or there is one zone.
func processorShares(nodes []*api.Node) map[string]float64 {
	byZone, total := map[string]float64{}, 0.0
	for _, node := range nodes {
		_, controlPlane := node.Labels["node-role.kubernetes.io/control-plane"]
		_, master := node.Labels["node-role.kubernetes.io/master"]
		if controlPlane || master || nodeReadiness(node) != api.ConditionTrue {
			continue
		}
		zone, cpu := node.Labels[api.LabelZone], float64(node.Status.Allocatable[api.ResourceCPU].MilliValue())
		if zone == "" || cpu == 0 {
			return nil
		}
		byZone[zone] += cpu
		total += cpu
	}
	if len(byZone) < 2 {
		return nil
	}
	for zone := range byZone {
		byZone[zone] /= total
	}
	return byZone
}

// shareOut has each zone led to its part of the endpoints, first to those in it. It tells what keeps it from doing so: then it leaves
// all endpoints without hints.
func shareOut(endpoints []*api.Endpoint, shares map[string]float64) (problem string) {
	if shares == nil {
		return "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes"
	}
	if len(endpoints) < len(shares) {
		return fmt.Sprintf("Insufficient number of endpoints (%d endpoints, %d zones)", len(endpoints), len(shares))
	}
	surplus, least := map[string]float64{}, 0 // of endpoints; below 0 it is a lack
	for zone, share := range shares {
		fair := share * float64(len(endpoints))
		minimum := math.Ceil(fair / (1 + overload))
		least += int(minimum)
		surplus[zone] = -max(fair, minimum)
	}
	if least > len(endpoints) {
		return fmt.Sprintf("Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (%d endpoints, %d zones)", len(endpoints), len(shares))
	}
	for _, e := range endpoints {
		if e.Zone == nil {
			return "One or more endpoints do not have a zone specified"
		}
		if _, ok := shares[*e.Zone]; ok { // in others no node is ready: their endpoints are theirs
			surplus[*e.Zone]++
		}
	}
	slices.SortFunc(endpoints, func(a, b *api.Endpoint) int { return cmp.Compare(endpointIdentity(a), endpointIdentity(b)) })
	given := give(surplus)
	for _, e := range endpoints {
		zone := *e.Zone
		if to := given[zone]; len(to) > 0 {
			zone, given[*e.Zone] = to[0], to[1:]
		}
		e.Hints = &api.EndpointHints{ForZones: []api.ForZone{{Name: zone}}}
	}
	return ""
}

// give has zones that have too many endpoints give some to those that have too few, the most to the neediest, until it would help
// nobody. given are the receivers, by who gives.
func give(surplus map[string]float64) (given map[string][]string) {
	given = map[string][]string{}
	zones, lack := slices.Sorted(maps.Keys(surplus)), map[string]float64{}
	for zone, more := range surplus {
		lack[zone] = -more
	}
	most := func(of map[string]float64) (zone string, number float64) {
		zone = slices.MaxFunc(zones, func(a, b string) int { return cmp.Compare(of[a], of[b]) })
		return zone, of[zone]
	}
	for {
		giver, more := most(surplus)
		receiver, less := most(lack)
		if more < 0.5 || less < 0.5 || more < 1 && less < 1 {
			return given
		}
		surplus[giver]--
		lack[receiver]--
		given[giver] = append(given[giver], receiver)
	}
}
