package controllers

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"kubelite/api"
)

// The arithmetic of a rollout. Everything here is a pure function of the Deployment and its ReplicaSets.

// resizing is one step of a plan: give rs a new size.
type resizing struct {
	rs   *api.ReplicaSet
	size int32
}

// newReplicaSetSize is how large the new ReplicaSet should be now: as large as maxSurge leaves room for. While another has
// not acted on its last change nobody knows how many pods it has: room is made by those that said so.
func newReplicaSetSize(r *rollout) int32 {
	current := int32(0)
	if r.new != nil {
		current = replicas(r.new)
	}
	want := wanted(r.d)
	if r.d.Spec.Strategy.Type == api.RecreateDeploymentStrategyType || current >= want {
		return want
	}
	if unsettled(r.all()) != nil {
		return current
	}
	room := want + maxSurge(r.d) - sumExisting(r.all())
	return current + min(max(room, 0), want-current)
}

// scaleDownPlan is what planScaleDown decided, and why in words.
type scaleDownPlan struct {
	steps []resizing
	why   string
}

// planScaleDown decides by how much the old ReplicaSets can shrink.
//
//	room = all - minAvailable - newUnavailable
//
// Pods of the new ReplicaSet that are not available don't count: with replicas 10, maxSurge 3 and maxUnavailable 2,
// a broken new image gets 5 pods, the old ReplicaSet stays at 8, and 13 - 8 - 5 leaves no room: the rollout stops
// with 8 pods that work.
//
// Step 1 takes what doesn't work anyway. Otherwise an old ReplicaSet whose pods never became available would keep
// the new one from growing. Step 2 takes pods that work, oldest ReplicaSet first, down to minAvailable.
func planScaleDown(r *rollout) scaleDownPlan {
	if sumReplicas(r.old) == 0 {
		return scaleDownPlan{why: "no old replicas are left"}
	}
	all := r.all()
	if rs := unsettled(all); rs != nil {
		return scaleDownPlan{why: fmt.Sprintf("%s has not acted on its last change yet", rs.Name)}
	}
	minAvailable := wanted(r.d) - maxUnavailable(r.d)
	availableNow := sumAvailable(all)
	room := sumReplicas(all) - minAvailable - (replicas(r.new) - available(r.new))
	if room <= 0 {
		return scaleDownPlan{why: fmt.Sprintf("%d are available and %d must be; %d new ones are not available yet",
			availableNow, minAvailable, replicas(r.new)-available(r.new))}
	}

	old := slices.SortedStableFunc(slices.Values(r.old), byAge)
	size := make([]int32, len(old))
	spare, unhealthy := availableNow-minAvailable, int32(0)
	for i, rs := range old { // Step 1: unhealthy replicas first
		n := min(room-unhealthy, replicas(rs)-available(rs))
		size[i] = replicas(rs) - n
		unhealthy += n
	}
	healthy := int32(0)
	for i := range old { // Step 2: then healthy ones, as many as are to spare
		n := min(size[i], max(spare-healthy, 0))
		size[i] -= n
		healthy += n
	}
	plan := scaleDownPlan{}
	for i, rs := range old {
		if size[i] != replicas(rs) {
			plan.steps = append(plan.steps, resizing{rs, size[i]})
		}
	}
	switch {
	case len(plan.steps) == 0:
		plan.why = fmt.Sprintf("%d are available and %d must be", availableNow, minAvailable)
	case healthy == 0:
		plan.why = fmt.Sprintf("%d old replicas don't work", unhealthy)
	default:
		plan.why = fmt.Sprintf("%d are available and %d must be", availableNow, minAvailable)
	}
	return plan
}

// isScalingEvent tells whether the user changed the size of the Deployment: some ReplicaSet still remembers another.
func isScalingEvent(r *rollout) bool {
	return slices.ContainsFunc(activeOnly(r.all()), func(rs *api.ReplicaSet) bool {
		desired, ok := sizeAnnotation(rs, desiredReplicasAnnotation)
		return ok && desired != wanted(r.d)
	})
}

