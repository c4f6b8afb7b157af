package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The disruption loop.
//
//	desired    status says how many pods of the budget may be evicted now
//	actual     the pods that the selector matches, and how many their controllers want
//	converge   count the healthy ones and those that must be; the difference may go
//
// The API server takes one off status.disruptionsAllowed with each eviction that it lets through, and notes the pod in
// status.disruptedPods; this loop, which sees the pod go a moment later, counts anew. So two drains at once cannot
// take more than one of them might.

// deletionTimeout is how long a pod that was let go may stay before it counts as there again.
const deletionTimeout = 2 * time.Minute

// DisruptionController keeps the status of PodDisruptionBudgets.
type DisruptionController struct {
	client  *client.Client
	budgets *client.Informer[*api.PodDisruptionBudget]
	pods    *client.Informer[*api.Pod]
	events  *client.Recorder
	log     *slog.Logger
	queue   *client.Queue
	written *ownWrites
	scales  *scaleFinder
}

// NewDisruptionController subscribes to the budgets and pods of the shared caches.
func NewDisruptionController(c *client.Client, caches *Caches, log *slog.Logger) *DisruptionController {
	d := &DisruptionController{
		client: c, budgets: caches.DisruptionBudgets, pods: caches.Pods, log: log,
		events: client.NewRecorder(c, "controllermanager", ""),
		queue:  client.NewQueue("disruption"), written: newOwnWrites(), scales: newScaleFinder(c, caches),
	}
	caches.DisruptionBudgets.OnChange(d.budgetChanged)
	caches.Pods.OnChange(d.podChanged)
	return d
}

// Run reconciles until ctx ends.
func (d *DisruptionController) Run(ctx context.Context) error {
	if err := waitForSync(ctx, d.budgets, d.pods); err != nil {
		return err
	}
	if err := d.scales.waitForSync(ctx); err != nil {
		return err
	}
	return d.queue.Run(ctx, 1, d.Reconcile, d.log)
}

func (d *DisruptionController) budgetChanged(old, budget *api.PodDisruptionBudget, revision int64) {
	if budget == nil {
		d.written.forget(old.Key())
		return
	}
	d.queue.Add(budget.Key(), revision)
}

func (d *DisruptionController) podChanged(old, pod *api.Pod, revision int64) {
	if old != nil && pod != nil && !disruptionMatters(old, pod) {
		return
	}
	for _, p := range []*api.Pod{old, pod} {
		if p == nil {
			continue
		}
		var names []string
		for _, budget := range d.budgets.List(p.Namespace, nil) {
			if selector, err := api.LabelSelectorAsSelector(budget.Spec.Selector); err == nil && selector.Matches(p.Labels) {
				d.queue.Add(budget.Key(), revision)
				names = append(names, budget.Name)
			}
		}
		if len(names) > 1 { // ours counts for all of them, but nobody can evict the pod
			d.events.Event(client.WithCauses(context.Background(), client.CauseOf(revision)), p, api.EventTypeWarning, "MultiplePodDisruptionBudgets",
				"Pod %q/%q matches multiple PodDisruptionBudgets.  Chose %q arbitrarily.", p.Namespace, p.Name, slices.Min(names))
		}
	}
}

// disruptionMatters tells whether a change of a pod can change a budget.
func disruptionMatters(old, pod *api.Pod) bool {
	_, wasReady := podReady(old)
	_, ready := podReady(pod)
	return wasReady != ready || (old.DeletionTimestamp == nil) != (pod.DeletionTimestamp == nil) ||
		!api.Equal(old.Labels, pod.Labels) || !api.Equal(old.OwnerReferences, pod.OwnerReferences)
}

// Reconcile counts the pods of one budget.
func (d *DisruptionController) Reconcile(ctx context.Context, key api.Key) error {
	budget, ok := d.budgets.Get(key)
	if !ok {
		return nil
	}
	if _, waiting := d.written.pending(key, func(api.Key) int64 { return budget.Revision() }, time.Now()); waiting {
		return nil
	}
	selector, err := api.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil {
		return d.failSafe(ctx, budget, err)
	}
	pods := d.pods.List(key.Namespace, selector)
	if len(pods) == 0 {
		d.events.Event(ctx, budget, api.EventTypeNormal, "NoPods", "No matching pods found")
	}
	expected, desired, err := d.wanted(ctx, budget, pods)
	if err != nil {
		d.events.Event(ctx, budget, api.EventTypeWarning, "CalculateExpectedPodCountFailed", "Failed to calculate the number of expected pods: %v", err)
		return d.failSafe(ctx, budget, err)
	}
	status, recheckIn := disruptionStatus(budget, pods, expected, desired, time.Now())
	for _, pod := range pods {
		if _, was := budget.Status.DisruptedPods[pod.Name]; was && pod.DeletionTimestamp == nil {
			if _, still := status.DisruptedPods[pod.Name]; !still {
				d.events.Event(ctx, pod, api.EventTypeWarning, "NotDeleted", "Pod was expected by PDB %s/%s to be deleted but it wasn't", budget.Namespace, budget.Name)
			}
		}
	}
	if recheckIn > 0 {
		d.queue.AddAfter(key, recheckIn, "disruptedPods")
	}
	ctx = client.Because(ctx, "status: %d healthy, %d must be: %d may be evicted", status.CurrentHealthy, status.DesiredHealthy, status.DisruptionsAllowed)
	return d.write(ctx, budget, status)
}

