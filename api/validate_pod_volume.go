package api

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Volumes of a pod. Each has exactly one source; volumeKinds has a row for each that there is.

const (
	maxFileMode        = 0o777
	fileModeMessage    = "must be a number between 0 and 0777 (octal), both inclusive"
	minTokenExpiration = 10 * 60 // seconds
	maxTokenExpiration = 1 << 32
)

// volumeKind is one kind of volume source.
type volumeKind struct {
	field string // the source's JSON name
	is    func(*VolumeSource) bool
	// check looks at the source; path is the volume's. Nil: there is nothing to get wrong.
	check func(l *ErrorList, path Path, s *VolumeSource)
}

// volumeKinds is in the order in which upstream counts: the first source that is set is the volume's, the others
// are one too many.
var volumeKinds = []volumeKind{
	{"emptyDir", func(s *VolumeSource) bool { return s.EmptyDir != nil }, checkEmptyDir},
	{"hostPath", func(s *VolumeSource) bool { return s.HostPath != nil }, checkHostPath},
	{"gitRepo", func(s *VolumeSource) bool { return s.GitRepo != nil }, checkGitRepo},
	{"gcePersistentDisk", func(s *VolumeSource) bool { return s.GCEPersistentDisk != nil }, checkGCEPersistentDisk},
	{"awsElasticBlockStore", func(s *VolumeSource) bool { return s.AWSElasticBlockStore != nil }, checkAWSElasticBlockStore},
	{"secret", func(s *VolumeSource) bool { return s.Secret != nil }, checkSecretVolume},
	{"nfs", func(s *VolumeSource) bool { return s.NFS != nil }, checkNFS},
	{"iscsi", func(s *VolumeSource) bool { return s.ISCSI != nil }, checkISCSI},
	{"glusterfs", func(s *VolumeSource) bool { return s.Glusterfs != nil }, checkGlusterfs},
	{"flocker", func(s *VolumeSource) bool { return s.Flocker != nil }, checkFlocker},
	{"persistentVolumeClaim", func(s *VolumeSource) bool { return s.PersistentVolumeClaim != nil }, checkClaimVolume},
	{"rbd", func(s *VolumeSource) bool { return s.RBD != nil }, checkRBD},
	{"cinder", func(s *VolumeSource) bool { return s.Cinder != nil }, checkCinder},
	{"cephfs", func(s *VolumeSource) bool { return s.CephFS != nil }, checkCephFS},
	{"quobyte", func(s *VolumeSource) bool { return s.Quobyte != nil }, checkQuobyte},
	{"downwardAPI", func(s *VolumeSource) bool { return s.DownwardAPI != nil }, checkDownwardAPI},
	{"fc", func(s *VolumeSource) bool { return s.FC != nil }, checkFC},
	{"flexVolume", func(s *VolumeSource) bool { return s.FlexVolume != nil }, checkFlexVolume},
	{"configMap", func(s *VolumeSource) bool { return s.ConfigMap != nil }, checkConfigMapVolume},
	{"azureFile", func(s *VolumeSource) bool { return s.AzureFile != nil }, checkAzureFile},
	{"vsphereVolume", func(s *VolumeSource) bool { return s.VsphereVolume != nil }, checkVsphere},
	{"photonPersistentDisk", func(s *VolumeSource) bool { return s.PhotonPersistentDisk != nil }, checkPhoton},
	{"portworxVolume", func(s *VolumeSource) bool { return s.PortworxVolume != nil }, checkPortworx},
	{"azureDisk", func(s *VolumeSource) bool { return s.AzureDisk != nil }, checkAzureDisk},
	{"storageos", func(s *VolumeSource) bool { return s.StorageOS != nil }, checkStorageOS},
	{"projected", func(s *VolumeSource) bool { return s.Projected != nil }, checkProjected},
	{"scaleIO", func(s *VolumeSource) bool { return s.ScaleIO != nil }, checkScaleIO},
	{"csi", func(s *VolumeSource) bool { return s.CSI != nil }, checkCSI},
	{"ephemeral", func(s *VolumeSource) bool { return s.Ephemeral != nil }, checkEphemeral},
	{"image", func(s *VolumeSource) bool { return s.Image != nil }, checkImageVolume},
}

// checkVolumes checks all volumes and remembers the good ones: a container that mounts a bad one is told that there
// is no such volume.
func (c *podCheck) checkVolumes() {
	if len(c.spec.Volumes) == 0 {
		return
	}
	c.volumes = make(map[string]*VolumeSource, len(c.spec.Volumes))
	for i := range c.spec.Volumes {
		v, path := &c.spec.Volumes[i], c.path.Child("volumes").Index(i)
		before := len(c.ErrorList)
		c.checkVolumeSource(path, v)
		c.requiredFormat(path, "name", v.Name, IsDNS1123Label)
		if c.volumes[v.Name] != nil {
			c.add(path.Child("name").Duplicate(v.Name))
		}
		if len(c.ErrorList) == before {
			c.volumes[v.Name] = &v.VolumeSource
		}
		if claim := v.PersistentVolumeClaim; claim != nil && c.createsClaim(claim.ClaimName) {
			c.add(path.Child("persistentVolumeClaim", "claimName").Invalid(claim.ClaimName,
				"must not reference a PVC that gets created for an ephemeral volume"))
		}
	}
}

