package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"kubelite/api"
	"kubelite/store"
)

// serveCreate serves POST .../namespaces/{namespace}/{resource} for every kind.
func (s *Server) serveCreate(_ http.ResponseWriter, req *Request) (*Answer, error) {
	if err := req.readWriteOptions("CreateOptions"); err != nil {
		return nil, err
	}
	obj, err := decodeBody(req, req.Resource.Kind) // decode and default: the body as an object, what is left out filled in
	if err != nil {
		return nil, err
	}
	s.trackCreate(req.HTTP.Context(), req, obj) // own: who set which field
	return s.create(req.HTTP.Context(), req, obj)
}

// create stores a new object. The order is upstream's, and each step relies on those before it. PUT comes here too,
// for the kinds that it may create, and so does an apply.
func (s *Server) create(ctx context.Context, req *Request, obj api.Object) (*Answer, error) {
	res, meta := req.Resource, obj.GetObjectMeta()
	if err := req.prepareMeta(meta); err != nil { // what only the server may set is wiped; is it the right namespace?
		return nil, err
	}
	if err := s.admission.Mutate(ctx, req, obj, nil); err != nil { // admit: may change the object
		return nil, err
	}
	generated := meta.Name == "" && meta.GenerateName != ""
	for attempt := 0; ; attempt++ {
		if generated {
			meta.Name = generateName(meta.GenerateName)
		}
		answer, err := s.createNamed(ctx, req, res, obj)
		if !generated || !api.IsAlreadyExists(err) || attempt == maxNameAttempts {
			return answer, err
		}
	}
}

// createNamed is the part of create that a generated name which is taken makes run again.
func (s *Server) createNamed(ctx context.Context, req *Request, res *Resource, obj api.Object) (*Answer, error) {
	meta := obj.GetObjectMeta()
	meta.UID, meta.CreationTimestamp = api.NewUID(), api.Now()
	req.Name = meta.Name
	done, err := res.Strategy.begin(ctx, s, req, obj, nil) // reserve: addresses of Services
	if err != nil {
		return nil, err
	}
	stored := false
	defer func() { done(stored) }()

	res.Strategy.prepareForCreate(obj)     // prepare: status wiped, generation 1
	errs := api.ValidateNew(res.Kind, obj) // validate: 422 naming every mistake
	errs = append(errs, res.Strategy.check(ctx, s, req, obj, nil)...)
	if len(errs) > 0 {
		return nil, api.NewInvalid(res.Kind, meta.Name, errs)
	}
	req.warnAbout(obj, nil)
	if err := s.admission.Validate(ctx, req, obj, nil); err != nil { // admit: the last word, on the final object
		return nil, err
	}
	toStore, err := res.toStored(ctx, obj)
	if err != nil {
		return nil, err
	}
	answer, err := s.storeNew(ctx, req, obj, toStore) // store: only if the name is free
	stored = err == nil && !req.DryRun
	return answer, err
}

// storeNew writes an object that must not exist yet, in its stored kind, and answers with it. shown is the object in its
// own kind.
func (s *Server) storeNew(ctx context.Context, req *Request, shown, obj api.Object) (*Answer, error) {
	key, meta := req.Key(), obj.GetObjectMeta()
	// A rule of upstream's store: admission and validation come before it, and a dry run does not get there.
	if !req.DryRun && meta.ResourceVersion != "" && meta.ResourceVersion != "0" {
		return nil, api.NewUnexplained("resourceVersion should not be set on objects to be created")
	}
	meta.ResourceVersion = ""
	if req.DryRun {
		if s.cache.kind(req.Resource).get(key) != nil {
			return nil, s.taken(ctx, req, key)
		}
		req.effect.would(req, nil, obj)
		return answerObject(http.StatusCreated, shown), nil
	}
	encoded, err := encode(obj)
	if err != nil {
		return nil, err
	}
	kv, err := s.store.Create(ctx, key, s.value(req, key, obj, encoded), s.record(req, obj))
	if errors.Is(err, store.ErrKeyExists) {
		return nil, s.taken(ctx, req, key)
	}
	if err != nil {
		return nil, fmt.Errorf("create %s %q: %w", req.Resource.Resource(), req.Name, err)
	}
	return s.written(ctx, req, http.StatusCreated, kv, obj)
}

// taken says that the name has an object already, which may be on its way out.
func (s *Server) taken(ctx context.Context, req *Request, key string) error {
	err := api.NewAlreadyExists(req.Resource.Kind, req.Name)
	if e := s.cache.kind(req.Resource).get(key); e != nil {
		if there, wrong := req.Resource.view(ctx, e); wrong == nil && there.GetObjectMeta().DeletionTimestamp != nil {
			err.ErrStatus.Message = "object is being deleted: " + err.ErrStatus.Message
		}
	}
	return err
}

// value is the stored form of an object at the revision of its write. On the way it tells the cache what
// selectors will want to know of it.
func (s *Server) value(req *Request, key string, obj api.Object, encoded spliced) store.Value {
	row := req.Resource.storedRow()
	if row.SeldomSelected {
		return encoded.with
	}
	attributes := attributesOf(row, obj)
	return func(revision int64) []byte {
		s.cache.hint(revision, key, attributes)
		return encoded.with(revision)
	}
}

// written answers a write when the cache has it, so that whoever wrote will read its own write. obj is what was written:
// for clients that want another form than the stored one, it need not be decoded again.
func (s *Server) written(ctx context.Context, req *Request, code int, kv *store.KeyValue, obj api.Object) (*Answer, error) {
	if err := s.cache.waitFor(ctx, kv.ModRevision); err != nil {
		return nil, err
	}
	req.effect.wrote(kv.ModRevision)
	answer := &Answer{Code: code, JSON: kv.Value}
	if obj != nil && req.Resource.View == nil {
		obj.GetObjectMeta().ResourceVersion = strconv.FormatInt(kv.ModRevision, 10)
		answer.Object = obj
	}
	return answer, nil
}
