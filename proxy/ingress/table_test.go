package ingress

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// world is objects by their names, as a test lists them.
type world struct {
	objects
	services map[string]*api.Service
	ready    map[string][]*api.EndpointSlice
	secrets  map[string]*api.Secret
}

func newWorld() *world {
	w := &world{services: map[string]*api.Service{}, ready: map[string][]*api.EndpointSlice{}, secrets: map[string]*api.Secret{}}
	w.classes = []*api.IngressClass{{ObjectMeta: api.ObjectMeta{Name: "nginx"}, Spec: api.IngressClassSpec{Controller: ControllerName}}}
	w.service = func(key api.Key) (*api.Service, bool) { s, ok := w.services[key.Name]; return s, ok }
	w.slices = func(key api.Key) []*api.EndpointSlice { return w.ready[key.Name] }
	w.secret = func(key api.Key) (*api.Secret, bool) { s, ok := w.secrets[key.Name]; return s, ok }
	return w
}

// serve adds a service with port 80, named http, and endpoints.
func (w *world) serve(name string, addresses ...string) {
	w.services[name] = &api.Service{
		ObjectMeta: api.ObjectMeta{Namespace: "shop", Name: name},
		Spec:       api.ServiceSpec{ClusterIP: "10.96.0.9", Ports: []api.ServicePort{{Name: "http", Port: 80, Protocol: api.ProtocolTCP}}},
	}
	slice := &api.EndpointSlice{AddressType: api.AddressTypeIPv4, Ports: []api.DiscoveryEndpointPort{{Name: api.Ptr("http"), Port: api.Ptr(int32(8080))}}}
	for _, a := range addresses {
		slice.Endpoints = append(slice.Endpoints, api.Endpoint{Addresses: []string{a}})
	}
	w.ready[name] = []*api.EndpointSlice{slice}
}

type rules map[string][]rulePath // by host

type rulePath struct {
	path    string
	kind    api.PathType
	service string
}

const (
	exact  = api.PathTypeExact
	prefix = api.PathTypePrefix
	other  = api.PathTypeImplementationSpecific
)

// ingress adds an Ingress; later ones are younger.
func (w *world) ingress(name string, r rules, edit ...func(*api.Ingress)) {
	i := &api.Ingress{ObjectMeta: api.ObjectMeta{Namespace: "shop", Name: name, CreationTimestamp: api.Time{Time: time.Unix(int64(len(w.ingresses)), 0)}}}
	i.Spec.IngressClassName = api.Ptr("nginx")
	for host, paths := range r {
		rule := api.IngressRule{Host: host, IngressRuleValue: api.IngressRuleValue{HTTP: &api.HTTPIngressRuleValue{}}}
		for _, p := range paths {
			rule.HTTP.Paths = append(rule.HTTP.Paths, api.HTTPIngressPath{Path: p.path, PathType: &p.kind, Backend: backendOf(p.service)})
		}
		i.Spec.Rules = append(i.Spec.Rules, rule)
	}
	for _, e := range edit {
		e(i)
	}
	w.ingresses = append(w.ingresses, i)
}

func backendOf(service string) api.IngressBackend {
	return api.IngressBackend{Service: &api.IngressServiceBackend{Name: service, Port: api.ServiceBackendPort{Number: 80}}}
}

func annotated(pairs ...string) func(*api.Ingress) {
	return func(i *api.Ingress) {
		i.Annotations = map[string]string{}
		for n := 0; n < len(pairs); n += 2 {
			i.Annotations[annotationPrefix+pairs[n]] = pairs[n+1]
		}
	}
}

