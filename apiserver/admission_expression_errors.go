package apiserver

import (
	"context"
	"slices"
	"strings"

	"kubelite/api"
)

// checkExpressions refuses webhooks and policies with expressions that do not compile. What an update leaves as it was is
// compiled all the same: it has compiled before.
func checkExpressions(_ context.Context, _ *Server, _ *Request, obj, _ api.Object) api.ErrorList {
	return expressionErrors(obj)
}

// expressionErrors are the expressions of an admission policy, or of a webhook, that do not compile.
func expressionErrors(obj api.Object) (errs api.ErrorList) {
	check := func(path api.Path, e *expression) {
		if e.err != nil && strings.TrimSpace(e.text) != "" {
			errs = append(errs, path.Invalid(e.text, e.err.Error()))
		}
	}
	conditions := func(path api.Path, list []api.MatchCondition, params bool) {
		list = slices.Clone(list)
		for i := range list {
			list[i].Expression = strings.TrimSpace(list[i].Expression)
		}
		for i, e := range compileMatchConditions(list, "", params).expressions {
			check(path.Child("matchConditions").Index(i).Child("expression"), e)
		}
	}
	common := func(p *policy, match []api.MatchCondition) {
		conditions("spec", match, p.params != nil)
		for i, v := range p.variables {
			check(api.Path("spec").Child("variables").Index(i).Child("expression"), v.expression)
		}
	}
	switch obj := obj.(type) {
	case *api.MutatingWebhookConfiguration:
		for i := range obj.Webhooks {
			conditions(api.Path("webhooks").Index(i), obj.Webhooks[i].MatchConditions, false)
		}
	case *api.ValidatingWebhookConfiguration:
		for i := range obj.Webhooks {
			conditions(api.Path("webhooks").Index(i), obj.Webhooks[i].MatchConditions, false)
		}
	case *api.ValidatingAdmissionPolicy:
		p := compileValidatingPolicy(obj)
		common(p.policy, obj.Spec.MatchConditions)
		for i, v := range p.validations {
			at := api.Path("spec").Child("validations").Index(i)
			check(at.Child("expression"), v.condition)
			if v.message != nil {
				check(at.Child("messageExpression"), v.message)
			}
		}
		for i, a := range p.annotations {
			check(api.Path("spec").Child("auditAnnotations").Index(i).Child("valueExpression"), a.value)
		}
	case *api.MutatingAdmissionPolicy:
		p := compileMutatingPolicy(obj)
		common(p.policy, obj.Spec.MatchConditions)
		for i, m := range p.mutations {
			field := "jsonPatch"
			if m.patchType == api.MutationApplyConfiguration {
				field = "applyConfiguration"
			}
			check(api.Path("spec").Child("mutations").Index(i).Child(field, "expression"), m.expression)
		}
	}
	return errs
}
