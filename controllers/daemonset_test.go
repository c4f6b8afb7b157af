package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func testDaemonSet(surge, unavailable string, change ...func(*api.DaemonSet)) *api.DaemonSet {
	ds := &api.DaemonSet{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "agent", UID: "agent-uid", Generation: 1}}
	ds.Spec = api.DaemonSetSpec{
		Selector: &api.LabelSelector{MatchLabels: map[string]string{"app": "web"}}, Template: testTemplate("v2"),
		UpdateStrategy: api.DaemonSetUpdateStrategy{
			Type:          api.RollingUpdateDaemonSetStrategyType,
			RollingUpdate: &api.RollingUpdateDaemonSet{MaxSurge: intOrPercent(surge), MaxUnavailable: intOrPercent(unavailable)},
		},
	}
	for _, c := range change {
		c(ds)
	}
	return ds
}

func testNode(name string, change ...func(*api.Node)) *api.Node {
	node := &api.Node{ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}}}
	for _, c := range change {
		c(node)
	}
	return node
}

func tainted(key string, effect api.TaintEffect) func(*api.Node) {
	return func(node *api.Node) { node.Spec.Taints = append(node.Spec.Taints, api.Taint{Key: key, Effect: effect}) }
}

// daemon is a ready pod of the present template on a node.
func daemon(name, node string, options ...func(*api.Pod)) *api.Pod {
	return testPod(name, append([]func(*api.Pod){on(node), readyFor(time.Hour), func(pod *api.Pod) {
		pod.Labels = map[string]string{"app": "web", api.LabelControllerRevisionHash: "new"}
	}}, options...)...)
}

func waitingFor(node string) func(*api.Pod) {
	return func(pod *api.Pod) {
		pod.Spec = daemonPod(testDaemonSet("0", "1"), node, "new").Spec
		pod.Status = api.PodStatus{Phase: api.PodPending}
	}
}

