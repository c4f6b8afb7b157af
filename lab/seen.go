package lab

import (
	"context"
	"slices"
	"time"

	"kubelite/api"
)

// The API server forgets after five minutes, and a learner may take twenty. What has happened stays so, though: once a check that
// looks back has been seen to pass it has passed, and one that must hold all the time, once seen to fail, has failed. So every
// look keeps these verdicts, and up to where it has looked:
//
//	begins ├───── look ──────────── look ─ ─ ─ ─ ─ ─ ─ ─ ─ oldest ──── look
//	        each sees all since the one before             ▲
//	                                      forgotten before anybody looked: missed
//
// `kubelite lab watch` looks all the time.

// seen is what looks at a lab have found out so far. It is kept on the lab's namespace, and goes with it.
type seen struct {
	// Revision up to which somebody has looked.
	Revision int64 `json:"revision"`
	// Missed says that there was a time of which nobody will ever know.
	Missed bool `json:"missed,omitempty"`
	// Passed and Failed are the checks by their messages, Failed with what was found.
	Passed []string          `json:"passed,omitempty"`
	Failed map[string]string `json:"failed,omitempty"`

	noted time.Time // when it was written last
}

// keep notes the verdict on a check, and gives back the one that stays.
func (s *seen) keep(c *Check, r Result) Result {
	if !c.looksBack() {
		return r
	}
	found, failed := s.Failed[c.Message]
	switch {
	case c.Holds && failed:
		return Result{Message: r.Message, Found: found}
	case c.Holds && !r.Passed:
		s.Failed[c.Message], s.noted = r.Found, time.Time{}
	case !c.Holds && slices.Contains(s.Passed, c.Message):
		return Result{Passed: true, Message: r.Message}
	case !c.Holds && r.Passed:
		s.Passed, s.noted = append(s.Passed, c.Message), time.Time{}
	}
	return r
}

// note writes down what a look at everything up to a revision has found: at once if there is a new verdict, else when a minute has
// passed since the last time. It writes into the learner's progress that the lab is solved.
func (s *Session) note(ctx context.Context, h *history, outcome *Outcome, revision int64) error {
	if time.Since(h.seen.noted) >= lookEvery/2 {
		h.seen.Revision, h.seen.noted = revision, time.Now()
		text, err := api.MarshalJSON(h.seen)
		if err != nil {
			return err
		}
		if err := s.annotate(ctx, annotationSeen, string(text)); err != nil {
			return err
		}
	}
	if !outcome.Solved() {
		return nil
	}
	return s.progress(ctx, func(p *Progress) {
		if p.Solved.IsZero() {
			p.Solved = time.Now().UTC().Truncate(time.Second)
		}
	})
}
