package apiserver

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"kubelite/api"
)

// The server is a web proxy for what only the cluster can reach: pods, one of a Service's pods, and nodes.
//
//	GET .../pods/web/proxy/healthz                        the first port that the pod declares
//	GET .../pods/https:web:8443/proxy/healthz             another port, and TLS
//	GET .../services/web:http/proxy/healthz               a port of the Service by name or number
//	GET /api/v1/nodes/node-1/proxy/pods                   the kubelet
var (
	podProxySubresource     = proxySubresource(func() api.Object { return &api.PodProxyOptions{} }, (*Server).servePodProxy)
	serviceProxySubresource = proxySubresource(func() api.Object { return &api.ServiceProxyOptions{} }, (*Server).serveServiceProxy)
	nodeProxySubresource    = proxySubresource(func() api.Object { return &api.NodeProxyOptions{} }, (*Server).serveNodeProxy)
)

func proxySubresource(options func() api.Object, handle Handler) *Subresource {
	return &Subresource{
		Kind: optionsKind(options), Verbs: []string{"create", "delete", "get", "patch", "update"},
		Connects: true, AnyMethod: true, LongRunning: true, Handle: handle,
	}
}

// servePodProxy serves pods/{name}/proxy.
func (s *Server) servePodProxy(w http.ResponseWriter, req *Request) (*Answer, error) {
	ctx := req.HTTP.Context()
	o := &api.PodProxyOptions{Path: req.Rest}
	if err := s.admitConnect(ctx, req, o); err != nil {
		return nil, err
	}
	req.Rest = o.Path
	scheme, name, port, ok := api.SplitSchemeNamePort(req.Name)
	if !ok {
		return nil, api.NewBadRequest("invalid pod request %q", req.Name)
	}
	pod, err := read[*api.Pod](ctx, s, req.Namespace, name)
	if err != nil {
		return nil, err
	}
	if port == "" {
		port = firstPort(pod)
	}
	if ip := net.ParseIP(pod.Status.PodIP); ip == nil || !ip.IsGlobalUnicast() {
		return nil, api.NewBadRequest("address not allowed")
	}
	return nil, s.passToPod(w, req, pod, scheme, pod.Status.PodIP, port)
}

// firstPort is the first port that any of the pod's containers declares, "" if none does.
func firstPort(pod *api.Pod) string {
	for i := range pod.Spec.Containers {
		if ports := pod.Spec.Containers[i].Ports; len(ports) > 0 {
			return strconv.Itoa(int(ports[0].ContainerPort))
		}
	}
	return ""
}

// serveServiceProxy serves services/{name}/proxy.
func (s *Server) serveServiceProxy(w http.ResponseWriter, req *Request) (*Answer, error) {
	ctx := req.HTTP.Context()
	o := &api.ServiceProxyOptions{Path: req.Rest}
	if err := s.admitConnect(ctx, req, o); err != nil {
		return nil, err
	}
	req.Rest = o.Path
	scheme, name, port, ok := api.SplitSchemeNamePort(req.Name)
	if !ok {
		return nil, api.NewBadRequest("invalid service request %q", req.Name)
	}
	if number, err := strconv.ParseInt(port, 10, 64); err == nil {
		service, err := read[*api.Service](ctx, s, req.Namespace, name)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(service.Spec.Ports, func(p api.ServicePort) bool { return int64(p.Port) == number })
		if i < 0 {
			return nil, api.NewServiceUnavailable("no service port %d found for service %q", number, name)
		}
		port = service.Spec.Ports[i].Name // endpoints know ports by name
	}
	endpoints, err := read[*api.Endpoints](ctx, s, req.Namespace, name)
	if api.IsNotFound(err) {
		return nil, api.NewNotFound(req.Resource.Kind, name) // it was the Service that was asked for
	}
	if err != nil {
		return nil, err
	}
	for _, e := range readyEndpoints(endpoints, port) {
		pod, err := read[*api.Pod](ctx, s, req.Namespace, e.pod)
		if err == nil && slices.Contains(pod.Status.PodIPs, api.PodIP{IP: e.ip}) {
			return nil, s.passToPod(w, req, pod, scheme, e.ip, e.port)
		}
	}
	return nil, api.NewServiceUnavailable("no endpoints available for service %q", req.Name)
}

// endpoint is one address of a Service's port, and the pod that has it.
type endpoint struct{ ip, port, pod string }

