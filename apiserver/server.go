package apiserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/sync/errgroup"

	"kubelite/apiserver/flowcontrol"
	"kubelite/store"
)

// Server is the API server: the only component that touches the store, and the only one that the others talk to.
type Server struct {
	config    Config
	log       *slog.Logger
	store     store.Store
	cache     *watchCache
	resources resources
	admission admissionChain
	handler   http.Handler
	tls       *tls.Config // nil without a serving certificate: then only Handler is of use
	flow      *flowcontrol.Controller

	authn *authenticator
	authz *authorizer

	// ready is true from the moment that the bootstrap objects exist until shutdown begins: what /readyz says.
	ready atomic.Bool
	// slowWatcher is how long a watcher may take to take in what is sent before it is dropped.
	slowWatcher time.Duration
	// stopping is closed when shutdown begins: watches end, so that their connections can.
	stopping chan struct{}

	edges // state of the plugins and of the endpoints that are not resources
}

// New makes a Server. It reads the certificates, so that a wrong path is found before anything runs.
func New(config Config) (*Server, error) {
	config.setDefaults()
	s := &Server{
		config: config, log: config.Logger, store: config.Store, stopping: make(chan struct{}), slowWatcher: slowWatcherTimeout,
		flow: flowcontrol.New(config.MaxReadsInFlight + config.MaxWritesInFlight),
	}
	rows := newResources()
	s.resources.table.Store(newResourceTable(rows))
	s.cache = newWatchCache(rows)
	if config.CertFile != "" {
		var err error
		if s.tls, err = config.tls(); err != nil {
			return nil, err
		}
	}
	if err := s.newEdges(); err != nil {
		return nil, err
	}
	s.admission = s.admissionPlugins()
	s.handler = s.routes()
	return s, nil
}

func (c *Config) setDefaults() {
	setDefault(&c.Logger, slog.New(slog.DiscardHandler))
	setDefault(&c.ServiceAccountIssuer, "https://kubernetes.default.svc.cluster.local")
	setDefault(&c.CompactionInterval, 5*time.Minute)
	setDefault(&c.MaxReadsInFlight, 400)
	setDefault(&c.MaxWritesInFlight, 200)
	setDefault(&c.ShutdownTimeout, 10*time.Second)
}

func setDefault[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// Handler is the whole server as a handler, for tests and for embedding. Without Run (or Start) it has no data.
func (s *Server) Handler() http.Handler { return s.handler }

// Start fills the watch cache, keeps it filled until ctx ends, and makes sure that the bootstrap objects exist.
// What it starts ends with ctx and is waited for by the returned function. Run does this for those who serve.
func (s *Server) Start(ctx context.Context) (wait func() error, err error) {
	if err := s.cache.fill(ctx, s.store); err != nil {
		return nil, fmt.Errorf("fill the watch cache: %w", err)
	}
	if err := s.definitions.start(ctx); err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.cache.run(ctx, s.store) })
	group.Go(func() error { return s.definitions.run(ctx) })
	group.Go(func() error { return s.compact(ctx) })
	group.Go(func() error { return s.expireEvents(ctx) })
	group.Go(func() error { return s.checkPolicyTypes(ctx) })
	group.Go(func() error { return s.keepLocalAPIServices(ctx) })
	group.Go(func() error { return s.aggregator.checkAvailability(ctx) })
	if err := s.bootstrap(ctx); err != nil {
		return nil, fmt.Errorf("create the bootstrap objects: %w", err)
	}
	s.configureFlow(withClock(ctx, "API server start"))
	group.Go(func() error { return s.keepFlow(ctx) })
	group.Go(func() error { return s.flow.Run(ctx) })
	group.Go(func() error { return s.keepServicesRepaired(ctx) })
	s.ready.Store(true)
	return group.Wait, nil
}

