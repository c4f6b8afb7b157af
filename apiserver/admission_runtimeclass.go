package apiserver

import (
	"context"
	"errors"
	"fmt"

	"kubelite/api"
)

// runtimeClassAdmission gives a pod what its RuntimeClass asks for: what it costs beside its containers, and the nodes
// that can run it. Upstream's admission plugin RuntimeClass.
type runtimeClassAdmission struct{ server *Server }

// Mutate copies overhead, node selector and tolerations from the class.
func (p runtimeClassAdmission) Mutate(ctx context.Context, req *Request, obj, old api.Object) error {
	pod, ok := obj.(*api.Pod)
	if !ok || old != nil || req.Subresource != "" || pod.Spec.RuntimeClassName == nil {
		return nil
	}
	class, err := p.class(ctx, pod)
	if err != nil {
		return err
	}
	if class.Overhead != nil {
		if len(pod.Spec.Overhead) > 0 && !api.Equal(pod.Spec.Overhead, class.Overhead.PodFixed) {
			return errOtherOverhead
		}
		pod.Spec.Overhead = class.Overhead.PodFixed
	}
	if class.Scheduling == nil {
		return nil
	}
	if pod.Spec.NodeSelector == nil {
		pod.Spec.NodeSelector = class.Scheduling.NodeSelector
	}
	for label, value := range class.Scheduling.NodeSelector {
		if given, ok := pod.Spec.NodeSelector[label]; ok && given != value {
			return fmt.Errorf("conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s", label, value, label, given)
		}
		pod.Spec.NodeSelector[label] = value
	}
	pod.Spec.Tolerations = mergeTolerations(append(pod.Spec.Tolerations, class.Scheduling.Tolerations...))
	return nil
}

var errOtherOverhead = errors.New("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")

// class is the pod's class.
func (p runtimeClassAdmission) class(ctx context.Context, pod *api.Pod) (*api.RuntimeClass, error) {
	class, err := read[*api.RuntimeClass](ctx, p.server, "", *pod.Spec.RuntimeClassName)
	if api.IsNotFound(err) {
		err = fmt.Errorf("pod rejected: RuntimeClass %q not found", *pod.Spec.RuntimeClassName)
	}
	return class, err
}

// Validate sees to it that a pod has the overhead of its class, and none without one.
func (p runtimeClassAdmission) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	pod, ok := obj.(*api.Pod)
	if !ok || old != nil || req.Subresource != "" {
		return nil
	}
	if pod.Spec.RuntimeClassName != nil {
		class, err := p.class(ctx, pod)
		if err != nil {
			return err
		}
		if class.Overhead != nil {
			if !api.Equal(pod.Spec.Overhead, class.Overhead.PodFixed) {
				return errOtherOverhead
			}
			return nil
		}
	}
	if pod.Spec.Overhead != nil {
		return errors.New("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
	}
	return nil
}

// mergeTolerations leaves out tolerations that others make unnecessary.
func mergeTolerations(all []api.Toleration) []api.Toleration {
	var merged []api.Toleration
next:
	for i, t := range all {
		for _, other := range merged {
			if toleratesMore(other, t) {
				continue next
			}
		}
		for _, other := range all[i+1:] {
			if !api.Equal(t, other) && toleratesMore(other, t) { // of equal ones the first stays
				continue next
			}
		}
		merged = append(merged, t)
	}
	return merged
}

// toleratesMore tells whether wide tolerates all that narrow does. An empty key with Exists stands for every taint, an
// empty effect for every effect.
func toleratesMore(wide, narrow api.Toleration) bool {
	if api.Equal(wide, narrow) {
		return true
	}
	if wide.Key != narrow.Key && (wide.Key != "" || wide.Operator != api.TolerationOpExists) {
		return false
	}
	if wide.Effect != narrow.Effect && wide.Effect != "" {
		return false
	}
	if wide.Effect == api.TaintEffectNoExecute && wide.TolerationSeconds != nil &&
		(narrow.TolerationSeconds == nil || *narrow.TolerationSeconds > *wide.TolerationSeconds) {
		return false
	}
	if wide.Operator == api.TolerationOpExists {
		return true
	}
	return (wide.Operator == api.TolerationOpEqual || wide.Operator == "") && narrow.Operator == api.TolerationOpEqual && narrow.Value == wide.Value
}
