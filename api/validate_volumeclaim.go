package api

import "slices"

// What a claim for storage may say. Pods carry such claims in their ephemeral volumes.

func validatePersistentVolumeClaim(obj Object) ErrorList {
	var errs ErrorList
	errs.volumeClaimSpec("spec", &obj.(*PersistentVolumeClaim).Spec)
	return errs
}

// validatePersistentVolumeClaimUpdate: a claim cannot change, or quotas and limits could be got around. It can be bound,
// once; when it is, it can be made larger and given other attributes; and it can get the class that it did not name.
func validatePersistentVolumeClaimUpdate(obj, oldObj Object) ErrorList {
	claim, old := obj.(*PersistentVolumeClaim), oldObj.(*PersistentVolumeClaim)
	errs := validatePersistentVolumeClaim(claim)
	spec, was := DeepCopy(&claim.Spec), old.Spec
	if was.VolumeName == "" {
		was.VolumeName = spec.VolumeName
	}
	class, annotated := old.Annotations[AnnotationStorageClass]
	now, stillAnnotated := claim.Annotations[AnnotationStorageClass]
	named := was.StorageClassName == nil && spec.StorageClassName != nil && (!annotated || *spec.StorageClassName == class)
	if !(named && annotated && (!stillAnnotated || now == class)) && now != class {
		errs.add(metadata.Child("annotations", AnnotationStorageClass).Invalid(now, fieldImmutable))
	}
	if named {
		spec.StorageClassName = was.StorageClassName
	}
	if claim.Status.Phase == ClaimBound {
		if spec.Resources.Requests != nil {
			spec.Resources.Requests[ResourceStorage] = was.Resources.Requests[ResourceStorage]
		}
		spec.VolumeAttributesClassName = was.VolumeAttributesClassName
	}
	if !Equal(spec, &was) {
		errs.add(Path("spec").Forbidden("spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n" +
			diffGoNames(was, *spec)))
	}
	size := claim.Spec.Resources.Requests[ResourceStorage]
	if size.Cmp(old.Spec.Resources.Requests[ResourceStorage]) < 0 && size.Cmp(old.Status.Capacity[ResourceStorage]) <= 0 {
		errs.add(Path("spec.resources.requests.storage").Forbidden("field can not be less than status.capacity"))
	}
	errs.immutable("", "volumeMode", claim.Spec.VolumeMode, old.Spec.VolumeMode)
	if attributes := claim.Spec.VolumeAttributesClassName; old.Status.CurrentVolumeAttributesClassName != nil && Deref(attributes, "") == "" &&
		!Equal(attributes, old.Spec.VolumeAttributesClassName) {
		what := "nil"
		if attributes != nil {
			what = "empty string"
		}
		errs.add(Path("spec.volumeAttributesClassName").Forbidden("update to " + what + " is forbidden when status.currentVolumeAttributesClassName is not nil"))
	}
	return errs
}

func validatePersistentVolumeClaimStatusUpdate(obj, _ Object) ErrorList {
	var errs ErrorList
	claim, path := obj.(*PersistentVolumeClaim), Path("status")
	if len(claim.Spec.AccessModes) == 0 {
		errs.add(Path("Spec.accessModes").Required(""))
	}
	status := &claim.Status
	for _, name := range sortedKeys(status.Capacity) {
		errs.validQuantity(path.Child("capacity").Key(string(name)), status.Capacity[name])
	}
	resizing := []string{
		string(PersistentVolumeClaimControllerResizeInProgress), string(PersistentVolumeClaimControllerResizeInfeasible),
		string(PersistentVolumeClaimNodeResizePending), string(PersistentVolumeClaimNodeResizeInProgress), string(PersistentVolumeClaimNodeResizeInfeasible),
	}
	slices.Sort(resizing)
	at := path.Child("allocatedResourceStatuses")
	for _, name := range sortedKeys(status.AllocatedResourceStatuses) {
		errs.claimResource(at, name)
		if !slices.Contains(resizing, string(status.AllocatedResourceStatuses[name])) {
			errs.add(at.NotSupported(string(name), resizing...))
		}
	}
	at = path.Child("allocatedResources")
	for _, name := range sortedKeys(status.AllocatedResources) {
		q, before := status.AllocatedResources[name], len(errs)
		if errs.claimResource(at, name); len(errs) > before {
			continue
		}
		if errs.validQuantity(at.Key(string(name)), q); len(errs) == before {
			errs.resourceAmount(at.Key(string(name)), ResourceStorage, q)
		}
	}
	return errs
}

// claimResource: of the system's own resources, a claim has only storage.
func (l *ErrorList) claimResource(path Path, name ResourceName) {
	if messages := IsQualifiedName(string(name)); len(messages) > 0 {
		for _, m := range messages {
			l.add(path.Invalid(string(name), m))
		}
		return
	}
	if isNativeResource(name) && name != ResourceStorage {
		l.add(path.NotSupported(string(name), string(ResourceStorage)))
	}
}

func (l *ErrorList) volumeClaimTemplate(path Path, template *PersistentVolumeClaimTemplate) {
	l.templateMeta(path.Child("metadata"), &template.ObjectMeta)
	l.volumeClaimSpec(path.Child("spec"), &template.Spec)
}

// templateMeta checks the metadata of claims to be: labels and annotations, and nothing else.
func (l *ErrorList) templateMeta(path Path, meta *ObjectMeta) {
	l.annotations(path, "annotations", meta.Annotations)
	l.labels(path, "labels", meta.Labels)
	// The claim's name follows from its user's, and the rest is the API server's to write.
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
			l.add(path.Child(f.name).Forbidden("cannot be set"))
		}
	}
}

func (l *ErrorList) volumeClaimSpec(path Path, spec *PersistentVolumeClaimSpec) {
	if len(spec.AccessModes) == 0 {
		l.add(path.Child("accessModes").Required("at least 1 access mode is required"))
	}
	l.labelSelector(path.Child("selector"), spec.Selector)
	l.accessModes(path, spec.AccessModes)

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
