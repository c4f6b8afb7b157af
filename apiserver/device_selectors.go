package apiserver

import (
	"kubelite/api"
	"kubelite/cel/device"
)

// Selectors of devices run in the scheduler; here they only have to compile.

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
