package kubelet

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// probed starts a server and returns it as the target of probes, its port under the name "web".
func probed(t *testing.T, handler http.HandlerFunc) *probeTarget {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	return &probeTarget{ip: host, container: &api.Container{Name: "c", Ports: []api.ContainerPort{{Name: "web", ContainerPort: int32(n)}}}}
}

func TestHTTPProbe(t *testing.T) {
	target := probed(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			if r.Header.Get("X-Check") != "1" || r.Header.Get("User-Agent") != "kube-probe/1.36" || r.URL.RawQuery != "full=1" {
				w.WriteHeader(http.StatusTeapot)
			}
		case "/moved":
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	get := func(path string) *api.HTTPGetAction {
		return &api.HTTPGetAction{Path: path, Port: api.FromString("web"), HTTPHeaders: []api.HTTPHeader{{Name: "X-Check", Value: "1"}}}
	}
	require.NoError(t, probeHTTP(t.Context(), target, get("/ok?full=1")))
	require.NoError(t, probeHTTP(t.Context(), target, get("/moved")), "a redirect to another host counts as an answer")
	require.EqualError(t, probeHTTP(t.Context(), target, get("/bad")), "HTTP probe failed with statuscode: 500")
	require.ErrorContains(t, probeHTTP(t.Context(), target, &api.HTTPGetAction{Port: api.FromString("none")}), "couldn't find port: none")
}

func TestTCPProbe(t *testing.T) {
	target := probed(t, func(http.ResponseWriter, *http.Request) {})
	require.NoError(t, probeTCP(t.Context(), target, &api.TCPSocketAction{Port: api.FromString("web")}))
	require.Error(t, probeTCP(t.Context(), target, &api.TCPSocketAction{Port: api.FromInt(1)}))
}

// The health service answers with one byte of meaning: the rest is gRPC's wrapping.
func TestGRPCProbe(t *testing.T) {
	status := byte(1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/grpc.health.v1.Health/Check" || r.ProtoMajor != 2 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Trailer", "Grpc-Status")
		_, _ = w.Write([]byte{0, 0, 0, 0, 2, 0x08, status})
		w.Header().Set("Grpc-Status", "0")
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	address := server.Listener.Addr().(*net.TCPAddr)
	target := &probeTarget{ip: address.IP.String()}
	action := &api.GRPCAction{Port: int32(address.Port), Service: api.Ptr("db")}
	require.NoError(t, probeGRPC(t.Context(), target, action))
	status = 2
	require.ErrorContains(t, probeGRPC(t.Context(), target, action), "NOT_SERVING")
}

// A container that was ready before the kubelet restarted is ready after it; its successor has to earn it.
func TestFormerResults(t *testing.T) {
	w := &podWorker{k: &Kubelet{info: RuntimeInfo{Name: "docker"}}}
	w.status.ContainerStatuses = []api.ContainerStatus{{Name: "a", ContainerID: "docker://a-0", Ready: true, Started: api.Ptr(true)}}
	require.Equal(t, probeResults{probeSuccess, probeSuccess, probeSuccess}, w.formerResults(running("a")))
	require.Equal(t, probeResults{liveness: probeSuccess}, w.formerResults(attempt(1, running("a"))))
}
