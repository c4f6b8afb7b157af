package metrics

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"kubelite/api"
	"kubelite/client"
)

const groupVersion = "metrics.k8s.io/v1beta1"

// server answers the API server.
type server struct {
	cfg   Config
	usage *usage
	nodes *client.Informer[*api.Node]
	due   *client.Queue // nodes whose kubelet is to be read
	front atomic.Pointer[frontProxy]
}

// frontProxy is who may call: a certificate of this authority with one of these names. The API server tells it in a
// ConfigMap, for every server that it passes requests on to.
type frontProxy struct {
	authority *x509.CertPool
	names     []string
}

const (
	authNamespace = "kube-system"
	authConfigMap = "extension-apiserver-authentication"
)

func (s *server) readFrontProxy(ctx context.Context) error {
	config, err := client.Of[*api.ConfigMap](s.cfg.Client).Get(ctx, authNamespace, authConfigMap)
	if err != nil {
		return fmt.Errorf("read who may call: %w", err)
	}
	front := &frontProxy{authority: x509.NewCertPool()}
	if !front.authority.AppendCertsFromPEM([]byte(config.Data["requestheader-client-ca-file"])) {
		return fmt.Errorf("read who may call: no certificate in ConfigMap %s/%s", authNamespace, authConfigMap)
	}
	if err := json.Unmarshal([]byte(config.Data["requestheader-allowed-names"]), &front.names); err != nil {
		return fmt.Errorf("read who may call: %w", err)
	}
	s.front.Store(front)
	return nil
}

func (s *server) serve(ctx context.Context, listener net.Listener) error {
	defer listener.Close() // again, after the server: no harm
	for err := s.readFrontProxy(ctx); err != nil; err = s.readFrontProxy(ctx) {
		// A cluster that has just been made gives us the right a moment after it has started us.
		if !api.IsForbidden(err) && !api.IsNotFound(err) {
			return err
		}
		if !client.Wait(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	certificate, err := tls.LoadX509KeyPair(s.cfg.CertFile, s.cfg.KeyFile)
	if err != nil {
		return fmt.Errorf("load the metrics-server's certificate: %w", err)
	}
	server := &http.Server{Handler: s.onlyTheAPIServer(s.handler()), ReadHeaderTimeout: 10 * time.Second, TLSConfig: &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12,
	}}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // whoever asks will ask again
	defer stop()
	if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics.k8s.io: %w", err)
	}
	return ctx.Err()
}

// onlyTheAPIServer lets in who has a certificate of the front proxy: it has asked whether the user may see this.
func (s *server) onlyTheAPIServer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		front := s.front.Load()
		if len(r.TLS.PeerCertificates) > 0 {
			caller := r.TLS.PeerCertificates[0]
			_, err := caller.Verify(x509.VerifyOptions{Roots: front.authority, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
			if err == nil && (len(front.names) == 0 || slices.Contains(front.names, caller.Subject.CommonName)) {
				next.ServeHTTP(w, r)
				return
			}
		}
		answer(w, http.StatusUnauthorized, api.NewUnauthorized().ErrStatus)
	})
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	version := api.GroupVersionForDiscovery{GroupVersion: groupVersion, Version: "v1beta1"}
	group := api.APIGroup{TypeMeta: api.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}, Name: "metrics.k8s.io", Versions: []api.GroupVersionForDiscovery{version}, PreferredVersion: version}
	resources := api.APIResourceList{TypeMeta: api.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: groupVersion, APIResources: []api.APIResource{
		{Name: "nodes", Kind: "NodeMetrics", Verbs: []string{"get", "list"}},
		{Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: []string{"get", "list"}},
	}}
	const root = "GET /apis/" + groupVersion
	mux.HandleFunc("GET /apis/metrics.k8s.io", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, group) })
	mux.HandleFunc(root, func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, resources) })
	mux.HandleFunc(root+"/nodes", s.listNodes)
	mux.HandleFunc(root+"/nodes/{name}", s.getNode)
	mux.HandleFunc(root+"/pods", s.listPods)
	mux.HandleFunc(root+"/namespaces/{namespace}/pods", s.listPods)
	mux.HandleFunc(root+"/namespaces/{namespace}/pods/{name}", s.getPod)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusNotFound, api.NewGenericNotFound().ErrStatus)
	})
	return mux
}

func (s *server) listNodes(w http.ResponseWriter, r *http.Request) {
	selector, ok := selectorOf(w, r)
	if !ok {
		return
	}
	items := []api.NodeMetrics{}
	for _, node := range s.nodes.List("", selector) {
		if m, ok := s.nodeMetrics(node); ok {
			items = append(items, m)
		}
	}
	slices.SortFunc(items, func(a, b api.NodeMetrics) int { return strings.Compare(a.Name, b.Name) })
	answer(w, http.StatusOK, api.List[api.NodeMetrics]{TypeMeta: api.TypeMeta{Kind: "NodeMetricsList", APIVersion: groupVersion}, Items: items})
}

