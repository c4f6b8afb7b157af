package clients

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
)

// scenario is a cluster in which one pod, the probe, looks for a node.
type scenario struct {
	profile string // of the scheduler
	nodes   []*v1.Node
	others  []runtime.Object // what pods use, and what is about them
	placed  []*v1.Pod        // have their nodes already
	probe   *v1.Pod
}

// objects are all but the probe.
func (s *scenario) objects() (all []*unstructured.Unstructured) {
	for _, n := range s.nodes {
		all = append(all, generic(n))
	}
	for _, o := range s.others {
		all = append(all, generic(o))
	}
	for _, p := range s.placed {
		all = append(all, generic(p))
	}
	return all
}

// generic is the object as one of no type, which knows its kind.
func generic(o runtime.Object) *unstructured.Unstructured {
	kinds, _, err := scheme.Scheme.ObjectKinds(o)
	if err != nil {
		panic(err) // only upstream's types are made here
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		panic(err)
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(kinds[0])
	return u
}

// String is what to apply to see it oneself.
func (s *scenario) String() string {
	text, err := json.MarshalIndent(append(s.objects(), generic(s.probe)), "", " ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// chance draws what scenarios are made of.
type chance struct{ *rand.Rand }

func (c chance) in(n int) bool { return c.IntN(n) == 0 } // one time in n

func pick[T any](c chance, of ...T) T { return of[c.IntN(len(of))] }

const (
	schedulingNamespace      = "scheduling"
	otherSchedulingNamespace = "scheduling-other" // labelled team=other
	gpu                      = "example.com/gpu"

	heavyRuntime = "heavy" // a RuntimeClass with overhead

	// Names of PriorityClasses. The last does not preempt.
	lowPriority, highPriority, politePriority = "low", "high", "polite"
)

// newScenario always makes the same of a seed.
func newScenario(seed uint64) *scenario {
	c := chance{rand.New(rand.NewPCG(seed, 1))}
	s := &scenario{profile: pick(c, "default", "default", "packing", "curve", "bare")}
	for i := range 2 + c.IntN(5) {
		s.nodes = append(s.nodes, c.node(fmt.Sprintf("n%d", i)))
	}
	for i := range c.IntN(12) {
		pod := c.pod(fmt.Sprintf("placed-%d", i), 4)
		pod.Spec.NodeName = pick(c, s.nodes...).Name
		s.keepPorts(pod)
		started := metav1.NewTime(time.Date(2026, 1, 1, 0, (i*7)%12, 0, 0, time.UTC)) // no two alike: of two nodes that could be cleared, it decides
		pod.Status.StartTime = &started
		if c.in(6) {
			c.resize(pod)
		}
		s.placed = append(s.placed, pod)
	}
	for i := range c.IntN(3) {
		app := pick(c, "a", "b", "c")
		s.others = append(s.others, &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("budget-%d", i), Namespace: schedulingNamespace},
			Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: &intstr.IntOrString{IntVal: 1},
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}},
			Status: policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: int32(c.IntN(2)), ObservedGeneration: 1},
		})
	}
	if c.in(3) {
		app := map[string]string{"app": pick(c, "a", "b", "c")}
		s.others = append(s.others, &v1.Service{ObjectMeta: metav1.ObjectMeta{Name: "service", Namespace: schedulingNamespace},
			Spec: v1.ServiceSpec{Selector: app, Ports: []v1.ServicePort{{Port: 80}}}})
	}
	s.probe = c.pod("probe", 2)
	s.probe.Namespace, s.probe.Spec.Resources = schedulingNamespace, nil // upstream's NodeResourcesFit scores by the requests of containers alone
	if c.in(2) {
		s.probe.Spec.PriorityClassName = highPriority
	}
	if c.in(4) {
		c.storage(s)
	} else if c.in(4) {
		c.devices(s)
	}
	return s
}

