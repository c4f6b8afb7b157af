package api

import (
	"fmt"
	"slices"
	"strings"
)

// Admission policies and their bindings.

const (
	maxAuditAnnotations     = 20
	maxAuditExpressionBytes = 5 << 10
)

func validateValidatingAdmissionPolicy(obj Object) ErrorList {
	var errs ErrorList
	policy, path := obj.(*ValidatingAdmissionPolicy), Path("spec")
	spec := &policy.Spec
	errs.policy(path, spec.FailurePolicy, spec.ParamKind, spec.MatchConstraints, spec.MatchConditions, spec.Variables)
	if len(spec.Validations) == 0 && len(spec.AuditAnnotations) == 0 {
		const nothing = "validations or auditAnnotations must contain at least one item"
		errs.add(path.Child("validations").Required(nothing), path.Child("auditAnnotations").Required(nothing))
		return errs
	}
	for i := range spec.Validations {
		errs.policyValidation(path.Child("validations").Index(i), &spec.Validations[i])
	}
	errs.auditAnnotations(path.Child("auditAnnotations"), policy.Name, spec.AuditAnnotations)
	return errs
}

func validateMutatingAdmissionPolicy(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*MutatingAdmissionPolicy).Spec, Path("spec")
	errs.policy(path, spec.FailurePolicy, spec.ParamKind, spec.MatchConstraints, spec.MatchConditions, spec.Variables)
	errs.noDeletions(path.Child("matchConstraints"), spec.MatchConstraints)
	if len(spec.Mutations) == 0 {
		errs.add(path.Child("mutations").Required("mutations must contain at least one item"))
	}
	for i := range spec.Mutations {
		errs.mutation(path.Child("mutations").Index(i), &spec.Mutations[i])
	}
	requiredOneOf(&errs, path, "reinvocationPolicy", spec.ReinvocationPolicy, ReinvocationPolicyIfNeeded, ReinvocationPolicyNever)
	return errs
}

func validateValidatingAdmissionPolicyBinding(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*ValidatingAdmissionPolicyBinding).Spec, Path("spec")
	errs.policyBinding(path, spec.PolicyName, spec.ParamRef, spec.MatchResources)

	at, actions := path.Child("validationActions"), spec.ValidationActions
	for i, action := range actions {
		oneOf(&errs, at.Index(i), "", action, ValidationActionAudit, ValidationActionDeny, ValidationActionWarn)
		if slices.Contains(actions[:i], action) {
			errs.add(at.Index(i).Duplicate(string(action)))
		}
	}
	if slices.Contains(actions, ValidationActionDeny) && slices.Contains(actions, ValidationActionWarn) {
		errs.add(at.Invalid(actions, "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"))
	}
	if len(actions) == 0 {
		errs.add(at.Required("at least one validation action is required"))
	}
	return errs
}

func validateMutatingAdmissionPolicyBinding(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*MutatingAdmissionPolicyBinding).Spec, Path("spec")
	errs.policyBinding(path, spec.PolicyName, spec.ParamRef, spec.MatchResources)
	errs.noDeletions(path.Child("matchResources"), spec.MatchResources)
	return errs
}

func validateValidatingAdmissionPolicyStatus(obj, _ Object) ErrorList {
	var errs ErrorList
	status := &obj.(*ValidatingAdmissionPolicy).Status
	if checked := status.TypeChecking; checked != nil {
		for i, w := range checked.ExpressionWarnings {
			at := Path("status").Child("typeChecking", "expressionWarnings").Index(i)
			errs.required(at, "warning", w.Warning)
			errs.required(at, "fieldRef", strings.TrimSpace(w.FieldRef))
		}
	}
	errs.conditions(Path("status").Child("conditions"), status.Conditions)
	return errs
}

