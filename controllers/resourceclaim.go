package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that gets pods the claims for devices that they are to have for themselves.
//
//	desired    for each claim that a pod wants made from a template one that is the pod's, and its name in the pod's status
//	actual     the claims that the pod owns; an annotation tells which is which
//	converge   create the claim, write down its name
//
// Example: pod web wants "gpu" from the template large. The claim web-gpu-x7k2f is made, and web's status then says
// "gpu: web-gpu-x7k2f", which is what scheduler and kubelet go by. A claim that vanishes while its pod lives is made anew.
//
// The scheduler gives a claim its devices and reserves it for the pod it places. It never sees a pod that came with its node;
// for such a pod this loop reserves what has devices already. resourceclaim_release.go takes the devices back.

const (
	annotationPodClaimName = "resource.kubernetes.io/pod-claim-name"
	// maxClaimNamePrefix leaves room in a name of 63 characters for a hyphen and what makes it unique.
	maxClaimNamePrefix = 57
)

// ResourceClaims makes the claims of pods that want some made from templates.
type ResourceClaims struct {
	client    *client.Client
	pods      *client.Informer[*api.Pod]
	claims    *client.Informer[*api.ResourceResourceClaim]
	templates *client.Informer[*api.ResourceClaimTemplate]
	made      *ownWrites // claims, by their pods
	events    *client.Recorder
	log       *slog.Logger
	queue     *client.Queue
}

// Indexes of pods: by the claims for devices that they use, and by the templates that they want some made from. Both are
// "namespace/name".
const (
	byResourceClaim = "resourceclaim"
	byClaimTemplate = "resourceclaimtemplate"
)

func podResourceClaimIndex(pod *api.Pod) (values []string) {
	for _, name := range pod.ResourceClaimNames() {
		values = append(values, api.Key{Namespace: pod.Namespace, Name: name}.String())
	}
	return values
}

func podClaimTemplateIndex(pod *api.Pod) (values []string) {
	for i := range pod.Spec.ResourceClaims {
		if name := pod.Spec.ResourceClaims[i].ResourceClaimTemplateName; name != nil {
			values = append(values, api.Key{Namespace: pod.Namespace, Name: *name}.String())
		}
	}
	return values
}

// NewResourceClaims subscribes to pods that want claims, to claims, which may go missing, and to templates, which may come
// late. Keys are pods.
func NewResourceClaims(c *client.Client, caches *Caches, log *slog.Logger) *ResourceClaims {
	r := &ResourceClaims{
		client: c, pods: caches.Pods, claims: caches.ResourceClaims, templates: caches.ResourceClaimTemplates, log: log,
		made: newOwnWrites(), events: client.NewRecorder(c, "resource_claim", ""), queue: client.NewQueue("resourceclaim"),
	}
	caches.Pods.OnChange(func(_, pod *api.Pod, revision int64) {
		if pod != nil && len(pod.Spec.ResourceClaims) > 0 {
			r.queue.Add(pod.Key(), revision)
		}
	})
	caches.ResourceClaims.OnChange(r.claimChanged)
	caches.ResourceClaimTemplates.OnChange(func(_, template *api.ResourceClaimTemplate, revision int64) {
		if template != nil {
			r.addPods(byClaimTemplate, template.Key(), revision)
		}
	})
	return r
}

// claimChanged queues the pods that name the claim, and the one that it was made for, whose status may not name it yet.
func (r *ResourceClaims) claimChanged(old, claim *api.ResourceResourceClaim, revision int64) {
	gone := claim == nil
	if gone {
		claim = old
	}
	if owner := api.ControllerOf(claim); owner != nil && owner.Kind == "Pod" {
		pod := api.Key{Namespace: claim.Namespace, Name: owner.Name}
		if gone {
			r.made.deleted(pod, claim.Key())
		}
		r.queue.Add(pod, revision)
	}
	r.addPods(byResourceClaim, claim.Key(), revision)
}

func (r *ResourceClaims) addPods(index string, of api.Key, revision int64) {
	for _, pod := range r.pods.ByIndex(index, of.String()) {
		r.queue.Add(pod.Key(), revision)
	}
}

