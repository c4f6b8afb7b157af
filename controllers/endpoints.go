package controllers

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The endpoints loop.
//
//	desired    for every Service with a selector: the addresses of the pods that it selects, ready ones and others
//	actual     the Endpoints of the service's name
//	converge   write all of it
//
// One object holds all addresses, so every change of one is sent as a whole, and no more than 1000 fit. EndpointSlices
// took its place; old clients still read this.

const (
	endpointsController     = "endpoint-controller"
	labelEndpointsManagedBy = "endpoints.kubernetes.io/managed-by"
	maxEndpoints            = 1000
)

// EndpointsController keeps the Endpoints of Services with selectors.
type EndpointsController struct {
	client    *client.Client
	services  *client.Informer[*api.Service]
	pods      *client.Informer[*api.Pod]
	endpoints *client.Informer[*api.Endpoints]
	triggers  *triggerTimes
	written   *ownWrites
	log       *slog.Logger
	queue     *client.Queue
}

// NewEndpointsController subscribes to services, the pods behind them and Endpoints. Keys are services.
func NewEndpointsController(c *client.Client, caches *Caches, log *slog.Logger) *EndpointsController {
	e := &EndpointsController{
		client: c, services: caches.Services, pods: caches.Pods, endpoints: caches.Endpoints, triggers: newTriggerTimes(), log: log,
		queue: client.NewQueue("endpoints"), written: newOwnWrites(),
	}
	caches.Services.Enqueue(e.queue, func(svc *api.Service) []api.Key { return []api.Key{svc.Key()} })
	onEndpointChange(caches, func(service api.Key, revision int64) { e.queue.Add(service, revision) })
	caches.Endpoints.OnChange(func(old, now *api.Endpoints, revision int64) {
		if now == nil { // deleted: it comes back if its service is still there
			e.written.forget(old.Key())
			e.queue.Add(old.Key(), revision)
		}
	})
	return e
}

// Run reconciles until ctx ends.
func (e *EndpointsController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, e.services, e.pods, e.endpoints); err != nil {
		return err
	}
	return e.queue.Run(ctx, 5, e.Reconcile, e.log)
}

// Reconcile makes the Endpoints of the service that key names hold the addresses of the pods that it selects.
func (e *EndpointsController) Reconcile(ctx context.Context, key api.Key) error {
	resource := client.Of[*api.Endpoints](e.client)
	current, exists := e.endpoints.Get(key)
	svc, ok := e.services.Get(key)
	if !ok {
		e.triggers.forget(key)
		e.written.forget(key)
		if !exists {
			return nil
		}
		// Those that somebody makes anew with the service are others.
		err := resource.Delete(client.Because(ctx, "service %s is gone", key), key.Namespace, key.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &current.UID}})
		return ignoreConflict(err)
	}
	if svc.Spec.Type == api.ServiceTypeExternalName || svc.Spec.Selector == nil {
		return nil // somebody else writes them
	}
	// What was before the last write may look as it should now, while what was written does not.
	if _, waiting := e.written.pending(key, revisionIn(e.endpoints), time.Now()); waiting {
		e.queue.PutOff(ctx, key, expectedLag, "cache behind")
		return nil
	}
	if !exists {
		current = &api.Endpoints{ObjectMeta: api.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	}
	pods := e.pods.List(svc.Namespace, api.SelectorFromSet(svc.Spec.Selector))
	changedAt := e.triggers.since(svc, pods)
	wanted := wantedEndpoints(svc, pods, current)
	if exists && api.Equal(current.Subsets, wanted.Subsets) && maps.Equal(current.Labels, wanted.Labels) && maps.Equal(current.Annotations, wanted.Annotations) {
		return nil
	}
	annotateTrigger(&wanted.ObjectMeta, changedAt)
	var err error
	if exists {
		wanted, err = resource.Update(client.Because(ctx, "the pods behind service %s changed", key), wanted)
	} else {
		wanted, err = resource.Create(client.Because(ctx, "service %s has no endpoints: create them", key), wanted)
	}
	switch {
	case err == nil:
		e.written.wrote(key, wanted, time.Now())
	case api.IsConflict(err), api.IsAlreadyExists(err):
		e.queue.PutOff(ctx, key, expectedLag, "cache behind")
		return nil
	case api.IsNotFound(err), namespaceTerminating(err):
		return nil
	}
	return err
}

