package dns

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"kubelite/api"
)

// ttl is how long, in seconds, clients may remember an answer. Short enough for a service that is made anew.
const ttl = 30

// caches are what answers are made from.
type caches interface {
	service(namespace, name string) (*api.Service, bool)
	slicesOf(namespace, name string) []*api.EndpointSlice
	hasNamespace(name string) bool
	serviceAt(ip string) (*api.Service, bool)
	endpointAt(ip string) (*api.EndpointSlice, *api.Endpoint, bool)
}

// zone is the cluster's domain: "cluster.local.".
type zone struct {
	domain string
	caches caches
}

// answer is what there is to say about a name. A name that exists without records of the type asked for has none and is no
// error: a client that asks for IPv6 first must not take that for the end.
type answer struct {
	exists  bool
	records []dns.RR
	// elsewhere is a name outside of the cluster whose records belong to the answer, too.
	elsewhere string
}

// answer looks a name up that is in the domain.
//
//	web.shop.svc                 a service: its address, or those of its pods if it is headless
//	db-0.web.shop.svc            a pod of a headless service, by its hostname or its address with dashes
//	_http._tcp.web.shop.svc      SRV: a port of it
//	10-244-1-5.shop.pod          a pod's address
func (z zone) answer(name string, qtype uint16) answer {
	if name == z.domain || name == "ns.dns."+z.domain {
		return z.apex(name, qtype)
	}
	labels := dns.SplitDomainName(strings.TrimSuffix(name, "."+z.domain))
	slices.Reverse(labels)
	switch labels[0] {
	case "svc":
		return z.inServices(name, labels[1:], qtype)
	case "pod":
		return z.inPods(name, labels[1:], qtype)
	case "dns-version":
		if len(labels) == 1 {
			return answer{exists: true, records: only(qtype, dns.TypeTXT, &dns.TXT{Hdr: header(name, dns.TypeTXT), Txt: []string{"1.1.0"}})}
		}
	}
	return answer{}
}

func (z zone) apex(name string, qtype uint16) answer {
	a := answer{exists: true}
	if name == z.domain && qtype == dns.TypeSOA {
		a.records = []dns.RR{z.soa()}
	}
	if name == z.domain && qtype == dns.TypeNS {
		a.records = []dns.RR{&dns.NS{Hdr: header(name, dns.TypeNS), Ns: "ns.dns." + z.domain}}
	}
	return a
}

// inServices answers below svc. labels are what is left of the name, from the right.
func (z zone) inServices(name string, labels []string, qtype uint16) answer {
	switch {
	case len(labels) == 0:
		return answer{exists: true}
	case len(labels) == 1:
		return answer{exists: z.caches.hasNamespace(labels[0])}
	}
	namespace, service := labels[0], labels[1]
	svc, ok := z.caches.service(namespace, service)
	if !ok {
		return answer{}
	}
	rest := labels[2:]
	if svc.Spec.Type == api.ServiceTypeExternalName {
		if len(rest) > 0 {
			return answer{}
		}
		target := dns.Fqdn(svc.Spec.ExternalName)
		return answer{exists: true, elsewhere: target, records: []dns.RR{&dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: target}}}
	}
	targets := z.targets(svc)
	switch {
	case len(rest) == 0:
		return answer{exists: true, records: z.records(name, qtype, targets, "", "")}
	case len(rest) == 2 && strings.HasPrefix(rest[1], "_") && strings.HasPrefix(rest[0], "_"):
		port, protocol := rest[1][1:], rest[0][1:]
		if !hasPort(targets, port, protocol) {
			return answer{}
		}
		return answer{exists: true, records: z.records(name, qtype, targets, port, protocol)}
	case len(rest) == 1 && !api.HasClusterIP(svc):
		targets = slices.DeleteFunc(targets, func(t target) bool { return t.host != rest[0] })
		return answer{exists: len(targets) > 0, records: z.records(name, qtype, targets, "", "")}
	}
	return answer{}
}

// target is an address that a service's name leads to.
type target struct {
	host    string // its own name below the service's; "": it has none
	name    string // its full name
	address netip.Addr
	ports   []port
}

type port struct {
	name, protocol string
	number         uint16
}

