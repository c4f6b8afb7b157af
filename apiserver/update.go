package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"kubelite/api"
	"kubelite/store"
)

// serveUpdate serves PUT of an object, for every kind.
func (s *Server) serveUpdate(_ http.ResponseWriter, req *Request) (*Answer, error) {
	if err := req.readWriteOptions("UpdateOptions"); err != nil {
		return nil, err
	}
	body, err := req.readTyped()
	if err != nil {
		return nil, err
	}
	sent, err := decode(req, req.Resource.Kind, body)
	if err != nil {
		return nil, err
	}
	ctx := req.HTTP.Context()
	answer, err := s.update(ctx, req, s.tracked(ctx, req, func(api.Object) (obj api.Object, err error) {
		// Admission and strategy change what they get: should another writer make us try again, start afresh.
		if obj, sent = sent, nil; obj == nil {
			obj, err = decode(req, req.Resource.Kind, body)
		}
		return obj, err
	}))
	if api.IsNotFound(err) && req.Resource.Strategy.CreateOnUpdate && req.Subresource == "" && sent != nil {
		s.trackCreate(ctx, req, sent)
		return s.createByUpdate(ctx, req, sent)
	}
	return answer, err
}

// createByUpdate is a PUT of a name that does not exist, for the few kinds that allow it (Lease, Endpoints, ...), or an
// apply of one.
func (s *Server) createByUpdate(ctx context.Context, req *Request, obj api.Object) (*Answer, error) {
	meta := obj.GetObjectMeta()
	if err := req.checkName(meta); err != nil {
		return nil, err
	}
	if uid := meta.UID; uid != "" {
		return nil, api.NewConflict(req.Resource.Kind, req.Name, fmt.Errorf("uid mismatch: the provided object specified uid %s, and no existing object was found", uid))
	}
	asCreate := *req
	asCreate.Verb = "create"
	if allowed, reason := s.authz.may(&asCreate); !allowed {
		return nil, forbidden(&asCreate, reason)
	}
	return s.create(ctx, req, obj)
}

// maxConflicts is how often a write that names no resourceVersion starts again because others were faster.
const maxConflicts = 100

// update replaces an object by what change makes of it. All writes to objects that exist come here: PUT, PATCH,
// subresources. change gets its own copy of the current object, which it may change and return, and is called again if
// another writer comes between: what it returns is written only over what it was given.
//
// If the object that change returns names a resourceVersion, it must be the current one, else the writer acted on
// something old: 409 Conflict. If it names none, the writer does not care.
func (s *Server) update(ctx context.Context, req *Request, change func(old api.Object) (api.Object, error)) (*Answer, error) {
	for attempt := 0; ; attempt++ {
		current, err := s.current(ctx, req)
		if err != nil {
			return nil, err
		}
		answer, err := s.updateFrom(ctx, req, current, change)
		switch {
		case !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrKeyNotFound):
			return answer, err
		case attempt == maxConflicts:
			return nil, api.NewConflict(req.Resource.Kind, req.Name, errors.New(modified))
		}
	}
}

// current is the object as of now. It waits until the cache has what the store has, so that nobody is told of a
// conflict, or of an absence, that is already over.
func (s *Server) current(ctx context.Context, req *Request) (*entry, error) {
	if err := s.cache.waitFor(ctx, s.store.Revision()); err != nil {
		return nil, err
	}
	e := s.cache.kind(req.Resource).get(req.Key())
	if e == nil {
		return nil, api.NewNotFound(req.Resource.Kind, req.Name)
	}
	return e, nil
}

// modified is upstream's advice to who comes too late.
const modified = "the object has been modified; please apply your changes to the latest version and try again"

// updateFrom is one attempt. It returns the store's error if another writer came between.
func (s *Server) updateFrom(ctx context.Context, req *Request, current *entry, change func(old api.Object) (api.Object, error)) (*Answer, error) {
	res := req.Resource
	old, err := res.view(ctx, current)
	if err != nil {
		return nil, err
	}
	oldMeta := old.GetObjectMeta()
	obj, err := change(old)
	if err != nil {
		return nil, err
	}
	if obj == old { // changed in place: what it was before is still needed
		if old, err = res.view(ctx, current); err != nil {
			return nil, err
		}
		oldMeta = old.GetObjectMeta()
	}
	meta := obj.GetObjectMeta()
	if err := req.checkName(meta); err != nil {
		return nil, err
	}
	if err := req.checkResourceVersion(meta, oldMeta); err != nil {
		return nil, err
	}
	if err := s.admitMutation(ctx, req, obj, old); err != nil { // admit: may change the object
		return nil, err
	}
	done, err := res.Strategy.begin(ctx, s, req, obj, old) // reserve
	if err != nil {
		return nil, err
	}
	stored := false
	defer func() { done(stored) }()

	res.prepareForUpdate(req.Subresource, obj, old)       // prepare: keep what may not change here
	errs := res.validateUpdate(req.Subresource, obj, old) // validate
	errs = append(errs, res.Strategy.check(ctx, s, req, obj, old)...)
	if len(errs) > 0 {
		return nil, api.NewInvalid(res.Kind, meta.Name, errs)
	}
	req.warnAbout(obj, old)
	if err := s.admitChange(ctx, req, obj, old); err != nil { // admit: the last word
		return nil, err
	}
	toStore, err := res.toStored(ctx, obj)
	if err != nil {
		return nil, err
	}
	if res.finished(obj, oldMeta) { // the last finalizer is gone from an object being deleted
		stored = !req.DryRun
		return s.remove(ctx, req, current, toStore, obj)
	}
	answer, err := s.storeChanged(ctx, req, current, toStore)
	stored = err == nil && !req.DryRun
	return answer, err
}

