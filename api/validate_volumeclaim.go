package api

import "slices"

// What a claim for storage may say. Pods carry such claims in their ephemeral volumes.

func (l *ErrorList) volumeClaimTemplate(path Path, template *PersistentVolumeClaimTemplate) {
	meta, at := &template.ObjectMeta, path.Child("metadata")
	l.annotations(at, "annotations", meta.Annotations)
	l.labels(at, "labels", meta.Labels)
	// The claim's name follows from the pod's, and the rest is the API server's to write.
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"name", meta.Name != ""}, {"generateName", meta.GenerateName != ""}, {"namespace", meta.Namespace != ""},
		{"selfLink", meta.SelfLink != ""}, {"uID", meta.UID != ""}, {"resourceVersion", meta.ResourceVersion != ""},
		{"generation", meta.Generation != 0}, {"creationTimestamp", !meta.CreationTimestamp.IsZero()},
		{"deletionTimestamp", meta.DeletionTimestamp != nil}, {"deletionGracePeriodSeconds", meta.DeletionGracePeriodSeconds != nil},
		{"ownerReferences", meta.OwnerReferences != nil}, {"finalizers", meta.Finalizers != nil}, {"managedFields", meta.ManagedFields != nil},
	} {
		if f.set {
			l.add(at.Child(f.name).Forbidden("cannot be set"))
		}
	}
	l.volumeClaimSpec(path.Child("spec"), &template.Spec)
}

func (l *ErrorList) volumeClaimSpec(path Path, spec *PersistentVolumeClaimSpec) {
	if len(spec.AccessModes) == 0 {
		l.add(path.Child("accessModes").Required("at least 1 access mode is required"))
	}
	l.labelSelector(path.Child("selector"), spec.Selector)
	shared := []PersistentVolumeAccessMode{ReadOnlyMany, ReadWriteMany, ReadWriteOnce}
	onePod, other := false, false
	for _, mode := range spec.AccessModes {
		oneOf(l, path, "accessModes", mode, ReadOnlyMany, ReadWriteMany, ReadWriteOnce, ReadWriteOncePod)
		onePod = onePod || mode == ReadWriteOncePod
		other = other || slices.Contains(shared, mode)
	}
	if onePod && other {
		l.add(path.Child("accessModes").Forbidden("may not use ReadWriteOncePod with other access modes"))
	}

	size := path.Child("resources").Key(string(ResourceStorage))
	if storage, ok := spec.Resources.Requests[ResourceStorage]; !ok {
		l.add(size.Required(""))
	} else if storage.Sign() <= 0 {
		l.add(size.Invalid(storage.String(), "must be greater than zero"))
	}

	if name := Deref(spec.StorageClassName, ""); name != "" {
		l.format(path, "storageClassName", name, IsDNS1123Subdomain)
	}
	optionalOneOf(l, path, "volumeMode", spec.VolumeMode, PersistentVolumeBlock, PersistentVolumeFilesystem)

	if s := spec.DataSource; s != nil {
		l.dataSource(path.Child("dataSource"), s.APIGroup, s.Kind, s.Name)
	}
	if s := spec.DataSourceRef; s != nil {
		at := path.Child("dataSourceRef")
		l.dataSource(at, s.APIGroup, s.Kind, s.Name)
		if namespace := Deref(s.Namespace, ""); namespace != "" {
			l.format(at, "namespace", namespace, IsDNS1123Label)
		}
	}
	if source, ref := spec.DataSource, spec.DataSourceRef; source != nil && ref != nil {
		if Deref(ref.Namespace, "") != "" {
			l.add(path.Invalid(struct{}{}, "may not be specified when dataSourceRef.namespace is specified"))
		} else if Deref(source.APIGroup, "") != Deref(ref.APIGroup, "") || source.Kind != ref.Kind || source.Name != ref.Name {
			l.add(path.Invalid(struct{}{}, "must match dataSourceRef"))
		}
	}
	if name := Deref(spec.VolumeAttributesClassName, ""); name != "" {
		l.format(path, "volumeAttributesClassName", name, IsDNS1123Subdomain)
	}
}

// dataSource checks what a volume is filled from: another claim, or an object of some provisioner's kind.
func (l *ErrorList) dataSource(path Path, apiGroup *string, kind, name string) {
	l.required(path, "name", name)
	l.required(path, "kind", kind)
	group := Deref(apiGroup, "")
	if group == "" && kind != "PersistentVolumeClaim" {
		l.add(path.Invalid(kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
	}
	if group != "" {
		l.format(path, "apiGroup", group, IsDNS1123Subdomain)
	}
}