func TestPlanDaemons(t *testing.T) {
	nodes := []*api.Node{testNode("n1"), testNode("n2"), testNode("n3")}
	onDelete := func(ds *api.DaemonSet) {
		ds.Spec.UpdateStrategy = api.DaemonSetUpdateStrategy{Type: api.OnDeleteDaemonSetStrategyType}
	}
	selecting := func(ds *api.DaemonSet) {
		ds.Spec.Template.Spec.NodeSelector = map[string]string{"kubernetes.io/hostname": "n2"}
	}
	for name, test := range map[string]struct {
		ds                     *api.DaemonSet
		nodes                  []*api.Node
		pods                   []*api.Pod
		create, remove, failed []string
		waits                  bool
	}{
		"one on each node":               {pods: []*api.Pod{daemon("a", "n2")}, create: []string{"n1", "n3"}},
		"only where it is wanted":        {ds: testDaemonSet("0", "1", selecting), create: []string{"n2"}},
		"no more where it is not wanted": {ds: testDaemonSet("0", "1", selecting), pods: []*api.Pod{daemon("a", "n1"), daemon("b", "n2")}, remove: []string{"a"}},
		"one that waits for its node":    {nodes: nodes[:1], pods: []*api.Pod{daemon("a", "n1", waitingFor("n1"))}},
		"its node has gone":              {nodes: nodes[:1], pods: []*api.Pod{daemon("a", "n1"), daemon("b", "n9", waitingFor("n9"))}, remove: []string{"b"}},
		"it ran on a node that has gone": {nodes: nodes[:1], pods: []*api.Pod{daemon("a", "n1"), daemon("b", "n9")}},
		"a tainted node":                 {nodes: []*api.Node{testNode("n1", tainted("x", api.TaintEffectNoSchedule))}},
		"a node tainted since":           {nodes: []*api.Node{testNode("n1", tainted("x", api.TaintEffectNoSchedule))}, pods: []*api.Pod{daemon("a", "n1")}},
		"a node that evicts":             {nodes: []*api.Node{testNode("n1", tainted("x", api.TaintEffectNoExecute))}, pods: []*api.Pod{daemon("a", "n1")}, remove: []string{"a"}},
		"a node in trouble":              {nodes: []*api.Node{testNode("n1", tainted("node.kubernetes.io/unreachable", api.TaintEffectNoExecute), tainted("node.kubernetes.io/unschedulable", api.TaintEffectNoSchedule))}, create: []string{"n1"}},
		"one too many":                   {nodes: nodes[:1], pods: []*api.Pod{daemon("b", "n1"), daemon("a", "n1", age(2*time.Hour))}, remove: []string{"b"}},
		"not before the old one is gone": {nodes: nodes[:1], pods: []*api.Pod{daemon("a", "n1", terminating)}},
		"one that failed":                {nodes: nodes[:1], pods: []*api.Pod{daemon("a", "n1", phase(api.PodFailed))}, failed: []string{"a"}},
		"one that ended":                 {nodes: nodes[:1], pods: []*api.Pod{daemon("a", "n1", phase(api.PodSucceeded))}, remove: []string{"a"}},

		"an old one goes":             {pods: []*api.Pod{daemon("a", "n1", outdated), daemon("b", "n2", outdated), daemon("c", "n3", outdated)}, remove: []string{"a"}},
		"then waits":                  {pods: []*api.Pod{daemon("a", "n1", notReady), daemon("b", "n2", outdated), daemon("c", "n3", outdated)}, waits: true},
		"then the next":               {pods: []*api.Pod{daemon("a", "n1"), daemon("b", "n2", outdated), daemon("c", "n3", outdated)}, remove: []string{"b"}},
		"half of three is two":        {ds: testDaemonSet("0", "50%"), pods: []*api.Pod{daemon("a", "n1", outdated), daemon("b", "n2", outdated), daemon("c", "n3", outdated)}, remove: []string{"a", "b"}},
		"one that is not ready first": {pods: []*api.Pod{daemon("a", "n1", outdated), daemon("b", "n2", outdated, notReady), daemon("c", "n3", outdated)}, remove: []string{"b"}},
		"only when somebody deletes":  {ds: testDaemonSet("0", "1", onDelete), pods: []*api.Pod{daemon("a", "n1", outdated), daemon("b", "n2", outdated), daemon("c", "n3", outdated)}},
		"what is missing comes first": {pods: []*api.Pod{daemon("a", "n1", outdated), daemon("b", "n2", outdated)}, create: []string{"n3"}},

		"a new one beside the old":      {ds: testDaemonSet("1", "0"), pods: []*api.Pod{daemon("a", "n1", outdated), daemon("b", "n2", outdated), daemon("c", "n3", outdated)}, create: []string{"n1"}},
		"until it is available":         {ds: testDaemonSet("1", "0"), pods: []*api.Pod{daemon("a", "n1", outdated), daemon("d", "n1", notReady), daemon("b", "n2", outdated), daemon("c", "n3", outdated)}, waits: true},
		"then the old one goes":         {ds: testDaemonSet("1", "0"), pods: []*api.Pod{daemon("a", "n1", outdated), daemon("d", "n1"), daemon("b", "n2", outdated), daemon("c", "n3", outdated)}, remove: []string{"a"}},
		"or when it is no use":          {ds: testDaemonSet("1", "0"), nodes: nodes[:1], pods: []*api.Pod{daemon("a", "n1", outdated, notReady), daemon("d", "n1", notReady)}, remove: []string{"a"}},
		"one that is not ready besides": {ds: testDaemonSet("1", "0"), pods: []*api.Pod{daemon("a", "n1", outdated), daemon("b", "n2", outdated, notReady), daemon("c", "n3", outdated)}, create: []string{"n2", "n1"}},
		"one beside one that is going":  {ds: testDaemonSet("1", "0"), nodes: nodes[:1], pods: []*api.Pod{daemon("a", "n1", terminating)}, create: []string{"n1"}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.ds == nil {
				test.ds = testDaemonSet("0", "1")
			}
			if test.nodes == nil {
				test.nodes = nodes
			}
			plan := planDaemons(test.ds, daemonPlaces(test.ds, test.nodes, test.pods), "new", testNow)
			var create, remove, failed []string
			for _, c := range plan.create {
				create = append(create, c.place)
			}
			for _, r := range plan.remove {
				remove = append(remove, r.pod.Name)
			}
			for _, r := range plan.failed {
				failed = append(failed, r.pod.Name)
			}
			require.Equal(t, test.create, create, "created")
			require.Equal(t, test.remove, remove, "deleted")
			require.Equal(t, test.failed, failed, "failed")
			require.Equal(t, test.waits, plan.wait != "", plan.wait)
		})
	}
}