// admitMutation lets admission change an object, unless what it has a say about is a view of the object, which was
// changed before (see Subresource.View).
func (s *Server) admitMutation(ctx context.Context, req *Request, obj, old api.Object) error {
	if req.admitted || req.view() != nil {
		return nil
	}
	return s.admission.Mutate(ctx, req, obj, old)
}

// admitChange asks admission about an object, or the view of it that the request is about.
func (s *Server) admitChange(ctx context.Context, req *Request, obj, old api.Object) (err error) {
	if req.admitted {
		return nil
	}
	if view := req.view(); view != nil {
		if obj, err = view(req.Resource, obj); err != nil {
			return err
		}
		if old, err = view(req.Resource, old); err != nil {
			return err
		}
	}
	return s.admission.Validate(ctx, req, obj, old)
}

// view is how the request's subresource shows an object; nil: as it is.
func (r *Request) view() func(*Resource, api.Object) (api.Object, error) {
	if sub := r.Resource.Subresources[r.Subresource]; sub != nil {
		return sub.View
	}
	return nil
}

// storeChanged writes the next version of an object. A write that changes nothing is not made: no revision, no event.
func (s *Server) storeChanged(ctx context.Context, req *Request, current *entry, obj api.Object) (*Answer, error) {
	encoded, err := encode(obj)
	if err != nil {
		return nil, err
	}
	if !current.refreshed && (encoded.is(current.revision, current.json) || encoded.sameButTimes(current.revision, current.json)) {
		return &Answer{Code: http.StatusOK, JSON: current.json}, nil
	}
	if req.DryRun {
		req.effect.would(req, current, obj)
		return &Answer{Code: http.StatusOK, JSON: encoded.with(current.revision)}, nil
	}
	kv, err := s.store.Update(ctx, current.key, current.revision, s.value(req, current.key, obj, encoded), s.record(req, obj))
	if err != nil {
		return nil, fmt.Errorf("update %s %q: %w", req.Resource.Resource(), req.Name, err)
	}
	return s.written(ctx, req, http.StatusOK, kv, obj)
}

// prepareForUpdate keeps what an update may not change. Of metadata that is everything that only the server sets;
// the rest depends on the kind and on the subresource.
func (res *Resource) prepareForUpdate(subresource string, obj, old api.Object) {
	meta, oldMeta := obj.GetObjectMeta(), old.GetObjectMeta()
	meta.Generation = oldMeta.Generation
	owners := meta.ManagedFields
	if subresource == "" {
		res.prepareSpec(obj, old)
	} else if sub := res.Subresources[subresource]; sub != nil && sub.Prepare != nil {
		sub.Prepare(res, obj, old)
	}
	meta.SelfLink, meta.CreationTimestamp, meta.ManagedFields = "", oldMeta.CreationTimestamp, owners
	if meta.UID == "" {
		meta.UID = oldMeta.UID
	}
	if oldMeta.DeletionTimestamp != nil {
		meta.DeletionTimestamp = oldMeta.DeletionTimestamp
	}
	if oldMeta.DeletionGracePeriodSeconds != nil && meta.DeletionGracePeriodSeconds == nil {
		meta.DeletionGracePeriodSeconds = oldMeta.DeletionGracePeriodSeconds
	}
}

func (res *Resource) validateUpdate(subresource string, obj, old api.Object) api.ErrorList {
	if subresource == "status" {
		return api.ValidateStatusChange(res.Kind, obj, old)
	}
	if sub := res.Subresources[subresource]; sub != nil && sub.Validate != nil {
		return sub.Validate(res, obj, old)
	}
	return api.ValidateChange(res.Kind, obj, old)
}

// finished tells that an update took away the last thing that held back an object whose deletion was asked for.
func (res *Resource) finished(obj api.Object, old *api.ObjectMeta) bool {
	if old.DeletionTimestamp == nil || len(obj.GetObjectMeta().Finalizers) > 0 {
		return false
	}
	if old.DeletionGracePeriodSeconds != nil && *old.DeletionGracePeriodSeconds > 0 {
		return false
	}
	return res.Strategy.Finalized == nil || res.Strategy.Finalized(obj)
}
