package api

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// What may change in a pod that exists. Its containers are (or will be) running processes, so nearly nothing: images
// (the kubelet restarts the container), a deadline that comes nearer, more tolerations, and, as long as the pod waits
// behind scheduling gates, a narrower choice of nodes.

// updatablePodFields is what the message of a refused update lists.
var updatablePodFields = []string{
	"`spec.containers[*].image`",
	"`spec.initContainers[*].image`",
	"`spec.activeDeadlineSeconds`",
	"`spec.tolerations` (only additions to existing tolerations)",
	"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
}

func validatePodUpdate(obj, oldObj Object) ErrorList {
	pod, old := obj.(*Pod), oldObj.(*Pod)
	errs := validatePodContents(pod)
	errs.podAnnotationUpdates(pod, old)
	spec := Path("spec")

	for _, list := range []struct {
		field    string
		now, was []Container
	}{
		{"containers", pod.Spec.Containers, old.Spec.Containers},
		{"initContainers", pod.Spec.InitContainers, old.Spec.InitContainers},
	} {
		if len(list.now) != len(list.was) {
			errs.add(spec.Child(list.field).Forbidden("pod updates may not add or remove containers"))
			return errs
		}
	}

	deadline, oldDeadline := pod.Spec.ActiveDeadlineSeconds, old.Spec.ActiveDeadlineSeconds
	path := spec.Child("activeDeadlineSeconds")
	switch {
	case deadline == nil && oldDeadline != nil:
		errs.add(path.Invalid(nil, "must not update from a positive integer to nil value"))
	case deadline != nil && (*deadline < 0 || *deadline > math.MaxInt32):
		errs.add(path.Invalid(*deadline, inclusiveRange(0, math.MaxInt32)))
		return errs
	case deadline != nil && oldDeadline != nil && *deadline > *oldDeadline:
		errs.add(path.Invalid(*deadline, "must be less than or equal to previous value"))
		return errs
	}

	errs.onlyAddedTolerations(spec.Child("tolerations"), pod.Spec.Tolerations, old.Spec.Tolerations)
	errs.onlyRemovedGates(spec.Child("schedulingGates"), pod.Spec.SchedulingGates, old.Spec.SchedulingGates)
	if Equal(pod.Spec, old.Spec) {
		return errs
	}

	// Undo every change that is allowed. What still differs is not.
	rest := DeepCopy(pod.Spec)
	for i := range rest.Containers {
		rest.Containers[i].Image = old.Spec.Containers[i].Image
	}
	for i := range rest.InitContainers {
		rest.InitContainers[i].Image = old.Spec.InitContainers[i].Image
	}
	rest.ActiveDeadlineSeconds = oldDeadline
	rest.SchedulingGates = old.Spec.SchedulingGates
	rest.Tolerations = old.Spec.Tolerations
	if Deref(old.Spec.TerminationGracePeriodSeconds, 0) < 0 && Deref(rest.TerminationGracePeriodSeconds, 0) == 1 {
		rest.TerminationGracePeriodSeconds = old.Spec.TerminationGracePeriodSeconds
	}
	if len(old.Spec.SchedulingGates) > 0 {
		errs.undoNarrowing(spec, &rest, &old.Spec)
	}
	if !Equal(rest, old.Spec) {
		errs.add(spec.Forbidden(fmt.Sprintf("pod updates may not change fields other than %s\n%s",
			strings.Join(updatablePodFields, ","), diffGoNames(toInternal(&old.Spec), toInternal(&rest)))))
	}
	return errs
}

func (l *ErrorList) podAnnotationUpdates(pod, old *Pod) {
	path := metadata.Child("annotations")
	for _, key := range sortedKeys(old.Annotations) {
		if value, ok := pod.Annotations[key]; ok && value == old.Annotations[key] {
			continue
		}
		switch {
		case strings.HasPrefix(key, annotationAppArmor):
			l.add(path.Key(key).Forbidden("may not remove or update AppArmor annotations"))
		case key == annotationMirrorPod:
			l.add(path.Key(key).Forbidden("may not remove or update mirror pod annotation"))
		}
	}
	for _, key := range sortedKeys(pod.Annotations) {
		if _, ok := old.Annotations[key]; ok {
			continue
		}
		switch {
		case strings.HasPrefix(key, annotationAppArmor):
			l.add(path.Key(key).Forbidden("may not add AppArmor annotations"))
		case key == annotationMirrorPod:
			l.add(path.Key(key).Forbidden("may not add mirror pod annotation"))
		}
	}
}

// onlyAddedTolerations: a pod may come to tolerate more, or the same for another time.
func (l *ErrorList) onlyAddedTolerations(path Path, tolerations, old []Toleration) {
	for _, was := range old {
		kept := slices.ContainsFunc(tolerations, func(now Toleration) bool {
			now.TolerationSeconds, was.TolerationSeconds = nil, nil
			return now == was
		})
		if !kept {
			l.add(path.Forbidden("existing toleration can not be modified except its tolerationSeconds"))
			return
		}
	}
	l.tolerations(path, tolerations)
}

