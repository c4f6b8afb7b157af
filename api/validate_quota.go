package api

import (
	"fmt"
	"slices"
	"strings"
)

// --- ResourceQuota ---

// quotaResources are the names without a domain that a quota can bound.
func isQuotaResource(name ResourceName) bool {
	return name != ResourceStorage && slices.Contains(standardResources, name) ||
		isHugePages(ResourceName(strings.TrimPrefix(string(name), "requests.")))
}

func validateResourceQuota(obj Object) ErrorList {
	quota := obj.(*ResourceQuota)
	errs := validateQuotaSpec(&quota.Spec)
	errs.quotaStatus(&quota.Status)
	return errs
}

func validateResourceQuotaUpdate(obj, oldObj Object) ErrorList {
	quota, old := obj.(*ResourceQuota), oldObj.(*ResourceQuota)
	errs := validateQuotaSpec(&quota.Spec)
	scopes := func(q *ResourceQuota) []ResourceQuotaScope {
		return slices.Compact(slices.Sorted(slices.Values(q.Spec.Scopes)))
	}
	if !slices.Equal(scopes(quota), scopes(old)) {
		errs.add(Path("spec.scopes").Invalid(quota.Spec.Scopes, fieldImmutable))
	}
	return errs
}

func validateResourceQuotaStatusUpdate(obj, _ Object) ErrorList {
	var errs ErrorList
	errs.quotaStatus(&obj.(*ResourceQuota).Status)
	return errs
}

func validateQuotaSpec(spec *ResourceQuotaSpec) ErrorList {
	var errs ErrorList
	errs.quotaAmounts("spec.hard", spec.Hard)
	errs.quotaScopes(spec)
	errs.quotaSelector(spec)
	return errs
}

func (l *ErrorList) quotaStatus(status *ResourceQuotaStatus) {
	l.quotaAmounts("status.hard", status.Hard)
	l.quotaAmounts("status.used", status.Used)
}

func (l *ErrorList) quotaAmounts(path Path, list ResourceList) {
	for _, name := range sortedKeys(list) {
		at := path.Key(string(name))
		l.resourceName(at, name)
		if !strings.Contains(string(name), "/") && !isQuotaResource(name) {
			l.add(at.Invalid(string(name), "must be a standard resource for quota"))
		}
		l.resourceAmount(at, name, list[name])
	}
}

func (l *ErrorList) quotaScopes(spec *ResourceQuotaSpec) {
	path := Path("spec.scopes")
	for _, scope := range spec.Scopes {
		if !isQuotaScope(scope) {
			l.add(path.Invalid(spec.Scopes, "unsupported scope"))
		}
		l.scopeFitsResources(path, spec, scope, spec.Scopes)
	}
	l.scopesAgree(path, spec, spec.Scopes)
}

