package kubectllite

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// proxyOptions are the flags of proxy.
type proxyOptions struct {
	port                     int
	address, socket          string
	prefix, www, wwwPrefix   string
	acceptHosts, acceptPaths string
	rejectPaths, rejectVerbs string
	noFilter                 bool
}

func newProxy(s *session) *cobra.Command {
	var o proxyOptions
	cmd := &cobra.Command{
		Use: "proxy [--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]", Short: "Run a proxy to the Kubernetes API server",
		Long: `Listen on this machine, and pass every request on to the API server as you: whoever can reach the port is you. Commands in
containers (exec, attach) are not passed on.`,
		Example: "  kubectl-lite proxy --port=8001, then: curl http://localhost:8001/api/v1/nodes",
		RunE:    func(cmd *cobra.Command, args []string) error { return s.proxy(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.IntVarP(&o.port, "port", "p", 8001, "The port on which to run the proxy. Set to 0 to pick a random port.")
	f.StringVar(&o.address, "address", "127.0.0.1", "The IP address on which to serve on.")
	f.StringVarP(&o.socket, "unix-socket", "u", "", "Unix socket on which to run the proxy.")
	f.StringVar(&o.prefix, "api-prefix", "/", "Prefix to serve the proxied API under.")
	f.StringVarP(&o.www, "www", "w", "", "Also serve static files from the given directory under the specified prefix.")
	f.StringVarP(&o.wwwPrefix, "www-prefix", "P", "/static/", "Prefix to serve static files under, if static file directory is specified.")
	f.StringVar(&o.acceptHosts, "accept-hosts", `^localhost$,^127\.0\.0\.1$,^\[::1\]$`, "Regular expression for hosts that the proxy should accept.")
	f.StringVar(&o.acceptPaths, "accept-paths", "^.*", "Regular expression for paths that the proxy should accept.")
	f.StringVar(&o.rejectPaths, "reject-paths", "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach", "Regular expression for paths that the proxy should reject. Paths specified here will be rejected even accepted by --accept-paths.")
	f.StringVar(&o.rejectVerbs, "reject-methods", "^$", "Regular expression for HTTP methods that the proxy should reject (example --reject-methods='POST,PUT,PATCH').")
	f.BoolVar(&o.noFilter, "disable-filter", false, "If true, disable request filtering in the proxy. This is dangerous, and can leave you vulnerable to XSRF attacks, when used with an accessible port.")
	return cmd
}

func (s *session) proxy(ctx context.Context, o *proxyOptions) error {
	handler, err := s.proxyHandler(o)
	if err != nil {
		return err
	}
	network, address := "tcp", net.JoinHostPort(o.address, strconv.Itoa(o.port))
	if o.socket != "" {
		network, address = "unix", o.socket
		if err := os.Remove(o.socket); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "Starting to serve on %s\n", l.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// proxyHandler passes requests on, those that the filter lets through.
func (s *session) proxyHandler(o *proxyOptions) (http.Handler, error) {
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	target := c.Connection("", nil)
	prefix := "/" + strings.Trim(o.prefix, "/")
	back := &httputil.ReverseProxy{
		FlushInterval: -1, // a watch is read as it comes
		Transport:     &http.Transport{TLSClientConfig: target.TLS, Proxy: http.ProxyFromEnvironment},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Path = "/" + strings.TrimPrefix(strings.TrimPrefix(r.In.URL.Path, prefix), "/")
			r.Out.URL.RawPath = ""
			r.SetURL(target.URL)
			for name, values := range c.Connection("", nil).Header { // anew each time: tokens are renewed
				if name != "User-Agent" {
					r.Out.Header[name] = values
				}
			}
		},
	}
	mux := http.NewServeMux()
	if o.www != "" {
		at := "/" + strings.Trim(o.wwwPrefix, "/") + "/"
		mux.Handle(at, http.StripPrefix(at, http.FileServer(http.Dir(o.www))))
	}
	mux.Handle(strings.TrimSuffix(prefix, "/")+"/", back)
	if o.noFilter {
		if o.socket == "" {
			fmt.Fprintln(s.Err, "Warning: Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious")
		}
		return mux, nil
	}
	return o.filter(mux)
}

// filter turns away requests from pages of other hosts, and those for paths that are nobody's business.
func (o *proxyOptions) filter(next http.Handler) (http.Handler, error) {
	var lists [4][]*regexp.Regexp
	for i, text := range []string{o.acceptHosts, o.acceptPaths, o.rejectPaths, o.rejectVerbs} {
		for part := range strings.SplitSeq(text, ",") {
			expression, err := regexp.Compile(part)
			if err != nil {
				return nil, err
			}
			lists[i] = append(lists[i], expression)
		}
	}
	matches := func(list []*regexp.Regexp, text string) bool {
		for _, expression := range list {
			if expression.MatchString(text) {
				return true
			}
		}
		return false
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			if host = h; strings.Contains(h, ":") {
				host = "[" + h + "]"
			}
		}
		if matches(lists[3], r.Method) || matches(lists[2], r.URL.Path) || !matches(lists[1], r.URL.Path) || !matches(lists[0], host) {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}
