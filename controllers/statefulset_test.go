package controllers

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func testStatefulSet(size int32, change func(spec *api.StatefulSetSpec)) *api.StatefulSet {
	set := &api.StatefulSet{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "db", UID: "db-uid"}}
	set.Spec = api.StatefulSetSpec{
		Replicas: &size, Template: testTemplate("v2"), PodManagementPolicy: api.OrderedReadyPodManagement,
		Selector: &api.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
		UpdateStrategy: api.StatefulSetUpdateStrategy{
			Type:          api.RollingUpdateStatefulSetStrategyType,
			RollingUpdate: &api.RollingUpdateStatefulSetStrategy{Partition: api.Ptr[int32](0)},
		},
	}
	if change != nil {
		change(&set.Spec)
	}
	return set
}

// member is a ready pod of a set, of the new revision.
func member(ordinal int, options ...func(*api.Pod)) *api.Pod {
	name := fmt.Sprintf("db-%d", ordinal)
	return testPod(name, append([]func(*api.Pod){func(pod *api.Pod) {
		pod.Labels = map[string]string{"app": "web", api.LabelStatefulSetPodName: name, api.LabelControllerRevisionHash: "new"}
		pod.Status.Conditions = []api.PodCondition{{Type: api.PodReady, Status: api.ConditionTrue, LastTransitionTime: at(0)}}
	}}, options...)...)
}

func outdated(pod *api.Pod) { pod.Labels[api.LabelControllerRevisionHash] = "old" }

func notReady(pod *api.Pod) { pod.Status.Conditions = nil }

