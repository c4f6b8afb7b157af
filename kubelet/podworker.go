package kubelet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// podWorker looks after one pod. However often it is woken, and whoever wakes it (the API, the runtime, a probe, a
// clock), it looks at the pod one time after the other, never twice at once:
//
//	wake ──▶ observe ──▶ planPod ──▶ report ──▶ kill, act ──▶ observe ──▶ report ──▶ idle, or again if woken meanwhile
//
// An idle worker costs no goroutine: thousands of quiet pods are only entries in a map.
type podWorker struct {
	k   *Kubelet
	uid api.UID

	mu        sync.Mutex
	pod       *api.Pod           // the newest we were told of; guarded by mu
	gone      bool               // the API has it no more; guarded by mu
	news      client.Causes      // what has come since the last look; guarded by mu
	busy      bool               // a goroutine is at work; guarded by mu
	again     bool               // woken while it was; guarded by mu
	timer     *time.Timer        // wakes at plan.Next; guarded by mu
	wrote     int64              // the revision of our last report; guarded by mu
	stopGrace time.Duration      // of the stop under way; guarded by mu
	hurry     context.CancelFunc // cuts that stop short; guarded by mu
	stale     bool               // its volumes may be out of date; guarded by mu
	// fingerprint is what the runtime had of the pod at the last look; guarded by mu
	fingerprint uint64

	evicted atomic.Pointer[podFailure] // why the node cannot afford the pod any more
	given   api.ResourceList           // what the pod has been given of the node, nil before it was let in; guarded by k.giving

	answers chan struct{} // has one if a probe's answer has changed

	// The rest belongs to the goroutine at work.

	status   api.PodStatus            // as computed last
	written  api.PodStatus            // as the API has it, to our knowledge
	version  int64                    // the resource version of written
	causes   client.Causes            // what made us look last
	failures int                      // syncs in a row that failed
	waiting  map[string]waitingReason // by container: why it does not run
	backoffs map[string]backoff       // by container
	pulls    map[string]pull          // by image: those that failed
	released bool                     // we have told the API that the pod can go

	deferred    string // why the pod cannot have the resources that it asks for, if it cannot
	resizeError string // what the runtime said to the last change of them, if it refused
}

// update hands the worker a newer state of its pod, or the last one of a pod that is gone.
func (w *podWorker) update(ctx context.Context, pod *api.Pod, gone bool, revision int64) {
	w.mu.Lock()
	w.stale = w.stale || w.pod != nil && tellsVolumes(w.pod, pod)
	w.pod, w.gone = pod, w.gone || gone
	if !gone && revision > 0 && revision == w.wrote {
		w.mu.Unlock()
		return // the echo of our own report is no news
	}
	if revision > 0 {
		w.news.Add(revision)
	} else {
		w.news.Timer = client.AllCausesOf(ctx).Timer
	}
	// Somebody lost patience: a stop that would take longer than the pod now has is cut short and begun again.
	if w.hurry != nil && (pod.DeletionTimestamp != nil || gone) && gracePeriod(pod) < w.stopGrace {
		w.hurry()
	}
	w.mu.Unlock()
	w.wake(ctx)
}

// volumesChanged makes the worker look at what its pod's volumes are made from.
func (w *podWorker) volumesChanged(ctx context.Context) {
	w.mu.Lock()
	w.stale = true
	w.mu.Unlock()
	w.wake(ctx)
}

// answered wakes the worker because a probe's answer has changed. One that is just stopping its pod reports it at once.
func (w *podWorker) answered(ctx context.Context) {
	select {
	case w.answers <- struct{}{}:
	default: // it has not even seen the last one
	}
	w.wake(ctx)
}

// wake makes the worker look at its pod, now or as soon as it is done with what it does.
func (w *podWorker) wake(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy {
		w.again = true
		return
	}
	if ctx.Err() != nil {
		return
	}
	w.busy = true
	w.k.working.Go(func() { w.work(ctx) })
}

