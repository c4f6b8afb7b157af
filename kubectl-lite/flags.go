package kubectllite

import (
	"fmt"
	"strconv"
	"time"
)

// durationFlag is a time span such as "5s" or "2m"; a plain number counts seconds.
type durationFlag time.Duration

// String is the flag's value.
func (d *durationFlag) String() string { return time.Duration(*d).String() }

// Type is what help calls it.
func (d *durationFlag) Type() string { return "duration" }

// Set reads it.
func (d *durationFlag) Set(text string) error {
	if n, err := strconv.Atoi(text); err == nil {
		*d = durationFlag(time.Duration(n) * time.Second)
		return nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("time: invalid duration %q", text)
	}
	*d = durationFlag(parsed)
	return nil
}

func (d durationFlag) seconds() int64 { return int64(time.Duration(d) / time.Second) }
