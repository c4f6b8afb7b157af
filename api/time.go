package api

import (
	"bytes"
	"encoding/json"
	"time"
)

// Time is a moment with a resolution of one second, as nearly all API fields have it: RFC 3339 in UTC. Its zero
// value is null on the wire.
type Time struct {
	time.Time
}

// MicroTime is a moment with a resolution of one microsecond; Leases and new-style Events use it.
type MicroTime struct {
	time.Time
}

// Duration is a span of time, written as Go does: "1h30m".
type Duration struct {
	time.Duration
}

const microTimeFormat = "2006-01-02T15:04:05.000000Z07:00"

// Now is the current second.
func Now() Time { return Time{time.Now().Truncate(time.Second)} }

// NowMicro is the current microsecond.
func NowMicro() MicroTime { return MicroTime{time.Now().Truncate(time.Microsecond)} }

// MarshalJSON writes seconds, null for the zero time.
func (t Time) MarshalJSON() ([]byte, error) { return marshalTime(t.Time, time.RFC3339) }

// UnmarshalJSON reads RFC 3339 or null.
func (t *Time) UnmarshalJSON(b []byte) error {
	parsed, err := unmarshalTime(b, time.RFC3339)
	t.Time = parsed
	return err
}

// MarshalJSON writes microseconds, null for the zero time.
func (t MicroTime) MarshalJSON() ([]byte, error) { return marshalTime(t.Time, microTimeFormat) }

// UnmarshalJSON reads RFC 3339 with six digits of a fraction, or null.
func (t *MicroTime) UnmarshalJSON(b []byte) error {
	parsed, err := unmarshalTime(b, microTimeFormat)
	t.Time = parsed
	return err
}

func marshalTime(t time.Time, layout string) ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	b := make([]byte, 0, len(layout)+2)
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, layout)
	return append(b, '"'), nil
}

func unmarshalTime(b []byte, layout string) (time.Time, error) {
	if string(b) == "null" {
		return time.Time{}, nil
	}
	s, ok := plainString(b)
	if !ok {
		if err := json.Unmarshal(b, &s); err != nil {
			return time.Time{}, err
		}
	}
	t, err := time.Parse(layout, s)
	return t.Local(), err
}

// plainString is what a JSON string holds if nothing in it is escaped, as in every time that a program has written: an object has
// several, and each would cost as much as reading a small struct.
func plainString(b []byte) (string, bool) {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' || bytes.IndexByte(b, '\\') >= 0 {
		return "", false
	}
	return string(b[1 : len(b)-1]), true
}

// MarshalJSON writes Go's form of a duration.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.Duration.String()) }

// UnmarshalJSON reads Go's form of a duration.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(s)
	d.Duration = parsed
	return err
}
