package apiserver

import (
	"context"

	"kubelite/api"
	"kubelite/cel/device"
)

// Selectors of devices run in the scheduler; here they only have to compile.

// checkSelectors is the Check of the kinds that select devices. Claims and their templates do not change.
func checkSelectors(_ context.Context, _ *Server, _ *Request, obj, old api.Object) api.ErrorList {
	switch o := obj.(type) {
	case *api.DeviceClass:
		if before, _ := old.(*api.DeviceClass); before == nil || !api.Equal(o.Spec.Selectors, before.Spec.Selectors) {
			return checkDeviceSelectors("spec.selectors", o.Spec.Selectors)
		}
	case *api.ResourceResourceClaim:
		if old == nil {
			return checkRequestSelectors("spec.devices.requests", o.Spec.Devices.Requests)
		}
	case *api.ResourceClaimTemplate:
		if old == nil {
			return checkRequestSelectors("spec.spec.devices.requests", o.Spec.Spec.Devices.Requests)
		}
	}
	return nil
}

// checkDeviceSelectors returns what keeps the expressions from being compiled.
func checkDeviceSelectors(path api.Path, selectors []api.DeviceSelector) (errs api.ErrorList) {
	for i, s := range selectors {
		if s.CEL == nil {
			continue
		}
		if _, err := device.Compile(s.CEL.Expression); err != nil {
			errs = append(errs, path.Index(i).Child("cel", "expression").Invalid(s.CEL.Expression, err.Error()))
		}
	}
	return errs
}

// checkRequestSelectors is checkDeviceSelectors for all requests of a claim.
func checkRequestSelectors(path api.Path, requests []api.DeviceRequest) (errs api.ErrorList) {
	for i, r := range requests {
		if r.Exactly != nil {
			errs = append(errs, checkDeviceSelectors(path.Index(i).Child("exactly", "selectors"), r.Exactly.Selectors)...)
		}
		for j := range r.FirstAvailable {
			errs = append(errs, checkDeviceSelectors(path.Index(i).Child("firstAvailable").Index(j).Child("selectors"), r.FirstAvailable[j].Selectors)...)
		}
	}
	return errs
}
