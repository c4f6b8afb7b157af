package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// terminate ends a pod for good. What is left of it stays for those who want to read its logs, until the pod is
// deleted: then everything goes, and when there is nothing left that could run, the API may forget the pod.
func (w *podWorker) terminate(ctx context.Context, pod *api.Pod, gone bool, seen *RuntimePod, plan podPlan) error {
	if plan.Terminate == deadlineMessage {
		w.event(ctx, pod, "", eventNormal, deadlineReason, "%s", deadlineMessage)
	}
	if plan.Failure != nil && plan.Failure.grace > 0 {
		pod = withGrace(pod, plan.Failure.grace)
	}
	if len(seen.Running()) > 0 || seen.Sandbox() != nil {
		if err := w.stop(ctx, pod, gone, seen); err != nil {
			return err
		}
		var err error
		if seen, err = w.observe(ctx, pod); err != nil {
			return err
		}
	}
	w.k.prober.forget(w.uid)
	if gone {
		if err := w.remove(ctx, seen); err != nil {
			return err
		}
		w.k.forget(w)
		if mirror, ok := w.k.pods.Get(pod.Key()); ok && isMirror(mirror) && localUID(mirror) == pod.UID {
			return w.k.deleteMirror(ctx, mirror)
		}
		return nil
	}
	// Invariant: a final phase is reported only when nothing of the pod runs any more. Others rely on it: a Job
	// counts, a StatefulSet makes the successor.
	if err := w.report(ctx, pod, seen, plan.Failure, true); err != nil {
		return err
	}
	if pod.DeletionTimestamp == nil {
		var errs []error
		for _, id := range plan.Remove {
			errs = append(errs, w.k.runtime.RemoveContainer(ctx, id))
		}
		return errors.Join(errs...)
	}
	if err := w.remove(ctx, seen); err != nil {
		return err
	}
	return w.release(ctx, pod)
}

// withGrace is the pod as if it had been deleted with so much time to end.
func withGrace(pod *api.Pod, grace time.Duration) *api.Pod {
	hurried := *pod
	hurried.DeletionGracePeriodSeconds = api.Ptr(int64(grace.Seconds()))
	return &hurried
}

// stop ends all containers of the pod and takes its sandbox off the network. Until they have ended, whether they are ready is
// reported as it changes: a server that drains says so by its readiness probe.
func (w *podWorker) stop(ctx context.Context, pod *api.Pod, gone bool, seen *RuntimePod) error {
	ip := w.status.PodIP
	stopped := make(chan error, 1)
	go func() { stopped <- w.stopContainers(ctx, pod, ip, seen) }()
	for stopping := true; stopping; {
		select {
		case err := <-stopped:
			if err != nil {
				return err
			}
			stopping = false
		case <-w.answers:
			if gone {
				continue
			}
			ending := *pod // the other goroutine reads it
			now, err := w.observe(ctx, pod)
			if err == nil {
				err = w.report(ctx, &ending, now, nil, false)
			}
			if err != nil && ctx.Err() == nil {
				w.k.log.Warn("readiness of an ending pod not reported", "namespace", pod.Namespace, "name", pod.Name, "error", err)
			}
		}
	}
	var err error
	for _, s := range seen.Sandboxes {
		if s.Ready {
			err = errors.Join(err, w.k.runtime.StopPodSandbox(ctx, s.ID))
		}
	}
	return err
}

// stopContainers ends the containers, group after group, in the time that the pod has.
func (w *podWorker) stopContainers(ctx context.Context, pod *api.Pod, ip string, seen *RuntimePod) error {
	deadline := time.Now().Add(gracePeriod(pod))
	return w.hurriedly(ctx, gracePeriod(pod), func(ctx context.Context) error {
		for _, group := range stopOrder(pod, seen.Running()) {
			var wg sync.WaitGroup
			errs := make([]error, len(group))
			for i, c := range group {
				wg.Go(func() {
					errs[i] = w.stopContainer(ctx, pod, ip, killStep{ID: c.ID, Name: c.Name, Message: "Stopping container " + c.Name, Grace: time.Until(deadline)})
				})
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				return err
			}
		}
		return nil
	})
}

