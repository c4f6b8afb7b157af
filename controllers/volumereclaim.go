package controllers

import (
	"context"
	"log/slog"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// The loop that follows a volume through its life.
//
//	desired    the phase says what is so, and a volume whose claim is gone is reclaimed as its policy says
//	actual     spec.claimRef, and whether that claim is there
//	converge   Available without a claim, Bound with one, Released after one; then
//	             Retain   nothing: an administrator decides about the data
//	             Delete   who made the volume removes data and volume (localprovisioner.go does, for its own)
//	             Recycle  Failed: no kind of volume here can be wiped for the next
//
// A Released volume does not become Available again by itself. It has another claim's data on it.

// VolumeReclaimer keeps the phase of PersistentVolumes.
type VolumeReclaimer struct {
	client  *client.Client
	volumes *client.Informer[*api.PersistentVolume]
	claims  *client.Informer[*api.PersistentVolumeClaim]
	events  *client.Recorder
	log     *slog.Logger
	queue   *client.Queue
}

// NewVolumeReclaimer subscribes to volumes and to the claims that they are bound to. Keys are volumes.
func NewVolumeReclaimer(c *client.Client, caches *Caches, log *slog.Logger) *VolumeReclaimer {
	r := &VolumeReclaimer{
		client: c, volumes: caches.Volumes, claims: caches.VolumeClaims, log: log,
		events: client.NewRecorder(c, "persistentvolume-controller", ""), queue: client.NewQueue("volumereclaim"),
	}
	caches.Volumes.Enqueue(r.queue, func(volume *api.PersistentVolume) []api.Key { return []api.Key{volume.Key()} })
	caches.Volumes.AddIndex(byClaimRef, func(volume *api.PersistentVolume) []string {
		if ref := volume.Spec.ClaimRef; ref != nil {
			return []string{api.Key{Namespace: ref.Namespace, Name: ref.Name}.String()}
		}
		return nil
	})
	caches.VolumeClaims.Enqueue(r.queue, func(claim *api.PersistentVolumeClaim) (keys []api.Key) {
		for _, volume := range r.volumes.ByIndex(byClaimRef, claim.Key().String()) {
			keys = append(keys, volume.Key())
		}
		return keys
	})
	return r
}

// byClaimRef is the index of volumes by the claim that they are for: "namespace/name".
const byClaimRef = "claimRef"

// Run reconciles until ctx ends.
func (r *VolumeReclaimer) Run(ctx context.Context) error {
	if err := waitForSync(ctx, r.volumes, r.claims); err != nil {
		return err
	}
	return r.queue.Run(ctx, 4, r.Reconcile, r.log)
}

// Reconcile makes one volume's phase true.
func (r *VolumeReclaimer) Reconcile(ctx context.Context, key api.Key) error {
	volume, ok := r.volumes.Get(key)
	if !ok {
		return nil
	}
	ref := volume.Spec.ClaimRef
	if ref == nil || ref.UID == "" {
		return r.setPhase(client.Because(ctx, "volume %s has no claim yet: it is available", key.Name), volume, api.VolumeAvailable)
	}
	claim, err := r.claimOf(ctx, volume)
	switch {
	case err != nil:
		return err
	case claim == nil:
		return r.release(ctx, volume)
	case claim.Spec.VolumeName == "":
		return r.explainMode(ctx, volume, claim) // the claim's side is not written yet, which is the binder's part
	case claim.Spec.VolumeName == volume.Name:
		return r.setPhase(client.Because(ctx, "volume %s and claim %s name each other: it is bound", key.Name, claim.Key()), volume, api.VolumeBound)
	case volume.Annotations[annotationProvisionedBy] != "" && volume.Spec.PersistentVolumeReclaimPolicy == api.PersistentVolumeReclaimDelete:
		return r.release(ctx, volume) // it was made for a claim that got another one meanwhile
	}
	return r.unbind(client.Because(ctx, "claim %s is bound to volume %s instead: this one is free", claim.Key(), claim.Spec.VolumeName), volume)
}

// claimOf returns the very claim that a volume is bound to, nil if it is gone. Data is at stake, so the cache's word for
// that is not enough.
func (r *VolumeReclaimer) claimOf(ctx context.Context, volume *api.PersistentVolume) (*api.PersistentVolumeClaim, error) {
	ref := volume.Spec.ClaimRef
	if claim, ok := r.claims.Get(api.Key{Namespace: ref.Namespace, Name: ref.Name}); ok && claim.UID == ref.UID {
		return claim, nil
	}
	claim, err := client.Of[*api.PersistentVolumeClaim](r.client).Get(ctx, ref.Namespace, ref.Name)
	if api.IsNotFound(err) || err == nil && claim.UID != ref.UID {
		return nil, nil
	}
	return claim, err
}

// explainMode says why a volume that somebody kept for a claim will never be bound to it.
func (r *VolumeReclaimer) explainMode(ctx context.Context, volume *api.PersistentVolume, claim *api.PersistentVolumeClaim) error {
	if api.VolumeMode(volume.Spec.VolumeMode) != api.VolumeMode(claim.Spec.VolumeMode) {
		r.events.Event(ctx, volume, api.EventTypeWarning, "VolumeMismatch", "Cannot bind PersistentVolume to requested PersistentVolumeClaim %q due to incompatible volumeMode.", claim.Name)
		r.events.Event(ctx, claim, api.EventTypeWarning, "VolumeMismatch", "Cannot bind PersistentVolume %q to requested PersistentVolumeClaim due to incompatible volumeMode.", volume.Name)
	}
	return nil
}

// release is what happens when the claim is gone.
func (r *VolumeReclaimer) release(ctx context.Context, volume *api.PersistentVolume) error {
	if phase := volume.Status.Phase; phase != api.VolumeReleased && phase != api.VolumeFailed {
		ctx := client.Because(ctx, "claim %s/%s of volume %s is gone: it is released", volume.Spec.ClaimRef.Namespace, volume.Spec.ClaimRef.Name, volume.Name)
		return r.setPhase(ctx, volume, api.VolumeReleased) // and its event brings us back
	}
	switch volume.Spec.PersistentVolumeReclaimPolicy {
	case api.PersistentVolumeReclaimRecycle:
		return r.fail(ctx, volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
	case api.PersistentVolumeReclaimDelete:
		if by := volume.Annotations[annotationProvisionedBy]; volume.Spec.CSI != nil || by != "" && !strings.HasPrefix(by, "kubernetes.io/") {
			return nil // who made it removes it
		}
		return r.fail(ctx, volume, "VolumeFailedDelete", "error getting deleter volume plugin for volume \""+volume.Name+"\": no deletable volume plugin matched")
	}
	return nil
}

func (r *VolumeReclaimer) fail(ctx context.Context, volume *api.PersistentVolume, reason, message string) error {
	if volume.Status.Phase == api.VolumeFailed {
		return nil
	}
	update := *volume
	update.Status.Phase, update.Status.Message = api.VolumeFailed, message
	if _, err := client.Of[*api.PersistentVolume](r.client).UpdateStatus(client.Because(ctx, "%s", message), &update); err != nil {
		return ignoreConflict(err)
	}
	r.events.Event(ctx, volume, api.EventTypeWarning, reason, "%s", message)
	return nil
}

// unbind undoes a binding that came to nothing. What an administrator wrote stays.
func (r *VolumeReclaimer) unbind(ctx context.Context, volume *api.PersistentVolume) error {
	update := api.DeepCopy(volume)
	if _, ours := update.Annotations[api.AnnotationBoundByController]; ours {
		update.Spec.ClaimRef = nil
		delete(update.Annotations, api.AnnotationBoundByController)
	} else {
		update.Spec.ClaimRef.UID = ""
	}
	_, err := client.Of[*api.PersistentVolume](r.client).Update(ctx, update)
	return ignoreConflict(err)
}

func (r *VolumeReclaimer) setPhase(ctx context.Context, volume *api.PersistentVolume, phase api.PersistentVolumePhase) error {
	if volume.Status.Phase == phase {
		return nil
	}
	update := *volume
	update.Status.Phase, update.Status.Message = phase, ""
	_, err := client.Of[*api.PersistentVolume](r.client).UpdateStatus(ctx, &update)
	return ignoreConflict(err)
}
