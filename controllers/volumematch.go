package controllers

import (
	"fmt"
	"slices"

	"kubelite/api"
)

// Which volume satisfies which claim: pure functions of the two.

// findVolume returns the volume that is kept for the claim, else the smallest free one that satisfies it, else nil. For
// a claim that waits for its first consumer only the former counts: the rest is the scheduler's choice.
func findVolume(volumes []*api.PersistentVolume, claim *api.PersistentVolumeClaim, waits bool) (*api.PersistentVolume, error) {
	selector := api.Everything()
	if claim.Spec.Selector != nil {
		var err error
		if selector, err = api.LabelSelectorAsSelector(claim.Spec.Selector); err != nil {
			return nil, fmt.Errorf("selector of claim %s: %w", claim.Key(), err)
		}
	}
	var smallest *api.PersistentVolume
	for _, volume := range volumes {
		switch {
		case volume.DeletionTimestamp != nil || volumeSize(volume).Cmp(claimSize(claim)) < 0 || volumeMode(volume.Spec.VolumeMode) != volumeMode(claim.Spec.VolumeMode):
			continue
		case api.Deref(volume.Spec.VolumeAttributesClassName, "") != api.Deref(claim.Spec.VolumeAttributesClassName, ""):
			continue
		case isFor(volume, claim):
			return volume, nil
		case waits || volume.Spec.ClaimRef != nil || volume.Status.Phase != api.VolumeAvailable:
			continue
		case volumeMismatch(volume, claim) != "" || !selector.Matches(volume.Labels):
			continue
		}
		if smallest == nil || volumeSize(volume).Cmp(volumeSize(smallest)) < 0 || volumeSize(volume).Cmp(volumeSize(smallest)) == 0 && volume.Name < smallest.Name {
			smallest = volume
		}
	}
	return smallest, nil
}

// volumeMismatch says why a volume cannot satisfy a claim, "" if it can.
func volumeMismatch(volume *api.PersistentVolume, claim *api.PersistentVolumeClaim) string {
	switch {
	case volume.DeletionTimestamp != nil:
		return fmt.Sprintf("the volume is marked for deletion %q", volume.Name)
	case volumeSize(volume).Cmp(claimSize(claim)) < 0:
		return "requested PV is too small"
	case volumeClass(volume) != claimClass(claim):
		return "storageClassName does not match"
	case api.Deref(volume.Spec.VolumeAttributesClassName, "") != api.Deref(claim.Spec.VolumeAttributesClassName, ""):
		return "volumeAttributesClassName does not match"
	case volumeMode(volume.Spec.VolumeMode) != volumeMode(claim.Spec.VolumeMode):
		return "incompatible volumeMode"
	case slices.ContainsFunc(claim.Spec.AccessModes, func(m api.PersistentVolumeAccessMode) bool { return !slices.Contains(volume.Spec.AccessModes, m) }):
		return "incompatible accessMode"
	}
	return ""
}

// isFor tells whether the volume is kept for the claim or bound to it. An administrator who keeps one writes no UID.
func isFor(volume *api.PersistentVolume, claim *api.PersistentVolumeClaim) bool {
	ref := volume.Spec.ClaimRef
	return ref != nil && ref.Namespace == claim.Namespace && ref.Name == claim.Name && (ref.UID == "" || ref.UID == claim.UID)
}

func isBindCompleted(claim *api.PersistentVolumeClaim) bool {
	_, completed := claim.Annotations[annotationBindCompleted]
	return completed
}

func volumeSize(volume *api.PersistentVolume) api.Quantity {
	return volume.Spec.Capacity[api.ResourceStorage]
}

func claimSize(claim *api.PersistentVolumeClaim) api.Quantity {
	return claim.Spec.Resources.Requests[api.ResourceStorage]
}

func volumeMode(mode *api.PersistentVolumeMode) api.PersistentVolumeMode {
	return api.Deref(mode, api.PersistentVolumeFilesystem)
}

// claimClass is the name of the claim's class, "" for none. The annotation of old goes before the field.
func claimClass(claim *api.PersistentVolumeClaim) string {
	if class, ok := claim.Annotations[api.AnnotationStorageClass]; ok {
		return class
	}
	return api.Deref(claim.Spec.StorageClassName, "")
}

// namesClass tells whether the claim says anything of its class: "" is none, and not the default.
func namesClass(claim *api.PersistentVolumeClaim) bool {
	_, annotated := claim.Annotations[api.AnnotationStorageClass]
	return annotated || claim.Spec.StorageClassName != nil
}

func volumeClass(volume *api.PersistentVolume) string {
	if class, ok := volume.Annotations[api.AnnotationStorageClass]; ok {
		return class
	}
	return volume.Spec.StorageClassName
}

func waitsForConsumer(class *api.StorageClass) bool {
	return class != nil && api.Deref(class.VolumeBindingMode, api.VolumeBindingImmediate) == api.VolumeBindingWaitForFirstConsumer
}

// defaultStorageClass is the newest of the classes that are marked as the default, "" if there is none.
func defaultStorageClass(classes []*api.StorageClass) string {
	var best *api.StorageClass
	for _, class := range classes {
		if class.Annotations[annotationDefaultClass] != "true" && class.Annotations[annotationBetaDefaultClass] != "true" {
			continue
		}
		if best == nil || class.CreationTimestamp.After(best.CreationTimestamp.Time) ||
			class.CreationTimestamp.Equal(best.CreationTimestamp.Time) && class.Name < best.Name {
			best = class
		}
	}
	if best == nil {
		return ""
	}
	return best.Name
}
