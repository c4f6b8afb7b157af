package controllers

import (
	"context"
	"log/slog"

	"kubelite/api"
	"kubelite/client"
)

// The loop that keeps the former names of node labels.
//
//	desired    what kubernetes.io/os and kubernetes.io/arch say of a node is said by beta.kubernetes.io/os and .../arch, too
//	actual     the node's labels
//	converge   copy the value; nodes whose kubelet writes both, as ours does, need nothing

// formerLabels are the names that old manifests still select by, by the names of today.
var formerLabels = map[string]string{"kubernetes.io/os": "beta.kubernetes.io/os", "kubernetes.io/arch": "beta.kubernetes.io/arch"}

// NodeLabels copies labels of nodes to their former names.
type NodeLabels struct {
	client *client.Client
	nodes  *client.Informer[*api.Node]
	log    *slog.Logger
	queue  *client.Queue
}

// NewNodeLabels subscribes to the nodes of the shared caches.
func NewNodeLabels(c *client.Client, caches *Caches, log *slog.Logger) *NodeLabels {
	l := &NodeLabels{client: c, nodes: caches.Nodes, log: log, queue: client.NewQueue("nodelabels")}
	caches.Nodes.OnChange(func(_, node *api.Node, revision int64) {
		if node != nil && len(missingLabels(node)) > 0 {
			l.queue.Add(node.Key(), revision)
		}
	})
	return l
}

// Run reconciles until ctx ends.
func (l *NodeLabels) Run(ctx context.Context) error {
	if err := waitForSync(ctx, l.nodes); err != nil {
		return err
	}
	return l.queue.Run(ctx, 1, l.Reconcile, l.log)
}

// Reconcile writes the labels that the node lacks.
func (l *NodeLabels) Reconcile(ctx context.Context, key api.Key) error {
	node, ok := l.nodes.Get(key)
	if !ok {
		return nil
	}
	missing := missingLabels(node)
	if len(missing) == 0 {
		return nil
	}
	patch, err := api.MarshalJSON(map[string]any{"metadata": map[string]any{"labels": missing}})
	if err != nil {
		return err
	}
	ctx = client.Because(ctx, "labels of node %s have former names, which say something else or nothing: copy them", key.Name)
	_, err = client.Of[*api.Node](l.client).Patch(ctx, "", key.Name, api.StrategicMergePatchType, patch)
	return ignoreConflict(err)
}

// missingLabels are the labels of former names that the node should have and does not.
func missingLabels(node *api.Node) map[string]string {
	var missing map[string]string
	for now, former := range formerLabels {
		value, ok := node.Labels[now]
		if was, has := node.Labels[former]; !ok || has && was == value {
			continue
		}
		if missing == nil {
			missing = map[string]string{}
		}
		missing[former] = value
	}
	return missing
}
