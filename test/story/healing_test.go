package story

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

func TestDeletedPodsAreReplaced(t *testing.T) {
	h := Start(t, 2)
	Apply(h, deployment("web", 3, "web:v1"))
	h.Eventually(h.PodsReady("app=web", 3))
	victim := h.Pods("app=web")[0]

	require.NoError(t, client.Of[*api.Pod](h.Client).Delete(h.Ctx, "default", victim.Name, api.DeleteOptions{}))
	h.Eventually(h.PodsReady("app=web", 3))
	for _, p := range h.Pods("app=web") {
		require.NotEqual(t, victim.UID, p.UID)
	}
}

func TestDeletingADeploymentTakesItsPodsAlong(t *testing.T) {
	h := Start(t, 1)
	Apply(h, deployment("web", 3, "web:v1"))
	h.Eventually(h.PodsReady("app=web", 3))
	require.NoError(t, client.Of[*api.Deployment](h.Client).Delete(h.Ctx, "default", "web", api.DeleteOptions{}))
	h.Eventually(h.PodsReady("app=web", 0))
	h.Eventually(func() error {
		sets, err := client.Of[*api.ReplicaSet](h.Client).List(h.Ctx, "default", client.ListOptions{})
		if err != nil {
			return err
		}
		return equal("replica sets", 0, len(sets.Items))
	})
}

func TestNamespaceTakesItsContentAlong(t *testing.T) {
	h := Start(t, 1)
	Apply(h, &api.Namespace{ObjectMeta: api.ObjectMeta{Name: "team"}})
	Apply(h, &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "team", Name: "settings"}})
	h.Eventually(func() error {
		_, err := client.Of[*api.ServiceAccount](h.Client).Get(h.Ctx, "team", "default")
		return err
	})
	require.NoError(t, client.Of[*api.Namespace](h.Client).Delete(h.Ctx, "", "team", api.DeleteOptions{}))
	h.Eventually(func() error {
		_, err := client.Of[*api.Namespace](h.Client).Get(h.Ctx, "", "team")
		if api.IsNotFound(err) {
			return nil
		}
		return equal("namespaces", 0, 1)
	})
	_, err := client.Of[*api.ConfigMap](h.Client).Get(h.Ctx, "team", "settings")
	require.True(t, api.IsNotFound(err), "%v", err)
}

func TestPodThatFitsNowhereSaysWhyAndWaitsForRoom(t *testing.T) {
	h := Start(t, 1)
	Apply(h, &api.Pod{
		ObjectMeta: api.ObjectMeta{Name: "picky"},
		Spec:       api.PodSpec{NodeSelector: map[string]string{"disk": "ssd"}, Containers: []api.Container{{Name: "c", Image: "x"}}},
	})
	condition := func() *api.PodCondition {
		p, err := client.Of[*api.Pod](h.Client).Get(h.Ctx, "default", "picky")
		require.NoError(t, err)
		for i := range p.Status.Conditions {
			if p.Status.Conditions[i].Type == api.PodScheduled {
				return &p.Status.Conditions[i]
			}
		}
		return &api.PodCondition{}
	}
	h.Eventually(func() error {
		const want = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
		if c := condition(); c.Reason != api.PodReasonUnschedulable || c.Message != want {
			return fmt.Errorf("the condition is %+v", *c)
		}
		return nil
	})

	_, err := client.Of[*api.Node](h.Client).Patch(h.Ctx, "", "n1", api.MergePatchType, []byte(`{"metadata":{"labels":{"disk":"ssd"}}}`))
	require.NoError(t, err)
	h.Eventually(func() error {
		if condition().Status != api.ConditionTrue {
			return equal("scheduled pods", 1, 0)
		}
		return nil
	})
}

// TestContainerIsChangedInOneBreath: a container whose image is another one now is stopped and started again, and nobody sees it not ready
// in between.
func TestContainerIsChangedInOneBreath(t *testing.T) {
	h := Start(t, 1)
	pods := client.Of[*api.Pod](h.Client)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		Apply(h, &api.Pod{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.PodSpec{Containers: []api.Container{{Name: "c", Image: "x:1"}}}})
		var ready *api.Pod
		h.Eventually(func() (err error) {
			if ready, err = pods.Get(h.Ctx, "default", name); err == nil && !isReady(ready) {
				err = errors.New("the pod is not ready")
			}
			return err
		})
		watch, err := pods.Watch(h.Ctx, "default", client.ListOptions{ResourceVersion: ready.ResourceVersion, FieldSelector: "metadata.name=" + name})
		require.NoError(t, err)
		_, err = pods.Patch(h.Ctx, "default", name, api.StrategicMergePatchType, []byte(`{"spec":{"containers":[{"name":"c","image":"x:2"}]}}`))
		require.NoError(t, err)
		for e := range watch.Events() {
			require.True(t, isReady(e.Object), "%v", e.Object.Status.ContainerStatuses)
			if e.Object.Status.ContainerStatuses[0].RestartCount == 1 {
				break
			}
		}
		watch.Stop()
	}
}
