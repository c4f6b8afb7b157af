package apiserver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/apiserver/podsecurity"
)

// podSecurity holds pods to the security standard that the labels of their namespace name. A pod that breaks it is
// refused; who writes a template that makes such pods is only warned, for it may be fixed before it makes any. Upstream's
// admission plugin PodSecurity, with its defaults: a namespace without labels allows everything. What the
// mode audit finds is noted in the audit log.
type podSecurity struct {
	server *Server
}

// Mutate does nothing.
func (podSecurity) Mutate(context.Context, *Request, api.Object, api.Object) error { return nil }

// Validate judges namespaces, pods and what makes pods.
func (p podSecurity) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	if obj == nil {
		return nil // a deletion
	}
	if ns, ok := obj.(*api.Namespace); ok {
		if req.Subresource != "" {
			return nil
		}
		return p.validateNamespace(ctx, req, ns, old)
	}
	template := podTemplateOf(obj)
	if template == nil || req.Subresource != "" && !writesPodSpec(req) {
		return nil
	}
	labels, err := p.labels(ctx, req.Namespace)
	if err != nil {
		return err
	}
	policy, unreadable := podsecurity.ParseLabels(labels)
	if len(unreadable) == 0 && policy == podsecurity.Indifferent() {
		return nil
	}
	if pod, ok := obj.(*api.Pod); ok {
		if old != nil && !changesImages(pod, old.(*api.Pod)) {
			return nil
		}
		req.audit.annotate("pod-security.kubernetes.io/enforce-policy", policy.Enforce.String())
		p.note(req, policy, template)
		if found := podsecurity.Evaluate(policy.Enforce, template.meta, template.spec); len(found) > 0 {
			return api.NewForbidden(req.Resource.Kind, nameOf(req, obj), fmt.Errorf("violates PodSecurity %q: %s", policy.Enforce, found))
		}
	}
	p.note(req, policy, template)
	if found := podsecurity.Evaluate(policy.Warn, template.meta, template.spec); len(found) > 0 {
		req.Warn(fmt.Sprintf("would violate PodSecurity %q: %s", policy.Warn, found))
	}
	return nil
}

// note tells the audit log, if it listens, what the mode audit finds.
func (podSecurity) note(req *Request, policy podsecurity.Policy, template *podTemplate) {
	if req.audit == nil {
		return
	}
	if found := podsecurity.Evaluate(policy.Audit, template.meta, template.spec); len(found) > 0 {
		req.audit.annotate("pod-security.kubernetes.io/audit-violations", fmt.Sprintf("would violate PodSecurity %q: %s", policy.Audit, found))
	}
}

// writesPodSpec tells the subresources of pods through which more than a status comes.
func writesPodSpec(req *Request) bool {
	return req.Plural == "pods" && (req.Subresource == "ephemeralcontainers" || req.Subresource == "resize")
}

// labels are those of a namespace.
func (p podSecurity) labels(ctx context.Context, namespace string) (map[string]string, error) {
	ns, err := p.server.namespaceAttributes(ctx, namespace)
	if err != nil {
		return nil, api.NewInternalError(fmt.Errorf("failed to lookup namespace %q", namespace))
	}
	return ns.labels, nil
}

// changesImages tells whether an update changes what runs: nothing else that the standards look at can change.
func changesImages(pod, old *api.Pod) bool {
	images := func(pod *api.Pod) (list []string) {
		api.EachContainer("", &pod.Spec, func(_ api.Path, c *api.Container) { list = append(list, c.Name+" "+c.Image) })
		return list
	}
	return !slices.Equal(images(pod), images(old))
}

// validateNamespace wants labels that can be read, and tells who makes a namespace stricter which pods are already too
// much for it: they go on running.
func (p podSecurity) validateNamespace(ctx context.Context, req *Request, ns *api.Namespace, old api.Object) error {
	policy, errs := podsecurity.ParseLabels(ns.Labels)
	if old == nil {
		if len(errs) > 0 {
			return api.NewInvalid(req.Resource.Kind, ns.Name, errs)
		}
		return nil
	}
	before, oldErrs := podsecurity.ParseLabels(old.GetObjectMeta().Labels)
	if len(errs) > 0 && errs.Aggregate() != oldErrs.Aggregate() {
		return api.NewInvalid(req.Resource.Kind, ns.Name, errs)
	}
	now, was := policy.Enforce, before.Enforce
	if now == was || now.Level == podsecurity.Privileged || now.Version == was.Version && !now.Level.StricterThan(was.Level) {
		return nil
	}
	for _, text := range p.warnOfPods(ctx, ns.Name, now) {
		req.Warn(text)
	}
	return nil
}

// How many pods are looked at, and how long, when a namespace becomes stricter.
const (
	maxPodsJudged   = 3000
	podJudgingLimit = time.Second
)

// warnOfPods lists what is wrong with the pods of a namespace, those with the same mistakes together.
func (p podSecurity) warnOfPods(ctx context.Context, namespace string, standard podsecurity.Standard) (warnings []string) {
	type group struct {
		mistakes string
		names    []string
	}
	var groups []*group
	pods := p.podsOf(namespace)
	judged, deadline := 0, time.Now().Add(podJudgingLimit)
	for _, pod := range pods {
		if judged == maxPodsJudged || time.Now().After(deadline) || ctx.Err() != nil {
			break
		}
		judged++
		found := podsecurity.Evaluate(standard, &pod.ObjectMeta, &pod.Spec)
		if len(found) == 0 {
			continue
		}
		mistakes := found.Reasons()
		i := slices.IndexFunc(groups, func(g *group) bool { return g.mistakes == mistakes })
		if i < 0 {
			i, groups = len(groups), append(groups, &group{mistakes: mistakes})
		}
		groups[i].names = append(groups[i].names, pod.Name)
	}
	if judged < len(pods) {
		warnings = append(warnings, fmt.Sprintf("new PodSecurity enforce level only checked against the first %d of %d existing pods", judged, len(pods)))
	}
	if len(groups) == 0 {
		return warnings
	}
	warnings = append(warnings, fmt.Sprintf("existing pods in namespace %q violate the new PodSecurity enforce level %q", namespace, standard))
	texts := make([]string, len(groups))
	for i, g := range groups {
		texts[i] = slices.Min(g.names) + others(len(g.names)-1) + ": " + g.mistakes
	}
	slices.Sort(texts)
	return append(warnings, texts...)
}

// podsOf are the pods of a namespace, one of each controller first: the others are most likely the same.
func (p podSecurity) podsOf(namespace string) []*api.Pod {
	var first, rest []*api.Pod
	seen := map[api.UID]bool{}
	res := resourceOf[*api.Pod](p.server)
	entries, _ := p.server.cache.kind(res).list(res.key(namespace, ""), "")
	for _, e := range entries {
		obj, err := e.object(res)
		if err != nil {
			continue // nobody can run it either
		}
		pod := obj.(*api.Pod)
		owner := api.ControllerOf(pod)
		if owner != nil && seen[owner.UID] {
			rest = append(rest, pod)
			continue
		}
		if owner != nil {
			seen[owner.UID] = true
		}
		first = append(first, pod)
	}
	return append(first, rest...)
}

func others(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " (and 1 other pod)"
	}
	return fmt.Sprintf(" (and %d other pods)", n)
}
