package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"kubelite/api"
)

// LeaseConfig says which Lease elects the leader, and who we are. Durations left 0 are upstream's: 15 s, 10 s, 2 s.
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

// ErrLeadershipLost is returned by Lead when another candidate may be leading now. The process should end: whoever
// supervises it starts a fresh candidate.
var ErrLeadershipLost = errors.New("leadership lost")

// Lead waits until this process is the leader, then calls run. The context of run ends when leadership does. Lead
// returns after run has returned, with run's error or ErrLeadershipLost, and gives the lease up so that the next
// candidate need not wait. It returns nil if ctx ended.
//
// Only the lease's resource version decides who wins: two candidates that write at once cannot both succeed. Clocks
// are never compared: each candidate measures with its own how long the record has not changed.
func Lead(ctx context.Context, c *Client, cfg LeaseConfig, run func(ctx context.Context) error) error {
	e := &election{
		leases:   Of[*api.Lease](c),
		client:   c,
		cfg:      cfg,
		duration: defaultTo(cfg.Duration, 15*time.Second),
		deadline: defaultTo(cfg.RenewDeadline, 10*time.Second),
		retry:    defaultTo(cfg.RetryPeriod, 2*time.Second),
	}
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

// election is one candidate's view of the lease.
type election struct {
	leases                    Resource[*api.Lease]
	client                    *Client
	cfg                       LeaseConfig
	duration, deadline, retry time.Duration

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
		if !Wait(ctx, e.retry+rand.N(e.retry/5)) {
			return false
		}
	}
}

// renew keeps the lease until ctx ends (true), or until no attempt succeeded for the deadline (false).
func (e *election) renew(ctx context.Context) bool {
	renewed := time.Now()
	for Wait(ctx, e.retry) {
		attempt, cancel := context.WithDeadline(ctx, renewed.Add(e.deadline))
		err := e.try(attempt)
		cancel()
		switch {
		case err == nil:
			renewed = time.Now()
		case ctx.Err() != nil:
			return true
		case time.Since(renewed) >= e.deadline || errors.Is(err, errHeld):
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
	return e.seen != nil && api.Deref(e.seen.Spec.HolderIdentity, "") == e.cfg.Identity && time.Since(e.seenAt) < e.duration
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
	spec.LeaseDurationSeconds = api.Ptr(int32(e.duration / time.Second))
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

func defaultTo(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}
