package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that gives each node the range that its pods' addresses come from.
//
//	desired    every Node has a range of its own in spec.podCIDR: 10.244.0.0/24, 10.244.1.0/24, ... of 10.244.0.0/16
//	actual     what the Nodes say
//	converge   write the next free range into a Node that has none; the kubelet waits for it, and is not Ready before
//
// Once written it never changes, and it is free again when the Node is deleted. Which ranges are taken is nowhere
// written but in the Nodes themselves: a controller that starts reads them all before it gives anything away.

// nodeIPAMWorkers is upstream's number of nodes that are served at once.
const nodeIPAMWorkers = 30

// assignAttempts is how often one pass tries to write a range before it says that it failed, as upstream does.
const assignAttempts = 3

// NodeIPAM hands out the nodes' ranges.
type NodeIPAM struct {
	client   *client.Client
	nodes    *client.Informer[*api.Node]
	recorder *client.Recorder
	log      *slog.Logger
	queue    *client.Queue

	mu sync.Mutex
	// sets are the cluster's ranges, cut into the nodes': one, or one of each IP family; guarded by mu
	sets []*rangeSet
	// given is what a node has, or is about to get: it stays given while the answer to a write is not known; guarded by mu
	given map[api.UID][]netip.Prefix
	// waiting are the nodes for which nothing was left; guarded by mu
	waiting map[api.Key]struct{}
}

// NewNodeIPAM subscribes to the nodes of the shared caches. clusterCIDRs is cut into ranges of nodeBits each (0: /24 for
// IPv4, /64 for IPv6). Addresses of services, which may lie within, are nobody's; the zero range stands for none.
func NewNodeIPAM(c *client.Client, caches *Caches, clusterCIDRs []netip.Prefix, nodeBits int, services netip.Prefix, log *slog.Logger) (*NodeIPAM, error) {
	n := &NodeIPAM{
		client: c, nodes: caches.Nodes, log: log, recorder: client.NewRecorder(c, "cidrAllocator", ""), queue: client.NewQueue("nodeipam"),
		given: map[api.UID][]netip.Prefix{}, waiting: map[api.Key]struct{}{},
	}
	for _, cidr := range clusterCIDRs {
		set, err := newRangeSet(cidr, nodeBits)
		if err != nil {
			return nil, err
		}
		if services.IsValid() && services.Overlaps(cidr) {
			set.occupy(services, "services")
		}
		n.sets = append(n.sets, set)
	}
	caches.Nodes.OnChange(n.changed)
	return n, nil
}

// changed keeps the books. It sees all changes in their order, so that no range is free while a Node has it.
func (n *NodeIPAM) changed(old, node *api.Node, revision int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if old != nil && (node == nil || node.UID != old.UID) {
		n.release(old.UID)
		delete(n.waiting, old.Key())
		for key := range n.waiting {
			n.queue.Add(key, revision)
		}
	}
	switch {
	case node == nil:
	case len(node.Spec.PodCIDRs) == 0:
		n.queue.Add(node.Key(), revision)
	case old == nil || !slices.Equal(old.Spec.PodCIDRs, node.Spec.PodCIDRs):
		if err := n.occupy(node); err != nil {
			n.log.Warn("a node's pod range is none of this cluster", "node", node.Name, "error", err)
		}
	}
}

// occupy notes what a node has, with n.mu held. It may be another range than it was given: somebody else was faster.
func (n *NodeIPAM) occupy(node *api.Node) error {
	n.release(node.UID)
	for i, cidr := range node.Spec.PodCIDRs {
		if i >= len(n.sets) {
			return fmt.Errorf("node:%s has an allocated cidr: %v at index:%v that does not exist in cluster cidrs configuration", node.Name, cidr, i)
		}
		r, err := netip.ParsePrefix(cidr)
		if err != nil {
			return fmt.Errorf("failed to parse node %s, CIDR %s", node.Name, cidr)
		}
		if !r.Overlaps(n.sets[i].cluster) {
			return fmt.Errorf("cidr %v is out the range of cluster cidr %v", r, n.sets[i].cluster)
		}
		n.sets[i].occupy(r, node.UID)
		n.given[node.UID] = append(n.given[node.UID], r)
	}
	return nil
}

