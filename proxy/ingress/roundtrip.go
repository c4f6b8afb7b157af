package ingress

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"
)

// transportKey tells connections to pods apart that cannot be shared.
type transportKey struct {
	protocol string
	connect  time.Duration
}

// idlePerPod is how many connections to a pod are kept for the next requests.
const idlePerPod = 64

// transport makes connections to pods, or takes one that is idle.
func (s *Server) transport(l *location) *http.Transport {
	key := transportKey{l.protocol, l.connectTimeout}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.transports[key] == nil {
		protocols := new(http.Protocols)
		switch l.protocol {
		case protocolGRPC:
			protocols.SetUnencryptedHTTP2(true)
		case protocolGRPCS:
			protocols.SetHTTP2(true)
		default:
			protocols.SetHTTP1(true)
		}
		s.transports[key] = &http.Transport{
			DialContext: (&net.Dialer{Timeout: l.connectTimeout}).DialContext, Protocols: protocols,
			MaxIdleConnsPerHost: idlePerPod, IdleConnTimeout: headerTimeout, DisableCompression: true,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // as nginx does by itself: pods have certificates of their own making
		}
	}
	return s.transports[key]
}

// RoundTrip sends a request to an endpoint. If that one is not there any more, it tries the next: pods that end stop listening a moment
// before everybody knows. A request that a pod may have begun to work on is sent again only if that does no harm.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	err := errors.New("there is no endpoint")
	for _, endpoint := range x.location.backend.inTurn() {
		var answer *http.Response
		x.endpoint, r.URL.Host = endpoint, endpoint
		if r.Body != nil && x.body != nil {
			r.Body = x.body // a failed attempt closes what it was given
		}
		if answer, err = s.transport(x.location).RoundTrip(r); err == nil {
			return answer, nil
		}
		if r.Context().Err() != nil || !x.mayRepeat(err) {
			break
		}
		s.log.Debug("trying the next endpoint", "backend", x.location.backend.name, "endpoint", endpoint, "error", err)
	}
	return nil, err
}

// mayRepeat tells whether a request may be sent again after an attempt that failed.
func (x *exchange) mayRepeat(err error) bool {
	if x.body != nil && x.body.begun.Load() {
		return false
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true // it got nowhere
	}
	harmless := []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete}
	return x.body == nil && slices.Contains(harmless, x.request.Method)
}