// policy checks what the two sorts of policy have in common.
func (l *ErrorList) policy(path Path, failure *FailurePolicyType, params *ParamKind, match *MatchResources, conditions []MatchCondition, variables []Variable) {
	requiredOneOf(l, path, "failurePolicy", Deref(failure, ""), FailurePolicyFail, FailurePolicyIgnore)
	if params != nil {
		l.paramKind(path.Child("paramKind"), params)
	}
	at := path.Child("matchConstraints")
	if match == nil {
		l.add(at.Required(""))
	} else {
		l.matchResources(at, match)
		if len(match.ResourceRules) == 0 { // the rules say which types the expressions work on
			l.add(at.Child("resourceRules").Required(""))
		}
	}
	l.matchConditions(path.Child("matchConditions"), conditions)
	for i, v := range variables {
		at := path.Child("variables").Index(i)
		switch {
		case strings.TrimSpace(v.Name) == "":
			l.add(at.Child("name").Required("name is not specified"))
		case !isCELIdentifier(v.Name):
			l.add(at.Child("name").Invalid(v.Name, "must be a valid CEL identifier"))
		}
		if strings.TrimSpace(v.Expression) == "" {
			l.add(at.Child("expression").Required("expression is not specified"))
		}
	}
}

// celReserved are the words that CEL keeps for itself.
var celReserved = strings.Fields(`true false null in as break const continue else for function if import let loop package
	namespace return var void while`)

// isCELIdentifier tells whether an expression may call something by this name.
func isCELIdentifier(name string) bool {
	letter := func(c byte) bool { return alphanumeric(c) && !digit(c) || c == '_' }
	return name != "" && letter(name[0]) && every(name, func(c byte) bool { return letter(c) || digit(c) }) && !slices.Contains(celReserved, name)
}

func (l *ErrorList) paramKind(path Path, p *ParamKind) {
	l.paramAPIVersion(path.Child("apiVersion"), p.APIVersion)
	if !l.required(path, "kind", p.Kind) {
		return
	}
	if messages := IsDNS1035Label(strings.ToLower(p.Kind)); len(messages) > 0 {
		l.add(path.Child("kind").Invalid(p.Kind, "may have mixed case, but should otherwise match: "+strings.Join(messages, ",")))
	}
}

func (l *ErrorList) paramAPIVersion(path Path, text string) {
	if !l.required(path, "", text) {
		return
	}
	if strings.Count(text, "/") > 1 {
		l.add(path.Invalid(text, "unexpected GroupVersion string: "+text))
		return
	}
	gv := ParseGroupVersion(text)
	if gv.Group != "" {
		if messages := IsDNS1123Subdomain(gv.Group); len(messages) > 0 {
			l.add(path.Invalid(gv.Group, strings.Join(messages, ",")))
		}
	}
	if gv.Version == "" {
		l.add(path.Invalid(text, "version must be specified"))
	} else if messages := IsDNS1035Label(gv.Version); len(messages) > 0 {
		l.add(path.Invalid(gv.Version, strings.Join(messages, ",")))
	}
}

func (l *ErrorList) matchResources(path Path, m *MatchResources) {
	optionalOneOf(l, path, "matchPolicy", m.MatchPolicy, MatchPolicyEquivalent, MatchPolicyExact)
	selector := func(field string, s *LabelSelector) {
		if s == nil {
			l.add(path.Child(field).Required(""))
		}
		l.labelSelector(path.Child(field), s)
	}
	selector("namespaceSelector", m.NamespaceSelector)
	selector("objectSelector", m.ObjectSelector)
	for i := range m.ResourceRules {
		l.namedRule(path.Child("resourceRules").Index(i), &m.ResourceRules[i])
	}
	for i := range m.ExcludeResourceRules {
		l.namedRule(path.Child("excludeResourceRules").Index(i), &m.ExcludeResourceRules[i])
	}
}

func (l *ErrorList) namedRule(path Path, r *NamedRuleWithOperations) {
	for i, name := range r.ResourceNames {
		at := path.Child("resourceNames").Index(i)
		l.format(at, "", name, IsPathSegmentName)
		if slices.Contains(r.ResourceNames[:i], name) {
			l.add(at.Duplicate(name))
		}
	}
	l.ruleWithOperations(path, &r.RuleWithOperations)
}

// noDeletions: what is deleted cannot be changed any more.
func (l *ErrorList) noDeletions(path Path, m *MatchResources) {
	if m == nil {
		return
	}
	for _, rule := range m.ResourceRules {
		for _, operation := range rule.Operations {
			oneOf(l, path.Child("resourceRules", "operations"), "", operation, OperationAll, OperationConnect, OperationCreate, OperationUpdate)
		}
	}
}

