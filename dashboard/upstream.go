package dashboard

import (
	"net/http"
	"net/http/httputil"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// upstream passes the page's requests on to the API server, as the person. The page reads objects and the ledger, and asks
// the gate; nothing else passes. What a script of a pod could serve in the page's name, for one, does not: proxy subresources.
func upstream(c *client.Client) http.Handler {
	target := c.Connection("", nil)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig, transport.DisableCompression = target.TLS, true
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1, // logs are read as they come
		Transport:     transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target.URL)
			for _, name := range []string{"Cookie", "Origin", "Referer", "Authorization"} { // between the browser and us
				r.Out.Header.Del(name)
			}
			for name, values := range c.Connection("", nil).Header { // anew each time: tokens are renewed
				r.Out.Header[name] = values
			}
		},
		ModifyResponse: func(r *http.Response) error {
			for name := range r.Header {
				if name != "Content-Type" && name != "Content-Length" && name != "Warning" {
					r.Header.Del(name)
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil { // else the browser is gone
				http.Error(w, "the API server does not answer: "+err.Error(), http.StatusBadGateway)
			}
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !passes(r.Method, r.URL.Path) {
			turnAway(w, "the dashboard does not ask for this")
			return
		}
		// Whatever comes is data. Were it opened as a page, it could run nothing.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
		proxy.ServeHTTP(w, r)
	})
}

// passes tells what the page may ask of the API server:
//
//	GET   /api/v1[/namespaces/NS]/RESOURCE[/NAME[/log]]    and the same below /apis/GROUP/VERSION
//	GET   /ledger
//	any   /gate
func passes(method, path string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for _, part := range parts {
		if part == "" || part == "." || part == ".." {
			return false // no two readings of one path
		}
	}
	if "/"+parts[0] == api.GatePath {
		return true
	}
	if method != http.MethodGet {
		return false
	}
	var object []string
	switch parts[0] {
	case "ledger":
		return len(parts) == 1
	case "api":
		object = parts[min(2, len(parts)):]
	case "apis":
		object = parts[min(3, len(parts)):]
	default:
		return false
	}
	if len(object) > 2 && object[0] == "namespaces" {
		object = object[2:]
	}
	return len(object) <= 2 || len(object) == 3 && object[2] == "log"
}
