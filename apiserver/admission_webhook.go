package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"kubelite/api"
)

// Admission webhooks are programs outside the server that have a say in every write: first the mutating ones, one
// after the other, then, on the final object, the validating ones, all at once. A MutatingWebhookConfiguration or
// ValidatingWebhookConfiguration says where they are and which writes they want to see.

// webhook is one entry of a configuration, ready to be asked.
type webhook struct {
	api.ValidatingWebhook
	config              string // the configuration's name
	id                  string // unique among all, and the same as long as it is in its place
	reinvoke            bool
	namespaces, objects api.Selector
	conditions          *matchConditions
}

// newWebhook makes an entry. Selectors that are no selectors cannot be stored, so they match nothing.
func newWebhook(config string, index int, hook api.ValidatingWebhook) *webhook {
	w := &webhook{ValidatingWebhook: hook, config: config, id: fmt.Sprintf("%s/%s/%d", config, hook.Name, index)}
	w.namespaces, w.objects = selectorOrEverything(hook.NamespaceSelector), selectorOrEverything(hook.ObjectSelector)
	w.conditions = compileMatchConditions(hook.MatchConditions, api.Deref(hook.FailurePolicy, api.FailurePolicyFail), false)
	return w
}

// selectorOrEverything compiles a selector that picks everything where it is left out.
func selectorOrEverything(labels *api.LabelSelector) api.Selector {
	if labels == nil {
		return api.Everything()
	}
	return api.SelectorOrNothing(labels)
}

// ignoresFailures tells that a write goes on if the webhook cannot be asked.
func (h *webhook) ignoresFailures() bool {
	return api.Deref(h.FailurePolicy, api.FailurePolicyFail) == api.FailurePolicyIgnore
}

// wants tells whether the webhook is to be asked about a write, and about which version of it: nil if it is not.
func (h *webhook) wants(ctx context.Context, w *write) (*write, error) {
	res := w.matched(h.Rules, api.Deref(h.MatchPolicy, api.MatchPolicyEquivalent))
	if res == nil || !w.selectedObject(h.objects) {
		return nil, nil
	}
	if in, err := w.inSelectedNamespace(ctx, h.namespaces); err != nil || !in {
		return nil, err
	}
	seen, err := w.as(ctx, res)
	if err != nil {
		return nil, api.NewInternalError(err)
	}
	match, err := h.conditions.match(ctx, seen, nil)
	if err != nil {
		return nil, api.NewForbidden(w.req.Resource.Kind, w.name, err)
	}
	if !match {
		return nil, nil
	}
	return seen, nil
}

// callError is a webhook that could not be asked, or whose answer makes no sense.
type callError struct {
	hook   string
	reason error
}

func (e *callError) Error() string {
	return fmt.Sprintf("failed calling webhook %q: %v", e.hook, e.reason)
}

