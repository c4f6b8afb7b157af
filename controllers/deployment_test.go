package controllers

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestSurgeAndUnavailable(t *testing.T) {
	for _, test := range []struct {
		name                       string
		size                       int32
		surge, unavailable         string
		wantSurge, wantUnavailable int32
	}{
		{name: "numbers", size: 10, surge: "3", unavailable: "2", wantSurge: 3, wantUnavailable: 2},
		{name: "surge is rounded up, unavailable down", size: 3, surge: "25%", unavailable: "25%", wantSurge: 1, wantUnavailable: 0},
		{name: "both round to zero: one may be missing", size: 2, surge: "0%", unavailable: "1%", wantSurge: 0, wantUnavailable: 1},
		{name: "both zero: one may be missing", size: 2, surge: "0", unavailable: "0", wantSurge: 0, wantUnavailable: 1},
		{name: "no more can be missing than are wanted", size: 3, surge: "0", unavailable: "10", wantSurge: 0, wantUnavailable: 3},
		{name: "scaled to zero", size: 0, surge: "25%", unavailable: "25%", wantSurge: 0, wantUnavailable: 0},
		{name: "100%", size: 4, surge: "100%", unavailable: "100%", wantSurge: 4, wantUnavailable: 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := testDeployment(test.size, test.surge, test.unavailable)
			require.Equal(t, test.wantSurge, maxSurge(d))
			require.Equal(t, test.wantUnavailable, maxUnavailable(d))
		})
	}
}

func TestNewReplicaSetSize(t *testing.T) {
	for _, test := range []struct {
		name             string
		size             int32
		surge            string
		oldSize, newSize int32
		oldStatus        int32 // pods that its status counts, if more than its size
		oldChanged       bool  // its status does not know its size yet
		want             int32
	}{
		{name: "first rollout: all at once", size: 3, surge: "1", want: 3},
		{name: "the surge is used", size: 10, surge: "2", oldSize: 10, newSize: 0, want: 2},
		{name: "no room left", size: 10, surge: "2", oldSize: 10, newSize: 2, want: 2},
		{name: "room from a smaller old one", size: 10, surge: "2", oldSize: 5, newSize: 2, want: 7},
		{name: "pods of the old one that are not gone yet take up room", size: 10, surge: "2", oldSize: 5, oldStatus: 9, newSize: 2, want: 3},
		{name: "never more than wanted", size: 10, surge: "5", oldSize: 2, newSize: 8, want: 10},
		{name: "without surge it waits for the old one", size: 10, surge: "0", oldSize: 10, newSize: 0, want: 0},
		{name: "scaled down", size: 3, surge: "1", oldSize: 0, newSize: 5, want: 3},
		{name: "an old one that may have more pods than it says", size: 6, surge: "0", oldSize: 5, newSize: 0, oldChanged: true, want: 0},
		{name: "scaled down, whatever the old one says", size: 3, surge: "1", oldSize: 1, newSize: 5, oldChanged: true, want: 3},
		{name: "a surge that was larger before", size: 10, surge: "1", oldSize: 13, newSize: 0, want: 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &rollout{d: testDeployment(test.size, test.surge, "1"), new: testReplicaSet("new", test.newSize, 0), old: []*api.ReplicaSet{testReplicaSet("old", test.oldSize, test.oldSize)}}
			r.old[0].Status.Replicas = max(r.old[0].Status.Replicas, test.oldStatus)
			if test.oldChanged {
				r.old[0].Generation = r.old[0].Status.ObservedGeneration + 1
			}
			require.Equal(t, test.want, newReplicaSetSize(r))
		})
	}
}

