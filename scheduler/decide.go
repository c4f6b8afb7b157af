package scheduler

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// decision is the outcome of one attempt to place a pod: the node, or why there is none. It goes to the ledger.
type decision struct {
	Node     string       `json:"node,omitempty"` // empty: no node fits
	Nodes    int          `json:"nodes"`          // looked at
	Feasible int          `json:"feasible"`       // passed every filter
	Results  []nodeResult `json:"results"`        // the best nodes first, then rejected ones, at most maxResults
	More     int          `json:"more,omitempty"` // results left out

	rejections map[string]int // reason -> nodes
}

// nodeResult is what one node came to.
type nodeResult struct {
	Node    string   `json:"node"`
	Score   int64    `json:"score,omitempty"`
	Filter  string   `json:"filter,omitempty"` // the filter that rejected it
	Reasons []string `json:"reasons,omitempty"`

	pods int64
}

// maxResults bounds the results that a decision lists: a cluster of a thousand nodes needs no list of a thousand.
const maxResults = 12

// decide filters and scores every node and picks the best: the highest score, of equals the one with the fewest pods, of
// equals the first by name. It changes nothing.
func decide(p *podInfo, nodes map[string]*nodeInfo) *decision {
	d := &decision{rejections: map[string]int{}}
	var feasible, rejected []nodeResult
	for name, n := range nodes {
		if n.node == nil {
			continue
		}
		d.Nodes++
		if rejectedBy, reasons := fits(p, n); reasons != nil {
			for _, r := range reasons {
				d.rejections[r]++
			}
			if len(rejected) < maxResults {
				rejected = append(rejected, nodeResult{Node: name, Filter: rejectedBy, Reasons: reasons})
			}
			continue
		}
		d.Feasible++
		feasible = keepBest(feasible, nodeResult{Node: name, Score: leastAllocated(p, n), pods: n.pods})
	}
	if len(feasible) > 0 {
		d.Node = feasible[0].Node
	}
	slices.SortFunc(rejected, func(a, b nodeResult) int { return strings.Compare(a.Node, b.Node) })
	d.Results = append(feasible, rejected...)
	d.Results = d.Results[:min(len(d.Results), maxResults)]
	d.More = d.Nodes - len(d.Results)
	return d
}

// keepBest inserts a result into a short list that is kept best first.
func keepBest(best []nodeResult, r nodeResult) []nodeResult {
	at, _ := slices.BinarySearchFunc(best, r, better)
	if at >= maxResults {
		return best
	}
	best = slices.Insert(best, at, r)
	return best[:min(len(best), maxResults)]
}

func better(a, b nodeResult) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.pods, b.pods), strings.Compare(a.Node, b.Node))
}

// message says why no node fits, as Kubernetes words it:
//
//	0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).
func (d *decision) message() string {
	var reasons []string
	for reason, count := range d.rejections {
		reasons = append(reasons, fmt.Sprintf("%d %s", count, reason))
	}
	slices.Sort(reasons)
	m := fmt.Sprintf("0/%d nodes are available:", d.Nodes)
	if len(reasons) > 0 {
		m += " " + strings.Join(reasons, ", ") + "."
	}
	return m
}

// summary says in one sentence why the node was chosen.
func (d *decision) summary() string {
	best := d.Results[0]
	if d.Feasible == 1 {
		return fmt.Sprintf("%s is the only one of %d nodes that fits: bind", best.Node, d.Nodes)
	}
	next := d.Results[1]
	s := fmt.Sprintf("%d of %d nodes fit; %s scores %d, the next best, %s, %d", d.Feasible, d.Nodes, best.Node, best.Score, next.Node, next.Score)
	if best.Score == next.Score && best.pods < next.pods {
		s += fmt.Sprintf(" but has more pods (%d, not %d)", next.pods, best.pods)
	}
	return s + ": bind"
}