func (l *ErrorList) onlyRemovedGates(path Path, gates, old []PodSchedulingGate) {
	for i, gate := range gates {
		if !slices.Contains(old, gate) {
			l.add(path.Index(i).Child("name").Forbidden(fmt.Sprintf("only deletion is allowed, but found new scheduling gate '%s'", gate.Name)))
		}
	}
}

// undoNarrowing takes back changes of node selector and node affinity in a gated pod, after checking that they only
// narrow: a pod that nobody has scheduled yet may still be told where to go.
func (l *ErrorList) undoNarrowing(path Path, spec, old *PodSpec) {
	if !Equal(spec.NodeSelector, old.NodeSelector) {
		for key, value := range old.NodeSelector {
			if now, ok := spec.NodeSelector[key]; !ok || now != value {
				l.add(path.Child("nodeSelector").Invalid(spec.NodeSelector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)"))
				break
			}
		}
		spec.NodeSelector = old.NodeSelector
	}

	nodeAffinity := func(spec *PodSpec) *NodeAffinity {
		if spec.Affinity == nil {
			return nil
		}
		return spec.Affinity.NodeAffinity
	}
	now, was := nodeAffinity(spec), nodeAffinity(old)
	if Equal(now, was) {
		return
	}
	l.onlyNarrowedAffinity(path.Child("affinity", "nodeAffinity"), now, was)
	switch {
	case spec.Affinity == nil:
		spec.Affinity = &Affinity{NodeAffinity: was}
	case old.Affinity == nil && spec.Affinity.PodAffinity == nil && spec.Affinity.PodAntiAffinity == nil:
		spec.Affinity = nil
	default:
		spec.Affinity.NodeAffinity = was
	}
}

func (l *ErrorList) onlyNarrowedAffinity(path Path, now, was *NodeAffinity) {
	if was == nil || was.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return
	}
	path = path.Child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
	oldTerms := was.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	var terms []NodeSelectorTerm
	if now != nil && now.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		terms = now.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	}
	// Terms are alternatives: one more would widen the choice.
	if len(oldTerms) > 0 && len(oldTerms) != len(terms) {
		l.add(path.Invalid(goNames{terms}, "no additions/deletions to non-empty NodeSelectorTerms list are allowed"))
		return
	}
	for i := range oldTerms {
		if !isNarrowed(&terms[i], &oldTerms[i]) {
			l.add(path.Index(i).Invalid(goNames{terms[i]}, "only additions are allowed (no mutations or deletions)"))
		}
	}
}

// isNarrowed tells whether a term still begins with all its old requirements. A term without any matches nothing and
// must stay so.
func isNarrowed(now, was *NodeSelectorTerm) bool {
	expressions, fields := len(was.MatchExpressions), len(was.MatchFields)
	if expressions == 0 && fields == 0 {
		return len(now.MatchExpressions) == 0 && len(now.MatchFields) == 0
	}
	return len(now.MatchExpressions) >= expressions && Equal(now.MatchExpressions[:expressions], was.MatchExpressions) &&
		len(now.MatchFields) >= fields && Equal(now.MatchFields[:fields], was.MatchFields)
}

// ValidatePodEphemeralContainersUpdate returns every mistake in a write to the ephemeralcontainers subresource:
// containers can be added to debug a pod, and stay as they are from then on.
func ValidatePodEphemeralContainersUpdate(pod, old *Pod) ErrorList {
	if _, mirror := old.Annotations[annotationMirrorPod]; mirror {
		return ErrorList{Path("").Forbidden("static pods do not support ephemeral containers")}
	}
	errs := ValidateObjectMetaUpdate(KindFor(pod), &pod.ObjectMeta, &old.ObjectMeta)
	errs.add(validatePodContents(pod)...)
	errs.podAnnotationUpdates(pod, old)
	path := Path("spec").Child("ephemeralContainers")
	for i := range old.Spec.EphemeralContainers {
		was := &old.Spec.EphemeralContainers[i]
		at := slices.IndexFunc(pod.Spec.EphemeralContainers, func(c EphemeralContainer) bool { return c.Name == was.Name })
		if at < 0 {
			errs.add(path.Forbidden(fmt.Sprintf("existing ephemeral containers %q may not be removed\n", was.Name)))
		} else if now := &pod.Spec.EphemeralContainers[at]; !Equal(was, now) {
			errs.add(path.Forbidden(fmt.Sprintf("existing ephemeral containers %q may not be changed\n%s", was.Name, diffGoNames(was, now))))
		}
	}
	return errs.unique()
}
