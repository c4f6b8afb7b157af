package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// upstreamPrograms is a directory with these of upstream's programs. Building them takes minutes, so what needs them runs only where
// COMPAT_CONTROLLERS names one.
func upstreamPrograms(t *testing.T, names ...string) string {
	t.Helper()
	programs := os.Getenv("COMPAT_CONTROLLERS")
	if programs == "" {
		fmt.Printf("%-24s skipped: COMPAT_CONTROLLERS names no directory with %s\n", t.Name(), strings.Join(names, " and "))
		t.Skip("no programs")
	}
	for _, name := range names {
		require.FileExists(t, filepath.Join(programs, name))
	}
	return programs
}

// seeds are those that the environment names, as "0-300", else as many as are said.
func seeds(t *testing.T, variable string, otherwise uint64) (from, to uint64) {
	t.Helper()
	if named := os.Getenv(variable); named != "" {
		_, err := fmt.Sscanf(named, "%d-%d", &from, &to)
		require.NoError(t, err)
		return from, to
	}
	return 0, otherwise
}

// TestControllers puts upstream's kube-controller-manager and kube-scheduler in the place of ours.
func TestControllers(t *testing.T) {
	programs := upstreamPrograms(t, "kube-controller-manager", "kube-scheduler")
	c := newCluster(t, "--nodes", "2", "--runtime", "simulated")
	require.NoError(t, c.command("component", "stop", "scheduler"))
	logs := []string{c.takeUpstreams(t, programs), c.upstream(t, programs, "kube-scheduler", "scheduler", "--kubeconfig", c.pki("scheduler.conf"))}
	kubectl := func(t *testing.T, args ...string) string {
		t.Helper()
		out, err := exec.Command(shared.kubectl, append([]string{"--kubeconfig", c.kubeconfig}, args...)...).CombinedOutput()
		require.NoError(t, err, "kubectl %v:\n%s", args, out)
		return string(out)
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	require.NoError(t, err)
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)

	check(t, "controllers", "upstream's take over the leases of ours", func(t *testing.T) {
		require.Eventually(t, func() bool {
			leases, err := client.CoordinationV1().Leases("kube-system").List(t.Context(), metav1.ListOptions{})
			held := 0
			for _, l := range leases.Items {
				if l.Spec.HolderIdentity != nil && regexp.MustCompile(`_[0-9a-f-]{36}$`).MatchString(*l.Spec.HolderIdentity) {
					held++
				}
			}
			return err == nil && held == 2
		}, 60*time.Second, 100*time.Millisecond)
	})
	check(t, "controllers", "a Deployment becomes pods on nodes; a new image, a scale", func(t *testing.T) {
		kubectl(t, "create", "deployment", "web", "--image=nginx:1.27", "--replicas=4")
		kubectl(t, "rollout", "status", "deployment/web", "--timeout=60s")
		kubectl(t, "set", "image", "deployment/web", "nginx=nginx:1.28")
		kubectl(t, "rollout", "status", "deployment/web", "--timeout=60s")
		kubectl(t, "scale", "deployment/web", "--replicas=1")
		kubectl(t, "wait", "--for=jsonpath={.status.replicas}=1", "deployment/web", "--timeout=60s")
	})
	check(t, "controllers", "a namespace gets its service account, and goes with all that is in it", func(t *testing.T) {
		kubectl(t, "create", "namespace", "short")
		kubectl(t, "wait", "--for=create", "serviceaccount/default", "-n", "short", "--timeout=30s")
		kubectl(t, "create", "job", "once", "--image=busybox:1.37", "-n", "short", "--", "true")
		kubectl(t, "wait", "--for=condition=Complete", "job/once", "-n", "short", "--timeout=60s")
		kubectl(t, "delete", "namespace", "short", "--timeout=60s")
	})
	check(t, "controllers", "a custom resource's children go with it", func(t *testing.T) {
		kubectl(t, "apply", "-f", "testdata/website.yaml")
		kubectl(t, "wait", "--for=condition=Established", "crd/websites.house.example", "--timeout=10s")
		owned := filepath.Join(t.TempDir(), "owned.yaml")
		require.NoError(t, os.WriteFile(owned, []byte("{apiVersion: house.example/v1, kind: Website, metadata: {name: home}, spec: {image: nginx}}\n"), 0o600))
		kubectl(t, "apply", "-f", owned)
		uid := kubectl(t, "get", "website", "home", "-o", "jsonpath={.metadata.uid}")
		kubectl(t, "create", "configmap", "child")
		kubectl(t, "patch", "configmap", "child", "-p",
			`{"metadata":{"ownerReferences":[{"apiVersion":"house.example/v1","kind":"Website","name":"home","uid":"`+uid+`"}]}}`)
		kubectl(t, "delete", "website", "home")
		kubectl(t, "wait", "--for=delete", "configmap/child", "--timeout=90s") // new kinds are looked for every 30 seconds
	})
	check(t, "controllers", "find nothing wrong with what they are answered", func(t *testing.T) {
		for _, log := range logs {
			text, err := os.ReadFile(log)
			require.NoError(t, err)
			for line := range strings.SplitSeq(string(text), "\n") {
				if strings.HasPrefix(line, "E") && !expected.MatchString(line) || strings.HasPrefix(line, "F") {
					t.Error(line)
				}
			}
		}
	})
}

