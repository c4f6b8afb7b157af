package api

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// What must be true of every object's metadata, whatever its kind.

const (
	maxAnnotationsSize    = 256 << 10 // keys and values of one object together
	maxFieldManagerLength = 128
	maxSubresourceLength  = 256
)

// The finalizers that need no domain, because the system itself acts on them.
const (
	FinalizerOrphanDependents = "orphan"             // the garbage collector lets dependents live on
	FinalizerDeleteDependents = "foregroundDeletion" // the garbage collector deletes dependents first
)

const metadata = Path("metadata")

// ValidateNew returns every mistake in a new object: in its metadata and in what its kind adds. It expects the
// object defaulted and named (generateName has become a name).
func ValidateNew(kind *Kind, obj Object) ErrorList {
	errs := ValidateObjectMeta(kind, obj.GetObjectMeta())
	if kind.Validate != nil {
		errs = append(errs, kind.Validate(obj)...)
	}
	return errs.unique()
}

// ValidateChange returns every mistake in the change from old to obj, in metadata and in what the kind adds.
func ValidateChange(kind *Kind, obj, old Object) ErrorList {
	return validateChange(kind, obj, old, kind.ValidateUpdate)
}

// ValidateStatusChange is ValidateChange for writes to the status subresource.
func ValidateStatusChange(kind *Kind, obj, old Object) ErrorList {
	return validateChange(kind, obj, old, kind.ValidateStatusUpdate)
}

func validateChange(kind *Kind, obj, old Object, rules func(obj, old Object) ErrorList) ErrorList {
	errs := ValidateObjectMetaUpdate(kind, obj.GetObjectMeta(), old.GetObjectMeta())
	if rules != nil {
		errs = append(errs, rules(obj, old)...)
	}
	return errs.unique()
}

// ValidateObjectMeta returns every mistake in a new object's metadata.
func ValidateObjectMeta(kind *Kind, meta *ObjectMeta) ErrorList {
	var errs ErrorList
	validName := kind.ValidName
	if validName == nil {
		validName = IsDNS1123Subdomain
	}
	if meta.GenerateName != "" {
		errs.format(metadata, "generateName", meta.GenerateName, func(prefix string) []string { return validName(maskTrailingDash(prefix)) })
	}
	if meta.Name == "" {
		errs.add(metadata.Child("name").Required("name or generateName is required"))
	} else {
		errs.format(metadata, "name", meta.Name, validName)
	}
	switch {
	case kind.Namespaced:
		errs.requiredFormat(metadata, "namespace", meta.Namespace, IsDNS1123Label)
	case meta.Namespace != "":
		errs.add(metadata.Child("namespace").Forbidden("not allowed on this type"))
	}
	errs.nonNegative(metadata, "generation", meta.Generation)
	errs.metaContents(kind, meta)
	return errs
}

// ValidateObjectMetaUpdate returns every mistake in a change of metadata. The server has already carried over what
// no update can change: uid, creation and deletion time.
func ValidateObjectMetaUpdate(kind *Kind, meta, old *ObjectMeta) ErrorList {
	var errs ErrorList
	if old.DeletionTimestamp != nil {
		errs.noNewFinalizers(meta.Finalizers, old.Finalizers)
	}
	if meta.ResourceVersion == "" {
		errs.add(metadata.Child("resourceVersion").Invalid("", "must be specified for an update"))
	}
	if meta.Generation < old.Generation {
		errs.add(metadata.Child("generation").Invalid(meta.Generation, "must not be decremented"))
	}
	if meta.Name != old.Name {
		errs.add(metadata.Child("name").Invalid(meta.Name, fieldImmutable))
	}
	if meta.Namespace != old.Namespace {
		errs.add(metadata.Child("namespace").Invalid(meta.Namespace, fieldImmutable))
	}
	if meta.UID != old.UID {
		errs.add(metadata.Child("uid").Invalid(meta.UID, fieldImmutable))
	}
	if !meta.CreationTimestamp.Equal(old.CreationTimestamp.Time) {
		errs.add(metadata.Child("creationTimestamp").Invalid(meta.CreationTimestamp, fieldImmutable))
	}
	if !Deref(meta.DeletionTimestamp, Time{}).Equal(Deref(old.DeletionTimestamp, Time{}).Time) {
		errs.add(metadata.Child("deletionTimestamp").Invalid(meta.DeletionTimestamp, fieldImmutable))
	}
	if Deref(meta.DeletionGracePeriodSeconds, -1) != Deref(old.DeletionGracePeriodSeconds, -1) {
		errs.add(metadata.Child("deletionGracePeriodSeconds").Invalid(meta.DeletionGracePeriodSeconds, fieldImmutable))
	}
	errs.metaContents(kind, meta)
	return errs
}

