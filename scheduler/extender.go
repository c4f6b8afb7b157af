package scheduler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"kubelite/api"
)

// extender is a program that has a say in decisions by answering HTTP requests: which of the nodes that passed every plugin will
// do, how good they are, and who may be sent away; and it may bind pods itself. A plugin is a part of the scheduler. An extender
// can be anything that serves HTTP, and is asked once about all nodes, since each question takes its time: the scheduler waits.
//
// What is sent and answered follows k8s.io/kube-scheduler/extender/v1.
type extender struct {
	config ExtenderConfig
	client *http.Client
}

// extenderName stands for all of them where the plugins are named that rejected a pod. Any change may help it.
const extenderName = "Extender"

// interested tells whether the extender is to be asked about the pod.
func (e *extender) interested(pod *api.Pod) bool {
	if len(e.config.ManagedResources) == 0 {
		return true
	}
	for _, containers := range [][]api.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			for _, r := range e.config.ManagedResources {
				_, requested := containers[i].Resources.Requests[r.Name]
				_, limited := containers[i].Resources.Limits[r.Name]
				if requested || limited {
					return true
				}
			}
		}
	}
	return false
}

// extenderArgs ask about nodes: by name, if the extender knows them.
type extenderArgs struct {
	Pod       *api.Pod
	Nodes     *extenderNodes
	NodeNames *[]string
}

type extenderNodes struct {
	Items []*api.Node `json:"items"`
}

func (e *extender) args(pod *api.Pod, nodes []*nodeInfo) *extenderArgs {
	args := &extenderArgs{Pod: pod}
	if e.config.NodeCacheCapable {
		names := make([]string, len(nodes))
		for i, n := range nodes {
			names[i] = n.name
		}
		args.NodeNames = &names
		return args
	}
	args.Nodes = &extenderNodes{make([]*api.Node, len(nodes))}
	for i, n := range nodes {
		args.Nodes.Items[i] = n.node
	}
	return args
}

// filterAnswer names the nodes that will do, and says why others will not.
type filterAnswer struct {
	Nodes                      *struct{ Items []answeredNode }
	NodeNames                  *[]string
	FailedNodes                map[string]string
	FailedAndUnresolvableNodes map[string]string // nor would they if pods went
	Error                      string
}

type answeredNode struct{ Metadata struct{ Name string } }

// names are those of the nodes that will do. Who was not asked by name is not heard by name.
func (a *filterAnswer) names(e *extender) (names []string) {
	switch {
	case a.NodeNames != nil && e.config.NodeCacheCapable:
		return *a.NodeNames
	case a.Nodes != nil:
		for i := range a.Nodes.Items {
			names = append(names, a.Nodes.Items[i].Metadata.Name)
		}
	}
	return names
}

// inTurn asks the extenders that a verb concerns, one after the other, which of some things will do.
func inTurn[T any](c *cycle, things []T, verb func(*ExtenderConfig) string, ask func(*extender, *cycle, []T) ([]T, error)) ([]T, error) {
	for _, e := range c.profile.extenders {
		if len(things) == 0 || verb(&e.config) == "" || !e.interested(c.pod.pod) {
			continue
		}
		left, err := ask(e, c, things)
		if err != nil && e.config.Ignorable {
			continue
		}
		if err != nil {
			return nil, err
		}
		things = left
	}
	return things, nil
}

// extenderFilter asks which of the nodes will do. Those that will not get their status, like those that a plugin rejected.
func (c *cycle) extenderFilter(nodes []*nodeInfo) []*nodeInfo {
	nodes, err := inTurn(c, nodes, func(config *ExtenderConfig) string { return config.FilterVerb }, (*extender).filter)
	if err != nil {
		c.decision.failure = err.Error()
	}
	return nodes
}

func (e *extender) filter(c *cycle, nodes []*nodeInfo) ([]*nodeInfo, error) {
	var answer filterAnswer
	if err := e.ask(e.config.FilterVerb, e.args(c.pod.pod, nodes), &answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, errors.New(answer.Error)
	}
	asked := map[string]*nodeInfo{}
	for _, n := range nodes {
		asked[n.name] = n
	}
	var left []*nodeInfo
	for _, name := range answer.names(e) {
		n := asked[name]
		if n == nil {
			return nil, fmt.Errorf("extender %q claims a filtered node %q which is not found in the input node list", e.config.URLPrefix, name)
		}
		left = append(left, n)
		delete(asked, name)
	}
	for name, n := range asked { // that are left out
		st := reject(extenderName, unschedulable, "node(s) were left out by "+e.config.URLPrefix)
		if why, ok := answer.FailedNodes[name]; ok {
			st.reasons = []string{why}
		}
		if why, ok := answer.FailedAndUnresolvableNodes[name]; ok {
			st.verdict, st.reasons = unresolvable, []string{why}
		}
		c.statuses[n.position] = st
	}
	return left, nil
}

// maxExtenderScore is the best that an extender can say of a node.
const maxExtenderScore = 10

