package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The DaemonSet loop.
//
//	desired    one pod on every node that the template's node selector, affinity and tolerations let it run on
//	actual     the pods whose controller reference names this DaemonSet, by the node that each is for
//	converge   a node without its pod: create one that can run only there. A pod without its node: delete it. When every
//	           node has what it should, replace pods of old templates, as many at a time as the strategy allows
//
// Example: a node n3 joins. Its event queues every DaemonSet that wants to run there; Reconcile finds no pod for n3 and
// creates one, with a node affinity for the name n3. The scheduler does the rest: it is told where, but still sees to
// resources, ports and preemption.

const (
	// maxDaemonBurst bounds the pods that one pass creates or deletes.
	maxDaemonBurst = 250
	// A pod that fails is replaced at once; one that fails again on the same node waits, twice as long each time.
	daemonBackoffStart = time.Second
	daemonBackoffMost  = 15 * time.Minute
)

// DaemonSetController keeps one pod of each DaemonSet on every node that it wants to be on.
type DaemonSetController struct {
	client       *client.Client
	daemonSets   *client.Informer[*api.DaemonSet]
	pods         *client.Informer[*api.Pod]
	nodes        *client.Informer[*api.Node]
	revisions    *client.Informer[*api.ControllerRevision]
	events       *client.Recorder
	log          *slog.Logger
	queue        *client.Queue
	expectations *expectations
	failed       *daemonBackoffs
}

// NewDaemonSetController subscribes to the DaemonSets, pods, nodes and revisions of the shared caches.
func NewDaemonSetController(c *client.Client, caches *Caches, log *slog.Logger) *DaemonSetController {
	d := &DaemonSetController{
		client: c, daemonSets: caches.DaemonSets, pods: caches.Pods, nodes: caches.Nodes, revisions: caches.ControllerRevisions, log: log,
		events: client.NewRecorder(c, "daemonset-controller", ""),
		queue:  client.NewQueue("daemonset"), expectations: newExpectations(), failed: newDaemonBackoffs(),
	}
	caches.DaemonSets.OnChange(d.daemonSetChanged)
	caches.Pods.OnChange(d.podChanged)
	caches.Nodes.OnChange(d.nodeChanged)
	wakeOwners(caches.ControllerRevisions, "DaemonSet", d.queue)
	return d
}

// Run reconciles until ctx ends.
func (d *DaemonSetController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, d.daemonSets, d.pods, d.nodes, d.revisions); err != nil {
		return err
	}
	return d.queue.Run(ctx, 2, d.Reconcile, d.log)
}

func (d *DaemonSetController) daemonSetChanged(old, ds *api.DaemonSet, revision int64) {
	if old != nil && (ds == nil || ds.UID != old.UID) {
		d.expectations.forget(old.Key())
		d.failed.forget(old.UID)
	}
	if ds == nil {
		ds = old
	}
	d.queue.Add(ds.Key(), revision)
}

// podChanged crosses off expectations, and queues who must look.
func (d *DaemonSetController) podChanged(old, pod *api.Pod, revision int64) {
	switch {
	case old != nil && pod != nil && old.UID != pod.UID: // the watch missed that one pod took the name of another
		d.podChanged(old, nil, revision)
		d.podChanged(nil, pod, revision)
	case pod == nil:
		d.podLeft(old, revision)
	case old == nil:
		if ds := d.ownerOf(pod); ds != nil {
			d.expectations.creationsObserved(ds.Key(), 1)
		}
		d.queueOwners(pod, revision)
	case pod.DeletionTimestamp != nil && old.DeletionTimestamp == nil:
		d.podLeft(pod, revision)
	case podChangeMatters(old, pod):
		if lost := d.ownerOf(old); lost != nil && !api.IsControlledBy(pod, lost) {
			d.queue.Add(lost.Key(), revision)
		}
		d.queueOwners(pod, revision)
	}
}

func (d *DaemonSetController) podLeft(pod *api.Pod, revision int64) {
	if ds := d.ownerOf(pod); ds != nil {
		d.expectations.deletionObserved(ds.Key(), pod.UID)
		d.queue.Add(ds.Key(), revision)
	}
}

func (d *DaemonSetController) ownerOf(pod *api.Pod) *api.DaemonSet {
	ref := api.ControllerOf(pod)
	if ref == nil || ref.Kind != "DaemonSet" {
		return nil
	}
	ds, ok := d.daemonSets.Get(api.Key{Namespace: pod.Namespace, Name: ref.Name})
	if !ok || ds.UID != ref.UID {
		return nil
	}
	return ds
}

