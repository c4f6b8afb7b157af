package api

type CoordinatedLeaseStrategy string

const (
	OldestEmulationVersion CoordinatedLeaseStrategy = "OldestEmulationVersion"
)

type Lease struct {
	TypeMeta   `json:",inline"`
	ObjectMeta `json:"metadata,omitempty" pb:"1"`
	Spec       LeaseSpec `json:"spec,omitempty" pb:"2"`
}

type LeaseSpec struct {
	HolderIdentity       *string                   `json:"holderIdentity,omitempty" pb:"1"`
	LeaseDurationSeconds *int32                    `json:"leaseDurationSeconds,omitempty" pb:"2"`
	AcquireTime          *MicroTime                `json:"acquireTime,omitempty" pb:"3"`
	RenewTime            *MicroTime                `json:"renewTime,omitempty" pb:"4"`
	LeaseTransitions     *int32                    `json:"leaseTransitions,omitempty" pb:"5"`
	Strategy             *CoordinatedLeaseStrategy `json:"strategy,omitempty" pb:"6"`
	PreferredHolder      *string                   `json:"preferredHolder,omitempty" pb:"7"`
}
