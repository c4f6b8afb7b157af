package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestPrintServiceURLs(t *testing.T) {
	svc := &api.Service{ObjectMeta: api.ObjectMeta{Name: "web", Namespace: "shop"}, Spec: api.ServiceSpec{Type: api.ServiceTypeNodePort, Ports: []api.ServicePort{
		{Port: 80, NodePort: 30080}, {Port: 443, NodePort: 30443}, {Port: 53, NodePort: 30053, Protocol: api.ProtocolUDP},
	}}}
	var out bytes.Buffer
	require.NoError(t, printServiceURLs(&out, svc, true, true))
	require.Equal(t, "http://127.0.0.1:30080\nhttps://127.0.0.1:30443\n", out.String())

	svc.Spec.Type, svc.Status.LoadBalancer.Ingress = api.ServiceTypeLoadBalancer, []api.LoadBalancerIngress{{IP: "10.104.0.1"}}
	svc.Spec.Ports = append(svc.Spec.Ports, api.ServicePort{Port: 8080})
	out.Reset()
	require.NoError(t, printServiceURLs(&out, svc, true, true))
	require.Equal(t, "http://10.104.0.1\nhttps://10.104.0.1\nhttp://10.104.0.1:8080\n", out.String())
	out.Reset()
	require.NoError(t, printServices(&out, []*api.Service{svc, {ObjectMeta: api.ObjectMeta{Name: "db", Namespace: "shop"}, Spec: api.ServiceSpec{Type: api.ServiceTypeClusterIP}}}, false))
	require.Equal(t, `NAMESPACE   NAME   TYPE           URL
shop        web    LoadBalancer   http://127.0.0.1:30080 https://127.0.0.1:30443
shop        db     ClusterIP      No node port
`, out.String())

	svc = &api.Service{Spec: api.ServiceSpec{Type: api.ServiceTypeClusterIP, Ports: []api.ServicePort{{Port: 80}}}}
	require.ErrorContains(t, printServiceURLs(&out, svc, true, true), "has no node port")
}

// TestTunnel: a port of loopback leads to the load balancer for as long as there is one.
func TestTunnel(t *testing.T) {
	free, err := freePort(0)
	require.NoError(t, err)
	port := int32(free)
	tunnel := &tunnel{out: io.Discard, open: map[int32]*tunnelPort{}, dial: func(_ context.Context, address string, conn io.ReadWriter) error {
		_, err := fmt.Fprintf(conn, "this is %s\n", address)
		return err
	}}
	ctx, cancel := context.WithCancel(t.Context())
	svc := &api.Service{Spec: api.ServiceSpec{Type: api.ServiceTypeLoadBalancer, Ports: []api.ServicePort{{Port: port}}}}
	web, other := api.Key{Name: "web"}, api.Key{Name: "other"}
	require.NoError(t, tunnel.follow(ctx, web, svc))
	require.Empty(t, tunnel.open, "it has no address yet")

	svc.Status.LoadBalancer.Ingress = []api.LoadBalancerIngress{{IP: "10.104.0.1"}}
	require.NoError(t, tunnel.follow(ctx, web, svc))
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	require.NoError(t, err)
	defer conn.Close()
	said, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("this is 10.104.0.1:%d\n", port), string(said))

	require.ErrorContains(t, tunnel.follow(ctx, other, svc), "service web has it")
	require.NoError(t, tunnel.follow(ctx, web, nil))
	require.NoError(t, tunnel.follow(ctx, other, svc))
	cancel()
	tunnel.work.Wait()
}
