package proxy

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"kubelite/api"
)

// serviceHealth answers on the healthCheckNodePort of each service whose load balancer may only send to nodes that have endpoints of
// their own (externalTrafficPolicy: Local): 200 where there is a ready one, else 503, so that the load balancer stays away.
//
// All nodes are on this machine and share its address, so what it answers is true of one of them. In real Kubernetes this is
// pkg/proxy/healthcheck/service_health.go.
type serviceHealth struct {
	address netip.Addr // of the nodes
	rules   *health
	server  http.Server

	mu      sync.Mutex
	checks  map[api.Key]*healthCheck // by service; nil once all is over; guarded by mu
	serving sync.WaitGroup
}

// healthCheck is the port of one service.
type healthCheck struct {
	listener  net.Listener
	port      int32
	endpoints int // that are ready
}

func newServiceHealth(address netip.Addr, rules *health) *serviceHealth {
	s := &serviceHealth{address: address, rules: rules, checks: map[api.Key]*healthCheck{}}
	s.server = http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	return s
}

// set says how many ready endpoints a service has, and where that is asked; port 0 is nowhere. It is an error if another program
// has the port.
func (s *serviceHealth) set(service api.Key, port int32, endpoints int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	check := s.checks[service]
	if check != nil && check.port != port {
		check.listener.Close()
		delete(s.checks, service)
		check = nil
	}
	if port == 0 || s.checks == nil {
		return nil
	}
	if check == nil {
		listener, err := net.Listen("tcp4", net.JoinHostPort(s.address.String(), strconv.Itoa(int(port))))
		if err != nil {
			return fmt.Errorf("failed to start healthcheck %q on port %d: %w", service, port, err)
		}
		check = &healthCheck{listener: listener, port: port}
		s.checks[service] = check
		s.serving.Go(func() { _ = s.server.Serve(listener) }) // until one of them is closed
	}
	check.endpoints = endpoints
	return nil
}

// run ends all answers when ctx ends.
func (s *serviceHealth) run(ctx context.Context) error {
	<-ctx.Done()
	s.mu.Lock()
	for _, check := range s.checks {
		check.listener.Close()
	}
	s.checks = nil
	s.mu.Unlock()
	s.server.Close()
	s.serving.Wait()
	return nil
}

// serviceState is what an answer says, as kube-proxy does.
type serviceState struct {
	Service struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"service"`
	LocalEndpoints      int  `json:"localEndpoints"`
	ServiceProxyHealthy bool `json:"serviceProxyHealthy"`
}

// at finds the service that has a port.
func (s *serviceHealth) at(port int) (state serviceState, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for service, check := range s.checks {
		if int(check.port) == port {
			state.Service.Namespace, state.Service.Name, state.LocalEndpoints = service.Namespace, service.Name, check.endpoints
			return state, true
		}
	}
	return state, false
}

// ServeHTTP answers for the service whose port was asked, whatever the path.
func (s *serviceHealth) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	state, ok := s.at(req.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr).Port)
	if !ok { // it went while the question came
		w.WriteHeader(http.StatusNotFound)
		return
	}
	state.ServiceProxyHealthy = s.rules.state(time.Now()).Healthy
	w.Header().Set("X-Load-Balancing-Endpoint-Weight", strconv.Itoa(state.LocalEndpoints))
	answerHealth(w, state.LocalEndpoints > 0 && state.ServiceProxyHealthy, state, "\t")
}

// readyAddresses counts the addresses of ready endpoints that are on a node.
func readyAddresses(endpointSlices []*api.EndpointSlice) int {
	ready := map[string]bool{}
	for _, slice := range endpointSlices {
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			if slice.AddressType == api.AddressTypeIPv4 && api.Deref(e.NodeName, "") != "" && api.Deref(e.Conditions.Ready, true) && len(e.Addresses) > 0 {
				ready[e.Addresses[0]] = true
			}
		}
	}
	return len(ready)
}
