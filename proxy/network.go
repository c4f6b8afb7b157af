package proxy

import (
	"net/netip"
	"slices"

	"kubelite/proxy/nft"
)

// Network is where pods and services of a cluster live.
type Network struct {
	Bridge  string       // the interface of the machine that connects all pods
	Gateway netip.Addr   // the machine's own address there, which is every node's address
	Pods    netip.Prefix // addresses of pods
	// Virtual are the ranges of service addresses. No machine has any of them.
	Virtual []netip.Prefix
	// Bridged tells that the kernel shows IP rules also those packets that the bridge passes from pod to pod
	// (net.bridge.bridge-nf-call-iptables). Otherwise they see routed packets alone.
	Bridged bool
}

// isVirtual tells whether an address is one that this cluster gives out.
func (n Network) isVirtual(address netip.Addr) bool {
	return slices.ContainsFunc(n.Virtual, func(r netip.Prefix) bool { return r.Contains(address) })
}

// Names of the maps and sets that fragments share.
const (
	servicePorts = "service-ports" // address . transport . port of a service: goto its chain
	nodePorts    = "node-ports"    // transport . port on a node: goto the service's chain
	refused      = "refused"       // address . transport . port that leads nowhere now
	hairpins     = "hairpins"      // every pod's address, twice
)

// The fields that these are about.
func serviceKey() []nft.Field {
	return []nft.Field{nft.DestinationAddress, nft.Transport, nft.DestinationPort}
}
func nodePortKey() []nft.Field { return []nft.Field{nft.Transport, nft.DestinationPort} }
func hairpinKey() []nft.Field  { return []nft.Field{nft.SourceAddress, nft.DestinationAddress} }

// Priorities of our chains: just before Docker's at the same hooks.
const (
	beforeDestinationNAT = -105
	beforeSourceNAT      = 95
	beforeFilter         = -5
)

// planBase is what all services share: the way of a packet from a pod, or from this machine, to a service's chain.
//
//	pod ──▶ prerouting ─┐                      ┌─▶ dnat to an endpoint ─▶ forward ─▶ postrouting ─▶ pod
//	                    ├─▶ services ─▶ vmap ──┤
//	host ─▶ output ─────┘                      └─▶ nothing: if still for a virtual address ─▶ refuse ─▶ rejected
//
// Both maps are looked up once for each new connection. What belongs to a connection then follows by itself.
func planBase(n Network) nft.Fragment {
	var f nft.Fragment
	f.AddSet(servicePorts, nft.Set{Key: serviceKey(), Verdicts: true})
	f.AddSet(nodePorts, nft.Set{Key: nodePortKey(), Verdicts: true})
	f.AddSet(refused, nft.Set{Key: serviceKey()})

	fromPods := nft.FromInterface(n.Bridge)
	f.AddBase("nat-prerouting", &nft.Hook{Type: "nat", Name: "prerouting", Priority: beforeDestinationNAT},
		nft.Rule{fromPods, nft.Jump("services")})
	f.AddBase("nat-output", &nft.Hook{Type: "nat", Name: "output", Priority: beforeDestinationNAT},
		nft.Rule{nft.Jump("services")})
	f.AddChain("services",
		nft.Rule{nft.Lookup{Fields: serviceKey(), Map: servicePorts}},
		nft.Rule{nft.Is{Field: nft.DestinationAddress, Range: single(n.Gateway)}, nft.Lookup{Fields: nodePortKey(), Map: nodePorts}})

	// A packet that is for a virtual address after all redirecting leads nowhere: the service has no endpoints, or not this
	// port. Nobody has to wait to learn that.
	f.AddBase("refuse-prerouting", &nft.Hook{Type: "filter", Name: "prerouting", Priority: beforeFilter},
		nft.Rule{fromPods, nft.Jump("refuse")})
	f.AddBase("refuse-output", &nft.Hook{Type: "filter", Name: "output", Priority: beforeFilter},
		nft.Rule{nft.Jump("refuse")})
	refuse := []nft.Rule{{nft.In{Fields: serviceKey(), Set: refused}, nft.Goto("rejected")}}
	for _, r := range n.Virtual {
		refuse = append(refuse, nft.Rule{nft.Is{Field: nft.DestinationAddress, Range: r}, nft.Goto("rejected")})
	}
	f.AddChain("refuse", refuse...)
	f.AddChain("rejected", nft.Rule{nft.Reset{}}, nft.Rule{nft.Reject{}})

	// A pod that reaches itself through its service would see its own address as the sender and answer itself, not the
	// service. So the packet takes the gateway's.
	masquerade := []nft.Rule{{nft.In{Fields: hairpinKey(), Set: hairpins}, nft.Masquerade{}}}
	if !n.Bridged {
		// The answer of another pod would go over the bridge, past the rules that know the connection: it must come here.
		masquerade = append(masquerade, nft.Rule{nft.WasRedirected{},
			nft.Is{Field: nft.SourceAddress, Range: n.Pods}, nft.Is{Field: nft.DestinationAddress, Range: n.Pods}, nft.Masquerade{}})
	}
	f.AddBase("nat-postrouting", &nft.Hook{Type: "nat", Name: "postrouting", Priority: beforeSourceNAT}, masquerade...)
	f.AddSet(hairpins, nft.Set{Key: hairpinKey()})
	return f
}

// planHairpins lists the pods.
func planHairpins(pods []netip.Addr) nft.Fragment {
	var f nft.Fragment
	for _, pod := range pods {
		f.AddElement(hairpins, hairpinKey(), nft.Join(nft.Address(pod), nft.Address(pod)), nft.Verdict{})
	}
	return f
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
