package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// nodeWith has a condition Ready with the given status ("" none), changed by the options.
func nodeWith(name string, ready api.ConditionStatus, options ...func(*api.Node)) *api.Node {
	node := &api.Node{ObjectMeta: api.ObjectMeta{Name: name, UID: api.UID(name + "-uid"), CreationTimestamp: at(-time.Hour)}}
	if ready != "" {
		node.Status.Conditions = []api.NodeCondition{{Type: api.NodeReady, Status: ready, LastHeartbeatTime: at(-time.Minute), LastTransitionTime: at(-time.Minute)}}
	}
	for _, option := range options {
		option(node)
	}
	return node
}

func withTaint(key string, effect api.TaintEffect) func(*api.Node) {
	return func(node *api.Node) { node.Spec.Taints = append(node.Spec.Taints, api.Taint{Key: key, Effect: effect}) }
}

func withCondition(t api.NodeConditionType, status api.ConditionStatus) func(*api.Node) {
	return func(node *api.Node) {
		node.Status.Conditions = append(node.Status.Conditions, api.NodeCondition{Type: t, Status: status, LastTransitionTime: at(-time.Minute)})
	}
}

func TestFormerLabelsOfNodes(t *testing.T) {
	for name, test := range map[string]struct{ labels, missing map[string]string }{
		"no labels":     {nil, nil},
		"one of both":   {map[string]string{"kubernetes.io/os": "linux", "kubernetes.io/arch": "arm64", "beta.kubernetes.io/arch": "arm64"}, map[string]string{"beta.kubernetes.io/os": "linux"}},
		"another value": {map[string]string{"kubernetes.io/arch": "arm64", "beta.kubernetes.io/arch": "arm"}, map[string]string{"beta.kubernetes.io/arch": "arm64"}},
		"former alone":  {map[string]string{"beta.kubernetes.io/os": "linux"}, nil},
	} {
		require.Equal(t, test.missing, missingLabels(&api.Node{ObjectMeta: api.ObjectMeta{Labels: test.labels}}), name)
	}
}

func TestNodeHealthCountsChangesByOurClock(t *testing.T) {
	node := nodeWith("n1", api.ConditionTrue)
	h := newNodeHealth(node, testNow)
	later := testNow.Add(30 * time.Second)
	h.observe(node, nil, later)
	require.Equal(t, testNow, h.seen, "the same heartbeat is no sign of life")

	lease := &api.Lease{Spec: api.LeaseSpec{RenewTime: &api.MicroTime{Time: testNow.Add(-time.Hour)}}}
	h.observe(node, lease, later)
	require.Equal(t, later, h.seen, "a lease that is new to us is one, whatever the node's clock says")
	h.observe(node, lease, later.Add(time.Second))
	require.Equal(t, later, h.seen)

	node = nodeWith("n1", api.ConditionTrue)
	node.Status.Conditions[0].LastHeartbeatTime = at(0)
	h.observe(node, lease, later.Add(time.Minute))
	require.Equal(t, later.Add(time.Minute), h.seen, "so is a status report")

	require.Equal(t, testNow.Add(-time.Hour), newNodeHealth(nodeWith("n2", ""), testNow).seen, "a node that has never told its state is as old as its object")
}

