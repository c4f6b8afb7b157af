package apiserver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kubelite/api"
	"kubelite/cel"
)

// mutatingPolicies evaluates the MutatingAdmissionPolicies that are in force, and changes the object as they say.
type mutatingPolicies struct {
	server   *Server
	policies *compiled[[]*mutatingPolicy]
}

// mutatingPolicy is a policy that changes objects.
type mutatingPolicy struct {
	*policy
	mutations []compiledMutation
	reinvoke  bool
}

type compiledMutation struct {
	patchType api.MutationPatchType
	*expression
}

func newMutatingPolicies(s *Server) *mutatingPolicies {
	load := func() (list []*mutatingPolicy) {
		bindings := map[string][]*policyBinding{}
		for _, b := range cached[*api.MutatingAdmissionPolicyBinding](s) {
			bindings[b.Spec.PolicyName] = append(bindings[b.Spec.PolicyName], &policyBinding{
				name: b.Name, params: b.Spec.ParamRef, match: newPolicyMatch(b.Spec.MatchResources),
			})
		}
		for _, p := range cached[*api.MutatingAdmissionPolicy](s) {
			if len(bindings[p.Name]) == 0 {
				continue
			}
			compiled := compileMutatingPolicy(p)
			compiled.bindings = bindings[p.Name]
			list = append(list, compiled)
		}
		return list
	}
	return &mutatingPolicies{s, newCompiled(s, load, resourceOf[*api.MutatingAdmissionPolicy](s), resourceOf[*api.MutatingAdmissionPolicyBinding](s))}
}

func compileMutatingPolicy(p *api.MutatingAdmissionPolicy) *mutatingPolicy {
	spec := &p.Spec
	m := &mutatingPolicy{
		policy:   newPolicy(p.Name, spec.FailurePolicy, spec.ParamKind, spec.MatchConstraints, spec.MatchConditions, spec.Variables),
		reinvoke: spec.ReinvocationPolicy == api.ReinvocationPolicyIfNeeded,
	}
	for i := range spec.Mutations {
		m.mutations = append(m.mutations, compileMutation(m.scope, &spec.Mutations[i]))
	}
	return m
}

// compileMutation compiles the one expression that a mutation has.
func compileMutation(scope expressionScope, m *api.Mutation) compiledMutation {
	text, wanted := "", cel.Operations
	switch {
	case m.PatchType == api.MutationApplyConfiguration && m.ApplyConfiguration != nil:
		text, wanted = m.ApplyConfiguration.Expression, cel.PartOfObject
	case m.JSONPatch != nil:
		text = m.JSONPatch.Expression
	}
	text = strings.TrimSpace(text)
	env, err := scope.env()
	if err == nil {
		env, err = env.WithPatches()
	}
	if err != nil {
		return compiledMutation{m.PatchType, &expression{text: text, err: err}}
	}
	return compiledMutation{m.PatchType, compileExpression(env, text, wanted)}
}

