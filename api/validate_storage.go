package api

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The kinds of storage.k8s.io: classes of volumes, and what volume drivers tell the cluster about themselves.

const (
	maxParameters     = 512
	maxParametersSize = 256 << 10 // keys and values together
	maxCSINodeID      = 256
	maxCSIDriverName  = 63
)

func validateStorageClass(obj Object) ErrorList {
	var errs ErrorList
	class := obj.(*StorageClass)
	errs.provisioner("provisioner", class.Provisioner)
	errs.parameters("parameters", class.Parameters)
	if policy := class.ReclaimPolicy; policy != nil && *policy != "" {
		oneOf(&errs, "reclaimPolicy", "", *policy, PersistentVolumeReclaimDelete, PersistentVolumeReclaimRetain)
	}
	if class.VolumeBindingMode == nil {
		errs.add(Path("volumeBindingMode").Required(""))
	} else {
		oneOf(&errs, "volumeBindingMode", "", *class.VolumeBindingMode, VolumeBindingImmediate, VolumeBindingWaitForFirstConsumer)
	}
	errs.topologies("allowedTopologies", class.AllowedTopologies)
	return errs
}

func validateStorageClassUpdate(obj, old Object) ErrorList {
	errs := validateStorageClass(obj)
	class, oldClass := obj.(*StorageClass), old.(*StorageClass)
	errs.immutable("parameters", "", class.Parameters, oldClass.Parameters)
	errs.immutable("provisioner", "", class.Provisioner, oldClass.Provisioner)
	errs.immutable("reclaimPolicy", "", class.ReclaimPolicy, oldClass.ReclaimPolicy)
	errs.immutable("volumeBindingMode", "", class.VolumeBindingMode, oldClass.VolumeBindingMode)
	return errs
}

// provisioner checks the name of who makes or changes volumes. Capitals are fine in it.
func (l *ErrorList) provisioner(path Path, name string) {
	if l.required(path, "", name) {
		for _, message := range IsQualifiedName(strings.ToLower(name)) {
			l.add(path.Invalid(strings.ToLower(name), message))
		}
	}
}

func (l *ErrorList) parameters(path Path, parameters map[string]string) {
	if len(parameters) > maxParameters {
		l.add(path.TooLong(maxParameters))
		return
	}
	size := 0
	for key, value := range parameters {
		if key == "" {
			l.add(path.Invalid(key, "field can not be empty."))
		}
		size += len(key) + len(value)
	}
	if size > maxParametersSize {
		l.add(path.TooLong(maxParametersSize))
	}
}

func (l *ErrorList) topologies(path Path, terms []TopologySelectorTerm) {
	var seen []map[string][]string
	for i, term := range terms {
		at := path.Index(i).Child("matchLabelExpressions")
		wanted := map[string][]string{}
		for j, r := range term.MatchLabelExpressions {
			at := at.Index(j)
			if len(r.Values) == 0 {
				l.add(at.Child("values").Required(""))
			}
			for k, value := range r.Values {
				if slices.Contains(r.Values[:k], value) {
					l.add(at.Child("values").Index(k).Duplicate(value))
				}
			}
			l.format(at, "key", r.Key, IsQualifiedName)
			if _, twice := wanted[r.Key]; twice {
				l.add(at.Child("key").Duplicate(r.Key))
			}
			values := slices.Clone(r.Values)
			slices.Sort(values)
			wanted[r.Key] = slices.Compact(values)
		}
		// A term without expressions counts as one that is there already: it selects nothing.
		if len(wanted) == 0 || slices.ContainsFunc(seen, func(other map[string][]string) bool { return Equal(other, wanted) }) {
			l.add(at.Duplicate(""))
		}
		seen = append(seen, wanted)
	}
}

// csiDriverName checks the name of a volume driver, which is also the rule for drivers of devices.
func (l *ErrorList) csiDriverName(path Path, field, name string) {
	if !l.required(path, field, name) {
		return
	}
	if len(name) > maxCSIDriverName {
		l.add(path.at(field).TooLong(maxCSIDriverName))
	}
	l.format(path, field, name, func(name string) []string { return IsDNS1123Subdomain(strings.ToLower(name)) })
}

