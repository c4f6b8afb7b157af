package apiserver

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// What is wrong with what Services hold, decided from a state that was read: nothing here asks or writes anything.

const (
	// repairPatience is longer than a write that is under way.
	repairPatience = time.Second
	// leakPatience is how long an address or a port may be accounted for without a Service that has it: a Service may be on
	// its way into the store.
	leakPatience = 2 * repairInterval
	// orphanAge is how old an IPAddress must be before its Service's absence counts, as upstream.
	orphanAge = time.Minute
)

// What events say was being done.
const (
	actionAddress   = "ClusterIPAllocation"
	actionIPAddress = "IPAddressAllocation"
	actionPort      = "PortAllocation"
)

// serviceState is what the loop of service_repair.go has read.
type serviceState struct {
	services  []*api.Service
	shown     map[string]*api.IPAddress // by name
	ranges    []netip.Prefix            // of all ServiceCIDRs
	addresses map[netip.Addr]bool       // that Services hold, says the allocator
	ports     map[int32]bool
}

// serviceFinding is one thing that is wrong.
type serviceFinding struct {
	on             api.Object // the Service or the IPAddress
	action, reason string     // of the event; without an action it is not worth one
	message        string
	patience       time.Duration             // how long it must stand before it counts
	remove         string                    // the IPAddress to delete
	create         *api.IPAddress            // and the one to make
	account        func(a *serviceAllocator) // puts the allocator right
	forPerson      bool                      // it cannot be mended here
}

// identity tells whether a finding is one that was there before.
func (f serviceFinding) identity() string {
	return f.on.GetObjectMeta().Namespace + "/" + f.on.GetObjectMeta().Name + " " + f.message
}

// planServiceRepairs finds all that is wrong. It may change the state that it is given.
func planServiceRepairs(state serviceState, now time.Time) (findings []serviceFinding) {
	byName := map[api.Key]*api.Service{}
	for _, svc := range state.services {
		byName[svc.Key()] = svc
	}
	for _, svc := range state.services {
		findings = append(findings, state.checkAddresses(svc, byName)...)
	}
	findings = append(findings, state.checkIPAddresses(byName, now)...)
	findings = append(findings, state.checkPorts()...)
	return append(findings, state.checkLeaks()...)
}

// checkAddresses finds what is wrong with a Service's addresses, and puts the IPAddresses that it wants into the state.
func (state *serviceState) checkAddresses(svc *api.Service, byName map[api.Key]*api.Service) (findings []serviceFinding) {
	for _, address := range addressesOf(svc) {
		family := api.IPv4Protocol
		if address.Is6() {
			family = api.IPv6Protocol
		}
		f := serviceFinding{on: svc, action: actionAddress, patience: repairPatience}
		shown := state.shown[address.String()]
		wrong := func() bool { // does the IPAddress belong to something else?
			ref := shown.Spec.ParentRef
			if ref == nil || ref.Group != "" || ref.Resource != "services" {
				return true
			}
			other := byName[api.Key{Namespace: ref.Namespace, Name: ref.Name}]
			return other == nil || !slices.Contains(addressesOf(other), address)
		}
		switch {
		case !slices.ContainsFunc(state.ranges, func(r netip.Prefix) bool { return r.Contains(address) }):
			f.reason, f.forPerson = "ClusterIPOutOfRange", true
			f.message = fmt.Sprintf("Cluster IP [%s]: %s is not within any configured Service CIDR; please recreate service", family, address)
		case shown == nil:
			f.reason = "ClusterIPNotAllocated"
			f.message = fmt.Sprintf("Cluster IP [%s]: %s is not allocated; repairing", family, address)
			f.create = serviceIPAddress(svc, address)
		case wrong():
			f.reason = "ClusterIPNotAllocated"
			f.message = fmt.Sprintf("the ClusterIP [%s]: %s for Service %s/%s has a wrong reference; repairing", family, address, svc.Namespace, svc.Name)
			f.remove, f.create = shown.Name, serviceIPAddress(svc, address)
		case shown.Spec.ParentRef.Namespace != svc.Namespace || shown.Spec.ParentRef.Name != svc.Name:
			f.reason, f.forPerson = "ClusterIPAlreadyAllocated", true
			f.message = fmt.Sprintf("Cluster IP [%s]:%s was assigned to multiple services; please recreate service", family, address)
		case !isManaged(shown) || shown.Labels[api.LabelIPAddressFamily] != string(family):
			f.action = ""
			f.message = fmt.Sprintf("IPAddress %s does not have the labels of Service %s/%s; repairing", address, svc.Namespace, svc.Name)
			f.remove, f.create = shown.Name, serviceIPAddress(svc, address)
		case !state.addresses[address]:
			f.action = ""
			f.message = fmt.Sprintf("Cluster IP [%s]: %s is not accounted for; repairing", family, address)
		default:
			continue
		}
		if f.create != nil {
			state.shown[address.String()] = f.create
		}
		if !state.addresses[address] {
			f.account = func(a *serviceAllocator) { a.hold([]netip.Addr{address}, nil) }
		}
		findings = append(findings, f)
	}
	return findings
}

