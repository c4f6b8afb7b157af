package controllers

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"kubelite/api"
)

// Which pods a Job makes and deletes next. The plan is a pure function of the pass; the pods are made from it.

const (
	// After a failure the next pod waits: ten seconds, then twice as long each time, up to ten minutes.
	jobBackoffStart = 10 * time.Second
	jobBackoffMost  = 10 * time.Minute
	// completionIndexEnv is where a container of an Indexed Job finds its index.
	completionIndexEnv = "JOB_COMPLETION_INDEX"
	// maxGeneratedName leaves room for the five characters that the API server adds.
	maxGeneratedName = 63 - 5
)

// jobPlan is the next step of a Job: remove, or create, or wait, or nothing.
type jobPlan struct {
	remove  []*api.Pod
	create  int
	indexes []int32       // of the pods to create; nil if the Job is not Indexed
	wait    time.Duration // until the next pod may be created
	why     string
}

// planJobPods compares the pods that a Job should have now with those that are active.
func planJobPods(p *jobPass) jobPlan {
	if isSuspended(p.job) {
		return jobPlan{remove: p.activePods, why: "suspended"}
	}
	want := p.wantActive()
	why := fmt.Sprintf("%d should run, %d do, %d succeeded, %d failed", want, p.active, p.succeeded, p.failed)
	if remove := p.surplus(int(max(p.active-want, 0))); len(remove) > 0 {
		return jobPlan{remove: remove[:min(len(remove), maxBurst)], why: why}
	}
	missing := want - p.active
	if p.replaceOnlyFailed {
		missing -= p.terminating
	}
	if missing <= 0 {
		return jobPlan{}
	}
	plan := jobPlan{create: int(min(missing, maxBurst)), why: why}
	if !p.limitPerIndex { // else each index has a wait of its own
		if wait := p.backoff.remaining(p.now); wait > 0 {
			return jobPlan{wait: wait}
		}
	}
	if p.indexed {
		plan.indexes, plan.wait = p.readyIndexes(p.pendingIndexes(plan.create))
		plan.create = len(plan.indexes)
	}
	return plan
}

// wantActive is how many pods should run now.
func (p *jobPass) wantActive() int32 {
	parallelism := api.Deref(p.job.Spec.Parallelism, 1)
	if p.job.Spec.Completions == nil {
		if p.succeeded > 0 {
			return p.active // the work is done: whatever runs may end, and nothing new begins
		}
		return parallelism
	}
	return max(min(*p.job.Spec.Completions-p.succeeded, parallelism), 0)
}

// surplus picks pods to delete: at least n, and of an Indexed Job all that work on an index that is none, or that
// another one works on.
func (p *jobPass) surplus(n int) []*api.Pod {
	if !p.indexed {
		return chooseVictims(p.activePods, nil, n, p.now)[:n]
	}
	byIndex := map[int32][]*api.Pod{}
	var surplus, rest []*api.Pod
	for _, pod := range p.activePods {
		if index := podIndex(pod); p.validIndex(index) {
			byIndex[index] = append(byIndex[index], pod)
		} else {
			surplus = append(surplus, pod)
		}
	}
	for _, index := range slices.Sorted(maps.Keys(byIndex)) {
		pods := byIndex[index]
		doubles := chooseVictims(pods, nil, len(pods)-1, p.now)
		surplus = append(surplus, doubles...)
		for _, pod := range pods {
			if !slices.Contains(doubles, pod) {
				rest = append(rest, pod)
			}
		}
	}
	if more := n - len(surplus); more > 0 {
		surplus = append(surplus, chooseVictims(rest, nil, more, p.now)[:more]...)
	}
	return surplus
}

// pendingIndexes are the lowest n indexes that no pod works on and that have neither succeeded nor failed.
func (p *jobPass) pendingIndexes(n int) []int32 {
	taken := map[int32]bool{}
	for _, pod := range p.pods {
		if podActive(pod) || p.replaceOnlyFailed && podTerminating(pod) {
			taken[podIndex(pod)] = true
		}
	}
	var pending []int32
	for index := int32(0); index < api.Deref(p.job.Spec.Completions, 0) && len(pending) < n; index++ {
		if !taken[index] && !p.completedIndexes.Has(index) && !p.failedIndexes.Has(index) {
			pending = append(pending, index)
		}
	}
	return pending
}

