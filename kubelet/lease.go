package kubelet

import (
	"context"
	"math/rand/v2"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The node's Lease is its heartbeat: a tiny object, renewed every ten seconds. When it has not been renewed for its
// forty seconds, the control plane takes the node for dead.
const leaseNamespace = "kube-node-lease"

// renewLease renews the node's Lease until ctx ends.
func (k *Kubelet) renewLease(ctx context.Context) error {
	var lease *api.Lease              // as last seen
	spread := rand.N(heartbeatPeriod) // nodes that start together must not all come back together
	for {
		renewed, err := k.renewOnce(ctx, lease)
		if err != nil && ctx.Err() == nil {
			k.log.Warn("node lease not renewed", "node", k.cfg.NodeName, "error", err)
		}
		lease = renewed
		pause := untilHeartbeat() - spread
		spread = 0
		if err != nil {
			pause = time.Second // two lost in a row are half the way to being taken for dead
		}
		if !client.Wait(ctx, pause) {
			return nil
		}
	}
}

// untilHeartbeat is how long it is to the next heartbeat: up to 4% more than ten seconds, at random, as upstream has it.
// Without that, nodes that were once late together, because the API server was, would come together ever after, and more
// of them each time.
func untilHeartbeat() time.Duration { return heartbeatPeriod + rand.N(heartbeatPeriod/25) }

// renewOnce writes the Lease: the one at hand, or if there is none or it is out of date, the one that the server has.
func (k *Kubelet) renewOnce(ctx context.Context, lease *api.Lease) (*api.Lease, error) {
	ctx = client.Because(client.WithTimer(ctx, "node lease renewal"), "node %s is alive", k.cfg.NodeName)
	leases := client.Of[*api.Lease](k.client)
	if lease == nil {
		var err error
		lease, err = leases.Get(ctx, leaseNamespace, k.cfg.NodeName)
		if api.IsNotFound(err) {
			return k.createLease(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	lease.Spec = k.leaseSpec()
	return leases.Update(ctx, lease) // nil after an error: then look at the server's
}

// createLease makes the Lease. It belongs to the Node and goes with it.
func (k *Kubelet) createLease(ctx context.Context) (*api.Lease, error) {
	node, err := client.Of[*api.Node](k.client).Get(ctx, "", k.cfg.NodeName)
	if err != nil {
		return nil, err
	}
	lease := api.New[*api.Lease]()
	lease.Namespace, lease.Name = leaseNamespace, k.cfg.NodeName
	lease.OwnerReferences = []api.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID}}
	lease.Spec = k.leaseSpec()
	return client.Of[*api.Lease](k.client).Create(ctx, lease)
}

func (k *Kubelet) leaseSpec() api.LeaseSpec {
	return api.LeaseSpec{
		HolderIdentity: api.Ptr(k.cfg.NodeName), LeaseDurationSeconds: api.Ptr(int32(leaseDuration.Seconds())), RenewTime: api.Ptr(api.NowMicro()),
	}
}
