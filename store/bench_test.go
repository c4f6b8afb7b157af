//go:build unix

package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The figures that matter, on the disk that holds the temporary directory (TMPDIR chooses it):
//
//	go test ./store -run '^$' -bench .

// benchStore has the options of real use.
func benchStore(b *testing.B) *harness {
	return newHarness(b, Options{FillInterval: 5 * time.Second})
}

var kilobyte = make([]byte, 1024)

// line is a ledger record of a usual size.
func line() *Record { return &Record{Causes: []int64{1}, Data: Bytes(kilobyte[:300])} }

// writers runs n writers that share b.N calls, and reports the rate and the processor time that each write took.
func writers(b *testing.B, n int, write func(i int64) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	cpu := cpuTime()
	b.ResetTimer()
	for range n {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := write(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N), "cpu-µs/write")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkCreate(b *testing.B) {
	for _, n := range []int{1, 4, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", n), func(b *testing.B) {
			h := benchStore(b)
			writers(b, n, func(i int64) error {
				_, err := h.Create(b.Context(), fmt.Sprintf("/configmaps/default/bench-%07d", i), Bytes(kilobyte), line())
				return err
			})
		})
	}
}

func BenchmarkUpdate(b *testing.B) {
	h := benchStore(b)
	const keys = 16
	var last [keys]*KeyValue
	for i := range keys {
		last[i] = h.create(fmt.Sprintf("/k/%02d", i), "")
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for w := range keys {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) {
				kv, err := h.Update(b.Context(), last[w].Key, last[w].ModRevision, Bytes(kilobyte), line())
				if err != nil {
					b.Error(err)
					return
				}
				last[w] = kv
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}

func BenchmarkDecision(b *testing.B) {
	h := benchStore(b)
	writers(b, 1, func(int64) error {
		r := *line()
		r.Key = "/pods/default/a"
		_, err := h.Record(b.Context(), r)
		return err
	})
}

// filled has n keys of 1 KiB, in bbolt.
func filled(b *testing.B, n int) *harness {
	h := benchStore(b)
	h.createMany(n, string(kilobyte))
	h.flush()
	return h
}

func BenchmarkGet(b *testing.B) {
	h := filled(b, 10_000)
	for i := 0; b.Loop(); i++ {
		_, err := h.Get(b.Context(), fmt.Sprintf("/k/%07d", i%10_000), 0)
		require.NoError(b, err)
	}
}

func BenchmarkList2000(b *testing.B) {
	h := filled(b, 2000)
	for b.Loop() {
		list, err := h.List(b.Context(), "/k/", ListOptions{})
		require.NoError(b, err)
		require.Len(b, list.Items, 2000)
	}
}

// BenchmarkFanOut measures events that arrive: each write reaches 50 watchers.
func BenchmarkFanOut(b *testing.B) {
	h := benchStore(b)
	const watchers = 50
	var wg sync.WaitGroup
	for range watchers {
		events, err := h.Watch(b.Context(), "/", h.Revision())
		require.NoError(b, err)
		wg.Go(func() {
			for n := 0; n < b.N; {
				n += len(<-events)
			}
		})
	}
	writers(b, 16, func(i int64) error {
		_, err := h.Create(b.Context(), fmt.Sprintf("/k/%d", i), Bytes(kilobyte), nil)
		return err
	})
	wg.Wait()
	b.ReportMetric(float64(b.N*watchers)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkOpen opens an empty directory, and one with 100,000 keys.
func BenchmarkOpen(b *testing.B) {
	b.Run("empty", func(b *testing.B) {
		dir := b.TempDir()
		i := 0
		for b.Loop() {
			i++
			e, err := open(fmt.Sprintf("%s/%d", dir, i), Options{})
			require.NoError(b, err)
			b.StopTimer()
			require.NoError(b, e.Close())
			b.StartTimer()
		}
	})
	b.Run("large", func(b *testing.B) {
		h := filled(b, 100_000)
		for b.Loop() {
			b.StopTimer()
			require.NoError(b, h.Close())
			b.StartTimer()
			h.open()
		}
	})
}
