package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The StatefulSet loop.
//
//	desired    pods NAME-0 to NAME-(replicas-1), each with its own claims for storage
//	actual     the pods whose controller reference names this StatefulSet, by the number in their name
//	converge   from the lowest number up: make what is missing, and wait until it is ready. Then, from the highest down:
//	           delete what is too many, then what has an old template
//
// Example: replicas 3 and web-1 is lost. The watch shows its deletion, Reconcile finds no web-1 and makes one, with the
// same name, host name and claims; web-2, behind it, is left alone.
//
// A pod's name is the lock: web-1 cannot be made twice, and is not made anew before the old one is gone, for a node that
// cannot be reached may still run it.

// StatefulSetController keeps the pods of StatefulSets.
type StatefulSetController struct {
	client       *client.Client
	sets         *client.Informer[*api.StatefulSet]
	pods         *client.Informer[*api.Pod]
	claims       *client.Informer[*api.PersistentVolumeClaim]
	revisions    *client.Informer[*api.ControllerRevision]
	events       *client.Recorder
	log          *slog.Logger
	queue        *client.Queue
	expectations *expectations // pods that were deleted; one that was made has its name to keep it from being made again
	written      *ownWrites    // statuses
}

// NewStatefulSetController subscribes to the StatefulSets, pods, claims and revisions of the shared caches.
func NewStatefulSetController(c *client.Client, caches *Caches, log *slog.Logger) *StatefulSetController {
	s := &StatefulSetController{
		client: c, sets: caches.StatefulSets, pods: caches.Pods, claims: caches.VolumeClaims, revisions: caches.ControllerRevisions, log: log,
		events: client.NewRecorder(c, "statefulset-controller", ""),
		queue:  client.NewQueue("statefulset"), expectations: newExpectations(), written: newOwnWrites(),
	}
	caches.StatefulSets.OnChange(func(old, set *api.StatefulSet, revision int64) {
		if old != nil && (set == nil || set.UID != old.UID) {
			s.expectations.forget(old.Key())
			s.written.forget(old.Key())
		}
		if set == nil {
			return
		}
		s.queue.Add(set.Key(), revision)
	})
	caches.Pods.OnChange(s.podChanged)
	wakeOwners(caches.ControllerRevisions, "StatefulSet", s.queue)
	return s
}

// Run reconciles until ctx ends.
func (s *StatefulSetController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, s.sets, s.pods, s.claims, s.revisions); err != nil {
		return err
	}
	return s.queue.Run(ctx, 5, s.Reconcile, s.log)
}

// podChanged crosses off expectations, and queues who must look.
func (s *StatefulSetController) podChanged(old, pod *api.Pod, revision int64) {
	if old != nil && pod != nil && old.UID != pod.UID { // the watch missed that one pod took the name of another
		s.podChanged(old, nil, revision)
		s.podChanged(nil, pod, revision)
		return
	}
	if last := cmp.Or(pod, old); pod == nil || pod.DeletionTimestamp != nil {
		if ref := api.ControllerOf(last); ref != nil && ref.Kind == "StatefulSet" {
			s.expectations.deletionObserved(api.Key{Namespace: last.Namespace, Name: ref.Name}, last.UID)
		}
	}
	for _, p := range []*api.Pod{old, pod} {
		if p == nil {
			continue
		}
		if ref := api.ControllerOf(p); ref != nil {
			if ref.Kind == "StatefulSet" {
				s.queue.Add(api.Key{Namespace: p.Namespace, Name: ref.Name}, revision)
			}
			continue
		}
		if name, _, ok := statefulName(p.Name); ok { // an orphan, which only the set of that name may adopt
			if _, exists := s.sets.Get(api.Key{Namespace: p.Namespace, Name: name}); exists {
				s.queue.Add(api.Key{Namespace: p.Namespace, Name: name}, revision)
			}
		}
	}
}

