package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"

	"kubelite/client"
)

// The runtimes that a node's pods can run on.
const (
	RuntimeAuto      = "auto"
	RuntimeDocker    = "docker"
	RuntimeSimulated = "simulated"
)

// Config is what Start decided once and every later start keeps: cluster.json in the profile's directory.
type Config struct {
	Profile string `json:"profile"`
	Version string `json:"version"`
	Port    int    `json:"port"`
	Runtime string `json:"runtime"` // docker or simulated
	Nodes   []Node `json:"nodes"`
	Fleet   *Fleet `json:"fleet,omitempty"` // simulated nodes beside these, in one process
	// NodeCPUs and NodeMemory are what a simulated node has; 0 and "": what it has by itself.
	NodeCPUs   int    `json:"nodeCPUs,omitempty"`
	NodeMemory string `json:"nodeMemory,omitempty"`
	// MetricsPort is where the metrics-server listens, on loopback.
	MetricsPort int `json:"metricsPort,omitempty"`

	// Gateway is the address of this machine on the pods' network. The API server listens on it and on loopback,
	// never on a public address.
	Gateway     netip.Addr   `json:"gateway"`
	PodCIDR     netip.Prefix `json:"podCIDR"`
	ServiceCIDR netip.Prefix `json:"serviceCIDR"`
	// BalancerCIDR is where addresses of LoadBalancer services come from. They lead here, and nowhere else in the world.
	BalancerCIDR netip.Prefix `json:"loadBalancerCIDR"`
	// ProxyHealthz is the port on loopback where the proxy says that the rules are in force. The simulated runtime has no
	// packets, and no proxy.
	ProxyHealthz int `json:"proxyHealthz,omitempty"`
	// Audit tells that the API server keeps an audit log.
	Audit bool `json:"audit,omitempty"`
	// Kubeconfigs are the user's files that have the cluster's context.
	Kubeconfigs []string `json:"kubeconfigs,omitempty"`
	// Addons are the names of those that are enabled.
	Addons []string `json:"addons,omitempty"`

	Network string `json:"network,omitempty"` // the Docker network; empty on the simulated runtime
	Image   string `json:"image,omitempty"`   // our own binary as an image: the pause container
}

// Node is one kubelet of the cluster.
type Node struct {
	Name string `json:"name"`
	Port int    `json:"port"` // of the kubelet's own HTTPS server
}

// Fleet is simulated nodes that share one process: node-<First> to node-<First+Count-1>.
type Fleet struct {
	First int `json:"first"`
	Count int `json:"count"`
	Port  int `json:"port"`
}

// fleetComponent is the process of a fleet.
const fleetComponent = "simulated-nodes"

// ownProcesses is how many simulated nodes may have a process each: what a person looks at and stops by hand. When more
// are asked for, the new ones are a fleet.
const ownProcesses = 16

// Component is the name of the node's kubelet among the components.
func (n Node) Component() string { return "kubelet-" + n.Name }

// Components names every process of the cluster, in the order they are started. Stopping goes backwards.
func (c *Config) Components() []string {
	names := []string{"apiserver", "controllers", "scheduler"}
	if slices.Contains(c.Addons, metricsServer) {
		names = append(names, metricsServer)
	}
	for _, n := range c.Nodes {
		names = append(names, n.Component())
	}
	if c.hasProxy() {
		names = append(names, proxyComponent)
	}
	if c.Fleet != nil {
		names = append(names, fleetComponent)
	}
	return names
}

// Server is the API server's address for clients on this machine.
func (c *Config) Server() string {
	return "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port))
}

// loadConfig reads cluster.json.
func loadConfig(p Profile) (*Config, error) {
	b, err := os.ReadFile(p.Path("cluster.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("profile %q does not exist in %s: start it first", p.Name, p.Home)
	}
	if err != nil {
		return nil, err
	}
	var c Config
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("read %s: %w", p.Path("cluster.json"), err)
	}
	return &c, nil
}

// save writes cluster.json so that a crash leaves either the old file or the new one.
func (c *Config) save(p Profile) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return client.ReplaceFile(p.Path("cluster.json"), append(b, '\n'), 0o600)
}

