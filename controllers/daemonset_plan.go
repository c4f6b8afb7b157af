package controllers

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
)

// Which nodes want a DaemonSet's pod, what is created and deleted next, and what the pods are like: pure functions.

// daemonPlace is a node, with what the DaemonSet has on it and should have.
type daemonPlace struct {
	name     string
	exists   bool // whether there is such a node
	mayStart bool // whether a pod may be made for it
	mayStay  bool // whether one that is there may go on. A taint NoSchedule keeps new ones off and lets old ones stay
	pods     []*api.Pod
}

// daemonPlan is the next step of a DaemonSet.
type daemonPlan struct {
	create []daemonCreate
	remove []daemonRemove
	failed []daemonRemove // which back-off may hold back
	wait   string         // for what, if the step is to wait
}

type daemonCreate struct{ place, why string }

type daemonRemove struct {
	place string
	pod   *api.Pod
	why   string
}

func (p *daemonPlan) add(place *daemonPlace, why string) {
	p.create = append(p.create, daemonCreate{place.name, why})
}

func (p *daemonPlan) drop(place *daemonPlace, pod *api.Pod, why string) {
	p.remove = append(p.remove, daemonRemove{place.name, pod, why})
}

// daemonPlaces sorts the pods by the node that each is for. The places come in the order of their names.
func daemonPlaces(ds *api.DaemonSet, nodes []*api.Node, pods []*api.Pod) []*daemonPlace {
	spec := daemonPodSpec(ds)
	byName := map[string]*daemonPlace{}
	for _, node := range nodes {
		place := &daemonPlace{name: node.Name, exists: true}
		place.mayStart, place.mayStay = daemonFits(&spec, node)
		byName[node.Name] = place
	}
	for _, pod := range pods {
		if podEnded(pod) && pod.DeletionTimestamp != nil {
			continue // only a finalizer holds it: nothing is left to be done here
		}
		name := targetNode(pod)
		if name == "" {
			continue
		}
		if byName[name] == nil {
			byName[name] = &daemonPlace{name: name}
		}
		byName[name].pods = append(byName[name].pods, pod)
	}
	for _, place := range byName {
		slices.SortFunc(place.pods, compareDaemonPods)
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b *daemonPlace) int { return strings.Compare(a.name, b.name) })
}

// compareDaemonPods puts those first that have their node, then the oldest.
func compareDaemonPods(a, b *api.Pod) int {
	unassigned := func(pod *api.Pod) int {
		if pod.Spec.NodeName == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(unassigned(a), unassigned(b)), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
}

// daemonFits tells whether the pod may start on the node, and whether it may stay there. No node: neither.
func daemonFits(spec *api.PodSpec, node *api.Node) (mayStart, mayStay bool) {
	if node == nil || spec.NodeName != "" && spec.NodeName != node.Name || !api.FitsNode(spec, node) {
		return false, false
	}
	mayStart, mayStay = true, true
	for i := range node.Spec.Taints {
		taint := &node.Spec.Taints[i]
		if api.Tolerates(spec.Tolerations, taint) {
			continue
		}
		switch taint.Effect {
		case api.TaintEffectNoSchedule:
			mayStart = false
		case api.TaintEffectNoExecute:
			mayStart, mayStay = false, false
		}
	}
	return mayStart, mayStay
}

// targetNode is the node that the pod runs on, or is made for while the scheduler has not bound it yet.
func targetNode(pod *api.Pod) string {
	if pod.Spec.NodeName != "" {
		return pod.Spec.NodeName
	}
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil || pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, field := range term.MatchFields {
			if field.Key == fieldNodeName && field.Operator == api.NodeSelectorOpIn && len(field.Values) == 1 {
				return field.Values[0]
			}
		}
	}
	return ""
}

const fieldNodeName = "metadata.name"

// planDaemons puts right what is wrong on each node. Only when nothing is, old pods are replaced.
func planDaemons(ds *api.DaemonSet, places []*daemonPlace, hash string, now time.Time) daemonPlan {
	var plan daemonPlan
	for _, place := range places {
		plan.settle(ds, place, hash, now)
	}
	if len(plan.create)+len(plan.remove)+len(plan.failed) == 0 && ds.Spec.UpdateStrategy.Type == api.RollingUpdateDaemonSetStrategyType {
		plan.replaceOldDaemons(ds, places, hash, now)
	}
	return plan
}

