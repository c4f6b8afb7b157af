package api

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Services. By the time they are validated the API server has allocated what the user left open: cluster addresses,
// IP families, node ports.

// ClusterIPNone asks for a Service without an address of its own (headless): DNS answers with the pods' addresses.
const ClusterIPNone = "None"

const maxAffinitySeconds = 24 * 60 * 60

const annotationSourceRanges = "service.beta.kubernetes.io/load-balancer-source-ranges"

func validateService(obj Object) ErrorList { return serviceRules(obj.(*Service), nil) }

// serviceRules checks a Service; old is nil on create. Addresses that old has already are not looked at again.
func serviceRules(svc, old *Service) ErrorList {
	var errs ErrorList
	spec, path := &svc.Spec, Path("spec")
	if old == nil {
		old = &Service{}
	}

	mode, hasMode := svc.Annotations[AnnotationTopologyMode]
	hints, hasHints := svc.Annotations[AnnotationTopologyAwareHints]
	if hasMode && hasHints && mode != hints {
		errs.add(metadata.Child("annotations").Key(AnnotationTopologyMode).Invalid(mode,
			fmt.Sprintf("must match annotations[%s] when both are specified", AnnotationTopologyAwareHints)))
	}

	headless := isHeadless(svc)
	if len(spec.Ports) == 0 && !headless && spec.Type != ServiceTypeExternalName {
		errs.add(path.Child("ports").Required(""))
	}
	switch spec.Type {
	case ServiceTypeLoadBalancer, ServiceTypeNodePort:
		if headless {
			errs.add(path.Child("clusterIPs").Index(0).Invalid(ClusterIPNone, fmt.Sprintf("may not be set to 'None' for %s services", spec.Type)))
		}
	case ServiceTypeExternalName:
		errs.externalName(path, spec)
	}
	errs.servicePorts(path.Child("ports"), spec)
	errs.labels(path, "selector", spec.Selector)
	errs.sessionAffinity(path, spec)
	if spec.Type != ServiceTypeExternalName {
		errs.clusterIPs(path, spec, old.Spec.ClusterIPs)
	}
	for i, ip := range spec.ExternalIPs {
		before := len(errs)
		if !slices.Contains(old.Spec.ExternalIPs, ip) {
			errs.format(path.Child("externalIPs").Index(i), "", ip, IsValidIP)
		}
		if len(errs) == before {
			errs.format(path.Child("externalIPs").Index(i), "", ip, isEndpointIP)
		}
	}
	requiredOneOf(&errs, path, "type", spec.Type, ServiceTypeClusterIP, ServiceTypeExternalName, ServiceTypeLoadBalancer, ServiceTypeNodePort)
	errs.loadBalancer(path, svc, old)
	errs.trafficPolicies(path, spec)
	return errs
}

// HasClusterIP tells whether a Service has an address of its own: one without is headless, or not given one yet, or a name for
// another name.
func HasClusterIP(svc *Service) bool {
	return svc.Spec.ClusterIP != "" && svc.Spec.ClusterIP != ClusterIPNone
}

func isHeadless(svc *Service) bool {
	return len(svc.Spec.ClusterIPs) == 1 && svc.Spec.ClusterIPs[0] == ClusterIPNone
}

// externalName checks a Service that is only a name for another name: it has no address.
func (l *ErrorList) externalName(path Path, spec *ServiceSpec) {
	const why = "may not be set for ExternalName services"
	if len(spec.ClusterIPs) > 0 {
		l.add(path.Child("clusterIPs").Forbidden(why))
	}
	if len(spec.IPFamilies) > 0 {
		l.add(path.Child("ipFamilies").Forbidden(why))
	}
	if spec.IPFamilyPolicy != nil {
		l.add(path.Child("ipFamilyPolicy").Forbidden(why))
	}
	l.requiredFormat(path, "externalName", strings.TrimSuffix(spec.ExternalName, "."), IsDNS1123Subdomain)
}