// work looks at the pod until there is nothing more to do.
func (w *podWorker) work(ctx context.Context) {
	for {
		w.mu.Lock()
		pod, gone := w.pod, w.gone
		if !w.news.Empty() {
			w.causes, w.news = w.news, client.Causes{}
		}
		w.again = false
		if w.timer != nil {
			w.timer.Stop()
			w.timer = nil
		}
		w.mu.Unlock()

		// What happens inside a pod has no revision. Its cause is whatever last made us look after the pod.
		next, err := w.sync(client.WithCauses(ctx, w.causes), pod, gone)
		if errors.Is(err, errHurried) {
			err = nil // and on to the next look, which knows how much time is left
		}
		if err != nil && ctx.Err() == nil {
			w.failures++
			next = time.Now().Add(min(time.Second<<min(w.failures-1, 4), 10*time.Second))
			w.k.log.Warn("pod not in sync", "namespace", pod.Namespace, "name", pod.Name, "error", err)
		} else {
			w.failures = 0
		}

		w.mu.Lock()
		if w.again && ctx.Err() == nil {
			w.mu.Unlock()
			continue
		}
		w.busy = false
		if !next.IsZero() && ctx.Err() == nil {
			w.timer = time.AfterFunc(time.Until(next), func() { w.wake(ctx) })
		}
		w.mu.Unlock()
		return
	}
}

// podPlan is what has to be done to bring a pod one step closer to what it should be. The zero plan means that
// nothing is to be done until something happens or the time Next comes.
type podPlan struct {
	Terminate  string      // not empty: stop everything for good, and why
	Failure    *podFailure // with Terminate, if it is the kubelet's own decision
	NewSandbox bool        // everything that is left of the old one goes first
	Attempt    int         // of the new sandbox
	Kill       []killStep
	Start      []startStep
	Hold       []holdStep
	Resize     []resizeStep
	Remove     []string // ids of dead containers that nobody will ask for
	Next       time.Time
}

// killStep stops one container of a pod that goes on living.
type killStep struct {
	ID, Name, Message string
	Grace             time.Duration
}

// startStep makes and starts a container.
type startStep struct {
	Container *api.Container
	TargetID  string  // of the container whose processes it sees, if that is another
	Attempt   int     // its restart count
	Backoff   backoff // to remember once it was tried
}

// holdStep leaves a container that keeps failing alone for a while.
type holdStep struct {
	Container *api.Container
	Delay     time.Duration
	Until     time.Time
}

// planPod compares what a pod should be with what is there. It is the kubelet's whole judgement in one place, and it
// touches nothing, so that every case of it fits in a table (podplan_test.go).
//
//	is it over?          deleted, past its deadline, or all containers ended for good  -> Terminate
//	does it start anew?  one container's end asks for all to be restarted: remove them all
//	has it a sandbox?    none, or it died: make one, and start again with the first init container
//	is it initialized?   init containers run one after the other; sidecars stay running
//	do containers run?   start what is missing, restart what ended and should not have, hold back what keeps crashing
func planPod(v podView) podPlan {
	// Step 1: is it over?
	if why := v.over(); why != "" {
		return podPlan{Terminate: why, Failure: v.failure}
	}
	if restartsAll(v.pod, v.seen, v.status) {
		if there := toRestart(v.pod, v.seen); len(there) > 0 {
			return v.planRestartAll(there)
		}
	}
	plan := podPlan{Next: v.deadline()}
	plan.Remove = v.deadAttempts()

	// Step 2: has it a sandbox?
	sandbox := v.seen.Sandbox()
	if sandbox == nil {
		if v.finished() {
			return podPlan{Terminate: "all containers have ended", Remove: plan.Remove}
		}
		if v.mayNotReturn() {
			return podPlan{Terminate: "its sandbox has died, and it may not be restarted"}
		}
		plan.NewSandbox = true
		if len(v.seen.Sandboxes) > 0 {
			plan.Attempt = v.seen.Sandboxes[0].Attempt + 1
		}
		sandbox = &Sandbox{} // none of the containers there are in it
	}

	v.planEphemeral(&plan, sandbox)

	// Step 3: is it initialized?
	initialized, failed := v.planInit(&plan, sandbox)
	if failed {
		return podPlan{Terminate: "an init container failed and may not run again", Remove: plan.Remove}
	}
	if !initialized {
		return plan
	}

	// Step 4: do its containers run?
	alive := 0
	for i := range v.pod.Spec.Containers {
		if v.planContainer(&plan, &v.pod.Spec.Containers[i], sandbox) {
			alive++
		}
	}
	switch {
	case alive == 0 && len(plan.Kill) > 0:
		return podPlan{Terminate: "what runs is unhealthy, and may not be restarted", Remove: plan.Remove}
	case alive == 0:
		return podPlan{Terminate: "all containers have ended", Remove: plan.Remove}
	}
	return plan
}

