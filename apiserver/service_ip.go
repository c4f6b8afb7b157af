package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"kubelite/api"
)

// serviceAllocator hands out what must be unique in the cluster: the addresses of Services, and the ports that they
// have on every node. What is taken is read from the Services themselves when the server starts; from then on, taking
// and storing go together:
//
//	begin:   take what the new Service needs and the old one does not have   (or 422, and nothing is taken)
//	done:    stored? give back what only the old one had : give back what was taken
type serviceAllocator struct {
	own    addressRange // of the flags
	family api.IPFamily

	mu        sync.Mutex
	ranges    map[string][]addressRange // guarded by mu; by ServiceCIDR, see service_range.go
	addresses map[netip.Addr]bool       // guarded by mu; of Services
	foreign   map[netip.Addr]bool       // guarded by mu; that others hold, see service_ipaddress.go
	ports     map[int32]bool            // guarded by mu
}

var (
	errAddressTaken    = errors.New("provided IP is already allocated")
	errAddressNotOurs  = errors.New("the provided network does not match the current range")
	errRangeFull       = errors.New("range is full")
	defaultServiceCIDR = "10.96.0.0/16"
)

// newServiceAllocator makes an allocator for a range of addresses; nil means the default range.
func newServiceAllocator(cidr *net.IPNet) (*serviceAllocator, error) {
	text := defaultServiceCIDR
	if cidr != nil {
		text = cidr.String()
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, fmt.Errorf("service CIDR: %w", err)
	}
	own, err := newAddressRange(prefix)
	if err != nil {
		return nil, err
	}
	a := &serviceAllocator{own: own, family: api.IPv4Protocol, ranges: map[string][]addressRange{}, addresses: map[netip.Addr]bool{}, foreign: map[netip.Addr]bool{}, ports: map[int32]bool{}}
	if prefix.Addr().Is6() {
		a.family = api.IPv6Protocol
	}
	return a, nil
}

// first is the address of Service default/kubernetes.
func (a *serviceAllocator) first() string { return a.own.cidr.Addr().Next().String() }

// load takes what existing Services have. It is called before the first request.
func (a *serviceAllocator) load(services []*api.Service) {
	for _, svc := range services {
		a.hold(addressesOf(svc), portsOf(svc))
	}
}

// hold takes what a Service has, whoever else has it too.
func (a *serviceAllocator) hold(addresses []netip.Addr, ports []int32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range addresses {
		a.addresses[x] = true
	}
	for _, x := range ports {
		a.ports[x] = true
	}
}

// allocateService is the Begin hook of Services.
func allocateService(ctx context.Context, s *Server, _ *Request, obj, old api.Object) (done func(stored bool), err error) {
	svc := obj.(*api.Service)
	before, _ := old.(*api.Service)
	normalizeService(svc, before)
	if before == nil {
		before = &api.Service{}
	}
	allocated, err := s.services.begin(svc, before)
	if err != nil {
		return nil, err
	}
	return func(stored bool) {
		has, had := addressesOf(svc), addressesOf(before)
		if stored {
			s.hideAddresses(ctx, svc, without(had, has))
		}
		allocated(stored)
		if stored {
			s.showAddresses(ctx, svc, without(has, had))
		}
	}, nil
}

// without is the part of a list that is not in another one.
func without[T comparable](list, other []T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool { return slices.Contains(other, x) })
}

// releaseService is the Deleted hook of Services.
func releaseService(s *Server, req *Request, old api.Object) {
	svc := old.(*api.Service)
	s.hideAddresses(withRequest(context.Background(), req), svc, addressesOf(svc))
	s.services.release(addressesOf(svc), portsOf(svc))
}

