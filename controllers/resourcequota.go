package controllers

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The resource quota loop.
//
//	desired    status.hard is spec.hard, status.used is what the namespace's objects use
//	actual     the status, and the caches of what can be counted
//	converge   count again and write the status
//
// The API server charges a quota for every object before it stores it, so usage never gets above the limit unseen. This
// loop does what charging cannot: it counts for a new quota, gives back what deleted and ended objects used, and takes
// back charges for objects that were never stored.
//
// Pods, services, and claims for volumes and devices are counted from caches, for what they ask for matters. All that is
// counted of other kinds is how many there are ("count/deployments.apps"), which monitors tell; they run only for kinds
// that some quota counts.

const (
	// recountEvery is how often a quota is counted again though nothing was seen to happen.
	recountEvery = 5 * time.Minute
	// lateCharge is how long after a charge it is counted again.
	lateCharge = 2 * time.Second
	// unknownKindEvery is how often it is looked for a kind that a quota counts and the server does not have.
	unknownKindEvery = 30 * time.Second
)

// ResourceQuotaController keeps the status of ResourceQuotas right.
type ResourceQuotaController struct {
	client   *client.Client
	quotas   *client.Informer[*api.ResourceQuota]
	pods     *client.Informer[*api.Pod]
	services *client.Informer[*api.Service]
	claims   *client.Informer[*api.PersistentVolumeClaim]
	devices  *client.Informer[*api.ResourceResourceClaim]
	counts   *objectCounts
	monitors *monitors
	log      *slog.Logger
	queue    *client.Queue
}

// NewResourceQuotaController subscribes to quotas and to what they count. Keys are quotas.
func NewResourceQuotaController(c *client.Client, caches *Caches, log *slog.Logger) *ResourceQuotaController {
	q := &ResourceQuotaController{
		client: c, quotas: caches.ResourceQuotas, pods: caches.Pods, services: caches.Services, claims: caches.VolumeClaims,
		devices: caches.ResourceClaims, log: log, queue: client.NewQueue("resourcequota"),
	}
	q.counts = &objectCounts{objects: map[string]map[api.UID]string{}, changed: q.recount}
	q.monitors = newMonitors(c, log, q.counts)
	caches.ResourceQuotas.OnChange(func(old, now *api.ResourceQuota, revision int64) {
		switch {
		case now == nil:
		case old == nil || !api.Equal(old.Spec, now.Spec) || !api.Equal(now.Status.Hard, now.Spec.Hard):
			q.queue.Add(now.Key(), revision)
		case !api.Equal(old.Status.Used, now.Status.Used):
			// Every charge is an event, too. It needs no counting, for its object is about to come. But we may hear of it late,
			// when that object has gone again.
			q.queue.AddAfter(now.Key(), lateCharge, "a charge", revision)
		}
	})
	caches.Pods.OnChange(func(old, now *api.Pod, revision int64) {
		switch {
		case old == nil:
			q.recount(now.Namespace, revision)
		case now == nil, podEnded(old) != podEnded(now), api.QuotaTerminating(old) != api.QuotaTerminating(now), resourcesChanged(old, now):
			q.recount(old.Namespace, revision)
		}
	})
	onAnyChange(caches.Services, q.recount)
	onAnyChange(caches.VolumeClaims, q.recount)
	onAnyChange(caches.ResourceClaims, q.recount)
	return q
}

// resourcesChanged tells whether a pod was resized, or a resize of it has got further.
func resourcesChanged(old, now *api.Pod) bool {
	of := func(pod *api.Pod) (resources []any) {
		for _, containers := range [][]api.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
			for i := range containers {
				resources = append(resources, &containers[i].Resources)
			}
		}
		for _, statuses := range [][]api.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
			for i := range statuses {
				resources = append(resources, statuses[i].AllocatedResources, statuses[i].Resources)
			}
		}
		return append(resources, pod.Status.Condition("PodResizePending"))
	}
	return !api.Equal(of(old), of(now))
}