func (l *ErrorList) quotaSelector(spec *ResourceQuotaSpec) {
	if spec.ScopeSelector == nil {
		return
	}
	path := Path("spec.scopeSelector.matchExpressions")
	var scopes []ResourceQuotaScope
	for i := range spec.ScopeSelector.MatchExpressions {
		r := &spec.ScopeSelector.MatchExpressions[i]
		if !isQuotaScope(r.ScopeName) {
			l.add(path.Child("scopeName").Invalid(string(r.ScopeName), "unsupported scope"))
		}
		l.scopeFitsResources(path, spec, r.ScopeName, goNames{spec.ScopeSelector})
		switch r.ScopeName {
		case ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort, ResourceQuotaScopeTerminating,
			ResourceQuotaScopeNotTerminating, ResourceQuotaScopeCrossNamespacePodAffinity:
			if r.Operator != ScopeSelectorOpExists {
				l.add(path.Child("operator").Invalid(string(r.Operator), "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "+
					"ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"))
			}
		}
		switch r.Operator {
		case ScopeSelectorOpIn, ScopeSelectorOpNotIn:
			if len(r.Values) == 0 {
				l.add(path.Child("values").Required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"))
			}
		case ScopeSelectorOpExists, ScopeSelectorOpDoesNotExist:
			if len(r.Values) > 0 {
				l.add(path.Child("values").Invalid(r.Values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"))
			}
		default:
			l.add(path.Child("operator").Invalid(string(r.Operator), "not a valid selector operator"))
		}
		scopes = append(scopes, r.ScopeName)
	}
	l.scopesAgree(path, spec, scopes)
}

// scopeFitsResources: a scope that looks at pods makes no sense for what pods do not use.
func (l *ErrorList) scopeFitsResources(path Path, spec *ResourceQuotaSpec, scope ResourceQuotaScope, shown any) {
	for _, name := range sortedKeys(spec.Hard) {
		if isQuotaResource(name) && !scopeFits(scope, name) {
			l.add(path.Invalid(shown, "unsupported scope applied to resource"))
		}
	}
}

func scopeFits(scope ResourceQuotaScope, name ResourceName) bool {
	switch scope {
	case ResourceQuotaScopeBestEffort:
		return name == ResourcePods
	case ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeNotBestEffort,
		ResourceQuotaScopePriorityClass, ResourceQuotaScopeCrossNamespacePodAffinity:
		switch name {
		case ResourcePods, ResourceCPU, ResourceMemory, ResourceLimitsCPU, ResourceLimitsMemory, ResourceRequestsCPU, ResourceRequestsMemory:
			return true
		}
		return false
	case ResourceQuotaScopeVolumeAttributesClass:
		return name == ResourcePersistentVolumeClaims || name == ResourceRequestsStorage
	}
	return true
}

func (l *ErrorList) scopesAgree(path Path, spec *ResourceQuotaSpec, scopes []ResourceQuotaScope) {
	both := func(a, b ResourceQuotaScope) bool { return slices.Contains(scopes, a) && slices.Contains(scopes, b) }
	if both(ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort) {
		l.add(path.Invalid(spec.Scopes, "conflicting scopes"))
	}
	if both(ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating) {
		l.add(path.Invalid(spec.Scopes, "conflicting scopes"))
	}
}

func isQuotaScope(scope ResourceQuotaScope) bool {
	switch scope {
	case ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort,
		ResourceQuotaScopePriorityClass, ResourceQuotaScopeCrossNamespacePodAffinity, ResourceQuotaScopeVolumeAttributesClass:
		return true
	}
	return false
}

// --- LimitRange ---

func validateLimitRange(obj Object) ErrorList {
	var errs ErrorList
	limits := obj.(*LimitRange).Spec.Limits
	seen := map[LimitType]bool{}
	for i := range limits {
		item, path := &limits[i], Path("spec.limits").Index(i)
		errs.limitType(path.Child("type"), item.Type)
		if seen[item.Type] {
			errs.add(path.Child("type").Duplicate(string(item.Type)))
		}
		seen[item.Type] = true
		errs.limitRangeItem(path, item)
	}
	return errs
}

func validateLimitRangeUpdate(obj, _ Object) ErrorList { return validateLimitRange(obj) }

func (l *ErrorList) limitType(path Path, t LimitType) {
	if messages := IsQualifiedName(string(t)); len(messages) > 0 {
		for _, m := range messages {
			l.add(path.Invalid(string(t), m))
		}
		return
	}
	switch t {
	case LimitTypePod, LimitTypeContainer, LimitTypePersistentVolumeClaim:
		return
	}
	if !strings.Contains(string(t), "/") {
		l.add(path.Invalid(string(t), "must be a standard limit type or fully qualified"))
	}
}

func (l *ErrorList) limitRangeItem(path Path, item *LimitRangeItem) {
	defaults, requests := item.Default, item.DefaultRequest
	l.limitResources(path, "max", item.Type, item.Max)
	l.limitResources(path, "min", item.Type, item.Min)
	if item.Type == LimitTypePod {
		const notForPods = "may not be specified when `type` is 'Pod'"
		if len(defaults) > 0 {
			l.add(path.Child("default").Forbidden(notForPods))
		}
		if len(requests) > 0 {
			l.add(path.Child("defaultRequest").Forbidden(notForPods))
		}
		defaults, requests = nil, nil
	}
	l.limitResources(path, "default", item.Type, defaults)
	l.limitResources(path, "defaultRequest", item.Type, requests)
	if item.Type == LimitTypePersistentVolumeClaim {
		_, least := item.Min[ResourceStorage]
		_, most := item.Max[ResourceStorage]
		if !least && !most {
			l.add(path.Child("limits").Required("either minimum or maximum storage value is required, but neither was provided"))
		}
	}
	l.limitResources(path, "maxLimitRequestRatio", item.Type, item.MaxLimitRequestRatio)

	all := ResourceList{}
	for _, list := range []ResourceList{item.Max, item.Min, defaults, requests, item.MaxLimitRequestRatio} {
		addMissing(all, list)
	}
	for _, name := range sortedKeys(all) {
		l.limitsAgree(path, name, item, defaults, requests)
	}
}

func (l *ErrorList) limitResources(path Path, field string, t LimitType, list ResourceList) {
	for _, name := range sortedKeys(list) {
		at := path.Child(field).Key(string(name))
		if t == LimitTypePod || t == LimitTypeContainer {
			l.containerResourceName(at, name)
		} else {
			l.resourceName(at, name)
		}
	}
}

// limitsAgree: least <= default request <= default <= most, as far as each is given, and the ratio can be met.
func (l *ErrorList) limitsAgree(path Path, name ResourceName, item *LimitRangeItem, defaults, requests ResourceList) {
	least, hasLeast := item.Min[name]
	most, hasMost := item.Max[name]
	limit, hasLimit := defaults[name]
	request, hasRequest := requests[name]
	ratio, hasRatio := item.MaxLimitRequestRatio[name]
	wrong := func(field string, value Quantity, format string, args ...any) {
		l.add(path.Child(field).Key(string(name)).Invalid(value, fmt.Sprintf(format, args...)))
	}
	if hasLeast && hasMost && least.Cmp(most) > 0 {
		wrong("min", least, "min value %s is greater than max value %s", least, most)
	}
	if hasRequest && hasLeast && least.Cmp(request) > 0 {
		wrong("defaultRequest", request, "min value %s is greater than default request value %s", least, request)
	}
	if hasRequest && hasMost && request.Cmp(most) > 0 {
		wrong("defaultRequest", request, "default request value %s is greater than max value %s", request, most)
	}
	if hasRequest && hasLimit && request.Cmp(limit) > 0 {
		wrong("defaultRequest", request, "default request value %s is greater than default limit value %s", request, limit)
	}
	if hasLimit && hasLeast && least.Cmp(limit) > 0 {
		wrong("default", least, "min value %s is greater than default value %s", least, limit)
	}
	if hasLimit && hasMost && limit.Cmp(most) > 0 {
		wrong("default", most, "default value %s is greater than max value %s", limit, most)
	}
	if hasRatio && ratio.Cmp(NewQuantity(1, DecimalSI)) < 0 {
		wrong("maxLimitRequestRatio", ratio, "ratio %s is less than 1", ratio)
	}
	if hasRatio && hasLeast && hasMost {
		if widest := most.AsFloat64() / least.AsFloat64(); ratio.AsFloat64() > widest {
			wrong("maxLimitRequestRatio", ratio, "ratio %s is greater than max/min = %f", ratio, widest)
		}
	}
	if !isOvercommitAllowed(name) && hasLimit && hasRequest && limit.Cmp(request) != 0 {
		wrong("defaultRequest", request, "default value %s must equal to defaultRequest value %s in %s", limit, request, name)
	}
}