// planScale gives every ReplicaSet its size after the Deployment was scaled, or while it is paused. In the middle of
// a rollout all grow or shrink in proportion: scaling only the new one up would put more weight on a template that
// has not proved itself yet.
func planScale(r *rollout) []resizing {
	active := activeOnly(r.all())
	switch {
	case len(active) == 1:
		return planAlone(r.d, active[0])
	case len(active) == 0 && r.new != nil:
		return planAlone(r.d, r.new)
	case len(active) == 0 && len(r.old) > 0:
		return planAlone(r.d, slices.MaxFunc(r.old, byAge))
	case len(active) == 0:
		return nil
	case isSaturated(r.d, r.new):
		var steps []resizing
		for _, rs := range activeOnly(r.old) {
			steps = append(steps, resizing{rs, 0})
		}
		return steps
	case r.d.Spec.Strategy.Type == api.RollingUpdateDeploymentStrategyType:
		return planProportionally(r.d, active)
	}
	return nil
}

// planAlone makes one ReplicaSet as large as the Deployment. One that is, and knows it, is left alone.
func planAlone(d *api.Deployment, rs *api.ReplicaSet) []resizing {
	if desired, ok := sizeAnnotation(rs, desiredReplicasAnnotation); ok && desired == wanted(d) && replicas(rs) == wanted(d) {
		return nil
	}
	return []resizing{{rs, wanted(d)}}
}

// growsTooEarly names a ReplicaSet that has not acted on its last change and may thus have more pods than its size says,
// where another one is to grow by what this one gives up.
func growsTooEarly(r *rollout, steps []resizing) *api.ReplicaSet {
	for _, step := range steps {
		if step.size > replicas(step.rs) {
			others := slices.DeleteFunc(r.all(), func(rs *api.ReplicaSet) bool { return rs.UID == step.rs.UID })
			if rs := unsettled(others); rs != nil {
				return rs
			}
		}
	}
	return nil
}

// planProportionally spreads the difference between what is allowed (replicas + maxSurge) and what there is over
// the ReplicaSets, by their size. What rounding leaves over goes to the largest.
func planProportionally(d *api.Deployment, active []*api.ReplicaSet) []resizing {
	allowed := int32(0)
	if wanted(d) > 0 {
		allowed = wanted(d) + maxSurge(d)
	}
	toAdd := allowed - sumReplicas(active)
	// The largest first. Of two equals the newer grows first, and the older shrinks first.
	slices.SortStableFunc(active, func(a, b *api.ReplicaSet) int {
		older := byAge(a, b)
		if toAdd > 0 {
			older = -older
		}
		return cmp.Or(cmp.Compare(replicas(b), replicas(a)), older)
	})
	added := int32(0)
	steps := make([]resizing, len(active))
	for i, rs := range active {
		share := int32(0)
		switch {
		case toAdd > 0:
			share = min(proportion(d, rs), toAdd-added)
		case toAdd < 0:
			share = max(proportion(d, rs), toAdd-added)
		}
		steps[i] = resizing{rs, replicas(rs) + share}
		added += share
	}
	if len(steps) > 0 && toAdd != 0 {
		steps[0].size = max(steps[0].size+toAdd-added, 0)
	}
	return steps
}

// proportion is by how much a ReplicaSet grows (or shrinks, below 0) when the Deployment does.
func proportion(d *api.Deployment, rs *api.ReplicaSet) int32 {
	if wanted(d) == 0 {
		return -replicas(rs)
	}
	before, ok := sizeAnnotation(rs, maxReplicasAnnotation)
	if !ok || before == 0 {
		// Somebody removed the annotation. The size in the status is the next best guess.
		if before = d.Status.Replicas; before == 0 {
			return 0
		}
	}
	size := float64(replicas(rs)) * float64(wanted(d)+maxSurge(d)) / float64(before)
	return int32(math.Round(size)) - replicas(rs)
}

// isSaturated tells whether the new ReplicaSet carries the whole Deployment: both agree on the size, and all its
// pods are available.
func isSaturated(d *api.Deployment, rs *api.ReplicaSet) bool {
	if rs == nil {
		return false
	}
	desired, ok := sizeAnnotation(rs, desiredReplicasAnnotation)
	return ok && desired == wanted(d) && replicas(rs) == wanted(d) && available(rs) == wanted(d) &&
		rs.Status.ObservedGeneration >= rs.Generation
}

// maxSurge is how many pods more than wanted may exist.
func maxSurge(d *api.Deployment) int32 {
	surge, _ := surgeAndUnavailable(d)
	return surge
}

// maxUnavailable is how many pods fewer than wanted may be available.
func maxUnavailable(d *api.Deployment) int32 {
	_, unavailable := surgeAndUnavailable(d)
	return min(unavailable, wanted(d))
}

