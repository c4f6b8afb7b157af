package flowcontrol

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// client sends requests that take their time to be served, one after the other or all at once.
type client struct {
	c    *Controller
	user string
	work Work
	time time.Duration
	wait time.Duration

	mu       sync.Mutex
	served   int
	rejected map[string]int
}

func (cl *client) send() {
	t := cl.c.Admit(context.Background(), max(cl.wait, time.Minute), Digest{User: cl.user, Verb: "get", Path: "/x", Groups: []string{"system:authenticated"}},
		func(int) Work { return cl.work })
	if t.Rejected == "" {
		time.Sleep(cl.time/2 + rand.N(cl.time)) // or all would end at once
		t.Done()
	} else {
		time.Sleep(time.Duration(t.RetryAfter) * time.Second)
	}
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if t.Rejected == "" {
		cl.served++
		return
	}
	if cl.rejected == nil {
		cl.rejected = map[string]int{}
	}
	cl.rejected[t.Rejected]++
}

// count is how many were served so far.
func (cl *client) count() int {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	return cl.served
}

// keepsSending has so many requests on their way at all times, for a while.
func (cl *client) keepsSending(all *sync.WaitGroup, atOnce int, d time.Duration) {
	end := time.Now().Add(d)
	for range atOnce {
		all.Go(func() {
			for time.Now().Before(end) {
				cl.send()
			}
		})
	}
}

// oneLevel is a controller whose requests all go to one level, "test", by user, with next to all seats.
func oneLevel(seats int, queuing *api.QueuingConfiguration) *Controller {
	response := api.LimitResponse{Type: api.LimitResponseTypeReject}
	if queuing != nil {
		response = api.LimitResponse{Type: api.LimitResponseTypeQueue, Queuing: queuing}
	}
	c := New(seats)
	c.Configure([]*api.PriorityLevelConfiguration{{
		ObjectMeta: api.ObjectMeta{Name: "test", UID: "level"},
		Spec: api.PriorityLevelConfigurationSpec{Type: api.PriorityLevelEnablementLimited, Limited: &api.LimitedPriorityLevelConfiguration{
			NominalConcurrencyShares: api.Ptr[int32](1_000_000), LendablePercent: api.Ptr[int32](0), BorrowingLimitPercent: api.Ptr[int32](0), LimitResponse: response,
		}},
	}}, []*api.FlowSchema{schema("test", "test", 100, "*")})
	return c
}

func schema(name, level string, precedence int32, user string) *api.FlowSchema {
	return &api.FlowSchema{ObjectMeta: api.ObjectMeta{Name: name, UID: "schema"}, Spec: api.FlowSchemaSpec{
		PriorityLevelConfiguration: api.PriorityLevelConfigurationReference{Name: level}, MatchingPrecedence: precedence,
		DistinguisherMethod: &api.FlowDistinguisherMethod{Type: api.FlowDistinguisherMethodByUserType},
		Rules: []api.PolicyRulesWithSubjects{{
			Subjects:         []api.FlowcontrolSubject{{Kind: api.SubjectKindUser, User: &api.UserSubject{Name: user}}},
			NonResourceRules: []api.NonResourcePolicyRule{{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}}},
		}},
	}}
}

// oneQueue is for each flow.
var oneQueue = &api.QueuingConfiguration{Queues: 64, HandSize: 1, QueueLengthLimit: 200}

// elsewhere is a user whose queue is not another one's.
func elsewhere(user string) string {
	queue := func(user string) int {
		hand := make([]int, 1)
		deal(hashFlow("test", user), 64, hand)
		return hand[0]
	}
	for i := 0; ; i++ {
		if other := fmt.Sprint("user-", i); queue(other) != queue(user) {
			return other
		}
	}
}

var sixQueues = &api.QueuingConfiguration{Queues: 64, HandSize: 6, QueueLengthLimit: 50}

