package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestPlanReplicas(t *testing.T) {
	for _, test := range []struct {
		name           string
		want, have     int
		create, remove int
	}{
		{name: "as many as wanted", want: 3, have: 3},
		{name: "too few", want: 3, have: 1, create: 2},
		{name: "too many", want: 1, have: 3, remove: 2},
		{name: "scaled to zero", want: 0, have: 2, remove: 2},
		{name: "a burst of creates is bounded", want: 5000, have: 0, create: 500},
		{name: "a burst of deletes is bounded", want: 0, have: 800, remove: 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := planReplicas(testReplicaSet("web", int32(test.want), 0), make([]*api.Pod, test.have))
			require.Equal(t, test.create, plan.create)
			require.Equal(t, test.remove, plan.remove)
		})
	}
}

func TestSlowStart(t *testing.T) {
	for _, test := range []struct {
		name               string
		n, failAfter       int
		called, successful int64
	}{
		{name: "all succeed", n: 10, failAfter: 100, called: 10, successful: 10},
		{name: "nothing to do", n: 0, failAfter: 100},
		{name: "the first fails, so no more are tried", n: 10, failAfter: 0, called: 1, successful: 0},
		{name: "a failure ends it after its batch", n: 10, failAfter: 5, called: 7, successful: 5}, // 1 + 2 + 4
	} {
		t.Run(test.name, func(t *testing.T) {
			var calls atomic.Int64
			succeeded, err := slowStart(test.n, 1, func(int) error {
				if calls.Add(1) > int64(test.failAfter) {
					return errors.New("over quota")
				}
				return nil
			})
			require.Equal(t, test.called, calls.Load())
			require.EqualValues(t, test.successful, succeeded)
			require.Equal(t, test.called > test.successful, err != nil)
		})
	}
}

func TestChooseVictims(t *testing.T) {
	for _, test := range []struct {
		name   string
		first  *api.Pod // is to go
		second *api.Pod // is to stay
		others []*api.Pod
	}{
		{name: "unassigned before assigned", first: testPod("a", unassigned), second: testPod("b", phase(api.PodPending))},
		{name: "pending before unknown", first: testPod("a", phase(api.PodPending)), second: testPod("b", phase(api.PodUnknown))},
		{name: "unknown before running", first: testPod("a", phase(api.PodUnknown)), second: testPod("b")},
		{name: "not ready before ready", first: testPod("a"), second: testPod("b", readyFor(time.Second))},
		{name: "lower deletion cost before higher", first: testPod("a", readyFor(time.Hour), cost("-5")), second: testPod("b", readyFor(time.Second))},
		{name: "a malformed deletion cost counts as none", first: testPod("a", readyFor(time.Second), cost("+7")), second: testPod("b", readyFor(time.Hour))},
		{name: "readiness outweighs deletion cost", first: testPod("a", cost("100")), second: testPod("b", readyFor(time.Second), cost("-100"))},
		{
			name: "on the more crowded node first", first: testPod("a", on("n1"), readyFor(time.Hour)), second: testPod("b", on("n2"), readyFor(time.Second)),
			others: []*api.Pod{testPod("other", on("n1"))},
		},
		{name: "ready for a shorter time first", first: testPod("a", readyFor(time.Minute)), second: testPod("b", readyFor(time.Hour))},
		{name: "times of the same order are told apart by UID", first: testPod("a", readyFor(70*time.Minute)), second: testPod("b", readyFor(65*time.Minute))},
		{name: "more restarts first", first: testPod("a", restarted(3), age(2*time.Hour)), second: testPod("b", restarted(1), age(time.Minute))},
		{name: "created later first", first: testPod("a", age(time.Minute)), second: testPod("b", age(time.Hour))},
	} {
		t.Run(test.name, func(t *testing.T) {
			pods := []*api.Pod{test.second, test.first}
			victims := chooseVictims(pods, append(test.others, pods...), 1, testNow)
			require.Equal(t, []*api.Pod{test.first}, victims)
			pods = []*api.Pod{test.first, test.second}
			require.Equal(t, []*api.Pod{test.first}, chooseVictims(pods, append(test.others, pods...), 1, testNow))
		})
	}
}