func (l *ErrorList) servicePorts(path Path, spec *ServiceSpec) {
	ports := spec.Ports
	for i := range ports {
		port, path, earlier := &ports[i], path.Index(i), ports[:i]
		if len(ports) > 1 || port.Name != "" {
			l.requiredFormat(path, "name", port.Name, IsDNS1123Label)
		}
		if port.Name != "" && slices.ContainsFunc(earlier, func(p ServicePort) bool { return p.Name == port.Name }) {
			l.add(path.Child("name").Duplicate(port.Name))
		}
		l.portNumber(path, "port", port.Port)
		requiredOneOf(l, path, "protocol", port.Protocol, ProtocolSCTP, ProtocolTCP, ProtocolUDP)
		l.portNumberOrName(path, "targetPort", port.TargetPort)
		if port.AppProtocol != nil {
			l.format(path, "appProtocol", *port.AppProtocol, IsQualifiedName)
		}
		if port.NodePort != 0 {
			if spec.Type == ServiceTypeClusterIP {
				l.add(path.Child("nodePort").Forbidden("may not be used when `type` is 'ClusterIP'"))
			}
			if slices.ContainsFunc(earlier, func(p ServicePort) bool { return p.NodePort == port.NodePort && p.Protocol == port.Protocol }) {
				l.add(path.Child("nodePort").Duplicate(port.NodePort))
			}
		}
		if slices.ContainsFunc(earlier, func(p ServicePort) bool { return p.Port == port.Port && p.Protocol == port.Protocol }) {
			l.add(path.Duplicate(goNames{ServicePort{Protocol: port.Protocol, Port: port.Port}}))
		}
	}
}

func (l *ErrorList) sessionAffinity(path Path, spec *ServiceSpec) {
	requiredOneOf(l, path, "sessionAffinity", spec.SessionAffinity, ServiceAffinityClientIP, ServiceAffinityNone)
	config, at := spec.SessionAffinityConfig, path.Child("sessionAffinityConfig")
	switch spec.SessionAffinity {
	case ServiceAffinityNone:
		if config != nil {
			l.add(at.Forbidden("must not be set when session affinity is None"))
		}
	case ServiceAffinityClientIP:
		const when = "when session affinity type is ClientIP"
		switch {
		case config == nil:
			l.add(at.Required(when))
		case config.ClientIP == nil:
			l.add(at.Child("clientIP").Required(when))
		case config.ClientIP.TimeoutSeconds == nil:
			l.add(at.Child("clientIP", "timeoutSeconds").Required(when))
		default:
			if seconds := *config.ClientIP.TimeoutSeconds; seconds <= 0 || seconds > maxAffinitySeconds {
				l.add(at.Child("clientIP", "timeoutSeconds").Invalid(seconds, fmt.Sprintf("must be greater than 0 and less than %d", maxAffinitySeconds)))
			}
		}
	}
}

// ValidateServiceAddresses is what of a Service must be right before it can be given addresses.
func ValidateServiceAddresses(svc, old *Service) (errs ErrorList) {
	errs.clusterIPs("spec", &svc.Spec, old.Spec.ClusterIPs)
	return errs
}

