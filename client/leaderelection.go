package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"kubelite/api"
)

// LeaseConfig says which Lease elects the leader, and who we are. Durations left 0 are upstream's: LeaseDuration, RenewDeadline
// and RetryPeriod.
type LeaseConfig struct {
	Namespace, Name string
	// Identity tells the candidates apart. A process that comes back under its old identity finds the lease its own and
	// goes on at once; one with a new identity waits until the lease of the dead one has run out.
	Identity string
	// Duration is how long candidates wait for a leader that does not renew.
	Duration time.Duration
	// RenewDeadline is how long a leader tries to renew before it gives up. Shorter than Duration, so that it has
	// stopped before another one starts.
	RenewDeadline time.Duration
	// RetryPeriod is the time between attempts to acquire or renew.
	RetryPeriod time.Duration
}

// Upstream's durations.
const (
	LeaseDuration = 15 * time.Second
	RenewDeadline = 10 * time.Second
	RetryPeriod   = 2 * time.Second
)

// jitter is by how much of itself a candidate's waiting grows at most, so that not all of them come at once.
const jitter = 0.2

// ErrLeadershipLost is returned by Lead when another candidate may be leading now. The process should end: whoever
// supervises it starts a fresh candidate.
var ErrLeadershipLost = errors.New("leadership lost")

