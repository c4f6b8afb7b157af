package scheduler

import (
	"fmt"
	"log/slog"
	"slices"
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
	events      *client.Recorder  // in the name of the profile, as if it were a scheduler of its own

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

// newProfile sorts the plugins by the points they implement. at are those that are wanted at a point, in order.
func newProfile(name string, at func(point string) []weighted) (*profile, error) {
	p := &profile{
		preEnqueues: implementing[preEnqueuePlugin](at("preEnqueue")),
		filters:     implementing[filterPlugin](at("filter")),
		postFilters: implementing[postFilterPlugin](at("postFilter")),
		reserves:    implementing[reservePlugin](at("reserve")),
		preBinds:    implementing[preBindPlugin](at("preBind")),
		postBinds:   implementing[postBindPlugin](at("postBind")),
		hints:       map[string][]hint{},
	}
	for _, w := range at("score") {
		if x, ok := w.plugin.(scorePlugin); ok {
			p.scores = append(p.scores, weightedScore{x, w.weight})
		}
	}
	sorts, binders := implementing[queueSortPlugin](at("queueSort")), implementing[bindPlugin](at("bind"))
	if len(sorts) != 1 || len(binders) != 1 {
		return nil, fmt.Errorf("profile %q: one queueSort plugin and one bind plugin are needed", name)
	}
	p.sort, p.binder = sorts[0], binders[0]
	for _, x := range slices.Concat(implementing[hintPlugin](at("preEnqueue")), implementing[hintPlugin](at("filter")), implementing[hintPlugin](at("reserve"))) {
		p.hints[x.Name()] = x.Hints()
	}
	return p, nil
}

// implementing are the plugins that have something to do at a point.
func implementing[T any](plugins []weighted) (list []T) {
	for _, w := range plugins {
		if x, ok := w.plugin.(T); ok {
			list = append(list, x)
		}
	}
	return list
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
