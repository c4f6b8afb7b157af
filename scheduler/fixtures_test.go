package scheduler

import (
	"fmt"
	"maps"
	"slices"

	"kubelite/api"
)

// node makes a node with 4 CPUs, 8Gi and room for 10 pods, changed by the given functions.
func node(name string, changes ...func(*api.Node)) *api.Node {
	n := &api.Node{ObjectMeta: api.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name}}}
	n.Status.Allocatable = list("cpu", "4", "memory", "8Gi", "pods", "10")
	for _, change := range changes {
		change(n)
	}
	return n
}

func list(pairs ...string) api.ResourceList {
	l := api.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		l[api.ResourceName(pairs[i])] = api.MustParse(pairs[i+1])
	}
	return l
}

func cordoned(n *api.Node) { n.Spec.Unschedulable = true }

func tainted(key string, effect api.TaintEffect) func(*api.Node) {
	return func(n *api.Node) {
		n.Spec.Taints = append(n.Spec.Taints, api.Taint{Key: key, Value: "yes", Effect: effect})
	}
}

func labelled(key, value string) func(*api.Node) {
	return func(n *api.Node) { n.Labels[key] = value }
}

var serial int

// pod makes a pod of one container that requests the given resources.
func pod(requests api.ResourceList, changes ...func(*api.Pod)) *api.Pod {
	serial++
	name := fmt.Sprintf("p%d", serial)
	p := &api.Pod{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name, UID: api.UID(name)}}
	p.Spec.Containers = []api.Container{{Name: "c", Resources: api.ResourceRequirements{Requests: requests}}}
	for _, change := range changes {
		change(p)
	}
	return p
}

func tolerating(key string, operator api.TolerationOperator, value string, effect api.TaintEffect) func(*api.Pod) {
	return func(p *api.Pod) {
		p.Spec.Tolerations = append(p.Spec.Tolerations, api.Toleration{Key: key, Operator: operator, Value: value, Effect: effect})
	}
}

func selecting(key, value string) func(*api.Pod) {
	return func(p *api.Pod) { p.Spec.NodeSelector = map[string]string{key: value} }
}

func requiring(key string, operator api.NodeSelectorOperator, values ...string) func(*api.Pod) {
	return func(p *api.Pod) {
		p.Spec.Affinity = &api.Affinity{NodeAffinity: &api.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &api.NodeSelector{
			NodeSelectorTerms: []api.NodeSelectorTerm{{MatchExpressions: []api.NodeSelectorRequirement{{Key: key, Operator: operator, Values: values}}}},
		}}}
	}
}

func onHostPort(port int32, ip string) func(*api.Pod) {
	return func(p *api.Pod) {
		p.Spec.Containers[0].Ports = []api.ContainerPort{{HostPort: port, HostIP: ip, Protocol: api.ProtocolTCP}}
	}
}

// world is a cluster for one decision, built up with its methods.
type world struct {
	cache     *cache
	nominator *nominator
	kit       *kit
	args      *pluginArgs
}

// worldOf is a cluster of these nodes.
func worldOf(nodes ...*api.Node) *world {
	k := &kit{
		claims: objects[*api.PersistentVolumeClaim]{}, volumes: objects[*api.PersistentVolume]{}, classes: objects[*api.StorageClass]{},
		namespaces: objects[*api.Namespace]{}, services: objects[*api.Service]{}, replicationControllers: objects[*api.ReplicationController]{},
		replicaSets: objects[*api.ReplicaSet]{}, statefulSets: objects[*api.StatefulSet]{}, budgets: objects[*api.PodDisruptionBudget]{},
		csiNodes: objects[*api.CSINode]{}, csiDrivers: objects[*api.CSIDriver]{}, capacities: objects[*api.CSIStorageCapacity]{}, attachments: objects[*api.VolumeAttachment]{},
		deviceClaims: objects[*api.ResourceResourceClaim]{}, devices: published{objects[*api.DeviceClass]{}, objects[*api.ResourceSlice]{}}, held: newDeviceClaims(),
	}
	k.volumeBinding = newVolumeBinding(k)
	args, err := readArgs(nil)
	if err != nil {
		panic(err)
	}
	w := &world{cache: newCache(), nominator: newNominator(), kit: k, args: args}
	for _, n := range nodes {
		w.cache.setNode(nil, n)
	}
	w.cache.begin()
	return w
}

