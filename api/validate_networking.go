package api

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// --- NetworkPolicy ---

func validateNetworkPolicy(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*NetworkPolicy).Spec, Path("spec")
	errs.labelSelector(path.Child("podSelector"), &spec.PodSelector)
	for i := range spec.Ingress {
		rule, at := &spec.Ingress[i], path.Child("ingress").Index(i)
		errs.policyPorts(at.Child("ports"), rule.Ports)
		errs.policyPeers(at.Child("from"), rule.From)
	}
	for i := range spec.Egress {
		rule, at := &spec.Egress[i], path.Child("egress").Index(i)
		errs.policyPorts(at.Child("ports"), rule.Ports)
		errs.policyPeers(at.Child("to"), rule.To)
	}
	if len(spec.PolicyTypes) > 2 {
		errs.add(path.Child("policyTypes").Invalid(spec.PolicyTypes, "may not specify more than two policyTypes"))
		return errs
	}
	for i, t := range spec.PolicyTypes {
		oneOf(&errs, path.Child("policyTypes").Index(i), "", t, PolicyTypeIngress, PolicyTypeEgress)
	}
	return errs
}

func validateNetworkPolicyUpdate(obj, _ Object) ErrorList { return validateNetworkPolicy(obj) }

func (l *ErrorList) policyPorts(path Path, ports []NetworkPolicyPort) {
	for i := range ports {
		port, at := &ports[i], path.Index(i)
		optionalOneOf(l, at, "protocol", port.Protocol, ProtocolTCP, ProtocolUDP, ProtocolSCTP)
		switch {
		case port.Port == nil:
			if port.EndPort != nil {
				l.add(at.Child("endPort").Invalid(*port.EndPort, "may not be specified when `port` is not specified"))
			}
		case port.Port.Type == IntegerForm:
			l.portNumber(at, "port", port.Port.IntVal)
			if port.EndPort != nil {
				if *port.EndPort < port.Port.IntVal {
					l.add(at.Child("endPort").Invalid(port.Port.IntVal, "must be greater than or equal to `port`"))
				}
				l.portNumber(at, "endPort", *port.EndPort)
			}
		default:
			if port.EndPort != nil {
				l.add(at.Child("endPort").Invalid(*port.EndPort, "may not be specified when `port` is non-numeric"))
			}
			l.format(at, "port", port.Port.StrVal, IsValidPortName)
		}
	}
}

func (l *ErrorList) policyPeers(path Path, peers []NetworkPolicyPeer) {
	for i := range peers {
		peer, at := &peers[i], path.Index(i)
		l.labelSelector(at.Child("podSelector"), peer.PodSelector)
		l.labelSelector(at.Child("namespaceSelector"), peer.NamespaceSelector)
		selects := peer.PodSelector != nil || peer.NamespaceSelector != nil
		if peer.IPBlock != nil {
			l.ipBlock(at.Child("ipBlock"), peer.IPBlock)
			if selects {
				l.add(at.Forbidden("may not specify both ipBlock and another peer"))
			}
		} else if !selects {
			l.add(at.Required("must specify a peer"))
		}
	}
}

func (l *ErrorList) ipBlock(path Path, block *IPBlock) {
	if !l.required(path, "cidr", block.CIDR) {
		return
	}
	l.format(path, "cidr", block.CIDR, IsValidCIDR)
	whole, err := netip.ParsePrefix(block.CIDR)
	if err != nil {
		return
	}
	for i, except := range block.Except {
		at := path.Child("except").Index(i)
		l.format(at, "", except, IsValidCIDR)
		if hole, err := netip.ParsePrefix(except); err == nil && (!whole.Contains(hole.Masked().Addr()) || whole.Bits() >= hole.Bits()) {
			l.add(at.Invalid(except, "must be a strict subset of `cidr`"))
		}
	}
}

// --- Ingress ---

// AnnotationIngressClass named the class before there was a field for it.
const AnnotationIngressClass = "kubernetes.io/ingress.class"

