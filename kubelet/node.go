package kubelet

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// register makes the Node, or brings one that is there up to date: labels that the user added stay. It tries until
// the API server answers.
func (k *Kubelet) register(ctx context.Context) error {
	ctx = client.Because(client.WithTimer(ctx, "kubelet start"), "node %s has started", k.cfg.NodeName)
	nodes := client.Of[*api.Node](k.client)
	for {
		node, err := nodes.Get(ctx, "", k.cfg.NodeName)
		switch {
		case api.IsNotFound(err):
			node = api.New[*api.Node]()
			node.Name = k.cfg.NodeName
			k.describeNode(node)
			k.usePodCIDR(node)
			k.setStatus(ctx, node, nil)
			if node, err = nodes.Create(ctx, node); err == nil {
				k.nodeEvents(ctx, api.New[*api.Node](), node)
			}
		case err == nil:
			before := api.DeepCopy(node)
			if k.describeNode(node); !api.Equal(before, node) {
				node, err = nodes.Update(ctx, node)
			}
			if err == nil {
				k.usePodCIDR(node)
			}
		}
		if err == nil {
			k.node.Store(node)
			k.log.Info("node registered", "node", k.cfg.NodeName)
			k.recorder.EventOn(ctx, k.nodeReference(), eventNormal, "Starting", "Starting kubelet.")
			return nil
		}
		k.log.Warn("node not registered", "node", k.cfg.NodeName, "error", err)
		if !client.Wait(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// describeNode sets the labels, annotations and spec that are the kubelet's to set.
func (k *Kubelet) describeNode(node *api.Node) {
	if node.Labels == nil {
		node.Labels = map[string]string{}
	}
	maps.Copy(node.Labels, k.cfg.Labels)
	maps.Copy(node.Labels, map[string]string{
		api.LabelHostname:  k.cfg.NodeName,
		"kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux",
		"kubernetes.io/arch": k.info.Architecture, "beta.kubernetes.io/arch": k.info.Architecture,
	})
	if node.Annotations == nil {
		node.Annotations = map[string]string{}
	}
	node.Annotations["volumes.kubernetes.io/controller-managed-attach-detach"] = "true"
	if node.Spec.PodCIDR == "" && k.cfg.PodCIDR != "" {
		node.Spec.PodCIDR, node.Spec.PodCIDRs = k.cfg.PodCIDR, []string{k.cfg.PodCIDR}
	}
}

// How often a new node looks whether its range of addresses has come: it usually has after the first time.
const (
	firstLook = 10 * time.Millisecond
	lastLook  = time.Second
)

// heartbeat looks every ten seconds whether the node's status is still true. It writes when it is not, and every
// five minutes anyway; in between the Lease says that the node is alive, for a tenth of the bytes.
func (k *Kubelet) heartbeat(ctx context.Context) error {
	var due time.Time                 // the next report; zero before the first
	spread := rand.N(heartbeatPeriod) // as the Lease does
	soon := firstLook
	for {
		report, first := time.Now().After(due), due.IsZero()
		if written, err := k.updateStatus(ctx, report); err != nil && ctx.Err() == nil {
			k.log.Warn("node status not updated", "node", k.cfg.NodeName, "error", err)
		} else if written {
			due = time.Now().Add(untilReport(report && !first))
		}
		period := untilHeartbeat() - spread
		switch waiting := k.networkError() != nil; { // nobody can use the node before its range has come
		case waiting && k.cfg.Fleet == nil:
			period, soon = soon, min(2*soon, lastLook)
		case !waiting:
			spread = 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(period):
		case <-k.lookAtNode:
		}
	}
}

// untilReport is how long it is to the next report of a status that stays as it is: five minutes, and after one that was not regular,
// of a change or of a kubelet that has started, up to half as long more or less, at random, as upstream has it. What changes many
// nodes at once must not make them report together ever after.
func untilReport(regular bool) time.Duration {
	if regular {
		return statusReportPeriod
	}
	return statusReportPeriod/2 + rand.N(statusReportPeriod)
}

// updateStatus writes the node's status if it changed, or if force says so.
func (k *Kubelet) updateStatus(ctx context.Context, force bool) (written bool, err error) {
	ctx = client.WithTimer(ctx, "node status heartbeat")
	nodes := client.Of[*api.Node](k.client)
	before, err := k.readNode(ctx)
	if err != nil {
		return false, err
	}
	node := api.DeepCopy(before)
	k.node.Store(before)
	k.usePodCIDR(node)
	health := k.runtime.Status(ctx)
	k.setStatus(ctx, node, health)
	if !force && api.Equal(withoutHeartbeats(before), withoutHeartbeats(node)) {
		return false, nil
	}
	switch old, now := before.Status.Condition(api.NodeReady), node.Status.Condition(api.NodeReady); {
	case old != nil && old.Status == now.Status:
		ctx = client.Because(ctx, "the node is as before: the regular report")
	case now.Status == api.ConditionTrue:
		ctx = client.Because(ctx, "the container runtime answers and pods get addresses: the node is ready")
	case health == nil:
		ctx = client.Because(ctx, "pods get no addresses: the node is not ready")
	default:
		ctx = client.Because(ctx, "the container runtime does not answer: the node is not ready")
	}
	old, err := api.MarshalJSON(struct {
		Status api.NodeStatus `json:"status"`
	}{before.Status})
	if err != nil {
		return false, err
	}
	new, err := api.MarshalJSON(struct {
		Status api.NodeStatus `json:"status"`
	}{node.Status})
	if err != nil {
		return false, err
	}
	patch, err := api.CreateTwoWayMergePatch(old, new, api.Node{})
	if err != nil {
		return false, err
	}
	if _, err := nodes.Patch(ctx, "", node.Name, api.StrategicMergePatchType, patch, "status"); err != nil {
		return false, err
	}
	k.nodeEvents(ctx, before, node)
	return true, nil
}

// readNode is the Node as the API has it. A fleet's watch shows it, if it is not quite new.
func (k *Kubelet) readNode(ctx context.Context) (*api.Node, error) {
	if k.cfg.Fleet != nil {
		if node, ok := k.cfg.Fleet.nodes.Get(api.Key{Name: k.cfg.NodeName}); ok {
			return node, nil
		}
	}
	return client.Of[*api.Node](k.client).Get(ctx, "", k.cfg.NodeName)
}

// nodeEvents tells of conditions that changed, in upstream's words.
func (k *Kubelet) nodeEvents(ctx context.Context, before, after *api.Node) {
	names := map[api.NodeConditionType][2]string{ // when true, when false
		api.NodeReady:          {"NodeReady", "NodeNotReady"},
		api.NodeMemoryPressure: {"NodeHasInsufficientMemory", "NodeHasSufficientMemory"},
		api.NodeDiskPressure:   {"NodeHasDiskPressure", "NodeHasNoDiskPressure"},
		api.NodePIDPressure:    {"NodeHasInsufficientPID", "NodeHasSufficientPID"},
	}
	for i := range after.Status.Conditions {
		c := &after.Status.Conditions[i]
		reason, ours := names[c.Type]
		old := before.Status.Condition(c.Type)
		if !ours || old != nil && old.Status == c.Status || old == nil && c.Type == api.NodeReady && c.Status != api.ConditionTrue {
			continue // as before, or a new node, of which nobody expects that it is ready
		}
		event := reason[1]
		if c.Status == api.ConditionTrue {
			event = reason[0]
		}
		k.recorder.EventOn(ctx, k.nodeReference(), eventNormal, event, "Node %s status is now: %s", k.cfg.NodeName, event)
	}
}

// nodeReference is how the kubelet's events name its node: by its name where others have the UID, as upstream does.
func (k *Kubelet) nodeReference() api.ObjectReference {
	return api.ObjectReference{Kind: "Node", APIVersion: "v1", Name: k.cfg.NodeName, UID: api.UID(k.cfg.NodeName)}
}

// setStatus fills in everything that the kubelet knows about its node. health is the runtime's: nil if it is well.
func (k *Kubelet) setStatus(ctx context.Context, node *api.Node, health error) {
	s := &node.Status
	s.Addresses = []api.NodeAddress{{Type: api.NodeInternalIP, Address: k.cfg.NodeIP}, {Type: api.NodeHostName, Address: k.cfg.NodeName}}
	s.DaemonEndpoints.KubeletEndpoint.Port = k.port()
	s.Capacity, s.Allocatable = withExtended(k.capacity(), s.Capacity), withExtended(k.allocatable(), s.Capacity)
	s.Features = &api.NodeFeatures{SupplementalGroupsPolicy: api.Ptr(true)}
	s.DeclaredFeatures = []string{api.FeatureWebSockets, api.FeatureResizePods, api.FeatureResizeInitContainers, api.FeatureRestartAllContainers}
	ids := machineIDs()
	s.NodeInfo = api.NodeSystemInfo{
		MachineID: ids.machine, SystemUUID: ids.system, BootID: ids.boot,
		KernelVersion: k.info.KernelVersion, OSImage: k.info.OSImage, OperatingSystem: "linux", Architecture: k.info.Architecture,
		ContainerRuntimeVersion: k.info.Name + "://" + k.info.Version, KubeletVersion: k.cfg.Version,
	}
	if health == nil {
		if images, err := k.runtime.ListImages(ctx); err == nil {
			s.Images = nodeImages(images)
		}
	}
	now := seconds(time.Now())
	for _, p := range []struct {
		t               api.NodeConditionType
		reason, message string
		short, warning  string
	}{
		{api.NodeMemoryPressure, "KubeletHasSufficientMemory", "kubelet has sufficient memory available", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"},
		{api.NodeDiskPressure, "KubeletHasNoDiskPressure", "kubelet has no disk pressure", "KubeletHasDiskPressure", "kubelet has disk pressure"},
		{api.NodePIDPressure, "KubeletHasSufficientPID", "kubelet has sufficient PID available", "", ""},
	} {
		c := api.NodeCondition{Type: p.t, Status: api.ConditionFalse, Reason: p.reason, Message: p.message, LastHeartbeatTime: now}
		if k.under(p.t) {
			c.Status, c.Reason, c.Message = api.ConditionTrue, p.short, p.warning
		}
		setNodeCondition(s, c)
	}
	ready := api.NodeCondition{
		Type: api.NodeReady, Status: api.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status", LastHeartbeatTime: now,
	}
	network := k.networkError()
	if health != nil || network != nil {
		ready.Status, ready.Reason = api.ConditionFalse, "KubeletNotReady"
	}
	switch {
	case health != nil && network != nil:
		ready.Message = fmt.Sprintf("[container runtime is down, %v]", network)
	case health != nil:
		ready.Message = "container runtime is down"
	case network != nil:
		ready.Message = network.Error()
	}
	setNodeCondition(s, ready)
}

// capacity is what the machine has.
func (k *Kubelet) capacity() api.ResourceList {
	list := api.ResourceList{
		api.ResourceCPU:    api.NewQuantity(int64(k.info.CPUs), api.DecimalSI),
		api.ResourceMemory: api.NewQuantity(k.info.Memory>>10<<10, api.BinarySI), // in KiB, as the kernel counts it
		api.ResourcePods:   api.NewQuantity(int64(k.cfg.MaxPods), api.DecimalSI),
	}
	if k.info.Storage > 0 {
		list[api.ResourceEphemeralStorage] = api.NewQuantity(k.info.Storage>>10<<10, api.BinarySI)
	}
	for _, name := range hugePages() {
		list[name] = api.NewQuantity(0, api.BinarySI)
	}
	return list
}

// hugePages are the sizes that the machine's kernel can have, such as "hugepages-2Mi". Pods get none, since Docker cannot
// keep one of them to its share.
var hugePages = sync.OnceValue(func() (names []api.ResourceName) {
	entries, _ := os.ReadDir("/sys/kernel/mm/hugepages") // none of them: another kernel
	for _, e := range entries {
		var size int64
		if _, err := fmt.Sscanf(e.Name(), "hugepages-%dkB", &size); err == nil {
			names = append(names, api.ResourceName("hugepages-"+api.NewQuantity(size<<10, api.BinarySI).String()))
		}
	}
	return names
})

// withExtended adds what others say that the node has: extended resources, such as "example.com/dongle", are advertised by
// whoever patches the node's status, and the kubelet lets them stand. All of them may be given to pods.
func withExtended(own, told api.ResourceList) api.ResourceList {
	for name, amount := range told {
		if _, ours := own[name]; !ours && strings.Contains(string(name), "/") {
			own[name] = amount
		}
	}
	return own
}

// allocatable is what of the capacity pods may have: all but what eviction keeps free, for whoever uses that is evicted.
// Nothing is reserved for the system.
func (k *Kubelet) allocatable() api.ResourceList {
	list := k.capacity()
	for _, p := range pressures {
		if has, ok := list[p.resource]; ok {
			list[p.resource] = api.NewQuantity(max(has.Value()-p.least, 0), api.BinarySI)
		}
	}
	return list
}

// Upstream's limits on what a Node tells about its images.
const maxNodeImages, maxImageNames = 50, 5

func nodeImages(images []Image) []api.ContainerImage {
	var list []api.ContainerImage
	for _, image := range images[:min(len(images), maxNodeImages)] {
		if len(image.Names) > 0 {
			list = append(list, api.ContainerImage{Names: image.Names[:min(len(image.Names), maxImageNames)], SizeBytes: image.Size})
		}
	}
	return list
}

// machineIDs are the kernel's and the system's names for this machine, "" what may not be read. None changes while we run.
var machineIDs = sync.OnceValue(func() (ids struct{ machine, system, boot string }) {
	read := func(file string) string {
		b, err := os.ReadFile(file)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(b))
	}
	ids.machine, ids.boot = read("/etc/machine-id"), read("/proc/sys/kernel/random/boot_id")
	ids.system = cmp.Or(read("/sys/class/dmi/id/product_uuid"), ids.machine) // which not every virtual machine has
	return ids
})

// setNodeCondition replaces the condition of that type; the time of its last change stays unless it changed.
func setNodeCondition(s *api.NodeStatus, c api.NodeCondition) {
	c.LastTransitionTime = c.LastHeartbeatTime
	for i := range s.Conditions {
		if old := &s.Conditions[i]; old.Type == c.Type {
			if old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
			}
			*old = c
			return
		}
	}
	s.Conditions = append(s.Conditions, c)
}

// withoutHeartbeats is a status without the times that change with every look.
func withoutHeartbeats(node *api.Node) *api.NodeStatus {
	s := node.Status
	s.Conditions = slices.Clone(s.Conditions)
	for i := range s.Conditions {
		s.Conditions[i].LastHeartbeatTime = api.Time{}
	}
	return &s
}
