package story

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// notReady makes the simulated pods of a template run without ever becoming ready.
const notReadyAnnotation = "simulated.kubelite.io/ready"

func TestDeployments(t *testing.T) {
	h := Start(t, 2)
	tests := []struct {
		name string
		run  func(t *testing.T, h *Harness, name string)
	}{
		{"recreate ends every old pod before the first new one", recreateNeverMixes},
		{"a paused deployment keeps a new template back and still scales", pausedKeepsTemplateBack},
		{"undo brings an old replica set back as a new revision", undoReusesReplicaSet},
		{"a rollout that does not move exceeds its deadline and keeps the old pods", stuckRolloutExceedsDeadline},
		{"old revisions over the limit are deleted", historyIsLimited},
		{"scaling in the middle of a rollout is proportional", scalesInProportion},
		{"a replica set of the same name with another template is a counted collision", collisionsAreCounted},
		{"a deployment adopts the replica set that it would have made", adoptsMatchingReplicaSet},
		{"events and conditions read as in Kubernetes", eventsAndConditions},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, h.in(t), fmt.Sprintf("d%d", i))
		})
	}
}

// in is the same cluster for a subtest.
func (h *Harness) in(t *testing.T) *Harness { return &Harness{T: t, Ctx: h.Ctx, Client: h.Client} }

// recreateNeverMixes: that no two templates met is an invariant.
func recreateNeverMixes(t *testing.T, h *Harness, name string) {
	recreated := func(name string) {
		d := deployment(name, 4, "web:v1")
		d.Spec.Strategy = api.DeploymentStrategy{Type: api.RecreateDeploymentStrategyType}
		Apply(h, d)
		h.Eventually(h.PodsReady("app="+name, 4))
		h.setImage(name, "web:v2")
		h.Eventually(h.rolledOut(name, "web:v2", 4))
	}
	recreated(name)
	h.late("pods", 300*time.Millisecond) // the new template comes before anybody has heard of the old pods
	recreated(name + "-late")
	h.resume()
}

func pausedKeepsTemplateBack(t *testing.T, h *Harness, name string) {
	Apply(h, deployment(name, 2, "web:v1"))
	h.Eventually(h.rolledOut(name, "web:v1", 2))
	h.patchDeployment(name, `{"spec":{"paused":true}}`)
	h.Eventually(h.progressing(name, "DeploymentPaused"))

	h.patchDeployment(name, `{"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"web","image":"web:v2"}]}}}}`)
	h.Eventually(h.PodsReady("app="+name, 3))
	h.Eventually(h.observed(name))
	for _, p := range h.Pods("app=" + name) {
		require.Equal(t, "web:v1", p.Spec.Containers[0].Image)
	}
	require.EqualValues(t, 0, h.deployment(name).Status.UpdatedReplicas)

	h.patchDeployment(name, `{"spec":{"paused":false}}`)
	h.Eventually(h.rolledOut(name, "web:v2", 3))
	h.Eventually(h.progressing(name, "NewReplicaSetAvailable"))
}

func undoReusesReplicaSet(t *testing.T, h *Harness, name string) {
	Apply(h, deployment(name, 2, "web:v1"))
	h.Eventually(h.rolledOut(name, "web:v1", 2))
	first := h.replicaSets(name)[0]
	h.setImage(name, "web:v2")
	h.Eventually(h.rolledOut(name, "web:v2", 2))
	h.setImage(name, "web:v1")
	h.Eventually(h.rolledOut(name, "web:v1", 2))
	h.Eventually(func() error { return equal("revision", 3, revisionOf(h.deployment(name))) })

	sets := h.replicaSets(name)
	require.Len(t, sets, 2)
	for _, rs := range sets {
		if rs.UID == first.UID {
			require.Equal(t, 3, revisionOf(rs))
			require.Equal(t, "1", rs.Annotations["deployment.kubernetes.io/revision-history"])
		} else {
			require.Equal(t, 2, revisionOf(rs))
		}
	}
}