// Run serves until ctx ends, then shuts down in order: not ready any more, no new connections, watches ended, running
// requests finished, caches stopped. It returns when all of that is done.
func (s *Server) Run(ctx context.Context) error {
	if s.tls == nil {
		return errors.New("serve the API: no serving certificate is configured")
	}
	listeners, err := listen(s.config.Listen)
	if err != nil {
		return err
	}

	// The cache must outlive the requests: a write waits for it before it answers.
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	wait, err := s.Start(background)
	if err != nil {
		return err
	}

	var unused unusedConnections
	server := &http.Server{
		ConnState: unused.note, ConnContext: withConnection,
		Handler: s.handler, TLSConfig: s.tls,
		ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 3 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	serving, serveCtx := errgroup.WithContext(background)
	for _, l := range listeners {
		s.log.Info("serving the API", "address", l.Addr().String())
		if most := mostFiles() * 3 / 4 / len(listeners); most > 0 { // or the store could open none
			l = netutil.LimitListener(l, most)
		}
		serving.Go(func() error {
			if err := server.ServeTLS(connections{l}, "", ""); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve on %s: %w", l.Addr(), err)
			}
			return nil
		})
	}
	caching := make(chan error, 1)
	go func() { caching <- wait() }()

	var cacheErr error
	select {
	case <-ctx.Done():
	case <-serveCtx.Done(): // a listener failed
	case cacheErr = <-caching: // without it every answer would be old
		caching <- cacheErr
	case <-s.store.Failed(): // whoever starts us again finds all that was acknowledged
	}
	s.ready.Store(false)
	close(s.stopping)
	drain, cancel := context.WithTimeout(background, s.config.ShutdownTimeout)
	defer cancel()
	unused.close()
	shutdownErr := server.Shutdown(drain)
	if errors.Is(shutdownErr, context.DeadlineExceeded) {
		shutdownErr = server.Close() // streams that nobody ended: cut them off
	}
	serveErr := serving.Wait()
	stopBackground()
	return errors.Join(s.store.Err(), serveErr, shutdownErr, <-caching)
}

// listen opens all addresses, or none.
func listen(addresses []string) (listeners []net.Listener, err error) {
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			for _, l := range listeners {
				_ = l.Close() // nobody has connected yet
			}
			return nil, fmt.Errorf("listen on %s: %w", address, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

// tls asks every client for a certificate and checks those that come; who has none shows a token, or is
// anonymous.
func (c *Config) tls() (*tls.Config, error) {
	certificate, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("load the serving certificate: %w", err)
	}
	// HTTP/1.1 for all who speak it: on connections that last, Go serves it at half the price of HTTP/2, for the client too.
	// HTTP/2 is for those who offer nothing else, as our components do for their watches: many quiet streams on one connection.
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1", "h2"},
		// Answers are sent as a whole: small records at the start of a connection, which let a browser begin to
		// render, would only cost system calls.
		DynamicRecordSizingDisabled: true,
	}
	if c.ClientCAFile != "" {
		pem, err := os.ReadFile(c.ClientCAFile)
		if err != nil {
			return nil, fmt.Errorf("load the client authorities: %w", err)
		}
		config.ClientCAs = x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("load the client authorities: no certificate in %s", c.ClientCAFile)
		}
		config.ClientAuth = tls.VerifyClientCertIfGiven
		if c.RequestHeaderCAFile != "" { // the authenticator tells which authority it was
			pem, err := os.ReadFile(c.RequestHeaderCAFile)
			if err != nil {
				return nil, fmt.Errorf("load the front proxies' authorities: %w", err)
			}
			config.ClientCAs.AppendCertsFromPEM(pem)
		}
	}
	return config, nil
}

// compactions is how many compactions there are per interval: many small ones keep history at nearly the same length.
const compactions = 5

// compact lets go of history older than the interval. It remembers what the revision was one interval ago and compacts to
// that, so that a client can continue from all that it has seen within the interval.
func (s *Server) compact(ctx context.Context) error {
	ticker := time.NewTicker(s.config.CompactionInterval / compactions)
	defer ticker.Stop()
	revisions := []int64{s.store.Revision()} // at the last ticks, oldest first
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if len(revisions) == compactions {
			if err := s.store.Compact(ctx, revisions[0]); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrCompacted) {
				s.log.Warn("compaction failed", "rv", revisions[0], "error", err)
			}
			revisions = revisions[1:]
		}
		revisions = append(revisions, s.store.Revision())
		for _, kc := range s.cache.all() {
			kc.compressed.turn()
		}
	}
}
