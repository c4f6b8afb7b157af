package scheduler

import (
	"maps"
	"slices"

	"kubelite/api"
)

// podInfo is a pod and what plugins need to know of it, worked out once. It never changes.
type podInfo struct {
	pod      *api.Pod
	priority int32
	requests resources // decides whether it fits
	nonZero  resources // the same with the usual amounts in place of nothing: decides how full a node looks
	ports    []api.ContainerPort
	claims   []api.Key // of its PersistentVolumeClaims
	affinity podAffinityTerms
}

func newPodInfo(pod *api.Pod) *podInfo {
	held := api.ResourcesHeld(pod)
	p := &podInfo{
		pod: pod, priority: api.Deref(pod.Spec.Priority, 0), requests: sumRequests(held, false), nonZero: sumRequests(held, true),
		ports: api.HostPorts(pod), affinity: affinityTermsOf(pod),
	}
	for i := range pod.Spec.Volumes {
		if name := pod.Spec.Volumes[i].ClaimName(pod.Name); name != "" {
			p.claims = append(p.claims, api.Key{Namespace: pod.Namespace, Name: name})
		}
	}
	return p
}

// nodeInfo is a node, the pods on it, and their sums: all that filters and scores look at.
type nodeInfo struct {
	name        string
	node        *api.Node // nil while pods are known on a node that is not, or no longer
	allocatable resources
	allowedPods int64
	images      map[string]int64 // size by normalized name
	taints      []api.Taint      // that keep pods away
	softTaints  []api.Taint      // that would rather not have them

	pods         []*podInfo
	requested    resources
	nonZero      resources
	ports        []usedPort
	antiAffinity termCounts // required anti-affinity of the pods here: it keeps others away
	preferences  termCounts // all their other affinity, with weights: it attracts or repels

	position   int    // in cache.nodes; -1 while there is no node
	generation uint64 // of the cache's last change to it
}

type usedPort struct {
	api.ContainerPort
	pod api.UID
}

// setNode takes in a node's newest state.
func (n *nodeInfo) setNode(node *api.Node) {
	n.node = node
	n.allocatable = asResources(node.Status.Allocatable)
	n.allowedPods = 0
	if q, ok := node.Status.Allocatable[api.ResourcePods]; ok {
		n.allowedPods = q.Value()
	}
	n.images = nodeImages(node)
	n.taints, n.softTaints = nil, nil
	for _, taint := range node.Spec.Taints {
		if taint.Effect == api.TaintEffectPreferNoSchedule {
			n.softTaints = append(n.softTaints, taint)
		} else {
			n.taints = append(n.taints, taint)
		}
	}
}

func (n *nodeInfo) addPod(p *podInfo) {
	n.pods = append(n.pods, p)
	n.count(p, 1)
	for _, port := range p.ports {
		n.ports = append(n.ports, usedPort{port, p.pod.UID})
	}
}

// pod finds a pod on the node, nil if it is not there.
func (n *nodeInfo) pod(uid api.UID) *podInfo {
	for _, p := range n.pods {
		if p.pod.UID == uid {
			return p
		}
	}
	return nil
}

func (n *nodeInfo) removePod(uid api.UID) {
	for i, p := range n.pods {
		if p.pod.UID != uid {
			continue
		}
		n.pods = slices.Delete(n.pods, i, i+1)
		n.count(p, -1)
		n.ports = slices.DeleteFunc(n.ports, func(u usedPort) bool { return u.pod == uid })
		return
	}
}

// replacePod puts what is known of a pod in the place of what was known before, if it comes to the same in the sums.
func (n *nodeInfo) replacePod(before, now *podInfo) { n.pods[slices.Index(n.pods, before)] = now }

// count adds a pod to the sums, or takes it off.
func (n *nodeInfo) count(p *podInfo, sign int64) {
	n.requested.add(p.requests, sign)
	n.nonZero.add(p.nonZero, sign)
	for _, t := range p.affinity.requiredAnti {
		n.antiAffinity.add(t, sign, 0, sign)
	}
	for _, t := range p.affinity.required {
		n.preferences.add(t, 0, sign, sign)
	}
	for _, t := range p.affinity.preferred {
		n.preferences.add(t.affinityTerm, sign*int64(t.weight), 0, sign)
	}
	for _, t := range p.affinity.preferredAnti {
		n.preferences.add(t.affinityTerm, -sign*int64(t.weight), 0, sign)
	}
}

// clone is a copy for a "what if": pods may be added and removed.
func (n *nodeInfo) clone() *nodeInfo {
	c := *n
	c.pods = slices.Clone(n.pods)
	c.ports = slices.Clone(n.ports)
	c.antiAffinity = slices.Clone(n.antiAffinity)
	c.preferences = slices.Clone(n.preferences)
	c.requested.other = maps.Clone(n.requested.other)
	c.nonZero.other = maps.Clone(n.nonZero.other)
	return &c
}
