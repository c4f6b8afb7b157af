package api

import (
	"net"
	"regexp"
	"strings"
)

// Volume sources of clouds and storage systems. Most of them live in CSI drivers now; manifests still name them.

func checkGitRepo(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("gitRepo")
	l.required(path, "repository", s.GitRepo.Repository)
	l.descendingPath(path, "directory", s.GitRepo.Directory)
}

func checkGCEPersistentDisk(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("persistentDisk") // upstream's path
	l.required(path, "pdName", s.GCEPersistentDisk.PDName)
	l.diskPartition(path, s.GCEPersistentDisk.Partition)
}

func checkAWSElasticBlockStore(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("awsElasticBlockStore")
	l.required(path, "volumeID", s.AWSElasticBlockStore.VolumeID)
	l.diskPartition(path, s.AWSElasticBlockStore.Partition)
}

// diskPartition: 0 means the whole disk, and the message does not mention it.
func (l *ErrorList) diskPartition(path Path, partition int32) {
	if partition != 0 {
		l.inRange(path, "partition", int64(partition), 1, 255)
	}
}

func checkGlusterfs(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("glusterfs")
	l.required(path, "endpoints", s.Glusterfs.EndpointsName)
	l.required(path, "path", s.Glusterfs.Path)
}

func checkFlocker(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("flocker")
	switch f := s.Flocker; {
	case f.DatasetName == "" && f.DatasetUUID == "":
		l.add(path.Required("one of datasetName and datasetUUID is required"))
	case f.DatasetName != "" && f.DatasetUUID != "":
		l.add(path.Invalid("resource", "datasetName and datasetUUID can not be specified simultaneously"))
	}
	if strings.Contains(s.Flocker.DatasetName, "/") {
		l.add(path.Child("datasetName").Invalid(s.Flocker.DatasetName, "must not contain '/'"))
	}
}

func checkRBD(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("rbd")
	if len(s.RBD.CephMonitors) == 0 {
		l.add(path.Child("monitors").Required(""))
	}
	l.required(path, "image", s.RBD.RBDImage)
}

func checkCephFS(l *ErrorList, path Path, s *VolumeSource) {
	if len(s.CephFS.Monitors) == 0 {
		l.add(path.Child("cephfs", "monitors").Required(""))
	}
}

func checkCinder(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("cinder")
	l.required(path, "volumeID", s.Cinder.VolumeID)
	if s.Cinder.SecretRef != nil {
		l.required(path.Child("secretRef"), "name", s.Cinder.SecretRef.Name)
	}
}

func checkQuobyte(l *ErrorList, path Path, s *VolumeSource) {
	const hostPorts = "must be a host:port pair or multiple pairs separated by commas"
	path = path.Child("quobyte")
	switch q := s.Quobyte; {
	case q.Registry == "":
		l.add(path.Child("registry").Required(hostPorts))
	case len(q.Tenant) > 64:
		l.add(path.Child("tenant").Required("must be a UUID and may not exceed a length of 64 characters"))
	default:
		for _, pair := range strings.Split(q.Registry, ",") {
			if _, _, err := net.SplitHostPort(pair); err != nil {
				l.add(path.Child("registry").Invalid(q.Registry, hostPorts))
			}
		}
	}
	l.required(path, "volume", s.Quobyte.Volume)
}

func checkFlexVolume(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("flexVolume")
	l.required(path, "driver", s.FlexVolume.Driver)
	for _, key := range sortedKeys(s.FlexVolume.Options) {
		domain, _, _ := strings.Cut(key, "/")
		domain = "." + strings.ToLower(domain)
		if strings.HasSuffix(domain, ".kubernetes.io") || strings.HasSuffix(domain, ".k8s.io") {
			l.add(path.Child("options").Key(key).Invalid(key, "kubernetes.io and k8s.io namespaces are reserved"))
		}
	}
}

