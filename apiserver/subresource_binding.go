package apiserver

import (
	"fmt"
	"maps"
	"net/http"

	"kubelite/api"
)

// Binding is how a scheduler says on which node a pod runs: POST pods/{name}/binding, or the older POST bindings. It
// is a write of its own so that a scheduler needs no right to change pods, and so that a pod is bound at most once:
// of two schedulers that choose a node for the same pod, one gets a conflict.
var bindingSubresource = &Subresource{
	Kind:   bindingKind,
	Verbs:  []string{"create"},
	Handle: bindingCreate,
	// Binding changes what nobody else may change, so the rules for updates of a pod do not apply.
	Prepare:  func(*Resource, api.Object, api.Object) {},
	Validate: func(*Resource, api.Object, api.Object) api.ErrorList { return nil },
}

var bindingKind = api.KindOf[*api.Binding]()

// bindingCreate serves both paths.
func bindingCreate(s *Server, _ http.ResponseWriter, req *Request) (*Answer, error) {
	if err := req.readWriteOptions("CreateOptions"); err != nil {
		return nil, err
	}
	body, err := decodeBody(req, bindingKind)
	if err != nil {
		return nil, err
	}
	binding := body.(*api.Binding)
	if err := req.checkNamespace(&binding.ObjectMeta); err != nil {
		return nil, err
	}
	ctx := req.HTTP.Context()
	if err := s.admission.Mutate(ctx, req, binding, nil); err != nil {
		return nil, err
	}
	if err := checkBinding(req, binding); err != nil {
		return nil, err
	}
	if err := s.admission.Validate(ctx, req, binding, nil); err != nil {
		return nil, err
	}
	bind := *req
	bind.Resource, bind.Plural, bind.Subresource, bind.Name, bind.admitted = resourceOf[*api.Pod](s), "pods", "binding", binding.Name, true
	if _, err := s.update(ctx, &bind, func(obj api.Object) (api.Object, error) {
		pod := api.DeepCopy(obj.(*api.Pod)) // cheaper than to decode once more what it was
		return pod, bindPod(pod, binding)
	}); err != nil {
		return nil, err
	}
	return answerObject(http.StatusCreated, &api.Status{TypeMeta: api.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: api.StatusSuccess, Code: http.StatusCreated}), nil
}

func checkBinding(req *Request, binding *api.Binding) error {
	if req.Name != "" && binding.Name != req.Name {
		return api.NewBadRequest("name in URL does not match name in Binding object")
	}
	var errs api.ErrorList
	target := api.Path("target")
	if kind := binding.Target.Kind; kind != "" && kind != "Node" {
		errs = append(errs, target.Child("kind").NotSupported(kind, "Node", "<empty>"))
	}
	if binding.Target.Name == "" {
		errs = append(errs, target.Child("name").Required(""))
	}
	if len(errs) > 0 {
		return api.NewUnexplained("%v", errs.Aggregate())
	}
	return nil
}

// bindPod puts the pod on the node, or says why it cannot be.
func bindPod(pod *api.Pod, binding *api.Binding) error {
	refuse := func(format string, args ...any) error {
		kind := &api.Kind{GroupVersion: api.KindFor(pod).GroupVersion, Plural: "pods/binding"}
		return api.NewConflict(kind, pod.Name, fmt.Errorf(format, args...))
	}
	switch {
	case pod.DeletionTimestamp != nil:
		return refuse("pod %s is being deleted, cannot be assigned to a host", pod.Name)
	case pod.Spec.NodeName != "":
		return refuse("pod %v is already assigned to node %q", pod.Name, pod.Spec.NodeName)
	case len(pod.Spec.SchedulingGates) != 0:
		return refuse("pod %v has non-empty .spec.schedulingGates", pod.Name)
	}
	pod.Spec.NodeName = binding.Target.Name
	pod.Status.NominatedNodeName = "" // a hint that is of no use any more
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	maps.Copy(pod.Annotations, binding.Annotations)
	if len(binding.Labels) > 0 {
		if pod.Labels == nil {
			pod.Labels = map[string]string{}
		}
		maps.Copy(pod.Labels, binding.Labels)
	}
	setPodScheduled(pod)
	// A scheduler that decided on an older pod than the one there is now may say so.
	pod.ResourceVersion = binding.ResourceVersion
	if binding.UID != "" {
		pod.UID = binding.UID
	}
	return nil
}

// setPodScheduled makes the condition PodScheduled true; it was false as long as no node was found.
func setPodScheduled(pod *api.Pod) {
	pod.Status.SetCondition(api.PodCondition{Type: api.PodScheduled, Status: api.ConditionTrue, LastTransitionTime: api.Now()})
}