// sync is one look at the pod: it finds out what is there, works out what is missing, does it and tells the API. It
// returns when to look again even if nobody wakes the worker. Everything it does may have been done before: a
// kubelet that crashed in the middle begins here again.
func (w *podWorker) sync(ctx context.Context, pod *api.Pod, gone bool) (next time.Time, err error) {
	pod = w.adopt(w.k.mirrored(pod))
	if u, ok := w.k.runtime.(AnnotationUpdater); ok {
		u.UpdateAnnotations(w.uid, pod.Annotations)
	}
	seen, err := w.observe(ctx, pod) // Step 1: what is there?
	if err != nil {
		return time.Time{}, err // a runtime that does not answer says nothing about the pod
	}
	pod = w.allocate(ctx, pod)
	plan := w.plan(ctx, pod, gone, seen, nil) // Step 2: what is to be done?
	if plan.Terminate != "" {
		return time.Time{}, w.terminate(ctx, pod, gone, seen, plan)
	}
	w.k.prober.watch(ctx, w, pod, seen)
	reportErr := w.report(ctx, pod, seen, nil, false) // Step 3: say so before anything that takes long
	if len(plan.Kill) > 0 {                           // Step 4: stop what must not run on
		if err := w.kill(ctx, pod, plan.Kill); err != nil {
			return plan.Next, errors.Join(reportErr, err)
		}
		if seen, err = w.observe(ctx, pod); err != nil {
			return plan.Next, err
		}
		// What is to run again does so before anybody is told that it does not.
		if plan = w.plan(ctx, pod, gone, seen, plan.Kill); plan.Terminate != "" {
			return time.Time{}, w.terminate(ctx, pod, gone, seen, plan)
		}
	}
	next, actErr := w.act(ctx, pod, seen, plan) // Step 5: do the rest
	if seen, err = w.observe(ctx, pod); err != nil {
		return next, errors.Join(actErr, err)
	}
	w.k.prober.watch(ctx, w, pod, seen)                                               // Step 6: probe what runs now
	return next, errors.Join(reportErr, actErr, w.report(ctx, pod, seen, nil, false)) // Step 7: say what came of it
}

func (w *podWorker) plan(ctx context.Context, pod *api.Pod, gone bool, seen *RuntimePod, killed []killStep) podPlan {
	return planPod(podView{
		pod: pod, gone: gone, seen: seen, killed: killed, status: &w.status, backoffs: w.backoffs, probes: w.k.prober.results, now: time.Now(),
		failure: w.failure(ctx, pod, seen),
	})
}

// failure is why the kubelet does not want the pod to run, or to run on, if it does not.
func (w *podWorker) failure(ctx context.Context, pod *api.Pod, seen *RuntimePod) *podFailure {
	evicted := w.evicted.Load()
	if evicted == nil && seen.Empty() && w.status.StartTime == nil && pod.DeletionTimestamp == nil {
		return w.reject(ctx, pod)
	}
	return evicted
}

// adopt returns the pod with the newest status that the API has to our knowledge: what the informer shows may be
// older than what this worker wrote itself.
func (w *podWorker) adopt(pod *api.Pod) *api.Pod {
	version := pod.Revision()
	if w.version == 0 {
		w.status = pod.Status
	}
	if version > w.version {
		w.written, w.version = pod.Status, version
	}
	adopted := *pod
	adopted.Status = w.written
	return &adopted
}

// observe asks the runtime for all that it has of the pod.
func (w *podWorker) observe(ctx context.Context, pod *api.Pod) (*RuntimePod, error) {
	seen, err := w.k.runtime.PodStatus(ctx, w.uid)
	if err != nil {
		return nil, fmt.Errorf("ask the runtime for pod %s: %w", pod.Key(), err)
	}
	for _, c := range seen.Containers {
		if c.State == ContainerExited && c.Reason != reasonStartError {
			c.Message = otherwise(w.k.lastWords(ctx, pod, c), c.Message)
		}
	}
	w.mu.Lock()
	w.fingerprint = fingerprint(seen)
	w.mu.Unlock()
	return seen, nil
}

