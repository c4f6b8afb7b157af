package apiserver

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Three questions about the server's health, for three askers: livez (shall I be restarted?), readyz (may I be sent
// requests?) and healthz, the old one. Each asks several checks, and each check has a path of its own:
//
//	/readyz                 ok, or which checks failed
//	/readyz?verbose         all of them
//	/readyz?exclude=etcd    without some
//	/readyz/etcd            one

// healthCheck is one thing that can be wrong.
type healthCheck struct {
	name  string
	check func(s *Server) error
}

// healthChecks by endpoint. Upstream calls the check of the store etcd, and probes of existing manifests name it.
var healthChecks = map[string][]healthCheck{
	"healthz": {pingCheck, storeCheck},
	"livez":   {pingCheck, storeCheck},
	"readyz":  {pingCheck, storeCheck, bootstrapCheck("poststarthook/rbac/bootstrap-roles"), bootstrapCheck("poststarthook/bootstrap-controller"), shutdownCheck},
}

var (
	pingCheck  = healthCheck{"ping", func(*Server) error { return nil }}
	storeCheck = healthCheck{"etcd", func(s *Server) error {
		return s.store.Err()
	}}
	shutdownCheck = healthCheck{"shutdown", func(s *Server) error {
		if s.isStopping() {
			return errors.New("process is shutting down")
		}
		return nil
	}}
)

func (s *Server) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// serveHealth serves the three endpoints and the paths below them.
func (s *Server) serveHealth(w http.ResponseWriter, hr *http.Request) {
	endpoint, one, _ := strings.Cut(strings.TrimPrefix(hr.URL.Path, "/"), "/")
	checks, ok := healthChecks[endpoint]
	if !ok {
		s.serveNotFound(w, hr)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if one != "" {
		i := slices.IndexFunc(checks, func(c healthCheck) bool { return c.name == one })
		if i < 0 {
			s.serveNotFound(w, hr)
			return
		}
		if err := s.ask(endpoint, checks[i]); err != nil {
			http.Error(w, "internal server error: "+err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, "ok")
		return
	}
	query := hr.URL.Query()
	exclude := query["exclude"]
	var report strings.Builder
	var failed []string
	for _, c := range checks {
		if i := slices.Index(exclude, c.name); i >= 0 {
			exclude = slices.Delete(exclude, i, i+1)
			fmt.Fprintf(&report, "[+]%s excluded: ok\n", c.name)
		} else if err := s.ask(endpoint, c); err != nil {
			// Why is for the log of the server: whoever asks need not have a name.
			fmt.Fprintf(&report, "[-]%s failed: reason withheld\n", c.name)
			failed = append(failed, c.name)
		} else {
			fmt.Fprintf(&report, "[+]%s ok\n", c.name)
		}
	}
	if len(exclude) > 0 {
		fmt.Fprintf(&report, "warn: some health checks cannot be excluded: no matches for %q\n", strings.Join(exclude, ","))
	}
	if len(failed) > 0 {
		s.log.Debug("health check failed", "endpoint", endpoint, "checks", failed)
		http.Error(w, fmt.Sprintf("%s%s check failed", report.String(), endpoint), http.StatusInternalServerError)
		return
	}
	if _, verbose := query["verbose"]; !verbose {
		fmt.Fprint(w, "ok")
		return
	}
	fmt.Fprintf(w, "%s%s check passed\n", report.String(), endpoint)
}

// ask makes a check, and counts how it ended.
func (s *Server) ask(endpoint string, c healthCheck) error {
	err := c.check(s)
	s.metrics.checked(endpoint, c.name, err)
	return err
}

// bootstrapCheck is under upstream's names for the parts of what a starting server puts into the store.
func bootstrapCheck(name string) healthCheck {
	return healthCheck{name, func(s *Server) error {
		if !s.ready.Load() && !s.isStopping() {
			return errors.New("not finished")
		}
		return nil
	}}
}
