package scheduler

import "context"

// dynamicResources stands where upstream allocates devices to pods: a pod that fits nowhere may fit once a claim for a device
// is taken back that nobody uses. Claims are not allocated here, so there never is one. What is left of the plugin is its
// part of the message that people look for: "no new claims to deallocate, preemption: 0/3 nodes are available: ...".
type dynamicResources struct{}

func (*dynamicResources) Name() string { return "DynamicResources" }

// PostFilter has no claim to take back.
func (*dynamicResources) PostFilter(_ context.Context, c *cycle) *postFilterResult {
	if c.decision.preFilter != "" {
		return &postFilterResult{keep: true} // the pod was held before it came to devices
	}
	return &postFilterResult{message: "no new claims to deallocate", keep: true}
}
