package clients

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	csiDriver = "csi.example.com"

	// Names of StorageClasses: volumes that are there already, volumes that the driver makes where the pod goes, and those that
	// it makes wherever it likes.
	waitingClass, makingClass, immediateClass = "waiting", "making", "immediate"

	bindCompleted, selectedNode = "pv.kubernetes.io/bind-completed", "volume.kubernetes.io/selected-node"
)

// storage gives the probe up to three claims of all kinds, and some of those that are placed the same ones.
func (c chance) storage(s *scenario) {
	waits, atOnce := storagev1.VolumeBindingWaitForFirstConsumer, storagev1.VolumeBindingImmediate
	making := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: makingClass}, Provisioner: csiDriver, VolumeBindingMode: &waits}
	if c.in(3) {
		making.AllowedTopologies = []v1.TopologySelectorTerm{{MatchLabelExpressions: []v1.TopologySelectorLabelRequirement{{Key: v1.LabelTopologyZone, Values: []string{"z1", "z2"}}}}}
	}
	tellsRoom := c.in(2)
	s.others = append(s.others, making,
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: waitingClass}, Provisioner: "kubernetes.io/no-provisioner", VolumeBindingMode: &waits},
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: immediateClass}, Provisioner: csiDriver, VolumeBindingMode: &atOnce},
		&storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: csiDriver}, Spec: storagev1.CSIDriverSpec{StorageCapacity: &tellsRoom}})
	for i := range c.IntN(4) {
		room := &storagev1.CSIStorageCapacity{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("room-%d", i), Namespace: schedulingNamespace},
			StorageClassName: pick(c, makingClass, makingClass, waitingClass), Capacity: c.size(),
			NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{v1.LabelTopologyZone: pick(c, "z1", "z2", "z3")}}}
		if c.in(3) {
			room.MaximumVolumeSize = c.size()
		}
		s.others = append(s.others, room)
	}
	for _, n := range s.nodes {
		if c.in(2) {
			most := int32(1 + c.IntN(2))
			s.others = append(s.others, &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: n.Name}, Spec: storagev1.CSINodeSpec{
				Drivers: []storagev1.CSINodeDriver{{Name: csiDriver, NodeID: n.Name, Allocatable: &storagev1.VolumeNodeResources{Count: &most}}}}})
		}
	}
	for i := range 1 + c.IntN(3) {
		name := fmt.Sprintf("claim-%d", i)
		c.claim(s, name)
		use(s.probe, name)
		for _, p := range s.placed {
			if p.Namespace == schedulingNamespace && c.in(8) {
				use(p, name)
			}
		}
	}
	if c.in(4) { // a disk that may be at one node only once
		disk := v1.Volume{Name: "disk", VolumeSource: v1.VolumeSource{ISCSI: &v1.ISCSIVolumeSource{TargetPortal: "127.0.0.1", IQN: "iqn.2026-01.example:disk", ReadOnly: c.in(2)}}}
		s.probe.Spec.Volumes = append(s.probe.Spec.Volumes, disk)
		for _, p := range s.placed {
			if c.in(3) {
				p.Spec.Volumes = append(p.Spec.Volumes, disk)
			}
		}
	}
}

// use makes a pod use a claim.
func use(p *v1.Pod, claim string) {
	p.Spec.Volumes = append(p.Spec.Volumes, v1.Volume{Name: claim, VolumeSource: v1.VolumeSource{PersistentVolumeClaim: &v1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}})
}

func (c chance) size() *resource.Quantity {
	size := resource.MustParse(pick(c, "1Gi", "2Gi", "5Gi"))
	return &size
}

// claim adds a claim, and the volumes that are there for it.
func (c chance) claim(s *scenario, name string) {
	claim := &v1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: schedulingNamespace, Annotations: map[string]string{}},
		Spec: v1.PersistentVolumeClaimSpec{StorageClassName: new(string), AccessModes: []v1.PersistentVolumeAccessMode{pick(c, v1.ReadWriteOnce, v1.ReadWriteOnce, v1.ReadWriteOncePod)},
			Resources: v1.VolumeResourceRequirements{Requests: v1.ResourceList{v1.ResourceStorage: *c.size()}}},
	}
	spec := &claim.Spec
	switch c.IntN(8) {
	case 0: // nobody has it
		return
	case 1: // the volume binder has not seen it yet
		*spec.StorageClassName = pick(c, "", immediateClass, "unknown")
	case 2: // its volume went away
		spec.VolumeName, claim.Status.Phase = "gone", pick(c, v1.ClaimBound, v1.ClaimLost)
		claim.Annotations[bindCompleted] = "yes"
	case 3: // its volume is to be made where the pod goes
		*spec.StorageClassName = makingClass
		made := c.volume(madeFor(name), makingClass) // kept from the scheduler's sight as somebody else's
		made.Spec.ClaimRef, made.Spec.NodeAffinity = &v1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: schedulingNamespace, Name: "another"}, nil
		s.others = append(s.others, made)
	case 4, 5: // one of some volumes will do
		*spec.StorageClassName = waitingClass
		if c.in(3) {
			spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"disk": "ssd"}}
		}
		for i := range c.IntN(4) {
			v := c.volume(fmt.Sprintf("%s-volume-%d", name, i), waitingClass)
			v.Spec.Capacity[v1.ResourceStorage] = resource.MustParse(fmt.Sprintf("%dMi", 1000*(i+1))) // each of its own size: the smallest is taken
			if c.in(8) {
				v.Spec.ClaimRef = &v1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: schedulingNamespace, Name: pick(c, name, "another")}
			}
			s.others = append(s.others, v)
		}
	default:
		v := c.volume(name+"-volume", "")
		v.Spec.AccessModes = spec.AccessModes
		v.Spec.ClaimRef = &v1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: schedulingNamespace, Name: name}
		spec.VolumeName, claim.Status.Phase = v.Name, v1.ClaimBound
		claim.Annotations[bindCompleted] = "yes"
		s.others = append(s.others, v)
	}
	s.others = append(s.others, claim)
}

