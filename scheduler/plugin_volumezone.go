package scheduler

import (
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
)

// volumeZone keeps a pod in the zone of its volumes, where these say in labels where they are. Volumes of today say it in
// their node affinity, which is VolumeBinding's business; this is for those that cloud providers labelled.
type volumeZone struct{ kit *kit }

func (*volumeZone) Name() string { return "VolumeZone" }

var noVolumeZone = reject("VolumeZone", unresolvable, "node(s) had no available volume zone")

// zoneLabels are what tells where volumes and nodes are: the names of today by those that may stand on a volume.
var zoneLabels = map[string]string{
	"failure-domain.beta.kubernetes.io/zone": api.LabelZone, "failure-domain.beta.kubernetes.io/region": api.LabelRegion,
	api.LabelZone: api.LabelZone, api.LabelRegion: api.LabelRegion,
}

// volumePlace is one label of a volume.
type volumePlace struct {
	key    string
	values []string // the volume is in all of these
}

// PreFilter reads the labels of the pod's volumes. Claims without one are left to VolumeBinding.
func (p *volumeZone) PreFilter(c *cycle) (nodeFilter, *status) {
	var places zoneFilter
	for i := range c.pod.pod.Spec.Volumes {
		source := c.pod.pod.Spec.Volumes[i].PersistentVolumeClaim
		if source == nil {
			continue
		}
		claim, ok := p.kit.claims.Get(api.Key{Namespace: c.pod.pod.Namespace, Name: source.ClaimName})
		if !ok || claim.Spec.VolumeName == "" {
			continue
		}
		volume, ok := p.kit.volumes.Get(api.Key{Name: claim.Spec.VolumeName})
		if !ok {
			return nil, reject(p.Name(), unresolvable, fmt.Sprintf("persistentvolume %q not found", claim.Spec.VolumeName))
		}
		for key := range zoneLabels {
			if value, ok := volume.Labels[key]; ok {
				if values := splitZones(value); values != nil {
					places = append(places, volumePlace{key, values})
				}
			}
		}
	}
	if len(places) == 0 {
		return nil, nil
	}
	return places, nil
}

// splitZones reads the value of a volume's label: "us-east-1a__us-east-1b" for one that is in both; nil if it is none.
func splitZones(value string) []string {
	zones := strings.Split(value, "__")
	for i := range zones {
		if zones[i] = strings.TrimSpace(zones[i]); zones[i] == "" {
			return nil
		}
	}
	return zones
}

// zoneFilter is where the volumes of one pod are.
type zoneFilter []volumePlace

// Filter rejects nodes of other zones. A node that says nothing of zones will do.
func (f zoneFilter) Filter(n *nodeInfo) *status {
	somewhere := false
	for key := range zoneLabels {
		if _, ok := n.node.Labels[key]; ok {
			somewhere = true
			break
		}
	}
	if !somewhere {
		return nil
	}
	for _, place := range f {
		value, ok := n.node.Labels[place.key]
		if !ok {
			value, ok = n.node.Labels[zoneLabels[place.key]]
		}
		if !ok || !slices.Contains(place.values, value) {
			return noVolumeZone
		}
	}
	return nil
}

// Hints are the pod's claims, volumes and classes that come or change, and nodes that come or change labels.
func (p *volumeZone) Hints() []hint {
	return []hint{
		{on: claimChanged, helps: usesClaim},
		{on: volumeChanged | classChanged | nodeAdded | nodeRelabelled},
	}
}