func checkAzureFile(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("azureFile")
	l.required(path, "secretName", s.AzureFile.SecretName)
	l.required(path, "shareName", s.AzureFile.ShareName)
}

func checkAzureDisk(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("azureDisk")
	disk := s.AzureDisk
	l.required(path, "diskName", disk.DiskName)
	l.required(path, "diskURI", disk.DataDiskURI)
	optionalOneOf(l, path, "cachingMode", disk.CachingMode, AzureDataDiskCachingNone, AzureDataDiskCachingReadOnly, AzureDataDiskCachingReadWrite)
	optionalOneOf(l, path, "kind", disk.Kind, AzureDedicatedBlobDisk, AzureManagedDisk, AzureSharedBlobDisk)
	if disk.Kind == nil {
		return
	}
	managed := *disk.Kind == AzureManagedDisk
	if managed && !strings.HasPrefix(disk.DataDiskURI, "/subscriptions/") {
		l.add(path.Child("diskURI").NotSupported(disk.DataDiskURI, "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"))
	}
	if !managed && !strings.HasPrefix(disk.DataDiskURI, "https://") {
		l.add(path.Child("diskURI").NotSupported(disk.DataDiskURI, "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"))
	}
}

func checkVsphere(l *ErrorList, path Path, s *VolumeSource) {
	l.required(path.Child("vsphereVolume"), "volumePath", s.VsphereVolume.VolumePath)
}

func checkPhoton(l *ErrorList, path Path, s *VolumeSource) {
	l.required(path.Child("photonPersistentDisk"), "pdID", s.PhotonPersistentDisk.PdID)
}

func checkPortworx(l *ErrorList, path Path, s *VolumeSource) {
	l.required(path.Child("portworxVolume"), "volumeID", s.PortworxVolume.VolumeID)
}

func checkScaleIO(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("scaleIO")
	l.required(path, "gateway", s.ScaleIO.Gateway)
	l.required(path, "system", s.ScaleIO.System)
	l.required(path, "volumeName", s.ScaleIO.VolumeName)
}

func checkStorageOS(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("storageos")
	l.requiredFormat(path, "volumeName", s.StorageOS.VolumeName, IsDNS1123Label)
	if s.StorageOS.VolumeNamespace != "" {
		l.format(path, "volumeNamespace", s.StorageOS.VolumeNamespace, IsDNS1123Label)
	}
	if s.StorageOS.SecretRef != nil {
		l.required(path.Child("secretRef"), "name", s.StorageOS.SecretRef.Name)
	}
}
func checkISCSI(l *ErrorList, path Path, s *VolumeSource) {
	path = path.Child("iscsi")
	l.required(path, "targetPortal", s.ISCSI.TargetPortal)
	l.requiredFormat(path, "iqn", s.ISCSI.IQN, isISCSIName)
	l.inRange(path, "lun", int64(s.ISCSI.Lun), 0, 255)
	if (s.ISCSI.DiscoveryCHAPAuth || s.ISCSI.SessionCHAPAuth) && s.ISCSI.SecretRef == nil {
		l.add(path.Child("secretRef").Required(""))
	}
	if s.ISCSI.InitiatorName != nil {
		l.format(path, "initiatorname", *s.ISCSI.InitiatorName, isISCSIName)
	}
}

// isISCSIName checks for the three kinds of iSCSI names. They are too rare to keep the expressions compiled.
func isISCSIName(name string) []string {
	for prefix, expression := range map[string]string{
		"iqn": `iqn\.\d{4}-\d{2}\.([[:alnum:]-.]+)(:[^,;*&$|\s]+)$`,
		"eui": `^eui.[[:alnum:]]{16}$`,
		"naa": `^naa.[[:alnum:]]{32}$`,
	} {
		if strings.HasPrefix(name, prefix) {
			if regexp.MustCompile(expression).MatchString(name) {
				return nil
			}
			return []string{"must be valid format"}
		}
	}
	return []string{"must be valid format starting with iqn, eui, or naa"}
}
