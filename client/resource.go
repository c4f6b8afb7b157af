package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"

	"kubelite/api"
)

// Resource is typed access to the objects of one kind: client.Of[*api.Pod](c). It holds no state and may be made
// wherever it is needed. Namespace arguments are "" for cluster-scoped kinds, and in lists for all namespaces.
type Resource[T api.Object] struct {
	client *Client
	kind   *api.Kind
}

// Of gives access to the kind whose Go type is T, a pointer such as *api.Pod.
func Of[T api.Object](c *Client) Resource[T] {
	return Resource[T]{client: c, kind: api.KindOf[T]()}
}

// ListOptions narrow a list or a watch.
type ListOptions struct {
	LabelSelector, FieldSelector string
	// ResourceVersion of a list: "" the present, "0" whatever the server has at hand, else not older than this one.
	// Of a watch: "" begins with the objects that exist, else with what happened after this one.
	ResourceVersion string
	// ResourceVersionMatch of "Exact" lists the objects as they were at ResourceVersion.
	ResourceVersionMatch api.ResourceVersionMatch
	// Limit is how many objects a page may hold, 0 all. Continue is the previous page's Meta.Continue.
	Limit    int64
	Continue string
	// Of a watch only: the server ends it after so many seconds (0: when it likes); sends bookmarks; begins with the
	// present objects and a bookmark after them.
	TimeoutSeconds      int64
	AllowWatchBookmarks bool
	SendInitialEvents   bool
}

// Query is the options as URL parameters.
func (o ListOptions) Query() url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	set("labelSelector", o.LabelSelector)
	set("fieldSelector", o.FieldSelector)
	set("resourceVersion", o.ResourceVersion)
	set("resourceVersionMatch", string(o.ResourceVersionMatch))
	set("continue", o.Continue)
	if o.Limit > 0 {
		q.Set("limit", strconv.FormatInt(o.Limit, 10))
	}
	if o.TimeoutSeconds > 0 {
		q.Set("timeoutSeconds", strconv.FormatInt(o.TimeoutSeconds, 10))
	}
	if o.AllowWatchBookmarks {
		q.Set("allowWatchBookmarks", "true")
	}
	if o.SendInitialEvents {
		q.Set("sendInitialEvents", "true")
	}
	return q
}

// Page is a list, or one page of it.
type Page[T api.Object] struct {
	Items []T
	Meta  api.ListMeta
}

// Get reads one object as it is now.
func (r Resource[T]) Get(ctx context.Context, namespace, name string) (T, error) {
	return r.object(ctx, Request{Path: r.kind.Path(namespace, name)})
}

// List reads many objects.
func (r Resource[T]) List(ctx context.Context, namespace string, opts ListOptions) (*Page[T], error) {
	resp, err := r.client.Do(ctx, Request{Path: r.kind.Path(namespace, ""), Query: opts.Query()})
	if err != nil {
		return nil, err
	}
	var list struct {
		api.ListMeta `json:"metadata"`
		Items        []T `json:"items"`
	}
	if err := api.ReadJSON(resp.Body, &list); err != nil {
		return nil, fmt.Errorf("list %s: %w", r.kind.Resource(), err)
	}
	// The items of a list do not repeat what kind they are.
	for _, item := range list.Items {
		*item.GetTypeMeta() = r.kind.TypeMeta()
	}
	return &Page[T]{Items: list.Items, Meta: list.ListMeta}, nil
}

// Create stores a new object and returns it as stored.
func (r Resource[T]) Create(ctx context.Context, obj T) (T, error) {
	return r.write(ctx, http.MethodPost, r.kind.Path(obj.GetObjectMeta().Namespace, ""), obj)
}

// Update replaces an object, all but its status. It fails with a conflict if the object changed since obj was read.
func (r Resource[T]) Update(ctx context.Context, obj T) (T, error) {
	return r.write(ctx, http.MethodPut, r.pathOf(obj), obj)
}

// UpdateStatus replaces an object's status and nothing else, with the same condition as Update.
func (r Resource[T]) UpdateStatus(ctx context.Context, obj T) (T, error) {
	return r.write(ctx, http.MethodPut, r.pathOf(obj)+"/status", obj)
}

// UpdateSubresource replaces another part of an object that has its own path, such as a namespace's "finalize".
func (r Resource[T]) UpdateSubresource(ctx context.Context, obj T, subresource string) (T, error) {
	return r.write(ctx, http.MethodPut, r.pathOf(obj)+"/"+subresource, obj)
}

// Patch changes the parts of an object, or of its subresource, that the patch names.
func (r Resource[T]) Patch(ctx context.Context, namespace, name string, patchType api.PatchType, data []byte, subresource ...string) (T, error) {
	path := r.kind.Path(namespace, name)
	for _, s := range subresource {
		path += "/" + s
	}
	return r.object(ctx, Request{Method: http.MethodPatch, Path: path, Body: data, ContentType: string(patchType)})
}

// Delete asks the server to delete an object, which may linger while finalizers or a grace period hold it.
func (r Resource[T]) Delete(ctx context.Context, namespace, name string, opts api.DeleteOptions) error {
	return r.delete(ctx, r.kind.Path(namespace, name), opts, nil)
}

// DeleteCollection deletes all objects that match.
func (r Resource[T]) DeleteCollection(ctx context.Context, namespace string, opts api.DeleteOptions, which ListOptions) error {
	return r.delete(ctx, r.kind.Path(namespace, ""), opts, which.Query())
}

func (r Resource[T]) delete(ctx context.Context, path string, opts api.DeleteOptions, query url.Values) error {
	opts.TypeMeta = api.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"}
	body, err := api.MarshalJSON(opts)
	if err != nil {
		return err
	}
	_, err = r.client.Do(ctx, Request{Method: http.MethodDelete, Path: path, Query: query, Body: body})
	return err
}

func (r Resource[T]) pathOf(obj T) string {
	meta := obj.GetObjectMeta()
	return r.kind.Path(meta.Namespace, meta.Name)
}

func (r Resource[T]) write(ctx context.Context, method, path string, obj T) (T, error) {
	body, err := api.MarshalJSON(withTypeMeta(r.kind, obj))
	if err != nil {
		var zero T
		return zero, fmt.Errorf("encode %s: %w", api.Describe(obj), err)
	}
	return r.object(ctx, Request{Method: method, Path: path, Body: body})
}

// object sends a request whose answer is one object of the kind.
func (r Resource[T]) object(ctx context.Context, req Request) (T, error) {
	var zero T
	resp, err := r.client.Do(ctx, req)
	if err != nil {
		return zero, err
	}
	obj := r.kind.New().(T)
	if err := api.ReadJSON(resp.Body, obj); err != nil {
		return zero, fmt.Errorf("%s %s: %w", req.method(), req.Path, err)
	}
	return obj, nil
}

// withTypeMeta makes sure that an object says what kind it is. It never writes to the caller's object, which may be
// shared by a cache: it copies the outermost struct.
func withTypeMeta[T api.Object](kind *api.Kind, obj T) T {
	if obj.GetTypeMeta().Kind != "" {
		return obj
	}
	shallow := reflect.New(reflect.TypeOf(obj).Elem())
	shallow.Elem().Set(reflect.ValueOf(obj).Elem())
	typed := shallow.Interface().(T)
	*typed.GetTypeMeta() = kind.TypeMeta()
	return typed
}