func (s *server) getNode(w http.ResponseWriter, r *http.Request) {
	if node, ok := s.nodes.Get(api.Key{Name: r.PathValue("name")}); ok {
		if m, ok := s.nodeMetrics(node); ok {
			answer(w, http.StatusOK, m)
			return
		}
	}
	answer(w, http.StatusNotFound, notFound("nodemetrics", r.PathValue("name")).ErrStatus)
}

func (s *server) nodeMetrics(node *api.Node) (m api.NodeMetrics, ok bool) {
	used, ok := s.usage.ofNode(node.Name)
	return api.NodeMetrics{
		TypeMeta:   api.TypeMeta{Kind: "NodeMetrics", APIVersion: groupVersion},
		ObjectMeta: api.ObjectMeta{Name: node.Name, Labels: node.Labels, CreationTimestamp: api.Now()},
		Timestamp:  api.Time{Time: used.at}, Window: api.Duration{Duration: used.window.Round(time.Millisecond)}, Usage: used.resources(),
	}, ok
}

func (s *server) listPods(w http.ResponseWriter, r *http.Request) {
	// Requests are few, pods come and go all the time: asking is cheaper than watching.
	pods, err := client.Of[*api.Pod](s.cfg.Client).List(r.Context(), r.PathValue("namespace"), client.ListOptions{
		LabelSelector: r.URL.Query().Get("labelSelector"), FieldSelector: "status.phase=" + string(api.PodRunning), ResourceVersion: "0",
	})
	if err != nil {
		answerError(w, err)
		return
	}
	items := []api.PodMetrics{}
	for _, pod := range pods.Items {
		if m, ok := s.podMetrics(pod); ok {
			items = append(items, m)
		}
	}
	slices.SortFunc(items, func(a, b api.PodMetrics) int { return strings.Compare(a.Key().String(), b.Key().String()) })
	answer(w, http.StatusOK, api.List[api.PodMetrics]{TypeMeta: api.TypeMeta{Kind: "PodMetricsList", APIVersion: groupVersion}, Items: items})
}

func (s *server) getPod(w http.ResponseWriter, r *http.Request) {
	key := api.Key{Namespace: r.PathValue("namespace"), Name: r.PathValue("name")}
	pod, err := client.Of[*api.Pod](s.cfg.Client).Get(r.Context(), key.Namespace, key.Name)
	if err != nil && !api.IsNotFound(err) {
		answerError(w, err)
		return
	}
	if err == nil {
		if m, ok := s.podMetrics(pod); ok {
			answer(w, http.StatusOK, m)
			return
		}
	}
	answer(w, http.StatusNotFound, notFound("podmetrics", key.String()).ErrStatus)
}

// podMetrics is false while one of the pod's running containers has not been measured.
func (s *server) podMetrics(pod *api.Pod) (m api.PodMetrics, ok bool) {
	measured := s.usage.ofPod(pod.Spec.NodeName, pod.Key())
	if pod.Status.Phase != api.PodRunning || len(measured) == 0 {
		return m, false
	}
	m = api.PodMetrics{
		TypeMeta:   api.TypeMeta{Kind: "PodMetrics", APIVersion: groupVersion},
		ObjectMeta: api.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, Labels: pod.Labels, CreationTimestamp: api.Now()},
	}
	for _, status := range slices.Concat(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses) {
		used, ok := measured[status.Name]
		switch {
		case !ok && status.State.Running != nil:
			return m, false
		case !ok:
			continue
		}
		m.Containers = append(m.Containers, api.ContainerMetrics{Name: status.Name, Usage: used.resources()})
		if m.Timestamp.IsZero() || used.at.Before(m.Timestamp.Time) {
			m.Timestamp, m.Window = api.Time{Time: used.at}, api.Duration{Duration: used.window.Round(time.Millisecond)}
		}
	}
	return m, len(m.Containers) > 0
}

func notFound(plural, name string) *api.StatusError {
	return api.NewNotFound(&api.Kind{GroupVersion: api.ParseGroupVersion(groupVersion), Plural: plural}, name)
}

func selectorOf(w http.ResponseWriter, r *http.Request) (api.Selector, bool) {
	selector, err := api.ParseSelector(r.URL.Query().Get("labelSelector"))
	if err != nil {
		answer(w, http.StatusBadRequest, api.NewBadRequest("%v", err).ErrStatus)
		return nil, false
	}
	return selector, true
}

// answerError passes on what the API server says is wrong.
func answerError(w http.ResponseWriter, err error) {
	said := api.NewInternalError(err)
	errors.As(err, &said)
	answer(w, int(said.ErrStatus.Code), said.ErrStatus)
}

func answer(w http.ResponseWriter, code int, body any) {
	b, err := api.MarshalJSON(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(b) // the caller has gone: nobody is left to tell
}
