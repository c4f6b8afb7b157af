package api

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// FlowSchemas and PriorityLevelConfigurations.

const (
	maxMatchingPrecedence = 10000
	maxQueues             = 10_000_000
	maxShuffleBits        = 60 // of a hash, that dealing a hand of queues may use up
	wildcard              = "*"
)

func defaultFlowSchema(obj Object) {
	if spec := &obj.(*FlowSchema).Spec; spec.MatchingPrecedence == 0 {
		spec.MatchingPrecedence = 1000
	}
}

func defaultPriorityLevel(obj Object) {
	spec := &obj.(*PriorityLevelConfiguration).Spec
	if exempt := spec.Exempt; exempt != nil {
		setDefault(&exempt.NominalConcurrencyShares, 0)
		setDefault(&exempt.LendablePercent, 0)
	}
	if limited := spec.Limited; limited != nil {
		setDefault(&limited.NominalConcurrencyShares, 30)
		setDefault(&limited.LendablePercent, 0)
		if q := limited.LimitResponse.Queuing; q != nil {
			q.HandSize = nonZero(q.HandSize, 8)
			q.Queues = nonZero(q.Queues, 64)
			q.QueueLengthLimit = nonZero(q.QueueLengthLimit, 50)
		}
	}
}

func nonZero(value, otherwise int32) int32 {
	if value == 0 {
		return otherwise
	}
	return value
}

