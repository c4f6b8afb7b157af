package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The Deployment loop.
//
//	desired    spec.replicas pods of the newest template, reached without losing more than spec.strategy allows
//	actual     the ReplicaSets that the Deployment controls: one per template it ever had
//	converge   one step per pass: grow the new ReplicaSet, or shrink the old ones, as far as is safe right now
//
// A Deployment never touches a pod. It only changes the sizes of ReplicaSets, and reads in their status what became
// of that. Example, replicas 3, maxSurge 1, maxUnavailable 0, a new image:
//
//	new 0, old 3  ->  new 1, old 3   one more than wanted may exist
//	new 1, old 3  ->  new 1, old 2   once the new pod is available, an old one may go
//	new 2, old 2  ->  ...            until new 3, old 0
//
// Files: deployment_rollout.go decides the sizes, deployment_history.go keeps the revisions, deployment_status.go
// says how far it has come.

// DeploymentController rolls out what each Deployment asks for.
type DeploymentController struct {
	client      *client.Client
	deployments *client.Informer[*api.Deployment]
	replicaSets *client.Informer[*api.ReplicaSet]
	pods        *client.Informer[*api.Pod]
	events      *client.Recorder
	log         *slog.Logger
	queue       *client.Queue
	writes      *ownWrites // ReplicaSets
	reported    *ownWrites // statuses
}

// NewDeploymentController subscribes to Deployments, to ReplicaSets (each queues its owner, an orphan those that may
// adopt it) and to the end of pods (a Recreate waits for it).
func NewDeploymentController(c *client.Client, caches *Caches, log *slog.Logger) *DeploymentController {
	d := &DeploymentController{
		client: c, deployments: caches.Deployments, replicaSets: caches.ReplicaSets, pods: caches.Pods, log: log,
		events: client.NewRecorder(c, "deployment-controller", ""),
		queue:  client.NewQueue("deployment"),
		writes: newOwnWrites(), reported: newOwnWrites(),
	}
	caches.Deployments.OnChange(d.deploymentChanged)
	caches.ReplicaSets.OnChange(d.replicaSetChanged)
	caches.Pods.OnChange(d.podChanged)
	return d
}

// Run reconciles until ctx ends.
func (c *DeploymentController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, c.deployments, c.replicaSets, c.pods); err != nil {
		return err
	}
	return c.queue.Run(ctx, 5, c.Reconcile, c.log)
}

func (c *DeploymentController) deploymentChanged(old, d *api.Deployment, revision int64) {
	if d == nil {
		d = old
	}
	c.queue.Add(d.Key(), revision)
}

