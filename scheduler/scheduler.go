package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// Name is what pods ask for in spec.schedulerName when they ask for this scheduler.
const Name = "default-scheduler"

// Config is what a scheduler needs to run.
type Config struct {
	Client      *client.Client
	Logger      *slog.Logger
	LeaderElect bool   // decide only while holding the Lease kube-system/kube-scheduler
	Identity    string // who holds the Lease
}

// A pod that fits nowhere is tried again when something changes, but not more often than this: first after one second,
// then after twice as long each time. Upstream's figures.
const (
	firstBackoff = time.Second
	lastBackoff  = 10 * time.Second
)

// bindConcurrency bounds the bindings under way. A binding waits for the disk of the API server, which serves many at the
// price of one.
const bindConcurrency = 64

// Scheduler gives every pod that has no node the best node that can run it.
type Scheduler struct {
	client   *client.Client
	log      *slog.Logger
	events   *client.Recorder
	pods     *client.Informer[*api.Pod]
	nodes    *client.Informer[*api.Node]
	queue    *client.Queue
	cache    *cache
	bindings chan struct{} // a slot for each binding under way

	mu      sync.Mutex
	waiting map[api.Key]*attempts // guarded by mu; pods that fit nowhere
}

// attempts is how often a pod has been tried in vain, and when it may be tried next.
type attempts struct {
	count int
	next  time.Time
}

// Run schedules pods until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	run := newScheduler(cfg).run
	if !cfg.LeaderElect {
		return run(ctx)
	}
	return client.Lead(ctx, cfg.Client, client.LeaseConfig{Namespace: "kube-system", Name: "kube-scheduler", Identity: cfg.Identity}, run)
}

func newScheduler(cfg Config) *Scheduler {
	s := &Scheduler{
		client: cfg.Client, log: cfg.Logger, events: client.NewRecorder(cfg.Client, Name, ""),
		// Pods that have ended are no concern of a scheduler: it neither places nor counts them.
		pods:  client.NewInformer[*api.Pod](cfg.Client, client.InformerOptions{FieldSelector: "status.phase!=Succeeded,status.phase!=Failed"}),
		nodes: client.NewInformer[*api.Node](cfg.Client, client.InformerOptions{}),
		queue: client.NewQueue("scheduler"), cache: newCache(),
		bindings: make(chan struct{}, bindConcurrency), waiting: map[api.Key]*attempts{},
	}
	s.nodes.OnChange(func(old, node *api.Node, revision int64) {
		if s.cache.setNode(old, node) {
			s.retryWaiting(revision)
		}
	})
	s.pods.OnChange(func(old, pod *api.Pod, revision int64) {
		if s.cache.setPod(old, pod) {
			s.retryWaiting(revision)
		}
		if pod != nil && needsNode(pod) && (old == nil || !api.Equal(old.Spec, pod.Spec)) {
			s.queue.Add(pod.Key(), revision)
		}
	})
	return s
}

// needsNode tells whether the pod is ours to place.
func needsNode(pod *api.Pod) bool {
	return pod.Spec.NodeName == "" && pod.Spec.SchedulerName == Name && pod.DeletionTimestamp == nil && len(pod.Spec.SchedulingGates) == 0
}

func (s *Scheduler) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make(chan error, 2)
	go func() { errs <- s.nodes.Run(ctx) }()
	go func() { errs <- s.pods.Run(ctx) }()
	// Nodes first: a pod decided on half of the nodes would be decided wrongly.
	err := errors.Join(s.nodes.WaitForSync(ctx), s.pods.WaitForSync(ctx))
	if err == nil {
		// One worker: decisions build on one another, so they are made one by one. Bindings run beside them.
		err = s.queue.Run(ctx, 1, s.Reconcile, s.log)
	}
	cancel()
	return errors.Join(err, <-errs, <-errs)
}

