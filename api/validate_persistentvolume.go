package api

import (
	"path"
	"slices"
	"strings"
)

// Persistent volumes. Their sources are mostly those of a pod's volumes, or nearly so: the rules for those are used
// where they are the same.

// Annotations that were fields to be.
const (
	AnnotationStorageClass = "volume.beta.kubernetes.io/storage-class"
	AnnotationMountOptions = "volume.beta.kubernetes.io/mount-options"
)

// persistentVolumeKind is one kind of source.
type persistentVolumeKind struct {
	field string // the source's JSON name, as upstream writes it here
	is    func(*PersistentVolumeSource) bool
	check func(l *ErrorList, path Path, pv *PersistentVolume)
}

// likeVolume checks a source by the rule for volumes of pods.
func likeVolume(check func(l *ErrorList, path Path, s *VolumeSource), to func(s *PersistentVolumeSource) VolumeSource) func(*ErrorList, Path, *PersistentVolume) {
	return func(l *ErrorList, path Path, pv *PersistentVolume) {
		source := to(&pv.Spec.PersistentVolumeSource)
		check(l, path, &source)
	}
}

// persistentVolumeKinds is in the order in which upstream counts: the first source that is set is the volume's, the
// others are one too many.
var persistentVolumeKinds = []persistentVolumeKind{
	{"hostPath", func(s *PersistentVolumeSource) bool { return s.HostPath != nil },
		likeVolume(checkHostPath, func(s *PersistentVolumeSource) VolumeSource { return VolumeSource{HostPath: s.HostPath} })},
	{"gcePersistentDisk", func(s *PersistentVolumeSource) bool { return s.GCEPersistentDisk != nil },
		likeVolume(checkGCEPersistentDisk, func(s *PersistentVolumeSource) VolumeSource {
			return VolumeSource{GCEPersistentDisk: s.GCEPersistentDisk}
		})},
	{"awsElasticBlockStore", func(s *PersistentVolumeSource) bool { return s.AWSElasticBlockStore != nil },
		likeVolume(checkAWSElasticBlockStore, func(s *PersistentVolumeSource) VolumeSource {
			return VolumeSource{AWSElasticBlockStore: s.AWSElasticBlockStore}
		})},
	{"glusterfs", func(s *PersistentVolumeSource) bool { return s.Glusterfs != nil }, checkPersistentGlusterfs},
	{"flocker", func(s *PersistentVolumeSource) bool { return s.Flocker != nil },
		likeVolume(checkFlocker, func(s *PersistentVolumeSource) VolumeSource { return VolumeSource{Flocker: s.Flocker} })},
	{"nfs", func(s *PersistentVolumeSource) bool { return s.NFS != nil },
		likeVolume(checkNFS, func(s *PersistentVolumeSource) VolumeSource { return VolumeSource{NFS: s.NFS} })},
	{"rbd", func(s *PersistentVolumeSource) bool { return s.RBD != nil },
		likeVolume(checkRBD, func(s *PersistentVolumeSource) VolumeSource {
			return VolumeSource{RBD: &RBDVolumeSource{CephMonitors: s.RBD.CephMonitors, RBDImage: s.RBD.RBDImage}}
		})},
	{"quobyte", func(s *PersistentVolumeSource) bool { return s.Quobyte != nil },
		likeVolume(checkQuobyte, func(s *PersistentVolumeSource) VolumeSource { return VolumeSource{Quobyte: s.Quobyte} })},
	{"cephFS", func(s *PersistentVolumeSource) bool { return s.CephFS != nil },
		likeVolume(checkCephFS, func(s *PersistentVolumeSource) VolumeSource {
			return VolumeSource{CephFS: &CephFSVolumeSource{Monitors: s.CephFS.Monitors}}
		})},
	{"iscsi", func(s *PersistentVolumeSource) bool { return s.ISCSI != nil }, checkPersistentISCSI},
	{"cinder", func(s *PersistentVolumeSource) bool { return s.Cinder != nil }, checkPersistentCinder},
	{"fc", func(s *PersistentVolumeSource) bool { return s.FC != nil },
		likeVolume(checkFC, func(s *PersistentVolumeSource) VolumeSource { return VolumeSource{FC: s.FC} })},
	{"flexVolume", func(s *PersistentVolumeSource) bool { return s.FlexVolume != nil },
		likeVolume(checkFlexVolume, func(s *PersistentVolumeSource) VolumeSource {
			return VolumeSource{FlexVolume: &FlexVolumeSource{Driver: s.FlexVolume.Driver, Options: s.FlexVolume.Options}}
		})},
	{"azureFile", func(s *PersistentVolumeSource) bool { return s.AzureFile != nil }, checkPersistentAzureFile},
	{"vsphereVolume", func(s *PersistentVolumeSource) bool { return s.VsphereVolume != nil },
		likeVolume(checkVsphere, func(s *PersistentVolumeSource) VolumeSource { return VolumeSource{VsphereVolume: s.VsphereVolume} })},
	{"photonPersistentDisk", func(s *PersistentVolumeSource) bool { return s.PhotonPersistentDisk != nil },
		likeVolume(checkPhoton, func(s *PersistentVolumeSource) VolumeSource {
			return VolumeSource{PhotonPersistentDisk: s.PhotonPersistentDisk}
		})},
	{"portworxVolume", func(s *PersistentVolumeSource) bool { return s.PortworxVolume != nil },
		likeVolume(checkPortworx, func(s *PersistentVolumeSource) VolumeSource { return VolumeSource{PortworxVolume: s.PortworxVolume} })},
	{"azureDisk", func(s *PersistentVolumeSource) bool { return s.AzureDisk != nil },
		likeVolume(checkAzureDisk, func(s *PersistentVolumeSource) VolumeSource { return VolumeSource{AzureDisk: s.AzureDisk} })},
	{"scaleIO", func(s *PersistentVolumeSource) bool { return s.ScaleIO != nil },
		likeVolume(checkScaleIO, func(s *PersistentVolumeSource) VolumeSource {
			return VolumeSource{ScaleIO: &ScaleIOVolumeSource{Gateway: s.ScaleIO.Gateway, System: s.ScaleIO.System, VolumeName: s.ScaleIO.VolumeName}}
		})},
	{"local", func(s *PersistentVolumeSource) bool { return s.Local != nil }, checkLocal},
	{"storageos", func(s *PersistentVolumeSource) bool { return s.StorageOS != nil }, checkPersistentStorageOS},
	{"csi", func(s *PersistentVolumeSource) bool { return s.CSI != nil }, checkPersistentCSI},
}

