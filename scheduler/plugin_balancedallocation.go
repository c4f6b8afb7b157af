package scheduler

import "math"

// balancedAllocation prefers nodes whose CPU and memory, or what else it is told to compare, are in use to the same share: a node
// with all its CPU and half of its memory taken has memory that nobody can use any more.
type balancedAllocation struct {
	resources []ResourceSpec
}

func (*balancedAllocation) Name() string { return "NodeResourcesBalancedAllocation" }

// PreScore has no opinion on pods that request nothing: they would all go to the same node.
func (p *balancedAllocation) PreScore(c *cycle, _ []*nodeInfo) nodeScorer {
	for _, r := range p.resources {
		if c.pod.requests.of(r.Name) > 0 {
			return &balanceScorer{need: &c.pod.requests, resources: p.resources}
		}
	}
	return nil
}

type balanceScorer struct {
	need      *resources
	resources []ResourceSpec
	before    []float64 // the shares in use at one node, reused for the next
	after     []float64
}

// Score compares how balanced the node would be with the pod with how balanced it is now: about 75 when that is the same, up
// to 100 when it gets better, down to 50 when it gets worse.
func (s *balanceScorer) Score(n *nodeInfo) int64 {
	s.before, s.after = s.before[:0], s.after[:0]
	for i := range s.resources {
		name := s.resources[i].Name
		has, need := n.allocatable.of(name), s.need.of(name)
		if has == 0 || need == 0 && isExtended(name) {
			continue
		}
		used := n.requested.of(name)
		s.before = append(s.before, min(float64(used)/float64(has), 1))
		s.after = append(s.after, min(float64(used+need)/float64(has), 1))
	}
	return maxNodeScore/2 + (maxNodeScore/2+balance(s.after)-balance(s.before))/2
}

// balance is 100 when the shares are the same, less by the standard deviation between them.
func balance(shares []float64) int64 {
	var deviation float64
	switch len(shares) {
	case 0, 1:
	case 2: // half their distance; the long way would round differently
		deviation = math.Abs((shares[0] - shares[1]) / 2)
	default:
		var sum, squares float64
		for _, share := range shares {
			sum += share
		}
		mean := sum / float64(len(shares))
		for _, share := range shares {
			squares += (share - mean) * (share - mean)
		}
		deviation = math.Sqrt(squares / float64(len(shares)))
	}
	return int64((1 - deviation) * maxNodeScore)
}
