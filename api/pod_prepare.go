package api

// PrepareNewPod does to a new pod, after admission and before validation, what its author cannot: status starts
// afresh, and label keys become selectors.
func PrepareNewPod(pod *Pod) {
	pod.Status = PodStatus{Phase: PodPending, QOSClass: PodQOS(&pod.Spec)}
	if len(pod.Spec.SchedulingGates) > 0 {
		pod.Status.Conditions = []PodCondition{{
			Type: PodScheduled, Status: ConditionFalse, LastTransitionTime: Now(), Reason: "SchedulingGated",
			Message: "Scheduling is blocked due to non-empty scheduling gates",
		}}
	}
	mergeMatchLabelKeys(pod)
}

// PodQOS is how hard the node tries to keep a pod when memory runs out, which follows from its resources: Guaranteed
// when every container's cpu and memory are limited to what it requests, BestEffort when nobody asks for anything,
// Burstable otherwise.
func PodQOS(spec *PodSpec) PodQOSClass {
	anything, guaranteed := false, true
	inspect := func(r *ResourceRequirements) {
		for _, name := range []ResourceName{ResourceCPU, ResourceMemory} {
			request, limit := r.Requests[name], r.Limits[name]
			if request.Sign() > 0 || limit.Sign() > 0 {
				anything = true
			}
			if limit.Sign() <= 0 || request.Cmp(limit) != 0 {
				guaranteed = false
			}
		}
	}
	if r := spec.Resources; r != nil {
		inspect(r) // the pod as a whole speaks for its containers
	} else {
		for i := range spec.InitContainers {
			inspect(&spec.InitContainers[i].Resources)
		}
		for i := range spec.Containers {
			inspect(&spec.Containers[i].Resources)
		}
	}
	switch {
	case !anything:
		return PodQOSBestEffort
	case guaranteed:
		return PodQOSGuaranteed
	}
	return PodQOSBurstable
}

// mergeMatchLabelKeys writes matchLabelKeys and mismatchLabelKeys of a new pod into the selectors beside them, with
// the pod's own values. From then on the selector says it all; the scheduler need not know the keys.
func mergeMatchLabelKeys(pod *Pod) {
	merge := func(selector *LabelSelector, keys []string, op LabelSelectorOperator) {
		if selector == nil {
			return
		}
		for _, key := range keys {
			if value, ok := pod.Labels[key]; ok {
				selector.MatchExpressions = append(selector.MatchExpressions, LabelSelectorRequirement{Key: key, Operator: op, Values: []string{value}})
			}
		}
	}
	terms := func(required []PodAffinityTerm, preferred []WeightedPodAffinityTerm) {
		for i := range required {
			merge(required[i].LabelSelector, required[i].MatchLabelKeys, LabelSelectorOpIn)
			merge(required[i].LabelSelector, required[i].MismatchLabelKeys, LabelSelectorOpNotIn)
		}
		for i := range preferred {
			term := &preferred[i].PodAffinityTerm
			merge(term.LabelSelector, term.MatchLabelKeys, LabelSelectorOpIn)
			merge(term.LabelSelector, term.MismatchLabelKeys, LabelSelectorOpNotIn)
		}
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAffinity != nil {
		terms(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		terms(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	for i := range pod.Spec.TopologySpreadConstraints {
		tsc := &pod.Spec.TopologySpreadConstraints[i]
		merge(tsc.LabelSelector, tsc.MatchLabelKeys, LabelSelectorOpIn)
	}
}
