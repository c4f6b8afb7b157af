package sessions

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDockerThatRefuses starts clusters on daemons that do not give what it takes to write packet rules. The user is told
// so, in one line that says why, and has a cluster whose pods run.
func TestDockerThatRefuses(t *testing.T) {
	if exec.Command("docker", "info").Run() != nil {
		t.Skip("no Docker daemon answers") // in CI TestSessions fails for it
	}
	for _, tc := range []struct {
		name   string
		meddle func(create []byte) (answer []byte, refusal string)
		told   string
	}{
		{"the machine's network, as with user namespaces", func([]byte) ([]byte, string) {
			return nil, "cannot share the host's network namespace when user namespaces are enabled"
		}, "cannot share the host's network namespace when user namespaces are enabled"},
		{"NET_ADMIN, silently, as without root", func(create []byte) ([]byte, string) {
			return bytes.ReplaceAll(create, []byte(`"CAP_NET_ADMIN",`), nil), ""
		}, "operation not permitted"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Setenv("DOCKER_HOST", "unix://"+meddlingDocker(t, tc.meddle))
			c := startCluster(t)
			require.Regexp(t, "(?m)^ ! Addresses of services lead nowhere, and network policies are not enforced: .*"+tc.told, string(c.started))
			// Without a probe a pod is Ready as soon as its container runs, and nothing says that somebody listens in it by then.
			run(t, c.command("run", "hello", "--image=kubelite-hello:v1", "--overrides", `{"spec": {"containers": [{"name": "hello",
				"image": "kubelite-hello:v1", "readinessProbe": {"periodSeconds": 1, "exec": {"command": ["/hello", "get", "http://localhost:8080"]}}}]}}`))
			run(t, c.command("wait", "--for=condition=Ready", "pod/hello", "--timeout=60s"))
			require.Contains(t, string(run(t, c.command("exec", "hello", "--", "/hello", "get", "http://localhost:8080"))), "hello from hello")
		})
	}
}

// meddlingDocker listens on a socket for the daemon and passes everything on, but for requests to make a container that has
// the machine's network: meddle changes them, or says what the daemon answers. It returns the socket's path.
func meddlingDocker(t *testing.T, meddle func(create []byte) (changed []byte, refusal string)) string {
	t.Helper()
	endpoint, err := exec.Command("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").Output()
	require.NoError(t, err)
	real, isSocket := strings.CutPrefix(strings.TrimSpace(string(endpoint)), "unix://")
	if !isSocket {
		t.Skip("the Docker daemon is not behind a socket of this machine")
	}
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "docker" },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", real)
		}},
		FlushInterval: -1, // events, logs and progress come as they happen
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/containers/create") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the client has gone
			}
			if bytes.Contains(body, []byte(`"NetworkMode":"host"`)) {
				changed, refusal := meddle(body)
				if refusal != "" {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(http.StatusBadRequest)
					_, _ = io.WriteString(w, `{"message":"`+refusal+`"}`)
					return
				}
				body, r.ContentLength = changed, int64(len(changed))
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		pass.ServeHTTP(w, r)
	})}
	socket := filepath.Join(t.TempDir(), "docker.sock")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	go server.Serve(l) // until the test ends
	t.Cleanup(func() { _ = server.Close() })
	return socket
}
