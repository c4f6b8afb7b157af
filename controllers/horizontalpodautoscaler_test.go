package controllers

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// worker is a pod that has been ready for an hour and requests 100m of CPU.
func worker(name string, options ...func(*api.Pod)) *api.Pod {
	return testPod(name, append([]func(*api.Pod){readyFor(time.Hour), func(pod *api.Pod) {
		pod.Status.StartTime = api.Ptr(at(-time.Hour))
		pod.Spec.Containers = []api.Container{{Name: "web", Resources: api.ResourceRequirements{Requests: api.ResourceList{api.ResourceCPU: api.MustParse("100m")}}}}
	}}, options...)...)
}

// justReady started half a minute ago and has been ready for ten seconds.
func justReady(pod *api.Pod) {
	pod.Status.StartTime = api.Ptr(at(-30 * time.Second))
	readyFor(10 * time.Second)(pod)
}

func neverReady(pod *api.Pod) {
	pod.Status.StartTime = api.Ptr(at(-30 * time.Second))
	pod.Status.Conditions = []api.PodCondition{{Type: api.PodReady, Status: api.ConditionFalse, LastTransitionTime: at(-30 * time.Second)}}
}

// TestReplicasByUtilization has the cases of upstream's algorithm that surprise people. Every pod requests 100m, so a
// measurement in thousandths of a CPU is also a percentage.
func TestReplicasByUtilization(t *testing.T) {
	pods := func(n int, more ...*api.Pod) (all []*api.Pod) {
		for i := range n {
			all = append(all, worker(fmt.Sprintf("p%d", i)))
		}
		return append(all, more...)
	}
	for name, test := range map[string]struct {
		pods     []*api.Pod
		used     []int64 // of p0, p1, ...
		more     podMetrics
		target   int32
		replicas int32
		percent  int32
		err      string
	}{
		"more":                               {pods: pods(3), used: []int64{30, 50, 70}, target: 30, replicas: 5, percent: 50},
		"fewer":                              {pods: pods(5), used: []int64{10, 30, 50, 25, 35}, target: 50, replicas: 3, percent: 30},
		"near enough":                        {pods: pods(4), used: []int64{52, 52, 52, 52}, target: 50, replicas: 4, percent: 52},
		"one that goes does not count":       {pods: pods(2, worker("p2", terminating)), used: []int64{90, 90, 500}, target: 60, replicas: 3, percent: 90},
		"missing: growth with caution":       {pods: pods(4), used: []int64{100, 100, 100}, target: 50, replicas: 6, percent: 100},
		"missing: none at all":               {pods: pods(3), used: []int64{60, 60}, target: 50, replicas: 3, percent: 60},
		"missing: shrinking with caution":    {pods: pods(4), used: []int64{10, 10, 10}, target: 50, replicas: 3, percent: 10},
		"missing: all that matter":           {pods: pods(3), err: "did not receive metrics for targeted pods (pods might be unready)"},
		"starting: its CPU is left out":      {pods: pods(2, worker("p2", justReady)), used: []int64{50, 50, 900}, target: 50, replicas: 3, percent: 50},
		"starting: growth with caution":      {pods: pods(2, worker("p2", neverReady)), used: []int64{100, 100, 900}, target: 50, replicas: 4, percent: 100},
		"pending: growth with caution":       {pods: pods(3, worker("p3", phase(api.PodPending))), used: []int64{100, 100, 100}, target: 50, replicas: 6, percent: 100},
		"failed: nobody asks":                {pods: pods(2, worker("p2", phase(api.PodFailed))), used: []int64{100, 100}, target: 50, replicas: 4, percent: 100},
		"measured, but there no more":        {pods: pods(2), used: []int64{100, 100}, more: podMetrics{"gone": {value: 1000, at: testNow}}, target: 50, replicas: 4, percent: 100},
		"no pods":                            {err: "no pods returned by selector while calculating replica count"},
		"no request":                         {pods: []*api.Pod{testPod("p0", func(p *api.Pod) { p.Spec.Containers = []api.Container{{Name: "web"}} }, justReadyAnHour)}, used: []int64{5}, target: 50, err: "missing request for cpu in container web of Pod p0"},
		"caution must not turn it around":    {pods: pods(4), used: []int64{60}, target: 50, replicas: 4, percent: 60},
		"more pods than the target asks for": {pods: pods(4), used: []int64{20, 20, 20, 20}, target: 80, replicas: 1, percent: 20},
	} {
		t.Run(name, func(t *testing.T) {
			m := &measurement{pods: test.pods, wanted: int32(len(test.pods)), tolerance: tolerance{0.1, 0.1}, cfg: AutoscalerConfig{}.withDefaults(), now: testNow}
			metrics := podMetrics{}
			for i, used := range test.used {
				metrics[fmt.Sprintf("p%d", i)] = podMetric{at: testNow, window: time.Minute, value: used}
			}
			for pod, metric := range test.more {
				metrics[pod] = metric
			}
			replicas, percent, _, err := m.byUtilization(metrics, test.target, api.ResourceCPU, "")
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.replicas, replicas)
			require.Equal(t, test.percent, percent)
		})
	}
}

func justReadyAnHour(pod *api.Pod) {
	pod.Status.StartTime = api.Ptr(at(-time.Hour))
	readyFor(time.Hour)(pod)
}

