package apiserver

import (
	"context"
	"errors"
	"net/http"

	"kubelite/api"
	"kubelite/store"
)

// serveList serves GET of a collection, for every kind.
func (s *Server) serveList(_ http.ResponseWriter, req *Request) (*Answer, error) {
	sel, options, err := readList(req)
	if err != nil {
		return nil, err
	}
	if req.stale > 0 {
		options.readStale(req.stale)
	}
	page, err := s.list(req.HTTP.Context(), sel, options)
	return &Answer{Code: http.StatusOK, page: page}, err
}

// page is the result of a list: objects of one kind at one revision.
type page struct {
	entries   []*entry
	revision  int64
	next      string // the continue token
	remaining *int64 // how many are behind this page, if that is known
}

// list finds the selected objects. Which state of the world the list shows follows from resourceVersion:
//
//	""                      the newest: what any write made that was answered before this request came
//	"0"                     any, whatever is at hand (here the same cache, without waiting)
//	N                       at least as new as N; with resourceVersionMatch=Exact or limit, exactly N
//	none, but a token       exactly that of the first page
func (s *Server) list(ctx context.Context, sel *selection, o *listOptions) (*page, error) {
	at, after, limit := int64(0), "", int(o.limit)
	switch {
	case o.continueToken != "":
		var err error
		if after, at, err = parseContinue(o.continueToken, sel.prefix()); err != nil {
			return nil, err
		}
		if o.resourceVersion != "" && o.resourceVersion != "0" {
			return nil, api.NewBadRequest("specifying resource version is not allowed when using continue")
		}
	case o.match == api.ResourceVersionMatchExact, o.match == "" && o.limit > 0 && o.revision > 0:
		at = o.revision
	}
	switch {
	case at > 0:
		if err := s.waitForRevision(ctx, at); err != nil {
			return nil, err
		}
	case o.revision > 0:
		if err := s.waitForRevision(ctx, o.revision); err != nil {
			return nil, err
		}
	case o.resourceVersion == "0":
		limit = 0 // "anything will do" has always meant everything at once
	default:
		if err := s.cache.waitFor(ctx, s.store.Revision()); err != nil {
			return nil, err
		}
	}
	if at > 0 && at < s.store.CompactedRevision() {
		// Even if the cache could still answer: whether a token is good must not depend on which kind is quiet.
		return nil, expiredList(sel, after, o.continueToken != "")
	}
	if p := s.listCached(sel, after, at, limit); p != nil {
		return p, nil
	}
	return s.listHistory(ctx, sel, after, at, limit, o.continueToken != "")
}

// listCached lists from the cache: as of now, or as of the revision at if the kind has not changed since. Else
// it returns nil.
func (s *Server) listCached(sel *selection, after string, at int64, limit int) *page {
	kc := s.cache.kind(sel.res)
	kc.mu.RLock()
	entries, revision, changed := kc.read(s.cache, sel, after)
	kc.mu.RUnlock()
	if at > 0 {
		if changed > at {
			return nil
		}
		revision = at
	}
	if sel.all() {
		p := &page{entries: entries, revision: revision}
		if limit > 0 && len(entries) > limit {
			p.entries, p.remaining = entries[:limit], api.Ptr(int64(len(entries)-limit))
			p.next = newContinue(sel.prefix(), entries[limit-1].key, revision)
		}
		return p
	}
	if sel.convert != nil {
		_, _ = sel.convert(entries...) // all in one go; whom it fails for is not selected
	}
	p := &page{entries: entries[:0], revision: revision} // entries is our own copy
	for i, e := range entries {
		if !sel.matches(e) {
			continue
		}
		p.entries = append(p.entries, e)
		if limit > 0 && len(p.entries) == limit {
			if i < len(entries)-1 {
				p.next = newContinue(sel.prefix(), e.key, revision)
			}
			break
		}
	}
	return p
}

// read returns what may match a selection, and the revision of which it is the state. The caller holds mu.
func (kc *kindCache) read(c *watchCache, sel *selection, after string) (entries []*entry, revision, changed int64) {
	// All events up to the cache's revision have been applied, and those of this kind up to changed: the later of
	// the two is the revision that these entries are the state of.
	revision = max(kc.changed, c.revision.Load())
	if key := sel.single(); key != "" {
		if e := kc.byKey[key]; e != nil && key > after {
			entries = []*entry{e}
		}
		return entries, revision, kc.changed
	}
	return kc.rangeOf(sel.prefix(), after), revision, kc.changed
}

// listHistory lists from the store as of an old revision: the second page of a list, with writes since the first; or one
// object as it once was.
func (s *Server) listHistory(ctx context.Context, sel *selection, after string, at int64, limit int, paging bool) (*page, error) {
	p := &page{revision: at}
	if key := sel.single(); key != "" && after == "" {
		kv, err := s.store.Get(ctx, key, at)
		switch {
		case errors.Is(err, store.ErrKeyNotFound):
			return p, nil
		case errors.Is(err, store.ErrCompacted):
			return nil, expiredList(sel, after, paging)
		case err != nil:
			return nil, err
		}
		if e := newEntry(sel.res.storedRow(), kv); sel.matches(e) {
			p.entries = append(p.entries, e)
		}
		return p, nil
	}
	last := after
	for {
		result, err := s.store.List(ctx, sel.prefix(), store.ListOptions{Limit: limit, After: last, Revision: at})
		if errors.Is(err, store.ErrCompacted) {
			return nil, expiredList(sel, after, paging)
		}
		if err != nil {
			return nil, err
		}
		for i := range result.Items {
			last = result.Items[i].Key
			e := newEntry(sel.res.storedRow(), &result.Items[i])
			if !sel.matches(e) {
				continue
			}
			p.entries = append(p.entries, e)
			if limit > 0 && len(p.entries) == limit {
				behind := int64(len(result.Items)-1-i) + result.Remaining
				if behind > 0 {
					p.next = newContinue(sel.prefix(), last, at)
					if sel.all() {
						p.remaining = &behind
					}
				}
				return p, nil
			}
		}
		if !result.More {
			return p, nil
		}
	}
}

// expiredList is 410: the revision has been compacted. Who was paging gets a token to go on with anyway: the rest of
// the list as it is now, which may not fit to what came before.
func expiredList(sel *selection, after string, paging bool) error {
	if !paging {
		return api.NewExpired("The resourceVersion for the provided list is too old.")
	}
	err := api.NewExpired("The provided continue parameter is too old to display a consistent list result. " +
		"You can start a new list without the continue parameter, or use the continue token in this response to retrieve " +
		"the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were " +
		"created, modified, or deleted between the time the first chunk was returned and now may show up in the list.")
	err.ErrStatus.Continue = newContinue(sel.prefix(), after, -1)
	return err
}
