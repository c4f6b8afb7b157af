package printers

import (
	"strings"
	"time"

	"kubelite/api"
)

// DeviceClass are the columns of DeviceClass.
var DeviceClass = columns(func(c *api.DeviceClass, now time.Time) []any {
	return []any{c.Name, Age(c.CreationTimestamp.Time, now)}
}, NameColumn, ageColumn)

// ResourceClaimTemplate are the columns of ResourceClaimTemplate.
var ResourceClaimTemplate = columns(func(t *api.ResourceClaimTemplate, now time.Time) []any {
	return []any{t.Name, Age(t.CreationTimestamp.Time, now)}
}, NameColumn, ageColumn)

// ResourceClaim are the columns of ResourceClaim.
var ResourceClaim = columns(func(c *api.ResourceResourceClaim, now time.Time) []any {
	return []any{c.Name, resourceClaimState(c), Age(c.CreationTimestamp.Time, now)}
},
	NameColumn,
	text("State", "Whether it has its devices, and is in use."),
	ageColumn,
)

// resourceClaimState is "pending", "allocated,reserved" and the like.
func resourceClaimState(c *api.ResourceResourceClaim) string {
	var states []string
	if c.DeletionTimestamp != nil {
		states = append(states, "deleted")
	}
	if c.Status.Allocation != nil {
		states = append(states, "allocated")
		if len(c.Status.ReservedFor) > 0 {
			states = append(states, "reserved")
		}
	} else if c.DeletionTimestamp == nil {
		states = append(states, "pending")
	}
	return strings.Join(states, ",")
}

// ResourceSlice are the columns of ResourceSlice.
var ResourceSlice = columns(func(s *api.ResourceSlice, now time.Time) []any {
	return []any{s.Name, api.Deref(s.Spec.NodeName, ""), s.Spec.Driver, s.Spec.Pool.Name, Age(s.CreationTimestamp.Time, now)}
},
	NameColumn,
	text("Node", "The node that has the devices."),
	text("Driver", "The driver of the devices."),
	text("Pool", "The pool that they belong to."),
	ageColumn,
)
