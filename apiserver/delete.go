package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/store"
)

// Deleting is asking for deletion. An object goes at once only if nothing holds it back; else it is marked with
// metadata.deletionTimestamp and lives on until whoever holds it back lets go:
//
//	finalizers            each is a promise of some controller to clean up first; the last one to be taken away ends it
//	grace period          a running Pod: the kubelet stops the containers, then deletes it again with grace 0
//	namespace finalizer   a Namespace: the namespace controller deletes what is inside
//
// The garbage collector's part is a finalizer too: "foregroundDeletion" makes the owner wait for its dependents,
// "orphan" makes it wait until they have forgotten it.
const (
	finalizerForeground = "foregroundDeletion"
	finalizerOrphan     = "orphan"
)

// serveDelete serves DELETE of one object, for every kind.
func (s *Server) serveDelete(_ http.ResponseWriter, req *Request) (*Answer, error) {
	options, err := readDeleteOptions(req)
	if err != nil {
		return nil, err
	}
	return s.delete(req.HTTP.Context(), req, options)
}

// delete deletes one object, or begins to.
func (s *Server) delete(ctx context.Context, req *Request, options *api.DeleteOptions) (*Answer, error) {
	for attempt := 0; ; attempt++ {
		current, err := s.current(ctx, req)
		if err != nil {
			return nil, err
		}
		answer, err := s.deleteOnce(ctx, req, current, *options)
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrKeyNotFound) {
			return answer, err
		}
		if attempt == maxConflicts {
			return nil, api.NewConflict(req.Resource.Kind, req.Name, errors.New(modified))
		}
	}
}

// deleteOnce is one attempt, on the object as it is. It returns the store's error if another writer came between.
func (s *Server) deleteOnce(ctx context.Context, req *Request, current *entry, options api.DeleteOptions) (*Answer, error) {
	res := req.Resource
	obj, err := res.view(ctx, current)
	if err != nil {
		return nil, err
	}
	if err := checkPreconditions(res.Kind, obj.GetObjectMeta(), options.Preconditions); err != nil {
		return nil, err
	}
	req.deletion = &options
	if err := s.admission.Mutate(ctx, req, nil, obj); err != nil {
		return nil, err
	}
	if err := s.admission.Validate(ctx, req, nil, obj); err != nil {
		return nil, err
	}
	return s.deleteAdmitted(ctx, req, current, obj, options)
}

// deleteAdmitted is the rest of an attempt, when nobody has anything against it.
func (s *Server) deleteAdmitted(ctx context.Context, req *Request, current *entry, obj api.Object, options api.DeleteOptions) (*Answer, error) {
	res := req.Resource
	plan := planDeletion(res, obj, &options, time.Now()) // changes obj
	if plan == keep {
		return lingers(&options, &Answer{Code: http.StatusOK, JSON: current.json}), nil
	}
	final, err := res.toStored(ctx, obj)
	if err != nil {
		return nil, err
	}
	if plan == mark {
		answer, err := s.storeChanged(ctx, req, current, final)
		return lingers(&options, answer), err
	}
	return s.remove(ctx, req, current, final, nil)
}

// lingers answers a deletion whose object is still there: 200 and the object, but 202 to those who ask in the way of
// old.
func lingers(options *api.DeleteOptions, answer *Answer) *Answer {
	if answer != nil && options.OrphanDependents != nil && !*options.OrphanDependents {
		answer.Code = http.StatusAccepted
	}
	return answer
}

// remove takes the object out of the store. final is the state that watchers see last; shown is what an update
// that ended the object answers with (nil: a deletion, which answers as deletions do).
func (s *Server) remove(ctx context.Context, req *Request, current *entry, final, shown api.Object) (*Answer, error) {
	res := req.Resource
	answer := func(final api.Object, json []byte) *Answer {
		switch {
		case shown != nil:
			return answerObject(http.StatusOK, shown)
		case res.Strategy.AnswersDeleted:
			return &Answer{Code: http.StatusOK, JSON: json}
		}
		return answerObject(http.StatusOK, deletedStatus(res.Kind, final.GetObjectMeta()))
	}
	if req.DryRun {
		req.effect.would(req, current, nil)
		return answer(final, current.json), nil
	}
	encoded, err := encode(final)
	if err != nil {
		return nil, err
	}
	kv, err := s.store.Delete(ctx, current.key, current.revision, s.value(req, current.key, final, encoded), s.record(req, final))
	if err != nil {
		return nil, fmt.Errorf("delete %s %q: %w", res.Resource(), req.Name, err)
	}
	if res.Strategy.Deleted != nil {
		res.Strategy.Deleted(s, req, final)
	}
	if _, err := s.written(ctx, req, http.StatusOK, kv, nil); err != nil {
		return nil, err
	}
	return answer(final, kv.Value), nil
}

// deletedStatus is what most kinds answer when the object is gone: a Status that says which one it was.
func deletedStatus(kind *api.Kind, meta *api.ObjectMeta) *api.Status {
	return &api.Status{
		TypeMeta: api.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: api.StatusSuccess,
		Details: &api.StatusDetails{Name: meta.Name, Group: kind.Group, Kind: kind.Plural, UID: meta.UID},
	}
}

// A deletion does one of three things.
type deletion int

