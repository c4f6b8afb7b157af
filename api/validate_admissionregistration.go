package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Webhook configurations, and the rules by which webhooks and admission policies pick writes. That expressions
// compile is checked by the API server, which evaluates them.

// maxMatchConditions is how many expressions may guard a webhook or a policy.
const maxMatchConditions = 64

// reviewVersions are the versions of AdmissionReview that the server speaks.
var reviewVersions = []string{"v1", "v1beta1"}

func validateMutatingWebhooks(obj Object) ErrorList {
	var errs ErrorList
	names := map[string]bool{}
	for i := range obj.(*MutatingWebhookConfiguration).Webhooks {
		h, path := &obj.(*MutatingWebhookConfiguration).Webhooks[i], Path("webhooks").Index(i)
		errs.webhook(path, &ValidatingWebhook{
			Name: h.Name, ClientConfig: h.ClientConfig, Rules: h.Rules, FailurePolicy: h.FailurePolicy, MatchPolicy: h.MatchPolicy,
			NamespaceSelector: h.NamespaceSelector, ObjectSelector: h.ObjectSelector, SideEffects: h.SideEffects,
			TimeoutSeconds: h.TimeoutSeconds, AdmissionReviewVersions: h.AdmissionReviewVersions, MatchConditions: h.MatchConditions,
		}, names)
		optionalOneOf(&errs, path, "reinvocationPolicy", h.ReinvocationPolicy, ReinvocationPolicyIfNeeded, ReinvocationPolicyNever)
	}
	return errs
}

func validateValidatingWebhooks(obj Object) ErrorList {
	var errs ErrorList
	names := map[string]bool{}
	for i := range obj.(*ValidatingWebhookConfiguration).Webhooks {
		errs.webhook(Path("webhooks").Index(i), &obj.(*ValidatingWebhookConfiguration).Webhooks[i], names)
	}
	return errs
}

// webhook checks what the two sorts of webhook have in common. names are those of the webhooks before it.
func (l *ErrorList) webhook(path Path, h *ValidatingWebhook, names map[string]bool) {
	l.fullyQualifiedName(path, "name", h.Name)
	for i := range h.Rules {
		l.ruleWithOperations(path.Child("rules").Index(i), &h.Rules[i])
	}
	optionalOneOf(l, path, "failurePolicy", h.FailurePolicy, FailurePolicyFail, FailurePolicyIgnore)
	optionalOneOf(l, path, "matchPolicy", h.MatchPolicy, MatchPolicyEquivalent, MatchPolicyExact)
	if h.SideEffects == nil {
		l.add(path.Child("sideEffects").Required("must specify one of None, NoneOnDryRun"))
	}
	optionalOneOf(l, path, "sideEffects", h.SideEffects, SideEffectClassNone, SideEffectClassNoneOnDryRun)
	if t := h.TimeoutSeconds; t != nil && (*t > 30 || *t < 1) {
		l.add(path.Child("timeoutSeconds").Invalid(*t, "the timeout value must be between 1 and 30 seconds"))
	}
	l.labelSelector(path.Child("namespaceSelector"), h.NamespaceSelector)
	l.labelSelector(path.Child("objectSelector"), h.ObjectSelector)
	l.webhookClient(path.Child("clientConfig"), &h.ClientConfig)
	l.matchConditions(path.Child("matchConditions"), h.MatchConditions)
	l.admissionReviewVersions(path.Child("admissionReviewVersions"), h.AdmissionReviewVersions)
	if h.Name != "" && names[h.Name] {
		l.add(path.Child("name").Duplicate(h.Name))
	}
	names[h.Name] = true
}

// fullyQualifiedName wants a domain name of at least three parts.
func (l *ErrorList) fullyQualifiedName(path Path, field, name string) {
	if !l.required(path, field, name) {
		return
	}
	if messages := IsDNS1123Subdomain(name); len(messages) > 0 {
		l.add(path.Child(field).Invalid(name, strings.Join(messages, ",")))
	} else if strings.Count(name, ".") < 2 {
		l.add(path.Child(field).Invalid(name, "should be a domain with at least three segments separated by dots"))
	}
}

func (l *ErrorList) webhookClient(path Path, c *WebhookClientConfig) {
	switch {
	case (c.URL == nil) == (c.Service == nil):
		l.add(path.Required("exactly one of url or service is required"))
	case c.URL != nil:
		l.webhookURL(path.Child("url"), *c.URL)
	default:
		s := c.Service
		l.webhookService(path.Child("service"), s.Namespace, s.Name, s.Path, Deref(s.Port, 0))
	}
}

// webhookURL checks where a webhook is: a secure address and nothing that could carry a secret.
func (l *ErrorList) webhookURL(path Path, text string) {
	const form = "; desired format: https://host[/path]"
	u, err := url.Parse(text)
	if err != nil {
		l.add(path.Required("url must be a valid URL: " + err.Error() + form))
		return
	}
	if u.Scheme != "https" {
		l.add(path.Invalid(u.Scheme, "'https' is the only allowed URL scheme"+form))
	}
	if u.Host == "" {
		l.add(path.Invalid(u.Host, "host must be specified"+form))
	}
	if u.User != nil {
		l.add(path.Invalid(u.User.String(), "user information is not permitted in the URL"))
	}
	if u.Fragment != "" {
		l.add(path.Invalid(u.Fragment, "fragments are not permitted in the URL"))
	}
	if u.RawQuery != "" {
		l.add(path.Invalid(u.RawQuery, "query parameters are not permitted in the URL"))
	}
}

