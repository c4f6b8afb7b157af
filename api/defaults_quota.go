package api

// Defaults of ResourceQuota and LimitRange.

func defaultResourceQuota(obj Object) {
	quota := obj.(*ResourceQuota)
	roundResources(quota.Spec.Hard)
	roundResources(quota.Status.Hard)
	roundResources(quota.Status.Used)
}

// defaultLimitRange fills in what containers get by default from what they may have: the most as limit, the limit as
// request, or else the least as request.
func defaultLimitRange(obj Object) {
	limits := obj.(*LimitRange).Spec.Limits
	for i := range limits {
		item := &limits[i]
		for _, list := range []ResourceList{item.Max, item.Min, item.Default, item.DefaultRequest, item.MaxLimitRequestRatio} {
			roundResources(list)
		}
		if item.Type != LimitTypeContainer {
			continue
		}
		if item.Default == nil {
			item.Default = ResourceList{}
		}
		if item.DefaultRequest == nil {
			item.DefaultRequest = ResourceList{}
		}
		addMissing(item.Default, item.Max)
		addMissing(item.DefaultRequest, item.Default)
		addMissing(item.DefaultRequest, item.Min)
	}
}

// addMissing adds the resources that a list does not have.
func addMissing(to, from ResourceList) {
	for name, q := range from {
		if _, ok := to[name]; !ok {
			to[name] = q
		}
	}
}
