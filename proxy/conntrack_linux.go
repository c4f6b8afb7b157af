package proxy

import (
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"kubelite/api"
	"kubelite/proxy/endpoints"
)

// forgetStale makes the kernel forget UDP "connections" to a service that lead to what is no endpoint of it now. UDP has no
// end of a connection: a client that goes on sending would keep the old entry alive, and its packets would go on to a pod
// that is gone, or nowhere if there was no endpoint when it began.
func forgetStale(n Network, svc *api.Service, slices []*api.EndpointSlice) error {
	for i := range svc.Spec.Ports {
		port := &svc.Spec.Ports[i]
		if port.Protocol != api.ProtocolUDP || !isRouted(svc) {
			continue
		}
		stale := staleConnections{fronts: map[netip.AddrPort]bool{}, backs: map[netip.AddrPort]bool{}}
		for _, address := range clusterIPs(svc) {
			stale.fronts[netip.AddrPortFrom(address, uint16(port.Port))] = true
		}
		for _, address := range append(externalIPs(svc), loadBalancerIPs(svc)...) {
			stale.fronts[netip.AddrPortFrom(address, uint16(port.Port))] = true
		}
		if port.NodePort != 0 {
			stale.fronts[netip.AddrPortFrom(n.Gateway, uint16(port.NodePort))] = true
		}
		for _, e := range endpoints.Of(port, slices) {
			stale.backs[e.To] = true
		}
		if _, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, unix.AF_INET, stale); err != nil {
			return err
		}
	}
	return nil
}

// staleConnections matches connections to one of the fronts that are answered by none of the backs.
type staleConnections struct {
	fronts map[netip.AddrPort]bool
	backs  map[netip.AddrPort]bool
}

// MatchConntrackFlow is called for every connection that the kernel tracks.
func (s staleConnections) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool {
	to, ok := netip.AddrFromSlice(flow.Forward.DstIP)
	from, ok2 := netip.AddrFromSlice(flow.Reverse.SrcIP)
	return ok && ok2 && flow.Forward.Protocol == unix.IPPROTO_UDP &&
		s.fronts[netip.AddrPortFrom(to.Unmap(), flow.Forward.DstPort)] && !s.backs[netip.AddrPortFrom(from.Unmap(), flow.Reverse.SrcPort)]
}