func TestReplicasByTotal(t *testing.T) {
	quantity := func(s string) *api.Quantity { return api.Ptr(api.MustParse(s)) }
	m := &measurement{pods: []*api.Pod{worker("a"), worker("b"), worker("c", notReady)}, wanted: 3, existing: 3, tolerance: tolerance{0.1, 0.1}}
	for name, test := range map[string]struct {
		usage    int64
		target   api.MetricTarget
		replicas int32
		shown    string
	}{
		"a value twice its target":    {20_000, api.MetricTarget{Value: quantity("10")}, 4, "20"}, // the two that are ready, twice
		"a value at its target":       {10_500, api.MetricTarget{Value: quantity("10")}, 3, "10500m"},
		"a share for each":            {70_000, api.MetricTarget{AverageValue: quantity("10")}, 7, "23334m"},
		"a share that is near enough": {31_000, api.MetricTarget{AverageValue: quantity("10")}, 3, "10334m"},
	} {
		t.Run(name, func(t *testing.T) {
			replicas, status, err := m.byTotal(test.usage, test.target, "")
			require.NoError(t, err)
			require.Equal(t, test.replicas, replicas)
			shown := status.Value
			if shown == nil {
				shown = status.AverageValue
			}
			require.Equal(t, test.shown, shown.String())
		})
	}
}

func TestAutoscalerIsHeldBack(t *testing.T) {
	window := func(seconds int32, policies ...api.HPAScalingPolicy) *api.HPAScalingRules {
		return &api.HPAScalingRules{StabilizationWindowSeconds: &seconds, Policies: policies}
	}
	pods := func(n, period int32) api.HPAScalingPolicy {
		return api.HPAScalingPolicy{Type: api.PodsScalingPolicy, Value: n, PeriodSeconds: period}
	}
	percent := func(n, period int32) api.HPAScalingPolicy {
		return api.HPAScalingPolicy{Type: api.PercentScalingPolicy, Value: n, PeriodSeconds: period}
	}
	choosing := func(rules *api.HPAScalingRules, choice api.ScalingPolicySelect) *api.HPAScalingRules {
		rules.SelectPolicy = &choice
		return rules
	}
	type look struct {
		after    time.Duration // the one before
		proposed int32
		replicas int32 // in the end
		reason   string
	}
	for name, test := range map[string]struct {
		behavior *api.HorizontalPodAutoscalerBehavior
		begin    int32
		looks    []look
	}{
		"at most twice as many": {begin: 3, looks: []look{{0, 50, 6, "ScaleUpLimit"}, {15 * time.Second, 50, 12, "ScaleUpLimit"}, {15 * time.Second, 50, 20, "TooManyReplicas"}}},
		"one becomes four":      {begin: 1, looks: []look{{0, 9, 4, "ScaleUpLimit"}}},
		"fewer only after five minutes": {begin: 8, looks: []look{
			{0, 2, 8, "DesiredWithinRange"}, {4 * time.Minute, 2, 8, "DesiredWithinRange"}, {2 * time.Minute, 1, 2, "DesiredWithinRange"}, {6 * time.Minute, 0, 1, "TooFewReplicas"}}},
		"four pods a minute": {begin: 4, behavior: &api.HorizontalPodAutoscalerBehavior{ScaleUp: window(0, pods(4, 60)), ScaleDown: window(300, percent(100, 15))}, looks: []look{
			{0, 20, 8, "ScaleUpLimit"}, {15 * time.Second, 20, 8, "ScaleUpLimit"}, {46 * time.Second, 20, 12, "ScaleUpLimit"}}},
		"the larger of two policies": {begin: 10, behavior: &api.HorizontalPodAutoscalerBehavior{ScaleUp: window(0, pods(4, 15), percent(100, 15)), ScaleDown: window(0, percent(100, 15))}, looks: []look{
			{0, 30, 20, "TooManyReplicas"}}},
		"the smaller of two policies": {begin: 10, behavior: &api.HorizontalPodAutoscalerBehavior{ScaleUp: choosing(window(0, pods(4, 15), percent(100, 15)), api.MinChangePolicySelect), ScaleDown: window(0, percent(100, 15))}, looks: []look{
			{0, 30, 14, "ScaleUpLimit"}}},
		"one pod less a minute": {begin: 10, behavior: &api.HorizontalPodAutoscalerBehavior{ScaleUp: window(0, percent(100, 15)), ScaleDown: window(0, pods(1, 60))}, looks: []look{
			{0, 1, 9, "ScaleDownLimit"}, {15 * time.Second, 1, 9, "ScaleDownLimit"}, {46 * time.Second, 1, 8, "ScaleDownLimit"}}},
		"never fewer": {begin: 10, behavior: &api.HorizontalPodAutoscalerBehavior{ScaleUp: window(0, percent(100, 15)), ScaleDown: choosing(window(0, percent(100, 15)), api.DisabledPolicySelect)}, looks: []look{
			{0, 1, 10, "ScaleDownLimit"}}},
		"more only when it lasts": {begin: 4, behavior: &api.HorizontalPodAutoscalerBehavior{ScaleUp: window(60, percent(900, 15)), ScaleDown: window(0, percent(100, 15))}, looks: []look{
			{0, 8, 4, "DesiredWithinRange"}, {30 * time.Second, 12, 4, "DesiredWithinRange"}, {40 * time.Second, 10, 10, "DesiredWithinRange"}}},
	} {
		t.Run(name, func(t *testing.T) {
			memory, now, current := &autoscalerMemory{}, testNow, test.begin
			for i, look := range test.looks {
				now = now.Add(look.after)
				memory.begin(current, now)
				stable, _ := memory.stabilize(test.behavior, 5*time.Minute, current, look.proposed, now)
				replicas, why := memory.bound(test.behavior, current, stable, 1, 20, now)
				require.Equal(t, look.replicas, replicas, "look %d", i)
				require.Equal(t, look.reason, why.reason, "look %d", i)
				if replicas != current {
					memory.scaled(test.behavior, current, replicas, now)
				}
				current = replicas
			}
		})
	}
}
