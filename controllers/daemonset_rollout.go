package controllers

import (
	"fmt"
	"time"

	"kubelite/api"
)

// How the pods of an old template are replaced. On each node there is room for one: so either the old one goes first and
// the node is without for a while (maxUnavailable), or the new one comes first and for a while there are two (maxSurge).

// replaceOldDaemons plans the next pods of an old template to go, or new ones to come beside them. Each node has one pod
// at most of the old kind and one of the new: whatever is more was put right before.
func (p *daemonPlan) replaceOldDaemons(ds *api.DaemonSet, places []*daemonPlace, hash string, now time.Time) {
	desired := 0
	for _, place := range places {
		if place.mayStart {
			desired++
		}
	}
	unavailable, err := daemonLimit(ds, func(r *api.RollingUpdateDaemonSet) *api.IntOrString { return r.MaxUnavailable }, desired)
	surge, surgeErr := daemonLimit(ds, func(r *api.RollingUpdateDaemonSet) *api.IntOrString { return r.MaxSurge }, desired)
	switch {
	case err != nil || surgeErr != nil: // validation refuses what is no number
		return
	case surge > 0:
		p.replaceWithSurge(ds, places, hash, surge, desired, now)
	default:
		if unavailable == 0 && desired > 0 {
			unavailable = 1 // a percentage of few nodes; with neither limit nothing could ever move
		}
		p.replaceInPlace(ds, places, hash, unavailable, now)
	}
}

// replaceInPlace deletes old pods, as long as no more than so many nodes are without a pod that is available. An old pod
// that is not available is no loss.
func (p *daemonPlan) replaceInPlace(ds *api.DaemonSet, places []*daemonPlace, hash string, allowed int, now time.Time) {
	var candidates []daemonRemove
	missing, outdated := 0, 0
	for _, place := range places {
		if !place.mayStart && len(place.pods) == 0 {
			continue
		}
		current, old := daemonPair(ds, place, hash)
		switch {
		case (current == nil) == (old == nil): // none yet, or one too many: it is being put right
			missing++
		case current != nil:
			if _, available := podAvailable(current, ds.Spec.MinReadySeconds, now); !available {
				missing++
			}
		default:
			outdated++
			if _, available := podAvailable(old, ds.Spec.MinReadySeconds, now); !available {
				missing++
				p.drop(place, old, old.Name+" is old, and not available")
			} else {
				candidates = append(candidates, daemonRemove{place.name, old, ""})
			}
		}
	}
	for _, c := range candidates[:min(max(allowed-missing, 0), len(candidates))] {
		c.why = fmt.Sprintf("%s is old, and %d of %d nodes may be without a pod", c.pod.Name, allowed-missing, allowed)
		p.remove = append(p.remove, c)
	}
	if outdated > 0 && len(p.remove) == 0 {
		p.wait = fmt.Sprintf("%d nodes have an old pod, and %d are without one that is available, as many as may be", outdated, missing)
	}
}

// replaceWithSurge makes new pods beside old ones, on so many nodes at a time. The old one goes when the new one is
// available.
func (p *daemonPlan) replaceWithSurge(ds *api.DaemonSet, places []*daemonPlace, hash string, surge, desired int, now time.Time) {
	var candidates, unwanted []*daemonPlace
	surging, availableNodes, outdated := 0, 0, 0
	available := func(pod *api.Pod) bool {
		if pod == nil {
			return false
		}
		_, ok := podAvailable(pod, ds.Spec.MinReadySeconds, now)
		return ok
	}
	for _, place := range places {
		current, old := daemonPair(ds, place, hash)
		if available(old) || old == nil && available(current) {
			availableNodes++
		}
		switch {
		case old == nil: // nothing to replace
		case current != nil && available(current):
			p.drop(place, old, fmt.Sprintf("%s is old, and %s replaces it", old.Name, current.Name))
		case current != nil:
			surging++
		case !place.mayStart && available(old):
			unwanted = append(unwanted, place)
		case !place.mayStart:
			p.drop(place, old, fmt.Sprintf("%s is old and not available, and no new one may run on %s", old.Name, place.name))
		case !available(old):
			p.add(place, old.Name+" is old and not available, and its place is to be taken")
		default:
			outdated++
			candidates = append(candidates, place)
		}
	}
	// Where the pod is to run no more it stays until there are enough elsewhere.
	for _, place := range unwanted[:min(max(availableNodes-desired, 0), len(unwanted))] {
		_, old := daemonPair(ds, place, hash)
		p.drop(place, old, fmt.Sprintf("no new pod may run on %s, and there are enough elsewhere", place.name))
	}
	for _, place := range candidates[:min(max(surge-surging, 0), len(candidates))] {
		p.add(place, fmt.Sprintf("%s has an old pod, and %d of %d nodes may have two", place.name, surge-surging, surge))
	}
	if outdated > 0 && len(p.create)+len(p.remove) == 0 {
		p.wait = fmt.Sprintf("%d nodes have an old pod, and on %d the new one is not available yet, as many as may be", outdated, surging)
	}
}

// daemonPair is the node's pod of the present template and the one of an old template.
func daemonPair(ds *api.DaemonSet, place *daemonPlace, hash string) (current, old *api.Pod) {
	for _, pod := range place.pods {
		switch {
		case pod.DeletionTimestamp != nil:
		case daemonUpdated(ds, pod, hash):
			current = pod
		default:
			old = pod
		}
	}
	return current, old
}

// daemonLimit reads one of the strategy's two limits for so many nodes. Other strategies allow nothing.
func daemonLimit(ds *api.DaemonSet, field func(*api.RollingUpdateDaemonSet) *api.IntOrString, nodes int) (int, error) {
	rolling := ds.Spec.UpdateStrategy.RollingUpdate
	if ds.Spec.UpdateStrategy.Type != api.RollingUpdateDaemonSetStrategyType || rolling == nil || field(rolling) == nil {
		return 0, nil
	}
	return api.ScaledIntOrPercent(field(rolling), nodes, true)
}
