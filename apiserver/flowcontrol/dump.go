package flowcontrol

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// What administrators see under /debug/api_priority_and_fairness/, as upstream writes it: lists of values with commas between
// them, in columns.

// DumpPriorityLevels writes a line for each level.
func (c *Controller) DumpPriorityLevels(w io.Writer) error {
	return c.dump(w, "PriorityLevelName ActiveQueues IsIdle IsQuiescing WaitingRequests ExecutingRequests "+
		"DispatchedRequests RejectedRequests TimedoutRequests CancelledRequests", func(l *level, line func(...any)) {
		waiting := 0
		for _, q := range l.queues {
			waiting += len(q.waiting)
		}
		line(l.name, len(l.waiters), len(l.executing) == 0 && waiting == 0, l.gone, waiting, len(l.executing),
			l.counts.dispatched, l.counts.rejected, 0, l.counts.cancelled)
	})
}

// DumpQueues writes a line for each queue.
func (c *Controller) DumpQueues(w io.Writer) error {
	return c.dump(w, "PriorityLevelName Index PendingRequests ExecutingRequests SeatsInUse NextDispatchR InitialSeatsSum MaxSeatsSum TotalWorkSum",
		func(l *level, line func(...any)) {
			for _, q := range l.queues {
				initial, most := 0, 0
				for _, t := range q.waiting {
					initial += t.work.Seats
					most += t.work.width()
				}
				line(l.name, q.index, len(q.waiting), q.executing, q.inUse, fmt.Sprintf("%.8fss", q.start), initial, most, fmt.Sprintf("%.8fss", q.work))
			}
		})
}

// DumpRequests writes a line for each request, with details or without. Those that are served have the index -1, as has the
// queue of those that never were in one.
func (c *Controller) DumpRequests(w io.Writer, details bool) error {
	header := "PriorityLevelName FlowSchemaName QueueIndex RequestIndexInQueue FlowDistingsher ArriveTime InitialSeats FinalSeats AdditionalLatency StartTime"
	if details {
		header += " UserName Verb APIPath Namespace Name APIVersion Resource SubResource"
	}
	return c.dump(w, header, func(l *level, line func(...any)) {
		tell := func(queue, index int, t *Ticket) {
			values := []any{
				l.name, t.schema.name, queue, index, t.flow, t.arrived.UTC().Format(time.RFC3339Nano), t.work.Seats, t.work.FinalSeats,
				t.work.Linger, t.began.UTC().Format(time.RFC3339Nano),
			}
			if details {
				d := &t.digest
				values = append(values, d.User, d.Verb, d.Path, d.Namespace, d.Name, strings.TrimPrefix(d.Group+"/"+d.Version, "/"), d.Resource, d.Subresource)
			}
			line(values...)
		}
		for _, q := range l.queues {
			for i, t := range q.waiting {
				tell(q.index, i, t)
			}
		}
		served := make([]*Ticket, 0, len(l.executing))
		for t := range l.executing {
			served = append(served, t)
		}
		slices.SortFunc(served, func(a, b *Ticket) int { return a.arrived.Compare(b.arrived) })
		for _, t := range served {
			queue := -1
			if t.queue != nil {
				queue = t.queue.index
			}
			tell(queue, -1, t)
		}
	})
}

// dump writes a table of what each level tells in lines.
func (c *Controller) dump(w io.Writer, header string, tell func(l *level, line func(...any))) error {
	var lines []string
	line := func(values ...any) {
		text := make([]string, len(values))
		for i, value := range values {
			text[i] = strings.Map(visible, fmt.Sprint(value))
		}
		lines = append(lines, strings.Join(text, ",\t"))
	}
	lines = append(lines, strings.Join(strings.Fields(header), ",\t"))
	c.mu.Lock()
	for _, l := range c.sorted() {
		l.mu.Lock()
		tell(l, line)
		l.mu.Unlock()
	}
	c.mu.Unlock()
	table := tabwriter.NewWriter(w, 8, 0, 1, ' ', 0)
	if _, err := io.WriteString(table, strings.Join(lines, "\n")+"\n"); err != nil {
		return err
	}
	return table.Flush()
}

// visible keeps a path with line breaks in it from looking like more lines.
func visible(r rune) rune {
	if unicode.IsControl(r) {
		return unicode.ReplacementChar
	}
	return r
}
