package api

// What a pod has when its author says nothing. Defaults are written into the object, so that every reader sees the
// same pod and a later change of a default leaves existing pods alone.

// Defaults of a pod spec.
const (
	DefaultSchedulerName                 = "default-scheduler"
	DefaultTerminationGracePeriodSeconds = 30
	DefaultTerminationMessagePath        = "/dev/termination-log"

	defaultVolumeMode      = 0o644
	defaultTokenExpiration = 60 * 60 // seconds
)

func defaultPod(obj Object) {
	pod := obj.(*Pod)
	spec := &pod.Spec
	defaultPodSpec(spec)

	// The rest is for pods only, not for templates: a template's author may still set a limit range or a namespace
	// default between limits and requests.
	requestsFromLimits(spec.Containers)
	requestsFromLimits(spec.InitContainers)
	defaultPodLevelResources(spec)
	if spec.EnableServiceLinks == nil {
		spec.EnableServiceLinks = Ptr(true)
	}
	if spec.HostNetwork {
		hostPortsFromPorts(spec.Containers)
		hostPortsFromPorts(spec.InitContainers)
	}
	if seconds := spec.TerminationGracePeriodSeconds; *seconds < 0 {
		spec.TerminationGracePeriodSeconds = Ptr[int64](1)
	}
	samePodIPs(&pod.Status)
}

func defaultPodTemplate(obj Object) { defaultPodSpec(&obj.(*PodTemplate).Template.Spec) }

