package scheduler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// volumeBinding places pods where their volumes are, or can be.
//
//	claim is bound               the volume's node affinity must let the node
//	claim waits for the binder   no node will do: the pod waits until it is bound
//	claim waits for a consumer   a free volume that the node can reach, or a class that makes one there;
//	                             the node is chosen first, then told to whoever binds or makes the volume:
//	                             Reserve notes it, PreBind writes it and waits until the claim is bound
//
// The volumes themselves are the business of the controllers: this plugin writes into a volume whose it is, or into a claim
// which node was chosen (volume.kubernetes.io/selected-node), and they do the rest.
type volumeBinding struct {
	kit  *kit
	news *news // claims and volumes change

	mu       sync.Mutex
	reserved map[api.UID]volumeDecision // by pod, until it is bound or given up; guarded by mu
	taken    map[string]api.Key         // volumes promised to a claim that the informer does not show yet; guarded by mu
}

// volumeDecision is what will be done about a pod's claims that wait for it.
type volumeDecision struct {
	bind      map[api.Key]string // claim -> volume
	provision []api.Key          // claims whose class makes a volume
}

func newVolumeBinding(k *kit) *volumeBinding {
	return &volumeBinding{kit: k, news: newNews(), reserved: map[api.UID]volumeDecision{}, taken: map[string]api.Key{}}
}

func (*volumeBinding) Name() string { return "VolumeBinding" }

const noProvisioner = "kubernetes.io/no-provisioner"