// idle wants nobody there any more, and no seat lost.
func idle(t *testing.T, c *Controller) {
	t.Helper()
	for _, l := range c.sorted() {
		require.Zero(t, l.inUse, l.name)
		require.Zero(t, l.asked, l.name)
		require.Zero(t, l.busy, l.name)
		require.Empty(t, l.executing, l.name)
		require.Empty(t, l.waiters, l.name)
		for _, q := range l.queues {
			require.Zero(t, q.inUse)
			require.Zero(t, q.work)
		}
	}
}

// A client that asks for a hundred times as much gets no more than its share; what the others leave is its own.
func TestClientsGetTheSame(t *testing.T) {
	for name, test := range map[string]struct {
		small, big             Work
		smallTime, bigTime     time.Duration
		smallAtOnce, bigAtOnce int
		wantSmall, wantBig     int // requests within ten seconds
	}{
		"as many as it wants":           {One(), One(), 10 * time.Millisecond, 10 * time.Millisecond, 1, 100, 800, 3200}, // a seat is free every 2.5 ms
		"half of the seats":             {One(), One(), 10 * time.Millisecond, 10 * time.Millisecond, 8, 100, 2000, 2000},
		"half of the seats, if shorter": {One(), One(), 5 * time.Millisecond, 20 * time.Millisecond, 8, 100, 4000, 1000},
		"half of the seats, if wider":   {One(), Work{Seats: 2}, 10 * time.Millisecond, 10 * time.Millisecond, 8, 100, 2000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := oneLevel(4, oneQueue)
				small := &client{c: c, user: "small", work: test.small, time: test.smallTime}
				big := &client{c: c, user: elsewhere("small"), work: test.big, time: test.bigTime}
				var all sync.WaitGroup
				small.keepsSending(&all, test.smallAtOnce, 10*time.Second)
				big.keepsSending(&all, test.bigAtOnce, 10*time.Second)
				time.Sleep(10 * time.Second)
				require.InEpsilon(t, test.wantSmall, small.count(), 0.2, "small")
				require.InEpsilon(t, test.wantBig, big.count(), 0.2, "big")
				all.Wait()
				require.Empty(t, small.rejected)
				idle(t, c)
			})
		})
	}
}

func TestWhoIsTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := oneLevel(1, nil) // no queues
		cl := &client{c: c, user: "jane", work: One(), time: time.Second}
		var all sync.WaitGroup
		cl.keepsSending(&all, 1, time.Millisecond)
		synctest.Wait()
		cl.keepsSending(&all, 2, time.Nanosecond)
		all.Wait()
		require.Equal(t, map[string]int{concurrencyLimit: 2}, cl.rejected)

		c = oneLevel(1, &api.QueuingConfiguration{Queues: 1, HandSize: 1, QueueLengthLimit: 2})
		cl = &client{c: c, user: "jane", work: One(), time: 10 * time.Second}
		cl.keepsSending(&all, 4, time.Nanosecond)
		all.Wait()
		require.Equal(t, map[string]int{queueFull: 1}, cl.rejected)
		require.Equal(t, 3, cl.served)

		cl = &client{c: c, user: "jane", work: One(), time: 5 * time.Minute}
		cl.keepsSending(&all, 2, time.Nanosecond)
		all.Wait()
		require.Equal(t, map[string]int{timedOut: 1}, cl.rejected)
		idle(t, c)
	})
}

// A request that needs more seats than are free is not overtaken for ever, one that needs more than there are runs alone.
func TestWideRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := oneLevel(4, sixQueues)
		narrow := &client{c: c, user: "narrow", work: One(), time: 10 * time.Millisecond}
		wide := &client{c: c, user: "wide", work: Work{Seats: 10}, time: 10 * time.Millisecond}
		var all sync.WaitGroup
		narrow.keepsSending(&all, 8, time.Second)
		wide.keepsSending(&all, 1, time.Second)
		all.Wait()
		require.Greater(t, wide.served, 5)
		idle(t, c)
	})
}

