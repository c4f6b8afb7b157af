package lab

import (
	"context"
	"fmt"
	"hash/fnv"
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
// `kubelite lab watch` looks all the time. And whoever reads and thinks for ten minutes has missed nothing: if the oldest state that
// the server still knows is the one that was seen last, nothing has happened in between.

// seen is what looks at a lab have found out so far. It is kept on the lab's namespace, and goes with it.
type seen struct {
	// Revision up to which somebody has looked, and the fingerprint of what was there.
	Revision int64  `json:"revision"`
	State    string `json:"state"`
	// Missed says that there was a time of which nobody will ever know.
	Missed bool `json:"missed,omitempty"`
	// Passed and Failed are the checks by their messages, Failed with what was found.
	Passed []string          `json:"passed,omitempty"`
	Failed map[string]string `json:"failed,omitempty"`

	noted time.Time // when it was written last
}

// resume compares what was seen last with where the history begins now.
func (s *seen) resume(h *history) {
	if h.begins > s.Revision && fingerprint(h.moments()[0]) != s.State {
		s.Missed = true
	}
}

// fingerprint changes with every write to any of a moment's objects. (One that came and went again leaves it as it was.)
func fingerprint(moment any) string {
	var versions []string
	for _, objects := range moment.(map[string]any) {
		list, _ := objects.([]any)
		for _, o := range list {
			metadata, _ := o.(map[string]any)["metadata"].(map[string]any)
			versions = append(versions, fmt.Sprint(metadata["uid"], metadata["resourceVersion"]))
		}
	}
	slices.Sort(versions)
	hash := fnv.New64a()
	for _, v := range versions {
		fmt.Fprintln(hash, v) // a hash takes everything
	}
	return fmt.Sprintf("%x", hash.Sum64())
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
		if err := s.write(ctx, h, revision); err != nil {
			return err
		}
	}
	if !outcome.Solved() || s.Lab.Program != nil { // a program has to pass its trials
		return nil
	}
	return s.NoteSolved(ctx)
}

// NoteSolved keeps in the learner's progress that the lab is solved.
func (s *Session) NoteSolved(ctx context.Context) error {
	return s.progress(ctx, func(p *Progress) {
		if p.Solved.IsZero() {
			p.Solved = time.Now().UTC().Truncate(time.Second)
		}
	})
}

// write writes down what was seen, up to a revision.
func (s *Session) write(ctx context.Context, h *history, revision int64) error {
	moments := h.moments()
	h.seen.Revision, h.seen.State, h.seen.noted = revision, fingerprint(moments[len(moments)-1]), time.Now()
	text, err := api.MarshalJSON(h.seen)
	if err != nil {
		return err
	}
	return s.annotate(ctx, annotationSeen, string(text))
}
