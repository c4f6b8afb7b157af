package flowcontrol

import (
	"math"
	"time"
)

// demand follows how many seats a level could use, those that it has and those that it lacks.
type demand struct {
	began, changed      time.Time
	now, peak           float64
	integral, ofSquares float64 // over time, in seconds
}

// set notes that the demand is another from now on.
func (d *demand) set(seats float64, now time.Time) {
	d.advance(now)
	d.now, d.peak = seats, max(d.peak, seats)
}

func (d *demand) advance(now time.Time) {
	took := now.Sub(d.changed).Seconds()
	d.integral += d.now * took
	d.ofSquares += d.now * d.now * took
	d.changed = now
}

// observed is what the demand was over a time.
type observed struct{ average, deviation, peak float64 }

// take tells of the time since the last call, and begins anew. ok is false if no time has passed.
func (d *demand) take(now time.Time) (o observed, ok bool) {
	d.advance(now)
	took := now.Sub(d.began).Seconds()
	if o.peak, ok = d.peak, took > 0; ok {
		o.average = d.integral / took
		o.deviation = math.Sqrt(max(d.ofSquares/took-o.average*o.average, 0))
	}
	*d = demand{began: now, changed: now, now: d.now, peak: d.now}
	return o, ok
}
