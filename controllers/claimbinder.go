package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that finds volumes for claims.
//
//	desired    each claim is bound to a volume, and that volume to the claim
//	actual     claim.spec.volumeName and volume.spec.claimRef
//	converge   write the volume's side, then the claim's; or ask a provisioner for a volume; or say what is missing
//
// Binding is two writes to two objects, and another loop of the kind, the scheduler's, binds too. So there is an order,
// and the first write decides, since two writers of one volume meet at its resource version:
//
//	volume.spec.claimRef = claim ──▶ volume Bound ──▶ claim.spec.volumeName = volume, bind-completed ──▶ claim Bound
//	        ✂                            ✂                         ✂
//	Whoever is killed at ✂ leaves a volume that names the claim; the next pass finds it first, and goes on.
//
// A class that waits for its first consumer leaves the choice to the scheduler, who knows on which node the volume must
// be: it writes the claimRef of a volume that is there, or the claim's annotation selected-node for one to be made.

// ClaimBinder binds PersistentVolumeClaims.
type ClaimBinder struct {
	client  *client.Client
	claims  *client.Informer[*api.PersistentVolumeClaim]
	volumes *client.Informer[*api.PersistentVolume]
	classes *client.Informer[*api.StorageClass]
	pods    *client.Informer[*api.Pod]
	events  *client.Recorder
	log     *slog.Logger
	queue   *client.Queue
}

// Annotations by which the binder and provisioners tell each other who makes what. Those that the scheduler reads as well are
// in api.
const (
	annotationProvisionedBy   = "pv.kubernetes.io/provisioned-by"
	annotationProvisioner     = "volume.kubernetes.io/storage-provisioner"
	annotationBetaProvisioner = "volume.beta.kubernetes.io/storage-provisioner"
)

// claimPeriod is how often upstream looks at every claim (--pvclaimbinder-sync-period).
const claimPeriod = 15 * time.Second

// byVolumeName is the index of claims by the volume that they name.
const byVolumeName = "volumeName"

// NewClaimBinder subscribes to claims, to the volumes and classes that could satisfy them, and to the pods that wait
// for them. Keys are claims.
func NewClaimBinder(c *client.Client, caches *Caches, log *slog.Logger) *ClaimBinder {
	b := &ClaimBinder{
		client: c, claims: caches.VolumeClaims, volumes: caches.Volumes, classes: caches.StorageClasses, pods: caches.Pods, log: log,
		events: client.NewRecorder(c, "persistentvolume-controller", ""), queue: client.NewQueue("claimbinder"),
	}
	caches.VolumeClaims.Enqueue(b.queue, func(claim *api.PersistentVolumeClaim) []api.Key { return []api.Key{claim.Key()} })
	caches.Volumes.Enqueue(b.queue, b.claimsOfVolume)
	caches.StorageClasses.Enqueue(b.queue, b.claimsOfClass)
	caches.VolumeClaims.AddIndex(byVolumeName, func(claim *api.PersistentVolumeClaim) []string {
		if claim.Spec.VolumeName == "" {
			return nil
		}
		return []string{claim.Spec.VolumeName}
	})
	caches.Pods.OnChange(func(old, pod *api.Pod, revision int64) {
		if old != nil || pod == nil {
			return
		}
		for i := range pod.Spec.Volumes { // a new pod is somebody to wait for, if it is not scheduled soon
			if name := pod.Spec.Volumes[i].ClaimName(pod.Name); name != "" {
				b.queue.AddAfter(api.Key{Namespace: pod.Namespace, Name: name}, claimPeriod, "consumer", revision)
			}
		}
	})
	return b
}

// Run reconciles until ctx ends.
func (b *ClaimBinder) Run(ctx context.Context) error {
	if err := waitForSync(ctx, b.claims, b.volumes, b.classes, b.pods); err != nil {
		return err
	}
	return b.queue.Run(ctx, 4, b.Reconcile, b.log)
}

// claimsOfVolume are the claim that a volume is for and those that name it all the same, or those that might want a free one.
func (b *ClaimBinder) claimsOfVolume(volume *api.PersistentVolume) []api.Key {
	if ref := volume.Spec.ClaimRef; ref != nil {
		keys := []api.Key{{Namespace: ref.Namespace, Name: ref.Name}}
		for _, claim := range b.claims.ByIndex(byVolumeName, volume.Name) {
			if !api.IsBindCompleted(claim) {
				keys = append(keys, claim.Key())
			}
		}
		return keys
	}
	return b.unboundClaims(func(claim *api.PersistentVolumeClaim) bool {
		return claim.Spec.VolumeName == volume.Name || claim.Spec.VolumeName == "" && api.ClaimClass(claim) == api.VolumeClass(volume)
	})
}

