package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestQuantilesOfAHistogram(t *testing.T) {
	before := latencies{within: []float64{0.1, 0.2, 1}, counts: []int{10, 10, 10}, count: 10}
	after := latencies{within: []float64{0.1, 0.2, 1}, counts: []int{60, 100, 110}, count: 110}
	during := after.since(before) // 50 within 0.1 s, 40 more within 0.2 s, 10 beyond
	assert.Equal(t, 100, during.count)
	for q, want := range map[float64]time.Duration{
		0.25: 50 * time.Millisecond, 0.5: 100 * time.Millisecond, 0.7: 150 * time.Millisecond, 0.9: 200 * time.Millisecond,
	} {
		assert.InDelta(t, want, during.quantile(q), float64(time.Microsecond), "%g", q)
	}
	assert.Equal(t, 200*time.Millisecond, during.quantile(0.99), "beyond the last bound but one nothing is known")
	assert.Zero(t, latencies{}.quantile(0.99))
	assert.Equal(t, after, after.since(latencies{}), "what began with the server")
}
