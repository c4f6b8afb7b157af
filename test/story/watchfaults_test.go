package story

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// A watch goes wrong in two ways that nobody who writes a controller thinks of. It is held back, so that the controller
// acts on what was true a while ago; or it loses events and ends, and the next list shows what has become of things but not
// how. The API server's gate does so on demand, to the watches of some resources while the others go on, and again and again.

// faultTurn is how long watches go wrong, and then how long they are all right.
const faultTurn = 400 * time.Millisecond

// turns lets watches of the controllers go wrong, so many times or until stop is called.
func (h *Harness) turns(times int, fault api.Fault, resources ...string) (stop func()) {
	ctx, cancel := context.WithCancel(h.Ctx)
	struck := int64(0)
	var turning sync.WaitGroup
	turning.Go(func() {
		for range times {
			for _, resource := range resources {
				fault.Actor, fault.Resource = "controllers", resource
				if _, err := h.Client.Gate().AddFault(h.Ctx, fault); err != nil {
					h.T.Errorf("add a fault: %v", err)
				}
			}
			goesOn := client.Wait(ctx, faultTurn)
			state, err := h.Client.Gate().State(h.Ctx)
			if err != nil {
				h.T.Errorf("look at the faults: %v", err)
			}
			for _, f := range state.Faults {
				struck += f.Count
			}
			if err := h.Client.Gate().EndFault(h.Ctx, 0); err != nil {
				h.T.Errorf("end the faults: %v", err)
			}
			if !goesOn || !client.Wait(ctx, faultTurn) {
				return
			}
		}
	})
	return func() {
		cancel()
		turning.Wait()
		require.Positive(h.T, struck, "something went wrong")
	}
}

// TestControllersWithFaultyWatches lets each kind of controller do a day's work with watches that are stale or miss
// events. The end is as if all had been well, and on the way no limit was ever broken: that is seen to by the invariants.
func TestControllersWithFaultyWatches(t *testing.T) {
	faults := []struct {
		name  string
		times int // a client that is told again and again to begin anew comes ever more slowly
		fault api.Fault
	}{
		{"stale", math.MaxInt, api.Fault{DelayWatch: api.Duration{Duration: time.Hour}}}, // what came meanwhile arrives at once when it ends
		{"missed events", 5, api.Fault{DropWatch: api.Share{Part: 1, Of: 1}}},            // then the watch ends with 410 Gone
	}
	watches := [][]string{
		{"pods"},
		{"replicasets", "controllerrevisions", "nodes"},
		{"deployments", "statefulsets", "daemonsets", "jobs"},
	}
	for _, f := range faults {
		for i, resources := range watches {
			t.Run(f.name+" "+strings.Join(resources, " "), func(t *testing.T) {
				h := Start(t, 2)
				stop := h.turns(f.times, f.fault, resources...)
				var flips sync.WaitGroup
				flips.Go(func() { h.flip(strategies[i%len(strategies)], 4) })
				h.workDay(t)
				flips.Wait()
				stop()
			})
		}
	}
}

// workDay has every kind of controller make, update, scale and take away pods.
func (h *Harness) workDay(t *testing.T) {
	d := deployment("web", 4, "web:v1")
	d.Spec.Strategy = api.DeploymentStrategy{Type: api.RollingUpdateDeploymentStrategyType, RollingUpdate: &api.RollingUpdateDeployment{MaxSurge: api.Ptr(api.FromInt(1)), MaxUnavailable: api.Ptr(api.FromInt(1))}}
	set, ds := statefulSet("db", 3, "db:v1"), daemonSet("agent", "agent:v1")
	six := job("six", 0, func(s *api.JobSpec) { s.Completions, s.Parallelism = api.Ptr[int32](6), api.Ptr[int32](2) })
	parts := job("parts", 0, func(s *api.JobSpec) {
		s.Completions, s.Parallelism, s.CompletionMode = api.Ptr[int32](4), api.Ptr[int32](2), api.Ptr(api.IndexedCompletion)
	})
	Apply(h, d)
	Apply(h, set)
	Apply(h, ds)
	Apply(h, six)
	Apply(h, parts)
	h.Eventually(h.rolledOut("web", "web:v1", 4))
	h.Eventually(h.PodsReady("app=db", 3))
	h.Eventually(h.updatedDaemons("agent", 2))

	sets, daemonSets := client.Of[*api.StatefulSet](h.Client), client.Of[*api.DaemonSet](h.Client)
	image := func(image string) []byte {
		return []byte(fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, image))
	}
	for _, v := range []string{"v2", "v3", "v2"} { // minds change in the middle of it
		h.setImage("web", "web:"+v)
		_, err := sets.Patch(h.Ctx, "default", "db", api.StrategicMergePatchType, image("db:"+v))
		require.NoError(t, err)
		_, err = daemonSets.Patch(h.Ctx, "default", "agent", api.StrategicMergePatchType, image("agent:"+v))
		require.NoError(t, err)
		h.Eventually(func() error {
			for _, p := range h.Pods("app=web") {
				if p.Spec.Containers[0].Image == "web:"+v {
					return nil
				}
			}
			return fmt.Errorf("no pod of %s yet", v)
		})
	}
	h.patchDeployment("web", `{"spec":{"replicas":6}}`)
	_, err := sets.Patch(h.Ctx, "default", "db", api.MergePatchType, []byte(`{"spec":{"replicas":2}}`))
	require.NoError(t, err)

	h.Eventually(h.rolledOut("web", "web:v2", 6))
	h.Eventually(h.PodsReady("app=db", 2))
	h.Eventually(h.updatedDaemons("agent", 2))
	h.Eventually(func() error {
		set, err := sets.Get(h.Ctx, "default", "db")
		if err != nil {
			return err
		}
		return errors.Join(equal("updated", 2, int(set.Status.UpdatedReplicas)), equal("ready", 2, int(set.Status.ReadyReplicas)))
	})
	require.EqualValues(t, 6, h.ends("six", api.JobComplete).Status.Succeeded)
	require.Len(t, h.Pods("job-name=six"), 6, "no pod of the Job was made twice")
	require.Equal(t, "0-3", h.ends("parts", api.JobComplete).Status.CompletedIndexes)
	require.Len(t, h.Pods("job-name=parts"), 4)
	require.Len(t, h.replicaSets("web"), 3, "one ReplicaSet for each template")
	for _, p := range h.Pods("") {
		require.NotNil(t, api.ControllerOf(p), "%s has an owner", p.Name)
	}
}