// run puts pods on a node.
func (w *world) run(node string, pods ...*api.Pod) *world {
	for _, p := range pods {
		p.Spec.NodeName = node
		w.cache.setPod(nil, p)
	}
	return w
}

// with adds objects that plugins look up.
func (w *world) with(objs ...api.Object) *world {
	for _, obj := range objs {
		switch o := obj.(type) {
		case *api.PersistentVolumeClaim:
			w.kit.claims.(objects[*api.PersistentVolumeClaim])[o.Key()] = o
		case *api.PersistentVolume:
			w.kit.volumes.(objects[*api.PersistentVolume])[o.Key()] = o
		case *api.StorageClass:
			w.kit.classes.(objects[*api.StorageClass])[o.Key()] = o
		case *api.Namespace:
			w.kit.namespaces.(objects[*api.Namespace])[o.Key()] = o
		case *api.Service:
			w.kit.services.(objects[*api.Service])[o.Key()] = o
		case *api.ReplicaSet:
			w.kit.replicaSets.(objects[*api.ReplicaSet])[o.Key()] = o
		case *api.PodDisruptionBudget:
			w.kit.budgets.(objects[*api.PodDisruptionBudget])[o.Key()] = o
		case *api.CSINode:
			w.kit.csiNodes.(objects[*api.CSINode])[o.Key()] = o
		case *api.CSIDriver:
			w.kit.csiDrivers.(objects[*api.CSIDriver])[o.Key()] = o
		case *api.CSIStorageCapacity:
			w.kit.capacities.(objects[*api.CSIStorageCapacity])[o.Key()] = o
		case *api.VolumeAttachment:
			w.kit.attachments.(objects[*api.VolumeAttachment])[o.Key()] = o
		case *api.ResourceResourceClaim:
			w.kit.deviceClaims.(objects[*api.ResourceResourceClaim])[o.Key()] = o
			w.kit.held.show(o)
		case *api.DeviceClass:
			w.kit.devices.(published).classes[o.Key()] = o
		case *api.ResourceSlice:
			w.kit.devices.(published).slices[o.Key()] = o
		}
	}
	return w
}

// cycle begins an attempt to place a pod.
func (w *world) cycle(p *api.Pod) *cycle {
	plugins := defaultPlugins(w.kit, w.args)
	profile, err := newProfile(DefaultName, func(string) []weighted { return plugins })
	if err != nil {
		panic(err)
	}
	w.cache.begin()
	return &cycle{pod: newPodInfo(p), profile: profile, cache: w.cache, nominator: w.nominator}
}

// decide is the whole attempt.
func (w *world) decide(p *api.Pod) *decision { return w.cycle(p).find() }

// outcome is the chosen node, or the message.
func (w *world) outcome(p *api.Pod) string {
	d := w.decide(p)
	if d.Node != "" {
		return d.Node
	}
	return d.message()
}

// scoresOf are what one plugin gives each of the listed nodes, times its weight; nil if it has no opinion.
func (w *world) scoresOf(plugin string, p *api.Pod) map[string]int64 {
	d := w.decide(p)
	at := slices.Index(d.Plugins, plugin)
	if at < 0 {
		return nil
	}
	scores := map[string]int64{}
	for _, r := range d.Results {
		if len(r.Scores) > at {
			scores[r.Node] = r.Scores[at]
		}
	}
	return scores
}

// objects is a lister of what it holds.
type objects[T api.Object] map[api.Key]T

// Get finds one by key.
func (o objects[T]) Get(key api.Key) (T, bool) {
	obj, ok := o[key]
	return obj, ok
}

