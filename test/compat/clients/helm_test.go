package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// helms are the two lines of Helm that people use. Version 3 sends strategic merge patches, version 4 applies on the
// server.
var helms = []string{"v3.22.0", "v4.3.1"}

// TestHelm: a chart with a definition of its own, a hook and a Deployment, from install to uninstall.
func TestHelm(t *testing.T) {
	for _, version := range helms {
		program := buildHelm(t, version)
		client := "Helm " + strings.TrimPrefix(version, "v")
		namespace := "helm-" + strings.ReplaceAll(version, ".", "-")
		helm := func(t *testing.T, args ...string) string {
			t.Helper()
			cmd := exec.Command(program, append(args, "--kubeconfig", shared.kubeconfig, "--namespace", namespace)...)
			home := t.TempDir()
			cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "helm %v:\n%s", args, out)
			return string(out)
		}
		kubectl := func(t *testing.T, args ...string) string {
			t.Helper()
			out, err := exec.Command(shared.kubectl, append(args, "--kubeconfig", shared.kubeconfig, "--namespace", namespace)...).CombinedOutput()
			require.NoError(t, err, "kubectl %v:\n%s", args, out)
			return string(out)
		}
		replicas := func(t *testing.T) string {
			return kubectl(t, "get", "deployment", "demo", "-o", "jsonpath={.spec.replicas} {.status.readyReplicas}")
		}

		check(t, client, "installs a chart and waits until it is ready", func(t *testing.T) {
			out := helm(t, "install", "demo", "testdata/chart", "--create-namespace", "--wait", "--timeout", "60s")
			require.Contains(t, out, "STATUS: deployed")
			require.Contains(t, out, "It runs on Kubernetes v1.36.3+kubelite and knows Deployments: true")
			require.Equal(t, "1 1", replicas(t))
		})
		check(t, client, "upgrades it", func(t *testing.T) {
			helm(t, "upgrade", "demo", "testdata/chart", "--set", "replicas=2", "--wait", "--timeout", "60s")
			require.Equal(t, "2 2", replicas(t))
			require.Contains(t, helm(t, "list"), "demo")
		})
		check(t, client, "rolls it back", func(t *testing.T) {
			helm(t, "rollback", "demo", "1", "--wait", "--timeout", "60s")
			require.Equal(t, "1", kubectl(t, "get", "deployment", "demo", "-o", "jsonpath={.spec.replicas}"))
			require.Contains(t, helm(t, "history", "demo"), "Rollback to 1")
			require.Contains(t, helm(t, "get", "manifest", "demo"), "kind: Deployment")
		})
		check(t, client, "uninstalls it and leaves nothing", func(t *testing.T) {
			require.Contains(t, helm(t, "uninstall", "demo", "--wait", "--timeout", "60s"), "uninstalled")
			require.Empty(t, kubectl(t, "get", "deployments,services,configmaps", "-l", "app=demo", "-o", "name"))
			kubectl(t, "delete", "namespace", namespace)
		})
	}
}

// buildHelm makes one version of Helm, from its own module and so with its own dependencies. Versions do not change: what
// is there is used.
func buildHelm(t *testing.T, version string) string {
	t.Helper()
	major, _, _ := strings.Cut(version, ".")
	dir, err := filepath.Abs(filepath.Join("../../../bin/clients", "helm-"+version))
	require.NoError(t, err)
	program := filepath.Join(dir, "helm")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	cmd := exec.Command("go", "install", "-trimpath", "-ldflags", "-s -w", fmt.Sprintf("helm.sh/helm/%s/cmd/helm@%s", major, version))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOBIN="+dir, "GOFLAGS=")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, output(cmd))
	return program
}
