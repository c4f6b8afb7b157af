package apiserver

import (
	"strings"
	"time"

	"kubelite/api"
)

// The columns of the kinds of storage.k8s.io.

var storageClassColumns = columns(func(c *api.StorageClass, now time.Time) []any {
	name := c.Name
	if api.IsDefaultStorageClass(c) {
		name += " (default)"
	}
	return []any{
		name, c.Provisioner, api.Deref(c.ReclaimPolicy, api.PersistentVolumeReclaimDelete),
		api.Deref(c.VolumeBindingMode, api.VolumeBindingImmediate), api.Deref(c.AllowVolumeExpansion, false), age(c.CreationTimestamp.Time, now),
	}
},
	nameColumn,
	text("Provisioner", "Who makes the volumes."),
	text("ReclaimPolicy", "What becomes of a volume whose claim is gone."),
	text("VolumeBindingMode", "When a volume is made."),
	text("AllowVolumeExpansion", "Whether claims may ask for more than they have."),
	ageColumn,
)

var volumeAttributesClassColumns = columns(func(c *api.VolumeAttributesClass, now time.Time) []any {
	return []any{c.Name, c.DriverName, age(c.CreationTimestamp.Time, now)}
},
	nameColumn,
	text("DriverName", "The driver that knows the parameters."),
	ageColumn,
)

var volumeAttachmentColumns = columns(func(a *api.VolumeAttachment, now time.Time) []any {
	return []any{
		a.Name, a.Spec.Attacher, api.Deref(a.Spec.Source.PersistentVolumeName, ""), a.Spec.NodeName, a.Status.Attached, age(a.CreationTimestamp.Time, now),
	}
},
	nameColumn,
	api.TableColumnDefinition{Name: "Attacher", Type: "string", Format: "name", Description: "The volume driver that has to do it."},
	text("PV", "The volume."),
	text("Node", "The node."),
	boolean("Attached", "Whether the volume is attached."),
	ageColumn,
)

var csiNodeColumns = columns(func(n *api.CSINode, now time.Time) []any {
	return []any{n.Name, len(n.Spec.Drivers), age(n.CreationTimestamp.Time, now)}
},
	nameColumn,
	integer("Drivers", "How many volume drivers run on the node."),
	ageColumn,
)

var csiDriverColumns = columns(func(d *api.CSIDriver, now time.Time) []any {
	modes := make([]string, len(d.Spec.VolumeLifecycleModes))
	for i, mode := range d.Spec.VolumeLifecycleModes {
		modes[i] = string(mode)
	}
	tokens := "<unset>"
	if d.Spec.TokenRequests != nil {
		audiences := make([]string, len(d.Spec.TokenRequests))
		for i, r := range d.Spec.TokenRequests {
			audiences[i] = r.Audience
		}
		tokens = strings.Join(audiences, ",")
	}
	return []any{
		d.Name, api.Deref(d.Spec.AttachRequired, true), api.Deref(d.Spec.PodInfoOnMount, false), api.Deref(d.Spec.StorageCapacity, false),
		tokens, api.Deref(d.Spec.RequiresRepublish, false), orNone(strings.Join(modes, ",")), age(d.CreationTimestamp.Time, now),
	}
},
	nameColumn,
	boolean("AttachRequired", "Whether volumes must be attached to a node before they are mounted."),
	boolean("PodInfoOnMount", "Whether the driver is told which pod it mounts for."),
	boolean("StorageCapacity", "Whether the scheduler asks for room first."),
	text("TokenRequests", "Audiences of the tokens that the driver is given."),
	boolean("RequiresRepublish", "Whether the mount call is repeated now and then."),
	text("Modes", "Whether volumes outlive pods."),
	ageColumn,
)
