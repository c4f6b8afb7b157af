package api

import (
	"slices"
	"strings"
)

// What a kubelet may say about a pod, given what was said before.

func validatePodStatusUpdate(obj, oldObj Object) ErrorList {
	pod, old := obj.(*Pod), oldObj.(*Pod)
	status, path := &pod.Status, Path("status")
	var errs ErrorList
	errs.podAnnotationUpdates(pod, old)
	errs.podAnnotations(metadata.Child("annotations"), pod.Annotations, &pod.Spec)

	const notNegative = "must be a non-negative integer"
	for i := range status.Conditions {
		condition, path := &status.Conditions[i], path.Child("conditions").Index(i)
		if condition.ObservedGeneration < 0 {
			errs.add(path.Child("observedGeneration").Invalid(condition.ObservedGeneration, notNegative))
		}
		errs.format(path, "Type", string(condition.Type), IsQualifiedName)
	}
	if pod.Spec.NodeName != old.Spec.NodeName {
		errs.add(path.Child("nodeName").Forbidden("may not be changed directly"))
	}
	if name := status.NominatedNodeName; name != "" && name != old.Status.NominatedNodeName {
		errs.format(path, "nominatedNodeName", name, IsDNS1123Subdomain)
		if old.Spec.NodeName != "" {
			errs.add(path.Child("nominatedNodeName").Forbidden("may not be set on pods that are already bound to a node"))
		}
	}
	if status.ObservedGeneration < 0 {
		errs.add(path.Child("observedGeneration").Invalid(status.ObservedGeneration, notNegative))
	}
	errs.immutable(path, "qosClass", string(status.QOSClass), string(old.Status.QOSClass))

	spec := &old.Spec
	errs.containerTransitions(path.Child("containerStatuses"), status.ContainerStatuses, old.Status.ContainerStatuses, spec, spec.Containers)
	errs.containerTransitions(path.Child("initContainerStatuses"), status.InitContainerStatuses, old.Status.InitContainerStatuses, spec, spec.InitContainers)
	errs.containerTransitions(path.Child("ephemeralContainerStatuses"), status.EphemeralContainerStatuses, old.Status.EphemeralContainerStatuses, nil, nil)
	errs.resourceClaimStatuses(path.Child("resourceClaimStatuses"), status.ResourceClaimStatuses, pod.Spec.ResourceClaims)
	errs.podIPs(path, pod)
	windows := pod.Spec.OS != nil && pod.Spec.OS.Name == Windows
	errs.containerStatuses(path.Child("containerStatuses"), status.ContainerStatuses, windows, pod.Spec.Containers)
	errs.containerStatuses(path.Child("initContainerStatuses"), status.InitContainerStatuses, windows, pod.Spec.InitContainers)
	errs.containerStatuses(path.Child("ephemeralContainerStatuses"), status.EphemeralContainerStatuses, windows, nil)
	return errs
}

// containerTransitions: a container that has ended and is not to be restarted stays ended, whatever the kubelet says.
// A spec of nil means that nothing restarts these containers.
func (l *ErrorList) containerTransitions(path Path, statuses, old []ContainerStatus, spec *PodSpec, containers []Container) {
	if spec != nil && spec.CanRestartAllContainers() {
		return
	}
	for i := range old {
		ended := old[i].State.Terminated
		if ended == nil {
			continue
		}
		alive := slices.ContainsFunc(statuses, func(s ContainerStatus) bool { return s.Name == old[i].Name && s.State.Terminated == nil })
		if !alive {
			continue
		}
		at := slices.IndexFunc(containers, func(c Container) bool { return c.Name == old[i].Name })
		if at < 0 || !ShouldRestartContainer(spec, &containers[at], ended.ExitCode) {
			l.add(path.Index(i).Child("state").Forbidden("may not be transitioned to non-terminated state"))
		}
	}
}

func (l *ErrorList) resourceClaimStatuses(path Path, statuses []PodResourceClaimStatus, claims []PodResourceClaim) {
	for i := range statuses {
		s, at := &statuses[i], path.Index(i)
		if !slices.ContainsFunc(claims, func(c PodResourceClaim) bool { return c.Name == s.Name }) {
			l.add(at.Child("name").Invalid(s.Name, "must match the name of an entry in `spec.resourceClaims`"))
		}
		if slices.ContainsFunc(statuses[:i], func(other PodResourceClaimStatus) bool { return other.Name == s.Name }) {
			l.add(at.Child("name").Duplicate(s.Name))
		}
		if s.ResourceClaimName != nil {
			l.format(at, "resourceClaimName", *s.ResourceClaimName, IsDNS1123Subdomain)
		}
	}
}

