package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"kubelite/api"
)

// exec, attach and portforward are conversations with a pod. Their other end is the kubelet of the pod's node: the
// server decides who may talk to which pod, finds the kubelet, and then carries bytes that it does not understand.
var (
	execSubresource        = streamSubresource(func() api.Object { return &api.PodExecOptions{} }, (*Server).serveExec)
	attachSubresource      = streamSubresource(func() api.Object { return &api.PodAttachOptions{} }, (*Server).serveAttach)
	portForwardSubresource = streamSubresource(func() api.Object { return &api.PodPortForwardOptions{} }, (*Server).servePortForward)
)

func streamSubresource(options func() api.Object, handle Handler) *Subresource {
	return &Subresource{
		Kind: optionsKind(options), Verbs: []string{"create", "get"}, // SPDY begins as a POST, a WebSocket as a GET
		Connects: true, LongRunning: true, Handle: handle,
	}
}

// optionsKind is the kind of what travels as the query of a connection.
func optionsKind(make func() api.Object) *api.Kind {
	return &api.Kind{GroupVersion: api.GroupVersion{Version: "v1"}, Kind: reflect.TypeOf(make()).Elem().Name(), New: make}
}

func (s *Server) serveExec(w http.ResponseWriter, req *Request) (*Answer, error) {
	q := req.Query()
	o := &api.PodExecOptions{
		Stdin: asks(q, "stdin"), Stdout: asks(q, "stdout"), Stderr: asks(q, "stderr"), TTY: asks(q, "tty"),
		Container: q.Get("container"), Command: q["command"],
	}
	if err := s.admitConnection(req, o); err != nil {
		return nil, err
	}
	query := streamQuery(o.Stdin, o.Stdout, o.Stderr, o.TTY)
	if len(o.Command) > 0 {
		query["command"] = o.Command
	}
	return nil, s.streamToContainer(w, req, "exec", o.Container, query)
}

func (s *Server) serveAttach(w http.ResponseWriter, req *Request) (*Answer, error) {
	q := req.Query()
	o := &api.PodAttachOptions{
		Stdin: asks(q, "stdin"), Stdout: asks(q, "stdout"), Stderr: asks(q, "stderr"), TTY: asks(q, "tty"), Container: q.Get("container"),
	}
	if err := s.admitConnection(req, o); err != nil {
		return nil, err
	}
	return nil, s.streamToContainer(w, req, "attach", o.Container, streamQuery(o.Stdin, o.Stdout, o.Stderr, o.TTY))
}

func (s *Server) servePortForward(w http.ResponseWriter, req *Request) (*Answer, error) {
	o := &api.PodPortForwardOptions{}
	for _, value := range req.Query()["ports"] {
		for text := range strings.SplitSeq(value, ",") {
			port, err := strconv.ParseInt(text, 10, 32)
			if err != nil {
				return nil, api.NewBadRequest("%v", err)
			}
			o.Ports = append(o.Ports, int32(port))
		}
	}
	if err := s.admitConnection(req, o); err != nil {
		return nil, err
	}
	query := url.Values{}
	for _, port := range o.Ports {
		query.Add("port", strconv.Itoa(int(port)))
	}
	pod, err := read[*api.Pod](req.HTTP.Context(), s, req.Namespace, req.Name)
	if err != nil {
		return nil, err
	}
	return nil, s.stream(w, req, pod, fmt.Sprintf("/portForward/%s/%s", pod.Namespace, pod.Name), query)
}

// asks reads a boolean parameter as upstream does: the mere name is a yes.
func asks(query url.Values, name string) bool {
	return query.Has(name) && (query.Get(name) == "" || isTrue(query.Get(name)))
}

// streamQuery says in the kubelet's words which streams are wanted.
func streamQuery(stdin, stdout, stderr, tty bool) url.Values {
	query := url.Values{}
	for name, wanted := range map[string]bool{"input": stdin, "output": stdout, "error": stderr, "tty": tty} {
		if wanted {
			query.Set(name, "1")
		}
	}
	return query
}

// streamToContainer passes the conversation on to a container of the pod.
func (s *Server) streamToContainer(w http.ResponseWriter, req *Request, what, container string, query url.Values) error {
	pod, err := read[*api.Pod](req.HTTP.Context(), s, req.Namespace, req.Name)
	if err != nil {
		return err
	}
	container, err = chooseContainer(pod, container)
	if err != nil {
		return err
	}
	return s.stream(w, req, pod, fmt.Sprintf("/%s/%s/%s/%s", what, pod.Namespace, pod.Name, container), query)
}

// stream passes the conversation on to the kubelet of the pod's node.
func (s *Server) stream(w http.ResponseWriter, req *Request, pod *api.Pod, path string, query url.Values) error {
	if pod.Spec.NodeName == "" {
		return api.NewBadRequest("pod %s does not have a host assigned", pod.Name)
	}
	node, err := read[*api.Node](req.HTTP.Context(), s, "", pod.Spec.NodeName)
	if err != nil {
		return err
	}
	address, err := kubeletAddress(node)
	if err != nil {
		return api.NewInternalError(err)
	}
	if !upgrades(req.HTTP) {
		return api.NewBadRequest("Upgrade request required")
	}
	to := &url.URL{Scheme: "https", Host: address, Path: path, RawQuery: query.Encode()}
	return s.pass(w, req, passage{to: to, through: s.kubelets.verified.Transport})
}

// admitConnection asks who has a say about connections. A WebSocket can only begin as a GET, which must not let those
// in who may merely look: all of these need the right to create, too.
func (s *Server) admitConnection(req *Request, options api.Object) error {
	if req.Verb == "get" {
		create := *req
		create.Verb = "create"
		if allowed, reason := s.authz.may(&create); !allowed {
			return forbidden(&create, reason)
		}
	}
	return s.admitConnect(req.HTTP.Context(), req, options)
}

// Connections have no object, only options. Of the admission plugins those are asked about them that implement one of
// these: to change the options, or to judge them.
type (
	connectMutation interface {
		MutateConnect(ctx context.Context, req *Request, options api.Object) error
	}
	connectValidation interface {
		ValidateConnect(ctx context.Context, req *Request, options api.Object) error
	}
)

// admitConnect asks who has a say about connections.
func (s *Server) admitConnect(ctx context.Context, req *Request, options api.Object) error {
	if sub := req.Resource.Subresources[req.Subresource]; sub.Kind != nil {
		*options.GetTypeMeta() = sub.Kind.TypeMeta()
	}
	return s.admission.Connect(ctx, req, options)
}

// Connect asks every plugin that has a say; the first refusal ends it.
func (c admissionChain) Connect(ctx context.Context, req *Request, options api.Object) error {
	if err := c.twice(req, func() error { return c.mutateConnect(ctx, req, options) }); err != nil {
		return err
	}
	for _, plugin := range c {
		if p, ok := plugin.(connectValidation); ok {
			if err := p.ValidateConnect(ctx, req, options); err != nil {
				return admissionError(req, nil, err)
			}
		}
	}
	return nil
}

func (c admissionChain) mutateConnect(ctx context.Context, req *Request, options api.Object) error {
	for _, plugin := range c {
		if p, ok := plugin.(connectMutation); ok {
			if err := p.MutateConnect(ctx, req, options); err != nil {
				return admissionError(req, nil, err)
			}
		}
	}
	return nil
}