// act carries a plan out, but for what it stops. It goes on after a failure as far as it can, and returns when to look again.
func (w *podWorker) act(ctx context.Context, pod *api.Pod, seen *RuntimePod, plan podPlan) (next time.Time, err error) {
	if len(plan.Kill) > 0 {
		plan.wakeAt(time.Now()) // another one has to be stopped by now
	}
	if err := w.resize(ctx, pod, plan.Resize); err != nil {
		return plan.Next, err
	}
	if w.deferred != "" {
		plan.wakeAt(time.Now().Add(deferredPeriod))
	}
	w.mu.Lock()
	stale := w.stale
	w.stale = false
	w.mu.Unlock()
	if renew := w.k.tokens.renewAt(pod); stale || plan.NewSandbox || len(plan.Start) > 0 || !renew.IsZero() && time.Now().After(renew) {
		if err := w.setUpVolumes(ctx, pod); err != nil {
			return plan.Next, err
		}
	}
	if renew := w.k.tokens.renewAt(pod); !renew.IsZero() {
		plan.wakeAt(renew)
	}
	sandbox := seen.Sandbox()
	if plan.NewSandbox {
		if sandbox, err = w.newSandbox(ctx, pod, seen, plan.Attempt); err != nil {
			return plan.Next, err
		}
	}
	for _, hold := range plan.Hold {
		w.hold(ctx, pod, hold)
	}
	var errs []error
	for _, start := range plan.Start {
		failed := w.startContainer(ctx, pod, start, sandbox)
		if failed == nil || failed.until.IsZero() { // if not, its image had to wait: that was no start
			w.backoffs[start.Container.Name] = start.Backoff
		}
		switch {
		case failed == nil:
			delete(w.waiting, start.Container.Name)
			continue
		case !failed.until.IsZero():
			plan.wakeAt(failed.until)
		default:
			errs = append(errs, fmt.Errorf("start container %s: %w", start.Container.Name, failed))
		}
		w.waiting[start.Container.Name] = failed.waitingReason
	}
	for _, id := range plan.Remove {
		errs = append(errs, w.k.runtime.RemoveContainer(ctx, id))
	}
	return plan.Next, errors.Join(errs...)
}

