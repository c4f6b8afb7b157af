package apiserver

import (
	"context"
	"fmt"
	"sync/atomic"

	"kubelite/api"
)

// priorityAdmission works out how important a pod is, once, when it is created: schedulers and kubelets then compare
// numbers. It also sees to it that no two classes are the default one. Upstream's admission plugin Priority.
type priorityAdmission struct {
	server *Server
	// standard is the default class, kept because every new pod asks for it.
	standard *atomic.Pointer[defaultPriorityClass]
}

// defaultPriorityClass is the class of pods that name none, nil if there is none, at a revision of the kind.
type defaultPriorityClass struct {
	changed int64
	class   *api.PriorityClass
}

func newPriorityAdmission(s *Server) priorityAdmission {
	return priorityAdmission{server: s, standard: &atomic.Pointer[defaultPriorityClass]{}}
}

// Mutate fills in the number and the preemption policy that belong to the class.
func (p priorityAdmission) Mutate(ctx context.Context, req *Request, obj, old api.Object) error {
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
	class, err := p.class(ctx, pod.Spec.PriorityClassName)
	if err != nil {
		return err
	}
	pod.Spec.PriorityClassName = class.Name
	if given := pod.Spec.Priority; given != nil && *given != class.Value {
		return fmt.Errorf("the integer value of priority (%d) must not be provided in pod spec; priority admission controller computed %d from the given PriorityClass name", *given, class.Value)
	}
	pod.Spec.Priority = api.Ptr(class.Value)
	if policy := class.PreemptionPolicy; policy != nil {
		if given := pod.Spec.PreemptionPolicy; given != nil && *given != *policy {
			return fmt.Errorf("the string value of PreemptionPolicy (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name", *given, *policy)
		}
		pod.Spec.PreemptionPolicy = api.Ptr(*policy)
	}
	return nil
}

// class finds the class of a pod. Who names none gets the default one, and is like everybody where there is none.
func (p priorityAdmission) class(ctx context.Context, name string) (*api.PriorityClass, error) {
	if name != "" {
		class, err := read[*api.PriorityClass](ctx, p.server, "", name)
		if api.IsNotFound(err) {
			return nil, fmt.Errorf("no PriorityClass with name %s was found", name)
		}
		return class, err
	}
	class, err := p.defaultClass()
	if err == nil && class == nil {
		class = &api.PriorityClass{PreemptionPolicy: api.Ptr(api.PreemptLowerPriority)}
	}
	return class, err
}

// defaultClass is the least of the classes that say they are the default one: should there be two after all, pods err
// on the side of modesty.
func (p priorityAdmission) defaultClass() (*api.PriorityClass, error) {
	known := p.standard.Load()
	if known != nil && known.changed == p.server.cache.kind(resourceOf[*api.PriorityClass](p.server)).lastChange() {
		return known.class, nil
	}
	classes, changed, err := readAll[*api.PriorityClass](p.server)
	if err != nil {
		return nil, err
	}
	known = &defaultPriorityClass{changed: changed}
	for _, class := range classes {
		if class.GlobalDefault && (known.class == nil || class.Value < known.class.Value) {
			known.class = class
		}
	}
	p.standard.Store(known)
	return known.class, nil
}

// Validate refuses a second default class.
func (p priorityAdmission) Validate(_ context.Context, req *Request, obj, old api.Object) error {
	class, ok := obj.(*api.PriorityClass)
	if !ok || req.Subresource != "" || !class.GlobalDefault {
		return nil
	}
	existing, err := p.defaultClass()
	if err != nil || existing == nil || old != nil && existing.Name == class.Name {
		return err
	}
	return fmt.Errorf("PriorityClass %v is already marked as default. Only one default can exist", existing.Name)
}
