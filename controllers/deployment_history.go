package controllers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// A Deployment's history is its ReplicaSets: one for each template it ever had, kept at size 0 so that
// `rollout undo` can copy the template back. Undo is nothing special here: the old template comes back in the
// Deployment's spec, its ReplicaSet is found again, and gets the next revision number.

const (
	revisionAnnotation        = "deployment.kubernetes.io/revision"
	revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history"
	lastAppliedAnnotation     = "kubectl.kubernetes.io/last-applied-configuration"
	rollbackToAnnotation      = "deprecated.deployment.rollback.to"

	// podTemplateHash is the label that tells the pods of one template from those of another.
	podTemplateHash = "pod-template-hash"

	// maxRevisionHistory bounds the annotation that lists former revision numbers, in characters.
	maxRevisionHistory = 2000
)

// syncNewReplicaSet brings an existing new ReplicaSet in line with the Deployment: annotations, minReadySeconds, and
// the revision number, which the Deployment then copies.
func (c *DeploymentController) syncNewReplicaSet(ctx context.Context, r *rollout) error {
	if r.new == nil {
		return nil
	}
	update := api.DeepCopy(r.new)
	changed := setRevision(update, r.d, maxRevision(r.old)+1)
	if update.Spec.MinReadySeconds != r.d.Spec.MinReadySeconds {
		update.Spec.MinReadySeconds, changed = r.d.Spec.MinReadySeconds, true
	}
	if changed {
		ctx := client.Because(ctx, "the template is that of %s: it becomes revision %s", update.Name, update.Annotations[revisionAnnotation])
		updated, err := c.updateReplicaSet(ctx, r.d, update)
		if err != nil {
			return err
		}
		r.replace(updated)
	}
	setAnnotation(&r.d.ObjectMeta, revisionAnnotation, r.new.Annotations[revisionAnnotation])
	if hasProgressDeadline(r.d) && conditionOf(r.d.Status, api.DeploymentProgressing) == nil {
		setCondition(&r.d.Status, newCondition(api.DeploymentProgressing, api.ConditionTrue, "FoundNewReplicaSet",
			fmt.Sprintf("Found new replica set %q", r.new.Name), time.Now()))
	}
	return nil
}

// ensureNewReplicaSet creates the ReplicaSet of the current template if there is none. r.new is still nil afterwards
// if it could not be settled in this pass.
func (c *DeploymentController) ensureNewReplicaSet(ctx context.Context, r *rollout) error {
	if r.new != nil {
		return nil
	}
	rs := newReplicaSet(r, newReplicaSetSize(r))
	ctx = client.Because(ctx, "no ReplicaSet has this template: create %s as revision %s with %d of %d",
		rs.Name, rs.Annotations[revisionAnnotation], replicas(rs), wanted(r.d))
	created, err := client.Of[*api.ReplicaSet](c.client).Create(ctx, rs)
	switch {
	case api.IsAlreadyExists(err):
		return c.resolveNameConflict(ctx, r, rs)
	case namespaceTerminating(err):
		return nil // every create fails from now on, and everything here will be deleted
	case err != nil:
		return c.reportCreateFailure(ctx, r, rs, err)
	}
	c.writes.wrote(r.d.Key(), created, time.Now())
	c.log.InfoContext(ctx, "replica set created", "kind", "ReplicaSet", "namespace", created.Namespace, "name", created.Name, "size", replicas(created))
	r.new = created
	if size := replicas(created); size > 0 {
		c.events.Event(ctx, r.d, api.EventTypeNormal, "ScalingReplicaSet", "Scaled up replica set %s from 0 to %d", created.Name, size)
	}
	setAnnotation(&r.d.ObjectMeta, revisionAnnotation, created.Annotations[revisionAnnotation])
	if hasProgressDeadline(r.d) {
		setCondition(&r.d.Status, newCondition(api.DeploymentProgressing, api.ConditionTrue, "NewReplicaSetCreated",
			fmt.Sprintf("Created new replica set %q", created.Name), time.Now()))
	}
	return nil
}

