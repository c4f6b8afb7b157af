package controllers

import (
	"math"
	"slices"
	"time"

	"kubelite/api"
)

// What holds an autoscaler back: windows in which the more careful of its recommendations counts, policies for how much
// may change in how much time, and the least and the most. Loads go up and down faster than pods start and stop; without
// these, so would their number.

// autoscalerMemory is what an autoscaler has recommended and done lately.
type autoscalerMemory struct {
	recommendations []recommendation
	up, down        []scaleChange
}

type recommendation struct {
	replicas int32
	at       time.Time
}

type scaleChange struct {
	by int32
	at time.Time
}

// limitation says why a number is not the one that was asked for, or that nothing was in the way.
type limitation struct{ reason, message string }

var (
	withinRange    = limitation{"DesiredWithinRange", "the desired count is within the acceptable range"}
	tooMany        = limitation{"TooManyReplicas", "the desired replica count is more than the maximum replica count"}
	tooFew         = limitation{"TooFewReplicas", "the desired replica count is less than the minimum replica count"}
	tooFastUp      = limitation{"ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"}
	tooFastDown    = limitation{"ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate"}
	upStabilized   = limitation{"ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation"}
	downStabilized = limitation{"ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation"}
)

// Without behavior an autoscaler may double the pods at once, or make this many.
const defaultUpFactor, defaultUpLeast = 2, 4

// begin notes the size that the autoscaler found: a controller that has just been restarted shrinks nothing on the strength
// of its first look.
func (m *autoscalerMemory) begin(current int32, now time.Time) {
	if len(m.recommendations) == 0 {
		m.recommendations = append(m.recommendations, recommendation{current, now})
	}
}

// stabilize notes a recommendation, and returns what the recommendations of the windows make of it: not above the lowest
// of the window for growing, nor below the highest of the window for shrinking.
func (m *autoscalerMemory) stabilize(behavior *api.HorizontalPodAutoscalerBehavior, window time.Duration, current, proposed int32, now time.Time) (int32, limitation) {
	upWindow, downWindow := time.Duration(0), window
	if behavior != nil {
		upWindow = windowOf(behavior.ScaleUp, 0)
		downWindow = windowOf(behavior.ScaleDown, window)
	}
	lowest, highest := proposed, proposed
	kept := m.recommendations[:0]
	for _, r := range m.recommendations {
		age := now.Sub(r.at)
		if age < upWindow {
			lowest = min(lowest, r.replicas)
		}
		if age < downWindow {
			highest = max(highest, r.replicas)
		}
		if age < max(upWindow, downWindow) {
			kept = append(kept, r)
		}
	}
	m.recommendations = append(kept, recommendation{proposed, now})
	stable := min(max(current, lowest), highest)
	if behavior == nil {
		return highest, downStabilized
	}
	if proposed >= current {
		return stable, upStabilized
	}
	return stable, downStabilized
}

func windowOf(rules *api.HPAScalingRules, otherwise time.Duration) time.Duration {
	if rules == nil || rules.StabilizationWindowSeconds == nil {
		return otherwise
	}
	return time.Duration(*rules.StabilizationWindowSeconds) * time.Second
}

// bound keeps a number between the least and the most, and within what the policies allow from the present size.
func (m *autoscalerMemory) bound(behavior *api.HorizontalPodAutoscalerBehavior, current, desired, least, most int32, now time.Time) (int32, limitation) {
	up, down := max(defaultUpFactor*current, defaultUpLeast), least
	if behavior != nil {
		up = max(m.upTo(behavior.ScaleUp, current, now), current)
		down = min(m.downTo(behavior.ScaleDown, current, now), current)
	}
	switch {
	case desired > most && most <= up:
		return most, tooMany
	case desired > up:
		return up, tooFastUp
	case desired < least && down <= least:
		return least, tooFew
	case desired < down:
		return down, tooFastDown
	}
	return desired, withinRange
}

// upTo is how many pods the rules allow at most, counting from how many there were when each policy's period began.
func (m *autoscalerMemory) upTo(rules *api.HPAScalingRules, current int32, now time.Time) int32 {
	allowed := []int32{}
	for _, policy := range rules.Policies {
		start := m.before(policy.PeriodSeconds, current, now)
		if policy.Type == api.PercentScalingPolicy {
			// Rounded up, or one pod would never become two.
			allowed = append(allowed, int32(math.Ceil(float64(start)*(1+float64(policy.Value)/100))))
		} else {
			allowed = append(allowed, start+policy.Value)
		}
	}
	switch choice := api.Deref(rules.SelectPolicy, api.MaxChangePolicySelect); {
	case choice == api.DisabledPolicySelect || len(allowed) == 0:
		return current
	case choice == api.MinChangePolicySelect:
		return slices.Min(allowed)
	}
	return slices.Max(allowed)
}

// downTo is how few pods the rules allow. The largest change is the one that leaves the fewest.
func (m *autoscalerMemory) downTo(rules *api.HPAScalingRules, current int32, now time.Time) int32 {
	allowed := []int32{}
	for _, policy := range rules.Policies {
		start := m.before(policy.PeriodSeconds, current, now)
		if policy.Type == api.PercentScalingPolicy {
			allowed = append(allowed, int32(float64(start)*(1-float64(policy.Value)/100)))
		} else {
			allowed = append(allowed, start-policy.Value)
		}
	}
	switch choice := api.Deref(rules.SelectPolicy, api.MaxChangePolicySelect); {
	case choice == api.DisabledPolicySelect || len(allowed) == 0:
		return current
	case choice == api.MinChangePolicySelect:
		return slices.Max(allowed)
	}
	return slices.Min(allowed)
}

// before is how many pods there were when the period began, as far as this autoscaler changed them.
func (m *autoscalerMemory) before(periodSeconds, current int32, now time.Time) int32 {
	within := func(changes []scaleChange) (sum int32) {
		for _, c := range changes {
			if now.Sub(c.at) < time.Duration(periodSeconds)*time.Second {
				sum += c.by
			}
		}
		return sum
	}
	return current - within(m.up) + within(m.down)
}

// scaled notes a change of the target. Without behavior nobody asks for it.
func (m *autoscalerMemory) scaled(behavior *api.HorizontalPodAutoscalerBehavior, from, to int32, now time.Time) {
	if behavior == nil {
		return
	}
	note := func(changes []scaleChange, rules *api.HPAScalingRules, by int32) []scaleChange {
		longest := int32(0)
		for _, policy := range rules.Policies {
			longest = max(longest, policy.PeriodSeconds)
		}
		kept := changes[:0]
		for _, c := range changes {
			if now.Sub(c.at) < time.Duration(longest)*time.Second {
				kept = append(kept, c)
			}
		}
		return append(kept, scaleChange{by, now})
	}
	if to > from {
		m.up = note(m.up, behavior.ScaleUp, to-from)
	} else {
		m.down = note(m.down, behavior.ScaleDown, from-to)
	}
}
