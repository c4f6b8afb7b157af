package api

// labelSelector checks a selector's keys, operators and values. Nil is fine: whether one must be there is the
// caller's rule.
func (l *ErrorList) labelSelector(path Path, selector *LabelSelector) {
	if selector == nil {
		return
	}
	l.labels(path, "matchLabels", selector.MatchLabels)
	for i := range selector.MatchExpressions {
		l.labelSelectorRequirement(path.Child("matchExpressions").Index(i), &selector.MatchExpressions[i])
	}
}

func (l *ErrorList) labelSelectorRequirement(path Path, r *LabelSelectorRequirement) {
	switch r.Operator {
	case LabelSelectorOpIn, LabelSelectorOpNotIn:
		if len(r.Values) == 0 {
			l.add(path.Child("values").Required("must be specified when `operator` is 'In' or 'NotIn'"))
		}
	case LabelSelectorOpExists, LabelSelectorOpDoesNotExist:
		if len(r.Values) > 0 {
			l.add(path.Child("values").Forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
		}
	default:
		l.add(path.Child("operator").Invalid(string(r.Operator), "not a valid selector operator"))
	}
	l.format(path, "key", r.Key, IsQualifiedName)
	l.labelValues(path.Child("values"), r.Values)
}

func (l *ErrorList) labelValues(path Path, values []string) {
	for i, value := range values {
		for _, message := range IsValidLabelValue(value) {
			l.add(path.Index(i).Invalid(value, message))
		}
	}
}

// ValidateLabelSelector returns every mistake in a selector.
func ValidateLabelSelector(path Path, selector *LabelSelector) ErrorList {
	var errs ErrorList
	errs.labelSelector(path, selector)
	return errs
}
