package proxy

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/proxy/endpoints"
	"kubelite/proxy/nft"
)

// planService works out the rules of one service.
//
//	service-ports   10.96.0.20 . tcp . 80 : goto service/shop/cart/tcp-80      its cluster IP, external and load balancer IPs
//	node-ports                   tcp . 30080 : goto service/shop/cart/tcp-80
//	chain service/shop/cart/tcp-80   dnat to one of the endpoints
//
// Nodes are known by name.
func planService(n Network, svc *api.Service, endpointSlices []*api.EndpointSlice, nodes map[string]nodePlace) nft.Fragment {
	var f nft.Fragment
	if !isRouted(svc) {
		return f
	}
	for i := range svc.Spec.Ports {
		port := &svc.Spec.Ports[i]
		p := portPlan{
			f: &f, network: n, svc: svc, port: port, nodes: nodes,
			endpoints: endpoints.Of(port, endpointSlices),
			chain:     fmt.Sprintf("service/%s/%s/%s", svc.Namespace, svc.Name, portName(port)),
		}
		p.plan()
	}
	return f
}

// nodePlace is what rules depend on of a node.
type nodePlace struct {
	pods netip.Prefix // the addresses of its pods
	zone string
}

// isRouted tells whether a service has addresses that packets are sent to. Names of others lead clients somewhere else.
func isRouted(svc *api.Service) bool {
	return svc.Spec.Type != api.ServiceTypeExternalName && api.HasClusterIP(svc)
}

// portName tells a service's ports apart: one number may be there for TCP and for UDP.
func portName(port *api.ServicePort) string {
	return fmt.Sprintf("%s-%d", strings.ToLower(string(cmp.Or(port.Protocol, api.ProtocolTCP))), port.Port)
}

// portPlan plans for one port.
type portPlan struct {
	f         *nft.Fragment
	network   Network
	svc       *api.Service
	port      *api.ServicePort
	nodes     map[string]nodePlace
	endpoints []endpoints.Endpoint
	chain     string
}

func (p *portPlan) plan() {
	if len(p.endpoints) == 0 {
		for _, address := range slices.Concat(externalIPs(p.svc), loadBalancerIPs(p.svc)) {
			p.f.AddElement(refused, serviceKey(), p.key(address), nft.Verdict{})
		}
		return // cluster IPs are refused anyway, and nobody listens on the node port
	}
	p.addBalancer(p.chain, p.endpoints)
	external := p.addNear(p.chain)
	internal := external
	if api.Deref(p.svc.Spec.InternalTrafficPolicy, api.ServiceInternalTrafficPolicyCluster) == api.ServiceInternalTrafficPolicyLocal {
		internal = p.chain + "/local"
		p.addLocal(internal, p.chain)
	}
	for _, address := range clusterIPs(p.svc) {
		p.f.AddElement(servicePorts, serviceKey(), p.key(address), nft.Goto(internal))
	}
	for _, address := range externalIPs(p.svc) {
		p.f.AddElement(servicePorts, serviceKey(), p.key(address), nft.Goto(external))
	}
	if balancers := loadBalancerIPs(p.svc); len(balancers) > 0 {
		chain := p.addFirewall(external)
		for _, address := range balancers {
			p.f.AddElement(servicePorts, serviceKey(), p.key(address), nft.Goto(chain))
		}
	}
	if p.port.NodePort != 0 {
		p.f.AddElement(nodePorts, nodePortKey(), nft.Join(transport(p.port.Protocol), nft.Port(uint16(p.port.NodePort))), nft.Goto(external))
	}
}

func (p *portPlan) key(address netip.Addr) nft.Value {
	return nft.Join(nft.Address(address), transport(p.port.Protocol), nft.Port(uint16(p.port.Port)))
}

func (p *portPlan) toOneOf(all []endpoints.Endpoint, before ...nft.Statement) []nft.Rule {
	return nft.ToOneOf(transportNumber(p.port.Protocol), targets(all), before...)
}

// addBalancer adds a chain that picks one of some endpoints.
func (p *portPlan) addBalancer(chain string, some []endpoints.Endpoint) {
	if p.svc.Spec.SessionAffinity != api.ServiceAffinityClientIP {
		p.f.AddChain(chain, p.toOneOf(some)...)
		return
	}
	// A client that has been here goes where it went; the others pick, and are remembered.
	var rules []nft.Rule
	var chains []string
	for _, e := range some {
		own := fmt.Sprintf("%s/%s/%d", chain, e.To.Addr(), e.To.Port())
		clients := "clients-of-" + own
		p.f.AddSet(clients, nft.Set{Key: []nft.Field{nft.SourceAddress}, Dynamic: true})
		p.f.AddChain(own, append([]nft.Rule{{nft.Remember{Set: clients, Timeout: affinityTimeout(p.svc)}}}, p.toOneOf([]endpoints.Endpoint{e})...)...)
		rules = append(rules, nft.Rule{nft.In{Fields: []nft.Field{nft.SourceAddress}, Set: clients}, nft.Goto(own)})
		chains = append(chains, own)
	}
	p.f.AddChain(chain, append(rules, nft.GotoOneOf(chains)...)...)
}