func isManaged(address *api.IPAddress) bool {
	return address.Labels[api.LabelIPAddressManagedBy] == ipAllocatorName
}

// checkIPAddresses finds IPAddresses that the server keeps for no Service. Those of others are theirs.
func (state *serviceState) checkIPAddresses(byName map[api.Key]*api.Service, now time.Time) (findings []serviceFinding) {
	for name, shown := range state.shown {
		if !isManaged(shown) || shown.UID == "" { // it is only planned
			continue
		}
		f := serviceFinding{on: shown, action: actionIPAddress, patience: repairPatience, reason: "IPAddressNotAllocated", remove: name}
		ref := shown.Spec.ParentRef
		if ref == nil || ref.Group != "" || ref.Resource != "services" {
			f.message = fmt.Sprintf("IPAddress %s appears to have been modified, not referencing a Service %v: cleaning up", name, ref)
			findings = append(findings, f)
			continue
		}
		address, _ := netip.ParseAddr(name) // validation has seen to it
		young := max(repairPatience, orphanAge-now.Sub(shown.CreationTimestamp.Time))
		svc := byName[api.Key{Namespace: ref.Namespace, Name: ref.Name}]
		switch {
		case svc == nil:
			f.patience = young
			f.message = fmt.Sprintf("IPAddress: %s for Service %s/%s appears to have leaked: cleaning up", name, ref.Namespace, ref.Name)
		case slices.Contains(addressesOf(svc), address):
			continue
		default:
			if svc.Spec.Type == api.ServiceTypeExternalName {
				f.patience = young // it may be about to have an address
			}
			f.reason = "IPAddressWrongReference"
			f.message = fmt.Sprintf("IPAddress: %s for Service %s/%s has a wrong reference; cleaning up", name, ref.Namespace, ref.Name)
		}
		findings = append(findings, f)
	}
	slices.SortFunc(findings, func(a, b serviceFinding) int { return strings.Compare(a.remove, b.remove) })
	return findings
}

// checkPorts finds ports of nodes that two Services have, that are none, or that the allocator does not know of.
func (state *serviceState) checkPorts() (findings []serviceFinding) {
	seen := map[int32]bool{}
	for _, svc := range state.services {
		ports := portsOf(svc)
		slices.Sort(ports)
		for _, port := range slices.Compact(ports) { // a number under two protocols is one port
			f := serviceFinding{on: svc, action: actionPort, patience: repairPatience}
			switch {
			case port < firstNodePort || port > lastNodePort:
				f.reason, f.forPerson = "PortOutOfRange", true
				f.message = fmt.Sprintf("Port %d is not within the port range %d-%d; please recreate service", port, firstNodePort, lastNodePort)
			case seen[port]:
				f.reason, f.forPerson = "PortAlreadyAllocated", true
				f.message = fmt.Sprintf("Port %d was assigned to multiple services; please recreate service", port)
			case !state.ports[port]:
				f.reason = "PortNotAllocated"
				f.message = fmt.Sprintf("Port %d is not allocated; repairing", port)
				f.account = func(a *serviceAllocator) { a.hold(nil, []int32{port}) }
			}
			seen[port] = true
			if f.message != "" {
				findings = append(findings, f)
			}
		}
	}
	return findings
}

// checkLeaks finds addresses and ports that are accounted for and that no Service has. No object shows that, so there is no
// event.
func (state *serviceState) checkLeaks() (findings []serviceFinding) {
	addresses, ports := maps.Clone(state.addresses), maps.Clone(state.ports)
	for _, svc := range state.services {
		for _, address := range addressesOf(svc) {
			delete(addresses, address)
		}
		for _, port := range portsOf(svc) {
			delete(ports, port)
		}
	}
	for _, address := range slices.SortedFunc(maps.Keys(addresses), netip.Addr.Compare) {
		findings = append(findings, serviceFinding{
			on: &api.IPAddress{ObjectMeta: api.ObjectMeta{Name: address.String()}}, patience: leakPatience,
			message: fmt.Sprintf("the address %s appears to have leaked: cleaning up", address),
			account: func(a *serviceAllocator) { a.release([]netip.Addr{address}, nil) },
		})
	}
	for _, port := range slices.Sorted(maps.Keys(ports)) {
		findings = append(findings, serviceFinding{
			on: &api.Service{}, patience: leakPatience,
			message: fmt.Sprintf("the node port %d appears to have leaked: cleaning up", port),
			account: func(a *serviceAllocator) { a.release(nil, []int32{port}) },
		})
	}
	return findings
}
