package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestDueTime(t *testing.T) {
	clock := func(text string) time.Time {
		parsed, err := time.Parse("2 15:04:05", text)
		require.NoError(t, err)
		return parsed.AddDate(2026, 0, 0)
	}
	for name, test := range map[string]struct {
		schedule, last, now string
		deadline            *int64
		zone                string
		due                 string // "" for none
		many                bool
		next                string
	}{
		"not yet":                     {schedule: "0 * * * *", last: "1 10:00:00", now: "1 10:59:59", next: "1 11:00:00"},
		"now":                         {schedule: "0 * * * *", last: "1 10:00:00", now: "1 11:00:00", due: "1 11:00:00", next: "1 12:00:00"},
		"a little late":               {schedule: "0 * * * *", last: "1 10:00:00", now: "1 11:20:00", due: "1 11:00:00", next: "1 12:00:00"},
		"only the last of the missed": {schedule: "0 * * * *", last: "1 10:00:00", now: "1 15:30:00", due: "1 15:00:00", next: "1 16:00:00"},
		"many missed":                 {schedule: "* * * * *", last: "1 10:00:00", now: "2 10:00:30", due: "2 10:00:00", many: true, next: "2 10:01:00"},
		"unevenly spaced":             {schedule: "30 6-16/4 * * *", last: "1 06:30:00", now: "1 15:00:00", due: "1 14:30:00", next: "2 06:30:00"},
		"too late to start":           {schedule: "0 * * * *", last: "1 10:00:00", now: "1 11:20:00", deadline: api.Ptr[int64](60), next: "1 12:00:00"},
		"every so often":              {schedule: "@every 90s", last: "1 10:00:00", now: "1 10:01:31", due: "1 10:01:30", next: "1 10:03:00"},
		"elsewhere":                   {schedule: "0 12 * * *", zone: "Asia/Tokyo", last: "1 00:00:00", now: "1 03:00:00", due: "1 03:00:00", next: "2 03:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			cron := &api.CronJob{Spec: api.CronJobSpec{Schedule: test.schedule, StartingDeadlineSeconds: test.deadline}}
			if test.zone != "" {
				cron.Spec.TimeZone = &test.zone
			}
			cron.Status.LastScheduleTime = &api.Time{Time: clock(test.last)}
			schedule, err := parseSchedule(cron)
			require.NoError(t, err)
			now := clock(test.now)
			due, missed, err := dueTime(cron, schedule, now)
			require.NoError(t, err)
			if test.due == "" {
				require.True(t, due.IsZero(), due)
			} else {
				require.Equal(t, clock(test.due), due.UTC())
			}
			require.Equal(t, test.many, missed > manyMissed)
			require.Equal(t, clock(test.next), now.Add(untilNext(cron, schedule, now)-scheduleSlack).UTC())
		})
	}
}

func TestScheduleThatNeverComes(t *testing.T) {
	cron := &api.CronJob{ObjectMeta: api.ObjectMeta{CreationTimestamp: at(0)}, Spec: api.CronJobSpec{Schedule: "59 23 31 2 *"}}
	schedule, err := parseSchedule(cron)
	require.NoError(t, err)
	_, _, err = dueTime(cron, schedule, testNow)
	require.EqualError(t, err, "time difference between two schedules is less than 1 second")
}

func TestJobFromTemplate(t *testing.T) {
	cron := &api.CronJob{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "tick", UID: "tick-uid"}, Spec: api.CronJobSpec{TimeZone: api.Ptr("Asia/Tokyo")}}
	cron.Spec.JobTemplate.Labels = map[string]string{"app": "tick"}
	job := jobFromTemplate(cron, testNow)
	require.Equal(t, "tick-29539440", job.Name)
	require.Equal(t, "2026-03-01T21:00:00+09:00", job.Annotations[api.CronJobScheduledTimestampAnnotation])
	require.Equal(t, map[string]string{"app": "tick"}, job.Labels)
	require.True(t, api.IsControlledBy(job, cron))
}

func TestDisruptionStatus(t *testing.T) {
	ready := func(pod *api.Pod) {
		pod.Status.Conditions = []api.PodCondition{{Type: api.PodReady, Status: api.ConditionTrue}}
	}
	budget := &api.PodDisruptionBudget{ObjectMeta: api.ObjectMeta{Generation: 2}}
	budget.Status.DisruptedPods = map[string]api.Time{"p2": at(-time.Minute), "p3": at(-time.Hour), "gone": at(-time.Minute)}
	all := pods(with{ready}, with{ready, leaving}, with{ready}, with{ready}, with{})
	status, recheck := disruptionStatus(budget, all, 5, 1, testNow)
	require.EqualValues(t, 2, status.CurrentHealthy, "one is leaving, one was let go, one is not ready; the one that never left is back")
	require.EqualValues(t, 1, status.DisruptionsAllowed)
	require.Equal(t, map[string]api.Time{"p2": at(-time.Minute)}, status.DisruptedPods)
	require.Equal(t, time.Minute, recheck)
	require.EqualValues(t, 2, status.ObservedGeneration)
	require.Equal(t, api.SufficientPodsReason, status.Conditions[0].Reason)

	status, _ = disruptionStatus(budget, all, 5, 2, testNow)
	require.Zero(t, status.DisruptionsAllowed)
	require.Equal(t, api.InsufficientPodsReason, status.Conditions[0].Reason)
	status, _ = disruptionStatus(budget, nil, 0, 0, testNow)
	require.Zero(t, status.DisruptionsAllowed, "no pods: nothing is allowed before the first are counted")
}
