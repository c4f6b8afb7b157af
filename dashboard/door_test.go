package dashboard

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/client"
)

// visit is a browser at a dashboard whose API server says what it was asked.
type visit struct {
	t      *testing.T
	server *Server
	base   string // http://127.0.0.1:PORT
	http.Client
}

func newVisit(t *testing.T) *visit {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, r.Method+" "+r.URL.String()+" token="+r.Header.Get("Authorization")+" cookie="+r.Header.Get("Cookie"))
	}))
	t.Cleanup(upstream.Close)
	c, err := client.New(&client.Config{Server: upstream.URL, Token: "mine", FailFast: true})
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, err := New(Config{Client: c, Context: "test"}, l.Addr())
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Serve(t.Context(), l) }()
	t.Cleanup(func() { require.NoError(t, <-done) })
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &visit{t: t, server: s, base: "http://" + l.Addr().String(), Client: http.Client{Jar: jar}}
}

// ask sends a request with headers, in pairs. "Host" is one of them.
func (v *visit) ask(method, url string, headers ...string) (code int, body string, header http.Header) {
	v.t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader("{}"))
	require.NoError(v.t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	resp, err := v.Do(r)
	require.NoError(v.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(v.t, err)
	return resp.StatusCode, string(text), resp.Header
}

// inside is a path of the dashboard.
func (v *visit) inside(path string) string { return v.base + v.server.door.path + path }

func (v *visit) enter() {
	v.t.Helper()
	code, _, _ := v.ask("GET", v.server.Link())
	require.Equal(v.t, 200, code)
	code, _, _ = v.ask("GET", v.inside(""))
	require.Equal(v.t, 200, code)
}

func TestLinkLeadsInOnce(t *testing.T) {
	v := newVisit(t)
	code, _, _ := v.ask("GET", v.inside(""))
	require.Equal(t, 403, code, "nobody is let in for knowing the path")
	code, _, _ = v.ask("GET", v.base+"/?token=guess")
	require.Equal(t, 403, code)
	code, _, _ = v.ask("GET", v.base+"/")
	require.Equal(t, 403, code)
	code, _, _ = v.ask("HEAD", v.server.Link())
	require.Equal(t, 403, code, "a preview of the link does not use it")

	link := v.server.Link()
	code, _, header := v.ask("GET", link)
	require.Equal(t, 200, code)
	lost := header.Get("Set-Cookie") // an answer that never arrived
	code, body, header := v.ask("GET", link, "Sec-Fetch-Site", "cross-site")
	require.Equal(t, 200, code, "a link may be clicked anywhere")
	require.Contains(t, body, "url="+v.server.door.path)
	require.NotContains(t, body, v.server.door.pass)
	cookie := header.Get("Set-Cookie")
	require.NotEqual(t, lost, cookie)
	require.Contains(t, cookie, "; HttpOnly; SameSite=Strict")
	require.Contains(t, cookie, "; Path="+v.server.door.path)
	require.Equal(t, "no-store", header.Get("Cache-Control"))
	require.Equal(t, "no-referrer", header.Get("Referrer-Policy"))

	code, body, header = v.ask("GET", v.inside(""))
	require.Equal(t, 200, code)
	require.Contains(t, body, "<!doctype html>")
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';")

	stranger := newVisit(t)
	value, _, _ := strings.Cut(lost, ";")
	code, _, _ = stranger.ask("GET", v.inside(""), "Cookie", value)
	require.Equal(t, 403, code, "one cookie is good, the last")
	code, body, _ = stranger.ask("GET", link)
	require.Equal(t, 403, code)
	require.Contains(t, body, "has been used")
	code, _, _ = stranger.ask("GET", link+v.server.door.pass)
	require.Equal(t, 403, code)
	code, _, _ = stranger.ask("GET", v.server.Link())
	require.Equal(t, 403, code, "nor does an empty token open the door")
	code, _, _ = stranger.ask("GET", v.inside(""), "Cookie", cookieName+"=guess")
	require.Equal(t, 403, code)
}

func TestOtherSitesAreTurnedAway(t *testing.T) {
	v := newVisit(t)
	v.enter()
	port := v.base[strings.LastIndex(v.base, ":"):]
	for name, c := range map[string]struct {
		method  string
		headers []string
		want    int
	}{
		"the page":                              {"GET", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		"a person":                              {"GET", []string{"Sec-Fetch-Site", "none"}, 200},
		"an old browser":                        {"GET", nil, 200},
		"another name for this machine":         {"GET", []string{"Host", "localhost" + port}, 200},
		"a name that points here":               {"GET", []string{"Host", "evil.example" + port}, 403},
		"a name that points here, without port": {"GET", []string{"Host", "evil.example"}, 403},
		"this machine, another port":            {"GET", []string{"Host", "127.0.0.1:1"}, 403},
		"another site":                          {"GET", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"another port of this machine":          {"GET", []string{"Sec-Fetch-Site", "same-site"}, 403},
		"another site, by its name":             {"GET", []string{"Origin", "https://evil.example"}, 403},
		"nobody in particular":                  {"GET", []string{"Origin", "null"}, 403},
		"a write of the page":                   {"POST", []string{"Origin", v.base}, 200},
		"a write of another site":               {"POST", []string{"Origin", "https://evil.example"}, 403},
		"a write of another port":               {"POST", []string{"Origin", "http://127.0.0.1:1"}, 403},
		"a write of nobody":                     {"POST", nil, 403},
	} {
		path := v.inside("")
		if c.method == "POST" {
			path = v.inside("yaml")
		}
		headers := append([]string{"Cookie", cookieName + "=" + v.server.door.pass}, c.headers...) // whatever host the jar thinks of
		code, body, _ := v.ask(c.method, path, headers...)
		require.Equal(t, c.want, code, "%s: %s", name, body)
	}
}

func TestOnlyLoopback(t *testing.T) {
	for _, address := range []net.Addr{&net.TCPAddr{IP: net.IPv4zero, Port: 1}, &net.TCPAddr{IP: net.IPv4(192, 168, 1, 1), Port: 1}, &net.UnixAddr{Name: "x"}} {
		_, err := newDoor(address)
		require.ErrorContains(t, err, "served to this machine alone")
	}
	d, err := newDoor(&net.TCPAddr{IP: net.IPv6loopback, Port: 7})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(d.link(), "http://[::1]:7/?token="), d.link())
}

func TestUpstreamIsAskedAsThePerson(t *testing.T) {
	v := newVisit(t)
	v.enter()
	code, body, header := v.ask("GET", v.inside("k8s/api/v1/namespaces/shop/pods?limit=5"))
	require.Equal(t, 200, code)
	require.Equal(t, "GET /api/v1/namespaces/shop/pods?limit=5 token=Bearer mine cookie=", body)
	require.Contains(t, header.Get("Content-Security-Policy"), "sandbox", "what a cluster answers is no page")
	require.Empty(t, header.Get("Set-Cookie"))
	code, body, _ = v.ask("POST", v.inside("k8s/gate"), "Origin", v.base)
	require.Equal(t, 200, code)
	require.Contains(t, body, "POST /gate")
	code, _, _ = v.ask("DELETE", v.inside("k8s/api/v1/namespaces/shop/pods/web"), "Origin", v.base)
	require.Equal(t, 403, code)
	code, _, _ = v.ask("GET", v.inside("stream?watch=/api/v1/pods"))
	require.Equal(t, 400, code, "that is a list")
}

func TestPasses(t *testing.T) {
	for request, want := range map[string]bool{
		"GET /api/v1/pods":                                   true,
		"GET /api":                                           true,
		"GET /apis":                                          true,
		"GET /apis/apps/v1":                                  true,
		"GET /api/v1/namespaces/proxy":                       true,
		"GET /api/v1/namespaces/proxy/pods/exec":             true,
		"GET /api/v1/namespaces/shop/pods/web/log":           true,
		"GET /apis/apps/v1/namespaces/shop/deployments/web":  true,
		"GET /ledger":                                        true,
		"POST /gate":                                         true,
		"DELETE /gate/breakpoints/1":                         true,
		"POST /ledger":                                       false,
		"GET /ledger/../api":                                 false,
		"GET /api/v1/namespaces/shop/pods/web/proxy":         false,
		"GET /api/v1/namespaces/shop/pods/web/proxy/log":     false,
		"GET /api/v1/namespaces/shop/pods/web/exec":          false,
		"GET /api/v1/namespaces/shop/services/web/proxy/a/b": false,
		"GET /api/v1/nodes/n1/proxy":                         false,
		"GET /api/v1/nodes/n1/proxy/log":                     false,
		"POST /api/v1/namespaces/shop/pods":                  false,
		"PATCH /apis/apps/v1/namespaces/shop/deployments/w":  false,
		"GET /metrics":                                       false,
		"GET /":                                              false,
		"GET /gates":                                         false,
		"GET /api/v1//namespaces/shop/pods/web":              false,
	} {
		method, path, _ := strings.Cut(request, " ")
		require.Equal(t, want, passes(method, path), request)
	}
}
