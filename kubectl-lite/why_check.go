package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"kubelite/api"
)

// why --check reads the whole ledger and counts: does every write of a component have a complete chain of causes to where it began?
//
//	a person                 a write of somebody who is no component, whatever program they use
//	a clock                  a write that names one: a deadline, a retry, the start of a server
//	a node's observation     the same of a kubelet: its node lives, has started, runs out of disk
//
// Causes are older than their effects, so one walk through the records, oldest first, is enough: a chain is complete if it begins
// here, or if all its causes are there and theirs are complete.

// ledgerCheck is what was found.
type ledgerCheck struct {
	Writes   int            `json:"writes"`   // of components
	Complete int            `json:"complete"` // of these
	Origins  map[string]int `json:"origins"`  // writes that nothing caused, by what they are
	// Broken are writes of components whose chain breaks at them. Those that they caused are not repeated.
	Broken []api.LedgerRecord `json:"broken,omitempty"`
	// Compacted counts causes from before the oldest record: nobody knows any more.
	Compacted int `json:"compacted,omitempty"`
}

// maxBrokenShown bounds what is printed of the broken chains.
const maxBrokenShown = 10

// checkLedger walks through all records, oldest first.
func checkLedger(records []api.LedgerRecord) ledgerCheck {
	check := ledgerCheck{Origins: map[string]int{}}
	complete := map[int64]bool{} // by revision, of every write
	var oldest int64
	for i := range records {
		r := &records[i]
		if isDecision(r) {
			continue
		}
		if oldest == 0 {
			oldest = r.Revision
		}
		origin := originOf(r)
		whole := origin != "" || len(r.Causes) > 0
		broken := !whole
		for _, cause := range r.Causes {
			causeComplete, known := complete[cause]
			switch {
			case known:
				whole = whole && causeComplete
			case cause < oldest:
				check.Compacted++
			default: // there never was such a write, or it is still to come
				whole, broken = false, true
			}
		}
		complete[r.Revision] = whole
		if origin != "" {
			check.Origins[origin]++
		}
		if !isComponent(r) {
			continue
		}
		check.Writes++
		if whole {
			check.Complete++
		}
		if broken {
			check.Broken = append(check.Broken, *r)
		}
	}
	return check
}

// originOf says what kind of beginning a write is, "" if it is none, or one that should have had causes.
func originOf(r *api.LedgerRecord) string {
	switch {
	case len(r.Causes) > 0:
		return ""
	case r.Timer != "" && strings.HasPrefix(r.User, "system:node:"):
		return "a node's observation"
	case r.Timer != "":
		return "a clock"
	case !isComponent(r):
		return "a person"
	}
	return ""
}

// isComponent tells writes of the control plane and of nodes from those of people and of their programs.
func isComponent(r *api.LedgerRecord) bool {
	if r.Reconcile != "" || r.Timer != "" || len(r.Causes) > 0 {
		return true // only components say so
	}
	account, isAccount := strings.CutPrefix(r.User, "system:serviceaccount:")
	if isAccount {
		return strings.HasPrefix(account, "kube-system:")
	}
	return strings.HasPrefix(r.User, "system:") && r.User != "system:admin" && r.User != "system:anonymous"
}

func (s *session) whyCheck(ctx context.Context, output string) error {
	records, err := s.ledger().query(ctx, "since", "1")
	if err != nil {
		return err
	}
	check := checkLedger(records)
	switch output {
	case "json":
		if err := writeJSON(s.Out, check); err != nil {
			return err
		}
	case "":
		printLedgerCheck(s.Out, &check)
	default:
		return errors.New("--output must be 'json'")
	}
	if check.Complete < check.Writes {
		return fmt.Errorf("%d of %d writes of components have no complete chain", check.Writes-check.Complete, check.Writes)
	}
	return nil
}

func printLedgerCheck(out io.Writer, check *ledgerCheck) {
	percent := 100.0
	if check.Writes > 0 {
		percent = 100 * float64(check.Complete) / float64(check.Writes)
	}
	fmt.Fprintf(out, "%d of %d writes of components have a complete chain to where it began (%.4g%%)\n", check.Complete, check.Writes, percent)
	for _, origin := range sortedKeys(check.Origins) {
		fmt.Fprintf(out, "  %d chains begin with %s\n", check.Origins[origin], origin)
	}
	if check.Compacted > 0 {
		fmt.Fprintf(out, "  %d causes are compacted: nobody knows any more\n", check.Compacted)
	}
	shown := check.Broken[:min(len(check.Broken), maxBrokenShown)]
	for i := range shown {
		r := &shown[i]
		fmt.Fprintf(out, "\nrev %d  %s  %s: %s\n", r.Revision, when(r), actor(r), describeRecord(r))
		for _, line := range slices.Concat(recordLines(r), []string{"the chain breaks here"}) {
			fmt.Fprintf(out, "   %s\n", line)
		}
	}
	if hidden := len(check.Broken) - len(shown); hidden > 0 {
		fmt.Fprintf(out, "\nand %d more\n", hidden)
	}
}