func TestUnknownConditions(t *testing.T) {
	node := nodeWith("n1", api.ConditionTrue, withCondition(api.NodeMemoryPressure, api.ConditionFalse), withCondition(api.NodeNetworkUnavailable, api.ConditionFalse))
	conditions := unknownConditions(node, testNow)
	require.Equal(t, api.ConditionTrue, node.Status.Conditions[0].Status, "the cache's object stays as it is")
	got := map[api.NodeConditionType]api.NodeCondition{}
	for _, c := range conditions {
		got[c.Type] = c
	}
	require.Len(t, got, 5)
	require.Equal(t, api.NodeCondition{
		Type: api.NodeReady, Status: api.ConditionUnknown, Reason: "NodeStatusUnknown", Message: "Kubelet stopped posting node status.",
		LastHeartbeatTime: at(-time.Minute), LastTransitionTime: at(0),
	}, got[api.NodeReady])
	require.Equal(t, api.ConditionUnknown, got[api.NodeMemoryPressure].Status)
	require.Equal(t, api.ConditionFalse, got[api.NodeNetworkUnavailable].Status, "not the kubelet's to tell")
	require.Equal(t, api.NodeCondition{
		Type: api.NodePIDPressure, Status: api.ConditionUnknown, Reason: "NodeStatusNeverUpdated", Message: "Kubelet never posted node status.",
		LastHeartbeatTime: at(-time.Hour), LastTransitionTime: at(0),
	}, got[api.NodePIDPressure])
}

func TestStateAndPaceOfZone(t *testing.T) {
	for _, tt := range []struct {
		ready, not int
		state      zoneState
		pace       time.Duration
	}{
		{3, 0, zoneNormal, taintEvery},
		{1, 1, zoneNormal, taintEvery}, // half of them, but only one
		{1, 2, zoneNormal, taintEvery}, // up to two are an accident each
		{2, 3, zonePartial, 0},         // 60 %: a small zone waits
		{5, 5, zoneNormal, taintEvery}, // 50 %
		{20, 40, zonePartial, taintEverySlowly},
		{0, 1, zoneFull, taintEvery},
		{0, 0, zoneNormal, taintEvery},
	} {
		var nodes []api.ConditionStatus
		for range tt.ready {
			nodes = append(nodes, api.ConditionTrue)
		}
		for i := range tt.not {
			nodes = append(nodes, []api.ConditionStatus{api.ConditionUnknown, api.ConditionFalse, ""}[i%3])
		}
		require.Equal(t, tt.state, stateOfZone(nodes), "%+v", tt)
		require.Equal(t, tt.pace, paceOfZone(tt.state, len(nodes)), "%+v", tt)
	}
}

func TestExecuteTaintsAreNeverBoth(t *testing.T) {
	for status, want := range map[api.ConditionStatus]string{api.ConditionFalse: taintNotReady, api.ConditionUnknown: taintUnreachable} {
		add, remove := executeTaints(nodeWith("n1", status))
		require.Len(t, add, 1)
		require.Len(t, remove, 1)
		require.Equal(t, want, add[0].Key)
		require.NotEqual(t, want, remove[0].Key)
	}
	add, remove := executeTaints(nodeWith("n1", api.ConditionTrue))
	require.Empty(t, add)
	require.Len(t, remove, 2)
}