// Lead waits until this process is the leader, then calls run. The context of run ends when leadership does. Lead
// returns after run has returned, with run's error or ErrLeadershipLost, and gives the lease up so that the next
// candidate need not wait. It returns nil if ctx ended, and an error at once if the durations do not fit together. Without a
// lease (nil) there is nobody to wait for.
//
// Only the lease's resource version decides who wins: two candidates that write at once cannot both succeed. Clocks
// are never compared: each candidate measures with its own how long the record has not changed.
func Lead(ctx context.Context, c *Client, lease *LeaseConfig, run func(ctx context.Context) error) error {
	if lease == nil {
		return run(ctx)
	}
	cfg := *lease
	cfg.Duration, cfg.RenewDeadline, cfg.RetryPeriod = cmp.Or(cfg.Duration, LeaseDuration), cmp.Or(cfg.RenewDeadline, RenewDeadline), cmp.Or(cfg.RetryPeriod, RetryPeriod)
	if err := cfg.check(); err != nil {
		return err
	}
	e := &election{leases: Of[*api.Lease](c), client: c, cfg: cfg}
	log := c.log.With("lease", cfg.Namespace+"/"+cfg.Name, "identity", cfg.Identity)
	log.Debug("wait to become the leader")
	if !e.acquire(ctx) {
		return nil
	}
	log.Info("became the leader")

	leading, stop := context.WithCancel(ctx)
	defer stop()
	finished := make(chan error, 1)
	go func() { finished <- run(leading) }()
	lost := make(chan struct{})
	renewals := make(chan struct{})
	go func() {
		defer close(renewals)
		if !e.renew(leading) && leading.Err() == nil {
			close(lost)
		}
	}()

	var err error
	select {
	case err = <-finished:
	case <-lost:
		log.Error("leadership lost")
		stop()
		<-finished
		return ErrLeadershipLost
	case <-ctx.Done():
		err = <-finished
	}
	stop()
	<-renewals
	e.release()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// check refuses durations with which a leader would be followed before it gave up.
func (cfg LeaseConfig) check() error {
	switch {
	case cfg.Duration < 0 || cfg.RenewDeadline < 0 || cfg.RetryPeriod < 0:
		return errors.New("leader election: durations must be greater than zero")
	case cfg.Duration <= cfg.RenewDeadline:
		return fmt.Errorf("leader election: leaseDuration (%s) must be greater than renewDeadline (%s)", cfg.Duration, cfg.RenewDeadline)
	case float64(cfg.RenewDeadline) <= (1+jitter)*float64(cfg.RetryPeriod):
		return fmt.Errorf("leader election: renewDeadline (%s) must be greater than retryPeriod*JitterFactor (%s*%g)", cfg.RenewDeadline, cfg.RetryPeriod, 1+jitter)
	}
	return nil
}

// election is one candidate's view of the lease.
type election struct {
	leases Resource[*api.Lease]
	client *Client
	cfg    LeaseConfig

	// seen is the lease as last read, seenAt when it was first seen in that state, by our clock.
	seen   *api.Lease
	seenAt time.Time
}

// acquire tries until we hold the lease; false if ctx ended first.
func (e *election) acquire(ctx context.Context) bool {
	for {
		err := e.try(ctx)
		if err == nil {
			return true
		}
		if !errors.Is(err, errHeld) && ctx.Err() == nil {
			e.client.log.Warn("cannot acquire the lease, will try again", "lease", e.cfg.Namespace+"/"+e.cfg.Name, "error", err)
		}
		if !Wait(ctx, e.cfg.RetryPeriod+rand.N(time.Duration(jitter*float64(e.cfg.RetryPeriod)))) {
			return false
		}
	}
}

// renew keeps the lease until ctx ends (true), or until no attempt succeeded for the deadline (false).
func (e *election) renew(ctx context.Context) bool {
	renewed := time.Now()
	for Wait(ctx, e.cfg.RetryPeriod) {
		attempt, cancel := context.WithDeadline(ctx, renewed.Add(e.cfg.RenewDeadline))
		err := e.try(attempt)
		cancel()
		switch {
		case err == nil:
			renewed = time.Now()
		case ctx.Err() != nil:
			return true
		case time.Since(renewed) >= e.cfg.RenewDeadline || errors.Is(err, errHeld):
			return false
		default:
			e.client.log.Warn("cannot renew the lease, will try again", "lease", e.cfg.Namespace+"/"+e.cfg.Name, "error", err)
		}
	}
	return true
}

var errHeld = errors.New("another candidate holds the lease")

// try writes our name and the time into the lease, if it is ours, nobody's, or has run out.
func (e *election) try(ctx context.Context) error {
	ctx = WithTimer(ctx, "leader election")
	if e.holds() { // then it need not be read: that somebody has written to it since is a conflict
		if err := e.take(Because(ctx, "renew"), e.seen, e.leases.Update); !api.IsConflict(err) && !api.IsNotFound(err) {
			return err
		}
	}
	lease, err := e.leases.Get(ctx, e.cfg.Namespace, e.cfg.Name)
	if api.IsNotFound(err) {
		lease = &api.Lease{ObjectMeta: api.ObjectMeta{Namespace: e.cfg.Namespace, Name: e.cfg.Name}}
		return e.take(Because(ctx, "there was no lease: take it"), lease, e.leases.Create)
	}
	if err != nil {
		return err
	}
	e.observe(lease)
	holder := api.Deref(lease.Spec.HolderIdentity, "")
	why := "renew"
	if holder != e.cfg.Identity {
		if holder != "" && time.Since(e.seenAt) < time.Duration(api.Deref(lease.Spec.LeaseDurationSeconds, 0))*time.Second {
			return errHeld
		}
		why = fmt.Sprintf("the lease of %q has run out: take it", holder)
		if holder == "" {
			why = "the last leader gave the lease up: take it"
		}
	}
	return e.take(Because(ctx, "%s", why), lease, e.leases.Update)
}

// holds tells whether the lease was ours when it was last seen, and has not run out since.
func (e *election) holds() bool {
	return e.seen != nil && api.Deref(e.seen.Spec.HolderIdentity, "") == e.cfg.Identity && time.Since(e.seenAt) < e.cfg.Duration
}

// take writes the lease as ours, by creating it or by updating what was read. It fails if somebody else has written meanwhile.
func (e *election) take(ctx context.Context, read *api.Lease, write func(context.Context, *api.Lease) (*api.Lease, error)) error {
	wanted := *read
	e.hold(&wanted)
	written, err := write(ctx, &wanted)
	if err != nil {
		return err
	}
	e.observe(written)
	return nil
}

// hold makes us the holder as of now. It sets fields of spec, and changes nothing that they point to.
func (e *election) hold(lease *api.Lease) {
	now := api.NowMicro()
	spec := &lease.Spec
	if api.Deref(spec.HolderIdentity, "") != e.cfg.Identity {
		if spec.HolderIdentity != nil {
			spec.LeaseTransitions = api.Ptr(api.Deref(spec.LeaseTransitions, 0) + 1)
		} else {
			spec.LeaseTransitions = api.Ptr[int32](0)
		}
		spec.HolderIdentity = api.Ptr(e.cfg.Identity)
		spec.AcquireTime = &now
	}
	spec.LeaseDurationSeconds = api.Ptr(int32(e.cfg.Duration / time.Second))
	spec.RenewTime = &now
}

// observe notes when the lease changed.
func (e *election) observe(lease *api.Lease) {
	if e.seen == nil || e.seen.ResourceVersion != lease.ResourceVersion {
		e.seen, e.seenAt = lease, time.Now()
	}
}

// release empties the lease. It has a moment to do so: the process is on its way out.
func (e *election) release() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	lease := api.DeepCopy(e.seen)
	now := api.NowMicro()
	lease.Spec.HolderIdentity = api.Ptr("")
	lease.Spec.LeaseDurationSeconds = api.Ptr[int32](1)
	lease.Spec.RenewTime, lease.Spec.AcquireTime = &now, &now
	if _, err := e.leases.Update(Because(WithTimer(ctx, "leader election"), "give the lease up on exit"), lease); err != nil {
		e.client.log.Warn("cannot give the lease up; it will run out", "lease", e.cfg.Namespace+"/"+e.cfg.Name, "error", err)
	}
}
