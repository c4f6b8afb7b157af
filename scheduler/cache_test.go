package scheduler

import (
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestAssumedPodsTakeRoomUntilForgotten(t *testing.T) {
	w := worldOf(node("a"))
	first, second := pod(list("cpu", "3")), pod(list("cpu", "3"))
	w.cache.assume(newPodInfo(first), "a")
	require.Equal(t, "0/1 nodes are available: 1 Insufficient cpu.", w.outcome(second))

	w.cache.forget(first.UID)
	require.Equal(t, "a", w.outcome(second))
}

func TestBoundPodReplacesItsAssumption(t *testing.T) {
	w := worldOf(node("a"), node("b"))
	c := w.cache
	p := pod(list("cpu", "3"))
	c.assume(newPodInfo(p), "a")
	bound := api.DeepCopy(p)
	bound.Spec.NodeName = "b" // somebody else was faster
	c.setPod(p, bound)
	require.Empty(t, c.byName["a"].pods)
	require.Equal(t, int64(3000), c.byName["b"].requested.milliCPU)

	c.forget(p.UID)
	require.True(t, c.isPlaced(p.UID), "what the API server says is no assumption")
	c.setPod(bound, nil)
	require.Equal(t, resources{}, c.byName["b"].requested)
}

func TestNewsWaitForTheNextCycle(t *testing.T) {
	w := worldOf()
	w.cache.begin()
	w.cache.tell(func() { w.cache.setNode(nil, node("a")) })
	require.Empty(t, w.cache.byName)
	w.cache.end()
	w.cache.tell(func() { w.cache.setNode(nil, node("b")) })
	require.Len(t, w.cache.byName, 2, "nothing is being decided: at once")
	w.cache.begin()
	require.Len(t, w.cache.nodes, 2)
}

func TestNodesOfEachZoneInTurn(t *testing.T) {
	w := worldOf(node("a1", inZone("a")), node("a2", inZone("a")), node("a3", inZone("a")), node("b1", inZone("b")))
	var order []string
	for i, n := range w.cache.nodes {
		require.Equal(t, i, n.position)
		order = append(order, n.name)
	}
	require.Equal(t, []string{"a1", "b1", "a2", "a3"}, order)
}

func TestPodsOfNodesThatAreGone(t *testing.T) {
	n := node("a")
	w := worldOf(n).run("a", pod(list("cpu", "1")))
	w.cache.setNode(n, nil)
	w.cache.begin()
	require.Empty(t, w.cache.nodes)
	w.cache.setNode(nil, n) // it comes back before its pod was seen to go
	w.cache.begin()
	require.Equal(t, int64(1000), w.cache.nodes[0].requested.milliCPU)
}

func TestCountsLookAgainAtNodesThatChanged(t *testing.T) {
	w := worldOf(node("a"), node("b")).run("a", pod(nil))
	asked := 0
	count := func() []int32 {
		asked = 0
		return w.cache.countPods("all", func(*podInfo) bool { asked++; return true })
	}
	require.Equal(t, []int32{1, 0}, count())
	w.run("b", pod(nil))
	require.Equal(t, []int32{1, 1}, count())
	require.Equal(t, 1, asked)
	w.cache.setNode(nil, node("c"))
	w.cache.begin()
	require.Equal(t, []int32{1, 1, 0}, count())
}

func TestWhatMattersOfAPodOnANode(t *testing.T) {
	before := pod(list("cpu", "1"), func(p *api.Pod) { p.Spec.NodeName = "a" })
	status := api.DeepCopy(before)
	status.Status.Phase = api.PodRunning
	require.False(t, differs(before, status))
	resized := api.DeepCopy(before)
	resized.Spec.Containers[0].Resources.Requests = list("cpu", "2")
	require.True(t, differs(before, resized))
	require.True(t, differs(before, func() *api.Pod { p := api.DeepCopy(before); p.Labels = map[string]string{"a": "b"}; return p }()))
}
