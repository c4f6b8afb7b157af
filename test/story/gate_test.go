package story

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
	"kubelite/controllers"
)

// pause holds the writes of an actor.
func (h *Harness) pause(actor, resource string) *api.GateRule {
	h.T.Helper()
	rule, err := h.Client.Gate().AddRule(h.Ctx, api.GateRule{GateSelection: api.GateSelection{Actor: actor, Resource: resource}})
	require.NoError(h.T, err)
	return rule
}

// held waits until a write is held that is meant.
func (h *Harness) held(meant func(*api.HeldWrite) bool) (found api.HeldWrite) {
	h.T.Helper()
	h.Eventually(func() error {
		state, err := h.Client.Gate().State(h.Ctx)
		if err != nil {
			return err
		}
		for _, w := range state.Held {
			if meant(&w) {
				found = w
				return nil
			}
		}
		return fmt.Errorf("%d writes are held, but not that one", len(state.Held))
	})
	return found
}

// step lets the next write of an actor through.
func (h *Harness) step(actor string) *api.HeldWrite {
	h.T.Helper()
	h.held(func(w *api.HeldWrite) bool { return w.Actor == actor })
	w, err := h.Client.Gate().Step(h.Ctx, api.GateStep{GateSelection: api.GateSelection{Actor: actor}})
	require.NoError(h.T, err)
	return w
}

// resume lets everything go on, and go well.
func (h *Harness) resume() {
	h.T.Helper()
	require.NoError(h.T, errors.Join(h.Client.Gate().DropRule(h.Ctx, 0), h.Client.Gate().EndFault(h.Ctx, 0)))
}

// A rolling update, write by write: what the loop is about to do is seen before it is done.
func TestStepThroughARollout(t *testing.T) {
	h := Start(t, 1)
	Apply(h, deployment("web", 2, "web:v1"))
	h.Eventually(h.rolledOut("web", "web:v1", 2))
	h.pause("deployment-controller", "replicasets")
	h.setImage("web", "web:v2")

	first := h.held(func(w *api.HeldWrite) bool { return w.Actor == "deployment-controller" })
	require.Equal(t, "create", first.Record.Verb)
	require.Contains(t, first.Diff, "--- /dev/null\n+++ replicasets.apps/default/web-")
	require.Contains(t, first.Diff, "image: web:v2")
	require.Contains(t, first.Record.Rule, "controllers/deployment")
	require.NotEmpty(t, first.Record.Causes)
	require.Len(t, h.replicaSets("web"), 1, "it is held")

	var sizes []string
	for range 12 { // create, then one up and one down, in turns
		w := h.step("deployment-controller")
		require.EqualValues(t, w.Record.Verb == "create", w.Outcome.Code == 201, "%+v", w)
		spec, _, _ := strings.Cut(w.Diff, "\n+status:")
		for line := range strings.Lines(spec) {
			if strings.HasPrefix(line, "+  replicas: ") {
				sizes = append(sizes, strings.TrimSpace(line))
			}
		}
		if len(sizes) == 4 {
			break
		}
	}
	require.Equal(t, []string{"+  replicas: 1", "+  replicas: 1", "+  replicas: 2", "+  replicas: 0"}, sizes)
	h.resume()
	h.Eventually(h.rolledOut("web", "web:v2", 2))
	lines, err := h.Client.Gate().State(h.Ctx)
	require.NoError(t, err)
	require.NotEmpty(t, lines.Passed)
	require.Empty(t, lines.Held)
}

// A break point stops a loop at a write of a certain kind; what is not meant goes on, and so do signs of life.
func TestBreakPoint(t *testing.T) {
	h := Start(t, 1)
	rule, err := h.Client.Gate().AddRule(h.Ctx, api.GateRule{
		GateSelection: api.GateSelection{Resource: "pods", Verbs: []string{"update"}}, Condition: "request.subResource == 'binding' && object.metadata.name.startsWith('web')", Break: true,
	})
	require.NoError(t, err)
	Apply(h, deployment("other", 1, "other:v1"))
	h.Eventually(h.PodsReady("app=other", 1))
	Apply(h, deployment("web", 1, "web:v1"))
	w := h.held(func(w *api.HeldWrite) bool { return w.HeldBy == rule.ID })
	require.Equal(t, "scheduler", w.Actor)
	require.Contains(t, w.Diff, "\n+  nodeName: n1\n")
	require.NotEmpty(t, w.Record.Reason)

	// The scheduler is stopped; its Lease and the node's heartbeats are not.
	lease := func() time.Time {
		l, err := client.Of[*api.Lease](h.Client).Get(h.Ctx, "kube-node-lease", "n1")
		require.NoError(t, err)
		return l.Spec.RenewTime.Time
	}
	h.pause("kubelet-n1", "")
	before := lease()
	h.Eventually(func() error {
		if !lease().After(before) {
			return errors.New("the node does not renew its lease")
		}
		return nil
	})
	h.Eventually(h.NodesReady(1))
	h.resume()
	h.Eventually(h.PodsReady("app=web", 1))
}

// A node that is cut off counts as dead, and is well again when the fault is over.
func TestCutOffNode(t *testing.T) {
	h := Start(t, 2, func(c *controllers.Config) { c.NodeMonitorGracePeriod = 15 * time.Second }) // one and a half renewals: n2 is never missed
	h.fault("kubelet-n1", "", api.Fault{Cut: true})
	h.Eventually(func() error {
		n, err := client.Of[*api.Node](h.Client).Get(h.Ctx, "", "n1")
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(n.Status.Conditions, func(c api.NodeCondition) bool { return c.Type == api.NodeReady && c.Status == api.ConditionUnknown }) {
			return errors.New("n1 is still heard of")
		}
		return nil
	})
	h.Eventually(h.NodesReady(1))
	h.resume()
	h.Eventually(h.NodesReady(2))
}

// Loops that meet conflicts, events that come twice, and reads of the past come to the same end.
func TestControllersWithFaults(t *testing.T) {
	h := Start(t, 2)
	h.resume() // what a seed may have drawn
	h.fault("controllers", "", api.Fault{Conflicts: api.Share{Part: 1, Of: 3}, StaleReads: api.Duration{Duration: 200 * time.Millisecond}})
	h.fault("controllers", "pods", api.Fault{DuplicateWatch: api.Share{Part: 1, Of: 2}})
	h.fault("scheduler", "", api.Fault{Conflicts: api.Share{Part: 1, Of: 5}})
	h.workDay(t)
	state, err := h.Client.Gate().State(h.Ctx)
	require.NoError(t, err)
	for _, f := range state.Faults {
		require.Positive(t, f.Count, "%+v", f)
	}
	h.resume()
}
