package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The garbage collector loop.
//
//	desired    no object whose owners are all gone
//	actual     the graph of owners and dependents, from watching every kind there is
//	converge   delete such an object; and when an owner is being deleted, do with its dependents what was asked for:
//
//	background   the owner goes at once; its dependents lose their owner, and follow
//	foreground   the owner stays, with the finalizer foregroundDeletion, until the dependents that block it are gone
//	orphan       the owner stays, with the finalizer orphan, until its dependents no longer name it
//
// Example: `kubectl delete deployment web` removes the Deployment. Its ReplicaSet has lost its only owner: it is
// deleted. Then the same happens to its pods. Nobody told anyone to clean up; references to a missing UID are enough.
//
// Before anything is deleted, the server is asked: whether the object is still there, and whether each of its owners
// is. The graph lags behind the cluster, and what is deleted wrongly cannot be brought back.

const (
	foregroundFinalizer = "foregroundDeletion"
	orphanFinalizer     = "orphan"

	// rediscoverEvery is how soon the objects of a new kind are collected.
	rediscoverEvery = 30 * time.Second
	// collectorWorkers look at objects at the same time. Most of their time goes into waiting for the server.
	collectorWorkers = 20
)

// GarbageCollector deletes what nobody owns any more.
type GarbageCollector struct {
	client *client.Client
	events *client.Recorder
	log    *slog.Logger
	queue  *client.Queue // keys are UIDs, as names
	graph  *graph
	shared map[string]graphSource // by resource: the kinds that shared caches watch already

	mu        sync.Mutex
	resources map[api.GroupVersionKind]client.APIResource // guarded by mu; every version that is served
}

// NewGarbageCollector subscribes to the shared caches. The other kinds it watches itself; see
// garbagecollector_watch.go.
func NewGarbageCollector(c *client.Client, caches *Caches, log *slog.Logger) *GarbageCollector {
	gc := &GarbageCollector{
		client: c, log: log,
		events:    client.NewRecorder(c, "garbage-collector-controller", ""),
		queue:     client.NewQueue("garbagecollector"),
		resources: map[api.GroupVersionKind]client.APIResource{},
		shared:    caches.whole,
	}
	gc.graph = newGraph(func(uid api.UID, revision int64) { gc.queue.Add(api.Key{Name: string(uid)}, revision) }, gc.tellMisplaced)
	for _, source := range gc.shared {
		source.feed(gc.graph)
	}
	return gc
}

// Run watches and reconciles until ctx ends.
func (gc *GarbageCollector) Run(ctx context.Context) error {
	monitors := newMonitors(gc.client, gc.log, graphFeed{gc.graph})
	defer monitors.stop()
	if err := gc.discoverKinds(ctx, monitors); err != nil {
		return nil // ctx ended
	}
	// Looking at a dependent before its owner was seen is safe, as the server is asked, but costs a request each.
	for _, cache := range gc.shared {
		if err := cache.WaitForSync(ctx); err != nil {
			return nil // ctx ended
		}
	}
	monitors.waitForSync(ctx, rediscoverEvery)

	var background sync.WaitGroup
	background.Go(func() { gc.rediscover(ctx, monitors) })
	defer background.Wait()
	return gc.queue.Run(ctx, collectorWorkers, gc.Reconcile, gc.log)
}

// discoverKinds learns which kinds there are, and watches them all. It tries until it succeeds.
func (gc *GarbageCollector) discoverKinds(ctx context.Context, monitors *monitors) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, rediscoverEvery) {
		err := gc.syncKinds(ctx, monitors)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		gc.log.WarnContext(ctx, "could not discover the kinds to collect", "error", err)
		if !client.Wait(ctx, wait) {
			return ctx.Err()
		}
	}
}

// rediscover notices kinds that come and go.
func (gc *GarbageCollector) rediscover(ctx context.Context, monitors *monitors) {
	tick := time.NewTicker(rediscoverEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := gc.syncKinds(ctx, monitors); err != nil && ctx.Err() == nil {
				gc.log.WarnContext(ctx, "could not discover the kinds to collect", "error", err)
			}
		}
	}
}

