package apiserver

import (
	"time"

	"kubelite/api"
)

// The columns of webhook configurations, admission policies and APIServices.

var mutatingWebhookColumns = columns(func(c *api.MutatingWebhookConfiguration, now time.Time) []any {
	return []any{c.Name, len(c.Webhooks), age(c.CreationTimestamp.Time, now)}
}, nameColumn, webhooksColumn, ageColumn)

var validatingWebhookColumns = columns(func(c *api.ValidatingWebhookConfiguration, now time.Time) []any {
	return []any{c.Name, len(c.Webhooks), age(c.CreationTimestamp.Time, now)}
}, nameColumn, webhooksColumn, ageColumn)

var mutatingPolicyColumns = columns(func(p *api.MutatingAdmissionPolicy, now time.Time) []any {
	return []any{p.Name, len(p.Spec.Mutations), paramKindText(p.Spec.ParamKind), age(p.CreationTimestamp.Time, now)}
}, nameColumn, integer("Mutations", "Number of changes that the policy makes."), paramKindColumn, ageColumn)

var validatingPolicyColumns = columns(func(p *api.ValidatingAdmissionPolicy, now time.Time) []any {
	return []any{p.Name, len(p.Spec.Validations), paramKindText(p.Spec.ParamKind), age(p.CreationTimestamp.Time, now)}
}, nameColumn, integer("Validations", "Number of rules of the policy."), paramKindColumn, ageColumn)

var mutatingPolicyBindingColumns = columns(func(b *api.MutatingAdmissionPolicyBinding, now time.Time) []any {
	return []any{b.Name, b.Spec.PolicyName, paramRefText(b.Spec.ParamRef), age(b.CreationTimestamp.Time, now)}
}, nameColumn, policyNameColumn, paramRefColumn, ageColumn)

var validatingPolicyBindingColumns = columns(func(b *api.ValidatingAdmissionPolicyBinding, now time.Time) []any {
	return []any{b.Name, b.Spec.PolicyName, paramRefText(b.Spec.ParamRef), age(b.CreationTimestamp.Time, now)}
}, nameColumn, policyNameColumn, paramRefColumn, ageColumn)

var (
	webhooksColumn   = integer("Webhooks", "Number of webhooks.")
	paramKindColumn  = text("ParamKind", "Kind of the objects that hold the policy's parameters.")
	policyNameColumn = text("PolicyName", "The policy that is put into force.")
	paramRefColumn   = text("ParamRef", "The objects that hold the policy's parameters.")
)

// unset stands for what a policy or a binding leaves out.
const unset = "<unset>"

func paramKindText(kind *api.ParamKind) string {
	if kind == nil {
		return unset
	}
	return kind.APIVersion + "/" + kind.Kind
}

func paramRefText(ref *api.ParamRef) string {
	switch {
	case ref == nil:
		return unset
	case ref.Name == "":
		return api.FormatLabelSelector(ref.Selector)
	case ref.Namespace == "": // in whatever namespace the object is that is written
		return "*/" + ref.Name
	}
	return ref.Namespace + "/" + ref.Name
}

var apiServiceColumns = columns(func(s *api.APIService, now time.Time) []any {
	service, available := "Local", string(api.ConditionUnknown)
	if ref := s.Spec.Service; ref != nil {
		service = ref.Namespace + "/" + ref.Name
	}
	if c := availableCondition(s); c != nil {
		available = string(c.Status)
		if c.Status != api.ConditionTrue && c.Reason != "" {
			available += " (" + c.Reason + ")"
		}
	}
	return []any{s.Name, service, available, age(s.CreationTimestamp.Time, now)}
},
	nameColumn,
	text("Service", "The service that requests go to; Local: this server answers them itself."),
	text("Available", "Whether requests can be answered now."),
	ageColumn,
)