func (c chance) node(name string) *v1.Node {
	n := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1.LabelHostname: name}}}
	if !c.in(6) {
		n.Labels[v1.LabelTopologyZone] = pick(c, "z1", "z2", "z3")
	}
	if !c.in(3) {
		n.Labels["disk"] = pick(c, "ssd", "hdd")
	}
	if !c.in(3) {
		n.Labels["tier"] = pick(c, "1", "2", "3", "x")
	}
	for _, key := range []string{"dedicated", "flaky"} {
		if c.in(5) {
			n.Spec.Taints = append(n.Spec.Taints, v1.Taint{Key: key, Value: pick(c, "", "yes", "no"), Effect: pick(c, v1.TaintEffectNoSchedule, v1.TaintEffectPreferNoSchedule, v1.TaintEffectNoExecute)})
		}
	}
	n.Spec.Unschedulable = c.in(10)
	room := v1.ResourceList{
		v1.ResourceCPU:              resource.MustParse(pick(c, "1", "2", "3500m", "4")),
		v1.ResourceMemory:           resource.MustParse(pick(c, "1Gi", "2Gi", "3000M", "8Gi")),
		v1.ResourceEphemeralStorage: resource.MustParse(pick(c, "1Gi", "20Gi")),
		v1.ResourcePods:             resource.MustParse(pick(c, "110", "110", "110", "2")),
	}
	if c.in(3) {
		room[gpu] = resource.MustParse(pick(c, "0", "1", "2", "4"))
	}
	n.Status = v1.NodeStatus{Capacity: room, Allocatable: room, Conditions: []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue}}}
	if !c.in(4) {
		n.Status.DeclaredFeatures = []string{"RestartAllContainersOnContainerExits"}
	}
	if c.in(3) {
		n.Status.Images = append(n.Status.Images, v1.ContainerImage{Names: []string{"docker.io/library/big:1"}, SizeBytes: int64(50+c.IntN(900)) << 20})
	}
	if c.in(3) {
		n.Status.Images = append(n.Status.Images, v1.ContainerImage{Names: []string{"docker.io/library/small:1"}, SizeBytes: int64(1+c.IntN(60)) << 20})
	}
	return n
}

// pod makes one that demands something one time in so many that it could.
func (c chance) pod(name string, seldom int) *v1.Pod {
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: schedulingNamespace, Labels: map[string]string{"app": pick(c, "a", "b", "c")}}}
	if c.in(4) {
		p.Namespace = otherSchedulingNamespace
	}
	if c.in(2) {
		p.Labels["version"] = pick(c, "1", "2")
	}
	for i := range 1 + c.IntN(2) {
		p.Spec.Containers = append(p.Spec.Containers, c.container(fmt.Sprintf("c%d", i)))
	}
	if c.in(4) {
		init := c.container("init")
		init.Ports = nil
		if c.in(2) {
			always := v1.ContainerRestartPolicyAlways
			init.RestartPolicy = &always
		}
		p.Spec.InitContainers = append(p.Spec.InitContainers, init)
	}
	if c.in(8) {
		p.Spec.Resources = &v1.ResourceRequirements{Requests: v1.ResourceList{v1.ResourceCPU: resource.MustParse("2"), v1.ResourceMemory: resource.MustParse("4Gi")}}
	}
	if c.in(8) {
		heavy := heavyRuntime
		p.Spec.RuntimeClassName = &heavy
	}
	if c.in(20) {
		never, exit := v1.ContainerRestartPolicyNever, []int32{1}
		p.Spec.Containers[0].RestartPolicy = &never
		p.Spec.Containers[0].RestartPolicyRules = []v1.ContainerRestartRule{{Action: v1.ContainerRestartRuleActionRestartAllContainers,
			ExitCodes: &v1.ContainerRestartRuleOnExitCodes{Operator: v1.ContainerRestartRuleOnExitCodesOpIn, Values: exit}}}
	}
	if c.in(3) {
		p.Spec.PriorityClassName = pick(c, lowPriority, highPriority, politePriority)
	}
	for range c.IntN(3) {
		p.Spec.Tolerations = append(p.Spec.Tolerations, c.toleration())
	}
	if c.in(6 * seldom) {
		p.Spec.NodeSelector = map[string]string{"disk": pick(c, "ssd", "hdd")}
	}
	var affinity v1.Affinity
	if c.in(3 * seldom) {
		affinity.NodeAffinity = c.nodeAffinity()
	}
	if c.in(3 * seldom) {
		required, preferred := c.podAffinityTerms()
		affinity.PodAffinity = &v1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: required, PreferredDuringSchedulingIgnoredDuringExecution: preferred}
	}
	if c.in(3 * seldom) {
		required, preferred := c.podAffinityTerms()
		affinity.PodAntiAffinity = &v1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: required, PreferredDuringSchedulingIgnoredDuringExecution: preferred}
	}
	if affinity != (v1.Affinity{}) {
		p.Spec.Affinity = &affinity
	}
	if c.in(2 * seldom) {
		p.Spec.TopologySpreadConstraints = c.spreadConstraints()
	}
	return p
}

