package dashboard

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"time"

	"kubelite/api"
	"kubelite/client"
)

//go:embed page
var files embed.FS

// Config says what the dashboard shows, and as whom.
type Config struct {
	Client  *client.Client
	Context string // what the person calls the cluster
	// Namespace is where a person is looked for objects who may not see those of all namespaces.
	Namespace string
}

// Server is the dashboard of one cluster for one person.
type Server struct {
	cfg     Config
	door    *door
	handler http.Handler
}

// New makes a dashboard that is reached at the address of a listener on loopback.
func New(cfg Config, address net.Addr) (*Server, error) {
	d, err := newDoor(address)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, door: d}
	page, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", pageHeaders(http.FileServerFS(page)))
	mux.HandleFunc("GET /about", s.serveAbout)
	mux.HandleFunc("GET /stream", s.serveStream)
	mux.HandleFunc("POST /yaml", serveYAML)
	mux.Handle("/k8s/", http.StripPrefix("/k8s", upstream(cfg.Client)))
	s.handler = d.guard(mux)
	return s, nil
}

// Link leads in, once: whoever opens it first is the person.
func (s *Server) Link() string { return s.door.link() }

// ServeHTTP answers the browser.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Serve answers until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, BaseContext: func(net.Listener) context.Context { return ctx }}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// pageHeaders keeps the page to itself: nothing of other hosts, nothing inline, in nobody's frame.
func pageHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

// about is what the page cannot read from the cluster.
type about struct {
	Context   string `json:"context"`
	Server    string `json:"server"`
	Namespace string `json:"namespace"`
	User      string `json:"user,omitempty"` // who the API server takes the person for
	Version   string `json:"version"`
}

func (s *Server) serveAbout(w http.ResponseWriter, r *http.Request) {
	a := about{Context: s.cfg.Context, Server: s.cfg.Client.Server(), Namespace: s.cfg.Namespace, Version: api.Version}
	if a.Namespace == "" {
		a.Namespace = "default"
	}
	review, err := client.Of[*api.SelfSubjectReview](s.cfg.Client).Create(r.Context(), &api.SelfSubjectReview{})
	if err == nil { // without it the page says less, and its other requests tell what is wrong
		a.User = review.Status.UserInfo.Username
	}
	send(w, a)
}

// send answers with JSON.
func send(w http.ResponseWriter, answer any) {
	body, err := api.MarshalJSON(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // it fails if the browser is gone
}