func validatePersistentVolume(obj Object) ErrorList {
	var errs ErrorList
	pv, at := obj.(*PersistentVolume), Path("spec")
	spec := &pv.Spec
	if len(spec.AccessModes) == 0 {
		errs.add(at.Child("accessModes").Required(""))
	}
	errs.accessModes(at, spec.AccessModes)
	if len(spec.Capacity) == 0 {
		errs.add(at.Child("capacity").Required(""))
	}
	if _, ok := spec.Capacity[ResourceStorage]; !ok || len(spec.Capacity) > 1 {
		errs.add(at.Child("capacity").NotSupported(spec.Capacity, string(ResourceStorage)))
	}
	for _, name := range sortedKeys(spec.Capacity) {
		q, at := spec.Capacity[name], at.Child("capacity").Key(string(name))
		errs.validQuantity(at, q)
		if q.Sign() <= 0 {
			errs.add(at.Invalid(q.String(), "must be greater than zero"))
		}
	}
	if policy := spec.PersistentVolumeReclaimPolicy; policy != "" {
		oneOf(&errs, at, "persistentVolumeReclaimPolicy", policy, PersistentVolumeReclaimDelete, PersistentVolumeReclaimRecycle, PersistentVolumeReclaimRetain)
	}
	if spec.NodeAffinity != nil {
		at := at.Child("nodeAffinity", "required")
		if spec.NodeAffinity.Required == nil {
			errs.add(at.Required("must specify required node constraints"))
		} else {
			errs.nodeSelector(at, spec.NodeAffinity.Required)
		}
	}
	errs.persistentVolumeSource(at, pv)
	if spec.HostPath != nil && path.Clean(spec.HostPath.Path) == "/" && spec.PersistentVolumeReclaimPolicy == PersistentVolumeReclaimRecycle {
		errs.add(at.Child("persistentVolumeReclaimPolicy").Forbidden("may not be 'recycle' for a hostPath mount of '/'"))
	}
	if spec.StorageClassName != "" {
		errs.format(at, "storageClassName", spec.StorageClassName, IsDNS1123Subdomain)
	}
	optionalOneOf(&errs, at, "volumeMode", spec.VolumeMode, PersistentVolumeBlock, PersistentVolumeFilesystem)
	if class := spec.VolumeAttributesClassName; class != nil {
		if *class == "" {
			errs.add(at.Child("volumeAttributesClassName").Required("an empty string is disallowed"))
		} else {
			errs.format(at, "volumeAttributesClassName", *class, IsDNS1123Subdomain)
		}
		if spec.CSI == nil {
			errs.add(at.Child("csi").Required("has to be specified when using volumeAttributesClassName"))
		}
	}
	if _, ok := pv.Annotations[AnnotationMountOptions]; ok && !takesMountOptions(spec) {
		errs.add(metadata.Child("annotations", AnnotationMountOptions).Forbidden("may not specify mount options for this volume type"))
	}
	return errs
}