// resolveNameConflict looks at the ReplicaSet that has the name already. Either it is ours and the cache was slow, or
// two templates have the same hash: then a counter goes into the hash, and the next pass gets another name.
func (c *DeploymentController) resolveNameConflict(ctx context.Context, r *rollout, rs *api.ReplicaSet) error {
	existing, err := client.Of[*api.ReplicaSet](c.client).Get(ctx, rs.Namespace, rs.Name)
	if err != nil {
		return err
	}
	if api.IsControlledBy(existing, r.d) && sameTemplate(&existing.Spec.Template, &r.d.Spec.Template) {
		r.new = existing
		setAnnotation(&r.d.ObjectMeta, revisionAnnotation, existing.Annotations[revisionAnnotation])
		return nil
	}
	status := r.d.Status
	status.CollisionCount = api.Ptr(api.Deref(status.CollisionCount, 0) + 1)
	ctx = client.Because(ctx, "%s has this name but not this template: count collision %d", rs.Name, *status.CollisionCount)
	return c.report(ctx, r, status)
}

// reportCreateFailure makes a failed create visible in the Deployment, and returns the failure so that it is retried.
func (c *DeploymentController) reportCreateFailure(ctx context.Context, r *rollout, rs *api.ReplicaSet, failure error) error {
	message := fmt.Sprintf("Failed to create new replica set %q: %v", rs.Name, failure)
	c.events.Event(ctx, r.d, api.EventTypeWarning, "ReplicaSetCreateError", "%s", message)
	if hasProgressDeadline(r.d) {
		setCondition(&r.d.Status, newCondition(api.DeploymentProgressing, api.ConditionFalse, "ReplicaSetCreateError", message, time.Now()))
		if err := c.report(ctx, r, r.d.Status); err != nil {
			c.log.WarnContext(ctx, "could not report a failed create", "kind", "Deployment", "namespace", rs.Namespace, "name", r.d.Name, "error", err)
		}
	}
	return fmt.Errorf("create %s: %w", api.Describe(rs), failure)
}

// cleanUpHistory deletes the oldest revisions over spec.revisionHistoryLimit.
func (c *DeploymentController) cleanUpHistory(ctx context.Context, r *rollout) error {
	for _, rs := range planCleanUp(r) {
		ctx := client.Because(ctx, "revisionHistoryLimit is %d and there are %d old ReplicaSets: delete the oldest, %s",
			*r.d.Spec.RevisionHistoryLimit, len(r.old), rs.Name)
		err := client.Of[*api.ReplicaSet](c.client).Delete(ctx, rs.Namespace, rs.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &rs.UID}})
		if err != nil && !api.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// splitReplicaSets finds the ReplicaSet of the Deployment's template, the oldest should there be two, and returns all
// others in order of age.
func splitReplicaSets(d *api.Deployment, sets []*api.ReplicaSet) (current *api.ReplicaSet, old []*api.ReplicaSet) {
	for _, rs := range slices.SortedStableFunc(slices.Values(sets), byAge) {
		if current == nil && sameTemplate(&rs.Spec.Template, &d.Spec.Template) {
			current = rs
		} else {
			old = append(old, rs)
		}
	}
	return current, old
}

// sameTemplate compares two templates without the hash label. The hash itself is not compared: a field added to the
// API would change every hash, and restart every pod in the cluster.
func sameTemplate(a, b *api.PodTemplateSpec) bool {
	return api.Equal(withoutHash(a), withoutHash(b))
}

func withoutHash(t *api.PodTemplateSpec) *api.PodTemplateSpec {
	if _, ok := t.Labels[podTemplateHash]; !ok {
		return t
	}
	bare := *t
	bare.Labels = maps.Clone(t.Labels)
	delete(bare.Labels, podTemplateHash)
	return &bare
}

// newReplicaSet makes the ReplicaSet of the Deployment's template. Its name follows from the template, so that
// creating it twice fails instead of making two.
func newReplicaSet(r *rollout, size int32) *api.ReplicaSet {
	d := r.d
	hash := api.PodTemplateHash(&d.Spec.Template, d.Status.CollisionCount)
	template := d.Spec.Template
	template.Labels = withLabel(template.Labels, podTemplateHash, hash)
	selector := *d.Spec.Selector
	selector.MatchLabels = withLabel(selector.MatchLabels, podTemplateHash, hash)
	rs := &api.ReplicaSet{
		ObjectMeta: api.ObjectMeta{
			Name: replicaSetName(d.Name, hash), Namespace: d.Namespace, Labels: template.Labels,
			OwnerReferences: []api.OwnerReference{api.NewControllerRef(d)},
		},
		Spec: api.ReplicaSetSpec{
			Replicas: &size, MinReadySeconds: d.Spec.MinReadySeconds, Selector: &selector, Template: template,
		},
	}
	setRevision(rs, d, maxRevision(r.old)+1)
	setSizeAnnotations(rs, d)
	return rs
}