// settle sees to one node.
func (p *daemonPlan) settle(ds *api.DaemonSet, place *daemonPlace, hash string, now time.Time) {
	switch {
	case !place.exists:
		// A pod that was never bound has no node, and so nobody but us who would remove it.
		for _, pod := range place.pods {
			if pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil {
				p.drop(place, pod, fmt.Sprintf("there is no node %s any more", place.name))
			}
		}
	case place.mayStart && len(place.pods) == 0:
		p.add(place, place.name+" has no pod")
	case place.mayStay:
		p.keepOne(ds, place, hash, now)
	default:
		for _, pod := range place.pods {
			if pod.DeletionTimestamp == nil {
				p.drop(place, pod, fmt.Sprintf("%s must not run on %s any more", pod.Name, place.name))
			}
		}
	}
}

// keepOne leaves one pod on the node, or during an update with surge an old and a new one.
func (p *daemonPlan) keepOne(ds *api.DaemonSet, place *daemonPlace, hash string, now time.Time) {
	var running []*api.Pod // the oldest first
	for _, pod := range place.pods {
		switch {
		case pod.DeletionTimestamp != nil:
		case pod.Status.Phase == api.PodFailed:
			p.failed = append(p.failed, daemonRemove{place.name, pod, pod.Name + " has failed"})
		case pod.Status.Phase == api.PodSucceeded:
			p.drop(place, pod, pod.Name+" has ended, which a daemon should not")
		default:
			running = append(running, pod)
		}
	}
	surge, _ := daemonLimit(ds, func(r *api.RollingUpdateDaemonSet) *api.IntOrString { return r.MaxSurge }, 1)
	if surge == 0 {
		for i := 1; i < len(running); i++ {
			p.drop(place, running[i], place.name+" has more than one pod")
		}
		return
	}
	if len(running) == 0 && place.mayStart {
		p.add(place, place.name+" has no pod that is to stay")
		return
	}
	var current, old *api.Pod
	for _, pod := range running {
		switch isNew := daemonUpdated(ds, pod, hash); {
		case isNew && current == nil:
			current = pod
		case !isNew && old == nil:
			old = pod
		default:
			p.drop(place, pod, fmt.Sprintf("%s has more than one pod of a kind", place.name))
		}
	}
	if current == nil || old == nil {
		return
	}
	if _, ready := podReady(old); !ready {
		p.drop(place, old, fmt.Sprintf("%s is old and not ready, and %s is to replace it", old.Name, current.Name))
	} else if _, available := podAvailable(current, ds.Spec.MinReadySeconds, now); available {
		p.drop(place, old, fmt.Sprintf("%s is old, and %s replaces it", old.Name, current.Name))
	}
}

// daemonUpdated tells whether the pod was made from the present template.
func daemonUpdated(ds *api.DaemonSet, pod *api.Pod, hash string) bool {
	if pod.Labels[api.LabelControllerRevisionHash] == hash {
		return true
	}
	generation, ok := templateGeneration(ds)
	return ok && pod.Labels[labelTemplateGeneration] == generation
}

// labelTemplateGeneration is on pods: how often their DaemonSet's template had changed when they were made.
const labelTemplateGeneration = "pod-template-generation"

func templateGeneration(ds *api.DaemonSet) (generation string, ok bool) {
	n, err := strconv.ParseInt(ds.Annotations[api.AnnotationTemplateGeneration], 10, 64)
	return strconv.FormatInt(n, 10), err == nil
}

// daemonPodSpec is the template's with the tolerations that every daemon has: it goes on through the troubles of its node,
// for it may be what mends them.
func daemonPodSpec(ds *api.DaemonSet) api.PodSpec {
	spec := ds.Spec.Template.Spec
	spec.Tolerations = slices.Clone(spec.Tolerations)
	troubles := []api.Toleration{
		{Key: "node.kubernetes.io/not-ready", Effect: api.TaintEffectNoExecute},
		{Key: "node.kubernetes.io/unreachable", Effect: api.TaintEffectNoExecute},
		{Key: "node.kubernetes.io/disk-pressure", Effect: api.TaintEffectNoSchedule},
		{Key: "node.kubernetes.io/memory-pressure", Effect: api.TaintEffectNoSchedule},
		{Key: "node.kubernetes.io/pid-pressure", Effect: api.TaintEffectNoSchedule},
		{Key: "node.kubernetes.io/unschedulable", Effect: api.TaintEffectNoSchedule},
	}
	if spec.HostNetwork {
		troubles = append(troubles, api.Toleration{Key: "node.kubernetes.io/network-unavailable", Effect: api.TaintEffectNoSchedule})
	}
	for _, t := range troubles {
		t.Operator = api.TolerationOpExists
		same := func(other api.Toleration) bool {
			return other.Key == t.Key && other.Effect == t.Effect && other.Operator == t.Operator && other.Value == t.Value
		}
		if i := slices.IndexFunc(spec.Tolerations, same); i >= 0 {
			spec.Tolerations[i] = t // without a limit in time
		} else {
			spec.Tolerations = append(spec.Tolerations, t)
		}
	}
	return spec
}