// metaContents checks the parts of metadata that a user may fill, on create and on update.
func (l *ErrorList) metaContents(kind *Kind, meta *ObjectMeta) {
	l.labels(metadata, "labels", meta.Labels)
	l.annotations(metadata, "annotations", meta.Annotations)
	l.ownerReferences("metadata.ownerReferences", meta.OwnerReferences)
	l.finalizers("metadata.finalizers", meta.Finalizers, kind.Custom || slices.Contains(anyFinalizerGroups, kind.Group))
	for i := range meta.ManagedFields {
		l.managedFields(metadata.Child("managedFields").Index(i), &meta.ManagedFields[i])
	}
}

// labels checks keys and values. Mistakes carry the path of the map: upstream's do not say which key it was.
func (l *ErrorList) labels(path Path, field string, labels map[string]string) {
	for key, value := range labels {
		if IsQualifiedName(key) == nil && IsValidLabelValue(value) == nil {
			continue
		}
		for _, key := range sortedKeys(labels) {
			l.format(path, field, key, IsQualifiedName)
			l.format(path, field, labels[key], IsValidLabelValue)
		}
		return
	}
}

func (l *ErrorList) annotations(path Path, field string, annotations map[string]string) {
	size, good := 0, true
	for key, value := range annotations {
		size += len(key) + len(value)
		good = good && isAnnotationKey(key) == nil
	}
	if !good {
		for _, key := range sortedKeys(annotations) {
			l.format(path, field, key, isAnnotationKey)
		}
	}
	if size > maxAnnotationsSize {
		l.add(path.at(field).TooLong(maxAnnotationsSize))
	}
}

// isAnnotationKey is the rule of label keys, but capitals are fine in the domain too.
func isAnnotationKey(key string) []string { return IsQualifiedName(strings.ToLower(key)) }

func (l *ErrorList) ownerReferences(path Path, refs []OwnerReference) {
	controller := ""
	for i := range refs {
		ref := &refs[i]
		gv := ParseGroupVersion(ref.APIVersion)
		if gv.Version == "" || strings.Contains(gv.Version, "/") {
			l.add(path.Child("apiVersion").Invalid(ref.APIVersion, "version must not be empty"))
		}
		for _, part := range []struct{ field, value string }{{"kind", ref.Kind}, {"name", ref.Name}, {"uid", string(ref.UID)}} {
			if part.value == "" {
				l.add(path.Child(part.field).Invalid("", "must not be empty"))
			}
		}
		if ref.APIVersion == "v1" && ref.Kind == "Event" {
			// An event goes away by itself after an hour: nothing may live and die with it.
			l.add(path.Invalid(*ref, "/v1, Kind=Event is disallowed from being an owner"))
		}
		if !Deref(ref.Controller, false) {
			continue
		}
		name := ref.Kind + "/" + ref.Name
		if controller != "" {
			l.add(path.Invalid(refs, fmt.Sprintf("Only one reference can have Controller set to true. Found \"true\" in references for %s and %s", controller, name)))
		} else {
			controller = name
		}
	}
}

// anyFinalizerGroups are the groups whose kinds may have finalizers without a domain and a slash: upstream validates
// them with apimachinery's ValidateObjectMeta. For all other built-in groups the one of pkg/apis/core/validation adds a
// rule.
var anyFinalizerGroups = []string{admissionV1.Group, extensionsV1.Group, registrationV1.Group, coordinationV1.Group, nodeV1.Group}

