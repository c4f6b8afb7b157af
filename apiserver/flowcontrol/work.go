package flowcontrol

import "time"

// Work is how much a request is expected to do.
type Work struct {
	Seats int // while it is served
	// FinalSeats are kept for Linger after the answer, while its event goes to those who watch. Nobody waits for that.
	FinalSeats int
	Linger     time.Duration
}

// width is how many seats must be free before it begins.
func (w Work) width() int { return max(w.Seats, w.FinalSeats) }

// guess is how long a request is taken to last before it is over.
const guess = 3 * time.Millisecond

// cost is all of it, in seat-seconds.
func (w Work) cost() float64 {
	return seatSeconds(w.Seats, guess) + seatSeconds(w.FinalSeats, w.Linger)
}

func seatSeconds(seats int, d time.Duration) float64 { return float64(seats) * d.Seconds() }

const (
	maxListSeats     = 10      // upstream's limit for lists that come from memory, as nearly all do here
	bytesPerSeat     = 100_000 // of a list
	maxWriteSeats    = 10
	watchersPerSeat  = 10
	lingerPerWatcher = 5 * time.Millisecond / watchersPerSeat // what one event costs for one watcher
)

// One is the work of a request that does little.
func One() Work { return Work{Seats: 1} }

// List is the work of reading so many bytes of objects.
func List(bytes int64, most int) Work {
	return Work{Seats: min(max(int((bytes+bytesPerSeat-1)/bytesPerSeat), 1), maxListSeats, most)}
}

// Write is the work of a change of which so many watchers are told. Who has many is to be told with few seats for longer:
// wide requests leave seats empty while they wait for enough of them.
func Write(watchers, most int) Work {
	if watchers < watchersPerSeat {
		return One()
	}
	wanted := (watchers + watchersPerSeat - 1) / watchersPerSeat
	seats := min(wanted, maxWriteSeats, most)
	return Work{Seats: 1, FinalSeats: seats, Linger: time.Duration(wanted) * watchersPerSeat * lingerPerWatcher / time.Duration(seats)}
}

// shrink lets what lingers do so on the seats that there are, for longer.
func (w *Work) shrink(limit int) {
	if limit := max(limit, 1); w.FinalSeats > limit {
		w.Linger = w.Linger * time.Duration(w.FinalSeats) / time.Duration(limit)
		w.FinalSeats = limit
	}
}