// setNodes makes the cluster have n nodes, if it has fewer. Nodes that are there keep their port.
func (c *Config) setNodes(n int) error {
	if c.Runtime == RuntimeSimulated && (n > ownProcesses || c.Fleet != nil) {
		return c.setFleet(n)
	}
	for i := 1; len(c.Nodes) < n; i++ {
		name := NodeName(i)
		if _, err := c.node(name); err == nil {
			continue
		}
		if err := c.addNode(name); err != nil {
			return err
		}
	}
	return nil
}

// setFleet makes the fleet as large as it takes to have n nodes. It never shrinks.
func (c *Config) setFleet(n int) error {
	if c.Fleet == nil {
		if len(c.Nodes) == 0 {
			// Thousands of nodes need more addresses than are customary, and simulated pods can have any.
			c.PodCIDR = netip.MustParsePrefix("100.64.0.0/10")
		}
		port, err := freePort(0)
		if err != nil {
			return err
		}
		c.Fleet = &Fleet{First: len(c.Nodes) + 1, Port: port}
	}
	c.Fleet.Count = max(c.Fleet.Count, n-c.Fleet.First+1)
	return c.checkSize()
}

// NodeName is the name of the i-th node of those that nobody named.
func NodeName(i int) string { return fmt.Sprintf("node-%d", i) }

// addNode adds a node of that name.
func (c *Config) addNode(name string) error {
	port, err := freePort(0)
	if err != nil {
		return err
	}
	c.Nodes = append(c.Nodes, Node{Name: name, Port: port})
	return c.checkSize()
}

// nodeBits is the length of the prefix of the range that the controllers give each node.
const nodeBits = 24

// checkSize tells when there are more nodes than ranges for them.
func (c *Config) checkSize() error {
	if most := 1 << (nodeBits - c.PodCIDR.Bits()); len(nodeNames(c)) > most {
		return fmt.Errorf("the addresses of this cluster, %s, are enough for %d nodes", c.PodCIDR, most)
	}
	return nil
}

// setServiceRanges picks the virtual addresses. They go with the range of the pods, of which Docker sees to it that no other
// cluster of this machine has the same: 10.244.0.0/16 has services in 10.96.0.0/16 and load balancers in 10.104.0.0/16,
// 10.245.0.0/16 those after them, and so on.
func (c *Config) setServiceRanges() {
	virtual := func(first byte) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, first + c.ordinal(), 0, 0}), 16)
	}
	c.ServiceCIDR, c.BalancerCIDR = virtual(96), virtual(104)
}

// ordinal tells clusters of this machine apart: which of podCIDRs the pods have.
func (c *Config) ordinal() byte { return c.PodCIDR.Addr().As4()[1] - firstPodRange }

// dnsAddress is the tenth address of services, which upstream's tools give to DNS, too.
func (c *Config) dnsAddress() netip.Addr {
	a := c.ServiceCIDR.Masked().Addr().As4()
	a[3] = 10
	return netip.AddrFrom4(a)
}

// Ports are picked from firstPort to lastPort, below those of services (from 30000 on) and those that the kernel lends to outgoing
// connections (from 32768 on): one of these could have the port of a component that has just ended and is to start again.
const firstPort, lastPort = 10000, 29999

// nextPort is where the search for a port begins: by chance, then behind the last one that was found.
var nextPort = firstPort + rand.N(lastPort-firstPort)

// freePort returns want if nobody listens on it on loopback, else, and for 0, another port. It is not safe for concurrent use.
func freePort(want int) (int, error) {
	listen := func(port int) error {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			l.Close()
		}
		return err
	}
	if want != 0 && listen(want) == nil {
		return want, nil
	}
	var err error
	for range lastPort - firstPort + 1 {
		port := nextPort
		if nextPort++; nextPort > lastPort {
			nextPort = firstPort
		}
		if err = listen(port); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}

const firstPodRange = 244

// podCIDRs yields the ranges that a new cluster may take, the customary one first: 10.244.0.0/16, 10.245.0.0/16, ...
func podCIDRs(yield func(netip.Prefix) bool) {
	for i := range byte(8) {
		if !yield(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, firstPodRange + i, 0, 0}), 16)) {
			return
		}
	}
}
