package api

import "maps"

// ValidatePodResize returns every mistake in a write to the resize subresource: the cpu and memory of containers that
// exist may change, as long as the pod stays in its quality of service class.
func ValidatePodResize(pod, old *Pod) ErrorList {
	if _, mirror := old.Annotations[annotationMirrorPod]; mirror {
		return ErrorList{Path("").Forbidden("static pods cannot be resized")}
	}
	if old.Spec.OS != nil && old.Spec.OS.Name == "windows" {
		return ErrorList{Path("").Forbidden("windows pods cannot be resized")}
	}
	errs := ValidateObjectMetaUpdate(KindFor(pod), &pod.ObjectMeta, &old.ObjectMeta)
	errs.add(validatePodContents(pod)...)
	spec := Path("spec")
	if PodQOS(&pod.Spec) != PodQOS(&old.Spec) {
		errs.add(spec.Invalid(pod.Status.QOSClass, "Pod QOS Class may not change as a result of resizing"))
	}
	if !nodeCanResize(old) {
		errs.add(spec.Forbidden("Pod running on node without support for resize"))
	}

	// Undo every change that is allowed. What still differs is not.
	rest := DeepCopy(pod.Spec)
	errs.podResourcesResize(spec, &rest, &old.Spec)
	if len(old.Status.NodeAllocatableResourceClaimStatuses) > 0 {
		errs.add(spec.Forbidden("pods with node allocatable resource claims cannot be resized"))
	}
	if !errs.sameContainers(spec.Child("containers"), "containers", pod.Spec.Containers, old.Spec.Containers) ||
		!errs.sameContainers(spec.Child("initContainers"), "initContainers", pod.Spec.InitContainers, old.Spec.InitContainers) {
		return errs.unique()
	}
	for i := range rest.InitContainers {
		path := spec.Child("initContainers").Index(i)
		now, was := &rest.InitContainers[i], &old.Spec.InitContainers[i]
		changed := !Equal(*now, *was)
		errs.nothingRemoved(path.Child("resources"), "resource", &now.Resources, &was.Resources)
		if undoResize(&now.Resources, &was.Resources); !Equal(*now, *was) {
			errs.add(path.Forbidden("only cpu and memory resources for init or sidecar containers are mutable"))
		}
		if changed && Deref(now.RestartPolicy, "") != ContainerRestartPolicyAlways {
			for _, policy := range now.ResizePolicy {
				if policy.RestartPolicy == RestartContainer {
					errs.add(path.Forbidden("non-sidecar init containers with a resize policy of RestartContainer cannot be resized"))
				}
			}
		}
	}
	for i := range rest.Containers {
		now, was := &rest.Containers[i], &old.Spec.Containers[i]
		errs.nothingRemoved(spec.Child("containers").Index(i).Child("resources"), "resource", &now.Resources, &was.Resources)
		if undoResize(&now.Resources, &was.Resources); !Equal(*now, *was) {
			errs.add(spec.Forbidden("only cpu and memory resources are mutable"))
		}
	}
	if len(errs) == 0 && !Equal(rest, old.Spec) {
		errs.add(spec.Forbidden("only cpu and memory resources are mutable"))
	}
	return errs.unique()
}

// nodeCanResize tells whether the pod's kubelet says what resources its containers have: others cannot change them.
func nodeCanResize(pod *Pod) bool {
	for i := range pod.Status.ContainerStatuses {
		if s := &pod.Status.ContainerStatuses[i]; s.State.Running != nil {
			return s.Resources != nil
		}
	}
	return true // nothing runs yet: nobody knows
}

// podResourcesResize checks the resources of the pod as a whole, and takes back what may change of them.
func (l *ErrorList) podResourcesResize(path Path, spec, old *PodSpec) {
	if old.Resources != nil {
		if spec.Resources == nil {
			l.add(path.Child("resources").Forbidden("pod-level resources cannot be removed"))
			return
		}
		l.nothingRemoved(path.Child("resources"), "pod-level resource", spec.Resources, old.Resources)
	}
	if spec.Resources == nil {
		return
	}
	was := Deref(old.Resources, ResourceRequirements{})
	undoResize(spec.Resources, &was)
	if old.Resources == nil && len(spec.Resources.Limits) == 0 && len(spec.Resources.Requests) == 0 && len(spec.Resources.Claims) == 0 {
		spec.Resources = nil
	}
	if !Equal(spec.Resources, old.Resources) {
		l.add(path.Forbidden("only cpu and memory resources are mutable at pod-level"))
	}
}

// sameContainers tells whether these are the same containers in the same order.
func (l *ErrorList) sameContainers(path Path, field string, now, was []Container) bool {
	if len(now) != len(was) {
		l.add(path.Forbidden(field + " may not be added or removed on resize"))
		return false
	}
	same := true
	for i := range was {
		if now[i].Name != was[i].Name {
			l.add(path.Index(i).Child("name").Forbidden(field + " may not be renamed or reordered on resize"))
			same = false
		}
	}
	return same
}

// nothingRemoved: a request or limit that is there may change, but not go.
func (l *ErrorList) nothingRemoved(path Path, what string, now, was *ResourceRequirements) {
	removed := func(now, was ResourceList) bool {
		for name := range was {
			if _, ok := now[name]; !ok {
				return true
			}
		}
		return false
	}
	if removed(now.Requests, was.Requests) {
		l.add(path.Child("requests").Forbidden(what + " requests cannot be removed"))
	}
	if removed(now.Limits, was.Limits) {
		l.add(path.Child("limits").Forbidden(what + " limits cannot be removed"))
	}
}

// undoResize takes back changes of cpu and memory.
func undoResize(now, was *ResourceRequirements) {
	undo := func(now, was ResourceList) ResourceList {
		undone := maps.Clone(now)
		if undone == nil {
			undone = ResourceList{}
		}
		for _, name := range []ResourceName{ResourceCPU, ResourceMemory} {
			delete(undone, name)
			if quantity, ok := was[name]; ok {
				undone[name] = quantity
			}
		}
		if len(undone) == 0 && was == nil {
			return nil
		}
		return undone
	}
	now.Limits, now.Requests = undo(now.Limits, was.Limits), undo(now.Requests, was.Requests)
}
