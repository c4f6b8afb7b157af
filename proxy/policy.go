package proxy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/proxy/nft"
)

// planPolicies works out the rules of all NetworkPolicies. A new connection passes two questions, each of which only those
// pods are asked that some policy is about:
//
//	policies ─▶ may its sender open it?     egress-pods:  sender's chain ─▶ its policies, one after the other ─▶ drop
//	              │ yes, or nobody asks
//	              ▼
//	         ─▶ may its receiver have it?   ingress-pods: receiver's chain ─▶ its policies ─▶ drop
//	              │ yes, or nobody asks
//	              ▼
//	            accept
//
// This happens after the redirecting of services and before any masquerading: rules see the addresses of pods. Packets of
// connections that were let through pass. What this machine itself sends is never asked: a kubelet must reach its pods.
func planPolicies(n Network, policies []*api.NetworkPolicy, pods []*api.Pod, namespaces []*api.Namespace) nft.Fragment {
	var f nft.Fragment
	if len(policies) == 0 {
		return f
	}
	slices.SortFunc(policies, func(a, b *api.NetworkPolicy) int { return cmp.Compare(a.Key().String(), b.Key().String()) })
	p := policyPlan{f: &f, pods: pods, namespaces: map[string]*api.Namespace{}}
	for _, ns := range namespaces {
		p.namespaces[ns.Name] = ns
	}
	f.AddBase("policy-forward", &nft.Hook{Type: "filter", Name: "forward", Priority: beforeFilter + 1},
		nft.Rule{nft.In{Fields: hairpinKey(), Set: hairpins}, nft.Accept}, // no pod can be kept from itself
		nft.Rule{nft.Jump("policies")})
	f.AddBase("policy-input", &nft.Hook{Type: "filter", Name: "input", Priority: beforeFilter + 1},
		nft.Rule{nft.FromInterface(n.Bridge), nft.Jump("policies")})
	f.AddChain("policies",
		nft.Rule{nft.IsReply{}, nft.Accept},
		nft.Rule{nft.Lookup{Fields: []nft.Field{nft.SourceAddress}, Map: "egress-pods"}},
		nft.Rule{nft.Goto("ingress")})
	f.AddChain("ingress",
		nft.Rule{nft.Lookup{Fields: []nft.Field{nft.DestinationAddress}, Map: "ingress-pods"}},
		nft.Rule{nft.Accept})
	f.AddSet("egress-pods", nft.Set{Key: []nft.Field{nft.SourceAddress}, Verdicts: true})
	f.AddSet("ingress-pods", nft.Set{Key: []nft.Field{nft.DestinationAddress}, Verdicts: true})

	egress, ingress := map[*api.Pod][]string{}, map[*api.Pod][]string{} // the chains of each pod's policies
	for _, policy := range policies {
		about := p.selected(policy)
		for _, direction := range policyTypes(policy) {
			chain := chainName(fmt.Sprintf("policy/%s/%s/%s", policy.Namespace, policy.Name, strings.ToLower(string(direction))))
			chains := ingress
			if direction == api.PolicyTypeEgress {
				chains = egress
				p.addEgress(chain, policy)
			} else {
				p.addIngress(chain, policy, about)
			}
			for _, pod := range about {
				chains[pod] = append(chains[pod], chain)
			}
		}
	}
	for _, pod := range pods {
		p.isolate("egress", nft.SourceAddress, pod, egress[pod])
		p.isolate("ingress", nft.DestinationAddress, pod, ingress[pod])
	}
	return f
}

// planFrames is planPolicies for frames that the bridge passes on without showing them to IP rules. Both tables are needed
// then: packets by way of a service are routed.
func planFrames(policies nft.Fragment) nft.Fragment {
	var f nft.Fragment
	if len(policies.Chains) == 0 {
		return f
	}
	f.Sets = policies.Sets
	for name, chain := range policies.Chains {
		if chain.Hook == nil {
			f.AddChain(name, chain.Rules...)
		}
	}
	f.AddBase("policy-forward", &nft.Hook{Type: "filter", Name: "forward"},
		nft.Rule{nft.IsIPv4{}, nft.Jump("policies")})
	return f
}