var (
	wrongNodeForVolume = reject("VolumeBinding", unresolvable, "node(s) didn't match PersistentVolume's node affinity")
	noVolumeForNode    = reject("VolumeBinding", unresolvable, "node(s) didn't find available persistent volumes to bind")
	noRoomForVolume    = reject("VolumeBinding", unresolvable, "node(s) did not have enough free storage")
	volumeMissing      = reject("VolumeBinding", unresolvable, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
)

// PreFilter sorts the pod's claims. One that the volume binder has to bind first holds the pod.
func (p *volumeBinding) PreFilter(c *cycle) (nodeFilter, *status) {
	pod := c.pod.pod
	claims, no := p.claimsOf(pod)
	if no != "" {
		return nil, reject(p.Name(), unresolvable, no)
	}
	f := &volumesFilter{plugin: p, pod: pod}
	unbound := false
	for _, claim := range claims {
		if fullyBound(claim) {
			f.bound = append(f.bound, claim)
			continue
		}
		waits, err := p.waitsForConsumer(claim)
		if err != nil {
			return nil, reject(p.Name(), failed, err.Error())
		}
		if !waits || claim.Spec.VolumeName != "" {
			unbound = true
			continue
		}
		f.waiting = append(f.waiting, claim)
	}
	if unbound {
		return nil, reject(p.Name(), unresolvable, "pod has unbound immediate PersistentVolumeClaims")
	}
	if len(f.bound) == 0 && len(f.waiting) == 0 {
		return nil, nil
	}
	if len(f.waiting) > 0 {
		f.rooms = p.kit.capacities.List("", nil)
	}
	f.candidates = p.kit.volumes.List("", nil)
	// The same volume for the same question: by name; and small claims first, so that they do not take large volumes.
	slices.SortFunc(f.candidates, func(a, b *api.PersistentVolume) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(f.waiting, func(a, b *api.PersistentVolumeClaim) int { return api.ClaimSize(a).Cmp(api.ClaimSize(b)) })
	return f, nil
}

// claimsOf are the pod's claims, or no says why one of them cannot be used.
func (p *volumeBinding) claimsOf(pod *api.Pod) (claims []*api.PersistentVolumeClaim, no string) {
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		name, ephemeral := volume.ClaimName(pod.Name), volume.Ephemeral != nil
		if name == "" {
			continue
		}
		claim, ok := p.kit.claims.Get(api.Key{Namespace: pod.Namespace, Name: name})
		if no := unusable(pod, claim, name, ok, ephemeral); no != "" {
			return nil, no
		}
		claims = append(claims, claim)
	}
	return claims, ""
}

// unusable says why a claim cannot be used at all, "" if it can.
func unusable(pod *api.Pod, claim *api.PersistentVolumeClaim, name string, exists, ephemeral bool) string {
	switch {
	case !exists && ephemeral:
		return fmt.Sprintf("waiting for ephemeral volume controller to create the persistentvolumeclaim %q", name)
	case !exists:
		return fmt.Sprintf("persistentvolumeclaim %q not found", name)
	case claim.Status.Phase == api.ClaimLost:
		return fmt.Sprintf("persistentvolumeclaim %q bound to non-existent persistentvolume %q", name, claim.Spec.VolumeName)
	case claim.DeletionTimestamp != nil:
		return fmt.Sprintf("persistentvolumeclaim %q is being deleted", name)
	case ephemeral && !slices.ContainsFunc(claim.OwnerReferences, func(o api.OwnerReference) bool { return o.UID == pod.UID }):
		return fmt.Sprintf("PVC %s/%s was not created for pod %s/%s (pod is not owner)", claim.Namespace, claim.Name, pod.Namespace, pod.Name)
	}
	return ""
}

func fullyBound(claim *api.PersistentVolumeClaim) bool {
	return claim.Spec.VolumeName != "" && api.IsBindCompleted(claim)
}

// waitsForConsumer tells whether the claim's class leaves the choice to the scheduler.
func (p *volumeBinding) waitsForConsumer(claim *api.PersistentVolumeClaim) (bool, error) {
	name := api.ClaimClass(claim)
	if name == "" {
		return false, nil
	}
	class, ok := p.kit.classes.Get(api.Key{Name: name})
	switch {
	case !ok:
		return false, nil
	case class.VolumeBindingMode == nil:
		return false, fmt.Errorf("VolumeBindingMode not set for StorageClass %q", name)
	}
	return *class.VolumeBindingMode == api.VolumeBindingWaitForFirstConsumer, nil
}

// volumesFilter holds the claims of one pod.
type volumesFilter struct {
	plugin         *volumeBinding
	pod            *api.Pod
	bound, waiting []*api.PersistentVolumeClaim
	candidates     []*api.PersistentVolume
	rooms          []*api.CSIStorageCapacity
}

// Filter rejects nodes that cannot reach a bound volume, and those for which there is none to bind and none can be made.
// Either is a reason of its own.
func (f *volumesFilter) Filter(n *nodeInfo) *status {
	no := f.unreachable(n.node)
	if len(f.waiting) == 0 {
		return no
	}
	switch _, none := f.plan(n.node); {
	case no == nil:
		return none
	case none != nil:
		return reject(no.plugin, no.verdict, no.reasons[0], none.reasons[0])
	}
	return no
}

// unreachable says no to a node if it cannot reach one of the bound volumes.
func (f *volumesFilter) unreachable(node *api.Node) *status {
	for _, claim := range f.bound {
		volume, ok := f.plugin.kit.volumes.Get(api.Key{Name: claim.Spec.VolumeName})
		if !ok {
			return volumeMissing
		}
		if !reachable(volume, node) {
			return wrongNodeForVolume
		}
	}
	return nil
}

// plan finds for each waiting claim the smallest volume that will do on the node, or a class that makes one there; or why
// there is none.
func (f *volumesFilter) plan(node *api.Node) (volumeDecision, *status) {
	d := volumeDecision{bind: map[api.Key]string{}}
	chosen := map[string]bool{}
	for _, claim := range f.waiting {
		if selected, ok := claim.Annotations[api.AnnotationSelectedNode]; ok && selected != node.Name {
			return d, noVolumeForNode // a volume is being made elsewhere
		} else if !ok {
			if volume := f.plugin.findVolume(claim, f.candidates, node, chosen); volume != nil {
				chosen[volume.Name] = true
				d.bind[claim.Key()] = volume.Name
				continue
			}
		}
		class, ok := f.plugin.kit.classes.Get(api.Key{Name: api.ClaimClass(claim)})
		if !ok || class.Provisioner == "" || class.Provisioner == noProvisioner || !allowsTopology(class.AllowedTopologies, node) {
			return d, noVolumeForNode
		}
		if !f.hasRoom(class, claim, node) {
			return d, noRoomForVolume
		}
		d.provision = append(d.provision, claim.Key())
	}
	return d, nil
}

// hasRoom tells whether the class's driver can make a volume of the claim's size that the node reaches. Only drivers that say
// so are asked: they tell of their room in CSIStorageCapacities.
func (f *volumesFilter) hasRoom(class *api.StorageClass, claim *api.PersistentVolumeClaim, node *api.Node) bool {
	driver, ok := f.plugin.kit.csiDrivers.Get(api.Key{Name: class.Provisioner})
	if !ok || !api.Deref(driver.Spec.StorageCapacity, false) {
		return true
	}
	size := api.ClaimSize(claim)
	return slices.ContainsFunc(f.rooms, func(c *api.CSIStorageCapacity) bool {
		most := c.Capacity
		if c.MaximumVolumeSize != nil {
			most = c.MaximumVolumeSize
		}
		return c.StorageClassName == class.Name && most != nil && most.Cmp(size) >= 0 && c.NodeTopology != nil && api.SelectorOrNothing(c.NodeTopology).Matches(node.Labels)
	})
}

// findVolume returns the volume that is kept for the claim, if the node can reach it, else the smallest free one that satisfies
// the claim and that the node can reach.
func (p *volumeBinding) findVolume(claim *api.PersistentVolumeClaim, volumes []*api.PersistentVolume, node *api.Node, chosen map[string]bool) *api.PersistentVolume {
	volume, err := api.FindVolume(volumes, claim, func(v *api.PersistentVolume) bool {
		return !chosen[v.Name] && !p.promised(v.Name, claim.Key()) && reachable(v, node)
	})
	if err != nil || volume == nil || !reachable(volume, node) {
		return nil // validation lets no selector in that is an error
	}
	return volume
}

// reachable tells whether a volume can be used on a node.
func reachable(v *api.PersistentVolume, node *api.Node) bool {
	return v.Spec.NodeAffinity == nil || v.Spec.NodeAffinity.Required.Matches(node)
}

// allowsTopology tells whether a class makes volumes for the node's place.
func allowsTopology(terms []api.TopologySelectorTerm, node *api.Node) bool {
	return len(terms) == 0 || slices.ContainsFunc(terms, func(t api.TopologySelectorTerm) bool {
		return !slices.ContainsFunc(t.MatchLabelExpressions, func(r api.TopologySelectorLabelRequirement) bool {
			value, ok := node.Labels[r.Key]
			return !ok || !slices.Contains(r.Values, value)
		})
	})
}

// promised tells whether a volume will be another claim's.
func (p *volumeBinding) promised(volume string, claim api.Key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	to, ok := p.taken[volume]
	return ok && to != claim
}

// Reserve notes which volumes the pod's claims get on the node, so that the next pod's do not get them too.
func (p *volumeBinding) Reserve(c *cycle, n *nodeInfo) *status {
	for _, f := range c.filters {
		volumes, ok := f.(*volumesFilter)
		if !ok || len(volumes.waiting) == 0 {
			continue
		}
		d, no := volumes.plan(n.node)
		if no != nil {
			return no
		}
		p.mu.Lock()
		p.reserved[c.pod.pod.UID] = d
		for claim, volume := range d.bind {
			p.taken[volume] = claim
		}
		p.mu.Unlock()
	}
	return nil
}

// Unreserve takes it back.
func (p *volumeBinding) Unreserve(_ context.Context, pod *podInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, volume := range p.reserved[pod.pod.UID].bind {
		delete(p.taken, volume)
	}
	delete(p.reserved, pod.pod.UID)
}

// PreBindPreFlight tells whether there is anything to be decided.
func (p *volumeBinding) PreBindPreFlight(pod *podInfo) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.reserved[pod.pod.UID]
	return ok
}