// podIPs checks the addresses of pod and host: at most one of each family, and the first host address in both fields.
func (l *ErrorList) podIPs(path Path, pod *Pod) {
	const onePerFamily = "may specify no more than one IP for each IP family"
	var ips []string
	for i, ip := range pod.Status.PodIPs {
		l.format(path.Child("podIPs").Index(i), "", ip.IP, IsValidIP)
		ips = append(ips, ip.IP)
	}
	if len(ips) > 2 || len(ips) == 2 && !isDualStack(ips) {
		l.add(path.Child("podIPs").Invalid(goNames{pod.Status.PodIPs}, onePerFamily))
	}
	ips = ips[:0]
	for i, ip := range pod.Status.HostIPs {
		if i == 0 && ip.IP != pod.Status.HostIP {
			l.add(path.Child("hostIPs").Index(0).Child("ip").Invalid(ip.IP, "must be equal to `hostIP`"))
		}
		l.format(path.Child("hostIPs").Index(i), "", ip.IP, IsValidIP)
		ips = append(ips, ip.IP)
	}
	if len(ips) > 2 || len(ips) == 2 && !isDualStack(ips) {
		l.add(path.Child("hostIPs").Invalid(goNames{pod.Status.HostIPs}, onePerFamily))
	}
}

// containerStatuses checks who a container runs as and the health of its devices. Containers are those of the spec;
// nil for ephemeral ones, which get no devices.
func (l *ErrorList) containerStatuses(path Path, statuses []ContainerStatus, windows bool, containers []Container) {
	for i := range statuses {
		s, path := &statuses[i], path.Index(i)
		if s.User != nil && s.User.Linux != nil {
			at, user := path.Child("user", "linux"), s.User.Linux
			if windows {
				l.add(at.Forbidden("cannot be set for a windows pod"))
			} else {
				l.userOrGroupID(at, "uid", &user.UID)
				l.userOrGroupID(at, "gid", &user.GID)
				for g := range user.SupplementalGroups {
					l.userOrGroupID(at.Child("supplementalGroups").Index(g), "", &user.SupplementalGroups[g])
				}
			}
		}
		devices := path.Child("allocatedResourcesStatus")
		if containers == nil && len(s.AllocatedResourcesStatus) > 0 {
			l.add(devices.Forbidden("must not be specified in container status"))
			continue
		}
		ctr := slices.IndexFunc(containers, func(c Container) bool { return c.Name == s.Name })
		for j := range s.AllocatedResourcesStatus {
			r, at := &s.AllocatedResourcesStatus[j], devices.Index(j)
			if ctr >= 0 {
				l.allocatedResource(at, r.Name, &containers[ctr].Resources)
			}
			for k := range r.Resources {
				health, at := &r.Resources[k], at.Child("resources").Index(k)
				oneOf(l, at, "health", health.Health, ResourceHealthStatusHealthy, ResourceHealthStatusUnhealthy, ResourceHealthStatusUnknown)
				if slices.ContainsFunc(r.Resources[:k], func(other ResourceHealth) bool { return other.ResourceID == health.ResourceID }) {
					l.add(at.Child("resourceID").Duplicate(string(health.ResourceID)))
				}
			}
		}
	}
}

func (l *ErrorList) allocatedResource(path Path, name ResourceName, r *ResourceRequirements) {
	claimed, isClaim := strings.CutPrefix(string(name), "claim:")
	if !isClaim {
		if _, ok := r.Requests[name]; !ok {
			l.add(path.Child("name").Invalid(string(name), "must match one of the container's resource requests"))
		}
		return
	}
	if !slices.ContainsFunc(r.Claims, func(c ResourceClaim) bool {
		return claimed == c.Name && c.Request == "" || claimed == c.Name+"/"+c.Request && c.Request != ""
	}) {
		l.add(path.Child("name").Invalid(string(name),
			"must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"))
	}
}