// Run reconciles until ctx ends.
func (r *ResourceClaims) Run(ctx context.Context) error {
	if err := waitForSync(ctx, r.pods, r.claims, r.templates); err != nil {
		return err
	}
	return r.queue.Run(ctx, 8, r.Reconcile, r.log)
}

// Reconcile makes the claims that a pod lacks, and writes their names into its status.
func (r *ResourceClaims) Reconcile(ctx context.Context, key api.Key) error {
	pod, ok := r.pods.Get(key)
	if !ok {
		r.made.forget(key)
		return nil
	}
	if !podActive(pod) || r.awaitOwnWrites(ctx, key) {
		return nil
	}
	names, err := r.ensureClaims(ctx, pod)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return r.note(ctx, pod, names) // its event queues the pod again
	}
	if pod.Spec.NodeName == "" {
		return nil // the scheduler will reserve them
	}
	return r.reserve(ctx, pod)
}

// awaitOwnWrites tells whether the cache lags behind the claims made for a pod. A claim's name says nothing, so that a second
// one would be made:
//
//	this loop   creates web-gpu-x7k2f, its name does not get into the status ... tries again: no claim for "gpu"
//	cache       ............................................................................... web-gpu-x7k2f
func (r *ResourceClaims) awaitOwnWrites(ctx context.Context, pod api.Key) bool {
	_, waiting := r.made.pending(pod, revisionIn(r.claims), time.Now())
	if waiting { // the claim's event ends that
		r.queue.PutOff(ctx, pod, expectationsTimeout+time.Second, "expectations") // should it have been lost
	}
	return waiting
}

// ensureClaims makes the claims that are missing, and returns the names that the pod's status does not have yet.
func (r *ResourceClaims) ensureClaims(ctx context.Context, pod *api.Pod) (names map[string]string, err error) {
	names = map[string]string{}
	for i := range pod.Spec.ResourceClaims {
		wanted := &pod.Spec.ResourceClaims[i]
		if wanted.ResourceClaimTemplateName == nil {
			continue // a person makes it
		}
		has, err := r.hasClaim(ctx, pod, wanted)
		if err == nil && !has {
			names[wanted.Name], err = r.claimFor(ctx, pod, wanted)
		}
		if err != nil {
			r.events.Event(ctx, pod, api.EventTypeWarning, "FailedResourceClaimCreation", "PodResourceClaim %s: %v", wanted.Name, err)
			return nil, fmt.Errorf("pod %s, PodResourceClaim %s: %w", pod.Key(), wanted.Name, err)
		}
	}
	return names, nil
}