func (gc *GarbageCollector) syncKinds(ctx context.Context, monitors *monitors) error {
	all, err := gc.client.Discover(ctx)
	if err != nil {
		return err
	}
	kinds := make(map[api.GroupVersionKind]client.APIResource, len(all))
	for _, r := range all {
		gvk := api.GroupVersionKind{Group: r.Group, Version: r.Version, Kind: r.Kind}
		if _, ok := kinds[gvk]; !ok { // the first resource of a kind is the one that stores it: pods, not bindings
			kinds[gvk] = r
		}
	}
	gc.mu.Lock()
	gc.resources = kinds
	gc.mu.Unlock()
	monitors.sync(ctx, slices.DeleteFunc(preferredOnly(all), func(r client.APIResource) bool { return !collectable(r) || gc.shared[r.Resource()] != nil }))
	return nil
}

// Reconcile looks at the object whose UID is the key's name.
func (gc *GarbageCollector) Reconcile(ctx context.Context, key api.Key) error {
	n, ok := gc.graph.get(api.UID(key.Name))
	if !ok {
		return nil
	}
	err := gc.step(ctx, n)
	if errors.Is(err, errImpossibleOwner) {
		return nil // trying again cannot help
	}
	return err
}

func (gc *GarbageCollector) step(ctx context.Context, n snapshot) error {
	switch {
	case n.virtual:
		return gc.verify(ctx, n)
	case n.deleting && n.orphan:
		return gc.releaseDependents(ctx, n)
	case n.waitsForDependents():
		return gc.awaitDependents(ctx, n)
	case n.deleting, len(n.owners) == 0:
		return nil // on its way out already; or nobody's, and then it stays
	default:
		return gc.collect(ctx, n)
	}
}

// verify finds out whether an owner that was only heard of exists.
func (gc *GarbageCollector) verify(ctx context.Context, n snapshot) error {
	if _, err := gc.live(ctx, n.ref); api.IsNotFound(err) {
		gc.graph.removeAbsent(n.ref, latestCause(ctx))
		return nil
	} else if err != nil {
		return err
	}
	// It exists, so a watch will show it and the node will be virtual no more. Unless it comes and goes while a
	// watch is interrupted: so ask again.
	gc.queue.PutOff(ctx, api.Key{Name: string(n.ref.uid)}, time.Second, "owner not seen yet")
	return nil
}

