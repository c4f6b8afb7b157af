package story

import (
	"testing"

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

// TestRollingUpdateKeepsEnoughPodsReadyAtEveryRevision leaves the counting to what ends every story: see invariants.go.
func TestRollingUpdateKeepsEnoughPodsReadyAtEveryRevision(t *testing.T) {
	tests := []struct {
		name                     string
		replicas                 int32
		maxSurge, maxUnavailable api.IntOrString
	}{
		{name: "one more, none missing", replicas: 5, maxSurge: api.FromInt(1), maxUnavailable: api.FromInt(0)},
		{name: "none more, one missing", replicas: 5, maxSurge: api.FromInt(0), maxUnavailable: api.FromInt(1)},
		{name: "the defaults", replicas: 10, maxSurge: api.FromString("25%"), maxUnavailable: api.FromString("25%")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := Start(t, 2)
			d := deployment("web", test.replicas, "web:v1")
			d.Spec.Strategy = api.DeploymentStrategy{Type: api.RollingUpdateDeploymentStrategyType, RollingUpdate: &api.RollingUpdateDeployment{MaxSurge: &test.maxSurge, MaxUnavailable: &test.maxUnavailable}}
			Apply(h, api.DeepCopy(d))
			h.Eventually(h.PodsReady("app=web", int(test.replicas)))
			d.Spec.Template.Spec.Containers[0].Image = "web:v2"
			Apply(h, d)
			h.Eventually(h.rolledOut("web", "web:v2", test.replicas))
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
