package kubelet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"kubelite/api"
)

// listenForServer opens the server's port, which the Node tells to the API server. No address: no server.
func (k *Kubelet) listenForServer() (err error) {
	if k.cfg.Listen == "" {
		return nil
	}
	if k.listener, err = net.Listen("tcp", k.cfg.Listen); err != nil {
		return fmt.Errorf("listen for the API server: %w", err)
	}
	return nil
}

// port is the number of the server's port, 0 without a server.
func (k *Kubelet) port() int32 {
	if k.cfg.Fleet != nil {
		return k.cfg.Fleet.port
	}
	if k.listener == nil {
		return 0
	}
	return int32(k.listener.Addr().(*net.TCPAddr).Port)
}

// serve answers the API server over HTTPS: logs of containers, conversations with them, and what a person who debugs a
// node asks for.
func (k *Kubelet) serve(ctx context.Context) error {
	if k.listener == nil {
		<-ctx.Done()
		return nil
	}
	tlsConfig, err := serverTLS(k.cfg.ServingCert, k.cfg.ServingKey, k.cfg.ClientCA)
	if err != nil {
		return err
	}
	return serveTLS(ctx, k.listener, tlsConfig, k.Handler())
}

func serveTLS(ctx context.Context, l net.Listener, tlsConfig *tls.Config, handler http.Handler) error {
	server := &http.Server{Handler: handler, TLSConfig: tlsConfig, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // whoever follows a log reconnects
	defer stop()
	if err := server.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the kubelet's API: %w", err)
	}
	return nil
}

// Handler is the kubelet's HTTP API. Every path is behind authorize: who may run commands in containers owns the node.
func (k *Kubelet) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.serveLogs)
	for path, serve := range map[string]http.HandlerFunc{
		"/exec/{namespace}/{pod}/{container}": k.serveExec, "/exec/{namespace}/{pod}/{uid}/{container}": k.serveExec,
		"/attach/{namespace}/{pod}/{container}": k.serveAttach, "/attach/{namespace}/{pod}/{uid}/{container}": k.serveAttach,
		"/portForward/{namespace}/{pod}": k.servePortForward, "/portForward/{namespace}/{pod}/{uid}": k.servePortForward,
	} {
		mux.HandleFunc("GET "+path, serve) // a WebSocket begins as a GET, SPDY as a POST
		mux.HandleFunc("POST "+path, serve)
	}
	mux.HandleFunc("POST /podConnection/{namespace}/{pod}/{port}", k.servePodConnection)
	mux.HandleFunc("GET /pods", k.servePods)
	mux.HandleFunc("GET /runningpods/", k.serveRunningPods)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("GET /configz", k.serveConfiguration)
	mux.HandleFunc("GET /metrics", k.serveMetrics)
	mux.HandleFunc("GET /metrics/resource", k.serveResourceMetrics)
	mux.HandleFunc("GET /metrics/cadvisor", k.serveContainerMetrics)
	mux.HandleFunc("GET /stats/summary", k.serveSummary)
	return authorize(mux)
}

// serverTLS asks every caller for a certificate. One of another authority is refused in the handshake; none at all
// gets as far as authorize, which answers properly.
func serverTLS(certFile, keyFile, clientCA string) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load the kubelet's certificate: %w", err)
	}
	ca, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, fmt.Errorf("load the authority of the kubelet's callers: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("load the authority of the kubelet's callers: no certificate in %s", clientCA)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven, MinVersion: tls.VersionTLS12,
	}, nil
}

// kubeletClients are the users, beside the system:masters, that the API server calls as.
var kubeletClients = []string{"kube-apiserver-kubelet-client", "kube-apiserver"}

// authorize lets in the API server and administrators, and nobody else.
func authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		subject := r.TLS.PeerCertificates[0].Subject
		if !slices.Contains(subject.Organization, "system:masters") && !slices.Contains(kubeletClients, subject.CommonName) {
			http.Error(w, fmt.Sprintf("Forbidden (user=%s, verb=get, resource=nodes, subresource=proxy)", subject.CommonName), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// servePods is GET /pods: the node's pods as the kubelet knows them.
func (k *Kubelet) servePods(w http.ResponseWriter, _ *http.Request) {
	pods := []api.Pod{}
	for _, pod := range k.pods.List("", nil) {
		pods = append(pods, *pod)
	}
	writePods(w, pods)
}

// serveRunningPods is GET /runningpods/: what runs, as the runtime knows it, whether the API has such a pod or not.
func (k *Kubelet) serveRunningPods(w http.ResponseWriter, r *http.Request) {
	seen, err := k.runtime.ListPods(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	pods := []api.Pod{}
	for _, p := range seen {
		pod := api.Pod{ObjectMeta: api.ObjectMeta{Namespace: p.Namespace, Name: p.Name, UID: p.UID}}
		for _, c := range p.Running() {
			pod.Spec.Containers = append(pod.Spec.Containers, api.Container{Name: c.Name, Image: c.Image})
		}
		if len(pod.Spec.Containers) > 0 {
			pods = append(pods, pod)
		}
	}
	writePods(w, pods)
}

func writePods(w http.ResponseWriter, pods []api.Pod) {
	writeJSON(w, &api.List[api.Pod]{TypeMeta: api.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: pods})
}

func writeJSON(w http.ResponseWriter, document any) {
	b, err := api.MarshalJSON(document)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b) // the caller has gone: nobody is left to tell
}
