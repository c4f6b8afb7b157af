package printers

import (
	"strings"
	"time"

	"kubelite/api"
)

// The columns of the kinds of storage.k8s.io.

// StorageClass are the columns of StorageClass.
var StorageClass = columns(func(c *api.StorageClass, now time.Time) []any {
	name := c.Name
	if api.IsDefaultStorageClass(c) {
		name += " (default)"
	}
	return []any{
		name, c.Provisioner, api.Deref(c.ReclaimPolicy, api.PersistentVolumeReclaimDelete),
		api.Deref(c.VolumeBindingMode, api.VolumeBindingImmediate), api.Deref(c.AllowVolumeExpansion, false), Age(c.CreationTimestamp.Time, now),
	}
},
	NameColumn,
	text("Provisioner", "Who makes the volumes."),
	text("ReclaimPolicy", "What becomes of a volume whose claim is gone."),
	text("VolumeBindingMode", "When a volume is made."),
	text("AllowVolumeExpansion", "Whether claims may ask for more than they have."),
	ageColumn,
)

// VolumeAttributesClass are the columns of VolumeAttributesClass.
var VolumeAttributesClass = columns(func(c *api.VolumeAttributesClass, now time.Time) []any {
	return []any{c.Name, c.DriverName, Age(c.CreationTimestamp.Time, now)}
},
	NameColumn,
	text("DriverName", "The driver that knows the parameters."),
	ageColumn,
)

// VolumeAttachment are the columns of VolumeAttachment.
var VolumeAttachment = columns(func(a *api.VolumeAttachment, now time.Time) []any {
	return []any{
		a.Name, a.Spec.Attacher, api.Deref(a.Spec.Source.PersistentVolumeName, ""), a.Spec.NodeName, a.Status.Attached, Age(a.CreationTimestamp.Time, now),
	}
},
	NameColumn,
	api.TableColumnDefinition{Name: "Attacher", Type: "string", Format: "name", Description: "The volume driver that has to do it."},
	text("PV", "The volume."),
	text("Node", "The node."),
	boolean("Attached", "Whether the volume is attached."),
	ageColumn,
)

// CSINode are the columns of CSINode.
var CSINode = columns(func(n *api.CSINode, now time.Time) []any {
	return []any{n.Name, len(n.Spec.Drivers), Age(n.CreationTimestamp.Time, now)}
},
	NameColumn,
	integer("Drivers", "How many volume drivers run on the node."),
	ageColumn,
)

// CSIDriver are the columns of CSIDriver.
var CSIDriver = columns(func(d *api.CSIDriver, now time.Time) []any {
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
		tokens, api.Deref(d.Spec.RequiresRepublish, false), orNone(strings.Join(modes, ",")), Age(d.CreationTimestamp.Time, now),
	}
},
	NameColumn,
	boolean("AttachRequired", "Whether volumes must be attached to a node before they are mounted."),
	boolean("PodInfoOnMount", "Whether the driver is told which pod it mounts for."),
	boolean("StorageCapacity", "Whether the scheduler asks for room first."),
	text("TokenRequests", "Audiences of the tokens that the driver is given."),
	boolean("RequiresRepublish", "Whether the mount call is repeated now and then."),
	text("Modes", "Whether volumes outlive pods."),
	ageColumn,
)