// profileVolumeBinding is the plugin of one profile: all share the volumes, but not how long to wait for them.
type profileVolumeBinding struct {
	*volumeBinding
	timeout time.Duration
}

// PreBind gives up after the profile's time.
func (p *profileVolumeBinding) PreBind(ctx context.Context, pod *podInfo, node string) error {
	if !p.PreBindPreFlight(pod) {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, errors.New("binding volumes: timed out"))
	defer cancel()
	return p.volumeBinding.PreBind(ctx, pod, node)
}

// PreBind tells the controllers what was decided, and waits until they have done it.
func (p *volumeBinding) PreBind(ctx context.Context, pod *podInfo, node string) error {
	p.mu.Lock()
	d, ok := p.reserved[pod.pod.UID]
	p.mu.Unlock()
	if !ok {
		return nil
	}
	defer p.Unreserve(ctx, pod)
	for claim, volume := range d.bind {
		if err := p.giveVolume(ctx, claim, volume); err != nil {
			return err
		}
	}
	selected := map[api.Key]int64{} // when the node was written into claims whose volume has to be made
	for _, claim := range d.provision {
		revision, err := p.selectNode(ctx, claim, node)
		if err != nil {
			return err
		}
		selected[claim] = revision
	}
	return p.waitBound(ctx, slices.AppendSeq(slices.Clone(d.provision), maps.Keys(d.bind)), selected, node)
}

