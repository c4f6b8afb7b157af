package kubectllite

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

func describeNode(ctx context.Context, c *client.Client, sh *sheet, o object) error {
	node, err := typed[*api.Node](o)
	if err != nil {
		return err
	}
	sh.line(0, "Name:\t%s", node.Name)
	sh.line(0, "Roles:\t%s", joined(nodeRoles(node), ","))
	sh.marks(&node.ObjectMeta)
	sh.line(0, "CreationTimestamp:\t%s", date(node.CreationTimestamp.Time))
	sh.values("Taints", formatTaints(node.Spec.Taints))
	sh.line(0, "Unschedulable:\t%v", node.Spec.Unschedulable)
	describeNodeLease(ctx, c, sh, node.Name)
	if len(node.Status.Conditions) > 0 {
		sh.line(0, "Conditions:")
		sh.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage")
		sh.line(1, "----\t------\t-----------------\t------------------\t------\t-------")
		for _, cond := range node.Status.Conditions {
			sh.line(1, "%s \t%s \t%s \t%s \t%s \t%s", cond.Type, cond.Status,
				date(cond.LastHeartbeatTime.Time), date(cond.LastTransitionTime.Time), cond.Reason, cond.Message)
		}
	}
	sh.line(0, "Addresses:")
	for _, address := range node.Status.Addresses {
		sh.line(1, "%s:\t%s", address.Type, address.Address)
	}
	describeAmountsAt(sh, "Capacity", node.Status.Capacity)
	describeAmountsAt(sh, "Allocatable", node.Status.Allocatable)
	describeNodeDevices(ctx, c, sh, node.Name)
	info := &node.Status.NodeInfo
	sh.line(0, "System Info:")
	for _, pair := range [][2]string{
		{"Machine ID", info.MachineID}, {"System UUID", info.SystemUUID}, {"Boot ID", info.BootID}, {"Kernel Version", info.KernelVersion},
		{"OS Image", info.OSImage}, {"Operating System", info.OperatingSystem}, {"Architecture", info.Architecture},
		{"Container Runtime Version", info.ContainerRuntimeVersion}, {"Kubelet Version", info.KubeletVersion},
	} {
		sh.line(1, "%s:\t%s", pair[0], pair[1])
	}
	if node.Spec.PodCIDR != "" {
		sh.line(0, "PodCIDR:\t%s", node.Spec.PodCIDR)
	}
	if len(node.Spec.PodCIDRs) > 0 {
		sh.line(0, "PodCIDRs:\t%s", strings.Join(node.Spec.PodCIDRs, ","))
	}
	if node.Spec.ProviderID != "" {
		sh.line(0, "ProviderID:\t%s", node.Spec.ProviderID)
	}
	return describeNodePods(ctx, c, sh, node)
}

func describeAmountsAt(sh *sheet, label string, amounts api.ResourceList) {
	if len(amounts) == 0 {
		return
	}
	sh.line(0, "%s:", label)
	for _, name := range sortedKeys(amounts) {
		amount := amounts[name]
		sh.line(1, "%s:\t%s", name, amount.String())
	}
}

func nodeRoles(node *api.Node) []string {
	var roles []string
	for key, value := range node.Labels {
		if role, ok := strings.CutPrefix(key, "node-role.kubernetes.io/"); ok && role != "" {
			roles = append(roles, role)
		} else if key == "kubernetes.io/role" && value != "" {
			roles = append(roles, value)
		}
	}
	slices.Sort(roles)
	return roles
}

func formatTaints(taints []api.Taint) []string {
	sorted := slices.SortedStableFunc(slices.Values(taints), func(a, b api.Taint) int {
		return strings.Compare(string(a.Effect)+","+a.Key, string(b.Effect)+","+b.Key)
	})
	var lines []string
	for _, t := range sorted {
		line := t.Key
		if t.Value != "" {
			line += "=" + t.Value
		}
		lines = append(lines, line+":"+string(t.Effect))
	}
	return lines
}

func describeNodeLease(ctx context.Context, c *client.Client, sh *sheet, node string) {
	lease, err := client.Of[*api.Lease](c).Get(ctx, "kube-node-lease", node)
	if err != nil {
		sh.line(0, "Lease:\tFailed to get lease: %v", err)
		return
	}
	moment := func(t *api.MicroTime) string {
		if t == nil {
			return "<unset>"
		}
		return date(t.Time)
	}
	sh.line(0, "Lease:")
	sh.line(1, "HolderIdentity:\t%s", api.Deref(lease.Spec.HolderIdentity, "<unset>"))
	sh.line(1, "AcquireTime:\t%s", moment(lease.Spec.AcquireTime))
	sh.line(1, "RenewTime:\t%s", moment(lease.Spec.RenewTime))
}

// maxPools is how many pools of devices are listed.
const maxPools = 10