// addNear adds the chain for a service that prefers endpoints near its clients, and returns its name. Clients on a node that has none
// near, and those that are on no node, are led to all.
func (p *portPlan) addNear(all string) (chain string) {
	chain = all + "/near"
	var rules []nft.Rule
	for _, name := range slices.Sorted(maps.Keys(p.nodes)) {
		node := p.nodes[name]
		near := endpoints.Near(p.endpoints, name, node.zone)
		if len(near) == len(p.endpoints) {
			continue
		}
		own := chain + "/" + name
		p.addBalancer(own, near)
		rules = append(rules, nft.Rule{nft.Is{Field: nft.SourceAddress, Range: node.pods}, nft.Goto(own)})
	}
	if len(rules) == 0 {
		return all
	}
	p.f.AddChain(chain, append(rules, nft.Rule{nft.Goto(all)})...)
	return chain
}

// addLocal adds the chain for clients who must stay on their node. All nodes are on this machine, so a client's node is the
// one whose range its address is in, and the machine itself is every node.
func (p *portPlan) addLocal(chain, all string) {
	var rules []nft.Rule
	groups := byNode(p.endpoints)
	for _, node := range slices.Sorted(maps.Keys(groups)) {
		if place, ok := p.nodes[node]; ok {
			rules = append(rules, p.toOneOf(groups[node], nft.Is{Field: nft.SourceAddress, Range: place.pods})...)
		}
	}
	p.f.AddChain(chain, append(rules,
		nft.Rule{nft.Is{Field: nft.SourceAddress, Range: single(p.network.Gateway)}, nft.Goto(all)},
		nft.Rule{nft.Is{Field: nft.SourceAddress, Range: p.network.Pods}, nft.Verdict{Kind: "return"}}, // to be refused
		nft.Rule{nft.Goto(all)})...)
}

// addFirewall adds the chain that lets only some clients through to the load balancer's address, if the service says so.
func (p *portPlan) addFirewall(all string) string {
	ranges := p.svc.Spec.LoadBalancerSourceRanges
	if len(ranges) == 0 {
		return all
	}
	chain := p.chain + "/firewall"
	var rules []nft.Rule
	for _, text := range ranges {
		if r, err := netip.ParsePrefix(strings.TrimSpace(text)); err == nil && r.Addr().Is4() {
			rules = append(rules, nft.Rule{nft.Is{Field: nft.SourceAddress, Range: r.Masked()}, nft.Goto(all)})
		}
	}
	p.f.AddChain(chain, rules...)
	for _, address := range loadBalancerIPs(p.svc) {
		p.f.AddElement(refused, serviceKey(), p.key(address), nft.Verdict{})
	}
	return chain
}

func affinityTimeout(svc *api.Service) time.Duration {
	seconds := int32(10800)
	if c := svc.Spec.SessionAffinityConfig; c != nil && c.ClientIP != nil {
		seconds = api.Deref(c.ClientIP.TimeoutSeconds, seconds)
	}
	return time.Duration(seconds) * time.Second
}

func clusterIPs(svc *api.Service) []netip.Addr {
	if len(svc.Spec.ClusterIPs) > 0 {
		return ipv4(svc.Spec.ClusterIPs...)
	}
	return ipv4(svc.Spec.ClusterIP)
}

func externalIPs(svc *api.Service) []netip.Addr { return ipv4(svc.Spec.ExternalIPs...) }

// loadBalancerIPs are the addresses at which packets for the load balancer arrive here.
func loadBalancerIPs(svc *api.Service) []netip.Addr {
	var all []netip.Addr
	for _, ingress := range svc.Status.LoadBalancer.Ingress {
		if api.Deref(ingress.IPMode, api.LoadBalancerIPModeVIP) == api.LoadBalancerIPModeVIP {
			all = append(all, ipv4(ingress.IP)...)
		}
	}
	return all
}

func ipv4(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, text := range texts {
		if a, err := netip.ParseAddr(text); err == nil && a.Is4() {
			all = append(all, a)
		}
	}
	return all
}

func targets(all []endpoints.Endpoint) []netip.AddrPort {
	to := make([]netip.AddrPort, len(all))
	for i, e := range all {
		to[i] = e.To
	}
	return to
}

// byNode groups endpoints by the node that they are on.
func byNode(all []endpoints.Endpoint) map[string][]endpoints.Endpoint {
	groups := map[string][]endpoints.Endpoint{}
	for _, e := range all {
		if e.Node != "" {
			groups[e.Node] = append(groups[e.Node], e)
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
