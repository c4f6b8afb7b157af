// Package endpoints tells which pods a port of a service leads to. The proxy makes rules of them, the ingress controller sends
// requests to them: both have to agree on who takes new connections, so it is said once.
//
// In real Kubernetes this is pkg/proxy/topology.go (CategorizeEndpoints).
package endpoints

import (
	"cmp"
	"net/netip"
	"slices"

	"kubelite/api"
)

// Endpoint is a pod, or whatever else is behind a port of a service.
type Endpoint struct {
	To   netip.AddrPort
	Node string // "" if it is on none

	hints api.EndpointHints // whose clients should be led to it; none for one that is on its way out
}

// Of are those that new connections to a port of a service may be led to: the ready ones. If none is ready, the ones
// that are on their way out and still serve: better a connection that may be cut off than none.
func Of(port *api.ServicePort, endpointSlices []*api.EndpointSlice) []Endpoint {
	var ready, draining []Endpoint
	for _, slice := range endpointSlices {
		if slice.AddressType != api.AddressTypeIPv4 {
			continue
		}
		number, ok := slicePort(port, slice)
		if !ok {
			continue
		}
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			if len(e.Addresses) == 0 {
				continue
			}
			address, err := netip.ParseAddr(e.Addresses[0])
			if err != nil {
				continue // validation lets no such address in
			}
			found := Endpoint{To: netip.AddrPortFrom(address, number), Node: api.Deref(e.NodeName, "")}
			isReady := api.Deref(e.Conditions.Ready, true)
			switch {
			case isReady:
				found.hints = api.Deref(e.Hints, found.hints)
				ready = append(ready, found)
			case api.Deref(e.Conditions.Serving, isReady) && api.Deref(e.Conditions.Terminating, false):
				draining = append(draining, found)
			}
		}
	}
	if len(ready) == 0 {
		ready = draining
	}
	slices.SortFunc(ready, func(a, b Endpoint) int { return a.To.Compare(b.To) })
	ready = slices.CompactFunc(ready, func(a, b Endpoint) bool { return a.To == b.To })
	return ready[:min(len(ready), maxEndpoints)]
}

// Near are those of all endpoints that clients on a node should be led to: those that are meant for the node, else those that are
// meant for its zone, else all. Hints count only if every endpoint has one: else some would be led to by nobody.
func Near(all []Endpoint, node, zone string) []Endpoint {
	meant := func(hint func(e *Endpoint) (given, mine bool)) (near []Endpoint) {
		for i := range all {
			given, mine := hint(&all[i])
			if !given {
				return nil
			}
			if mine {
				near = append(near, all[i])
			}
		}
		return near
	}
	near := meant(func(e *Endpoint) (given, mine bool) {
		return len(e.hints.ForNodes) > 0, slices.Contains(e.hints.ForNodes, api.ForNode{Name: node})
	})
	if near == nil {
		near = meant(func(e *Endpoint) (given, mine bool) {
			return len(e.hints.ForZones) > 0, slices.Contains(e.hints.ForZones, api.ForZone{Name: zone})
		})
	}
	if near == nil {
		near = all
	}
	return near
}

// maxEndpoints is how many endpoints of a port are used. It is what Endpoints show, too.
const maxEndpoints = 1000

// slicePort is the number that a port of a service has in a slice.
func slicePort(port *api.ServicePort, slice *api.EndpointSlice) (uint16, bool) {
	for _, p := range slice.Ports {
		if api.Deref(p.Name, "") == port.Name && api.Deref(p.Protocol, api.ProtocolTCP) == cmp.Or(port.Protocol, api.ProtocolTCP) && p.Port != nil {
			return uint16(*p.Port), true
		}
	}
	return 0, false
}
