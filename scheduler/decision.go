package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// decision is the outcome of one attempt to place a pod: the node, or why there is none. It goes to the ledger.
type decision struct {
	Node       string       `json:"node,omitempty"`       // empty: no node fits
	Nodes      int          `json:"nodes"`                // there are
	Looked     int          `json:"looked,omitempty"`     // at so many
	Feasible   int          `json:"feasible"`             // passed every filter
	Plugins    []string     `json:"plugins,omitempty"`    // that scored, in the order of the results' scores
	Results    []nodeResult `json:"results,omitempty"`    // the best nodes first, then rejected ones, at most maxResults
	More       int          `json:"more,omitempty"`       // results left out
	Preemption string       `json:"preemption,omitempty"` // why no room could be made
	Nominated  string       `json:"nominated,omitempty"`  // the node that is being cleared for the pod
	Victims    []string     `json:"victims,omitempty"`    // the pods that have to go there

	scores     [][]int64       // by plugin, then by node as the filters passed it; weighted
	summary    string          // why the node was chosen, in one sentence
	preFilter  string          // why no node was looked at
	otherNodes string          // why the nodes that were not looked at were not
	renominate bool            // write Nominated into the pod, even if it is empty
	rejections map[string]int  // reason -> nodes
	rejectedBy map[string]bool // plugins
	failure    string          // it is an error, not a no
}

// nodeResult is what one node came to.
type nodeResult struct {
	Node    string   `json:"node"`
	Score   int64    `json:"score,omitempty"`
	Scores  []int64  `json:"scores,omitempty"` // what each of the decision's plugins gave, times its weight
	Filter  string   `json:"filter,omitempty"` // the plugin that rejected it
	Reasons []string `json:"reasons,omitempty"`
}

// maxResults bounds the results that a decision lists: a cluster of a thousand nodes needs no list of a thousand. Where there
// is a node for the pod, the list is part of every pod's life, and shorter.
const (
	maxResults       = 12
	maxResultsOfMany = 4
	many             = 100 // nodes
)

// reject notes a status that rejects every node.
func (d *decision) reject(st *status) {
	d.preFilter = strings.Join(st.reasons, ", ")
	if st.verdict == failed {
		d.failure = fmt.Sprintf("running PreFilter plugin %q: %s", st.plugin, d.preFilter)
		return
	}
	d.rejectedBy[st.plugin] = true
}

// rejectedNodes notes why the nodes did not pass.
func (d *decision) rejectedNodes(c *cycle) {
	looked := 0
	for i, st := range c.statuses {
		if st == nil {
			continue
		}
		looked++
		if st.verdict == failed {
			d.failure = st.failure()
		}
		d.rejectedBy[st.plugin] = true
		for _, r := range st.reasons {
			d.rejections[r]++
		}
		if len(d.Results) < maxResults {
			d.Results = append(d.Results, nodeResult{Node: c.cache.nodes[i].name, Filter: st.plugin, Reasons: st.reasons})
		}
	}
	if rest := d.Nodes - looked; rest > 0 && d.otherNodes != "" {
		d.rejections[d.otherNodes] += rest
	}
	d.More = d.Nodes - len(d.Results)
	slices.SortFunc(d.Results, func(a, b nodeResult) int { return strings.Compare(a.Node, b.Node) })
}

// list notes the best nodes, and in a small cluster those that were rejected.
func (d *decision) list(c *cycle, ranked []rankedNode) {
	d.summary = d.because(ranked)
	limit := maxResults
	if d.Nodes > many {
		limit = maxResultsOfMany
	}
	for _, r := range ranked[:min(len(ranked), limit)] {
		result := nodeResult{Node: r.node.name, Score: r.total}
		for _, of := range d.scores {
			result.Scores = append(result.Scores, of[r.scores])
		}
		d.Results = append(d.Results, result)
	}
	for i, st := range c.statuses {
		if len(d.Results) >= limit {
			break
		}
		if st != nil {
			d.Results = append(d.Results, nodeResult{Node: c.cache.nodes[i].name, Filter: st.plugin, Reasons: st.reasons})
		}
	}
	d.More = d.Nodes - len(d.Results)
	d.scores = nil // the next cycle's
}

// message says why no node fits, as Kubernetes words it:
//
//	0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/3 nodes are available: ...
func (d *decision) message() string {
	switch {
	case d.failure != "":
		return d.failure
	case d.Nodes == 0:
		return d.preFilter
	}
	m := unavailable(d.Nodes, d.rejections)
	if d.preFilter != "" {
		m = fmt.Sprintf("0/%d nodes are available: %s.", d.Nodes, d.preFilter)
	}
	if d.Preemption != "" {
		m += " " + d.Preemption
	}
	return m
}

// why is the message with what is done about it.
func (d *decision) why() string {
	if d.Nominated == "" {
		return d.message()
	}
	return fmt.Sprintf("%s Less important pods on %s make room: %s", d.message(), d.Nominated, strings.Join(d.Victims, ", "))
}

// unavailable counts the reasons.
func unavailable(nodes int, rejections map[string]int) string {
	var reasons []string
	for reason, count := range rejections {
		reasons = append(reasons, fmt.Sprintf("%d %s", count, reason))
	}
	slices.Sort(reasons)
	m := fmt.Sprintf("0/%d nodes are available:", nodes)
	if len(reasons) > 0 {
		m += " " + strings.Join(reasons, ", ") + "."
	}
	return m
}

// rejectors are the plugins that said no.
func (d *decision) rejectors() []string { return slices.Sorted(maps.Keys(d.rejectedBy)) }

// because says in one sentence why the first of these nodes is chosen.
func (d *decision) because(ranked []rankedNode) string {
	best := ranked[0]
	if len(ranked) == 1 {
		if d.Looked == 1 && d.Nodes > 1 {
			return fmt.Sprintf("%s is the node that the pod was nominated for, and fits: bind", d.Node)
		}
		return fmt.Sprintf("%s is the only one of %d nodes that fits: bind", d.Node, d.Nodes)
	}
	next := ranked[1]
	s := fmt.Sprintf("%d of %d nodes fit; ", d.Feasible, d.Nodes)
	if d.Looked < d.Nodes {
		s = fmt.Sprintf("%d of %d nodes were looked at, %d fit; ", d.Looked, d.Nodes, d.Feasible)
	}
	s += fmt.Sprintf("%s scores %d, the next best, %s, %d", d.Node, best.total, next.node.name, next.total)
	if mine, others := len(best.node.pods), len(next.node.pods); best.total == next.total && mine < others {
		s += fmt.Sprintf(" but has more pods (%d, not %d)", others, mine)
	}
	return s + ": bind"
}