// keepPorts takes the host ports off a pod that another one has at its node: no two there can have the same.
func (s *scenario) keepPorts(p *v1.Pod) {
	for _, other := range s.placed {
		if other.Spec.NodeName != p.Spec.NodeName || !hasPorts(other) {
			continue
		}
		for i := range p.Spec.Containers {
			p.Spec.Containers[i].Ports = nil
		}
	}
}

func hasPorts(p *v1.Pod) bool {
	return slices.ContainsFunc(p.Spec.Containers, func(c v1.Container) bool { return len(c.Ports) > 0 })
}

// resize lets a pod have other resources than its spec says: its node has not changed them yet, or will not.
func (c chance) resize(p *v1.Pod) {
	for _, container := range p.Spec.Containers {
		has := v1.ResourceList{v1.ResourceCPU: resource.MustParse(pick(c, "100m", "1500m")), v1.ResourceMemory: resource.MustParse(pick(c, "64Mi", "1500Mi"))}
		status := v1.ContainerStatus{Name: container.Name, AllocatedResources: has, Resources: &v1.ResourceRequirements{Requests: has}}
		if c.in(3) {
			status.Resources.Requests = v1.ResourceList{v1.ResourceCPU: resource.MustParse("50m"), v1.ResourceMemory: resource.MustParse("2Gi")}
		}
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, status)
	}
	if c.in(2) {
		p.Status.Conditions = append(p.Status.Conditions, v1.PodCondition{Type: v1.PodResizePending, Status: v1.ConditionTrue, Reason: pick(c, v1.PodReasonInfeasible, v1.PodReasonDeferred)})
	}
}

func (c chance) container(name string) v1.Container {
	r := v1.Container{Name: name, Image: pick(c, "big:1", "small:1", "unknown:1", "big:1", "registry.example/other:2"), Resources: v1.ResourceRequirements{Requests: v1.ResourceList{}}}
	request := r.Resources.Requests
	if !c.in(3) {
		request[v1.ResourceCPU] = resource.MustParse(pick(c, "100m", "250m", "1", "2"))
	}
	if !c.in(3) {
		request[v1.ResourceMemory] = resource.MustParse(pick(c, "64Mi", "500M", "1Gi", "2Gi"))
	}
	if c.in(8) {
		request[v1.ResourceEphemeralStorage] = resource.MustParse(pick(c, "500Mi", "2Gi"))
	}
	if c.in(8) {
		amount := resource.MustParse(pick(c, "1", "2"))
		request[gpu] = amount
		r.Resources.Limits = v1.ResourceList{gpu: amount}
	}
	if c.in(8) {
		port := int32(pick(c, 8080, 8081))
		r.Ports = []v1.ContainerPort{{ContainerPort: port, HostPort: port, Protocol: pick(c, v1.ProtocolTCP, v1.ProtocolUDP), HostIP: pick(c, "", "127.0.0.1", "0.0.0.0")}}
	}
	return r
}

func (c chance) toleration() v1.Toleration {
	t := v1.Toleration{Key: pick(c, "dedicated", "flaky", "dedicated", v1.TaintNodeUnschedulable), Operator: pick(c, v1.TolerationOpExists, v1.TolerationOpEqual), Effect: pick(c, "", v1.TaintEffectNoSchedule, v1.TaintEffectPreferNoSchedule, v1.TaintEffectNoExecute)}
	if t.Operator == v1.TolerationOpEqual {
		t.Value = pick(c, "", "yes", "no")
	}
	if c.in(12) {
		return v1.Toleration{Operator: v1.TolerationOpExists}
	}
	return t
}

