package kubectllite

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// requestLog writes what is asked of the server: from -v=6 on a line for each request, from -v=7 its headers, too.
type requestLog struct {
	s    *session
	next http.RoundTripper
}

func (s *session) logRequests(next http.RoundTripper) http.RoundTripper { return &requestLog{s, next} }

// RoundTrip sends one request.
func (l *requestLog) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.s.flags.verbosity >= 7 {
		fmt.Fprintf(l.s.Err, "Request verb=%q url=%q\n", r.Method, r.URL)
		for _, name := range sortedKeys(r.Header) {
			values := r.Header[name]
			if slices.Contains([]string{"Authorization", "Cookie"}, name) {
				values = []string{"<masked>"}
			}
			fmt.Fprintf(l.s.Err, "    %s: %s\n", name, values)
		}
	}
	began := time.Now()
	resp, err := l.next.RoundTrip(r)
	status := ""
	if err == nil {
		status = resp.Status
	}
	fmt.Fprintf(l.s.Err, "Response verb=%q url=%q status=%q milliseconds=%d\n", r.Method, r.URL, status, time.Since(began).Milliseconds())
	return resp, err
}
