package cluster

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestPrintServiceURLs(t *testing.T) {
	svc := &api.Service{ObjectMeta: api.ObjectMeta{Name: "web", Namespace: "shop"}, Spec: api.ServiceSpec{Type: api.ServiceTypeNodePort, Ports: []api.ServicePort{
		{Port: 80, NodePort: 30080}, {Port: 443, NodePort: 30443}, {Port: 53, NodePort: 30053, Protocol: api.ProtocolUDP},
	}}}
	var out bytes.Buffer
	require.NoError(t, printServiceURLs(&out, svc, true))
	require.Equal(t, "http://127.0.0.1:30080\nhttps://127.0.0.1:30443\n", out.String())

	svc.Spec.Type, svc.Spec.Ports = api.ServiceTypeClusterIP, []api.ServicePort{{Port: 80}}
	require.ErrorContains(t, printServiceURLs(&out, svc, true), "has no node port")
}