// kill stops single containers of a pod that goes on.
func (w *podWorker) kill(ctx context.Context, pod *api.Pod, steps []killStep) error {
	for _, step := range steps {
		err := w.hurriedly(ctx, step.Grace, func(ctx context.Context) error {
			return w.stopContainer(ctx, pod, w.status.PodIP, step)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// errHurried says that a stop was cut short because the pod has less time now. The worker has been woken already.
var errHurried = errors.New("the pod has been given less time to end")

// hurriedly runs a stop that update may cut short.
func (w *podWorker) hurriedly(ctx context.Context, grace time.Duration, stop func(ctx context.Context) error) error {
	stopping, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.mu.Lock()
	w.stopGrace, w.hurry = grace, func() { cancel(errHurried) }
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.hurry = nil
		w.mu.Unlock()
	}()
	if err := stop(stopping); err != nil {
		if cause := context.Cause(stopping); errors.Is(cause, errHurried) {
			return cause
		}
		return err
	}
	return nil
}

// stopContainer runs the container's preStop hook and ends it. Whatever the hook takes is missing from its grace.
func (w *podWorker) stopContainer(ctx context.Context, pod *api.Pod, ip string, step killStep) error {
	w.k.prober.quiet(step.ID)
	w.event(ctx, pod, step.Name, eventNormal, "Killing", "%s", step.Message)
	began := time.Now()
	if c := findContainer(pod, step.Name); c != nil && c.Lifecycle != nil && c.Lifecycle.PreStop != nil && step.Grace > 0 {
		hook, cancel := context.WithTimeout(ctx, step.Grace)
		if err := w.k.runHook(hook, pod, c, step.ID, ip, c.Lifecycle.PreStop); err != nil && ctx.Err() == nil {
			w.event(ctx, pod, step.Name, eventWarning, "FailedPreStopHook", "PreStopHook failed")
		}
		cancel()
	}
	if err := w.k.runtime.StopContainer(ctx, step.ID, max(step.Grace-time.Since(began), minimumGrace)); err != nil {
		return fmt.Errorf("stop container %s: %w", step.Name, err)
	}
	return nil
}

// remove leaves nothing of a stopped pod on this machine.
func (w *podWorker) remove(ctx context.Context, seen *RuntimePod) error {
	var wg sync.WaitGroup
	errs := make([]error, len(seen.Containers))
	for i, c := range seen.Containers {
		wg.Go(func() { errs[i] = w.k.runtime.RemoveContainer(ctx, c.ID) })
	}
	wg.Wait()
	for _, s := range seen.Sandboxes { // last: as long as it is there, its address is not given away
		errs = append(errs, w.k.runtime.RemovePodSandbox(ctx, s.ID))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove what is left of pod %s: %w", w.uid, err)
	}
	w.k.tokens.forget(w.uid)
	return os.RemoveAll(w.k.podDir(w.uid))
}

// release lets the API forget a pod that has been deleted and has ended. The precondition keeps a pod of the same
// name that was made in the meantime from being hit.
func (w *podWorker) release(ctx context.Context, pod *api.Pod) error {
	if w.released {
		return nil // its finalizers hold it
	}
	ctx = client.Because(ctx, "all containers have stopped: the pod is gone from node %s", w.k.cfg.NodeName)
	ctx, done := w.k.writing(ctx)
	defer done()
	err := client.Of[*api.Pod](w.k.client).Delete(ctx, pod.Namespace, pod.Name, api.DeleteOptions{
		GracePeriodSeconds: api.Ptr[int64](0), Preconditions: &api.Preconditions{UID: &pod.UID},
	})
	if err != nil && !api.IsNotFound(err) && !api.IsConflict(err) {
		return fmt.Errorf("release pod %s: %w", pod.Key(), err)
	}
	w.released = true
	w.k.log.Info("pod ended", "namespace", pod.Namespace, "name", pod.Name)
	return nil
}
