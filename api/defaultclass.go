package api

// Of classes one can be meant where none is named: by claims a StorageClass, by Ingresses an IngressClass.

// Annotations with the value "true" on the default StorageClass. The second is the older one.
const (
	AnnotationDefaultStorageClass     = "storageclass.kubernetes.io/is-default-class"
	AnnotationBetaDefaultStorageClass = "storageclass.beta.kubernetes.io/is-default-class"
)

// IsDefaultStorageClass tells whether claims that name no class get this one.
func IsDefaultStorageClass(class *StorageClass) bool {
	return class.Annotations[AnnotationDefaultStorageClass] == "true" || class.Annotations[AnnotationBetaDefaultStorageClass] == "true"
}

// IsDefaultIngressClass tells whether Ingresses that name no class get this one.
func IsDefaultIngressClass(class *IngressClass) bool {
	return class.Annotations[AnnotationDefaultIngressClass] == "true"
}

// DefaultClass is the name of the class that is marked as the default, "" if there is none. Of several the newest counts, so that
// a new default takes over while the old one is still marked.
func DefaultClass[T Object](classes []T, isDefault func(T) bool) string {
	var best *ObjectMeta
	for _, class := range classes {
		meta := class.GetObjectMeta()
		if !isDefault(class) {
			continue
		}
		if best == nil || meta.CreationTimestamp.After(best.CreationTimestamp.Time) ||
			meta.CreationTimestamp.Equal(best.CreationTimestamp.Time) && meta.Name < best.Name {
			best = meta
		}
	}
	if best == nil {
		return ""
	}
	return best.Name
}
