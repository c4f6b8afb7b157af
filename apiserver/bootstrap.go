package apiserver

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
)

// bootstrap makes sure that what every cluster has is there: four namespaces, the priority classes of the system, the
// usual priority levels of requests, the built-in roles, and the Service by which pods find this very server. After the
// first start it finds everything in place and writes nothing.
func (s *Server) bootstrap(ctx context.Context) error {
	ctx = withClock(ctx, "API server start")
	if err := s.loadServices(); err != nil {
		return err
	}
	// All at once, so that they share the wait for the disk.
	global, globalCtx := errgroup.WithContext(ctx)
	for _, obj := range clusterWideObjects() {
		global.Go(func() error { return s.ensure(globalCtx, obj) })
	}
	for _, service := range s.localAPIServices() {
		global.Go(func() error { return s.ensure(globalCtx, service) })
	}
	global.Go(func() error { return s.bootstrapRoles(globalCtx, false) })
	if err := global.Wait(); err != nil {
		return err
	}
	own, ownCtx := errgroup.WithContext(ctx)
	own.Go(func() error { return s.ensure(ownCtx, s.ownService()) })
	own.Go(func() error { return s.ensureAuthenticationConfigMap(ownCtx) })
	own.Go(func() error { return s.ensure(ownCtx, tokenTracking(time.Now())) })
	own.Go(func() error { return s.bootstrapRoles(ownCtx, true) })
	own.Go(func() error { return s.ensureServiceCIDR(ownCtx) })
	if endpoints := s.ownEndpoints(); endpoints != nil {
		slice := sliceOf(endpoints) // first: what is stored is changed on its way
		own.Go(func() error { return s.ensureEndpoints(ownCtx, endpoints) })
		own.Go(func() error { return s.ensureSlice(ownCtx, slice) })
	}
	if err := own.Wait(); err != nil {
		return err
	}
	_, err := s.repairServices(ctx, true)
	return err
}

// clusterWideObjects are what every cluster has outside of namespaces, and the namespaces.
func clusterWideObjects() []api.Object {
	var objs []api.Object
	for _, name := range []string{namespaceDefault, namespaceSystem, namespacePublic, namespaceNodeLease} {
		objs = append(objs, &api.Namespace{ObjectMeta: api.ObjectMeta{Name: name}})
	}
	for _, class := range api.SystemPriorityClasses() {
		objs = append(objs, class)
	}
	for _, level := range api.SuggestedPriorityLevels() {
		objs = append(objs, level)
	}
	for _, schema := range api.SuggestedFlowSchemas() {
		objs = append(objs, schema)
	}
	return objs
}

// loadServices tells the allocator what existing Services hold, and what IPAddresses of others do.
func (s *Server) loadServices() error {
	services, _, err := readAll[*api.Service](s)
	if err != nil {
		return err
	}
	s.services.load(services)
	held, _, err := readAll[*api.IPAddress](s)
	if err != nil {
		return err
	}
	for _, obj := range held {
		if address, foreign := foreignAddress(obj); foreign {
			s.services.holdForeign(address)
		}
	}
	return nil
}

// ensure creates an object unless there is one of that name.
func (s *Server) ensure(ctx context.Context, obj api.Object) error {
	kind := api.KindFor(obj)
	res := s.resource(kind.Group, kind.Version, kind.Plural)
	meta := obj.GetObjectMeta()
	if s.cache.kind(res).get(res.key(meta.Namespace, meta.Name)) != nil {
		return nil
	}
	api.SetTypeMeta(obj)
	if kind.Default != nil {
		kind.Default(obj)
	}
	req := s.internalRequest(ctx, "create", res, meta.Namespace, meta.Name)
	s.trackCreate(ctx, req, obj)
	_, err := s.create(ctx, req, obj)
	if err != nil && !api.IsAlreadyExists(err) {
		return fmt.Errorf("create %s: %w", api.Describe(obj), err)
	}
	return nil
}

const ownServiceName = "kubernetes"

// ownService is Service default/kubernetes, at the first address of the range, which pods know from their environment.
func (s *Server) ownService() *api.Service {
	_, port := s.ownAddress()
	return &api.Service{
		ObjectMeta: api.ObjectMeta{
			Name: ownServiceName, Namespace: namespaceDefault,
			Labels: map[string]string{"component": "apiserver", "provider": "kubernetes"},
		},
		Spec: api.ServiceSpec{
			Type: api.ServiceTypeClusterIP, ClusterIP: s.services.first(), ClusterIPs: []string{s.services.first()},
			IPFamilies: []api.IPFamily{s.services.family}, IPFamilyPolicy: api.Ptr(api.IPFamilyPolicySingleStack),
			SessionAffinity: api.ServiceAffinityNone,
			Ports: []api.ServicePort{{
				Name: "https", Protocol: api.ProtocolTCP, Port: 443, TargetPort: api.FromInt(int(port)),
			}},
		},
	}
}