// defaultPodSpec fills a pod's spec or a template's.
func defaultPodSpec(spec *PodSpec) {
	dropDisabledPodFields(spec)
	if spec.DNSPolicy == "" {
		spec.DNSPolicy = DNSClusterFirst
	}
	if spec.RestartPolicy == "" {
		spec.RestartPolicy = RestartPolicyAlways
	}
	if spec.SecurityContext == nil {
		spec.SecurityContext = &PodSecurityContext{}
	}
	if spec.TerminationGracePeriodSeconds == nil {
		spec.TerminationGracePeriodSeconds = Ptr[int64](DefaultTerminationGracePeriodSeconds)
	}
	if spec.SchedulerName == "" {
		spec.SchedulerName = DefaultSchedulerName
	}
	SyncServiceAccount(spec)
	for i := range spec.Volumes {
		defaultVolume(&spec.Volumes[i])
	}
	for i := range spec.InitContainers {
		defaultContainer(&spec.InitContainers[i])
	}
	for i := range spec.Containers {
		defaultContainer(&spec.Containers[i])
	}
	for i := range spec.EphemeralContainers {
		defaultContainer((*Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
	roundResources(spec.Overhead)
	if spec.Resources != nil {
		roundResources(spec.Resources.Limits)
		roundResources(spec.Resources.Requests)
	}
}

// dropDisabledPodFields clears the fields of features that upstream has off by default: a real cluster forgets them
// without a word, so a manifest that uses them must not appear to work here.
func dropDisabledPodFields(spec *PodSpec) {
	spec.SchedulingGroup = nil
	for i := range spec.Volumes {
		if projected := spec.Volumes[i].Projected; projected != nil {
			for j := range projected.Sources {
				projected.Sources[j].ClusterTrustBundle = nil
				projected.Sources[j].PodCertificate = nil
			}
		}
	}
	EachContainer("", spec, func(_ Path, ctr *Container) {
		if ctr.Lifecycle == nil || ctr.Lifecycle.StopSignal == nil {
			return
		}
		ctr.Lifecycle.StopSignal = nil
		if ctr.Lifecycle.PostStart == nil && ctr.Lifecycle.PreStop == nil {
			ctr.Lifecycle = nil
		}
	})
}

// SyncServiceAccount makes the service account's two fields agree: the old one follows the new one. Whoever sets
// serviceAccountName after defaulting calls it again.
func SyncServiceAccount(spec *PodSpec) {
	if spec.ServiceAccountName == "" {
		spec.ServiceAccountName = spec.DeprecatedServiceAccount
	}
	spec.DeprecatedServiceAccount = spec.ServiceAccountName
}

// samePodIPs makes the pod's two address fields agree. The old field wins: an old kubelet knows no other.
func samePodIPs(status *PodStatus) {
	if status.PodIP != "" && (len(status.PodIPs) == 0 || status.PodIPs[0].IP != status.PodIP) {
		status.PodIPs = []PodIP{{IP: status.PodIP}}
	}
	if status.PodIP == "" && len(status.PodIPs) > 0 {
		status.PodIP = status.PodIPs[0].IP
	}
}

func defaultContainer(c *Container) {
	if c.ImagePullPolicy == "" {
		c.ImagePullPolicy = pullPolicyFor(c.Image)
	}
	if c.TerminationMessagePath == "" {
		c.TerminationMessagePath = DefaultTerminationMessagePath
	}
	if c.TerminationMessagePolicy == "" {
		c.TerminationMessagePolicy = TerminationMessageReadFile
	}
	for i := range c.Ports {
		if c.Ports[i].Protocol == "" {
			c.Ports[i].Protocol = ProtocolTCP
		}
	}
	for i := range c.Env {
		if from := c.Env[i].ValueFrom; from != nil {
			defaultFieldRef(from.FieldRef)
			if from.FileKeyRef != nil && from.FileKeyRef.Optional == nil {
				from.FileKeyRef.Optional = Ptr(false)
			}
		}
	}
	roundResources(c.Resources.Limits)
	roundResources(c.Resources.Requests)
	defaultProbe(c.LivenessProbe)
	defaultProbe(c.ReadinessProbe)
	defaultProbe(c.StartupProbe)
	if c.Lifecycle != nil {
		if h := c.Lifecycle.PostStart; h != nil {
			defaultHTTPGet(h.HTTPGet)
		}
		if h := c.Lifecycle.PreStop; h != nil {
			defaultHTTPGet(h.HTTPGet)
		}
	}
}

func defaultFieldRef(ref *ObjectFieldSelector) {
	if ref != nil && ref.APIVersion == "" {
		ref.APIVersion = "v1"
	}
}

func defaultProbe(p *Probe) {
	if p == nil {
		return
	}
	for _, f := range []struct {
		field *int32
		value int32
	}{{&p.TimeoutSeconds, 1}, {&p.PeriodSeconds, 10}, {&p.SuccessThreshold, 1}, {&p.FailureThreshold, 3}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	defaultHTTPGet(p.HTTPGet)
	if p.GRPC != nil && p.GRPC.Service == nil {
		p.GRPC.Service = Ptr("")
	}
}

func defaultHTTPGet(get *HTTPGetAction) {
	if get == nil {
		return
	}
	if get.Path == "" {
		get.Path = "/"
	}
	if get.Scheme == "" {
		get.Scheme = URISchemeHTTP
	}
}

func defaultVolume(v *Volume) {
	s := &v.VolumeSource
	switch {
	case s.Secret != nil:
		defaultMode(&s.Secret.DefaultMode)
	case s.ConfigMap != nil:
		defaultMode(&s.ConfigMap.DefaultMode)
	case s.DownwardAPI != nil:
		defaultMode(&s.DownwardAPI.DefaultMode)
		defaultDownwardAPIFiles(s.DownwardAPI.Items)
	case s.Projected != nil:
		defaultMode(&s.Projected.DefaultMode)
		for i := range s.Projected.Sources {
			source := &s.Projected.Sources[i]
			if source.DownwardAPI != nil {
				defaultDownwardAPIFiles(source.DownwardAPI.Items)
			}
			if token := source.ServiceAccountToken; token != nil && token.ExpirationSeconds == nil {
				token.ExpirationSeconds = Ptr[int64](defaultTokenExpiration)
			}
		}
	case s.HostPath != nil:
		if s.HostPath.Type == nil {
			s.HostPath.Type = Ptr(HostPathUnset)
		}
	case s.Ephemeral != nil:
		if template := s.Ephemeral.VolumeClaimTemplate; template != nil {
			defaultVolumeClaimSpec(&template.Spec)
		}
	case s.Image != nil:
		if s.Image.PullPolicy == "" {
			s.Image.PullPolicy = pullPolicyFor(s.Image.Reference)
		}
	case s.ISCSI != nil:
		if s.ISCSI.ISCSIInterface == "" {
			s.ISCSI.ISCSIInterface = "default"
		}
	case s.RBD != nil:
		defaultRBD(&s.RBD.RBDPool, &s.RBD.RadosUser, &s.RBD.Keyring)
	case s.AzureDisk != nil:
		defaultAzureDisk(s.AzureDisk)
	case s.ScaleIO != nil:
		defaultScaleIO(&s.ScaleIO.StorageMode, &s.ScaleIO.FSType)
	case *s == VolumeSource{}:
		s.EmptyDir = &EmptyDirVolumeSource{}
	}
}

func defaultMode(mode **int32) {
	if *mode == nil {
		*mode = Ptr[int32](defaultVolumeMode)
	}
}

func defaultDownwardAPIFiles(files []DownwardAPIVolumeFile) {
	for i := range files {
		defaultFieldRef(files[i].FieldRef)
	}
}

func defaultVolumeClaimSpec(spec *PersistentVolumeClaimSpec) {
	if spec.VolumeMode == nil {
		spec.VolumeMode = Ptr(PersistentVolumeFilesystem)
	}
	roundResources(spec.Resources.Limits)
	roundResources(spec.Resources.Requests)
}

func defaultAzureDisk(disk *AzureDiskVolumeSource) {
	if disk.CachingMode == nil {
		disk.CachingMode = Ptr(AzureDataDiskCachingReadWrite)
	}
	if disk.Kind == nil {
		disk.Kind = Ptr(AzureSharedBlobDisk)
	}
	if disk.FSType == nil {
		disk.FSType = Ptr("ext4")
	}
	if disk.ReadOnly == nil {
		disk.ReadOnly = Ptr(false)
	}
}

// roundResources rounds amounts up to a thousandth: nothing is metered finer.
func roundResources(list ResourceList) {
	for name, q := range list {
		if rounded := q.rounded(-3); rounded.Cmp(q) != 0 {
			list[name] = rounded
		}
	}
}

// requestsFromLimits: who says how much a container may use at most, and nothing else, means that it needs that much.
func requestsFromLimits(containers []Container) {
	for i := range containers {
		r := &containers[i].Resources
		if r.Limits == nil {
			continue
		}
		if r.Requests == nil {
			r.Requests = make(ResourceList, len(r.Limits))
		}
		for name, limit := range r.Limits {
			if _, ok := r.Requests[name]; !ok {
				r.Requests[name] = limit
			}
		}
	}
}

// defaultPodLevelResources completes resources of the pod as a whole from those of its containers: requests become
// what the containers ask for together, or else the pod's limits.
func defaultPodLevelResources(spec *PodSpec) {
	r := spec.Resources
	if r == nil || len(r.Limits) == 0 && len(r.Requests) == 0 {
		return
	}
	set := func(list *ResourceList, name ResourceName, q Quantity) {
		if _, ok := (*list)[name]; ok {
			return
		}
		if *list == nil {
			*list = ResourceList{}
		}
		(*list)[name] = q
	}
	for name, limit := range aggregateContainers(spec, func(r *ResourceRequirements) ResourceList { return r.Limits }) {
		if _, requested := r.Requests[name]; isHugePages(name) && !requested {
			set(&r.Limits, name, limit)
		}
	}
	if len(r.Limits) == 0 {
		return
	}
	for name, request := range aggregateContainers(spec, func(r *ResourceRequirements) ResourceList { return r.Requests }) {
		if isPodLevelResource(name) && isOvercommitAllowed(name) {
			set(&r.Requests, name, request)
		}
	}
	for name, limit := range r.Limits {
		if isPodLevelResource(name) {
			set(&r.Requests, name, limit)
		}
	}
}

// hostPortsFromPorts: on the host's network a port is the host's port.
func hostPortsFromPorts(containers []Container) {
	for i := range containers {
		for j := range containers[i].Ports {
			if port := &containers[i].Ports[j]; port.HostPort == 0 {
				port.HostPort = port.ContainerPort
			}
		}
	}
}