func validateIngress(obj Object) ErrorList {
	ingress := obj.(*Ingress)
	errs := ingressSpec(&ingress.Spec)
	class, annotated := ingress.Annotations[AnnotationIngressClass]
	if name := ingress.Spec.IngressClassName; annotated && name != nil && class != *name {
		errs.add(Path("annotations").Child(AnnotationIngressClass).Invalid(class, "must match `ingressClassName` when both are specified"))
	}
	return errs
}

func validateIngressUpdate(obj, _ Object) ErrorList { return ingressSpec(&obj.(*Ingress).Spec) }

func validateIngressStatusUpdate(obj, _ Object) ErrorList {
	var errs ErrorList
	path := Path("status.loadBalancer.ingress")
	for i, ingress := range obj.(*Ingress).Status.LoadBalancer.Ingress {
		at := path.Index(i)
		if ingress.IP != "" {
			errs.format(at, "ip", ingress.IP, IsValidIP)
		}
		if ingress.Hostname != "" {
			errs.format(at, "hostname", ingress.Hostname, IsDNS1123Subdomain)
			errs.notAnAddress(at, "hostname", ingress.Hostname)
		}
	}
	return errs
}

func (l *ErrorList) notAnAddress(path Path, field, host string) {
	if _, err := netip.ParseAddr(dropLeadingZeros(host)); err == nil {
		l.add(path.Child(field).Invalid(host, "must be a DNS name, not an IP address"))
	}
}

func ingressSpec(spec *IngressSpec) ErrorList {
	var errs ErrorList
	path := Path("spec")
	if len(spec.Rules) == 0 && spec.DefaultBackend == nil {
		errs.add(path.Invalid(spec.Rules, "either `defaultBackend` or `rules` must be specified"))
	}
	if spec.DefaultBackend != nil {
		errs.ingressBackend(path.Child("defaultBackend"), spec.DefaultBackend)
	}
	for i := range spec.Rules {
		errs.ingressRule(path.Child("rules").Index(i), &spec.Rules[i])
	}
	for i := range spec.TLS {
		tls, at := &spec.TLS[i], path.Child("tls").Index(i)
		for j, host := range tls.Hosts {
			errs.ingressHost(at.Child("hosts").Index(j), "", host)
		}
		if tls.SecretName != "" {
			errs.format(at, "secretName", tls.SecretName, IsDNS1123Subdomain)
		}
	}
	if spec.IngressClassName != nil {
		errs.format(path, "ingressClassName", *spec.IngressClassName, IsDNS1123Subdomain)
	}
	return errs
}

func (l *ErrorList) ingressHost(path Path, field, host string) {
	if strings.Contains(host, "*") {
		l.format(path, field, host, isWildcardSubdomain)
	} else {
		l.format(path, field, host, IsDNS1123Subdomain)
	}
}

// isWildcardSubdomain wants "*.example.com".
func isWildcardSubdomain(value string) (messages []string) {
	const rule = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
	const label = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	if len(value) > 253 {
		messages = append(messages, maxBytes(253))
	}
	if rest, ok := strings.CutPrefix(value, "*."); !ok || !isSubdomain(rest) {
		messages = append(messages, regexMessage(rule, `\*\.`+label+`(\.`+label+`)*`, "*.example.com"))
	}
	return messages
}

func (l *ErrorList) ingressRule(path Path, rule *IngressRule) {
	if rule.Host != "" {
		l.notAnAddress(path, "host", rule.Host)
		l.ingressHost(path, "host", rule.Host)
	}
	if rule.HTTP == nil {
		return
	}
	path = path.Child("http", "paths")
	if len(rule.HTTP.Paths) == 0 {
		l.add(path.Required(""))
	}
	for i := range rule.HTTP.Paths {
		l.ingressPath(path.Index(i), &rule.HTTP.Paths[i])
	}
}

