package scheduler

// PreScore adds up, for each domain, the weights of the new pod's preferences that pods there meet, and of the preferences of
// pods there that the new pod meets. Anti-affinity counts negative.
func (p *interPodAffinity) PreScore(c *cycle, _ []*nodeInfo) nodeScorer {
	if p.args.IgnorePreferredTermsOfExistingPods && len(c.pod.affinity.preferred) == 0 && len(c.pod.affinity.preferredAnti) == 0 {
		return nil
	}
	s := podAffinityScorer{}
	domain := func(key string) domainCounts {
		d, ok := s[key]
		if !ok {
			d = domainCountsOf(c.cache.topology(key), nil)
			s[key] = d
		}
		return d
	}
	own := func(terms []weightedTerm, sign int64) {
		for _, t := range terms {
			counts := c.cache.countPods("affinity\x00"+t.podsID(), func(other *podInfo) bool { return p.matches(t.affinityTerm, other.pod) })
			d := domain(t.topologyKey)
			for i, count := range counts {
				if at := d.topology.domainOf[i]; count > 0 && at >= 0 {
					d.counts[at] += sign * int64(t.weight) * int64(count)
				}
			}
		}
	}
	own(c.pod.affinity.preferred, 1)
	own(c.pod.affinity.preferredAnti, -1)

	terms := newMeanings(c.pod.pod, p.namespaceLabels(c.pod.pod.Namespace))
	for n := range c.cache.withAny.preferences {
		for i := range n.preferences {
			t := &n.preferences[i]
			if terms.mean(t.term) && n.position >= 0 {
				domain(t.term.topologyKey).add(n, t.count+t.required*int64(p.args.HardPodAffinityWeight))
			}
		}
	}
	if len(s) == 0 {
		return nil
	}
	return s
}

// podAffinityScorer is the score of each domain, by topology key.
type podAffinityScorer map[string]domainCounts

// Score adds up the scores of the node's domains.
func (s podAffinityScorer) Score(n *nodeInfo) (sum int64) {
	for _, d := range s {
		sum += d.of(n)
	}
	return sum
}

// Normalize stretches the scores: the lowest becomes 0, the highest 100.
func (podAffinityScorer) Normalize(scores []int64, _ []*nodeInfo) {
	lowest, highest := scores[0], scores[0]
	for _, s := range scores {
		lowest, highest = min(lowest, s), max(highest, s)
	}
	for i, s := range scores {
		scores[i] = 0
		if highest > lowest {
			scores[i] = int64(maxNodeScore * (float64(s-lowest) / float64(highest-lowest)))
		}
	}
}
