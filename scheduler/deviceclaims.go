package scheduler

import (
	"strings"

	"kubelite/api"
	"kubelite/client"
	"kubelite/scheduler/devices"
)

// deviceClaims knows which devices the ResourceClaims of the cluster hold: those that the informer shows, and those that were
// promised to claims here and are not written yet, so that no other claim is given them.
//
// Like the cache it stands still while the loop decides: it is changed by the loop, and by cache.tell.
type deviceClaims struct {
	held   *devices.Held
	claims map[api.UID]heldClaim
}

// heldClaim is the newest that is known of a claim.
type heldClaim struct {
	revision   int64
	allocation *api.AllocationResult // nil: it holds nothing
	promised   bool                  // the allocation is a promise
}

func newDeviceClaims() *deviceClaims {
	return &deviceClaims{held: devices.NewHeld(), claims: map[api.UID]heldClaim{}}
}

// show takes in a claim's state, unless a newer one is known. What is promised stays so until the claim says that it has it.
func (d *deviceClaims) show(claim *api.ResourceResourceClaim) {
	known := d.claims[claim.UID]
	switch {
	case claim.Revision() < known.revision:
	case claim.Status.Allocation == nil && known.promised:
		known.revision = claim.Revision()
		d.claims[claim.UID] = known
	default:
		d.set(claim.UID, heldClaim{revision: claim.Revision(), allocation: claim.Status.Allocation})
	}
}

// forget lets go of a claim that is gone.
func (d *deviceClaims) forget(uid api.UID) {
	d.set(uid, heldClaim{})
	delete(d.claims, uid)
}

// promise gives a claim devices.
func (d *deviceClaims) promise(uid api.UID, a *api.AllocationResult) {
	d.set(uid, heldClaim{revision: d.claims[uid].revision, allocation: a, promised: true})
}

// withdraw takes back a promise that was not kept.
func (d *deviceClaims) withdraw(uid api.UID) {
	if known := d.claims[uid]; known.promised {
		d.set(uid, heldClaim{revision: known.revision})
	}
}

// written takes in a claim that now says what was promised. One that was in memory only, under another uid, has been made. A claim
// that is forgotten is gone already: it would be held for ever, since nobody tells of it again.
func (d *deviceClaims) written(claim *api.ResourceResourceClaim, promised api.UID) {
	if _, known := d.claims[promised]; !known {
		return
	}
	d.show(claim)
	if promised != claim.UID {
		d.forget(promised)
	}
}

func (d *deviceClaims) set(uid api.UID, now heldClaim) {
	if was := d.claims[uid].allocation; was != nil {
		d.held.Remove(was)
	}
	if now.allocation != nil {
		d.held.Add(now.allocation)
	}
	d.claims[uid] = now
}

// holds tells whether the claim holds devices, by promise or as it was last seen.
func (d *deviceClaims) holds(uid api.UID) bool { return d.claims[uid].allocation != nil }

// Indexes of ResourceSlices and of DeviceClasses.
const (
	byDeviceNode       = "node" // the name of the node that alone has the devices, "" for all others
	byDevicePool       = "pool"
	byExtendedResource = "resource" // that the class stands for
)

// publishedDevices looks up classes and what drivers publish in the informers' caches.
type publishedDevices struct {
	classes *client.Informer[*api.DeviceClass]
	slices  *client.Informer[*api.ResourceSlice]
}

func newPublishedDevices(classes *client.Informer[*api.DeviceClass], slices *client.Informer[*api.ResourceSlice]) *publishedDevices {
	classes.AddIndex(byExtendedResource, func(c *api.DeviceClass) []string {
		if c.Spec.ExtendedResourceName == nil {
			return nil
		}
		return []string{*c.Spec.ExtendedResourceName}
	})
	slices.AddIndex(byDeviceNode, func(s *api.ResourceSlice) []string { return []string{api.Deref(s.Spec.NodeName, "")} })
	slices.AddIndex(byDevicePool, func(s *api.ResourceSlice) []string { return []string{devicePool(s.Spec.Driver, s.Spec.Pool.Name)} })
	return &publishedDevices{classes, slices}
}

func devicePool(driver, pool string) string { return driver + "\x00" + pool }

func (p *publishedDevices) Class(name string) (*api.DeviceClass, bool) {
	return p.classes.Get(api.Key{Name: name})
}

func (p *publishedDevices) OnNode(node string) []*api.ResourceSlice {
	return p.slices.ByIndex(byDeviceNode, node)
}

func (p *publishedDevices) Shared() []*api.ResourceSlice { return p.OnNode("") }

func (p *publishedDevices) OfPool(driver, pool string) []*api.ResourceSlice {
	return p.slices.ByIndex(byDevicePool, devicePool(driver, pool))
}

func (p *publishedDevices) ClassFor(resource api.ResourceName) (*api.DeviceClass, bool) {
	if name, ok := strings.CutPrefix(string(resource), api.ResourceDeviceClassPrefix); ok {
		return p.Class(name)
	}
	return newestClass(p.classes.ByIndex(byExtendedResource, string(resource)))
}
