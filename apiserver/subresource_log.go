package apiserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"kubelite/api"
)

// The log of a container is where the container is: on its node. The server asks the node's kubelet for it and passes
// on what comes, so that a client needs to reach, and to be known to, nobody but the server.
var logSubresource = &Subresource{
	Verbs:       []string{"get"},
	LongRunning: true, // with follow it has no end
	Handle:      (*Server).serveLog,
}

// serveLog serves GET pods/{name}/log.
func (s *Server) serveLog(w http.ResponseWriter, req *Request) (*Answer, error) {
	options, err := readLogOptions(req.Name, req.Query())
	if err != nil {
		return nil, err
	}
	ctx := req.HTTP.Context()
	pod, err := read[*api.Pod](ctx, s, req.Namespace, req.Name)
	if err != nil {
		return nil, err
	}
	container, err := chooseContainer(pod, options.Container)
	if err != nil {
		return nil, err
	}
	if pod.Spec.NodeName == "" { // nothing has run yet, so nothing was written
		w.WriteHeader(http.StatusNoContent)
		return nil, nil
	}
	node, err := read[*api.Node](ctx, s, "", pod.Spec.NodeName)
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("/containerLogs/%s/%s/%s", pod.Namespace, pod.Name, container)
	if upgrades(req.HTTP) { // a browser, for which a WebSocket is the only stream
		return nil, s.relayUpgraded(w, req, node, path, options)
	}
	return nil, s.relay(w, req, node, path, logQuery(options), options)
}

// relay passes a kubelet's answer on, as it comes.
func (s *Server) relay(w http.ResponseWriter, req *Request, node *api.Node, path string, query url.Values, options *api.PodLogOptions) error {
	ctx, cancel := context.WithCancel(req.HTTP.Context())
	defer cancel()
	go func() { // a log that is followed would keep the server from stopping
		select {
		case <-s.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	answer, err := s.kubelets.get(ctx, node, path, query, options.InsecureSkipTLSVerifyBackend)
	if err != nil {
		return api.NewInternalError(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > http.StatusPartialContent {
		return kubeletError(req, answer)
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	var to io.Writer = w
	if options.Follow {
		to = flushWriter{w, http.NewResponseController(w)}
		_, err = to.Write(nil) // the client learns at once that the log stands, even if nothing is written for long
	}
	if err == nil {
		_, err = io.Copy(to, answer.Body)
	}
	// The answer has begun, so an error can only end it: the kubelet or the client is gone.
	if err != nil && ctx.Err() == nil {
		s.log.Debug("relaying a log ended early", "namespace", req.Namespace, "name", req.Name, "error", err)
	}
	return nil
}

// relayUpgraded is relay for a client that reads the log as messages: the kubelet writes them.
func (s *Server) relayUpgraded(w http.ResponseWriter, req *Request, node *api.Node, path string, options *api.PodLogOptions) error {
	address, err := kubeletAddress(node)
	if err != nil {
		return api.NewInternalError(err)
	}
	through := s.kubelets.verified
	if options.InsecureSkipTLSVerifyBackend {
		through = s.kubelets.trusting
	}
	return s.pass(w, req, passage{
		to: &url.URL{Scheme: "https", Host: address, Path: path, RawQuery: logQuery(options).Encode()}, through: through.Transport,
		explain: func(refusal *http.Response) error { return kubeletError(req, refusal) },
	})
}

// flushWriter sends what is written at once: somebody is watching.
type flushWriter struct {
	w          io.Writer
	controller *http.ResponseController
}

// Write writes and flushes.
func (f flushWriter) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err == nil {
		err = f.controller.Flush()
	}
	return n, err
}

// kubeletError makes an API error of a kubelet's, which is plain text.
func kubeletError(req *Request, answer *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, 50_000))
	if err != nil {
		return api.NewInternalError(err)
	}
	switch answer.StatusCode {
	case http.StatusInternalServerError:
		return api.NewInternalError(errors.New(string(text)))
	case http.StatusBadRequest:
		return api.NewBadRequest("%s", text)
	case http.StatusNotFound:
		notFound := api.NewNotFound(req.Resource.Kind, req.Name)
		notFound.ErrStatus.Message = fmt.Sprintf("the server could not find the requested resource (get pods %s): %s", req.Name, text)
		return notFound
	}
	failure := api.NewInternalError(fmt.Errorf("the kubelet answered %s: %s", answer.Status, text))
	return failure
}

// chooseContainer finds the container that is meant; a pod with only one needs no name.
func chooseContainer(pod *api.Pod, name string) (string, error) {
	var names []string
	for i := range pod.Spec.InitContainers {
		names = append(names, pod.Spec.InitContainers[i].Name)
	}
	for i := range pod.Spec.Containers {
		names = append(names, pod.Spec.Containers[i].Name)
	}
	for i := range pod.Spec.EphemeralContainers {
		names = append(names, pod.Spec.EphemeralContainers[i].Name)
	}
	if name == "" {
		if len(pod.Spec.Containers) == 1 {
			return pod.Spec.Containers[0].Name, nil
		}
		return "", api.NewBadRequest("a container name must be specified for pod %s, choose one of: %s", pod.Name, names)
	}
	for _, n := range names {
		if n == name {
			return name, nil
		}
	}
	return "", api.NewBadRequest("container %s is not valid for pod %s", name, pod.Name)
}

// readLogOptions reads and checks the query of a request for a pod's log.
func readLogOptions(pod string, query url.Values) (*api.PodLogOptions, error) {
	o := &api.PodLogOptions{
		Container: query.Get("container"), Follow: isTrue(query.Get("follow")), Previous: isTrue(query.Get("previous")),
		Timestamps: isTrue(query.Get("timestamps")), InsecureSkipTLSVerifyBackend: isTrue(query.Get("insecureSkipTLSVerifyBackend")),
	}
	for name, into := range map[string]**int64{"sinceSeconds": &o.SinceSeconds, "tailLines": &o.TailLines, "limitBytes": &o.LimitBytes} {
		if text := query.Get(name); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, api.NewBadRequest("%v", err)
			}
			*into = &n
		}
	}
	if text := query.Get("sinceTime"); text != "" {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, api.NewBadRequest("%v", err)
		}
		o.SinceTime = &api.Time{Time: t}
	}
	if text := query.Get("stream"); text != "" {
		o.Stream = &text
	}
	if errs := checkLogOptions(o); len(errs) > 0 {
		return nil, api.NewInvalid(&api.Kind{Kind: "PodLogOptions"}, pod, errs)
	}
	return o, nil
}

