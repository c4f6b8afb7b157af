package ingress

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"time"
)

// exchange is a request on its way to a pod, and the answer on its way back. It ends when neither moves for too long:
//
//	connect ─ connectTimeout ─▶ body of the request ─ sendTimeout between two pieces ─▶
//	        answer, and its body ─ readTimeout between two pieces ─▶ end
type exchange struct {
	request  *http.Request
	location *location
	endpoint string // that was tried last
	body     *requestBody
	cancel   context.CancelCauseFunc
	timer    *time.Timer
}

var errTooSlow = errors.New("the pod took too long")

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

func newExchange(r *http.Request, w http.ResponseWriter, l *location) *exchange {
	ctx, cancel := context.WithCancelCause(r.Context())
	x := &exchange{location: l, cancel: cancel}
	x.timer = time.AfterFunc(l.connectTimeout+l.readTimeout, func() { cancel(errTooSlow) })
	x.request = r.WithContext(context.WithValue(ctx, exchangeKey{}, x))
	if r.Body != nil && r.Body != http.NoBody {
		from := r.Body
		if l.bodySize > 0 {
			from = http.MaxBytesReader(w, from, l.bodySize)
		}
		x.body = &requestBody{from: from, x: x}
		x.request.Body = x.body
	}
	return x
}

func (x *exchange) end() {
	if x.body != nil {
		x.body.ended.Store(true)
	}
	x.timer.Stop()
	x.cancel(nil)
}

// requestBody is read by whoever sends it to a pod. It survives attempts that failed before they read anything of it.
type requestBody struct {
	from         io.Reader
	x            *exchange
	begun, ended atomic.Bool
}

func (b *requestBody) Read(p []byte) (int, error) {
	if b.ended.Load() { // the request has been answered, and its body belongs to the server again
		return 0, http.ErrBodyReadAfterClose
	}
	b.begun.Store(true)
	n, err := b.from.Read(p)
	if err == nil {
		b.x.timer.Reset(b.x.location.sendTimeout)
	} else {
		b.x.timer.Reset(b.x.location.readTimeout)
	}
	return n, err
}

// Close leaves the body open for the next attempt; the server closes it when the request has been answered.
func (b *requestBody) Close() error { return nil }

// receiving sees to it that an answer that stops coming ends.
func receiving(answer *http.Response) error {
	x := exchangeOf(answer.Request.Context())
	x.timer.Reset(x.location.readTimeout)
	if stream, ok := answer.Body.(io.ReadWriteCloser); ok { // a WebSocket: both ways at once
		answer.Body = &watchedStream{watchedBody{stream, x}, stream}
	} else {
		answer.Body = &watchedBody{answer.Body, x}
	}
	return nil
}

type watchedBody struct {
	io.ReadCloser
	x *exchange
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.x.timer.Reset(b.x.location.readTimeout)
	return n, err
}

type watchedStream struct {
	watchedBody
	to io.Writer
}

func (s *watchedStream) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	s.x.timer.Reset(s.x.location.readTimeout)
	return n, err
}

// rewrite makes the request that a pod gets: at the host that the client asked for, with headers that say whence it came. What a client
// claims of itself in these is not believed.
func rewrite(r *httputil.ProxyRequest) {
	l := exchangeOf(r.In.Context()).location
	out := r.Out
	out.Host = r.In.Host
	out.URL.RawQuery = r.In.URL.RawQuery                  // all of it, also what Go cannot read
	out.URL.Scheme, out.URL.Host = "http", l.backend.name // RoundTrip puts an endpoint in its place
	if l.protocol == protocolHTTPS || l.protocol == protocolGRPCS {
		out.URL.Scheme = "https"
	}
	if l.rewrite != "" {
		l.rewritePath(r)
	}
	scheme, port := "http", "80"
	if r.In.TLS != nil {
		scheme, port = "https", "443"
	}
	from, _, err := net.SplitHostPort(r.In.RemoteAddr)
	if err != nil {
		from = r.In.RemoteAddr
	}
	if claimed := r.In.Header.Get("X-Forwarded-For"); claimed != "" {
		out.Header.Set("X-Original-Forwarded-For", claimed)
	}
	if out.Header.Get("X-Request-Id") == "" {
		out.Header.Set("X-Request-Id", strings.ToLower(rand.Text()))
	}
	for name, value := range map[string]string{
		"X-Real-Ip": from, "X-Forwarded-For": from, "X-Forwarded-Host": r.In.Host, "X-Forwarded-Port": port,
		"X-Forwarded-Proto": scheme, "X-Forwarded-Scheme": scheme, "X-Scheme": scheme,
	} {
		out.Header.Set(name, value)
	}
}

// rewritePath puts the annotation's path in place of the client's.
func (l *location) rewritePath(r *httputil.ProxyRequest) {
	requested := cleanPath(r.In.URL.Path)
	target := l.rewrite
	if l.pattern != nil {
		match := l.pattern.FindStringSubmatchIndex(requested)
		target = string(l.pattern.ExpandString(nil, l.rewrite, requested, match))
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	path, query, hasQuery := strings.Cut(target, "?")
	r.Out.URL.Path, r.Out.URL.RawPath = path, ""
	if hasQuery {
		r.Out.URL.RawQuery = strings.Trim(query+"&"+r.In.URL.RawQuery, "&")
	}
}
