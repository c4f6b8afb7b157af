package ingress

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"kubelite/api"
	"kubelite/proxy/endpoints"
)

// ControllerName is what an IngressClass calls us. A class of another controller is not our business.
const ControllerName = "k8s.io/ingress-nginx"

// objects are all that a table is made from.
type objects struct {
	ingresses []*api.Ingress
	classes   []*api.IngressClass
	service   func(api.Key) (*api.Service, bool)
	slices    func(service api.Key) []*api.EndpointSlice
	secret    func(api.Key) (*api.Secret, bool)
	// classless says that Ingresses without a class are ours, too.
	classless bool
}

// table says where requests go.
type table struct {
	hosts        map[string]*host            // by name: "shop.example.com", "*.example.com", and "" for requests to no other
	certificates map[string]*tls.Certificate // by the names that they are for
	secure       map[string]bool             // names for which an Ingress asks for TLS
	problems     map[api.Key][]problem       // of each Ingress that is ours
}

// problem is what an Ingress asks for and does not get.
type problem struct{ reason, message string }

// host is the paths of one host.
type host struct {
	locations []*location // in the order in which they are tried
	rest      *location   // for paths that fit none; nil: nobody
}

// location is a path of a host and what happens to requests for it.
type location struct {
	options
	ingress api.Key
	path    string
	kind    api.PathType
	pattern *regexp.Regexp // set if the paths of the host are expressions
	backend *backend
}

// backend is a port of a service, and who is behind it.
type backend struct {
	name      string   // "shop/web:80"
	addresses []string // host:port
	problem   string   // why there are none
	turn      atomic.Uint64
}

// build makes the table. Of two Ingresses that claim the same path of the same host the older one has it.
func build(o objects) *table {
	b := builder{objects: o, backends: map[string]*backend{}, table: &table{
		hosts: map[string]*host{}, certificates: map[string]*tls.Certificate{}, secure: map[string]bool{}, problems: map[api.Key][]problem{},
	}}
	ours := slices.DeleteFunc(slices.Clone(o.ingresses), func(i *api.Ingress) bool { return !o.isOurs(i) })
	slices.SortFunc(ours, func(a, b *api.Ingress) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Key().String(), b.Key().String()))
	})
	for _, ingress := range ours {
		b.add(ingress)
	}
	for _, h := range b.table.hosts {
		h.order()
	}
	return b.table
}

// isOurs tells whether an Ingress is of a class that is ours. The annotation is how classes were named once, and goes first.
func (o *objects) isOurs(ingress *api.Ingress) bool {
	name, named := ingress.Annotations[api.AnnotationIngressClass]
	if !named && ingress.Spec.IngressClassName != nil {
		name, named = *ingress.Spec.IngressClassName, true
	}
	if !named {
		return o.classless
	}
	return slices.ContainsFunc(o.classes, func(c *api.IngressClass) bool { return c.Name == name && c.Spec.Controller == ControllerName })
}

type builder struct {
	objects
	table    *table
	backends map[string]*backend
}

func (b *builder) add(ingress *api.Ingress) {
	options, problems := parseOptions(ingress.Annotations)
	b.table.problems[ingress.Key()] = problems
	for i := range ingress.Spec.TLS {
		b.addTLS(ingress, &ingress.Spec.TLS[i])
	}
	var rest *location
	if ingress.Spec.DefaultBackend != nil {
		rest = b.location(ingress, options, "/", api.PathTypePrefix, ingress.Spec.DefaultBackend)
	}
	if len(ingress.Spec.Rules) == 0 && rest != nil {
		h := b.host("")
		h.rest = cmp.Or(h.rest, rest)
	}
	for i := range ingress.Spec.Rules {
		rule := &ingress.Spec.Rules[i]
		h := b.host(strings.ToLower(rule.Host))
		h.rest = cmp.Or(h.rest, rest)
		if rule.HTTP == nil {
			continue
		}
		for j := range rule.HTTP.Paths {
			p := &rule.HTTP.Paths[j]
			kind := api.Deref(p.PathType, api.PathTypeImplementationSpecific)
			if l := b.location(ingress, options, cmp.Or(p.Path, "/"), kind, &p.Backend); l != nil && !h.has(l) {
				h.locations = append(h.locations, l)
			}
		}
	}
}

func (b *builder) trouble(ingress *api.Ingress, reason, format string, args ...any) {
	b.table.problems[ingress.Key()] = append(b.table.problems[ingress.Key()], problem{reason, fmt.Sprintf(format, args...)})
}

func (b *builder) host(name string) *host {
	if b.table.hosts[name] == nil {
		b.table.hosts[name] = &host{}
	}
	return b.table.hosts[name]
}

func (h *host) has(l *location) bool {
	return slices.ContainsFunc(h.locations, func(other *location) bool { return other.path == l.path && other.kind == l.kind })
}