// onAnyChange calls fn with the namespace of each object that changes.
func onAnyChange[T api.Object](cache *client.Informer[T], fn func(namespace string, revision int64)) {
	cache.OnChange(func(old, now T, revision int64) {
		var none T
		if any(now) == any(none) {
			now = old
		}
		fn(now.GetObjectMeta().Namespace, revision)
	})
}

// recount queues the quotas of a namespace.
func (q *ResourceQuotaController) recount(namespace string, revision int64) {
	for _, quota := range q.quotas.List(namespace, nil) {
		q.queue.Add(quota.Key(), revision)
	}
}

// Run reconciles until ctx ends.
func (q *ResourceQuotaController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, q.quotas, q.pods, q.services, q.claims, q.devices); err != nil {
		return err
	}
	defer q.monitors.stop()
	return q.queue.Run(ctx, 2, q.Reconcile, q.log)
}

// Reconcile counts what the quota that key names counts, and writes its status if that is not what it says.
func (q *ResourceQuotaController) Reconcile(ctx context.Context, key api.Key) error {
	quota, ok := q.quotas.Get(key)
	if !ok || quota.DeletionTimestamp != nil {
		return nil
	}
	again := recountEvery
	unknown, err := q.follow(ctx, quota)
	if err != nil {
		return err
	}
	if unknown {
		again = unknownKindEvery
	}
	q.queue.AddAfter(key, again, "recount")
	used := q.count(quota)
	if api.Equal(quota.Status.Hard, quota.Spec.Hard) && api.Equal(quota.Status.Used, used) {
		return nil
	}
	counted := api.DeepCopy(quota)
	counted.Status = api.ResourceQuotaStatus{Hard: quota.Spec.Hard, Used: used}
	ctx = client.Because(ctx, "what the objects of namespace %s use was counted", key.Namespace)
	_, err = client.Of[*api.ResourceQuota](q.client).UpdateStatus(ctx, counted)
	switch {
	case api.IsConflict(err): // charged meanwhile: count with what was charged for
		q.queue.PutOff(ctx, key, expectedLag, "cache behind")
		return nil
	case api.IsNotFound(err):
		return nil
	}
	return err
}

// follow makes sure that the kinds that a quota counts by number are watched, and tells whether one of them is not known
// to the server.
func (q *ResourceQuotaController) follow(ctx context.Context, quota *api.ResourceQuota) (unknown bool, err error) {
	missing := false
	for _, resource := range countedByNumber(quota) {
		missing = missing || !q.counts.follows(resource)
	}
	if !missing {
		return false, nil
	}
	wanted := map[string]bool{}
	for _, other := range q.quotas.List("", nil) {
		for _, resource := range countedByNumber(other) {
			wanted[resource] = true
		}
	}
	all, err := discover(ctx, q.client)
	if err != nil {
		return false, err
	}
	var follow []client.APIResource
	for _, r := range all {
		if wanted[r.Resource()] && r.Namespaced && canAll(r, "list", "watch") {
			follow = append(follow, r)
		}
	}
	q.counts.follow(follow)
	q.monitors.sync(context.WithoutCancel(ctx), follow) // they outlive this pass; stop ends them
	q.monitors.waitForSync(ctx, 10*time.Second)
	for _, resource := range countedByNumber(quota) {
		unknown = unknown || !q.counts.follows(resource)
	}
	return unknown, nil
}

