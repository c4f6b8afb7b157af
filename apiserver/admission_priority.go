package apiserver

import (
	"context"
	"fmt"

	"kubelite/api"
)

// priorityAdmission works out how important a pod is, once, when it is created: schedulers and kubelets then compare
// numbers. Upstream's admission plugin Priority, with the two classes that every cluster has.
type priorityAdmission struct{}

var priorityClasses = map[string]int32{
	"":                        0, // no class: like everybody
	"system-cluster-critical": 2_000_000_000,
	"system-node-critical":    2_000_001_000,
}

// Mutate fills in the number that belongs to the class.
func (priorityAdmission) Mutate(_ context.Context, req *Request, obj, old api.Object) error {
	pod, ok := obj.(*api.Pod)
	if !ok || req.Subresource != "" {
		return nil
	}
	if before, ok := old.(*api.Pod); ok { // it never changes, whether the client knows it or not
		if pod.Spec.Priority == nil {
			pod.Spec.Priority = before.Spec.Priority
		}
		if pod.Spec.PreemptionPolicy == nil {
			pod.Spec.PreemptionPolicy = before.Spec.PreemptionPolicy
		}
		return nil
	}
	priority, ok := priorityClasses[pod.Spec.PriorityClassName]
	if !ok {
		return fmt.Errorf("no PriorityClass with name %v was found", pod.Spec.PriorityClassName)
	}
	if given := pod.Spec.Priority; given != nil && *given != priority {
		return fmt.Errorf("the integer value of priority (%d) must not be provided in pod spec; priority admission controller computed %d from the given PriorityClass name", *given, priority)
	}
	pod.Spec.Priority = &priority
	if given := pod.Spec.PreemptionPolicy; given != nil && *given != api.PreemptLowerPriority {
		return fmt.Errorf("the string value of PreemptionPolicy (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name", *given, api.PreemptLowerPriority)
	}
	pod.Spec.PreemptionPolicy = api.Ptr(api.PreemptLowerPriority)
	return nil
}

// Validate does nothing.
func (priorityAdmission) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}
