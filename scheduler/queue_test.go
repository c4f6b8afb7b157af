package scheduler

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func newTestQueue() *queue {
	w := worldOf()
	return newQueue(map[string]*profile{DefaultName: w.cycle(pod(nil)).profile}, firstBackoff, lastBackoff)
}

// waiting is a pod as the queue gets it.
func waiting(name string, changes ...func(*api.Pod)) *api.Pod {
	p := pod(nil, append(changes, named(name))...)
	p.Spec.SchedulerName = DefaultName
	return p
}

func popName(t *testing.T, q *queue) string {
	t.Helper()
	a, ok := q.pop()
	require.True(t, ok)
	q.decided(a.queued)
	return a.info.pod.Name
}

func TestQueueOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTestQueue()
		q.add(waiting("first"), 1)
		time.Sleep(time.Millisecond)
		q.add(waiting("second"), 2)
		time.Sleep(time.Millisecond)
		q.add(waiting("important", ofPriority(7)), 3)
		require.Equal(t, "important", popName(t, q))
		require.Equal(t, "first", popName(t, q))
		require.Equal(t, "second", popName(t, q))
	})
}

func TestUnschedulablePodsWaitForAChangeThatHelps(t *testing.T) {
	uncordoned := clusterEvent{what: nodeTaints, old: node("a", cordoned), new: node("a"), revision: 7}
	tests := []struct {
		name  string
		by    string
		event clusterEvent
		helps bool
	}{
		{"a node is uncordoned", "NodeUnschedulable", uncordoned, true},
		{"that is no help for a pod that needs room", "NodeResourcesFit", uncordoned, false},
		{"a node can do more", "NodeDeclaredFeatures", clusterEvent{what: nodeFeatures, old: node("a"), new: node("a")}, true},
		{"a pod goes", "NodeResourcesFit", clusterEvent{what: podGone, old: pod(nil)}, true},
		{"a pod goes, but the taint stays", "TaintToleration", clusterEvent{what: podGone, old: pod(nil)}, false},
		{"a node comes with the label", "NodeAffinity", clusterEvent{what: nodeAdded, new: node("a", labelled("disk", "ssd"))}, true},
		{"a node comes without the label", "NodeAffinity", clusterEvent{what: nodeAdded, new: node("a")}, false},
		{"a node comes that is large enough", "NodeResourcesFit", clusterEvent{what: nodeAdded, new: node("a")}, true},
		{"a node comes that is too small", "NodeResourcesFit", clusterEvent{what: nodeAdded, new: node("a", func(n *api.Node) { n.Status.Allocatable = list("cpu", "1", "pods", "10") })}, false},
		{"a pod to be near arrives", "InterPodAffinity", clusterEvent{what: podAssigned, new: pod(nil, podLabelled("app", "db"))}, true},
		{"another pod arrives", "InterPodAffinity", clusterEvent{what: podAssigned, new: pod(nil, podLabelled("app", "web"))}, false},
		{"its claim changes", "VolumeBinding", clusterEvent{what: claimChanged, new: claim("data")}, true},
		{"another claim changes", "VolumeBinding", clusterEvent{what: claimChanged, new: claim("other")}, false},
		{"the port's owner goes", "NodePorts", clusterEvent{what: podGone, old: pod(nil, onHostPort(80, ""))}, true},
		{"the owner of another port goes", "NodePorts", clusterEvent{what: podGone, old: pod(nil, onHostPort(81, ""))}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			q := newTestQueue()
			q.add(waiting("p", func(p *api.Pod) { p.Spec.Containers[0].Resources.Requests = list("cpu", "2") },
				selecting("disk", "ssd"), near("db", zoneKey), using("data"), onHostPort(80, "")), 1)
			a, _ := q.pop()
			q.rejected(a.queued, []string{test.by})
			require.Equal(t, inUnschedulable, a.queued.place)
			q.happen(test.event)
			require.Equal(t, test.helps, a.queued.place == inBackoff, "it is in back-off, just after its attempt")
			if test.helps && test.event.revision != 0 {
				require.Equal(t, []int64{test.event.revision}, a.queued.causes.Revisions, "and knows why it is tried again")
			}
		})
	}
}

