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
// that works; the loop of service_repair.go makes up for it.
func (s *Server) showAddresses(ctx context.Context, svc *api.Service, addresses []netip.Addr) {
	for _, address := range addresses {
		if err := s.ensure(ctx, serviceIPAddress(svc, address)); err != nil {
			s.log.Warn("could not show a service's address as an object", "namespace", svc.Namespace, "name", svc.Name, "error", err)
		}
	}
}

// hideAddresses deletes the IPAddresses of a Service that does not have them any more, before the addresses are free
// for others.
func (s *Server) hideAddresses(ctx context.Context, svc *api.Service, addresses []netip.Addr) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.ShutdownTimeout)
	defer cancel()
	for _, address := range addresses {
		req := s.internalRequest(ctx, "delete", resourceOf[*api.IPAddress](s), "", address.String())
		req.why.reason = fmt.Sprintf("service %s/%s has given it back", svc.Namespace, svc.Name)
		if _, err := s.delete(ctx, req, &api.DeleteOptions{}); err != nil && !api.IsNotFound(err) {
			s.log.Warn("could not delete the object of a service's address", "namespace", svc.Namespace, "name", svc.Name, "error", err)
		}
	}
}

// ipAddressStrategy makes the allocator respect addresses that others hold, and has the loop of service_repair.go look at what
// others do to those of Services.
var ipAddressStrategy = Strategy{
	Begin: func(_ context.Context, s *Server, req *Request, obj, old api.Object) (done func(stored bool), err error) {
		address, foreign := foreignAddress(obj)
		took := foreign && s.services.holdForeign(address) // before it is stored: nobody shall get it in between
		return func(stored bool) {
			if took && !stored || stored && !foreign {
				s.services.releaseForeign(address)
			}
			if stored && !req.internal() {
				s.repairs.nudge()
			}
		}, nil
	},
	Deleted: func(s *Server, req *Request, old api.Object) {
		if address, foreign := foreignAddress(old); foreign {
			s.services.releaseForeign(address)
		}
		if !req.internal() {
			s.repairs.nudge()
		}
	},
}

// foreignAddress is the address of an IPAddress, and whether somebody else keeps it.
func foreignAddress(obj api.Object) (address netip.Addr, foreign bool) {
	meta := obj.GetObjectMeta()
	address, err := netip.ParseAddr(meta.Name)
	return address, err == nil && meta.Labels[api.LabelIPAddressManagedBy] != ipAllocatorName
}

// holdForeign notes that somebody else has an address, and tells whether that is new. A Service that has it too keeps it.
func (a *serviceAllocator) holdForeign(address netip.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.foreign[address] {
		return false
	}
	a.foreign[address] = true
	return true
}

func (a *serviceAllocator) releaseForeign(address netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.foreign, address)
}

// ensureServiceCIDR makes sure that the range of Services is shown, and shown as in use.
func (s *Server) ensureServiceCIDR(ctx context.Context) error {
	const name = defaultCIDRName
	if err := s.ensure(ctx, &api.ServiceCIDR{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.ServiceCIDRSpec{CIDRs: []string{s.services.own.cidr.String()}}}); err != nil {
		return err
	}
	req := s.internalRequest(ctx, "update", resourceOf[*api.ServiceCIDR](s), "", name)
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