// Reconcile takes the next step towards the pods that the StatefulSet asks for.
func (s *StatefulSetController) Reconcile(ctx context.Context, key api.Key) error {
	set, ok := s.sets.Get(key) // 1. desired state, from the cache
	if !ok {
		return nil // deleted: the garbage collector removes the pods
	}
	if _, waiting := s.written.pending(key, func(api.Key) int64 { return set.Revision() }, time.Now()); waiting {
		return nil // the event of that write brings us back
	}
	if s.expectations.await(ctx, set, s.queue, s.client, s.log) {
		return nil // so does the event of a pod that we deleted: until then the cache shows more that are ready than there are
	}
	selector, err := api.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return fmt.Errorf("selector of %s: %w", api.Describe(set), err)
	}
	pods, err := s.ownedPods(ctx, set, selector) // 2. actual state, by controller reference
	if err != nil {
		return err
	}
	past, err := history(ctx, s.client, s.revisions, set, statefulHashLabel, selector, s.readSet(set))
	if err != nil {
		return err
	}
	collisions := api.Deref(set.Status.CollisionCount, 0)
	update, err := past.record(ctx, &set.Spec.Template, &collisions)
	if err != nil || update == nil {
		return err
	}
	current := past.named(set.Status.CurrentRevision)
	if current == nil {
		current = update
	}
	now := time.Now()
	plan := planStateful(set, pods, current.Name, update.Name, now) // 3. the difference: a pure function
	var actErr error
	if set.DeletionTimestamp == nil {
		actErr = s.act(ctx, set, plan, current, update) // 4. act
	}
	if errors.Is(actErr, errCacheBehind) {
		s.queue.PutOff(ctx, key, expectedLag, "cache behind")
		actErr = nil
	}
	status, changesIn := statefulStatus(set, pods, current.Name, update.Name, now)
	if changesIn > 0 {
		s.queue.AddAfter(key, changesIn, "minReadySeconds")
	}
	status.CollisionCount = &collisions
	live := map[string]bool{current.Name: true, update.Name: true}
	for _, pod := range pods {
		live[pod.Labels[api.LabelControllerRevisionHash]] = true
	}
	return errors.Join(actErr, s.report(ctx, set, status), past.truncate(ctx, api.Deref(set.Spec.RevisionHistoryLimit, 10), live)) // 5. report
}

func (s *StatefulSetController) readSet(set *api.StatefulSet) func(context.Context) (api.Object, error) {
	return func(ctx context.Context) (api.Object, error) {
		return client.Of[*api.StatefulSet](s.client).Get(ctx, set.Namespace, set.Name)
	}
}

// ownedPods lists the set's pods, after adoption and release. A pod whose name is not one of the set's is none of it,
// whatever its labels are.
func (s *StatefulSetController) ownedPods(ctx context.Context, set *api.StatefulSet, selector api.Selector) ([]*api.Pod, error) {
	claim := claimer[*api.Pod]{resource: client.Of[*api.Pod](s.client), owner: set, selector: selector, readOwner: s.readSet(set)}
	candidates := slices.DeleteFunc(ownedAndOrphans(s.pods, set), func(pod *api.Pod) bool {
		name, _, ok := statefulName(pod.Name)
		return !ok || name != set.Name
	})
	return claim.claim(ctx, candidates)
}

// errCacheBehind: the server has something that the cache does not show yet. The set comes again when it should.
var errCacheBehind = errors.New("cache behind")

// act carries out the plan, as far as the cache shows what it is based on.
func (s *StatefulSetController) act(ctx context.Context, set *api.StatefulSet, plan statefulPlan, current, update *api.ControllerRevision) error {
	for _, pod := range plan.pods {
		if err := s.updatePod(ctx, set, pod); err != nil {
			return err
		}
		if pod.Status.Phase == api.PodPending { // somebody may have deleted its claim
			if err := s.makeClaims(ctx, set, pod, ordinalOf(pod)); err != nil {
				return err
			}
		}
	}
	_, err := slowStart(len(plan.create), slowStartBatch, func(i int) error {
		revision := update
		if plan.create[i].revision == current.Name {
			revision = current
		}
		return s.createPod(client.Because(ctx, "%s: create it", plan.create[i].why), set, plan.create[i].ordinal, revision)
	})
	if err != nil {
		return err
	}
	victims := make([]*api.Pod, len(plan.remove))
	for i := range plan.remove {
		victims[i] = plan.remove[i].pod
	}
	s.expectations.expect(set.Key(), 0, victims, time.Now()) // before the first request: its event may be here before its answer
	_, err = inParallel(len(plan.remove), func(i int) error {
		return s.deletePod(client.Because(ctx, "%s: delete it", plan.remove[i].why), set, plan.remove[i].pod)
	})
	if err == nil && plan.wait != "" && len(plan.create)+len(plan.remove) == 0 {
		tell(client.Because(ctx, "wait: %s", plan.wait), s.client, s.log, set)
	}
	return err
}

