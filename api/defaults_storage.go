package api

func defaultStorageClass(obj Object) {
	class := obj.(*StorageClass)
	setDefault(&class.ReclaimPolicy, PersistentVolumeReclaimDelete)
	setDefault(&class.VolumeBindingMode, VolumeBindingImmediate)
}

func defaultCSIDriver(obj Object) {
	spec := &obj.(*CSIDriver).Spec
	setDefault(&spec.AttachRequired, true)
	setDefault(&spec.PodInfoOnMount, false)
	setDefault(&spec.StorageCapacity, false)
	setDefault(&spec.FSGroupPolicy, ReadWriteOnceWithFSTypeFSGroupPolicy)
	if len(spec.VolumeLifecycleModes) == 0 {
		spec.VolumeLifecycleModes = []VolumeLifecycleMode{VolumeLifecyclePersistent}
	}
	setDefault(&spec.RequiresRepublish, false)
	setDefault(&spec.SELinuxMount, false)
}

func defaultVolumeAttachment(obj Object) {
	if inline := obj.(*VolumeAttachment).Spec.Source.InlineVolumeSpec; inline != nil {
		roundResources(inline.Capacity)
		defaultPersistentVolumeSource(&inline.PersistentVolumeSource)
	}
}
