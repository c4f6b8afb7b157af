package api

import "strings"

// Leases: who leads, and until when.

func validateLease(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*Lease).Spec, Path("spec")
	if seconds := spec.LeaseDurationSeconds; seconds != nil && *seconds <= 0 {
		errs.add(path.Child("leaseDurationSeconds").Invalid(*seconds, "must be greater than 0"))
	}
	if spec.LeaseTransitions != nil {
		errs.nonNegative(path, "leaseTransitions", int64(*spec.LeaseTransitions))
	}
	if spec.Strategy != nil {
		at := path.Child("strategy") // the field is named twice in the path, as upstream does
		if strings.Contains(string(*spec.Strategy), "/") {
			errs.format(at, "strategy", string(*spec.Strategy), IsQualifiedName)
		} else {
			oneOf(&errs, at, "strategy", *spec.Strategy, OldestEmulationVersion)
		}
	}
	if Deref(spec.PreferredHolder, "") != "" && Deref(spec.Strategy, "") == "" {
		errs.add(path.Child("preferredHolder").Forbidden("may only be specified if `strategy` is defined"))
	}
	return errs
}

func validateLeaseUpdate(obj, _ Object) ErrorList { return validateLease(obj) }