// giveVolume writes into a volume whose it is. The volume binder does the claim's side.
func (p *volumeBinding) giveVolume(ctx context.Context, key api.Key, name string) error {
	volume, ok := p.kit.volumes.Get(api.Key{Name: name})
	claim, exists := p.kit.claims.Get(key)
	if !ok || !exists {
		return fmt.Errorf("bind volume %s to claim %s: one of them is gone", name, key)
	}
	volume = api.DeepCopy(volume)
	if volume.Annotations == nil {
		volume.Annotations = map[string]string{}
	}
	if volume.Spec.ClaimRef == nil {
		volume.Annotations[api.AnnotationBoundByController] = "yes"
	}
	ref := client.ReferenceTo(claim)
	volume.Spec.ClaimRef = &ref
	why := client.Because(ctx, "claim %s waits for its first consumer, which goes to a node that reaches %s: bind them", key, name)
	if _, err := client.Of[*api.PersistentVolume](p.kit.client).Update(why, volume); err != nil {
		return fmt.Errorf("bind volume %s to claim %s: %w", name, key, err)
	}
	return nil
}

// selectNode writes into a claim where its volume has to be made, and returns the revision from which on it says so.
func (p *volumeBinding) selectNode(ctx context.Context, key api.Key, node string) (revision int64, err error) {
	claim, ok := p.kit.claims.Get(key)
	if !ok {
		return 0, fmt.Errorf("select node %s for claim %s: it is gone", node, key)
	}
	if claim.Annotations[api.AnnotationSelectedNode] == node {
		return claim.Revision(), nil
	}
	claim = api.DeepCopy(claim)
	if claim.Annotations == nil {
		claim.Annotations = map[string]string{}
	}
	claim.Annotations[api.AnnotationSelectedNode] = node
	why := client.Because(ctx, "claim %s waits for its first consumer, which goes to %s: have the volume made there", key, node)
	written, err := client.Of[*api.PersistentVolumeClaim](p.kit.client).Update(why, claim)
	if err != nil {
		return 0, fmt.Errorf("select node %s for claim %s: %w", node, key, err)
	}
	return written.Revision(), nil
}

// waitBound waits until all claims are bound. A claim from which the selected node was taken off again will not be: whoever
// makes volumes says so that it could not, and the pod is tried anew, perhaps elsewhere.
func (p *volumeBinding) waitBound(ctx context.Context, claims []api.Key, selected map[api.Key]int64, node string) error {
	for {
		changed := p.news.wait()
		bound := 0
		for _, key := range claims {
			claim, ok := p.kit.claims.Get(key)
			if !ok {
				return fmt.Errorf("binding volumes: claim %s is gone", key)
			}
			since, toBeMade := selected[key]
			switch {
			case fullyBound(claim):
				bound++
			case toBeMade && claim.Annotations[api.AnnotationSelectedNode] != node && claim.Revision() >= since:
				return fmt.Errorf("binding volumes: provisioning failed for PVC %q", key.Name)
			}
		}
		if bound == len(claims) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Hints are claims of the pod that come or change, volumes and classes that do, and nodes that come or change labels.
func (p *volumeBinding) Hints() []hint {
	return []hint{
		{on: claimChanged, helps: usesClaim},
		{on: volumeChanged | classChanged | driverChanged | nodeAdded | nodeRelabelled},
	}
}