// List finds those of a namespace.
func (o objects[T]) List(namespace string, _ api.Selector) []T {
	return slices.Collect(func(yield func(T) bool) {
		for obj := range maps.Values(o) {
			if namespace == "" || obj.GetObjectMeta().Namespace == namespace {
				if !yield(obj) {
					return
				}
			}
		}
	})
}

// published is what drivers of devices publish.
type published struct {
	classes objects[*api.DeviceClass]
	slices  objects[*api.ResourceSlice]
}

func (p published) Class(name string) (*api.DeviceClass, bool) {
	return p.classes.Get(api.Key{Name: name})
}

func (p published) OnNode(node string) []*api.ResourceSlice {
	return p.where(func(s *api.ResourceSlice) bool { return api.Deref(s.Spec.NodeName, "") == node })
}

func (p published) Shared() []*api.ResourceSlice { return p.OnNode("") }

func (p published) OfPool(driver, pool string) []*api.ResourceSlice {
	return p.where(func(s *api.ResourceSlice) bool { return s.Spec.Driver == driver && s.Spec.Pool.Name == pool })
}

func (p published) ClassFor(resource api.ResourceName) (*api.DeviceClass, bool) {
	return newestClass(slices.DeleteFunc(p.classes.List("", nil), func(c *api.DeviceClass) bool {
		return api.Deref(c.Spec.ExtendedResourceName, "") != string(resource)
	}))
}

func (p published) where(ok func(*api.ResourceSlice) bool) []*api.ResourceSlice {
	return slices.DeleteFunc(p.slices.List("", nil), func(s *api.ResourceSlice) bool { return !ok(s) })
}

func named(name string) func(*api.Pod) {
	return func(p *api.Pod) { p.Name, p.UID = name, api.UID(name) }
}

func podLabelled(key, value string) func(*api.Pod) {
	return func(p *api.Pod) {
		if p.Labels == nil {
			p.Labels = map[string]string{}
		}
		p.Labels[key] = value
	}
}

func ofPriority(priority int32) func(*api.Pod) {
	return func(p *api.Pod) { p.Spec.Priority = &priority }
}

func inNamespace(ns string) func(*api.Pod) { return func(p *api.Pod) { p.Namespace = ns } }

func inZone(zone string) func(*api.Node) { return labelled("topology.kubernetes.io/zone", zone) }

const zoneKey = "topology.kubernetes.io/zone"

func app(name string) *api.LabelSelector {
	return &api.LabelSelector{MatchLabels: map[string]string{"app": name}}
}

func near(name, topologyKey string) func(*api.Pod) {
	return func(p *api.Pod) {
		affinity(p).PodAffinity = &api.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []api.PodAffinityTerm{{LabelSelector: app(name), TopologyKey: topologyKey}}}
	}
}

func awayFrom(name, topologyKey string) func(*api.Pod) {
	return func(p *api.Pod) {
		affinity(p).PodAntiAffinity = &api.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []api.PodAffinityTerm{{LabelSelector: app(name), TopologyKey: topologyKey}}}
	}
}

func affinity(p *api.Pod) *api.Affinity {
	if p.Spec.Affinity == nil {
		p.Spec.Affinity = &api.Affinity{}
	}
	return p.Spec.Affinity
}

// replicaSet selects the pods that ownedBy makes.
func replicaSet(name string) *api.ReplicaSet {
	return &api.ReplicaSet{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name}, Spec: api.ReplicaSetSpec{Selector: app(name)}}
}

func ownedBy(replicaSet string) func(*api.Pod) {
	return func(p *api.Pod) {
		podLabelled("app", replicaSet)(p)
		p.OwnerReferences = []api.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: replicaSet, Controller: api.Ptr(true)}}
	}
}

func using(claim string) func(*api.Pod) {
	return func(p *api.Pod) {
		p.Spec.Volumes = append(p.Spec.Volumes, api.Volume{Name: claim, VolumeSource: api.VolumeSource{PersistentVolumeClaim: &api.PersistentVolumeClaimVolumeSource{ClaimName: claim}}})
	}
}
