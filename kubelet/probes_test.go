package kubelet

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

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
		case "/slow":
			<-r.Context().Done()
		case "/moved":
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	get := func(path string, headers ...api.HTTPHeader) *api.HTTPGetAction {
		return &api.HTTPGetAction{Path: path, Port: api.FromString("web"), HTTPHeaders: append(headers, api.HTTPHeader{Name: "X-Check", Value: "1"})}
	}
	tests := []struct {
		name    string
		action  *api.HTTPGetAction
		result  probeResult
		message string // a part of it
	}{
		{"an answer", get("/ok?full=1"), probeSuccess, ""},
		{"an agent of one's own", get("/ok?full=1", api.HTTPHeader{Name: "User-Agent", Value: "me"}), probeFailure, "HTTP probe failed with statuscode: 418"},
		{"a redirect to another host counts as an answer", get("/moved"), probeWarning, "Probe terminated redirects, Response body: "},
		{"a bad status", get("/bad"), probeFailure, "HTTP probe failed with statuscode: 500"},
		{"too slow", get("/slow"), probeFailure, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"},
		{"no such port", &api.HTTPGetAction{Port: api.FromString("none")}, probeUnknown, `strconv.Atoi: parsing "none": invalid syntax`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, message := probeHTTP(t.Context(), target, test.action, 500*time.Millisecond)
			require.Equal(t, test.result, result, message)
			require.Contains(t, message, test.message)
		})
	}
}

func TestTCPProbe(t *testing.T) {
	target := probed(t, func(http.ResponseWriter, *http.Request) {})
	for name, test := range map[string]struct {
		port   api.IntOrString
		result probeResult
	}{"open": {api.FromString("web"), probeSuccess}, "closed": {api.FromInt(1), probeFailure}, "unknown": {api.FromString("none"), probeUnknown}} {
		result, message := probeTCP(t.Context(), target, &api.TCPSocketAction{Port: test.port}, time.Second)
		require.Equal(t, test.result, result, "%s: %s", name, message)
	}
}

// The health service answers with one byte of meaning: the rest is gRPC's wrapping.
func TestGRPCProbe(t *testing.T) {
	status, code := byte(1), "0"
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/grpc.health.v1.Health/Check" || r.ProtoMajor != 2 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Trailer", "Grpc-Status")
		_, _ = w.Write([]byte{0, 0, 0, 0, 2, 0x08, status})
		w.Header().Set("Grpc-Status", code)
	}))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	address := server.Listener.Addr().(*net.TCPAddr)
	target := &probeTarget{ip: address.IP.String()}
	action := &api.GRPCAction{Port: int32(address.Port), Service: api.Ptr("db")}
	ask := func() string {
		result, message := probeGRPC(t.Context(), target, action, time.Second)
		require.Equal(t, message == "", result == probeSuccess)
		return message
	}
	require.Empty(t, ask())
	status = 2
	require.Equal(t, `service unhealthy (responded with "NOT_SERVING")`, ask())
	code = "12"
	require.Contains(t, ask(), "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ")
	action.Port = 1
	require.Equal(t, `timeout: failed to connect service "127.0.0.1:1" within 1s: context deadline exceeded`, ask())
}

// A container that was ready before the kubelet restarted is ready after it; its successor has to earn it.
func TestFormerResults(t *testing.T) {
	w := &podWorker{k: &Kubelet{info: RuntimeInfo{Name: "docker"}}}
	w.status.ContainerStatuses = []api.ContainerStatus{{Name: "a", ContainerID: "docker://a-0", Ready: true, Started: api.Ptr(true)}}
	require.Equal(t, probeResults{probeSuccess, probeSuccess, probeSuccess}, w.formerResults(running("a")))
	require.Equal(t, probeResults{liveness: probeSuccess}, w.formerResults(attempt(1, running("a"))))
}
