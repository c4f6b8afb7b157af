package apiserver

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"kubelite/api"
)

// serveGet serves GET of one object, for every kind.
func (s *Server) serveGet(_ http.ResponseWriter, req *Request) (*Answer, error) {
	revision := int64(0)
	if req.HTTP.URL.RawQuery != "" {
		var err error
		if revision, err = parseRevision(req.Query().Get("resourceVersion")); err != nil {
			return nil, api.NewUnexplained("%v", err)
		}
	}
	if revision > 0 { // at least this new
		if err := s.waitForRevision(req.HTTP.Context(), revision); err != nil {
			return nil, err
		}
	}
	if req.stale > 0 {
		return s.getStale(req.HTTP.Context(), req, revision)
	}
	e, err := s.current(req.HTTP.Context(), req)
	if err != nil {
		return nil, err
	}
	return &Answer{Code: http.StatusOK, JSON: e.json}, nil
}

// parseRevision reads a resourceVersion of a query. None is 0.
func parseRevision(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	revision, err := strconv.ParseInt(s, 10, 64)
	if err != nil || revision < 0 {
		why := "invalid syntax"
		if errors.Is(err, strconv.ErrRange) && revision > 0 {
			why = "value out of range"
		}
		return 0, api.Path("resourceVersion").Invalid(s, "strconv.ParseUint: parsing "+strconv.Quote(s)+": "+why)
	}
	return revision, nil
}

// waitForRevision waits for a revision that a client claims to know. It may come from another server of the same
// store, ahead of this one by a moment; if it has not come after three seconds, nobody knows it.
func (s *Server) waitForRevision(ctx context.Context, revision int64) error {
	if s.cache.revision.Load() >= revision {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := s.cache.waitFor(wait, revision); err != nil {
		return api.NewTooLargeResourceVersion(revision, s.cache.revision.Load(), 1)
	}
	return nil
}