// clusterIPs checks the addresses of a Service and the IP families they belong to.
func (l *ErrorList) clusterIPs(path Path, spec *ServiceSpec, known []string) {
	ips, families := path.Child("clusterIPs"), path.Child("ipFamilies")
	switch {
	case spec.ClusterIP != "" && len(spec.ClusterIPs) == 0:
		l.add(ips.Required(""))
	case spec.ClusterIP != "" && spec.ClusterIPs[0] != spec.ClusterIP:
		l.add(ips.Invalid(spec.ClusterIPs, "first value must match `clusterIP`"))
	case spec.ClusterIP == "" && len(spec.ClusterIPs) != 0:
		l.add(ips.Invalid(spec.ClusterIPs, "must be empty when `clusterIP` is not specified"))
	}
	for i, family := range spec.IPFamilies {
		oneOf(l, families.Index(i), "", family, IPv4Protocol, IPv6Protocol)
		if slices.Contains(spec.IPFamilies[:i], family) {
			l.add(families.Index(i).Duplicate(string(family)))
		}
	}
	optionalOneOf(l, path, "ipFamilyPolicy", spec.IPFamilyPolicy, IPFamilyPolicyPreferDualStack, IPFamilyPolicyRequireDualStack, IPFamilyPolicySingleStack)

	before := len(*l)
	for i, ip := range spec.ClusterIPs {
		switch {
		case i == 0 && ip == ClusterIPNone:
			if len(spec.ClusterIPs) > 1 {
				l.add(ips.Invalid(spec.ClusterIPs, "'None' must be the first and only value"))
			}
		case !slices.Contains(known, ip):
			l.format(ips.Index(i), "", ip, IsValidIP)
		}
	}
	badIPs := len(*l) > before
	if len(spec.ClusterIPs) > 2 {
		l.add(ips.Invalid(spec.ClusterIPs, "may only hold up to 2 values"))
	}
	if badIPs {
		return
	}
	if len(spec.ClusterIPs) > 1 && !isDualStack(spec.ClusterIPs) {
		l.add(ips.Invalid(spec.ClusterIPs, "may specify no more than one IP for each IP family"))
	}
	for i, ip := range spec.ClusterIPs {
		if i >= len(spec.IPFamilies) || ip == ClusterIPNone {
			break
		}
		addr, err := netip.ParseAddr(ip)
		isIPv6 := err == nil && addr.Is6()
		if want := spec.IPFamilies[i]; want == IPv4Protocol && isIPv6 || want == IPv6Protocol && !isIPv6 {
			l.add(ips.Index(i).Invalid(ip, fmt.Sprintf("expected an %s value as indicated by `ipFamilies[%d]`", want, i)))
		}
	}
}

// loadBalancer checks what only a Service of type LoadBalancer can have.
func (l *ErrorList) loadBalancer(path Path, svc, old *Service) {
	const only = "may only be used when `type` is 'LoadBalancer'"
	spec, is := &svc.Spec, svc.Spec.Type == ServiceTypeLoadBalancer
	ranges, annotated := svc.Annotations[annotationSourceRanges]
	switch {
	case len(spec.LoadBalancerSourceRanges) > 0:
		at := path.Child("LoadBalancerSourceRanges") // upstream's path
		if !is {
			l.add(at.Forbidden(only))
		}
		for i, cidr := range spec.LoadBalancerSourceRanges {
			if !slices.Contains(old.Spec.LoadBalancerSourceRanges, cidr) {
				l.format(at.Index(i), "", strings.TrimSpace(cidr), IsValidCIDR)
			}
		}
	case annotated:
		at := metadata.Child("annotations").Key(annotationSourceRanges)
		if !is {
			l.add(at.Forbidden(only))
		}
		if was, had := old.Annotations[annotationSourceRanges]; strings.TrimSpace(ranges) != "" && (!had || was != ranges) {
			for _, cidr := range strings.Split(strings.TrimSpace(ranges), ",") {
				l.format(at, "", strings.TrimSpace(cidr), IsValidCIDR)
			}
		}
	}
	if !is && spec.AllocateLoadBalancerNodePorts != nil {
		l.add(path.Child("allocateLoadBalancerNodePorts").Forbidden(only))
	}
	if is && spec.AllocateLoadBalancerNodePorts == nil {
		l.add(Path("allocateLoadBalancerNodePorts").Required(""))
	}
	if class := spec.LoadBalancerClass; class != nil {
		if is {
			l.format(path, "loadBalancerClass", *class, IsQualifiedName)
		} else {
			l.add(path.Child("loadBalancerClass").Forbidden(only))
		}
	}
}

