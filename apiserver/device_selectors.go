package apiserver

import (
	"sync"

	"kubelite/api"
	"kubelite/cel"
)

// Selectors of devices are CEL expressions over one variable, device. They run in the scheduler; here they only have
// to compile.

var deviceType = &cel.Type{Kind: cel.Object, Name: "kubernetes.DRADevice", Fields: map[string]*cel.Type{
	"driver":                   cel.AnyString,
	"attributes":               cel.MapOf(cel.MapOf(cel.Dynamic)),
	"capacity":                 cel.MapOf(cel.MapOf(cel.Dynamic)),
	"allowMultipleAllocations": cel.AnyBool,
}}

var deviceSelectorEnv = sync.OnceValues(func() (*cel.Env, error) {
	return cel.Base().With(cel.Variable{Name: "device", Type: deviceType})
})

// checkDeviceSelectors returns what keeps the expressions from being compiled.
func checkDeviceSelectors(path api.Path, selectors []api.DeviceSelector) (errs api.ErrorList, err error) {
	for i, s := range selectors {
		if s.CEL == nil {
			continue
		}
		env, err := deviceSelectorEnv()
		if err != nil {
			return nil, err
		}
		at := path.Index(i).Child("cel", "expression")
		program, err := env.Compile(s.CEL.Expression)
		if err != nil {
			errs = append(errs, at.Invalid(s.CEL.Expression, "compilation failed: "+err.Error()))
		} else if !program.Is(cel.AnyBool, cel.Dynamic) {
			errs = append(errs, at.Invalid(s.CEL.Expression, "must evaluate to bool or the unknown type, not "+program.Output().String()))
		}
	}
	return errs, nil
}

// checkRequestSelectors is checkDeviceSelectors for all requests of a claim.
func checkRequestSelectors(path api.Path, requests []api.DeviceRequest) (errs api.ErrorList, err error) {
	check := func(path api.Path, selectors []api.DeviceSelector) {
		wrong, failed := checkDeviceSelectors(path.Child("selectors"), selectors)
		if errs = append(errs, wrong...); failed != nil {
			err = failed
		}
	}
	for i, r := range requests {
		if r.Exactly != nil {
			check(path.Index(i).Child("exactly"), r.Exactly.Selectors)
		}
		for j := range r.FirstAvailable {
			check(path.Index(i).Child("firstAvailable").Index(j), r.FirstAvailable[j].Selectors)
		}
	}
	return errs, err
}
