package api

// Defaults of webhook configurations, admission policies and APIServices.

const (
	defaultWebhookTimeout = 10  // seconds
	defaultHTTPSPort      = 443 // of the Service that a webhook or an API server is behind
)

func defaultMutatingWebhooks(obj Object) {
	hooks := obj.(*MutatingWebhookConfiguration).Webhooks
	for i := range hooks {
		h := &hooks[i]
		defaultWebhook(&h.ClientConfig, h.Rules, &h.FailurePolicy, &h.MatchPolicy, &h.NamespaceSelector, &h.ObjectSelector, &h.TimeoutSeconds)
		setDefault(&h.ReinvocationPolicy, ReinvocationPolicyNever)
	}
}

func defaultValidatingWebhooks(obj Object) {
	hooks := obj.(*ValidatingWebhookConfiguration).Webhooks
	for i := range hooks {
		h := &hooks[i]
		defaultWebhook(&h.ClientConfig, h.Rules, &h.FailurePolicy, &h.MatchPolicy, &h.NamespaceSelector, &h.ObjectSelector, &h.TimeoutSeconds)
	}
}

// defaultWebhook fills in what the two sorts of webhook have in common.
func defaultWebhook(client *WebhookClientConfig, rules []RuleWithOperations, failure **FailurePolicyType, match **MatchPolicyType,
	namespaces, objects **LabelSelector, timeout **int32) {
	if client.Service != nil {
		setDefault(&client.Service.Port, defaultHTTPSPort)
	}
	for i := range rules {
		setDefault(&rules[i].Scope, AllScopes)
	}
	setDefault(failure, FailurePolicyFail)
	setDefault(match, MatchPolicyEquivalent)
	setDefault(namespaces, LabelSelector{})
	setDefault(objects, LabelSelector{})
	setDefault(timeout, defaultWebhookTimeout)
}

func defaultValidatingAdmissionPolicy(obj Object) {
	spec := &obj.(*ValidatingAdmissionPolicy).Spec
	setDefault(&spec.FailurePolicy, FailurePolicyFail)
	defaultMatchResources(spec.MatchConstraints)
}

func defaultValidatingAdmissionPolicyBinding(obj Object) {
	defaultMatchResources(obj.(*ValidatingAdmissionPolicyBinding).Spec.MatchResources)
}

func defaultMutatingAdmissionPolicy(obj Object) {
	spec := &obj.(*MutatingAdmissionPolicy).Spec
	setDefault(&spec.FailurePolicy, FailurePolicyFail)
	defaultMatchResources(spec.MatchConstraints)
}

func defaultMutatingAdmissionPolicyBinding(obj Object) {
	defaultMatchResources(obj.(*MutatingAdmissionPolicyBinding).Spec.MatchResources)
}

func defaultMatchResources(match *MatchResources) {
	if match == nil {
		return
	}
	setDefault(&match.MatchPolicy, MatchPolicyEquivalent)
	setDefault(&match.NamespaceSelector, LabelSelector{})
	setDefault(&match.ObjectSelector, LabelSelector{})
	for _, rules := range [][]NamedRuleWithOperations{match.ResourceRules, match.ExcludeResourceRules} {
		for i := range rules {
			setDefault(&rules[i].Scope, AllScopes)
		}
	}
}

func defaultAPIService(obj Object) {
	if service := obj.(*APIService).Spec.Service; service != nil {
		setDefault(&service.Port, defaultHTTPSPort)
	}
}

// setDefault fills in an optional field that is not set.
func setDefault[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
