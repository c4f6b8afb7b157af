package scheduler

import (
	"slices"

	"kubelite/api"
)

// nodeVolumeLimits keeps a node from being given more volumes of a driver than its CSINode says that it can take. Only volumes
// of CSI drivers count, and a volume that two pods of a node share counts once.
type nodeVolumeLimits struct{ kit *kit }

func (*nodeVolumeLimits) Name() string { return "NodeVolumeLimits" }

var tooManyVolumes = reject("NodeVolumeLimits", unschedulable, "node(s) exceed max volume count")

// csiVolume is a volume as its driver knows it. One that is still to be made goes by its claim.
type csiVolume struct{ driver, handle string }

// PreFilter finds the pod's volumes of drivers, and what nodes can take of these. Most pods have none, and most clusters no
// driver: then nothing is asked of any node.
func (p *nodeVolumeLimits) PreFilter(c *cycle) (nodeFilter, *status) {
	f := &volumeLimitFilter{plugin: p, volumes: p.volumesOf(c.pod.pod, nil)}
	if len(f.volumes) == 0 {
		return nil, nil
	}
	f.limits = map[string]map[string]int32{}
	for _, node := range p.kit.csiNodes.List("", nil) {
		for i := range node.Spec.Drivers {
			d := &node.Spec.Drivers[i]
			if d.Allocatable == nil || d.Allocatable.Count == nil || !slices.ContainsFunc(f.volumes, func(v csiVolume) bool { return v.driver == d.Name }) {
				continue
			}
			if f.limits[node.Name] == nil {
				f.limits[node.Name] = map[string]int32{}
			}
			f.limits[node.Name][d.Name] = *d.Allocatable.Count
		}
	}
	if len(f.limits) == 0 {
		return nil, nil
	}
	f.attached = map[string][]csiVolume{}
	for _, a := range p.kit.attachments.List("", nil) {
		if name := a.Spec.Source.PersistentVolumeName; name != nil && f.limits[a.Spec.NodeName] != nil {
			if v, ok := p.kit.volumes.Get(api.Key{Name: *name}); ok && v.Spec.CSI != nil {
				f.attached[a.Spec.NodeName] = append(f.attached[a.Spec.NodeName], csiVolume{a.Spec.Attacher, v.Spec.CSI.VolumeHandle})
			}
		}
	}
	return f, nil
}

// volumesOf adds the pod's volumes to a list, those that it does not have.
func (p *nodeVolumeLimits) volumesOf(pod *api.Pod, to []csiVolume) []csiVolume {
	for i := range pod.Spec.Volumes {
		name := pod.Spec.Volumes[i].ClaimName(pod.Name)
		if name == "" {
			continue
		}
		claim, ok := p.kit.claims.Get(api.Key{Namespace: pod.Namespace, Name: name})
		if !ok {
			continue // other plugins hold a pod that has no claim; what runs without counts for nothing
		}
		if v, ok := p.volumeOf(claim); ok && !slices.Contains(to, v) {
			to = append(to, v)
		}
	}
	return to
}

func (p *nodeVolumeLimits) volumeOf(claim *api.PersistentVolumeClaim) (csiVolume, bool) {
	if claim.Spec.VolumeName != "" {
		if volume, ok := p.kit.volumes.Get(api.Key{Name: claim.Spec.VolumeName}); ok {
			if csi := volume.Spec.CSI; csi != nil {
				return csiVolume{csi.Driver, csi.VolumeHandle}, true
			}
			return csiVolume{}, false
		}
	}
	class, ok := p.kit.classes.Get(api.Key{Name: api.ClaimClass(claim)})
	if !ok || class.Provisioner == "" {
		return csiVolume{}, false
	}
	return csiVolume{class.Provisioner, "claim " + claim.Key().String()}, true
}

// volumeLimitFilter holds the volumes of one pod, and of the nodes what their drivers can take.
type volumeLimitFilter struct {
	plugin   *nodeVolumeLimits
	volumes  []csiVolume
	limits   map[string]map[string]int32 // by node and driver
	attached map[string][]csiVolume      // by node: also those whose pod is gone already
}

// Filter counts.
func (f *volumeLimitFilter) Filter(n *nodeInfo) *status {
	limits := f.limits[n.name]
	if limits == nil {
		return nil
	}
	var there []csiVolume
	for _, p := range n.pods {
		there = f.plugin.volumesOf(p.pod, there)
	}
	for _, v := range f.attached[n.name] {
		if !slices.Contains(there, v) {
			there = append(there, v)
		}
	}
	all := slices.Clone(there)
	for _, v := range f.volumes {
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	count := func(volumes []csiVolume, driver string) (n int) {
		for _, v := range volumes {
			if v.driver == driver {
				n++
			}
		}
		return n
	}
	for driver, limit := range limits {
		if now := count(all, driver); now > count(there, driver) && now > int(limit) {
			return tooManyVolumes
		}
	}
	return nil
}

// Hints are pods with volumes that go, the pod's claims that come, and what drivers say of nodes.
func (p *nodeVolumeLimits) Hints() []hint {
	return []hint{
		{on: driverChanged},
		{on: podGone, helps: func(_ *podInfo, e *clusterEvent) bool {
			return slices.ContainsFunc(gone(e).Spec.Volumes, func(v api.Volume) bool { return v.PersistentVolumeClaim != nil || v.Ephemeral != nil })
		}},
		{on: claimChanged, helps: usesClaim},
	}
}