func (s *StatefulSetController) createPod(ctx context.Context, set *api.StatefulSet, ordinal int, revision *api.ControllerRevision) error {
	template, err := templateOf(revision)
	if err != nil {
		return err
	}
	pod := statefulPod(set, template, revision.Name, ordinal)
	if claim := s.staleClaim(set, pod); claim != "" {
		// The pod that had the number before takes its claim along, and the garbage collector is not there yet.
		s.queue.PutOff(ctx, set.Key(), staleClaimRetry, "claim of a former pod")
		tell(client.Because(ctx, "wait: claim %s goes with a former pod %s", claim, pod.Name), s.client, s.log, set)
		return nil
	}
	failed := func(err error) error {
		s.events.Event(ctx, set, api.EventTypeWarning, "FailedCreate", "Create Pod %s in StatefulSet %s failed error: %v", pod.Name, set.Name, err)
		return err
	}
	if err := s.makeClaims(ctx, set, pod, ordinal); errors.Is(err, errCacheBehind) {
		return err
	} else if err != nil {
		return failed(err)
	}
	created, err := client.Of[*api.Pod](s.client).Create(ctx, pod)
	switch {
	case api.IsAlreadyExists(err):
		if _, there := s.pods.Get(pod.Key()); there {
			return err // it is somebody else's, and nobody tells us when it goes
		}
		return errCacheBehind // of a pass before
	case err != nil:
		if namespaceTerminating(err) {
			return nil
		}
		return failed(err)
	}
	s.events.Event(ctx, set, api.EventTypeNormal, "SuccessfulCreate", "Create Pod %s in StatefulSet %s successful", pod.Name, set.Name)
	s.log.InfoContext(ctx, "pod created", "kind", "StatefulSet", "namespace", set.Namespace, "name", set.Name, "pod", pod.Name)
	if _, err := s.ownClaims(ctx, set, created); err != nil { // those that were there before
		return s.notUpdated(ctx, set, created, err)
	}
	return nil
}

// makeClaims makes the claims of a pod that are not there. Those that are may hold what the pod left behind.
func (s *StatefulSetController) makeClaims(ctx context.Context, set *api.StatefulSet, pod *api.Pod, ordinal int) error {
	for _, claim := range statefulClaims(set, ordinal) {
		if existing, ok := s.claims.Get(claim.Key()); ok {
			if existing.DeletionTimestamp != nil {
				return fmt.Errorf("pvc %s is being deleted", existing.Name)
			}
			continue
		}
		_, err := client.Of[*api.PersistentVolumeClaim](s.client).Create(ctx, claim)
		if api.IsAlreadyExists(err) {
			return errCacheBehind // whose the claim is, and whether it goes, is to be seen first
		}
		if err != nil {
			s.events.Event(ctx, set, api.EventTypeWarning, "FailedCreate", "Create Claim %s for Pod %s in StatefulSet %s failed error: %v", claim.Name, pod.Name, set.Name, err)
			return fmt.Errorf("failed to create PVC %s: %w", claim.Name, err)
		}
		s.events.Event(ctx, set, api.EventTypeNormal, "SuccessfulCreate", "Create Claim %s Pod %s in StatefulSet %s success", claim.Name, pod.Name, set.Name)
	}
	return nil
}

// staleClaimRetry is how soon a pod is made after its predecessor's claim is gone.
const staleClaimRetry = time.Second

// staleClaim names a claim of the pod to be made that a former pod of its name owns, and which goes with that, "" if there
// is none.
func (s *StatefulSetController) staleClaim(set *api.StatefulSet, pod *api.Pod) string {
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	if policy == nil || policy.WhenScaled != api.DeletePersistentVolumeClaimRetentionPolicyType {
		return ""
	}
	for _, wanted := range statefulClaims(set, ordinalOf(pod)) {
		claim, ok := s.claims.Get(wanted.Key())
		if ok && slices.ContainsFunc(claim.OwnerReferences, func(ref api.OwnerReference) bool { return isStaleRef(ref, pod) }) {
			return claim.Name
		}
	}
	return ""
}

