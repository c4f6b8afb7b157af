package api

// PrepareVolumeClaim brings the two fields that name a source of data in step, before a claim is validated. old is nil
// for a new claim.
func PrepareVolumeClaim(spec, old *PersistentVolumeClaimSpec) {
	hadSource := old != nil && (old.DataSource != nil || old.DataSourceRef != nil)
	if ref := spec.DataSourceRef; ref != nil && Deref(ref.Namespace, "") != "" && (old == nil || old.DataSourceRef == nil) {
		spec.DataSourceRef = nil // data from other namespaces is not on offer
	}
	// An old promise: dataSource may name a claim or a snapshot, and anything else is as if it were not there. Whoever
	// means more says dataSourceRef.
	if source := spec.DataSource; source != nil && spec.DataSourceRef == nil && !hadSource {
		switch (GroupVersionKind{Group: Deref(source.APIGroup, ""), Kind: source.Kind}) {
		case GroupVersionKind{Kind: "PersistentVolumeClaim"}, GroupVersionKind{Group: "snapshot.storage.k8s.io", Kind: "VolumeSnapshot"}:
		default:
			spec.DataSource = nil
		}
	}
	switch source, ref := spec.DataSource, spec.DataSourceRef; {
	case source != nil && ref == nil:
		spec.DataSourceRef = &TypedObjectReference{APIGroup: source.APIGroup, Kind: source.Kind, Name: source.Name}
	case source == nil && ref != nil && Deref(ref.Namespace, "") == "":
		spec.DataSource = &TypedLocalObjectReference{APIGroup: ref.APIGroup, Kind: ref.Kind, Name: ref.Name}
	}
}
