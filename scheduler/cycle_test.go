package scheduler

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestFind(t *testing.T) {
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
		want    string // the node; or the message, less what it says about preemption
	}{
		{name: "no nodes at all", pod: pod(nil), want: "no nodes available to schedule pods"},
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
			w := worldOf(test.nodes...)
			for name, pods := range test.running {
				w.run(name, pods...)
			}
			d := w.decide(test.pod)
			if d.Node != "" {
				require.Equal(t, test.want, d.Node, "%+v", d.Results)
				require.Contains(t, d.summary, d.Node)
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
	d := worldOf(nodes...).decide(pod(list("cpu", "1")))
	require.Equal(t, "n007", d.Node)
	require.Equal(t, 100, d.Nodes)
	require.Equal(t, 100, d.Feasible)
	require.Len(t, d.Results, maxResults)
	require.Equal(t, 100-maxResults, d.More)
	require.Equal(t, "100 of 100 nodes fit; n007 scores 172, the next best, n000, 154: bind", d.summary)
}

func TestLargeClustersAreSampledInTurn(t *testing.T) {
	var nodes []*api.Node
	for i := range 1000 {
		nodes = append(nodes, node(fmt.Sprintf("n%04d", i)))
	}
	c := worldOf(nodes...).cycle(pod(nil))
	d := c.find()
	require.Equal(t, 420, d.Looked, "42 percent of a thousand nodes are enough")
	require.Len(t, d.Results, maxResultsOfMany)
	second := &cycle{pod: c.pod, profile: c.profile, cache: c.cache, nominator: c.nominator}
	require.Equal(t, "n0420", second.find().Node, "the next cycle begins where this one ended")
}

func TestEnough(t *testing.T) {
	for nodes, want := range map[int]int{1: 1, 100: 100, 101: 100, 150: 100, 1000: 420, 5000: 500, 10000: 500} {
		require.Equal(t, want, (&profile{}).enough(nodes), "%d nodes", nodes)
	}
	require.Equal(t, 5000, (&profile{percentage: 100}).enough(5000))
}

func TestNominatedPodsTakeRoomForLessImportantOnesOnly(t *testing.T) {
	w := worldOf(node("a"))
	w.nominator.set(newPodInfo(pod(list("cpu", "3"), ofPriority(5))), "a")
	require.Equal(t, "0/1 nodes are available: 1 Insufficient cpu.", w.outcome(pod(list("cpu", "2"), ofPriority(4))))
	require.Equal(t, "a", w.outcome(pod(list("cpu", "2"), ofPriority(6))))
}

func BenchmarkFindThousandNodes(b *testing.B) {
	var nodes []*api.Node
	for i := range 1000 {
		nodes = append(nodes, node(fmt.Sprintf("n%04d", i), inZone(fmt.Sprint(i%3))))
	}
	w := worldOf(nodes...).with(replicaSet("web"))
	run := func(b *testing.B, p *api.Pod) {
		c := w.cycle(p)
		b.ReportAllocs()
		for b.Loop() {
			again := &cycle{pod: c.pod, profile: c.profile, cache: c.cache, nominator: c.nominator}
			again.find()
		}
	}
	b.Run("bare", func(b *testing.B) { run(b, pod(list("cpu", "100m", "memory", "100Mi"))) })
	b.Run("replica", func(b *testing.B) { run(b, pod(list("cpu", "100m", "memory", "100Mi"), ownedBy("web"))) })
	for i := range 5000 {
		w.run(nodes[i%1000].Name, pod(list("cpu", "100m", "memory", "100Mi"), ownedBy("web")))
	}
	b.Run("replica beside 5000", func(b *testing.B) { run(b, pod(list("cpu", "100m", "memory", "100Mi"), ownedBy("web"))) })
	b.Run("anti-affinity", func(b *testing.B) { run(b, pod(nil, podLabelled("app", "db"), awayFrom("db", api.LabelHostname))) })
}