func stuckRolloutExceedsDeadline(t *testing.T, h *Harness, name string) {
	d := deployment(name, 3, "web:v1")
	d.Spec.ProgressDeadlineSeconds = api.Ptr[int32](1)
	Apply(h, d)
	h.Eventually(h.rolledOut(name, "web:v1", 3))
	h.patchDeployment(name, `{"spec":{"template":{"metadata":{"annotations":{"`+notReadyAnnotation+`":"false"}}}}}`)
	var got *api.Deployment
	h.Eventually(func() error { // at once: a pod that comes late is progress, and the deadline begins anew
		got = h.deployment(name)
		return errors.Join(equal("updated: 25% of 3, rounded up", 1, int(got.Status.UpdatedReplicas)), h.progressing(name, "ProgressDeadlineExceeded")())
	})
	require.EqualValues(t, 3, got.Status.AvailableReplicas, "the old pods are still there")
	require.Equal(t, api.ConditionFalse, condition(got, api.DeploymentProgressing).Status)
	require.Equal(t, api.ConditionTrue, condition(got, api.DeploymentAvailable).Status)

	h.patchDeployment(name, `{"spec":{"template":{"metadata":{"annotations":{"`+notReadyAnnotation+`":null}}}}}`)
	h.Eventually(h.rolledOut(name, "web:v1", 3))
	h.Eventually(h.progressing(name, "NewReplicaSetAvailable"))
	h.Eventually(h.PodsReady("app="+name, 3))
}

func historyIsLimited(t *testing.T, h *Harness, name string) {
	d := deployment(name, 1, "web:v1")
	d.Spec.RevisionHistoryLimit = api.Ptr[int32](2)
	Apply(h, d)
	for i := 1; i <= 5; i++ {
		image := fmt.Sprintf("web:v%d", i)
		h.setImage(name, image)
		h.Eventually(h.rolledOut(name, image, 1))
	}
	h.Eventually(func() error { return equal("replica sets", 3, len(h.replicaSets(name))) })
	revisions := map[int]bool{}
	for _, rs := range h.replicaSets(name) {
		revisions[revisionOf(rs)] = true
	}
	require.Equal(t, map[int]bool{3: true, 4: true, 5: true}, revisions)
}

func scalesInProportion(t *testing.T, h *Harness, name string) {
	d := deployment(name, 10, "web:v1")
	d.Spec.Strategy = api.DeploymentStrategy{Type: api.RollingUpdateDeploymentStrategyType, RollingUpdate: &api.RollingUpdateDeployment{
		MaxSurge: api.Ptr(api.FromInt(3)), MaxUnavailable: api.Ptr(api.FromInt(2)),
	}}
	Apply(h, d)
	h.Eventually(h.rolledOut(name, "web:v1", 10))
	h.patchDeployment(name, `{"spec":{"template":{"metadata":{"annotations":{"`+notReadyAnnotation+`":"false"}}}}}`)
	h.Eventually(h.sizes(name, 8, 5)) // 10 + 3 in all, 10 - 2 of them old

	h.patchDeployment(name, `{"spec":{"replicas":15}}`)
	h.Eventually(h.sizes(name, 11, 7)) // 15 + 3 in all: 8 and 5 times 18/13

	h.patchDeployment(name, `{"spec":{"replicas":0}}`)
	h.Eventually(h.sizes(name, 0, 0))
}

func collisionsAreCounted(t *testing.T, h *Harness, name string) {
	// Make one, so that its ReplicaSet tells the name that this template gets.
	Apply(h, deployment(name, 1, "web:v1"))
	h.Eventually(h.rolledOut(name, "web:v1", 1))
	rs := h.replicaSets(name)[0]
	require.NoError(t, client.Of[*api.Deployment](h.Client).Delete(h.Ctx, "default", name, api.DeleteOptions{PropagationPolicy: api.Ptr(api.DeletePropagationForeground)}))
	h.Eventually(h.deploymentGone(name))
	require.Empty(t, h.replicaSets(name))

	// Somebody else takes the name.
	squatter := deployment(name, 0, "other:v1")
	Apply(h, &api.ReplicaSet{ObjectMeta: api.ObjectMeta{Name: rs.Name}, Spec: api.ReplicaSetSpec{
		Replicas: api.Ptr[int32](0), Selector: &api.LabelSelector{MatchLabels: map[string]string{"app": "squatter"}},
		Template: api.PodTemplateSpec{ObjectMeta: api.ObjectMeta{Labels: map[string]string{"app": "squatter"}}, Spec: squatter.Spec.Template.Spec},
	}})
	Apply(h, deployment(name, 1, "web:v1"))
	h.Eventually(h.rolledOut(name, "web:v1", 1))
	require.Equal(t, api.Ptr[int32](1), h.deployment(name).Status.CollisionCount)
	require.NotEqual(t, rs.Name, h.replicaSets(name)[0].Name)
}

