package scheduler

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"kubelite/api"
	"kubelite/client"
)

// defaultPreemption makes room for a pod that fits nowhere, by deleting pods that are less important.
//
//	for each node that rejected the pod for something that pods there take up:
//	    without any less important pod, would it fit?       no: not this node
//	    bring them back, most important first, while it fits; the others are the victims
//	of these nodes, take the one that loses least: fewest broken disruption budgets, then the least
//	    important victims, then the fewest ... (plugin_defaultpreemption_victims.go)
//	delete the victims, which end in their own time; the pod is nominated for the node meanwhile
//
// The pod is not bound now. It is tried again as its victims go, and may well find another node.
type defaultPreemption struct {
	kit  *kit
	args DefaultPreemptionArgs
}

func (*defaultPreemption) Name() string { return "DefaultPreemption" }

const preemptionNoHelp = "Preemption is not helpful for scheduling"

// candidate is a node with those who would have to go.
type candidate struct {
	node       *nodeInfo
	victims    []*podInfo // most important first
	violations int        // of disruption budgets
}

// PostFilter looks for victims, and sends them off.
func (p *defaultPreemption) PostFilter(ctx context.Context, c *cycle) *postFilterResult {
	if no := p.ineligible(c); no != "" {
		return &postFilterResult{message: "preemption: " + no, keep: true}
	}
	failure := func(err error) *postFilterResult {
		return &postFilterResult{message: "preemption: " + err.Error(), keep: true, last: true}
	}
	candidates, reasons, err := p.candidates(c)
	switch {
	case len(candidates) == 0 && err != nil:
		return failure(err)
	case len(candidates) == 0:
		return &postFilterResult{message: "preemption: " + unavailable(len(c.cache.nodes), reasons)}
	}
	candidates, err = c.extenderPreemption(candidates)
	switch {
	case err != nil:
		return failure(err)
	case len(candidates) == 0:
		return &postFilterResult{message: "preemption: no candidate node for preemption", keep: true}
	}
	best := pickCandidate(candidates)
	if err := p.evict(ctx, c, best); err != nil {
		return failure(err)
	}
	return &postFilterResult{nominate: best.node.name, victims: best.victims}
}

// ineligible says why the pod may not have others removed.
func (p *defaultPreemption) ineligible(c *cycle) string {
	pod := c.pod.pod
	if api.Deref(pod.Spec.PreemptionPolicy, api.PreemptLowerPriority) == api.PreemptNever {
		return "not eligible due to preemptionPolicy=Never."
	}
	nominated := c.cache.byName[c.nominator.nodeOf[pod.UID]]
	if nominated == nil || nominated.node == nil {
		return ""
	}
	if st := c.statuses; len(st) > 0 && st[nominated.position] != nil && st[nominated.position].verdict == unresolvable {
		return "" // its victims went in vain: look elsewhere
	}
	for _, other := range nominated.pods {
		if other.priority < c.pod.priority && other.pod.DeletionTimestamp != nil && disruptedByScheduler(other.pod) {
			return "not eligible due to a terminating pod on the nominated node."
		}
	}
	return ""
}

// disruptedByScheduler tells that a pod is, or will be, deleted to make room.
func disruptedByScheduler(pod *api.Pod) bool {
	c := pod.Status.Condition(api.DisruptionTarget)
	return c != nil && c.Status == api.ConditionTrue && c.Reason == reasonPreempted
}

const reasonPreempted = "PreemptionByScheduler"

