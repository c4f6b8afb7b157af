package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"kubelite/api"
)

// unhealthyAfter is how long rules may be out of date before the proxy calls itself unhealthy: upstream's, twice the period
// in which it writes all of them.
const unhealthyAfter = time.Minute

// health knows whether what the proxy was told has come into force.
type health struct {
	mu      sync.Mutex
	updated time.Time             // when rules last came into force; guarded by mu
	failing map[api.Key]time.Time // what could not be written, and since when; guarded by mu
}

// proxyHealth is what /healthz and /livez say, as kube-proxy does. LastUpdated is the time of the question while all is well,
// and when rules came into force last while it is not.
type proxyHealth struct {
	LastUpdated time.Time              `json:"lastUpdated"`
	CurrentTime time.Time              `json:"currentTime"`
	Healthy     bool                   `json:"healthy"`
	Status      map[string]familyState `json:"status"`
}

// familyState is the health of the rules of one IP family.
type familyState struct {
	LastUpdated time.Time `json:"lastUpdated"`
	Healthy     bool      `json:"healthy"`
}

// wrote takes note of an attempt to bring rules into force, and returns its error.
func (h *health) wrote(key api.Key, now time.Time, err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		h.updated = now
		delete(h.failing, key)
	} else if _, known := h.failing[key]; !known {
		if h.failing == nil {
			h.failing = map[api.Key]time.Time{}
		}
		h.failing[key] = now
	}
	return err
}

// state tells how the proxy is at a time.
func (h *health) state(now time.Time) proxyHealth {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := proxyHealth{LastUpdated: now, CurrentTime: now, Healthy: true}
	for _, since := range h.failing {
		s.Healthy = s.Healthy && now.Sub(since) < unhealthyAfter
	}
	if !s.Healthy {
		s.LastUpdated = h.updated
	}
	s.Status = map[string]familyState{string(api.IPv4Protocol): {LastUpdated: h.updated, Healthy: s.Healthy}}
	return s
}

// ServeHTTP answers with the state.
func (h *health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s := h.state(time.Now())
	answerHealth(w, s.Healthy, s, "")
}

// answerHealth answers with a state, and 503 if that is bad.
func answerHealth(w http.ResponseWriter, good bool, state any, indent string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !good {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	answer := json.NewEncoder(w)
	answer.SetIndent("", indent)
	_ = answer.Encode(state) // whoever has asked may have gone
}

// serve answers /healthz and /livez until ctx ends. It is begun when the rules are in force.
func (h *health) serve(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", h)
	mux.Handle("GET /livez", h)
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