// webhookService checks the Service that a webhook is behind.
func (l *ErrorList) webhookService(path Path, namespace, name string, urlPath *string, port int32) {
	l.required(path, "name", name)
	l.required(path, "namespace", namespace)
	if messages := IsValidPortNum(port); messages != nil {
		l.add(path.Child("port").Invalid(port, "port is not valid: "+strings.Join(messages, ", ")))
	}
	text, at := Deref(urlPath, ""), path.Child("path")
	switch text {
	case "", "/":
		return
	case "//":
		l.add(at.Invalid(text, "segment[0] may not be empty"))
		return
	}
	if !strings.HasPrefix(text, "/") {
		l.add(at.Invalid(text, "must start with a '/'"))
	}
	for i, step := range strings.Split(strings.TrimSuffix(text[1:], "/"), "/") {
		segment := "segment[" + strconv.Itoa(i) + "]"
		if step == "" {
			l.add(at.Invalid(text, segment+" may not be empty"))
			continue
		}
		for _, message := range IsDNS1123Subdomain(step) {
			l.add(at.Invalid(text, segment+": "+message))
		}
	}
}

func (l *ErrorList) admissionReviewVersions(path Path, versions []string) {
	known := strings.Join(reviewVersions, ", ")
	if len(versions) == 0 {
		l.add(path.Required("must specify one of " + known))
		return
	}
	for i, version := range versions {
		if slices.Contains(versions[:i], version) {
			l.add(path.Index(i).Invalid(version, "duplicate version"))
			continue
		}
		l.format(path.Index(i), "", version, IsDNS1035Label)
	}
	if !slices.ContainsFunc(versions, func(v string) bool { return slices.Contains(reviewVersions, v) }) {
		l.add(path.Invalid(versions, "must include at least one of "+known))
	}
}

func (l *ErrorList) matchConditions(path Path, conditions []MatchCondition) {
	if len(conditions) > maxMatchConditions {
		l.add(path.TooMany(len(conditions), maxMatchConditions))
	}
	names := map[string]bool{}
	for i, c := range conditions {
		at := path.Index(i)
		l.required(at, "expression", strings.TrimSpace(c.Expression))
		l.requiredFormat(at, "name", c.Name, IsQualifiedName)
		if c.Name != "" && names[c.Name] {
			l.add(at.Child("name").Duplicate(c.Name))
		}
		names[c.Name] = true
	}
}

func (l *ErrorList) ruleWithOperations(path Path, r *RuleWithOperations) {
	operations := path.Child("operations")
	if len(r.Operations) == 0 {
		l.add(operations.Required(""))
	}
	if len(r.Operations) > 1 && slices.Contains(r.Operations, OperationAll) {
		l.add(operations.Invalid(r.Operations, "if '*' is present, must not specify other operations"))
	}
	for i, operation := range r.Operations {
		oneOf(l, operations.Index(i), "", operation, OperationAll, OperationConnect, OperationCreate, OperationDelete, OperationUpdate)
	}
	l.wordsOrAll(path.Child("apiGroups"), r.APIGroups, "API groups")
	l.wordsOrAll(path.Child("apiVersions"), r.APIVersions, "API versions")
	for i, version := range r.APIVersions {
		l.required(path.Child("apiVersions").Index(i), "", version)
	}
	l.ruleResources(path.Child("resources"), r.Resources)
	optionalOneOf(l, path, "scope", r.Scope, AllScopes, ClusterScope, NamespacedScope)
}

// wordsOrAll wants words, or nothing but "*".
func (l *ErrorList) wordsOrAll(path Path, words []string, what string) {
	if len(words) == 0 {
		l.add(path.Required(""))
	}
	if len(words) > 1 && slices.Contains(words, "*") {
		l.add(path.Invalid(words, "if '*' is present, must not specify other "+what))
	}
}

// ruleResources wants no resource named twice, once by itself and once by a wildcard.
func (l *ErrorList) ruleResources(path Path, resources []string) {
	if len(resources) == 0 {
		l.add(path.Required(""))
	}
	allSubresources, allParents := map[string]bool{}, map[string]bool{} // of "x/*", and of "*/x"
	everything, allResources, plain := false, false, false
	for i, text := range resources {
		if !l.required(path.Index(i), "", text) {
			continue
		}
		everything = everything || text == "*/*"
		allResources = allResources || text == "*"
		resource, sub, hasSub := strings.Cut(text, "/")
		if !hasSub {
			plain = text != "*"
			continue
		}
		if allSubresources[resource] {
			l.add(path.Index(i).Invalid(text, "if '"+resource+"/*' is present, must not specify "+text))
		}
		if allParents[sub] {
			l.add(path.Index(i).Invalid(text, "if '*/"+sub+"' is present, must not specify "+text))
		}
		if sub == "*" {
			allSubresources[resource] = true
		}
		if resource == "*" {
			allParents[sub] = true
		}
	}
	if len(resources) > 1 && everything {
		l.add(path.Invalid(resources, "if '*/*' is present, must not specify other resources"))
	}
	if allResources && plain {
		l.add(path.Invalid(resources, "if '*' is present, must not specify other resources without subresources"))
	}
}