func (c chance) nodeTerm() v1.NodeSelectorTerm {
	var term v1.NodeSelectorTerm
	for range 1 + c.IntN(2) {
		key := pick(c, "disk", "tier", v1.LabelTopologyZone)
		values := map[string][]string{"disk": {"ssd"}, "tier": {"1", "2"}, v1.LabelTopologyZone: {"z1", "z2"}}[key]
		r := v1.NodeSelectorRequirement{Key: key, Operator: pick(c, v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn, v1.NodeSelectorOpExists, v1.NodeSelectorOpDoesNotExist)}
		if key == "tier" && c.in(2) {
			r.Operator, values = pick(c, v1.NodeSelectorOpGt, v1.NodeSelectorOpLt), []string{"2"}
		}
		if r.Operator != v1.NodeSelectorOpExists && r.Operator != v1.NodeSelectorOpDoesNotExist {
			r.Values = values
		}
		term.MatchExpressions = append(term.MatchExpressions, r)
	}
	if c.in(8) {
		term.MatchFields = []v1.NodeSelectorRequirement{{Key: "metadata.name", Operator: pick(c, v1.NodeSelectorOpIn, v1.NodeSelectorOpNotIn), Values: []string{pick(c, "n0", "n1", "gone")}}}
		if c.in(2) {
			term.MatchExpressions = nil
		}
	}
	return term
}

func (c chance) nodeAffinity() *v1.NodeAffinity {
	a := &v1.NodeAffinity{}
	if c.in(2) {
		a.RequiredDuringSchedulingIgnoredDuringExecution = &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{c.nodeTerm()}}
		if c.in(3) {
			terms := &a.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
			*terms = append(*terms, c.nodeTerm())
		}
	}
	for range c.IntN(3) {
		a.PreferredDuringSchedulingIgnoredDuringExecution = append(a.PreferredDuringSchedulingIgnoredDuringExecution,
			v1.PreferredSchedulingTerm{Weight: int32(1 + c.IntN(100)), Preference: c.nodeTerm()})
	}
	return a
}

func (c chance) selector() *metav1.LabelSelector {
	switch c.IntN(8) {
	case 0:
		return &metav1.LabelSelector{}
	case 1:
		return nil
	case 2:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"a"}}}}
	}
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(c, "a", "b", "c")}}
}

func (c chance) podAffinityTerms() (required []v1.PodAffinityTerm, preferred []v1.WeightedPodAffinityTerm) {
	term := func() v1.PodAffinityTerm {
		t := v1.PodAffinityTerm{TopologyKey: pick(c, v1.LabelTopologyZone, v1.LabelHostname, v1.LabelHostname, "disk"), LabelSelector: c.selector()}
		switch c.IntN(6) {
		case 0:
			t.Namespaces = []string{otherSchedulingNamespace}
		case 1:
			t.NamespaceSelector = &metav1.LabelSelector{}
		case 2:
			t.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "other"}}
		}
		if t.LabelSelector != nil && c.in(5) {
			if c.in(2) {
				t.MatchLabelKeys = []string{"version"}
			} else {
				t.MismatchLabelKeys = []string{"version"}
			}
		}
		return t
	}
	for range c.IntN(3) {
		required = append(required, term())
	}
	for range c.IntN(3) {
		preferred = append(preferred, v1.WeightedPodAffinityTerm{Weight: int32(1 + c.IntN(100)), PodAffinityTerm: term()})
	}
	return required, preferred
}

func (c chance) spreadConstraints() (constraints []v1.TopologySpreadConstraint) {
	type place struct {
		key  string
		when v1.UnsatisfiableConstraintAction
	}
	used := map[place]bool{}
	for range 1 + c.IntN(2) {
		at := place{pick(c, v1.LabelTopologyZone, v1.LabelHostname, "disk"), pick(c, v1.DoNotSchedule, v1.ScheduleAnyway)}
		if used[at] {
			continue
		}
		used[at] = true
		t := v1.TopologySpreadConstraint{MaxSkew: int32(1 + c.IntN(2)), TopologyKey: at.key, WhenUnsatisfiable: at.when, LabelSelector: c.selector()}
		if at.when == v1.DoNotSchedule && c.in(4) {
			domains := int32(1 + c.IntN(4))
			t.MinDomains = &domains
		}
		if c.in(4) {
			policy := pick(c, v1.NodeInclusionPolicyHonor, v1.NodeInclusionPolicyIgnore)
			t.NodeAffinityPolicy = &policy
		}
		if c.in(4) {
			policy := pick(c, v1.NodeInclusionPolicyHonor, v1.NodeInclusionPolicyIgnore)
			t.NodeTaintsPolicy = &policy
		}
		if t.LabelSelector != nil && c.in(5) {
			t.MatchLabelKeys = []string{"version"}
		}
		constraints = append(constraints, t)
	}
	return constraints
}
