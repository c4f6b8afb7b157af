package apiserver

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics shows: under upstream's names where upstream has such a figure, so that dashboards made
// for Kubernetes work. Only what happens is counted while it happens; what is (objects, watches, the revision) is
// looked up when somebody asks.
type metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	kept      sync.Map // requestKind -> *requestMeters
	handler   http.Handler

	// What /metrics/slis shows: how the health checks ended (health.go), the last time and so far.
	health      *prometheus.GaugeVec
	healthTotal *prometheus.CounterVec
	slisHandler http.Handler
}

var requestLabels = []string{"verb", "dry_run", "group", "version", "resource", "subresource", "scope", "component"}

// newMetrics makes the metrics of one server, in a registry of their own: tests run several servers in a process.
func newMetrics(s *Server) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "apiserver_request_total",
			Help: "Requests by what was asked and the HTTP code of the answer.",
		}, append([]string{"code"}, requestLabels...)),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "apiserver_request_duration_seconds",
			Help: "Time from request to answer, without watches and other long requests.",
			// Bounds that upstream has too, but fewer: each costs memory for every kind of request.
			Buckets: []float64{0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 1, 2, 5, 10, 30, 60},
		}, requestLabels),
	}
	m.health = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "kubernetes_healthcheck", Help: "Whether a health check passed when it was asked last: 1 or 0.",
	}, []string{"name", "type"})
	m.healthTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "kubernetes_healthchecks_total", Help: "How health checks ended.",
	}, []string{"name", "type", "status"})
	slis := prometheus.NewRegistry()
	slis.MustRegister(m.health, m.healthTotal)
	m.slisHandler = promhttp.HandlerFor(slis, promhttp.HandlerOpts{})

	registry := prometheus.NewRegistry()
	registry.MustRegister(m.requests, m.durations, serverCollector{s}, s.flow, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return m
}

// serveMetrics serves /metrics.
func (s *Server) serveMetrics(w http.ResponseWriter, hr *http.Request) {
	s.metrics.handler.ServeHTTP(w, hr)
}

// serveSLIs serves /metrics/slis, which is small enough to be read every few seconds.
func (s *Server) serveSLIs(w http.ResponseWriter, hr *http.Request) {
	s.metrics.slisHandler.ServeHTTP(w, hr)
}

// checked counts a health check that was asked at an endpoint.
func (m *metrics) checked(endpoint, name string, err error) {
	passed, status := 1.0, "success"
	if err != nil {
		passed, status = 0, "error"
	}
	m.health.WithLabelValues(name, endpoint).Set(passed)
	m.healthTotal.WithLabelValues(name, endpoint, status).Inc()
}

// requestKind is what the metrics tell of a request.
type requestKind struct {
	code                                         int
	verb                                         string
	dryRun, longRunning                          bool
	group, version, resource, subresource, scope string
}

// requestMeters are the metrics of one kind of request. They are kept: to find them by their labels takes longer than to
// count.
type requestMeters struct {
	count    prometheus.Counter
	duration prometheus.Observer // nil for those that stay open
}

// observe counts a request that is over.
func (s *Server) observe(req *Request, code int, took time.Duration) {
	kind := requestKind{code: code, verb: metricsVerb(req.Verb), dryRun: req.DryRun, longRunning: req.longRunning()}
	// Only what exists gets a label: strangers could make up any number of names.
	if req.Resource != nil {
		kind.group, kind.version, kind.resource = req.Group, req.Version, req.Plural
		if req.Resource.Subresources[req.Subresource] != nil {
			kind.subresource = req.Subresource
		}
		switch {
		case req.Name != "":
			kind.scope = "resource"
		case req.Namespace != "":
			kind.scope = "namespace"
		default:
			kind.scope = "cluster"
		}
	}
	meters := s.metrics.of(kind)
	meters.count.Inc()
	if meters.duration != nil {
		meters.duration.Observe(took.Seconds())
	}
}

// of finds the metrics of a kind of request.
func (m *metrics) of(kind requestKind) *requestMeters {
	if kept, ok := m.kept.Load(kind); ok {
		return kept.(*requestMeters)
	}
	dryRun := ""
	if kind.dryRun {
		dryRun = "All"
	}
	labels := []string{kind.verb, dryRun, kind.group, kind.version, kind.resource, kind.subresource, kind.scope, "apiserver"}
	meters := &requestMeters{count: m.requests.WithLabelValues(append([]string{strconv.Itoa(kind.code)}, labels...)...)}
	if !kind.longRunning {
		meters.duration = m.durations.WithLabelValues(labels...)
	}
	m.kept.Store(kind, meters)
	return meters
}

// metricsVerb is the name that upstream's metrics have for a verb: the HTTP method, except where that says too little.
func metricsVerb(verb string) string {
	switch verb {
	case "create":
		return "POST"
	case "update":
		return "PUT"
	case "get", "list", "watch", "patch", "delete", "deletecollection", "post", "put", "head", "options":
		return strings.ToUpper(verb)
	}
	return "OTHER"
}

// serverCollector reports the state of the server at the moment of the question.
type serverCollector struct {
	server *Server
}

var (
	inFlightMetric = prometheus.NewDesc("apiserver_current_inflight_requests", "Requests that are being served, without long ones.", []string{"request_kind"}, nil)
	watchesMetric  = prometheus.NewDesc("apiserver_longrunning_requests", "Watches that are open.", []string{"verb", "group", "version", "resource", "component"}, nil)
	objectsMetric  = prometheus.NewDesc("apiserver_resource_objects", "Objects that exist.", []string{"group", "resource"}, nil)
	revisionMetric = prometheus.NewDesc("kubelite_store_revision", "Revision of the store: the number of writes so far.", nil, nil)
	compactMetric  = prometheus.NewDesc("kubelite_store_compacted_revision", "Revision before which history is forgotten.", nil, nil)
)

// Describe names the metrics.
func (serverCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{inFlightMetric, watchesMetric, objectsMetric, revisionMetric, compactMetric} {
		ch <- d
	}
}

// Collect reads them.
func (c serverCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), labels...)
	}
	s := c.server
	reads, writes := s.flow.Served()
	gauge(inFlightMetric, reads, "readOnly")
	gauge(inFlightMetric, writes, "mutating")
	gauge(revisionMetric, s.store.Revision())
	gauge(compactMetric, s.store.CompactedRevision())
	for _, kc := range s.cache.all() {
		kc.mu.RLock()
		res, objects, watches := kc.res, kc.sorted.count, 0
		for _, f := range kc.feeds {
			watches += f.watchers
		}
		kc.mu.RUnlock()
		gauge(objectsMetric, int64(objects), res.Group, res.Plural)
		gauge(watchesMetric, int64(watches), "WATCH", res.Group, res.Version, res.Plural, "apiserver")
	}
}
