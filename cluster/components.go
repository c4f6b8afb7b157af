package cluster

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"kubelite/client"
)

// commandLine returns the arguments that start a component of the cluster: everything a component knows about its
// cluster is here, in upstream's flag names where upstream has the flag.
func (c *Config) commandLine(p Profile, component string) ([]string, error) {
	pki := func(name string) string { return p.Path("pki", name) }
	switch component {
	case "apiserver":
		args := []string{"apiserver",
			"--data-dir", p.Path("data", "store"),
			"--tls-cert-file", pki("apiserver.crt"), "--tls-private-key-file", pki("apiserver.key"),
			"--client-ca-file", pki("ca.crt"), "--token-auth-file", pki("tokens.csv"),
			"--service-account-signing-key-file", pki("sa.key"),
			"--kubelet-client-certificate", pki("apiserver-kubelet-client.crt"), "--kubelet-client-key", pki("apiserver-kubelet-client.key"),
			"--kubelet-certificate-authority", pki("ca.crt"),
			"--requestheader-client-ca-file", pki("front-proxy-ca.crt"),
			"--proxy-client-cert-file", pki("front-proxy-client.crt"), "--proxy-client-key-file", pki("front-proxy-client.key"),
			"--service-cluster-ip-range", c.ServiceCIDR.String()}
		if c.gatewayIsOurs() {
			args = append(args, "--advertise-address", c.Gateway.String())
		}
		for _, address := range c.listenAddresses() {
			args = append(args, "--listen", address)
		}
		return append(args, c.auditFlags(p)...), nil
	case "controllers":
		args := []string{"controllers", "--kubeconfig", pki("controllers.conf"), "--root-ca-file", pki("ca.crt"),
			"--cluster-signing-key-file", pki("ca.key"), "--service-account-private-key-file", pki("sa.key"), "--volume-dir", p.Path("data", "volumes"),
			"--cluster-cidr", c.PodCIDR.String(), "--node-cidr-mask-size", strconv.Itoa(nodeBits), "--service-cluster-ip-range", c.ServiceCIDR.String()}
		if stopped := stoppedLoops(p); len(stopped) > 0 {
			args = append(args, "--controllers", "*,-"+strings.Join(stopped, ",-"))
		}
		if c.hasProxy() { // where there are no packets an address would be a promise that nobody keeps
			args = append(args, "--load-balancer-range", c.BalancerCIDR.String())
		}
		return args, nil
	case "scheduler":
		return []string{"scheduler", "--kubeconfig", pki("scheduler.conf")}, nil
	case proxyComponent:
		if c.hasProxy() {
			return c.proxyCommandLine(p), nil
		}
	case metricsServer:
		return []string{"metrics-server", "--kubeconfig", pki("metrics-server.conf"), "--listen", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.MetricsPort)),
			"--tls-cert-file", pki("metrics-server-server.crt"), "--tls-private-key-file", pki("metrics-server-server.key")}, nil
	}
	size := []string{}
	if c.Runtime == RuntimeSimulated {
		size = []string{"--cpus", strconv.Itoa(c.NodeCPUs), "--memory", c.NodeMemory}
	}
	if c.Fleet != nil && component == fleetComponent {
		return append([]string{component, "--kubeconfig", pki(component + ".conf"), "--first", strconv.Itoa(c.Fleet.First), "--count", strconv.Itoa(c.Fleet.Count),
			"--node-ip", c.nodeIP(), "--port", strconv.Itoa(c.Fleet.Port),
			"--tls-cert-file", pki(component + "-server.crt"), "--tls-private-key-file", pki(component + "-server.key"),
			"--client-ca-file", pki("ca.crt"), "--root-dir", p.Path("data", component)}, size...), nil
	}
	for _, n := range c.Nodes {
		if n.Component() == component {
			args := append([]string{"kubelet", "--kubeconfig", pki(component + ".conf"),
				"--node-name", n.Name, "--node-ip", c.nodeIP(), "--port", strconv.Itoa(n.Port),
				"--tls-cert-file", pki(component + "-server.crt"), "--tls-private-key-file", pki(component + "-server.key"),
				"--client-ca-file", pki("ca.crt"), "--root-dir", p.Path("data", component),
				"--runtime", c.Runtime, "--profile", c.Profile, "--network", c.Network, "--pause-image", c.Image}, size...)
			if c.hasProxy() {
				args = append(args, "--cluster-dns", c.dnsAddress().String())
			}
			return args, nil
		}
	}
	return nil, fmt.Errorf("no component %q; there are %v", component, c.Components())
}

// listenAddresses is loopback, and the gateway of the pods' network where this machine has that address: pods reach
// the API there. On macOS and Windows the gateway belongs to Docker's virtual machine, and loopback is all.
func (c *Config) listenAddresses() []string {
	port := strconv.Itoa(c.Port)
	addresses := []string{net.JoinHostPort("127.0.0.1", port)}
	if c.gatewayIsOurs() {
		addresses = append(addresses, net.JoinHostPort(c.Gateway.String(), port))
	}
	return addresses
}

