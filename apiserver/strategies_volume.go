package apiserver

import (
	"fmt"

	"kubelite/api"
)

// What is particular to volumes and claims.

var persistentVolumeStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		now := api.Now()
		obj.(*api.PersistentVolume).Status = api.PersistentVolumeStatus{Phase: api.VolumePending, LastPhaseTransitionTime: &now}
	},
	PrepareForUpdate: func(obj, old api.Object) { obj.(*api.PersistentVolume).Status = old.(*api.PersistentVolume).Status },
	PrepareForStatusUpdate: func(obj, old api.Object) {
		pv, before := obj.(*api.PersistentVolume), old.(*api.PersistentVolume)
		pv.Spec = before.Spec
		given, was := pv.Status.LastPhaseTransitionTime, before.Status.LastPhaseTransitionTime
		switch same := pv.Status.Phase == before.Status.Phase; {
		case same && given == nil:
			pv.Status.LastPhaseTransitionTime = was
		case !same && (given == nil || was != nil && given.Equal(was.Time)): // the writer left the time to us
			now := api.Now()
			pv.Status.LastPhaseTransitionTime = &now
		}
	},
	Warnings:       warnPersistentVolume,
	AnswersDeleted: true,
}

func warnPersistentVolume(obj, _ api.Object) (warnings []string) {
	pv := obj.(*api.PersistentVolume)
	warnings = warnAnnotations(pv.Annotations, map[string]string{
		api.AnnotationStorageClass: storageClassAnnotationWarning,
		api.AnnotationMountOptions: `deprecated since v1.31; use "mountOptions" attribute instead`,
	})
	spec := &pv.Spec
	if spec.PersistentVolumeReclaimPolicy == api.PersistentVolumeReclaimRecycle {
		warnings = append(warnings, "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.")
	}
	if spec.NodeAffinity != nil && spec.NodeAffinity.Required != nil {
		for i := range spec.NodeAffinity.Required.NodeSelectorTerms {
			path := api.Path("spec").Child("nodeAffinity", "required", "nodeSelectorTerms").Index(i)
			warnings = append(warnings, warnNodeSelectorTerm(path, &spec.NodeAffinity.Required.NodeSelectorTerms[i], false)...)
		}
	}
	for _, source := range []struct {
		set         bool
		field, text string
	}{
		{spec.CephFS != nil, "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
		{spec.PhotonPersistentDisk != nil, "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
		{spec.ScaleIO != nil, "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
		{spec.StorageOS != nil, "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
		{spec.Glusterfs != nil, "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
		{spec.RBD != nil, "rbd", "deprecated in v1.28, non-functional in v1.31+"},
	} {
		if source.set {
			warnings = append(warnings, "spec."+source.field+": "+source.text)
		}
	}
	return warnings
}

const storageClassAnnotationWarning = `deprecated since v1.8; use "storageClassName" attribute instead`

func warnAnnotations(annotations map[string]string, deprecated map[string]string) (warnings []string) {
	for _, key := range []string{api.AnnotationStorageClass, api.AnnotationMountOptions} {
		if _, ok := annotations[key]; ok && deprecated[key] != "" {
			warnings = append(warnings, fmt.Sprintf("metadata.annotations[%s]: %s", key, deprecated[key]))
		}
	}
	return warnings
}

var claimStrategy = Strategy{
	PrepareForCreate: func(obj api.Object) {
		claim := obj.(*api.PersistentVolumeClaim)
		claim.Status = api.PersistentVolumeClaimStatus{}
		api.PrepareVolumeClaim(&claim.Spec, nil)
		claim.Status.Phase = api.ClaimPending
	},
	PrepareForUpdate: func(obj, old api.Object) {
		claim, before := obj.(*api.PersistentVolumeClaim), old.(*api.PersistentVolumeClaim)
		claim.Status = before.Status
		api.PrepareVolumeClaim(&claim.Spec, &before.Spec)
	},
	PrepareForStatusUpdate: func(obj, old api.Object) {
		obj.(*api.PersistentVolumeClaim).Spec = old.(*api.PersistentVolumeClaim).Spec
	},
	Warnings: func(obj, _ api.Object) []string {
		claim := obj.(*api.PersistentVolumeClaim)
		warnings := warnAnnotations(claim.Annotations, map[string]string{api.AnnotationStorageClass: storageClassAnnotationWarning})
		return append(warnings, warnClaimSpec("spec", &claim.Spec)...)
	},
	AnswersDeleted: true,
}