// Seats that are kept after the answer are free when their time is over, not before.
func TestLingering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := oneLevel(4, sixQueues)
		lingers := func(int) Work { return Work{Seats: 1, FinalSeats: 8, Linger: time.Second} }
		began := time.Now()
		c.Admit(t.Context(), time.Minute, Digest{User: "jane", Path: "/x"}, lingers).Done()
		require.Zero(t, time.Since(began)) // nobody waits for that, but the next
		c.Admit(t.Context(), time.Minute, Digest{User: "jane", Path: "/x"}, func(int) Work { return One() }).Done()
		require.Equal(t, 2*time.Second, time.Since(began)) // eight seats for a second are four for two
		idle(t, c)
	})
}

// Who waits for somebody else takes no seat meanwhile.
func TestOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := oneLevel(1, sixQueues)
		jane := Digest{User: "jane", Path: "/x"}
		one := func(int) Work { return One() }
		first := c.Admit(t.Context(), time.Minute, jane, one)
		first.Outside(func() {
			reads, writes := c.Served()
			require.Zero(t, reads+writes)
			second := c.Admit(t.Context(), time.Minute, jane, one)
			require.Empty(t, second.Rejected)
			second.Done()
		})
		_, writes := c.Served()
		require.EqualValues(t, 1, writes)
		first.Done()
		first.Done()
		first.Outside(func() {})
		(*Ticket)(nil).Outside(func() {})
		idle(t, c)
	})
}

// A level that is taken away serves those that are there; those that come go elsewhere.
func TestConfigurationChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := oneLevel(2, sixQueues)
		cl := &client{c: c, user: "jane", work: One(), time: time.Second}
		var all sync.WaitGroup
		cl.keepsSending(&all, 6, time.Nanosecond)
		synctest.Wait()
		var dump strings.Builder
		require.NoError(t, c.DumpRequests(&dump, true))
		require.Equal(t, 7, strings.Count(dump.String(), "\n"), dump.String())
		c.Configure(nil, nil)
		dump.Reset()
		require.NoError(t, c.DumpPriorityLevels(&dump))
		require.Regexp(t, `(?m)^test, +\d, +false, +true, +4, +2,`, dump.String())
		other := c.Admit(t.Context(), time.Minute, Digest{User: "jane", Path: "/x"}, func(int) Work { return One() })
		require.Equal(t, "catch-all", other.level.name)
		other.Done()
		all.Wait()
		require.Equal(t, 6, cl.served)
		idle(t, c)
		c.mu.Lock()
		c.bury()
		c.mu.Unlock()
		require.Len(t, c.levels, 2)
	})
}

// Seats go to the level that can use them, and come back when their owner needs them.
func TestLevelsLend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		level := func(name string, lendable int32) *api.PriorityLevelConfiguration {
			return &api.PriorityLevelConfiguration{ObjectMeta: api.ObjectMeta{Name: name}, Spec: api.PriorityLevelConfigurationSpec{
				Type: api.PriorityLevelEnablementLimited, Limited: &api.LimitedPriorityLevelConfiguration{
					NominalConcurrencyShares: api.Ptr[int32](50), LendablePercent: &lendable,
					LimitResponse: api.LimitResponse{Type: api.LimitResponseTypeQueue, Queuing: sixQueues},
				},
			}}
		}
		c := New(100)
		c.Configure([]*api.PriorityLevelConfiguration{level("a", 50), level("b", 50)}, []*api.FlowSchema{schema("a", "a", 100, "ann"), schema("b", "b", 100, "bob")})
		limits := func() (a, b int) {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.levels["a"].limit, c.levels["b"].limit
		}
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { _ = c.Run(ctx) })
		ann := &client{c: c, user: "ann", work: One(), time: 100 * time.Millisecond}
		bob := &client{c: c, user: "bob", work: One(), time: 100 * time.Millisecond}

		ann.keepsSending(&all, 200, time.Minute)
		time.Sleep(30 * time.Second)
		a, b := limits()
		require.Equal(t, 24, b) // what b does not lend
		require.InDelta(t, 72, a, 2)
		bob.keepsSending(&all, 200, 30*time.Second)
		time.Sleep(25 * time.Second)
		a, b = limits()
		require.Equal(t, 48, b)
		require.Equal(t, 48, a)
		time.Sleep(10 * time.Second)
		stop()
		all.Wait()
		idle(t, c)
	})
}

