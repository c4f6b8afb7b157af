package lab

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// Timeline is what happened during a trial, in order, with a lane for each who did something.
type Timeline struct {
	Title string
	Lanes []string
	Rows  []Row
}

// Row is one thing that happened.
type Row struct {
	Revision int64 // of a write; 0: it is none
	Time     time.Time
	After    time.Duration // since the first row
	Lane     int
	What     string   // "change pod/a"
	Changes  []string // "spec.nodeName: n1"
	Reason   string   // what the writer says
	Causes   []int64  // the revisions that made it write
	// Broken are the checks that did not hold from here on.
	Broken []Result
}

const workloadLane = "the lab"

// programLane is what a copy of the learner's program is called.
func programLane(copy int) string {
	if copy > 1 {
		return "program " + strconv.Itoa(copy)
	}
	return "program"
}

// lane is whose lane a write belongs in.
func (s *Session) lane(record *api.LedgerRecord) string {
	program := s.Lab.Program
	for copy := copies; copy > 0; copy-- {
		if record.User == program.user(s.Lab, copy) && (copy == 1 || program.user(s.Lab, copy) != program.User) {
			return programLane(copy)
		}
	}
	if record.Agent == Agent {
		return workloadLane
	}
	if record.User == "kubernetes-admin" {
		return "you"
	}
	if account, ok := strings.CutPrefix(record.User, "system:serviceaccount:kube-system:"); ok {
		return account
	}
	if node, ok := strings.CutPrefix(record.User, "system:node:"); ok {
		return "kubelet " + node
	}
	return strings.TrimPrefix(strings.TrimPrefix(record.User, "system:"), "kube-")
}

// Agent is what a lab's requests say of who makes them.
const Agent = "kubelite lab"

// records are what the ledger says of the writes since the trial began, by revision.
func (t *trial) records(ctx context.Context) (map[int64]*api.LedgerRecord, error) {
	response, err := t.Client.Do(ctx, client.Request{Path: api.LedgerPath, Query: url.Values{"from": {strconv.FormatInt(t.begins, 10)}}})
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	var list api.LedgerRecordList
	if err := api.UnmarshalJSON(response.Body, &list); err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	records := map[int64]*api.LedgerRecord{}
	for i := range list.Items {
		if record := &list.Items[i]; record.Verb != "decide" {
			records[record.Revision] = record
		}
	}
	return records, nil
}

// timeline puts together what was written, by whom and why, what else happened, and where a check was broken.
func (t *trial) timeline(h *history, records map[int64]*api.LedgerRecord, outcome *Outcome) *Timeline {
	line := &Timeline{Title: fmt.Sprintf("%s: %s", t.Lab.Title, t.circumstance.Title)}
	lane := func(name string) int {
		i := slices.Index(line.Lanes, name)
		if i < 0 {
			i, line.Lanes = len(line.Lanes), append(line.Lanes, name)
		}
		return i
	}
	lane(workloadLane) // first, whatever comes first
	lane(programLane(1))
	last := map[api.UID]map[string]any{}
	for _, objects := range h.first {
		for _, object := range objects {
			last[uidOf(object.(map[string]any))] = object.(map[string]any)
		}
	}
	for _, e := range h.events {
		record, known := records[e.revision]
		if !known {
			continue // the ledger has forgotten it
		}
		what, changes := differences(t.watched(e.plural), last[e.uid], e.object)
		last[e.uid] = e.object
		if len(changes) == 0 && e.object != nil && what == "" {
			continue // nothing that a reader would care about
		}
		line.Rows = append(line.Rows, Row{
			Revision: e.revision, Time: record.Time.Time, Lane: lane(t.lane(record)), What: what, Changes: changes, Reason: record.Reason, Causes: record.Causes,
		})
	}
	for _, n := range t.notes {
		line.Rows = append(line.Rows, Row{Time: n.time, Lane: lane(n.lane), What: n.text})
	}
	slices.SortStableFunc(line.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Time.UnixMicro(), b.Time.UnixMicro()), cmp.Compare(a.Revision, b.Revision))
	})
	for i := range line.Rows {
		line.Rows[i].After = line.Rows[i].Time.Sub(line.Rows[0].Time)
	}
	line.mark(outcome)
	return line
}

// mark puts each check that failed at the write that broke it: what did not come to be, at the end.
func (l *Timeline) mark(outcome *Outcome) {
	if len(l.Rows) == 0 {
		return
	}
	for _, result := range outcome.Results {
		if result.Passed {
			continue
		}
		i := slices.IndexFunc(l.Rows, func(r Row) bool { return r.Revision == result.Revision })
		if i < 0 || result.Revision == 0 {
			i = len(l.Rows) - 1
		}
		l.Rows[i].Broken = append(l.Rows[i].Broken, result)
	}
}

// watched is the kind of that plural.
func (s *Session) watched(plural string) watched {
	return s.Lab.kinds[slices.IndexFunc(s.Lab.kinds, func(w watched) bool { return w.Plural == plural })]
}