func TestRoute(t *testing.T) {
	w := newWorld()
	w.ingress("paths", rules{"shop.example.com": {
		{"/", prefix, "root"}, {"/cart", prefix, "cart"}, {"/cart/pay", exact, "pay"}, {"/cart/pay", prefix, "payments"},
		{"/ima", other, "images"}, {"/docs/", prefix, "docs"}, {"/about", exact, "about"},
	}})
	w.ingress("wildcard", rules{"*.example.com": {{"/", prefix, "any"}}})
	w.ingress("younger", rules{"shop.example.com": {{"/cart", prefix, "thief"}, {"/new", prefix, "new"}}})
	w.ingress("rest", rules{"rest.example.com": {{"/a", prefix, "a"}}}, func(i *api.Ingress) { i.Spec.DefaultBackend = api.Ptr(backendOf("rest")) })
	w.ingress("all", nil, func(i *api.Ingress) { i.Spec.DefaultBackend = api.Ptr(backendOf("everybody")) })
	w.ingress("nobody", rules{"nobody.example.com": {{"/a", prefix, "a"}}})
	w.ingress("expressions", rules{"re.example.com": {{`/api(/|$)(.*)`, other, "api"}, {"/api/v2", other, "v2"}}}, annotated("rewrite-target", "/$2"))
	table := build(w.objects)
	for _, c := range []struct{ host, path, want string }{
		{"shop.example.com", "/", "root"},
		{"shop.example.com", "/other", "root"},
		{"shop.example.com", "/cart", "cart"}, // the older Ingress has it
		{"shop.example.com", "/cart/", "cart"},
		{"shop.example.com", "/cart/x", "cart"},
		{"shop.example.com", "/cartoon", "root"}, // prefixes go by elements
		{"shop.example.com", "/cart/pay", "pay"}, // exact goes before prefix
		{"shop.example.com", "/cart/pay/now", "payments"},
		{"shop.example.com", "/images/x.png", "images"}, // nginx's own goes letter by letter
		{"shop.example.com", "/docs", "docs"},
		{"shop.example.com", "/docs/x", "docs"},
		{"shop.example.com", "/about", "about"},
		{"shop.example.com", "/about/", "root"},
		{"shop.example.com", "/new", "new"}, // Ingresses of one host add up
		{"shop.example.com", "/cart/../about", "about"},
		{"shop.example.com", "//cart//x", "cart"},
		{"www.example.com", "/", "any"},
		{"a.b.example.com", "/", "everybody"}, // a wildcard is one label
		{"rest.example.com", "/a/b", "a"},
		{"rest.example.com", "/b", "rest"},
		{"nobody.example.com", "/b", ""}, // a host that is there is not left
		{"elsewhere.org", "/", "everybody"},
		{"", "/", "everybody"},
		{"re.example.com", "/api/v2/x", "api"}, // the longest expression first, by its letters
		{"re.example.com", "/API/x", "api"},
		{"re.example.com", "/apix", ""},
	} {
		got := ""
		if l := table.route(c.host, c.path); l != nil {
			got = l.backend.name
		}
		want := c.want
		if want != "" {
			want = "shop/" + want + ":80"
		}
		require.Equal(t, want, got, "%s%s", c.host, c.path)
	}
}

