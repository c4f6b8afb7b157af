package story

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// A watch goes wrong in two ways that nobody who writes a controller thinks of. It is held back, so that the controller
// acts on what was true a while ago; or it loses events and ends, and the next list shows what has become of things but not
// how. A fault does one of these to the watches of some resources while the others go on, and again and again.

// faultTurn is how long a watch goes wrong, and then how long it is all right.
const faultTurn = 400 * time.Millisecond

// held lets nothing through for three quarters of each turn. What came meanwhile arrives at once afterwards.
func held(ctx context.Context, lines *client.LineReader, out io.Writer) error {
	begin := time.Now()
	for {
		line, err := lines.Next()
		if err != nil {
			return err
		}
		shut := faultTurn * 3 / 4
		if in := time.Since(begin) % faultTurn; in < shut && !client.Wait(ctx, shut-in) {
			return ctx.Err()
		}
		if err := writeLine(out, line); err != nil {
			return err
		}
	}
}

// lost lets everything through for a turn and nothing for another one. Then it says that it is too far behind, as a server
// does that has forgotten what should come next.
func lost(ctx context.Context, lines *client.LineReader, out io.Writer) error {
	var mu sync.Mutex
	deaf := false
	ctx, end := context.WithTimeout(ctx, 2*faultTurn)
	defer end()
	failed := make(chan error, 1)
	go func() {
		for {
			line, err := lines.Next()
			if err != nil {
				failed <- err
				return
			}
			mu.Lock()
			if !deaf {
				err = writeLine(out, line)
			}
			mu.Unlock()
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-time.After(faultTurn):
	}
	mu.Lock()
	deaf = true
	mu.Unlock()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	gone, err := api.MarshalJSON(api.NewExpired("too old resource version").ErrStatus)
	if err != nil {
		return err
	}
	return errors.Join(writeLine(out, []byte(fmt.Sprintf(`{"type":"ERROR","object":%s}`, gone))), io.EOF)
}

func writeLine(out io.Writer, line []byte) error {
	_, err := out.Write(append(slices.Clone(line), '\n'))
	return err
}

// faultyWatches is a client of the controllers whose watches of the given resources have a fault. Each begins with the list
// that it promises: a controller that never starts does nothing wrong. In the end they are well, since a client that is told
// again and again to begin anew comes ever more slowly.
func (h *Harness) faultyWatches(fault func(context.Context, *client.LineReader, io.Writer) error, resources ...string) *client.Client {
	const faulty = 5
	watches := make([]atomic.Int32, len(resources))
	return h.throughProxy(func(next http.Handler) http.Handler { return next }, func(r *http.Response) error {
		path := r.Request.URL.Path
		resource := slices.Index(resources, path[strings.LastIndexByte(path, '/')+1:])
		if r.Request.URL.Query().Get("watch") != "true" || r.StatusCode != http.StatusOK || resource < 0 || watches[resource].Add(1) > faulty {
			return nil
		}
		body, ctx := r.Body, r.Request.Context()
		in, out := io.Pipe()
		lines := client.NewLineReader(body)
		go func() {
			var err error
			for listing := r.Request.URL.Query().Get("sendInitialEvents") == "true"; listing && err == nil; {
				var line []byte
				if line, err = lines.Next(); err == nil {
					listing = !bytes.Contains(line, []byte(client.InitialEventsEnd))
					err = writeLine(out, line)
				}
			}
			if err == nil {
				err = fault(ctx, lines, out)
			}
			if errors.Is(err, io.EOF) {
				err = nil
			}
			out.CloseWithError(err)
			body.Close()
		}()
		r.Body = in
		return nil
	})
}

// TestControllersWithFaultyWatches lets each kind of controller do a day's work with watches that are stale or miss
// events. The end is as if all had been well, and on the way no limit was ever broken: that is seen to by the invariants.
func TestControllersWithFaultyWatches(t *testing.T) {
	faults := []struct {
		name  string
		fault func(context.Context, *client.LineReader, io.Writer) error
	}{{"stale", held}, {"missed events", lost}}
	watches := [][]string{
		{"pods"},
		{"replicasets", "controllerrevisions", "nodes"},
		{"deployments", "statefulsets", "daemonsets", "jobs"},
	}
	for _, f := range faults {
		for i, resources := range watches {
			t.Run(f.name+" "+strings.Join(resources, " "), func(t *testing.T) {
				h := Start(t, 2)
				h.stopControllers()
				h.run("controllers", h.controllers(h.faultyWatches(f.fault, resources...)))
				var flips sync.WaitGroup
				flips.Go(func() { h.flip(strategies[i%len(strategies)], 4) })
				h.workDay(t)
				flips.Wait()
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