func TestReplicaSetStatus(t *testing.T) {
	rs := testReplicaSet("web", 4, 0)
	rs.Generation = 7
	rs.Spec.MinReadySeconds = 30
	rs.Spec.Template = testTemplate("v1")
	unlabelled := testPod("unlabelled", readyFor(time.Hour))
	unlabelled.Labels = nil
	active := []*api.Pod{testPod("old", readyFor(time.Hour)), testPod("fresh", readyFor(10*time.Second)), testPod("broken"), unlabelled}

	status, changesIn := replicaSetStatus(rs, active, []*api.Pod{testPod("leaving", terminating)}, nil, testNow)

	require.Equal(t, api.ReplicaSetStatus{
		Replicas: 4, FullyLabeledReplicas: 3, ReadyReplicas: 3, AvailableReplicas: 2,
		TerminatingReplicas: api.Ptr[int32](1), ObservedGeneration: 7,
	}, status)
	require.Equal(t, 20*time.Second, changesIn, "the fresh pod becomes available when it has been ready for 30 seconds")
}

func TestReplicaFailure(t *testing.T) {
	rs := testReplicaSet("web", 2, 0)
	status, _ := replicaSetStatus(rs, nil, nil, errors.New("over quota"), testNow)
	require.Len(t, status.Conditions, 1)
	require.Equal(t, "FailedCreate", status.Conditions[0].Reason)
	require.Equal(t, "over quota", status.Conditions[0].Message)

	rs.Status = status
	again, _ := replicaSetStatus(rs, nil, nil, errors.New("over quota, another time"), testNow.Add(time.Minute))
	require.Equal(t, status.Conditions, again.Conditions, "the first failure stays")

	fixed, _ := replicaSetStatus(rs, nil, nil, nil, testNow)
	require.Empty(t, fixed.Conditions)
	require.Len(t, rs.Status.Conditions, 1, "the cached object is not changed")

	tooMany := []*api.Pod{testPod("a"), testPod("b"), testPod("c")}
	failed, _ := replicaSetStatus(testReplicaSet("web", 2, 0), tooMany, nil, errors.New("no"), testNow)
	require.Equal(t, "FailedDelete", failed.Conditions[0].Reason)
}

func TestPodChangeMatters(t *testing.T) {
	base := testPod("a")
	for _, test := range []struct {
		name    string
		changed *api.Pod
		matters bool
	}{
		{name: "the scheduler picked a node", changed: testPod("a", on("n2"))},
		{name: "a container started", changed: testPod("a", restarted(1))},
		{name: "it became ready", changed: testPod("a", readyFor(0)), matters: true},
		{name: "it ended", changed: testPod("a", phase(api.PodFailed)), matters: true},
		{name: "it got an owner", changed: testPod("a", ownedBy(testReplicaSet("web", 1, 1))), matters: true},
		{name: "it lost its labels", changed: testPod("a", func(p *api.Pod) { p.Labels = nil }), matters: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.matters, podChangeMatters(base, test.changed))
		})
	}
}

func TestExpectations(t *testing.T) {
	key := api.Key{Namespace: "default", Name: "web"}
	waiting := func(e *expectations, now time.Time) bool {
		_, _, _, waiting := e.pending(key, now)
		return waiting
	}
	t.Run("nothing is expected at first", func(t *testing.T) {
		require.False(t, waiting(newExpectations(), testNow))
	})
	t.Run("creations are counted down", func(t *testing.T) {
		e := newExpectations()
		e.expect(key, 2, nil, testNow)
		e.creationsObserved(key, 1)
		require.True(t, waiting(e, testNow))
		e.creationsObserved(key, 1)
		require.False(t, waiting(e, testNow))
	})
	t.Run("more creations than expected are no debt", func(t *testing.T) {
		e := newExpectations()
		e.expect(key, 1, nil, testNow)
		e.creationsObserved(key, 3)
		require.False(t, waiting(e, testNow))
	})
	t.Run("a deletion counts once, however often it is announced", func(t *testing.T) {
		e := newExpectations()
		a, b := testPod("a"), testPod("b")
		e.expect(key, 0, []*api.Pod{a, b}, testNow)
		e.deletionObserved(key, a.UID)
		e.deletionObserved(key, a.UID)
		require.True(t, waiting(e, testNow))
		require.Equal(t, []*api.Pod{a}, e.withoutDeleted(key, []*api.Pod{a, b}))
		e.deletionObserved(key, b.UID)
		require.False(t, waiting(e, testNow))
	})
	t.Run("a lost event is not waited for for ever", func(t *testing.T) {
		e := newExpectations()
		e.expect(key, 1, nil, testNow)
		require.False(t, waiting(e, testNow.Add(expectationsTimeout+time.Second)))
	})
}