// wantedEndpoints are what the Endpoints of a service should be.
func wantedEndpoints(svc *api.Service, pods []*api.Pod, current *api.Endpoints) *api.Endpoints {
	wanted := api.DeepCopy(current)
	wanted.Labels = maps.Clone(svc.Labels)
	if wanted.Labels == nil {
		wanted.Labels = map[string]string{}
	}
	delete(wanted.Labels, api.LabelHeadlessService)
	if !api.HasClusterIP(svc) {
		wanted.Labels[api.LabelHeadlessService] = ""
	}
	wanted.Labels[labelEndpointsManagedBy] = endpointsController

	var truncated bool
	wanted.Subsets, truncated = planSubsets(svc, pods)
	delete(wanted.Annotations, api.AnnotationEndpointsTruncated)
	if truncated {
		setAnnotation(&wanted.ObjectMeta, api.AnnotationEndpointsTruncated, "truncated")
	}
	return wanted
}

// onEndpointChange calls fn with the services for which a change of a pod makes a difference.
func onEndpointChange(caches *Caches, fn func(service api.Key, revision int64)) {
	caches.Pods.OnChange(func(old, now *api.Pod, revision int64) {
		if old != nil && now != nil && sameEndpoint(old, now) {
			return
		}
		for _, pod := range []*api.Pod{old, now} {
			if pod == nil {
				continue
			}
			for _, svc := range caches.Services.List(pod.Namespace, nil) {
				if svc.Spec.Selector != nil && api.SelectorFromSet(svc.Spec.Selector).Matches(pod.Labels) {
					fn(svc.Key(), revision)
				}
			}
		}
	})
}

// sameEndpoint tells that two versions of a pod look the same to those who reach it through a service.
func sameEndpoint(old, now *api.Pod) bool {
	_, wasReady := podReady(old)
	_, isReady := podReady(now)
	return wasReady == isReady && podEnded(old) == podEnded(now) && (old.DeletionTimestamp == nil) == (now.DeletionTimestamp == nil) &&
		old.UID == now.UID && old.Spec.NodeName == now.Spec.NodeName && old.Spec.Hostname == now.Spec.Hostname && old.Spec.Subdomain == now.Spec.Subdomain &&
		slices.Equal(old.Status.PodIPs, now.Status.PodIPs) && maps.Equal(old.Labels, now.Labels)
}

// hasHostname tells whether a pod has a name below the service's.
func hasHostname(svc *api.Service, pod *api.Pod) bool {
	return pod.Spec.Hostname != "" && pod.Spec.Subdomain == svc.Name
}

func podReference(pod *api.Pod) *api.ObjectReference {
	return &api.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID}
}

// podPort is the number that a port of a service has in a pod. A name means the container port of that name.
func podPort(pod *api.Pod, port *api.ServicePort) (number int32, ok bool) {
	if port.TargetPort.Type != api.StringForm {
		return port.TargetPort.IntVal, true
	}
	find := func(containers []api.Container) bool {
		for i := range containers {
			for _, p := range containers[i].Ports {
				if p.Name == port.TargetPort.StrVal && p.Protocol == port.Protocol {
					number = p.ContainerPort
					return true
				}
			}
		}
		return false
	}
	if find(pod.Spec.Containers) {
		return number, true
	}
	for i := range pod.Spec.InitContainers { // sidecars serve too
		if pod.Spec.InitContainers[i].IsSidecar() && find(pod.Spec.InitContainers[i:i+1]) {
			return number, true
		}
	}
	return 0, false
}