func (l *ErrorList) persistentVolumeSource(at Path, pv *PersistentVolume) {
	sources := 0
	for i := range persistentVolumeKinds {
		kind := &persistentVolumeKinds[i]
		if !kind.is(&pv.Spec.PersistentVolumeSource) {
			continue
		}
		// (Upstream never says that a flex volume is one too many.)
		if sources++; sources > 1 && kind.field != "flexVolume" {
			l.add(at.Child(kind.field).Forbidden("may not specify more than 1 volume type"))
			continue
		}
		kind.check(l, at, pv)
	}
	if sources == 0 {
		l.add(at.Required("must specify a volume type"))
	}
}

// takesMountOptions tells the sources that the annotation of old was made for.
func takesMountOptions(spec *PersistentVolumeSpec) bool {
	return spec.HostPath == nil && spec.Flocker == nil && spec.FC == nil && spec.FlexVolume == nil && spec.PortworxVolume == nil &&
		spec.ScaleIO == nil && spec.Local == nil && spec.StorageOS == nil && spec.CSI == nil
}

// accessModes checks the modes of a volume or claim.
func (l *ErrorList) accessModes(path Path, modes []PersistentVolumeAccessMode) {
	shared := []PersistentVolumeAccessMode{ReadOnlyMany, ReadWriteMany, ReadWriteOnce}
	onePod, other := false, false
	for _, mode := range modes {
		oneOf(l, path, "accessModes", mode, ReadOnlyMany, ReadWriteMany, ReadWriteOnce, ReadWriteOncePod)
		onePod = onePod || mode == ReadWriteOncePod
		other = other || slices.Contains(shared, mode)
	}
	if onePod && other {
		l.add(path.Child("accessModes").Forbidden("may not use ReadWriteOncePod with other access modes"))
	}
}

func (l *ErrorList) validQuantity(path Path, q Quantity) {
	if q.Value() < 0 {
		l.add(path.Invalid(q.Value(), "must be a valid resource quantity"))
	}
}

func validatePersistentVolumeUpdate(obj, oldObj Object) ErrorList {
	pv, old := obj.(*PersistentVolume), oldObj.(*PersistentVolume)
	errs := validatePersistentVolume(pv)
	source := pv.Spec.PersistentVolumeSource
	if csi, was := source.CSI, old.Spec.CSI; csi != nil && was != nil && was.ControllerExpandSecretRef == nil && csi.ControllerExpandSecretRef != nil {
		added := *csi // a secret for making the volume larger may come later
		added.ControllerExpandSecretRef = nil
		source.CSI = &added
	}
	if !Equal(source, old.Spec.PersistentVolumeSource) {
		errs.add(Path("spec.persistentvolumesource").Forbidden("spec.persistentvolumesource is immutable after creation\n" + diffGoNames(old.Spec.PersistentVolumeSource, source)))
	}
	errs.immutable("", "volumeMode", pv.Spec.VolumeMode, old.Spec.VolumeMode)
	if old.Spec.NodeAffinity != nil {
		errs.sameNodeAffinity("nodeAffinity", pv.Spec.NodeAffinity, old.Spec.NodeAffinity)
	}
	if old.Spec.VolumeAttributesClassName != nil && pv.Spec.VolumeAttributesClassName == nil {
		errs.add(Path("spec.volumeAttributesClassName").Forbidden("update from non-nil value to nil is forbidden"))
	}
	return errs
}