// releaseDependents makes orphans of an object's dependents, then lets the object go.
func (gc *GarbageCollector) releaseDependents(ctx context.Context, n snapshot) error {
	ctx = client.Because(ctx, "%s is being deleted and its dependents are to stay: release them", n.ref)
	_, err := inParallel(len(n.dependents), func(i int) error {
		err := gc.removeOwners(ctx, n.dependents[i].ref, n.ref.uid)
		if err != nil && !api.IsNotFound(err) {
			return fmt.Errorf("orphan %s: %w", n.dependents[i].ref, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	ctx = client.Because(ctx, "its %d dependents are released: take the finalizer %s away", len(n.dependents), orphanFinalizer)
	return gc.removeFinalizer(ctx, n.ref, orphanFinalizer)
}

// awaitDependents lets an object go that is being deleted in the foreground, once no dependent blocks it.
func (gc *GarbageCollector) awaitDependents(ctx context.Context, n snapshot) error {
	blocked := false
	for _, d := range n.dependents {
		if !d.blocking {
			continue
		}
		blocked = true
		if !d.waitsForDependents {
			gc.queue.AddCauses(api.Key{Name: string(d.ref.uid)}, client.AllCausesOf(ctx))
		}
	}
	if blocked {
		return nil // the end of each dependent brings us back here
	}
	ctx = client.Because(ctx, "no dependent blocks its deletion any more: take the finalizer %s away", foregroundFinalizer)
	return gc.removeFinalizer(ctx, n.ref, foregroundFinalizer)
}

// collect deletes an object if none of its owners is left, and takes references away that lead nowhere.
func (gc *GarbageCollector) collect(ctx context.Context, n snapshot) error {
	latest, err := gc.live(ctx, n.ref)
	if api.IsNotFound(err) {
		gc.graph.removeAbsent(n.ref, latestCause(ctx))
		return nil
	}
	if err != nil {
		return err
	}
	if len(latest.OwnerReferences) == 0 {
		return nil
	}
	owners, err := gc.classifyOwners(ctx, n.ref, latest.OwnerReferences)
	if err != nil {
		return err
	}
	plan := planCollection(n, latest, owners)
	switch plan.action {
	case dropReferences:
		ctx = client.Because(ctx, "%d of its %d owners remain: remove the references to the others", len(owners.solid), len(latest.OwnerReferences))
		return gc.removeOwners(ctx, n.ref, plan.drop...)
	case deleteIt:
		if plan.unblock {
			unblock := client.Because(ctx, "a dependent waits in the foreground, too: stop blocking the owners, or a circle would wait for ever")
			if err := gc.unblockOwners(unblock, n); err != nil {
				return err
			}
			latest.ResourceVersion = "" // just changed by us
		}
		ctx = client.Because(ctx, "%s: delete it, %s", plan.why, plan.policy)
		err := gc.delete(ctx, n.ref, latest, plan.policy)
		if err == nil {
			gc.log.InfoContext(ctx, "object collected", "kind", n.ref.kind, "namespace", n.ref.namespace, "name", n.ref.name, "why", plan.why)
		}
		if api.IsNotFound(err) {
			gc.graph.removeAbsent(n.ref, latestCause(ctx))
			return nil
		}
		return err
	}
	return nil
}

// ownerStates sorts an object's owner references by what has become of the owners.
type ownerStates struct {
	solid    []api.OwnerReference // there, and to stay
	dangling []api.OwnerReference // not there
	waiting  []api.OwnerReference // being deleted in the foreground: they wait for this object to go
}

// classifyOwners asks the server about each owner, unless it is known to be gone.
func (gc *GarbageCollector) classifyOwners(ctx context.Context, ref objectRef, owners []api.OwnerReference) (ownerStates, error) {
	var states ownerStates
	for _, o := range owners {
		owner, err := gc.liveOwner(ctx, ref, o)
		switch {
		case api.IsNotFound(err):
			states.dangling = append(states.dangling, o)
		case err != nil:
			return ownerStates{}, err
		case owner.DeletionTimestamp != nil && slices.Contains(owner.Finalizers, foregroundFinalizer):
			states.waiting = append(states.waiting, o)
		default:
			states.solid = append(states.solid, o)
		}
	}
	return states, nil
}

// errImpossibleOwner: an object without a namespace names an owner in one. Whose namespace that would be, nobody can
// tell, so the object is left alone.
var errImpossibleOwner = errors.New("an object without a namespace cannot have an owner in one")

// liveOwner reads the owner that a reference of the object ref names. It is "not found" also when another object has
// the name now.
func (gc *GarbageCollector) liveOwner(ctx context.Context, ref objectRef, o api.OwnerReference) (*api.ObjectMeta, error) {
	owner := ownerRef(o, ref.namespace)
	r, err := gc.resourceOf(owner)
	if err != nil {
		return nil, err
	}
	if r.Namespaced && ref.namespace == "" {
		return nil, errImpossibleOwner
	}
	if !r.Namespaced {
		owner.namespace = ""
	}
	if gc.graph.isAbsent(owner) {
		return nil, api.NewGenericNotFound()
	}
	meta, err := gc.live(ctx, owner)
	if api.IsNotFound(err) {
		gc.graph.rememberAbsent(owner)
	}
	return meta, err
}

// tellMisplaced says in an event that an object names an owner which is in another namespace: it has no such owner, and is
// going to be deleted if it has no other.
func (gc *GarbageCollector) tellMisplaced(dependent objectRef, owner api.OwnerReference, revision int64) {
	ctx := client.WithCauses(context.Background(), client.CauseOf(revision))
	gc.events.EventOn(ctx, dependent.reference(), api.EventTypeWarning, "OwnerRefInvalidNamespace", "ownerRef [%s/%s, namespace: %s, name: %s, uid: %s] does not exist in namespace %q",
		owner.APIVersion, owner.Kind, dependent.namespace, owner.Name, owner.UID, dependent.namespace)
}

// live reads an object's metadata from the server. Another object of the same name is not it.
func (gc *GarbageCollector) live(ctx context.Context, ref objectRef) (*api.ObjectMeta, error) {
	r, err := gc.resourceOf(ref)
	if err != nil {
		return nil, err
	}
	if r.Namespaced && ref.namespace == "" {
		return nil, errImpossibleOwner
	}
	answer, err := gc.client.Do(ctx, client.Request{Path: r.Path(ref.namespace, ref.name), Accept: client.PartialObjectMetadata})
	if err != nil {
		return nil, err
	}
	var obj api.PartialObjectMetadata
	if err := api.ReadJSON(answer.Body, &obj); err != nil {
		return nil, fmt.Errorf("read %s: %w", ref, err)
	}
	if obj.UID != ref.uid {
		return nil, api.NewGenericNotFound()
	}
	return &obj.ObjectMeta, nil
}

// resourceOf tells where the server keeps objects of that kind.
func (gc *GarbageCollector) resourceOf(ref objectRef) (client.APIResource, error) {
	gv := api.ParseGroupVersion(ref.apiVersion)
	gc.mu.Lock()
	defer gc.mu.Unlock()
	r, ok := gc.resources[api.GroupVersionKind{Group: gv.Group, Version: gv.Version, Kind: ref.kind}]
	if !ok {
		return r, fmt.Errorf("the server does not serve kind %s of %s (now)", ref.kind, ref.apiVersion)
	}
	return r, nil
}

// delete deletes an object if it is still the one, and still has the owners, that the decision was about.
func (gc *GarbageCollector) delete(ctx context.Context, ref objectRef, decidedOn *api.ObjectMeta, policy api.DeletionPropagation) error {
	r, err := gc.resourceOf(ref)
	if err != nil {
		return err
	}
	opts := api.DeleteOptions{
		TypeMeta:          api.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"},
		Preconditions:     &api.Preconditions{UID: &ref.uid},
		PropagationPolicy: &policy,
	}
	if decidedOn.ResourceVersion != "" {
		opts.Preconditions.ResourceVersion = &decidedOn.ResourceVersion
	}
	body, err := api.MarshalJSON(opts)
	if err != nil {
		return err
	}
	_, err = gc.client.Do(ctx, client.Request{Method: http.MethodDelete, Path: r.Path(ref.namespace, ref.name), Body: body})
	if !api.IsConflict(err) || decidedOn.ResourceVersion == "" {
		return err
	}
	// Something changed. If it was not the owners, the decision stands; else a busy object would never be collected.
	latest, liveErr := gc.live(ctx, ref)
	if liveErr != nil {
		return liveErr
	}
	if !api.Equal(latest.OwnerReferences, decidedOn.OwnerReferences) {
		return err
	}
	return gc.delete(ctx, ref, &api.ObjectMeta{}, policy)
}

// removeOwners removes references from an object.
func (gc *GarbageCollector) removeOwners(ctx context.Context, ref objectRef, owners ...api.UID) error {
	patch, err := releasePatch(ref.uid, "", owners...)
	if err != nil {
		return err
	}
	return gc.patchOwners(ctx, ref, patch, func(refs []api.OwnerReference) []api.OwnerReference {
		return slices.DeleteFunc(refs, func(o api.OwnerReference) bool { return slices.Contains(owners, o.UID) })
	})
}

// unblockOwners takes blockOwnerDeletion from an object's references.
func (gc *GarbageCollector) unblockOwners(ctx context.Context, n snapshot) error {
	unblocked := func(refs []api.OwnerReference) []api.OwnerReference {
		refs = slices.Clone(refs)
		for i := range refs {
			refs[i].BlockOwnerDeletion = api.Ptr(false)
		}
		return refs
	}
	patch := ownerPatch{Metadata: ownerPatchMeta{UID: n.ref.uid}}
	for i, o := range unblocked(n.owners) {
		if blocks(n.owners[i]) {
			patch.Metadata.OwnerReferences = append(patch.Metadata.OwnerReferences, o)
		}
	}
	body, err := api.MarshalJSON(patch)
	if err != nil {
		return err
	}
	return gc.patchOwners(ctx, n.ref, body, unblocked)
}

// patchOwners changes an object's references by strategic merge, or where the server does not know the kind well
// enough for that (custom resources), by replacing the list that is there.
func (gc *GarbageCollector) patchOwners(ctx context.Context, ref objectRef, strategic []byte, change func([]api.OwnerReference) []api.OwnerReference) error {
	err := gc.patch(ctx, ref, api.StrategicMergePatchType, strategic)
	if api.Reason(err) != api.StatusReasonUnsupportedMediaType {
		return err
	}
	latest, err := gc.live(ctx, ref)
	if err != nil {
		return err
	}
	return gc.patchMetadata(ctx, ref, metadataPatch{ResourceVersion: latest.ResourceVersion, OwnerReferences: api.Ptr(change(latest.OwnerReferences))})
}

// removeFinalizer removes one finalizer, if it is there.
func (gc *GarbageCollector) removeFinalizer(ctx context.Context, ref objectRef, finalizer string) error {
	latest, err := gc.live(ctx, ref)
	if api.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(latest.Finalizers), func(f string) bool { return f == finalizer })
	if len(left) == len(latest.Finalizers) {
		return nil
	}
	err = gc.patchMetadata(ctx, ref, metadataPatch{ResourceVersion: latest.ResourceVersion, Finalizers: &left})
	if api.IsNotFound(err) {
		return nil
	}
	return err // also a conflict: the queue brings us back, and we read again
}

// metadataPatch is a merge patch that replaces a list in an object's metadata. The resource version makes it fail if
// the list may have changed since it was read.
type metadataPatch struct {
	ResourceVersion string                `json:"resourceVersion"`
	OwnerReferences *[]api.OwnerReference `json:"ownerReferences,omitempty"`
	Finalizers      *[]string             `json:"finalizers,omitempty"`
}

func (gc *GarbageCollector) patchMetadata(ctx context.Context, ref objectRef, patch metadataPatch) error {
	body, err := api.MarshalJSON(struct {
		Metadata metadataPatch `json:"metadata"`
	}{patch})
	if err != nil {
		return err
	}
	return gc.patch(ctx, ref, api.MergePatchType, body)
}

func (gc *GarbageCollector) patch(ctx context.Context, ref objectRef, patchType api.PatchType, body []byte) error {
	r, err := gc.resourceOf(ref)
	if err != nil {
		return err
	}
	_, err = gc.client.Do(ctx, client.Request{
		Method: http.MethodPatch, Path: r.Path(ref.namespace, ref.name),
		Body: body, ContentType: string(patchType), Accept: client.PartialObjectMetadata,
	})
	return err
}

// String names the object in messages: "ReplicaSet default/web-6d4".
func (r objectRef) String() string {
	return r.kind + " " + api.Key{Namespace: r.namespace, Name: r.name}.String()
}

// reference names the object in Events.
func (r objectRef) reference() api.ObjectReference {
	return api.ObjectReference{APIVersion: r.apiVersion, Kind: r.kind, Namespace: r.namespace, Name: r.name, UID: r.uid}
}

// latestCause is the newest event that this pass acts on: what follows from the pass follows from that.
func latestCause(ctx context.Context) int64 {
	causes := client.CausesOf(ctx)
	if len(causes) == 0 {
		return 0
	}
	return causes[len(causes)-1]
}

type collectAction int

const (
	leaveIt collectAction = iota
	dropReferences
	deleteIt
)

// collection is what to do with an object that has owners.
type collection struct {
	action  collectAction
	drop    []api.UID               // the references to remove
	policy  api.DeletionPropagation // how its own dependents fare
	unblock bool                    // stop blocking the owners first
	why     string
}

// planCollection decides.
//
//   - As long as one owner is solid, the object stays. References to owners that are gone, or that wait for it to go,
//     are removed: those owners have lost it.
//   - Otherwise it is deleted. If an owner waits for it in the foreground and it has dependents of its own, it is
//     deleted in the foreground, too, so that the owner waits for all of them. If such a dependent waits in turn, there
//     may be a circle, and the object stops blocking its owners.
//   - Otherwise as its finalizers say, or in the background.
func planCollection(n snapshot, latest *api.ObjectMeta, owners ownerStates) collection {
	switch {
	case len(owners.solid) > 0 && len(owners.dangling)+len(owners.waiting) == 0:
		return collection{action: leaveIt}
	case len(owners.solid) > 0:
		plan := collection{action: dropReferences}
		for _, o := range append(slices.Clone(owners.dangling), owners.waiting...) {
			plan.drop = append(plan.drop, o.UID)
		}
		return plan
	case len(owners.waiting) > 0 && len(n.dependents) > 0:
		return collection{
			action: deleteIt, policy: api.DeletePropagationForeground,
			unblock: slices.ContainsFunc(n.dependents, func(d dependent) bool { return d.waitsForDependents }),
			why:     fmt.Sprintf("its owner %s %s waits for it, and it has dependents itself", owners.waiting[0].Kind, owners.waiting[0].Name),
		}
	}
	plan := collection{action: deleteIt, policy: api.DeletePropagationBackground}
	switch {
	case slices.Contains(latest.Finalizers, orphanFinalizer):
		plan.policy = api.DeletePropagationOrphan
	case slices.Contains(latest.Finalizers, foregroundFinalizer):
		plan.policy = api.DeletePropagationForeground
	}
	if len(owners.waiting) > 0 {
		plan.why = fmt.Sprintf("its owner %s %s waits for it to go", owners.waiting[0].Kind, owners.waiting[0].Name)
	} else {
		plan.why = fmt.Sprintf("its owner %s %s does not exist", owners.dangling[0].Kind, owners.dangling[0].Name)
	}
	return plan
}
