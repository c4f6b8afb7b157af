package controllers

import (
	"context"
	"log/slog"
	"math"
	"strconv"
	"sync/atomic"

	"kubelite/api"
	"kubelite/client"
)

// The loop that tells kubelets for how long what they have read is good.
//
//	desired    the more nodes there are to ask the API server, the longer
//	actual     the node's annotation node.alpha.kubernetes.io/ttl
//	converge   write it, when something about the node changes anyway: 5,000 nodes need not be told at once
//
// A kubelet reads it that looks for Secrets and ConfigMaps from time to time. Those that watch them, as ours does, need no time.

const ttlAnnotation = "node.alpha.kubernetes.io/ttl"

// clusterSizes are the times by the number of nodes. They overlap, so that a cluster at a boundary does not go to and fro.
var clusterSizes = []struct{ min, max, seconds int }{
	{0, 100, 0}, {90, 500, 15}, {450, 1000, 30}, {900, 2000, 60}, {1800, math.MaxInt, 300},
}

// NodeTTL annotates nodes with the time that suits the cluster's size.
type NodeTTL struct {
	client  *client.Client
	nodes   *client.Informer[*api.Node]
	log     *slog.Logger
	queue   *client.Queue
	count   int          // of nodes; of the informer's goroutine only
	step    int          // in clusterSizes; so is this
	seconds atomic.Int64 // what the step says
}

// NewNodeTTL subscribes to the nodes of the shared caches.
func NewNodeTTL(c *client.Client, caches *Caches, log *slog.Logger) *NodeTTL {
	t := &NodeTTL{client: c, nodes: caches.Nodes, log: log, queue: client.NewQueue("nodettl")}
	caches.Nodes.OnChange(func(old, node *api.Node, revision int64) {
		switch {
		case old == nil:
			t.resize(1)
		case node == nil:
			t.resize(-1)
		}
		if node != nil && node.Annotations[ttlAnnotation] != t.wanted() {
			t.queue.Add(node.Key(), revision)
		}
	})
	return t
}

// resize counts a node that has come or gone.
func (t *NodeTTL) resize(by int) {
	t.count += by
	switch size := clusterSizes[t.step]; {
	case t.count > size.max:
		t.step++
	case t.count < size.min:
		t.step--
	}
	t.seconds.Store(int64(clusterSizes[t.step].seconds))
}

func (t *NodeTTL) wanted() string { return strconv.FormatInt(t.seconds.Load(), 10) }

// Run reconciles until ctx ends.
func (t *NodeTTL) Run(ctx context.Context) error {
	if err := waitForSync(ctx, t.nodes); err != nil {
		return err
	}
	return t.queue.Run(ctx, 5, t.Reconcile, t.log)
}

// Reconcile writes the annotation where it is another one.
func (t *NodeTTL) Reconcile(ctx context.Context, key api.Key) error {
	node, ok := t.nodes.Get(key)
	if !ok || node.Annotations[ttlAnnotation] == t.wanted() {
		return nil
	}
	patch, err := api.MarshalJSON(map[string]any{"metadata": map[string]any{"annotations": map[string]string{ttlAnnotation: t.wanted()}}})
	if err != nil {
		return err
	}
	ctx = client.Because(ctx, "the cluster's size lets kubelets keep what they read for %s seconds", t.wanted())
	_, err = client.Of[*api.Node](t.client).Patch(ctx, "", key.Name, api.StrategicMergePatchType, patch)
	return ignoreConflict(err)
}