// Reconcile gives one pod a node.
func (s *Scheduler) Reconcile(ctx context.Context, key api.Key) error {
	pod, ok := s.pods.Get(key)
	if !ok || !needsNode(pod) || s.cache.isPlaced(pod.UID) {
		s.forgetAttempts(key)
		return nil
	}
	var d *decision
	info := newPodInfo(pod)
	s.cache.view(func(nodes map[string]*nodeInfo) { d = decide(info, nodes) }) // 1. filter and score
	if d.Node == "" {
		return s.reportUnschedulable(ctx, pod, d)
	}
	s.cache.assume(pod, d.Node) // 2. take the room, so that the next decision sees it taken
	s.forgetAttempts(key)
	select { // 3. bind, beside the next decision
	case s.bindings <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	go func() {
		defer func() { <-s.bindings }()
		s.bind(context.WithoutCancel(ctx), pod, d)
	}()
	return nil
}

// bind writes the decision. A pod that could not be bound goes back to the queue: its room is free again.
func (s *Scheduler) bind(ctx context.Context, pod *api.Pod, d *decision) {
	because := client.WithDetails(client.Because(ctx, "%s", d.summary()), d)
	if err := s.client.Bind(because, pod, d.Node); err != nil {
		s.cache.forget(pod)
		if api.IsNotFound(err) {
			return // deleted in the meantime
		}
		s.log.Warn("bind pod", "namespace", pod.Namespace, "name", pod.Name, "node", d.Node, "error", err)
		s.queue.AddRateLimited(pod.Key(), client.AllCausesOf(ctx))
		return
	}
	s.queue.Forget(pod.Key())
	s.log.Info("pod bound", "namespace", pod.Namespace, "name", pod.Name, "node", d.Node)
	s.events.Event(ctx, pod, api.EventTypeNormal, "Scheduled", "Successfully assigned %s to %s", pod.Key(), d.Node)
}

// reportUnschedulable tells everybody who may ask why the pod waits: the ledger gets the results of every node, the pod a
// condition, people an event. The pod is tried again when a node or a pod changes so that it may fit (retryWaiting).
func (s *Scheduler) reportUnschedulable(ctx context.Context, pod *api.Pod, d *decision) error {
	s.countAttempt(pod.Key())
	ctx = client.Because(ctx, "%s", d.message())
	err := s.client.Decide(ctx, pod, d)
	s.events.Event(ctx, pod, api.EventTypeWarning, "FailedScheduling", "%s", d.message())
	return errors.Join(err, s.setCondition(ctx, pod, d.message()))
}

// setCondition writes PodScheduled=False unless the pod says so already.
func (s *Scheduler) setCondition(ctx context.Context, pod *api.Pod, message string) error {
	condition := api.PodCondition{
		Type: api.PodScheduled, Status: api.ConditionFalse, Reason: api.PodReasonUnschedulable, Message: message,
		ObservedGeneration: pod.Generation, LastTransitionTime: api.Now(),
	}
	for _, c := range pod.Status.Conditions {
		if c.Type != api.PodScheduled {
			continue
		}
		if c.Status == condition.Status && c.Reason == condition.Reason && c.Message == condition.Message {
			return nil
		}
		if c.Status == condition.Status {
			condition.LastTransitionTime = c.LastTransitionTime
		}
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []api.PodCondition{condition}}})
	if err != nil {
		return err
	}
	_, err = client.Of[*api.Pod](s.client).Patch(ctx, pod.Namespace, pod.Name, api.StrategicMergePatchType, patch, "status")
	if api.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("report that pod %s fits nowhere: %w", pod.Key(), err)
	}
	return nil
}

// retryWaiting puts every pod that fits nowhere back into the queue, because of the event with the given revision. One
// whose back-off is not over yet waits for its end.
func (s *Scheduler) retryWaiting(revision int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, a := range s.waiting {
		if rest := time.Until(a.next); rest > 0 {
			s.queue.AddAfter(key, rest, "scheduling back-off", revision)
		} else {
			s.queue.Add(key, revision)
		}
	}
}

// countAttempt notes that a pod was tried in vain.
func (s *Scheduler) countAttempt(key api.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.waiting[key]
	if a == nil {
		a = &attempts{}
		s.waiting[key] = a
	}
	a.next = time.Now().Add(backoff(a.count))
	a.count++
}

// backoff is how long a pod waits after so many earlier attempts.
func backoff(earlier int) time.Duration {
	return min(firstBackoff<<min(earlier, 10), lastBackoff)
}

func (s *Scheduler) forgetAttempts(key api.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, key)
}
