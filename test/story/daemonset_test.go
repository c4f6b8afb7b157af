package story

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

func daemonSet(name, image string) *api.DaemonSet {
	template := deployment(name, 1, image).Spec.Template
	ds := api.New[*api.DaemonSet]()
	ds.Name = name
	ds.Spec = api.DaemonSetSpec{Selector: &api.LabelSelector{MatchLabels: template.Labels}, Template: template}
	return ds
}

// daemons checks that the DaemonSet's ready pods are on exactly these nodes.
func (h *Harness) daemons(name string, nodes ...string) Check {
	return func() error {
		var on []string
		for _, p := range h.Pods("app=" + name) {
			if isReady(p) {
				on = append(on, p.Spec.NodeName)
			}
		}
		slices.Sort(on)
		if !slices.Equal(on, nodes) {
			return fmt.Errorf("ready pods of %s on %v, want them on %v", name, on, nodes)
		}
		return nil
	}
}

// updatedDaemons checks that a DaemonSet's status says that its update is over.
func (h *Harness) updatedDaemons(name string, nodes int) Check {
	return func() error {
		ds, err := client.Of[*api.DaemonSet](h.Client).Get(h.Ctx, "default", name)
		if err != nil {
			return err
		}
		s := ds.Status
		return errors.Join(equal("generation", int(ds.Generation), int(s.ObservedGeneration)), equal("desired", nodes, int(s.DesiredNumberScheduled)),
			equal("updated", nodes, int(s.UpdatedNumberScheduled)), equal("available", nodes, int(s.NumberAvailable)), equal("misscheduled", 0, int(s.NumberMisscheduled)))
	}
}

func TestDaemonSetFollowsTheNodes(t *testing.T) {
	h := Start(t, 2)
	nodes, pods := client.Of[*api.Node](h.Client), client.Of[*api.Pod](h.Client)
	Apply(h, daemonSet("agent", "agent:v1"))
	h.Eventually(h.daemons("agent", "n1", "n2"))

	h.StartNode("n3")
	h.Eventually(h.daemons("agent", "n1", "n2", "n3"))

	lost := h.Pods("app=agent")[0]
	require.NoError(t, pods.Delete(h.Ctx, "default", lost.Name, api.DeleteOptions{}))
	h.Eventually(func() error {
		if _, err := pods.Get(h.Ctx, "default", lost.Name); !api.IsNotFound(err) {
			return fmt.Errorf("%s is still there: %w", lost.Name, err)
		}
		return nil
	})
	h.Eventually(h.daemons("agent", "n1", "n2", "n3"))

	// A node selector that only n2 meets.
	_, err := nodes.Patch(h.Ctx, "", "n2", api.MergePatchType, []byte(`{"metadata":{"labels":{"disk":"ssd"}}}`))
	require.NoError(t, err)
	sets := client.Of[*api.DaemonSet](h.Client)
	_, err = sets.Patch(h.Ctx, "default", "agent", api.MergePatchType, []byte(`{"spec":{"template":{"spec":{"nodeSelector":{"disk":"ssd"}}}}}`))
	require.NoError(t, err)
	h.Eventually(h.daemons("agent", "n2"))
	h.Eventually(h.updatedDaemons("agent", 1))
	_, err = nodes.Patch(h.Ctx, "", "n1", api.MergePatchType, []byte(`{"metadata":{"labels":{"disk":"ssd"}}}`))
	require.NoError(t, err)
	h.Eventually(h.daemons("agent", "n1", "n2"))
	_, err = nodes.Patch(h.Ctx, "", "n2", api.MergePatchType, []byte(`{"spec":{"taints":[{"key":"broken","effect":"NoExecute"}]}}`))
	require.NoError(t, err)
	h.Eventually(h.daemons("agent", "n1"))
}

