package network

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/proxy"
	"kubelite/test/story"
)

const table = "packets"

// world is a cluster of two nodes whose pods are namespaces, and the proxy that leads their packets.
type world struct {
	*story.Harness
	t    *testing.T
	pods map[string]*pod
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Harness: story.Start(t, 0), t: t, pods: map[string]*pod{}}
	for name, cidr := range map[string]string{"n1": "10.244.1.0/24", "n2": "10.244.2.0/24"} {
		story.Apply(w.Harness, &api.Node{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.NodeSpec{PodCIDR: cidr, PodCIDRs: []string{cidr}}})
	}
	network, err := proxy.FindNetwork(proxy.Network{
		Gateway: gateway, Pods: pods, Virtual: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16"), netip.MustParsePrefix("10.104.0.0/16")},
	})
	require.NoError(t, err)
	require.Equal(t, bridgeName, network.Bridge)
	ctx, cancel := context.WithCancel(w.Ctx)
	ended := make(chan error, 1)
	go func() {
		ended <- proxy.Run(ctx, proxy.Config{Client: w.As("system:kube-proxy", "system:masters"), Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)), Table: table, Network: network})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	for name, at := range map[string]struct{ address, node string }{
		"a": {"10.244.1.2", "n1"}, "b": {"10.244.1.3", "n1"}, "c": {"10.244.2.2", "n2"}, "client": {"10.244.2.3", "n2"},
	} {
		w.pods[name] = newPod(t, at.address)
		w.pods[name].serve(8080, name)
		object := story.Apply(w.Harness, &api.Pod{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.PodSpec{NodeName: at.node, Containers: []api.Container{{Name: "c", Image: "x"}}}})
		object.Status.PodIP, object.Status.Phase = at.address, api.PodRunning
		_, err := client.Of[*api.Pod](w.Client).UpdateStatus(w.Ctx, object)
		require.NoError(t, err)
	}
	return w
}

// service makes a service without a selector, on port 80 of TCP and UDP, and gives it endpoints.
func (w *world) service(name string, edit func(*api.Service), endpoints ...string) *api.Service {
	w.t.Helper()
	svc := &api.Service{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.ServiceSpec{Type: api.ServiceTypeNodePort, Ports: []api.ServicePort{
		{Name: "tcp", Port: 80, Protocol: api.ProtocolTCP}, {Name: "udp", Port: 80, Protocol: api.ProtocolUDP},
	}}}
	if edit != nil {
		edit(svc)
	}
	svc = story.Apply(w.Harness, svc)
	w.lead(name, endpoints...)
	return svc
}

// lead makes pods the endpoints of a service.
func (w *world) lead(service string, endpoints ...string) {
	w.t.Helper()
	w.leadTo(8080, service, endpoints...)
}

// leadTo makes a port of pods the endpoints of a service.
func (w *world) leadTo(port int32, service string, endpoints ...string) {
	w.t.Helper()
	slice := &api.EndpointSlice{
		ObjectMeta: api.ObjectMeta{Namespace: "default", Name: service, Labels: map[string]string{api.LabelServiceName: service}}, AddressType: api.AddressTypeIPv4,
		Ports: []api.DiscoveryEndpointPort{
			{Name: api.Ptr("tcp"), Port: &port, Protocol: api.Ptr(api.ProtocolTCP)}, {Name: api.Ptr("udp"), Port: &port, Protocol: api.Ptr(api.ProtocolUDP)},
		},
	}
	for _, name := range endpoints {
		address := w.pods[name].address
		slice.Endpoints = append(slice.Endpoints, api.Endpoint{Addresses: []string{address.String()}, NodeName: api.Ptr(fmt.Sprintf("n%d", address.As4()[2]))})
	}
	slices := client.Of[*api.EndpointSlice](w.Client)
	if _, err := slices.Create(w.Ctx, slice); api.IsAlreadyExists(err) {
		_, err = slices.Update(w.Ctx, slice)
		require.NoError(w.t, err)
	} else {
		require.NoError(w.t, err)
	}
}

