package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// When one machine of a hundred is silent, the machine has failed and its pods must move. When fifty are silent at
// once, it is rather the network between them and us, and moving everything would be the greater harm. So how fast
// nodes are tainted depends on how many of their zone are well:
//
//	all but a few ready            a node every 10 s
//	55 % or more (and over 2) not  a node every 100 s in a zone of more than 50 nodes, in a smaller one none
//	none ready in this zone        a node every 10 s: the zone is lost, others are well
//	none ready in any zone         none: it is us who are cut off

// zoneState is how well the nodes of a zone are.
type zoneState string

const (
	zoneNormal  zoneState = "Normal"
	zonePartial zoneState = "PartialDisruption"
	zoneFull    zoneState = "FullDisruption"
)

// zone is the nodes with the same region and zone labels; without these labels, all nodes.
type zone struct {
	state zoneState
	every time.Duration // between two nodes that are tainted; 0: none is
	next  time.Time     // the earliest that another one may be
}

// Upstream's defaults: --node-eviction-rate, --secondary-node-eviction-rate, --large-cluster-size-threshold and
// --unhealthy-zone-threshold.
const (
	taintEvery          = 10 * time.Second
	taintEverySlowly    = 100 * time.Second
	largeZone           = 50
	unhealthyZone       = 0.55
	excludeFromZone     = "node.kubernetes.io/exclude-disruption"
	fewUnhealthyAreFine = 2
)

// judgeZones works out the state of every zone, and what follows for its pace.
func (n *NodeLifecycle) judgeZones(ctx context.Context, nodes []*api.Node, now time.Time) {
	states, sizes := map[string]zoneState{}, map[string]int{}
	readiness := map[string][]api.ConditionStatus{}
	for _, node := range nodes {
		if _, excluded := node.Labels[excludeFromZone]; !excluded {
			readiness[zoneOf(node)] = append(readiness[zoneOf(node)], nodeReadiness(node))
		}
	}
	allLost := len(readiness) > 0
	for name, ready := range readiness {
		states[name], sizes[name] = stateOfZone(ready), len(ready)
		allLost = allLost && states[name] == zoneFull
	}
	if n.halted && !allLost {
		n.log.InfoContext(ctx, "some nodes answer again: go on")
		for _, h := range n.health {
			h.seen = now // everybody gets a whole grace period to be heard
		}
	}
	if !n.halted && allLost {
		n.log.WarnContext(ctx, "no node is ready: no pod is driven away until one is")
	}
	n.halted = allLost
	for name := range n.zones {
		if _, ok := states[name]; !ok {
			delete(n.zones, name)
		}
	}
	for name, state := range states {
		if n.zones[name] == nil {
			n.zones[name] = &zone{state: zoneNormal, every: taintEvery}
		}
		z := n.zones[name]
		if z.state != state {
			n.log.InfoContext(ctx, "zone changed its state", "zone", name, "from", z.state, "to", state)
		}
		z.state, z.every = state, paceOfZone(state, sizes[name])
	}
}

// taintAll gives each node the NoExecute taint that its condition Ready calls for, new ones no faster than its zone's
// pace.
func (n *NodeLifecycle) taintAll(ctx context.Context, nodes []*api.Node, now time.Time) error {
	// Who has been in trouble for longest comes first.
	slices.SortFunc(nodes, func(a, b *api.Node) int { return troubledSince(a).Compare(troubledSince(b)) })
	var errs []error
	for _, node := range nodes {
		add, remove := executeTaints(node)
		z := n.zones[zoneOf(node)]
		switch {
		case n.halted && len(add) > 0: // and what is tainted is let off, for its pods have nowhere to go
			add, remove = nil, []api.Taint{taintNotReadyExecute, taintUnreachableExecute}
		case len(add) > 0 && !hasAnyTaint(node, remove):
			if z == nil || z.every == 0 || now.Before(z.next) || hasAnyTaint(node, add) {
				continue
			}
			z.next = now.Add(z.every)
		}
		ctx := client.Because(ctx, "node %s is %s: its pods %s", node.Name, readinessWord(node), mayStay(len(add) == 0))
		errs = append(errs, swapTaints(ctx, n.client, node, add, remove))
	}
	return errors.Join(errs...)
}

func mayStay(stay bool) string {
	if stay {
		return "may stay"
	}
	return "must leave when they tolerate it no longer"
}

func readinessWord(node *api.Node) string {
	switch nodeReadiness(node) {
	case api.ConditionTrue:
		return "ready"
	case api.ConditionFalse:
		return "not ready"
	}
	return "unreachable"
}

// troubledSince is when the node stopped being ready.
func troubledSince(node *api.Node) time.Time {
	if c := node.Status.Condition(api.NodeReady); c != nil {
		return c.LastTransitionTime.Time
	}
	return node.CreationTimestamp.Time
}

// executeTaints says which NoExecute taint the node must have and which not: never both.
func executeTaints(node *api.Node) (add, remove []api.Taint) {
	switch nodeReadiness(node) {
	case api.ConditionFalse:
		return []api.Taint{taintNotReadyExecute}, []api.Taint{taintUnreachableExecute}
	case api.ConditionUnknown:
		return []api.Taint{taintUnreachableExecute}, []api.Taint{taintNotReadyExecute}
	case api.ConditionTrue:
		return nil, []api.Taint{taintNotReadyExecute, taintUnreachableExecute}
	}
	return nil, nil
}

func zoneOf(node *api.Node) string {
	return strings.Trim(node.Labels[api.LabelRegion]+"/"+node.Labels[api.LabelZone], "/")
}

// stateOfZone counts the nodes that are ready.
func stateOfZone(nodes []api.ConditionStatus) zoneState {
	well := 0
	for _, ready := range nodes {
		if ready == api.ConditionTrue {
			well++
		}
	}
	unwell := len(nodes) - well
	switch {
	case well == 0 && unwell > 0:
		return zoneFull
	case unwell > fewUnhealthyAreFine && float64(unwell)/float64(len(nodes)) >= unhealthyZone:
		return zonePartial
	}
	return zoneNormal
}

// paceOfZone is the time between two nodes that are tainted.
func paceOfZone(state zoneState, size int) time.Duration {
	switch {
	case state != zonePartial:
		return taintEvery
	case size > largeZone:
		return taintEverySlowly
	}
	return 0
}