// ownEndpoints say where that Service leads: here. A machine without any address but loopback has none, because pods
// have a loopback of their own.
func (s *Server) ownEndpoints() *api.Endpoints {
	address, port := s.ownAddress()
	if ip, err := netip.ParseAddr(address); err != nil || ip.IsLoopback() || ip.IsUnspecified() {
		if address = hostAddress(); address == "" {
			return nil
		}
	}
	return &api.Endpoints{
		ObjectMeta: api.ObjectMeta{
			Name: ownServiceName, Namespace: namespaceDefault,
			Labels: map[string]string{"endpointslice.kubernetes.io/skip-mirror": "true"},
		},
		Subsets: []api.EndpointSubset{{
			Addresses: []api.EndpointAddress{{IP: address}},
			Ports:     []api.EndpointPort{{Name: "https", Port: port, Protocol: api.ProtocolTCP}},
		}},
	}
}

// hostAddress is an address of this machine that others can know it by, "" if it has none.
func hostAddress() string {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
			return network.IP.String()
		}
	}
	return ""
}

// sliceOf says the same as endpoints that all have the same ports.
func sliceOf(endpoints *api.Endpoints) *api.EndpointSlice {
	slice := &api.EndpointSlice{
		ObjectMeta:  api.ObjectMeta{Name: endpoints.Name, Namespace: endpoints.Namespace, Labels: map[string]string{api.LabelServiceName: endpoints.Name}},
		AddressType: api.AddressTypeIPv4,
	}
	for _, subset := range endpoints.Subsets {
		for _, address := range subset.Addresses {
			if ip, err := netip.ParseAddr(address.IP); err == nil && ip.Is6() {
				slice.AddressType = api.AddressTypeIPv6
			}
			slice.Endpoints = append(slice.Endpoints, api.Endpoint{Addresses: []string{address.IP}, Conditions: api.EndpointConditions{Ready: api.Ptr(true)}})
		}
		for _, port := range subset.Ports {
			slice.Ports = append(slice.Ports, api.DiscoveryEndpointPort{Name: api.Ptr(port.Name), Port: api.Ptr(port.Port), Protocol: api.Ptr(port.Protocol)})
		}
	}
	return slice
}

// ensureSlice is ensureEndpoints for the slice.
func (s *Server) ensureSlice(ctx context.Context, want *api.EndpointSlice) error {
	existing, err := read[*api.EndpointSlice](ctx, s, want.Namespace, want.Name)
	if api.IsNotFound(err) {
		return s.ensure(ctx, want)
	}
	if err != nil || api.Equal(existing.Endpoints, want.Endpoints) && api.Equal(existing.Ports, want.Ports) {
		return err
	}
	req := s.internalRequest(ctx, "update", resourceOf[*api.EndpointSlice](s), want.Namespace, want.Name)
	_, err = s.update(ctx, req, func(old api.Object) (api.Object, error) {
		slice := old.(*api.EndpointSlice)
		slice.Endpoints, slice.Ports = want.Endpoints, want.Ports
		return slice, nil
	})
	return err
}

// ensureEndpoints creates the endpoints, or corrects them: the address can be another one after a restart.
func (s *Server) ensureEndpoints(ctx context.Context, want *api.Endpoints) error {
	existing, err := read[*api.Endpoints](ctx, s, want.Namespace, want.Name)
	if api.IsNotFound(err) {
		return s.ensure(ctx, want)
	}
	if err != nil || api.Equal(existing.Subsets, want.Subsets) {
		return err
	}
	req := s.internalRequest(ctx, "update", resourceOf[*api.Endpoints](s), want.Namespace, want.Name)
	_, err = s.update(ctx, req, func(old api.Object) (api.Object, error) {
		old.(*api.Endpoints).Subsets = want.Subsets
		return old, nil
	})
	return err
}

// ownAddress is where pods reach this server.
func (s *Server) ownAddress() (address string, port int32) {
	port = 6443
	for _, text := range []string{cmp.Or(s.config.AdvertiseAddress, s.firstListen()), s.firstListen()} {
		host, portText, err := net.SplitHostPort(text)
		if err != nil {
			host = text
		}
		if address == "" {
			address = host
		}
		if n, err := strconv.ParseUint(portText, 10, 16); err == nil && n > 0 {
			return address, int32(n)
		}
	}
	return address, port
}

func (s *Server) firstListen() string {
	if len(s.config.Listen) == 0 {
		return ""
	}
	return s.config.Listen[0]
}
