package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The ReplicaSet loop.
//
//	desired    spec.replicas pods made from spec.template
//	actual     the active pods whose controller reference names this ReplicaSet
//	converge   too few: create the difference. Too many: delete the ones whose loss hurts least.
//
// Example: replicas 3, and a node takes two pods with it. The watch shows their deletion, the key is queued,
// Reconcile sees one pod and creates two. Nobody remembers that there ever were others.

const (
	// maxBurst bounds the pods that one pass creates or deletes. The next pass follows as soon as the cache has
	// shown this one's.
	maxBurst = 500
	// slowStartBatch is the size of the first batch of creates; each one after it is twice as large.
	slowStartBatch = 1
)

// ReplicaSetController keeps as many pods as each ReplicaSet asks for. It does the same for ReplicationControllers, which
// are shown to it as ReplicaSets; see replicationcontroller.go.
type ReplicaSetController struct {
	client       *client.Client
	kind         replicaKind
	replicaSets  replicaCache
	pods         *client.Informer[*api.Pod]
	events       *client.Recorder
	log          *slog.Logger
	queue        *client.Queue
	expectations *expectations
	reports      *pacer
}

// replicaKind is what the loop must know of the kind that it sees to, besides what is in a ReplicaSet.
type replicaKind struct {
	name      string // as controller references have it
	component string // as events have it
	cache     replicaCache
	// object is what a ReplicaSet stands for: what pods refer to, and events are about.
	object       func(rs *api.ReplicaSet) api.Object
	read         func(ctx context.Context, namespace, name string) (api.Object, error)
	updateStatus func(ctx context.Context, rs *api.ReplicaSet) error
	terminating  bool // whether the status counts pods on their way out
}

// replicaCache is a cache of ReplicaSets, or one that looks like it.
type replicaCache interface {
	Get(key api.Key) (*api.ReplicaSet, bool)
	List(namespace string, selector api.Selector) []*api.ReplicaSet
	ByIndex(name, value string) []*api.ReplicaSet
	OnChange(changed func(old, rs *api.ReplicaSet, revision int64))
	WaitForSync(ctx context.Context) error
}

// NewReplicaSetController subscribes to the ReplicaSets and pods of the shared caches. A changed pod queues the
// ReplicaSet that owns it, an orphan those that may adopt it.
func NewReplicaSetController(c *client.Client, caches *Caches, log *slog.Logger) *ReplicaSetController {
	resource := client.Of[*api.ReplicaSet](c)
	return newReplicaSetController(c, caches, log, replicaKind{
		name: "ReplicaSet", component: "replicaset-controller", cache: caches.ReplicaSets, terminating: true,
		object: func(rs *api.ReplicaSet) api.Object { return rs },
		read: func(ctx context.Context, namespace, name string) (api.Object, error) {
			return resource.Get(ctx, namespace, name)
		},
		updateStatus: func(ctx context.Context, rs *api.ReplicaSet) error {
			_, err := resource.UpdateStatus(ctx, rs)
			return err
		},
	})
}

func newReplicaSetController(c *client.Client, caches *Caches, log *slog.Logger, kind replicaKind) *ReplicaSetController {
	r := &ReplicaSetController{
		client: c, kind: kind, replicaSets: kind.cache, pods: caches.Pods, log: log,
		events:       client.NewRecorder(c, kind.component, ""),
		queue:        client.NewQueue(strings.ToLower(kind.name)),
		expectations: newExpectations(),
		reports:      newPacer(),
	}
	kind.cache.OnChange(r.replicaSetChanged)
	caches.Pods.OnChange(r.podChanged)
	return r
}

// Run reconciles until ctx ends.
func (r *ReplicaSetController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, r.replicaSets, r.pods); err != nil {
		return err
	}
	return r.queue.Run(ctx, 5, r.Reconcile, r.log)
}

func (r *ReplicaSetController) replicaSetChanged(old, rs *api.ReplicaSet, revision int64) {
	if old != nil && (rs == nil || rs.UID != old.UID) {
		r.expectations.forget(old.Key())
		r.reports.forget(old.Key())
	}
	if rs == nil {
		rs = old
	}
	r.queue.Add(rs.Key(), revision)
}