func (b *ClaimBinder) claimsOfClass(class *api.StorageClass) []api.Key {
	return b.unboundClaims(func(claim *api.PersistentVolumeClaim) bool {
		return api.ClaimClass(claim) == class.Name || !api.NamesClass(claim)
	})
}

func (b *ClaimBinder) unboundClaims(wanted func(*api.PersistentVolumeClaim) bool) (keys []api.Key) {
	for _, claim := range b.claims.List("", nil) {
		if !api.IsBindCompleted(claim) && wanted(claim) {
			keys = append(keys, claim.Key())
		}
	}
	return keys
}

// Reconcile takes a claim one step further.
func (b *ClaimBinder) Reconcile(ctx context.Context, key api.Key) error {
	claim, ok := b.claims.Get(key)
	switch {
	case !ok:
		return nil // the loop of the volumes sees to its volume
	case api.IsBindCompleted(claim):
		return b.keepBound(ctx, claim)
	case claim.Spec.VolumeName != "":
		return b.bindRequested(ctx, claim)
	}
	return b.bindAny(ctx, claim)
}

// planBinding is the volume to bind to a claim, nil for none. Of those that can be used in all ways that the claim asks for, the ones
// with the fewest ways go first, even before one that is kept for the claim. While the claim waits for its consumer, what is free is
// the scheduler's choice.
func planBinding(volumes []*api.PersistentVolume, claim *api.PersistentVolumeClaim, waits bool) (*api.PersistentVolume, error) {
	byModes := map[int][]*api.PersistentVolume{}
	for _, volume := range volumes {
		if api.HasAccessModes(volume, claim) {
			n := len(volume.Spec.AccessModes)
			byModes[n] = append(byModes[n], volume)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(byModes)) {
		volume, err := api.FindVolume(byModes[n], claim, func(*api.PersistentVolume) bool { return !waits })
		if volume != nil || err != nil {
			return volume, err
		}
	}
	return nil, nil
}

// bindAny finds a volume for a claim that takes any that will do.
func (b *ClaimBinder) bindAny(ctx context.Context, claim *api.PersistentVolumeClaim) error {
	class, _ := b.classes.Get(api.Key{Name: api.ClaimClass(claim)})
	waits := waitsForConsumer(class)
	volume, err := planBinding(b.volumes.List("", nil), claim, waits)
	if err != nil {
		return err
	}
	if volume != nil {
		return b.bind(client.Because(ctx, "volume %s satisfies claim %s: bind them", volume.Name, claim.Key()), volume, claim)
	}
	if fallback := api.DefaultClass(b.classes.List("", nil), api.IsDefaultStorageClass); fallback != "" && !api.NamesClass(claim) {
		update := *claim // made before there was a default class
		update.Spec.StorageClassName = &fallback
		_, err := client.Of[*api.PersistentVolumeClaim](b.client).Update(client.Because(ctx, "no class is named: %s is the default", fallback), &update)
		return err
	}
	switch {
	case waits && claim.Annotations[api.AnnotationSelectedNode] == "":
		reason, message := b.whoIsWaitedFor(claim)
		b.events.Event(ctx, claim, api.EventTypeNormal, reason, "%s", message)
		tell(client.Because(ctx, "class %s binds when a pod that uses the claim has a node: %s", class.Name, message), b.client, b.log, claim)
		return nil
	case api.ClaimClass(claim) != "":
		return b.askProvisioner(ctx, claim, class)
	}
	b.events.Event(ctx, claim, api.EventTypeNormal, "FailedBinding", "no persistent volumes available for this claim and no storage class is set")
	tell(client.Because(ctx, "no volume satisfies the claim, and it names no class that could make one: wait"), b.client, b.log, claim)
	return nil
}

// whoIsWaitedFor names the pods whose node will decide where the volume is.
func (b *ClaimBinder) whoIsWaitedFor(claim *api.PersistentVolumeClaim) (reason, message string) {
	var names []string
	for _, pod := range b.pods.ByIndex(byClaim, claim.Key().String()) {
		if pod.Spec.NodeName == "" && !podEnded(pod) {
			names = append(names, pod.Name)
		}
	}
	slices.Sort(names)
	switch len(names) {
	case 0:
		return "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
	case 1:
		return "WaitForPodScheduled", "waiting for pod " + names[0] + " to be scheduled"
	}
	return "WaitForPodScheduled", "waiting for pods " + strings.Join(names, ",") + " to be scheduled"
}

// askProvisioner writes into the claim whose turn it is to make a volume. Whoever has that name watches for it.
func (b *ClaimBinder) askProvisioner(ctx context.Context, claim *api.PersistentVolumeClaim, class *api.StorageClass) error {
	failed := ""
	switch {
	case class == nil:
		failed = fmt.Sprintf("storageclass.storage.k8s.io %q not found", api.ClaimClass(claim))
	case strings.HasPrefix(class.Provisioner, "kubernetes.io/"): // those that were built in once
		failed = "no volume plugin matched name: " + class.Provisioner
	}
	if failed != "" {
		b.events.Event(ctx, claim, api.EventTypeWarning, "ProvisioningFailed", "%s", failed)
		tell(client.Because(ctx, "%s: wait", failed), b.client, b.log, claim)
		return nil
	}
	if claim.Annotations[annotationProvisioner] != class.Provisioner {
		update := api.DeepCopy(claim)
		annotate(update, annotationProvisioner, class.Provisioner)
		annotate(update, annotationBetaProvisioner, class.Provisioner)
		ctx := client.Because(ctx, "no volume satisfies the claim: %s is to make one", class.Provisioner)
		if _, err := client.Of[*api.PersistentVolumeClaim](b.client).Update(ctx, update); err != nil {
			return err
		}
	}
	b.events.Event(ctx, claim, api.EventTypeNormal, "ExternalProvisioning", "Waiting for a volume to be created either by the external provisioner '%s' "+
		"or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.", class.Provisioner)
	return nil
}

// bindRequested binds a claim that names its volume.
func (b *ClaimBinder) bindRequested(ctx context.Context, claim *api.PersistentVolumeClaim) error {
	volume, ok := b.volumes.Get(api.Key{Name: claim.Spec.VolumeName})
	switch {
	case !ok:
		tell(client.Because(ctx, "volume %s, which the claim names, does not exist: wait", claim.Spec.VolumeName), b.client, b.log, claim)
		return nil
	case api.IsVolumeFor(volume, claim):
		return b.bind(client.Because(ctx, "volume %s is kept for claim %s, which names it: bind them", volume.Name, claim.Key()), volume, claim)
	case volume.Spec.ClaimRef != nil:
		b.events.Event(ctx, claim, api.EventTypeWarning, "FailedBinding", "volume %q already bound to a different claim.", volume.Name)
		return nil
	}
	if deleted := volume.DeletionTimestamp; deleted != nil && time.Since(deleted.Time) < claimPeriod { // most are gone in a moment
		b.queue.AddAfter(claim.Key(), claimPeriod, "volume to go")
		return nil
	}
	if mismatch := api.VolumeMismatch(volume, claim); mismatch != "" {
		b.events.Event(ctx, claim, api.EventTypeWarning, "VolumeMismatch", "Cannot bind to requested volume %q: %s", volume.Name, mismatch)
		return nil
	}
	return b.bind(client.Because(ctx, "claim %s names volume %s, which is free: bind them", claim.Key(), volume.Name), volume, claim)
}

// keepBound looks after a claim that was bound once. A volume that is gone does not come back.
func (b *ClaimBinder) keepBound(ctx context.Context, claim *api.PersistentVolumeClaim) error {
	volume, ok := b.volumes.Get(api.Key{Name: claim.Spec.VolumeName})
	switch {
	case claim.Spec.VolumeName == "":
		return b.lose(ctx, claim, "ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
	case !ok:
		return b.lose(ctx, claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
	case volume.Spec.ClaimRef != nil && volume.Spec.ClaimRef.UID != claim.UID:
		return b.lose(ctx, claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
	}
	return b.bind(client.Because(ctx, "claim %s is bound to %s: both must say so", claim.Key(), volume.Name), volume, claim)
}

func (b *ClaimBinder) lose(ctx context.Context, claim *api.PersistentVolumeClaim, reason, message string) error {
	if claim.Status.Phase == api.ClaimLost {
		return nil
	}
	if claim.Spec.VolumeName != "" { // a volume made a moment ago may not be in the cache yet
		volume, err := client.Of[*api.PersistentVolume](b.client).Get(ctx, "", claim.Spec.VolumeName)
		if err == nil && (volume.Spec.ClaimRef == nil || volume.Spec.ClaimRef.UID == claim.UID) {
			b.queue.PutOff(ctx, claim.Key(), expectedLag, "cache behind")
			return nil
		}
		if err != nil && !api.IsNotFound(err) {
			return err
		}
	}
	update := *claim
	update.Status.Phase, update.Status.AccessModes, update.Status.Capacity, update.Status.CurrentVolumeAttributesClassName = api.ClaimLost, nil, nil, nil
	if _, err := client.Of[*api.PersistentVolumeClaim](b.client).UpdateStatus(client.Because(ctx, "%s", message), &update); err != nil {
		return err
	}
	b.events.Event(ctx, claim, api.EventTypeWarning, reason, "%s", message)
	return nil
}

// bind makes the four writes, those that are not made yet. It may be cut short after any of them.
func (b *ClaimBinder) bind(ctx context.Context, volume *api.PersistentVolume, claim *api.PersistentVolumeClaim) error {
	var err error
	volumes, claims := client.Of[*api.PersistentVolume](b.client), client.Of[*api.PersistentVolumeClaim](b.client)
	if update, changed := boundVolume(volume, claim); changed {
		if volume, err = volumes.Update(ctx, update); err != nil {
			return fmt.Errorf("bind volume %s to claim %s: %w", update.Name, claim.Key(), err)
		}
	}
	if volume.Status.Phase != api.VolumeBound {
		update := *volume
		update.Status.Phase, update.Status.Message = api.VolumeBound, ""
		if volume, err = volumes.UpdateStatus(ctx, &update); err != nil {
			return fmt.Errorf("mark volume %s bound: %w", update.Name, err)
		}
	}
	if update, changed := boundClaim(claim, volume); changed {
		if claim, err = claims.Update(ctx, update); err != nil {
			return fmt.Errorf("bind claim %s to volume %s: %w", update.Key(), volume.Name, err)
		}
	}
	if update, changed := boundClaimStatus(claim, volume); changed {
		if _, err = claims.UpdateStatus(ctx, update); err != nil {
			return fmt.Errorf("mark claim %s bound: %w", update.Key(), err)
		}
	}
	return nil
}

// boundVolume is the volume with the claim in it. The annotation says that it was we who chose: when the binding comes
// undone the volume is free again, where one that somebody kept for a claim stays kept.
func boundVolume(volume *api.PersistentVolume, claim *api.PersistentVolumeClaim) (bound *api.PersistentVolume, changed bool) {
	ref := volume.Spec.ClaimRef
	if api.IsVolumeFor(volume, claim) && ref.UID == claim.UID {
		return volume, false
	}
	bound = api.DeepCopy(volume)
	if !api.IsVolumeFor(volume, claim) {
		annotate(bound, api.AnnotationBoundByController, "yes")
	}
	reference := client.ReferenceTo(claim)
	bound.Spec.ClaimRef = &reference
	return bound, true
}

func boundClaim(claim *api.PersistentVolumeClaim, volume *api.PersistentVolume) (bound *api.PersistentVolumeClaim, changed bool) {
	if claim.Spec.VolumeName == volume.Name && api.IsBindCompleted(claim) {
		return claim, false
	}
	bound = api.DeepCopy(claim)
	if claim.Spec.VolumeName != volume.Name {
		bound.Spec.VolumeName = volume.Name
		annotate(bound, api.AnnotationBoundByController, "yes")
	}
	annotate(bound, api.AnnotationBindCompleted, "yes")
	return bound, true
}

// boundClaimStatus takes the capacity over once: later the volume may grow before its file system has.
func boundClaimStatus(claim *api.PersistentVolumeClaim, volume *api.PersistentVolume) (bound *api.PersistentVolumeClaim, changed bool) {
	if claim.Status.Phase == api.ClaimBound && slices.Equal(claim.Status.AccessModes, volume.Spec.AccessModes) {
		return claim, false
	}
	bound = api.DeepCopy(claim)
	bound.Status.AccessModes = volume.Spec.AccessModes
	if claim.Status.Phase != api.ClaimBound {
		bound.Status.Phase, bound.Status.Capacity = api.ClaimBound, volume.Spec.Capacity
		bound.Status.CurrentVolumeAttributesClassName = volume.Spec.VolumeAttributesClassName
	}
	return bound, true
}

// waitsForConsumer tells whether claims of a class are bound when a pod that uses them has a node.
func waitsForConsumer(class *api.StorageClass) bool {
	return class != nil && api.Deref(class.VolumeBindingMode, api.VolumeBindingImmediate) == api.VolumeBindingWaitForFirstConsumer
}

func annotate(obj api.Object, key, value string) {
	meta := obj.GetObjectMeta()
	if meta.Annotations == nil {
		meta.Annotations = map[string]string{}
	}
	meta.Annotations[key] = value
}
