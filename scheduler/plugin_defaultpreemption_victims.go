package scheduler

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"kubelite/api"
)

var noVictims = reject("DefaultPreemption", unresolvable, "No preemption victims found for incoming pod")

// selectVictims returns the pods that have to leave a node so that the cycle's pod fits, most important first, and how many of
// them break a disruption budget. no says why it is hopeless.
func selectVictims(c *cycle, n *nodeInfo, budgets []*api.PodDisruptionBudget) (victims []*podInfo, violations int, no *status) {
	without := n.clone()
	filters := cloneFilters(c.filters)
	var lesser []*podInfo
	for _, p := range n.pods {
		if p.priority < c.pod.priority {
			lesser = append(lesser, p)
		}
	}
	if len(lesser) == 0 {
		return nil, 0, noVictims
	}
	for _, p := range lesser {
		removePod(filters, p, without)
	}
	if no := c.fits(filters, without); no != nil {
		return nil, 0, no
	}
	slices.SortStableFunc(lesser, byImportance)
	breaking, harmless := splitByBudget(lesser, budgets)
	// Bring back as many as will go, first those whose going would break a budget.
	for _, p := range slices.Concat(breaking, harmless) {
		addPod(filters, p, without)
		if c.fits(filters, without) == nil {
			continue
		}
		removePod(filters, p, without)
		victims = append(victims, p)
		if slices.Contains(breaking, p) {
			violations++
		}
	}
	if len(victims) == 0 { // a filter that changed its mind
		return nil, 0, reject("DefaultPreemption", failed, fmt.Sprintf("expected at least one victim pod on node %q", n.name))
	}
	slices.SortStableFunc(victims, byImportance)
	return victims, violations, nil
}

// byImportance puts the more important pod first: the higher priority, then the one that runs longer.
func byImportance(a, b *podInfo) int {
	return cmp.Or(cmp.Compare(b.priority, a.priority), startOf(a).Compare(startOf(b)))
}

// startOf is when a pod began; one that has not yet begins now.
func startOf(p *podInfo) time.Time {
	if p.pod.Status.StartTime != nil {
		return p.pod.Status.StartTime.Time
	}
	return time.Now()
}

// splitByBudget tells the pods whose going breaks a disruption budget from the others. pods are in order of importance, and a
// budget that allows two disruptions allows the first two.
func splitByBudget(pods []*podInfo, budgets []*api.PodDisruptionBudget) (breaking, harmless []*podInfo) {
	allowed := make([]int32, len(budgets))
	selectors := make([]api.Selector, len(budgets))
	for i, b := range budgets {
		allowed[i] = b.Status.DisruptionsAllowed
		selectors[i] = api.SelectorOrNothing(b.Spec.Selector)
	}
	for _, p := range pods {
		breaks := false
		for i, b := range budgets {
			if len(p.pod.Labels) == 0 || b.Namespace != p.pod.Namespace || selectors[i].Empty() || !selectors[i].Matches(p.pod.Labels) {
				continue
			}
			if _, counted := b.Status.DisruptedPods[p.pod.Name]; counted {
				continue // it is going already, and the budget knows
			}
			if allowed[i]--; allowed[i] < 0 {
				breaks = true
			}
		}
		if breaks {
			breaking = append(breaking, p)
		} else {
			harmless = append(harmless, p)
		}
	}
	return breaking, harmless
}

// pickCandidate takes the node that loses least. Each rule decides only where those before it left a draw.
func pickCandidate(candidates []candidate) candidate {
	return slices.MinFunc(candidates, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(a.violations, b.violations),                   // 1. fewest broken budgets
			cmp.Compare(a.victims[0].priority, b.victims[0].priority), // 2. the least important first victim
			cmp.Compare(a.sumOfPriorities(), b.sumOfPriorities()),     // 3. the lowest sum of priorities
			cmp.Compare(len(a.victims), len(b.victims)),               // 4. fewest victims
			b.earliestStart().Compare(a.earliestStart()),              // 5. whose most important ones began last
		)
	})
}

// sumOfPriorities counts every victim as something, even those of negative priority.
func (c candidate) sumOfPriorities() (sum int64) {
	for _, p := range c.victims {
		sum += int64(p.priority) + math.MaxInt32 + 1
	}
	return sum
}

// earliestStart is when the first of the most important victims began.
func (c candidate) earliestStart() time.Time {
	earliest := startOf(c.victims[0])
	for _, p := range c.victims {
		if at := startOf(p); p.priority == c.victims[0].priority && at.Before(earliest) {
			earliest = at
		}
	}
	return earliest
}