// podChanged runs for every change of every pod, in order. It crosses off expectations, and queues who must look.
func (r *ReplicaSetController) podChanged(old, pod *api.Pod, revision int64) {
	switch {
	case old != nil && pod != nil && old.UID != pod.UID:
		// The watch was interrupted and missed that one pod took the name of another.
		r.podChanged(old, nil, revision)
		r.podChanged(nil, pod, revision)
	case pod == nil:
		r.podLeft(old, revision)
	case pod.DeletionTimestamp != nil:
		// To its ReplicaSet a pod is gone when its deletion begins: the replacement need not wait for the grace
		// period. The later events (it has ended, it is gone) only change the count of those terminating.
		r.podLeft(pod, revision)
	case old == nil:
		if rs := r.ownerOf(pod); rs != nil {
			r.expectations.creationsObserved(rs.Key(), 1)
		}
		r.queueOwners(pod, revision)
	case podChangeMatters(old, pod):
		if lost := r.ownerOf(old); lost != nil && !api.IsControlledBy(pod, lost) {
			r.queue.Add(lost.Key(), revision)
		}
		r.queueOwners(pod, revision)
	}
}

func (r *ReplicaSetController) podLeft(pod *api.Pod, revision int64) {
	if rs := r.ownerOf(pod); rs != nil {
		r.expectations.deletionObserved(rs.Key(), pod.UID)
		r.queue.Add(rs.Key(), revision)
	}
}

// ownerOf is the ReplicaSet that the pod's controller reference names, nil if it is not there (any more, or yet:
// then its own event will queue it).
func (r *ReplicaSetController) ownerOf(pod *api.Pod) *api.ReplicaSet {
	ref := api.ControllerOf(pod)
	if ref == nil || ref.Kind != r.kind.name {
		return nil
	}
	rs, ok := r.replicaSets.Get(api.Key{Namespace: pod.Namespace, Name: ref.Name})
	if !ok || rs.UID != ref.UID {
		return nil
	}
	return rs
}

