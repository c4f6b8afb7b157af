package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// The loop that takes devices back.
//
//	desired    a claim is reserved for pods that run or may run; when the last of them is over, its devices are free
//	actual     the pods in the claim's status.reservedFor, which the scheduler writes
//	converge   strike out pods that are over; with the last one take back the devices, and the finalizer that keeps a claim
//	           that has some; delete a claim that was made for a pod that is over, though the pod itself is still there
//
// A claim that has devices and was never reserved keeps them: who gave them may be about to reserve it. Nor does an unused
// claim lose its finalizer at any other moment, for the scheduler adds it just before it gives the devices.

// ResourceClaimRelease frees devices that no pod uses any more.
type ResourceClaimRelease struct {
	client *client.Client
	pods   *client.Informer[*api.Pod]
	claims *client.Informer[*api.ResourceResourceClaim]
	log    *slog.Logger
	queue  *client.Queue
}

// NewResourceClaimRelease subscribes to claims, and to pods that are over. Keys are claims.
func NewResourceClaimRelease(c *client.Client, caches *Caches, log *slog.Logger) *ResourceClaimRelease {
	r := &ResourceClaimRelease{client: c, pods: caches.Pods, claims: caches.ResourceClaims, log: log, queue: client.NewQueue("resourceclaim-release")}
	caches.ResourceClaims.OnChange(func(_, claim *api.ResourceResourceClaim, revision int64) {
		if claim != nil {
			r.queue.Add(claim.Key(), revision)
		}
	})
	caches.Pods.OnChange(func(old, pod *api.Pod, revision int64) {
		if old != nil && (pod == nil || pod.UID != old.UID) {
			r.addClaims(old, revision)
		}
		if pod != nil && podDone(pod) {
			r.addClaims(pod, revision)
		}
	})
	return r
}

func (r *ResourceClaimRelease) addClaims(pod *api.Pod, revision int64) {
	for _, name := range pod.ResourceClaimNames() {
		r.queue.Add(api.Key{Namespace: pod.Namespace, Name: name}, revision)
	}
}

// Run reconciles until ctx ends.
func (r *ResourceClaimRelease) Run(ctx context.Context) error {
	if err := waitForSync(ctx, r.pods, r.claims); err != nil {
		return err
	}
	return r.queue.Run(ctx, 8, r.Reconcile, r.log)
}

// Reconcile takes a claim one step further on its way back.
func (r *ResourceClaimRelease) Reconcile(ctx context.Context, key api.Key) error {
	claim, ok := r.claims.Get(key)
	if !ok {
		return nil
	}
	var users []api.ResourceClaimConsumerReference
	var over []string
	for _, user := range claim.Status.ReservedFor {
		uses, err := r.stillUses(ctx, claim.Namespace, user)
		if err != nil {
			return err
		}
		if uses {
			users = append(users, user)
		} else {
			over = append(over, user.Name)
		}
	}
	protected := slices.Contains(claim.Finalizers, api.ResourceClaimFinalizer)
	left := claim.Status.Allocation
	if len(users) == 0 && protected { // without the finalizer it was no scheduler who gave them
		left = nil
	}
	switch {
	case len(over) > 0:
		ctx = client.Because(ctx, "%s: over, and claim %s has %d users left: release it", strings.Join(over, ", "), key.Name, len(users))
		return r.free(ctx, claim, users, left)
	case len(users) == 0 && protected && claim.DeletionTimestamp != nil:
		return r.free(client.Because(ctx, "claim %s is deleted, and nobody uses it: let it go", key.Name), claim, nil, left)
	case len(users) == 0 && claim.DeletionTimestamp == nil:
		return r.deleteWithPod(ctx, claim)
	}
	return nil
}

// stillUses tells whether a user of a claim may need its devices.
func (r *ResourceClaimRelease) stillUses(ctx context.Context, namespace string, user api.ResourceClaimConsumerReference) (bool, error) {
	if user.APIGroup != "" || user.Resource != "pods" {
		return true, nil // whatever that is, it is not ours to judge
	}
	pod, ok := r.pods.Get(api.Key{Namespace: namespace, Name: user.Name})
	if !ok || pod.UID != user.UID {
		// Gone, or so new that this cache does not know it while the scheduler's does. A running pod's devices are at stake: ask
		// the server.
		var err error
		pod, err = client.Of[*api.Pod](r.client).Get(ctx, namespace, user.Name)
		if api.IsNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return pod.UID == user.UID && !podDone(pod), nil
}

// free writes who uses a claim and what it has. When that is nothing, the finalizer goes too: this is the only moment to take it
// from a claim that stays. Should the process die in between, it goes when the claim does.
func (r *ResourceClaimRelease) free(ctx context.Context, claim *api.ResourceResourceClaim, users []api.ResourceClaimConsumerReference, allocation *api.AllocationResult) error {
	freed := api.DeepCopy(claim)
	freed.Status.ReservedFor, freed.Status.Allocation = users, allocation
	if !api.Equal(freed.Status, claim.Status) {
		var err error
		freed, err = client.Of[*api.ResourceResourceClaim](r.client).UpdateStatus(ctx, freed)
		if api.IsNotFound(err) || api.IsConflict(err) {
			return nil // the event of that change queues the claim again
		}
		if err != nil {
			return fmt.Errorf("release claim %s: %w", claim.Key(), err)
		}
	}
	if freed.Status.Allocation != nil {
		return nil
	}
	return setFinalizer(ctx, r.client, freed, api.ResourceClaimFinalizer, false)
}

// deleteWithPod deletes an unused claim whose pod is over: the pod may stay for long, and take up a quota with its claim. A claim
// whose pod is gone is the garbage collector's.
func (r *ResourceClaimRelease) deleteWithPod(ctx context.Context, claim *api.ResourceResourceClaim) error {
	owner := api.ControllerOf(claim)
	if owner == nil || owner.APIVersion != "v1" || owner.Kind != "Pod" {
		return nil
	}
	pod, ok := r.pods.Get(api.Key{Namespace: claim.Namespace, Name: owner.Name})
	if !ok || pod.UID != owner.UID || !podDone(pod) {
		return nil
	}
	ctx = client.Because(ctx, "claim %s was made for pod %s, which is over: delete it", claim.Name, pod.Name)
	err := client.Of[*api.ResourceResourceClaim](r.client).Delete(ctx, claim.Namespace, claim.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &claim.UID}})
	if err != nil && !api.IsNotFound(err) && !api.IsConflict(err) {
		return fmt.Errorf("delete unused generated claim %s: %w", claim.Key(), err)
	}
	return nil
}

// podDone tells whether no container of the pod runs and none ever will: it has ended, or was deleted before it had a node. A pod
// that is being deleted on its node still uses its devices.
func podDone(pod *api.Pod) bool {
	return podEnded(pod) || pod.DeletionTimestamp != nil && pod.Spec.NodeName == ""
}
