package story

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// deployment makes a Deployment of simulated web servers.
func deployment(name string, replicas int32, image string) *api.Deployment {
	labels := map[string]string{"app": name}
	return &api.Deployment{
		ObjectMeta: api.ObjectMeta{Name: name},
		Spec: api.DeploymentSpec{
			Replicas: &replicas, Selector: &api.LabelSelector{MatchLabels: labels},
			Template: api.PodTemplateSpec{
				ObjectMeta: api.ObjectMeta{Labels: labels},
				Spec:       api.PodSpec{TerminationGracePeriodSeconds: api.Ptr[int64](0), Containers: []api.Container{{Name: "web", Image: image}}},
			},
		},
	}
}

// TestRollingUpdateKeepsEnoughPodsReadyAtEveryRevision looks at the history itself, not at samples of it: a watch that
// began before the update gets every revision of every pod, and the number of ready ones is counted after each.
func TestRollingUpdateKeepsEnoughPodsReadyAtEveryRevision(t *testing.T) {
	tests := []struct {
		name                     string
		replicas                 int32
		maxSurge, maxUnavailable api.IntOrString
		least, most              int // ready pods; pods in all
	}{
		{name: "one more, none missing", replicas: 5, maxSurge: api.FromInt(1), maxUnavailable: api.FromInt(0), least: 5, most: 6},
		{name: "none more, one missing", replicas: 5, maxSurge: api.FromInt(0), maxUnavailable: api.FromInt(1), least: 4, most: 5},
		{name: "the defaults", replicas: 10, maxSurge: api.FromString("25%"), maxUnavailable: api.FromString("25%"), least: 8, most: 13},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := Start(t, 2)
			d := deployment("web", test.replicas, "web:v1")
			d.Spec.Strategy = api.DeploymentStrategy{Type: api.RollingUpdateDeploymentStrategyType, RollingUpdate: &api.RollingUpdateDeployment{MaxSurge: &test.maxSurge, MaxUnavailable: &test.maxUnavailable}}
			Apply(h, api.DeepCopy(d))
			h.Eventually(h.PodsReady("app=web", int(test.replicas)))

			pods := client.Of[*api.Pod](h.Client)
			before, err := pods.List(h.Ctx, "default", client.ListOptions{})
			require.NoError(t, err)
			history, err := pods.Watch(h.Ctx, "default", client.ListOptions{ResourceVersion: before.Meta.ResourceVersion})
			require.NoError(t, err)
			defer history.Stop()

			d.Spec.Template.Spec.Containers[0].Image = "web:v2"
			Apply(h, d)
			h.Eventually(h.rolledOut("web", "web:v2", test.replicas))

			after, err := pods.List(h.Ctx, "default", client.ListOptions{})
			require.NoError(t, err)
			state := map[string]*api.Pod{}
			for _, p := range before.Items {
				state[p.Name] = p
			}
			revisions := 0
			for event := range history.Events() {
				revisions++
				p := event.Object
				if event.Type == client.Deleted {
					delete(state, p.Name)
				} else {
					state[p.Name] = p
				}
				ready, alive := 0, 0
				for _, p := range state {
					if p.DeletionTimestamp == nil {
						alive++
						if isReady(p) {
							ready++
						}
					}
				}
				require.GreaterOrEqual(t, ready, test.least, "ready pods at revision %s", p.ResourceVersion)
				require.LessOrEqual(t, alive, test.most, "pods at revision %s", p.ResourceVersion)
				if revision(p.ResourceVersion) >= revision(after.Meta.ResourceVersion) || len(state) == int(test.replicas) && allHave(state, "web:v2") {
					break
				}
			}
			require.Greater(t, revisions, int(test.replicas), "the history has the whole update in it")
		})
	}
}

// rolledOut checks that a Deployment's pods all run the image and are ready, and that its status says so.
func (h *Harness) rolledOut(name, image string, replicas int32) Check {
	return func() error {
		d, err := client.Of[*api.Deployment](h.Client).Get(h.Ctx, "default", name)
		if err != nil {
			return err
		}
		updated := 0
		for _, p := range h.Pods("app=" + name) {
			if p.Spec.Containers[0].Image == image && isReady(p) {
				updated++
			}
		}
		if err := equal("updated ready pods", int(replicas), updated); err != nil {
			return err
		}
		return equal("available replicas in the status", int(replicas), int(d.Status.AvailableReplicas))
	}
}

func allHave(pods map[string]*api.Pod, image string) bool {
	for _, p := range pods {
		if p.Spec.Containers[0].Image != image {
			return false
		}
	}
	return true
}

func revision(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err) // the server's revisions are numbers
	}
	return n
}