func TestOwnWrites(t *testing.T) {
	owner, set := api.Key{Name: "web"}, api.Key{Namespace: "default", Name: "web-1"}
	rs := testReplicaSet("web-1", 1, 1)
	rs.ResourceVersion = "20"
	cachedAt := func(revision int64) func(api.Key) int64 { return func(api.Key) int64 { return revision } }

	w := newOwnWrites()
	w.wrote(owner, rs, testNow)
	_, waiting := w.pending(owner, cachedAt(19), testNow)
	require.True(t, waiting, "the cache is older")
	_, waiting = w.pending(owner, cachedAt(20), testNow)
	require.False(t, waiting, "the cache shows the write")
	_, waiting = w.pending(owner, cachedAt(0), testNow)
	require.False(t, waiting, "what was seen once is not waited for again")

	w.wrote(owner, rs, testNow)
	w.deleted(owner, set)
	_, waiting = w.pending(owner, cachedAt(0), testNow)
	require.False(t, waiting, "what is deleted is not waited for")
}

func TestPlanClaim(t *testing.T) {
	selector := api.SelectorFromSet(map[string]string{"app": "web"})
	owner, other := testReplicaSet("web", 1, 1), testReplicaSet("other", 1, 1)
	dying := testReplicaSet("web", 1, 1)
	dying.DeletionTimestamp = api.Ptr(at(0))
	unlabelled := func(p *api.Pod) { p.Labels = nil }
	for _, test := range []struct {
		name  string
		owner *api.ReplicaSet
		pod   *api.Pod
		want  claimAction
	}{
		{name: "ours and matching: keep", owner: owner, pod: testPod("a", ownedBy(owner)), want: keep},
		{name: "ours, not matching: release", owner: owner, pod: testPod("a", ownedBy(owner), unlabelled), want: release},
		{name: "an orphan that matches: adopt", owner: owner, pod: testPod("a"), want: adopt},
		{name: "an orphan that doesn't match", owner: owner, pod: testPod("a", unlabelled), want: ignore},
		{name: "somebody else's, though it matches", owner: owner, pod: testPod("a", ownedBy(other)), want: ignore},
		{name: "an orphan that is being deleted", owner: owner, pod: testPod("a", terminating), want: ignore},
		{name: "an orphan in another namespace", owner: owner, pod: testPod("a", func(p *api.Pod) { p.Namespace = "elsewhere" }), want: ignore},
		{name: "a dying owner keeps what it has", owner: dying, pod: testPod("a", ownedBy(dying)), want: keep},
		{name: "a dying owner adopts nothing", owner: dying, pod: testPod("a"), want: ignore},
		{name: "a dying owner releases nothing", owner: dying, pod: testPod("a", ownedBy(dying), unlabelled), want: ignore},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, planClaim(test.owner, selector, test.pod))
		})
	}
}

// TestClaimForAnOwnerThatIsGone: the cache still shows a ReplicaSet that was deleted, and its pods were orphaned. Had the
// claim no error, the ReplicaSet would have no pods, and would make new ones.
func TestClaimForAnOwnerThatIsGone(t *testing.T) {
	owner := testReplicaSet("web", 1, 1)
	claim := claimer[*api.Pod]{owner: owner, selector: api.SelectorFromSet(map[string]string{"app": "web"})}
	claim.readOwner = func(context.Context) (api.Object, error) {
		return nil, api.NewNotFound(api.KindOf[*api.ReplicaSet](), "web")
	}
	claimed, err := claim.claim(t.Context(), []*api.Pod{testPod("a")})
	require.Empty(t, claimed)
	require.ErrorContains(t, err, "is gone")
}

func TestPacer(t *testing.T) {
	key := api.Key{Name: "web"}
	p := newPacer()
	require.True(t, p.due(key, testNow))
	p.done(key, testNow, 3)
	require.True(t, p.due(key, testNow.Add(time.Millisecond)), "small ReplicaSets are reported at once")
	p.done(key, testNow, 5000)
	require.False(t, p.due(key, testNow.Add(200*time.Millisecond)))
	require.True(t, p.due(key, testNow.Add(maxReportPause)))
}

func BenchmarkChooseVictims(b *testing.B) {
	pods := make([]*api.Pod, 5000)
	for i := range pods {
		pods[i] = testPod(fmt.Sprintf("p%d", i), on(fmt.Sprintf("n%d", i%100)), readyFor(time.Duration(i)*time.Second))
	}
	for b.Loop() {
		chooseVictims(pods, pods, 500, testNow)
	}
}
