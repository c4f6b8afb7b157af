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

// TestNothingIsMissedWhereNothingHappens resumes a history whose beginning the API server has forgotten.
func TestNothingIsMissedWhereNothingHappens(t *testing.T) {
	state := func(version string) *history {
		pod := map[string]any{"metadata": map[string]any{"uid": "1", "resourceVersion": version}}
		return &history{begins: 900, first: map[string][]any{"pods": {pod}}}
	}
	for _, test := range []struct {
		name    string
		seen    seen
		version string
		want    bool
	}{
		{"nobody wrote since the last look", seen{Revision: 100}, "7", false},
		{"somebody wrote", seen{Revision: 100}, "500", true},
		{"somebody wrote, and somebody looked", seen{Revision: 950}, "500", false},
		{"what is missed stays missed", seen{Revision: 950, Missed: true}, "7", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.seen.State = fingerprint(state("7").moments()[0])
			test.seen.resume(state(test.version))
			require.Equal(t, test.want, test.seen.Missed)
		})
	}
}
