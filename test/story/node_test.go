package story

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/controllers"
)

// puppet is a node that lives as long as the test renews its Lease. No kubelet is behind it.
type puppet struct {
	h    *Harness
	name string
	die  context.CancelFunc
}

func (h *Harness) puppet(name string, labels map[string]string) *puppet {
	h.T.Helper()
	now := api.Now()
	_, err := client.Of[*api.Node](h.Client).Create(h.Ctx, &api.Node{
		ObjectMeta: api.ObjectMeta{Name: name, Labels: labels},
		Status: api.NodeStatus{
			Allocatable: api.ResourceList{api.ResourceCPU: api.MustParse("4"), api.ResourceMemory: api.MustParse("4Gi"), api.ResourcePods: api.MustParse("110")},
			Conditions:  []api.NodeCondition{{Type: api.NodeReady, Status: api.ConditionTrue, LastHeartbeatTime: now, LastTransitionTime: now}},
		},
	})
	require.NoError(h.T, err)
	p := &puppet{h: h, name: name}
	p.live()
	return p
}

// live renews the Lease until the node dies or the test ends.
func (p *puppet) live() {
	leases := client.Of[*api.Lease](p.h.Client)
	p.die = p.h.run("node "+p.name, func(ctx context.Context) error {
		for ctx.Err() == nil {
			lease, err := leases.Get(ctx, "kube-node-lease", p.name)
			if api.IsNotFound(err) {
				lease = &api.Lease{ObjectMeta: api.ObjectMeta{Namespace: "kube-node-lease", Name: p.name}}
				lease, err = leases.Create(ctx, lease)
			}
			if err == nil {
				lease.Spec.HolderIdentity, lease.Spec.RenewTime = &p.name, api.Ptr(api.NowMicro())
				_, err = leases.Update(ctx, lease)
			}
			if err != nil && ctx.Err() == nil {
				return err
			}
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
		return nil
	})
}

func quickDeath(cfg *controllers.Config) { cfg.NodeMonitorGracePeriod = 2 * time.Second }

// podsOn checks that exactly so many pods match, all of them on the node.
func (h *Harness) podsOn(selector, node string, want int) Check {
	return func() error {
		pods := h.Pods(selector)
		for _, p := range pods {
			if p.Spec.NodeName != node {
				return fmt.Errorf("pod %s is on %q, not on %s", p.Name, p.Spec.NodeName, node)
			}
		}
		return equal("pods on "+node, want, len(pods))
	}
}

func (h *Harness) node(name string) *api.Node {
	h.T.Helper()
	node, err := client.Of[*api.Node](h.Client).Get(h.Ctx, "", name)
	require.NoError(h.T, err)
	return node
}

func (h *Harness) taints(name string) []string {
	var taints []string
	for _, t := range h.node(name).Spec.Taints {
		taints = append(taints, t.Key+":"+string(t.Effect))
	}
	slices.Sort(taints)
	return taints
}

func (h *Harness) hasTaints(node string, want ...string) Check {
	return func() error {
		if got := h.taints(node); !slices.Equal(got, want) {
			return fmt.Errorf("taints of %s: want %v, have %v", node, want, got)
		}
		return nil
	}
}

// hasEvent checks that an object of the default namespace, or a node, has an event.
func (h *Harness) hasEvent(object, reason, message string) Check {
	return func() error {
		page, err := client.Of[*api.Event](h.Client).List(h.Ctx, "", client.ListOptions{FieldSelector: "involvedObject.name=" + object})
		if err != nil {
			return err
		}
		var have []string
		for _, e := range page.Items {
			if e.Reason == reason && e.Message == message {
				return nil
			}
			have = append(have, e.Reason+": "+e.Message)
		}
		return fmt.Errorf("no event %s: %s of %s; there are %q", reason, message, object, have)
	}
}

func TestDeadNodeLosesItsPods(t *testing.T) {
	h := Start(t, 0, quickDeath)
	dying := h.puppet("n1", nil)
	h.Eventually(h.hasTaints("n1")) // the taint of every new node goes when it is known to be ready
	web := deployment("web", 3, "web:v1")
	web.Spec.Template.Spec.Tolerations = []api.Toleration{{
		Key: "node.kubernetes.io/unreachable", Operator: api.TolerationOpExists, Effect: api.TaintEffectNoExecute, TolerationSeconds: api.Ptr(int64(1)),
	}}
	web.Spec.Template.Spec.TerminationGracePeriodSeconds = api.Ptr(int64(30))
	Apply(h, web)
	h.Eventually(h.podsOn("app=web", "n1", 3))
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "patient"}, Spec: api.PodSpec{NodeName: "n1", Containers: []api.Container{{Name: "c", Image: "x"}}}})
	victim := h.Pods("app=web")[0]
	_, err := client.Of[*api.Pod](h.Client).Patch(h.Ctx, "default", victim.Name, api.StrategicMergePatchType,
		[]byte(`{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`), "status")
	require.NoError(t, err)
	h.puppet("n2", nil)
	h.Eventually(h.hasTaints("n2"))

	dying.die()
	h.Eventually(h.hasTaints("n1", "node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"))
	for _, c := range h.node("n1").Status.Conditions {
		require.Equal(t, api.ConditionUnknown, c.Status, "%s", c.Type)
	}
	h.Eventually(h.hasEvent("n1", "NodeNotReady", "Node n1 status is now: NodeNotReady"))
	h.Eventually(h.hasEvent(victim.Name, "NodeNotReady", "Node is not ready"))
	h.Eventually(h.hasEvent(victim.Name, "TaintManagerEviction", "Marking for deletion Pod default/"+victim.Name))
	h.Eventually(h.podsOn("app=web", "n2", 3)) // Pods leaves out those that are ending, and these wait for a dead kubelet

	marked, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", victim.Name)
	require.NoError(t, err)
	require.False(t, isReady(marked))
	require.True(t, slices.ContainsFunc(marked.Status.Conditions, func(c api.PodCondition) bool {
		return c.Type == api.DisruptionTarget && c.Reason == "DeletionByTaintManager"
	}))
	patient, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "patient")
	require.NoError(t, err)
	require.Nil(t, patient.DeletionTimestamp, "five minutes are not over")

	dying.live()
	_, err = client.Of[*api.Node](h.Client).Patch(h.Ctx, "", "n1", api.StrategicMergePatchType,
		[]byte(`{"status":{"conditions":[{"type":"Ready","status":"True","lastHeartbeatTime":"2030-01-01T00:00:00Z"}]}}`), "status")
	require.NoError(t, err)
	h.Eventually(h.hasTaints("n1"))
	h.Eventually(h.hasEvent("patient", "TaintManagerEviction", "Cancelling deletion of Pod default/patient"))
}

