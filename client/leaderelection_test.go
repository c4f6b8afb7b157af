package client

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// leaseServer keeps one Lease with compare-and-swap, and can be cut off.
type leaseServer struct {
	mu       sync.Mutex
	lease    *api.Lease
	revision int
	reads    int
	down     bool
}

func (s *leaseServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	kind := api.KindOf[*api.Lease]()
	if r.Method == http.MethodGet {
		s.reads++
	} else {
		written := &api.Lease{}
		body := make([]byte, r.ContentLength)
		r.Body.Read(body)
		if err := api.UnmarshalJSON(body, written); err != nil {
			panic(err)
		}
		switch {
		case r.Method == http.MethodPost && s.lease != nil:
			fail(w, api.NewAlreadyExists(kind, "l"))
			return
		case r.Method == http.MethodPut && s.lease == nil:
			fail(w, api.NewNotFound(kind, "l"))
			return
		case r.Method == http.MethodPut && written.ResourceVersion != s.lease.ResourceVersion:
			fail(w, api.NewConflict(kind, "l", context.Canceled))
			return
		}
		s.revision++
		written.ResourceVersion = strconv.Itoa(s.revision)
		s.lease = written
	}
	if s.lease == nil {
		fail(w, api.NewNotFound(kind, "l"))
		return
	}
	body, _ := api.MarshalJSON(s.lease)
	w.Write(body)
}

func (s *leaseServer) holder() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return api.Deref(s.lease.Spec.HolderIdentity, "")
}

// write changes the lease behind the candidates' backs; without a holder, it is deleted.
func (s *leaseServer) write(holder string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision++
	if s.lease = nil; holder != "" {
		s.lease = &api.Lease{Spec: api.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: api.Ptr[int32](15)}}
		s.lease.ResourceVersion = strconv.Itoa(s.revision)
	}
}

func (s *leaseServer) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// candidate runs Lead and tells when it leads, and how it ended.
func candidate(t *testing.T, s *leaseServer, name string) (leads chan struct{}, stop context.CancelFunc, ended chan error) {
	ctx, stop := context.WithCancel(t.Context())
	leads, ended = make(chan struct{}), make(chan error, 1)
	c := newTestClient(t, s)
	go func() {
		ended <- Lead(ctx, c, &LeaseConfig{Namespace: "kube-system", Name: "l", Identity: name}, func(ctx context.Context) error {
			close(leads)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	return leads, stop, ended
}

func TestLeaderHandsOverOnExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leaseServer{}
		leads, stop, ended := candidate(t, s, "a")
		<-leads
		nextLeads, stopNext, nextEnded := candidate(t, s, "b")
		time.Sleep(time.Minute) // renewals keep it
		synctest.Wait()
		require.Equal(t, "a", s.holder())

		began := time.Now()
		stop()
		require.NoError(t, <-ended)
		<-nextLeads
		require.Less(t, time.Since(began), 4*time.Second, "nobody waits for a lease that was given up")
		require.Equal(t, "b", s.holder())
		require.EqualValues(t, 1, *s.lease.Spec.LeaseTransitions)
		stopNext()
		require.NoError(t, <-nextEnded)
	})
}

func TestDeadLeadersLeaseRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := &api.Lease{Spec: api.LeaseSpec{HolderIdentity: api.Ptr("dead"), LeaseDurationSeconds: api.Ptr[int32](15)}}
		s := &leaseServer{lease: dead}
		dead.ResourceVersion = "0"
		began := time.Now()
		leads, stop, ended := candidate(t, s, "a")
		<-leads
		require.InDelta(t, 15, time.Since(began).Seconds(), 3)
		stop()
		<-ended
	})
}

func TestSameIdentityTakesItsOwnLeaseAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &api.Lease{Spec: api.LeaseSpec{HolderIdentity: api.Ptr("a"), LeaseDurationSeconds: api.Ptr[int32](15)}}
		own.ResourceVersion = "0"
		began := time.Now()
		leads, stop, ended := candidate(t, &leaseServer{lease: own}, "a")
		<-leads
		require.Less(t, time.Since(began), time.Second)
		stop()
		<-ended
	})
}

func TestLeaderStopsBeforeItsLeaseRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leaseServer{}
		leads, stop, ended := candidate(t, s, "a")
		defer stop()
		<-leads
		began := time.Now()
		s.setDown(true)
		require.ErrorIs(t, <-ended, ErrLeadershipLost)
		lasted := time.Since(began)
		require.Greater(t, lasted, 7*time.Second)
		require.Less(t, lasted, 15*time.Second, "another candidate may lead after 15 s")
	})
}

func TestLeaderRenewsWithoutReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &leaseServer{}
		leads, stop, ended := candidate(t, s, "a")
		<-leads
		time.Sleep(time.Minute)
		require.Equal(t, 1, s.reads, "before it led")
		require.Greater(t, s.revision, 20)

		s.write("") // somebody deletes it
		time.Sleep(5 * time.Second)
		require.Equal(t, "a", s.holder(), "it is made anew")
		require.Equal(t, 2, s.reads)

		s.write("b") // somebody takes it
		require.ErrorIs(t, <-ended, ErrLeadershipLost)
		require.Equal(t, "b", s.holder())
		stop()
	})
}

func TestDurationsOfALease(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  LeaseConfig
		want string
	}{
		{"a leader that goes on when it is followed", LeaseConfig{Duration: 10 * time.Second}, "leaseDuration (10s) must be greater than renewDeadline (10s)"},
		{"a leader that tries once", LeaseConfig{RetryPeriod: 9 * time.Second}, "renewDeadline (10s) must be greater than retryPeriod*JitterFactor (9s*1.2)"},
		{"less than no time", LeaseConfig{RetryPeriod: -time.Second}, "must be greater than zero"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.ErrorContains(t, Lead(t.Context(), nil, &tc.cfg, nil), tc.want)
		})
	}
}
