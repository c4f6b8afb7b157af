package controllers

import (
	"slices"
	"time"

	"kubelite/api"
)

// nodeHealth is what the node lifecycle loop remembers of a node between two looks.
type nodeHealth struct {
	uid       api.UID
	seen      time.Time     // when the last sign of life came, by our clock
	heartbeat api.Time      // of the condition Ready, the last one seen
	renewed   api.MicroTime // of the Lease, the last one seen
}

// newNodeHealth is for a node seen for the first time. One that has told its state counts as alive now: who starts to
// listen has heard nothing yet. One that never has is as old as its object.
func newNodeHealth(node *api.Node, now time.Time) *nodeHealth {
	h := &nodeHealth{uid: node.UID, seen: node.CreationTimestamp.Time}
	if ready := node.Status.Condition(api.NodeReady); ready != nil {
		h.seen, h.heartbeat = now, ready.LastHeartbeatTime
	}
	return h
}

// observe takes in the node's heartbeats of both kinds; any that is not the one of before is a sign of life.
func (h *nodeHealth) observe(node *api.Node, lease *api.Lease, now time.Time) {
	if ready := node.Status.Condition(api.NodeReady); ready != nil && !ready.LastHeartbeatTime.Equal(h.heartbeat.Time) {
		h.heartbeat, h.seen = ready.LastHeartbeatTime, now
	}
	if lease != nil && lease.Spec.RenewTime != nil && lease.Spec.RenewTime.After(h.renewed.Time) {
		h.renewed, h.seen = *lease.Spec.RenewTime, now
	}
}

// nodeOwnConditions are the conditions that a kubelet reports. (NetworkUnavailable is somebody else's.)
var nodeOwnConditions = []api.NodeConditionType{api.NodeReady, api.NodeMemoryPressure, api.NodeDiskPressure, api.NodePIDPressure}

// unknownConditions are the conditions of a node that has fallen silent. The time of the last heartbeat stays: it is
// what was heard last.
func unknownConditions(node *api.Node, now time.Time) []api.NodeCondition {
	conditions := slices.Clone(node.Status.Conditions)
	for _, t := range nodeOwnConditions {
		i := slices.IndexFunc(conditions, func(c api.NodeCondition) bool { return c.Type == t })
		switch {
		case i < 0:
			conditions = append(conditions, api.NodeCondition{
				Type: t, Status: api.ConditionUnknown, Reason: "NodeStatusNeverUpdated", Message: "Kubelet never posted node status.",
				LastHeartbeatTime: node.CreationTimestamp, LastTransitionTime: timeOf(now),
			})
		case conditions[i].Status != api.ConditionUnknown:
			c := &conditions[i]
			c.Status, c.Reason, c.Message = api.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status."
			c.LastTransitionTime = timeOf(now)
		}
	}
	return conditions
}

// nodeReadiness is the status of the node's condition Ready, "" if nobody has reported it yet.
func nodeReadiness(node *api.Node) api.ConditionStatus {
	if c := node.Status.Condition(api.NodeReady); c != nil {
		return c.Status
	}
	return ""
}