// location is nil if the Ingress asks for what there is not.
func (b *builder) location(ingress *api.Ingress, o options, path string, kind api.PathType, to *api.IngressBackend) *location {
	if to.Service == nil {
		b.trouble(ingress, "UnsupportedBackend", "path %s: a backend can only be a service here, not a resource", path)
		return nil
	}
	l := &location{options: o, ingress: ingress.Key(), path: path, kind: kind, backend: b.backend(ingress.Namespace, to.Service)}
	if l.isExpression() {
		if _, err := regexp.Compile(path); err != nil {
			b.trouble(ingress, "InvalidPath", "path %s: %v", path, err)
			return nil
		}
	}
	return l
}

// isExpression tells whether the Ingress means the path as a regular expression.
func (l *location) isExpression() bool {
	return l.regex || l.rewrite != "" && l.rewrite != l.path
}

// order sorts the paths: the longest first, and exact ones before others. If one of them is a regular expression all are, whatever
// Ingress they come from: that is nginx's way, in which expressions and other paths of one host do not mix.
func (h *host) order() {
	expressions := slices.ContainsFunc(h.locations, (*location).isExpression)
	for _, l := range h.locations {
		if !expressions {
			continue
		}
		pattern, err := regexp.Compile("(?i)^" + l.path)
		if err != nil { // no expression, and not meant as one
			pattern = regexp.MustCompile("(?i)^" + regexp.QuoteMeta(l.path))
		}
		l.pattern = pattern
	}
	slices.SortStableFunc(h.locations, func(a, b *location) int {
		exact := 0
		if !expressions && (a.kind == api.PathTypeExact) != (b.kind == api.PathTypeExact) {
			exact = 1
			if a.kind == api.PathTypeExact {
				exact = -1
			}
		}
		return cmp.Or(exact, len(b.path)-len(a.path), strings.Compare(b.path, a.path))
	})
}

// fits tells whether a request's path is one of the location's.
func (l *location) fits(path string) bool {
	if l.pattern != nil {
		return l.pattern.MatchString(path)
	}
	switch l.kind {
	case api.PathTypeExact:
		return path == l.path
	case api.PathTypePrefix: // element by element: /shop is no prefix of /shopping
		prefix := strings.TrimSuffix(l.path, "/")
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	}
	return strings.HasPrefix(path, l.path) // nginx's own: letter by letter
}

// route finds where a request goes: first its host, by name or else by a wildcard, then the path. A host that is there is not
// left again: what fits none of its paths is for its default backend. nil: for nobody.
func (t *table) route(name, requestPath string) *location {
	h := t.hosts[name]
	if h == nil {
		h = t.hosts[wildcard(name)]
	}
	if h == nil {
		h = t.hosts[""]
	}
	if h == nil {
		return nil
	}
	clean := cleanPath(requestPath)
	for _, l := range h.locations {
		if l.fits(clean) {
			return l
		}
	}
	return h.rest
}

// wildcard is the name that stands for a host and its siblings: of one label more and not of two.
func wildcard(host string) string {
	if _, parent, ok := strings.Cut(host, "."); ok {
		return "*." + parent
	}
	return ""
}

// cleanPath is what a path means: nobody gets around a rule by way of "/public/../admin".
func cleanPath(p string) string {
	if p == "" {
		return "/"
	}
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// backend finds out who is behind a service's port.
func (b *builder) backend(namespace string, to *api.IngressServiceBackend) *backend {
	port := cmp.Or(to.Port.Name, strconv.Itoa(int(to.Port.Number)))
	key := api.Key{Namespace: namespace, Name: to.Name}
	name := key.String() + ":" + port
	if b.backends[name] == nil {
		found := &backend{name: name}
		found.addresses, found.problem = b.resolve(key, to.Port)
		b.backends[name] = found
	}
	return b.backends[name]
}

func (b *builder) resolve(key api.Key, port api.ServiceBackendPort) (addresses []string, problem string) {
	svc, ok := b.service(key)
	if !ok {
		return nil, fmt.Sprintf("service %s does not exist", key)
	}
	i := slices.IndexFunc(svc.Spec.Ports, func(p api.ServicePort) bool {
		return port.Name != "" && p.Name == port.Name || port.Name == "" && p.Port == port.Number
	})
	if svc.Spec.Type == api.ServiceTypeExternalName {
		number := port.Number
		if i >= 0 {
			number = cmp.Or(svc.Spec.Ports[i].TargetPort.IntVal, svc.Spec.Ports[i].Port)
		}
		return []string{net.JoinHostPort(svc.Spec.ExternalName, strconv.Itoa(int(number)))}, ""
	}
	if i < 0 {
		return nil, fmt.Sprintf("service %s has no port %s", key, cmp.Or(port.Name, strconv.Itoa(int(port.Number))))
	}
	for _, e := range endpoints.Of(&svc.Spec.Ports[i], b.slices(key)) {
		addresses = append(addresses, e.To.String())
	}
	if len(addresses) == 0 {
		problem = fmt.Sprintf("service %s has no endpoint that takes connections", key)
	}
	return addresses, problem
}

// inTurn are the addresses in the order in which a request tries them.
func (b *backend) inTurn() []string {
	n := len(b.addresses)
	if n == 0 {
		return nil
	}
	first := int((b.turn.Add(1) - 1) % uint64(n))
	return append(slices.Clone(b.addresses[first:]), b.addresses[:first]...)
}
