package scheduler

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// node makes a node with 4 CPUs, 8Gi and room for 10 pods, changed by the given functions.
func node(name string, changes ...func(*api.Node)) *api.Node {
	n := &api.Node{ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}}}
	n.Status.Allocatable = list("cpu", "4", "memory", "8Gi", "pods", "10")
	for _, change := range changes {
		change(n)
	}
	return n
}

func list(pairs ...string) api.ResourceList {
	l := api.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		l[api.ResourceName(pairs[i])] = api.MustParse(pairs[i+1])
	}
	return l
}

func cordoned(n *api.Node) { n.Spec.Unschedulable = true }

func tainted(key string, effect api.TaintEffect) func(*api.Node) {
	return func(n *api.Node) {
		n.Spec.Taints = append(n.Spec.Taints, api.Taint{Key: key, Value: "yes", Effect: effect})
	}
}

func labelled(key, value string) func(*api.Node) {
	return func(n *api.Node) { n.Labels[key] = value }
}

var serial int

// pod makes a pod of one container that requests the given resources.
func pod(requests api.ResourceList, changes ...func(*api.Pod)) *api.Pod {
	serial++
	name := fmt.Sprintf("p%d", serial)
	p := &api.Pod{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name, UID: api.UID(name)}}
	p.Spec.Containers = []api.Container{{Name: "c", Resources: api.ResourceRequirements{Requests: requests}}}
	for _, change := range changes {
		change(p)
	}
	return p
}

func tolerating(key string, operator api.TolerationOperator, value string, effect api.TaintEffect) func(*api.Pod) {
	return func(p *api.Pod) {
		p.Spec.Tolerations = append(p.Spec.Tolerations, api.Toleration{Key: key, Operator: operator, Value: value, Effect: effect})
	}
}

func selecting(key, value string) func(*api.Pod) {
	return func(p *api.Pod) { p.Spec.NodeSelector = map[string]string{key: value} }
}

func requiring(key string, operator api.NodeSelectorOperator, values ...string) func(*api.Pod) {
	return func(p *api.Pod) {
		p.Spec.Affinity = &api.Affinity{NodeAffinity: &api.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &api.NodeSelector{
			NodeSelectorTerms: []api.NodeSelectorTerm{{MatchExpressions: []api.NodeSelectorRequirement{{Key: key, Operator: operator, Values: values}}}},
		}}}
	}
}

func onHostPort(port int32, ip string) func(*api.Pod) {
	return func(p *api.Pod) {
		p.Spec.Containers[0].Ports = []api.ContainerPort{{HostPort: port, HostIP: ip, Protocol: api.ProtocolTCP}}
	}
}

// cluster is a cache with the given nodes, and the given pods on them.
func cluster(nodes []*api.Node, running map[string][]*api.Pod) *cache {
	c := newCache()
	for _, n := range nodes {
		c.setNode(nil, n)
	}
	for name, pods := range running {
		for _, p := range pods {
			p.Spec.NodeName = name
			c.setPod(nil, p)
		}
	}
	return c
}

func decideOn(c *cache, p *api.Pod) (d *decision) {
	c.view(func(nodes map[string]*nodeInfo) { d = decide(newPodInfo(p), nodes) })
	return d
}

