package controllers

import (
	"errors"
	"strings"
	"time"

	"kubelite/api"
)

const (
	// manyMissed times without a Job are worth a warning.
	manyMissed = 100
	// scheduleSlack keeps a loop whose clock is a little ahead of the API server's from coming too early.
	scheduleSlack = 100 * time.Millisecond
)

// parseSchedule reads a CronJob's schedule, in its time zone.
func parseSchedule(cron *api.CronJob) (api.CronSchedule, error) {
	text := cron.Spec.Schedule
	if zone := cron.Spec.TimeZone; zone != nil && !strings.Contains(text, "TZ") {
		if _, err := time.LoadLocation(*zone); err == nil {
			text = "TZ=" + *zone + " " + text
		}
	}
	return api.ParseCronSchedule(text)
}

// dueTime is the last time up to now at which a Job was due and that status does not show as done, zero if there is
// none. Earlier ones that were missed are not made up for; missed says how many times have passed.
func dueTime(cron *api.CronJob, schedule api.CronSchedule, now time.Time) (due time.Time, missed int64, err error) {
	from := lastRun(cron)
	if deadline := cron.Spec.StartingDeadlineSeconds; deadline != nil {
		if earliest := now.Add(-time.Duration(*deadline) * time.Second); earliest.After(from) {
			from = earliest // whatever was due before is too late
		}
	}
	return lastDue(schedule, from, now)
}

// lastDue is the last time from from to now that the schedule names. It does not walk through all of them, which after
// a year of downtime might be half a million: it jumps close to now, taking the times to be evenly spaced, and walks on
// from there. Where they are not, the jump may land past the last one; then none is due, as in Kubernetes.
func lastDue(schedule api.CronSchedule, from, now time.Time) (due time.Time, missed int64, err error) {
	first := schedule.Next(from)
	second := schedule.Next(first)
	if now.Before(first) {
		return time.Time{}, 0, nil
	}
	if now.Before(second) {
		return first, 0, nil
	}
	space := int64(second.Sub(first).Round(time.Second).Seconds())
	if space < 1 { // the 31st of February: there is no next time
		return time.Time{}, 0, errors.New("time difference between two schedules is less than 1 second")
	}
	missed = int64(now.Sub(first).Seconds())/space + 1
	near := first.Add(time.Duration((missed-2)*space) * time.Second)
	for t := schedule.Next(near); !t.After(now); t = schedule.Next(t) {
		due = t
	}
	return due, missed, nil
}

// untilNext is the time until a Job is next due.
func untilNext(cron *api.CronJob, schedule api.CronSchedule, now time.Time) time.Duration {
	from := lastRun(cron)
	due, missed, err := lastDue(schedule, from, now)
	switch {
	case err != nil || due.IsZero() && missed > 0:
		from = now
	case !due.IsZero():
		from = due
	}
	return schedule.Next(from).Add(scheduleSlack).Sub(now)
}

// lastRun is when a Job was last due and made; before the first, when the CronJob was.
func lastRun(cron *api.CronJob) time.Time {
	if last := cron.Status.LastScheduleTime; last != nil {
		return last.Time
	}
	return cron.CreationTimestamp.Time
}
