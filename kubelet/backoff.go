package kubelet

import "time"

// What goes wrong is tried again after 10 seconds, then 20, 40, ... up to five minutes. Twice the maximum without
// trouble and the count starts over. Containers that crash and images that cannot be pulled share the rule.
const (
	backoffInitial = 10 * time.Second
	backoffMax     = 5 * time.Minute
)

// backoff is how long the next try has to wait. Its zero value has not seen a failure yet: the first restart of a
// container is free. It is a value, so that planning can work out the next one without changing anything.
type backoff struct {
	delay   time.Duration
	updated time.Time
}

// until is when something that failed at failedAt may be tried again, the zero time for at once.
func (b backoff) until(failedAt, now time.Time) time.Time {
	if b.delay == 0 || b.expired(failedAt) {
		return time.Time{}
	}
	if t := failedAt.Add(b.delay); t.After(now) {
		return t
	}
	return time.Time{}
}

// next is the back-off after another try because of the failure at failedAt.
func (b backoff) next(failedAt, now time.Time) backoff {
	if b.delay == 0 || b.expired(failedAt) {
		return backoff{delay: backoffInitial, updated: now}
	}
	return backoff{delay: min(2*b.delay, backoffMax), updated: now}
}

// expired tells that things went well for so long before the failure that it counts as the first one.
func (b backoff) expired(failedAt time.Time) bool {
	return failedAt.Sub(b.updated) > 2*backoffMax
}