func (r *ReplicaSetController) queueOwners(pod *api.Pod, revision int64) {
	if api.ControllerOf(pod) != nil {
		if rs := r.ownerOf(pod); rs != nil {
			r.queue.Add(rs.Key(), revision)
		}
		return
	}
	for _, rs := range r.replicaSets.List(pod.Namespace, nil) {
		selector, err := api.LabelSelectorAsSelector(rs.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(pod.Labels) {
			r.queue.Add(rs.Key(), revision)
		}
	}
}

// Reconcile makes the number of pods that the ReplicaSet owns equal spec.replicas.
// It is told only which object, never what happened: a missed or doubled event cannot confuse it.
func (r *ReplicaSetController) Reconcile(ctx context.Context, key api.Key) error {
	rs, ok := r.replicaSets.Get(key) // 1. desired state, from the cache
	if !ok {
		r.expectations.forget(key) // deleted: the garbage collector removes the pods
		return nil
	}
	waiting := r.expectations.await(ctx, r.kind.object(rs), r.queue, r.client, r.log)
	if waiting && !r.reports.due(key, time.Now()) {
		return nil // there is nothing to do, and it is too early to report: the end of the wait brings us back
	}
	active, terminating, err := r.ownedPods(ctx, rs) // 2. actual state, by controller reference (labels alone may lie)
	if err != nil {
		return err
	}
	var actErr error
	if !waiting && rs.DeletionTimestamp == nil {
		plan := planReplicas(rs, active) // 3. the difference: a pure function
		actErr = r.act(ctx, rs, plan)    // 4. act; remember what was asked for until the cache shows it
		active = r.expectations.withoutDeleted(key, active)
	}
	return errors.Join(actErr, r.report(ctx, rs, active, terminating, waiting, actErr)) // 5. an error means "try again later"
}

// ownedPods lists the ReplicaSet's pods that count, and those on their way out, after adoption and release.
func (r *ReplicaSetController) ownedPods(ctx context.Context, rs *api.ReplicaSet) (active, terminating []*api.Pod, err error) {
	selector, err := api.LabelSelectorAsSelector(rs.Spec.Selector)
	if err != nil {
		return nil, nil, fmt.Errorf("selector of %s: %w", api.Describe(r.kind.object(rs)), err)
	}
	for _, pod := range ownedAndOrphans(r.pods, rs) {
		switch {
		case podActive(pod):
			active = append(active, pod)
		case podTerminating(pod) && api.IsControlledBy(pod, rs) && selector.Matches(pod.Labels):
			terminating = append(terminating, pod)
		}
	}
	claim := claimer[*api.Pod]{
		resource: client.Of[*api.Pod](r.client), owner: r.kind.object(rs), selector: selector,
		readOwner: func(ctx context.Context) (api.Object, error) { return r.kind.read(ctx, rs.Namespace, rs.Name) },
	}
	active, err = claim.claim(ctx, active)
	return r.expectations.withoutDeleted(rs.Key(), active), terminating, err
}

// act carries out the plan.
func (r *ReplicaSetController) act(ctx context.Context, rs *api.ReplicaSet, plan replicaPlan) error {
	switch {
	case plan.create > 0:
		ctx = client.Because(ctx, "%d wanted, %d exist: create %d", plan.want, plan.have, plan.create)
		return r.createPods(ctx, rs, plan.create)
	case plan.remove > 0:
		ctx = client.Because(ctx, "%d wanted, %d exist: delete %d", plan.want, plan.have, plan.remove)
		victims := chooseVictims(plan.pods, r.relatedPods(rs), plan.remove, time.Now())
		return r.deletePods(ctx, rs, victims)
	}
	return nil
}

// createPods makes n pods. It starts with one and doubles: if the first is refused (a quota, a webhook), the same
// answer is not asked for hundreds of times.
func (r *ReplicaSetController) createPods(ctx context.Context, rs *api.ReplicaSet, n int) error {
	key, owner := rs.Key(), r.kind.object(rs)
	pods := client.Of[*api.Pod](r.client)
	r.expectations.expect(key, n, nil, time.Now()) // before the first create: its event may be here before its answer
	created, err := slowStart(n, slowStartBatch, func(int) error {
		pod, err := pods.Create(ctx, podFromTemplate(rs, owner))
		switch {
		case err == nil:
			r.events.Event(ctx, owner, api.EventTypeNormal, "SuccessfulCreate", "Created pod: %s", pod.Name)
		case !namespaceTerminating(err):
			r.events.Event(ctx, owner, api.EventTypeWarning, "FailedCreate", "Error creating: %v", err)
		}
		return err
	})
	r.log.InfoContext(ctx, "pods created", "kind", r.kind.name, "namespace", rs.Namespace, "name", rs.Name, "wanted", n, "created", created)
	r.expectations.creationsObserved(key, n-created) // the watch will not show what was refused or never tried
	if namespaceTerminating(err) {
		return nil // every further create would fail too, and the pods would be deleted anyway
	}
	return err
}

// deletePods deletes all of them at once. The grace period is each pod's own.
func (r *ReplicaSetController) deletePods(ctx context.Context, rs *api.ReplicaSet, victims []*api.Pod) error {
	key, owner := rs.Key(), r.kind.object(rs)
	pods := client.Of[*api.Pod](r.client)
	r.expectations.expect(key, 0, victims, time.Now())
	deleted, err := inParallel(len(victims), func(i int) error {
		pod := victims[i]
		// The UID says which pod is meant, should another one have its name by now.
		err := pods.Delete(ctx, pod.Namespace, pod.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &pod.UID}})
		if err == nil {
			r.events.Event(ctx, owner, api.EventTypeNormal, "SuccessfulDelete", "Deleted pod: %s", pod.Name)
			return nil
		}
		r.expectations.deletionObserved(key, pod.UID)
		if api.IsNotFound(err) || api.IsConflict(err) {
			return nil // somebody else was faster
		}
		r.events.Event(ctx, owner, api.EventTypeWarning, "FailedDelete", "Error deleting: %v", err)
		return fmt.Errorf("unable to delete pods: %w", err)
	})
	r.log.InfoContext(ctx, "pods deleted", "kind", r.kind.name, "namespace", rs.Namespace, "name", rs.Name, "wanted", len(victims), "deleted", deleted)
	return err // the first one; they are all alike
}

// relatedPods lists the pods of all ReplicaSets that have the same owner as rs, rs's own among them.
func (r *ReplicaSetController) relatedPods(rs *api.ReplicaSet) []*api.Pod {
	owner := api.ControllerOf(rs)
	if owner == nil {
		return r.pods.ByIndex(byController, string(rs.UID))
	}
	var related []*api.Pod
	for _, sibling := range r.replicaSets.ByIndex(byController, string(owner.UID)) {
		related = append(related, r.pods.ByIndex(byController, string(sibling.UID))...)
	}
	return related
}

