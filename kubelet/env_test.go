package kubelet

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestExpand(t *testing.T) {
	vars := map[string]string{"A": "1", "B": "two", "EMPTY": ""}
	lookup := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	for in, want := range map[string]string{
		"plain":         "plain",
		"$(A)":          "1",
		"x$(A)y$(B)z":   "x1ytwoz",
		"$$(A)":         "$(A)",
		"$$$(A)":        "$1",
		"$(MISSING)":    "$(MISSING)",
		"$(EMPTY)":      "",
		"$(A":           "$(A",
		"cost: 5$":      "cost: 5$",
		"$A":            "$A",
		"$(A)$(A)":      "11",
		"$($(A))":       "$($(A))",
		"sh -c $(date)": "sh -c $(date)",
	} {
		require.Equal(t, want, expand(in, lookup), in)
	}
}

func TestServiceEnv(t *testing.T) {
	service := func(namespace, name, ip string, ports ...api.ServicePort) *api.Service {
		return &api.Service{ObjectMeta: api.ObjectMeta{Namespace: namespace, Name: name}, Spec: api.ServiceSpec{ClusterIP: ip, Ports: ports}}
	}
	services := []*api.Service{
		service("default", "kubernetes", "10.96.0.1", api.ServicePort{Name: "https", Port: 443}),
		service("shop", "my-db", "10.96.0.9", api.ServicePort{Name: "main", Port: 5432, Protocol: api.ProtocolTCP}, api.ServicePort{Name: "stats", Port: 99, Protocol: api.ProtocolUDP}),
		service("shop", "headless", "None", api.ServicePort{Port: 80}),
		service("other", "far", "10.96.0.10", api.ServicePort{Port: 80}),
	}
	env := serviceEnv(services, "shop", true)
	require.Equal(t, "10.96.0.1", env["KUBERNETES_SERVICE_HOST"])
	require.Equal(t, "443", env["KUBERNETES_SERVICE_PORT"])
	require.Equal(t, "443", env["KUBERNETES_SERVICE_PORT_HTTPS"])
	require.Equal(t, "tcp://10.96.0.1:443", env["KUBERNETES_PORT"])
	require.Equal(t, "10.96.0.9", env["MY_DB_SERVICE_HOST"])
	require.Equal(t, "99", env["MY_DB_SERVICE_PORT_STATS"])
	require.Equal(t, "udp://10.96.0.9:99", env["MY_DB_PORT_99_UDP"])
	require.Equal(t, "5432", env["MY_DB_PORT_5432_TCP_PORT"])
	require.NotContains(t, env, "HEADLESS_SERVICE_HOST")
	require.NotContains(t, env, "FAR_SERVICE_HOST")

	env = serviceEnv(services, "shop", false)
	require.Contains(t, env, "KUBERNETES_SERVICE_HOST")
	require.NotContains(t, env, "MY_DB_SERVICE_HOST")
}

func TestFieldValue(t *testing.T) {
	pod := testPod("a")
	pod.Labels = map[string]string{"app": "web", "a": "b"}
	pod.Annotations = map[string]string{"note": "say \"hi\""}
	pod.Spec.NodeName = "n1"
	for path, want := range map[string]string{
		"metadata.name":                "web",
		"metadata.uid":                 "u1",
		"metadata.labels['app']":       "web",
		"metadata.labels['x']":         "",
		"metadata.labels":              "a=\"b\"\napp=\"web\"",
		"metadata.annotations['note']": "say \"hi\"",
		"metadata.annotations":         `note="say \"hi\""`,
		"spec.nodeName":                "n1",
		"status.podIP":                 "10.0.0.1",
		"status.hostIP":                "192.168.0.1",
	} {
		got, err := fieldValue(pod, path, "10.0.0.1", "192.168.0.1")
		require.NoError(t, err, path)
		require.Equal(t, want, got, path)
	}
	_, err := fieldValue(pod, "spec.bogus", "", "")
	require.EqualError(t, err, "unsupported fieldPath: spec.bogus")
}

func TestDivideRoundsUp(t *testing.T) {
	require.Equal(t, "1", divide(250, 0, 1000), "a quarter of a core counts as one")
	require.Equal(t, "250", divide(250, 1, 1000))
	require.Equal(t, "64", divide(64<<20, 1<<20, 1))
}

