package printers

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
)

// The columns of the networking and discovery groups.

// EndpointSlice are the columns of EndpointSlice.
var EndpointSlice = columns(func(slice *api.EndpointSlice, now time.Time) []any {
	var ports, addresses []string
	for _, port := range slice.Ports {
		switch {
		case port.Port != nil:
			ports = append(ports, strconv.Itoa(int(*port.Port)))
		case port.Name != nil:
			ports = append(ports, *port.Name)
		default:
			ports = append(ports, "*")
		}
	}
	for i := range slice.Endpoints {
		addresses = append(addresses, slice.Endpoints[i].Addresses...)
	}
	return []any{slice.Name, string(slice.AddressType), firstThree(ports, "<unset>"), firstThree(addresses, "<unset>"), Age(slice.CreationTimestamp.Time, now)}
},
	NameColumn,
	text("AddressType", "What the addresses are."),
	text("Ports", "Ports of the endpoints, the first three."),
	text("Endpoints", "Addresses of the endpoints, the first three."),
	ageColumn,
)

// firstThree lists the first three and counts the others.
func firstThree(list []string, none string) string {
	const shown = 3
	switch more := len(list) - shown; {
	case len(list) == 0:
		return none
	case more > 0:
		return strings.Join(list[:shown], ",") + " + " + strconv.Itoa(more) + " more..."
	}
	return strings.Join(list, ",")
}

// NetworkPolicy are the columns of NetworkPolicy.
var NetworkPolicy = columns(func(policy *api.NetworkPolicy, now time.Time) []any {
	return []any{policy.Name, api.FormatLabelSelector(&policy.Spec.PodSelector), Age(policy.CreationTimestamp.Time, now)}
}, NameColumn, text("Pod-Selector", "Labels that select the pods."), ageColumn)

// Ingress are the columns of Ingress.
var Ingress = columns(func(ingress *api.Ingress, now time.Time) []any {
	var hosts []string
	for i := range ingress.Spec.Rules {
		if host := ingress.Spec.Rules[i].Host; host != "" {
			hosts = append(hosts, host)
		}
	}
	var addresses []string
	for _, a := range ingress.Status.LoadBalancer.Ingress {
		if address := cmp.Or(a.IP, a.Hostname); address != "" && !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	slices.Sort(addresses)
	ports := "80"
	if len(ingress.Spec.TLS) > 0 {
		ports = "80, 443"
	}
	return []any{
		ingress.Name, api.Deref(ingress.Spec.IngressClassName, "<none>"), firstThree(hosts, "*"), strings.Join(addresses, ","), ports,
		Age(ingress.CreationTimestamp.Time, now),
	}
},
	NameColumn,
	text("Class", "The class, and so the controller, that serves it."),
	text("Hosts", "Hosts that it has rules for, the first three."),
	text("Address", "Where it can be reached."),
	text("Ports", "Ports that it listens on."),
	ageColumn,
)

// IngressClass are the columns of IngressClass.
var IngressClass = columns(func(class *api.IngressClass, now time.Time) []any {
	name, parameters := class.Name, "<none>"
	if class.Annotations[api.AnnotationDefaultIngressClass] == "true" {
		name += " (default)"
	}
	if p := class.Spec.Parameters; p != nil {
		parameters = p.Kind
		if p.APIGroup != nil {
			parameters += "." + *p.APIGroup
		}
		parameters += "/" + p.Name
	}
	return []any{name, class.Spec.Controller, parameters, Age(class.CreationTimestamp.Time, now)}
}, NameColumn, text("Controller", "Who serves the Ingresses."), text("Parameters", "Object with further settings."), ageColumn)

// IPAddress are the columns of IPAddress.
var IPAddress = columns(func(address *api.IPAddress, _ time.Time) []any {
	parent := "<none>"
	if p := address.Spec.ParentRef; p != nil {
		parts := []string{p.Resource}
		if p.Group != "" {
			parts[0] += "." + p.Group
		}
		if p.Namespace != "" {
			parts = append(parts, p.Namespace)
		}
		parent = strings.Join(append(parts, p.Name), "/")
	}
	return []any{address.Name, parent}
}, NameColumn, text("ParentRef", "Who has the address."))

// ServiceCIDR are the columns of ServiceCIDR.
var ServiceCIDR = columns(func(cidr *api.ServiceCIDR, now time.Time) []any {
	return []any{cidr.Name, strings.Join(cidr.Spec.CIDRs, ","), Age(cidr.CreationTimestamp.Time, now)}
}, NameColumn, text("CIDRs", "The blocks of addresses."), ageColumn)