// report writes the status if it changed, and queues the key for the moment when time alone will change it.
func (r *ReplicaSetController) report(ctx context.Context, rs *api.ReplicaSet, active, terminating []*api.Pod, waiting bool, actErr error) error {
	key, now := rs.Key(), time.Now()
	status, changesIn := replicaSetStatus(rs, active, terminating, actErr, now)
	if waiting {
		status.ObservedGeneration = rs.Status.ObservedGeneration // nothing was done about this generation yet
	}
	if !r.kind.terminating {
		status.TerminatingReplicas = nil
	}
	if changesIn > 0 {
		r.queue.AddAfter(key, changesIn, "minReadySeconds")
	}
	if api.Equal(rs.Status, status) {
		return nil
	}
	if now := time.Now(); onlyCountsChanged(rs.Status, status) && !r.reports.due(key, now) {
		r.queue.PutOff(ctx, key, r.reports.wait(key, now), "status")
		return nil
	}
	r.reports.done(key, now, len(active))
	update := *rs // a shallow copy: only the status is replaced
	update.Status = status
	ctx = client.Because(ctx, "status: %d wanted, %d exist, %d ready, %d available",
		replicas(rs), status.Replicas, status.ReadyReplicas, status.AvailableReplicas)
	err := r.kind.updateStatus(ctx, &update)
	if api.IsConflict(err) || api.IsNotFound(err) {
		return nil // it changed or went; the event of that is on its way and queues the key again
	}
	return err
}

// replicaPlan is the step that brings a ReplicaSet closer to its size: create, or remove, or neither.
type replicaPlan struct {
	want, have     int
	create, remove int
	pods           []*api.Pod // to choose from when some are removed
}

// planReplicas compares what is wanted with what there is. A pass does at most maxBurst.
func planReplicas(rs *api.ReplicaSet, active []*api.Pod) replicaPlan {
	plan := replicaPlan{want: int(replicas(rs)), have: len(active), pods: active}
	plan.create = min(max(plan.want-plan.have, 0), maxBurst)
	plan.remove = min(max(plan.have-plan.want, 0), maxBurst)
	return plan
}

// podFromTemplate makes the pod that the ReplicaSet wants more of. The server completes the name.
func podFromTemplate(rs *api.ReplicaSet, owner api.Object) *api.Pod {
	template := &rs.Spec.Template
	return &api.Pod{
		ObjectMeta: api.ObjectMeta{
			GenerateName: podNamePrefix(rs.Name), Namespace: rs.Namespace,
			Labels: template.Labels, Annotations: template.Annotations, Finalizers: template.Finalizers,
			OwnerReferences: []api.OwnerReference{api.NewControllerRef(owner)},
		},
		Spec: template.Spec, // shared with the cache: it is only written to the wire
	}
}

// podNamePrefix is what the names of the pods begin with. The dash is left out where it would make the name invalid.
func podNamePrefix(owner string) string {
	prefix := owner + "-"
	if len(prefix) > maxNameLength {
		return owner
	}
	return prefix
}

const maxNameLength = 253

// podChangeMatters tells whether a change of a pod can change what its ReplicaSet does or reports. Most changes (the
// scheduler picks a node, a container starts) cannot, and with thousands of pods it pays to know.
func podChangeMatters(old, pod *api.Pod) bool {
	oldSince, wasReady := podReady(old)
	since, ready := podReady(pod)
	return wasReady != ready || !oldSince.Equal(since) ||
		podEnded(old) != podEnded(pod) ||
		!api.Equal(old.Labels, pod.Labels) ||
		!api.Equal(old.OwnerReferences, pod.OwnerReferences)
}

// replicas is the size that the ReplicaSet asks for.
func replicas(rs *api.ReplicaSet) int32 { return api.Deref(rs.Spec.Replicas, 1) }

// namespaceTerminating tells that a create was refused because its namespace is being deleted.
func namespaceTerminating(err error) bool {
	var status *api.StatusError
	if !errors.As(err, &status) || status.ErrStatus.Details == nil {
		return false
	}
	for _, cause := range status.ErrStatus.Details.Causes {
		if cause.Type == namespaceTerminatingCause {
			return true
		}
	}
	return false
}

const namespaceTerminatingCause api.CauseType = "NamespaceTerminating"
