package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestServiceHealth(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	loopback := netip.MustParseAddr("127.0.0.1")
	var rules health
	s := newServiceHealth(loopback, &rules)
	ended := make(chan error)
	go func() { ended <- s.run(ctx) }()
	web, db := api.Key{Namespace: "shop", Name: "web"}, api.Key{Namespace: "shop", Name: "db"}
	first, second, third := freePort(t), freePort(t), freePort(t)

	require.NoError(t, s.set(web, first, 2))
	require.NoError(t, s.set(db, second, 0))
	code, header, state := askHealth(t, first)
	require.Equal(t, 200, code)
	require.Equal(t, "2", header.Get("X-Load-Balancing-Endpoint-Weight"))
	require.Equal(t, `{"service":{"namespace":"shop","name":"web"},"localEndpoints":2,"serviceProxyHealthy":true}`, state)
	code, _, state = askHealth(t, second)
	require.Equal(t, 503, code, "its load balancer has to stay away")
	require.Equal(t, `{"service":{"namespace":"shop","name":"db"},"localEndpoints":0,"serviceProxyHealthy":true}`, state)

	require.NoError(t, s.set(web, first, 0))
	code, _, _ = askHealth(t, first)
	require.Equal(t, 503, code, "the last one is not ready any more")

	require.NoError(t, s.set(web, third, 1))
	code, _, _ = askHealth(t, third)
	require.Equal(t, 200, code)
	require.False(t, listens(first), "it has moved")
	require.ErrorContains(t, s.set(db, third, 1), fmt.Sprintf(`failed to start healthcheck "shop/db" on port %d: `, third))

	require.NoError(t, s.set(web, 0, 0))
	require.False(t, listens(third))
	require.NoError(t, s.set(db, third, 1), "it is free now")
	cancel()
	require.NoError(t, <-ended)
	require.False(t, listens(third))
	require.NoError(t, s.set(db, third, 1))
	require.False(t, listens(third), "all is over")
}

func TestReadyAddresses(t *testing.T) {
	node, yes, no := api.Ptr("node-1"), api.Ptr(true), api.Ptr(false)
	slice := func(endpoints ...api.Endpoint) *api.EndpointSlice {
		return &api.EndpointSlice{AddressType: api.AddressTypeIPv4, Endpoints: endpoints}
	}
	at := func(address string, node *string, ready *bool) api.Endpoint {
		return api.Endpoint{Addresses: []string{address}, NodeName: node, Conditions: api.EndpointConditions{Ready: ready, Serving: yes}}
	}
	require.Equal(t, 2, readyAddresses([]*api.EndpointSlice{
		slice(at("10.244.1.2", node, yes), at("10.244.1.3", node, nil), at("10.244.1.4", node, no), at("192.0.2.1", nil, yes)),
		slice(at("10.244.1.2", node, yes)), // another port of the same pod
		{AddressType: api.AddressTypeIPv6, Endpoints: []api.Endpoint{at("fd00::1", node, yes)}},
	}), "an address counts once; one that only serves until it is gone does not, nor one that is on no node")
}

// askHealth asks a port of this machine and returns the answer, in one line.
func askHealth(t *testing.T, port int32) (int, http.Header, string) {
	t.Helper()
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", port))
	require.NoError(t, err)
	defer answer.Body.Close()
	var state serviceState
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&state))
	line, err := json.Marshal(state)
	require.NoError(t, err)
	return answer.StatusCode, answer.Header, string(line)
}

func freePort(t *testing.T) int32 {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return int32(listener.Addr().(*net.TCPAddr).Port)
}

func listens(port int32) bool {
	conn, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