// count is what the objects of the quota's namespace use of its resources.
func (q *ResourceQuotaController) count(quota *api.ResourceQuota) api.ResourceList {
	used, now := api.ResourceList{}, time.Now()
	addUsage(used, quota, q.pods, now)
	addUsage(used, quota, q.services, now)
	addUsage(used, quota, q.claims, now)
	addUsage(used, quota, q.devices, now)
	for _, resource := range countedByNumber(quota) {
		if !q.counts.follows(resource) {
			continue
		}
		n := int64(0)
		if !hasScopes(quota) { // scopes are of pods and claims
			n = q.counts.in(resource, quota.Namespace)
		}
		for _, name := range []api.ResourceName{api.ResourceName("count/" + resource), api.ResourceName(resource)} {
			if _, ok := quota.Spec.Hard[name]; ok {
				used[name] = api.NewQuantity(n, api.DecimalSI)
			}
		}
	}
	return used
}

// addUsage adds what the cached objects of a kind use.
func addUsage[T api.Object](used api.ResourceList, quota *api.ResourceQuota, cache *client.Informer[T], now time.Time) {
	kind := api.KindOf[T]()
	tracked := api.QuotaTracks(kind, quota.Spec.Hard)
	if len(tracked) == 0 {
		return
	}
	for _, name := range tracked {
		used[name] = api.NewQuantity(0, api.DecimalSI)
	}
	for _, obj := range cache.List(quota.Namespace, nil) {
		if api.QuotaScopesMatch(quota, obj) {
			api.AddResources(used, api.PickResources(api.QuotaUsage(kind, obj, now), tracked))
		}
	}
}

func hasScopes(quota *api.ResourceQuota) bool {
	return len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil && len(quota.Spec.ScopeSelector.MatchExpressions) > 0
}

// countedByNumber are the resources of which a quota counts how many objects there are: "deployments.apps". Those of
// which more is counted are not among them.
func countedByNumber(quota *api.ResourceQuota) (resources []string) {
	for name := range quota.Spec.Hard {
		resource, counted := strings.CutPrefix(string(name), "count/")
		switch resource {
		case "pods", "services", "persistentvolumeclaims", "resourceclaims.resource.k8s.io":
			continue
		case "configmaps", "secrets", "resourcequotas", "replicationcontrollers": // their bare names count them too
			counted = true
		}
		if counted {
			resources = append(resources, resource)
		}
	}
	return resources
}

// objectCounts knows how many objects of some kinds each namespace has. It is what the monitors feed.
type objectCounts struct {
	changed func(namespace string, revision int64)

	mu      sync.Mutex
	objects map[string]map[api.UID]string // namespaces of the objects, by resource; guarded by mu
}

// follow sets which kinds are counted. What is known of others is forgotten.
func (c *objectCounts) follow(resources []client.APIResource) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.objects
	c.objects = map[string]map[api.UID]string{}
	for _, r := range resources {
		if c.objects[r.Resource()] = before[r.Resource()]; c.objects[r.Resource()] == nil {
			c.objects[r.Resource()] = map[api.UID]string{}
		}
	}
}

func (c *objectCounts) follows(resource string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.objects[resource] != nil
}

// in counts the objects of a namespace.
func (c *objectCounts) in(resource, namespace string) (n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range c.objects[resource] {
		if of == namespace {
			n++
		}
	}
	return n
}

func (c *objectCounts) observe(r client.APIResource, meta *api.ObjectMeta) {
	c.mu.Lock()
	objects := c.objects[r.Resource()]
	_, known := objects[meta.UID]
	if objects != nil {
		objects[meta.UID] = meta.Namespace
	}
	c.mu.Unlock()
	if !known {
		c.changed(meta.Namespace, meta.Revision())
	}
}

func (c *objectCounts) remove(r client.APIResource, uid api.UID, revision int64) {
	c.mu.Lock()
	namespace, known := c.objects[r.Resource()][uid]
	delete(c.objects[r.Resource()], uid)
	c.mu.Unlock()
	if known {
		c.changed(namespace, revision)
	}
}

func (c *objectCounts) known(r client.APIResource) map[api.UID]struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	uids := map[api.UID]struct{}{}
	for uid := range c.objects[r.Resource()] {
		uids[uid] = struct{}{}
	}
	return uids
}
