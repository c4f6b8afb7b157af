package scheduler

import (
	"maps"
	"slices"
	"strings"

	"kubelite/api"
)

// nodeResourcesFit keeps pods off nodes that have not left what they request, and scores nodes by what would be left: how,
// its strategy says (resourcestrategy.go).
type nodeResourcesFit struct {
	kit           *kit
	strategy      scoringStrategy
	ignored       []string // extended resources that somebody else counts
	ignoredGroups []string // all of these domains
}

func newNodeResourcesFit(k *kit, args *NodeResourcesFitArgs) *nodeResourcesFit {
	return &nodeResourcesFit{kit: k, strategy: newStrategy(args.ScoringStrategy), ignored: args.IgnoredResources, ignoredGroups: args.IgnoredResourceGroups}
}

func (*nodeResourcesFit) Name() string { return "NodeResourcesFit" }

// PreFilter looks at every node.
func (p *nodeResourcesFit) PreFilter(c *cycle) (nodeFilter, *status) {
	return p.filter(c.pod), nil
}

func (p *nodeResourcesFit) filter(pod *podInfo) *fitFilter {
	return &fitFilter{need: p.counted(&pod.requests), devices: p.kit.devices}
}

// counted is what the pod requests of the resources that are counted here.
func (p *nodeResourcesFit) counted(requests *resources) *resources {
	if len(requests.other) == 0 || len(p.ignored) == 0 && len(p.ignoredGroups) == 0 {
		return requests
	}
	counted := *requests
	counted.other = maps.Clone(requests.other)
	maps.DeleteFunc(counted.other, func(name api.ResourceName, _ int64) bool {
		group, _, _ := strings.Cut(string(name), "/")
		return isExtended(name) && (slices.Contains(p.ignored, string(name)) || slices.Contains(p.ignoredGroups, group))
	})
	return &counted
}

// fitFilter names every resource that a node lacks, so that a person sees at once all that has to change.
type fitFilter struct {
	need    *resources
	devices deviceSource
	nos     map[lack]*status // the statuses given so far: a full cluster's nodes lack the same
}

// lack is a set of what a node has too little of. Resources of other names are rare and not kept here.
type lack uint8

const (
	lackPods lack = 1 << iota
	lackCPU
	lackMemory
	lackEphemeral
	lackForGood // even the empty node would not do
)

// Filter compares requests with what is left.
func (f *fitFilter) Filter(n *nodeInfo) *status {
	var l lack
	if int64(len(n.pods))+1 > n.allowedPods {
		l |= lackPods
	}
	check := func(which lack, need, used, has int64) {
		if need > 0 && need > has-used {
			l |= which
			if need > has {
				l |= lackForGood
			}
		}
	}
	check(lackCPU, f.need.milliCPU, n.requested.milliCPU, n.allocatable.milliCPU)
	check(lackMemory, f.need.memory, n.requested.memory, n.allocatable.memory)
	check(lackEphemeral, f.need.ephemeral, n.requested.ephemeral, n.allocatable.ephemeral)
	var others []api.ResourceName
	for name, need := range f.need.other {
		if n.allocatable.other[name] == 0 {
			if _, ok := f.devices.ClassFor(name); ok {
				continue // devices stand for it, which DynamicResources looks for
			}
		}
		if before := l; need > n.allocatable.other[name]-n.requested.other[name] && need > 0 {
			others = append(others, name)
			if l = before; need > n.allocatable.other[name] {
				l |= lackForGood
			}
		}
	}
	switch {
	case len(others) > 0:
		slices.Sort(others)
		return l.status(others)
	case l == 0:
		return nil
	}
	st := f.nos[l]
	if st == nil {
		st = l.status(nil)
		if f.nos == nil {
			f.nos = map[lack]*status{}
		}
		f.nos[l] = st
	}
	return st
}

// status puts a lack into words.
func (l lack) status(others []api.ResourceName) *status {
	st := &status{plugin: "NodeResourcesFit"}
	if l&lackForGood != 0 {
		st.verdict = unresolvable
	}
	say := func(which lack, reason string) {
		if l&which != 0 {
			st.reasons = append(st.reasons, reason)
		}
	}
	say(lackPods, "Too many pods")
	say(lackCPU, "Insufficient cpu")
	say(lackMemory, "Insufficient memory")
	say(lackEphemeral, "Insufficient ephemeral-storage")
	for _, name := range others {
		st.reasons = append(st.reasons, "Insufficient "+string(name))
	}
	return st
}

// PreScore looks at every node.
func (p *nodeResourcesFit) PreScore(c *cycle, _ []*nodeInfo) nodeScorer {
	return &fitScorer{need: &c.pod.nonZero, strategy: &p.strategy}
}

type fitScorer struct {
	need     *resources
	strategy *scoringStrategy
}

// Score asks the strategy. Pods that request nothing count with the usual amounts.
func (s *fitScorer) Score(n *nodeInfo) int64 { return s.strategy.score(s.need, n) }

// Hints are pods that go or shrink, classes of devices that may stand for a resource, and nodes that come or grow and could hold the pod if they were empty.
func (p *nodeResourcesFit) Hints() []hint {
	return []hint{
		{on: podGone},
		{on: podShrunk, helps: shrinkHelps},
		{on: deviceClassChanged, helps: func(waiting *podInfo, _ *clusterEvent) bool { return len(waiting.requests.other) > 0 }},
		{on: nodeAdded | nodeAllocatable, helps: func(waiting *podInfo, e *clusterEvent) bool {
			filter := p.filter(waiting)
			var now nodeInfo
			now.setNode(e.new.(*api.Node))
			if filter.Filter(&now) != nil {
				return false
			}
			old, _ := e.old.(*api.Node)
			if old == nil {
				return true
			}
			var before nodeInfo
			before.setNode(old)
			return now.allowedPods > before.allowedPods || more(filter.need, &before.allocatable, &now.allocatable)
		}},
	}
}

func shrinkHelps(p *podInfo, e *clusterEvent) bool {
	before, after := podRequests(e.old.(*api.Pod)), podRequests(e.new.(*api.Pod))
	return more(&p.requests, &after, &before)
}

// more tells whether there is more, after than before, of anything that is needed.
func more(need, before, after *resources) bool {
	names := []api.ResourceName{api.ResourceCPU, api.ResourceMemory, api.ResourceEphemeralStorage}
	for _, name := range slices.AppendSeq(names, maps.Keys(need.other)) {
		if need.of(name) > 0 && after.of(name) > before.of(name) {
			return true
		}
	}
	return false
}
