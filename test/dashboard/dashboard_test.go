package dashboard

import (
	"fmt"
	"testing"

	"kubelite/api"
	"kubelite/client"
	"kubelite/test/story"
)

// deployment runs so many pods of an image.
func deployment(name string, replicas int32, image string) *api.Deployment {
	labels := map[string]string{"app": name}
	return &api.Deployment{
		ObjectMeta: api.ObjectMeta{Name: name},
		Spec: api.DeploymentSpec{
			Replicas: &replicas, Selector: &api.LabelSelector{MatchLabels: labels},
			Template: api.PodTemplateSpec{ObjectMeta: api.ObjectMeta{Labels: labels}, Spec: api.PodSpec{Containers: []api.Container{{
				Name: "c", Image: image, Resources: api.ResourceRequirements{Requests: api.ResourceList{api.ResourceCPU: api.MustParse("10m")}},
			}}}},
		},
	}
}

// pods is how many boxes there are in a state.
func pods(state string) string { return fmt.Sprintf(`document.querySelectorAll('.nodes .pod[data-state=%q]').length`, state) }

func TestLook(t *testing.T) {
	h := story.Start(t, 3)
	b := visit(t, h)
	story.Apply(h, deployment("web", 4, "web:v1"))
	b.until(pods("ready") + ` === 4`)
	big := &api.Pod{ObjectMeta: api.ObjectMeta{Name: "too-big"}, Spec: api.PodSpec{Containers: []api.Container{{
		Name: "c", Image: "x", Resources: api.ResourceRequirements{Requests: api.ResourceList{api.ResourceCPU: api.MustParse("1000")}},
	}}}}
	story.Apply(h, big)
	story.Apply(h, &api.Service{ObjectMeta: api.ObjectMeta{Name: "web"}, Spec: api.ServiceSpec{Selector: map[string]string{"app": "web"}, Ports: []api.ServicePort{{Port: 80}}}})
	b.until(pods("waiting") + ` === 1`)
	b.shoot("cluster")
	b.open("pods/default/"+h.Pods("app=web")[0].Name, "why")
	b.until(`document.querySelectorAll(".box").length > 3`)
	b.shoot("why")
	b.prefers("dark", "no-preference")
	b.shoot("why-dark")
	b.open("pods/default/too-big", "why")
	b.until(`document.querySelector(".waits-for .rejected")`)
	b.shoot("pending-dark")
	b.press("2")
	b.shoot("scheduler-dark")
	b.prefers("light", "no-preference")
	b.press("3")
	b.shoot("services")
	b.open("deployments.apps/default/web", "history")
	b.shoot("history")
	b.open("deployments.apps/default/web", "yaml")
	b.shoot("yaml")
	b.open("deployments.apps/default/web", "events")
	b.shoot("events")
	_ = client.JSON
}
