package apiserver

import (
	"context"
	"sync/atomic"

	"kubelite/api"
)

// View is how one kind, or one version of a kind, is stored as another.
type View struct {
	Of         *api.Kind // the kind that is stored
	ToStored   func(ctx context.Context, obj api.Object) (api.Object, error)
	FromStored func(ctx context.Context, objs []api.Object) ([]api.Object, error)
	// IsOwn tells whether stored bytes are in the view's own form as they are. Nil: they never are.
	IsOwn func(json []byte) bool
	// FieldNames says what field selectors of this kind are called in the stored kind. Nil: the same.
	FieldNames map[string]string
}

// toStored makes the stored kind of an object, as it will be read: upstream, which fills in defaults whenever it reads from
// its store, has them for what admission put into the object, too.
func (res *Resource) toStored(ctx context.Context, obj api.Object) (api.Object, error) {
	if res.View != nil {
		var err error
		if obj, err = res.View.ToStored(ctx, obj); err != nil {
			return nil, err
		}
	}
	if kind := api.KindFor(obj); kind.Default != nil {
		kind.Default(obj)
	}
	if res.Kind.Group != "apiextensions.k8s.io" { // upstream keeps definitions as JSON
		api.SettleEmpty(obj)
	}
	return obj, nil
}

// isOwn tells whether stored bytes are in the resource's own form.
func (res *Resource) isOwn(json []byte) bool {
	return res.View == nil || res.View.IsOwn != nil && res.View.IsOwn(json)
}

// present returns stored entries in the resource's own form: what clients of this resource get. For nearly all that is
// what they are. The others are converted, all of them in one go, because it may take a request to a webhook; the
// entry keeps the result.
func (res *Resource) present(ctx context.Context, entries []*entry) ([]*entry, error) {
	if res.View == nil {
		return entries, nil
	}
	own := make([]*entry, len(entries))
	var missing []int
	var objs []api.Object
	for i, e := range entries {
		if own[i] = e.shownAs(res); own[i] != nil {
			continue
		}
		obj, err := e.object(res)
		if err != nil {
			return nil, err
		}
		missing, objs = append(missing, i), append(objs, obj)
	}
	if len(missing) == 0 {
		return own, nil
	}
	objs, err := res.View.FromStored(ctx, objs)
	if err != nil {
		return nil, err
	}
	for n, i := range missing {
		encoded, err := encode(objs[n])
		if err != nil {
			return nil, err
		}
		own[i] = entries[i].keepShown(res, encoded.with(entries[i].revision))
	}
	return own, nil
}

// presentOne is present for one entry.
func (res *Resource) presentOne(ctx context.Context, e *entry) (*entry, error) {
	if res.View == nil {
		return e, nil
	}
	own, err := res.present(ctx, []*entry{e})
	if err != nil {
		return nil, err
	}
	return own[0], nil
}

// view decodes an entry into the resource's own kind.
func (res *Resource) view(ctx context.Context, e *entry) (api.Object, error) {
	own, err := res.presentOne(ctx, e)
	if err != nil {
		return nil, err
	}
	return decodeOwn(res.Kind, own.json)
}

// shown is an entry in the form of another resource, and how to find more of them.
type shown struct {
	res   *Resource
	entry *entry
	next  *shown
}

// shownAs returns the entry in a resource's own form, nil if that is not at hand.
func (e *entry) shownAs(res *Resource) *entry {
	if res.isOwn(e.json) {
		return e
	}
	for s := e.shown.Load(); s != nil; s = s.next {
		if s.res == res {
			return s.entry
		}
	}
	return nil
}

// keepShown keeps the entry in another form.
func (e *entry) keepShown(res *Resource, json []byte) *entry {
	other := &entry{key: e.key, namespace: e.namespace, name: e.name, revision: e.revision, json: json}
	for {
		first := e.shown.Load()
		if e.shown.CompareAndSwap(first, &shown{res, other, first}) {
			return other
		}
	}
}

// forms are an entry's other forms, made when a client first asks for them.
type forms struct {
	protobuf atomic.Pointer[[]byte]
	shown    atomic.Pointer[shown]
}
