package printers

import (
	"time"

	"kubelite/api"
)

// The columns of webhook configurations, admission policies and APIServices.

// MutatingWebhookConfiguration are the columns of MutatingWebhookConfiguration.
var MutatingWebhookConfiguration = columns(func(c *api.MutatingWebhookConfiguration, now time.Time) []any {
	return []any{c.Name, len(c.Webhooks), Age(c.CreationTimestamp.Time, now)}
}, NameColumn, webhooksColumn, ageColumn)

// ValidatingWebhookConfiguration are the columns of ValidatingWebhookConfiguration.
var ValidatingWebhookConfiguration = columns(func(c *api.ValidatingWebhookConfiguration, now time.Time) []any {
	return []any{c.Name, len(c.Webhooks), Age(c.CreationTimestamp.Time, now)}
}, NameColumn, webhooksColumn, ageColumn)

// MutatingAdmissionPolicy are the columns of MutatingAdmissionPolicy.
var MutatingAdmissionPolicy = columns(func(p *api.MutatingAdmissionPolicy, now time.Time) []any {
	return []any{p.Name, len(p.Spec.Mutations), paramKindText(p.Spec.ParamKind), Age(p.CreationTimestamp.Time, now)}
}, NameColumn, integer("Mutations", "Number of changes that the policy makes."), paramKindColumn, ageColumn)

// ValidatingAdmissionPolicy are the columns of ValidatingAdmissionPolicy.
var ValidatingAdmissionPolicy = columns(func(p *api.ValidatingAdmissionPolicy, now time.Time) []any {
	return []any{p.Name, len(p.Spec.Validations), paramKindText(p.Spec.ParamKind), Age(p.CreationTimestamp.Time, now)}
}, NameColumn, integer("Validations", "Number of rules of the policy."), paramKindColumn, ageColumn)

// MutatingAdmissionPolicyBinding are the columns of MutatingAdmissionPolicyBinding.
var MutatingAdmissionPolicyBinding = columns(func(b *api.MutatingAdmissionPolicyBinding, now time.Time) []any {
	return []any{b.Name, b.Spec.PolicyName, paramRefText(b.Spec.ParamRef), Age(b.CreationTimestamp.Time, now)}
}, NameColumn, policyNameColumn, paramRefColumn, ageColumn)

// ValidatingAdmissionPolicyBinding are the columns of ValidatingAdmissionPolicyBinding.
var ValidatingAdmissionPolicyBinding = columns(func(b *api.ValidatingAdmissionPolicyBinding, now time.Time) []any {
	return []any{b.Name, b.Spec.PolicyName, paramRefText(b.Spec.ParamRef), Age(b.CreationTimestamp.Time, now)}
}, NameColumn, policyNameColumn, paramRefColumn, ageColumn)

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

// APIService are the columns of APIService.
var APIService = columns(func(s *api.APIService, now time.Time) []any {
	service, available := "Local", string(api.ConditionUnknown)
	if ref := s.Spec.Service; ref != nil {
		service = ref.Namespace + "/" + ref.Name
	}
	for _, c := range s.Status.Conditions {
		if c.Type != api.APIServiceAvailable {
			continue
		}
		available = string(c.Status)
		if c.Status != api.ConditionTrue && c.Reason != "" {
			available += " (" + c.Reason + ")"
		}
	}
	return []any{s.Name, service, available, Age(s.CreationTimestamp.Time, now)}
},
	NameColumn,
	text("Service", "The service that requests go to; Local: this server answers them itself."),
	text("Available", "Whether requests can be answered now."),
	ageColumn,
)