func TestChangesDuringTheCycleCount(t *testing.T) {
	q := newTestQueue()
	q.add(waiting("p"), 1)
	a, _ := q.pop()
	q.happen(clusterEvent{what: podGone, old: pod(nil)}) // the decision may have been made before
	q.rejected(a.queued, []string{"NodeResourcesFit"})
	require.Equal(t, inBackoff, a.queued.place)
}

func TestBackoff(t *testing.T) {
	for attempts, want := range map[int]string{1: "1s", 2: "2s", 3: "4s", 4: "8s", 5: "10s", 60: "10s"} {
		require.Equal(t, want, backoff(attempts, firstBackoff, lastBackoff).String())
	}
	synctest.Test(t, func(t *testing.T) {
		q := newTestQueue()
		retry := func(name string) {
			q.add(waiting(name), 1)
			a, _ := q.pop()
			q.rejected(a.queued, []string{"NodeResourcesFit"})
			q.happen(clusterEvent{what: podGone, old: pod(nil)})
		}
		retry("early")
		q.add(waiting("new"), 2)
		require.Equal(t, "new", popName(t, q), "those in back-off come after the others")
		require.Equal(t, "early", popName(t, q), "but need not wait when there are no others")
		require.Zero(t, time.Since(time.Now()))
	})
}

func TestErrorsServeTheirBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTestQueue()
		began := time.Now()
		q.add(waiting("p"), 1)
		for _, wait := range []time.Duration{time.Second, 2 * time.Second} {
			a, _ := q.pop()
			q.failed(a.queued)
			before := time.Now()
			next, ok := q.pop()
			require.True(t, ok)
			require.Equal(t, wait, time.Since(before))
			require.Equal(t, []int64{1}, next.causes.Revisions)
			q.enqueue(next.queued)
			next.queued.readyAt = time.Time{}
		}
		require.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestGatedPodsAreNotTried(t *testing.T) {
	q := newTestQueue()
	gated := waiting("gated", func(p *api.Pod) { p.Spec.SchedulingGates = []api.PodSchedulingGate{{Name: "quota"}} })
	q.add(gated, 1)
	require.Empty(t, q.active.pods)
	q.happen(clusterEvent{what: podGone, old: pod(nil)})
	q.flush(time.Now().Add(time.Hour))
	require.Empty(t, q.active.pods)

	open := api.DeepCopy(gated)
	open.Spec.SchedulingGates = nil
	q.add(open, 2)
	require.Len(t, q.active.pods, 1)
	require.Equal(t, []int64{1, 2}, q.active.pods[0].causes.Revisions)
}

func TestPodsThatNothingHelpedAreTriedAfterFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTestQueue()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { q.run(ctx); close(done) }()
		q.add(waiting("p"), 1)
		a, _ := q.pop()
		q.rejected(a.queued, []string{"NodeResourcesFit"})
		began := time.Now()
		again, _ := q.pop()
		require.InDelta(t, 5, time.Since(began).Minutes(), 0.6)
		require.NotEmpty(t, again.causes.Timer)
		cancel()
		<-done
		_, ok := q.pop()
		require.False(t, ok)
	})
}

func TestPodsThatAreGoneLeaveTheQueue(t *testing.T) {
	q := newTestQueue()
	for i := range 3 {
		q.add(waiting(fmt.Sprintf("p%d", i)), 1)
	}
	q.remove(api.Key{Namespace: "default", Name: "p0"}, "p0")
	q.remove(api.Key{Namespace: "default", Name: "p1"}, "another of the same name")
	require.Len(t, q.active.pods, 2)
	a, _ := q.pop()
	q.remove(a.info.pod.Key(), a.info.pod.UID)
	q.rejected(a.queued, []string{"NodeResourcesFit"})
	require.Empty(t, q.unschedulable, "it went during its cycle")
}
