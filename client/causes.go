package client

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"kubelite/api"
)

// Causes is what made a control loop look at an object: the store's revisions of the events that enqueued its key,
// or a clock. The zero value is "nothing we know of".
type Causes struct {
	// Revisions are sorted, without repeats, and at most api.MaxLedgerCauses.
	Revisions []int64
	// More counts those that did not fit.
	More int
	// Timer names the clock that fired, where one did: "node lease renewal", "retry".
	Timer string
}

// CauseOf is the change with a revision, as informers tell it. 0 is one that nobody saw happen: the object was found gone when
// listing again.
func CauseOf(revision int64) Causes {
	if revision <= 0 {
		return Causes{Timer: "relist"}
	}
	return Causes{Revisions: []int64{revision}}
}

// Empty tells that there is no cause at all.
func (c Causes) Empty() bool { return len(c.Revisions) == 0 && c.Timer == "" }

// Add puts a revision in its place. When there are too many, the oldest gives way: a loop that looks at the present
// state acts on what changed last.
func (c *Causes) Add(revision int64) {
	if revision <= 0 {
		return
	}
	at, found := slices.BinarySearch(c.Revisions, revision)
	if found {
		return
	}
	if len(c.Revisions) < api.MaxLedgerCauses {
		c.Revisions = slices.Insert(c.Revisions, at, revision)
		return
	}
	c.More++
	if at > 0 {
		copy(c.Revisions, c.Revisions[1:at])
		c.Revisions[at-1] = revision
	}
}

// merge adds all of another's causes, as the queue does when it coalesces keys.
func (c *Causes) merge(other Causes) {
	for _, revision := range other.Revisions {
		c.Add(revision)
	}
	c.More += other.More
	if c.Timer == "" {
		c.Timer = other.Timer
	}
}

func (c Causes) clone() Causes {
	c.Revisions = slices.Clone(c.Revisions)
	return c
}

// why is what a context knows about the reason of the writes made with it.
type why struct {
	causes    Causes
	reconcile string        // id of the pass of a control loop
	late      func() Causes // of that pass: what has come in for its key since it began
	rule      string        // file:line
	reason    string        // the rule's words
	details   []byte        // JSON, what the rule looked at
}

type whyKey struct{}

func whyOf(ctx context.Context) why {
	w, _ := ctx.Value(whyKey{}).(why)
	return w
}

// WithCauses replaces the causes of the writes made with the context.
func WithCauses(ctx context.Context, causes Causes) context.Context {
	w := whyOf(ctx)
	w.causes = causes
	return context.WithValue(ctx, whyKey{}, w)
}

// WithTimer says that a clock is the origin of what follows: no event caused it.
func WithTimer(ctx context.Context, name string) context.Context {
	return WithCauses(ctx, Causes{Timer: name})
}

// WithPass names the pass of a loop that the context belongs to, and what caused it: for loops that keep a queue of their
// own, as the scheduler does.
func WithPass(ctx context.Context, id string, causes Causes) context.Context {
	return withReconcile(ctx, id, causes, nil)
}

// withReconcile names the pass of a control loop that the context belongs to.
func withReconcile(ctx context.Context, id string, causes Causes, late func() Causes) context.Context {
	w := whyOf(ctx)
	w.causes, w.reconcile, w.late = causes, id, late
	return context.WithValue(ctx, whyKey{}, w)
}

// CausesOf returns the revisions that the context carries, oldest first. They are shared: do not change them.
func CausesOf(ctx context.Context) []int64 { return whyOf(ctx).causes.Revisions }

// AllCausesOf returns everything that the context knows about its causes, to hand it on with AddRateLimited.
func AllCausesOf(ctx context.Context) Causes { return whyOf(ctx).causes }

// Because names the rule that decided on the writes made with the returned context: the place in the source where
// Because is called, and a sentence in the words of the moment, "3 wanted, 2 exist: create 1". The last one wins.
func Because(ctx context.Context, format string, args ...any) context.Context {
	return becauseAt(ctx, 2, fmt.Sprintf(format, args...))
}

// BecauseCaller is Because for a helper that decides nothing itself: the rule is the place that called the helper.
func BecauseCaller(ctx context.Context, reason string) context.Context {
	return becauseAt(ctx, 3, reason)
}

func becauseAt(ctx context.Context, frames int, reason string) context.Context {
	w := whyOf(ctx)
	w.rule = placeOfCaller(frames)
	if w.late != nil {
		// What the rule was decided on was read from caches after the pass began, and may hold later changes.
		if late := w.late(); !late.Empty() {
			w.causes = w.causes.clone()
			w.causes.merge(late)
		}
	}
	w.reason, w.details = reason, nil // the details were of the last rule
	return context.WithValue(ctx, whyKey{}, w)
}

// WithDetails adds to the rule what it looked at, for whoever asks why afterwards. Details that do not encode, or are
// longer than api.MaxLedgerDetails, are left out: no write fails for them.
func WithDetails(ctx context.Context, details any) context.Context {
	w := whyOf(ctx)
	if b, err := api.MarshalJSON(details); err == nil && len(b) <= api.MaxLedgerDetails {
		w.details = b
	}
	return context.WithValue(ctx, whyKey{}, w)
}

// places are those of placeOfCaller, by program counter: one for each rule that has decided. To look one up reads tables of the
// binary that a process at rest needs for nothing else, and takes three times as long.
var places sync.Map

// placeOfCaller is "FILE:LINE" of the function so many frames above placeOfCaller's caller.
func placeOfCaller(frames int) string {
	var caller [1]uintptr
	if runtime.Callers(frames+2, caller[:]) == 0 {
		return ""
	}
	if place, ok := places.Load(caller[0]); ok {
		return place.(string)
	}
	frame, _ := runtime.CallersFrames(caller[:]).Next()
	place := moduleRelative(frame.File) + ":" + strconv.Itoa(frame.Line)
	places.Store(caller[0], place)
	return place
}

// moduleRelative turns the path that the compiler recorded into one that a reader of the repository can open. Built
// with -trimpath the root is the module's name, else the directory it was built in; this very file tells which.
func moduleRelative(file string) string {
	_, here, _, _ := runtime.Caller(0)
	root := strings.TrimSuffix(here, "client/causes.go")
	if rest, ok := strings.CutPrefix(file, root); ok && root != here {
		return rest
	}
	return filepath.Base(file)
}

// setCauseHeaders tells the server why it is asked to write.
func setCauseHeaders(ctx context.Context, h http.Header) {
	w := whyOf(ctx)
	if len(w.causes.Revisions) > 0 || w.causes.More > 0 {
		h.Set(api.HeaderCauses, w.causes.header())
	}
	// The wire's header values are ASCII; sentences may hold anything.
	setEscaped(h, api.HeaderTimer, w.causes.Timer)
	setEscaped(h, api.HeaderReason, w.reason)
	setEscaped(h, api.HeaderDetails, string(w.details))
	if w.reconcile != "" {
		h.Set(api.HeaderReconcile, w.reconcile)
	}
	if w.rule != "" {
		h.Set(api.HeaderRule, w.rule)
	}
}

func setEscaped(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, api.EscapeHeader(value))
	}
}

// header is the form "12,15,19;+4".
func (c Causes) header() string {
	b := make([]byte, 0, 8*len(c.Revisions)+4)
	for i, revision := range c.Revisions {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, revision, 10)
	}
	if c.More > 0 {
		b = append(b, ";+"...)
		b = strconv.AppendInt(b, int64(c.More), 10)
	}
	return string(b)
}
