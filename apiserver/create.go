package apiserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"

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
	return s.create(req.HTTP.Context(), req, obj)
}

// create stores a new object. The order is upstream's, and each step relies on those before it. PUT comes here too,
// for the kinds that it may create.
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
	meta.UID, meta.CreationTimestamp = newUID(), api.Now()
	req.Name = meta.Name
	done, err := res.Strategy.begin(ctx, s, req, obj, nil) // reserve: addresses of Services
	if err != nil {
		return nil, err
	}
	stored := false
	defer func() { done(stored) }()

	res.Strategy.prepareForCreate(obj)                         // prepare: status wiped, generation 1
	if errs := api.ValidateNew(res.Kind, obj); len(errs) > 0 { // validate: 422 naming every mistake
		return nil, api.NewInvalid(res.Kind, meta.Name, errs)
	}
	req.warnAbout(obj, nil)
	if err := s.admission.Validate(ctx, req, obj, nil); err != nil { // admit: the last word, on the final object
		return nil, err
	}
	answer, err := s.storeNew(ctx, req, res.toStored(obj)) // store: only if the name is free
	stored = err == nil && !req.DryRun
	return answer, err
}

// storeNew writes an object that must not exist yet, in its stored kind, and answers with it.
func (s *Server) storeNew(ctx context.Context, req *Request, obj api.Object) (*Answer, error) {
	key := req.Key()
	obj.GetObjectMeta().ResourceVersion = ""
	if req.DryRun {
		if s.cache.kind(req.Resource).get(key) != nil {
			return nil, api.NewAlreadyExists(req.Resource.Kind, req.Name)
		}
		return answerObject(http.StatusCreated, req.Resource.fromStored(obj)), nil
	}
	encoded, err := encode(obj)
	if err != nil {
		return nil, err
	}
	kv, err := s.store.Create(ctx, key, s.value(req, key, obj, encoded), s.record(req, obj))
	if errors.Is(err, store.ErrKeyExists) {
		return nil, api.NewAlreadyExists(req.Resource.Kind, req.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("create %s %q: %w", req.Resource.Resource(), req.Name, err)
	}
	return s.written(ctx, req, http.StatusCreated, kv)
}

// value is the stored form of an object at the revision of its write. On the way it tells the cache what
// selectors will want to know of it.
func (s *Server) value(req *Request, key string, obj api.Object, encoded spliced) store.Value {
	attributes := attributesOf(req.Resource, obj)
	return func(revision int64) []byte {
		s.cache.hint(revision, key, attributes)
		return encoded.with(revision)
	}
}

// written answers a write when the cache has it, so that whoever wrote will read its own write.
func (s *Server) written(ctx context.Context, req *Request, code int, kv *store.KeyValue) (*Answer, error) {
	if err := s.cache.waitFor(ctx, kv.ModRevision); err != nil {
		return nil, err
	}
	return &Answer{Code: code, JSON: kv.Value}, nil
}

// prepareMeta wipes what only the server may set, and puts the object into the namespace of the URL.
func (r *Request) prepareMeta(meta *api.ObjectMeta) error {
	meta.SelfLink, meta.UID, meta.CreationTimestamp = "", "", api.Time{}
	meta.DeletionTimestamp, meta.DeletionGracePeriodSeconds, meta.ManagedFields = nil, nil, nil
	if meta.ResourceVersion != "" && meta.ResourceVersion != "0" {
		return api.NewInternalError(errors.New("resourceVersion should not be set on objects to be created"))
	}
	r.dropDoubleOwners(meta)
	return r.checkNamespace(meta)
}

// checkNamespace makes the object's namespace that of the URL, unless it names another one.
func (r *Request) checkNamespace(meta *api.ObjectMeta) error {
	want := r.objectNamespace()
	if meta.Namespace != "" && want != "" && meta.Namespace != want {
		return api.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	meta.Namespace = want
	return nil
}

// dropDoubleOwners drops owner references that are there twice: old clients sent them, and the garbage
// collector counts owners.
func (r *Request) dropDoubleOwners(meta *api.ObjectMeta) {
	if len(meta.OwnerReferences) < 2 {
		return
	}
	var kept []api.OwnerReference
	var doubled []string
	for _, ref := range meta.OwnerReferences {
		seen := false
		for _, k := range kept {
			seen = seen || api.Equal(k, ref)
		}
		if seen {
			doubled = append(doubled, string(ref.UID))
		} else {
			kept = append(kept, ref)
		}
	}
	if len(doubled) > 0 {
		meta.OwnerReferences = kept
		r.Warn(".metadata.ownerReferences contains duplicate entries; the duplicates were dropped; duplicate UID(s) observed: " + strings.Join(doubled, ", "))
	}
}

// A generated name is the prefix and five random characters. The alphabet has no vowels and no digits or letters that
// look alike, so that a name is never a word, and can be read aloud.
const (
	nameAlphabet     = "bcdfghjklmnpqrstvwxz2456789"
	nameSuffixLength = 5
	maxNameLength    = 63
	// maxNameAttempts is how often a taken name is generated anew: with a million names of one prefix, one create
	// in a thousand would fail.
	maxNameAttempts = 7
)

func generateName(prefix string) string {
	if len(prefix) > maxNameLength-nameSuffixLength {
		prefix = prefix[:maxNameLength-nameSuffixLength]
	}
	random := make([]byte, nameSuffixLength)
	rand.Read(random) // never fails, says crypto/rand
	for i, b := range random {
		random[i] = nameAlphabet[int(b)%len(nameAlphabet)]
	}
	return prefix + string(random)
}

// newUID makes a random UUID (version 4).
func newUID() api.UID {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return api.UID(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}
