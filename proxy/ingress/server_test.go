package ingress

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// front is a Server that listens on loopback with one host, shop.example.com, whose paths lead to the pods of a test.
type front struct {
	t           *testing.T
	server      *Server
	table       *table
	http, https *httptest.Server
}

func newFront(t *testing.T) *front {
	t.Helper()
	s, err := NewServer(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	f := &front{t: t, server: s, table: build(newWorld().objects)}
	f.table.hosts["shop.example.com"] = &host{}
	s.table.Store(f.table)
	f.http = httptest.NewServer(s)
	t.Cleanup(f.http.Close)
	f.https = httptest.NewUnstartedServer(s)
	f.https.EnableHTTP2 = true
	f.https.StartTLS()
	t.Cleanup(f.https.Close)
	return f
}

// lead makes a path lead to addresses.
func (f *front) lead(path string, o options, addresses ...string) {
	l := &location{options: o, path: path, kind: prefix, backend: &backend{name: "shop/web:80", addresses: addresses}}
	f.table.hosts["shop.example.com"].locations = append(f.table.hosts["shop.example.com"].locations, l)
	f.table.hosts["shop.example.com"].order()
}

// pod is a web server of a test.
func pod(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// closed is an address where nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// do sends a request and returns the status and the body of the answer.
func (f *front) do(method, url string, body io.Reader, headers ...string) (*http.Response, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, url, body)
	require.NoError(f.t, err)
	r.Host = "shop.example.com"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	c := f.https.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := c.Do(r)
	require.NoError(f.t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(f.t, err)
	return answer, string(content)
}

func say(words string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, words) }
}

func TestRequestsThatFindNobody(t *testing.T) {
	f := newFront(t)
	f.lead("/gone", defaultOptions())
	f.table.route("shop.example.com", "/gone").backend.problem = "service shop/gone does not exist"
	f.lead("/refused", defaultOptions(), closed(t))
	answer, body := f.do("GET", f.http.URL+"/nowhere", nil)
	require.Equal(t, 404, answer.StatusCode)
	require.Equal(t, "default backend - 404", body)
	answer, body = f.do("GET", f.http.URL+"/gone", nil)
	require.Equal(t, 503, answer.StatusCode)
	require.Equal(t, "503 Service Temporarily Unavailable: service shop/gone does not exist\n", body)
	answer, body = f.do("GET", f.http.URL+"/refused", nil)
	require.Equal(t, 502, answer.StatusCode)
	require.Contains(t, body, "connection refused")
}

func TestHeaders(t *testing.T) {
	f := newFront(t)
	f.lead("/", defaultOptions(), pod(t, func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-Ip", "X-Original-Forwarded-For"} {
			fmt.Fprintln(w, name, r.Header.Values(name))
		}
		fmt.Fprintln(w, r.Host, r.RequestURI)
	}))
	_, body := f.do("GET", f.https.URL+"/a%2Fb?q=1;2", nil, "X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "ftp")
	require.Equal(t, `X-Forwarded-For [127.0.0.1]
X-Forwarded-Host [shop.example.com]
X-Forwarded-Proto [https]
X-Forwarded-Port [443]
X-Real-Ip [127.0.0.1]
X-Original-Forwarded-For [203.0.113.9]
shop.example.com /a%2Fb?q=1;2
`, body)
}

func TestRewrite(t *testing.T) {
	f := newFront(t)
	o := defaultOptions()
	o.rewrite = "/v1/${2}?from=old"
	f.lead("/api(/|$)(.*)", o, pod(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) }))
	_, body := f.do("GET", f.http.URL+"/API/carts/7?x=1", nil)
	require.Equal(t, "/v1/carts/7?from=old&x=1", body)
	_, body = f.do("GET", f.http.URL+"/api", nil)
	require.Equal(t, "/v1/?from=old", body)
}

