package apiserver

import (
	"slices"

	"kubelite/api"
)

// What is particular to the kinds that classes and flows are made of, when they are written.

var priorityClassStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) { obj.GetObjectMeta().Generation = 1 }, // and stays: nothing that it counts can change
}

var runtimeClassStrategy = Strategy{
	CreateOnUpdate:    true,
	ConditionalUpdate: true,
	Warnings: func(obj, _ api.Object) []string {
		scheduling := obj.(*api.RuntimeClass).Scheduling
		if scheduling == nil {
			return nil
		}
		var warnings []string
		for label := range scheduling.NodeSelector {
			if why, ok := deprecatedNodeLabels[label]; ok {
				warnings = append(warnings, "scheduling.nodeSelector: "+why)
			}
		}
		slices.Sort(warnings)
		return warnings
	},
}

var flowSchemaStrategy = Strategy{
	Resets:           statusResetsMetadata,
	PrepareForCreate: func(obj api.Object) { obj.(*api.FlowSchema).Status = api.FlowSchemaStatus{} },
	PrepareForUpdate: func(obj, old api.Object) { obj.(*api.FlowSchema).Status = old.(*api.FlowSchema).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) {
		keepMetadata(obj, old)
		obj.(*api.FlowSchema).Spec = old.(*api.FlowSchema).Spec
	},
	Generation: func(obj api.Object) any { return obj.(*api.FlowSchema).Spec },
}

var priorityLevelStrategy = Strategy{
	Resets: statusResetsMetadata,
	PrepareForCreate: func(obj api.Object) {
		obj.(*api.PriorityLevelConfiguration).Status = api.PriorityLevelConfigurationStatus{}
	},
	PrepareForUpdate: func(obj, old api.Object) {
		obj.(*api.PriorityLevelConfiguration).Status = old.(*api.PriorityLevelConfiguration).Status
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		keepMetadata(obj, old)
		obj.(*api.PriorityLevelConfiguration).Spec = old.(*api.PriorityLevelConfiguration).Spec
	},
	Generation: func(obj api.Object) any { return obj.(*api.PriorityLevelConfiguration).Spec },
}

// keepMetadata is for status subresources through which nobody may write metadata: all of it stays, but for who
// manages which field.
func keepMetadata(obj, old api.Object) {
	meta, managers := obj.GetObjectMeta(), obj.GetObjectMeta().ManagedFields
	*meta = *old.GetObjectMeta()
	meta.ManagedFields = managers
}
