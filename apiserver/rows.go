package apiserver

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"kubelite/api"
)

// resources are the rows that are served now. The built-in ones are there from the start; custom resources come and go
// while the server runs. Readers see one table or the next, never half of a change, and take no lock.
type resources struct {
	table  atomic.Pointer[resourceTable]
	change sync.Mutex // held by who replaces the table
}

// resourceTable is all rows at one moment. It never changes.
type resourceTable struct {
	rows   []*Resource
	byPath map[resourcePath]*Resource
}

type resourcePath struct{ group, version, plural string }

func newResourceTable(rows []*Resource) *resourceTable {
	table := &resourceTable{rows: rows, byPath: make(map[resourcePath]*Resource, len(rows))}
	for _, res := range rows {
		table.byPath[resourcePath{res.Group, res.Version, res.Plural}] = res
	}
	return table
}

// rows are the rows that are served now, in no particular order of groups. The slice is shared: do not change it.
func (s *Server) rows() []*Resource { return s.resources.table.Load().rows }

// resource finds a row of the table, nil if there is none.
func (s *Server) resource(group, version, plural string) *Resource {
	return s.resources.table.Load().byPath[resourcePath{group, version, plural}]
}

// replaceRows takes rows out of the table and puts others in, while the server runs: none out for a new kind, none in
// for one that is gone, both for one that has changed. All of them are versions of one kind, which is stored as
// stored says; a nil stored is a kind that nothing is kept of any more.
//
// When it returns, discovery, OpenAPI and requests follow the new rows, lists show what the store has, and the watches
// on rows that are gone have been told to end: their clients come back and find the new ones.
func (s *Server) replaceRows(ctx context.Context, out, in []*Resource, stored *Resource) error {
	s.resources.change.Lock()
	defer s.resources.change.Unlock()
	if stored != nil {
		if err := s.cache.fillKind(ctx, s.store, stored); err != nil {
			return err
		}
	}
	rows := slices.DeleteFunc(slices.Clone(s.rows()), func(res *Resource) bool { return slices.Contains(out, res) })
	s.resources.table.Store(newResourceTable(append(rows, in...)))
	s.openapi.forget(slices.Concat(out, in))
	select {
	case s.rowsChanged <- *ownWhy(ctx):
	default: // told already
	}
	for _, res := range out {
		close(res.replaced)
		if stored == nil {
			s.cache.dropKind(res)
		}
	}
	return nil
}

// prepareRows ties together rows that replaceRows is to take: the versions of one kind, and which of them is stored.
func prepareRows(rows []*Resource, stored *Resource) {
	for _, res := range append(slices.Clone(rows), stored) {
		res.row = stored
		res.prefix = "/" + stored.Resource() + "/"
		if res.replaced == nil {
			res.replaced = make(chan struct{})
		}
	}
}

// resourceOf is the row of a Go type: resourceOf[*api.Pod](s).
func resourceOf[T api.Object](s *Server) *Resource {
	kind := api.KindOf[T]()
	return s.resource(kind.Group, kind.Version, kind.Plural)
}
