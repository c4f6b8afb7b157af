package apiserver

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
)

// bootstrap makes sure that what every cluster has is there: four namespaces, the priority classes of the system, the
// usual priority levels of requests, the built-in roles, and the Service by which pods find this very server. After the
// first start it finds everything in place and writes nothing.
func (s *Server) bootstrap(ctx context.Context) error {
	if err := s.loadServices(); err != nil {
		return err
	}
	// All at once, so that they share the wait for the disk.
	global, globalCtx := errgroup.WithContext(ctx)
	for _, obj := range clusterWideObjects() {
		global.Go(func() error { return s.ensure(globalCtx, obj) })
	}
	global.Go(func() error { return s.bootstrapRoles(globalCtx, false) })
	if err := global.Wait(); err != nil {
		return err
	}
	own, ownCtx := errgroup.WithContext(ctx)
	own.Go(func() error { return s.ensure(ownCtx, s.ownService()) })
	own.Go(func() error { return s.bootstrapRoles(ownCtx, true) })
	if endpoints := s.ownEndpoints(); endpoints != nil {
		own.Go(func() error { return s.ensureEndpoints(ownCtx, endpoints) })
	}
	return own.Wait()
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

// loadServices tells the allocator what existing Services hold.
func (s *Server) loadServices() error {
	services, _, err := readAll[*api.Service](s)
	if err != nil {
		return err
	}
	s.services.load(services)
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
	req := s.internalRequest("create", res, meta.Namespace, meta.Name)
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

// ownEndpoints say where that Service leads: here. A server that only its own machine can reach has none, because pods
// have a loopback of their own.
func (s *Server) ownEndpoints() *api.Endpoints {
	address, port := s.ownAddress()
	if ip, err := netip.ParseAddr(address); err != nil || ip.IsLoopback() || ip.IsUnspecified() {
		return nil
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

// ensureEndpoints creates the endpoints, or corrects them: the address can be another one after a restart.
func (s *Server) ensureEndpoints(ctx context.Context, want *api.Endpoints) error {
	existing, err := read[*api.Endpoints](ctx, s, want.Namespace, want.Name)
	if api.IsNotFound(err) {
		return s.ensure(ctx, want)
	}
	if err != nil || api.Equal(existing.Subsets, want.Subsets) {
		return err
	}
	req := s.internalRequest("update", resourceOf[*api.Endpoints](s), want.Namespace, want.Name)
	_, err = s.update(ctx, req, func(old api.Object) (api.Object, error) {
		old.(*api.Endpoints).Subsets = want.Subsets
		return old, nil
	})
	return err
}

// ownAddress is where pods reach this server.
func (s *Server) ownAddress() (address string, port int32) {
	port = 6443
	for _, text := range []string{s.advertised(), s.firstListen()} {
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