// readyIndexes drops the indexes whose last pod failed too recently. If none is left, wait is the shortest of their
// waits.
func (p *jobPass) readyIndexes(indexes []int32) (ready []int32, wait time.Duration) {
	for _, index := range indexes {
		var remaining time.Duration
		if last := p.lastFailed[index]; last != nil {
			remaining = jobBackoff{failures: failuresBefore(last) + 1, last: finishTime(last)}.remaining(p.now)
		}
		if remaining == 0 {
			ready = append(ready, index)
		} else if wait == 0 || remaining < wait {
			wait = remaining
		}
	}
	if len(ready) > 0 {
		return ready, 0
	}
	return nil, wait
}

// jobPod makes a pod of the Job.
func jobPod(job *api.Job) *api.Pod {
	template := api.DeepCopy(&job.Spec.Template)
	if !slices.Contains(template.Finalizers, api.JobTrackingFinalizer) {
		template.Finalizers = append(template.Finalizers, api.JobTrackingFinalizer)
	}
	return &api.Pod{
		ObjectMeta: api.ObjectMeta{
			GenerateName: podNamePrefix(job.Name), Namespace: job.Namespace,
			Labels: template.Labels, Annotations: template.Annotations, Finalizers: template.Finalizers,
			OwnerReferences: []api.OwnerReference{api.NewControllerRef(job)},
		},
		Spec: template.Spec,
	}
}

// indexPod makes the pod one that works on an index: it finds the index in its environment, its host name, a label and
// an annotation. failed is its predecessor, whose failures it carries on.
func indexPod(pod *api.Pod, job *api.Job, index int32, failed *api.Pod) {
	number := strconv.Itoa(int(index))
	suffix := "-" + number + "-"
	pod.GenerateName = job.Name[:min(len(job.Name), maxGeneratedName-len(suffix))] + suffix
	pod.Spec.Hostname = job.Name + "-" + number
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Labels[api.JobCompletionIndexAnnotation], pod.Annotations[api.JobCompletionIndexAnnotation] = number, number
	for _, containers := range [][]api.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			env := &containers[i].Env
			if slices.ContainsFunc(*env, func(v api.EnvVar) bool { return v.Name == completionIndexEnv }) {
				continue
			}
			field := &api.ObjectFieldSelector{FieldPath: "metadata.labels['" + api.JobCompletionIndexAnnotation + "']"}
			*env = append(*env, api.EnvVar{Name: completionIndexEnv, ValueFrom: &api.EnvVarSource{FieldRef: field}})
		}
	}
	if job.Spec.BackoffLimitPerIndex == nil {
		return
	}
	var counted, ignored int32
	if failed != nil {
		counted = annotatedCount(failed, api.JobIndexFailureCountAnnotation)
		ignored = annotatedCount(failed, api.JobIndexIgnoredFailureCountAnnotation)
		if matchFailure(job.Spec.PodFailurePolicy, failed).action == api.PodFailurePolicyActionIgnore {
			ignored++
		} else {
			counted++
		}
	}
	pod.Annotations[api.JobIndexFailureCountAnnotation] = strconv.Itoa(int(counted))
	if ignored > 0 {
		pod.Annotations[api.JobIndexIgnoredFailureCountAnnotation] = strconv.Itoa(int(ignored))
	}
}

// finishTime is when a pod ended, as well as it can be told.
func finishTime(pod *api.Pod) time.Time {
	if t := containersFinished(pod); !t.IsZero() {
		return t
	}
	if c := pod.Status.Condition(api.PodReady); c != nil && c.Status == api.ConditionFalse && !c.LastTransitionTime.IsZero() {
		return c.LastTransitionTime.Time
	}
	if pod.DeletionTimestamp != nil {
		return pod.DeletionTimestamp.Add(-time.Duration(api.Deref(pod.DeletionGracePeriodSeconds, 0)) * time.Second)
	}
	return pod.CreationTimestamp.Time
}

// containersFinished is when the last container ended, zero if one has not said so.
func containersFinished(pod *api.Pod) (last time.Time) {
	for i := range pod.Status.ContainerStatuses {
		end := pod.Status.ContainerStatuses[i].State.Terminated
		if end == nil || end.FinishedAt.IsZero() {
			return time.Time{}
		}
		if end.FinishedAt.After(last) {
			last = end.FinishedAt.Time
		}
	}
	return last
}