func validateCSIDriver(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*CSIDriver).Spec, Path("spec")
	for _, field := range []struct {
		name  string
		value *bool
	}{
		{"attachedRequired", spec.AttachRequired}, // upstream's slip: the field has another name
		{"podInfoOnMount", spec.PodInfoOnMount}, {"storageCapacity", spec.StorageCapacity}, {"seLinuxMount", spec.SELinuxMount},
	} {
		if field.value == nil {
			errs.add(path.Child(field.name).Required(""))
		}
	}
	optionalOneOf(&errs, path, "fsGroupPolicy", spec.FSGroupPolicy, FileFSGroupPolicy, NoneFSGroupPolicy, ReadWriteOnceWithFSTypeFSGroupPolicy)
	errs.tokenRequests(path.Child("tokenRequests"), spec.TokenRequests)
	for _, mode := range spec.VolumeLifecycleModes {
		oneOf(&errs, path, "volumeLifecycleModes", mode, VolumeLifecyclePersistent, VolumeLifecycleEphemeral)
	}
	if period := spec.NodeAllocatableUpdatePeriodSeconds; period != nil && *period < 10 {
		errs.add(path.Child("nodeAllocatableUpdatePeriodSeconds").Invalid(*period, "must be greater than or equal to 10 seconds"))
	}
	if spec.ServiceAccountTokenInSecrets != nil && len(spec.TokenRequests) == 0 {
		errs.add(path.Child("serviceAccountTokenInSecrets").Invalid(*spec.ServiceAccountTokenInSecrets,
			"serviceAccountTokenInSecrets is set but no tokenRequests are specified"))
	}
	return errs
}

func (l *ErrorList) tokenRequests(path Path, requests []StorageTokenRequest) {
	seen := map[string]bool{}
	for i, r := range requests {
		at := path.Index(i)
		if seen[r.Audience] {
			l.add(at.Child("audience").Duplicate(r.Audience))
			continue
		}
		seen[r.Audience] = true
		switch seconds := Deref(r.ExpirationSeconds, 600); {
		case seconds < 600:
			l.add(at.Child("expirationSeconds").Invalid(seconds, "may not specify a duration less than 10 minutes"))
		case seconds > 1<<32:
			l.add(at.Child("expirationSeconds").Invalid(seconds, "may not specify a duration larger than 2^32 seconds"))
		}
	}
}

func validateCSIDriverUpdate(obj, old Object) ErrorList {
	errs := validateCSIDriver(obj)
	spec, oldSpec := &obj.(*CSIDriver).Spec, &old.(*CSIDriver).Spec
	errs.immutable("spec", "attachedRequired", spec.AttachRequired, oldSpec.AttachRequired)
	errs.immutable("spec", "volumeLifecycleModes", spec.VolumeLifecycleModes, oldSpec.VolumeLifecycleModes)
	return errs
}

func validateCSINode(obj Object) ErrorList {
	var errs ErrorList
	seen := map[string]bool{}
	for i, driver := range obj.(*CSINode).Spec.Drivers {
		path := Path("spec.drivers").Index(i)
		errs.csiDriverName(path, "name", driver.Name)
		errs.required(path, "nodeID", driver.NodeID)
		if len(driver.NodeID) > maxCSINodeID {
			errs.add(path.Child("nodeID").Invalid(driver.NodeID, fmt.Sprintf("must be %d characters or less", maxCSINodeID)))
		}
		if driver.Allocatable != nil {
			errs.nonNegative(path.Child("allocatable"), "count", int64(Deref(driver.Allocatable.Count, 0)))
		}
		if seen[driver.Name] {
			errs.add(path.Child("name").Duplicate(driver.Name))
		}
		seen[driver.Name] = true
		for j, key := range driver.TopologyKeys {
			errs.required(path, "", key)
			if slices.Contains(driver.TopologyKeys[:j], key) {
				errs.add(path.Duplicate(key))
			}
			errs.format(path, "", key, IsQualifiedName)
		}
	}
	return errs
}

// validateCSINodeUpdate: a driver on a node is as it is; only how many volumes the node takes may change.
func validateCSINodeUpdate(obj, old Object) ErrorList {
	errs := validateCSINode(obj)
	for _, before := range old.(*CSINode).Spec.Drivers {
		for _, after := range obj.(*CSINode).Spec.Drivers {
			if before.Name == after.Name {
				before.Allocatable, after.Allocatable = nil, nil
				if !Equal(before, after) {
					errs.add(Path("spec.drivers").Invalid(goNames{after}, fieldImmutable))
				}
			}
		}
	}
	return errs
}

func validateCSIStorageCapacity(obj Object) ErrorList {
	var errs ErrorList
	capacity := obj.(*CSIStorageCapacity)
	errs.labelSelector("nodeTopology", capacity.NodeTopology)
	errs.format("storageClassName", "", capacity.StorageClassName, IsDNS1123Subdomain)
	if q := capacity.Capacity; q != nil && q.Sign() < 0 {
		errs.add(Path("capacity").Invalid(q.String(), "must be greater than or equal to 0"))
	}
	return errs
}

func validateCSIStorageCapacityUpdate(obj, old Object) ErrorList {
	errs := validateCSIStorageCapacity(obj)
	capacity, before := obj.(*CSIStorageCapacity), old.(*CSIStorageCapacity)
	errs.immutable("nodeTopology", "", capacity.NodeTopology, before.NodeTopology)
	errs.immutable("storageClassName", "", capacity.StorageClassName, before.StorageClassName)
	return errs
}

