package lab

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// Circumstance is what a program has to put up with during a trial.
type Circumstance struct {
	// Name is "basic", or of the fault.
	Name string
	// Title says it in words.
	Title string

	patience int           // how much longer steps may take
	lead     time.Duration // how long to wait before it begins: who reads what is old must not read of the trial before
	// begin makes things difficult until ctx ends. nil: they are not.
	begin func(ctx context.Context, t *trial) error
	// own says that it takes a program which the trial starts itself.
	own bool
}

// circumstances are all that there are, in the order of the trials.
func circumstances() []Circumstance {
	return []Circumstance{
		{Name: "basic", Title: "all goes well", patience: 1},
		{Name: "late", Title: "watches are late", patience: 3, begin: beginLate},
		{Name: "stale", Title: "reads are seconds old, and watches are late", patience: 3, lead: staleBy, begin: beginStale},
		{Name: "missed", Title: "watches lose events", patience: 3, begin: beginMissed},
		{Name: "crash", Title: "the program dies between two writes, again and again", patience: 4, begin: beginCrashes, own: true},
		{Name: "twice", Title: "a second copy runs", patience: 3, begin: beginSecond, own: true},
	}
}

func circumstance(name string) (Circumstance, error) {
	all := circumstances()
	i := slices.IndexFunc(all, func(c Circumstance) bool { return c.Name == name })
	if i < 0 {
		return Circumstance{}, fmt.Errorf("there is no circumstance %q", name)
	}
	return all[i], nil
}

// Circumstances are those of a lab: all going well, and its faults.
func (l *Lab) Circumstances() []Circumstance {
	return slices.DeleteFunc(circumstances(), func(c Circumstance) bool { return c.begin != nil && !slices.Contains(l.Program.Circumstances, c.Name) })
}

// Trial is how a program did.
type Trial struct {
	Circumstance Circumstance
	Outcome      *Outcome
	Timeline     *Timeline
}

// ErrNeedsCommand says that a trial cannot take place with a program that somebody else has started.
var ErrNeedsCommand = errors.New("needs your program's command: kubelite lab check --faults -- COMMAND")

// labelTrial marks the namespace of a trial. Each has one of its own, so that nothing is left of the one before; it stays, to be
// looked at, until the next.
const labelTrial = "kubelite.io/lab-trial"

func (s *Session) trialNamespace(c Circumstance) string { return s.Lab.Namespace() + "-" + c.Name }

// trialNamespaces are the namespaces of all trials that there may have been.
func (s *Session) trialNamespaces() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, c := range s.Lab.Circumstances() {
			if !yield(s.trialNamespace(c)) {
				return
			}
		}
	}
}

// LastTrial looks at what is there of the trial without faults, in a lab that has trials; else it is the session itself.
func (s *Session) LastTrial() *Session {
	if s.Lab.Program == nil {
		return s
	}
	last := *s
	last.Namespace = s.Lab.Namespace() + "-basic"
	return &last
}

// Started returns an error if the lab is not on the cluster.
func (s *Session) Started(ctx context.Context) error {
	_, err := s.history(ctx)
	return err
}

// afterglow is how long a trial goes on when all steps are done: what is done once too often comes late.
const afterglow = time.Second

// Try lets the lab's steps happen under a circumstance, and judges what the program has made of them. The program is started
// by the command, and ended with the trial; without a command it is one that somebody else has started, or there is none.
func (s *Session) Try(ctx context.Context, c Circumstance, command []string) (*Trial, error) {
	if c.own && len(command) == 0 {
		return nil, ErrNeedsCommand
	}
	t := &trial{Session: &Session{Client: s.Client, Lab: s.Lab, Place: s.Place, Namespace: s.trialNamespace(c)}, command: command, circumstance: c}
	if err := t.prepare(ctx); err != nil {
		return nil, fmt.Errorf("prepare the trial: %w", err)
	}
	results, err := t.play(ctx)
	if err != nil {
		return nil, err
	}
	return t.judge(ctx, results)
}