func TestPlanScaleDown(t *testing.T) {
	type set struct{ size, available int32 }
	for _, test := range []struct {
		name               string
		size               int32
		surge, unavailable string
		new                set
		old                []set
		want               []int32 // sizes of the old ones afterwards
	}{
		{name: "nothing may be missing, so the new ones come first", size: 3, surge: "1", unavailable: "0", new: set{1, 0}, old: []set{{3, 3}}, want: []int32{3}},
		{name: "a new one is available, so an old one goes", size: 3, surge: "1", unavailable: "0", new: set{1, 1}, old: []set{{3, 3}}, want: []int32{2}},
		{name: "one may be missing and there is no surge", size: 10, surge: "0", unavailable: "1", new: set{0, 0}, old: []set{{10, 10}}, want: []int32{9}},
		{name: "two may be missing", size: 10, surge: "0", unavailable: "2", new: set{0, 0}, old: []set{{10, 10}}, want: []int32{8}},
		{name: "unhealthy replicas go first", size: 10, surge: "0", unavailable: "2", new: set{0, 0}, old: []set{{10, 8}}, want: []int32{8}},
		{name: "one unhealthy and one healthy", size: 10, surge: "0", unavailable: "2", new: set{0, 0}, old: []set{{10, 9}}, want: []int32{8}},
		{name: "new ones that are not available leave no room", size: 10, surge: "0", unavailable: "2", new: set{2, 0}, old: []set{{8, 8}}, want: []int32{8}},
		{name: "a crash-looping rollout stops", size: 10, surge: "3", unavailable: "2", new: set{5, 0}, old: []set{{8, 8}}, want: []int32{8}},
		{name: "rolling back from it frees the broken ones", size: 10, surge: "3", unavailable: "2", new: set{8, 7}, old: []set{{5, 0}}, want: []int32{1}},
		{name: "the oldest goes first", size: 10, surge: "3", unavailable: "0", new: set{3, 3}, old: []set{{2, 2}, {8, 8}}, want: []int32{0, 7}},
		{name: "an unhealthy younger one before a healthy older one", size: 4, surge: "1", unavailable: "0", new: set{1, 1}, old: []set{{3, 3}, {1, 0}}, want: []int32{3, 0}},
		{name: "a status that still counts deleted pods is capped", size: 3, surge: "1", unavailable: "0", new: set{2, 3}, old: []set{{2, 1}}, want: []int32{1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &rollout{d: testDeployment(test.size, test.surge, test.unavailable), new: testReplicaSet("new", test.new.size, test.new.available)}
			for i, old := range test.old {
				rs := testReplicaSet(string(rune('a'+i)), old.size, old.available)
				rs.CreationTimestamp = at(time.Duration(i) * time.Minute)
				r.old = append(r.old, rs)
			}
			plan := planScaleDown(r)
			require.NotEmpty(t, plan.why)
			var got []int32
			for _, rs := range r.old {
				size := replicas(rs)
				for _, step := range plan.steps {
					if step.rs == rs {
						size = step.size
					}
				}
				got = append(got, size)
			}
			require.Equal(t, test.want, got, plan.why)
		})
	}
	t.Run("a ReplicaSet that has not acted on its size yet is waited for", func(t *testing.T) {
		r := &rollout{d: testDeployment(3, "1", "0"), new: testReplicaSet("new", 3, 3), old: []*api.ReplicaSet{testReplicaSet("old", 1, 1)}}
		r.new.Generation = 2
		require.Empty(t, planScaleDown(r).steps)
	})
}

// TestRolloutNeverBelowMinimum walks whole rollouts, pod by pod, in the least lucky order: every pod that may go has
// gone before the next decision.
func TestRolloutNeverBelowMinimum(t *testing.T) {
	for size := int32(1); size <= 12; size++ {
		for _, limits := range [][2]string{{"1", "0"}, {"0", "1"}, {"25%", "25%"}, {"3", "2"}, {"0", "0"}, {"100%", "0"}, {"0", "100%"}} {
			d := testDeployment(size, limits[0], limits[1])
			r := &rollout{d: d, new: testReplicaSet("new", 0, 0), old: []*api.ReplicaSet{testReplicaSet("old", size, size)}}
			for step := 0; replicas(r.old[0]) > 0 || r.new.Status.AvailableReplicas < size; step++ {
				require.Less(t, step, 200, "the rollout of %d with %v is stuck", size, limits)
				if to := newReplicaSetSize(r); to != replicas(r.new) {
					*r.new.Spec.Replicas = to
				} else {
					for _, s := range planScaleDown(r).steps {
						*s.rs.Spec.Replicas = s.size
						s.rs.Status.AvailableReplicas = min(s.rs.Status.AvailableReplicas, s.size)
						s.rs.Status.Replicas = s.size
					}
				}
				total, availableNow := sumReplicas(r.all()), sumAvailable(r.all())
				require.LessOrEqual(t, total, size+maxSurge(d), "%d with %v", size, limits)
				require.GreaterOrEqual(t, availableNow, size-maxUnavailable(d), "%d with %v", size, limits)
				if r.new.Status.AvailableReplicas < replicas(r.new) {
					r.new.Status.AvailableReplicas++
				}
			}
		}
	}
}

