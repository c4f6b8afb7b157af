package scheduler

import (
	"context"
	"fmt"

	"kubelite/api"
)

// The framework: the points at which a plugin may have a say in one pod's way, under upstream's names. A plugin
// implements those interfaces that it needs; profile.go lists the plugins, cycle.go calls them in order.
//
//	PreEnqueue ▸ QueueSort ▸ PreFilter ▸ Filter ▸ (PostFilter) ▸ PreScore ▸ Score ▸ Reserve ▸ PreBind ▸ Bind ▸ PostBind
//	└───────── queue ─────┘  └───────────────── one pod after the other ──────────────────┘   └────── in parallel ─────┘
//
// Upstream has one point more. Permit, between Reserve and PreBind, lets a plugin hold a decided pod until others are decided
// too. A profile may name it, as any other point. Nothing happens there, since of upstream's own plugins one alone has a Permit,
// the one that schedules groups of pods (alpha).

// plugin is what all plugins have in common.
type plugin interface {
	// Name is upstream's, which users meet in messages and in the ledger.
	Name() string
}

// preEnqueuePlugin can keep a pod out of the queue: nobody even tries to place it.
type preEnqueuePlugin interface {
	plugin
	PreEnqueue(pod *api.Pod) *status
}

// queueSortPlugin decides which of two waiting pods is tried first. There is exactly one.
type queueSortPlugin interface {
	plugin
	Less(a, b *queuedPod) bool
}

// filterPlugin says on which nodes a pod can run.
type filterPlugin interface {
	plugin
	// PreFilter looks at the pod once and returns what will look at each node: nil if the plugin has nothing against any
	// node, or a status that rejects them all.
	PreFilter(c *cycle) (nodeFilter, *status)
}

// nodeFilter is a plugin's view of one pod, asked for one node after the other. It must not allocate where it can help it:
// it runs for every node and pod.
type nodeFilter interface {
	Filter(n *nodeInfo) *status
}

// podAwareFilter is a nodeFilter whose answers depend on which pods run where. Preemption asks it "what if": it takes a
// copy, and adds and removes pods there.
type podAwareFilter interface {
	nodeFilter
	Clone() nodeFilter
	AddPod(p *podInfo, n *nodeInfo)
	RemovePod(p *podInfo, n *nodeInfo)
}

// narrowFilter is a nodeFilter that knows the only nodes which can pass: a DaemonSet's pod names one.
type narrowFilter interface {
	nodeFilter
	Nodes() []string // nil: any
}

// postFilterPlugin is asked when no node passed: can room be made?
type postFilterPlugin interface {
	plugin
	PostFilter(ctx context.Context, c *cycle) *postFilterResult
}

// postFilterResult is what came of it.
type postFilterResult struct {
	nominate string     // the node that is being cleared for the pod, "" for none
	victims  []*podInfo // that are on their way out there
	keep     bool       // the pod's nomination stays as it is
	last     bool       // no other plugin is asked, and what others said does not matter: this one failed
	message  string     // goes to the end of the pod's message
}

// scorePlugin says how well a pod would do on each node that passed.
type scorePlugin interface {
	plugin
	// PreScore looks at the pod and the nodes once; nil means that they are all alike to the plugin.
	PreScore(c *cycle, nodes []*nodeInfo) nodeScorer
}

// nodeScorer gives a node a score, from 0 to maxNodeScore unless it is also a scoreNormalizer.
type nodeScorer interface {
	Score(n *nodeInfo) int64
}

// scoreNormalizer brings scores of any range into that from 0 to maxNodeScore, when all are known.
type scoreNormalizer interface {
	Normalize(scores []int64, nodes []*nodeInfo)
}

const maxNodeScore = 100

// reservePlugin notes what the pod will use on its node, so that the next pod does not count on it.
type reservePlugin interface {
	plugin
	Reserve(c *cycle, n *nodeInfo) *status
	// Unreserve takes it back. It is called for plugins that reserved nothing, too.
	Unreserve(ctx context.Context, pod *podInfo)
}

// preBindPlugin does what must be done before the pod may be bound. It may take its time.
type preBindPlugin interface {
	plugin
	// PreBindPreFlight tells whether PreBind will have something to do.
	PreBindPreFlight(pod *podInfo) bool
	PreBind(ctx context.Context, pod *podInfo, node string) error
}

// postBindPlugin is told when the pod is bound: what it reserved is no longer to be taken back.
type postBindPlugin interface {
	plugin
	PostBind(pod *podInfo)
}

// bindPlugin gives the pod to the node. There is exactly one.
type bindPlugin interface {
	plugin
	Bind(ctx context.Context, pod *podInfo, node string) error
}

// hintPlugin says which changes of the cluster may help a pod that the plugin rejected; see events.go.
type hintPlugin interface {
	plugin
	Hints() []hint
}

// status is a plugin's no; nil is a yes.
type status struct {
	verdict verdict
	plugin  string
	reasons []string // upstream's sentences, since people search for them
}

type verdict int

const (
	// unschedulable: not as things are. Preemption may help.
	unschedulable verdict = iota
	// unresolvable: no pod that goes would change it.
	unresolvable
	// failed: the plugin could not tell. The pod is tried again after a while.
	failed
)

// failure is what went wrong in a filter that failed.
func (s *status) failure() string {
	return fmt.Sprintf("running %q filter plugin: %s", s.plugin, s.reasons[0])
}

// reject makes a status. Filters keep theirs in variables: they say no thousands of times.
func reject(plugin string, v verdict, reasons ...string) *status {
	return &status{verdict: v, plugin: plugin, reasons: reasons}
}

// defaultNormalize brings scores to 0..maxNodeScore in proportion to the highest; reverse makes the lowest the best.
func defaultNormalize(scores []int64, reverse bool) {
	var highest int64
	for _, s := range scores {
		highest = max(highest, s)
	}
	for i, s := range scores {
		switch {
		case highest == 0 && reverse:
			s = maxNodeScore
		case highest == 0:
		case reverse:
			s = maxNodeScore - maxNodeScore*s/highest
		default:
			s = maxNodeScore * s / highest
		}
		scores[i] = s
	}
}
