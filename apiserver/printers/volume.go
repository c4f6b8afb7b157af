package printers

import (
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// The columns of volumes and claims, and of what bounds them.

// PersistentVolume are the columns of PersistentVolume.
var PersistentVolume = columns(func(pv *api.PersistentVolume, now time.Time) []any {
	spec, claim := &pv.Spec, ""
	if spec.ClaimRef != nil {
		claim = spec.ClaimRef.Namespace + "/" + spec.ClaimRef.Name
	}
	return []any{
		pv.Name, spec.Capacity[api.ResourceStorage].String(), accessModesText(spec.AccessModes), string(spec.PersistentVolumeReclaimPolicy),
		phaseText(pv, string(pv.Status.Phase)), claim, api.VolumeClass(pv), orUnset(spec.VolumeAttributesClassName),
		pv.Status.Reason, Age(pv.CreationTimestamp.Time, now), orUnset(spec.VolumeMode),
	}
},
	NameColumn,
	text("Capacity", "How large it is."),
	text("Access Modes", "How it can be mounted: RWO, ROX, RWX, RWOP."),
	text("Reclaim Policy", "What happens when its claim is gone."),
	text("Status", "Phase of its life, or Terminating."),
	text("Claim", "The claim that it is bound to."),
	text("StorageClass", "The class that it belongs to."),
	text("VolumeAttributesClass", "The class whose parameters it has."),
	text("Reason", "Why it failed."),
	ageColumn,
	wide("VolumeMode", "File system or block device."),
)

// PersistentVolumeClaim are the columns of PersistentVolumeClaim.
var PersistentVolumeClaim = columns(func(claim *api.PersistentVolumeClaim, now time.Time) []any {
	spec, capacity, modes := &claim.Spec, "", ""
	if spec.VolumeName != "" {
		capacity, modes = claim.Status.Capacity[api.ResourceStorage].String(), accessModesText(claim.Status.AccessModes)
	}
	return []any{
		claim.Name, phaseText(claim, string(claim.Status.Phase)), spec.VolumeName, capacity, modes,
		api.ClaimClass(claim), orUnset(spec.VolumeAttributesClassName),
		Age(claim.CreationTimestamp.Time, now), orUnset(spec.VolumeMode),
	}
},
	NameColumn,
	text("Status", "Pending, Bound or Lost, or Terminating."),
	text("Volume", "The volume that it is bound to."),
	text("Capacity", "How large the volume is."),
	text("Access Modes", "How the volume can be mounted: RWO, ROX, RWX, RWOP."),
	text("StorageClass", "The class that it asks for."),
	text("VolumeAttributesClass", "The class whose parameters the volume should have."),
	ageColumn,
	wide("VolumeMode", "File system or block device."),
)

// ResourceQuota are the columns of ResourceQuota.
var ResourceQuota = columns(func(quota *api.ResourceQuota, now time.Time) []any {
	requests, limits := quotaText(&quota.Status)
	return []any{quota.Name, requests, limits, Age(quota.CreationTimestamp.Time, now)}
}, NameColumn, text("Request", "What is used of what may be requested."), text("Limit", "What is used of what limits may add up to."), ageColumn)

// quotaText is "pods: 2/10, requests.cpu: 1/4", and the same for what is about limits.
func quotaText(status *api.ResourceQuotaStatus) (requests, limits string) {
	names := make([]string, 0, len(status.Hard))
	for name := range status.Hard {
		names = append(names, string(name))
	}
	slices.Sort(names)
	var r, l []string
	for _, name := range names {
		cell := name + ": " + status.Used[api.ResourceName(name)].String() + "/" + status.Hard[api.ResourceName(name)].String()
		if strings.HasPrefix(name, "limits.") {
			l = append(l, cell)
		} else {
			r = append(r, cell)
		}
	}
	return strings.Join(r, ", "), strings.Join(l, ", ")
}

func phaseText(obj api.Object, phase string) string {
	if obj.GetObjectMeta().DeletionTimestamp != nil {
		return "Terminating"
	}
	return phase
}

func orUnset[T ~string](p *T) string { return string(api.Deref(p, "<unset>")) }

// accessModesText abbreviates the modes, each once, in a fixed order.
func accessModesText(modes []api.PersistentVolumeAccessMode) string {
	var list []string
	for _, m := range []struct {
		mode  api.PersistentVolumeAccessMode
		short string
	}{{api.ReadWriteOnce, "RWO"}, {api.ReadOnlyMany, "ROX"}, {api.ReadWriteMany, "RWX"}, {api.ReadWriteOncePod, "RWOP"}} {
		if slices.Contains(modes, m.mode) {
			list = append(list, m.short)
		}
	}
	return strings.Join(list, ",")
}
