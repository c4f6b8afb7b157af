package controllers

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
)

// Which pods a StatefulSet makes and deletes next, and what they are like: pure functions.

// statefulPlan is the next step of a StatefulSet.
type statefulPlan struct {
	create []statefulCreate
	remove []statefulRemove
	pods   []*api.Pod // whose names and claims are seen to: behind one that the others wait for, none
	wait   string     // for what, if the step is to wait
}

type statefulCreate struct {
	ordinal  int
	revision string
	why      string
}

type statefulRemove struct {
	pod *api.Pod
	why string
}

// planStateful decides the next step. With the policy OrderedReady it is one pod at most, and none before all pods of
// lower numbers are there and ready; with Parallel it is all that is missing and all that is too many at once.
func planStateful(set *api.StatefulSet, pods []*api.Pod, current, update string, now time.Time) statefulPlan {
	plan := statefulPlan{}
	ordered := set.Spec.PodManagementPolicy != api.ParallelPodManagement
	first, count := firstOrdinal(set), int(api.Deref(set.Spec.Replicas, 1))
	replicas := make([]*api.Pod, count)
	var surplus []*api.Pod
	for _, pod := range pods {
		if _, ordinal, _ := statefulName(pod.Name); ordinal >= first && ordinal < first+count {
			replicas[ordinal-first] = pod
		} else {
			surplus = append(surplus, pod)
		}
	}
	slices.SortFunc(surplus, func(a, b *api.Pod) int { return ordinalOf(b) - ordinalOf(a) })

	for i, pod := range replicas {
		switch {
		case pod == nil:
			ordinal := first + i
			plan.create = append(plan.create, statefulCreate{ordinal, revisionFor(set, ordinal, current, update), fmt.Sprintf("%s-%d is missing", set.Name, ordinal)})
		case podEnded(pod):
			if pod.DeletionTimestamp == nil {
				plan.remove = append(plan.remove, statefulRemove{pod, pod.Name + " has ended, and another one is to take its name"})
			}
		case ordered && !plan.available(set, pod, now):
			if pod.Status.Phase == api.PodPending { // it may be its claims that it lacks
				plan.pods = append(plan.pods, pod)
			}
		default:
			plan.pods = append(plan.pods, pod)
			continue
		}
		if ordered {
			return plan
		}
	}
	plan.pods = append(plan.pods, surplus...)
	// A pod that is not healthy may go before it is, if it is the only thing that holds the others up.
	unhealthy := firstUnavailable(set, replicas, surplus, now)
	for _, pod := range surplus {
		if pod.DeletionTimestamp != nil {
			if ordered {
				plan.wait = pod.Name + " is ending"
				return plan
			}
			continue
		}
		if ordered && pod != unhealthy && !plan.available(set, pod, now) {
			return plan
		}
		plan.remove = append(plan.remove, statefulRemove{pod, fmt.Sprintf("%d pods are wanted, %s is too many", count, pod.Name)})
		if ordered {
			return plan
		}
	}
	if set.Spec.UpdateStrategy.Type != api.OnDeleteStatefulSetStrategyType {
		plan.replaceOld(set, replicas, update, now)
	}
	return plan
}

// available tells whether the pods behind this one may follow; if not, what they wait for.
func (p *statefulPlan) available(set *api.StatefulSet, pod *api.Pod, now time.Time) bool {
	in, available := podAvailable(pod, set.Spec.MinReadySeconds, now)
	switch {
	case pod.DeletionTimestamp != nil:
		p.wait = pod.Name + " is ending"
	case pod.Status.Phase != api.PodRunning || !available && in == 0:
		p.wait = pod.Name + " is not ready"
	case !available:
		p.wait = pod.Name + " has not been ready for long enough"
	default:
		return true
	}
	return false
}

// replaceOld deletes pods of old templates, from the highest number down. They come back with the new one. The partition
// counts from the first ordinal, as it does where pods are made: see revisionFor.
func (p *statefulPlan) replaceOld(set *api.StatefulSet, replicas []*api.Pod, update string, now time.Time) {
	partition, most := 0, (*api.IntOrString)(nil)
	if rolling := set.Spec.UpdateStrategy.RollingUpdate; rolling != nil {
		partition, most = int(api.Deref(rolling.Partition, 0)), rolling.MaxUnavailable
	}
	replace := func(pod *api.Pod) bool {
		if pod == nil || pod.DeletionTimestamp != nil || podEnded(pod) || pod.Labels[api.LabelControllerRevisionHash] == update {
			return false
		}
		p.remove = append(p.remove, statefulRemove{pod, fmt.Sprintf("%s is of revision %s, %s is wanted", pod.Name, pod.Labels[api.LabelControllerRevisionHash], update)})
		return true
	}
	if most == nil {
		// One after the other. A pod of an old template need not be available to be replaced: the new one may mend it.
		for i := len(replicas) - 1; i >= partition; i-- {
			if replace(replicas[i]) || isUnavailable(set, replicas[i], now) {
				break
			}
		}
	} else if allowed, err := api.ScaledIntOrPercent(most, len(replicas), false); err == nil { // as far as enough stay available
		allowed = max(allowed, 1)
		for _, pod := range replicas {
			if isUnavailable(set, pod, now) {
				allowed--
			}
		}
		for i := len(replicas) - 1; i >= partition && allowed > 0; i-- {
			if replace(replicas[i]) {
				allowed--
			}
		}
	}
}

