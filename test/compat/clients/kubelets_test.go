package clients

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestKubelets runs the same pods under our kubelet and under upstream's, which reaches the same Docker daemon by cri-dockerd, and compares
// what their statuses come to, field by field, and what events the kubelets have. It takes minutes, and runs where COMPAT_CONTROLLERS names a
// directory with both programs. The scenarios in testdata/kubelet are written like those of TestAgree.
//
// Each of the two takes every pod's container on the daemon for its own, and would end those of the other. So they take turns.
func TestKubelets(t *testing.T) {
	programs := upstreamPrograms(t, "kubelet", "cri-dockerd")
	require.Empty(t, podContainers(t), "of another cluster, whose containers upstream's kubelet would remove")
	images := exec.Command("examples/images.sh")
	images.Dir = "../../.."
	require.NoError(t, output(images))

	s := sideOf(t, newCluster(t, "--nodes", "1", "--runtime", "docker"), ofKubelets)
	require.NoError(t, output(exec.Command(shared.kubectl, "--kubeconfig", s.kubeconfig, "delete", "deployments", "--all", "--namespace", "kube-system")))
	files, err := filepath.Glob("testdata/kubelet/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	scenarios := make([]*txtar.Archive, len(files))
	for i, file := range files {
		scenarios[i], err = txtar.ParseFile(file)
		require.NoError(t, err)
	}
	playAll := func() (all [][]picture) {
		for i, file := range files {
			all = append(all, s.play(t, strings.TrimSuffix(filepath.Base(file), ".txtar"), scenarios[i]))
		}
		return all
	}
	s.tool(t, "kubelet", `case $1 in
		away) kubelite component stop kubelet-node-1 --profile `+profile+` ;;
		back) kubelite component start kubelet-node-1 --profile `+profile+` ;;
	esac`)
	ours := playAll()
	require.Eventually(t, func() bool { return len(podContainers(t)) == 0 }, time.Minute, 100*time.Millisecond, "the last of our containers")
	require.NoError(t, s.command("component", "stop", "kubelet-node-1"))
	nothingLeft := s.takeUpstreamsKubelet(t, programs, "node-1")
	theirs := playAll()
	for i, file := range files {
		check(t, "kubelet", title(t, file), func(t *testing.T) { requireAlike(t, ours[i], theirs[i]) })
	}
	require.Eventually(t, nothingLeft, 3*time.Minute, time.Second, "the last containers and mounts")
}

// tool makes a command for the scenarios, from a shell script. Those of the kubelets have one that sends theirs away and takes it back.
func (s *side) tool(t *testing.T, name, script string) {
	t.Helper()
	s.tools = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(s.tools, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
}

// keep runs a program, its arguments, again whenever it has ended and there is no file called "away" in the folder that is its first argument.
const keep = `
	cd $0
	trap 'kill $kept; wait $kept; exit' TERM
	while true; do
		while test -e away; do sleep 0.1; done
		"$@" & kept=$!
		echo $kept > pid
		wait $kept
	done`

// ofKubelets leaves out what tells the two runtimes apart, and what others than the kubelet say.
var ofKubelets = view{
	incidental: map[string][]string{"Pod": {"status.hostIP", "status.hostIPs", "metadata.generation"}},
	line: regexp.MustCompile(strings.Join([]string{
		`tatuses\[\d+\]\.\w*\.?\w*\.?(containerID|imageID) = `,
		`\]\.user\.linux\.`,                                          // cri-dockerd does not tell what user a container has
		`\.resources\.\w+\.memory = "0"`,                             // what there is no word of where the runtime does not tell of resources
		`\.status\.resources\.limits\.memory = "9007199254740988Ki"`, // Docker's limit where there is none
		`\.status\.resources = \{\}$`,                                // nothing here
		`Pod place \.status\.resources`,                              // upstream forgets what a pod had that made room
		`Pod ends \.status\.podIPs?\b`,                               // and, when it starts anew, the address of one that has ended
		`Pod (files|limits) \.status\.resources\.requests\.cpu`,      // of a pod that has ended it depends on when upstream last looked
		`annotations\.kubernetes\.io/config\.(hash|mirror) = `,
	}, "|")),
	event: func(e *event) string {
		if e.Source.Component != "kubelet" || e.InvolvedObject.Kind != "Pod" {
			return ""
		}
		return e.String()
	},
}

// podContainers are the containers of pods on the Docker daemon.
func podContainers(t *testing.T) []string {
	t.Helper()
	ids, err := exec.Command("docker", "ps", "--all", "--quiet", "--filter", "label=io.kubernetes.pod.uid").Output()
	require.NoError(t, err)
	return strings.Fields(string(ids))
}

// takeUpstreamsKubelet puts upstream's kubelet in the place of one of ours, until the test ends. It tells whether that has cleared away all
// that it made for pods.
func (s *side) takeUpstreamsKubelet(t *testing.T, programs, node string) (nothingLeft func() bool) {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { require.NoError(t, output(exec.Command("umount", dir))) }) // the kubelet mounts it onto itself, and leaves it so
	pause := "kubelite-compat-pause:v1"                                           // what holds a pod's network and its process ids
	require.NoError(t, output(exec.Command("sh", "-c", fmt.Sprintf(`tar -C %s -c %s | docker import --change 'ENTRYPOINT ["/%[2]s", "sandbox"]' - %s`,
		filepath.Dir(s.kubelite), filepath.Base(s.kubelite), pause))))
	t.Cleanup(func() { require.NoError(t, output(exec.Command("docker", "rmi", pause))) })

	socket := filepath.Join(dir, "cri.sock")
	startUpstreams(t, programs, "cri-dockerd", syscall.SIGTERM, "--container-runtime-endpoint=unix://"+socket, "--cri-dockerd-root-directory="+dir,
		"--network-plugin=", "--pod-infra-container-image="+pause, "--streaming-bind-addr=127.0.0.1:0")
	require.Eventually(t, func() bool { _, err := os.Stat(socket); return err == nil }, 30*time.Second, 50*time.Millisecond)

	object, err := s.client.Resource(corev1.SchemeGroupVersion.WithResource("nodes")).Get(t.Context(), node, metav1.GetOptions{})
	require.NoError(t, err)
	addresses, _, err := unstructured.NestedSlice(object.Object, "status", "addresses")
	require.NoError(t, err)
	address, _ := addresses[0].(map[string]any)["address"].(string)
	_, port, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	config := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %s
port: %s
healthzPort: 0
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: %q}}
authorization: {mode: AlwaysAllow} # of those who have a certificate
containerRuntimeEndpoint: unix://%s
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
seccompDefault: true # as ours has it
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
staticPodPath: %s
tlsCertFile: %s
tlsPrivateKeyFile: %s
fileCheckFrequency: 1s
podLogsDir: %s/logs
volumePluginDir: %[8]s/plugins
`, address, port, s.pki("ca.crt"), socket, filepath.Join(s.home, profile, "data", "kubelet-"+node, "manifests"),
		s.pki("kubelet-"+node+"-server.crt"), s.pki("kubelet-"+node+"-server.key"), dir), 0o600))
	s.tool(t, "kubelet", `cd `+dir+`; case $1 in
		away) touch away; kill $(cat pid); while kill -0 $(cat pid) 2>/dev/null; do sleep 0.1; done ;;
		back) rm away ;;
	esac`)
	startUpstreams(t, "/bin", "sh", syscall.SIGTERM, "-c", keep, dir, filepath.Join(programs, "kubelet"), "--config="+config, "--kubeconfig="+s.pki("kubelet-"+node+".conf"),
		"--hostname-override="+node, "--node-ip="+address, "--root-dir="+dir, "--cert-dir="+dir)
	return func() bool {
		pods, err := os.ReadDir(filepath.Join(dir, "pods"))
		return err == nil && len(pods) == 0 && len(podContainers(t)) == 0
	}
}
