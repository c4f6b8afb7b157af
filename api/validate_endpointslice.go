package api

import (
	"net/netip"
	"slices"
	"strings"
)

// The most of each thing that one EndpointSlice holds.
const (
	maxSliceEndpoints = 1000
	maxSlicePorts     = 20000
	maxEndpointNames  = 100 // addresses of one endpoint
	maxTopologyLabels = 16
	maxEndpointHints  = 8
)

func validateEndpointSlice(obj Object) ErrorList {
	slice := obj.(*EndpointSlice)
	errs := sliceRules(slice)
	errs.sliceEndpoints(slice)
	return errs
}

func validateEndpointSliceUpdate(obj, oldObj Object) ErrorList {
	slice, old := obj.(*EndpointSlice), oldObj.(*EndpointSlice)
	errs := sliceRules(slice)
	if !Equal(slice.Endpoints, old.Endpoints) { // what is there may be older than a rule
		errs.sliceEndpoints(slice)
	}
	errs.immutable("", "addressType", slice.AddressType, old.AddressType)
	return errs
}

func sliceRules(slice *EndpointSlice) ErrorList {
	var errs ErrorList
	requiredOneOf(&errs, "", "addressType", slice.AddressType, AddressTypeFQDN, AddressTypeIPv4, AddressTypeIPv6)
	errs.slicePorts("ports", slice.Ports)
	return errs
}

func (l *ErrorList) slicePorts(path Path, ports []DiscoveryEndpointPort) {
	if len(ports) > maxSlicePorts {
		l.add(path.TooMany(len(ports), maxSlicePorts))
		return
	}
	names := make([]string, 0, len(ports))
	for i := range ports {
		port, at := &ports[i], path.Index(i)
		name := Deref(port.Name, "")
		if name != "" {
			l.format(at, "name", name, IsDNS1123Label)
		}
		if slices.Contains(names, name) {
			l.add(at.Child("name").Duplicate(name))
		}
		names = append(names, name)
		if port.Protocol == nil {
			l.add(at.Child("protocol").Required(""))
		}
		optionalOneOf(l, at, "protocol", port.Protocol, ProtocolSCTP, ProtocolTCP, ProtocolUDP)
		if port.AppProtocol != nil {
			l.format(at, "appProtocol", *port.AppProtocol, IsQualifiedName)
		}
	}
}

func (l *ErrorList) sliceEndpoints(slice *EndpointSlice) {
	path := Path("endpoints")
	if len(slice.Endpoints) > maxSliceEndpoints {
		l.add(path.TooMany(len(slice.Endpoints), maxSliceEndpoints))
		return
	}
	for i := range slice.Endpoints {
		endpoint, at := &slice.Endpoints[i], path.Index(i)
		switch n := len(endpoint.Addresses); {
		case n == 0:
			l.add(at.Child("addresses").Required("must contain at least 1 address"))
		case n > maxEndpointNames:
			l.add(at.Child("addresses").TooMany(n, maxEndpointNames))
		}
		for j, address := range endpoint.Addresses {
			l.sliceAddress(at.Child("addresses"), j, slice.AddressType, address)
		}
		if endpoint.NodeName != nil {
			l.format(at, "nodeName", *endpoint.NodeName, IsDNS1123Subdomain)
		}
		if n := len(endpoint.DeprecatedTopology); n > maxTopologyLabels {
			l.add(at.Child("deprecatedTopology").TooMany(n, maxTopologyLabels))
		}
		l.labels(at, "deprecatedTopology", endpoint.DeprecatedTopology)
		if endpoint.Hostname != nil {
			l.format(at, "hostname", *endpoint.Hostname, IsDNS1123Label)
		}
		if endpoint.Hints != nil {
			l.endpointHints(at.Child("hints"), endpoint.Hints)
		}
	}
}

func (l *ErrorList) sliceAddress(path Path, i int, addressType AddressType, address string) {
	at := path.Index(i)
	if addressType == AddressTypeFQDN {
		l.domainName(at, address)
		return
	}
	if addressType != AddressTypeIPv4 && addressType != AddressTypeIPv6 {
		return
	}
	form := IsValidIP // IPv4 was allowed in other forms once; IPv6 came later
	if addressType == AddressTypeIPv6 {
		form = isCanonicalIP
	}
	if messages := form(address); len(messages) > 0 {
		for _, m := range messages {
			l.add(at.Invalid(address, m))
		}
		return
	}
	if ip := netip.MustParseAddr(address); ip.Is4() != (addressType == AddressTypeIPv4) {
		l.add(path.Invalid(address, "must be an "+string(addressType)+" address"))
	}
	for _, m := range isEndpointIP(address) {
		l.add(at.Invalid(address, m))
	}
}

// domainName wants a full name: at least two parts.
func (l *ErrorList) domainName(path Path, name string) {
	if name == "" {
		l.add(path.Required(""))
		return
	}
	name = strings.TrimSuffix(name, ".")
	if messages := IsDNS1123Subdomain(name); len(messages) > 0 {
		l.add(path.Invalid(name, strings.Join(messages, ",")))
		return
	}
	labels := strings.Split(name, ".")
	if len(labels) < 2 {
		l.add(path.Invalid(name, "should be a domain with at least two segments separated by dots"))
		return
	}
	for _, label := range labels {
		if messages := IsDNS1123Label(label); len(messages) > 0 {
			l.add(path.Invalid(label, strings.Join(messages, ",")))
			return
		}
	}
}

func (l *ErrorList) endpointHints(path Path, hints *EndpointHints) {
	zones, nodes := make([]string, len(hints.ForZones)), make([]string, len(hints.ForNodes))
	for i := range hints.ForZones {
		zones[i] = hints.ForZones[i].Name
	}
	for i := range hints.ForNodes {
		nodes[i] = hints.ForNodes[i].Name
	}
	if l.hintNames(path.Child("forZones"), zones, IsValidLabelValue) {
		l.hintNames(path.Child("forNodes"), nodes, IsDNS1123Subdomain)
	}
}

func (l *ErrorList) hintNames(path Path, names []string, form func(string) []string) bool {
	if len(names) > maxEndpointHints {
		l.add(path.TooMany(len(names), maxEndpointHints))
		return false
	}
	for i, name := range names {
		at := path.Index(i)
		if slices.Contains(names[:i], name) {
			l.add(at.Child("name").Duplicate(name))
		}
		l.format(at, "name", name, form)
	}
	return true
}