// describeNodeDevices lists what devices drivers have on the node and nowhere else. Who may not see that sees nothing of it.
func describeNodeDevices(ctx context.Context, c *client.Client, sh *sheet, node string) {
	page, err := client.Of[*api.ResourceSlice](c).List(ctx, "", client.ListOptions{FieldSelector: "spec.nodeName=" + node})
	if err != nil || len(page.Items) == 0 {
		return
	}
	type pool struct{ driver, name string }
	type content struct{ slices, devices int }
	pools := map[pool]content{}
	for _, slice := range page.Items {
		key := pool{slice.Spec.Driver, slice.Spec.Pool.Name}
		has := pools[key]
		pools[key] = content{has.slices + 1, has.devices + len(slice.Spec.Devices)}
	}
	sorted := slices.SortedFunc(maps.Keys(pools), func(a, b pool) int {
		return strings.Compare(a.driver+"/"+a.name, b.driver+"/"+b.name)
	})
	sh.line(0, "Node-Local ResourceSlices:")
	sh.line(1, "Driver\tPool\tSlices\tDevices")
	sh.line(1, "------\t----\t------\t-------")
	for _, key := range sorted[:min(len(sorted), maxPools)] {
		sh.line(1, "%s\t%s\t%d\t%d", key.driver, key.name, pools[key].slices, pools[key].devices)
	}
	if more := len(sorted) - maxPools; more > 0 {
		sh.line(1, "...and %d more pools", more)
	}
}

// describeNodePods lists the pods that still need something of the node, and what it all comes to.
func describeNodePods(ctx context.Context, c *client.Client, sh *sheet, node *api.Node) error {
	page, err := client.Of[*api.Pod](c).List(ctx, "", client.ListOptions{
		FieldSelector: "spec.nodeName=" + node.Name + ",status.phase!=Failed,status.phase!=Succeeded",
	})
	if err != nil {
		if api.IsForbidden(err) {
			sh.line(0, "Pods:\tnot authorized")
			return nil
		}
		return err
	}
	allocatable := node.Status.Allocatable
	if len(allocatable) == 0 {
		allocatable = node.Status.Capacity
	}
	sh.line(0, "Non-terminated Pods:\t(%d in total)", len(page.Items))
	sh.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge")
	sh.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---")
	requests, limits := api.ResourceList{}, api.ResourceList{}
	for _, pod := range page.Items {
		r, l := podResources(pod, false), podResources(pod, true)
		addResources(requests, r)
		addResources(limits, l)
		sh.line(1, "%s\t%s\t\t%s\t%s\t%s\t%s\t%s", pod.Namespace, pod.Name,
			share(r, allocatable, api.ResourceCPU), share(l, allocatable, api.ResourceCPU),
			share(r, allocatable, api.ResourceMemory), share(l, allocatable, api.ResourceMemory), since(pod.CreationTimestamp.Time))
	}
	sh.line(0, "Allocated resources:")
	sh.line(0, "  (Total limits may be over 100 percent, i.e., overcommitted.)")
	sh.line(1, "Resource\tRequests\tLimits")
	sh.line(1, "--------\t--------\t------")
	own := []api.ResourceName{api.ResourceCPU, api.ResourceMemory, api.ResourceEphemeralStorage}
	var extended []api.ResourceName
	for _, name := range sortedKeys(allocatable) {
		switch {
		case strings.HasPrefix(string(name), "hugepages-"):
			own = append(own, name)
		case !slices.Contains(own, name) && name != api.ResourcePods:
			extended = append(extended, name)
		}
	}
	for _, name := range own {
		sh.line(1, "%s\t%s\t%s", name, share(requests, allocatable, name), share(limits, allocatable, name))
	}
	for _, name := range extended {
		r, l := requests[name], limits[name]
		sh.line(1, "%s\t%s\t%s", name, r.String(), l.String())
	}
	return nil
}

// share is an amount and the part of the node's that it is: "250m (12%)".
func share(amounts, of api.ResourceList, name api.ResourceName) string {
	amount, whole := amounts[name], of[name]
	percent := int64(0)
	if name == api.ResourceCPU && whole.MilliValue() != 0 {
		percent = amount.MilliValue() * 100 / whole.MilliValue()
	} else if whole.Value() != 0 {
		percent = int64(float64(amount.Value()) / float64(whole.Value()) * 100)
	}
	return fmt.Sprintf("%s (%d%%)", amount.String(), percent)
}

func addResources(to, from api.ResourceList) {
	for name, amount := range from {
		to[name] = to[name].Add(amount)
	}
}

// podResources is what a pod asks for (or may use at most): its containers together, or an init container that alone
// needs more, because that runs before them. Init containers that keep running count with the containers.
func podResources(pod *api.Pod, limits bool) api.ResourceList {
	of := func(c *api.Container) api.ResourceList {
		if limits {
			return c.Resources.Limits
		}
		return c.Resources.Requests
	}
	sum := api.ResourceList{}
	for i := range pod.Spec.Containers {
		addResources(sum, of(&pod.Spec.Containers[i]))
	}
	sidecars, initPeak := api.ResourceList{}, api.ResourceList{}
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		needs := api.ResourceList{}
		addResources(needs, sidecars)
		addResources(needs, of(c))
		if c.IsSidecar() {
			addResources(sidecars, of(c))
			addResources(sum, of(c))
		}
		for name, amount := range needs {
			if peak := initPeak[name]; amount.Cmp(peak) > 0 {
				initPeak[name] = amount
			}
		}
	}
	for name, peak := range initPeak {
		if have := sum[name]; peak.Cmp(have) > 0 {
			sum[name] = peak
		}
	}
	addResources(sum, pod.Spec.Overhead)
	return sum
}
