package api

// Roles and bindings: what they default to and what must be true of them.

func defaultRoleBinding(obj Object) {
	binding := obj.(*RoleBinding)
	defaultBinding(&binding.RoleRef, binding.Subjects)
}

func defaultClusterRoleBinding(obj Object) {
	binding := obj.(*ClusterRoleBinding)
	defaultBinding(&binding.RoleRef, binding.Subjects)
}

func defaultBinding(role *RoleRef, subjects []Subject) {
	if role.APIGroup == "" {
		role.APIGroup = RBACGroup
	}
	for i := range subjects {
		if s := &subjects[i]; s.APIGroup == "" && (s.Kind == SubjectUser || s.Kind == SubjectGroup) {
			s.APIGroup = RBACGroup
		}
	}
}

func validateRole(obj Object) ErrorList { return validateRules(obj.(*Role).Rules, true) }

func validateRoleUpdate(obj, _ Object) ErrorList { return validateRole(obj) }

func validateClusterRole(obj Object) ErrorList {
	role := obj.(*ClusterRole)
	errs := validateRules(role.Rules, false)
	if role.AggregationRule == nil {
		return errs
	}
	path := Path("aggregationRule").Child("clusterRoleSelectors")
	if len(role.AggregationRule.ClusterRoleSelectors) == 0 {
		errs.add(path.Required("at least one clusterRoleSelector required if aggregationRule is non-nil"))
	}
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector := &role.AggregationRule.ClusterRoleSelectors[i]
		errs.labelSelector(path.Index(i), selector)
		if _, err := LabelSelectorAsSelector(selector); err != nil {
			errs.add(path.Index(i).Invalid(nil, "invalid label selector."))
		}
	}
	return errs
}

func validateClusterRoleUpdate(obj, _ Object) ErrorList { return validateClusterRole(obj) }

func validateRules(rules []PolicyRule, namespaced bool) ErrorList {
	var errs ErrorList
	for i := range rules {
		errs.policyRule(Path("rules").Index(i), &rules[i], namespaced)
	}
	return errs
}

func (l *ErrorList) policyRule(path Path, rule *PolicyRule, namespaced bool) {
	if len(rule.Verbs) == 0 {
		l.add(path.Child("verbs").Required("verbs must contain at least one value"))
	}
	if len(rule.NonResourceURLs) > 0 {
		if namespaced {
			l.add(path.Child("nonResourceURLs").Invalid(rule.NonResourceURLs, "namespaced rules cannot apply to non-resource URLs"))
		}
		if len(rule.APIGroups) > 0 || len(rule.Resources) > 0 || len(rule.ResourceNames) > 0 {
			l.add(path.Child("nonResourceURLs").Invalid(rule.NonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs"))
		}
		return
	}
	if len(rule.APIGroups) == 0 {
		l.add(path.Child("apiGroups").Required("resource rules must supply at least one api group"))
	}
	if len(rule.Resources) == 0 {
		l.add(path.Child("resources").Required("resource rules must supply at least one resource"))
	}
}

func validateRoleBinding(obj Object) ErrorList {
	binding := obj.(*RoleBinding)
	return validateRoleRefAndSubjects(&binding.RoleRef, binding.Subjects, true, "Role", "ClusterRole")
}

func validateRoleBindingUpdate(obj, old Object) ErrorList {
	errs := validateRoleBinding(obj)
	errs.sameRole(&obj.(*RoleBinding).RoleRef, &old.(*RoleBinding).RoleRef)
	return errs
}

func validateClusterRoleBinding(obj Object) ErrorList {
	binding := obj.(*ClusterRoleBinding)
	return validateRoleRefAndSubjects(&binding.RoleRef, binding.Subjects, false, "ClusterRole")
}

func validateClusterRoleBindingUpdate(obj, old Object) ErrorList {
	errs := validateClusterRoleBinding(obj)
	errs.sameRole(&obj.(*ClusterRoleBinding).RoleRef, &old.(*ClusterRoleBinding).RoleRef)
	return errs
}

// sameRole: with another role, a binding would be another binding, and who may change one need not have the right to
// bind the other.
func (l *ErrorList) sameRole(role, old *RoleRef) {
	if *role != *old {
		// Upstream shows its internal type here, whose fields have capitals.
		l.add(Path("roleRef").Invalid(struct{ APIGroup, Kind, Name string }{role.APIGroup, role.Kind, role.Name}, "cannot change roleRef"))
	}
}

func validateRoleRefAndSubjects(role *RoleRef, subjects []Subject, namespaced bool, kinds ...string) ErrorList {
	var errs ErrorList
	path := Path("roleRef")
	oneOf(&errs, path, "apiGroup", role.APIGroup, RBACGroup)
	oneOf(&errs, path, "kind", role.Kind, kinds...)
	errs.requiredFormat(path, "name", role.Name, IsPathSegmentName)
	for i := range subjects {
		errs.subject(Path("subjects").Index(i), &subjects[i], namespaced)
	}
	return errs
}

func (l *ErrorList) subject(path Path, s *Subject, namespaced bool) {
	named := l.required(path, "name", s.Name)
	switch s.Kind {
	case SubjectServiceAccount:
		if named {
			l.format(path, "name", s.Name, IsDNS1123Subdomain)
		}
		oneOf(l, path, "apiGroup", s.APIGroup, "")
		if !namespaced {
			l.required(path, "namespace", s.Namespace)
		}
	case SubjectUser, SubjectGroup:
		oneOf(l, path, "apiGroup", s.APIGroup, RBACGroup)
	default:
		l.add(path.Child("kind").NotSupported(s.Kind, SubjectServiceAccount, SubjectUser, SubjectGroup))
	}
}
