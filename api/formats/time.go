package formats

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
)

var durationParts = api.Pattern(`(\d+)\s*([A-Za-zµ]+)`)

// units of durations in words: "2 days", "1 hr". The last word of each may be the beginning of a longer one.
var units = []struct {
	unit  time.Duration
	words []string
}{
	{time.Nanosecond, []string{"ns", "nano"}},
	{time.Microsecond, []string{"us", "µs", "micro"}},
	{time.Millisecond, []string{"ms", "milli"}},
	{time.Second, []string{"s", "sec"}},
	{time.Minute, []string{"m", "min"}},
	{time.Hour, []string{"h", "hr", "hour"}},
	{24 * time.Hour, []string{"d", "day"}},
	{7 * 24 * time.Hour, []string{"w", "wk", "week"}},
}

// ParseDuration reads Go's durations ("1h30m") and words ("2 days").
func ParseDuration(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	var sum time.Duration
	found := false
	for _, part := range durationParts().FindAllStringSubmatch(s, -1) {
		n, err := strconv.Atoi(part[1])
		if err != nil {
			return 0, err
		}
		if unit, ok := unitOf(strings.ToLower(part[2])); ok {
			sum, found = sum+time.Duration(n)*unit, true
		}
	}
	if !found {
		return 0, fmt.Errorf("unable to parse %s as duration", s)
	}
	return sum, nil
}

func unitOf(word string) (time.Duration, bool) {
	for _, u := range units {
		for i, w := range u.words {
			if w == word || i == len(u.words)-1 && strings.HasPrefix(word, w) {
				return u.unit, true
			}
		}
	}
	return 0, false
}

// ParseTime reads a date-time: RFC 3339 with any number of decimals, or without a time zone.
func ParseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Unix(0, 0).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	return time.Parse("2006-01-02T15:04:05", s)
}