func (d *DaemonSetController) queueOwners(pod *api.Pod, revision int64) {
	if api.ControllerOf(pod) != nil {
		if ds := d.ownerOf(pod); ds != nil {
			d.queue.Add(ds.Key(), revision)
		}
		return
	}
	for _, ds := range d.daemonSets.List(pod.Namespace, nil) {
		selector, err := api.LabelSelectorAsSelector(ds.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(pod.Labels) {
			d.queue.Add(ds.Key(), revision)
		}
	}
}

// nodeChanged queues the DaemonSets that have something to do on the node now. A heartbeat is none of the changes that count:
// with a thousand nodes it would wake every loop a hundred times a second. Nor is it something to do that a pod which may stay
// would not be started any more: as at upstream, the status shows it when something else happens.
func (d *DaemonSetController) nodeChanged(old, node *api.Node, revision int64) {
	if old != nil && node != nil && api.Equal(old.Labels, node.Labels) && api.Equal(old.Spec.Taints, node.Spec.Taints) {
		return
	}
	if node == nil {
		node = old
	}
	there := map[api.UID]bool{} // those that have a pod on the node
	for _, pod := range d.pods.ByIndex(byNode, node.Name) {
		if owner := api.ControllerOf(pod); owner != nil {
			there[owner.UID] = true
		}
	}
	for _, ds := range d.daemonSets.List("", nil) {
		spec := daemonPodSpec(ds)
		mayStart, mayStay := daemonFits(&spec, node)
		if there[ds.UID] && (!mayStay || ds.Status.NumberMisscheduled > 0) || mayStart && !there[ds.UID] {
			d.queue.Add(ds.Key(), revision)
		}
	}
}

// Reconcile takes the next step towards one pod per node.
func (d *DaemonSetController) Reconcile(ctx context.Context, key api.Key) error {
	ds, ok := d.daemonSets.Get(key) // 1. desired state, from the cache
	if !ok || ds.DeletionTimestamp != nil {
		return nil // the garbage collector removes the pods, and the history, in any order
	}
	selector, err := api.LabelSelectorAsSelector(ds.Spec.Selector)
	if err != nil {
		return fmt.Errorf("selector of %s: %w", api.Describe(ds), err)
	}
	waiting := d.expectations.await(ctx, ds, d.queue, d.client, d.log)
	pods, err := d.ownedPods(ctx, ds, selector) // 2. actual state, by controller reference
	if err != nil {
		return err
	}
	past, err := history(ctx, d.client, d.revisions, ds, daemonHashLabel, selector, d.readDaemonSet(ds))
	if err != nil {
		return err
	}
	collisions := api.Deref(ds.Status.CollisionCount, 0)
	revision, err := past.record(ctx, &ds.Spec.Template, &collisions)
	if err != nil {
		return err
	}
	hash, now := revision.Labels[daemonHashLabel], time.Now()
	places := daemonPlaces(ds, d.nodes.List("", nil), pods)
	var actErr error
	if !waiting {
		plan := planDaemons(ds, places, hash, now) // 3. the difference: a pure function
		d.backOff(ctx, ds, &plan, now)
		actErr = d.act(ctx, ds, plan, hash) // 4. act; remember what was asked for until the cache shows it
	}
	status, changesIn := daemonStatus(ds, places, hash, now)
	if waiting {
		status.ObservedGeneration = ds.Status.ObservedGeneration // nothing was done about this generation yet
	}
	if collisions > 0 {
		status.CollisionCount = &collisions
	}
	if changesIn > 0 {
		d.queue.AddAfter(key, changesIn, "minReadySeconds")
	}
	return errors.Join(actErr, d.report(ctx, ds, status), past.truncate(ctx, api.Deref(ds.Spec.RevisionHistoryLimit, 10), liveRevisions(past, revision, pods))) // 5. report
}

func (d *DaemonSetController) readDaemonSet(ds *api.DaemonSet) func(context.Context) (api.Object, error) {
	return func(ctx context.Context) (api.Object, error) {
		return client.Of[*api.DaemonSet](d.client).Get(ctx, ds.Namespace, ds.Name)
	}
}

// ownedPods lists the DaemonSet's pods after adoption and release.
func (d *DaemonSetController) ownedPods(ctx context.Context, ds *api.DaemonSet, selector api.Selector) ([]*api.Pod, error) {
	claim := claimer[*api.Pod]{resource: client.Of[*api.Pod](d.client), owner: ds, selector: selector, readOwner: d.readDaemonSet(ds)}
	pods, err := claim.claim(ctx, ownedAndOrphans(d.pods, ds))
	return d.expectations.withoutDeleted(ds.Key(), pods), err
}

// backOff decides which pods that have failed are deleted now. A kubelet that refuses a pod will refuse the next one too:
// without a pause the two would make and refuse pods as fast as they can.
func (d *DaemonSetController) backOff(ctx context.Context, ds *api.DaemonSet, plan *daemonPlan, now time.Time) {
	for _, failed := range plan.failed {
		if wait := d.failed.next(ds, failed.place, now); wait > 0 {
			d.queue.PutOff(ctx, ds.Key(), wait, "back-off")
			plan.wait = fmt.Sprintf("%s failed on %s, as did the one before: the next one comes in %s", failed.pod.Name, failed.place, wait.Round(time.Millisecond))
			continue
		}
		d.events.Event(ctx, ds, api.EventTypeWarning, "FailedDaemonPod", "Found failed daemon pod %s/%s on node %s, will try to kill it", failed.pod.Namespace, failed.pod.Name, failed.place)
		plan.remove = append(plan.remove, failed)
	}
}

// act carries out the plan.
func (d *DaemonSetController) act(ctx context.Context, ds *api.DaemonSet, plan daemonPlan, hash string) error {
	create, remove := plan.create[:min(len(plan.create), maxDaemonBurst)], plan.remove[:min(len(plan.remove), maxDaemonBurst)]
	if len(create)+len(remove) == 0 {
		if plan.wait != "" {
			tell(client.Because(ctx, "wait: %s", plan.wait), d.client, d.log, ds)
		}
		return nil
	}
	victims := make([]*api.Pod, len(remove))
	for i := range remove {
		victims[i] = remove[i].pod
	}
	d.expectations.expect(ds.Key(), len(create), victims, time.Now()) // before the first request: its event may be here before its answer
	created, createErr := slowStart(len(create), slowStartBatch, func(i int) error {
		return d.createPod(client.Because(ctx, "%s: create it", create[i].why), ds, create[i].place, hash)
	})
	d.expectations.creationsObserved(ds.Key(), len(create)-created) // the watch will not show what was refused or never tried
	if namespaceTerminating(createErr) {
		createErr = nil
	}
	deleted, deleteErr := inParallel(len(remove), func(i int) error {
		return d.deletePod(client.Because(ctx, "%s: delete it", remove[i].why), ds, remove[i].pod)
	})
	d.log.InfoContext(ctx, "daemon pods", "kind", "DaemonSet", "namespace", ds.Namespace, "name", ds.Name, "created", created, "deleted", deleted)
	return errors.Join(createErr, deleteErr)
}

func (d *DaemonSetController) createPod(ctx context.Context, ds *api.DaemonSet, node, hash string) error {
	pod, err := client.Of[*api.Pod](d.client).Create(ctx, daemonPod(ds, node, hash))
	switch {
	case err == nil:
		d.events.Event(ctx, ds, api.EventTypeNormal, "SuccessfulCreate", "Created pod: %s", pod.Name)
	case !namespaceTerminating(err):
		d.events.Event(ctx, ds, api.EventTypeWarning, "FailedCreate", "Error creating: %v", err)
	}
	return err
}

func (d *DaemonSetController) deletePod(ctx context.Context, ds *api.DaemonSet, pod *api.Pod) error {
	if pod.Status.Phase == api.PodSucceeded {
		d.events.Event(ctx, ds, api.EventTypeNormal, "SucceededDaemonPod", "Found succeeded daemon pod %s/%s on node %s, will try to delete it", pod.Namespace, pod.Name, pod.Spec.NodeName)
	}
	err := client.Of[*api.Pod](d.client).Delete(ctx, pod.Namespace, pod.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &pod.UID}})
	if err == nil {
		d.events.Event(ctx, ds, api.EventTypeNormal, "SuccessfulDelete", "Deleted pod: %s", pod.Name)
		return nil
	}
	d.expectations.deletionObserved(ds.Key(), pod.UID)
	if api.IsNotFound(err) || api.IsConflict(err) {
		return nil // somebody else was faster
	}
	d.events.Event(ctx, ds, api.EventTypeWarning, "FailedDelete", "Error deleting: %v", err)
	return fmt.Errorf("unable to delete pods: %w", err)
}

func (d *DaemonSetController) report(ctx context.Context, ds *api.DaemonSet, status api.DaemonSetStatus) error {
	if api.Equal(ds.Status, status) {
		return nil
	}
	update := *ds // a shallow copy: only the status is replaced
	update.Status = status
	ctx = client.Because(ctx, "status: %d nodes wanted, %d have the pod, %d ready, %d updated",
		status.DesiredNumberScheduled, status.CurrentNumberScheduled, status.NumberReady, status.UpdatedNumberScheduled)
	_, err := client.Of[*api.DaemonSet](d.client).UpdateStatus(ctx, &update)
	return ignoreConflict(err)
}