func TestConditionTaints(t *testing.T) {
	for name, tt := range map[string]struct {
		node        *api.Node
		add, remove []string
	}{
		"ready":                            {node: nodeWith("n", api.ConditionTrue)},
		"new, and not heard of yet":        {node: nodeWith("n", "", withTaint(taintNotReady, api.TaintEffectNoSchedule))},
		"new, and ready now":               {node: nodeWith("n", api.ConditionTrue, withTaint(taintNotReady, api.TaintEffectNoSchedule)), remove: []string{taintNotReady + ":NoSchedule"}},
		"not ready":                        {node: nodeWith("n", api.ConditionFalse), add: []string{taintNotReady + ":NoSchedule"}},
		"from not ready to unreachable":    {node: nodeWith("n", api.ConditionUnknown, withTaint(taintNotReady, api.TaintEffectNoSchedule)), add: []string{taintUnreachable + ":NoSchedule"}, remove: []string{taintNotReady + ":NoSchedule"}},
		"pressure":                         {node: nodeWith("n", api.ConditionTrue, withCondition(api.NodeMemoryPressure, api.ConditionTrue), withCondition(api.NodeDiskPressure, api.ConditionTrue), withCondition(api.NodePIDPressure, api.ConditionTrue), withCondition(api.NodeNetworkUnavailable, api.ConditionTrue)), add: []string{taintMemoryPressure + ":NoSchedule", taintDiskPressure + ":NoSchedule", taintPIDPressure + ":NoSchedule", taintNetworkUnavailable + ":NoSchedule"}},
		"cordoned":                         {node: nodeWith("n", api.ConditionTrue, func(n *api.Node) { n.Spec.Unschedulable = true }), add: []string{taintUnschedulable + ":NoSchedule"}},
		"uncordoned":                       {node: nodeWith("n", api.ConditionTrue, withTaint(taintUnschedulable, api.TaintEffectNoSchedule)), remove: []string{taintUnschedulable + ":NoSchedule"}},
		"taints of others":                 {node: nodeWith("n", api.ConditionTrue, withTaint("gpu", api.TaintEffectNoSchedule))},
		"NoExecute is not this loop's own": {node: nodeWith("n", api.ConditionTrue, withTaint(taintNotReady, api.TaintEffectNoExecute))},
	} {
		t.Run(name, func(t *testing.T) {
			add, remove := conditionTaints(tt.node)
			require.ElementsMatch(t, tt.add, taintNames(add))
			require.ElementsMatch(t, tt.remove, taintNames(remove))
		})
	}
}

func TestWithTaintsReplacesInOneGo(t *testing.T) {
	node := nodeWith("n", api.ConditionTrue, withTaint("gpu", api.TaintEffectNoSchedule), withTaint(taintNotReady, api.TaintEffectNoExecute))
	taints, changed := withTaints(node.Spec.Taints, []api.Taint{taintUnreachableExecute}, []api.Taint{taintNotReadyExecute}, testNow)
	require.True(t, changed)
	require.Equal(t, []string{"gpu:NoSchedule", taintUnreachable + ":NoExecute"}, taintNames(taints))
	require.Equal(t, at(0), *taints[1].TimeAdded)
	again, changed := withTaints(taints, []api.Taint{taintUnreachableExecute}, []api.Taint{taintNotReadyExecute}, testNow.Add(time.Hour))
	require.False(t, changed, "a taint that is there keeps its time")
	require.Equal(t, taints, again)
}

func TestEvictionTime(t *testing.T) {
	unreachable := api.Taint{Key: taintUnreachable, Effect: api.TaintEffectNoExecute, TimeAdded: api.Ptr(at(-time.Minute))}
	own := api.Taint{Key: "own", Value: "x", Effect: api.TaintEffectNoExecute, TimeAdded: api.Ptr(at(-time.Second))}
	tolerates := func(key string, seconds int64) api.Toleration {
		t := api.Toleration{Key: key, Operator: api.TolerationOpExists, Effect: api.TaintEffectNoExecute}
		if seconds >= 0 {
			t.TolerationSeconds = &seconds
		}
		return t
	}
	for name, tt := range map[string]struct {
		taints      []api.Taint
		tolerations []api.Toleration
		scheduled   time.Duration
		created     time.Duration
		due         time.Duration
		atOnce      bool
		never       bool
	}{
		"no taint":                             {never: true},
		"not tolerated":                        {taints: []api.Taint{unreachable}, atOnce: true},
		"tolerated for ever":                   {taints: []api.Taint{unreachable}, tolerations: []api.Toleration{tolerates("", -1)}, never: true},
		"tolerated for a while":                {taints: []api.Taint{unreachable}, tolerations: []api.Toleration{tolerates(taintUnreachable, 300)}, due: 4 * time.Minute},
		"counts from when the pod came":        {taints: []api.Taint{unreachable}, tolerations: []api.Toleration{tolerates(taintUnreachable, 300)}, scheduled: -10 * time.Second, due: 290 * time.Second},
		"one that was made for the node":       {taints: []api.Taint{unreachable}, tolerations: []api.Toleration{tolerates(taintUnreachable, 300)}, created: -5 * time.Second, due: 295 * time.Second},
		"the shortest of several":              {taints: []api.Taint{unreachable, own}, tolerations: []api.Toleration{tolerates(taintUnreachable, 300), tolerates("own", 5)}, due: 4 * time.Second},
		"one of several not":                   {taints: []api.Taint{unreachable, own}, tolerations: []api.Toleration{tolerates(taintUnreachable, 300)}, atOnce: true},
		"the first toleration matching counts": {taints: []api.Taint{unreachable}, tolerations: []api.Toleration{tolerates(taintUnreachable, -1), tolerates(taintUnreachable, 3)}, never: true},
	} {
		t.Run(name, func(t *testing.T) {
			pod := testPod("p")
			pod.Spec.Tolerations = tt.tolerations
			if tt.scheduled != 0 {
				pod.Status.Conditions = []api.PodCondition{{Type: api.PodScheduled, Status: api.ConditionTrue, LastTransitionTime: at(tt.scheduled)}}
			}
			if tt.created != 0 {
				pod.CreationTimestamp = at(tt.created)
			}
			due, by := evictionTime(tt.taints, pod)
			require.Equal(t, tt.never, by == nil)
			if tt.atOnce {
				require.Zero(t, due)
			} else if !tt.never {
				require.Equal(t, testNow.Add(tt.due), due)
			}
		})
	}
}