// readyEndpoints lists those of the port with the name, in random order. Addresses that belong to no pod of the
// namespace are left out: who may write Endpoints must not be able to make the server talk to anybody.
func readyEndpoints(e *api.Endpoints, portName string) (list []endpoint) {
	for i := range e.Subsets {
		subset := &e.Subsets[i]
		for _, port := range subset.Ports {
			if port.Name != portName {
				continue
			}
			for _, address := range subset.Addresses {
				if ref := address.TargetRef; ref != nil && ref.Namespace == e.Namespace {
					list = append(list, endpoint{address.IP, strconv.Itoa(int(port.Port)), ref.Name})
				}
			}
		}
	}
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// serveNodeProxy serves nodes/{name}/proxy: the kubelet, or whoever listens on another port of the node.
func (s *Server) serveNodeProxy(w http.ResponseWriter, req *Request) (*Answer, error) {
	ctx := req.HTTP.Context()
	o := &api.NodeProxyOptions{Path: req.Rest}
	if err := s.admitConnect(ctx, req, o); err != nil {
		return nil, err
	}
	req.Rest = o.Path
	scheme, name, port, ok := api.SplitSchemeNamePort(req.Name)
	if !ok {
		return nil, api.NewBadRequest("invalid node request %q", req.Name)
	}
	node, err := read[*api.Node](ctx, s, "", name)
	if err != nil {
		return nil, err
	}
	address, err := kubeletAddress(node)
	if err != nil {
		return nil, api.NewInternalError(err)
	}
	host, kubeletPort, _ := net.SplitHostPort(address) // we have just put it together
	if port == "" || port == kubeletPort {
		return nil, s.passRewriting(w, req, &url.URL{Scheme: "https", Host: address}, s.kubelets.verified.Transport)
	}
	if !net.ParseIP(host).IsGlobalUnicast() { // the loopback address here is another machine's than the node's
		return nil, api.NewBadRequest("address not allowed")
	}
	return nil, s.passRewriting(w, req, &url.URL{Scheme: cmp.Or(scheme, "http"), Host: net.JoinHostPort(host, port)}, s.kubelets.pods)
}

// passToPod passes the request on to a pod.
func (s *Server) passToPod(w http.ResponseWriter, req *Request, pod *api.Pod, scheme, ip, port string) error {
	node, err := read[*api.Node](req.HTTP.Context(), s, "", pod.Spec.NodeName)
	if err != nil {
		return err
	}
	to := &url.URL{Scheme: cmp.Or(scheme, "http"), Host: ip}
	if port != "" {
		to.Host = net.JoinHostPort(ip, port)
	}
	through := *req
	through.HTTP = req.HTTP.WithContext(context.WithValue(req.HTTP.Context(), podPlaceKey{}, podPlace{pod, node}))
	return s.passRewriting(w, &through, to, s.kubelets.pods)
}

// passRewriting passes the request on with the path that follows the subresource, and mends links in the answer.
func (s *Server) passRewriting(w http.ResponseWriter, req *Request, to *url.URL, through http.RoundTripper) error {
	to.Path, to.RawQuery = req.Rest, req.HTTP.URL.RawQuery
	if to.Path == "" && !upgrades(req.HTTP) && (req.HTTP.Method == http.MethodGet || req.HTTP.Method == http.MethodHead) {
		// Relative links in the page would otherwise lead out of the proxy.
		location := req.HTTP.URL.Path + "/"
		if to.RawQuery != "" {
			location += "?" + to.RawQuery
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusMovedPermanently)
		return nil
	}
	return s.pass(w, req, passage{to: to, through: through, prefix: strings.TrimSuffix(req.HTTP.URL.Path, to.Path)})
}

// podPlace is where the connection of a request to a pod goes.
type podPlace struct {
	pod  *api.Pod
	node *api.Node
}

type podPlaceKey struct{}

// dialProxied makes the connections of requests to pods, through the kubelet of the pod's node: the server need not be
// where pods can be reached. Others are made as usual.
func (c *kubeletClient) dialProxied(ctx context.Context, network, address string) (net.Conn, error) {
	place, ok := ctx.Value(podPlaceKey{}).(podPlace)
	if !ok {
		return c.dialer.DialContext(ctx, network, address)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return c.connect(ctx, place.node, fmt.Sprintf("/podConnection/%s/%s/%s", place.pod.Namespace, place.pod.Name, port))
}
