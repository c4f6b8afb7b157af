package metrics

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

const page = `# HELP container_cpu_usage_seconds_total Cumulative cpu time consumed by the container in core-seconds
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="c",namespace="default",pod="web"} 12.5 1800000015000
container_memory_working_set_bytes{container="c",namespace="default",pod="web"} 1.048576e+06 1800000015000
container_start_time_seconds{container="c",namespace="default",pod="web"} 1.8e+09
container_swap_usage_bytes{container="c",namespace="default",pod="web"} 0 1800000015000
node_cpu_usage_seconds_total 100 1800000015000
node_memory_working_set_bytes 2048 1800000015000
pod_cpu_usage_seconds_total{namespace="default",pod="web"} 12.5 1800000015000
resource_scrape_error 0
`

func TestKubeletsAreUnderstood(t *testing.T) {
	r, err := parse([]byte(page))
	require.NoError(t, err)
	at := time.UnixMilli(1800000015000)
	require.Equal(t, sample{at: at, cpu: 100, memory: 2048}, r.node)
	require.Equal(t, map[containerKey]sample{
		{api.Key{Namespace: "default", Name: "web"}, "c"}: {at: at, started: time.UnixMilli(1800000000000), cpu: 12.5, memory: 1 << 20},
	}, r.containers)
	for _, line := range []string{"x", "x y", "x{a=b} 1", "x 1 y", "x}{ 1"} {
		_, err := parse([]byte(line))
		require.Error(t, err, line)
	}
}

func TestKubeletsThatNeverAnsweredAreAskedLessOften(t *testing.T) {
	u := &usage{nodes: map[string]*history{}}
	var pauses []time.Duration
	for range 5 {
		pauses = append(pauses, pauseAfter(15*time.Second, u.miss("n")))
	}
	require.Equal(t, []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 2 * time.Minute}, pauses)
	u.observe("n", readings{node: sample{at: time.Unix(1800000015, 0), cpu: 1}})
	require.Equal(t, 15*time.Second, pauseAfter(15*time.Second, u.miss("n")), "it has answered: there is a kubelet, which may be busy")
	require.Equal(t, 5*time.Minute, pauseAfter(5*time.Minute, 3), "never more often than others")
}

func TestKubeletsOfManyNodesTakeTurns(t *testing.T) {
	require.Equal(t, 20*time.Millisecond, turn(1), "alone, it is read at once")
	require.Equal(t, 100*time.Second, turn(5000))
}

func TestRates(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(second int, started int, cpu float64) sample {
		return sample{at: start.Add(time.Duration(second) * time.Second), started: start.Add(time.Duration(started) * time.Second), cpu: cpu}
	}
	for name, test := range map[string]struct {
		before, now sample
		cpu         float64
		window      time.Duration
		nothing     bool
	}{
		"between two readings":     {before: at(15, 0, 12), now: at(30, 0, 13.5), cpu: 0.1, window: 15 * time.Second},
		"since its start":          {now: at(10, 0, 5), cpu: 0.5, window: 10 * time.Second},
		"started anew":             {before: at(15, 0, 12), now: at(30, 20, 1), cpu: 0.1, window: 10 * time.Second},
		"a counter that fell":      {before: at(15, 0, 12), now: at(30, 0, 3), cpu: 0.1, window: 30 * time.Second},
		"a beginning nobody knows": {now: sample{at: start, cpu: 5}, nothing: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := rate(test.before, test.now)
			if test.nothing {
				require.Nil(t, m)
				return
			}
			require.InDelta(t, test.cpu, m.cpu, 1e-9)
			require.Equal(t, test.window, m.window)
		})
	}
}
