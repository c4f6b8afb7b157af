package scheduler

import (
	"math"

	"kubelite/api"
)

// scoringStrategy says which share of a node's resources in use makes it a good node.
//
//	LeastAllocated            empty nodes: spreads the load, leaves room everywhere (the default)
//	MostAllocated             full nodes: packs the load, so that others can be switched off
//	RequestedToCapacityRatio  a curve of the operator's own
type scoringStrategy struct {
	kind      string
	resources []ResourceSpec
	shape     []shapePoint // of RequestedToCapacityRatio: utilization and score in percent, the first ascending
}

type shapePoint struct{ utilization, score int64 }

const (
	leastAllocated           = "LeastAllocated"
	mostAllocated            = "MostAllocated"
	requestedToCapacityRatio = "RequestedToCapacityRatio"
)

// newStrategy makes checked arguments ready for use.
func newStrategy(s *ScoringStrategy) scoringStrategy {
	ready := scoringStrategy{kind: s.Type, resources: s.Resources}
	if s.Type == requestedToCapacityRatio {
		for _, p := range s.RequestedToCapacityRatio.Shape {
			ready.shape = append(ready.shape, shapePoint{p.Utilization, p.Score * maxNodeScore / 10})
		}
	}
	return ready
}

// score is the mean over the resources, by their weights. Resources that the node has none of do not count, nor do extended
// ones that the pod asks nothing of.
func (s *scoringStrategy) score(need *resources, n *nodeInfo) int64 {
	var sum, weights int64
	for i := range s.resources {
		r := &s.resources[i]
		has := n.allocatable.of(r.Name)
		wants := need.of(r.Name)
		if has == 0 || wants == 0 && isExtended(r.Name) {
			continue
		}
		used := n.nonZero.of(r.Name) + wants
		switch s.kind {
		case leastAllocated:
			sum += left(used, has) * r.Weight
		case mostAllocated:
			sum += min(used, has) * maxNodeScore / has * r.Weight
		case requestedToCapacityRatio:
			share := int64(100)
			if used <= has {
				share = used * 100 / has
			}
			score := s.curve(share)
			if score == 0 {
				continue
			}
			sum += score * r.Weight
		}
		weights += r.Weight
	}
	switch {
	case weights == 0:
		return 0
	case s.kind == requestedToCapacityRatio:
		return int64(math.Round(float64(sum) / float64(weights)))
	}
	return sum / weights
}

// left is the free share, in percent, when used of has is taken.
func left(used, has int64) int64 {
	if used > has {
		return 0
	}
	return (has - used) * maxNodeScore / has
}

// curve is the score at a utilization: on the straight line between the points around it.
func (s *scoringStrategy) curve(utilization int64) int64 {
	for i, p := range s.shape {
		if utilization > p.utilization {
			continue
		}
		if i == 0 {
			return p.score
		}
		before := s.shape[i-1]
		return before.score + (p.score-before.score)*(utilization-before.utilization)/(p.utilization-before.utilization)
	}
	return s.shape[len(s.shape)-1].score
}

func isExtended(name api.ResourceName) bool {
	return name != api.ResourceCPU && name != api.ResourceMemory && name != api.ResourceEphemeralStorage
}
