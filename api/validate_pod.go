package api

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// A pod, and a pod template, from the outside in: this file has the pod as a whole. Containers, volumes, scheduling
// and security have files of their own, and so has what may change in a pod that exists.

// Annotations that the system understands on pods.
const (
	annotationMirrorPod       = "kubernetes.io/config.mirror"
	annotationPodDeletionCost = "controller.kubernetes.io/pod-deletion-cost"
)

// podCheck walks one pod spec, collecting mistakes. It holds what checks deep inside must know of the whole.
type podCheck struct {
	ErrorList
	path Path // of the spec
	spec *PodSpec
	meta *ObjectMeta // nil in a template, whose pods have no name yet

	volumes   map[string]*VolumeSource // the good ones, by name: what containers can mount
	claims    map[string]bool          // names of spec.resourceClaims
	hostUsers bool                     // false: the pod has a user namespace of its own
}

func validatePod(obj Object) ErrorList {
	pod := obj.(*Pod)
	errs := validatePodContents(pod)
	spec := Path("spec")
	if len(pod.Spec.EphemeralContainers) > 0 {
		errs.add(spec.Child("ephemeralContainers").Forbidden("cannot be set on create"))
	}
	if pod.Spec.NodeName != "" && len(pod.Spec.SchedulingGates) > 0 {
		errs.add(spec.Child("nodeName").Forbidden("cannot be set until all schedulingGates have been cleared"))
	}
	errs.profileAnnotations(spec, &pod.Spec, pod.Annotations)
	return errs
}

// validatePodContents checks what must hold for a new pod and after each change of one.
func validatePodContents(pod *Pod) ErrorList {
	var errs ErrorList
	errs.podAnnotations("metadata.annotations", pod.Annotations, &pod.Spec)
	errs.podSpec("spec", &pod.Spec, &pod.ObjectMeta)

	if pod.Spec.ServiceAccountName == "" {
		for i := range pod.Spec.Volumes {
			if projected := pod.Spec.Volumes[i].Projected; projected != nil {
				for j := range projected.Sources {
					if projected.Sources[j].ServiceAccountToken != nil {
						errs.add(Path("spec").Child("volumes").Index(i).Child("projected", "sources").Index(j).Child("serviceAccountToken").
							Forbidden("must not be specified when serviceAccountName is not set"))
					}
				}
			}
		}
	}
	errs.imagesTrimmed("spec.containers", pod.Spec.Containers)
	errs.imagesTrimmed("spec.initContainers", pod.Spec.InitContainers)
	return errs
}

// imagesTrimmed wants image names without blanks around. Templates are let off: ones with blanks exist in the wild.
func (l *ErrorList) imagesTrimmed(path Path, containers []Container) {
	for i := range containers {
		if image := containers[i].Image; image != strings.TrimSpace(image) {
			l.add(path.Index(i).Child("image").Invalid(image, "must not have leading or trailing whitespace"))
		}
	}
}

func validatePodTemplate(obj Object) ErrorList {
	var errs ErrorList
	errs.podTemplateSpec("template", &obj.(*PodTemplate).Template)
	return errs
}

func validatePodTemplateUpdate(obj, _ Object) ErrorList { return validatePodTemplate(obj) }

// podTemplateSpec checks the pods-to-be of a Deployment, a ReplicaSet and their like.
func (l *ErrorList) podTemplateSpec(path Path, template *PodTemplateSpec) {
	l.labels(path, "labels", template.Labels)
	l.annotations(path, "annotations", template.Annotations)
	l.podAnnotations(path.Child("annotations"), template.Annotations, &template.Spec)
	l.podSpec(path.Child("spec"), &template.Spec, nil)
	l.profileAnnotations(path.Child("spec"), &template.Spec, template.Annotations)
	if len(template.Spec.EphemeralContainers) > 0 {
		l.add(path.Child("spec", "ephemeralContainers").Forbidden("ephemeral containers not allowed in pod template"))
	}
}

func (l *ErrorList) podAnnotations(path Path, annotations map[string]string, spec *PodSpec) {
	if len(annotations) == 0 {
		return
	}
	if value, mirror := annotations[annotationMirrorPod]; mirror && spec.NodeName == "" {
		l.add(path.Key(annotationMirrorPod).Invalid(value, "must set spec.nodeName if mirror pod annotation is set"))
	}
	if cost, ok := annotations[annotationPodDeletionCost]; ok {
		_, err := strconv.ParseInt(cost, 10, 32)
		if err != nil || cost[0] == '+' || cost[0] == '0' && cost != "0" {
			l.add(path.Key(annotationPodDeletionCost).Invalid(cost, "must be a 32bit integer"))
		}
	}
	l.securityAnnotations(path, annotations, spec)
}

