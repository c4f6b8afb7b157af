package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The namespace loop.
//
//	desired    a namespace that is being deleted has nothing in it
//	actual     what the server lists in it, kind by kind
//	converge   delete everything, pods first; when all is gone, take the finalizer "kubernetes" away, and the server
//	           lets the namespace go
//
// Until then the namespace is Terminating, its conditions say what is left, and the server refuses to create
// anything in it.

const (
	namespaceFinalizer api.FinalizerName = "kubernetes"
	// finalizerEstimate is how long, by experience, whoever put a finalizer on an object takes to do its work.
	finalizerEstimate = 15 * time.Second
)

// NamespaceController empties namespaces that are being deleted.
type NamespaceController struct {
	client     *client.Client
	namespaces *client.Informer[*api.Namespace]
	log        *slog.Logger
	queue      *client.Queue
}

// NewNamespaceController subscribes to namespaces, and to the end of pods: pods end in their own time, and the rest of
// the namespace waits for the last of them.
func NewNamespaceController(c *client.Client, caches *Caches, log *slog.Logger) *NamespaceController {
	n := &NamespaceController{client: c, namespaces: caches.Namespaces, log: log, queue: client.NewQueue("namespace")}
	caches.Namespaces.OnChange(func(_, ns *api.Namespace, revision int64) {
		if ns != nil && ns.DeletionTimestamp != nil {
			n.queue.Add(ns.Key(), revision)
		}
	})
	caches.Pods.OnChange(func(old, pod *api.Pod, revision int64) {
		if pod != nil {
			return
		}
		key := api.Key{Name: old.Namespace}
		if ns, ok := n.namespaces.Get(key); ok && ns.DeletionTimestamp != nil {
			n.queue.Add(key, revision)
		}
	})
	return n
}

// Run reconciles until ctx ends.
func (n *NamespaceController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, n.namespaces); err != nil {
		return err
	}
	return n.queue.Run(ctx, 5, n.Reconcile, n.log)
}

// Reconcile takes a namespace that is being deleted one step further.
func (n *NamespaceController) Reconcile(ctx context.Context, key api.Key) error {
	if ns, ok := n.namespaces.Get(key); !ok || ns.DeletionTimestamp == nil {
		return nil
	}
	// From the server, not the cache: what follows destroys things, and a cache may still show a namespace whose
	// name has been given to a new one.
	ns, err := client.Of[*api.Namespace](n.client).Get(ctx, "", key.Name)
	if api.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if ns.DeletionTimestamp == nil || len(ns.Spec.Finalizers) == 0 {
		return nil // not ours, or ours no more: other finalizers, in its metadata, hold it
	}
	if ns, err = n.markTerminating(ctx, ns); err != nil {
		return err
	}
	left, failures := n.deleteContent(ctx, ns)
	if err := n.reportContent(ctx, ns, left); err != nil {
		return err
	}
	if len(failures) > 0 {
		return fmt.Errorf("delete content of namespace %s: %w", ns.Name, errors.Join(failures...))
	}
	if left.total() > 0 {
		// Half the estimate, because it is one: objects may go sooner. Pods that go are noticed at once.
		wait := left.estimate/2 + time.Second
		n.queue.PutOff(ctx, key, wait, "namespace content")
		ctx := client.Because(ctx, "wait: %s; look again in %s", left.describe(), wait)
		tell(ctx, n.client, n.log, ns)
		return nil
	}
	return n.finalize(ctx, ns)
}

// markTerminating makes the phase say what the deletion timestamp means.
func (n *NamespaceController) markTerminating(ctx context.Context, ns *api.Namespace) (*api.Namespace, error) {
	if ns.Status.Phase == api.NamespaceTerminating {
		return ns, nil
	}
	update := api.DeepCopy(ns)
	update.Status.Phase = api.NamespaceTerminating
	ctx = client.Because(ctx, "the namespace is being deleted: phase Terminating")
	return client.Of[*api.Namespace](n.client).UpdateStatus(ctx, update)
}

// deleteContent deletes everything in the namespace, and returns what is left afterwards, with the failures.
func (n *NamespaceController) deleteContent(ctx context.Context, ns *api.Namespace) (left content, failures []error) {
	resources, err := discover(ctx, n.client)
	if err != nil {
		// Go on with the kinds that are known: one program behind the API that is away must not keep the rest.
		left.discoveryFailures = append(left.discoveryFailures, err)
		failures = append(failures, err)
	}
	resources = slices.DeleteFunc(resources, func(r client.APIResource) bool { return !r.Namespaced || !r.Can("delete") })
	deleteAll := func(r client.APIResource) {
		if err := n.deleteKind(ctx, r, ns, &left); err != nil {
			left.deleteFailures = append(left.deleteFailures, err)
			failures = append(failures, err)
		}
	}
	// Pods first: while one runs, it may still need its ConfigMaps, its Secrets, its NetworkPolicy.
	if i := slices.IndexFunc(resources, isPods); i >= 0 {
		deleteAll(resources[i])
		if left.total() > 0 {
			return left, failures
		}
	}
	for _, r := range resources {
		if !isPods(r) {
			deleteAll(r)
		}
	}
	return left, failures
}