// surgeAndUnavailable resolves percentages: the surge is rounded up, what may be missing is rounded down. 0 and 0
// would be a rollout that can neither grow nor shrink; then one may be missing.
func surgeAndUnavailable(d *api.Deployment) (surge, unavailable int32) {
	if d.Spec.Strategy.Type != api.RollingUpdateDeploymentStrategyType || d.Spec.Strategy.RollingUpdate == nil {
		return 0, 0
	}
	s := resolve(d.Spec.Strategy.RollingUpdate.MaxSurge, wanted(d), true)
	u := resolve(d.Spec.Strategy.RollingUpdate.MaxUnavailable, wanted(d), false)
	if s == 0 && u == 0 {
		u = 1
	}
	return s, u
}

// resolve is the number, or the percentage of total. Validation has refused everything else; should it slip through,
// 0 is the careful answer.
func resolve(v *api.IntOrString, total int32, roundUp bool) int32 {
	if v == nil {
		return 0
	}
	n, err := api.ScaledIntOrPercent(v, int(total), roundUp)
	if err != nil {
		return 0
	}
	return int32(n)
}

// wanted is the size that the Deployment asks for.
func wanted(d *api.Deployment) int32 { return api.Deref(d.Spec.Replicas, 1) }

// available is how many pods of the ReplicaSet can be relied on. Its status may still count pods that its new,
// smaller size takes away.
func available(rs *api.ReplicaSet) int32 {
	return min(rs.Status.AvailableReplicas, replicas(rs))
}

func sumReplicas(sets []*api.ReplicaSet) int32 {
	sum := int32(0)
	for _, rs := range sets {
		sum += replicas(rs)
	}
	return sum
}

// sumExisting counts the pods that exist or will: a ReplicaSet that was just made smaller has not lost its pods yet,
// and until it has, their places are not free.
func sumExisting(sets []*api.ReplicaSet) int32 {
	sum := int32(0)
	for _, rs := range sets {
		sum += max(replicas(rs), rs.Status.Replicas)
	}
	return sum
}

// unsettled is a ReplicaSet whose status doesn't know its current size: it may count pods that are about to be deleted, or
// miss pods that are being made.
func unsettled(sets []*api.ReplicaSet) *api.ReplicaSet {
	for _, rs := range sets {
		if rs.Status.ObservedGeneration < rs.Generation {
			return rs
		}
	}
	return nil
}

func sumAvailable(sets []*api.ReplicaSet) int32 {
	sum := int32(0)
	for _, rs := range sets {
		sum += available(rs)
	}
	return sum
}

// activeOnly drops the ReplicaSets of size 0: they are history.
func activeOnly(sets []*api.ReplicaSet) []*api.ReplicaSet {
	var active []*api.ReplicaSet
	for _, rs := range sets {
		if replicas(rs) > 0 {
			active = append(active, rs)
		}
	}
	return active
}

// byAge orders ReplicaSets from old to new.
func byAge(a, b *api.ReplicaSet) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

const (
	// desiredReplicasAnnotation is the Deployment's size when the ReplicaSet was last resized.
	desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas"
	// maxReplicasAnnotation is that size and the surge.
	maxReplicasAnnotation = "deployment.kubernetes.io/max-replicas"
)

// setSizeAnnotations writes both, and tells whether that changed anything.
func setSizeAnnotations(rs *api.ReplicaSet, d *api.Deployment) bool {
	desired := setAnnotation(&rs.ObjectMeta, desiredReplicasAnnotation, strconv.Itoa(int(wanted(d))))
	most := setAnnotation(&rs.ObjectMeta, maxReplicasAnnotation, strconv.Itoa(int(wanted(d)+maxSurge(d))))
	return desired || most
}

// sizeAnnotation reads one of them. Anything but a number counts as missing.
func sizeAnnotation(rs *api.ReplicaSet, name string) (int32, bool) {
	n, err := strconv.ParseUint(rs.Annotations[name], 10, 31)
	return int32(n), err == nil
}

// setAnnotation tells whether the value was another before.
func setAnnotation(meta *api.ObjectMeta, name, value string) bool {
	if old, ok := meta.Annotations[name]; ok && old == value {
		return false
	}
	if meta.Annotations == nil {
		meta.Annotations = map[string]string{}
	}
	meta.Annotations[name] = value
	return true
}
