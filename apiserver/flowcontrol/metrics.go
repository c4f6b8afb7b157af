package flowcontrol

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meters count the requests of a schema at a level. Guarded by the level's mu.
type meters struct {
	waiting, asked   int // requests, and the seats that they wait for
	executing, seats int
	dispatched       int64
	rejected         map[string]int64             // by reason
	waits            map[bool]prometheus.Observer // by whether they were served
}

func (m *meters) wait(t *Ticket, sign int) {
	m.waiting += sign
	m.asked += sign * t.work.width()
}

// newWaits measures how long requests waited.
func newWaits() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: prefix + "request_wait_duration_seconds", Help: "Time that requests waited for a seat.",
		Buckets: []float64{0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30},
	}, []string{"priority_level", "flow_schema", "execute"})
}

// waited measures how long a request waited that begins or is turned away now.
func (l *level) waited(t *Ticket, now time.Time) {
	if l.exempt {
		return
	}
	served, m := t.Rejected == "", t.schema.meters
	if m.waits[served] == nil {
		m.waits[served] = l.waits.WithLabelValues(l.name, t.schema.name, strconv.FormatBool(served))
	}
	m.waits[served].Observe(now.Sub(t.arrived).Seconds())
}

const prefix = "apiserver_flowcontrol_"

// figure is a metric under upstream's name.
type figure struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

func levelFigure(name, help string) figure {
	return figure{prometheus.NewDesc(prefix+name, help, []string{"priority_level"}, nil), prometheus.GaugeValue}
}

func schemaFigure(name, help string, kind prometheus.ValueType, labels ...string) figure {
	return figure{prometheus.NewDesc(prefix+name, help, append([]string{"priority_level", "flow_schema"}, labels...), nil), kind}
}

var (
	nominalSeats  = levelFigure("nominal_limit_seats", "Seats that a level has by its shares.")
	leastSeats    = levelFigure("lower_limit_seats", "Seats that a level keeps when it lends what it may.")
	mostSeats     = levelFigure("upper_limit_seats", "Seats that a level has when it borrows what it may.")
	currentSeats  = levelFigure("current_limit_seats", "Seats that a level has now.")
	demandPeak    = levelFigure("demand_seats_high_watermark", "Most seats that a level could have used at once, between the last two adjustments.")
	demandAverage = levelFigure("demand_seats_average", "Seats that a level could have used on average, between the last two adjustments.")
	demandSpread  = levelFigure("demand_seats_stdev", "Standard deviation of the seats that a level could have used, between the last two adjustments.")
	demandSmooth  = levelFigure("demand_seats_smoothed", "Seats that a level could use, with what it could use before.")
	targetSeats   = levelFigure("target_seats", "Seats that a level should have if there were enough.")
	fairShare     = figure{prometheus.NewDesc(prefix+"seat_fair_frac", "Part of its target that a level gets which no limit concerns.", nil, nil), prometheus.GaugeValue}

	dispatchedTotal   = schemaFigure("dispatched_requests_total", "Requests that were served.", prometheus.CounterValue)
	rejectedTotal     = schemaFigure("rejected_requests_total", "Requests that were turned away.", prometheus.CounterValue, "reason")
	inqueueRequests   = schemaFigure("current_inqueue_requests", "Requests that wait.", prometheus.GaugeValue)
	inqueueSeats      = schemaFigure("current_inqueue_seats", "Seats that requests wait for.", prometheus.GaugeValue)
	executingRequests = schemaFigure("current_executing_requests", "Requests that are served; of a watch, its beginning.", prometheus.GaugeValue)
	executingSeats    = schemaFigure("current_executing_seats", "Seats that are taken.", prometheus.GaugeValue)
)

// Describe names the metrics, for Prometheus.
func (c *Controller) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range []figure{
		nominalSeats, leastSeats, mostSeats, currentSeats, demandPeak, demandAverage, demandSpread, demandSmooth, targetSeats, fairShare,
		dispatchedTotal, rejectedTotal, inqueueRequests, inqueueSeats, executingRequests, executingSeats,
	} {
		ch <- f.Desc
	}
	c.waits.Describe(ch)
}

// Collect reads them, for Prometheus.
func (c *Controller) Collect(ch chan<- prometheus.Metric) {
	c.waits.Collect(ch)
	c.mu.Lock()
	defer c.mu.Unlock()
	tell := func(f figure, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(f.Desc, f.kind, value, labels...)
	}
	tell(fairShare, c.fairFraction)
	for _, l := range c.sorted() {
		l.mu.Lock()
		s := &l.share
		tell(nominalSeats, float64(s.nominal), l.name)
		tell(leastSeats, float64(s.least), l.name)
		tell(mostSeats, float64(s.most), l.name)
		tell(currentSeats, float64(l.limit), l.name)
		tell(demandPeak, s.observed.peak, l.name)
		tell(demandAverage, s.observed.average, l.name)
		tell(demandSpread, s.observed.deviation, l.name)
		tell(demandSmooth, s.smoothed, l.name)
		tell(targetSeats, s.target, l.name)
		for schema, m := range l.meters {
			tell(dispatchedTotal, float64(m.dispatched), l.name, schema)
			tell(inqueueRequests, float64(m.waiting), l.name, schema)
			tell(inqueueSeats, float64(m.asked), l.name, schema)
			tell(executingRequests, float64(m.executing), l.name, schema)
			tell(executingSeats, float64(m.seats), l.name, schema)
			for reason, n := range m.rejected {
				tell(rejectedTotal, float64(n), l.name, schema, reason)
			}
		}
		l.mu.Unlock()
	}
}

// sorted are the levels by name. The caller holds mu.
func (c *Controller) sorted() []*level {
	return slices.SortedFunc(maps.Values(c.levels), func(a, b *level) int { return cmp.Compare(a.name, b.name) })
}