// volume is one that some nodes can reach.
func (c chance) volume(name, class string) *v1.PersistentVolume {
	v := &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"disk": pick(c, "ssd", "hdd")}},
		Spec: v1.PersistentVolumeSpec{StorageClassName: class, Capacity: v1.ResourceList{v1.ResourceStorage: *c.size()},
			AccessModes: []v1.PersistentVolumeAccessMode{pick(c, v1.ReadWriteOnce, v1.ReadWriteOnce, v1.ReadWriteOncePod)}},
	}
	source := &v.Spec.PersistentVolumeSource
	if c.in(2) {
		source.CSI = &v1.CSIPersistentVolumeSource{Driver: csiDriver, VolumeHandle: name}
	} else {
		source.HostPath = &v1.HostPathVolumeSource{Path: "/nowhere"}
	}
	if c.in(4) {
		v.Labels[v1.LabelTopologyZone] = pick(c, "z1", "z2", "z1__z3")
	}
	if c.in(2) {
		key := pick(c, v1.LabelTopologyZone, v1.LabelHostname)
		values := map[string][]string{v1.LabelTopologyZone: {"z1", "z2"}, v1.LabelHostname: {"n0", "n2", "n4"}}[key]
		v.Spec.NodeAffinity = &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
			MatchExpressions: []v1.NodeSelectorRequirement{{Key: key, Operator: v1.NodeSelectorOpIn, Values: values[:1+c.IntN(len(values))]}},
		}}}}
	}
	return v
}

// madeFor names the volume that is made for a claim.
func madeFor(claim string) string { return "made-for-" + claim }

// bindVolumes does what the controllers would: it binds claims to the volumes that a scheduler gave them, and makes volumes
// where a scheduler wants them.
func (r *rivals) bindVolumes(t *testing.T, s *scenario) {
	var volumes []v1.PersistentVolume
	for _, claim := range r.claims(t, s) {
		if claim.Spec.VolumeName != "" {
			continue
		}
		name := ""
		if claim.Annotations[selectedNode] != "" {
			name = madeFor(claim.Name)
		}
		if volumes == nil {
			list, err := r.client.CoreV1().PersistentVolumes().List(t.Context(), metav1.ListOptions{})
			require.NoError(t, err)
			volumes = list.Items
		}
		for _, v := range volumes {
			if ref := v.Spec.ClaimRef; ref != nil && ref.UID == claim.UID {
				name = v.Name
			}
		}
		if name != "" {
			patch := fmt.Sprintf(`{"metadata": {"annotations": {%q: "yes"}}, "spec": {"volumeName": %q}}`, bindCompleted, name)
			_, err := r.client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(t.Context(), claim.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			require.NoError(t, err)
		}
	}
}

// claims are the scenario's, as they are now.
func (r *rivals) claims(t *testing.T, s *scenario) (claims []*v1.PersistentVolumeClaim) {
	for _, o := range s.others {
		if drawn, ok := o.(*v1.PersistentVolumeClaim); ok {
			claim, err := r.client.CoreV1().PersistentVolumeClaims(drawn.Namespace).Get(t.Context(), drawn.Name, metav1.GetOptions{})
			require.NoError(t, err)
			claims = append(claims, claim)
		}
	}
	return claims
}

// claimed tells what a scheduler gave to the claims.
func (r *rivals) claimed(t *testing.T, s *scenario) (lines []string) {
	for _, claim := range r.claims(t, s) {
		lines = append(lines, fmt.Sprintf("%s gets %s, made at %q", claim.Name, claim.Spec.VolumeName, claim.Annotations[selectedNode]))
	}
	return lines
}