func TestTaintsWithoutATimeCountFromWhenTheyWereNoticed(t *testing.T) {
	taints := []api.Taint{{Key: "a", Effect: api.TaintEffectNoExecute}, {Key: "b", Effect: api.TaintEffectNoSchedule}}
	first := datedTaints(taints, nil, testNow)
	require.Len(t, first, 1)
	require.Equal(t, testNow, first[0].TimeAdded.Time)
	require.Equal(t, first, datedTaints(taints, first, testNow.Add(time.Minute)))
}

func TestPlanPodGC(t *testing.T) {
	dead := nodeWith("dead", api.ConditionUnknown, withTaint(taintOutOfService, api.TaintEffectNoExecute))
	silent := nodeWith("silent", api.ConditionUnknown)
	nodes := map[string]*api.Node{"n1": nodeWith("n1", api.ConditionTrue), "dead": dead, "silent": silent}
	plan := planPodGC([]*api.Pod{
		testPod("fine"), testPod("orphan", on("gone")), testPod("perhaps", on("missing")), testPod("never", unassigned, terminating),
		testPod("waiting", unassigned), testPod("leaving", terminating), testPod("out", on("dead"), terminating), testPod("stuck", on("silent"), terminating),
		testPod("ended", phase(api.PodSucceeded)),
	}, map[string]bool{"gone": true}, func(name string) *api.Node { return nodes[name] })
	var names []string
	for _, lost := range plan {
		names = append(names, lost.pod.Name)
		require.Equal(t, lost.pod.Name == "orphan", lost.orphaned)
	}
	require.Equal(t, []string{"orphan", "never", "out"}, names)
}

func TestTooManyEndedPodsGoOldestFirst(t *testing.T) {
	var pods []*api.Pod
	for range endedPodsThreshold - 1 {
		pods = append(pods, testPod("young", phase(api.PodSucceeded), age(time.Minute)))
	}
	pods = append(pods, testPod("old", phase(api.PodFailed), age(2*time.Hour)), testPod("older", phase(api.PodSucceeded), age(3*time.Hour)),
		testPod("evicted", phase(api.PodFailed), age(time.Second), func(p *api.Pod) { p.Status.Reason = podReasonEvicted }))
	plan := planPodGC(pods, nil, func(string) *api.Node { return nil })
	require.Len(t, plan, 2)
	require.Equal(t, "evicted", plan[0].pod.Name)
	require.Equal(t, "older", plan[1].pod.Name)
}
