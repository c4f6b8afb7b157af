package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestAnnouncedDisruptionsGoStale(t *testing.T) {
	announced := func(by string, ago time.Duration) func(*api.Pod) {
		return func(pod *api.Pod) {
			pod.Status.Conditions = []api.PodCondition{{Type: api.DisruptionTarget, Status: api.ConditionTrue, Reason: by, LastTransitionTime: at(-ago)}}
		}
	}
	for name, tt := range map[string]struct {
		pod       *api.Pod
		in        time.Duration
		announced bool
	}{
		"not announced":     {pod: testPod("p")},
		"just now":          {pod: testPod("p", announced("EvictionByEvictionAPI", 30*time.Second)), in: 90 * time.Second, announced: true},
		"long ago":          {pod: testPod("p", announced("EvictionByEvictionAPI", time.Hour)), announced: true},
		"by its kubelet":    {pod: testPod("p", announced(podTerminationByKubelet, time.Hour))},
		"and being deleted": {pod: testPod("p", announced("EvictionByEvictionAPI", time.Hour), terminating)},
		"and ended":         {pod: testPod("p", announced("EvictionByEvictionAPI", time.Hour), phase(api.PodFailed))},
	} {
		t.Run(name, func(t *testing.T) {
			in, announced := staleDisruptionIn(tt.pod, testNow)
			require.Equal(t, tt.announced, announced)
			require.Equal(t, tt.in, in)
		})
	}
}