// daemonPod makes the pod for a node. The scheduler could place it nowhere else.
func daemonPod(ds *api.DaemonSet, node, hash string) *api.Pod {
	template := &ds.Spec.Template
	pod := &api.Pod{
		ObjectMeta: api.ObjectMeta{
			GenerateName: podNamePrefix(ds.Name), Namespace: ds.Namespace,
			Labels: maps.Clone(template.Labels), Annotations: template.Annotations, Finalizers: template.Finalizers,
			OwnerReferences: []api.OwnerReference{api.NewControllerRef(ds)},
		},
		Spec: daemonPodSpec(ds),
	}
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[api.LabelControllerRevisionHash] = hash
	if generation, ok := templateGeneration(ds); ok {
		pod.Labels[labelTemplateGeneration] = generation
	}
	var affinity api.Affinity
	if pod.Spec.Affinity != nil {
		affinity = *pod.Spec.Affinity
	}
	var onNode api.NodeAffinity
	if affinity.NodeAffinity != nil {
		onNode = *affinity.NodeAffinity
	}
	// It replaces what the template asks for: that was seen to when the node was chosen.
	onNode.RequiredDuringSchedulingIgnoredDuringExecution = &api.NodeSelector{NodeSelectorTerms: []api.NodeSelectorTerm{
		{MatchFields: []api.NodeSelectorRequirement{{Key: fieldNodeName, Operator: api.NodeSelectorOpIn, Values: []string{node}}}},
	}}
	affinity.NodeAffinity = &onNode
	pod.Spec.Affinity = &affinity
	return pod
}

// daemonStatus counts the nodes, by the oldest pod of each. changesIn is when the next ready pod becomes available by the mere
// passing of minReadySeconds, 0 if none will: a new pod beside an old one, too, for the old one goes then.
func daemonStatus(ds *api.DaemonSet, places []*daemonPlace, hash string, now time.Time) (status api.DaemonSetStatus, changesIn time.Duration) {
	status = api.DaemonSetStatus{ObservedGeneration: ds.Generation, CollisionCount: ds.Status.CollisionCount, Conditions: ds.Status.Conditions}
	for _, place := range places {
		for _, pod := range place.pods {
			if in, _ := podAvailable(pod, ds.Spec.MinReadySeconds, now); in > 0 && (changesIn == 0 || in < changesIn) {
				changesIn = in
			}
		}
		switch {
		case !place.exists:
			continue
		case !place.mayStart:
			if len(place.pods) > 0 {
				status.NumberMisscheduled++
			}
			continue
		}
		status.DesiredNumberScheduled++
		if len(place.pods) == 0 {
			continue
		}
		status.CurrentNumberScheduled++
		pod := place.pods[0]
		if _, ready := podReady(pod); ready {
			status.NumberReady++
			if _, available := podAvailable(pod, ds.Spec.MinReadySeconds, now); available {
				status.NumberAvailable++
			}
		}
		if daemonUpdated(ds, pod, hash) {
			status.UpdatedNumberScheduled++
		}
	}
	status.NumberUnavailable = status.DesiredNumberScheduled - status.NumberAvailable
	return status, changesIn
}

// liveRevisions are those that a pod was made from, and the present one.
func liveRevisions(past *revisions, present *api.ControllerRevision, pods []*api.Pod) map[string]bool {
	hashes := map[string]bool{}
	for _, pod := range pods {
		hashes[pod.Labels[api.LabelControllerRevisionHash]] = true
	}
	live := map[string]bool{present.Name: true}
	for _, r := range past.all {
		live[r.Name] = live[r.Name] || hashes[r.Labels[daemonHashLabel]]
	}
	return live
}
