package controllers

import (
	"fmt"
	"time"

	"kubelite/api"
)

// Objects for the tables of this package's tests.

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) api.Time { return api.Time{Time: testNow.Add(d)} }

// testReplicaSet has a size and, in its status, as many pods of which some are available.
func testReplicaSet(name string, size, available int32) *api.ReplicaSet {
	return &api.ReplicaSet{
		ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name, UID: api.UID(name + "-uid"), Generation: 1},
		Spec:       api.ReplicaSetSpec{Replicas: &size, Selector: &api.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
		Status: api.ReplicaSetStatus{
			Replicas: size, ReadyReplicas: available, AvailableReplicas: available,
			ObservedGeneration: 1, TerminatingReplicas: api.Ptr[int32](0),
		},
	}
}

// testDeployment is a rolling one; surge and unavailable are numbers or percentages.
func testDeployment(size int32, surge, unavailable string) *api.Deployment {
	return &api.Deployment{
		ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "web", UID: "web-uid", Generation: 1},
		Spec: api.DeploymentSpec{
			Replicas: &size, Selector: &api.LabelSelector{MatchLabels: map[string]string{"app": "web"}},
			Strategy: api.DeploymentStrategy{
				Type:          api.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &api.RollingUpdateDeployment{MaxSurge: intOrPercent(surge), MaxUnavailable: intOrPercent(unavailable)},
			},
			ProgressDeadlineSeconds: api.Ptr[int32](600),
			RevisionHistoryLimit:    api.Ptr[int32](10),
			Template:                testTemplate("v1"),
		},
	}
}

func testTemplate(image string) api.PodTemplateSpec {
	return api.PodTemplateSpec{
		ObjectMeta: api.ObjectMeta{Labels: map[string]string{"app": "web"}},
		Spec:       api.PodSpec{Containers: []api.Container{{Name: "web", Image: image}}},
	}
}

func intOrPercent(s string) *api.IntOrString {
	var n int
	if _, err := fmt.Sscanf(s, "%d", &n); err == nil && fmt.Sprint(n) == s {
		return api.Ptr(api.FromInt(n))
	}
	return api.Ptr(api.FromString(s))
}

// testPod is assigned to a node and running, and changed by the options.
func testPod(name string, options ...func(*api.Pod)) *api.Pod {
	pod := &api.Pod{
		ObjectMeta: api.ObjectMeta{
			Namespace: "default", Name: name, UID: api.UID(name + "-uid"),
			Labels: map[string]string{"app": "web"}, CreationTimestamp: at(-time.Hour),
		},
		Spec:   api.PodSpec{NodeName: "n1"},
		Status: api.PodStatus{Phase: api.PodRunning},
	}
	for _, option := range options {
		option(pod)
	}
	return pod
}

func unassigned(pod *api.Pod) { pod.Spec.NodeName, pod.Status.Phase = "", api.PodPending }

func phase(p api.PodPhase) func(*api.Pod) { return func(pod *api.Pod) { pod.Status.Phase = p } }

func on(node string) func(*api.Pod) { return func(pod *api.Pod) { pod.Spec.NodeName = node } }

func terminating(pod *api.Pod) { pod.DeletionTimestamp = api.Ptr(at(0)) }

func readyFor(d time.Duration) func(*api.Pod) {
	return func(pod *api.Pod) {
		pod.Status.Conditions = []api.PodCondition{{Type: api.PodReady, Status: api.ConditionTrue, LastTransitionTime: at(-d)}}
	}
}

func age(d time.Duration) func(*api.Pod) {
	return func(pod *api.Pod) { pod.CreationTimestamp = at(-d) }
}

func cost(value string) func(*api.Pod) {
	return func(pod *api.Pod) { pod.Annotations = map[string]string{podDeletionCost: value} }
}

func restarted(n int32) func(*api.Pod) {
	return func(pod *api.Pod) { pod.Status.ContainerStatuses = []api.ContainerStatus{{RestartCount: n}} }
}

func ownedBy(owner api.Object) func(*api.Pod) {
	return func(pod *api.Pod) { pod.OwnerReferences = []api.OwnerReference{api.NewControllerRef(owner)} }
}