func TestWhenAllNodesFailNoPodIsDrivenAway(t *testing.T) {
	h := Start(t, 0, quickDeath)
	first, second := h.puppet("n1", nil), h.puppet("n2", nil)
	h.Eventually(h.hasTaints("n1"))
	h.Eventually(h.hasTaints("n2"))
	first.die()
	second.die()
	// New pods are kept off, and no more.
	h.Eventually(h.hasTaints("n2", "node.kubernetes.io/unreachable:NoSchedule"))
	h.Eventually(h.hasTaints("n1", "node.kubernetes.io/unreachable:NoSchedule"))
}

func TestTaintDrivesOutWhoDoesNotTolerateIt(t *testing.T) {
	h := Start(t, 1)
	h.Eventually(h.hasTaints("n1"))
	pod := func(name string, tolerations ...api.Toleration) {
		Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"app": name}}, Spec: api.PodSpec{Tolerations: tolerations, Containers: []api.Container{{Name: "c", Image: "x"}}}})
		h.Eventually(h.PodsReady("app="+name, 1))
	}
	pod("plain")
	pod("tough", api.Toleration{Key: "maintenance", Operator: api.TolerationOpExists}, api.Toleration{Key: "slow", Operator: api.TolerationOpExists})
	pod("patient", api.Toleration{Key: "slow", Operator: api.TolerationOpExists, Effect: api.TaintEffectNoExecute, TolerationSeconds: api.Ptr(int64(300))})
	_, err := client.Of[*api.Node](h.Client).Patch(h.Ctx, "", "n1", api.MergePatchType, []byte(`{"spec":{"taints":[{"key":"slow","effect":"NoExecute"}]}}`))
	require.NoError(t, err)
	h.Eventually(h.PodsReady("app=plain", 0))
	h.Eventually(h.PodsReady("app=patient", 1))

	// Another taint that it does not tolerate: five minutes are over at once.
	_, err = client.Of[*api.Node](h.Client).Patch(h.Ctx, "", "n1", api.MergePatchType, []byte(`{"spec":{"taints":[{"key":"maintenance","effect":"NoExecute"}]}}`))
	require.NoError(t, err)
	h.Eventually(h.PodsReady("app=patient", 0))
	h.Eventually(h.hasEvent("patient", "TaintManagerEviction", "Cancelling deletion of Pod default/patient"))
	h.Eventually(h.hasEvent("patient", "TaintManagerEviction", "Marking for deletion Pod default/patient"))
	h.Eventually(h.PodsReady("app=tough", 1))

	// A cordoned node shows it as a taint too.
	_, err = client.Of[*api.Node](h.Client).Patch(h.Ctx, "", "n1", api.MergePatchType, []byte(`{"spec":{"unschedulable":true}}`))
	require.NoError(t, err)
	h.Eventually(h.hasTaints("n1", "maintenance:NoExecute", "node.kubernetes.io/unschedulable:NoSchedule"))
}

