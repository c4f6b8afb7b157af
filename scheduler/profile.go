package scheduler

import (
	"fmt"
	"log/slog"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// defaultPlugins are the plugins of a profile that nobody configured: upstream's, in upstream's order and with its weights.
// Filters run in this order, and the first no counts.
func defaultPlugins(k *kit, args *pluginArgs) []weighted {
	return []weighted{
		{plugin: &schedulingGates{}},
		{plugin: &prioritySort{}},
		{plugin: &nodeUnschedulable{}},
		{plugin: &nodeName{}},
		{plugin: &taintToleration{}, weight: 3},
		{plugin: &nodeAffinity{added: args.affinity.AddedAffinity}, weight: 2},
		{plugin: &nodePorts{}},
		{plugin: newNodeResourcesFit(k, &args.fit), weight: 1},
		{plugin: &volumeRestrictions{claims: k.claims}},
		{plugin: &nodeVolumeLimits{kit: k}},
		{plugin: &profileVolumeBinding{volumeBinding: k.volumeBinding, timeout: time.Duration(args.volumes.BindTimeoutSeconds) * time.Second}},
		{plugin: &volumeZone{kit: k}},
		{plugin: newPodTopologySpread(k, &args.spread), weight: 2},
		{plugin: &interPodAffinity{namespaces: k.namespaces, args: args.podAffinity}, weight: 2},
		{plugin: newDynamicResources(k, &args.devices), weight: 2},
		{plugin: &defaultPreemption{kit: k, args: args.preemption}},
		{plugin: &balancedAllocation{resources: args.balance.Resources}, weight: 1},
		{plugin: &imageLocality{}, weight: 1},
		{plugin: &defaultBinder{client: k.client}},
		{plugin: &nodeDeclaredFeatures{}},
	}
}

// weighted is a plugin with what its scores count.
type weighted struct {
	plugin
	weight int64
}

// kit is what plugins may reach for besides the cycle.
type kit struct {
	client *client.Client
	events *client.Recorder
	log    *slog.Logger
	tell   func(change func()) // changes what must stand still while the loop decides; see cache

	claims                 lister[*api.PersistentVolumeClaim]
	volumes                lister[*api.PersistentVolume]
	classes                lister[*api.StorageClass]
	namespaces             lister[*api.Namespace]
	services               lister[*api.Service]
	replicationControllers lister[*api.ReplicationController]
	replicaSets            lister[*api.ReplicaSet]
	statefulSets           lister[*api.StatefulSet]
	budgets                lister[*api.PodDisruptionBudget]

	// What drivers of volumes say.
	csiNodes    lister[*api.CSINode]
	csiDrivers  lister[*api.CSIDriver]
	capacities  lister[*api.CSIStorageCapacity]
	attachments lister[*api.VolumeAttachment]

	deviceClaims lister[*api.ResourceResourceClaim]
	devices      deviceSource
	deviceNews   *news // claims change

	// One for all profiles: they share the volumes and the devices.
	volumeBinding *volumeBinding
	held          *deviceClaims
}

// lister reads objects from an informer's cache.
type lister[T api.Object] interface {
	Get(key api.Key) (T, bool)
	List(namespace string, sel api.Selector) []T
}

// profile is how the pods of one spec.schedulerName are scheduled: which plugins, in which order.
type profile struct {
	preEnqueues []preEnqueuePlugin
	sort        queueSortPlugin
	filters     []filterPlugin
	postFilters []postFilterPlugin
	scores      []weightedScore
	reserves    []reservePlugin
	preBinds    []preBindPlugin
	binder      bindPlugin
	postBinds   []postBindPlugin
	extenders   []*extender
	hints       map[string][]hint // by plugin

	// percentage of the nodes to look for, 0: as many as their number suggests; see enough.
	percentage int

	// What the cycles use in turn, so that they need not allocate. They come one after the other.
	nextStart int
	status    []*status
	feasible  []*nodeInfo
	score     [][]int64
	ranked    []rankedNode
}

type weightedScore struct {
	scorePlugin
	weight int64
}

// newProfile sorts the plugins by the points they implement. off tells which are not wanted at which point.
func newProfile(name string, plugins []weighted, off func(point, plugin string) bool) (*profile, error) {
	p := &profile{hints: map[string][]hint{}}
	at := func(point string, w weighted) bool { return off == nil || !off(point, w.Name()) }
	for _, w := range plugins {
		if x, ok := w.plugin.(hintPlugin); ok {
			p.hints[w.Name()] = x.Hints()
		}
		if x, ok := w.plugin.(preEnqueuePlugin); ok && at("preEnqueue", w) {
			p.preEnqueues = append(p.preEnqueues, x)
		}
		if x, ok := w.plugin.(queueSortPlugin); ok && at("queueSort", w) {
			p.sort = x
		}
		if x, ok := w.plugin.(filterPlugin); ok && at("filter", w) {
			p.filters = append(p.filters, x)
		}
		if x, ok := w.plugin.(postFilterPlugin); ok && at("postFilter", w) {
			p.postFilters = append(p.postFilters, x)
		}
		if x, ok := w.plugin.(scorePlugin); ok && w.weight > 0 && at("score", w) {
			p.scores = append(p.scores, weightedScore{x, w.weight})
		}
		if x, ok := w.plugin.(reservePlugin); ok && at("reserve", w) {
			p.reserves = append(p.reserves, x)
		}
		if x, ok := w.plugin.(preBindPlugin); ok && at("preBind", w) {
			p.preBinds = append(p.preBinds, x)
		}
		if x, ok := w.plugin.(bindPlugin); ok && at("bind", w) {
			p.binder = x
		}
		if x, ok := w.plugin.(postBindPlugin); ok && at("postBind", w) {
			p.postBinds = append(p.postBinds, x)
		}
	}
	if p.sort == nil || p.binder == nil {
		return nil, fmt.Errorf("profile %q: one queueSort plugin and one bind plugin are needed", name)
	}
	return p, nil
}

// enough is how many nodes that fit are enough to choose the best of: all of up to a hundred, then a share that shrinks with
// the cluster, from half of them to a twentieth, but never fewer than a hundred. Upstream's figures.
func (p *profile) enough(nodes int) int {
	if nodes <= 100 {
		return nodes
	}
	share := p.percentage
	if share == 0 {
		share = max(50-nodes/125, 5)
	}
	return min(nodes, max(nodes*share/100, 100))
}

// statuses returns an empty slice for the statuses of so many nodes.
func (p *profile) statuses(nodes int) []*status {
	if cap(p.status) < nodes {
		p.status = make([]*status, nodes)
	}
	p.status = p.status[:nodes]
	clear(p.status)
	return p.status
}

// scoreSlice returns the i-th slice for the scores of so many nodes.
func (p *profile) scoreSlice(i, nodes int) []int64 {
	if i == len(p.score) {
		p.score = append(p.score, nil)
	}
	if cap(p.score[i]) < nodes {
		p.score[i] = make([]int64, nodes)
	}
	return p.score[i][:nodes]
}