func TestImageNames(t *testing.T) {
	require.Equal(t, "nginx:latest", withTag("nginx"))
	require.Equal(t, "localhost:5000/nginx:latest", withTag("localhost:5000/nginx"))
	require.Equal(t, "nginx:1.27", withTag("nginx:1.27"))
	require.Equal(t, "nginx@sha256:ab", withTag("nginx@sha256:ab"))
	require.Equal(t, "docker.io", registryOf("library/nginx:1"))
	require.Equal(t, "quay.io", registryOf("quay.io/x/y"))
}

func TestRegistryAuths(t *testing.T) {
	secret := &api.Secret{Data: map[string][]byte{".dockerconfigjson": []byte(
		`{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"},"quay.io":{"username":"q","password":"r"}}}`)}}
	require.Equal(t, []RegistryAuth{{"https://index.docker.io/v1/", "u", "p"}}, registryAuths(secret, "docker.io"))
	require.Equal(t, []RegistryAuth{{"quay.io", "q", "r"}}, registryAuths(secret, "quay.io"))
	require.Empty(t, registryAuths(secret, "ghcr.io"))
}

func TestHostsFile(t *testing.T) {
	pod := testPod("a")
	pod.Spec.Subdomain = "db"
	pod.Spec.HostAliases = []api.HostAlias{{IP: "1.2.3.4", Hostnames: []string{"foo", "bar"}}}
	hosts := hostsFile(pod, "10.244.1.2", "cluster.local")
	require.Contains(t, hosts, "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
	require.Contains(t, hosts, "10.244.1.2\tweb.db.default.svc.cluster.local\tweb\n")
	require.Contains(t, hosts, "\n# Entries added by HostAliases.\n1.2.3.4\tfoo\tbar\n")
}

func TestHostsFileOnTheMachinesNetwork(t *testing.T) {
	pod := testPod("a")
	pod.Spec.HostNetwork = true
	w := &podWorker{k: &Kubelet{cfg: Config{RootDir: t.TempDir()}}}
	require.NoError(t, os.MkdirAll(w.k.podDir(pod.UID), 0o755))
	mounts, err := w.networkFiles(pod, &pod.Spec.Containers[0], "")
	require.NoError(t, err)
	require.Equal(t, "/etc/hosts", mounts[0].ContainerPath)
	hosts, err := os.ReadFile(mounts[0].HostPath)
	require.NoError(t, err)
	machines, err := os.ReadFile("/etc/hosts")
	require.NoError(t, err)
	require.Equal(t, "# Kubernetes-managed hosts file (host network).\n"+string(machines), string(hosts))
}

func TestSandboxHostname(t *testing.T) {
	k := &Kubelet{cfg: Config{NodeName: "node-1", ClusterDomain: "cluster.local"}}
	pod := testPod("a")
	require.Equal(t, "web", k.sandboxConfig(pod, 0).Hostname)
	pod.Spec.Subdomain, pod.Spec.SetHostnameAsFQDN = "db", api.Ptr(true)
	require.Equal(t, "web.db.default.svc.cluster.local", k.sandboxConfig(pod, 0).Hostname)
	pod.Spec.HostNetwork = true
	require.Equal(t, "node-1", k.sandboxConfig(pod, 0).Hostname, "whatever the pod asks for")
}

func TestResolvConf(t *testing.T) {
	pod := testPod("a")
	pod.Spec.DNSPolicy = api.DNSClusterFirst
	require.Empty(t, resolvConf(pod, nil, "cluster.local"), "no cluster DNS: the machine's")
	require.Equal(t, "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
		resolvConf(pod, []string{"10.96.0.10"}, "cluster.local"))
	pod.Spec.DNSPolicy = api.DNSNone
	pod.Spec.DNSConfig = &api.PodDNSConfig{Nameservers: []string{"1.1.1.1"}, Searches: []string{"x.y"}, Options: []api.PodDNSConfigOption{{Name: "ndots", Value: api.Ptr("2")}}}
	require.Equal(t, "search x.y\nnameserver 1.1.1.1\noptions ndots:2\n", resolvConf(pod, []string{"10.96.0.10"}, "cluster.local"))
}
