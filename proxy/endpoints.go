package proxy

import (
	"cmp"
	"net/netip"
	"slices"

	"kubelite/api"
	"kubelite/proxy/nft"
)

// endpoint is a pod, or whatever else is behind a port of a service.
type endpoint struct {
	to   netip.AddrPort
	node string // "" if it is on none
}

// endpointsOf are those that new connections to a port of a service may be led to: the ready ones. If none is ready, the ones
// that are on their way out and still serve: better a connection that may be cut off than none.
func endpointsOf(port *api.ServicePort, endpointSlices []*api.EndpointSlice) []endpoint {
	var ready, draining []endpoint
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
			found := endpoint{netip.AddrPortFrom(address, number), api.Deref(e.NodeName, "")}
			isReady := api.Deref(e.Conditions.Ready, true)
			switch {
			case isReady:
				ready = append(ready, found)
			case api.Deref(e.Conditions.Serving, isReady) && api.Deref(e.Conditions.Terminating, false):
				draining = append(draining, found)
			}
		}
	}
	if len(ready) == 0 {
		ready = draining
	}
	slices.SortFunc(ready, func(a, b endpoint) int { return a.to.Compare(b.to) })
	ready = slices.CompactFunc(ready, func(a, b endpoint) bool { return a.to == b.to })
	return ready[:min(len(ready), maxEndpoints)]
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

func targets(endpoints []endpoint) []netip.AddrPort {
	to := make([]netip.AddrPort, len(endpoints))
	for i, e := range endpoints {
		to[i] = e.to
	}
	return to
}

// byNode groups endpoints by the node that they are on.
func byNode(endpoints []endpoint) map[string][]endpoint {
	groups := map[string][]endpoint{}
	for _, e := range endpoints {
		if e.node != "" {
			groups[e.node] = append(groups[e.node], e)
		}
	}
	return groups
}

// transportNumber is a protocol as packets name it.
func transportNumber(p api.Protocol) byte {
	switch p {
	case api.ProtocolUDP:
		return nft.UDP
	case api.ProtocolSCTP:
		return nft.SCTP
	}
	return nft.TCP
}

func transport(p api.Protocol) nft.Value { return nft.TransportNumber(transportNumber(p)) }
