package client

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

var quiet = slog.New(slog.DiscardHandler)

func key(name string) api.Key { return api.Key{Namespace: "default", Name: name} }

func TestQueueCoalescesKeysAndTheirCauses(t *testing.T) {
	q := NewQueue("test")
	q.Add(key("a"), 7)
	q.Add(key("b"), 8)
	q.Add(key("a"), 5, 7)
	require.Equal(t, 2, q.Len())

	k, causes, _, ok := q.get()
	require.True(t, ok)
	require.Equal(t, key("a"), k)
	require.Equal(t, []int64{5, 7}, causes.Revisions)
}

func TestQueueNeverGivesOneKeyToTwoWorkers(t *testing.T) {
	q := NewQueue("test")
	q.Add(key("a"), 1)
	_, _, _, _ = q.get()
	q.Add(key("a"), 2) // while a worker has it
	require.Zero(t, q.Len())
	q.done(key("a"))
	require.Equal(t, 1, q.Len())
	_, causes, _, _ := q.get()
	require.Equal(t, []int64{2}, causes.Revisions, "the first pass had the first cause")
}

func TestQueueRetriesWithBackoffAndTheSameCauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue("test")
		ctx, stop := context.WithCancel(t.Context())
		began := time.Now()
		var at []time.Duration
		var causes [][]int64
		reconcile := func(ctx context.Context, k api.Key) error {
			at = append(at, time.Since(began))
			causes = append(causes, CausesOf(ctx))
			switch len(at) {
			case 4:
				panic("even so")
			case 5:
				return nil
			}
			return errors.New("not yet")
		}
		q.Add(key("a"), 42)
		done := make(chan error)
		go func() { done <- q.Run(ctx, 2, reconcile, quiet) }()
		time.Sleep(time.Second)
		synctest.Wait()
		stop()
		require.NoError(t, <-done)
		ms := time.Millisecond
		require.Equal(t, []time.Duration{0, 5 * ms, 15 * ms, 35 * ms, 75 * ms}, at)
		for _, c := range causes {
			require.Equal(t, []int64{42}, c)
		}
		require.Zero(t, q.Failures(key("a")), "success forgets failures")
	})
}

func TestQueueDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue("test")
		q.AddAfter(key("late"), time.Hour, "deadline")
		q.AddAfter(key("early"), time.Minute, "deadline")
		q.AddAfter(key("late"), 2*time.Minute, "recheck") // the earlier time counts
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 1, q.Len())
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 2, q.Len())
		k, causes, _, _ := q.get()
		require.Equal(t, key("early"), k)
		require.Equal(t, "deadline", causes.Timer)
		q.close()
	})
}

func TestQueueRunsWorkersSideBySideAndWaitsForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue("test")
		ctx, stop := context.WithCancel(t.Context())
		var mu sync.Mutex
		running, most, finished := 0, 0, 0
		reconcile := func(ctx context.Context, k api.Key) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second) // work that ignores ctx
			mu.Lock()
			running--
			finished++
			mu.Unlock()
			return nil
		}
		for _, name := range []string{"a", "b", "c", "d"} {
			q.Add(key(name))
		}
		done := make(chan error)
		go func() { done <- q.Run(ctx, 3, reconcile, quiet) }()
		time.Sleep(time.Second / 2)
		stop()
		require.NoError(t, <-done)
		require.Equal(t, 3, most)
		require.Equal(t, 3, finished, "those at work finish, the rest is not begun")
	})
}

func TestReconcileIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue("test")
		ctx, stop := context.WithCancel(t.Context())
		ids := map[string]bool{}
		q.Add(key("a"))
		q.Add(key("b"))
		done := make(chan error)
		go func() {
			done <- q.Run(ctx, 1, func(ctx context.Context, k api.Key) error {
				ids[whyOf(ctx).reconcile] = true
				return nil
			}, quiet)
		}()
		synctest.Wait()
		stop()
		<-done
		require.Len(t, ids, 2)
	})
}

func TestChangesReadDuringAPassAreItsCauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer()
		s.put("a", "1")
		i := NewInformer[*api.ConfigMap](newTestClient(t, s), InformerOptions{})
		q := NewQueue("test")
		i.OnChange(func(_, now *api.ConfigMap, revision int64) {
			time.Sleep(time.Millisecond) // the cache shows the change, the queue does not know it yet
			q.Add(now.Key(), revision)
		})
		ctx, stop := context.WithCancel(t.Context())
		informed, worked := make(chan error), make(chan error)
		go func() { informed <- i.Run(ctx) }()
		require.NoError(t, i.WaitForSync(ctx))

		var causes []int64
		go func() {
			worked <- q.Run(ctx, 1, func(ctx context.Context, k api.Key) error {
				if causes == nil {
					s.put("a", "2")
					waitFor(t, func() bool { a, _ := i.Get(k); return a.Data["value"] == "2" })
					causes = CausesOf(Because(ctx, "the value is 2"))
				}
				return nil
			}, quiet)
		}()
		time.Sleep(time.Second)
		stop()
		require.NoError(t, <-informed)
		require.NoError(t, <-worked)
		require.Equal(t, []int64{11, 12}, causes)
	})
}
