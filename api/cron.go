package api

import (
	"fmt"
	"time"
	_ "time/tzdata" // time zones by name, also where the machine has no database of them

	"github.com/robfig/cron/v3"
)

// CronSchedule says when something is due.
type CronSchedule interface {
	// Next is the first moment after t at which it is due; the zero time if it never is again.
	Next(t time.Time) time.Time
}

// ParseCronSchedule reads the schedule of a CronJob: five fields, @daily and its kin, or "@every 1h30m".
func ParseCronSchedule(text string) (schedule CronSchedule, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser indexes before it looks: "TZ=0"
			schedule, err = nil, fmt.Errorf("invalid schedule format: %v", r)
		}
	}()
	return cron.ParseStandard(text)
}
