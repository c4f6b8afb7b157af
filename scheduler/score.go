package scheduler

// maxScore is the score of an empty node.
const maxScore = 100

// leastAllocated scores a node by the share of CPU and memory that would be left on it with the pod: 100 is empty, 0 is
// full. Preferring empty nodes spreads the load.
//
// It follows pkg/scheduler/framework/plugins/noderesources/least_allocated.go with its default weights.
func leastAllocated(p *podInfo, n *nodeInfo) int64 {
	need := p.requests.forScoring()
	return (left(need.milliCPU+n.scored.milliCPU, n.allocatable.milliCPU) +
		left(need.memory+n.scored.memory, n.allocatable.memory)) / 2
}

// left is the free share, in percent, when used of has is taken.
func left(used, has int64) int64 {
	if has == 0 || used > has {
		return 0
	}
	return (has - used) * maxScore / has
}