func validateFlowSchema(obj Object) ErrorList {
	var errs ErrorList
	schema, path := obj.(*FlowSchema), Path("spec")
	spec := &schema.Spec
	at := path.Child("matchingPrecedence")
	if spec.MatchingPrecedence <= 0 {
		errs.add(at.Invalid(spec.MatchingPrecedence, "must be a positive value"))
	}
	if spec.MatchingPrecedence > maxMatchingPrecedence {
		errs.add(at.Invalid(spec.MatchingPrecedence, fmt.Sprintf("must not be greater than %d", maxMatchingPrecedence)))
	}
	if spec.MatchingPrecedence == 1 && schema.Name != FlowSchemaNameExempt {
		errs.add(at.Invalid(spec.MatchingPrecedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
	}
	if method := spec.DistinguisherMethod; method != nil {
		switch method.Type {
		case FlowDistinguisherMethodByUserType, FlowDistinguisherMethodByNamespaceType:
		default:
			errs.add(path.Child("distinguisherMethod", "type").NotSupported(goNames{method},
				string(FlowDistinguisherMethodByNamespaceType), string(FlowDistinguisherMethodByUserType)))
		}
	}
	if level := path.Child("priorityLevelConfiguration", "name"); spec.PriorityLevelConfiguration.Name == "" {
		errs.add(level.Required("must reference a priority level"))
	} else {
		errs.format(level, "", spec.PriorityLevelConfiguration.Name, IsDNS1123Subdomain)
	}
	for i := range spec.Rules {
		errs.flowRules(path.Child("rules").Index(i), &spec.Rules[i])
	}
	for _, fixed := range MandatoryFlowSchemas() {
		if fixed.Name == schema.Name && !Equal(fixed.Spec, schema.Spec) {
			errs.add(path.Invalid(goNames{schema.Spec}, fmt.Sprintf("spec of '%s' must equal the fixed value", schema.Name)))
		}
	}
	return append(errs, validateFlowSchemaStatus(obj, nil)...)
}

func validateFlowSchemaUpdate(obj, _ Object) ErrorList { return validateFlowSchema(obj) }

func validateFlowSchemaStatus(obj, _ Object) ErrorList {
	var errs ErrorList
	conditions := obj.(*FlowSchema).Status.Conditions
	types := make([]string, len(conditions))
	for i := range conditions {
		types[i] = string(conditions[i].Type)
	}
	errs.conditionTypes("status.conditions", types)
	return errs
}

// conditionTypes wants each condition named, and named once.
func (l *ErrorList) conditionTypes(path Path, types []string) {
	for i, name := range types {
		if slices.Contains(types[:i], name) {
			l.add(path.Index(i).Child("type").Duplicate(name))
		}
		l.required(path.Index(i), "type", name)
	}
}

func (l *ErrorList) flowRules(path Path, rule *PolicyRulesWithSubjects) {
	if len(rule.Subjects) == 0 {
		l.add(path.Child("subjects").Required("subjects must contain at least one value"))
	}
	for i := range rule.Subjects {
		l.flowSubject(path.Child("subjects").Index(i), &rule.Subjects[i])
	}
	if len(rule.ResourceRules) == 0 && len(rule.NonResourceRules) == 0 {
		l.add(path.Required("at least one of resourceRules and nonResourceRules has to be non-empty"))
	}
	for i := range rule.ResourceRules {
		l.resourcePolicyRule(path.Child("resourceRules").Index(i), &rule.ResourceRules[i])
	}
	for i := range rule.NonResourceRules {
		r, path := &rule.NonResourceRules[i], path.Child("nonResourceRules").Index(i)
		l.flowVerbs(path.Child("verbs"), r.Verbs)
		if at := path.Child("nonResourceURLs"); l.wildcardAlone(at, r.NonResourceURLs, "nonResourceURLs must contain at least one value", "non-resource URLs") {
			for j, url := range r.NonResourceURLs {
				l.nonResourceURL(at.Index(j), url)
			}
		}
	}
}

// wildcardAlone wants a list that has something, and "*" only by itself. It tells whether there are ordinary elements
// to look at.
func (l *ErrorList) wildcardAlone(path Path, list []string, whenEmpty, what string) bool {
	switch {
	case len(list) == 0:
		l.add(path.Required(whenEmpty))
		return false
	case !slices.Contains(list, wildcard):
		return true
	case len(list) > 1:
		l.add(path.Invalid(list, "if '*' is present, must not specify other "+what))
	}
	return false
}

var flowVerbs = []string{"create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"}

func (l *ErrorList) flowVerbs(path Path, verbs []string) {
	if l.wildcardAlone(path, verbs, "verbs must contain at least one value", "verbs") &&
		slices.ContainsFunc(verbs, func(verb string) bool { return !slices.Contains(flowVerbs, verb) }) {
		l.add(path.NotSupported(verbs, flowVerbs...))
	}
}

func (l *ErrorList) resourcePolicyRule(path Path, r *ResourcePolicyRule) {
	l.flowVerbs(path.Child("verbs"), r.Verbs)
	l.wildcardAlone(path.Child("apiGroups"), r.APIGroups, "resource rules must supply at least one api group", "api groups")
	l.wildcardAlone(path.Child("resources"), r.Resources, "resource rules must supply at least one resource", "resources")
	if len(r.Namespaces) == 0 && r.ClusterScope {
		return
	}
	at := path.Child("namespaces")
	if l.wildcardAlone(at, r.Namespaces, "resource rules that are not cluster scoped must supply at least one namespace", "namespaces") {
		for i, namespace := range r.Namespaces {
			for _, message := range IsDNS1123Label(namespace) {
				l.add(at.Index(i).Invalid(namespace, "each member of this list must be '*' or a DNS-1123 label; "+message))
			}
		}
	}
}

func (l *ErrorList) nonResourceURL(path Path, url string) {
	switch stars := strings.Count(url, wildcard); {
	case url == "":
		l.add(path.Invalid(url, "must not be empty"))
	case url == "/":
	case !strings.HasPrefix(url, "/"):
		l.add(path.Invalid(url, "must start with slash"))
	case strings.Contains(url, " "):
		l.add(path.Invalid(url, "must not contain white-space"))
	case strings.Contains(url, "//"):
		l.add(path.Invalid(url, "must not contain double slash"))
	case stars > 1, stars == 1 && !strings.HasSuffix(url, "/*"):
		l.add(path.Invalid(url, "wildcard can only do suffix matching"))
	}
}

// flowSubject wants the one field set that kind names.
func (l *ErrorList) flowSubject(path Path, s *FlowcontrolSubject) {
	fields := []struct {
		kind SubjectKind
		name string
		set  bool
	}{
		{SubjectKindServiceAccount, "serviceAccount", s.ServiceAccount != nil},
		{SubjectKindUser, "user", s.User != nil},
		{SubjectKindGroup, "group", s.Group != nil},
	}
	known := false
	for _, f := range fields {
		known = known || f.kind == s.Kind
	}
	if !known {
		l.add(path.Child("kind").NotSupported(string(s.Kind), string(SubjectKindGroup), string(SubjectKindServiceAccount), string(SubjectKindUser)))
		return
	}
	for _, f := range fields {
		at := path.Child(f.name)
		switch {
		case f.kind != s.Kind && f.set:
			l.add(at.Forbidden(fmt.Sprintf("%s is forbidden when subject kind is not '%s'", f.name, f.kind)))
		case f.kind != s.Kind:
		case !f.set:
			l.add(at.Required(fmt.Sprintf("%s is required when subject kind is '%s'", f.name, f.kind)))
		case s.Kind == SubjectKindUser:
			l.required(at, "name", s.User.Name)
		case s.Kind == SubjectKindGroup:
			l.required(at, "name", s.Group.Name)
		default:
			l.flowServiceAccount(at, s.ServiceAccount)
		}
	}
}

func (l *ErrorList) flowServiceAccount(path Path, account *ServiceAccountSubject) {
	if l.required(path, "name", account.Name) && account.Name != wildcard {
		l.format(path, "name", account.Name, IsDNS1123Subdomain)
	}
	if account.Namespace == "" {
		l.add(path.Child("namespace").Required("must specify namespace for service account"))
	} else {
		l.format(path, "namespace", account.Namespace, IsDNS1123Label)
	}
}

// preserveZeroShares belongs to a version of the API that is gone.
const preserveZeroShares = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"

func validatePriorityLevel(obj Object) ErrorList {
	var errs ErrorList
	level, path := obj.(*PriorityLevelConfiguration), Path("spec")
	spec := &level.Spec
	if _, ok := level.Annotations[preserveZeroShares]; ok {
		errs.add(metadata.Child("annotations").Forbidden(fmt.Sprintf("annotation '%s' is forbidden", preserveZeroShares)))
	}
	if (level.Name == PriorityLevelConfigurationNameExempt) != (spec.Type == PriorityLevelEnablementExempt) {
		errs.add(path.Child("type").Invalid(string(spec.Type), "must be 'Exempt' if and only if `name` is 'exempt'"))
	}
	switch spec.Type {
	case PriorityLevelEnablementExempt:
		if spec.Limited != nil {
			errs.add(path.Child("limited").Forbidden("must be nil if the type is not Limited"))
		}
		if e := spec.Exempt; e != nil {
			errs.concurrencyShares(path.Child("exempt"), e.NominalConcurrencyShares, e.LendablePercent)
		}
	case PriorityLevelEnablementLimited:
		if spec.Exempt != nil {
			errs.add(path.Child("exempt").Forbidden("must be nil if the type is Limited"))
		}
		if spec.Limited == nil {
			errs.add(path.Child("limited").Required("must not be empty when type is Limited"))
		} else {
			errs.limitedPriorityLevel(path.Child("limited"), spec.Limited)
		}
	default:
		requiredOneOf(&errs, path, "type", spec.Type, PriorityLevelEnablementExempt, PriorityLevelEnablementLimited)
	}
	errs.mandatoryPriorityLevel(path, level)
	return append(errs, validatePriorityLevelStatus(obj, nil)...)
}

func (l *ErrorList) concurrencyShares(path Path, shares, lendable *int32) {
	if shares != nil && *shares < 0 {
		l.add(path.Child("nominalConcurrencyShares").Invalid(*shares, "must be a non-negative integer"))
	}
	if lendable != nil && (*lendable < 0 || *lendable > 100) {
		l.add(path.Child("lendablePercent").Invalid(*lendable, "must be between 0 and 100, inclusive"))
	}
}

func (l *ErrorList) limitedPriorityLevel(path Path, limited *LimitedPriorityLevelConfiguration) {
	l.concurrencyShares(path, limited.NominalConcurrencyShares, nil)
	response, at := &limited.LimitResponse, path.Child("limitResponse")
	switch response.Type {
	case LimitResponseTypeReject:
		if response.Queuing != nil {
			l.add(at.Child("queuing").Forbidden("must be nil if limited.limitResponse.type is not Limited"))
		}
	case LimitResponseTypeQueue:
		if response.Queuing == nil {
			l.add(at.Child("queuing").Required("must not be empty if limited.limitResponse.type is Limited"))
		} else {
			l.queuing(at.Child("queuing"), response.Queuing)
		}
	default:
		requiredOneOf(l, at, "type", response.Type, LimitResponseTypeQueue, LimitResponseTypeReject)
	}
	l.concurrencyShares(path, nil, limited.LendablePercent)
	if borrow := limited.BorrowingLimitPercent; borrow != nil && *borrow < 0 {
		l.add(path.Child("borrowingLimitPercent").Invalid(*borrow, "if specified, must be a non-negative integer"))
	}
}

// queuing checks the numbers by which flows are dealt to queues: a hash must have bits enough for a hand of them.
func (l *ErrorList) queuing(path Path, q *QueuingConfiguration) {
	if q.QueueLengthLimit <= 0 {
		l.add(path.Child("queueLengthLimit").Invalid(q.QueueLengthLimit, "must be positive"))
	}
	if q.Queues <= 0 {
		l.add(path.Child("queues").Invalid(q.Queues, "must be positive"))
	} else if q.Queues > maxQueues {
		l.add(path.Child("queues").Invalid(q.Queues, fmt.Sprintf("must not be greater than %d", maxQueues)))
	}
	at := path.Child("handSize")
	bits := int(math.Ceil(math.Log2(float64(q.Queues)) * float64(q.HandSize)))
	switch {
	case q.HandSize <= 0:
		l.add(at.Invalid(q.HandSize, "must be positive"))
	case q.HandSize > q.Queues:
		l.add(at.Invalid(q.HandSize, fmt.Sprintf("should not be greater than queues (%d)", q.Queues)))
	case bits > maxShuffleBits:
		l.add(at.Invalid(q.HandSize, fmt.Sprintf("required entropy bits of deckSize %d and handSize %d should not be greater than %d", q.Queues, q.HandSize, maxShuffleBits)))
	}
}

// mandatoryPriorityLevel keeps the two levels that the server cannot do without as they are; only what exempt counts
// for is the administrator's.
func (l *ErrorList) mandatoryPriorityLevel(path Path, level *PriorityLevelConfiguration) {
	for _, fixed := range MandatoryPriorityLevels() {
		if fixed.Name != level.Name {
			continue
		}
		spec, except := level.Spec, ""
		if level.Name == PriorityLevelConfigurationNameExempt {
			spec.Exempt, except = fixed.Spec.Exempt, " except the 'spec.exempt' field"
		}
		if !Equal(spec, fixed.Spec) {
			l.add(path.Invalid(goNames{level.Spec}, fmt.Sprintf("spec of '%s'%s must equal the fixed value", level.Name, except)))
		}
	}
}

func validatePriorityLevelUpdate(obj, _ Object) ErrorList { return validatePriorityLevel(obj) }

func validatePriorityLevelStatus(obj, _ Object) ErrorList {
	var errs ErrorList
	conditions := obj.(*PriorityLevelConfiguration).Status.Conditions
	types := make([]string, len(conditions))
	for i := range conditions {
		types[i] = string(conditions[i].Type)
	}
	errs.conditionTypes("status.conditions", types)
	return errs
}
