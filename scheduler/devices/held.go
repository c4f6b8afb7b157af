package devices

import (
	"kubelite/api"
)

// ID names a device in the cluster.
type ID struct{ Driver, Pool, Device string }

// String names the device as messages do.
func (id ID) String() string { return id.Driver + "/" + id.Pool + "/" + id.Device }

// Held is what claims have: whole devices, and shares of devices. One goroutine at a time may use it.
type Held struct {
	whole  map[ID]int
	shares map[ID]*shares
}

// shares of one device.
type shares struct {
	claims int
	amount amounts
}

// NewHeld is nothing.
func NewHeld() *Held { return &Held{whole: map[ID]int{}, shares: map[ID]*shares{}} }

// Add counts what a claim was given.
func (h *Held) Add(a *api.AllocationResult) { h.count(a, 1) }

// Remove takes it off again.
func (h *Held) Remove(a *api.AllocationResult) { h.count(a, -1) }

// count counts a claim's devices, once or minus once. Those that it only looks at as an administrator are not in use by it.
func (h *Held) count(a *api.AllocationResult, sign int) {
	for i := range a.Devices.Results {
		r := &a.Devices.Results[i]
		id := ID{r.Driver, r.Pool, r.Device}
		switch {
		case api.Deref(r.AdminAccess, false):
		case r.ShareID == nil:
			if h.whole[id] += sign; h.whole[id] == 0 {
				delete(h.whole, id)
			}
		default:
			s := h.shares[id]
			if s == nil {
				s = &shares{amount: amounts{}}
				h.shares[id] = s
			}
			s.amount.add(r.ConsumedCapacity, sign)
			if s.claims += sign; s.claims == 0 {
				delete(h.shares, id)
			}
		}
	}
}

// uses tells whether anybody has the device, or a share of it.
func (h *Held) uses(id ID) bool { return h.whole[id] > 0 || h.shares[id] != nil }
