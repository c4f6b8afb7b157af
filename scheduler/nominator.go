package scheduler

import "kubelite/api"

// nominator knows which pods have a node cleared for them: their victims are on the way out, and nobody of less importance
// may take the room meanwhile. Like the cache it stands still while a decision is made.
type nominator struct {
	byNode map[string][]*podInfo
	nodeOf map[api.UID]string
}

func newNominator() *nominator {
	return &nominator{byNode: map[string][]*podInfo{}, nodeOf: map[api.UID]string{}}
}

// set notes a pod's nomination; node "" takes it back.
func (n *nominator) set(p *podInfo, node string) {
	uid := p.pod.UID
	if was, ok := n.nodeOf[uid]; ok {
		pods := n.byNode[was]
		kept := make([]*podInfo, 0, len(pods))
		for _, other := range pods {
			if other.pod.UID != uid {
				kept = append(kept, other)
			}
		}
		delete(n.nodeOf, uid)
		if n.byNode[was] = kept; len(kept) == 0 {
			delete(n.byNode, was)
		}
	}
	if node != "" {
		n.nodeOf[uid] = node
		n.byNode[node] = append(n.byNode[node], p)
	}
}

// moreImportant returns the pods nominated for a node that go before p there.
func (n *nominator) moreImportant(p *podInfo, node string) (pods []*podInfo) {
	for _, other := range n.byNode[node] {
		if other.priority >= p.priority && other.pod.UID != p.pod.UID {
			pods = append(pods, other)
		}
	}
	return pods
}

// lessImportant returns those that would lose their place to p.
func (n *nominator) lessImportant(p *podInfo, node string) (pods []*podInfo) {
	for _, other := range n.byNode[node] {
		if other.priority < p.priority {
			pods = append(pods, other)
		}
	}
	return pods
}
