package api

import (
	"fmt"
	"time"
)

// HumanDuration rounds a span to two units at most, and to one where the second no longer matters: 90s, 5m30s,
// 47h, 3d4h, 2y35d. Tables and descriptions show ages so; k8s.io/apimachinery/pkg/util/duration is upstream's.
func HumanDuration(d time.Duration) string {
	// two joins an amount of a large unit with what is left in a smaller one.
	two := func(large int, largeUnit string, small int, smallUnit string) string {
		if small == 0 {
			return fmt.Sprintf("%d%s", large, largeUnit)
		}
		return fmt.Sprintf("%d%s%d%s", large, largeUnit, small, smallUnit)
	}
	seconds, minutes, hours := int(d/time.Second), int(d/time.Minute), int(d/time.Hour)
	switch days := hours / 24; {
	case seconds < -1:
		return "<invalid>" // in the future by more than clocks may differ
	case seconds < 0:
		return "0s"
	case seconds < 120:
		return fmt.Sprintf("%ds", seconds)
	case minutes < 10:
		return two(minutes, "m", seconds%60, "s")
	case hours < 3:
		return fmt.Sprintf("%dm", minutes)
	case hours < 8:
		return two(hours, "h", minutes%60, "m")
	case hours < 48:
		return fmt.Sprintf("%dh", hours)
	case days < 8:
		return two(days, "d", hours%24, "h")
	case days < 2*365:
		return fmt.Sprintf("%dd", days)
	case days < 8*365:
		return two(days/365, "y", days%365, "d")
	default:
		return fmt.Sprintf("%dy", days/365)
	}
}
