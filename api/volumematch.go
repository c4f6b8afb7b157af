package api

import (
	"fmt"
	"slices"
)

// Which volume satisfies which claim. The binder of volumes decides by these rules, and so does the scheduler for claims that
// wait for their first consumer.

// Annotations by which binder, scheduler and provisioners tell each other how far a claim is.
const (
	AnnotationBindCompleted     = "pv.kubernetes.io/bind-completed"
	AnnotationBoundByController = "pv.kubernetes.io/bound-by-controller"
	AnnotationSelectedNode      = "volume.kubernetes.io/selected-node"
)

// FindVolume returns the volume that is kept for the claim, else the smallest free one that satisfies it, else nil. free
// says which of those that are kept for nobody may be taken. The error is that of the claim's selector.
func FindVolume(volumes []*PersistentVolume, claim *PersistentVolumeClaim, free func(*PersistentVolume) bool) (*PersistentVolume, error) {
	selector := Everything()
	if claim.Spec.Selector != nil {
		var err error
		if selector, err = LabelSelectorAsSelector(claim.Spec.Selector); err != nil {
			return nil, fmt.Errorf("selector of claim %s: %w", claim.Key(), err)
		}
	}
	var smallest *PersistentVolume
	for _, volume := range volumes {
		switch {
		case volume.DeletionTimestamp != nil || VolumeSize(volume).Cmp(ClaimSize(claim)) < 0 || VolumeMode(volume.Spec.VolumeMode) != VolumeMode(claim.Spec.VolumeMode):
			continue
		case Deref(volume.Spec.VolumeAttributesClassName, "") != Deref(claim.Spec.VolumeAttributesClassName, ""):
			continue
		case IsVolumeFor(volume, claim):
			return volume, nil
		case volume.Spec.ClaimRef != nil || volume.Status.Phase != VolumeAvailable:
			continue
		case VolumeMismatch(volume, claim) != "" || !selector.Matches(volume.Labels) || !free(volume):
			continue
		}
		if smallest == nil || VolumeSize(volume).Cmp(VolumeSize(smallest)) < 0 || VolumeSize(volume).Cmp(VolumeSize(smallest)) == 0 && volume.Name < smallest.Name {
			smallest = volume
		}
	}
	return smallest, nil
}

// VolumeMismatch says why a volume cannot satisfy a claim, in upstream's words; "" if it can.
func VolumeMismatch(volume *PersistentVolume, claim *PersistentVolumeClaim) string {
	switch {
	case volume.DeletionTimestamp != nil:
		return fmt.Sprintf("the volume is marked for deletion %q", volume.Name)
	case VolumeSize(volume).Cmp(ClaimSize(claim)) < 0:
		return "requested PV is too small"
	case VolumeClass(volume) != ClaimClass(claim):
		return "storageClassName does not match"
	case Deref(volume.Spec.VolumeAttributesClassName, "") != Deref(claim.Spec.VolumeAttributesClassName, ""):
		return "volumeAttributesClassName does not match"
	case VolumeMode(volume.Spec.VolumeMode) != VolumeMode(claim.Spec.VolumeMode):
		return "incompatible volumeMode"
	case !HasAccessModes(volume, claim):
		return "incompatible accessMode"
	}
	return ""
}

// HasAccessModes tells whether the volume can be used in all ways that the claim asks for.
func HasAccessModes(volume *PersistentVolume, claim *PersistentVolumeClaim) bool {
	return !slices.ContainsFunc(claim.Spec.AccessModes, func(m PersistentVolumeAccessMode) bool { return !slices.Contains(volume.Spec.AccessModes, m) })
}

// IsVolumeFor tells whether the volume is kept for the claim or bound to it. An administrator who keeps one writes no UID.
func IsVolumeFor(volume *PersistentVolume, claim *PersistentVolumeClaim) bool {
	ref := volume.Spec.ClaimRef
	return ref != nil && ref.Namespace == claim.Namespace && ref.Name == claim.Name && (ref.UID == "" || ref.UID == claim.UID)
}

// IsBindCompleted tells whether the claim's side of a binding was once written.
func IsBindCompleted(claim *PersistentVolumeClaim) bool {
	_, completed := claim.Annotations[AnnotationBindCompleted]
	return completed
}

// VolumeSize is what a volume holds.
func VolumeSize(volume *PersistentVolume) Quantity { return volume.Spec.Capacity[ResourceStorage] }

// ClaimSize is what a claim asks for.
func ClaimSize(claim *PersistentVolumeClaim) Quantity {
	return claim.Spec.Resources.Requests[ResourceStorage]
}

// VolumeMode is the mode of a volume or of a claim that names one or none.
func VolumeMode(mode *PersistentVolumeMode) PersistentVolumeMode {
	return Deref(mode, PersistentVolumeFilesystem)
}

// ClaimClass is the name of the claim's class, "" for none. The annotation of old goes before the field.
func ClaimClass(claim *PersistentVolumeClaim) string {
	if class, ok := claim.Annotations[AnnotationStorageClass]; ok {
		return class
	}
	return Deref(claim.Spec.StorageClassName, "")
}

// NamesClass tells whether the claim says anything of its class: "" is none, and not the default.
func NamesClass(claim *PersistentVolumeClaim) bool {
	_, annotated := claim.Annotations[AnnotationStorageClass]
	return annotated || claim.Spec.StorageClassName != nil
}

// VolumeClass is the name of the volume's class, "" for none.
func VolumeClass(volume *PersistentVolume) string {
	if class, ok := volume.Annotations[AnnotationStorageClass]; ok {
		return class
	}
	return volume.Spec.StorageClassName
}