func TestBackends(t *testing.T) {
	w := newWorld()
	w.serve("web", "10.244.1.5", "10.244.2.6")
	w.serve("idle")
	w.services["far"] = &api.Service{Spec: api.ServiceSpec{Type: api.ServiceTypeExternalName, ExternalName: "example.org"}}
	w.ingress("i", rules{"h": {{"/web", prefix, "web"}, {"/idle", prefix, "idle"}, {"/gone", prefix, "gone"}, {"/far", prefix, "far"}}}, func(i *api.Ingress) {
		byName, wrong := backendOf("web"), backendOf("web")
		byName.Service.Port = api.ServiceBackendPort{Name: "http"}
		wrong.Service.Port = api.ServiceBackendPort{Number: 81}
		resource := api.IngressBackend{Resource: &api.TypedLocalObjectReference{Kind: "Bucket", Name: "b"}}
		for path, b := range map[string]api.IngressBackend{"/name": byName, "/wrong": wrong, "/bucket": resource} {
			i.Spec.Rules[0].HTTP.Paths = append(i.Spec.Rules[0].HTTP.Paths, api.HTTPIngressPath{Path: path, PathType: api.Ptr(prefix), Backend: b})
		}
	})
	table := build(w.objects)
	for path, want := range map[string]struct {
		addresses []string
		problem   string
	}{
		"/web":   {addresses: []string{"10.244.1.5:8080", "10.244.2.6:8080"}},
		"/name":  {addresses: []string{"10.244.1.5:8080", "10.244.2.6:8080"}},
		"/far":   {addresses: []string{"example.org:80"}},
		"/idle":  {problem: "service shop/idle has no endpoint that takes connections"},
		"/gone":  {problem: "service shop/gone does not exist"},
		"/wrong": {problem: "service shop/web has no port 81"},
	} {
		l := table.route("h", path)
		require.NotNil(t, l, path)
		require.Equal(t, want.addresses, l.backend.addresses, path)
		require.Equal(t, want.problem, l.backend.problem, path)
	}
	require.Nil(t, table.route("h", "/bucket"))
	require.Equal(t, []problem{{"UnsupportedBackend", "path /bucket: a backend can only be a service here, not a resource"}}, table.problems[api.Key{Namespace: "shop", Name: "i"}])

	b := table.route("h", "/web").backend
	require.Equal(t, [][]string{{"10.244.1.5:8080", "10.244.2.6:8080"}, {"10.244.2.6:8080", "10.244.1.5:8080"}}, [][]string{b.inTurn(), b.inTurn()})
}

func TestClasses(t *testing.T) {
	w := newWorld()
	w.classes = append(w.classes,
		&api.IngressClass{ObjectMeta: api.ObjectMeta{Name: "internal"}, Spec: api.IngressClassSpec{Controller: ControllerName}},
		&api.IngressClass{ObjectMeta: api.ObjectMeta{Name: "traefik"}, Spec: api.IngressClassSpec{Controller: "traefik.io/ingress-controller"}})
	class := func(field *string, annotation string) *api.Ingress {
		i := &api.Ingress{Spec: api.IngressSpec{IngressClassName: field}}
		if annotation != "" {
			i.Annotations = map[string]string{api.AnnotationIngressClass: annotation}
		}
		return i
	}
	for name, c := range map[string]struct {
		ingress   *api.Ingress
		classless bool
		want      bool
	}{
		"ours":                    {ingress: class(api.Ptr("nginx"), ""), want: true},
		"ours, too":               {ingress: class(api.Ptr("internal"), ""), want: true},
		"another controller's":    {ingress: class(api.Ptr("traefik"), "")},
		"one that is not there":   {ingress: class(api.Ptr("gone"), "")},
		"by annotation":           {ingress: class(nil, "nginx"), want: true},
		"another's by annotation": {ingress: class(nil, "traefik"), classless: true},
		"none":                    {ingress: class(nil, "")},
		"none, and all are ours":  {ingress: class(nil, ""), classless: true, want: true},
	} {
		w.classless = c.classless
		require.Equal(t, c.want, w.isOurs(c.ingress), name)
	}
}