func withLabel(labels map[string]string, key, value string) map[string]string {
	with := maps.Clone(labels)
	if with == nil {
		with = map[string]string{}
	}
	with[key] = value
	return with
}

// replicaSetName joins the Deployment's name and the hash; the name gives way when both are too long.
func replicaSetName(deployment, hash string) string {
	if most := maxNameLength - len("-") - len(hash); len(deployment) > most {
		deployment = deployment[:most]
	}
	return deployment + "-" + hash
}

// setRevision copies the Deployment's annotations to the ReplicaSet of its template, and gives it the revision number
// next unless it has a higher one. If it had a lower one, the Deployment went back to it, and the old number joins
// its history. It tells whether anything changed.
func setRevision(rs *api.ReplicaSet, d *api.Deployment, next int64) bool {
	changed := false
	for name, value := range d.Annotations {
		if !belongsToDeployment(name) && setAnnotation(&rs.ObjectMeta, name, value) {
			changed = true
		}
	}
	former, had := rs.Annotations[revisionAnnotation]
	current, err := strconv.ParseInt(cmp.Or(former, "0"), 10, 64)
	if err != nil || current >= next {
		return changed // somebody wrote something else there: leave it alone
	}
	setAnnotation(&rs.ObjectMeta, revisionAnnotation, strconv.FormatInt(next, 10))
	if had {
		if history, ok := appendRevision(rs.Annotations[revisionHistoryAnnotation], former); ok {
			setAnnotation(&rs.ObjectMeta, revisionHistoryAnnotation, history)
		}
	}
	return true
}

// belongsToDeployment tells which annotations of a Deployment say something about the Deployment itself.
func belongsToDeployment(name string) bool {
	switch name {
	case lastAppliedAnnotation, revisionAnnotation, revisionHistoryAnnotation, desiredReplicasAnnotation, maxReplicasAnnotation, rollbackToAnnotation:
		return true
	}
	return false
}

// appendRevision adds a number to the list and drops the oldest ones that no longer fit.
func appendRevision(history, revision string) (string, bool) {
	if history == "" {
		return revision, true
	}
	history += "," + revision
	for len(history) > maxRevisionHistory {
		_, rest, more := strings.Cut(history, ",")
		if !more {
			return "", false
		}
		history = rest
	}
	return history, true
}

// maxRevision is the highest revision number among the ReplicaSets.
func maxRevision(sets []*api.ReplicaSet) int64 {
	highest := int64(0)
	for _, rs := range sets {
		highest = max(highest, revisionNumber(rs))
	}
	return highest
}

// revisionNumber is the ReplicaSet's revision, 0 if it has none.
func revisionNumber(rs *api.ReplicaSet) int64 {
	n, err := strconv.ParseInt(rs.Annotations[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// planCleanUp picks the oldest old ReplicaSets over the limit. One that still has pods, or has not yet reported that
// it has none, is left for a later pass.
func planCleanUp(r *rollout) []*api.ReplicaSet {
	limit := r.d.Spec.RevisionHistoryLimit
	if limit == nil || *limit == math.MaxInt32 {
		return nil
	}
	var alive []*api.ReplicaSet
	for _, rs := range r.old {
		if rs.DeletionTimestamp == nil {
			alive = append(alive, rs)
		}
	}
	surplus := len(alive) - int(*limit)
	if surplus <= 0 {
		return nil
	}
	slices.SortStableFunc(alive, func(a, b *api.ReplicaSet) int {
		return cmp.Or(cmp.Compare(revisionNumber(a), revisionNumber(b)), byAge(a, b))
	})
	return slices.DeleteFunc(alive[:surplus], func(rs *api.ReplicaSet) bool {
		return rs.Status.Replicas != 0 || replicas(rs) != 0 || rs.Generation > rs.Status.ObservedGeneration
	})
}