func (l *ErrorList) podSpec(path Path, spec *PodSpec, meta *ObjectMeta) {
	c := podCheck{path: path, spec: spec, meta: meta, hostUsers: Deref(spec.HostUsers, true)}
	c.check()
	l.add(c.ErrorList...)
}

// check goes through the spec field by field.
func (c *podCheck) check() {
	spec, path := c.spec, c.path
	if spec.TerminationGracePeriodSeconds == nil {
		c.add(path.Child("terminationGracePeriodSeconds").Required(""))
	}
	c.checkVolumes()
	c.checkResourceClaims()
	c.checkContainers()
	c.checkInitContainers()
	c.checkEphemeralContainers()
	c.checkPodResources()
	c.checkHostPorts()
	requiredOneOf(&c.ErrorList, path, "restartPolicy", spec.RestartPolicy, RestartPolicyAlways, RestartPolicyOnFailure, RestartPolicyNever)
	requiredOneOf(&c.ErrorList, path, "dnsPolicy", spec.DNSPolicy, DNSClusterFirstWithHostNet, DNSClusterFirst, DNSDefault, DNSNone)
	c.labels(path, "nodeSelector", spec.NodeSelector)
	c.checkSecurityContext()
	if spec.Affinity != nil {
		c.checkAffinity(path.Child("affinity"), spec.Affinity)
	}
	c.checkDNSConfig()
	for i := range spec.ReadinessGates {
		c.format(path.Child("readinessGates").Index(i), "conditionType", string(spec.ReadinessGates[i].ConditionType), IsQualifiedName)
	}
	c.checkSchedulingGates()
	c.checkTopologySpread()
	c.checkHostProcess()
	c.checkHostUsers()
	c.checkHostnameOverride()

	for _, name := range []struct {
		field, value string
		form         func(string) []string
	}{
		{"serviceAccountName", spec.ServiceAccountName, IsDNS1123Subdomain},
		{"nodeName", spec.NodeName, IsDNS1123Subdomain},
		{"hostname", spec.Hostname, IsDNS1123Label},
		{"subdomain", spec.Subdomain, IsDNS1123Label},
		{"priorityClassName", spec.PriorityClassName, IsDNS1123Subdomain},
	} {
		if name.value != "" {
			c.format(path, name.field, name.value, name.form)
		}
	}
	if spec.ActiveDeadlineSeconds != nil {
		c.inRange(path, "activeDeadlineSeconds", *spec.ActiveDeadlineSeconds, 1, math.MaxInt32)
	}
	if len(spec.Tolerations) > 0 {
		c.tolerations(path.Child("tolerations"), spec.Tolerations)
	}
	c.checkHostAliases()
	if spec.RuntimeClassName != nil {
		c.format(path, "runtimeClassName", *spec.RuntimeClassName, IsDNS1123Subdomain)
	}
	if spec.PreemptionPolicy != nil {
		requiredOneOf(&c.ErrorList, path, "preemptionPolicy", *spec.PreemptionPolicy, PreemptLowerPriority, PreemptNever)
	}
	if spec.Overhead != nil {
		c.resourceRequirements(path, "overhead", &ResourceRequirements{Limits: spec.Overhead}, nil, (*ErrorList).containerResourceName)
	}
	c.checkOS()
	c.checkFileKeyRefs()
}

// eachContainer visits all containers of the spec, with their paths, in the order in which they start.
func (c *podCheck) eachContainer(visit func(path Path, ctr *Container)) {
	EachContainer(c.path, c.spec, visit)
}

