package scheduler

import (
	"fmt"
	"slices"

	"kubelite/api"
)

// volumeRestrictions keeps a volume from being used by two pods at once where it must not be: a claim that is
// ReadWriteOncePod anywhere, some kinds of network disks on one node.
type volumeRestrictions struct {
	claims lister[*api.PersistentVolumeClaim]
}

func (*volumeRestrictions) Name() string { return "VolumeRestrictions" }

var (
	claimTaken = reject("VolumeRestrictions", unschedulable,
		"node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod")
	diskTaken = reject("VolumeRestrictions", unschedulable, "node(s) had no available disk")
)

// PreFilter finds the pod's claims that one pod only may use, and who uses them.
func (p *volumeRestrictions) PreFilter(c *cycle) (nodeFilter, *status) {
	pod := c.pod.pod
	f := &volumeFilter{}
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if restricted(v) {
			f.disks = append(f.disks, v)
		}
		if v.PersistentVolumeClaim == nil {
			continue
		}
		key := api.Key{Namespace: pod.Namespace, Name: v.PersistentVolumeClaim.ClaimName}
		claim, ok := p.claims.Get(key)
		if !ok {
			return nil, reject(p.Name(), unresolvable, fmt.Sprintf("persistentvolumeclaim %q not found", key.Name))
		}
		if slices.Contains(claim.Spec.AccessModes, api.ReadWriteOncePod) {
			f.claims = append(f.claims, key)
			if c.cache.claims[key] > 0 {
				f.taken++
			}
		}
	}
	if f.taken == 0 && len(f.disks) == 0 {
		return nil, nil
	}
	return f, nil
}

type volumeFilter struct {
	claims []api.Key // that one pod only may use
	taken  int       // of these, in use now
	disks  []*api.Volume
}

// Filter rejects nodes whose disks are taken, and all nodes while a claim is.
func (f *volumeFilter) Filter(n *nodeInfo) *status {
	for _, disk := range f.disks {
		for _, p := range n.pods {
			for i := range p.pod.Spec.Volumes {
				if sameDisk(disk, &p.pod.Spec.Volumes[i]) {
					return diskTaken
				}
			}
		}
	}
	if f.taken > 0 {
		return claimTaken
	}
	return nil
}

// Clone copies the count.
func (f *volumeFilter) Clone() nodeFilter {
	clone := *f
	return &clone
}

// AddPod counts a pod's claims in.
func (f *volumeFilter) AddPod(p *podInfo, _ *nodeInfo) { f.count(p, 1) }

// RemovePod counts them out.
func (f *volumeFilter) RemovePod(p *podInfo, _ *nodeInfo) { f.count(p, -1) }

func (f *volumeFilter) count(p *podInfo, sign int) {
	for _, key := range p.claims {
		if slices.Contains(f.claims, key) {
			f.taken += sign
		}
	}
}

// Hints are pods that go and used one of the pod's volumes, claims that come, and new nodes.
func (p *volumeRestrictions) Hints() []hint {
	return []hint{
		{on: nodeAdded},
		{on: podGone, helps: func(waiting *podInfo, e *clusterEvent) bool {
			left := gone(e)
			if left.Namespace != waiting.pod.Namespace {
				return false
			}
			for i := range left.Spec.Volumes {
				theirs := &left.Spec.Volumes[i]
				for j := range waiting.pod.Spec.Volumes {
					ours := &waiting.pod.Spec.Volumes[j]
					if sameDisk(ours, theirs) || ours.PersistentVolumeClaim != nil && theirs.PersistentVolumeClaim != nil &&
						ours.PersistentVolumeClaim.ClaimName == theirs.PersistentVolumeClaim.ClaimName {
						return true
					}
				}
			}
			return false
		}},
		{on: claimChanged, helps: usesClaim},
	}
}

// usesClaim tells whether the claim that changed is one of the pod's.
func usesClaim(p *podInfo, e *clusterEvent) bool {
	return slices.Contains(p.claims, e.new.GetObjectMeta().Key())
}

// gone is the pod that left its node: deleted, or ended.
func gone(e *clusterEvent) *api.Pod { return e.old.(*api.Pod) }

func restricted(v *api.Volume) bool {
	return v.GCEPersistentDisk != nil || v.AWSElasticBlockStore != nil || v.ISCSI != nil || v.RBD != nil
}

// sameDisk tells whether two pods on one node cannot both have these volumes.
func sameDisk(a, b *api.Volume) bool {
	switch {
	case a.GCEPersistentDisk != nil && b.GCEPersistentDisk != nil:
		return a.GCEPersistentDisk.PDName == b.GCEPersistentDisk.PDName && !(a.GCEPersistentDisk.ReadOnly && b.GCEPersistentDisk.ReadOnly)
	case a.AWSElasticBlockStore != nil && b.AWSElasticBlockStore != nil:
		return a.AWSElasticBlockStore.VolumeID == b.AWSElasticBlockStore.VolumeID
	case a.ISCSI != nil && b.ISCSI != nil:
		return a.ISCSI.IQN == b.ISCSI.IQN && !(a.ISCSI.ReadOnly && b.ISCSI.ReadOnly)
	case a.RBD != nil && b.RBD != nil:
		sameMonitors := slices.ContainsFunc(a.RBD.CephMonitors, func(m string) bool { return slices.Contains(b.RBD.CephMonitors, m) })
		return sameMonitors && a.RBD.RBDPool == b.RBD.RBDPool && a.RBD.RBDImage == b.RBD.RBDImage && !(a.RBD.ReadOnly && b.RBD.ReadOnly)
	}
	return false
}