// ask sends the write to the webhook and reads what it says.
func (h *webhook) ask(ctx context.Context, w, seen *write, mutating bool) (*api.AdmissionResponse, error) {
	sideEffects := api.Deref(h.SideEffects, api.SideEffectClassUnknown)
	if w.req.DryRun && sideEffects != api.SideEffectClassNone && sideEffects != api.SideEffectClassNoneOnDryRun {
		return nil, api.NewBadRequest("admission webhook %q does not support dry run", h.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(api.Deref(h.TimeoutSeconds, 10))*time.Second)
	defer cancel()
	review, err := newReview(h.AdmissionReviewVersions, w, seen)
	if err != nil {
		return nil, &callError{h.Name, fmt.Errorf("could not create admission objects: %w", err)}
	}
	body, err := api.MarshalJSON(review)
	if err != nil {
		return nil, &callError{h.Name, fmt.Errorf("could not create admission objects: %w", err)}
	}
	target := webhookTarget{URL: api.Deref(h.ClientConfig.URL, ""), Service: h.ClientConfig.Service, CABundle: h.ClientConfig.CABundle}
	data, err := w.server.webhooks.call(ctx, target, body)
	if err != nil {
		return nil, &callError{h.Name, fmt.Errorf("failed to call webhook: %w", err)}
	}
	answer := &api.AdmissionReview{}
	if err := api.UnmarshalJSON(data, answer); err != nil {
		return nil, &callError{h.Name, fmt.Errorf("failed to call webhook: couldn't get version/kind; json parse error: %w", err)}
	}
	if err := checkReview(review, answer, mutating); err != nil {
		return nil, &callError{h.Name, fmt.Errorf("received invalid webhook response: %w", err)}
	}
	return answer.Response, nil
}

// denial is the Status of a write that a webhook refused.
func (h *webhook) denial(result *api.Status) error {
	if result == nil {
		result = &api.Status{}
	}
	status := *result
	status.TypeMeta = api.TypeMeta{Kind: "Status", APIVersion: "v1"}
	if status.Code < http.StatusBadRequest {
		status.Code = http.StatusBadRequest
	}
	status.Status = api.StatusFailure
	denied := fmt.Sprintf("admission webhook %q denied the request", h.Name)
	switch {
	case status.Message != "":
		status.Message = denied + ": " + status.Message
	case status.Reason != "":
		status.Message = denied + ": " + string(status.Reason)
	default:
		status.Message = denied + " without explanation"
	}
	return &api.StatusError{ErrStatus: status}
}

// newReview makes the question in a version that the webhook understands.
func newReview(versions []string, w, seen *write) (*api.AdmissionReview, error) {
	version := ""
	for _, v := range versions {
		if v == "v1" || v == "v1beta1" {
			version = v
			break
		}
	}
	if version == "" {
		return nil, errors.New("webhook does not accept known AdmissionReview versions (v1, v1beta1)")
	}
	request := &api.AdmissionRequest{
		UID: api.NewUID(), Kind: seen.kind, SubResource: w.req.Subresource, RequestKind: &w.kind, RequestSubResource: w.req.Subresource,
		Resource:        api.GroupVersionResource{Group: seen.res.Group, Version: seen.res.Version, Resource: seen.res.Plural},
		RequestResource: &api.GroupVersionResource{Group: w.res.Group, Version: w.res.Version, Resource: w.res.Plural},
		Name:            w.name, Namespace: w.namespace, Operation: w.operation, UserInfo: w.userInfo(), DryRun: &w.req.DryRun,
	}
	var err error
	encode := func(obj any) (raw api.RawExtension) {
		if err == nil {
			raw.Raw, err = api.MarshalJSON(obj)
		}
		return raw
	}
	if seen.object != nil {
		request.Object = encode(seen.object)
	}
	if seen.old != nil {
		request.OldObject = encode(seen.old)
	}
	if options := w.admissionOptions(); options != nil {
		request.Options = encode(options)
	}
	return &api.AdmissionReview{TypeMeta: api.TypeMeta{Kind: "AdmissionReview", APIVersion: "admission.k8s.io/" + version}, Request: request}, err
}

// checkReview sees whether an answer is one to the question. The older version of the review was less strict.
func checkReview(asked, answer *api.AdmissionReview, mutating bool) error {
	r := answer.Response
	if r == nil {
		return errors.New("webhook response was absent")
	}
	if asked.APIVersion == "admission.k8s.io/v1beta1" {
		if !mutating {
			r.Patch = nil
		}
		r.PatchType = api.Ptr("JSONPatch")
		return nil
	}
	switch {
	case r.UID != asked.Request.UID:
		return fmt.Errorf("expected response.uid=%q, got %q", asked.Request.UID, r.UID)
	case answer.TypeMeta != asked.TypeMeta:
		got := answer.GroupVersionKind()
		return fmt.Errorf("expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got %s, Kind=%s", got.GroupVersion(), got.Kind)
	case !mutating && len(r.Patch) > 0:
		return errors.New("validating webhook may not return response.patch")
	case !mutating && r.PatchType != nil:
		return errors.New("validating webhook may not return response.patchType")
	case len(r.Patch) > 0 && r.PatchType == nil:
		return errors.New("webhook returned response.patch but not response.patchType")
	case len(r.Patch) == 0 && r.PatchType != nil:
		return errors.New("webhook returned response.patchType but not response.patch")
	case r.PatchType != nil && *r.PatchType == "":
		return fmt.Errorf("webhook returned invalid response.patchType of %q", *r.PatchType)
	}
	return nil
}

// mutatingWebhooks asks the mutating webhooks.
type mutatingWebhooks struct {
	server *Server
	hooks  *compiled[[]*webhook]
}

func newMutatingWebhooks(s *Server) *mutatingWebhooks {
	load := func() (hooks []*webhook) {
		for _, config := range cached[*api.MutatingWebhookConfiguration](s) {
			for i, h := range config.Webhooks {
				hook := newWebhook(config.Name, i, api.ValidatingWebhook{
					Name: h.Name, ClientConfig: h.ClientConfig, Rules: h.Rules, FailurePolicy: h.FailurePolicy, MatchPolicy: h.MatchPolicy,
					NamespaceSelector: h.NamespaceSelector, ObjectSelector: h.ObjectSelector, SideEffects: h.SideEffects,
					TimeoutSeconds: h.TimeoutSeconds, AdmissionReviewVersions: h.AdmissionReviewVersions, MatchConditions: h.MatchConditions,
				})
				hook.reinvoke = api.Deref(h.ReinvocationPolicy, api.ReinvocationPolicyNever) == api.ReinvocationPolicyIfNeeded
				hooks = append(hooks, hook)
			}
		}
		return hooks
	}
	return &mutatingWebhooks{s, newCompiled(s, load, resourceOf[*api.MutatingWebhookConfiguration](s))}
}

// Mutate asks one webhook after the other: each sees what those before it have made.
func (p *mutatingWebhooks) Mutate(ctx context.Context, req *Request, obj, old api.Object) error {
	hooks := p.hooks.get()
	if len(hooks) == 0 {
		return nil
	}
	w := newWrite(p.server, req, obj, old)
	if w.exempt() {
		return nil
	}
	turn := req.reinvocation.begin(webhookTurns, obj)
	defer turn.end(obj)
	for i, h := range hooks {
		seen, err := h.wants(ctx, w)
		if err != nil {
			return err
		}
		if seen == nil || !turn.takes(h.id) {
			continue
		}
		which := turnKey(turn.number(), i)
		changed, err := p.call(ctx, h, w, seen, which)
		h.asked(req.audit, which, changed)
		if changed {
			turn.changed()
		}
		if h.reinvoke {
			turn.mayRepeat(h.id)
		}
		var failed *callError
		switch {
		case err == nil:
		case !errors.As(err, &failed):
			return err
		case !h.ignoresFailures():
			return api.NewInternalError(err)
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			p.server.log.Warn("a webhook failed and is ignored", "webhook", h.Name, "error", err)
			h.failedOpen(req.audit, "mutation", which)
		}
	}
	return nil
}

// MutateConnect asks about a connection, whose options a webhook may change.
func (p *mutatingWebhooks) MutateConnect(ctx context.Context, req *Request, options api.Object) error {
	return p.Mutate(ctx, req, options, nil)
}

// call asks one webhook and changes the object as it wants. which says to the audit log which call it is.
func (p *mutatingWebhooks) call(ctx context.Context, h *webhook, w, seen *write, which string) (changed bool, err error) {
	answer, err := h.ask(ctx, w, seen, true)
	if err != nil {
		return false, err
	}
	h.tell(w.req.audit, answer.AuditAnnotations)
	for _, text := range answer.Warnings {
		w.req.Warn(text)
	}
	if !answer.Allowed {
		return false, h.denial(answer.Result)
	}
	if len(answer.Patch) == 0 {
		return false, nil
	}
	var operations []map[string]any
	if err := api.UnmarshalJSON(answer.Patch, &operations); err != nil {
		return false, &callError{h.Name, fmt.Errorf("received undecodable patch in webhook response: %w", err)}
	}
	if len(operations) == 0 {
		return false, nil
	}
	if sort := *answer.PatchType; sort != "JSONPatch" {
		return false, &callError{h.Name, fmt.Errorf("unsupported patch type %q", sort)}
	}
	if seen.object == nil {
		return false, api.NewInternalError(fmt.Errorf("admission webhook %q attempted to modify the object, which is not supported for this operation", h.Name))
	}
	doc, err := api.MarshalJSON(seen.object)
	if err != nil {
		return false, api.NewInternalError(err)
	}
	patched, err := api.ApplyJSONPatch(doc, answer.Patch)
	if err != nil {
		return false, api.NewInternalError(err)
	}
	changed, err = w.become(ctx, seen, patched)
	if err == nil {
		h.patched(w.req.audit, which, operations)
	}
	return changed, err
}

// become replaces the object of a write by what was made of it, in the version that was seen. It tells whether that is
// anything new.
func (w *write) become(ctx context.Context, seen *write, patched []byte) (changed bool, err error) {
	obj := newLike(seen.object)
	if err := api.UnmarshalJSON(patched, obj); err != nil {
		return false, api.NewInternalError(err)
	}
	if meta, before := obj.GetObjectMeta(), seen.object.GetObjectMeta(); meta.Namespace != before.Namespace {
		return false, api.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	kind := api.KindByName(seen.kind)
	if seen.ownKind() {
		kind = seen.res.Kind // custom kinds are not in the table
	}
	if kind != nil && kind.Prune != nil {
		kind.Prune(obj)
	}
	if kind != nil && kind.Default != nil {
		kind.Default(obj)
	}
	changed = !api.Equal(seen.object, obj)
	return changed, w.replace(ctx, seen, obj)
}

// Validate does nothing.
func (*mutatingWebhooks) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// validatingWebhooks asks the validating webhooks.
type validatingWebhooks struct {
	server *Server
	hooks  *compiled[[]*webhook]
}

func newValidatingWebhooks(s *Server) *validatingWebhooks {
	load := func() (hooks []*webhook) {
		for _, config := range cached[*api.ValidatingWebhookConfiguration](s) {
			for i, h := range config.Webhooks {
				hooks = append(hooks, newWebhook(config.Name, i, h))
			}
		}
		return hooks
	}
	return &validatingWebhooks{s, newCompiled(s, load, resourceOf[*api.ValidatingWebhookConfiguration](s))}
}

// Mutate does nothing.
func (*validatingWebhooks) Mutate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// ValidateConnect asks about a connection: options stand for the object.
func (p *validatingWebhooks) ValidateConnect(ctx context.Context, req *Request, options api.Object) error {
	return p.Validate(ctx, req, options, nil)
}

// Validate asks all webhooks that want to see the write at once. Of several refusals the first, in their order, counts.
func (p *validatingWebhooks) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	hooks := p.hooks.get()
	if len(hooks) == 0 {
		return nil
	}
	w := newWrite(p.server, req, obj, old)
	if w.exempt() {
		return nil
	}
	type question struct {
		hook   *webhook
		seen   *write
		answer *api.AdmissionResponse
		err    error
	}
	var questions []*question
	for _, h := range hooks {
		seen, err := h.wants(ctx, w)
		if err != nil {
			return err
		}
		if seen != nil {
			questions = append(questions, &question{hook: h, seen: seen})
		}
	}
	var all sync.WaitGroup
	for _, q := range questions {
		all.Go(func() { q.answer, q.err = q.hook.ask(ctx, w, q.seen, false) })
	}
	all.Wait()
	var first error
	refuse := func(err error) {
		if first == nil {
			first = err
		}
	}
	for i, q := range questions {
		var failed *callError
		switch {
		case q.err == nil:
			q.hook.tell(req.audit, q.answer.AuditAnnotations)
			for _, text := range q.answer.Warnings {
				req.Warn(text)
			}
			if !q.answer.Allowed {
				refuse(q.hook.denial(q.answer.Result))
			}
		case !errors.As(q.err, &failed):
			refuse(q.err)
		case !q.hook.ignoresFailures():
			refuse(api.NewInternalError(q.err))
		default:
			p.server.log.Warn("a webhook failed and is ignored", "webhook", q.hook.Name, "error", q.err)
			q.hook.failedOpen(req.audit, "validating", turnKey(0, i))
		}
	}
	return first
}