// targets are the service's own address, or the endpoints that are ready if it has none.
func (z zone) targets(svc *api.Service) []target {
	own := fmt.Sprintf("%s.%s.svc.%s", svc.Name, svc.Namespace, z.domain)
	var all []target
	if api.HasClusterIP(svc) {
		var ports []port
		for _, p := range svc.Spec.Ports {
			ports = append(ports, port{p.Name, strings.ToLower(string(p.Protocol)), uint16(p.Port)})
		}
		for _, text := range svc.Spec.ClusterIPs {
			if ip, err := netip.ParseAddr(text); err == nil {
				all = append(all, target{name: own, address: ip, ports: ports})
			}
		}
		return all
	}
	for _, slice := range z.caches.slicesOf(svc.Namespace, svc.Name) {
		var ports []port
		for _, p := range slice.Ports {
			if p.Port != nil {
				ports = append(ports, port{api.Deref(p.Name, ""), strings.ToLower(string(api.Deref(p.Protocol, api.ProtocolTCP))), uint16(*p.Port)})
			}
		}
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			if !api.Deref(e.Conditions.Ready, true) || len(e.Addresses) == 0 {
				continue
			}
			if ip, err := netip.ParseAddr(e.Addresses[0]); err == nil {
				host := hostOf(e)
				all = append(all, target{host: host, name: host + "." + own, address: ip, ports: ports})
			}
		}
	}
	return all
}

// hostOf is an endpoint's name below its service's.
func hostOf(e *api.Endpoint) string {
	if host := api.Deref(e.Hostname, ""); host != "" {
		return host
	}
	return strings.NewReplacer(".", "-", ":", "-").Replace(e.Addresses[0])
}

func hasPort(targets []target, name, protocol string) bool {
	return slices.ContainsFunc(targets, func(t target) bool {
		return slices.ContainsFunc(t.ports, func(p port) bool { return p.is(name, protocol) })
	})
}

// is tells whether a question is about the port. Without a name it is about all.
func (p port) is(name, protocol string) bool {
	return name == "" || p.name == name && p.protocol == protocol
}

// records are the records of a type for targets. SRV records name ports.
func (z zone) records(name string, qtype uint16, targets []target, portName, protocol string) []dns.RR {
	var records []dns.RR
	for _, t := range targets {
		switch {
		case qtype == dns.TypeA && t.address.Is4():
			records = append(records, &dns.A{Hdr: header(name, dns.TypeA), A: t.address.AsSlice()})
		case qtype == dns.TypeAAAA && t.address.Is6():
			records = append(records, &dns.AAAA{Hdr: header(name, dns.TypeAAAA), AAAA: t.address.AsSlice()})
		case qtype == dns.TypeSRV:
			for _, p := range t.ports {
				if p.is(portName, protocol) {
					records = append(records, &dns.SRV{Hdr: header(name, dns.TypeSRV), Weight: uint16(max(1, 100/len(targets))), Port: p.number, Target: t.name})
				}
			}
		}
	}
	return records
}

// inPods answers below pod: the name says the address itself.
func (z zone) inPods(name string, labels []string, qtype uint16) answer {
	switch {
	case len(labels) == 0:
		return answer{exists: true}
	case !z.caches.hasNamespace(labels[0]) || len(labels) > 2:
		return answer{}
	case len(labels) == 1:
		return answer{exists: true}
	}
	ip, err := netip.ParseAddr(strings.ReplaceAll(labels[1], "-", "."))
	if err != nil {
		return answer{}
	}
	return answer{exists: true, records: only(qtype, dns.TypeA, &dns.A{Hdr: header(name, dns.TypeA), A: ip.AsSlice()})}
}

// reverse is the names of an address of a service, or of a pod behind a headless one.
func (z zone) reverse(name string) []dns.RR {
	labels := dns.SplitDomainName(strings.TrimSuffix(name, ".in-addr.arpa."))
	slices.Reverse(labels)
	ip := strings.Join(labels, ".")
	pointer := func(to string) []dns.RR {
		return []dns.RR{&dns.PTR{Hdr: header(name, dns.TypePTR), Ptr: to}}
	}
	if svc, ok := z.caches.serviceAt(ip); ok {
		return pointer(fmt.Sprintf("%s.%s.svc.%s", svc.Name, svc.Namespace, z.domain))
	}
	if slice, e, ok := z.caches.endpointAt(ip); ok {
		return pointer(fmt.Sprintf("%s.%s.%s.svc.%s", hostOf(e), slice.Labels[api.LabelServiceName], slice.Namespace, z.domain))
	}
	return nil
}

// soa goes with every answer that there is nothing: for how long clients may remember that.
func (z zone) soa() *dns.SOA {
	return &dns.SOA{
		Hdr: header(z.domain, dns.TypeSOA), Ns: "ns.dns." + z.domain, Mbox: "hostmaster." + z.domain,
		Serial: 1, Refresh: 7200, Retry: 1800, Expire: 86400, Minttl: 5,
	}
}

func header(name string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

func only(asked, is uint16, record dns.RR) []dns.RR {
	if asked != is {
		return nil
	}
	return []dns.RR{record}
}
