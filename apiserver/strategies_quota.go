package apiserver

import (
	"fmt"

	"kubelite/api"
)

// What is particular to the kinds that bound what a namespace uses.

var quotaStrategy = Strategy{
	PrepareForCreate:       func(obj api.Object) { obj.(*api.ResourceQuota).Status = api.ResourceQuotaStatus{} },
	PrepareForUpdate:       func(obj, old api.Object) { obj.(*api.ResourceQuota).Status = old.(*api.ResourceQuota).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) { obj.(*api.ResourceQuota).Spec = old.(*api.ResourceQuota).Spec },
	Warnings:               warnQuota,
	AnswersDeleted:         true,
}

// warnQuota is about requests that may exceed limits: no pod could use them up.
func warnQuota(obj, old api.Object) []string {
	if old != nil {
		return nil
	}
	hard := obj.(*api.ResourceQuota).Spec.Hard
	var warnings []string
	for _, name := range []api.ResourceName{api.ResourceCPU, api.ResourceMemory, api.ResourceStorage, api.ResourceEphemeralStorage} {
		of := "requests." + name
		request, ok := hard[of]
		if !ok && (name == api.ResourceCPU || name == api.ResourceMemory) {
			of = name
			request, ok = hard[of]
		}
		limit, limited := hard["limits."+name]
		if ok && limited && request.Cmp(limit) > 0 {
			warnings = append(warnings, fmt.Sprintf("ResourceQuota %s (%s) should be less than limits.%s (%s)", of, request, name, limit))
		}
	}
	return warnings
}

// limitRangeStrategy: a LimitRange without a name gets one.
var limitRangeStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		if meta := obj.GetObjectMeta(); meta.Name == "" {
			meta.Name = string(api.NewUID())
		}
	},
	CreateOnUpdate: true,
}