func TestDaemonStatus(t *testing.T) {
	ds := testDaemonSet("0", "1", func(ds *api.DaemonSet) { ds.Spec.MinReadySeconds = 60 })
	nodes := []*api.Node{testNode("n1"), testNode("n2"), testNode("n3"), testNode("n4", tainted("x", api.TaintEffectNoSchedule))}
	pods := []*api.Pod{daemon("a", "n1"), daemon("b", "n2", outdated, readyFor(20*time.Second)), daemon("c", "n4")}
	want := api.DaemonSetStatus{
		ObservedGeneration: 1, DesiredNumberScheduled: 3, CurrentNumberScheduled: 2, NumberMisscheduled: 1, NumberReady: 2,
		NumberAvailable: 1, NumberUnavailable: 2, UpdatedNumberScheduled: 1,
	}
	status, in := daemonStatus(ds, daemonPlaces(ds, nodes, pods), "new", testNow)
	require.Equal(t, 40*time.Second, in)
	require.Equal(t, want, status)

	pods = append(pods, daemon("new", "n2", readyFor(30*time.Second))) // beside b, which goes when this one is available
	status, in = daemonStatus(ds, daemonPlaces(ds, nodes, pods), "new", testNow)
	require.Equal(t, 30*time.Second, in)
	require.Equal(t, want, status)
}

func TestDaemonPod(t *testing.T) {
	ds := testDaemonSet("0", "1", func(ds *api.DaemonSet) {
		ds.Annotations = map[string]string{api.AnnotationTemplateGeneration: "7"}
		ds.Spec.Template.Spec.HostNetwork = true
		ds.Spec.Template.Spec.Tolerations = []api.Toleration{{Key: "node.kubernetes.io/not-ready", Operator: api.TolerationOpExists, Effect: api.TaintEffectNoExecute, TolerationSeconds: api.Ptr[int64](5)}}
		ds.Spec.Template.Spec.Affinity = &api.Affinity{PodAntiAffinity: &api.PodAntiAffinity{}, NodeAffinity: &api.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{{MatchExpressions: []api.NodeSelectorRequirement{{Key: "disk", Operator: api.NodeSelectorOpExists}}}}},
		}}
	})
	pod := daemonPod(ds, "n1", "abc")
	require.Equal(t, map[string]string{"app": "web", "controller-revision-hash": "abc", "pod-template-generation": "7"}, pod.Labels)
	require.Equal(t, "n1", targetNode(pod))
	require.Empty(t, pod.Spec.NodeName, "the scheduler binds it")
	require.NotNil(t, pod.Spec.Affinity.PodAntiAffinity)
	require.Len(t, pod.Spec.Tolerations, 7)
	require.Nil(t, pod.Spec.Tolerations[0].TolerationSeconds, "a daemon is not evicted from a node in trouble")
	require.NotNil(t, ds.Spec.Template.Spec.Tolerations[0].TolerationSeconds, "the template is left as it is")
	require.Len(t, ds.Spec.Template.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions, 1)
}

func TestDaemonBackoff(t *testing.T) {
	ds, b := testDaemonSet("0", "1"), newDaemonBackoffs()
	var waits []time.Duration
	for _, second := range []time.Duration{0, 0, 1, 2, 3, 4000} {
		waits = append(waits, b.next(ds, "n1", testNow.Add(second*time.Second)))
	}
	require.Equal(t, []time.Duration{0, time.Second, 0, time.Second, 0, 0}, waits)
	require.Zero(t, b.next(ds, "n2", testNow))
}
