package scheduler

import (
	"context"
	"errors"
	"maps"
	"sync"

	"kubelite/api"
	"kubelite/client"
)

// informers are the caches of everything that a decision may look at.
type informers struct {
	pods                   *client.Informer[*api.Pod]
	nodes                  *client.Informer[*api.Node]
	claims                 *client.Informer[*api.PersistentVolumeClaim]
	volumes                *client.Informer[*api.PersistentVolume]
	classes                *client.Informer[*api.StorageClass]
	namespaces             *client.Informer[*api.Namespace]
	services               *client.Informer[*api.Service]
	replicationControllers *client.Informer[*api.ReplicationController]
	replicaSets            *client.Informer[*api.ReplicaSet]
	statefulSets           *client.Informer[*api.StatefulSet]
	budgets                *client.Informer[*api.PodDisruptionBudget]
	csiNodes               *client.Informer[*api.CSINode]
	csiDrivers             *client.Informer[*api.CSIDriver]
	capacities             *client.Informer[*api.CSIStorageCapacity]
	attachments            *client.Informer[*api.VolumeAttachment]
	deviceClaims           *client.Informer[*api.ResourceResourceClaim]
	deviceClasses          *client.Informer[*api.DeviceClass]
	deviceSlices           *client.Informer[*api.ResourceSlice]
}

func newInformers(c *client.Client) *informers {
	all := client.InformerOptions{}
	return &informers{
		// Pods that have ended are no concern of a scheduler: it neither places nor counts them.
		pods:                   client.NewInformer[*api.Pod](c, client.InformerOptions{FieldSelector: "status.phase!=Succeeded,status.phase!=Failed"}),
		nodes:                  client.NewInformer[*api.Node](c, all),
		claims:                 client.NewInformer[*api.PersistentVolumeClaim](c, all),
		volumes:                client.NewInformer[*api.PersistentVolume](c, all),
		classes:                client.NewInformer[*api.StorageClass](c, all),
		namespaces:             client.NewInformer[*api.Namespace](c, all),
		services:               client.NewInformer[*api.Service](c, all),
		replicationControllers: client.NewInformer[*api.ReplicationController](c, all),
		replicaSets:            client.NewInformer[*api.ReplicaSet](c, all),
		statefulSets:           client.NewInformer[*api.StatefulSet](c, all),
		budgets:                client.NewInformer[*api.PodDisruptionBudget](c, all),
		csiNodes:               client.NewInformer[*api.CSINode](c, all),
		csiDrivers:             client.NewInformer[*api.CSIDriver](c, all),
		capacities:             client.NewInformer[*api.CSIStorageCapacity](c, all),
		attachments:            client.NewInformer[*api.VolumeAttachment](c, all),
		deviceClaims:           client.NewInformer[*api.ResourceResourceClaim](c, all),
		deviceClasses:          client.NewInformer[*api.DeviceClass](c, all),
		deviceSlices:           client.NewInformer[*api.ResourceSlice](c, all),
	}
}

func (i *informers) kit(s *Scheduler) *kit {
	k := &kit{
		client: s.client, log: s.log, tell: s.cache.tell, claims: i.claims, volumes: i.volumes, classes: i.classes, namespaces: i.namespaces, services: i.services,
		replicationControllers: i.replicationControllers, replicaSets: i.replicaSets, statefulSets: i.statefulSets, budgets: i.budgets,
		csiNodes: i.csiNodes, csiDrivers: i.csiDrivers, capacities: i.capacities, attachments: i.attachments,
		deviceClaims: i.deviceClaims, devices: newPublishedDevices(i.deviceClasses, i.deviceSlices), held: newDeviceClaims(), deviceNews: newNews(),
	}
	k.volumeBinding = newVolumeBinding(k)
	return k
}

// runner is an informer of any kind.
type runner interface {
	Run(ctx context.Context) error
	WaitForSync(ctx context.Context) error
}

func (i *informers) all() []runner {
	return []runner{i.nodes, i.pods, i.claims, i.volumes, i.classes, i.namespaces, i.services, i.replicationControllers, i.replicaSets, i.statefulSets, i.budgets,
		i.csiNodes, i.csiDrivers, i.capacities, i.attachments, i.deviceClaims, i.deviceClasses, i.deviceSlices}
}

// start runs them until ctx ends; the returned function waits for that.
func (i *informers) start(ctx context.Context) (stopped func() error) {
	var wg sync.WaitGroup
	errs := make([]error, len(i.all()))
	for n, informer := range i.all() {
		wg.Go(func() { errs[n] = informer.Run(ctx) })
	}
	return func() error {
		wg.Wait()
		return errors.Join(errs...)
	}
}

func (i *informers) waitForSync(ctx context.Context) error {
	for _, informer := range i.all() {
		if err := informer.WaitForSync(ctx); err != nil {
			return err
		}
	}
	return nil
}