// labelsOfOld are node labels that have a new name. A volume may say the new one instead.
var labelsOfOld = map[string]string{
	"failure-domain.beta.kubernetes.io/zone": LabelZone, "failure-domain.beta.kubernetes.io/region": LabelRegion,
	"beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}

func (l *ErrorList) sameNodeAffinity(path Path, affinity, old *VolumeNodeAffinity) {
	renamed := DeepCopy(affinity)
	if renamed != nil && renamed.Required != nil && old.Required != nil {
		for i := range min(len(renamed.Required.NodeSelectorTerms), len(old.Required.NodeSelectorTerms)) {
			now, was := renamed.Required.NodeSelectorTerms[i].MatchExpressions, old.Required.NodeSelectorTerms[i].MatchExpressions
			for j := range min(len(now), len(was)) {
				if labelsOfOld[was[j].Key] == now[j].Key {
					now[j].Key = was[j].Key
				}
			}
		}
	}
	if !Equal(renamed, old) {
		l.add(path.Invalid(goNames{affinity}, fieldImmutable+", except for updating from beta label to GA"))
	}
}

// --- sources that have fields of their own ---

func checkPersistentGlusterfs(l *ErrorList, path Path, pv *PersistentVolume) {
	gluster, path := pv.Spec.Glusterfs, path.Child("glusterfs")
	l.required(path, "endpoints", gluster.EndpointsName)
	l.required(path, "path", gluster.Path)
	if namespace := gluster.EndpointsNamespace; namespace != nil {
		if *namespace == "" {
			l.add(path.Child("endpointsNamespace").Invalid("", "if the endpointnamespace is set, it must be a valid namespace name"))
		} else {
			l.format(path, "endpointsNamespace", *namespace, IsDNS1123Label)
		}
	}
}

func checkPersistentISCSI(l *ErrorList, path Path, pv *PersistentVolume) {
	iscsi, path := pv.Spec.ISCSI, path.Child("iscsi")
	l.required(path, "targetPortal", iscsi.TargetPortal)
	if iscsi.InitiatorName != nil && len(pv.Name+":"+iscsi.TargetPortal) > 64 {
		l.add(path.Child("targetportal").Invalid(iscsi.TargetPortal, "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."))
	}
	if l.required(path, "iqn", iscsi.IQN) && len(isISCSIName(iscsi.IQN)) > 0 {
		l.add(path.Child("iqn").Invalid(iscsi.IQN, "must be valid format"))
	}
	l.inRange(path, "lun", int64(iscsi.Lun), 0, 255)
	if (iscsi.DiscoveryCHAPAuth || iscsi.SessionCHAPAuth) && iscsi.SecretRef == nil {
		l.add(path.Child("secretRef").Required(""))
	}
	if iscsi.SecretRef != nil {
		l.required(path.Child("secretRef"), "name", iscsi.SecretRef.Name)
	}
	if name := iscsi.InitiatorName; name != nil && len(isISCSIName(*name)) > 0 {
		l.add(path.Child("initiatorname").Invalid(*name, "must be valid format"))
	}
}

func checkPersistentCinder(l *ErrorList, path Path, pv *PersistentVolume) {
	cinder, path := pv.Spec.Cinder, path.Child("cinder")
	l.required(path, "volumeID", cinder.VolumeID)
	if cinder.SecretRef != nil {
		l.required(path.Child("secretRef"), "name", cinder.SecretRef.Name)
		l.required(path.Child("secretRef"), "namespace", cinder.SecretRef.Namespace)
	}
}

func checkPersistentAzureFile(l *ErrorList, path Path, pv *PersistentVolume) {
	share, path := pv.Spec.AzureFile, path.Child("azureFile")
	l.required(path, "secretName", share.SecretName)
	l.required(path, "shareName", share.ShareName)
	if share.SecretNamespace != nil {
		l.required(path, "secretNamespace", *share.SecretNamespace)
	}
}

func checkPersistentStorageOS(l *ErrorList, path Path, pv *PersistentVolume) {
	volume, path := pv.Spec.StorageOS, path.Child("storageos")
	l.requiredFormat(path, "volumeName", volume.VolumeName, IsDNS1123Label)
	if volume.VolumeNamespace != "" {
		l.format(path, "volumeNamespace", volume.VolumeNamespace, IsDNS1123Label)
	}
	if volume.SecretRef != nil {
		l.required(path.Child("secretRef"), "name", volume.SecretRef.Name)
		l.required(path.Child("secretRef"), "namespace", volume.SecretRef.Namespace)
	}
}

func checkLocal(l *ErrorList, path Path, pv *PersistentVolume) {
	if l.required(path.Child("local"), "path", pv.Spec.Local.Path) {
		l.noBacksteps(path.Child("local"), "path", pv.Spec.Local.Path)
	}
	if pv.Spec.NodeAffinity == nil {
		l.add(path.Child("nodeAffinity").Required("Local volume requires node affinity"))
	}
}

func checkPersistentCSI(l *ErrorList, path Path, pv *PersistentVolume) {
	csi, path := pv.Spec.CSI, path.Child("csi")
	l.csiDriver(path, csi.Driver)
	l.required(path, "volumeHandle", csi.VolumeHandle)
	for _, ref := range []struct {
		field  string
		secret *SecretReference
	}{
		{"controllerPublishSecretRef", csi.ControllerPublishSecretRef}, {"controllerExpandSecretRef", csi.ControllerExpandSecretRef},
		{"nodePublishSecretRef", csi.NodePublishSecretRef}, {"nodeExpandSecretRef", csi.NodeExpandSecretRef},
	} {
		if ref.secret != nil {
			l.requiredFormat(path.Child(ref.field), "name", ref.secret.Name, IsDNS1123Subdomain)
			l.requiredFormat(path.Child(ref.field), "namespace", ref.secret.Namespace, IsDNS1123Label)
		}
	}
}

// csiDriver checks the name of a CSI driver.
func (l *ErrorList) csiDriver(path Path, driver string) {
	const maxDriverName = 63
	if !l.required(path, "driver", driver) {
		return
	}
	if len(driver) > maxDriverName {
		l.add(path.Child("driver").TooLong(maxDriverName))
	}
	l.format(path, "driver", driver, func(driver string) []string { return IsDNS1123Subdomain(strings.ToLower(driver)) })
}
