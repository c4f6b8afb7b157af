package apiserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"kubelite/api"
	"kubelite/store"
)

// An eviction is a deletion that asks first: POST pods/{name}/eviction, as `kubectl drain` does. The pod is deleted only
// if its PodDisruptionBudget allows for one pod less. Who asked, and was let through, is written into the budget before
// the pod is deleted, so that of two evictions at the same time only as many go through as there is room for.
var evictionSubresource = &Subresource{
	Kind:   evictionKind,
	Verbs:  []string{"create"},
	Handle: evict,
}

var evictionKind = api.KindOf[*api.Eviction]()

const (
	// maxDisruptedPods bounds the pods that were let go and that the controller has not seen go.
	maxDisruptedPods = 2000
	// retryEviction is what clients are told to wait when the answer may be another one soon.
	retryEviction = 10 // seconds
)

func evict(s *Server, _ http.ResponseWriter, req *Request) (*Answer, error) {
	if err := req.readWriteOptions("CreateOptions"); err != nil {
		return nil, err
	}
	body, err := decodeBody(req, evictionKind)
	if err != nil {
		return nil, err
	}
	eviction := body.(*api.Eviction)
	if err := req.checkNamespace(&eviction.ObjectMeta); err != nil {
		return nil, err
	}
	ctx := req.HTTP.Context()
	if err := s.admission.Mutate(ctx, req, eviction, nil); err != nil {
		return nil, err
	}
	if eviction.Name != req.Name {
		return nil, api.NewBadRequest("name in URL does not match name in Eviction object")
	}
	options := eviction.DeleteOptions
	if options == nil {
		options = &api.DeleteOptions{}
	}
	if err := checkDeleteOptions(options); err != nil {
		return nil, err
	}
	req.DryRun = req.DryRun || len(options.DryRun) > 0
	if err := s.admission.Validate(ctx, req, eviction, nil); err != nil {
		return nil, err
	}
	if err := s.evictIfAllowed(ctx, req, options); err != nil {
		return nil, err
	}
	return answerObject(http.StatusCreated, &api.Status{TypeMeta: api.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: api.StatusSuccess, Code: http.StatusCreated}), nil
}

func insistsOnVersion(options *api.DeleteOptions) bool {
	return options.Preconditions != nil && options.Preconditions.ResourceVersion != nil
}

func (s *Server) evictIfAllowed(ctx context.Context, req *Request, options *api.DeleteOptions) error {
	pod, err := s.evictUnprotected(ctx, req, options)
	if pod == nil || err != nil {
		return err
	}
	budget, err := s.budgetOf(ctx, pod)
	if err != nil {
		return err
	}
	if budget == nil {
		return s.evictPod(ctx, req, pod, options, false)
	}
	if !isPodReady(pod) {
		// It does not count as healthy, so that one less of it takes nothing off.
		always := api.Deref(budget.Spec.UnhealthyPodEvictionPolicy, "") == api.AlwaysAllow
		if always || budget.Status.CurrentHealthy >= budget.Status.DesiredHealthy && budget.Status.DesiredHealthy > 0 {
			err := s.evictPod(ctx, req, pod, options, true) // if it is still not ready
			if api.IsConflict(err) && !insistsOnVersion(options) {
				return tryLater(budget.Name)
			}
			return err
		}
	}
	if err := s.takeDisruption(ctx, req, budget.Name, pod.Name); err != nil {
		return err
	}
	return s.evictPod(ctx, req, pod, options, false)
}