func (l *ErrorList) ingressPath(path Path, p *HTTPIngressPath) {
	if p.PathType == nil {
		l.add(path.Child("pathType").Required("pathType must be specified"))
		return
	}
	at := path.Child("path")
	absolute := strings.HasPrefix(p.Path, "/")
	switch *p.PathType {
	case PathTypeExact, PathTypePrefix:
		if !absolute {
			l.add(at.Invalid(p.Path, "must be an absolute path"))
		}
		for _, sequence := range []string{"//", "/./", "/../", "%2f", "%2F"} {
			if strings.Contains(p.Path, sequence) {
				l.add(at.Invalid(p.Path, fmt.Sprintf("must not contain '%s'", sequence)))
			}
		}
		for _, suffix := range []string{"/..", "/."} {
			if strings.HasSuffix(p.Path, suffix) {
				l.add(at.Invalid(p.Path, fmt.Sprintf("cannot end with '%s'", suffix)))
			}
		}
	case PathTypeImplementationSpecific:
		if p.Path != "" && !absolute {
			l.add(at.Invalid(p.Path, "must be an absolute path"))
		}
	default:
		oneOf(l, path, "pathType", *p.PathType, PathTypeExact, PathTypeImplementationSpecific, PathTypePrefix)
	}
	l.ingressBackend(path.Child("backend"), &p.Backend)
}

func (l *ErrorList) ingressBackend(path Path, backend *IngressBackend) {
	service, resource := backend.Service, backend.Resource
	switch {
	case service != nil && resource != nil:
		l.add(path.Invalid("", "cannot set both resource and service backends"))
	case resource != nil:
		l.parametersReference(path.Child("resource"), resource.APIGroup, resource.Kind, resource.Name)
	case service != nil:
		l.requiredFormat(path.Child("service"), "name", service.Name, IsDNS1123Label)
		port := path.Child("service", "port")
		switch named, numbered := service.Port.Name != "", service.Port.Number != 0; {
		case named && numbered:
			l.add(path.Invalid("", "cannot set both port name & port number"))
		case named:
			l.format(port, "name", service.Port.Name, IsValidPortName)
		case numbered:
			l.portNumber(port, "number", service.Port.Number)
		default:
			l.add(path.Required("port name or number is required"))
		}
	default:
		l.add(path.Invalid("", "resource or service backend is required"))
	}
}

// parametersReference checks a reference to an object of any kind.
func (l *ErrorList) parametersReference(path Path, apiGroup *string, kind, name string) {
	if apiGroup != nil {
		l.format(path, "apiGroup", *apiGroup, IsDNS1123Subdomain)
	}
	l.requiredFormat(path, "kind", kind, IsPathSegmentName)
	l.requiredFormat(path, "name", name, IsPathSegmentName)
}

// --- IngressClass ---

const maxIngressController = 250

func validateIngressClass(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*IngressClass).Spec, Path("spec")
	if len(spec.Controller) > maxIngressController {
		errs.add(path.Child("controller").TooLong(maxIngressController))
	}
	errs.domainPrefixedPath(path.Child("controller"), spec.Controller)
	if spec.Parameters != nil {
		errs.ingressParameters(path.Child("parameters"), spec.Parameters)
	}
	return errs
}

func validateIngressClassUpdate(obj, oldObj Object) ErrorList {
	var errs ErrorList
	errs.immutable("spec", "controller", obj.(*IngressClass).Spec.Controller, oldObj.(*IngressClass).Spec.Controller)
	return append(errs, validateIngressClass(obj)...)
}

func (l *ErrorList) ingressParameters(path Path, p *IngressClassParametersReference) {
	l.parametersReference(path, p.APIGroup, p.Kind, p.Name)
	if p.Scope == nil {
		l.add(path.Child("scope").Required(""))
		return
	}
	switch *p.Scope {
	case IngressClassParametersReferenceScopeNamespace:
		if p.Namespace == nil {
			l.add(path.Child("namespace").Required("`parameters.scope` is set to 'Namespace'"))
		} else {
			l.format(path, "namespace", *p.Namespace, IsDNS1123Label)
		}
	case IngressClassParametersReferenceScopeCluster:
		if p.Namespace != nil {
			l.add(path.Child("namespace").Forbidden("`parameters.scope` is set to 'Cluster'"))
		}
	default:
		oneOf(l, path, "scope", *p.Scope, IngressClassParametersReferenceScopeCluster, IngressClassParametersReferenceScopeNamespace)
	}
}

