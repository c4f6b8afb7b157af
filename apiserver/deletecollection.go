package apiserver

import (
	"context"
	"net/http"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
)

// deleteWorkers is how many objects of a collection are deleted at once: their writes then share the wait for the disk.
const deleteWorkers = 16

// serveDeleteCollection serves DELETE of a collection: of everything, or of what selectors pick. It is not one
// transaction. What cannot be deleted does not keep the rest from being deleted; the first error is answered.
func (s *Server) serveDeleteCollection(_ http.ResponseWriter, req *Request) (*Answer, error) {
	options, err := readDeleteOptions(req)
	if err != nil {
		return nil, err
	}
	sel, list, err := readList(req)
	if err != nil {
		return nil, err
	}
	ctx := req.HTTP.Context()
	p, err := s.list(ctx, sel, list)
	if err != nil {
		return nil, err
	}
	if err := s.deleteAll(ctx, req, p.entries, options); err != nil {
		return nil, err
	}
	return &Answer{Code: http.StatusOK, page: p}, nil // upstream answers with what was there
}

func (s *Server) deleteAll(ctx context.Context, req *Request, entries []*entry, options *api.DeleteOptions) error {
	var group errgroup.Group
	group.SetLimit(deleteWorkers)
	errs := make([]error, len(entries))
	for i, e := range entries {
		group.Go(func() error {
			one := *req // its verb stays deletecollection: that is what was authorized, and what the ledger tells
			one.Namespace, one.Name = e.namespace, e.name
			if _, err := s.delete(ctx, &one, options); err != nil && !api.IsNotFound(err) {
				errs[i] = err
			}
			return nil
		})
	}
	_ = group.Wait() // the functions return no errors
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