func TestShareOut(t *testing.T) {
	c := New(600)
	c.Configure(api.SuggestedPriorityLevels(), api.SuggestedFlowSchemas())
	for name, want := range map[string][2]int{ // upstream's figures
		"leader-election": {25, 25}, "node-high": {98, 73}, "system": {74, 50}, "workload-high": {98, 49}, "workload-low": {245, 24},
		"global-default": {49, 24}, "catch-all": {13, 13}, "exempt": {0, 0},
	} {
		s := c.levels[name].share
		require.Equal(t, want, [2]int{s.nominal, s.least}, name)
		require.Equal(t, s.nominal+600, s.most, name)
	}
}

func TestClassify(t *testing.T) {
	c := New(600)
	c.Configure(api.SuggestedPriorityLevels(), api.SuggestedFlowSchemas())
	authenticated := []string{"system:authenticated"}
	nodes := []string{"system:nodes", "system:authenticated"}
	accounts := []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}
	for want, d := range map[string]Digest{
		"exempt":                       {User: "admin", Groups: []string{"system:masters", "system:authenticated"}, Verb: "get", Path: "/x"},
		"probes":                       {User: "system:anonymous", Groups: []string{"system:unauthenticated"}, Verb: "get", Path: "/readyz/ping"},
		"system-leader-election":       {User: "system:kube-scheduler", Groups: authenticated, Verb: "update", IsResource: true, Group: "coordination.k8s.io", Resource: "leases", Namespace: "kube-system", Name: "kube-scheduler"},
		"kube-scheduler":               {User: "system:kube-scheduler", Groups: authenticated, Verb: "create", IsResource: true, Resource: "pods", Subresource: "binding", Namespace: "default"},
		"system-node-high":             {User: "system:node:a", Groups: nodes, Verb: "patch", IsResource: true, Resource: "nodes", Subresource: "status", Name: "a"},
		"system-nodes":                 {User: "system:node:a", Groups: nodes, Verb: "patch", IsResource: true, Resource: "pods", Subresource: "status", Namespace: "default", Name: "p"},
		"kube-system-service-accounts": {User: "system:serviceaccount:kube-system:job-controller", Groups: accounts, Verb: "list", IsResource: true, Group: "batch", Resource: "jobs"},
		"service-accounts":             {User: "system:serviceaccount:default:x", Groups: []string{"system:serviceaccounts"}, Verb: "list", IsResource: true, Resource: "pods"},
		"global-default":               {User: "jane", Groups: authenticated, Verb: "get", Path: "/version"},
		"catch-all":                    {User: "nobody", Verb: "get", Path: "/version"},
	} {
		require.Equal(t, want, c.classify(&d).name)
	}
}