// --- IPAddress and ServiceCIDR ---

// isCanonicalIP wants an address in the one form that it has. Names of IPAddresses are such.
func isCanonicalIP(name string) []string {
	if messages := IsValidIP(name); len(messages) > 0 {
		return messages
	}
	if canonical := netip.MustParseAddr(name).String(); canonical != name {
		return []string{fmt.Sprintf("must be in canonical form (%q)", canonical)}
	}
	return nil
}

func validateIPAddress(obj Object) ErrorList {
	var errs ErrorList
	parent, path := obj.(*IPAddress).Spec.ParentRef, Path("spec.parentRef")
	if parent == nil {
		errs.add(path.Required(""))
		return errs
	}
	if parent.Group != "" {
		errs.format(path, "group", parent.Group, IsDNS1123Subdomain)
	}
	errs.requiredFormat(path, "resource", parent.Resource, IsPathSegmentName)
	errs.requiredFormat(path, "name", parent.Name, IsPathSegmentName)
	if parent.Namespace != "" {
		errs.format(path, "namespace", parent.Namespace, IsPathSegmentName)
	}
	return errs
}

func validateIPAddressUpdate(obj, oldObj Object) ErrorList {
	var errs ErrorList
	errs.immutable("spec", "parentRef", goNames{obj.(*IPAddress).Spec.ParentRef}, goNames{oldObj.(*IPAddress).Spec.ParentRef})
	return errs
}

func validateServiceCIDR(obj Object) ErrorList {
	var errs ErrorList
	spec, path := &obj.(*ServiceCIDR).Spec, Path("spec.cidrs")
	switch n := len(spec.CIDRs); {
	case n == 0:
		errs.add(path.Required("at least one CIDR required"))
		return errs
	case n > 2:
		errs.add(path.Invalid(goNames{spec}, "may only hold up to 2 values"))
		return errs
	}
	families := map[bool]int{}
	for i, cidr := range spec.CIDRs {
		errs.format(path.Index(i), "", cidr, isCanonicalCIDR)
		if prefix, err := netip.ParsePrefix(cidr); err == nil {
			families[prefix.Addr().Is4()]++
		}
	}
	if families[true] == 2 || families[false] == 2 {
		errs.add(path.Invalid(spec.CIDRs, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"))
	}
	return errs
}

// isCanonicalCIDR wants a block in the one form that it has.
func isCanonicalCIDR(value string) []string {
	if messages := IsValidCIDR(value); len(messages) > 0 {
		return messages
	}
	if canonical := netip.MustParsePrefix(value).String(); canonical != value {
		return []string{fmt.Sprintf("must be in canonical form (%q)", canonical)}
	}
	return nil
}

// validateServiceCIDRUpdate: a range stays as it is, but may get a second block of the other family.
func validateServiceCIDRUpdate(obj, oldObj Object) ErrorList {
	var errs ErrorList
	now, was, path := obj.(*ServiceCIDR).Spec.CIDRs, oldObj.(*ServiceCIDR).Spec.CIDRs, Path("spec.cidrs")
	switch {
	case slices.Equal(now, was):
	case len(now) == len(was):
		for i := range now {
			errs.immutable(path.Index(i), "", now[i], was[i])
		}
	case len(was) == 1 && len(now) == 2:
		errs.immutable(path.Index(0), "", now[0], was[0])
		errs = append(errs, validateServiceCIDR(obj)...)
	default:
		errs.add(path.Invalid(now, fieldImmutable))
	}
	return errs
}