// pki is the path of one of the cluster's keys, certificates and kubeconfigs.
func (c *fullCluster) pki(file string) string { return filepath.Join(c.home, profile, "pki", file) }

// takeUpstreams puts upstream's kube-controller-manager in the place of our controllers. It returns the path of its log.
func (c *fullCluster) takeUpstreams(t *testing.T, programs string, flags ...string) (log string) {
	t.Helper()
	require.NoError(t, c.command("component", "stop", "controllers"))
	flags = append(flags, "--cluster-signing-cert-file="+c.pki("ca.crt"))
	return c.upstream(t, programs, "kube-controller-manager", "controllers", append(c.controllersFlags(), flags...)...)
}

// takeOurs starts our controllers anew with more flags.
func (c *fullCluster) takeOurs(t *testing.T, flags ...string) (log string) {
	t.Helper()
	require.NoError(t, c.command("component", "stop", "controllers"))
	return startUpstreams(t, filepath.Dir(c.kubelite), filepath.Base(c.kubelite), os.Interrupt, append(append([]string{"controllers"}, c.controllersFlags()...), flags...)...)
}

// controllersFlags are what both sets of controllers are told.
func (c *fullCluster) controllersFlags() []string {
	return []string{"--kubeconfig", c.pki("controllers.conf"), "--use-service-account-credentials",
		"--cluster-cidr=10.244.0.0/16", "--root-ca-file=" + c.pki("ca.crt"), "--cluster-signing-key-file=" + c.pki("ca.key"), "--service-account-private-key-file=" + c.pki("sa.key")}
}

// upstream runs one of upstream's programs until the test ends, as one of the cluster's users. It returns the path of its log.
func (c *fullCluster) upstream(t *testing.T, programs, name, user string, args ...string) (log string) {
	t.Helper()
	kubeconfig := c.pki(user + ".conf")
	return startUpstreams(t, programs, name, os.Interrupt, append(args, // interrupted, it gives up its lease
		"--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig, "--bind-address=127.0.0.1", "--secure-port=0")...)
}

// startUpstreams starts one of upstream's programs, which a signal ends with the test. It returns the path of its log.
func startUpstreams(t *testing.T, programs, name string, end os.Signal, args ...string) (log string) {
	t.Helper()
	log = filepath.Join(t.TempDir(), name+".log")
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, name), args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(end) }
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait(); _ = out.Close() }) // it ends by the signal
	return log
}

// expected are errors that upstream's programs log on the real Kubernetes, too: they were faster than their caches, somebody
// else was faster than they, the metrics-server is not there yet, and there is no file for static configuration.
var expected = regexp.MustCompile(`is not as new as written version|stale GroupVersion discovery|the object has been modified|The manifest file is empty|not found|being terminated|being deleted`)