func adoptsMatchingReplicaSet(t *testing.T, h *Harness, name string) {
	Apply(h, deployment(name, 2, "web:v1"))
	h.Eventually(h.rolledOut(name, "web:v1", 2))
	before := h.Pods("app=" + name)
	require.NoError(t, client.Of[*api.Deployment](h.Client).Delete(h.Ctx, "default", name, api.DeleteOptions{PropagationPolicy: api.Ptr(api.DeletePropagationOrphan)}))
	h.Eventually(h.deploymentGone(name))
	sets := h.replicaSets(name)
	require.Len(t, sets, 1, "the replica set was orphaned, not deleted")
	require.Empty(t, sets[0].OwnerReferences)

	Apply(h, deployment(name, 2, "web:v1"))
	h.Eventually(h.rolledOut(name, "web:v1", 2))
	sets = h.replicaSets(name)
	require.Len(t, sets, 1)
	require.True(t, api.IsControlledBy(sets[0], h.deployment(name)))
	require.ElementsMatch(t, names(before), names(h.Pods("app="+name)), "no pod was touched")
}

func eventsAndConditions(t *testing.T, h *Harness, name string) {
	Apply(h, deployment(name, 3, "web:v1"))
	h.Eventually(h.rolledOut(name, "web:v1", 3))
	h.Eventually(h.progressing(name, "NewReplicaSetAvailable"))
	rs := h.replicaSets(name)[0]

	available, progress := condition(h.deployment(name), api.DeploymentAvailable), condition(h.deployment(name), api.DeploymentProgressing)
	require.Equal(t, "MinimumReplicasAvailable: Deployment has minimum availability.", available.Reason+": "+available.Message)
	require.Equal(t, fmt.Sprintf("NewReplicaSetAvailable: ReplicaSet %q has successfully progressed.", rs.Name), progress.Reason+": "+progress.Message)
	require.Equal(t, map[string]string{
		"deployment.kubernetes.io/revision": "1", "deployment.kubernetes.io/desired-replicas": "3", "deployment.kubernetes.io/max-replicas": "4",
	}, rs.Annotations)

	want := []string{"ScalingReplicaSet: Scaled up replica set " + rs.Name + " from 0 to 3"}
	for _, p := range h.Pods("app=" + name) {
		want = append(want, "SuccessfulCreate: Created pod: "+p.Name)
	}
	h.Eventually(func() error {
		page, err := client.Of[*api.Event](h.Client).List(h.Ctx, "default", client.ListOptions{})
		if err != nil {
			return err
		}
		var got []string
		for _, e := range page.Items {
			if e.InvolvedObject.Name == name || e.InvolvedObject.Name == rs.Name {
				got = append(got, e.Reason+": "+e.Message)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(want, got) {
			return fmt.Errorf("events: want %q, have %q", want, got)
		}
		return nil
	})
}

func (h *Harness) deployment(name string) *api.Deployment {
	h.T.Helper()
	d, err := client.Of[*api.Deployment](h.Client).Get(h.Ctx, "default", name)
	require.NoError(h.T, err)
	return d
}

// deploymentGone checks that a deployment does not exist.
func (h *Harness) deploymentGone(name string) Check {
	return func() error {
		_, err := client.Of[*api.Deployment](h.Client).Get(h.Ctx, "default", name)
		if !api.IsNotFound(err) {
			return fmt.Errorf("deployment %s is still there: %v", name, err)
		}
		return nil
	}
}

// replicaSets lists those whose labels are a deployment's.
func (h *Harness) replicaSets(name string) []*api.ReplicaSet {
	h.T.Helper()
	page, err := client.Of[*api.ReplicaSet](h.Client).List(h.Ctx, "default", client.ListOptions{LabelSelector: "app=" + name})
	require.NoError(h.T, err)
	return page.Items
}

func (h *Harness) patchDeployment(name, patch string) {
	h.T.Helper()
	_, err := client.Of[*api.Deployment](h.Client).Patch(h.Ctx, "default", name, api.StrategicMergePatchType, []byte(patch))
	require.NoError(h.T, err)
}

func (h *Harness) setImage(name, image string) {
	h.T.Helper()
	h.patchDeployment(name, `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"`+image+`"}]}}}}`)
}

// progressing checks the reason of a deployment's condition Progressing.
func (h *Harness) progressing(name, reason string) Check {
	return func() error {
		if got := condition(h.deployment(name), api.DeploymentProgressing); got.Reason != reason {
			return fmt.Errorf("condition Progressing: want %s, have %s: %s", reason, got.Reason, got.Message)
		}
		return nil
	}
}

// observed checks that the controller has seen the deployment's spec.
func (h *Harness) observed(name string) Check {
	return func() error {
		d := h.deployment(name)
		return equal("observed generation", int(d.Generation), int(d.Status.ObservedGeneration))
	}
}

// sizes checks the sizes of a deployment's replica sets, in order of revision.
func (h *Harness) sizes(name string, want ...int32) Check {
	return func() error {
		sets := h.replicaSets(name)
		slices.SortFunc(sets, func(a, b *api.ReplicaSet) int { return revisionOf(a) - revisionOf(b) })
		var got []int32
		for _, rs := range sets {
			got = append(got, *rs.Spec.Replicas)
		}
		if !slices.Equal(want, got) {
			return fmt.Errorf("sizes: want %v, have %v", want, got)
		}
		return nil
	}
}

func condition(d *api.Deployment, kind api.DeploymentConditionType) api.DeploymentCondition {
	for _, c := range d.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return api.DeploymentCondition{}
}

func revisionOf(obj api.Object) int {
	var n int
	fmt.Sscan(obj.GetObjectMeta().Annotations["deployment.kubernetes.io/revision"], &n) // no number is 0
	return n
}

func names[T api.Object](objects []T) []string {
	var all []string
	for _, obj := range objects {
		all = append(all, obj.GetObjectMeta().Name)
	}
	return all
}

// TestChangingOnesMindKeepsEnoughPodsReady turns a rollout around again and again, in the middle of it. At every
// revision of the store the limits of the strategy hold: this is where a controller that trusts a cache that lags
// behind its own writes takes one pod too many.
func TestChangingOnesMindKeepsEnoughPodsReady(t *testing.T) {
	h := Start(t, 2)
	for _, strategy := range strategies {
		t.Run(strategy.name, func(t *testing.T) { h.in(t).flip(strategy, 40) })
	}
}

// strategy is how far a rollout may go.
type strategy struct {
	name                     string
	maxSurge, maxUnavailable int
}

var strategies = []strategy{
	{name: "one more, none missing", maxSurge: 1},
	{name: "none more, one missing", maxUnavailable: 1},
	{name: "two more, one missing", maxSurge: 2, maxUnavailable: 1},
}

// flip rolls a Deployment out, changes its image in the middle of that, so many times, and waits for the last one.
func (h *Harness) flip(s strategy, times int) {
	h.T.Helper()
	const replicas = 6
	name := fmt.Sprintf("flip-%d-%d", s.maxSurge, s.maxUnavailable)
	d := deployment(name, replicas, "web:v0")
	d.Spec.Strategy = api.DeploymentStrategy{Type: api.RollingUpdateDeploymentStrategyType, RollingUpdate: &api.RollingUpdateDeployment{
		MaxSurge: api.Ptr(api.FromInt(s.maxSurge)), MaxUnavailable: api.Ptr(api.FromInt(s.maxUnavailable)),
	}}
	Apply(h, d)
	h.Eventually(h.rolledOut(name, "web:v0", replicas))
	for i := range times {
		image := fmt.Sprintf("web:v%d", i%3)
		h.setImage(name, image)
		// Far enough that the new image has a pod, and never so far that the rollout is over.
		h.Eventually(func() error {
			if !slices.ContainsFunc(h.Pods("app="+name), func(p *api.Pod) bool { return p.Spec.Containers[0].Image == image }) {
				return fmt.Errorf("no pod has image %s yet", image)
			}
			return nil
		})
	}
	h.setImage(name, "web:final")
	h.Eventually(h.rolledOut(name, "web:final", replicas))
}