// hasClaim tells whether the claim that the pod's status names is there and the pod's, or the status says that none is needed.
func (r *ResourceClaims) hasClaim(ctx context.Context, pod *api.Pod, wanted *api.PodResourceClaim) (bool, error) {
	name, _, err := pod.ResourceClaimName(wanted)
	if err != nil || name == "" {
		return err == nil, nil
	}
	claim, ok := r.claims.Get(api.Key{Namespace: pod.Namespace, Name: name})
	if !ok { // or this cache is behind that of the pods, and another process made it
		claim, err = client.Of[*api.ResourceResourceClaim](r.client).Get(ctx, pod.Namespace, name)
		if api.IsNotFound(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return api.IsControlledBy(claim, pod), nil
}

// claimFor finds the claim that was made for the pod before its name could be written down, or makes it.
func (r *ResourceClaims) claimFor(ctx context.Context, pod *api.Pod, wanted *api.PodResourceClaim) (name string, err error) {
	for _, claim := range r.claims.ByIndex(byController, string(pod.UID)) {
		if claim.Annotations[annotationPodClaimName] == wanted.Name {
			return claim.Name, nil
		}
	}
	template, ok := r.templates.Get(api.Key{Namespace: pod.Namespace, Name: *wanted.ResourceClaimTemplateName})
	if !ok { // its coming queues the pod
		return "", fmt.Errorf("resource claim template %q: resourceclaimtemplate.resource.k8s.io %[1]q not found", *wanted.ResourceClaimTemplateName)
	}
	ctx = client.Because(ctx, "pod %s wants %s from template %s for itself: create a claim", pod.Name, wanted.Name, template.Name)
	claim, err := client.Of[*api.ResourceResourceClaim](r.client).Create(ctx, claimFromTemplate(pod, wanted, template))
	if err != nil {
		return "", fmt.Errorf("create ResourceClaim : %w", err) // it has no name yet
	}
	r.made.wrote(pod.Key(), claim, time.Now())
	return claim.Name, nil
}

// note writes into the pod's status which claims were made for it.
func (r *ResourceClaims) note(ctx context.Context, pod *api.Pod, names map[string]string) error {
	ctx = client.Because(ctx, "claims of the pod were made: say which in its status")
	err := patchPodStatus(ctx, r.client, pod, func(s *api.PodStatus) {
		for i := range pod.Spec.ResourceClaims {
			wanted := pod.Spec.ResourceClaims[i].Name
			name, ok := names[wanted]
			if !ok {
				continue
			}
			s.ResourceClaimStatuses = slices.DeleteFunc(s.ResourceClaimStatuses, func(c api.PodResourceClaimStatus) bool { return c.Name == wanted })
			s.ResourceClaimStatuses = append(s.ResourceClaimStatuses, api.PodResourceClaimStatus{Name: wanted, ResourceClaimName: &name})
		}
	})
	if api.IsNotFound(err) || api.IsConflict(err) {
		return nil // it is gone, and perhaps another one has its name
	}
	return err
}

// reserve has the claims that have devices already say that a pod on a node uses them.
func (r *ResourceClaims) reserve(ctx context.Context, pod *api.Pod) error {
	for i := range pod.Spec.ResourceClaims {
		name, _, _ := pod.ResourceClaimName(&pod.Spec.ResourceClaims[i]) // "" as long as it is to be made
		claim, ok := r.claims.Get(api.Key{Namespace: pod.Namespace, Name: name})
		if !ok || claim.Status.Allocation == nil || claim.DeletionTimestamp != nil || claim.IsReservedFor(pod.UID) {
			continue
		}
		reserved := api.DeepCopy(claim)
		reserved.Status.ReservedFor = append(reserved.Status.ReservedFor, api.ResourceClaimConsumerReference{Resource: "pods", Name: pod.Name, UID: pod.UID})
		ctx := client.Because(ctx, "pod %s is on node %s and uses claim %s: reserve it", pod.Name, pod.Spec.NodeName, name)
		_, err := client.Of[*api.ResourceResourceClaim](r.client).UpdateStatus(ctx, reserved)
		if err != nil && !api.IsNotFound(err) && !api.IsConflict(err) { // the event of that change queues the pod again
			return fmt.Errorf("reserve claim %s: %w", claim.Key(), err)
		}
	}
	return nil
}

func claimFromTemplate(pod *api.Pod, wanted *api.PodResourceClaim, template *api.ResourceClaimTemplate) *api.ResourceResourceClaim {
	annotations := map[string]string{}
	maps.Copy(annotations, template.Spec.Annotations)
	annotations[annotationPodClaimName] = wanted.Name
	owner := api.NewControllerRef(pod)
	owner.BlockOwnerDeletion = nil // the claim waits for the pod, not the pod for the claim
	return &api.ResourceResourceClaim{
		ObjectMeta: api.ObjectMeta{
			Namespace: pod.Namespace, GenerateName: claimNamePrefix(pod.Name, wanted.Name),
			Labels: maps.Clone(template.Spec.Labels), Annotations: annotations, OwnerReferences: []api.OwnerReference{owner},
		},
		Spec: template.Spec.Spec,
	}
}

// claimNamePrefix is "pod-claim-". Of a long one both parts are cut in proportion: the API server would cut at the end, and
// nothing would be left of the claim's name.
func claimNamePrefix(pod, claim string) string {
	prefix := pod + "-" + claim + "-"
	if len(prefix) <= maxClaimNamePrefix {
		return prefix
	}
	return pod[:len(pod)*maxClaimNamePrefix/len(prefix)] + "-" + claim[:len(claim)*maxClaimNamePrefix/len(prefix)]
}