// release frees what a node was given, with n.mu held.
func (n *NodeIPAM) release(node api.UID) {
	for i, r := range n.given[node] {
		n.sets[i].release(r, node)
	}
	delete(n.given, node)
}

// Run hands ranges out until ctx ends.
func (n *NodeIPAM) Run(ctx context.Context) error {
	if err := waitForSync(ctx, n.nodes); err != nil {
		return err
	}
	for { // our copy may be older than what the leader before us gave away: ask
		nodes, err := client.Of[*api.Node](n.client).List(ctx, "", client.ListOptions{})
		if err == nil {
			n.read(nodes.Items)
			break
		}
		n.log.WarnContext(ctx, "no pod ranges are handed out before all nodes are known", "error", err)
		if !client.Wait(ctx, time.Second) {
			return nil
		}
	}
	return n.queue.Run(ctx, nodeIPAMWorkers, n.Reconcile, n.log)
}

// read notes what these nodes have.
func (n *NodeIPAM) read(nodes []*api.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, node := range nodes {
		if len(node.Spec.PodCIDRs) > 0 {
			_ = n.occupy(node) // the event of the node says what is wrong with it
		}
	}
}

// Reconcile gives the node a range if it has none.
func (n *NodeIPAM) Reconcile(ctx context.Context, key api.Key) error {
	node, ok := n.nodes.Get(key)
	if !ok || node.DeletionTimestamp != nil || len(node.Spec.PodCIDRs) > 0 {
		return nil
	}
	ranges, waited, err := n.allocate(node)
	if err != nil {
		if !waited {
			n.log.WarnContext(ctx, "a node waits for its pod range", "node", node.Name, "error", err)
			n.tell(ctx, node, "CIDRNotAvailable")
		}
		return nil // its turn comes when another node is gone; sooner there is nothing to be had
	}
	return n.assign(client.Because(ctx, "node %s has no range for its pods' addresses: it gets %v", node.Name, ranges), node, ranges)
}

// allocate returns the ranges that the node is to get: those of an earlier pass, if one went wrong. If there is none, it also
// tells whether the node waited already.
func (n *NodeIPAM) allocate(node *api.Node) (ranges []netip.Prefix, waited bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ranges := n.given[node.UID]; len(ranges) == len(n.sets) {
		return ranges, false, nil
	}
	_, waited = n.waiting[node.Key()]
	delete(n.waiting, node.Key())
	for i, set := range n.sets {
		r, ok := set.allocate(node.UID)
		if !ok {
			n.release(node.UID)
			n.waiting[node.Key()] = struct{}{}
			return nil, waited, fmt.Errorf("failed to allocate cidr from cluster cidr at idx:%d: CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range", i)
		}
		n.given[node.UID] = append(n.given[node.UID], r)
	}
	return n.given[node.UID], waited, nil
}

// assign writes the ranges into the Node, if it is still the same one. If that fails they stay given to it.
func (n *NodeIPAM) assign(ctx context.Context, node *api.Node, ranges []netip.Prefix) error {
	patch := struct {
		Metadata map[string]api.UID `json:"metadata"`
		Spec     api.NodeSpec       `json:"spec"`
	}{Metadata: map[string]api.UID{"uid": node.UID}}
	for _, r := range ranges {
		patch.Spec.PodCIDRs = append(patch.Spec.PodCIDRs, r.String())
	}
	patch.Spec.PodCIDR = patch.Spec.PodCIDRs[0]
	body, err := api.MarshalJSON(patch)
	if err != nil {
		return err
	}
	for range assignAttempts {
		_, err = client.Of[*api.Node](n.client).Patch(ctx, "", node.Name, api.StrategicMergePatchType, body)
		if err == nil {
			n.log.InfoContext(ctx, "node has its pod range", "node", node.Name, "podCIDRs", patch.Spec.PodCIDRs)
			return nil
		}
		if api.IsNotFound(err) || api.IsConflict(err) {
			return nil // it is gone, or another has its name: the event frees the range
		}
	}
	n.tell(ctx, node, "CIDRAssignmentFailed")
	return fmt.Errorf("give node %s its pod range: %w", node.Name, err)
}

// tell records an event in the words that upstream has for all that becomes of nodes.
func (n *NodeIPAM) tell(ctx context.Context, node *api.Node, status string) {
	n.recorder.Event(ctx, node, api.EventTypeNormal, status, "Node %s status is now: %s", node.Name, status)
}
