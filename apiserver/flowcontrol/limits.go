package flowcontrol

import (
	"math"
	"time"

	"kubelite/api"
)

// How the server's seats are shared out. Each level has a nominal number of them, in proportion to its shares. Of these it
// lends a part to others while it does not need them, and may borrow more. How many each has is worked out again every ten
// seconds, from how many it could have used.

// adjustEvery is how often.
const adjustEvery = 10 * time.Second

// memory is how much of an old demand a level still counts on after adjustEvery, when it asks for less: half of it after five
// minutes.
const memory = 0.977

// share is a level's part of the server's seats.
type share struct {
	shares              int // in relation to those of the other levels
	lendable, borrowing int // percent of nominal; borrowing < 0: any number

	nominal, least, most int
	observed             observed
	smoothed, target     float64 // of the demand
}

func newShare(spec *api.PriorityLevelConfigurationSpec) share {
	if limited := spec.Limited; limited != nil {
		return share{
			shares: int(api.Deref(limited.NominalConcurrencyShares, 0)), lendable: int(api.Deref(limited.LendablePercent, 0)),
			borrowing: int(api.Deref(limited.BorrowingLimitPercent, -1)),
		}
	}
	s := share{borrowing: -1}
	if exempt := spec.Exempt; exempt != nil {
		s.shares, s.lendable = int(api.Deref(exempt.NominalConcurrencyShares, 0)), int(api.Deref(exempt.LendablePercent, 0))
	}
	return s
}

// shareOut works out the numbers that follow from the configuration. Rounding up, they come to a little more than total.
func (c *Controller) shareOut() {
	shares := 0
	for _, l := range c.levels {
		shares += l.share.shares
	}
	c.nominal = 0
	for _, l := range c.levels {
		s := &l.share
		s.nominal = int(math.Ceil(float64(c.total) * float64(s.shares) / float64(max(shares, 1))))
		s.least = s.nominal - percent(s.nominal, s.lendable)
		s.most = s.nominal + c.total
		if s.borrowing >= 0 {
			s.most = s.nominal + percent(s.nominal, s.borrowing)
		}
		c.nominal += s.nominal
		l.most.Store(int64(l.widest()))
	}
}

func percent(of, p int) int { return int(math.Round(float64(of) * float64(p) / 100)) }

// adjust gives every level the seats that it may use for the next while: first what nobody may take from it, then in proportion
// to what each could use. Where exempt requests took so much that this leaves too little, all others have less.
func (c *Controller) adjust() {
	left, least, urgent := c.nominal, 0, 0 // seats; what the limited levels have at least, and what they need now
	limited := make([]*level, 0, len(c.levels))
	for _, l := range c.levels {
		l.mu.Lock()
		need := l.observe()
		if l.exempt {
			l.limit = need
			left -= need
		} else {
			limited = append(limited, l)
			least += l.share.least
			urgent += need
		}
		l.mu.Unlock()
	}
	c.fairFraction = 0
	var limit func(l *level) int
	switch {
	case left <= least:
		limit = func(l *level) int { return l.share.least }
	case left <= urgent:
		part := float64(left-least) / float64(urgent-least)
		limit = func(l *level) int { return l.share.least + int(math.Round(float64(l.need()-l.share.least)*part)) }
	default:
		c.fairFraction = fairFraction(float64(c.nominal), limited)
		limit = func(l *level) int { return int(math.Round(l.share.at(c.fairFraction, l.need()))) }
	}
	for _, l := range limited {
		l.mu.Lock()
		l.limit = limit(l)
		l.dispatch(l.now())
		l.mu.Unlock()
	}
}

// observe takes in what the level could have used since the last time, and returns how many seats it needs. The caller holds mu.
func (l *level) observe() (need int) {
	s := &l.share
	observed, ok := l.demand.take(time.Now())
	s.observed.peak = observed.peak
	if ok {
		s.observed = observed
		envelope := observed.average + observed.deviation
		s.smoothed = max(envelope, memory*s.smoothed+(1-memory)*envelope)
	}
	need = l.need()
	s.target = max(float64(need), s.smoothed)
	return need
}

// need is how many seats the level must not lose: as many as it used at once, but no more than are its own.
func (l *level) need() int {
	s := &l.share
	peak := int(math.Round(s.observed.peak))
	if l.exempt {
		return max(s.least, peak)
	}
	return max(s.least, min(s.nominal, peak))
}

// at is how many seats the level gets if everybody gets this fraction of what they want.
func (s *share) at(fraction float64, need int) float64 {
	return max(float64(need), min(float64(s.most), fraction*max(s.target, leastTarget)))
}

// leastTarget lets levels grow that want nothing.
const leastTarget = 0.001

// fairFraction finds the fraction of its target for each level at which all seats are given away, by halving: the more each
// gets, the more all get. The bounds of some levels make it no simple quotient.
func fairFraction(seats float64, levels []*level) float64 {
	given := func(fraction float64) (sum float64) {
		for _, l := range levels {
			sum += l.share.at(fraction, l.need())
		}
		return sum
	}
	low, high := 0.0, 1.0
	for _, l := range levels {
		high = max(high, float64(l.share.most)/max(l.share.target, leastTarget))
	}
	for range 100 {
		middle := (low + high) / 2
		if given(middle) < seats {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
