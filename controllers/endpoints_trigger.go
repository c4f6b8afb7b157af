package controllers

import (
	"sync"
	"time"

	"kubelite/api"
)

// triggerTimes tells when what led to a change of a service's endpoints happened. The answer goes with the endpoints, in the annotation
// endpoints.kubernetes.io/last-change-trigger-time: a proxy that has put the change into its rules can say how long it took all in all.
//
// Several goroutines may use it, for different services.
//
// Upstream: the module endpointslice, util/trigger_time_tracker.go.
type triggerTimes struct {
	mu       sync.Mutex
	services map[api.Key]serviceTriggers
}

// serviceTriggers are the times that were there when a service was last looked at.
type serviceTriggers struct {
	created time.Time            // of the service
	pods    map[string]time.Time // when each became ready, or stopped being so
}

func newTriggerTimes() *triggerTimes {
	return &triggerTimes{services: map[api.Key]serviceTriggers{}}
}

// since is the earliest of the changes since the last call for the service. A service that is looked at for the first time is
// the change itself. Zero says that nothing changed that has a time.
func (t *triggerTimes) since(svc *api.Service, pods []*api.Pod) time.Time {
	now := serviceTriggers{created: svc.CreationTimestamp.Time, pods: make(map[string]time.Time, len(pods))}
	t.mu.Lock()
	before, known := t.services[svc.Key()]
	t.services[svc.Key()] = now
	t.mu.Unlock()
	var earliest time.Time
	consider := func(at, last time.Time) {
		if at.After(last) && (earliest.IsZero() || at.Before(earliest)) {
			earliest = at
		}
	}
	for _, pod := range pods {
		if at, _ := podReady(pod); !at.IsZero() {
			now.pods[pod.Name] = at
			consider(at, before.pods[pod.Name])
		}
	}
	if !known {
		return now.created
	}
	consider(now.created, before.created)
	return earliest
}

// forget drops what is known of a service that is gone.
func (t *triggerTimes) forget(service api.Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.services, service)
}

// annotateTrigger says when what led to a change happened, and nothing if nobody knows.
func annotateTrigger(meta *api.ObjectMeta, at time.Time) {
	if at.IsZero() {
		delete(meta.Annotations, api.AnnotationLastChangeTrigger)
		return
	}
	setAnnotation(meta, api.AnnotationLastChangeTrigger, at.UTC().Format(time.RFC3339Nano))
}