// ownClaims gives the claims of a pod the owners that the retention policy asks for, so that the garbage collector removes them with the set, or
// with the pod if it is too many. It tells whether any had others.
func (s *StatefulSetController) ownClaims(ctx context.Context, set *api.StatefulSet, pod *api.Pod) (changed bool, err error) {
	for _, wanted := range statefulClaims(set, ordinalOf(pod)) {
		claim, ok := s.claims.Get(wanted.Key())
		if !ok || claim.DeletionTimestamp != nil {
			continue
		}
		owners, conflict := claimOwners(set, pod, claim.OwnerReferences)
		if api.Equal(owners, claim.OwnerReferences) {
			continue
		}
		if conflict {
			s.events.Event(ctx, set, api.EventTypeWarning, "ConflictingController", "PersistentVolumeClaim %s has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim", claim.Name)
		}
		update := *claim
		update.OwnerReferences = owners
		_, err := client.Of[*api.PersistentVolumeClaim](s.client).Update(client.Because(ctx, "the retention policy decides who owns the claim"), &update)
		if err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

// updatePod sees to it that a pod and its claims say whose they are.
func (s *StatefulSetController) updatePod(ctx context.Context, set *api.StatefulSet, pod *api.Pod) error {
	rename := pod.Labels[api.LabelStatefulSetPodName] != pod.Name
	changed, err := s.ownClaims(ctx, set, pod)
	if err == nil && rename {
		err = s.writeIdentity(ctx, pod)
	}
	if err != nil {
		return s.notUpdated(ctx, set, pod, err)
	}
	if rename || changed && isReplica(set, pod) {
		s.events.Event(ctx, set, api.EventTypeNormal, "SuccessfulUpdate", "Update Pod %s in StatefulSet %s successful", pod.Name, set.Name)
	}
	return nil
}

// notUpdated tells why.
func (s *StatefulSetController) notUpdated(ctx context.Context, set *api.StatefulSet, pod *api.Pod, err error) error {
	if ignoreConflict(err) == nil {
		return errCacheBehind
	}
	s.events.Event(ctx, set, api.EventTypeWarning, "FailedUpdate", "Update Pod %s in StatefulSet %s failed error: %v", pod.Name, set.Name, err)
	return err
}

// writeIdentity gives an adopted pod the label that says who it is.
func (s *StatefulSetController) writeIdentity(ctx context.Context, pod *api.Pod) error {
	patch, err := api.MarshalJSON(map[string]any{"metadata": map[string]any{"uid": pod.UID, "labels": map[string]string{api.LabelStatefulSetPodName: pod.Name}}})
	if err != nil {
		return err
	}
	_, err = client.Of[*api.Pod](s.client).Patch(client.Because(ctx, "a pod of a StatefulSet has its name in a label"), pod.Namespace, pod.Name, api.StrategicMergePatchType, patch)
	return err
}

func (s *StatefulSetController) deletePod(ctx context.Context, set *api.StatefulSet, pod *api.Pod) error {
	err := client.Of[*api.Pod](s.client).Delete(ctx, pod.Namespace, pod.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &pod.UID}})
	if err != nil {
		s.expectations.deletionObserved(set.Key(), pod.UID)
	}
	if api.IsNotFound(err) || api.IsConflict(err) {
		return nil // somebody else was faster
	}
	if err != nil {
		s.events.Event(ctx, set, api.EventTypeWarning, "FailedDelete", "Delete Pod %s in StatefulSet %s failed error: %v", pod.Name, set.Name, err)
		return err
	}
	s.events.Event(ctx, set, api.EventTypeNormal, "SuccessfulDelete", "Delete Pod %s in StatefulSet %s successful", pod.Name, set.Name)
	return nil
}

func (s *StatefulSetController) report(ctx context.Context, set *api.StatefulSet, status api.StatefulSetStatus) error {
	if api.Equal(set.Status, status) {
		return nil
	}
	update := *set // a shallow copy: only the status is replaced
	update.Status = status
	ctx = client.Because(ctx, "status: %d wanted, %d exist, %d ready, %d updated", api.Deref(set.Spec.Replicas, 1), status.Replicas, status.ReadyReplicas, status.UpdatedReplicas)
	written, err := client.Of[*api.StatefulSet](s.client).UpdateStatus(ctx, &update)
	if err != nil {
		return ignoreConflict(err)
	}
	s.written.wrote(set.Key(), written, time.Now())
	return nil
}