// createsClaim tells whether one of the pod's ephemeral volumes will make the named claim: <pod>-<volume>.
func (c *podCheck) createsClaim(name string) bool {
	return c.meta != nil && c.meta.Name != "" && slices.ContainsFunc(c.spec.Volumes, func(v Volume) bool {
		return v.Ephemeral != nil && name == c.meta.Name+"-"+v.Name
	})
}

func (c *podCheck) checkVolumeSource(path Path, v *Volume) {
	sources := 0
	for i := range volumeKinds {
		kind := &volumeKinds[i]
		if !kind.is(&v.VolumeSource) {
			continue
		}
		if sources++; sources > 1 {
			c.add(path.Child(kind.field).Forbidden("may not specify more than 1 volume type"))
			continue
		}
		kind.check(&c.ErrorList, path, &v.VolumeSource)
	}
	if sources == 0 {
		c.add(path.Required("must specify a volume type"))
	}
	if v.ISCSI != nil && v.ISCSI.InitiatorName != nil && len(v.Name+":"+v.ISCSI.TargetPortal) > 64 {
		c.add(path.Child("name").Invalid(v.Name, "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."))
	}
	if v.Ephemeral != nil && c.meta != nil && c.meta.Name != "" && v.Name != "" {
		claim := c.meta.Name + "-" + v.Name
		for _, m := range IsDNS1123Subdomain(claim) {
			c.add(path.Child("name").Invalid(v.Name, fmt.Sprintf("PVC name %q: %s", claim, m)))
		}
	}
	if v.Image != nil && c.meta != nil && v.Image.Reference == "" {
		c.add(path.Child("image", "reference").Required(""))
	}
}

// --- paths and modes of files in volumes ---

// descendingPath wants a path that stays inside: relative and without "..".
func (l *ErrorList) descendingPath(at Path, field, target string) {
	if path.IsAbs(target) {
		l.add(at.Child(field).Invalid(target, "must be a relative path"))
	}
	l.noBacksteps(at, field, target)
}

func (l *ErrorList) noBacksteps(at Path, field, target string) {
	if hasBackstep(target) {
		l.add(at.Child(field).Invalid(target, "must not contain '..'"))
	}
}

func hasBackstep(target string) bool {
	return strings.Contains(target, "..") && slices.Contains(strings.Split(target, "/"), "..")
}

// fileInVolume is descendingPath without names such as "..data": the kubelet swaps whole versions of a volume with
// links of such names.
func (l *ErrorList) fileInVolume(at Path, field, target string) {
	l.descendingPath(at, field, target)
	if strings.HasPrefix(target, "..") && !strings.HasPrefix(target, "../") {
		l.add(at.Child(field).Invalid(target, "must not start with '..'"))
	}
}

func (l *ErrorList) fileMode(at Path, field string, mode *int32) {
	if mode != nil && (*mode < 0 || *mode > maxFileMode) {
		l.add(at.Child(field).Invalid(*mode, fileModeMessage))
	}
}

func (l *ErrorList) keysToPaths(at Path, items []KeyToPath) {
	for i := range items {
		item, at := &items[i], at.Child("items").Index(i)
		l.required(at, "key", item.Key)
		l.required(at, "path", item.Path)
		l.fileInVolume(at, "path", item.Path)
		l.fileMode(at, "mode", item.Mode)
	}
}

// --- sources that the kubelet fills itself ---

func checkEmptyDir(l *ErrorList, path Path, s *VolumeSource) {
	if s.EmptyDir.SizeLimit != nil && s.EmptyDir.SizeLimit.Sign() < 0 {
		l.add(path.Child("emptyDir", "sizeLimit").Forbidden("SizeLimit field must be a valid resource quantity"))
	}
}

func checkHostPath(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("hostPath")
	if !l.required(path, "path", s.HostPath.Path) {
		return
	}
	l.noBacksteps(path, "path", s.HostPath.Path)
	optionalOneOf(l, path, "type", s.HostPath.Type, HostPathUnset, HostPathBlockDev, HostPathCharDev, HostPathDirectory,
		HostPathDirectoryOrCreate, HostPathFile, HostPathFileOrCreate, HostPathSocket)
}

func checkSecretVolume(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("secret")
	l.required(path, "secretName", s.Secret.SecretName)
	l.fileMode(path, "defaultMode", s.Secret.DefaultMode)
	l.keysToPaths(path, s.Secret.Items)
}

func checkConfigMapVolume(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("configMap")
	l.required(path, "name", s.ConfigMap.Name)
	l.fileMode(path, "defaultMode", s.ConfigMap.DefaultMode)
	l.keysToPaths(path, s.ConfigMap.Items)
}

func checkDownwardAPI(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("downwardAPI")
	l.fileMode(path, "defaultMode", s.DownwardAPI.DefaultMode)
	for i := range s.DownwardAPI.Items {
		l.downwardAPIFile(path, &s.DownwardAPI.Items[i])
	}
}