func TestPodThatIsDeletedBeforeItHasANodeGoes(t *testing.T) {
	h := Start(t, 0)
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "lost", Finalizers: []string{"example.com/hold"}}, Spec: api.PodSpec{Containers: []api.Container{{Name: "c", Image: "x"}}}})
	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", "lost", api.DeleteOptions{}))
	h.Eventually(func() error {
		pod, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "lost")
		require.NoError(t, err)
		if pod.Status.Phase != api.PodFailed {
			return fmt.Errorf("phase %s", pod.Status.Phase)
		}
		return nil
	})
}

// TestNodesGetPodRanges: each Node that comes gets a part of the cluster's addresses, and a deleted one leaves its part to
// who waits for it.
func TestNodesGetPodRanges(t *testing.T) {
	h := Start(t, 0, func(c *controllers.Config) {
		c.ClusterCIDRs = []netip.Prefix{netip.MustParsePrefix("10.244.0.0/22")}
	})
	h.StartNode("n1")
	h.Eventually(h.NodesReady(1))
	require.Equal(t, "10.244.0.0/24", h.node("n1").Spec.PodCIDR)
	Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: "first"}, Spec: api.PodSpec{Containers: []api.Container{{Name: "c", Image: "x"}}}})
	h.Eventually(h.OnNode("first", "n1"))
	h.Eventually(func() error {
		if ip := h.Pod("first").Status.PodIP; ip != "10.244.0.2" {
			return fmt.Errorf("the pod has the address %q", ip)
		}
		return nil
	})

	// One that brought a range along keeps it, and the others go around it.
	Apply(h, &api.Node{ObjectMeta: api.ObjectMeta{Name: "own"}, Spec: api.NodeSpec{PodCIDR: "10.244.2.0/24"}})
	ranges := func(want map[string]string) Check {
		return func() error {
			for name, cidr := range want {
				if got := h.node(name).Spec.PodCIDR; got != cidr {
					return fmt.Errorf("node %s has the range %q, not %q", name, got, cidr)
				}
			}
			return nil
		}
	}
	Apply(h, &api.Node{ObjectMeta: api.ObjectMeta{Name: "b"}})
	h.Eventually(ranges(map[string]string{"b": "10.244.1.0/24"}))
	Apply(h, &api.Node{ObjectMeta: api.ObjectMeta{Name: "c"}})
	h.Eventually(ranges(map[string]string{"c": "10.244.3.0/24"}))

	Apply(h, &api.Node{ObjectMeta: api.ObjectMeta{Name: "late"}})
	h.Eventually(h.hasEvent("late", "CIDRNotAvailable", "Node late status is now: CIDRNotAvailable"))
	require.Empty(t, h.node("late").Spec.PodCIDRs)
	require.NoError(t, client.Of[*api.Node](h.Client).Delete(h.Ctx, "", "b", api.DeleteOptions{}))
	h.Eventually(ranges(map[string]string{"late": "10.244.1.0/24"}))
}

// TestNodesAreLabelled: a node that somebody else registers can be selected by the names that labels had, and its kubelet is told for
// how long what it reads is good.
func TestNodesAreLabelled(t *testing.T) {
	h := Start(t, 0)
	Apply(h, &api.Node{ObjectMeta: api.ObjectMeta{Name: "n1", Labels: map[string]string{"kubernetes.io/os": "linux"}}})
	h.Eventually(func() error {
		n := h.node("n1")
		if os, ttl := n.Labels["beta.kubernetes.io/os"], n.Annotations["node.alpha.kubernetes.io/ttl"]; os != "linux" || ttl != "0" {
			return fmt.Errorf("the former label says %q, the time is %q", os, ttl)
		}
		return nil
	})
}
