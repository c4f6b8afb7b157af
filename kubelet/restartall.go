package kubelet

import (
	"slices"

	"kubelite/api"
)

// A container may ask, by a rule for the exit code that it ends with, that the whole pod starts anew where it is: all
// containers are killed and removed, and initialization begins again in the same sandbox, with the same address and
// volumes. (Upstream: KEP-5532, Restart All Containers on Container Exits.)
//
//	a container ends as its rule says ─▶ condition AllContainersRestarting is True ─▶ all containers go ─▶ False, and on to init
//
// The condition is what a kubelet that died in the middle goes by.

const (
	restartingAllReason  = "RestartingAllContainers"
	restartingAllMessage = "The container was removed: all containers of the pod are restarted in place"
)

// restartsAll tells whether all containers are to be restarted: this is under way, or one of them has asked for it.
func restartsAll(pod *api.Pod, seen *RuntimePod, status *api.PodStatus) bool {
	if !pod.Spec.CanRestartAllContainers() {
		return false
	}
	c := findCondition(status.Conditions, api.AllContainersRestarting)
	return c != nil && c.Status == api.ConditionTrue || slices.ContainsFunc(seen.Containers, func(c *RuntimeContainer) bool {
		return c == seen.Newest(c.Name) && asksToRestartAll(pod, c)
	})
}

// asksToRestartAll tells whether the rule for the exit code of a container asks for all of them to be restarted.
func asksToRestartAll(pod *api.Pod, ended *RuntimeContainer) bool {
	if ended.State != ContainerExited {
		return false
	}
	c := findContainer(pod, ended.Name)
	if c == nil {
		return false
	}
	rule := c.RestartRule(int32(ended.ExitCode))
	return rule != nil && rule.Action == api.ContainerRestartRuleActionRestartAllContainers
}

// toRestart are the pod's containers that are still there while all are restarted. Those that somebody put in to look
// around stay.
func toRestart(pod *api.Pod, seen *RuntimePod) []*RuntimeContainer {
	return slices.DeleteFunc(slices.Clone(seen.Containers), func(c *RuntimeContainer) bool { return isEphemeral(pod, c.Name) })
}

// planRestartAll plans to kill and remove all containers, the main ones first. Those that have asked for it go last, so
// that it is seen why until it is done. They get no time, and their preStop hooks do not run, as at upstream.
func (v *podView) planRestartAll(there []*RuntimeContainer) podPlan {
	var plan podPlan
	rank := func(c *RuntimeContainer) (rank int) {
		if isInit(v.pod, c.Name) {
			rank++
		}
		if asksToRestartAll(v.pod, c) {
			rank += 2
		}
		return rank
	}
	slices.SortStableFunc(there, func(a, b *RuntimeContainer) int { return rank(a) - rank(b) })
	for _, c := range there {
		if c.State == ContainerRunning {
			plan.Kill = append(plan.Kill, killStep{ID: c.ID, Name: c.Name, Message: "Stopping container " + c.Name + ": all containers are restarted"})
		}
		plan.Remove = append(plan.Remove, c.ID)
	}
	plan.wakeAt(v.now) // nobody tells of what is removed here
	return plan
}

// restartedWithAll is the state of a container that has been removed because all are restarted, and the state before. That
// it counts as killed is upstream's word, also for the one that asked for it.
func restartedWithAll() (now, last api.ContainerState) {
	return api.ContainerState{Waiting: &api.ContainerStateWaiting{Reason: restartingAllReason, Message: restartingAllMessage}},
		api.ContainerState{Terminated: &api.ContainerStateTerminated{Reason: restartingAllReason, Message: restartingAllMessage, ExitCode: 137}}
}

// allContainersRestarting is the condition of a pod that has a rule which can restart all containers: true until
// there is none left to remove.
func (v *statusView) allContainersRestarting(s *api.PodStatus) api.PodCondition {
	c := condition(api.AllContainersRestarting, false)
	switch {
	case s.Phase == api.PodSucceeded:
		c.Reason = "PodCompleted"
	case s.Phase == api.PodFailed:
		c.Reason = "PodFailed"
	case v.restartingAll && len(toRestart(v.pod, v.seen)) > 0:
		c.Status, c.Reason, c.Message = api.ConditionTrue, "RestartAllContainersStarted", "container exited with restart policy rule"
	}
	return c
}