// meant says of each endpoint of a service that it is meant for clients of its own node.
func (w *world) meant(service string) {
	w.t.Helper()
	slices := client.Of[*api.EndpointSlice](w.Client)
	slice, err := slices.Get(w.Ctx, "default", service)
	require.NoError(w.t, err)
	for i := range slice.Endpoints {
		slice.Endpoints[i].Hints = &api.EndpointHints{ForNodes: []api.ForNode{{Name: *slice.Endpoints[i].NodeName}}}
	}
	_, err = slices.Update(w.Ctx, slice)
	require.NoError(w.t, err)
}

// reach waits until a pod's question is answered by one of some pods.
func (w *world) reach(from *pod, network, to string, by ...string) {
	w.t.Helper()
	require.EventuallyWithT(w.t, func(c *assert.CollectT) {
		name, _, err := from.ask(network, to)
		require.NoError(c, err)
		require.Contains(c, by, name)
	}, 10*time.Second, 20*time.Millisecond)
}

// healthy waits until a health check is answered with a code.
func (w *world) healthy(address string, code int) {
	w.t.Helper()
	require.EventuallyWithT(w.t, func(c *assert.CollectT) {
		answer, err := http.Get("http://" + address + "/healthz")
		require.NoError(c, err)
		answer.Body.Close()
		require.Equal(c, code, answer.StatusCode)
	}, 10*time.Second, 20*time.Millisecond)
}

// refused checks that a connection is refused, and at once.
func (w *world) refused(from *pod, to string) {
	w.t.Helper()
	require.EventuallyWithT(w.t, func(c *assert.CollectT) {
		began := time.Now()
		_, err := from.dial("tcp", to)
		require.ErrorIs(c, err, syscall.ECONNREFUSED)
		require.Less(c, time.Since(began), time.Second)
	}, 10*time.Second, 20*time.Millisecond)
}

