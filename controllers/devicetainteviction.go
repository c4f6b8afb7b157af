package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// The loop that takes pods off devices that are not fit for use.
//
//	desired    no pod uses a device with a NoExecute taint that its claim does not tolerate, or no longer
//	actual     the taints in the ResourceSlices, the devices and tolerations in the claims' allocations, who reserved them
//	converge   delete the pod when its time is over: at once without a toleration, after tolerationSeconds with one
//
// Example: the driver finds that gpu-3 of node n1 overheats and writes the taint overheated:NoExecute into the device. The claim
// that has gpu-3 tolerates that for 60 seconds, counted from the time in the taint: then its pod is deleted, the claim is
// released, and the next pod gets another device. If the driver takes the taint away before, nothing happens.
//
// It is for devices what tainteviction.go is for nodes. Tolerations were copied into the allocation when the claim got the
// device, so that neither pod nor claim has to be asked.

// DeviceTaintEviction deletes pods that use devices which they may not.
type DeviceTaintEviction struct {
	client *client.Client
	pods   *client.Informer[*api.Pod]
	claims *client.Informer[*api.ResourceResourceClaim]
	slices *client.Informer[*api.ResourceSlice]
	events *client.Recorder
	log    *slog.Logger
	queue  *client.Queue
	plan   evictionPlan
}

// byPool is the index of ResourceSlices by the pool that their devices belong to; see poolKey.
const byPool = "pool"

// poolKey names a pool. A driver's name has no slash.
func poolKey(driver, pool string) string { return driver + "/" + pool }

func slicePoolIndex(slice *api.ResourceSlice) []string {
	return []string{poolKey(slice.Spec.Driver, slice.Spec.Pool.Name)}
}

// NewDeviceTaintEviction subscribes to pods, to claims with devices, and to slices of pools in which a device has such a taint.
// Keys are pods.
func NewDeviceTaintEviction(c *client.Client, caches *Caches, log *slog.Logger) *DeviceTaintEviction {
	d := &DeviceTaintEviction{
		client: c, pods: caches.Pods, claims: caches.ResourceClaims, slices: caches.ResourceSlices, log: log,
		events: client.NewRecorder(c, "device-taint-eviction-controller", ""), queue: client.NewQueue("devicetainteviction"),
	}
	caches.Pods.OnChange(func(old, pod *api.Pod, revision int64) {
		if pod == nil {
			d.plan.drop(old.Key())
			return
		}
		if old != nil && old.Spec.NodeName == pod.Spec.NodeName && api.Equal(old.Status.ResourceClaimStatuses, pod.Status.ResourceClaimStatuses) {
			return
		}
		if len(pod.Spec.ResourceClaims) > 0 {
			d.queue.Add(pod.Key(), revision)
		}
	})
	caches.ResourceClaims.Enqueue(d.queue, usersOfDevices)
	caches.ResourceSlices.OnChange(func(old, slice *api.ResourceSlice, revision int64) {
		for _, s := range []*api.ResourceSlice{old, slice} {
			if s != nil {
				d.poolChanged(s, revision)
			}
		}
	})
	return d
}

// usersOfDevices are the pods that may use a claim, if it has devices.
func usersOfDevices(claim *api.ResourceResourceClaim) (pods []api.Key) {
	if claim.Status.Allocation == nil {
		return nil
	}
	for _, user := range claim.Status.ReservedFor {
		if user.APIGroup == "" && user.Resource == "pods" {
			pods = append(pods, api.Key{Namespace: claim.Namespace, Name: user.Name})
		}
	}
	return pods
}

// poolChanged queues who uses devices of a slice's pool, if any of it has a taint, or this slice had one. All of the pool counts:
// a slice of a new generation puts the older ones out of force.
func (d *DeviceTaintEviction) poolChanged(slice *api.ResourceSlice, revision int64) {
	pool := poolKey(slice.Spec.Driver, slice.Spec.Pool.Name)
	drivesOut := func(t api.DeviceTaint) bool { return t.Effect == api.DeviceTaintEffectNoExecute }
	tainted := slices.ContainsFunc(append(d.slices.ByIndex(byPool, pool), slice), func(s *api.ResourceSlice) bool {
		return slices.ContainsFunc(s.Spec.Devices, func(device api.Device) bool { return slices.ContainsFunc(device.Taints, drivesOut) })
	})
	if !tainted {
		return // as good as always
	}
	for _, claim := range d.claims.List("", nil) {
		inPool := func(r api.DeviceRequestAllocationResult) bool { return poolKey(r.Driver, r.Pool) == pool }
		if claim.Status.Allocation != nil && slices.ContainsFunc(claim.Status.Allocation.Devices.Results, inPool) {
			for _, pod := range usersOfDevices(claim) {
				d.queue.Add(pod, revision)
			}
		}
	}
}

