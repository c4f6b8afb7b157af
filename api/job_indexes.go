package api

import (
	"fmt"
	"strconv"
	"strings"
)

// JobIndexes is a set of indexes of an Indexed Job, as increasing intervals. Its text form is "1,3-5,7".
type JobIndexes []JobIndexInterval

// JobIndexInterval is all indexes from First to Last.
type JobIndexInterval struct{ First, Last int32 }

// ParseJobIndexes reads the text form. Indexes must be in increasing order and below completions.
func ParseJobIndexes(text string, completions int32) (JobIndexes, error) {
	if text == "" {
		return nil, nil
	}
	var set JobIndexes
	for part := range strings.SplitSeq(text, ",") {
		interval, err := parseIndexInterval(part, completions)
		if err != nil {
			return nil, err
		}
		if n := len(set); n > 0 && set[n-1].Last >= interval.First {
			return nil, fmt.Errorf("non-increasing order, previous: %d, current: %d", set[n-1].Last, interval.First)
		}
		if n := len(set); n > 0 && set[n-1].Last == interval.First-1 { // "3,4" is one interval
			set[n-1].Last = interval.Last
		} else {
			set = append(set, interval)
		}
	}
	return set, nil
}

func parseIndexInterval(text string, completions int32) (JobIndexInterval, error) {
	limits := strings.Split(text, "-")
	if len(limits) > 2 {
		return JobIndexInterval{}, fmt.Errorf("the fragment %q violates the requirement that an index interval can have at most two parts separated by '-'", text)
	}
	var numbers [2]int32
	for i, limit := range limits {
		n, err := strconv.Atoi(limit)
		if err != nil {
			return JobIndexInterval{}, fmt.Errorf("cannot convert string to integer for index: %q", limit)
		}
		if n >= int(completions) {
			return JobIndexInterval{}, fmt.Errorf("too large index: %q", limit)
		}
		numbers[i] = int32(n)
	}
	if len(limits) == 1 {
		return JobIndexInterval{numbers[0], numbers[0]}, nil
	}
	if numbers[0] >= numbers[1] {
		return JobIndexInterval{}, fmt.Errorf("non-increasing order, previous: %d, current: %d", numbers[0], numbers[1])
	}
	return JobIndexInterval{numbers[0], numbers[1]}, nil
}

// Len is how many indexes there are.
func (s JobIndexes) Len() int32 {
	var n int32
	for _, i := range s {
		n += i.Last - i.First + 1
	}
	return n
}

// Has tells whether an index is in the set.
func (s JobIndexes) Has(index int32) bool {
	low, high := 0, len(s)
	for low < high {
		if middle := (low + high) / 2; s[middle].Last < index {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low < len(s) && s[low].First <= index
}

// With is the set with one more index.
func (s JobIndexes) With(indexes ...int32) JobIndexes {
	for _, index := range indexes {
		if !s.Has(index) {
			s = s.insert(index)
		}
	}
	return s
}

// insert puts a new index where it belongs, joined with the neighbours that it touches.
func (s JobIndexes) insert(index int32) JobIndexes {
	out := make(JobIndexes, 0, len(s)+1)
	added := JobIndexInterval{index, index}
	placed := false
	for _, i := range s {
		switch {
		case i.Last == added.First-1:
			added.First = i.First
		case i.First == added.Last+1:
			added.Last = i.Last
		default:
			if !placed && i.First > added.Last {
				out, placed = append(out, added), true
			}
			out = append(out, i)
		}
	}
	if !placed {
		out = append(out, added)
	}
	return out
}

// Below is the part of the set that is below n.
func (s JobIndexes) Below(n int32) JobIndexes {
	for i := range s {
		if s[i].First >= n {
			return s[:i:i]
		}
		if s[i].Last >= n {
			return append(s[:i:i], JobIndexInterval{s[i].First, n - 1})
		}
	}
	return s
}

// CountIn is how many indexes both sets have.
func (s JobIndexes) CountIn(other JobIndexes) int32 {
	var count int32
	for i, j := 0, 0; i < len(s) && j < len(other); {
		count += max(min(s[i].Last, other[j].Last)-max(s[i].First, other[j].First)+1, 0)
		if s[i].Last < other[j].Last {
			i++
		} else {
			j++
		}
	}
	return count
}

// Overlap is the lowest index that both sets have, -1 if there is none.
func (s JobIndexes) Overlap(other JobIndexes) int32 {
	for i, j := 0, 0; i < len(s) && j < len(other); {
		if s[i].First <= other[j].Last && other[j].First <= s[i].Last {
			return max(s[i].First, other[j].First)
		}
		if s[i].First <= other[j].First {
			i++
		} else {
			j++
		}
	}
	return -1
}

// String is the text form: three or more in a row are an interval, two are not.
func (s JobIndexes) String() string {
	var b strings.Builder
	for _, i := range s {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(int(i.First)))
		if i.Last == i.First {
			continue
		}
		separator := byte('-')
		if i.Last == i.First+1 {
			separator = ','
		}
		b.WriteByte(separator)
		b.WriteString(strconv.Itoa(int(i.Last)))
	}
	return b.String()
}
