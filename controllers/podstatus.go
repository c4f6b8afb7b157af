package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The status of a pod is its kubelet's. What loops here add to it, for pods whose kubelet is gone or does not know why
// they go, they add by patches, which leave alone what the kubelet writes at the same time.

// patchPodStatus sends what change does to the status of a pod, and nothing if it changes nothing. The pod's UID goes
// along: another pod that has got the name meanwhile is not touched.
func patchPodStatus(ctx context.Context, c *client.Client, pod *api.Pod, change func(*api.PodStatus)) error {
	changed := api.DeepCopy(pod)
	change(&changed.Status)
	type part struct {
		Metadata struct {
			UID api.UID `json:"uid"`
		} `json:"metadata"`
		Status api.PodStatus `json:"status"`
	}
	before, after := part{Status: pod.Status}, part{Status: changed.Status}
	if api.Equal(before.Status, after.Status) {
		return nil
	}
	after.Metadata.UID = pod.UID
	from, err := api.MarshalJSON(before)
	if err != nil {
		return fmt.Errorf("patch the status of pod %s: %w", pod.Key(), err)
	}
	to, err := api.MarshalJSON(after)
	if err != nil {
		return fmt.Errorf("patch the status of pod %s: %w", pod.Key(), err)
	}
	patch, err := api.CreateTwoWayMergePatch(from, to, api.Pod{})
	if err != nil {
		return fmt.Errorf("patch the status of pod %s: %w", pod.Key(), err)
	}
	_, err = client.Of[*api.Pod](c).Patch(ctx, pod.Namespace, pod.Name, api.StrategicMergePatchType, patch, "status")
	return err
}

// setPodCondition puts the condition in its place. Unless its status changed, the time of its last change stays.
func setPodCondition(s *api.PodStatus, condition api.PodCondition, now time.Time) {
	if was := s.Condition(condition.Type); was != nil && was.Status == condition.Status && was.Reason == condition.Reason && was.Message == condition.Message {
		return // of a later generation perhaps, which is no news
	}
	s.Conditions = slices.Clone(s.Conditions)
	condition.LastTransitionTime = timeOf(now)
	s.SetCondition(condition)
}