// answers are who answers so many questions.
func answers(t require.TestingT, from *pod, network, to string, count int) []string {
	var names []string
	for range count {
		name, _, err := from.ask(network, to)
		require.NoError(t, err)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func at(ip string, port int32) string { return net.JoinHostPort(ip, strconv.Itoa(int(port))) }

func TestPackets(t *testing.T) {
	if !onOwnMachine(t) {
		return
	}
	w := newWorld(t)
	machine, a, c, visitor := (*pod)(nil), w.pods["a"], w.pods["c"], w.pods["client"]

	t.Log("a cluster IP leads to all endpoints, from pods and from the machine, over TCP and UDP")
	web := w.service("web", nil, "a", "b", "c")
	for _, from := range []*pod{visitor, machine} {
		w.reach(from, "tcp", at(web.Spec.ClusterIP, 80), "a", "b", "c")
		require.Equal(t, []string{"a", "b", "c"}, answers(t, from, "tcp", at(web.Spec.ClusterIP, 80), 60))
		require.Equal(t, []string{"a", "b", "c"}, answers(t, from, "udp", at(web.Spec.ClusterIP, 80), 60))
	}

	t.Log("a node port, at the node's address and on loopback")
	for _, to := range []string{gateway.String(), "127.0.0.1"} {
		w.reach(machine, "tcp", at(to, web.Spec.Ports[0].NodePort), "a", "b", "c")
		w.reach(machine, "udp", at(to, web.Spec.Ports[1].NodePort), "a", "b", "c")
	}
	w.reach(visitor, "tcp", at(gateway.String(), web.Spec.Ports[0].NodePort), "a", "b", "c")

	t.Log("hairpin: a pod reaches itself through its service, and sees the gateway as the sender")
	own := w.service("own", nil, "a")
	w.reach(a, "tcp", at(own.Spec.ClusterIP, 80), "a")
	name, seen, err := a.ask("tcp", at(own.Spec.ClusterIP, 80))
	require.NoError(t, err)
	require.Equal(t, []string{"a", gateway.String()}, []string{name, seen})

	t.Log("no endpoints: refused at once, at every address; and a port that the service has not")
	none := w.service("none", nil)
	w.refused(visitor, at(none.Spec.ClusterIP, 80))
	w.refused(machine, at(none.Spec.ClusterIP, 80))
	w.refused(machine, at(gateway.String(), none.Spec.Ports[0].NodePort))
	w.refused(visitor, at(web.Spec.ClusterIP, 81))

	t.Log("session affinity: a client stays where it is")
	sticky := w.service("sticky", func(svc *api.Service) { svc.Spec.SessionAffinity = api.ServiceAffinityClientIP }, "a", "b", "c")
	w.reach(visitor, "tcp", at(sticky.Spec.ClusterIP, 80), "a", "b", "c")
	first := answers(t, visitor, "tcp", at(sticky.Spec.ClusterIP, 80), 30)
	require.Len(t, first, 1)
	t.Log("until its pod is gone")
	others := slices.DeleteFunc([]string{"a", "b", "c"}, func(name string) bool { return name == first[0] })
	w.lead("sticky", others...)
	w.reach(visitor, "tcp", at(sticky.Spec.ClusterIP, 80), others...)
	require.Len(t, answers(t, visitor, "tcp", at(sticky.Spec.ClusterIP, 80), 30), 1)

	t.Log("internal traffic policy Local: to pods of the client's node alone, and refused where there is none")
	local := w.service("local", func(svc *api.Service) {
		svc.Spec.InternalTrafficPolicy = api.Ptr(api.ServiceInternalTrafficPolicyLocal)
	}, "a", "b", "c")
	w.reach(visitor, "tcp", at(local.Spec.ClusterIP, 80), "c")
	require.Equal(t, []string{"c"}, answers(t, visitor, "tcp", at(local.Spec.ClusterIP, 80), 30))
	require.Equal(t, []string{"a", "b"}, answers(t, a, "tcp", at(local.Spec.ClusterIP, 80), 30))
	w.lead("local", "a")
	w.refused(visitor, at(local.Spec.ClusterIP, 80))

	t.Log("external traffic policy Local: pods see who asks")
	external := w.service("external", func(svc *api.Service) { svc.Spec.ExternalTrafficPolicy = api.ServiceExternalTrafficPolicyLocal }, "a")
	w.reach(machine, "tcp", at(gateway.String(), external.Spec.Ports[0].NodePort), "a")
	_, seen, err = machine.ask("tcp", at(gateway.String(), external.Spec.Ports[0].NodePort))
	require.NoError(t, err)
	require.Equal(t, gateway.String(), seen)

	t.Log("a load balancer that leads to its node's own pods asks whether there are some")
	balancedHere := w.service("balanced-here", func(svc *api.Service) {
		svc.Spec.Type, svc.Spec.ExternalTrafficPolicy = api.ServiceTypeLoadBalancer, api.ServiceExternalTrafficPolicyLocal
	}, "a")
	for _, address := range []string{gateway.String(), "127.0.0.1"} {
		w.healthy(at(address, balancedHere.Spec.HealthCheckNodePort), http.StatusOK)
	}
	w.lead("balanced-here")
	w.healthy(at(gateway.String(), balancedHere.Spec.HealthCheckNodePort), http.StatusServiceUnavailable)

	t.Log("UDP: a client that keeps sending is led on when its endpoint is removed")
	w.service("names", nil, "a")
	names, err := client.Of[*api.Service](w.Client).Get(w.Ctx, "default", "names")
	require.NoError(t, err)
	w.reach(c, "udp", at(names.Spec.ClusterIP, 80), "a")
	conn, err := c.dial("udp", at(names.Spec.ClusterIP, 80))
	require.NoError(t, err)
	defer conn.Close()
	name, _, err = say(conn)
	require.NoError(t, err)
	require.Equal(t, "a", name)
	w.lead("names", "b")
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		name, _, err := say(conn)
		require.NoError(c, err)
		require.Equal(c, "b", name)
	}, 10*time.Second, 20*time.Millisecond)
	w.pods["b"].serve(9090, "b-too")
	w.leadTo(9090, "names", "b")
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		name, _, err := say(conn)
		require.NoError(c, err)
		require.Equal(c, "b-too", name, "another port of the same pod")
	}, 10*time.Second, 20*time.Millisecond)

	t.Log("endpoints near the client: on its node, else anywhere")
	near := w.service("near", nil, "a", "b", "c")
	w.meant("near")
	require.EventuallyWithT(t, func(collect *assert.CollectT) {
		require.Equal(collect, []string{"c"}, answers(collect, visitor, "tcp", at(near.Spec.ClusterIP, 80), 30))
	}, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, []string{"a", "b"}, answers(t, a, "tcp", at(near.Spec.ClusterIP, 80), 30))
	require.Equal(t, []string{"a", "b", "c"}, answers(t, machine, "tcp", at(near.Spec.ClusterIP, 80), 60), "the machine is on no node")

	t.Log("a service that is left to another proxy")
	_, err = client.Of[*api.Service](w.Client).Patch(w.Ctx, "default", "near", api.MergePatchType, []byte(`{"metadata":{"labels":{"service.kubernetes.io/service-proxy-name":"another"}}}`))
	require.NoError(t, err)
	w.refused(visitor, at(near.Spec.ClusterIP, 80))

	t.Log("a load balancer's address, and its port on loopback")
	balanced := w.service("balanced", func(svc *api.Service) { svc.Spec.Type = api.ServiceTypeLoadBalancer }, "b")
	balanced.Status.LoadBalancer.Ingress = []api.LoadBalancerIngress{{IP: "10.104.0.7"}}
	_, err = client.Of[*api.Service](w.Client).UpdateStatus(w.Ctx, balanced)
	require.NoError(t, err)
	for _, from := range []*pod{visitor, machine} {
		w.reach(from, "tcp", "10.104.0.7:80", "b")
		w.reach(from, "udp", "10.104.0.7:80", "b")
	}
	w.reach(machine, "tcp", "127.0.0.1:80", "b")

	t.Log("a policy: to every address but one, whose neighbours the kernel has to tell from it")
	policy := &api.NetworkPolicy{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "all-but-a"}}
	policy.Spec.PolicyTypes = []api.PolicyType{api.PolicyTypeEgress}
	policy.Spec.Egress = []api.NetworkPolicyEgressRule{{To: []api.NetworkPolicyPeer{{
		IPBlock: &api.IPBlock{CIDR: "0.0.0.0/0", Except: []string{a.address.String() + "/32"}},
	}}}}
	_, err = client.Of[*api.NetworkPolicy](w.Client).Create(w.Ctx, policy)
	require.NoError(t, err)
	toB := w.service("b-alone", nil, "b")
	w.reach(visitor, "tcp", at(toB.Spec.ClusterIP, 80), "b")
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, _, err := visitor.ask("tcp", at(own.Spec.ClusterIP, 80))
		require.Error(c, err)
	}, 10*time.Second, 20*time.Millisecond)
	w.reach(visitor, "tcp", at(toB.Spec.ClusterIP, 80), "b")
	require.NoError(t, client.Of[*api.NetworkPolicy](w.Client).Delete(w.Ctx, "default", "all-but-a", api.DeleteOptions{}))

	t.Log("rules that somebody flushes are there again")
	flush(t)
	w.reach(visitor, "tcp", at(own.Spec.ClusterIP, 80), "a")
	w.reach(machine, "tcp", "10.104.0.7:80", "b")
}

