package controllers

import (
	"context"
	"fmt"
	"log/slog"

	"kubelite/api"
	"kubelite/client"
)

// The loop that makes claims for pods that bring their own.
//
//	desired    for each volume of kind ephemeral of a pod a claim <pod>-<volume>, made from the volume's template
//	actual     the claims
//	converge   create the claim, owned by the pod, so that it goes with it
//
// A claim of that name that is somebody else's is left alone, and the pod has to wait: its data is not the pod's.

// EphemeralVolumes makes the claims of pods' ephemeral volumes.
type EphemeralVolumes struct {
	client *client.Client
	pods   *client.Informer[*api.Pod]
	claims *client.Informer[*api.PersistentVolumeClaim]
	events *client.Recorder
	log    *slog.Logger
	queue  *client.Queue
}

// NewEphemeralVolumes subscribes to pods with such volumes and to claims that go missing. Keys are pods.
func NewEphemeralVolumes(c *client.Client, caches *Caches, log *slog.Logger) *EphemeralVolumes {
	e := &EphemeralVolumes{
		client: c, pods: caches.Pods, claims: caches.VolumeClaims, log: log,
		events: client.NewRecorder(c, "ephemeral_volume", ""), queue: client.NewQueue("ephemeralvolume"),
	}
	caches.Pods.OnChange(func(old, pod *api.Pod, revision int64) {
		if old == nil && pod != nil { // a pod's volumes do not change
			e.add(pod, revision)
		}
	})
	caches.VolumeClaims.OnChange(func(old, claim *api.PersistentVolumeClaim, revision int64) {
		if claim == nil {
			for _, pod := range e.pods.ByIndex(byClaim, old.Key().String()) {
				e.add(pod, revision)
			}
		}
	})
	return e
}

func (e *EphemeralVolumes) add(pod *api.Pod, revision int64) {
	for i := range pod.Spec.Volumes {
		if pod.Spec.Volumes[i].Ephemeral != nil {
			e.queue.Add(pod.Key(), revision)
			return
		}
	}
}

// Run reconciles until ctx ends.
func (e *EphemeralVolumes) Run(ctx context.Context) error {
	if err := waitForSync(ctx, e.pods, e.claims); err != nil {
		return err
	}
	return e.queue.Run(ctx, 4, e.Reconcile, e.log)
}

// Reconcile makes the claims that a pod lacks.
func (e *EphemeralVolumes) Reconcile(ctx context.Context, key api.Key) error {
	pod, ok := e.pods.Get(key)
	if !ok || pod.DeletionTimestamp != nil {
		return nil
	}
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		if volume.Ephemeral == nil || volume.Ephemeral.VolumeClaimTemplate == nil {
			continue
		}
		if err := e.ensureClaim(ctx, pod, volume); err != nil {
			e.events.Event(ctx, pod, api.EventTypeWarning, "FailedBinding", "ephemeral volume %s: %v", volume.Name, err)
			return fmt.Errorf("ephemeral volume %s: %w", volume.Name, err)
		}
	}
	return nil
}

func (e *EphemeralVolumes) ensureClaim(ctx context.Context, pod *api.Pod, volume *api.Volume) error {
	wanted := ephemeralClaim(pod, volume)
	if claim, ok := e.claims.Get(wanted.Key()); ok {
		if !api.IsControlledBy(claim, pod) {
			return fmt.Errorf("PVC %s was not created for pod %s (pod is not owner)", claim.Key(), pod.Key())
		}
		return nil
	}
	_, err := client.Of[*api.PersistentVolumeClaim](e.client).Create(client.Because(ctx, "volume %s of pod %s is to have a claim of its own: create it", volume.Name, pod.Name), wanted)
	if err != nil && !api.IsAlreadyExists(err) { // one that exists shows in the cache soon, and then whose it is
		return fmt.Errorf("create PVC %s: %w", wanted.Name, err)
	}
	return nil
}

func ephemeralClaim(pod *api.Pod, volume *api.Volume) *api.PersistentVolumeClaim {
	template := volume.Ephemeral.VolumeClaimTemplate
	owner := api.NewControllerRef(pod)
	return &api.PersistentVolumeClaim{
		ObjectMeta: api.ObjectMeta{
			Namespace: pod.Namespace, Name: volume.ClaimName(pod.Name), Labels: template.Labels, Annotations: template.Annotations,
			OwnerReferences: []api.OwnerReference{owner},
		},
		Spec: template.Spec,
	}
}
