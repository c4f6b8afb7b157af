package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestTriggerTimes(t *testing.T) {
	readySince := func(name string, since time.Duration) *api.Pod {
		pod := servicePod(name, "10.0.0.1", true)
		pod.Status.Conditions[0].LastTransitionTime = at(since)
		return pod
	}
	svc := webService()
	svc.CreationTimestamp = at(5 * time.Second)
	triggers := newTriggerTimes()
	for _, look := range []struct {
		why  string
		pods []*api.Pod
		want time.Time
	}{
		{"the service is new", []*api.Pod{readySince("a", 3*time.Second)}, at(5 * time.Second).Time},
		{"nothing changed", []*api.Pod{readySince("a", 3*time.Second)}, time.Time{}},
		{"the earliest of two", []*api.Pod{readySince("a", 9*time.Second), readySince("b", 7*time.Second)}, at(7 * time.Second).Time},
		{"only what changed counts", []*api.Pod{readySince("a", 9*time.Second), readySince("b", 11*time.Second)}, at(11 * time.Second).Time},
		{"a pod that went has no time", []*api.Pod{readySince("b", 11*time.Second)}, time.Time{}},
	} {
		require.Equal(t, look.want, triggers.since(svc, look.pods), look.why)
	}
	triggers.forget(svc.Key())
	require.Equal(t, at(5*time.Second).Time, triggers.since(svc, nil), "another service of the name")

	meta := &api.ObjectMeta{}
	annotateTrigger(meta, at(0).Time)
	require.Equal(t, map[string]string{"endpoints.kubernetes.io/last-change-trigger-time": at(0).UTC().Format(time.RFC3339)}, meta.Annotations)
	annotateTrigger(meta, time.Time{})
	require.Empty(t, meta.Annotations)
}
