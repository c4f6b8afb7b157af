package client

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"kubelite/api"
)

// Informer keeps a local copy of all objects of one kind, and tells what changes. It is what makes control loops
// cheap: they read from memory, as often as they like, and the API server sends each change once.
//
//	            ┌────────────────────────────────────────────────┐
//	            ▼                                                │ 410 Gone: our revision was compacted
//	list ──▶ resource version N ──▶ watch from N ──event M──▶ cache, handlers ──▶ the watch ends ──▶ watch from M
//
// The copy is a little behind the truth, always. A loop that acts on it must bear that: by writing with the resource
// version it read (a conflict means "look again"), or by remembering what it asked for until the copy shows it.
//
// AddIndex, OnChange and Enqueue come before Run; the rest may be called at any time, from anywhere.
type Informer[T api.Object] struct {
	resource Resource[T]
	opts     InformerOptions
	log      *slog.Logger
	cache    cache[T]
	handlers []func(old, new T, revision int64)
	synced   chan struct{} // closed after the first list went through the handlers

	// Of Run's goroutine only:

	// resourceVersion is the last one seen, in an object, a list or a bookmark: where to go on. "" means list first.
	resourceVersion string
	// listsOnly is set once the server refused to stream its list.
	listsOnly bool
}

// InformerOptions narrow what an informer watches. The zero value watches all objects of the kind.
type InformerOptions struct {
	Namespace, LabelSelector, FieldSelector string
}

// NewInformer makes an informer that does nothing until Run.
func NewInformer[T api.Object](c *Client, opts InformerOptions) *Informer[T] {
	resource := Of[T](c)
	return &Informer[T]{
		resource: resource,
		opts:     opts,
		log:      c.log.With("informer", resource.kind.Plural),
		cache:    cache[T]{objects: map[string]map[string]T{}, indexes: map[string]*index[T]{}},
		synced:   make(chan struct{}),
	}
}

// AddIndex lets ByIndex find objects by the values that fn gives them. fn must be pure.
func (i *Informer[T]) AddIndex(name string, fn func(T) []string) {
	i.cache.indexes[name] = &index[T]{fn: fn, values: map[string]map[api.Key]T{}}
}

// OnChange calls fn for every change, in order, one at a time: old is nil for an object that appeared, new for one that
// is gone. revision is that of the change, 0 if it is not known (an object that vanished while the informer could not
// watch). fn runs on the informer's goroutine after the cache was updated: it must not block.
func (i *Informer[T]) OnChange(fn func(old, new T, revision int64)) {
	i.handlers = append(i.handlers, fn)
}

// Enqueue adds to a queue the keys that keys gives for a changed object, in its old state and its new one: a pod that
// loses its owner concerns the owner that lost it. The keys are stamped with the event's revision.
func (i *Informer[T]) Enqueue(q *Queue, keys func(obj T) []api.Key) {
	i.OnChange(func(old, new T, revision int64) {
		causes := CauseOf(revision)
		for _, obj := range []T{old, new} {
			if absent(obj) {
				continue
			}
			for _, key := range keys(obj) {
				q.add(key, causes)
			}
		}
	})
}

// Get returns an object from the cache. It is shared: DeepCopy before changing it.
func (i *Informer[T]) Get(key api.Key) (T, bool) { return i.cache.get(key) }

// List returns the cached objects of a namespace ("": of all) whose labels match (nil: all), in no order. They are
// shared: DeepCopy before changing one.
func (i *Informer[T]) List(namespace string, sel api.Selector) []T {
	return i.cache.list(namespace, sel)
}

// Len is how many objects are cached.
func (i *Informer[T]) Len() int { return i.cache.len() }

// ByIndex returns the cached objects to which the named index gives value, in no order, shared as List's are.
func (i *Informer[T]) ByIndex(name, value string) []T { return i.cache.byIndex(name, value) }