// trafficPolicies checks which endpoints traffic from outside and from inside the cluster may go to.
func (l *ErrorList) trafficPolicies(path Path, spec *ServiceSpec) {
	at := path.Child("externalTrafficPolicy")
	if isExternallyAccessible(spec) {
		requiredOneOf(l, path, "externalTrafficPolicy", spec.ExternalTrafficPolicy, ServiceExternalTrafficPolicyCluster, ServiceExternalTrafficPolicyLocal)
	} else if spec.ExternalTrafficPolicy != "" {
		l.add(at.Invalid(string(spec.ExternalTrafficPolicy), "may only be set for externally-accessible services"))
	}
	switch at := path.Child("healthCheckNodePort"); {
	case !NeedsHealthCheck(spec):
		if spec.HealthCheckNodePort != 0 {
			l.add(at.Invalid(spec.HealthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"))
		}
	case spec.HealthCheckNodePort == 0:
		l.add(at.Required(""))
	default:
		l.portNumber(path, "healthCheckNodePort", spec.HealthCheckNodePort)
	}

	switch spec.Type {
	case ServiceTypeClusterIP, ServiceTypeNodePort, ServiceTypeLoadBalancer:
		if spec.InternalTrafficPolicy == nil {
			l.add(path.Child("internalTrafficPolicy").Required(""))
		}
	}
	optionalOneOf(l, path, "internalTrafficPolicy", spec.InternalTrafficPolicy, ServiceInternalTrafficPolicyCluster, ServiceInternalTrafficPolicyLocal)
	optionalOneOf(l, path, "trafficDistribution", spec.TrafficDistribution,
		ServiceTrafficDistributionPreferClose, ServiceTrafficDistributionPreferSameZone, ServiceTrafficDistributionPreferSameNode)
}

// isExternallyAccessible tells whether traffic can reach a Service from outside the cluster.
func isExternallyAccessible(spec *ServiceSpec) bool {
	switch spec.Type {
	case ServiceTypeLoadBalancer, ServiceTypeNodePort:
		return true
	case ServiceTypeClusterIP:
		return len(spec.ExternalIPs) > 0
	}
	return false
}

// NeedsHealthCheck tells whether a load balancer must ask each node if it has endpoints of its own. The API server
// allocates spec.healthCheckNodePort then.
func NeedsHealthCheck(spec *ServiceSpec) bool {
	return spec.Type == ServiceTypeLoadBalancer && spec.ExternalTrafficPolicy == ServiceExternalTrafficPolicyLocal
}

func validateServiceUpdate(obj, oldObj Object) ErrorList {
	svc, old := obj.(*Service), oldObj.(*Service)
	var errs ErrorList
	path := Path("spec")
	if svc.Spec.Type != ServiceTypeExternalName && old.Spec.Type != ServiceTypeExternalName {
		errs.clusterIPsKept(path, svc, old)
		errs.ipFamiliesKept(path, svc, old)
	}
	both := svc.Spec.Type == ServiceTypeLoadBalancer && old.Spec.Type == ServiceTypeLoadBalancer
	if both && !Equal(svc.Spec.LoadBalancerClass, old.Spec.LoadBalancerClass) {
		errs.add(path.Child("loadBalancerClass").Invalid(svc.Spec.LoadBalancerClass, mayNotChange))
	}
	if NeedsHealthCheck(&svc.Spec) && NeedsHealthCheck(&old.Spec) && svc.Spec.HealthCheckNodePort != old.Spec.HealthCheckNodePort {
		errs.add(path.Child("healthCheckNodePort").Forbidden(fieldImmutable))
	}
	errs.add(serviceRules(svc, old)...)
	return errs
}

const mayNotChange = "may not change once set"

// clusterIPsKept: clients have the address in their caches and connections. A second one (of the other family) may
// come and go, the first stays.
func (l *ErrorList) clusterIPsKept(path Path, svc, old *Service) {
	if isHeadless(svc) && isHeadless(old) {
		return
	}
	ips, was, at := svc.Spec.ClusterIPs, old.Spec.ClusterIPs, path.Child("clusterIPs")
	if len(ips) == len(was) {
		for i := range ips {
			if ips[i] != was[i] {
				l.add(at.Index(i).Invalid(ips, mayNotChange))
			}
		}
		return
	}
	if len(ips) == 0 {
		l.add(at.Index(0).Invalid(ips, "primary clusterIP can not be unset"))
	}
	if len(ips) > 0 && len(was) > 0 && ips[0] != was[0] {
		l.add(at.Index(0).Invalid(ips, mayNotChange))
	}
	if len(ips) == 1 && len(was) > 1 && !isSingleStack(svc) {
		l.add(path.Child("ipFamilyPolicy").Invalid(svc.Spec.IPFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP"))
	}
}

// ipFamiliesKept is clusterIPsKept for the families. Headless Services may change theirs freely.
func (l *ErrorList) ipFamiliesKept(path Path, svc, old *Service) {
	if isHeadless(svc) || isHeadless(old) {
		return
	}
	families, was, at := svc.Spec.IPFamilies, old.Spec.IPFamilies, path.Child("ipFamilies").Index(0)
	if len(families) == len(was) {
		for i := range families {
			if families[i] != was[i] {
				l.add(at.Invalid(families, mayNotChange))
			}
		}
		return
	}
	if len(families) < len(was) && len(svc.Spec.ClusterIPs) == 0 {
		l.add(at.Invalid(families, "primary ipFamily can not be unset"))
	}
	if len(families) > 0 && len(was) > 0 && families[0] != was[0] {
		l.add(at.Invalid(svc.Spec.ClusterIPs, mayNotChange))
	}
	if len(families) == 1 && len(was) > 1 && !isSingleStack(svc) {
		l.add(path.Child("ipFamilyPolicy").Invalid(svc.Spec.IPFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily"))
	}
}

func isSingleStack(svc *Service) bool {
	return Deref(svc.Spec.IPFamilyPolicy, "") == IPFamilyPolicySingleStack
}

func validateServiceStatusUpdate(obj, oldObj Object) ErrorList {
	var errs ErrorList
	svc, old := obj.(*Service), oldObj.(*Service)
	path := Path("status").Child("loadBalancer", "ingress")
	if svc.Spec.Type != ServiceTypeLoadBalancer {
		if len(svc.Status.LoadBalancer.Ingress) > 0 {
			errs.add(path.Forbidden("may only be used when `spec.type` is 'LoadBalancer'"))
		}
		return errs
	}
	for i := range svc.Status.LoadBalancer.Ingress {
		ingress, path := &svc.Status.LoadBalancer.Ingress[i], path.Index(i)
		known := slices.ContainsFunc(old.Status.LoadBalancer.Ingress, func(was LoadBalancerIngress) bool { return was.IP == ingress.IP })
		if ingress.IP != "" && !known {
			errs.format(path, "ip", ingress.IP, IsValidIP)
		}
		switch {
		case ingress.IPMode == nil && ingress.IP != "":
			errs.add(path.Child("ipMode").Required("must be specified when `ip` is set"))
		case ingress.IPMode != nil && ingress.IP == "":
			errs.add(path.Child("ipMode").Forbidden("may not be specified when `ip` is not set"))
		default:
			optionalOneOf(&errs, path, "ipMode", ingress.IPMode, LoadBalancerIPModeProxy, LoadBalancerIPModeVIP)
		}
		if ingress.Hostname != "" {
			errs.format(path, "hostname", ingress.Hostname, IsDNS1123Subdomain)
			if _, err := netip.ParseAddr(ingress.Hostname); err == nil {
				errs.add(path.Child("hostname").Invalid(ingress.Hostname, "must be a DNS name, not an IP address"))
			}
		}
	}
	return errs
}