func TestRedirectsToHTTPS(t *testing.T) {
	f := newFront(t)
	f.lead("/", defaultOptions(), pod(t, say("hello")))
	forced, plain := defaultOptions(), defaultOptions()
	forced.forceSSLRedirect = true
	plain.sslRedirect = false
	f.lead("/forced", forced, pod(t, say("hello")))
	f.lead("/plain", plain, pod(t, say("hello")))

	answer, _ := f.do("GET", f.http.URL+"/", nil)
	require.Equal(t, 200, answer.StatusCode, "the host has no certificate")
	answer, _ = f.do("POST", f.http.URL+"/forced?x=1", nil)
	require.Equal(t, 308, answer.StatusCode)
	require.Equal(t, "https://shop.example.com/forced?x=1", answer.Header.Get("Location"))

	f.table.secure["shop.example.com"] = true
	answer, _ = f.do("GET", f.http.URL+"/", nil)
	require.Equal(t, 308, answer.StatusCode)
	answer, _ = f.do("GET", f.http.URL+"/plain", nil)
	require.Equal(t, 200, answer.StatusCode)
	answer, _ = f.do("GET", f.https.URL+"/forced", nil)
	require.Equal(t, 200, answer.StatusCode)
}

func TestBodySize(t *testing.T) {
	f := newFront(t)
	o := defaultOptions()
	o.bodySize = 10
	f.lead("/", o, pod(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	answer, body := f.do("POST", f.http.URL, strings.NewReader("ten bytes!"))
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "ten bytes!", body)
	answer, body = f.do("POST", f.http.URL, strings.NewReader("eleven byte"))
	require.Equal(t, 413, answer.StatusCode)
	require.Contains(t, body, "nginx.ingress.kubernetes.io/proxy-body-size")
	answer, _ = f.do("POST", f.http.URL, io.MultiReader(strings.NewReader("of unknown length, and long"))) // chunked
	require.Equal(t, 413, answer.StatusCode)
}

// TestNextEndpoint: requests go to endpoints in turn, and where one is gone the next one answers.
func TestNextEndpoint(t *testing.T) {
	f := newFront(t)
	f.lead("/", defaultOptions(), closed(t), pod(t, say("b")), closed(t), pod(t, say("d")))
	seen := map[string]int{}
	for range 20 {
		answer, body := f.do("POST", f.http.URL, strings.NewReader("a body that is sent once"))
		require.Equal(t, 200, answer.StatusCode, body)
		seen[body]++
	}
	require.Equal(t, map[string]int{"b": 10, "d": 10}, seen)

	// What a pod may have begun to work on is repeated only if that does no harm.
	var worked atomic.Int32
	dies := pod(t, func(http.ResponseWriter, *http.Request) { worked.Add(1); panic(http.ErrAbortHandler) })
	f.lead("/dies", defaultOptions(), dies, pod(t, say("alive")))
	answer, body := f.do("GET", f.http.URL+"/dies", nil)
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "alive", body)
	f.table.route("shop.example.com", "/dies").backend.turn.Store(0)
	answer, _ = f.do("POST", f.http.URL+"/dies", strings.NewReader("pay"))
	require.Equal(t, 502, answer.StatusCode)
	require.EqualValues(t, 2, worked.Load())
}

func TestTimeouts(t *testing.T) {
	f := newFront(t)
	o := defaultOptions()
	o.readTimeout, o.connectTimeout = 100*time.Millisecond, 100*time.Millisecond
	silent := pod(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	slow := pod(t, func(w http.ResponseWriter, r *http.Request) { // longer than the timeout, with a word now and then
		for i := range 5 {
			fmt.Fprint(w, i)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(40 * time.Millisecond)
		}
	})
	f.lead("/silent", o, silent)
	f.lead("/slow", o, slow)
	answer, body := f.do("GET", f.http.URL+"/silent", nil)
	require.Equal(t, 504, answer.StatusCode)
	require.Equal(t, "504 Gateway Timeout: shop/web:80 did not answer in time\n", body)
	answer, body = f.do("GET", f.http.URL+"/slow", nil)
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "01234", body)
}

// TestStreams: what a pod says is there before it has said all.
func TestStreams(t *testing.T) {
	f := newFront(t)
	read := make(chan struct{})
	f.lead("/", defaultOptions(), pod(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-read
		fmt.Fprintln(w, "second")
	}))
	r, err := http.NewRequestWithContext(t.Context(), "GET", f.http.URL, nil)
	require.NoError(t, err)
	r.Host = "shop.example.com"
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	require.True(t, lines.Scan())
	require.Equal(t, "first", lines.Text())
	close(read)
	require.True(t, lines.Scan())
	require.Equal(t, "second", lines.Text())
}