func TestPlanStateful(t *testing.T) {
	parallel := func(s *api.StatefulSetSpec) { s.PodManagementPolicy = api.ParallelPodManagement }
	for name, test := range map[string]struct {
		set            *api.StatefulSet
		pods           []*api.Pod
		create, remove []string
		waits          bool
	}{
		"the first pod first":       {set: testStatefulSet(3, nil), create: []string{"db-0 new"}},
		"the next when it is ready": {set: testStatefulSet(3, nil), pods: []*api.Pod{member(0)}, create: []string{"db-1 new"}},
		"not before":                {set: testStatefulSet(3, nil), pods: []*api.Pod{member(0, notReady)}, waits: true},
		"all at once":               {set: testStatefulSet(3, parallel), pods: []*api.Pod{member(1, notReady)}, create: []string{"db-0 new", "db-2 new"}},
		"a hole is filled":          {set: testStatefulSet(3, nil), pods: []*api.Pod{member(0), member(2)}, create: []string{"db-1 new"}},
		"a lost one is waited for":  {set: testStatefulSet(2, nil), pods: []*api.Pod{member(0), member(1, leaving)}, waits: true},
		"one that ended makes room": {set: testStatefulSet(1, nil), pods: []*api.Pod{member(0, phase(api.PodFailed))}, remove: []string{"db-0"}},
		"the highest goes first":    {set: testStatefulSet(1, nil), pods: []*api.Pod{member(0), member(1), member(2)}, remove: []string{"db-2"}},
		"all surplus at once":       {set: testStatefulSet(1, parallel), pods: []*api.Pod{member(0), member(1), member(2)}, remove: []string{"db-2", "db-1"}},
		"counting from five":        {set: testStatefulSet(1, func(s *api.StatefulSetSpec) { s.Ordinals = &api.StatefulSetOrdinals{Start: 5} }), create: []string{"db-5 new"}},
		"the highest is updated":    {set: testStatefulSet(2, nil), pods: []*api.Pod{member(0, outdated), member(1, outdated)}, remove: []string{"db-1"}},
		"then the next":             {set: testStatefulSet(2, nil), pods: []*api.Pod{member(0, outdated), member(1)}, remove: []string{"db-0"}},
		"a canary":                  {set: testStatefulSet(2, func(s *api.StatefulSetSpec) { s.UpdateStrategy.RollingUpdate.Partition = api.Ptr[int32](1) }), pods: []*api.Pod{member(0, outdated), member(1)}},
		"the old template below it": {set: testStatefulSet(2, func(s *api.StatefulSetSpec) { s.UpdateStrategy.RollingUpdate.Partition = api.Ptr[int32](1) }), pods: []*api.Pod{member(1)}, create: []string{"db-0 old"}},
		"a canary of those from five": {set: testStatefulSet(2, func(s *api.StatefulSetSpec) {
			s.Ordinals, s.UpdateStrategy.RollingUpdate.Partition = &api.StatefulSetOrdinals{Start: 5}, api.Ptr[int32](1)
		}), pods: []*api.Pod{member(5, outdated), member(6)}},
		"the partition's own from five": {set: testStatefulSet(2, func(s *api.StatefulSetSpec) {
			s.Ordinals, s.UpdateStrategy.RollingUpdate.Partition = &api.StatefulSetOrdinals{Start: 5}, api.Ptr[int32](1)
		}), pods: []*api.Pod{member(5, outdated), member(6, outdated)}, remove: []string{"db-6"}},
		"only when somebody deletes": {set: testStatefulSet(1, func(s *api.StatefulSetSpec) {
			s.UpdateStrategy = api.StatefulSetUpdateStrategy{Type: api.OnDeleteStatefulSetStrategyType}
		}), pods: []*api.Pod{member(0, outdated)}},
		"one that is broken may be mended":   {set: testStatefulSet(3, parallel), pods: []*api.Pod{member(0, outdated), member(1, outdated, notReady), member(2)}, remove: []string{"db-1"}},
		"but not before the new one is well": {set: testStatefulSet(3, parallel), pods: []*api.Pod{member(0, outdated), member(1, outdated), member(2, notReady)}},
		"one lower down is not waited for":   {set: testStatefulSet(3, parallel), pods: []*api.Pod{member(0, notReady), member(1, outdated), member(2)}, remove: []string{"db-1"}},
		"with a limit each one counts": {set: testStatefulSet(3, func(s *api.StatefulSetSpec) {
			parallel(s)
			s.UpdateStrategy.RollingUpdate.MaxUnavailable = api.Ptr(api.FromInt(1))
		}), pods: []*api.Pod{member(0, notReady), member(1, outdated), member(2)}},
		"a share is rounded down, to one at least": {
			set:  testStatefulSet(3, func(s *api.StatefulSetSpec) { s.UpdateStrategy.RollingUpdate.MaxUnavailable = intOrPercent("50%") }),
			pods: []*api.Pod{member(0, outdated), member(1, outdated), member(2, outdated)}, remove: []string{"db-2"},
		},
		"two at a time": {
			set:  testStatefulSet(3, func(s *api.StatefulSetSpec) { s.UpdateStrategy.RollingUpdate.MaxUnavailable = api.Ptr(api.FromInt(2)) }),
			pods: []*api.Pod{member(0, outdated), member(1, outdated), member(2, outdated)}, remove: []string{"db-2", "db-1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			plan := planStateful(test.set, test.pods, "old", "new", testNow)
			var create, remove []string
			for _, c := range plan.create {
				create = append(create, fmt.Sprintf("db-%d %s", c.ordinal, c.revision))
			}
			for _, r := range plan.remove {
				remove = append(remove, r.pod.Name)
			}
			require.Equal(t, test.create, create)
			require.Equal(t, test.remove, remove)
			require.Equal(t, test.waits, plan.wait != "")
		})
	}
}

func TestClaimOwners(t *testing.T) {
	const retain, remove = api.RetainPersistentVolumeClaimRetentionPolicyType, api.DeletePersistentVolumeClaimRetentionPolicyType
	for _, test := range []struct {
		deleted, scaled api.PersistentVolumeClaimRetentionPolicyType
		ordinal         int
		owners          []string
	}{
		{retain, retain, 0, nil}, {retain, retain, 5, nil},
		{remove, retain, 0, []string{"db"}}, {remove, retain, 5, []string{"db"}},
		{retain, remove, 0, nil}, {retain, remove, 5, []string{"db-5"}},
		{remove, remove, 0, []string{"db"}}, {remove, remove, 5, []string{"db-5"}},
	} {
		set := testStatefulSet(2, func(s *api.StatefulSetSpec) {
			s.PersistentVolumeClaimRetentionPolicy = &api.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: test.deleted, WhenScaled: test.scaled}
		})
		var names []string
		owners, conflict := claimOwners(set, member(test.ordinal), []api.OwnerReference{api.NewControllerRef(set)})
		require.False(t, conflict)
		for _, ref := range owners {
			names = append(names, ref.Name)
		}
		require.Equal(t, test.owners, names, "%+v", test)
	}
}