// Run reconciles until ctx ends.
func (d *DeviceTaintEviction) Run(ctx context.Context) error {
	if err := waitForSync(ctx, d.pods, d.claims, d.slices); err != nil {
		return err
	}
	return d.queue.Run(ctx, 8, d.Reconcile, d.log)
}

// Reconcile deletes the pod if its time is over, and comes back then if it is not.
func (d *DeviceTaintEviction) Reconcile(ctx context.Context, key api.Key) error {
	pod, ok := d.pods.Get(key)
	if !ok || pod.DeletionTimestamp != nil {
		d.plan.drop(key)
		return nil
	}
	due, why := d.evictionTime(pod)
	switch {
	case why == "":
		if d.plan.drop(key) {
			d.events.Event(ctx, pod, api.EventTypeNormal, "DeviceTaintManagerEviction", "Cancelling deletion")
		}
		return nil
	case time.Until(due) > 0:
		d.plan.add(key)
		d.queue.AddAfter(key, time.Until(due), "tolerationSeconds")
		tell(client.Because(ctx, "%s, which the claim tolerates until %s: wait", why, due.UTC().Format(time.TimeOnly)), d.client, d.log, pod)
		return nil
	}
	d.plan.drop(key)
	d.events.Event(ctx, pod, api.EventTypeNormal, "DeviceTaintManagerEviction", "Marking for deletion")
	ctx = client.Because(ctx, "%s, which the claim does not tolerate (any longer): delete", why)
	return evictPod(ctx, d.client, pod, "DeletionByDeviceTaintManager", "Device Taint manager: deleting due to NoExecute taint")
}

// evictionTime is when a pod has to leave, and why: "" if it need not. The first of its claims that has to be given up decides.
func (d *DeviceTaintEviction) evictionTime(pod *api.Pod) (due time.Time, why string) {
	if pod.Spec.NodeName == "" {
		return time.Time{}, "" // it uses nothing yet
	}
	for i := range pod.Spec.ResourceClaims {
		wanted := &pod.Spec.ResourceClaims[i]
		name, made, _ := pod.ResourceClaimName(wanted)
		claim, ok := d.claims.Get(api.Key{Namespace: pod.Namespace, Name: name})
		if !ok || claim.Status.Allocation == nil || !claim.IsReservedFor(pod.UID) || made && !api.IsControlledBy(claim, pod) {
			continue
		}
		at, because := deviceEvictionTime(claim.Status.Allocation.Devices.Results, func(r *api.DeviceRequestAllocationResult) []api.DeviceTaint {
			return deviceTaints(d.slices.ByIndex(byPool, poolKey(r.Driver, r.Pool)), r.Device)
		})
		if because != "" && (why == "" || at.Before(due)) {
			due, why = at, because
		}
	}
	return due, why
}

// deviceTaints are the taints of a device of a pool, of which these are the slices. Only those of the newest generation count.
func deviceTaints(pool []*api.ResourceSlice, device string) (taints []api.DeviceTaint) {
	newest := int64(0)
	for _, slice := range pool {
		generation := slice.Spec.Pool.Generation
		if generation < newest {
			continue
		}
		if generation > newest {
			newest, taints = generation, nil
		}
		for i := range slice.Spec.Devices {
			if slice.Spec.Devices[i].Name == device {
				taints = slice.Spec.Devices[i].Taints
			}
		}
	}
	return taints
}

// deviceEvictionTime is when the first of a claim's devices has to be given up, and why: "" if none has to.
func deviceEvictionTime(devices []api.DeviceRequestAllocationResult, taintsOf func(*api.DeviceRequestAllocationResult) []api.DeviceTaint) (due time.Time, why string) {
	for i := range devices {
		device := &devices[i]
		taints := taintsOf(device)
		for j := range taints {
			taint := &taints[j]
			if taint.Effect != api.DeviceTaintEffectNoExecute {
				continue
			}
			at, ends := deviceToleratedUntil(device.Tolerations, taint)
			if ends && (why == "" || at.Before(due)) {
				due, why = at, fmt.Sprintf("device %s/%s/%s has taint %s", device.Driver, device.Pool, device.Device, taint.Key)
			}
		}
	}
	return due, why
}

// deviceToleratedUntil is how long a NoExecute taint is tolerated: ends is false for one that is tolerated for ever. Of several
// tolerations that match one without an end is enough; of those with one the shortest counts.
func deviceToleratedUntil(tolerations []api.DeviceToleration, taint *api.DeviceTaint) (until time.Time, ends bool) {
	since := api.Deref(taint.TimeAdded, api.Time{}).Time // always there: the API server's default is the time of the write
	var shortest *int64
	for i := range tolerations {
		toleration := &tolerations[i]
		switch {
		case !toleration.Tolerates(taint):
		case toleration.TolerationSeconds == nil:
			return time.Time{}, false
		case shortest == nil || *toleration.TolerationSeconds < *shortest:
			shortest = toleration.TolerationSeconds
		}
	}
	return since.Add(time.Duration(max(0, api.Deref(shortest, 0))) * time.Second), true
}
