package api

// CoordinatedLeaseStrategy names a way to choose a leader among candidates.
type CoordinatedLeaseStrategy string

const (
	OldestEmulationVersion CoordinatedLeaseStrategy = "OldestEmulationVersion"
)

// Lease says who holds something, and until when: leadership among several processes, or that a node is alive.
type Lease struct {
	TypeMeta `json:",inline"`
	// Standard object metadata.
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	// Who holds it and since when.
	Spec LeaseSpec `json:"spec,omitempty" pb:"2"`
}

// LeaseSpec is the state of a Lease. Its holder writes it.
type LeaseSpec struct {
	// Who holds the lease now. Empty: nobody.
	HolderIdentity *string `json:"holderIdentity,omitempty" pb:"1"`
	// For how many seconds after renewTime others must believe that it is held.
	LeaseDurationSeconds *int32 `json:"leaseDurationSeconds,omitempty" pb:"2"`
	// When the present holder took it.
	AcquireTime *MicroTime `json:"acquireTime,omitempty" pb:"3"`
	// When the holder last said that it is still there.
	RenewTime *MicroTime `json:"renewTime,omitempty" pb:"4"`
	// How often it has passed from one holder to another.
	LeaseTransitions *int32 `json:"leaseTransitions,omitempty" pb:"5"`
	// How a coordinated election chooses the next holder.
	Strategy *CoordinatedLeaseStrategy `json:"strategy,omitempty" pb:"6"`
	// Who the present holder should hand over to.
	PreferredHolder *string `json:"preferredHolder,omitempty" pb:"7"`
}