func TestDecide(t *testing.T) {
	ten := func() (pods []*api.Pod) {
		for range 10 {
			pods = append(pods, pod(nil))
		}
		return pods
	}
	tests := []struct {
		name    string
		nodes   []*api.Node
		running map[string][]*api.Pod
		pod     *api.Pod
		want    string // the node; or the message
	}{
		{name: "no nodes at all", pod: pod(nil), want: "0/0 nodes are available:"},
		{name: "the emptier of two", nodes: []*api.Node{node("a"), node("b")}, running: map[string][]*api.Pod{"a": {pod(list("cpu", "1"))}},
			pod: pod(list("cpu", "1")), want: "b"},
		{name: "of equals the first by name", nodes: []*api.Node{node("b"), node("a")}, pod: pod(nil), want: "a"},
		{name: "pods without requests count as small ones", nodes: []*api.Node{node("a"), node("b")}, running: map[string][]*api.Pod{"a": {pod(nil)}},
			pod: pod(nil), want: "b"},
		{name: "exactly what is left", nodes: []*api.Node{node("a")}, running: map[string][]*api.Pod{"a": {pod(list("cpu", "3"))}},
			pod: pod(list("cpu", "1")), want: "a"},
		{name: "a thousandth too much", nodes: []*api.Node{node("a")}, running: map[string][]*api.Pod{"a": {pod(list("cpu", "3"))}},
			pod: pod(list("cpu", "1001m")), want: "0/1 nodes are available: 1 Insufficient cpu."},
		{name: "every missing resource is named", nodes: []*api.Node{node("a"), node("b")},
			pod: pod(list("cpu", "5", "memory", "9Gi", "example.com/gpu", "1")), want: "0/2 nodes are available: 2 Insufficient cpu, 2 Insufficient example.com/gpu, 2 Insufficient memory."},
		{name: "an extended resource", nodes: []*api.Node{node("a"), node("b", func(n *api.Node) { n.Status.Allocatable["example.com/gpu"] = api.MustParse("2") })},
			pod: pod(list("example.com/gpu", "2")), want: "b"},
		{name: "as many pods as allowed", nodes: []*api.Node{node("a")}, running: map[string][]*api.Pod{"a": ten()},
			pod: pod(nil), want: "0/1 nodes are available: 1 Too many pods."},
		{name: "reasons are counted per node", nodes: []*api.Node{node("a", cordoned), node("b", tainted("gpu", api.TaintEffectNoSchedule)), node("c", tainted("gpu", api.TaintEffectNoExecute))},
			pod: pod(nil), want: "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s)."},
		{name: "PreferNoSchedule does not reject", nodes: []*api.Node{node("a", tainted("slow", api.TaintEffectPreferNoSchedule))}, pod: pod(nil), want: "a"},
		{name: "tolerated by value", nodes: []*api.Node{node("a", tainted("gpu", api.TaintEffectNoSchedule))},
			pod: pod(nil, tolerating("gpu", api.TolerationOpEqual, "yes", "")), want: "a"},
		{name: "not tolerated by another value", nodes: []*api.Node{node("a", tainted("gpu", api.TaintEffectNoSchedule))},
			pod: pod(nil, tolerating("gpu", api.TolerationOpEqual, "no", "")), want: "0/1 nodes are available: 1 node(s) had untolerated taint(s)."},
		{name: "tolerated for another effect only", nodes: []*api.Node{node("a", tainted("gpu", api.TaintEffectNoSchedule))},
			pod: pod(nil, tolerating("gpu", api.TolerationOpExists, "", api.TaintEffectNoExecute)), want: "0/1 nodes are available: 1 node(s) had untolerated taint(s)."},
		{name: "everything tolerated, cordon too", nodes: []*api.Node{node("a", cordoned, tainted("gpu", api.TaintEffectNoSchedule))},
			pod: pod(nil, tolerating("", api.TolerationOpExists, "", "")), want: "a"},
		{name: "node selector", nodes: []*api.Node{node("a"), node("b", labelled("disk", "ssd"))}, pod: pod(nil, selecting("disk", "ssd")), want: "b"},
		{name: "node selector that nothing meets", nodes: []*api.Node{node("a"), node("b", labelled("disk", "hdd"))},
			pod: pod(nil, selecting("disk", "ssd")), want: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."},
		{name: "affinity: in", nodes: []*api.Node{node("a", labelled("zone", "1")), node("b", labelled("zone", "2"))}, pod: pod(nil, requiring("zone", api.NodeSelectorOpIn, "2", "3")), want: "b"},
		{name: "affinity: not in, label absent", nodes: []*api.Node{node("a")}, pod: pod(nil, requiring("zone", api.NodeSelectorOpNotIn, "2")), want: "a"},
		{name: "affinity: greater than", nodes: []*api.Node{node("a", labelled("cores", "8")), node("b", labelled("cores", "16"))}, pod: pod(nil, requiring("cores", api.NodeSelectorOpGt, "8")), want: "b"},
		{name: "affinity: a label that is no number", nodes: []*api.Node{node("a", labelled("cores", "many"))},
			pod: pod(nil, requiring("cores", api.NodeSelectorOpGt, "8")), want: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."},
		{name: "host port in use", nodes: []*api.Node{node("a")}, running: map[string][]*api.Pod{"a": {pod(nil, onHostPort(80, ""))}},
			pod: pod(nil, onHostPort(80, "10.0.0.1")), want: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."},
		{name: "host port on another address", nodes: []*api.Node{node("a")}, running: map[string][]*api.Pod{"a": {pod(nil, onHostPort(80, "10.0.0.2"))}},
			pod: pod(nil, onHostPort(80, "10.0.0.1")), want: "a"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := decideOn(cluster(test.nodes, test.running), test.pod)
			if d.Node != "" {
				require.Equal(t, test.want, d.Node, "%+v", d.Results)
				require.Contains(t, d.summary(), d.Node)
				return
			}
			require.Equal(t, test.want, d.message())
			require.Zero(t, d.Feasible)
		})
	}
}

func TestDecisionListsTheBestAndCountsTheRest(t *testing.T) {
	var nodes []*api.Node
	for i := range 100 {
		nodes = append(nodes, node(fmt.Sprintf("n%03d", i)))
	}
	nodes[7].Status.Allocatable = list("cpu", "64", "memory", "512Gi", "pods", "10")
	d := decideOn(cluster(nodes, nil), pod(list("cpu", "1")))
	require.Equal(t, "n007", d.Node)
	require.Equal(t, 100, d.Nodes)
	require.Equal(t, 100, d.Feasible)
	require.Len(t, d.Results, maxResults)
	require.Equal(t, 100-maxResults, d.More)
	require.Equal(t, "100 of 100 nodes fit; n007 scores 98, the next best, n000, 86: bind", d.summary())
}

func TestPodRequests(t *testing.T) {
	always := api.ContainerRestartPolicyAlways
	container := func(cpu string, policy *api.ContainerRestartPolicy) api.Container {
		return api.Container{Resources: api.ResourceRequirements{Requests: list("cpu", cpu)}, RestartPolicy: policy}
	}
	tests := []struct {
		name             string
		init, containers []api.Container
		overhead         api.ResourceList
		want             int64 // thousandths of a CPU
	}{
		{name: "containers add up", containers: []api.Container{container("100m", nil), container("1", nil)}, want: 1100},
		{name: "the largest init container counts when it is larger", init: []api.Container{container("3", nil), container("2", nil)}, containers: []api.Container{container("1", nil)}, want: 3000},
		{name: "smaller init containers do not", init: []api.Container{container("1", nil)}, containers: []api.Container{container("2", nil)}, want: 2000},
		{name: "sidecars run beside containers", init: []api.Container{container("1", &always)}, containers: []api.Container{container("2", nil)}, want: 3000},
		{name: "an init container runs beside earlier sidecars only", init: []api.Container{container("1", &always), container("5", nil), container("9", &always)}, containers: []api.Container{container("1", nil)}, want: 11000},
		{name: "overhead comes on top", containers: []api.Container{container("1", nil)}, overhead: list("cpu", "250m"), want: 1250},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &api.Pod{Spec: api.PodSpec{InitContainers: test.init, Containers: test.containers, Overhead: test.overhead}}
			require.Equal(t, test.want, podRequests(p).milliCPU)
		})
	}
}

