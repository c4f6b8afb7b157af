package api

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
	return errs
}

func validateLeaseUpdate(obj, _ Object) ErrorList { return validateLease(obj) }