// trial is one that goes on.
type trial struct {
	*Session
	circumstance Circumstance
	command      []string
	begins       int64
	processes    sync.WaitGroup
	first        *process    // the first copy; nil if somebody else has started it
	giveUp       func(error) // ends the trial: it cannot go on

	mu    sync.Mutex
	notes []note // guarded by mu
}

// note is something that happened and is no write.
type note struct {
	time time.Time
	lane string
	text string
}

func (t *trial) note(lane, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, note{time.Now(), lane, text})
}

// prepare makes the trial's namespace, and removes what trials before it have left: their pods would be on the nodes, too.
func (t *trial) prepare(ctx context.Context) error {
	ctx = client.Because(ctx, "lab %s: a trial is prepared", t.Lab.Name)
	for namespace := range t.trialNamespaces() {
		if err := t.clear(ctx, namespace); err != nil {
			return err
		}
	}
	if err := t.clearLeftOvers(ctx); err != nil {
		return err
	}
	namespace, err := client.Of[*api.Namespace](t.Client).Create(ctx, &api.Namespace{ObjectMeta: api.ObjectMeta{
		Name: t.Namespace, Labels: map[string]string{labelTrial: t.Lab.Name},
	}})
	if err != nil {
		return err
	}
	if err := t.waitForAccount(ctx); err != nil {
		return err
	}
	if t.begins, err = strconv.ParseInt(namespace.ResourceVersion, 10, 64); err != nil {
		return err
	}
	if err := t.annotate(ctx, annotationBegins, namespace.ResourceVersion); err != nil {
		return err
	}
	if !client.Wait(ctx, t.circumstance.lead) {
		return ctx.Err()
	}
	return nil
}

// play runs the program and goes through the steps, until one of them does not lead to what it should.
func (t *trial) play(ctx context.Context) (results []Result, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer t.processes.Wait()
	defer stop()
	ctx, t.giveUp = context.WithCancelCause(ctx)
	if len(t.command) > 0 {
		t.first = t.start(ctx, 1)
	}
	if t.circumstance.begin != nil {
		t.processes.Go(func() {
			if err := t.circumstance.begin(ctx, t); err != nil && ctx.Err() == nil {
				t.giveUp(fmt.Errorf("make it happen that %s: %w", t.circumstance.Title, err))
			}
		})
	}
	h, err := t.begin(ctx, t.begins)
	if err != nil {
		return nil, err
	}
	for i := range t.Lab.Steps {
		var result Result
		step := &t.Lab.Steps[i]
		if result, err = t.run(ctx, step, h, step.patience(t.circumstance.patience)); err != nil {
			break
		}
		if results = append(results, result); !result.Passed {
			break
		}
	}
	if err == nil {
		client.Wait(ctx, afterglow)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return results, err
}

// start starts a copy of the program.
func (t *trial) start(ctx context.Context, copy int) *process {
	p := t.newProcess(copy, t.command, func(copy int, what string) { t.note(programLane(copy), what) })
	t.processes.Go(func() {
		if err := p.run(ctx); err != nil {
			t.giveUp(err)
		}
	})
	return p
}

// judge looks at the whole history of the trial.
func (t *trial) judge(ctx context.Context, results []Result) (*Trial, error) {
	h, err := t.begin(ctx, t.begins)
	if err != nil {
		return nil, err
	}
	if err := t.follow(ctx, h, true, func() (bool, error) { return true, nil }); err != nil {
		return nil, err
	}
	records, err := t.records(ctx) // after the history: each write in it has one
	if err != nil {
		return nil, err
	}
	h.by, h.seen = map[int64]string{}, &seen{Failed: map[string]string{}}
	for revision, record := range records {
		h.by[revision] = t.lane(record)
	}
	outcome := t.evaluate(ctx, h)
	outcome.Results = append(results, outcome.Results...)
	if outcome.Solved() {
		outcome.Hint = ""
	}
	return &Trial{Circumstance: t.circumstance, Outcome: outcome, Timeline: t.timeline(h, records, outcome)}, nil
}

// beginSecond starts another copy of the program.
func beginSecond(ctx context.Context, t *trial) error {
	t.start(ctx, 2)
	return nil
}