// finalizers checks their names. unqualified allows names that others may use too; whoever uses one for a custom object is
// warned, and no more.
func (l *ErrorList) finalizers(path Path, finalizers []string, unqualified bool) {
	for _, f := range finalizers {
		l.format(path, "", f, IsQualifiedName)
	}
	if slices.Contains(finalizers, FinalizerOrphanDependents) && slices.Contains(finalizers, FinalizerDeleteDependents) {
		l.add(path.Invalid(finalizers, fmt.Sprintf("finalizer %s and %s cannot be both set", FinalizerOrphanDependents, FinalizerDeleteDependents)))
	}
	for i, f := range finalizers {
		if !unqualified && !isKnownOrQualifiedFinalizer(f) {
			l.add(path.Index(i).Invalid(f, finalizerNotKnown))
		}
	}
}

const finalizerNotKnown = "name is neither a standard finalizer name nor is it fully qualified"

// isKnownOrQualifiedFinalizer keeps names without a domain for the system, so that controllers of different makers
// cannot take each other's.
func isKnownOrQualifiedFinalizer(name string) bool {
	return strings.Contains(name, "/") || name == string(FinalizerKubernetes) || name == FinalizerOrphanDependents || name == FinalizerDeleteDependents
}

func (l *ErrorList) noNewFinalizers(finalizers, old []string) {
	var added []string
	for _, f := range finalizers {
		if !slices.Contains(old, f) && !slices.Contains(added, f) {
			added = append(added, f)
		}
	}
	if len(added) > 0 {
		slices.Sort(added)
		l.add(metadata.Child("finalizers").Forbidden(fmt.Sprintf("no new finalizers can be added if the object is being deleted, found new finalizers %#v", added)))
	}
}

func (l *ErrorList) managedFields(path Path, entry *ManagedFieldsEntry) {
	switch entry.Operation {
	case ManagedFieldsOperationApply, ManagedFieldsOperationUpdate:
	default:
		l.add(path.Child("operation").Invalid(string(entry.Operation), "must be `Apply` or `Update`"))
	}
	if entry.FieldsType != "" && entry.FieldsType != "FieldsV1" {
		l.add(path.Child("fieldsType").Invalid(entry.FieldsType, "must be `FieldsV1`"))
	}
	l.fieldManager(path, "manager", entry.Manager)
	if len(entry.Subresource) > maxSubresourceLength {
		l.add(path.Child("subresource").TooLong(maxSubresourceLength))
	}
}

// ValidateFieldManager checks the fieldManager parameter of a write.
func ValidateFieldManager(path Path, field, manager string) ErrorList {
	var errs ErrorList
	errs.fieldManager(path, field, manager)
	return errs
}

func (l *ErrorList) fieldManager(path Path, field, manager string) {
	if len(manager) > maxFieldManagerLength {
		l.add(path.at(field).TooLong(maxFieldManagerLength))
	}
	for i, r := range manager {
		if !unicode.IsPrint(r) {
			l.add(path.at(field).Invalid(manager, fmt.Sprintf("invalid character %#U (at position %d)", r, i)))
		}
	}
}

// DropDuplicateOwners removes owner references that are in the list already, and returns the UIDs of those. The API server
// calls it before validation and warns the client: a patch easily adds a reference twice, and the garbage collector counts
// owners.
func DropDuplicateOwners(meta *ObjectMeta) (dropped []string) {
	if len(meta.OwnerReferences) < 2 {
		return nil
	}
	var kept []OwnerReference
	for _, ref := range meta.OwnerReferences {
		if slices.ContainsFunc(kept, func(other OwnerReference) bool { return Equal(ref, other) }) {
			dropped = append(dropped, string(ref.UID))
		} else {
			kept = append(kept, ref)
		}
	}
	if len(dropped) > 0 {
		meta.OwnerReferences = kept
	}
	return dropped
}

// maskTrailingDash makes a generateName look like the name that it will begin: "web-" is a fine beginning though
// no name may end so. (Upstream replaces the last two characters, so we do.)
func maskTrailingDash(prefix string) string {
	if len(prefix) > 1 && strings.HasSuffix(prefix, "-") {
		return prefix[:len(prefix)-2] + "a"
	}
	return prefix
}
