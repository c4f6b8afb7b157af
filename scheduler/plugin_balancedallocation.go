package scheduler

import "math"

// balancedAllocation prefers nodes whose CPU and memory are in use to the same share: a node with all its CPU and half of its
// memory taken has memory that nobody can use any more.
type balancedAllocation struct{}

func (*balancedAllocation) Name() string { return "NodeResourcesBalancedAllocation" }

// PreScore has no opinion on pods that request nothing: they would all go to the same node.
func (*balancedAllocation) PreScore(c *cycle, _ []*nodeInfo) nodeScorer {
	if c.pod.requests.milliCPU == 0 && c.pod.requests.memory == 0 {
		return nil
	}
	return balanceScorer{&c.pod.requests}
}

type balanceScorer struct{ need *resources }

// Score compares how balanced the node would be with the pod with how balanced it is now: about 75 when that is the same, up
// to 100 when it gets better, down to 50 when it gets worse.
func (s balanceScorer) Score(n *nodeInfo) int64 {
	with := balance(n, n.requested.milliCPU+s.need.milliCPU, n.requested.memory+s.need.memory)
	without := balance(n, n.requested.milliCPU, n.requested.memory)
	return maxNodeScore/2 + (maxNodeScore/2+with-without)/2
}

// balance is 100 when the shares in use are the same, less by the standard deviation between them.
func balance(n *nodeInfo, milliCPU, memory int64) int64 {
	if n.allocatable.milliCPU == 0 || n.allocatable.memory == 0 {
		return maxNodeScore
	}
	cpu := min(float64(milliCPU)/float64(n.allocatable.milliCPU), 1)
	mem := min(float64(memory)/float64(n.allocatable.memory), 1)
	return int64((1 - math.Abs((cpu-mem)/2)) * maxNodeScore)
}
