package controllers

import (
	"context"
	"log/slog"

	"kubelite/api"
	"kubelite/client"
)

// ReplicationControllers are what there was before ReplicaSets, and differ from them in nothing but their name, the form
// of the selector and a field or two of the status. So they have no loop of their own: here they are made to look like
// ReplicaSets, and the loop in replicaset.go does the rest.

// NewReplicationControllerController makes the loop of ReplicaSets run over ReplicationControllers.
func NewReplicationControllerController(c *client.Client, caches *Caches, log *slog.Logger) *ReplicaSetController {
	resource := client.Of[*api.ReplicationController](c)
	return newReplicaSetController(c, caches, log, replicaKind{
		name: "ReplicationController", component: "replication-controller",
		cache: replicationControllers{caches.ReplicationControllers},
		object: func(rs *api.ReplicaSet) api.Object {
			rc := api.New[*api.ReplicationController]()
			rc.ObjectMeta = rs.ObjectMeta
			return rc
		},
		read: func(ctx context.Context, namespace, name string) (api.Object, error) {
			return resource.Get(ctx, namespace, name)
		},
		updateStatus: func(ctx context.Context, rs *api.ReplicaSet) error {
			rc := api.New[*api.ReplicationController]()
			rc.ObjectMeta, rc.Status = rs.ObjectMeta, replicationControllerStatus(&rs.Status)
			_, err := resource.UpdateStatus(ctx, rc)
			return err
		},
	})
}

// replicationControllers is the cache of ReplicationControllers, seen as one of ReplicaSets.
type replicationControllers struct {
	cache *client.Informer[*api.ReplicationController]
}

func (r replicationControllers) Get(key api.Key) (*api.ReplicaSet, bool) {
	rc, ok := r.cache.Get(key)
	return asReplicaSet(rc), ok
}

func (r replicationControllers) List(namespace string, selector api.Selector) []*api.ReplicaSet {
	return asReplicaSets(r.cache.List(namespace, selector))
}

func (r replicationControllers) ByIndex(name, value string) []*api.ReplicaSet {
	return asReplicaSets(r.cache.ByIndex(name, value))
}

func (r replicationControllers) OnChange(changed func(old, rs *api.ReplicaSet, revision int64)) {
	r.cache.OnChange(func(old, rc *api.ReplicationController, revision int64) {
		changed(asReplicaSet(old), asReplicaSet(rc), revision)
	})
}

func (r replicationControllers) WaitForSync(ctx context.Context) error {
	return r.cache.WaitForSync(ctx)
}

func asReplicaSets(list []*api.ReplicationController) []*api.ReplicaSet {
	out := make([]*api.ReplicaSet, len(list))
	for i, rc := range list {
		out[i] = asReplicaSet(rc)
	}
	return out
}

func asReplicaSet(rc *api.ReplicationController) *api.ReplicaSet {
	if rc == nil {
		return nil
	}
	rs := &api.ReplicaSet{ObjectMeta: rc.ObjectMeta}
	rs.Spec = api.ReplicaSetSpec{
		Replicas: rc.Spec.Replicas, MinReadySeconds: rc.Spec.MinReadySeconds,
		Selector: &api.LabelSelector{MatchLabels: rc.Spec.Selector}, Template: api.Deref(rc.Spec.Template, api.PodTemplateSpec{}),
	}
	rs.Status = api.ReplicaSetStatus{
		Replicas: rc.Status.Replicas, FullyLabeledReplicas: rc.Status.FullyLabeledReplicas, ReadyReplicas: rc.Status.ReadyReplicas,
		AvailableReplicas: rc.Status.AvailableReplicas, ObservedGeneration: rc.Status.ObservedGeneration,
	}
	for _, c := range rc.Status.Conditions {
		rs.Status.Conditions = append(rs.Status.Conditions, api.ReplicaSetCondition{
			Type: api.ReplicaSetConditionType(c.Type), Status: c.Status, LastTransitionTime: c.LastTransitionTime, Reason: c.Reason, Message: c.Message,
		})
	}
	return rs
}

func replicationControllerStatus(status *api.ReplicaSetStatus) api.ReplicationControllerStatus {
	out := api.ReplicationControllerStatus{
		Replicas: status.Replicas, FullyLabeledReplicas: status.FullyLabeledReplicas, ReadyReplicas: status.ReadyReplicas,
		AvailableReplicas: status.AvailableReplicas, ObservedGeneration: status.ObservedGeneration,
	}
	for _, c := range status.Conditions {
		out.Conditions = append(out.Conditions, api.ReplicationControllerCondition{
			Type: api.ReplicationControllerConditionType(c.Type), Status: c.Status, LastTransitionTime: c.LastTransitionTime, Reason: c.Reason, Message: c.Message,
		})
	}
	return out
}