// EachContainer visits all containers of a spec at a path, in the order in which they start.
func EachContainer(path Path, spec *PodSpec, visit func(path Path, ctr *Container)) {
	for i := range spec.InitContainers {
		visit(path.Child("initContainers").Index(i), &spec.InitContainers[i])
	}
	for i := range spec.Containers {
		visit(path.Child("containers").Index(i), &spec.Containers[i])
	}
	for i := range spec.EphemeralContainers {
		visit(path.Child("ephemeralContainers").Index(i), (*Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
}

func (c *podCheck) checkResourceClaims() {
	if len(c.spec.ResourceClaims) == 0 {
		return
	}
	if c.meta != nil {
		if _, mirror := c.meta.Annotations[annotationMirrorPod]; mirror {
			c.add(Path("").Forbidden("static pods do not support resource claims"))
			return
		}
	}
	c.claims = map[string]bool{}
	for i := range c.spec.ResourceClaims {
		claim, path := &c.spec.ResourceClaims[i], c.path.Child("resourceClaims").Index(i)
		switch {
		case claim.Name == "":
			c.add(path.Child("name").Required(""))
		case c.claims[claim.Name]:
			c.add(path.Child("name").Duplicate(claim.Name))
		default:
			c.format(path, "name", claim.Name, IsDNS1123Label)
			c.claims[claim.Name] = true
		}
		switch {
		case claim.ResourceClaimName != nil && claim.ResourceClaimTemplateName != nil:
			c.add(path.Invalid(goNames{claim}, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"))
		case claim.ResourceClaimName == nil && claim.ResourceClaimTemplateName == nil:
			c.add(path.Invalid(goNames{claim}, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"))
		}
		if claim.ResourceClaimName != nil {
			c.format(path, "resourceClaimName", *claim.ResourceClaimName, IsDNS1123Subdomain)
		}
		if claim.ResourceClaimTemplateName != nil {
			c.format(path, "resourceClaimTemplateName", *claim.ResourceClaimTemplateName, IsDNS1123Subdomain)
		}
	}
}

// checkPodResources checks the resources of the pod as a whole, and that its containers fit into them.
func (c *podCheck) checkPodResources() {
	r := c.spec.Resources
	if r == nil {
		return
	}
	path := c.path.Child("resources")
	if c.isWindows() {
		c.add(path.Forbidden("may not be set for a windows pod"))
		return
	}
	if r.Claims != nil {
		c.add(path.Child("claims").Forbidden("claims may not be set for Resources at pod-level"))
	}
	c.resourceRequirements(path, "", r, c.claims, (*ErrorList).podResourceName)

	requests := aggregateContainers(c.spec, func(r *ResourceRequirements) ResourceList { return r.Requests })
	for _, name := range sortedKeys(requests) {
		sum := requests[name]
		if pod, ok := r.Requests[name]; ok && sum.Cmp(pod) > 0 {
			c.add(path.Child("requests").Key(string(name)).Invalid(pod.String(),
				"must be greater than or equal to aggregate container requests of "+sum.String()))
		}
	}
	limits := aggregateContainers(c.spec, func(r *ResourceRequirements) ResourceList { return r.Limits })
	for _, name := range sortedKeys(limits) {
		sum := limits[name]
		if pod, ok := r.Limits[name]; ok && isHugePages(name) && sum.Cmp(pod) > 0 {
			c.add(path.Child("limits").Key(string(name)).Invalid(pod.String(),
				"must be greater than or equal to aggregate container limits of "+sum.String()))
		}
	}
	for i := range c.spec.Containers {
		own := c.spec.Containers[i].Resources.Limits
		for _, name := range sortedKeys(own) {
			limit := own[name]
			if pod, ok := r.Limits[name]; ok && limit.Cmp(pod) > 0 {
				c.add(path.Child("containers").Index(i).Key(string(name)).Child("limits").Invalid(limit.String(),
					"must be less than or equal to pod limits of "+pod.String()))
			}
		}
	}
}

func (c *podCheck) checkSchedulingGates() {
	for i, gate := range c.spec.SchedulingGates {
		path := c.path.Child("schedulingGates").Index(i)
		c.format(path, "", gate.Name, IsQualifiedName)
		if slices.Contains(c.spec.SchedulingGates[:i], gate) {
			c.add(path.Duplicate(gate.Name))
		}
	}
}

// checkHostUsers: a pod whose root is not the host's root cannot share namespaces that the host's root owns.
func (c *podCheck) checkHostUsers() {
	if c.hostUsers {
		return
	}
	const why = "when `hostUsers` is false"
	for _, shared := range []struct {
		field string
		set   bool
	}{{"hostNetwork", c.spec.HostNetwork}, {"HostPID", c.spec.HostPID}, {"HostIPC", c.spec.HostIPC}} {
		if shared.set {
			c.add(c.path.Child(shared.field).Forbidden(why))
		}
	}
	c.eachContainer(func(path Path, ctr *Container) {
		if len(ctr.VolumeDevices) > 0 {
			c.add(path.Child("volumeDevices").Forbidden(why))
		}
	})
}

// checkFileKeyRefs: variables read from a file need an emptyDir that an init container can have filled.
func (c *podCheck) checkFileKeyRefs() {
	c.eachContainer(func(path Path, ctr *Container) {
		for i := range ctr.Env {
			if ctr.Env[i].ValueFrom == nil || ctr.Env[i].ValueFrom.FileKeyRef == nil {
				continue
			}
			name := ctr.Env[i].ValueFrom.FileKeyRef.VolumeName
			at := path.Child("env").Index(i).Child("valueFrom", "fileKeyRef", "volumeName")
			j := slices.IndexFunc(c.spec.Volumes, func(v Volume) bool { return v.Name == name })
			if j < 0 {
				c.add(at.NotFound(name))
			} else if c.spec.Volumes[j].EmptyDir == nil {
				c.add(at.Invalid(name, "referenced volume must be of type emptyDir"))
			}
		}
	})
}

func (c *podCheck) isWindows() bool { return c.spec.OS != nil && c.spec.OS.Name == Windows }
