package apiserver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kubelite/api"
	"kubelite/cel"
)

// validatingPolicies evaluates the ValidatingAdmissionPolicies that are in force: on the final object, after all that
// could change it.
type validatingPolicies struct {
	server   *Server
	policies *compiled[[]*validatingPolicy]
}

// validatingPolicy is a policy that can refuse a write.
type validatingPolicy struct {
	*policy
	validations []compiledValidation
	annotations []compiledAnnotation
}

type compiledValidation struct {
	api.Validation
	condition *expression
	message   *expression // nil: the message is fixed
}

// compiledAnnotation is a note for the audit log. One that cannot be made can refuse a write.
type compiledAnnotation struct {
	api.AuditAnnotation
	value *expression
}

func newValidatingPolicies(s *Server) *validatingPolicies {
	load := func() (list []*validatingPolicy) {
		bindings := map[string][]*policyBinding{}
		for _, b := range cached[*api.ValidatingAdmissionPolicyBinding](s) {
			bindings[b.Spec.PolicyName] = append(bindings[b.Spec.PolicyName], &policyBinding{
				name: b.Name, params: b.Spec.ParamRef, match: newPolicyMatch(b.Spec.MatchResources), actions: b.Spec.ValidationActions,
			})
		}
		for _, p := range cached[*api.ValidatingAdmissionPolicy](s) {
			if len(bindings[p.Name]) == 0 {
				continue // not in force: it need not even be compiled
			}
			compiled := compileValidatingPolicy(p)
			compiled.bindings = bindings[p.Name]
			list = append(list, compiled)
		}
		return list
	}
	return &validatingPolicies{s, newCompiled(s, load, resourceOf[*api.ValidatingAdmissionPolicy](s), resourceOf[*api.ValidatingAdmissionPolicyBinding](s))}
}

func compileValidatingPolicy(p *api.ValidatingAdmissionPolicy) *validatingPolicy {
	spec := &p.Spec
	v := &validatingPolicy{policy: newPolicy(p.Name, spec.FailurePolicy, spec.ParamKind, spec.MatchConstraints, spec.MatchConditions, spec.Variables)}
	compile := func(scope expressionScope, text string, wanted ...*cel.Type) *expression {
		env, err := scope.env()
		if err != nil {
			return &expression{text: text, err: err}
		}
		return compileExpression(env, text, wanted...)
	}
	messages := v.scope
	messages.authorizer = false
	for _, rule := range spec.Validations {
		c := compiledValidation{Validation: rule, condition: compile(v.scope, rule.Expression, cel.AnyBool)}
		if rule.MessageExpression != "" {
			c.message = compile(messages, rule.MessageExpression, cel.AnyString)
		}
		v.validations = append(v.validations, c)
	}
	for _, a := range spec.AuditAnnotations {
		v.annotations = append(v.annotations, compiledAnnotation{a, compile(v.scope, strings.TrimSpace(a.ValueExpression), cel.AnyString, cel.Null)})
	}
	return v
}

// Mutate does nothing.
func (*validatingPolicies) Mutate(context.Context, *Request, api.Object, api.Object) error {
	return nil
}

// refusal is what a policy has against a write.
type refusal struct {
	message string
	reason  api.StatusReason // empty: Invalid
	index   int              // of the validation
}

// ValidateConnect judges a connection: options stand for the object.
func (p *validatingPolicies) ValidateConnect(ctx context.Context, req *Request, options api.Object) error {
	return p.Validate(ctx, req, options, nil)
}