// candidates tries nodes until there are enough to choose from, by default a tenth of them but no fewer than a hundred, beginning somewhere:
// else the first nodes would bear it all. reasons counts why the others will not do; err is that a filter could not tell of some.
func (p *defaultPreemption) candidates(c *cycle) (found []candidate, reasons map[string]int, err error) {
	var nodes []*nodeInfo
	for i, st := range c.statuses {
		if st != nil && st.verdict == unschedulable {
			nodes = append(nodes, c.cache.nodes[i])
		}
	}
	reasons = map[string]int{}
	if rest := len(c.cache.nodes) - len(nodes); rest > 0 {
		reasons[preemptionNoHelp] = rest
	}
	if len(nodes) == 0 {
		return nil, reasons, nil
	}
	var failures []error
	enough := min(max(len(nodes)*int(p.args.MinCandidateNodesPercentage)/100, int(p.args.MinCandidateNodesAbsolute)), len(nodes))
	budgets := p.kit.budgets.List("", nil)
	breaksNone := false
	for i, offset := 0, rand.IntN(len(nodes)); i < len(nodes) && !(breaksNone && len(found) >= enough); i++ {
		n := nodes[(offset+i)%len(nodes)]
		victims, violations, no := selectVictims(c, n, budgets)
		if no != nil {
			if no.verdict == failed {
				failures = append(failures, errors.New(no.failure()))
			}
			for _, r := range no.reasons {
				reasons[r]++
			}
			continue
		}
		breaksNone = breaksNone || violations == 0
		found = append(found, candidate{n, victims, violations})
	}
	if len(failures) > 0 {
		err = errors.New(api.Aggregate(failures))
	}
	return found, reasons, err
}

// evict deletes the victims, all at once, and takes back the nominations of less important pods for the node.
func (p *defaultPreemption) evict(ctx context.Context, c *cycle, best candidate) error {
	errs := make([]error, len(best.victims))
	var wg sync.WaitGroup
	for i, victim := range best.victims {
		if victim.pod.DeletionTimestamp == nil {
			wg.Go(func() { errs[i] = p.evictOne(ctx, c, victim.pod, best.node.name) })
		}
	}
	wg.Wait()
	for _, other := range c.nominator.lessImportant(c.pod, best.node.name) {
		why := client.Because(ctx, "the node is being cleared for the more important %s: take the nomination back", c.pod.pod.Key())
		if _, err := client.Of[*api.Pod](p.kit.client).Patch(why, other.pod.Namespace, other.pod.Name, api.MergePatchType,
			[]byte(`{"status":{"nominatedNodeName":null}}`), "status"); err != nil && !api.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("clear the nomination of %s: %w", other.pod.Key(), err))
		}
	}
	return errors.Join(errs...)
}

// evictOne tells the victim why it goes, in a condition that Jobs and people read, and deletes it. It has its usual time to
// end.
func (p *defaultPreemption) evictOne(ctx context.Context, c *cycle, victim *api.Pod, node string) error {
	preemptor := c.pod.pod
	pods := client.Of[*api.Pod](p.kit.client)
	ctx = client.Because(ctx, "pod %s of priority %d fits nowhere; this one, of priority %d, makes room on %s: delete it",
		preemptor.Key(), api.Deref(preemptor.Spec.Priority, 0), api.Deref(victim.Spec.Priority, 0), node)
	condition := api.PodCondition{
		Type: api.DisruptionTarget, Status: api.ConditionTrue, Reason: reasonPreempted, LastTransitionTime: api.Now(),
		Message:            preemptor.Spec.SchedulerName + ": preempting to accommodate a higher priority pod",
		ObservedGeneration: victim.Generation,
	}
	patch, err := api.MarshalJSON(map[string]any{"status": map[string]any{"conditions": []api.PodCondition{condition}}})
	if err == nil {
		_, err = pods.Patch(ctx, victim.Namespace, victim.Name, api.StrategicMergePatchType, patch, "status")
	}
	if err == nil {
		err = pods.Delete(ctx, victim.Namespace, victim.Name, api.DeleteOptions{Preconditions: &api.Preconditions{UID: &victim.UID}})
	}
	if api.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("preempt pod %s: %w", victim.Key(), err)
	}
	c.profile.events.Event(ctx, victim, api.EventTypeNormal, "Preempted", "Preempted by pod %s on node %s", preemptor.UID, node)
	return nil
}
