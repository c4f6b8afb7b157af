package ingress

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/client"
)

// Server answers requests by the table that it was given last.
type Server struct {
	log         *slog.Logger
	table       atomic.Pointer[table]
	proxy       *httputil.ReverseProxy
	certificate *tls.Certificate // of hosts without one of their own
	leaving     atomic.Bool      // clients are asked to connect anew, which leads them elsewhere

	mu         sync.Mutex
	transports map[transportKey]*http.Transport // guarded by mu
}

// Addresses are where a Server listens.
type Addresses struct {
	HTTP, HTTPS string
	Healthz     string // answers /healthz while new connections are welcome
}

// How long clients may take, which are nginx's figures, and how long a server that is told to end takes for it.
const (
	headerTimeout = 60 * time.Second
	idleTimeout   = 75 * time.Second
	farewell      = 2 * time.Second  // clients on open connections learn that they are to connect anew
	shutdownGrace = 20 * time.Second // for requests that are under way
)

// NewServer makes a server that knows no host.
func NewServer(log *slog.Logger) (*Server, error) {
	certificate, err := defaultCertificate()
	if err != nil {
		return nil, err
	}
	s := &Server{log: log, certificate: certificate, transports: map[transportKey]*http.Transport{}}
	s.table.Store(build(objects{}))
	s.proxy = &httputil.ReverseProxy{
		Rewrite: rewrite, Transport: s, ErrorHandler: s.fail, ModifyResponse: receiving,
		FlushInterval: -1, // what a pod says is passed on at once: streams, and events
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Run listens until ctx ends, and then ends with good manners: healthz fails, clients are told to connect anew, and what is under
// way is finished.
func (s *Server) Run(ctx context.Context, at Addresses) error {
	plain := &http.Server{Addr: at.HTTP, Handler: s}
	secure := &http.Server{Addr: at.HTTPS, Handler: s, TLSConfig: &tls.Config{GetCertificate: s.getCertificate, MinVersion: tls.VersionTLS12}}
	health := &http.Server{Addr: at.Healthz, Handler: http.HandlerFunc(s.serveHealthz)}
	group, ctx := errgroup.WithContext(ctx)
	listen := func(server *http.Server, serve func() error) {
		server.ReadHeaderTimeout, server.IdleTimeout = headerTimeout, idleTimeout
		server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug) // clients that speak no TLS, and the like
		group.Go(func() error {
			if err := serve(); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	listen(plain, plain.ListenAndServe)
	listen(secure, func() error { return secure.ListenAndServeTLS("", "") })
	listen(health, health.ListenAndServe)
	group.Go(func() error {
		<-ctx.Done()
		s.leaving.Store(true)
		lasting := context.WithoutCancel(ctx)
		client.Wait(lasting, farewell)
		grace, cancel := context.WithTimeout(lasting, shutdownGrace)
		defer cancel()
		// Connections that became something else, WebSockets, are not waited for, nor what takes longer than it may.
		for _, server := range []*http.Server{plain, secure, health} {
			if err := server.Shutdown(grace); err != nil {
				server.Close()
			}
		}
		return nil
	})
	return group.Wait()
}

func (s *Server) serveHealthz(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/healthz":
		http.NotFound(w, r)
	case s.leaving.Load():
		http.Error(w, "leaving", http.StatusServiceUnavailable)
	default:
		_, _ = io.WriteString(w, "ok")
	}
}

func (s *Server) getCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c := s.table.Load().certificate(hello.ServerName); c != nil {
		return c, nil
	}
	return s.certificate, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.leaving.Load() && r.Header.Get("Upgrade") == "" {
		w.Header().Set("Connection", "close")
	}
	t, host := s.table.Load(), hostOf(r)
	l := t.route(host, r.URL.Path)
	switch {
	case l == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "default backend - 404")
		return
	case r.TLS == nil && (l.forceSSLRedirect || l.sslRedirect && t.isSecure(host)):
		http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusPermanentRedirect)
		return
	case l.bodySize > 0 && r.ContentLength > l.bodySize:
		w.Header().Set("Connection", "close") // nobody reads the rest
		refuse(w, http.StatusRequestEntityTooLarge, bodyTooLarge(l.bodySize))
		return
	case l.backend.problem != "":
		s.log.Debug("no endpoint", "host", host, "path", r.URL.Path, "ingress", l.ingress.String(), "problem", l.backend.problem)
		refuse(w, http.StatusServiceUnavailable, l.backend.problem)
		return
	}
	x := newExchange(r, w, l)
	defer x.end()
	began := time.Now()
	s.proxy.ServeHTTP(w, x.request)
	s.log.Debug("request", "method", r.Method, "host", host, "path", r.URL.Path, "from", r.RemoteAddr, "to", x.endpoint, "took", time.Since(began))
}

func bodyTooLarge(most int64) string {
	return fmt.Sprintf("the body is larger than %d bytes, the annotation %sproxy-body-size", most, annotationPrefix)
}

// hostOf is the name that a client asked for.
func hostOf(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// refuse answers with an error and why.
func refuse(w http.ResponseWriter, code int, why string) {
	text := http.StatusText(code)
	if code == http.StatusServiceUnavailable {
		text = "Service Temporarily Unavailable" // nginx's words, which people search for
	}
	http.Error(w, fmt.Sprintf("%d %s: %s", code, text, why), code)
}

// fail answers when no pod did.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	var large *http.MaxBytesError
	var slow net.Error
	switch {
	case errors.As(err, &large):
		refuse(w, http.StatusRequestEntityTooLarge, bodyTooLarge(large.Limit))
	case context.Cause(r.Context()) == errTooSlow, errors.As(err, &slow) && slow.Timeout():
		s.log.Warn("pod took too long", "backend", x.location.backend.name, "endpoint", x.endpoint, "error", err)
		refuse(w, http.StatusGatewayTimeout, fmt.Sprintf("%s did not answer in time", x.location.backend.name))
	case r.Context().Err() != nil: // the client went away
		w.WriteHeader(http.StatusBadGateway)
	default:
		s.log.Warn("pod did not answer", "backend", x.location.backend.name, "endpoint", x.endpoint, "error", err)
		refuse(w, http.StatusBadGateway, fmt.Sprintf("%s did not answer: %v", x.location.backend.name, err))
	}
}