// A claim that somebody else has a hand in.
func TestClaimOwnersOfOthers(t *testing.T) {
	const remove = api.DeletePersistentVolumeClaimRetentionPolicyType
	set := testStatefulSet(2, func(s *api.StatefulSetSpec) {
		s.PersistentVolumeClaimRetentionPolicy = &api.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: remove, WhenScaled: remove}
	})
	pod := member(5)
	ofSet, ofPod := api.NewControllerRef(set), api.NewControllerRef(pod)
	notControlling := func(ref api.OwnerReference) api.OwnerReference {
		ref.Controller = nil
		return ref
	}
	former := ofPod
	former.UID = "former"
	other := api.OwnerReference{APIVersion: "example.com/v1", Kind: "Backup", Name: "b", UID: "b", Controller: api.Ptr(true)}
	for name, test := range map[string]struct {
		owners, want []api.OwnerReference
		conflict     bool
	}{
		"an owner that does not manage it": {[]api.OwnerReference{notControlling(other)}, []api.OwnerReference{notControlling(other), ofPod}, false},
		"another controller":               {[]api.OwnerReference{other, ofSet}, []api.OwnerReference{other}, true},
		"a former pod":                     {[]api.OwnerReference{former}, []api.OwnerReference{former}, false},
		"ours, but not as controller":      {[]api.OwnerReference{notControlling(ofPod)}, []api.OwnerReference{ofPod}, false},
	} {
		got, conflict := claimOwners(set, pod, test.owners)
		require.Equal(t, test.want, got, name)
		require.Equal(t, test.conflict, conflict, name)
	}
}

func TestStatefulPod(t *testing.T) {
	set := testStatefulSet(1, func(s *api.StatefulSetSpec) {
		s.ServiceName = "dbs"
		s.VolumeClaimTemplates = []api.PersistentVolumeClaim{{ObjectMeta: api.ObjectMeta{Name: "data"}}}
		s.Template.Spec.Volumes = []api.Volume{{Name: "data"}, {Name: "tmp"}}
	})
	pod := statefulPod(set, &set.Spec.Template, "rev", 3)
	require.Equal(t, []string{"db-3", "db-3", "dbs"}, []string{pod.Name, pod.Spec.Hostname, pod.Spec.Subdomain})
	require.Equal(t, map[string]string{"app": "web", "statefulset.kubernetes.io/pod-name": "db-3", "apps.kubernetes.io/pod-index": "3", "controller-revision-hash": "rev"}, pod.Labels)
	require.Len(t, pod.Spec.Volumes, 2)
	require.Equal(t, "data-db-3", pod.Spec.Volumes[slices.IndexFunc(pod.Spec.Volumes, func(v api.Volume) bool { return v.Name == "data" })].PersistentVolumeClaim.ClaimName)
	require.Equal(t, "data-db-3", statefulClaims(set, 3)[0].Name)
	_, ordinal, ok := statefulName("a-b-12")
	require.True(t, ok)
	require.Equal(t, 12, ordinal)
	_, _, ok = statefulName("web-x")
	require.False(t, ok)
}

// Whatever the policies are, the set is looked at again when the next pod has been ready for long enough.
func TestStatefulStatusChanges(t *testing.T) {
	since := func(d time.Duration) func(*api.Pod) {
		return func(pod *api.Pod) { pod.Status.Conditions[0].LastTransitionTime = at(d) }
	}
	set := testStatefulSet(4, func(s *api.StatefulSetSpec) { s.MinReadySeconds = 10 })
	pods := []*api.Pod{member(0, since(0)), member(1, since(8*time.Second)), member(2, since(6*time.Second)), member(3, notReady)}
	for now, want := range map[time.Duration]struct {
		available int32
		in        time.Duration
	}{9: {0, 1}, 10: {1, 6}, 17: {2, 1}, 20: {3, 0}} {
		status, changesIn := statefulStatus(set, pods, "new", "new", at(now*time.Second).Time)
		require.Equal(t, want.available, status.AvailableReplicas, "second %d", now)
		require.Equal(t, want.in*time.Second, changesIn, "second %d", now)
	}
}