// downwardAPIFile checks one file. (Its mistakes carry the path of the volume source: upstream leaves out the index.)
func (l *ErrorList) downwardAPIFile(path Path, file *DownwardAPIVolumeFile) {
	l.required(path, "path", file.Path)
	l.fileInVolume(path, "path", file.Path)
	switch {
	case file.FieldRef != nil:
		l.fieldRef(path.Child("fieldRef"), file.FieldRef, volumeFieldPaths)
		if file.ResourceFieldRef != nil {
			l.add(path.Invalid("resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
		}
	case file.ResourceFieldRef != nil:
		l.resourceFieldRef(path.Child("resourceFieldRef"), file.ResourceFieldRef, true)
	default:
		l.add(path.Required("one of fieldRef and resourceFieldRef is required"))
	}
	l.fileMode(path, "mode", file.Mode)
}

// checkProjected checks several sources that share one directory, so no two may write the same file.
func checkProjected(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("projected")
	l.fileMode(path, "defaultMode", s.Projected.DefaultMode)
	files := map[string]bool{}
	claimFile := func(file, source string) {
		if file != "" && files[file] {
			l.add(path.Invalid(source, "conflicting duplicate paths"))
		}
		files[file] = true
	}
	for i := range s.Projected.Sources {
		source, at := &s.Projected.Sources[i], path.Child("sources").Index(i)
		kinds := 0
		if from := source.Secret; from != nil {
			kinds++
			l.required(at.Child("secret"), "name", from.Name)
			l.keysToPaths(at.Child("secret"), from.Items)
			for j := range from.Items {
				claimFile(from.Items[j].Path, from.Name)
			}
		}
		if from := source.ConfigMap; from != nil {
			kinds++
			l.required(at.Child("configMap"), "name", from.Name)
			l.keysToPaths(at.Child("configMap"), from.Items)
			for j := range from.Items {
				claimFile(from.Items[j].Path, from.Name)
			}
		}
		if from := source.DownwardAPI; from != nil {
			kinds++
			for j := range from.Items {
				l.downwardAPIFile(at.Child("downwardAPI"), &from.Items[j])
				claimFile(from.Items[j].Path, from.Items[j].Path)
			}
		}
		if from := source.ServiceAccountToken; from != nil {
			kinds++
			expiration := Deref(from.ExpirationSeconds, 0)
			if expiration < minTokenExpiration {
				l.add(at.Child("serviceAccountToken", "expirationSeconds").Invalid(expiration, "may not specify a duration less than 10 minutes"))
			}
			if expiration > maxTokenExpiration {
				l.add(at.Child("serviceAccountToken", "expirationSeconds").Invalid(expiration, "may not specify a duration larger than 2^32 seconds"))
			}
			if l.required(path, "path", from.Path) {
				l.fileInVolume(path, "path", from.Path)
			}
		}
		if kinds > 1 {
			l.add(at.Forbidden("may not specify more than 1 volume type per source"))
		}
	}
}

func checkImageVolume(l *ErrorList, path Path, s *VolumeSource) {
	l.pullPolicy(path.Child("image"), "pullPolicy", s.Image.PullPolicy)
}

// --- sources that a storage system serves ---

func checkClaimVolume(l *ErrorList, path Path, s *VolumeSource) {
	l.required(path.Child("persistentVolumeClaim"), "claimName", s.PersistentVolumeClaim.ClaimName)
}

func checkEphemeral(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("ephemeral", "volumeClaimTemplate")
	if s.Ephemeral.VolumeClaimTemplate == nil {
		l.add(path.Required(""))
		return
	}
	l.volumeClaimTemplate(path, s.Ephemeral.VolumeClaimTemplate)
}

func checkCSI(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("csi")
	l.csiDriver(path, s.CSI.Driver)
	if ref := s.CSI.NodePublishSecretRef; ref != nil && l.required(path.Child("nodePublishSecretRef"), "name", ref.Name) {
		l.format(path, "name", ref.Name, IsDNS1123Subdomain)
	}
}

func checkNFS(l *ErrorList, at Path, s *VolumeSource) {
	at = at.Child("nfs")
	l.required(at, "server", s.NFS.Server)
	l.required(at, "path", s.NFS.Path)
	if !path.IsAbs(s.NFS.Path) {
		l.add(at.Child("path").Invalid(s.NFS.Path, "must be an absolute path"))
	}
}

func checkFC(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("fc")
	switch wwns, wwids := len(s.FC.TargetWWNs), len(s.FC.WWIDs); {
	case wwns == 0 && wwids == 0:
		l.add(path.Child("targetWWNs").Required("must specify either targetWWNs or wwids, but not both"))
	case wwns != 0 && wwids != 0:
		l.add(path.Child("targetWWNs").Invalid(s.FC.TargetWWNs, "targetWWNs and wwids can not be specified simultaneously"))
	}
	if len(s.FC.TargetWWNs) != 0 {
		if s.FC.Lun == nil {
			l.add(path.Child("lun").Required("lun is required if targetWWNs is specified"))
		} else {
			l.inRange(path, "lun", int64(*s.FC.Lun), 0, 255)
		}
	}
}