// newSandbox replaces what is left of the pod's old sandbox, if there was one, by a new one.
func (w *podWorker) newSandbox(ctx context.Context, pod *api.Pod, seen *RuntimePod, attempt int) (*Sandbox, error) {
	if err := w.k.networkError(); err != nil && !pod.Spec.HostNetwork {
		w.event(ctx, pod, "", eventWarning, "NetworkNotReady", "network is not ready: %v", err)
		return nil, fmt.Errorf("network is not ready: %w", err)
	}
	if len(seen.Sandboxes) > 0 {
		w.event(ctx, pod, "", eventNormal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
		if err := w.stop(ctx, pod, false, seen); err != nil {
			return nil, err
		}
		for _, old := range seen.Sandboxes {
			if err := w.k.runtime.RemovePodSandbox(ctx, old.ID); err != nil {
				return nil, fmt.Errorf("remove the old sandbox of %s: %w", pod.Key(), err)
			}
		}
	}
	if err := w.prepareDevices(ctx, pod); err != nil {
		return nil, err
	}
	id, err := w.k.runSandbox(ctx, pod, attempt)
	if err != nil {
		w.event(ctx, pod, "", eventWarning, "FailedCreatePodSandBox", "Failed to create pod sandbox: %v", err)
		return nil, fmt.Errorf("create a sandbox for %s: %w", pod.Key(), err)
	}
	seen, err = w.observe(ctx, pod)
	if err != nil {
		return nil, err
	}
	sandbox := seen.Sandbox()
	if sandbox == nil || sandbox.ID != id {
		return nil, fmt.Errorf("the new sandbox of %s has died", pod.Key())
	}
	return sandbox, nil
}

// hold leaves a container that keeps failing alone until its back-off is over.
func (w *podWorker) hold(ctx context.Context, pod *api.Pod, h holdStep) {
	name := h.Container.Name
	where := fmt.Sprintf("%s_%s(%s)", pod.Name, pod.Namespace, pod.UID)
	w.waiting[name] = waitingReason{reasonCrashLoopBackOff, fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", h.Delay, name, where)}
	w.event(ctx, pod, name, eventWarning, "BackOff", "Back-off restarting failed container %s in pod %s", name, where)
	ctx = client.Because(ctx, "container %s keeps failing: it is held back for %s", name, h.Delay)
	if err := w.k.client.Decide(ctx, pod, map[string]any{"container": name, "backOff": h.Delay.String(), "until": h.Until.UTC().Format(time.RFC3339)}); err != nil {
		w.k.log.Debug("decision not recorded", "namespace", pod.Namespace, "name", pod.Name, "error", err)
	}
}

// report writes the pod's status if it differs from what the API has. Writes of one pod are in order because only
// its worker makes them.
func (w *podWorker) report(ctx context.Context, pod *api.Pod, seen *RuntimePod, failure *podFailure, stopped bool) (err error) {
	pod.Status = w.written
	status := computeStatus(statusView{
		pod: pod, seen: seen, last: &w.status, waiting: w.waiting, probes: w.k.prober.results, stopped: stopped, failure: failure,
		deferred: w.deferred, resizeError: w.resizeError,
		hostIP: w.k.cfg.NodeIP, runtime: w.k.info.Name, now: time.Now(),
	})
	w.tellResize(ctx, pod, &w.status, &status)
	w.status = status
	uid := pod.UID
	if isStatic(pod) {
		if _, shown := w.k.pods.Get(pod.Key()); !shown && w.written.Phase.Ended() {
			return nil // somebody has seen its end, and deleted the mirror
		}
		if uid, err = w.k.ensureMirror(ctx, pod); err != nil || uid == "" {
			return err
		}
	}
	why := explainStatus(&w.written, &status)
	if why == "" {
		return nil
	}
	patch, err := statusPatch(uid, &w.written, &status)
	if err != nil {
		return fmt.Errorf("compare statuses of pod %s: %w", pod.Key(), err)
	}
	ctx, done := w.k.writing(ctx)
	defer done()
	stored, err := client.Of[*api.Pod](w.k.client).Patch(client.Because(ctx, "%s", why), pod.Namespace, pod.Name, api.StrategicMergePatchType, patch, "status")
	switch {
	case api.IsNotFound(err) || api.IsConflict(err):
		return nil // gone, or another pod of that name: the informer is about to say so
	case err != nil:
		return fmt.Errorf("report the status of pod %s: %w", pod.Key(), err)
	}
	version := stored.Revision()
	w.written, w.version = stored.Status, version
	if api.Equal(&stored.Status, &status) {
		w.written = status // nobody else had a part in it: an idle worker keeps it once
	}
	w.mu.Lock()
	w.wrote = version
	w.mu.Unlock()
	w.k.log.Info("pod status", "namespace", pod.Namespace, "name", pod.Name, "rv", version, "why", why)
	return nil
}

// writeTimeout bounds one write: containers must be looked after even while the API server hangs.
const writeTimeout = 5 * time.Second

// writing waits for its turn to write to the API, and gives the write a time limit.
func (k *Kubelet) writing(ctx context.Context) (limited context.Context, done func()) {
	k.apiSlots <- struct{}{} // never for long: each holder has a limit
	limited, cancel := context.WithTimeout(ctx, writeTimeout)
	return limited, func() {
		cancel()
		<-k.apiSlots
	}
}

// statusPatch is what turns one status into the other. Other people's conditions are not in it, and the UID keeps it
// from hitting a newer pod of the same name.
func statusPatch(uid api.UID, old, new *api.PodStatus) ([]byte, error) {
	type document struct {
		Metadata map[string]any `json:"metadata,omitempty"`
		Status   *api.PodStatus `json:"status"`
	}
	before, err := api.MarshalJSON(document{Status: old})
	if err != nil {
		return nil, err
	}
	after, err := api.MarshalJSON(document{Metadata: map[string]any{"uid": uid}, Status: new})
	if err != nil {
		return nil, err
	}
	return api.CreateTwoWayMergePatch(before, after, api.Pod{})
}

// The types of events.
const (
	eventNormal  = "Normal"
	eventWarning = "Warning"
)

// event tells the user something about the pod, or about one of its containers.
func (w *podWorker) event(ctx context.Context, pod *api.Pod, container, eventType, reason, format string, args ...any) {
	ref := client.ReferenceTo(pod)
	if container != "" {
		field := "containers"
		switch {
		case isInit(pod, container):
			field = "initContainers"
		case isEphemeral(pod, container):
			field = "ephemeralContainers"
		}
		ref.FieldPath = fmt.Sprintf("spec.%s{%s}", field, container)
	}
	w.k.recorder.EventOn(ctx, ref, eventType, reason, format, args...)
}
