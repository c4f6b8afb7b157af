package apiserver

import (
	"fmt"
	"slices"

	"kubelite/api"
)

// What is particular to the kinds of storage.k8s.io when they are written.

var storageClassStrategy = Strategy{
	AnswersDeleted: true,
	Warnings: func(obj, _ api.Object) []string {
		var warnings []string
		for i, term := range obj.(*api.StorageClass).AllowedTopologies {
			for j, r := range term.MatchLabelExpressions {
				if why, ok := deprecatedNodeLabels[r.Key]; ok {
					warnings = append(warnings, fmt.Sprintf("allowedTopologies[%d].matchLabelExpressions[%d].key: %s", i, j, why))
				}
			}
		}
		return warnings
	},
}

var csiDriverStrategy = Strategy{
	// Holding pods back where the driver is missing is alpha upstream, and off.
	PrepareForCreate: func(obj api.Object) { obj.(*api.CSIDriver).Spec.PreventPodSchedulingIfMissing = nil },
	PrepareForUpdate: func(obj, old api.Object) {
		driver, before := obj.(*api.CSIDriver), old.(*api.CSIDriver)
		if before.Spec.PreventPodSchedulingIfMissing == nil {
			driver.Spec.PreventPodSchedulingIfMissing = nil
		}
		if !api.Equal(driver.Spec, before.Spec) { // counted from the first change on; a new one has no generation
			driver.Generation = before.Generation + 1
		}
	},
	ConditionalUpdate: true,
	AnswersDeleted:    true,
	Warnings: func(obj, old api.Object) []string {
		spec := &obj.(*api.CSIDriver).Spec
		if len(spec.TokenRequests) == 0 || spec.ServiceAccountTokenInSecrets != nil {
			return nil
		}
		if old != nil && api.Equal(old.(*api.CSIDriver).Spec.TokenRequests, spec.TokenRequests) {
			return nil
		}
		return []string{"spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes"}
	},
}

var (
	csiNodeStrategy               = Strategy{ConditionalUpdate: true, AnswersDeleted: true}
	volumeAttributesClassStrategy = Strategy{AnswersDeleted: true}
)

var volumeAttachmentStrategy = Strategy{
	Resets:            statusResetsMetadata,
	ConditionalUpdate: true,
	AnswersDeleted:    true,
	PrepareForCreate:  func(obj api.Object) { obj.(*api.VolumeAttachment).Status = api.VolumeAttachmentStatus{} },
	PrepareForUpdate: func(obj, old api.Object) {
		obj.(*api.VolumeAttachment).Status = old.(*api.VolumeAttachment).Status
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.VolumeAttachment).Spec = old.(*api.VolumeAttachment).Spec
		keepUserMetadata(obj, old)
	},
}

var csiStorageCapacityStrategy = Strategy{
	ConditionalUpdate: true,
	Warnings: func(obj, _ api.Object) []string {
		return warnNodeSelector("nodeTopology", obj.(*api.CSIStorageCapacity).NodeTopology)
	},
}

// deprecatedNodeLabels are labels of nodes that should not be selected by any more, and what to do instead.
var deprecatedNodeLabels = map[string]string{
	"beta.kubernetes.io/arch":                       `deprecated since v1.14; use "kubernetes.io/arch" instead`,
	"beta.kubernetes.io/os":                         `deprecated since v1.14; use "kubernetes.io/os" instead`,
	"failure-domain.beta.kubernetes.io/region":      `deprecated since v1.17; use "topology.kubernetes.io/region" instead`,
	"failure-domain.beta.kubernetes.io/zone":        `deprecated since v1.17; use "topology.kubernetes.io/zone" instead`,
	"beta.kubernetes.io/instance-type":              `deprecated since v1.17; use "node.kubernetes.io/instance-type" instead`,
	"app.kubernetes.io/created-by":                  `deprecated since v1.9`,
	"scheduler.alpha.kubernetes.io/preferAvoidPods": `deprecated since v1.22; use Taints and Tolerations instead`,
	"node-role.kubernetes.io/master":                `use "node-role.kubernetes.io/control-plane" instead`,
}

// warnNodeSelector is about deprecated labels in a selector of nodes.
func warnNodeSelector(path string, selector *api.LabelSelector) []string {
	if selector == nil {
		return nil
	}
	var warnings []string
	for i, r := range selector.MatchExpressions {
		if why, ok := deprecatedNodeLabels[r.Key]; ok {
			warnings = append(warnings, fmt.Sprintf("%s.matchExpressions[%d].key: %s is %s", path, i, r.Key, why))
		}
	}
	return append(warnings, warnNodeLabels(path+".matchLabels.", selector.MatchLabels)...)
}

// warnNodeLabels is warnNodeSelector for plain labels; prefix is the path before the label's name.
func warnNodeLabels(prefix string, labels map[string]string) []string {
	var warnings []string
	for label := range labels {
		if why, ok := deprecatedNodeLabels[label]; ok {
			warnings = append(warnings, prefix+label+": "+why)
		}
	}
	slices.Sort(warnings)
	return warnings
}