func (c *DeploymentController) replicaSetChanged(old, rs *api.ReplicaSet, revision int64) {
	if old != nil {
		if d := c.ownerOf(old); d != nil {
			if rs == nil {
				c.writes.deleted(d.Key(), old.Key())
			}
			if rs == nil || !api.IsControlledBy(rs, d) {
				c.queue.Add(d.Key(), revision)
			}
		}
	}
	if rs == nil {
		return
	}
	if api.ControllerOf(rs) != nil {
		if d := c.ownerOf(rs); d != nil {
			c.queue.Add(d.Key(), revision)
		}
		return
	}
	for _, d := range c.deployments.List(rs.Namespace, nil) {
		selector, err := api.LabelSelectorAsSelector(d.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(rs.Labels) {
			c.queue.Add(d.Key(), revision)
		}
	}
}

// podChanged wakes a Recreate that waits for the last old pod to end.
func (c *DeploymentController) podChanged(old, pod *api.Pod, revision int64) {
	if old == nil || pod != nil && podEnded(old) == podEnded(pod) {
		return
	}
	ref := api.ControllerOf(old)
	if ref == nil || ref.Kind != "ReplicaSet" {
		return
	}
	rs, ok := c.replicaSets.Get(api.Key{Namespace: old.Namespace, Name: ref.Name})
	if !ok || rs.UID != ref.UID {
		return
	}
	if d := c.ownerOf(rs); d != nil && d.Spec.Strategy.Type == api.RecreateDeploymentStrategyType {
		c.queue.Add(d.Key(), revision)
	}
}

// ownerOf is the Deployment that the ReplicaSet's controller reference names, nil if it is not there.
func (c *DeploymentController) ownerOf(rs *api.ReplicaSet) *api.Deployment {
	ref := api.ControllerOf(rs)
	if ref == nil || ref.Kind != "Deployment" {
		return nil
	}
	d, ok := c.deployments.Get(api.Key{Namespace: rs.Namespace, Name: ref.Name})
	if !ok || d.UID != ref.UID {
		return nil
	}
	return d
}

// Reconcile takes one Deployment one step further, and reports how far it has come.
func (c *DeploymentController) Reconcile(ctx context.Context, key api.Key) error {
	err := c.step(ctx, key)
	if api.IsConflict(err) {
		// A ReplicaSet is not what the cache said, so this pass decided on old facts. The event that brings the new
		// ones is on its way and queues the key again.
		c.log.DebugContext(ctx, "lost a race, trying again", "kind", "Deployment", "namespace", key.Namespace, "name", key.Name)
		return nil
	}
	return err
}

func (c *DeploymentController) step(ctx context.Context, key api.Key) error {
	cached, ok := c.deployments.Get(key)
	if !ok {
		c.writes.forget(key) // deleted: the garbage collector removes the ReplicaSets
		c.reported.forget(key)
		return nil
	}
	if _, waiting := c.reported.pending(key, func(api.Key) int64 { return cached.Revision() }, time.Now()); waiting {
		return nil // the event of that write brings us back; what is reported before it would be lost
	}
	if waiting, err := c.awaitOwnWrites(ctx, cached); waiting || err != nil {
		return err
	}
	if selectsEverything(cached) {
		return c.refuseToSelectEverything(ctx, cached)
	}
	r := &rollout{was: cached, d: api.DeepCopy(cached)} // 1. desired: this Deployment; what changes in d is reported at the end
	sets, err := c.ownedReplicaSets(ctx, r.d)           // 2. actual: its ReplicaSets
	if err != nil {
		return err
	}
	r.new, r.old = splitReplicaSets(r.d, sets)
	if r.d.DeletionTimestamp != nil {
		return c.report(ctx, r, statusOf(r, time.Now()))
	}
	notePause(r.d, time.Now())
	if err := c.syncNewReplicaSet(ctx, r); err != nil {
		return err
	}
	switch { // 3. converge, by one step
	case r.d.Spec.Paused || isScalingEvent(r):
		return c.scale(ctx, r)
	case r.d.Spec.Strategy.Type == api.RecreateDeploymentStrategyType:
		return c.recreate(ctx, r)
	default:
		return c.roll(ctx, r)
	}
}

// rollout is what one pass works with.
type rollout struct {
	was *api.Deployment   // as the cache has it
	d   *api.Deployment   // a copy; annotations and conditions change as the pass goes on
	new *api.ReplicaSet   // the ReplicaSet of d's template, nil until there is one
	old []*api.ReplicaSet // all others, oldest first
}

// all lists every ReplicaSet of the Deployment.
func (r *rollout) all() []*api.ReplicaSet {
	all := append([]*api.ReplicaSet(nil), r.old...)
	if r.new != nil {
		all = append(all, r.new)
	}
	return all
}

// replace puts an updated ReplicaSet in the place of its former version.
func (r *rollout) replace(rs *api.ReplicaSet) {
	if r.new != nil && r.new.UID == rs.UID {
		r.new = rs
	}
	for i, old := range r.old {
		if old.UID == rs.UID {
			r.old[i] = rs
		}
	}
}

// awaitOwnWrites tells whether the cache lags behind what this controller wrote to the Deployment's ReplicaSets. The
// event that ends the wait queues the Deployment again.
func (c *DeploymentController) awaitOwnWrites(ctx context.Context, d *api.Deployment) (bool, error) {
	now := time.Now()
	set, waiting := c.writes.pending(d.Key(), revisionIn(c.replicaSets), now)
	if waiting {
		c.log.DebugContext(ctx, "waiting for the cache to show the last write", "kind", "Deployment", "namespace", d.Namespace, "name", d.Name, "replicaset", set.Name)
		c.queue.PutOff(ctx, d.Key(), expectationsTimeout+time.Second, "expectations") // should the event have been lost
	}
	return waiting, nil
}

func (c *DeploymentController) refuseToSelectEverything(ctx context.Context, d *api.Deployment) error {
	c.events.Event(ctx, d, api.EventTypeWarning, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.")
	r := &rollout{was: d, d: api.DeepCopy(d)}
	status := r.d.Status
	status.ObservedGeneration = d.Generation
	return c.report(ctx, r, status)
}

// ownedReplicaSets lists the Deployment's ReplicaSets after adoption and release.
func (c *DeploymentController) ownedReplicaSets(ctx context.Context, d *api.Deployment) ([]*api.ReplicaSet, error) {
	selector, err := api.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, fmt.Errorf("selector of %s: %w", api.Describe(d), err)
	}
	claim := claimer[*api.ReplicaSet]{
		resource: client.Of[*api.ReplicaSet](c.client), owner: d, selector: selector,
		readOwner: func(ctx context.Context) (api.Object, error) {
			return client.Of[*api.Deployment](c.client).Get(ctx, d.Namespace, d.Name)
		},
	}
	return claim.claim(ctx, ownedAndOrphans(c.replicaSets, d))
}

// roll is the strategy RollingUpdate: first up, then down, one of the two per pass.
func (c *DeploymentController) roll(ctx context.Context, r *rollout) error {
	if err := c.ensureNewReplicaSet(ctx, r); err != nil || r.new == nil {
		return err
	}
	if size := newReplicaSetSize(r); size != replicas(r.new) {
		ctx := client.Because(ctx, "rolling update: %d wanted, at most %d at once, %d exist: new ReplicaSet from %d to %d",
			wanted(r.d), wanted(r.d)+maxSurge(r.d), sumExisting(r.all()), replicas(r.new), size)
		if err := c.resize(ctx, r, r.new, size); err != nil {
			return err
		}
		return c.reportProgress(ctx, r)
	}
	plan := planScaleDown(r)
	for _, step := range plan.steps {
		ctx := client.Because(ctx, "rolling update: %s: %s from %d to %d", plan.why, step.rs.Name, replicas(step.rs), step.size)
		if err := c.resize(ctx, r, step.rs, step.size); err != nil {
			return err
		}
	}
	if len(plan.steps) == 0 && sumReplicas(r.old) > 0 {
		tell(client.Because(ctx, "rolling update waits: %s", plan.why), c.client, c.log, r.d)
	}
	if len(plan.steps) == 0 && complete(r.d, r.d.Status) {
		if err := c.cleanUpHistory(ctx, r); err != nil {
			return err
		}
	}
	return c.reportProgress(ctx, r)
}

// recreate is the strategy Recreate: all old pods end before the first new one starts.
func (c *DeploymentController) recreate(ctx context.Context, r *rollout) error {
	scaledDown := false
	for _, rs := range r.old {
		if replicas(rs) == 0 {
			continue
		}
		ctx := client.Because(ctx, "recreate: the template changed: %s from %d to 0", rs.Name, replicas(rs))
		if err := c.resize(ctx, r, rs, 0); err != nil {
			return err
		}
		scaledDown = true
	}
	if scaledDown {
		return c.reportProgress(ctx, r)
	}
	if rs := unsettled(r.old); rs != nil { // it may have pods that nobody counts yet; the event of its status brings us back
		tell(client.Because(ctx, "recreate waits: %s has not acted on its last change yet", rs.Name), c.client, c.log, r.d)
		return c.reportProgress(ctx, r)
	}
	if n := c.oldPodsRunning(r); n > 0 {
		tell(client.Because(ctx, "recreate waits: %d old pods have not ended", n), c.client, c.log, r.d)
		return c.reportProgress(ctx, r)
	}
	if err := c.ensureNewReplicaSet(ctx, r); err != nil || r.new == nil {
		return err
	}
	if size := wanted(r.d); size != replicas(r.new) {
		ctx := client.Because(ctx, "recreate: no old pod is left: %s from %d to %d", r.new.Name, replicas(r.new), size)
		if err := c.resize(ctx, r, r.new, size); err != nil {
			return err
		}
	}
	if complete(r.d, r.d.Status) {
		if err := c.cleanUpHistory(ctx, r); err != nil {
			return err
		}
	}
	return c.reportProgress(ctx, r)
}

// oldPodsRunning counts the pods of old ReplicaSets that have not ended. Pods that are being deleted count: they may
// still hold the volume or the port that the new ones need.
func (c *DeploymentController) oldPodsRunning(r *rollout) int {
	running := 0
	for _, rs := range r.old {
		here := 0
		for _, pod := range c.pods.ByIndex(byController, string(rs.UID)) {
			if !podEnded(pod) {
				here++
			}
		}
		// The ReplicaSet may know of pods that this cache does not show yet, and the other way round.
		running += max(here, int(rs.Status.Replicas))
	}
	return running
}

// scale changes sizes without rolling out anything: the Deployment is paused, or its size was changed.
func (c *DeploymentController) scale(ctx context.Context, r *rollout) error {
	steps := planScale(r)
	if rs := growsTooEarly(r, steps); rs != nil {
		tell(client.Because(ctx, "scale to %d in all waits: %s has not acted on its last change yet", wanted(r.d), rs.Name), c.client, c.log, r.d)
		steps = nil // the event of its status brings us back
	}
	for _, step := range steps {
		ctx := client.Because(ctx, "scale to %d in all: %s from %d to %d", wanted(r.d), step.rs.Name, replicas(step.rs), step.size)
		if err := c.resize(ctx, r, step.rs, step.size); err != nil {
			return err
		}
	}
	if r.d.Spec.Paused {
		if err := c.cleanUpHistory(ctx, r); err != nil {
			return err
		}
		if r.new == nil || replicas(r.new) != sumReplicas(r.all()) {
			tell(client.Because(ctx, "paused: the new template waits for `rollout resume`"), c.client, c.log, r.d)
		}
	}
	return c.report(ctx, r, statusOf(r, time.Now()))
}

// resize writes a new size into a ReplicaSet, together with the annotations that remember what the size belongs to.
// The caller has put the reason into ctx.
func (c *DeploymentController) resize(ctx context.Context, r *rollout, rs *api.ReplicaSet, size int32) error {
	update := api.DeepCopy(rs)
	update.Spec.Replicas = api.Ptr(size)
	annotated := setSizeAnnotations(update, r.d)
	if replicas(rs) == size && !annotated {
		return nil
	}
	updated, err := c.updateReplicaSet(ctx, r.d, update)
	if err != nil {
		return err
	}
	r.replace(updated)
	if from := replicas(rs); from != size {
		c.log.InfoContext(ctx, "replica set resized", "kind", "ReplicaSet", "namespace", rs.Namespace, "name", rs.Name, "from", from, "to", size)
		direction := "up"
		if size < from {
			direction = "down"
		}
		c.events.Event(ctx, r.d, api.EventTypeNormal, "ScalingReplicaSet", "Scaled %s replica set %s from %d to %d", direction, rs.Name, from, size)
	}
	return nil
}

// updateReplicaSet writes a ReplicaSet and remembers it, so that the next pass waits until the cache shows it.
func (c *DeploymentController) updateReplicaSet(ctx context.Context, d *api.Deployment, rs *api.ReplicaSet) (*api.ReplicaSet, error) {
	updated, err := client.Of[*api.ReplicaSet](c.client).Update(ctx, rs)
	if err != nil {
		return nil, fmt.Errorf("update %s: %w", api.Describe(rs), err)
	}
	c.writes.wrote(d.Key(), updated, time.Now())
	return updated, nil
}

// reportProgress reports the counts and how the rollout gets on.
func (c *DeploymentController) reportProgress(ctx context.Context, r *rollout) error {
	now := time.Now()
	status := statusOf(r, now)
	estimateProgress(r, &status, now)
	if in := checkProgressIn(r.d, status, now); in > 0 {
		// A stuck rollout causes no event; somebody has to come back and notice.
		c.queue.AddAfter(r.d.Key(), in, "progressDeadlineSeconds")
	}
	return c.report(ctx, r, status)
}

// report writes status, conditions and the revision annotation, if any of them changed.
func (c *DeploymentController) report(ctx context.Context, r *rollout, status api.DeploymentStatus) error {
	r.d.Status = status
	if api.Equal(r.was.Status, status) && api.Equal(r.was.Annotations, r.d.Annotations) {
		return nil
	}
	ctx = client.Because(ctx, "status: %d wanted, %d exist, %d updated, %d available",
		wanted(r.d), status.Replicas, status.UpdatedReplicas, status.AvailableReplicas)
	written, err := client.Of[*api.Deployment](c.client).UpdateStatus(ctx, r.d)
	if api.IsConflict(err) || api.IsNotFound(err) {
		return nil // it changed or went; the event of that is on its way and queues the key again
	}
	if err != nil {
		return err
	}
	c.reported.wrote(r.d.Key(), written, time.Now())
	return nil
}

// selectsEverything tells whether the selector is there and empty. Such a Deployment would adopt the ReplicaSets of
// all others in its namespace.
func selectsEverything(d *api.Deployment) bool {
	s := d.Spec.Selector
	return s != nil && len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}