// evictUnprotected evicts a pod that no budget needs to be asked about: one that has ended, or does not run yet. Any
// other it returns.
func (s *Server) evictUnprotected(ctx context.Context, req *Request, options *api.DeleteOptions) (*api.Pod, error) {
	for attempt := 0; ; attempt++ {
		pod, err := read[*api.Pod](ctx, s, req.Namespace, req.Name)
		if err != nil {
			return nil, err
		}
		ended := pod.Status.Phase.Ended() || pod.DeletionTimestamp != nil
		if !ended && pod.Status.Phase != api.PodPending {
			return pod, nil
		}
		if err := checkPreconditions(req.Resource.Kind, &pod.ObjectMeta, options.Preconditions); err != nil {
			return nil, err
		}
		err = s.evictPod(ctx, req, pod, options, !ended)
		// A pod that has begun to run meanwhile is one to ask about: look again.
		if !api.IsConflict(err) || insistsOnVersion(options) || attempt == maxConflicts {
			return nil, err
		}
	}
}

// budgetOf is the PodDisruptionBudget that selects the pod, nil if none does.
func (s *Server) budgetOf(ctx context.Context, pod *api.Pod) (*api.PodDisruptionBudget, error) {
	if err := s.cache.waitFor(ctx, s.store.Revision()); err != nil {
		return nil, err
	}
	res := resourceOf[*api.PodDisruptionBudget](s)
	entries, _ := s.cache.kind(res).list(res.prefix+pod.Namespace+"/", "")
	var found *api.PodDisruptionBudget
	for _, e := range entries {
		obj, err := e.object(res)
		if err != nil {
			return nil, err
		}
		budget := obj.(*api.PodDisruptionBudget)
		selector, err := api.LabelSelectorAsSelector(budget.Spec.Selector)
		if err != nil || !selector.Matches(pod.Labels) {
			continue
		}
		if found != nil {
			return nil, &api.StatusError{ErrStatus: api.Status{
				Status: api.StatusFailure, Code: http.StatusInternalServerError,
				Message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
			}}
		}
		found = budget
	}
	return found, nil
}

// takeDisruption takes one off what the budget allows, or says why it cannot.
func (s *Server) takeDisruption(ctx context.Context, req *Request, budget, pod string) error {
	take := *req
	take.Resource, take.Verb, take.Name = resourceOf[*api.PodDisruptionBudget](s), "update", budget
	take.Plural, take.Subresource = take.Resource.Plural, "status"
	_, err := s.update(ctx, &take, func(obj api.Object) (api.Object, error) {
		b := obj.(*api.PodDisruptionBudget)
		if err := allowsDisruption(b); err != nil {
			return nil, err
		}
		b.Status.DisruptionsAllowed--
		if b.Status.DisruptionsAllowed == 0 {
			noMoreDisruptions(b)
		}
		b.Status.DisruptedPods = maps.Clone(b.Status.DisruptedPods)
		if b.Status.DisruptedPods == nil {
			b.Status.DisruptedPods = map[string]api.Time{}
		}
		b.Status.DisruptedPods[pod] = api.Now()
		return b, nil
	})
	return err
}

// allowsDisruption tells whether a pod of the budget may go, and if not, why not.
func allowsDisruption(b *api.PodDisruptionBudget) error {
	status := &b.Status
	switch {
	case status.ObservedGeneration < b.Generation:
		return tryLater(b.Name)
	case status.DisruptionsAllowed < 0:
		return api.NewForbidden(api.KindFor(b), b.Name, fmt.Errorf("pdb disruptions allowed is negative"))
	case len(status.DisruptedPods) > maxDisruptedPods:
		return api.NewForbidden(api.KindFor(b), b.Name, fmt.Errorf("DisruptedPods map too big - too many evictions not confirmed by PDB controller"))
	case status.DisruptionsAllowed > 0:
		return nil
	}
	i := slices.IndexFunc(status.Conditions, func(c api.Condition) bool {
		return c.Type == api.DisruptionAllowedCondition && c.Status == api.ConditionFalse && c.Message != ""
	})
	message := fmt.Sprintf("The disruption budget %s does not allow evicting pods currently", b.Name)
	switch {
	case i >= 0 && status.Conditions[i].Reason == api.SyncFailedReason:
		message += " because it failed sync: " + status.Conditions[i].Message
	case status.CurrentHealthy <= status.DesiredHealthy:
		message = fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently", b.Name, status.DesiredHealthy, status.CurrentHealthy)
	case i >= 0:
		message += fmt.Sprintf(" (%s): %s", status.Conditions[i].Reason, status.Conditions[i].Message)
	}
	return refuseEviction(0, message)
}

