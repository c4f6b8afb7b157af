package controllers

import (
	"context"
	"log/slog"
	"slices"

	"kubelite/api"
	"kubelite/client"
)

// The loops that protect storage in use.
//
//	desired    a claim that is deleted stays until no pod uses it, a volume until no claim is bound to it, and a
//	           VolumeAttributesClass until no claim and no volume has it
//	actual     their finalizers, which the API server gives them when they are created
//	converge   take the finalizer away from what is deleted and not used; add it where it is missing
//
// A pod that has no node yet does not count: no kubelet starts a pod with a claim that is being deleted.

// ClaimProtection keeps claims as long as pods use them.
type ClaimProtection struct {
	client *client.Client
	claims *client.Informer[*api.PersistentVolumeClaim]
	pods   *client.Informer[*api.Pod]
	log    *slog.Logger
	queue  *client.Queue
}

// byClaim is the index of pods by the claims that they use: "namespace/name".
const byClaim = "claim"

func podClaimIndex(pod *api.Pod) (claims []string) {
	for i := range pod.Spec.Volumes {
		if name := pod.Spec.Volumes[i].ClaimName(pod.Name); name != "" {
			claims = append(claims, api.Key{Namespace: pod.Namespace, Name: name}.String())
		}
	}
	return claims
}

// NewClaimProtection subscribes to claims and to the pods that use them. Keys are claims.
func NewClaimProtection(c *client.Client, caches *Caches, log *slog.Logger) *ClaimProtection {
	p := &ClaimProtection{client: c, claims: caches.VolumeClaims, pods: caches.Pods, log: log, queue: client.NewQueue("pvcprotection")}
	caches.VolumeClaims.Enqueue(p.queue, func(claim *api.PersistentVolumeClaim) []api.Key { return []api.Key{claim.Key()} })
	caches.Pods.OnChange(func(old, now *api.Pod, revision int64) {
		if now != nil && !podEnded(now) { // a pod in use frees nothing
			return
		}
		if now == nil {
			now = old
		}
		for i := range now.Spec.Volumes {
			if name := now.Spec.Volumes[i].ClaimName(now.Name); name != "" {
				p.queue.Add(api.Key{Namespace: now.Namespace, Name: name}, revision)
			}
		}
	})
	return p
}

// Run reconciles until ctx ends.
func (p *ClaimProtection) Run(ctx context.Context) error {
	if err := waitForSync(ctx, p.claims, p.pods); err != nil {
		return err
	}
	return p.queue.Run(ctx, 1, p.Reconcile, p.log)
}

// Reconcile lets a deleted claim go if no pod uses it.
func (p *ClaimProtection) Reconcile(ctx context.Context, key api.Key) error {
	claim, ok := p.claims.Get(key)
	if !ok {
		return nil
	}
	if claim.DeletionTimestamp == nil {
		return setFinalizer(ctx, p.client, claim, api.FinalizerClaimProtection, true)
	}
	if !slices.Contains(claim.Finalizers, api.FinalizerClaimProtection) {
		return nil
	}
	for _, pod := range p.pods.ByIndex(byClaim, key.String()) {
		if usesClaim(pod, claim) {
			tell(client.Because(ctx, "claim %s is deleted, and pod %s still uses it: wait", key, pod.Name), p.client, p.log, claim)
			return nil
		}
	}
	// The cache may be behind, and data is at stake: ask the server.
	fresh, err := client.Of[*api.Pod](p.client).List(ctx, key.Namespace, client.ListOptions{})
	if err != nil {
		return err
	}
	for _, pod := range fresh.Items {
		if usesClaim(pod, claim) {
			p.queue.PutOff(ctx, key, expectedLag, "cache behind")
			return nil
		}
	}
	return setFinalizer(client.Because(ctx, "claim %s is deleted, and no pod uses it: let it go", key), p.client, claim, api.FinalizerClaimProtection, false)
}

// usesClaim tells whether a kubelet may have mounted the claim for a pod.
func usesClaim(pod *api.Pod, claim *api.PersistentVolumeClaim) bool {
	if pod.Spec.NodeName == "" {
		return false
	}
	return slices.ContainsFunc(pod.Spec.Volumes, func(v api.Volume) bool {
		if v.ClaimName(pod.Name) != claim.Name {
			return false
		}
		// A claim that was made for the pod goes with it; it must really be the pod's.
		return v.Ephemeral == nil || !podEnded(pod) && api.IsControlledBy(claim, pod)
	})
}

// VolumeProtection keeps volumes as long as a claim is bound to them.
type VolumeProtection struct {
	client  *client.Client
	volumes *client.Informer[*api.PersistentVolume]
	log     *slog.Logger
	queue   *client.Queue
}

// NewVolumeProtection subscribes to volumes. Keys are volumes.
func NewVolumeProtection(c *client.Client, caches *Caches, log *slog.Logger) *VolumeProtection {
	p := &VolumeProtection{client: c, volumes: caches.Volumes, log: log, queue: client.NewQueue("pvprotection")}
	caches.Volumes.Enqueue(p.queue, func(pv *api.PersistentVolume) []api.Key { return []api.Key{pv.Key()} })
	return p
}

// Run reconciles until ctx ends.
func (p *VolumeProtection) Run(ctx context.Context) error {
	if err := waitForSync(ctx, p.volumes); err != nil {
		return err
	}
	return p.queue.Run(ctx, 1, p.Reconcile, p.log)
}