type policyPlan struct {
	f          *nft.Fragment
	pods       []*api.Pod
	namespaces map[string]*api.Namespace
}

// policyTypes is what a policy is about.
func policyTypes(policy *api.NetworkPolicy) []api.PolicyType {
	if len(policy.Spec.PolicyTypes) > 0 {
		return policy.Spec.PolicyTypes
	}
	if len(policy.Spec.Egress) > 0 {
		return []api.PolicyType{api.PolicyTypeIngress, api.PolicyTypeEgress}
	}
	return []api.PolicyType{api.PolicyTypeIngress}
}

// isolate sends connections of a pod through the chains of its policies. What none of them allows is dropped.
func (p *policyPlan) isolate(direction string, field nft.Field, pod *api.Pod, policies []string) {
	address, ok := addressOf(pod)
	if len(policies) == 0 || !ok {
		return
	}
	chain := direction + "-of/" + address.String()
	var rules []nft.Rule
	for _, policy := range policies {
		rules = append(rules, nft.Rule{nft.Jump(policy)})
	}
	p.f.AddChain(chain, append(rules, nft.Rule{nft.Drop})...)
	p.f.AddElement(direction+"-pods", []nft.Field{field}, nft.Address(address), nft.Goto(chain))
}

func (p *policyPlan) addIngress(chain string, policy *api.NetworkPolicy, about []*api.Pod) {
	var rules []nft.Rule
	for i, rule := range policy.Spec.Ingress {
		r := rulePlan{policyPlan: p, name: fmt.Sprintf("%s/%d", chain, i), peer: nft.SourceAddress, allowed: nft.Accept}
		rules = append(rules, r.plan(policy.Namespace, rule.From, rule.Ports, about)...)
	}
	p.f.AddChain(chain, rules...)
}

func (p *policyPlan) addEgress(chain string, policy *api.NetworkPolicy) {
	var rules []nft.Rule
	for i, rule := range policy.Spec.Egress {
		r := rulePlan{policyPlan: p, name: fmt.Sprintf("%s/%d", chain, i), peer: nft.DestinationAddress, allowed: nft.Goto("ingress")}
		// Ports by name are those of the receivers, who are the peers.
		rules = append(rules, r.plan(policy.Namespace, rule.To, rule.Ports, p.receivers(policy.Namespace, rule.To))...)
	}
	p.f.AddChain(chain, rules...)
}

// rulePlan plans for one rule of a policy.
type rulePlan struct {
	*policyPlan
	name    string      // what its sets' names begin with
	peer    nft.Field   // where packets have the peer's address
	allowed nft.Verdict // what happens to connections that it allows
}

// plan returns a rule for each way to be allowed: by a pod's address or by a block, to a port by number or by name.
func (r rulePlan) plan(namespace string, peers []api.NetworkPolicyPeer, ports []api.NetworkPolicyPort, receivers []*api.Pod) []nft.Rule {
	var rules []nft.Rule
	for _, from := range r.matchPeers(namespace, peers) {
		for _, to := range r.matchPorts(ports, receivers) {
			rules = append(rules, append(slices.Concat(from, to), r.allowed))
		}
	}
	return rules
}

func (r rulePlan) matchPeers(namespace string, peers []api.NetworkPolicyPeer) (ways []nft.Rule) {
	if len(peers) == 0 {
		return []nft.Rule{{}} // everybody
	}
	field := []nft.Field{r.peer}
	var blocks []addressRange
	selectors := false
	for i := range peers {
		if block := peers[i].IPBlock; block != nil {
			blocks = append(blocks, blockRanges(block)...)
		} else {
			selectors = true
		}
	}
	if selectors {
		set := r.name + "/pods"
		r.f.AddSet(set, nft.Set{Key: field})
		for _, pod := range r.receivers(namespace, peers) {
			if address, ok := addressOf(pod); ok {
				r.f.AddElement(set, field, nft.Address(address), nft.Verdict{})
			}
		}
		ways = append(ways, nft.Rule{nft.In{Fields: field, Set: set}})
	}
	if len(blocks) > 0 {
		set := r.name + "/blocks"
		r.f.AddSet(set, nft.Set{Key: field, Interval: true})
		for _, b := range mergeRanges(blocks) {
			r.f.AddRange(set, field, nft.Address(b.first), nft.Address(b.last))
		}
		ways = append(ways, nft.Rule{nft.In{Fields: field, Set: set}})
	}
	return ways
}

