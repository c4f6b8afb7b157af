package kubelet

import (
	"context"
	"maps"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// A ConfigMap that changes changes in the pods that have it mounted. The kubelet finds out by asking: one look every
// few seconds at each object that its pods' volumes are made from, however many pods share it.
//
//	refreshForever ──"is its resource version the one I saw?"──▶ API server
//	      │ no
//	      └──wake──▶ workers of the pods that mount it ──▶ setUpVolumes ──▶ ..data points to the new files
//
// A watch for each object, as upstream has by default, would be faster by some seconds and cost a connection each.

// refreshPeriod is how old a mounted object may be.
const refreshPeriod = 10 * time.Second

// objectKey names a ConfigMap or Secret.
type objectKey struct{ kind, namespace, name string }

// mountedObject is what the last look at an object showed.
type mountedObject struct {
	version   string // "" if it is not there
	immutable bool   // and so need not be looked at again
}

// refreshForever wakes the workers of pods whose volumes are out of date.
func (k *Kubelet) refreshForever(ctx context.Context) error {
	seen := map[objectKey]mountedObject{}
	for client.Wait(ctx, refreshPeriod) {
		mounting := k.mountedObjects()
		for key := range seen {
			if mounting[key] == nil {
				delete(seen, key)
			}
		}
		for key, workers := range mounting {
			last, known := seen[key]
			if last.immutable {
				continue
			}
			now, err := k.looks.at(ctx, key)
			if err != nil && !api.IsNotFound(err) {
				continue // asked again next time; until then the volume stays as it is
			}
			// Also the first look is news: the object may have changed since the volume was made.
			if seen[key] = now; known && now.version == last.version {
				continue
			}
			for _, w := range workers {
				w.volumesChanged(ctx)
			}
		}
	}
	return nil
}

// looks are the last looks at objects. The kubelets of a fleet share theirs: thousands of nodes mount the same few.
type looks struct {
	client *client.Client

	mu      sync.Mutex
	objects map[objectKey]*look // guarded by mu
}

// look is one look at an object.
type look struct {
	mu   sync.Mutex
	when time.Time     // guarded by mu
	seen mountedObject // guarded by mu
	err  error         // guarded by mu
}

// recentLook is how long a look is good enough for others: what they have mounted is no older than this and refreshPeriod.
const recentLook = refreshPeriod / 2

func newLooks(c *client.Client) *looks { return &looks{client: c, objects: map[objectKey]*look{}} }

// at looks at an object, unless somebody has done so just now.
func (l *looks) at(ctx context.Context, key objectKey) (mountedObject, error) {
	l.mu.Lock()
	o := l.objects[key]
	if o == nil {
		maps.DeleteFunc(l.objects, func(_ objectKey, old *look) bool { return old.forgotten() })
		o = &look{}
		l.objects[key] = o
	}
	l.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.when) >= recentLook {
		o.seen, o.err = l.ask(ctx, key)
		o.when = time.Now()
	}
	return o.seen, o.err
}

// forgotten tells that nobody has looked for so long that nobody mounts the object any more.
func (o *look) forgotten() bool {
	if !o.mu.TryLock() {
		return false // somebody looks at this moment
	}
	defer o.mu.Unlock()
	return time.Since(o.when) > 2*refreshPeriod
}

// ask asks the API server for one object.
func (l *looks) ask(ctx context.Context, key objectKey) (mountedObject, error) {
	if key.kind == "Secret" {
		secret, err := client.Of[*api.Secret](l.client).Get(ctx, key.namespace, key.name)
		if err != nil {
			return mountedObject{}, err
		}
		return mountedObject{secret.ResourceVersion, api.Deref(secret.Immutable, false)}, nil
	}
	cm, err := client.Of[*api.ConfigMap](l.client).Get(ctx, key.namespace, key.name)
	if err != nil {
		return mountedObject{}, err
	}
	return mountedObject{cm.ResourceVersion, api.Deref(cm.Immutable, false)}, nil
}

// mountedObjects are the objects that volumes are made from, each with the workers of the pods that have them.
func (k *Kubelet) mountedObjects() map[objectKey][]*podWorker {
	k.mu.Lock()
	defer k.mu.Unlock()
	objects := map[objectKey][]*podWorker{}
	for _, w := range k.workers {
		w.mu.Lock()
		pod, gone := w.pod, w.gone
		w.mu.Unlock()
		if pod == nil || gone || pod.DeletionTimestamp != nil || pod.Status.Phase.Ended() {
			continue
		}
		for _, key := range objectsOf(pod) {
			objects[key] = append(objects[key], w)
		}
	}
	return objects
}

// objectsOf are the objects that the pod's volumes are made from.
func objectsOf(pod *api.Pod) []objectKey {
	var keys []objectKey
	for i := range pod.Spec.Volumes {
		sources, _ := volumeSources(&pod.Spec.Volumes[i])
		for _, s := range sources {
			switch {
			case s.ConfigMap != nil:
				keys = append(keys, objectKey{"ConfigMap", pod.Namespace, s.ConfigMap.Name})
			case s.Secret != nil:
				keys = append(keys, objectKey{"Secret", pod.Namespace, s.Secret.Name})
			}
		}
	}
	return keys
}

// tellsVolumes tells whether the difference between two states of a pod may show in its volumes: the downward API
// has its labels, its annotations and its containers' resources.
func tellsVolumes(old, new *api.Pod) bool {
	return old.Generation != new.Generation || !api.Equal(old.Labels, new.Labels) || !api.Equal(old.Annotations, new.Annotations)
}
