package api

// Defaults of volumes and claims.

func defaultPersistentVolume(obj Object) {
	pv := obj.(*PersistentVolume)
	roundResources(pv.Spec.Capacity)
	if pv.Status.Phase == "" {
		pv.Status.Phase = VolumePending
	}
	spec := &pv.Spec
	if spec.PersistentVolumeReclaimPolicy == "" {
		spec.PersistentVolumeReclaimPolicy = PersistentVolumeReclaimRetain
	}
	if spec.VolumeMode == nil {
		spec.VolumeMode = Ptr(PersistentVolumeFilesystem)
	}
	defaultPersistentVolumeSource(&spec.PersistentVolumeSource)
}

func defaultPersistentVolumeSource(spec *PersistentVolumeSource) {
	if spec.HostPath != nil && spec.HostPath.Type == nil {
		spec.HostPath.Type = Ptr(HostPathUnset)
	}
	if spec.RBD != nil {
		defaultRBD(&spec.RBD.RBDPool, &spec.RBD.RadosUser, &spec.RBD.Keyring)
	}
	if spec.ISCSI != nil && spec.ISCSI.ISCSIInterface == "" {
		spec.ISCSI.ISCSIInterface = "default"
	}
	if spec.AzureDisk != nil {
		defaultAzureDisk(spec.AzureDisk)
	}
	if spec.ScaleIO != nil {
		defaultScaleIO(&spec.ScaleIO.StorageMode, &spec.ScaleIO.FSType)
	}
}

func defaultPersistentVolumeClaim(obj Object) {
	claim := obj.(*PersistentVolumeClaim)
	if claim.Status.Phase == "" {
		claim.Status.Phase = ClaimPending
	}
	defaultVolumeClaimSpec(&claim.Spec)
	roundResources(claim.Status.Capacity)
	roundResources(claim.Status.AllocatedResources)
}

func defaultRBD(pool, user, keyring *string) {
	orElse(pool, "rbd")
	orElse(user, "admin")
	orElse(keyring, "/etc/ceph/keyring")
}

func defaultScaleIO(mode, fsType *string) {
	orElse(mode, "ThinProvisioned")
	orElse(fsType, "xfs")
}

// orElse fills in an empty string.
func orElse(s *string, otherwise string) {
	if *s == "" {
		*s = otherwise
	}
}