// deleteKind deletes all objects of one kind in the namespace and counts those that stay for now.
func (n *NamespaceController) deleteKind(ctx context.Context, r client.APIResource, ns *api.Namespace, left *content) error {
	ctx = client.Because(ctx, "namespace %s is being deleted: delete its %s", ns.Name, r.Plural)
	items, err := n.list(ctx, r, ns.Name)
	if err != nil || len(items) == 0 {
		return err
	}
	grace := longestGrace(items, r)
	if r.Can("deletecollection") {
		err = n.delete(ctx, r.Path(ns.Name, ""))
	} else {
		for _, item := range items {
			if err = n.delete(ctx, r.Path(ns.Name, item.Metadata.Name)); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	if items, err = n.list(ctx, r, ns.Name); err != nil {
		return err
	}
	return left.add(r, items, grace, time.Since(ns.DeletionTimestamp.Time), ns.Name)
}

// contentItem is what this loop reads of an object of any kind. Status and grace period are a pod's.
type contentItem struct {
	Metadata struct {
		Name       string   `json:"name"`
		Finalizers []string `json:"finalizers"`
	} `json:"metadata"`
	Spec struct {
		TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

func (n *NamespaceController) list(ctx context.Context, r client.APIResource, namespace string) ([]contentItem, error) {
	if !r.Can("list") {
		return nil, nil
	}
	request := client.Request{Path: r.Path(namespace, "")}
	if !isPods(r) {
		request.Accept = client.PartialObjectMetadataList
	}
	answer, err := n.client.Do(ctx, request)
	if api.IsNotFound(err) {
		return nil, nil // the kind went away since discovery
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", r.Plural, err)
	}
	var list struct {
		Items []contentItem `json:"items"`
	}
	if err := api.ReadJSON(answer.Body, &list); err != nil {
		return nil, fmt.Errorf("list %s: %w", r.Plural, err)
	}
	return list.Items, nil
}

// delete deletes an object or a collection in the background: each kind is deleted in its own right, so there is
// nothing for the garbage collector to add or to spare.
func (n *NamespaceController) delete(ctx context.Context, path string) error {
	body, err := api.MarshalJSON(api.DeleteOptions{
		TypeMeta:          api.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"},
		PropagationPolicy: api.Ptr(api.DeletePropagationBackground),
	})
	if err != nil {
		return err
	}
	if _, err = n.client.Do(ctx, client.Request{Method: http.MethodDelete, Path: path, Body: body}); err != nil && !api.IsNotFound(err) {
		return fmt.Errorf("delete %s: %w", path, err)
	}
	return nil
}

// reportContent writes what is left into the namespace's conditions.
func (n *NamespaceController) reportContent(ctx context.Context, ns *api.Namespace, left content) error {
	update := api.DeepCopy(ns)
	if !setNamespaceConditions(&update.Status, left, time.Now()) {
		return nil
	}
	ctx = client.Because(ctx, "report: %s", left.describe())
	updated, err := client.Of[*api.Namespace](n.client).UpdateStatus(ctx, update)
	if err != nil {
		return err
	}
	ns.ResourceVersion = updated.ResourceVersion
	return nil
}

// finalize takes our finalizer away. If it was the last one, the server removes the namespace.
func (n *NamespaceController) finalize(ctx context.Context, ns *api.Namespace) error {
	update := api.DeepCopy(ns)
	update.Spec.Finalizers = slices.DeleteFunc(update.Spec.Finalizers, func(f api.FinalizerName) bool { return f == namespaceFinalizer })
	ctx = client.Because(ctx, "nothing is left in it: take the finalizer away")
	_, err := client.Of[*api.Namespace](n.client).UpdateSubresource(ctx, update, "finalize")
	if err == nil {
		n.log.InfoContext(ctx, "namespace emptied", "kind", "Namespace", "name", ns.Name)
	}
	if api.IsNotFound(err) {
		return nil
	}
	return err
}

func isPods(r client.APIResource) bool { return r.Group == "" && r.Plural == "pods" }