const (
	removeNow deletion = iota // nothing holds the object back
	mark                      // it lingers; its metadata says so now
	keep                      // it lingers already, and this request changes nothing
)

// planDeletion decides what a deletion does, and changes obj accordingly. It is upstream's rules in their order.
func planDeletion(res *Resource, obj api.Object, options *api.DeleteOptions, now time.Time) deletion {
	meta := obj.GetObjectMeta()
	graceful, pending := planGrace(res, obj, options, now)
	if pending {
		return keep
	}
	before := slices.Clone(meta.Finalizers)
	setGarbageCollectorFinalizers(res, meta, options)
	held := len(meta.Finalizers) > 0
	finalized := res.Strategy.Finalized == nil || res.Strategy.Finalized(obj)
	switch {
	case graceful && (held || *meta.DeletionGracePeriodSeconds > 0):
		return mark
	case !held && finalized:
		return removeNow
	case meta.DeletionTimestamp != nil && !graceful && slices.Equal(before, meta.Finalizers):
		return keep // asked for before
	}
	if meta.DeletionTimestamp == nil && meta.Generation > 0 {
		meta.Generation++
	}
	if meta.DeletionTimestamp == nil || meta.DeletionTimestamp.After(now) {
		meta.DeletionTimestamp = &api.Time{Time: now.Truncate(time.Second)}
	}
	if held {
		meta.DeletionGracePeriodSeconds = api.Ptr[int64](0)
	}
	if res.Strategy.OnDelete != nil {
		res.Strategy.OnDelete(obj)
	}
	return mark
}

// planGrace applies the rules of graceful deletion. graceful: the object has a grace period, which metadata now
// tells. pending: it has one already, and this request does not shorten it.
func planGrace(res *Resource, obj api.Object, options *api.DeleteOptions, now time.Time) (graceful, pending bool) {
	if res.Strategy.Grace == nil {
		return false, false
	}
	meta, asked := obj.GetObjectMeta(), options.GracePeriodSeconds
	if asked != nil && *asked < 0 {
		asked = api.Ptr[int64](1)
	}
	if meta.DeletionTimestamp == nil {
		period := res.Strategy.Grace(obj, asked)
		at := api.Time{Time: now.Add(time.Duration(period) * time.Second).Truncate(time.Second)}
		meta.DeletionTimestamp, meta.DeletionGracePeriodSeconds = &at, &period
		if meta.Generation > 0 {
			meta.Generation++
		}
		return true, false
	}
	running := meta.DeletionGracePeriodSeconds
	if running == nil || *running == 0 {
		return false, false
	}
	if asked == nil || *asked >= *running { // a grace period only ever gets shorter
		return false, true
	}
	began := meta.DeletionTimestamp.Add(-time.Duration(*running) * time.Second)
	at, period := began.Add(time.Duration(*asked)*time.Second), *asked
	if at.Before(now) {
		at = now
		if period != 0 { // shortened into the past, but not to nothing: the kubelet still has the last word
			period = 1
		}
	}
	meta.DeletionTimestamp, meta.DeletionGracePeriodSeconds = &api.Time{Time: at.Truncate(time.Second)}, &period
	return true, false
}

// setGarbageCollectorFinalizers sets or takes away the two finalizers that the garbage collector works off.
func setGarbageCollectorFinalizers(res *Resource, meta *api.ObjectMeta, options *api.DeleteOptions) {
	if res.Strategy.NoGarbageCollection {
		return
	}
	had := func(f string) bool { return slices.Contains(meta.Finalizers, f) }
	orphan, foreground := had(finalizerOrphan), had(finalizerForeground)
	switch {
	case options.OrphanDependents != nil:
		orphan, foreground = *options.OrphanDependents, false
	case options.PropagationPolicy != nil:
		orphan = *options.PropagationPolicy == api.DeletePropagationOrphan
		foreground = *options.PropagationPolicy == api.DeletePropagationForeground
	case !orphan && !foreground:
		orphan = res.Strategy.OrphanByDefault
	}
	if orphan == had(finalizerOrphan) && foreground == had(finalizerForeground) {
		return
	}
	meta.Finalizers = slices.DeleteFunc(slices.Clone(meta.Finalizers), func(f string) bool {
		return f == finalizerOrphan || f == finalizerForeground
	})
	if orphan {
		meta.Finalizers = append(meta.Finalizers, finalizerOrphan)
	}
	if foreground {
		meta.Finalizers = append(meta.Finalizers, finalizerForeground)
	}
}

// checkPreconditions refuses a deletion that means another object, or another version of it.
func checkPreconditions(kind *api.Kind, meta *api.ObjectMeta, want *api.Preconditions) error {
	if want == nil {
		return nil
	}
	kind = &api.Kind{GroupVersion: kind.GroupVersion, Plural: kind.Kind} // upstream names the kind here, not the resource
	if want.UID != nil && *want.UID != meta.UID {
		return api.NewConflict(kind, meta.Name, fmt.Errorf("the UID in the precondition (%s) does not match the UID in record (%s). The object might have been deleted and then recreated", *want.UID, meta.UID))
	}
	if want.ResourceVersion != nil && *want.ResourceVersion != meta.ResourceVersion {
		return api.NewConflict(kind, meta.Name, fmt.Errorf("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified", *want.ResourceVersion, meta.ResourceVersion))
	}
	return nil
}