func isUnavailable(set *api.StatefulSet, pod *api.Pod, now time.Time) bool {
	if pod == nil || pod.DeletionTimestamp != nil {
		return true
	}
	_, available := podAvailable(pod, set.Spec.MinReadySeconds, now)
	return !available
}

func firstUnavailable(set *api.StatefulSet, replicas, surplus []*api.Pod, now time.Time) *api.Pod {
	for _, pod := range replicas {
		if pod != nil && isUnavailable(set, pod, now) {
			return pod
		}
	}
	for _, pod := range slices.Backward(surplus) {
		if isUnavailable(set, pod, now) {
			return pod
		}
	}
	return nil
}

// revisionFor is the template that a new pod gets: below the partition the old one.
func revisionFor(set *api.StatefulSet, ordinal int, current, update string) string {
	if set.Spec.UpdateStrategy.Type != api.RollingUpdateStatefulSetStrategyType {
		return update
	}
	old := int(set.Status.CurrentReplicas)
	if rolling := set.Spec.UpdateStrategy.RollingUpdate; rolling != nil {
		old = int(api.Deref(rolling.Partition, 0))
	}
	if ordinal < firstOrdinal(set)+old {
		return current
	}
	return update
}

func firstOrdinal(set *api.StatefulSet) int {
	return int(api.Deref(set.Spec.Ordinals, api.StatefulSetOrdinals{}).Start)
}

// statefulName splits web-1 into web and 1.
func statefulName(pod string) (set string, ordinal int, ok bool) {
	i := strings.LastIndexByte(pod, '-')
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseInt(pod[i+1:], 10, 32)
	return pod[:i], int(n), err == nil && n >= 0 && pod[i+1] != '+'
}

func ordinalOf(pod *api.Pod) int {
	_, ordinal, _ := statefulName(pod.Name)
	return ordinal
}

// statefulPod makes the pod with a number.
func statefulPod(set *api.StatefulSet, template *api.PodTemplateSpec, revision string, ordinal int) *api.Pod {
	number := strconv.Itoa(ordinal)
	pod := &api.Pod{
		ObjectMeta: api.ObjectMeta{
			Name: set.Name + "-" + number, GenerateName: podNamePrefix(set.Name), Namespace: set.Namespace,
			Labels: maps.Clone(template.Labels), Annotations: template.Annotations, Finalizers: template.Finalizers,
			OwnerReferences: []api.OwnerReference{api.NewControllerRef(set)},
		},
		Spec: template.Spec,
	}
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[api.LabelStatefulSetPodName], pod.Labels[api.LabelPodIndex] = pod.Name, number
	pod.Labels[api.LabelControllerRevisionHash] = revision
	pod.Spec.Hostname, pod.Spec.Subdomain = pod.Name, set.Spec.ServiceName
	var volumes []api.Volume
	for i := range set.Spec.VolumeClaimTemplates {
		name := set.Spec.VolumeClaimTemplates[i].Name
		volumes = append(volumes, api.Volume{Name: name, VolumeSource: api.VolumeSource{
			PersistentVolumeClaim: &api.PersistentVolumeClaimVolumeSource{ClaimName: name + "-" + pod.Name},
		}})
	}
	for _, volume := range template.Spec.Volumes {
		if !slices.ContainsFunc(volumes, func(v api.Volume) bool { return v.Name == volume.Name }) {
			volumes = append(volumes, volume)
		}
	}
	pod.Spec.Volumes = volumes
	return pod
}