func TestMatches(t *testing.T) {
	rule := api.PolicyRulesWithSubjects{
		Subjects:         []api.FlowcontrolSubject{{Kind: api.SubjectKindServiceAccount, ServiceAccount: &api.ServiceAccountSubject{Namespace: "a", Name: "x"}}},
		ResourceRules:    []api.ResourcePolicyRule{{Verbs: []string{"get"}, APIGroups: []string{"apps"}, Resources: []string{"deployments", "deployments/scale"}, Namespaces: []string{"a"}}},
		NonResourceRules: []api.NonResourcePolicyRule{{Verbs: []string{"*"}, NonResourceURLs: []string{"/healthz", "/logs/*"}}},
	}
	spec := &api.FlowSchemaSpec{Rules: []api.PolicyRulesWithSubjects{rule}}
	base := Digest{User: "system:serviceaccount:a:x", Verb: "get", IsResource: true, Group: "apps", Resource: "deployments", Namespace: "a"}
	for name, test := range map[string]struct {
		change func(d *Digest)
		want   bool
	}{
		"as it is":         {func(*Digest) {}, true},
		"subresource":      {func(d *Digest) { d.Subresource = "scale" }, true},
		"another one":      {func(d *Digest) { d.Subresource = "status" }, false},
		"another verb":     {func(d *Digest) { d.Verb = "list" }, false},
		"another group":    {func(d *Digest) { d.Group = "" }, false},
		"another resource": {func(d *Digest) { d.Resource = "daemonsets" }, false},
		"elsewhere":        {func(d *Digest) { d.Namespace = "b" }, false},
		"everywhere":       {func(d *Digest) { d.Namespace = "" }, false},
		"another account":  {func(d *Digest) { d.User = "system:serviceaccount:a:xy" }, false},
		"a user":           {func(d *Digest) { d.User = "a:x" }, false},
		"path":             {func(d *Digest) { d.IsResource, d.Path = false, "/healthz" }, true},
		"below a path":     {func(d *Digest) { d.IsResource, d.Path = false, "/healthz/etcd" }, true},
		"beside a path":    {func(d *Digest) { d.IsResource, d.Path = false, "/healthzz" }, false},
		"below a wildcard": {func(d *Digest) { d.IsResource, d.Path = false, "/logs/x" }, true},
	} {
		d := base
		test.change(&d)
		require.Equal(t, test.want, matches(spec, &d), name)
	}
}

func TestDeal(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 2}, {64, 6}, {128, 6}, {15, 15}} {
		seen := map[string]bool{}
		for hash := range uint64(2000) {
			hand := make([]int, size[1])
			deal(hash*0x9e3779b97f4a7c15, size[0], hand)
			cards := map[int]bool{}
			for _, card := range hand {
				require.True(t, card >= 0 && card < size[0])
				cards[card] = true
			}
			require.Len(t, cards, size[1], hand)
			seen[fmt.Sprint(hand)] = true
		}
		if size[0] >= 64 {
			require.Greater(t, len(seen), 1990)
		}
	}
}

func TestWork(t *testing.T) {
	for bytes, seats := range map[int64]int{0: 1, 1: 1, 100_000: 1, 100_001: 2, 5_000_000: 10} {
		require.Equal(t, Work{Seats: seats}, List(bytes, math.MaxInt), bytes)
	}
	require.Equal(t, Work{Seats: 3}, List(5_000_000, 3))
	for watchers, want := range map[int]Work{
		0: One(), 9: One(), 10: {1, 1, 5 * time.Millisecond}, 35: {1, 4, 5 * time.Millisecond}, 1000: {1, 10, 50 * time.Millisecond},
	} {
		require.Equal(t, want, Write(watchers, math.MaxInt), watchers)
	}
	require.Equal(t, Work{1, 2, 250 * time.Millisecond}, Write(1000, 2))
}

func TestRetryAfter(t *testing.T) {
	var r retryAfter
	at := time.Unix(1000, 0)
	drop := func(n int) (seconds int) {
		for range n {
			seconds = r.drop(at)
		}
		at = at.Add(time.Second)
		return seconds
	}
	var told []int
	for range 12 { // many, all the time
		told = append(told, drop(100))
	}
	require.Equal(t, []int{1, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 8}, told)
	at = at.Add(20 * time.Second)
	require.Equal(t, 7, drop(1)) // few
	require.Equal(t, 6, drop(1))
}

// BenchmarkAdmit is what a request pays for fairness where there is room for it.
func BenchmarkAdmit(b *testing.B) {
	c := New(600)
	c.Configure(api.SuggestedPriorityLevels(), api.SuggestedFlowSchemas())
	d := Digest{User: "system:kube-scheduler", Groups: []string{"system:authenticated"}, Verb: "create", IsResource: true, Resource: "pods", Subresource: "binding", Namespace: "default"}
	b.ReportAllocs()
	for b.Loop() {
		c.Admit(context.Background(), time.Minute, d, func(int) Work { return One() }).Done()
	}
}