func validateVolumeAttributesClass(obj Object) ErrorList {
	var errs ErrorList
	class := obj.(*VolumeAttributesClass)
	errs.provisioner("driverName", class.DriverName)
	errs.parameters("parameters", class.Parameters)
	if len(class.Parameters) == 0 {
		errs.add(Path("parameters").Required("must contain at least one key/value pair"))
	}
	return errs
}

func validateVolumeAttributesClassUpdate(obj, old Object) ErrorList {
	var errs ErrorList
	class, before := obj.(*VolumeAttributesClass), old.(*VolumeAttributesClass)
	if class.DriverName != before.DriverName {
		errs.add(Path("driverName").Forbidden("updates to driverName are forbidden."))
	}
	if !Equal(class.Parameters, before.Parameters) {
		errs.add(Path("parameters").Forbidden("updates to parameters are forbidden."))
	}
	return append(errs, validateVolumeAttributesClass(obj)...)
}

const (
	maxAttachmentMetadata = 256 << 10
	maxVolumeErrorMessage = 1 << 10
	onlyOneSource         = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
	notInline             = "may not be specified in the context of inline volumes"
)

func validateVolumeAttachment(obj Object) ErrorList {
	var errs ErrorList
	attachment := obj.(*VolumeAttachment)
	spec, path := &attachment.Spec, Path("spec")
	errs.csiDriverName(path, "attacher", spec.Attacher)
	name, inline, at := spec.Source.PersistentVolumeName, spec.Source.InlineVolumeSpec, path.Child("source")
	switch {
	case name == nil && inline == nil:
		errs.add(at.Required(onlyOneSource))
	case name != nil && inline != nil:
		errs.add(at.Forbidden(onlyOneSource))
	case inline != nil:
		errs.inlineVolume(at.Child("inlineVolumeSpec"), inline)
	case *name == "":
		errs.add(at.Child("persistentVolumeName").Required("must specify non empty persistentVolumeName"))
	}
	errs.format(path, "nodeName", spec.NodeName, IsDNS1123Subdomain)
	errs.attachmentStatus(&attachment.Status)
	if name != nil {
		errs.format(at, "persistentVolumeName", *name, IsDNS1123Subdomain)
	}
	return errs
}

// inlineVolume checks a volume that has no object of its own: much of what an object would say is not for it.
func (l *ErrorList) inlineVolume(path Path, spec *PersistentVolumeSpec) {
	for _, f := range []struct {
		field string
		set   bool
	}{
		{"claimRef", spec.ClaimRef != nil}, {"capacity", len(spec.Capacity) > 0}, {"nodeAffinity", spec.NodeAffinity != nil},
		{"storageClassName", spec.StorageClassName != ""},
	} {
		if f.set {
			l.add(path.Child(f.field).Forbidden(notInline))
		}
	}
	if spec.CSI == nil {
		l.add(path.Child("csi").Required("has to be specified in the context of inline volumes"))
	}
	if len(spec.AccessModes) == 0 {
		l.add(path.Child("accessModes").Required(""))
	}
	l.accessModes(path, spec.AccessModes)
	if policy := spec.PersistentVolumeReclaimPolicy; policy != "" && policy != PersistentVolumeReclaimRetain {
		l.add(path.Child("persistentVolumeReclaimPolicy").Forbidden("may only be Retain in the context of inline volumes"))
	}
	if mode := spec.VolumeMode; mode != nil && *mode != PersistentVolumeFilesystem {
		l.add(path.Child("volumeMode").Forbidden("may not specify volumeMode other than Filesystem in the context of inline volumes"))
	}
	l.persistentVolumeSource(path, &PersistentVolume{Spec: *spec})
}

func (l *ErrorList) attachmentStatus(status *VolumeAttachmentStatus) {
	path, size := Path("status"), 0
	for key, value := range status.AttachmentMetadata {
		size += len(key) + len(value)
	}
	if size > maxAttachmentMetadata {
		l.add(path.Child("attachmentMetadata").TooLong(maxAttachmentMetadata))
	}
	l.volumeError(path.Child("attachError"), status.AttachError)
	l.volumeError(path.Child("detachError"), status.DetachError)
}

func (l *ErrorList) volumeError(path Path, e *VolumeError) {
	if e == nil {
		return
	}
	if len(e.Message) > maxVolumeErrorMessage {
		l.add(path.Child("message").TooLong(maxAttachmentMetadata)) // (upstream names the wrong limit)
	}
	if e.ErrorCode != nil && *e.ErrorCode < 0 {
		l.add(path.Child("errorCode").Invalid(*e.ErrorCode, inclusiveRange(0, math.MaxInt32)))
	}
}

func validateVolumeAttachmentUpdate(obj, old Object) ErrorList {
	errs := validateVolumeAttachment(obj)
	errs.immutableSpec("spec", obj.(*VolumeAttachment).Spec, old.(*VolumeAttachment).Spec)
	return errs
}