func (l *ErrorList) policyValidation(path Path, v *Validation) {
	if strings.TrimSpace(v.Expression) == "" {
		l.add(path.Child("expression").Required("expression is not specified"))
	}
	if v.MessageExpression != "" && strings.TrimSpace(v.MessageExpression) == "" {
		l.add(path.Child("messageExpression").Invalid(v.MessageExpression, "must be non-empty if specified"))
	}
	message := strings.TrimSpace(v.Message)
	switch {
	case v.Message != "" && message == "":
		l.add(path.Child("message").Invalid(v.Message, "must be non-empty if specified"))
	case strings.ContainsAny(message, "\n\r"):
		l.add(path.Child("message").Invalid(v.Message, "must not contain line breaks"))
	}
	optionalOneOf(l, path, "reason", v.Reason, StatusReasonForbidden, StatusReasonInvalid, StatusReasonRequestEntityTooLarge)
}

func (l *ErrorList) auditAnnotations(path Path, policy string, annotations []AuditAnnotation) {
	if len(annotations) > maxAuditAnnotations {
		l.add(path.Invalid(annotations, fmt.Sprintf("must not have more than %d auditAnnotations", maxAuditAnnotations)))
	}
	keys := map[string]bool{}
	for i, a := range annotations {
		at := path.Index(i)
		if policy == "" {
			l.add(at.Child("key").Invalid(a.Key, "requires metadata.name be non-empty"))
		} else {
			l.format(at, "key", policy+"/"+a.Key, IsQualifiedName) // as it stands in the log
		}
		expression := strings.TrimSpace(a.ValueExpression)
		switch {
		case expression == "":
			l.add(at.Child("valueExpression").Required("valueExpression is not specified"))
		case len(expression) > maxAuditExpressionBytes:
			l.add(at.Child("valueExpression").Required(fmt.Sprintf("must not exceed %d bytes in length", maxAuditExpressionBytes)))
		}
		if keys[a.Key] {
			l.add(at.Child("key").Duplicate(a.Key))
		}
		keys[a.Key] = true
	}
}

func (l *ErrorList) mutation(path Path, m *Mutation) {
	if !l.required(path, "patchType", string(m.PatchType)) {
		return
	}
	apply, patch := path.Child("applyConfiguration"), path.Child("jsonPatch")
	switch m.PatchType {
	case MutationJSONPatch:
		if m.JSONPatch == nil {
			l.add(patch.Required("must be specified when patchType is JSONPatch"))
		} else {
			l.required(patch, "expression", strings.TrimSpace(m.JSONPatch.Expression))
		}
		if m.ApplyConfiguration != nil {
			l.add(apply.Invalid("{applyConfiguration}", "must not be specified when patchType is JSONPatch"))
		}
	case MutationApplyConfiguration:
		if m.ApplyConfiguration == nil {
			l.add(apply.Required("must be specified when patchType is ApplyConfiguration"))
		} else {
			l.required(apply, "expression", strings.TrimSpace(m.ApplyConfiguration.Expression))
		}
		if m.JSONPatch != nil {
			l.add(patch.Invalid("{jsonPatch}", "must not be specified when patchType is ApplyConfiguration"))
		}
	default:
		oneOf(l, path, "patchType", m.PatchType, MutationApplyConfiguration, MutationJSONPatch)
	}
}

// policyBinding checks what the bindings of the two sorts of policy have in common.
func (l *ErrorList) policyBinding(path Path, policy string, params *ParamRef, match *MatchResources) {
	l.requiredFormat(path, "policyName", policy, IsDNS1123Subdomain)
	if params != nil {
		l.paramRef(path.Child("paramRef"), params)
	}
	if match != nil {
		l.matchResources(path.Child("matchResources"), match)
	}
}

func (l *ErrorList) paramRef(path Path, p *ParamRef) {
	const exclusive = "name and selector are mutually exclusive"
	if p.Name != "" {
		l.format(path, "name", p.Name, IsPathSegmentName)
		if p.Selector != nil {
			l.add(path.Child("name").Forbidden(exclusive))
		}
	}
	l.labelSelector(path.Child("selector"), p.Selector)
	if p.Selector != nil && p.Name != "" {
		l.add(path.Child("selector").Forbidden(exclusive))
	}
	if p.Name == "" && p.Selector == nil {
		l.add(path.Required("one of name or selector must be specified"))
	}
	requiredOneOf(l, path, "parameterNotFoundAction", Deref(p.ParameterNotFoundAction, ""), ParameterNotFoundDeny, ParameterNotFoundAllow)
}