func TestPlanScale(t *testing.T) {
	sized := func(name string, size, available, desired, most int32, age time.Duration) *api.ReplicaSet {
		rs := testReplicaSet(name, size, available)
		rs.CreationTimestamp = at(-age)
		setSizeAnnotations(rs, testDeployment(desired, intString(most-desired), "0"))
		return rs
	}
	for _, test := range []struct {
		name string
		d    *api.Deployment
		new  *api.ReplicaSet
		old  []*api.ReplicaSet
		want map[string]int32
	}{
		{name: "one active: it takes all", d: testDeployment(20, "0", "1"), new: sized("new", 10, 10, 10, 10, 0), want: map[string]int32{"new": 20}},
		{name: "none active: the newest takes all", d: testDeployment(5, "0", "1"),
			old: []*api.ReplicaSet{sized("a", 0, 0, 0, 0, time.Hour), sized("b", 0, 0, 0, 0, time.Minute)}, want: map[string]int32{"b": 5}},
		{name: "up in proportion", d: testDeployment(10, "0", "1"), new: sized("new", 3, 0, 5, 5, 0), old: []*api.ReplicaSet{sized("old", 2, 2, 5, 5, time.Hour)},
			want: map[string]int32{"new": 6, "old": 4}},
		{name: "down in proportion", d: testDeployment(5, "0", "1"), new: sized("new", 6, 0, 10, 10, 0), old: []*api.ReplicaSet{sized("old", 4, 4, 10, 10, time.Hour)},
			want: map[string]int32{"new": 3, "old": 2}},
		{name: "leftover goes to the largest", d: testDeployment(11, "0", "1"), new: sized("new", 5, 0, 10, 10, 0), old: []*api.ReplicaSet{sized("old", 5, 5, 10, 10, time.Hour)},
			want: map[string]int32{"new": 6, "old": 5}},
		{name: "to zero", d: testDeployment(0, "0", "1"), new: sized("new", 3, 0, 5, 5, 0), old: []*api.ReplicaSet{sized("old", 2, 2, 5, 5, time.Hour)},
			want: map[string]int32{"new": 0, "old": 0}},
		{name: "the surge is part of it", d: testDeployment(15, "3", "2"), new: sized("new", 5, 0, 10, 13, 0), old: []*api.ReplicaSet{sized("old", 8, 8, 10, 13, time.Hour)},
			want: map[string]int32{"new": 7, "old": 11}},
		{name: "saturated: the old ones end", d: testDeployment(5, "1", "0"), new: sized("new", 5, 5, 5, 6, 0), old: []*api.ReplicaSet{sized("old", 2, 2, 7, 8, time.Hour)},
			want: map[string]int32{"old": 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]int32{}
			for _, step := range planScale(&rollout{d: test.d, new: test.new, old: test.old}) {
				got[step.rs.Name] = step.size
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestGrowsTooEarly(t *testing.T) {
	grown, shrunk := testReplicaSet("new", 3, 3), testReplicaSet("old", 1, 2)
	grown.UID, shrunk.UID = "new", "old"
	r := &rollout{d: testDeployment(4, "1", "1"), new: grown, old: []*api.ReplicaSet{shrunk}}
	grow, shrink := resizing{grown, 5}, resizing{shrunk, 0}
	require.Nil(t, growsTooEarly(r, []resizing{grow}), "all have acted on their last change")

	shrunk.Generation = shrunk.Status.ObservedGeneration + 1
	require.Equal(t, shrunk, growsTooEarly(r, []resizing{shrink, grow}), "the old one may have more pods than its size says")
	require.Nil(t, growsTooEarly(r, []resizing{shrink}), "nothing grows")

	grown.Generation, shrunk.Generation = grown.Status.ObservedGeneration+1, shrunk.Status.ObservedGeneration
	require.Nil(t, growsTooEarly(r, []resizing{grow}), "its own pods count for itself")
}

func intString(n int32) string { return api.FromInt(int(n)).String() }

func TestIsScalingEvent(t *testing.T) {
	d := testDeployment(5, "1", "0")
	rs := testReplicaSet("web-1", 5, 5)
	require.False(t, isScalingEvent(&rollout{d: d, new: rs}), "no annotation says nothing")
	setSizeAnnotations(rs, d)
	require.False(t, isScalingEvent(&rollout{d: d, new: rs}))
	d.Spec.Replicas = api.Ptr[int32](7)
	require.True(t, isScalingEvent(&rollout{d: d, new: rs}))
	rs.Spec.Replicas = api.Ptr[int32](0)
	require.False(t, isScalingEvent(&rollout{d: d, new: rs}), "history is not scaled")
}

func TestSplitReplicaSets(t *testing.T) {
	d := testDeployment(1, "1", "0")
	set := func(name, image string, age time.Duration) *api.ReplicaSet {
		rs := testReplicaSet(name, 1, 1)
		rs.Spec.Template = testTemplate(image)
		rs.Spec.Template.Labels[podTemplateHash] = name
		rs.CreationTimestamp = at(-age)
		return rs
	}
	first, second, twin := set("first", "v0", 3*time.Hour), set("second", "v1", 2*time.Hour), set("twin", "v1", time.Hour)
	current, old := splitReplicaSets(d, []*api.ReplicaSet{twin, second, first})
	require.Equal(t, "second", current.Name, "of two with the template the older is the one")
	require.Equal(t, []*api.ReplicaSet{first, twin}, old)

	current, _ = splitReplicaSets(d, []*api.ReplicaSet{first})
	require.Nil(t, current)
}

func TestReplicaSetName(t *testing.T) {
	require.Equal(t, "web-6d4b75cb6d", replicaSetName("web", "6d4b75cb6d"))
	long := replicaSetName(strings.Repeat("a", 253), "6d4b75cb6d")
	require.Len(t, long, 253)
	require.True(t, strings.HasSuffix(long, "a-6d4b75cb6d"))
	require.Equal(t, "web-", podNamePrefix("web"))
	require.Equal(t, strings.Repeat("a", 253), podNamePrefix(strings.Repeat("a", 253)))
}

func TestNewReplicaSet(t *testing.T) {
	d := testDeployment(3, "1", "0")
	d.Annotations = map[string]string{"team": "blue", lastAppliedAnnotation: "{}", revisionAnnotation: "9"}
	before := testReplicaSet("web-old", 0, 0)
	before.Annotations = map[string]string{revisionAnnotation: "4"}

	rs := newReplicaSet(&rollout{d: d, old: []*api.ReplicaSet{before}}, 1)

	hash := rs.Labels[podTemplateHash]
	require.NotEmpty(t, hash)
	require.Equal(t, "web-"+hash, rs.Name)
	require.Equal(t, hash, rs.Spec.Selector.MatchLabels[podTemplateHash])
	require.Equal(t, hash, rs.Spec.Template.Labels[podTemplateHash])
	require.Equal(t, map[string]string{"team": "blue", revisionAnnotation: "5", desiredReplicasAnnotation: "3", maxReplicasAnnotation: "4"}, rs.Annotations)
	require.True(t, api.IsControlledBy(rs, d))
	require.NotContains(t, d.Spec.Template.Labels, podTemplateHash, "the Deployment itself is not labelled")
	require.NotContains(t, d.Spec.Selector.MatchLabels, podTemplateHash)

	d.Status.CollisionCount = api.Ptr[int32](1)
	require.NotEqual(t, rs.Name, newReplicaSet(&rollout{d: d}, 1).Name, "a counted collision gives another name")
}

func TestSetRevision(t *testing.T) {
	d := testDeployment(1, "1", "0")
	for _, test := range []struct {
		name              string
		revision, history string
		next              int64
		wantChanged       bool
		wantRevision      string
		wantHistory       string
	}{
		{name: "a new one gets the next number", next: 3, wantChanged: true, wantRevision: "3"},
		{name: "the newest keeps its number", revision: "3", next: 3, wantRevision: "3"},
		{name: "a higher number is kept when others were deleted", revision: "7", next: 3, wantRevision: "7"},
		{name: "rolling back gives a new number and remembers the old", revision: "1", next: 4, wantChanged: true, wantRevision: "4", wantHistory: "1"},
		{name: "and so on", revision: "4", history: "1", next: 6, wantChanged: true, wantRevision: "6", wantHistory: "1,4"},
		{name: "what is no number is left alone", revision: "x", next: 6, wantRevision: "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rs := testReplicaSet("web-1", 1, 1)
			rs.Annotations = map[string]string{}
			if test.revision != "" {
				rs.Annotations[revisionAnnotation] = test.revision
			}
			if test.history != "" {
				rs.Annotations[revisionHistoryAnnotation] = test.history
			}
			require.Equal(t, test.wantChanged, setRevision(rs, d, test.next))
			require.Equal(t, test.wantRevision, rs.Annotations[revisionAnnotation])
			require.Equal(t, test.wantHistory, rs.Annotations[revisionHistoryAnnotation])
		})
	}
}

func TestAppendRevision(t *testing.T) {
	history := strings.TrimSuffix(strings.Repeat("1234,", 400), ",") // 1999 characters
	got, ok := appendRevision(history, "99999")
	require.True(t, ok)
	require.LessOrEqual(t, len(got), maxRevisionHistory)
	require.True(t, strings.HasSuffix(got, ",1234,99999"))
}

func TestPlanCleanUp(t *testing.T) {
	set := func(name, revision string, size, status int32) *api.ReplicaSet {
		rs := testReplicaSet(name, size, 0)
		rs.Status.Replicas = status
		rs.Annotations = map[string]string{revisionAnnotation: revision}
		return rs
	}
	dying := set("dying", "1", 0, 0)
	dying.DeletionTimestamp = api.Ptr(at(0))
	unobserved := set("unobserved", "1", 0, 0)
	unobserved.Generation = 2
	for _, test := range []struct {
		name  string
		limit *int32
		old   []*api.ReplicaSet
		want  []string
	}{
		{name: "no limit", old: []*api.ReplicaSet{set("a", "1", 0, 0)}},
		{name: "the highest number is no limit", limit: api.Ptr[int32](math.MaxInt32), old: []*api.ReplicaSet{set("a", "1", 0, 0)}},
		{name: "within the limit", limit: api.Ptr[int32](1), old: []*api.ReplicaSet{set("a", "1", 0, 0)}},
		{name: "the lowest revision goes", limit: api.Ptr[int32](1), old: []*api.ReplicaSet{set("b", "10", 0, 0), set("a", "9", 0, 0)}, want: []string{"a"}},
		{name: "limit zero", limit: api.Ptr[int32](0), old: []*api.ReplicaSet{set("a", "1", 0, 0), set("b", "2", 0, 0)}, want: []string{"a", "b"}},
		{name: "one with pods stays", limit: api.Ptr[int32](0), old: []*api.ReplicaSet{set("a", "1", 1, 1), set("b", "2", 0, 1)}},
		{name: "one that has not reported stays", limit: api.Ptr[int32](0), old: []*api.ReplicaSet{unobserved}},
		{name: "one that is being deleted does not count", limit: api.Ptr[int32](1), old: []*api.ReplicaSet{dying, set("a", "2", 0, 0)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := testDeployment(1, "1", "0")
			d.Spec.RevisionHistoryLimit = test.limit
			var got []string
			for _, rs := range planCleanUp(&rollout{d: d, old: test.old}) {
				got = append(got, rs.Name)
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestStatusOf(t *testing.T) {
	d := testDeployment(3, "1", "1")
	d.Generation = 4
	old, new := testReplicaSet("old", 2, 2), testReplicaSet("new", 2, 0)
	old.Status.TerminatingReplicas = api.Ptr[int32](1)

	status := statusOf(&rollout{d: d, new: new, old: []*api.ReplicaSet{old}}, testNow)

	require.EqualValues(t, 4, status.ObservedGeneration)
	require.EqualValues(t, 4, status.Replicas)
	require.EqualValues(t, 2, status.UpdatedReplicas)
	require.EqualValues(t, 2, status.ReadyReplicas)
	require.EqualValues(t, 2, status.AvailableReplicas)
	require.EqualValues(t, 2, status.UnavailableReplicas)
	require.Equal(t, api.Ptr[int32](1), status.TerminatingReplicas)
	require.Equal(t, "MinimumReplicasAvailable", conditionOf(status, api.DeploymentAvailable).Reason)

	old.Status.AvailableReplicas = 1
	status = statusOf(&rollout{d: d, new: new, old: []*api.ReplicaSet{old}}, testNow)
	require.Equal(t, "MinimumReplicasUnavailable", conditionOf(status, api.DeploymentAvailable).Reason)
	require.Equal(t, "Deployment does not have minimum availability.", conditionOf(status, api.DeploymentAvailable).Message)

	old.Status.TerminatingReplicas = nil
	require.Nil(t, statusOf(&rollout{d: d, new: new, old: []*api.ReplicaSet{old}}, testNow).TerminatingReplicas, "half a sum would mislead")
}

func TestEstimateProgress(t *testing.T) {
	condition := func(reason string, status api.ConditionStatus, updated time.Duration) api.DeploymentCondition {
		c := newCondition(api.DeploymentProgressing, status, reason, "", testNow.Add(-updated))
		return c
	}
	for _, test := range []struct {
		name       string
		deadline   *int32
		before     api.DeploymentStatus
		newSet     *api.ReplicaSet
		oldSet     *api.ReplicaSet
		wantReason string
	}{
		{name: "complete", deadline: api.Ptr[int32](600), newSet: testReplicaSet("new", 3, 3), wantReason: "NewReplicaSetAvailable",
			before: api.DeploymentStatus{Conditions: []api.DeploymentCondition{condition("ReplicaSetUpdated", api.ConditionTrue, time.Minute)}}},
		{name: "more updated replicas are progress", deadline: api.Ptr[int32](600), newSet: testReplicaSet("new", 2, 0), oldSet: testReplicaSet("old", 2, 2), wantReason: "ReplicaSetUpdated",
			before: api.DeploymentStatus{Replicas: 3, UpdatedReplicas: 1, ReadyReplicas: 2, AvailableReplicas: 2}},
		{name: "no progress, time left", deadline: api.Ptr[int32](600), newSet: testReplicaSet("new", 1, 0), oldSet: testReplicaSet("old", 3, 3), wantReason: "ReplicaSetUpdated",
			before: api.DeploymentStatus{Replicas: 4, UpdatedReplicas: 1, ReadyReplicas: 3, AvailableReplicas: 3, Conditions: []api.DeploymentCondition{condition("ReplicaSetUpdated", api.ConditionTrue, time.Minute)}}},
		{name: "no progress, out of time", deadline: api.Ptr[int32](600), newSet: testReplicaSet("new", 1, 0), oldSet: testReplicaSet("old", 3, 3), wantReason: "ProgressDeadlineExceeded",
			before: api.DeploymentStatus{Replicas: 4, UpdatedReplicas: 1, ReadyReplicas: 3, AvailableReplicas: 3, Conditions: []api.DeploymentCondition{condition("ReplicaSetUpdated", api.ConditionTrue, time.Hour)}}},
		{name: "a pod that fails later is no lack of progress", deadline: api.Ptr[int32](600), newSet: testReplicaSet("new", 3, 2), wantReason: "NewReplicaSetAvailable",
			before: api.DeploymentStatus{Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 3, AvailableReplicas: 3, Conditions: []api.DeploymentCondition{condition("NewReplicaSetAvailable", api.ConditionTrue, time.Hour)}}},
		{name: "no deadline, no condition", newSet: testReplicaSet("new", 1, 0), wantReason: "",
			before: api.DeploymentStatus{Conditions: []api.DeploymentCondition{condition("ReplicaSetUpdated", api.ConditionTrue, time.Hour)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := testDeployment(3, "1", "0")
			d.Spec.ProgressDeadlineSeconds = test.deadline
			d.Status = test.before
			r := &rollout{d: d, new: test.newSet}
			if test.oldSet != nil {
				r.old = []*api.ReplicaSet{test.oldSet}
			}
			status := statusOf(r, testNow)
			estimateProgress(r, &status, testNow)
			got := conditionOf(status, api.DeploymentProgressing)
			if test.wantReason == "" {
				require.Nil(t, got)
				return
			}
			require.NotNil(t, got)
			require.Equal(t, test.wantReason, got.Reason)
		})
	}
	t.Run("progress moves the time that the deadline counts from, not the transition", func(t *testing.T) {
		d := testDeployment(3, "1", "0")
		d.Status.Conditions = []api.DeploymentCondition{condition("ReplicaSetUpdated", api.ConditionTrue, time.Hour)}
		r := &rollout{d: d, new: testReplicaSet("new", 2, 1)}
		status := statusOf(r, testNow)
		estimateProgress(r, &status, testNow)
		got := conditionOf(status, api.DeploymentProgressing)
		require.Equal(t, at(0), got.LastUpdateTime)
		require.Equal(t, at(-time.Hour), got.LastTransitionTime)
		require.Equal(t, `ReplicaSet "new" is progressing.`, got.Message)
	})
	t.Run("a failing ReplicaSet shows in the Deployment, and is forgotten when it recovers", func(t *testing.T) {
		d := testDeployment(3, "1", "0")
		r := &rollout{d: d, new: testReplicaSet("new", 2, 1)}
		r.new.Status.Conditions = []api.ReplicaSetCondition{{Type: api.ReplicaSetReplicaFailure, Status: api.ConditionTrue, Reason: "FailedCreate", Message: "over quota"}}
		status := statusOf(r, testNow)
		estimateProgress(r, &status, testNow)
		require.Equal(t, "over quota", conditionOf(status, api.DeploymentReplicaFailure).Message)
		r.d.Status, r.new.Status.Conditions = status, nil
		status = statusOf(r, testNow)
		estimateProgress(r, &status, testNow)
		require.Nil(t, conditionOf(status, api.DeploymentReplicaFailure))
	})
}

func TestCheckProgressIn(t *testing.T) {
	d := testDeployment(3, "1", "0")
	status := api.DeploymentStatus{Conditions: []api.DeploymentCondition{newCondition(api.DeploymentProgressing, api.ConditionTrue, "ReplicaSetUpdated", "", testNow.Add(-3*time.Minute))}}
	require.Equal(t, 7*time.Minute+time.Second, checkProgressIn(d, status, testNow))
	require.Equal(t, time.Second, checkProgressIn(d, status, testNow.Add(time.Hour)), "a deadline that has passed is looked at soon")
	status.Conditions[0].Reason = "ProgressDeadlineExceeded"
	require.Zero(t, checkProgressIn(d, status, testNow))
	require.Zero(t, checkProgressIn(d, api.DeploymentStatus{}, testNow))
}

func TestNotePause(t *testing.T) {
	d := testDeployment(3, "1", "0")
	d.Spec.Paused = true
	notePause(d, testNow)
	require.Equal(t, "DeploymentPaused", conditionOf(d.Status, api.DeploymentProgressing).Reason)
	require.Equal(t, api.ConditionUnknown, conditionOf(d.Status, api.DeploymentProgressing).Status)
	d.Spec.Paused = false
	notePause(d, testNow.Add(time.Hour))
	resumed := conditionOf(d.Status, api.DeploymentProgressing)
	require.Equal(t, "DeploymentResumed", resumed.Reason)
	require.Equal(t, at(time.Hour), resumed.LastUpdateTime, "the time of the pause does not count")
	resumed.Reason = "ProgressDeadlineExceeded"
	d.Spec.Paused = true
	notePause(d, testNow)
	require.Equal(t, "ProgressDeadlineExceeded", conditionOf(d.Status, api.DeploymentProgressing).Reason)
}