// statefulClaims are the claims of the pod with a number.
func statefulClaims(set *api.StatefulSet, ordinal int) []*api.PersistentVolumeClaim {
	var claims []*api.PersistentVolumeClaim
	for i := range set.Spec.VolumeClaimTemplates {
		claim := api.DeepCopy(&set.Spec.VolumeClaimTemplates[i])
		claim.Name, claim.Namespace = fmt.Sprintf("%s-%s-%d", claim.Name, set.Name, ordinal), set.Namespace
		if claim.Labels == nil {
			claim.Labels = map[string]string{}
		}
		maps.Copy(claim.Labels, set.Spec.Selector.MatchLabels)
		api.SetTypeMeta(claim)
		claims = append(claims, claim)
	}
	return claims
}

// claimOwners are the owners that a claim of the pod should have: the set if claims go with it, the pod if it is too
// many and claims go with such pods. Others stay as they are. A claim that names the set or the pod by an UID that they no
// longer have is left alone: the garbage collector has it. conflict: another controller manages the claim, and then
// nothing of ours is added to it.
func claimOwners(set *api.StatefulSet, pod *api.Pod, owners []api.OwnerReference) (wanted []api.OwnerReference, conflict bool) {
	policy := api.Deref(set.Spec.PersistentVolumeClaimRetentionPolicy, api.StatefulSetPersistentVolumeClaimRetentionPolicy{})
	const remove = api.DeletePersistentVolumeClaimRetentionPolicyType
	for _, owner := range owners {
		if isStaleRef(owner, set) || isStaleRef(owner, pod) {
			return owners, false
		}
		ours := owner.UID == set.UID || owner.UID == pod.UID
		conflict = conflict || !ours && api.Deref(owner.Controller, false) && (policy.WhenDeleted == remove || policy.WhenScaled == remove)
	}
	surplus := !isReplica(set, pod)
	want := map[api.UID]bool{
		set.UID: !conflict && policy.WhenDeleted == remove && !(surplus && policy.WhenScaled == remove),
		pod.UID: !conflict && policy.WhenScaled == remove && surplus,
	}
	wanted = slices.Clone(owners)
	for _, owner := range []api.Object{set, pod} {
		uid := owner.GetObjectMeta().UID
		is := func(ref api.OwnerReference) bool { return ref.UID == uid }
		controls := func(ref api.OwnerReference) bool { return is(ref) && api.Deref(ref.Controller, false) }
		if want[uid] && slices.ContainsFunc(wanted, controls) {
			continue
		}
		wanted = slices.DeleteFunc(wanted, is)
		if want[uid] {
			wanted = append(wanted, api.NewControllerRef(owner))
		}
	}
	return wanted, conflict
}

// isStaleRef tells whether a reference means a former object of the owner's name.
func isStaleRef(ref api.OwnerReference, owner api.Object) bool {
	kind, meta := api.KindFor(owner), owner.GetObjectMeta()
	return ref.Name == meta.Name && ref.Kind == kind.Kind && ref.APIVersion == kind.APIVersion() && ref.UID != meta.UID
}

// isReplica tells whether the pod's number is one of those that the set asks for.
func isReplica(set *api.StatefulSet, pod *api.Pod) bool {
	ordinal := ordinalOf(pod)
	return ordinal >= firstOrdinal(set) && ordinal < firstOrdinal(set)+int(api.Deref(set.Spec.Replicas, 1))
}

// statefulStatus counts the pods. changesIn is when the next of them will be available, 0 if none is about to be.
func statefulStatus(set *api.StatefulSet, pods []*api.Pod, current, update string, now time.Time) (status api.StatefulSetStatus, changesIn time.Duration) {
	status = api.StatefulSetStatus{ObservedGeneration: set.Generation, CurrentRevision: current, UpdateRevision: update, Conditions: set.Status.Conditions}
	for _, pod := range pods {
		status.Replicas++
		if _, ready := podReady(pod); ready && pod.Status.Phase == api.PodRunning {
			status.ReadyReplicas++
			switch in, available := podAvailable(pod, set.Spec.MinReadySeconds, now); {
			case available:
				status.AvailableReplicas++
			case in > 0 && (changesIn == 0 || in < changesIn):
				changesIn = in
			}
		}
		if pod.DeletionTimestamp == nil {
			switch revision := pod.Labels[api.LabelControllerRevisionHash]; {
			case revision == current && revision == update:
				status.CurrentReplicas++
				status.UpdatedReplicas++
			case revision == current:
				status.CurrentReplicas++
			case revision == update:
				status.UpdatedReplicas++
			}
		}
	}
	want := api.Deref(set.Spec.Replicas, 1)
	if set.Spec.UpdateStrategy.Type == api.RollingUpdateStatefulSetStrategyType && status.UpdatedReplicas == want && status.ReadyReplicas == want && status.Replicas == want {
		status.CurrentReplicas, status.CurrentRevision = status.UpdatedReplicas, update // the update is over
	}
	return status, changesIn
}
