package api

import "fmt"

// Access reviews and token requests.

func validateSubjectAccessReview(obj Object) ErrorList {
	review := obj.(*SubjectAccessReview)
	errs := validateSubjectAccessReviewSpec(&review.Spec)
	errs.noMetadata(&review.ObjectMeta, false)
	return errs
}

func validateSelfSubjectAccessReview(obj Object) ErrorList {
	review := obj.(*SelfSubjectAccessReview)
	errs := validateReviewAttributes(review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	errs.selectorAttributes(review.Spec.ResourceAttributes)
	errs.noMetadata(&review.ObjectMeta, false)
	return errs
}

func validateLocalSubjectAccessReview(obj Object) ErrorList {
	review := obj.(*LocalSubjectAccessReview)
	errs := validateSubjectAccessReviewSpec(&review.Spec)
	errs.noMetadata(&review.ObjectMeta, true)
	if a := review.Spec.ResourceAttributes; a != nil && a.Namespace != review.Namespace {
		errs.add(Path("spec.resourceAttributes.namespace").Invalid(a.Namespace, "must match metadata.namespace"))
	}
	if a := review.Spec.NonResourceAttributes; a != nil {
		errs.add(Path("spec.nonResourceAttributes").Invalid(internalPath(a), "disallowed on this kind of request"))
	}
	return errs
}

func validateSubjectAccessReviewSpec(spec *SubjectAccessReviewSpec) ErrorList {
	errs := validateReviewAttributes(spec.ResourceAttributes, spec.NonResourceAttributes)
	if spec.User == "" && len(spec.Groups) == 0 {
		errs.add(Path("spec.user").Invalid(spec.User, "at least one of user or group must be specified"))
	}
	errs.selectorAttributes(spec.ResourceAttributes)
	return errs
}

// validateReviewAttributes: a question is about a resource or about a path.
func validateReviewAttributes(resource *ResourceAttributes, path *NonResourceAttributes) ErrorList {
	var errs ErrorList
	switch {
	case resource != nil && path != nil:
		errs.add(Path("spec.nonResourceAttributes").Invalid(internalPath(path), "cannot be specified in combination with resourceAttributes"))
	case resource == nil && path == nil:
		errs.add(Path("spec.resourceAttributes").Invalid(nil, "exactly one of nonResourceAttributes or resourceAttributes must be specified"))
	}
	return errs
}

// internalPath is how upstream shows these attributes in messages: as its internal type, whose fields have capitals.
func internalPath(a *NonResourceAttributes) any {
	return struct{ Path, Verb string }{a.Path, a.Verb}
}

// noMetadata: a review has no name, and only a local one has a namespace.
func (l *ErrorList) noMetadata(meta *ObjectMeta, local bool) {
	rest, allowed := *meta, ""
	rest.ManagedFields = nil
	if local {
		rest.Namespace, allowed = "", " except for namespace"
	}
	if !Equal(rest, ObjectMeta{}) {
		l.add(metadata.Invalid(*meta, "must be empty"+allowed))
	}
}

// selectorAttributes leaves operators alone that it does not know: a newer client may.
func (l *ErrorList) selectorAttributes(a *ResourceAttributes) {
	if a == nil {
		return
	}
	path := Path("spec.resourceAttributes")
	if s := a.FieldSelector; s != nil {
		path := path.Child("fieldSelector")
		l.rawOrRequirements(path, s.RawSelector, len(s.Requirements))
		for i := range s.Requirements {
			r, path := &s.Requirements[i], path.Child("requirements").Index(i)
			if r.Key == "" {
				l.add(path.Child("key").Required("must be specified"))
			}
			l.operatorValues(path, string(r.Operator), r.Values)
		}
	}
	if s := a.LabelSelector; s != nil {
		path := path.Child("labelSelector")
		l.rawOrRequirements(path, s.RawSelector, len(s.Requirements))
		for i := range s.Requirements {
			r, path := &s.Requirements[i], path.Child("requirements").Index(i)
			l.operatorValues(path, string(r.Operator), r.Values)
			l.format(path, "key", r.Key, IsQualifiedName)
			l.labelValues(path.Child("values"), r.Values)
		}
	}
}

func (l *ErrorList) rawOrRequirements(path Path, raw string, requirements int) {
	switch {
	case raw != "" && requirements > 0:
		l.add(path.Child("rawSelector").Invalid(raw, "may not specified at the same time as requirements"))
	case raw == "" && requirements == 0:
		l.add(path.Child("requirements").Required(fmt.Sprintf("when %s is specified, requirements or rawSelector is required", path)))
	}
}

func (l *ErrorList) operatorValues(path Path, operator string, values []string) {
	switch operator {
	case string(FieldSelectorOpIn), string(FieldSelectorOpNotIn):
		if len(values) == 0 {
			l.add(path.Child("values").Required("must be specified when `operator` is 'In' or 'NotIn'"))
		}
	case string(FieldSelectorOpExists), string(FieldSelectorOpDoesNotExist):
		if len(values) > 0 {
			l.add(path.Child("values").Forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
		}
	}
}

func defaultTokenRequest(obj Object) {
	spec := &obj.(*TokenRequest).Spec
	if spec.ExpirationSeconds == nil {
		spec.ExpirationSeconds = Ptr(int64(3600))
	}
}

func validateTokenRequest(obj Object) ErrorList {
	var errs ErrorList
	path, seconds := Path("spec").Child("expirationSeconds"), Deref(obj.(*TokenRequest).Spec.ExpirationSeconds, 0)
	switch {
	case seconds < 10*60:
		errs.add(path.Invalid(seconds, "may not specify a duration less than 10 minutes"))
	case seconds > 1<<32:
		errs.add(path.Invalid(seconds, "may not specify a duration larger than 2^32 seconds"))
	}
	return errs
}