func TestWebSocket(t *testing.T) {
	f := newFront(t)
	f.lead("/", defaultOptions(), pod(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			kind, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			_ = conn.WriteMessage(kind, append([]byte("echo "), message...))
		}
	}))
	for _, url := range []string{strings.Replace(f.http.URL, "http", "ws", 1), strings.Replace(f.https.URL, "http", "ws", 1)} {
		dialer := websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}}
		conn, _, err := dialer.DialContext(t.Context(), url, http.Header{"Host": {"shop.example.com"}})
		require.NoError(t, err)
		for range 3 {
			require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte("hello")))
			_, message, err := conn.ReadMessage()
			require.NoError(t, err)
			require.Equal(t, "echo hello", string(message))
		}
		require.NoError(t, conn.Close())
	}
}

// TestGRPC: what gRPC needs, HTTP/2 from end to end: both ways at once, and a trailer that has the result.
func TestGRPC(t *testing.T) {
	f := newFront(t)
	o := defaultOptions()
	o.protocol = protocolGRPC
	backend := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 || r.Header.Get("Te") != "trailers" {
			http.Error(w, "no HTTP/2", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_ = http.NewResponseController(w).Flush()
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			fmt.Fprintln(w, "echo", lines.Text())
			_ = http.NewResponseController(w).Flush()
		}
		w.Header().Set("Grpc-Status", "0")
	}))
	backend.Config.Protocols = new(http.Protocols)
	backend.Config.Protocols.SetUnencryptedHTTP2(true)
	backend.Start()
	t.Cleanup(backend.Close)
	f.lead("/", o, backend.Listener.Addr().String())

	sent, body := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), "POST", f.https.URL+"/cart.Cart/Watch", sent)
	require.NoError(t, err)
	r.Host = "shop.example.com"
	r.Header.Set("Te", "trailers")
	answer, err := f.https.Client().Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, 2, answer.ProtoMajor)
	lines := bufio.NewScanner(answer.Body)
	for _, word := range []string{"one", "two"} {
		fmt.Fprintln(body, word)
		require.True(t, lines.Scan())
		require.Equal(t, "echo "+word, lines.Text())
	}
	require.NoError(t, body.Close())
	require.False(t, lines.Scan())
	require.Equal(t, "0", answer.Trailer.Get("Grpc-Status"))
}

func TestHTTPSToPods(t *testing.T) {
	f := newFront(t)
	o := defaultOptions()
	o.protocol = protocolHTTPS
	backend := httptest.NewTLSServer(say("secret"))
	t.Cleanup(backend.Close)
	f.lead("/", o, backend.Listener.Addr().String())
	_, body := f.do("GET", f.http.URL, nil)
	require.Equal(t, "secret", body)
}

// TestServerNames: a client gets the certificate of the host that it asks for, and HTTP/2 if it can.
func TestServerNames(t *testing.T) {
	w := newWorld()
	w.secrets["shop"] = certificate(t, "shop.example.com")
	w.serve("web", pod(t, say("hello")))
	f := newFront(t)
	f.lead("/", defaultOptions(), pod(t, say("hello")))
	ctx, cancel := context.WithCancel(t.Context())
	at := Addresses{HTTP: closed(t), HTTPS: closed(t), Healthz: closed(t)}
	ended := make(chan error, 1)
	go func() { ended <- f.server.Run(ctx, at) }()
	name := func(host string) (cn string) {
		require.Eventually(t, func() bool {
			conn, err := tls.Dial("tcp", at.HTTPS, &tls.Config{InsecureSkipVerify: true, ServerName: host, NextProtos: []string{"h2", "http/1.1"}})
			if err != nil {
				return false // it has not begun
			}
			defer conn.Close()
			require.Equal(t, "h2", conn.ConnectionState().NegotiatedProtocol)
			cn = conn.ConnectionState().PeerCertificates[0].Subject.CommonName
			return true
		}, 10*time.Second, 10*time.Millisecond)
		return cn
	}
	w.ingress("i", nil)
	w.ingresses[0].Spec.TLS = append(w.ingresses[0].Spec.TLS, tlsOf("shop", "shop.example.com"))
	built := build(w.objects)
	f.server.table.Store(built)
	require.Equal(t, "shop.example.com", name("shop.example.com"))
	require.Equal(t, "Kubernetes Ingress Controller Fake Certificate", name("elsewhere.org"))

	// It ends when it is told to, after requests that are under way.
	answer, err := http.Get("http://" + at.Healthz + "/healthz")
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, 200, answer.StatusCode)
	cancel()
	require.NoError(t, <-ended)
	_, err = net.Dial("tcp", at.HTTP)
	var refused *net.OpError
	require.True(t, errors.As(err, &refused))
}