// extenderScores asks the extenders, all at once, how good the nodes are. One that does not answer has no opinion.
func (c *cycle) extenderScores(nodes []*nodeInfo, ranked []rankedNode) {
	answers := make([][]struct {
		Host  string
		Score int64
	}, len(c.profile.extenders))
	var all sync.WaitGroup
	for i, e := range c.profile.extenders {
		if e.config.PrioritizeVerb != "" && e.interested(c.pod.pod) {
			all.Go(func() {
				if e.ask(e.config.PrioritizeVerb, e.args(c.pod.pod, nodes), &answers[i]) != nil {
					answers[i] = nil
				}
			})
		}
	}
	all.Wait()
	for i, e := range c.profile.extenders {
		if answers[i] == nil {
			continue
		}
		given := map[string]int64{}
		for _, a := range answers[i] {
			given[a.Host] = a.Score * e.config.Weight * (maxNodeScore / maxExtenderScore)
		}
		scores := make([]int64, len(nodes))
		for j, n := range nodes {
			scores[j] = given[n.name]
			ranked[j].total += scores[j]
		}
		c.decision.Plugins = append(c.decision.Plugins, e.config.URLPrefix)
		c.decision.scores = append(c.decision.scores, scores)
	}
}

// extenderVictims are the pods that would have to leave a node: whole, or for an extender that knows them by UID.
type extenderVictims[P any] struct {
	Pods             []P
	NumPDBViolations int
}

type podUID struct{ UID api.UID }

// victimsBy are the victims on each of the candidates' nodes, in the form that an extender knows them by.
func victimsBy[P any](candidates []candidate, form func(*podInfo) P) map[string]extenderVictims[P] {
	by := map[string]extenderVictims[P]{}
	for _, candidate := range candidates {
		victims := extenderVictims[P]{NumPDBViolations: candidate.violations}
		for _, v := range candidate.victims {
			victims.Pods = append(victims.Pods, form(v))
		}
		by[candidate.node.name] = victims
	}
	return by
}

// extenderPreemption asks which of the candidates will do, and who would have to go there.
func (c *cycle) extenderPreemption(candidates []candidate) ([]candidate, error) {
	return inTurn(c, candidates, func(config *ExtenderConfig) string { return config.PreemptVerb }, (*extender).preempt)
}

func (e *extender) preempt(c *cycle, candidates []candidate) (left []candidate, err error) {
	args := struct {
		Pod                   *api.Pod
		NodeNameToVictims     map[string]extenderVictims[*api.Pod]
		NodeNameToMetaVictims map[string]extenderVictims[podUID]
	}{Pod: c.pod.pod}
	if e.config.NodeCacheCapable {
		args.NodeNameToMetaVictims = victimsBy(candidates, func(v *podInfo) podUID { return podUID{v.pod.UID} })
	} else {
		args.NodeNameToVictims = victimsBy(candidates, func(v *podInfo) *api.Pod { return v.pod })
	}
	var answer struct {
		NodeNameToMetaVictims map[string]*extenderVictims[podUID]
	}
	if err := e.ask(e.config.PreemptVerb, &args, &answer); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(answer.NodeNameToMetaVictims)) {
		n, victims := c.cache.byName[name], answer.NodeNameToMetaVictims[name]
		switch {
		case n == nil || n.node == nil:
			return nil, fmt.Errorf("nodeinfo not found for node name %q", name)
		case (victims == nil || len(victims.Pods) == 0) && e.config.Ignorable:
			continue
		case victims == nil || len(victims.Pods) == 0:
			return nil, fmt.Errorf("expected at least one victim pod on node %q", name)
		}
		chosen := candidate{node: n, violations: victims.NumPDBViolations}
		for _, v := range victims.Pods {
			p := n.pod(v.UID)
			if p == nil {
				return nil, fmt.Errorf("extender: %v claims to preempt pod (UID: %v) on node: %v, but the pod is not found on that node", e.config.URLPrefix, v.UID, name)
			}
			chosen.victims = append(chosen.victims, p)
		}
		slices.SortStableFunc(chosen.victims, byImportance)
		left = append(left, chosen)
	}
	return left, nil
}

// extenderBinder lets the extender bind that wants to, if it is interested in the pod.
type extenderBinder struct {
	bindPlugin
	extender *extender
}

func (b *extenderBinder) Bind(ctx context.Context, p *podInfo, node string) error {
	if !b.extender.interested(p.pod) {
		return b.bindPlugin.Bind(ctx, p, node)
	}
	args := struct {
		PodName, PodNamespace string
		PodUID                api.UID
		Node                  string
	}{p.pod.Name, p.pod.Namespace, p.pod.UID, node}
	var answer struct{ Error string }
	err := b.extender.ask(b.extender.config.BindVerb, &args, &answer)
	if err == nil && answer.Error != "" {
		err = errors.New(answer.Error)
	}
	if err != nil && b.extender.config.Ignorable {
		return b.bindPlugin.Bind(ctx, p, node)
	}
	return err
}

// ask posts a question to one of the extender's verbs and reads the answer, in which upper and lower case make no difference.
func (e *extender) ask(verb string, question, answer any) error {
	body, err := api.MarshalJSON(question)
	if err != nil {
		return err
	}
	url := strings.TrimRight(e.config.URLPrefix, "/") + "/" + verb
	res, err := e.client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // what was read is good, or it was not
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("failed %v with extender at URL %v, code %v", verb, url, res.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxExtenderAnswer))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, answer)
}

// maxExtenderAnswer bounds what is read: five thousand nodes are less.
const maxExtenderAnswer = 256 << 20