func checkLogOptions(o *api.PodLogOptions) (errs api.ErrorList) {
	if o.TailLines != nil && *o.TailLines < 0 {
		errs = append(errs, api.Path("tailLines").Invalid(*o.TailLines, "must be greater than or equal to 0"))
	}
	if o.LimitBytes != nil && *o.LimitBytes < 1 {
		errs = append(errs, api.Path("limitBytes").Invalid(*o.LimitBytes, "must be greater than 0"))
	}
	if o.SinceSeconds != nil && o.SinceTime != nil {
		errs = append(errs, api.Path("").Forbidden("at most one of `sinceTime` or `sinceSeconds` may be specified"))
	} else if o.SinceSeconds != nil && *o.SinceSeconds < 1 {
		errs = append(errs, api.Path("sinceSeconds").Invalid(*o.SinceSeconds, "must be greater than 0"))
	}
	switch stream := api.Deref(o.Stream, "All"); stream {
	case "All":
	case "Stdout", "Stderr":
		if o.TailLines != nil {
			errs = append(errs, api.Path("").Forbidden("`tailLines` and specific `stream` are mutually exclusive for now"))
		}
	default:
		errs = append(errs, api.Path("stream").NotSupported(stream, "All", "Stderr", "Stdout"))
	}
	return errs
}

// logQuery writes the options for the kubelet.
func logQuery(o *api.PodLogOptions) url.Values {
	query := url.Values{"stream": {api.Deref(o.Stream, "All")}}
	for name, set := range map[string]bool{"follow": o.Follow, "previous": o.Previous, "timestamps": o.Timestamps} {
		if set {
			query.Set(name, "true")
		}
	}
	for name, n := range map[string]*int64{"sinceSeconds": o.SinceSeconds, "tailLines": o.TailLines, "limitBytes": o.LimitBytes} {
		if n != nil {
			query.Set(name, strconv.FormatInt(*n, 10))
		}
	}
	if o.SinceTime != nil {
		query.Set("sinceTime", o.SinceTime.Format(time.RFC3339))
	}
	return query
}
