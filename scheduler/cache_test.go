package scheduler

import (
	"testing"
	"time"

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

// Whom preemption spares depends on how long pods have run, which they say long after they were placed.
func TestPlacedPodIsTheNewest(t *testing.T) {
	w := worldOf(node("a"))
	p := pod(list("cpu", "1"))
	w.cache.assume(newPodInfo(p), "a")
	bound := api.DeepCopy(p)
	bound.Spec.NodeName = "a"
	w.cache.setPod(p, bound)
	started := api.DeepCopy(bound)
	started.Status.StartTime = &api.Time{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	generation := w.cache.generation
	w.cache.setPod(bound, started)

	n := w.cache.byName["a"]
	require.Len(t, n.pods, 1)
	require.Same(t, started, n.pods[0].pod)
	require.Equal(t, int64(1000), n.requested.milliCPU)
	require.Equal(t, generation, w.cache.generation, "nothing that was worked out about the node has to be worked out anew")
	w.cache.forget(p.UID)
	require.True(t, w.cache.isPlaced(p.UID), "it was assumed no more")
	w.cache.setPod(started, nil)
	require.Empty(t, n.pods)
	require.Equal(t, resources{}, n.requested)
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