// subscribe tells cache and queue of every change, in this order: a pod that is tried again because of a change must be decided
// on a picture that shows it.
func (s *Scheduler) subscribe() {
	s.informers.pods.OnChange(s.podChanged)
	s.informers.nodes.OnChange(func(old, node *api.Node, revision int64) {
		s.cache.tell(func() { s.cache.setNode(old, node) })
		s.queue.happen(clusterEvent{what: nodeEvent(old, node), old: orNil(old), new: orNil(node), revision: revision})
	})
	s.informers.namespaces.OnChange(func(old, ns *api.Namespace, _ int64) {
		if old != nil && ns != nil && !maps.Equal(old.Labels, ns.Labels) {
			s.cache.tell(s.cache.forgetCounts) // a namespaceSelector may mean others now
		}
	})
	s.informers.claims.OnChange(func(old, claim *api.PersistentVolumeClaim, revision int64) {
		s.volumesChanged(clusterEvent{what: claimChanged, old: orNil(old), new: orNil(claim), revision: revision})
	})
	s.informers.volumes.OnChange(func(old, volume *api.PersistentVolume, revision int64) {
		s.volumesChanged(clusterEvent{what: volumeChanged, old: orNil(old), new: orNil(volume), revision: revision})
	})
	s.informers.classes.OnChange(func(old, class *api.StorageClass, revision int64) {
		s.volumesChanged(clusterEvent{what: classChanged, old: orNil(old), new: orNil(class), revision: revision})
	})
	happens(s, s.informers.csiNodes, driverChanged)
	happens(s, s.informers.csiDrivers, driverChanged)
	happens(s, s.informers.capacities, driverChanged)
	happens(s, s.informers.attachments, driverChanged)
	happens(s, s.informers.deviceClasses, deviceClassChanged)
	happens(s, s.informers.deviceSlices, deviceSliceChanged)
	s.informers.deviceClaims.OnChange(func(old, claim *api.ResourceResourceClaim, revision int64) {
		s.cache.tell(func() {
			if claim == nil {
				s.kit.held.forget(old.UID)
			} else {
				s.kit.held.show(claim)
			}
		})
		s.kit.deviceNews.tell()
		s.queue.happen(clusterEvent{what: deviceClaimChanged, old: orNil(old), new: orNil(claim), revision: revision})
	})
}

// happens makes changes of a kind events of the queue, where nothing else need be told of them.
func happens[T interface {
	comparable
	api.Object
}](s *Scheduler, i *client.Informer[T], what happening) {
	i.OnChange(func(old, obj T, revision int64) {
		s.queue.happen(clusterEvent{what: what, old: orNil(old), new: orNil(obj), revision: revision})
	})
}

// podChanged sorts a pod's change: it concerns the node it runs on, or the queue it waits in.
func (s *Scheduler) podChanged(old, pod *api.Pod, revision int64) {
	placed := func(p *api.Pod) bool { return p != nil && p.Spec.NodeName != "" }
	waits := func(p *api.Pod) bool { return p != nil && s.needsNode(p) }
	if placed(old) || placed(pod) || pod == nil {
		s.cache.tell(func() { s.cache.setPod(old, pod) })
	}
	s.renominated(old, pod)
	what := assignedPodEvent(old, pod)
	if pod == nil && old.Status.NominatedNodeName != "" {
		what = podGone // the room that was cleared for it
	}
	s.queue.happen(clusterEvent{what: what, old: orNil(old), new: orNil(pod), revision: revision})
	switch {
	case waits(pod):
		s.queue.add(pod, revision)
	case old != nil:
		s.queue.remove(old.Key(), old.UID)
	}
}

// renominated keeps the nominations as the pods' status says.
func (s *Scheduler) renominated(old, pod *api.Pod) {
	of := func(p *api.Pod) string {
		if p == nil || p.Spec.NodeName != "" {
			return ""
		}
		return p.Status.NominatedNodeName
	}
	was, is := of(old), of(pod)
	if was == is && (is == "" || pod != nil) {
		return
	}
	p := pod
	if p == nil {
		p = old
	}
	s.cache.tell(func() {
		if s.cache.isPlaced(p.UID) {
			is = "" // it is being bound: its room is counted already
		}
		s.nominator.set(newPodInfo(p), is)
	})
}

// volumesChanged tells those who wait for volumes, in the queue and in PreBind.
func (s *Scheduler) volumesChanged(e clusterEvent) {
	s.kit.volumeBinding.news.tell()
	if e.new != nil {
		s.queue.happen(e)
	}
}

// orNil makes a nil object of a type a nil of none.
func orNil[T interface {
	comparable
	api.Object
}](obj T) api.Object {
	var none T
	if obj == none {
		return nil
	}
	return obj
}