// TestDaemonSetUpdates leaves no more than maxUnavailable nodes without a ready pod, or with surge none at all: invariants.
func TestDaemonSetUpdates(t *testing.T) {
	h := Start(t, 3)
	for name, test := range map[string]struct {
		surge, unavailable int
		minReadySeconds    int32
	}{
		"gap":   {unavailable: 1},
		"gaps":  {unavailable: 2},
		"surge": {surge: 1},
		"later": {surge: 1, minReadySeconds: 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := h.in(t)
			ds := daemonSet(name, "agent:v1")
			ds.Spec.UpdateStrategy = api.DaemonSetUpdateStrategy{Type: api.RollingUpdateDaemonSetStrategyType, RollingUpdate: &api.RollingUpdateDaemonSet{
				MaxSurge: api.Ptr(api.FromInt(test.surge)), MaxUnavailable: api.Ptr(api.FromInt(test.unavailable)),
			}}
			ds.Spec.MinReadySeconds = test.minReadySeconds
			Apply(h, api.DeepCopy(ds))
			h.Eventually(h.updatedDaemons(name, 3))
			ds.Spec.Template.Spec.Containers[0].Image = "agent:v2"
			Apply(h, ds)
			h.Eventually(h.updatedDaemons(name, 3))
		})
	}
}

func TestDaemonSetKeepsHistory(t *testing.T) {
	h := Start(t, 1)
	h.late("controllerrevisions", 3*time.Second) // each change comes before the revision of the last one is known
	ds := daemonSet("agent", "agent:v1")
	Apply(h, api.DeepCopy(ds))
	h.Eventually(h.updatedDaemons("agent", 1))
	revisions := func() map[int64]string {
		page, err := client.Of[*api.ControllerRevision](h.Client).List(h.Ctx, "default", client.ListOptions{LabelSelector: "app=agent"})
		require.NoError(t, err)
		names := map[int64]string{}
		for _, r := range page.Items {
			require.Equal(t, "agent-"+r.Labels[api.LabelControllerRevisionHash], r.Name)
			names[r.Revision] = r.Name
		}
		return names
	}
	ds.Spec.Template.Spec.Containers[0].Image = "agent:v2"
	Apply(h, api.DeepCopy(ds))
	h.Eventually(h.updatedDaemons("agent", 1))
	var two map[int64]string
	h.Eventually(func() error {
		two = revisions()
		return equal("numbers of revisions", 2, len(two))
	})

	// What `kubectl rollout undo` does: the old revision's data is a patch that brings its template back.
	first, err := client.Of[*api.ControllerRevision](h.Client).Get(h.Ctx, "default", two[1])
	require.NoError(t, err)
	_, err = client.Of[*api.DaemonSet](h.Client).Patch(h.Ctx, "default", "agent", api.StrategicMergePatchType, first.Data.Raw)
	require.NoError(t, err)
	h.Eventually(func() error {
		pods := h.Pods("app=agent")
		if len(pods) != 1 || pods[0].Spec.Containers[0].Image != "agent:v1" {
			return fmt.Errorf("not rolled back: %d pods", len(pods))
		}
		return nil
	})
	h.Eventually(func() error {
		if got, want := revisions(), map[int64]string{2: two[2], 3: two[1]}; !maps.Equal(got, want) {
			return fmt.Errorf("the old revision is not the newest: %v", got)
		}
		return nil
	})
}

func TestFailedDaemonIsReplaced(t *testing.T) {
	h := Start(t, 1)
	Apply(h, daemonSet("agent", "agent:v1"))
	h.Eventually(h.daemons("agent", "n1"))
	pods := client.Of[*api.Pod](h.Client)
	failed := h.Pods("app=agent")[0]
	_, err := pods.Patch(h.Ctx, "default", failed.Name, api.MergePatchType, []byte(`{"status":{"phase":"Failed"}}`), "status")
	require.NoError(t, err)
	h.Eventually(func() error {
		now := h.Pods("app=agent")
		if len(now) != 1 || now[0].UID == failed.UID || !isReady(now[0]) {
			return errors.New("not replaced")
		}
		return nil
	})
	h.Eventually(func() error {
		page, err := client.Of[*api.Event](h.Client).List(h.Ctx, "default", client.ListOptions{FieldSelector: "involvedObject.name=agent"})
		if err != nil {
			return err
		}
		var reasons []string
		for _, e := range page.Items {
			reasons = append(reasons, e.Reason)
		}
		for _, want := range []string{"SuccessfulCreate", "FailedDaemonPod", "SuccessfulDelete"} {
			if !slices.Contains(reasons, want) {
				return fmt.Errorf("no event %s in %v", want, reasons)
			}
		}
		return nil
	})
}