func TestAssumedPodsTakeRoomUntilForgotten(t *testing.T) {
	c := cluster([]*api.Node{node("a")}, nil)
	first, second := pod(list("cpu", "3")), pod(list("cpu", "3"))
	c.assume(first, "a")
	require.Equal(t, "0/1 nodes are available: 1 Insufficient cpu.", decideOn(c, second).message())

	c.forget(first)
	require.Equal(t, "a", decideOn(c, second).Node)
}

func TestBoundPodReplacesItsAssumption(t *testing.T) {
	c := cluster([]*api.Node{node("a"), node("b")}, nil)
	p := pod(list("cpu", "3"))
	c.assume(p, "a")
	bound := api.DeepCopy(p)
	bound.Spec.NodeName = "b" // somebody else was faster
	c.setPod(p, bound)
	require.Equal(t, int64(0), c.nodes["a"].pods)
	require.Equal(t, int64(3000), c.nodes["b"].requested.milliCPU)

	require.True(t, c.setPod(bound, nil), "its room is free again")
	require.Equal(t, resources{}, c.nodes["b"].requested)
}

func TestNodeChangesThatMakeRoom(t *testing.T) {
	before := node("a", cordoned)
	c := cluster([]*api.Node{before}, nil)
	heartbeat := api.DeepCopy(before)
	heartbeat.Status.Conditions = []api.NodeCondition{{Type: api.NodeReady, LastHeartbeatTime: api.Now()}}
	require.False(t, c.setNode(before, heartbeat), "a heartbeat changes nothing")
	require.True(t, c.setNode(heartbeat, node("a")), "uncordoned")
	require.False(t, c.setNode(node("a"), nil))
	require.Empty(t, c.nodes)
}

func TestBackoffDoublesUpToTenSeconds(t *testing.T) {
	for earlier, want := range []string{"1s", "2s", "4s", "8s", "10s", "10s"} {
		require.Equal(t, want, backoff(earlier).String())
	}
}

func BenchmarkDecideThousandNodes(b *testing.B) {
	var nodes []*api.Node
	for i := range 1000 {
		nodes = append(nodes, node(fmt.Sprintf("n%04d", i)))
	}
	c, p := cluster(nodes, nil), pod(list("cpu", "100m", "memory", "100Mi"))
	for b.Loop() {
		decideOn(c, p)
	}
}