// Reconcile lets a deleted volume go if no claim is bound to it.
func (p *VolumeProtection) Reconcile(ctx context.Context, key api.Key) error {
	pv, ok := p.volumes.Get(key)
	switch {
	case !ok:
		return nil
	case pv.DeletionTimestamp == nil:
		return setFinalizer(ctx, p.client, pv, api.FinalizerVolumeProtection, true)
	case pv.Status.Phase == api.VolumeBound:
		tell(client.Because(ctx, "volume %s is deleted, and a claim is bound to it: wait", key), p.client, p.log, pv)
		return nil
	}
	return setFinalizer(client.Because(ctx, "volume %s is deleted, and no claim is bound to it: let it go", key), p.client, pv, api.FinalizerVolumeProtection, false)
}

// AttributesClassProtection keeps VolumeAttributesClasses as long as claims or volumes have them.
type AttributesClassProtection struct {
	client  *client.Client
	classes *client.Informer[*api.VolumeAttributesClass]
	claims  *client.Informer[*api.PersistentVolumeClaim]
	volumes *client.Informer[*api.PersistentVolume]
	log     *slog.Logger
	queue   *client.Queue
}

// NewAttributesClassProtection subscribes to classes and to who has them. Keys are classes.
func NewAttributesClassProtection(c *client.Client, caches *Caches, log *slog.Logger) *AttributesClassProtection {
	p := &AttributesClassProtection{
		client: c, classes: caches.AttributesClasses, claims: caches.VolumeClaims, volumes: caches.Volumes, log: log, queue: client.NewQueue("vacprotection"),
	}
	caches.AttributesClasses.Enqueue(p.queue, func(class *api.VolumeAttributesClass) []api.Key { return []api.Key{class.Key()} })
	had := func(classes []string, revision int64) { // only who had one and has it no more frees it; a look too many does no harm
		for _, name := range classes {
			p.queue.Add(api.Key{Name: name}, revision)
		}
	}
	caches.VolumeClaims.OnChange(func(old, _ *api.PersistentVolumeClaim, revision int64) {
		if old != nil {
			had(api.ClaimAttributesClasses(old), revision)
		}
	})
	caches.Volumes.OnChange(func(old, _ *api.PersistentVolume, revision int64) {
		if old != nil && old.Spec.VolumeAttributesClassName != nil {
			had([]string{*old.Spec.VolumeAttributesClassName}, revision)
		}
	})
	return p
}

// Run reconciles until ctx ends.
func (p *AttributesClassProtection) Run(ctx context.Context) error {
	if err := waitForSync(ctx, p.classes, p.claims, p.volumes); err != nil {
		return err
	}
	return p.queue.Run(ctx, 1, p.Reconcile, p.log)
}

// Reconcile lets a deleted class go if nobody has it.
func (p *AttributesClassProtection) Reconcile(ctx context.Context, key api.Key) error {
	class, ok := p.classes.Get(key)
	switch {
	case !ok:
		return nil
	case class.DeletionTimestamp == nil:
		return setFinalizer(ctx, p.client, class, api.FinalizerAttributesClassProtection, true)
	}
	who := whoHasClass(class.Name, p.claims.List("", nil), p.volumes.List("", nil))
	if who == "" { // the cache may be behind: ask the server
		claims, err := client.Of[*api.PersistentVolumeClaim](p.client).List(ctx, "", client.ListOptions{})
		if err != nil {
			return err
		}
		volumes, err := client.Of[*api.PersistentVolume](p.client).List(ctx, "", client.ListOptions{})
		if err != nil {
			return err
		}
		who = whoHasClass(class.Name, claims.Items, volumes.Items)
	}
	if who != "" {
		tell(client.Because(ctx, "class %s is deleted, and %s has it: wait", key, who), p.client, p.log, class)
		return nil
	}
	return setFinalizer(client.Because(ctx, "class %s is deleted, and nobody has it: let it go", key), p.client, class, api.FinalizerAttributesClassProtection, false)
}

// whoHasClass names a claim or a volume that has a VolumeAttributesClass, "" if none has.
func whoHasClass(class string, claims []*api.PersistentVolumeClaim, volumes []*api.PersistentVolume) string {
	for _, claim := range claims {
		if slices.Contains(api.ClaimAttributesClasses(claim), class) {
			return "claim " + claim.Key().String()
		}
	}
	for _, volume := range volumes {
		if api.Deref(volume.Spec.VolumeAttributesClassName, "") == class {
			return "volume " + volume.Name
		}
	}
	return ""
}

// setFinalizer adds a finalizer to an object or takes it away, unless it is so already.
func setFinalizer[T api.Object](ctx context.Context, c *client.Client, obj T, finalizer string, want bool) error {
	if slices.Contains(obj.GetObjectMeta().Finalizers, finalizer) == want {
		return nil
	}
	changed := api.DeepCopy(obj)
	meta := changed.GetObjectMeta()
	if want {
		meta.Finalizers = append(meta.Finalizers, finalizer)
	} else {
		meta.Finalizers = slices.DeleteFunc(meta.Finalizers, func(f string) bool { return f == finalizer })
	}
	_, err := client.Of[T](c).Update(ctx, changed)
	if api.IsConflict(err) || api.IsNotFound(err) {
		return nil // the event of that change queues the object again
	}
	return err
}