// begin takes what svc needs and before does not have, and writes it into svc.
func (a *serviceAllocator) begin(svc, before *api.Service) (done func(stored bool), err error) {
	if errs := a.defaultFamilies(svc, before); len(errs) > 0 {
		return nil, api.NewInvalid(api.KindOf[*api.Service](), svc.Name, errs)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &taking{allocator: a, isNew: before.UID == "", hadAddresses: addressesOf(before), hadPorts: portsOf(before)}
	err = t.takeAddress(svc)
	if err == nil {
		err = t.takePorts(svc)
	}
	if err != nil {
		t.giveBack()
		if len(t.errs) > 0 {
			return nil, api.NewInvalid(api.KindOf[*api.Service](), svc.Name, t.errs)
		}
		return nil, api.NewInternalError(err)
	}
	return func(stored bool) {
		if !stored {
			a.release(t.addresses, t.ports)
			return
		}
		a.release(without(t.hadAddresses, addressesOf(svc)), without(t.hadPorts, portsOf(svc)))
	}, nil
}

func (a *serviceAllocator) release(addresses []netip.Addr, ports []int32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range addresses {
		delete(a.addresses, x)
	}
	for _, x := range ports {
		delete(a.ports, x)
	}
}

// isTaken is called with mu held.
func (a *serviceAllocator) isTaken(address netip.Addr) bool {
	return a.addresses[address] || a.foreign[address]
}

// defaultFamilies fills in ipFamilyPolicy and ipFamilies. The cluster has one family, so a Service can have no other,
// except one without address and selector: it points to places outside, of whatever family.
func (a *serviceAllocator) defaultFamilies(svc, before *api.Service) (errs api.ErrorList) {
	spec := &svc.Spec
	if spec.Type == api.ServiceTypeExternalName {
		return nil
	}
	pointsOutside := spec.ClusterIP == clusterIPNone && len(spec.Selector) == 0
	if spec.IPFamilyPolicy == nil {
		switch {
		case before.Spec.IPFamilyPolicy != nil:
			spec.IPFamilyPolicy = before.Spec.IPFamilyPolicy
		case pointsOutside:
			spec.IPFamilyPolicy = api.Ptr(api.IPFamilyPolicyRequireDualStack)
		default:
			spec.IPFamilyPolicy = api.Ptr(api.IPFamilyPolicySingleStack)
		}
	}
	if errs := api.ValidateServiceAddresses(svc, before); len(errs) > 0 {
		return errs
	}
	single := *spec.IPFamilyPolicy == api.IPFamilyPolicySingleStack
	if single && slices.Equal(spec.IPFamilies, before.Spec.IPFamilies) && len(spec.IPFamilies) > 1 {
		spec.IPFamilies = spec.IPFamilies[:1] // who says so wants to give up the other
	}
	policy := api.Path("spec").Child("ipFamilyPolicy")
	if single && len(spec.ClusterIPs) == 2 {
		errs = append(errs, policy.Invalid(*spec.IPFamilyPolicy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified"))
	}
	if single && len(spec.IPFamilies) == 2 {
		errs = append(errs, policy.Invalid(*spec.IPFamilyPolicy, "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"))
	}
	if !single && len(before.Spec.IPFamilies) == 2 && len(spec.IPFamilies) == 1 {
		errs = append(errs, policy.Invalid(*spec.IPFamilyPolicy, "must be 'SingleStack' to release the secondary IP family"))
	}
	if len(errs) > 0 {
		return errs
	}
	if pointsOutside {
		if len(spec.IPFamilies) == 0 {
			spec.IPFamilies = []api.IPFamily{a.family}
		}
		if len(spec.IPFamilies) == 1 && !single {
			other := api.IPv6Protocol
			if spec.IPFamilies[0] == api.IPv6Protocol {
				other = api.IPv4Protocol
			}
			spec.IPFamilies = append(spec.IPFamilies, other)
		}
		return nil
	}
	for i, text := range spec.ClusterIPs {
		if address, err := netip.ParseAddr(text); err == nil && i >= len(spec.IPFamilies) && address.Is4() != (a.family == api.IPv4Protocol) {
			other := api.IPv4Protocol
			if address.Is6() {
				other = api.IPv6Protocol
			}
			errs = append(errs, api.Path("spec").Child("clusterIPs").Index(i).Invalid(spec.ClusterIPs, fmt.Sprintf("%s is not configured on this cluster", other)))
		}
	}
	if *spec.IPFamilyPolicy == api.IPFamilyPolicyRequireDualStack {
		errs = append(errs, policy.Invalid(*spec.IPFamilyPolicy, "this cluster is not configured for dual-stack services"))
	}
	for i, family := range spec.IPFamilies {
		if family != a.family {
			errs = append(errs, api.Path("spec").Child("ipFamilies").Index(i).Invalid(family, "not configured on this cluster"))
		}
	}
	if len(spec.IPFamilies) == 0 {
		spec.IPFamilies = []api.IPFamily{a.family}
	}
	return errs
}

// taking is one call of begin. Its methods are called with the allocator's mu held.
type taking struct {
	allocator    *serviceAllocator
	isNew        bool         // there was no Service before
	hadAddresses []netip.Addr // of the Service before
	hadPorts     []int32
	addresses    []netip.Addr // taken by this call
	ports        []int32
	errs         api.ErrorList // mistakes of the user
}

func (t *taking) giveBack() {
	for _, x := range t.addresses {
		delete(t.allocator.addresses, x)
	}
	for _, x := range t.ports {
		delete(t.allocator.ports, x)
	}
}

func (t *taking) takeAddress(svc *api.Service) error {
	spec := &svc.Spec
	if spec.Type == api.ServiceTypeExternalName || spec.ClusterIP == clusterIPNone {
		return nil
	}
	if len(spec.ClusterIPs) == 0 || spec.ClusterIPs[0] == "" {
		address, found := netip.Addr{}, false
		for _, r := range t.allocator.usable() {
			if address, found = r.free(t.allocator.isTaken, len(t.allocator.addresses)+len(t.allocator.foreign)); found {
				break
			}
		}
		if !found {
			return fmt.Errorf("failed to allocate a serviceIP for Service %q: %w", svc.Name, errRangeFull)
		}
		t.keepAddress(address)
		spec.ClusterIP, spec.ClusterIPs = address.String(), []string{address.String()}
		return nil
	}
	for _, text := range spec.ClusterIPs {
		address, err := netip.ParseAddr(text)
		if err != nil || slices.Contains(t.hadAddresses, address) {
			continue // validation, which comes later, has the better words for what is no address
		}
		switch {
		case !slices.ContainsFunc(t.allocator.usable(), func(r addressRange) bool { return r.cidr.Contains(address) }):
			err = errAddressNotOurs
		case t.allocator.isTaken(address):
			err = errAddressTaken
		default:
			t.keepAddress(address)
			continue
		}
		t.errs = append(t.errs, api.Path("spec").Child("clusterIPs").Invalid(spec.ClusterIPs, fmt.Sprintf("failed to allocate IP %v: %v", text, err)))
		return err
	}
	return nil
}

func (t *taking) keepAddress(address netip.Addr) {
	t.allocator.addresses[address] = true
	t.addresses = append(t.addresses, address)
}

// addressesOf is what a Service holds of the cluster's range.
func addressesOf(svc *api.Service) []netip.Addr {
	var list []netip.Addr
	if svc.Spec.Type == api.ServiceTypeExternalName {
		return nil
	}
	for _, text := range svc.Spec.ClusterIPs {
		if address, err := netip.ParseAddr(text); err == nil { // not "None"
			list = append(list, address)
		}
	}
	return list
}