// wanted is how many pods there should be, and how many must be healthy.
func (d *DisruptionController) wanted(ctx context.Context, budget *api.PodDisruptionBudget, pods []*api.Pod) (expected, desired int32, err error) {
	least, most := budget.Spec.MinAvailable, budget.Spec.MaxUnavailable
	switch {
	case most == nil && least == nil:
		return 0, 0, nil
	case most == nil && least.Type == api.IntegerForm:
		return int32(len(pods)), least.IntVal, nil
	}
	expected, unmanaged, err := d.expectedScale(ctx, pods)
	if err != nil {
		return 0, 0, err
	}
	if len(unmanaged) > 0 {
		d.events.Event(ctx, budget, api.EventTypeWarning, "UnmanagedPods", "Pods selected by this PodDisruptionBudget (selector: %s) were found "+
			"to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. "+
			"To account for these pods please set \".spec.minAvailable\" "+
			"field of the PDB to an integer value.", printSelector(budget.Spec.Selector))
	}
	if most != nil {
		unavailable, err := api.ScaledIntOrPercent(most, int(expected), true)
		return expected, max(expected-int32(unavailable), 0), err
	}
	available, err := api.ScaledIntOrPercent(least, int(expected), true)
	return expected, int32(available), err
}

// expectedScale adds up what the controllers of the pods want. A share of the pods that happen to be there would shrink
// with every one that is lost.
func (d *DisruptionController) expectedScale(ctx context.Context, pods []*api.Pod) (expected int32, unmanaged []string, err error) {
	counted := map[api.UID]bool{}
	for _, pod := range pods {
		ref := api.ControllerOf(pod)
		if ref == nil {
			unmanaged = append(unmanaged, pod.Name)
			continue
		}
		if counted[ref.UID] {
			continue
		}
		counted[ref.UID] = true
		owner, scale, err := d.scales.find(ctx, pod.Namespace, ref)
		if err != nil {
			return 0, nil, err
		}
		if owner == "" {
			return 0, nil, fmt.Errorf("found no controllers for pod %q", pod.Name)
		}
		if owner == ref.UID || !counted[owner] {
			expected += scale
		}
		counted[owner] = true
	}
	return expected, unmanaged, nil
}

// failSafe forbids evictions when it cannot be told how many would do no harm.
func (d *DisruptionController) failSafe(ctx context.Context, budget *api.PodDisruptionBudget, err error) error {
	status := budget.Status
	status.DisruptionsAllowed = 0
	status.Conditions = slices.Clone(status.Conditions)
	setDisruptionAllowed(&status, api.ConditionFalse, api.SyncFailedReason, err.Error(), time.Now())
	return errors.Join(err, d.write(client.Because(ctx, "it cannot be told how many pods there should be: allow no eviction"), budget, status))
}

func (d *DisruptionController) write(ctx context.Context, budget *api.PodDisruptionBudget, status api.PodDisruptionBudgetStatus) error {
	if api.Equal(budget.Status, status) {
		return nil
	}
	update := *budget
	update.Status = status
	written, err := client.Of[*api.PodDisruptionBudget](d.client).UpdateStatus(ctx, &update)
	if err != nil {
		return ignoreConflict(err) // an eviction came between: its event brings us back
	}
	d.written.wrote(budget.Key(), written, time.Now())
	return nil
}

// disruptionStatus counts the pods. recheckIn is when the first of those let go will be given up on.
func disruptionStatus(budget *api.PodDisruptionBudget, pods []*api.Pod, expected, desired int32, now time.Time) (status api.PodDisruptionBudgetStatus, recheckIn time.Duration) {
	status = api.PodDisruptionBudgetStatus{
		ObservedGeneration: budget.Generation, DesiredHealthy: desired, ExpectedPods: expected,
		Conditions: slices.Clone(budget.Status.Conditions),
	}
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		if since, leaving := budget.Status.DisruptedPods[pod.Name]; leaving {
			if left := since.Add(deletionTimeout).Sub(now); left > 0 {
				if status.DisruptedPods == nil {
					status.DisruptedPods = map[string]api.Time{}
				}
				status.DisruptedPods[pod.Name] = since
				if recheckIn == 0 || left < recheckIn {
					recheckIn = left
				}
				continue
			}
		}
		if _, ready := podReady(pod); ready {
			status.CurrentHealthy++
		}
	}
	// A budget without pods allows nothing, so that the first pods are not evicted before they have been counted.
	if expected > 0 {
		status.DisruptionsAllowed = max(status.CurrentHealthy-desired, 0)
	}
	allowed, reason := api.ConditionFalse, api.InsufficientPodsReason
	if status.DisruptionsAllowed > 0 {
		allowed, reason = api.ConditionTrue, api.SufficientPodsReason
	}
	setDisruptionAllowed(&status, allowed, reason, "", now)
	return status, recheckIn
}

// setDisruptionAllowed writes the one condition of a budget.
func setDisruptionAllowed(status *api.PodDisruptionBudgetStatus, value api.ConditionStatus, reason, message string, now time.Time) {
	condition := api.Condition{
		Type: api.DisruptionAllowedCondition, Status: value, ObservedGeneration: status.ObservedGeneration,
		LastTransitionTime: timeOf(now), Reason: reason, Message: message,
	}
	for i := range status.Conditions {
		if c := &status.Conditions[i]; c.Type == condition.Type {
			if c.Status == value {
				condition.LastTransitionTime = c.LastTransitionTime
			}
			*c = condition
			return
		}
	}
	status.Conditions = append(status.Conditions, condition)
}