// certificate makes a secret with a certificate for hosts.
func certificate(t *testing.T, hosts ...string) *api.Secret {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return &api.Secret{Type: api.SecretTypeTLS, Data: map[string][]byte{
		"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}}
}

func TestCertificates(t *testing.T) {
	w := newWorld()
	w.secrets["shop"] = certificate(t, "shop.example.com")
	w.secrets["any"] = certificate(t, "*.example.com")
	w.secrets["broken"] = &api.Secret{Data: map[string][]byte{"tls.crt": []byte("x")}}
	withTLS := func(entries ...api.IngressTLS) func(*api.Ingress) {
		return func(i *api.Ingress) { i.Spec.TLS = entries }
	}
	w.ingress("i", nil, withTLS(
		api.IngressTLS{Hosts: []string{"shop.example.com", "other.org"}, SecretName: "shop"},
		api.IngressTLS{SecretName: "any"}, // its own names
		api.IngressTLS{Hosts: []string{"missing.org"}, SecretName: "missing"},
		api.IngressTLS{Hosts: []string{"broken.org"}, SecretName: "broken"},
		api.IngressTLS{Hosts: []string{"default.org"}}))
	table := build(w.objects)
	for name, want := range map[string]string{
		"shop.example.com": "shop.example.com", "SHOP.example.com": "shop.example.com", "www.example.com": "*.example.com",
		"a.b.example.com": "", "other.org": "", "missing.org": "", "": "",
	} {
		got := ""
		if c := table.certificate(name); c != nil {
			got = c.Leaf.Subject.CommonName
		}
		require.Equal(t, want, got, name)
	}
	for _, name := range []string{"shop.example.com", "www.example.com", "missing.org", "broken.org", "default.org"} {
		require.True(t, table.isSecure(name), name)
	}
	require.False(t, table.isSecure("plain.org"))
	var reasons []string
	for _, p := range table.problems[api.Key{Namespace: "shop", Name: "i"}] {
		reasons = append(reasons, p.reason+": "+p.message)
	}
	require.Len(t, reasons, 3)
	require.Contains(t, reasons[0], "InvalidCertificate: secret shop/shop: x509: certificate is valid for shop.example.com, not other.org")
	require.Equal(t, "SecretNotFound: there is no secret shop/missing of type kubernetes.io/tls: its hosts are served with the default certificate", reasons[1])
	require.Contains(t, reasons[2], "InvalidCertificate: secret shop/broken: tls: failed to find any PEM data")
}

func TestParseOptions(t *testing.T) {
	with := func(edit func(*options)) options { o := defaultOptions(); edit(&o); return o }
	for _, c := range []struct {
		name, value string
		want        options
	}{
		{"proxy-body-size", "8m", with(func(o *options) { o.bodySize = 8 << 20 })},
		{"proxy-body-size", "0", with(func(o *options) { o.bodySize = 0 })},
		{"proxy-body-size", "512K", with(func(o *options) { o.bodySize = 512 << 10 })},
		{"rewrite-target", "/$2x", with(func(o *options) { o.rewrite = "/${2}x" })},
		{"use-regex", "true", with(func(o *options) { o.regex = true })},
		{"ssl-redirect", "false", with(func(o *options) { o.sslRedirect = false })},
		{"force-ssl-redirect", "true", with(func(o *options) { o.forceSSLRedirect = true })},
		{"proxy-read-timeout", "3600", with(func(o *options) { o.readTimeout = time.Hour })},
		{"proxy-connect-timeout", "1", with(func(o *options) { o.connectTimeout = time.Second })},
		{"backend-protocol", "grpc", with(func(o *options) { o.protocol = protocolGRPC })},
	} {
		got, problems := parseOptions(map[string]string{annotationPrefix + c.name: c.value, "other.io/" + c.name: "x"})
		require.Empty(t, problems, c.name)
		require.Equal(t, c.want, got, c.name)
	}
	for name, value := range map[string]string{
		"proxy-body-size": "much", "rewrite-target": "http://elsewhere", "use-regex": "maybe", "proxy-read-timeout": "60s", "backend-protocol": "FCGI",
	} {
		got, problems := parseOptions(map[string]string{annotationPrefix + name: value})
		require.Equal(t, defaultOptions(), got, name)
		require.Len(t, problems, 1, name)
		require.Equal(t, "InvalidAnnotation", problems[0].reason)
	}
	_, problems := parseOptions(map[string]string{annotationPrefix + "canary": "true"})
	require.Equal(t, []problem{{"UnsupportedAnnotation", "annotation nginx.ingress.kubernetes.io/canary is not known here: it changes nothing"}}, problems)
}

func tlsOf(secret string, hosts ...string) api.IngressTLS {
	return api.IngressTLS{Hosts: hosts, SecretName: secret}
}