// WaitForSync blocks until the cache holds what the first list returned and the handlers have seen it.
func (i *Informer[T]) WaitForSync(ctx context.Context) error {
	select {
	case <-i.synced:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// HasSynced is WaitForSync without the waiting.
func (i *Informer[T]) HasSynced() bool {
	select {
	case <-i.synced:
		return true
	default:
		return false
	}
}

// Run keeps the cache up to date until ctx ends, which is not an error. It survives everything else: it logs, waits
// and tries again.
func (i *Informer[T]) Run(ctx context.Context) error {
	retry := backoff{first: 50 * time.Millisecond, limit: 5 * time.Second}
	for ctx.Err() == nil {
		began := time.Now()
		err := i.follow(ctx)
		lasted := time.Since(began)
		if lasted > 10*time.Second {
			retry.reset()
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && lasted > time.Second:
			continue // the server ends a watch now and then; an end at once would be a server that cannot watch
		case err == nil:
			i.log.Debug("watch ended at once")
		case api.IsExpired(err):
			// What we saw last was compacted while we were away: only a new list tells what we missed.
			i.log.Info("list again: the last revision seen is gone", "rv", i.resourceVersion)
			i.resourceVersion = ""
		case i.resourceVersion != "" && isFutureRevision(err):
			// The server has never seen our revision: its store was replaced by an older one.
			i.log.Warn("list again: the server is behind the last revision seen", "rv", i.resourceVersion)
			i.resourceVersion = ""
		case !i.listsOnly && i.resourceVersion == "" && (api.IsInvalid(err) || api.Reason(err) == api.StatusReasonBadRequest):
			i.listsOnly = true
			continue
		default:
			i.log.Warn("watch failed, will try again", "error", err)
		}
		Wait(ctx, retry.next())
	}
	return nil
}

// follow goes on from the last revision seen until the watch ends. Without one it lists first, in one stream with the
// watch where the server can do that: then no object is ever held twice.
func (i *Informer[T]) follow(ctx context.Context) error {
	if i.resourceVersion != "" || !i.listsOnly {
		return i.watch(ctx)
	}
	if err := i.list(ctx); err != nil {
		return err
	}
	return i.watch(ctx)
}

func (i *Informer[T]) watch(ctx context.Context) error {
	opts := i.listOptions()
	opts.AllowWatchBookmarks = true
	// Different for each watch, or all of a server's clients would come back together.
	opts.TimeoutSeconds = 300 + rand.Int64N(300)
	opts.ResourceVersion = i.resourceVersion
	var unconfirmed map[api.Key]struct{} // nil once the list is complete
	if i.resourceVersion == "" {
		opts.SendInitialEvents = true
		opts.ResourceVersionMatch = api.ResourceVersionMatchNotOlderThan
		unconfirmed = i.cache.keys()
	}
	stream, err := i.resource.openWatch(ctx, i.opts.Namespace, opts)
	if err != nil {
		return err
	}
	defer stream.Close()
	return i.resource.eachEvent(stream, func(e WatchEvent[T]) error {
		meta := e.Object.GetObjectMeta()
		switch e.Type {
		case Added, Modified:
			delete(unconfirmed, meta.Key())
			i.changed(e.Object)
		case Deleted:
			i.deleted(e.Object)
		case Bookmark:
			if unconfirmed != nil && meta.Annotations[InitialEventsEnd] == "true" {
				i.listed(unconfirmed)
				unconfirmed = nil
			}
		}
		// Invariant: resourceVersion is set only when the cache holds everything up to it. In the middle of a list it
		// does not: if the stream breaks now, the list begins anew.
		if unconfirmed == nil {
			i.resourceVersion = meta.ResourceVersion
		}
		return nil
	})
}

// list reads everything in pages, for servers that cannot stream a list.
func (i *Informer[T]) list(ctx context.Context) error {
	opts := i.listOptions()
	opts.Limit = 500
	unconfirmed := i.cache.keys()
	for {
		page, err := i.resource.List(ctx, i.opts.Namespace, opts)
		if api.IsExpired(err) && opts.Continue != "" {
			// The pages show one revision, which was compacted before we came to the end: take all at once.
			opts.Limit, opts.Continue = 0, ""
			continue
		}
		if err != nil {
			return err
		}
		for _, obj := range page.Items {
			delete(unconfirmed, obj.GetObjectMeta().Key())
			i.changed(obj)
		}
		if opts.Continue = page.Meta.Continue; opts.Continue == "" {
			i.listed(unconfirmed)
			i.resourceVersion = page.Meta.ResourceVersion
			return nil
		}
	}
}

func (i *Informer[T]) listOptions() ListOptions {
	return ListOptions{LabelSelector: i.opts.LabelSelector, FieldSelector: i.opts.FieldSelector}
}

// listed ends a list: what was cached and did not show up again was deleted while nobody watched.
func (i *Informer[T]) listed(gone map[api.Key]struct{}) {
	var none T
	for key := range gone {
		if old, existed := i.cache.remove(key); existed {
			i.notify(old, none, 0)
		}
	}
	if !i.HasSynced() {
		close(i.synced)
	}
}

func (i *Informer[T]) changed(obj T) {
	meta := obj.GetObjectMeta()
	meta.ManagedFields = nil // often a third of an object, and no control loop looks at it
	defer inFlight.begin()()
	old, existed := i.cache.put(obj)
	if existed && old.GetObjectMeta().ResourceVersion == meta.ResourceVersion {
		return // a new list repeats what we know
	}
	i.notify(old, obj, meta.Revision())
}

func (i *Informer[T]) deleted(obj T) {
	var none T
	meta := obj.GetObjectMeta()
	meta.ManagedFields = nil
	defer inFlight.begin()()
	// An informer with a selector also gets the deletion of what merely stopped to match; the event's object is the
	// newer one either way.
	if _, existed := i.cache.remove(meta.Key()); existed {
		i.notify(obj, none, meta.Revision())
	}
}

func (i *Informer[T]) notify(old, obj T, revision int64) {
	for _, handler := range i.handlers {
		handler(old, obj, revision)
	}
}

// absent tells a nil object from one that is there.
func absent[T api.Object](obj T) bool {
	var none T
	return any(obj) == any(none)
}

func isFutureRevision(err error) bool {
	var status *api.StatusError
	if !errors.As(err, &status) || status.ErrStatus.Details == nil {
		return false
	}
	for _, cause := range status.ErrStatus.Details.Causes {
		if cause.Type == api.CauseTypeResourceVersionTooLarge {
			return true
		}
	}
	return false
}
