package apiserver

import (
	"context"
	"fmt"
	"net/netip"

	"kubelite/api"
)

// Every address of a Service is shown as an object, an IPAddress of that name, and the range as a ServiceCIDR. Others can
// hold an address too, by creating an IPAddress for it. The allocator has the last word: it decides in memory, and the
// objects follow.

// ipAllocatorName is on the IPAddresses that the server keeps itself.
const ipAllocatorName = "ipallocator.k8s.io"

// serviceIPAddress is the object that shows whose an address is.
func serviceIPAddress(svc *api.Service, address netip.Addr) *api.IPAddress {
	family := api.IPv4Protocol
	if address.Is6() {
		family = api.IPv6Protocol
	}
	return &api.IPAddress{
		ObjectMeta: api.ObjectMeta{
			Name:   address.String(),
			Labels: map[string]string{api.LabelIPAddressFamily: string(family), api.LabelIPAddressManagedBy: ipAllocatorName},
		},
		Spec: api.IPAddressSpec{ParentRef: &api.ParentReference{Resource: "services", Namespace: svc.Namespace, Name: svc.Name}},
	}
}

// showAddresses creates the IPAddresses of a Service that was just stored. The Service has its address whether or not
// that works; the next start tries again.
func (s *Server) showAddresses(ctx context.Context, svc *api.Service, addresses []netip.Addr) {
	for _, address := range addresses {
		if err := s.ensure(ctx, serviceIPAddress(svc, address)); err != nil {
			s.log.Warn("could not show a service's address as an object", "namespace", svc.Namespace, "name", svc.Name, "error", err)
		}
	}
}

// hideAddresses deletes the IPAddresses of a Service that does not have them any more, before the addresses are free
// for others.
func (s *Server) hideAddresses(svc *api.Service, addresses []netip.Addr) {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.ShutdownTimeout)
	defer cancel()
	for _, address := range addresses {
		req := s.internalRequest("delete", resourceOf[*api.IPAddress](s), "", address.String())
		req.why.reason = fmt.Sprintf("service %s/%s has given it back", svc.Namespace, svc.Name)
		if _, err := s.delete(ctx, req, &api.DeleteOptions{}); err != nil && !api.IsNotFound(err) {
			s.log.Warn("could not delete the object of a service's address", "namespace", svc.Namespace, "name", svc.Name, "error", err)
		}
	}
}

// ipAddressStrategy makes the allocator respect addresses that others hold.
var ipAddressStrategy = Strategy{
	Begin: func(_ context.Context, s *Server, _ *Request, obj, old api.Object) (done func(stored bool), err error) {
		address, foreign := foreignAddress(obj)
		if old != nil || !foreign || !s.services.hold(address) {
			return nil, nil
		}
		return func(stored bool) {
			if !stored {
				s.services.release([]netip.Addr{address}, nil)
			}
		}, nil
	},
	Deleted: func(s *Server, old api.Object) {
		if address, foreign := foreignAddress(old); foreign {
			s.services.release([]netip.Addr{address}, nil)
		}
	},
}

// foreignAddress is the address of an IPAddress that somebody else keeps.
func foreignAddress(obj api.Object) (address netip.Addr, foreign bool) {
	meta := obj.GetObjectMeta()
	address, err := netip.ParseAddr(meta.Name)
	return address, err == nil && meta.Labels[api.LabelIPAddressManagedBy] != ipAllocatorName
}

// hold takes an address that is free, and tells whether it was.
func (a *serviceAllocator) hold(address netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.addresses[address] {
		return false
	}
	a.addresses[address] = true
	return true
}

// ensureServiceCIDR makes sure that the range of Services is shown, and shown as in use.
func (s *Server) ensureServiceCIDR(ctx context.Context) error {
	const name = defaultCIDRName
	if err := s.ensure(ctx, &api.ServiceCIDR{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.ServiceCIDRSpec{CIDRs: []string{s.services.own.cidr.String()}}}); err != nil {
		return err
	}
	req := s.internalRequest("update", resourceOf[*api.ServiceCIDR](s), "", name)
	req.Subresource = "status"
	_, err := s.update(ctx, req, func(old api.Object) (api.Object, error) {
		if cidr := old.(*api.ServiceCIDR); len(cidr.Status.Conditions) == 0 {
			cidr.Status.Conditions = []api.Condition{{
				Type: api.ServiceCIDRReady, Status: api.ConditionTrue, LastTransitionTime: api.Now(),
				Message: "Kubernetes default Service CIDR is ready",
			}}
		}
		return old, nil
	})
	return err
}
