package lab

import (
	"context"
	"fmt"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// What makes a trial difficult. The gate of the API server does it to the program alone: the rest of the cluster, and the lab,
// see things as they are.
const (
	staleBy = 2 * time.Second // how old what the program reads is
	lateBy  = 1500 * time.Millisecond

	missedTurn = 3 * time.Second // for so long a watch loses events, and for so long it does not

	// deaths is how often the program dies. Each time one write of its is carried out, and none after it.
	deaths = 6
	// nextWrite is how long a program may take to make its next write. One that makes none by then has done what it wanted to.
	nextWrite = time.Second
)

// beginLate lets the program hear of what happens later than others.
func beginLate(ctx context.Context, t *trial) error {
	return t.allAlong(ctx, api.Fault{GateSelection: t.selection(), DelayWatch: api.Duration{Duration: lateBy}},
		fmt.Sprintf("from now on the program's watches are %s late", lateBy))
}

// beginStale has it also read what was true a while ago, as from a server that has fallen behind.
func beginStale(ctx context.Context, t *trial) error {
	return t.allAlong(ctx, api.Fault{GateSelection: t.selection(), StaleReads: api.Duration{Duration: staleBy}, DelayWatch: api.Duration{Duration: lateBy}},
		fmt.Sprintf("from now on the program's reads are %s old, and its watches %s late", staleBy, lateBy))
}

// allAlong lets a fault last as long as the trial.
func (t *trial) allAlong(ctx context.Context, fault api.Fault, what string) error {
	begun, err := t.Client.Gate().AddFault(ctx, fault)
	if err != nil {
		return err
	}
	defer t.letGo(ctx, t.Client.Gate().EndFault, begun.ID)
	t.note(apiserverLane, what)
	<-ctx.Done()
	return nil
}

// beginMissed lets the program's watches lose every second event for a while, again and again. When that is over the server says
// so, by 410 Gone, as it does to whoever is too far behind.
func beginMissed(ctx context.Context, t *trial) error {
	for ctx.Err() == nil {
		fault, err := t.Client.Gate().AddFault(ctx, api.Fault{GateSelection: t.selection(), DropWatch: api.Share{Part: 1, Of: 2}})
		if err != nil {
			return err
		}
		t.note(apiserverLane, "watches of the program lose every second event")
		client.Wait(ctx, missedTurn)
		t.letGo(ctx, t.Client.Gate().EndFault, fault.ID)
		t.note(apiserverLane, "these watches end with 410 Gone: list again")
		client.Wait(ctx, missedTurn)
	}
	return nil
}

// beginCrashes kills the program between two of its writes: one is carried out, and it dies before the next.
//
//	program   ── write 1 ──▶ held ─▶ carried out   write 2 ──▶ held   killed          started again: what does it make of write 1?
//	gate                     step                                     write 2 is gone
func beginCrashes(ctx context.Context, t *trial) error {
	rule, err := t.Client.Gate().AddRule(ctx, api.GateRule{GateSelection: t.selection()})
	if err != nil {
		return err
	}
	defer t.letGo(ctx, t.Client.Gate().DropRule, rule.ID)
	for range deaths {
		if err := t.waitForWrite(ctx); err != nil {
			return err
		}
		if _, err := t.Client.Gate().Step(ctx, api.GateStep{GateSelection: t.selection()}); err != nil && !api.IsNotFound(err) { // not found: it has gone away
			return err
		}
		next, cancel := context.WithTimeout(ctx, nextWrite)
		err := t.waitForWrite(next)
		cancel()
		if err != nil && next.Err() == nil {
			return err
		}
		t.first.kill()
	}
	return nil
}

// waitForWrite waits until a write of the program is held.
func (t *trial) waitForWrite(ctx context.Context) error {
	_, err := t.Client.Gate().AwaitHeld(ctx, func(w *api.HeldWrite) bool { return w.Record.User == t.selection().Actor })
	return err
}

const apiserverLane = "apiserver"

// selection is the program's first copy.
func (t *trial) selection() api.GateSelection {
	return api.GateSelection{Actor: t.Lab.Program.user(t.Lab, 1)}
}

// letGo ends a rule or a fault, also when the trial has been broken off.
func (t *trial) letGo(ctx context.Context, end func(ctx context.Context, id int64) error, id int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := end(ctx, id); err != nil && !api.IsNotFound(err) {
		t.note(apiserverLane, fmt.Sprintf("the gate does not let go: %v", err))
	}
}
