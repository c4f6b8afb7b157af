package kubelet

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A container that crashes at once is restarted after 0, 10, 20, 40, ... seconds, at most 300.
func TestBackoffDoublesUpToFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		var waits []time.Duration
		for range 8 {
			crashed := time.Now()
			if until := b.until(crashed, crashed); !until.IsZero() {
				time.Sleep(time.Until(until))
			}
			waits = append(waits, time.Since(crashed))
			b = b.next(crashed, time.Now())
		}
		s := time.Second
		require.Equal(t, []time.Duration{0, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 300 * s, 300 * s}, waits)
	})
}

func TestBackoffForgetsAfterTenHealthyMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		for range 5 {
			b = b.next(time.Now(), time.Now())
		}
		require.Equal(t, 160*time.Second, b.delay)

		time.Sleep(10 * time.Minute) // it runs that long, and not a moment longer
		require.NotZero(t, b.until(time.Now(), time.Now()))

		time.Sleep(time.Second)
		crashed := time.Now()
		require.Zero(t, b.until(crashed, crashed))
		require.Equal(t, 10*time.Second, b.next(crashed, crashed).delay)
	})
}