// Validate evaluates all policies. The first refusal is answered.
func (p *validatingPolicies) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	policies := p.policies.get()
	if len(policies) == 0 {
		return nil
	}
	w := newWrite(p.server, req, obj, old)
	if w.exempt() || notForPolicies(w.res) {
		return nil
	}
	var first *refusal
	deny := func(r refusal, format string, args ...any) {
		if first == nil {
			r.message = fmt.Sprintf(format, args...) + " denied request: " + r.message
			first = &r
		}
	}
	for _, policy := range policies {
		invocations, failures := policy.invocations(ctx, w)
		for _, f := range failures {
			switch {
			case policy.failure == api.FailurePolicyIgnore:
			case f.binding == nil:
				deny(refusal{message: f.reason.Error()}, "ValidatingAdmissionPolicy '%s'", policy.name)
			default:
				deny(refusal{message: f.reason.Error()}, "ValidatingAdmissionPolicy '%s' with binding '%s'", policy.name, f.binding.name)
			}
		}
		notes := policyNotes{}
		for _, inv := range invocations {
			refusals, broken := policy.evaluate(ctx, notes, inv)
			for _, r := range refusals {
				for _, action := range inv.binding.actions {
					switch action {
					case api.ValidationActionDeny:
						deny(r, "ValidatingAdmissionPolicy '%s' with binding '%s'", policy.name, inv.binding.name)
					case api.ValidationActionAudit:
						req.audit.annotate("validation.policy.admission.k8s.io/validation_failure", r.note(policy, inv.binding))
					case api.ValidationActionWarn:
						req.Warn(fmt.Sprintf("Validation failed for ValidatingAdmissionPolicy '%s' with binding '%s': %s", policy.name, inv.binding.name, r.message))
					}
				}
			}
			for _, r := range broken { // whatever the binding says
				deny(r, "ValidatingAdmissionPolicy '%s' with binding '%s'", policy.name, inv.binding.name)
			}
		}
		notes.tell(req.audit, policy.name)
	}
	if first == nil {
		return nil
	}
	err := w.forbidden(errors.New(first.message))
	err.ErrStatus.Reason = first.reason
	if first.reason == "" {
		err.ErrStatus.Reason = api.StatusReasonInvalid
	}
	err.ErrStatus.Code = codeOf(err.ErrStatus.Reason)
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, api.StatusCause{Message: first.message})
	return err
}

// note is what the audit log is told of a refusal: a list, in case there will be several one day.
func (r refusal) note(policy *validatingPolicy, binding *policyBinding) string {
	type failure struct {
		Message           string                 `json:"message"`
		Policy            string                 `json:"policy"`
		Binding           string                 `json:"binding"`
		ExpressionIndex   int                    `json:"expressionIndex"`
		ValidationActions []api.ValidationAction `json:"validationActions"`
	}
	return noteText([]failure{{r.message, policy.name, binding.name, r.index, binding.actions}})
}

// evaluate returns what the policy has against a write, and which of its annotations cannot be made; the others are added to
// notes.
func (p *validatingPolicy) evaluate(ctx context.Context, notes policyNotes, inv *invocation) (refusals, broken []refusal) {
	failed := func(err error) []refusal {
		if p.failure == api.FailurePolicyIgnore {
			return nil
		}
		return []refusal{{message: err.Error()}}
	}
	match, err := p.conditions.match(ctx, inv.seen, inv.params)
	if err != nil {
		return failed(err), nil
	}
	if !match {
		return nil, nil
	}
	values, budget, err := inv.values(ctx)
	if err != nil {
		return failed(err), nil
	}
	for i := range p.validations {
		v := &p.validations[i]
		result, err := v.condition.eval(ctx, values, budget)
		if ends(err) {
			return failed(err), nil
		}
		if err != nil {
			refusals = append(refusals, failed(err)...)
			continue
		}
		if holds, _ := result.Bool(); holds {
			continue
		}
		message, err := v.explain(ctx, values, budget)
		if err != nil {
			refusals = append(refusals, failed(fmt.Errorf("failed messageExpression: %w", err))...)
			continue
		}
		refusals = append(refusals, refusal{message, api.Deref(v.Reason, api.StatusReasonInvalid), i})
	}
	return refusals, p.annotate(ctx, notes, values, failed)
}

// explain is what the user is told: the result of the message expression, else the message, else the expression.
func (v *compiledValidation) explain(ctx context.Context, values map[string]any, budget *cel.Budget) (string, error) {
	if v.message != nil {
		result, err := v.message.eval(ctx, values, budget)
		if ends(err) {
			return "", err
		}
		if text, ok := result.Text(); err == nil && ok {
			text = strings.TrimSpace(text)
			if text != "" && len(text) <= cel.MaxMessageSize && !strings.Contains(text, "\n") {
				return text, nil
			}
		}
	}
	if v.Message != "" {
		return strings.TrimSpace(v.Message), nil
	}
	return "failed expression: " + strings.TrimSpace(v.Expression), nil
}

func (p *validatingPolicy) annotate(ctx context.Context, notes policyNotes, values map[string]any, failed func(error) []refusal) (broken []refusal) {
	budget := cel.NewBudget(cel.ObjectBudget)
	for i := range p.annotations {
		result, err := p.annotations[i].value.eval(ctx, values, budget)
		if err != nil {
			broken = append(broken, failed(err)...)
		} else if text, ok := result.Text(); ok { // else null: nothing to say about this one
			notes.add(p.annotations[i].Key, text)
		}
		if ends(err) {
			break
		}
	}
	return broken
}
