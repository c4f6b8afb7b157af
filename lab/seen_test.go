package lab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatHasHappenedStaysSo shows what a check says whose evidence the API server has forgotten since the first look.
func TestWhatHasHappenedStaysSo(t *testing.T) {
	for _, test := range []struct {
		name         string
		check        Check
		before, now  bool
		want         bool
		wantedBefore string // what the first look found, where that counts
	}{
		{name: "it happened", check: Check{Expression: "history.exists(h, h.pods.size() == 3)"}, before: true, now: false, want: true},
		{name: "it had not happened, and has now", check: Check{Expression: "history.exists(h, h.pods.size() == 3)"}, before: false, now: true, want: true},
		{name: "it was broken", check: Check{Expression: "history.all(h, h.pods.size() == 3)", Holds: true}, before: false, now: true, want: false, wantedBefore: "found"},
		{name: "it was not broken", check: Check{Expression: "history.all(h, h.pods.size() == 3)", Holds: true}, before: true, now: true, want: true},
		{name: "the present may change", check: Check{Expression: "pods.size() == 3"}, before: true, now: false, want: false},
		{name: "and be mended", check: Check{Expression: "pods.size() == 3", Holds: true}, before: false, now: true, want: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &seen{Failed: map[string]string{}}
			test.check.Message = "m"
			s.keep(&test.check, Result{Passed: test.before, Message: "m", Found: "found"})
			got := s.keep(&test.check, Result{Passed: test.now, Message: "m"})
			require.Equal(t, Result{Passed: test.want, Message: "m", Found: test.wantedBefore}, got)
		})
	}
}
