package api

// References calls visit with resource and name of each object in its namespace that a pod cannot run without.
func (pod *Pod) References(visit func(plural, name string)) {
	secret := func(ref *LocalObjectReference) {
		if ref != nil && ref.Name != "" {
			visit("secrets", ref.Name)
		}
	}
	if pod.Spec.ServiceAccountName != "" {
		visit("serviceaccounts", pod.Spec.ServiceAccountName)
	}
	for i := range pod.Spec.ImagePullSecrets {
		secret(&pod.Spec.ImagePullSecrets[i])
	}
	environment := func(from []EnvFromSource, env []EnvVar) {
		for _, e := range from {
			if e.ConfigMapRef != nil {
				visit("configmaps", e.ConfigMapRef.Name)
			}
			if e.SecretRef != nil {
				visit("secrets", e.SecretRef.Name)
			}
		}
		for _, e := range env {
			if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
				visit("configmaps", e.ValueFrom.ConfigMapKeyRef.Name)
			}
			if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
				visit("secrets", e.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	for i := range pod.Spec.InitContainers {
		environment(pod.Spec.InitContainers[i].EnvFrom, pod.Spec.InitContainers[i].Env)
	}
	for i := range pod.Spec.Containers {
		environment(pod.Spec.Containers[i].EnvFrom, pod.Spec.Containers[i].Env)
	}
	for i := range pod.Spec.EphemeralContainers {
		environment(pod.Spec.EphemeralContainers[i].EnvFrom, pod.Spec.EphemeralContainers[i].Env)
	}
	for _, claim := range pod.ResourceClaimNames() {
		visit("resourceclaims", claim)
	}
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		switch {
		case v.Secret != nil:
			visit("secrets", v.Secret.SecretName)
		case v.ConfigMap != nil:
			visit("configmaps", v.ConfigMap.Name)
		case v.ClaimName(pod.Name) != "":
			visit("persistentvolumeclaims", v.ClaimName(pod.Name))
		case v.CSI != nil:
			secret(v.CSI.NodePublishSecretRef)
		case v.FlexVolume != nil:
			secret(v.FlexVolume.SecretRef)
		case v.ISCSI != nil:
			secret(v.ISCSI.SecretRef)
		case v.RBD != nil:
			secret(v.RBD.SecretRef)
		case v.CephFS != nil:
			secret(v.CephFS.SecretRef)
		case v.Cinder != nil:
			secret(v.Cinder.SecretRef)
		case v.ScaleIO != nil:
			secret(v.ScaleIO.SecretRef)
		case v.StorageOS != nil:
			secret(v.StorageOS.SecretRef)
		case v.AzureFile != nil:
			visit("secrets", v.AzureFile.SecretName)
		case v.Projected != nil:
			for _, source := range v.Projected.Sources {
				if source.Secret != nil {
					visit("secrets", source.Secret.Name)
				}
				if source.ConfigMap != nil {
					visit("configmaps", source.ConfigMap.Name)
				}
			}
		}
	}
}
