package sessions

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

const rolling = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: kubelite-hello:v1
          ports: [{name: http, containerPort: 8080}]
          env: [{name: QUIET, value: "yes"}]
          resources: {requests: {cpu: 500m}} # a pod that asks for nothing gets nothing where others ask
          readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 2, timeoutSeconds: 10, failureThreshold: 30}
          lifecycle: {preStop: {sleep: {seconds: 5}}} # until no rule leads here any more
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: nginx
  rules:
    - host: rolling.example.com
      http:
        paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]
`

// TestRollingLosesNothing sends requests through an Ingress, and as many through a node port, while the pods behind are replaced three
// times and some are deleted. Not one fails. RATE is how many a second, on a machine that has nothing else to do: RATE=500.
func TestRollingLosesNothing(t *testing.T) {
	if exec.Command("docker", "info").Run() != nil {
		t.Skip("simulated pods answer nobody: no Docker daemon answers")
	}
	c := startCluster(t)
	run(t, exec.Command(c.env["KUBELITE"], "addons", "enable", "ingress", "--profile", c.env["PROFILE"], "--home", c.env["KUBELITE_HOME"]))
	manifest := filepath.Join(t.TempDir(), "rolling.yaml")
	require.NoError(t, os.WriteFile(manifest, []byte(rolling), 0o600))
	run(t, c.command("apply", "-f", manifest))
	run(t, c.command("rollout", "status", "deployment/web", "--timeout=300s"))
	giveProcessor(t, c)
	run(t, c.command("rollout", "status", "-n", "ingress-nginx", "deployment/ingress-nginx-controller", "--timeout=300s"))
	read := func(path string, args ...string) (value string) {
		eventually(t, path, func() bool {
			out, err := c.command(append(args, "-o", "jsonpath="+path)...).Output()
			value = string(out)
			return err == nil && value != ""
		})
		return value
	}
	ingress := read("{.status.loadBalancer.ingress[0].ip}", "get", "ingress", "web")
	node := read("{.items[0].status.addresses[0].address}", "get", "nodes")
	port := read("{.spec.ports[0].nodePort}", "get", "service", "web")

	tool := filepath.Join(t.TempDir(), "load")
	build := exec.Command("go", "build", "-o", tool, "./test/load")
	build.Dir = "../.."
	run(t, build)
	throughIngress := startLoad(t, tool, "-url", "http://"+ingress+"/", "-host", "rolling.example.com")
	throughNodePort := startLoad(t, tool, "-url", fmt.Sprintf("http://%s:%s/", node, port), "-connect")
	for i := range 3 {
		run(t, c.command("set", "image", "deployment/web", fmt.Sprintf("web=kubelite-hello:v%d", 2-i%2)))
		run(t, c.command("rollout", "status", "deployment/web", "--timeout=300s"))
		run(t, c.command("delete", "pod", "-l", "app=web", "--limit=1", "--wait=false"))
	}
	run(t, c.command("rollout", "status", "deployment/web", "--timeout=300s"))
	for name, stop := range map[string]func() loadResult{"an Ingress": throughIngress, "a node port": throughNodePort} {
		r := stop()
		t.Logf("through %s: %d requests in %.0f s, %d failed; p50 %.1f ms, p99 %.1f ms, longest %.0f ms", name, r.Requests, r.Seconds, r.Failed, r.P50, r.P99, r.Max)
		require.Zero(t, r.Failed, "through %s: %v", name, r.Failures)
		require.NotZero(t, r.Requests, "through %s", name)
	}
}

// giveProcessor lets the ingress controller have a processor: this is about what it loses and not about who starves it.
func giveProcessor(t *testing.T, c *cluster) {
	t.Helper()
	cfg, err := client.LoadKubeconfig(c.env["KUBECONFIG"], "")
	require.NoError(t, err)
	server, err := client.New(cfg)
	require.NoError(t, err)
	patch := `{"spec":{"template":{"spec":{"containers":[{"name":"controller","resources":{"requests":{"cpu":"1"}}}]}}}}`
	_, err = client.Of[*api.Deployment](server).Patch(t.Context(), "ingress-nginx", "ingress-nginx-controller", api.StrategicMergePatchType, []byte(patch))
	require.NoError(t, err)
}

// loadResult is what test/load prints.
type loadResult struct {
	Requests, Failed int
	Failures         map[string]int
	Seconds          float64
	P50              float64 `json:"p50ms"`
	P99              float64 `json:"p99ms"`
	Max              float64 `json:"maxms"`
}

// startLoad begins a load; stop ends it and returns what came of it.
func startLoad(t *testing.T, tool string, args ...string) (stop func() loadResult) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(tool, append(args, "-rate", cmp.Or(os.Getenv("RATE"), "50"))...)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	require.NoError(t, cmd.Start())
	ended := false
	end := func() {
		if ended {
			return
		}
		ended = true
		_ = cmd.Process.Signal(syscall.SIGINT)
		_ = cmd.Wait() // its exit code says that requests failed, as its output does
	}
	t.Cleanup(end)
	time.Sleep(time.Second) // what there is before anything changes
	return func() (r loadResult) {
		end()
		require.NoError(t, json.NewDecoder(strings.NewReader(out.String())).Decode(&r))
		return r
	}
}