// flush removes the proxy's table, in a process that has another name: its own changes are no damage to a proxy, and it knows them by
// that name.
func flush(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	stranger := filepath.Join(t.TempDir(), "stranger")
	require.NoError(t, os.Symlink(self, stranger))
	cmd := exec.Command(stranger, "-test.run=^TestFlush$")
	cmd.Env = append(os.Environ(), "FLUSH="+table)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// TestFlush is the other process.
func TestFlush(t *testing.T) {
	if name := os.Getenv("FLUSH"); name != "" {
		require.NoError(t, proxy.Clean(name))
	}
}

// TestWithoutTheRight: where nobody may change rules the proxy says so, and what would have to be given.
func TestWithoutTheRight(t *testing.T) {
	if os.Getenv("ON_OWN_MACHINE") == t.Name()+"/inner" {
		h := story.Start(t, 0)
		err := proxy.Run(h.Ctx, proxy.Config{Client: h.Client, Logger: slog.New(slog.DiscardHandler), Table: table, Network: proxy.Network{Bridge: bridgeName, Gateway: gateway, Pods: pods, Bridged: true}})
		require.ErrorContains(t, err, "was not given the capability NET_ADMIN")
		return
	}
	if !onOwnMachine(t) {
		return
	}
	// Root of another user namespace is nobody in this network.
	cmd := exec.Command(os.Args[0], "-test.run=^TestWithoutTheRight$", "-test.v")
	cmd.Env = append(os.Environ(), "ON_OWN_MACHINE="+t.Name()+"/inner")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