// nodeIP is the address that nodes give as their own: where pods, and the API server, reach a kubelet.
func (c *Config) nodeIP() string {
	if c.gatewayIsOurs() {
		return c.Gateway.String()
	}
	return "127.0.0.1"
}

func (c *Config) gatewayIsOurs() bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil || !c.Gateway.IsValid() {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.String() == c.Gateway.String() && !n.IP.IsLoopback() {
			return true
		}
	}
	return false
}

// identities issues what each component proves itself with: a client certificate in a kubeconfig of its own, and a
// server certificate where it listens.
func (c *Config) identities(p Profile) error {
	pki, err := NewPKI(p.Path("pki"))
	if err != nil {
		return err
	}
	firstServiceIP := c.ServiceCIDR.Masked().Addr().Next()
	ips := []net.IP{net.IPv4(127, 0, 0, 1), net.IP(firstServiceIP.AsSlice())}
	if c.Gateway.IsValid() {
		ips = append(ips, net.IP(c.Gateway.AsSlice()))
	}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	if err := pki.Server("apiserver", "kube-apiserver", names, ips); err != nil {
		return err
	}
	if err := pki.Client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"); err != nil {
		return err
	}
	if err := pki.SigningKey("sa"); err != nil {
		return err
	}
	frontProxy, err := NewFrontProxyPKI(p.Path("pki"))
	if err != nil {
		return err
	}
	if err := frontProxy.Client("front-proxy-client", "front-proxy-client"); err != nil {
		return err
	}
	service := metricsServer + ".kube-system.svc"
	if err := pki.Server(metricsServer+"-server", service, []string{service, "localhost"}, ips); err != nil {
		return err
	}
	clients := []struct{ cert, kubeconfig, user, group string }{
		{"admin", p.Kubeconfig(), "kubernetes-admin", "system:masters"},
		{"controllers", p.Path("pki", "controllers.conf"), "system:kube-controller-manager", ""},
		{"scheduler", p.Path("pki", "scheduler.conf"), "system:kube-scheduler", ""},
		{proxyComponent, p.Path("pki", "proxy.conf"), "system:kube-proxy", "system:node-proxier"},
		{metricsServer, p.Path("pki", "metrics-server.conf"), metricsServerUser, "system:serviceaccounts"},
	}
	for _, n := range c.Nodes {
		kubelet := n.Component()
		if err := pki.Server(kubelet+"-server", "system:node:"+n.Name, []string{n.Name, "localhost"}, ips); err != nil {
			return err
		}
		clients = append(clients, struct{ cert, kubeconfig, user, group string }{kubelet, p.Path("pki", kubelet+".conf"), "system:node:" + n.Name, "system:nodes"})
	}
	if c.Fleet != nil { // it acts as each of its nodes, which a member of system:masters may
		if err := pki.Server(fleetComponent+"-server", fleetComponent, []string{"localhost"}, ips); err != nil {
			return err
		}
		clients = append(clients, struct{ cert, kubeconfig, user, group string }{fleetComponent, p.Path("pki", fleetComponent+".conf"), fleetComponent, "system:masters"})
	}
	for _, id := range clients {
		var groups []string
		if id.group != "" {
			groups = []string{id.group}
		}
		if err := pki.Client(id.cert, id.user, groups...); err != nil {
			return err
		}
		if err := writeKubeconfig(id.kubeconfig, contextName(p), c.Server(), pki, id.cert); err != nil {
			return err
		}
	}
	return adminToken(p)
}

// adminToken makes the bearer token of an administrator, for tools that cannot use certificates, and the file that
// tells the API server whose it is.
func adminToken(p Profile) error {
	secret, err := token(p.Path("admin.token"))
	if err != nil {
		return err
	}
	return client.ReplaceFile(p.Path("pki", "tokens.csv"), []byte(secret+`,admin,admin,"system:masters"`+"\n"), 0o600)
}

// executable is this program, which holds every component.
func executable() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find our own binary: %w", err)
	}
	return filepath.EvalSymlinks(self)
}

// linuxExecutable is this program as containers can run it: itself, and where that is no Linux program the one that lies beside it.
func linuxExecutable() (string, error) {
	self, err := executable()
	if err != nil || runtime.GOOS == "linux" {
		return self, err
	}
	beside := filepath.Join(filepath.Dir(self), "kubelite-linux-"+runtime.GOARCH)
	if _, err := os.Stat(beside); err != nil {
		return "", fmt.Errorf("containers run Linux, and there is no %s: make it with GOOS=linux CGO_ENABLED=0 go build -o %s ./cmd/kubelite", beside, beside)
	}
	return beside, nil
}
