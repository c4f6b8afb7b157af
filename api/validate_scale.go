package api

// ValidateScale returns every mistake in a write to the scale subresource of any kind.
func ValidateScale(scale *Scale) ErrorList {
	errs := ValidateObjectMeta(&Kind{Namespaced: true}, &scale.ObjectMeta)
	errs.nonNegative("spec", "replicas", int64(scale.Spec.Replicas))
	return errs
}