func noMoreDisruptions(b *api.PodDisruptionBudget) {
	for i := range b.Status.Conditions {
		if c := &b.Status.Conditions[i]; c.Type == api.DisruptionAllowedCondition && c.Status != api.ConditionFalse {
			c.Status, c.Reason, c.Message = api.ConditionFalse, api.InsufficientPodsReason, ""
			c.ObservedGeneration, c.LastTransitionTime = b.Status.ObservedGeneration, api.Now()
		}
	}
}

func tryLater(budget string) error {
	return refuseEviction(retryEviction, fmt.Sprintf("The disruption budget %s is still being processed by the server.", budget))
}

func refuseEviction(retrySeconds int32, why string) error {
	err := api.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retrySeconds)
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, api.StatusCause{Type: api.CauseTypeDisruptionBudget, Message: why})
	return err
}

// evictPod marks the pod as evicted and deletes it. asIs: only if it is still the pod that was looked at.
func (s *Server) evictPod(ctx context.Context, req *Request, pod *api.Pod, options *api.DeleteOptions, asIs bool) error {
	want := api.Deref(options.Preconditions, api.Preconditions{})
	if asIs && want.ResourceVersion == nil {
		want.ResourceVersion = &pod.ResourceVersion
	}
	marked, err := s.markEvicted(ctx, req, &want)
	if err != nil {
		return err
	}
	own := *options
	own.Preconditions = &api.Preconditions{UID: want.UID}
	if want.ResourceVersion != nil {
		own.Preconditions.ResourceVersion = &marked.GetObjectMeta().ResourceVersion // our own mark is a new version
	}
	for attempt := 0; ; attempt++ {
		err := s.deleteEvicted(ctx, req, own)
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrKeyNotFound) || attempt == maxConflicts {
			return err
		}
	}
}

// markEvicted says in the pod's status why it will be gone, for those who count failures.
func (s *Server) markEvicted(ctx context.Context, req *Request, want *api.Preconditions) (api.Object, error) {
	for {
		current, err := s.current(ctx, req)
		if err != nil {
			return nil, err
		}
		obj, err := current.object(req.Resource)
		if err != nil {
			return nil, err
		}
		if err := checkPreconditions(req.Resource.Kind, obj.GetObjectMeta(), want); err != nil || req.DryRun {
			return obj, err
		}
		setDisruptionTarget(obj.(*api.Pod))
		answer, err := s.storeChanged(ctx, req, current, obj)
		if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrKeyNotFound) {
			continue // another writer came between: mark what that has made of the pod
		}
		if err != nil {
			return nil, err
		}
		return decodeStored(req.Resource, answer.JSON)
	}
}

// deleteEvicted is one attempt to delete the pod.
func (s *Server) deleteEvicted(ctx context.Context, req *Request, options api.DeleteOptions) error {
	current, err := s.current(ctx, req)
	if err != nil {
		return err
	}
	obj, err := current.object(req.Resource)
	if err != nil {
		return err
	}
	if err := checkPreconditions(req.Resource.Kind, obj.GetObjectMeta(), options.Preconditions); err != nil {
		return err
	}
	_, err = s.deleteAdmitted(ctx, req, current, obj, options)
	return err
}

// setDisruptionTarget makes the condition DisruptionTarget true.
func setDisruptionTarget(pod *api.Pod) {
	pod.Status.SetCondition(api.PodCondition{
		Type: api.DisruptionTarget, Status: api.ConditionTrue, LastTransitionTime: api.Now(),
		Reason: "EvictionByEvictionAPI", Message: "Eviction API: evicting",
	})
}

func isPodReady(pod *api.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c api.PodCondition) bool {
		return c.Type == api.PodReady && c.Status == api.ConditionTrue
	})
}