// Validate does nothing.
func (*mutatingPolicies) Validate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// Mutate lets one policy after the other change the object.
func (p *mutatingPolicies) Mutate(ctx context.Context, req *Request, obj, old api.Object) error {
	policies := p.policies.get()
	if len(policies) == 0 || obj == nil {
		return nil
	}
	w := newWrite(p.server, req, obj, old)
	if w.exempt() || notForPolicies(w.res) {
		return nil
	}
	turn := req.reinvocation.begin(policyTurns, obj)
	defer turn.end(obj)
	var causes []string
	reason := api.StatusReasonForbidden
	refuse := func(policy *mutatingPolicy, binding *policyBinding, why api.StatusReason, err error) {
		if policy.failure == api.FailurePolicyIgnore {
			return
		}
		text := fmt.Sprintf("policy %q denied request: %v", policy.name, err)
		if binding != nil {
			text = fmt.Sprintf("policy '%s' with binding '%s' denied request: %v", policy.name, binding.name, err)
		}
		if len(causes) == 0 {
			reason = why
		}
		causes = append(causes, text)
	}
	for _, policy := range policies {
		invocations, failures := policy.invocations(ctx, w)
		for _, f := range failures {
			refuse(policy, f.binding, api.StatusReasonForbidden, f.reason)
		}
		for _, inv := range invocations {
			// An earlier one may have changed the object.
			if inv.seen.origin != nil {
				seen, err := w.as(ctx, inv.seen.res)
				if err != nil {
					return api.NewInternalError(err)
				}
				inv.seen = seen
			}
			match, err := policy.conditions.match(ctx, inv.seen, inv.params)
			if err != nil {
				refuse(policy, inv.binding, api.StatusReasonInvalid, err)
				continue
			}
			if !match || !turn.takes(inv.key) {
				continue
			}
			changed := false
			for _, m := range policy.mutations {
				one, err := p.apply(ctx, w, inv, m)
				var status *api.StatusError
				if errors.As(err, &status) {
					return status
				}
				if err != nil {
					refuse(policy, inv.binding, api.StatusReasonInvalid, err)
				}
				changed = changed || one
			}
			if changed {
				turn.changed()
			}
			if policy.reinvoke {
				turn.mayRepeat(inv.key)
			}
		}
	}
	if len(causes) == 0 {
		return nil
	}
	err := w.forbidden(errors.New("admission request denied by policy"))
	err.ErrStatus.Message, err.ErrStatus.Reason = causes[0], reason
	for _, text := range causes {
		err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, api.StatusCause{Message: text})
	}
	return err
}

// MutateConnect lets policies change the options of a connection.
func (p *mutatingPolicies) MutateConnect(ctx context.Context, req *Request, options api.Object) error {
	return p.Mutate(ctx, req, options, nil)
}

// apply evaluates one mutation and changes the object as it says.
func (p *mutatingPolicies) apply(ctx context.Context, w *write, inv *invocation, m compiledMutation) (changed bool, err error) {
	values, budget, err := inv.values(ctx)
	if err != nil {
		return false, err
	}
	if m.err != nil {
		return false, m.err
	}
	result, err := m.eval(ctx, values, budget)
	if err != nil {
		return false, err
	}
	made, err := result.JSON()
	if err != nil {
		return false, err
	}
	var patched []byte
	if m.patchType == api.MutationJSONPatch {
		holds := false
		if patched, holds, err = applyOperations(inv.seen.object, made); err != nil || !holds {
			return false, err
		}
	} else if patched, err = p.server.mergePart(inv.seen, made.(map[string]any)); err != nil {
		return false, fmt.Errorf("error applying patch: %w", err)
	}
	changed, err = w.become(ctx, inv.seen, patched)
	if inv.seen.origin != nil && err == nil {
		inv.seen, err = w.as(ctx, inv.seen.res)
	}
	return changed, err
}

// applyOperations carries out the operations that an expression made. A test that fails is no mistake: then nothing is
// changed.
func applyOperations(obj api.Object, operations any) (patched []byte, holds bool, err error) {
	for _, op := range operations.([]any) {
		operation := op.(map[string]any)
		if operation["from"] == "" {
			delete(operation, "from")
		}
	}
	doc, err := api.MarshalJSON(obj)
	if err != nil {
		return nil, false, err
	}
	patch, err := api.MarshalJSON(operations)
	if err != nil {
		return nil, false, err
	}
	if patched, holds, err = api.TryJSONPatch(doc, patch); err != nil {
		return nil, false, fmt.Errorf("JSON Patch: %w", err)
	}
	return patched, holds, nil
}

// mergePart lays a part of an object over it, as server-side apply would.
func (s *Server) mergePart(seen *write, part map[string]any) ([]byte, error) {
	subresource := ""
	if !seen.ownKind() {
		subresource = seen.req.Subresource
	}
	merged, err := s.fieldKind(seen.res, subresource).Schema.Merge(seen.object, part)
	if err != nil {
		return nil, err
	}
	return api.MarshalJSON(merged)
}