func (r rulePlan) matchPorts(ports []api.NetworkPolicyPort, receivers []*api.Pod) (ways []nft.Rule) {
	if len(ports) == 0 {
		return []nft.Rule{{}} // all
	}
	numbers, names := r.name+"/ports", r.name+"/named-ports"
	byNumber, byName := false, false
	for _, p := range mergePorts(ports) {
		byNumber = true
		r.f.AddSet(numbers, nft.Set{Key: nodePortKey(), Interval: true})
		r.f.AddRange(numbers, nodePortKey(), nft.Join(transport(p.protocol), nft.Port(p.first)), nft.Join(transport(p.protocol), nft.Port(p.last)))
	}
	for _, p := range ports {
		if p.Port == nil || p.Port.Type != api.StringForm {
			continue
		}
		byName = true
		r.f.AddSet(names, nft.Set{Key: serviceKey()})
		protocol := api.Deref(p.Protocol, api.ProtocolTCP)
		for _, pod := range receivers {
			address, ok := addressOf(pod)
			if number, named := containerPort(pod, p.Port.StrVal, protocol); ok && named {
				r.f.AddElement(names, serviceKey(), nft.Join(nft.Address(address), transport(protocol), nft.Port(number)), nft.Verdict{})
			}
		}
	}
	if byNumber {
		ways = append(ways, nft.Rule{nft.In{Fields: nodePortKey(), Set: numbers}})
	}
	if byName {
		ways = append(ways, nft.Rule{nft.In{Fields: serviceKey(), Set: names}})
	}
	return ways
}

// selected are the pods that a policy is about.
func (p *policyPlan) selected(policy *api.NetworkPolicy) []*api.Pod {
	selector := api.SelectorOrNothing(&policy.Spec.PodSelector)
	var about []*api.Pod
	for _, pod := range p.pods {
		if pod.Namespace == policy.Namespace && selector.Matches(pod.Labels) {
			about = append(about, pod)
		}
	}
	return about
}

// receivers are the pods among peers; no peers are all pods.
func (p *policyPlan) receivers(namespace string, peers []api.NetworkPolicyPeer) []*api.Pod {
	if len(peers) == 0 {
		return p.pods
	}
	var found []*api.Pod
	for _, pod := range p.pods {
		if slices.ContainsFunc(peers, func(peer api.NetworkPolicyPeer) bool { return p.matches(namespace, &peer, pod) }) {
			found = append(found, pod)
		}
	}
	return found
}

func (p *policyPlan) matches(namespace string, peer *api.NetworkPolicyPeer, pod *api.Pod) bool {
	if peer.IPBlock != nil {
		return false
	}
	if peer.NamespaceSelector == nil {
		if pod.Namespace != namespace {
			return false
		}
	} else if ns := p.namespaces[pod.Namespace]; ns == nil || !selects(peer.NamespaceSelector, ns.Labels) {
		return false
	}
	return peer.PodSelector == nil || selects(peer.PodSelector, pod.Labels)
}

func selects(s *api.LabelSelector, labels map[string]string) bool {
	return api.SelectorOrNothing(s).Matches(labels)
}

// containerPort is the number of a port that a pod names.
func containerPort(pod *api.Pod, name string, protocol api.Protocol) (uint16, bool) {
	for _, containers := range [][]api.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			for _, port := range containers[i].Ports {
				if port.Name == name && cmp.Or(port.Protocol, api.ProtocolTCP) == protocol {
					return uint16(port.ContainerPort), true
				}
			}
		}
	}
	return 0, false
}

// longestName is what the kernel allows for the name of a set, with room for what is appended to a policy's.
const longestName = 220

// chainName keeps names within what the kernel allows, and different.
func chainName(name string) string {
	if len(name) <= longestName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:longestName-17] + "-" + hex.EncodeToString(sum[:8])
}
