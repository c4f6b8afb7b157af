package simulated

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"kubelite/kubelet"
)

// maxLogLines is how much of what a script says is kept. A real kubelet rotates logs.
const maxLogLines = 1000

type stream int

const (
	stdoutStream stream = iota
	stderrStream
)

// record is what a container has said.
type record struct {
	mu    sync.Mutex
	lines []logLine     // the newest; guarded by mu
	gone  int           // lines before them; guarded by mu
	more  chan struct{} // closed with the next line; guarded by mu
}

type logLine struct {
	at   time.Time
	from stream
	text string
}

func newRecord() *record { return &record{more: make(chan struct{})} }

func (r *record) add(line logLine) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
	if extra := len(r.lines) - maxLogLines; extra > 0 {
		r.lines, r.gone = append([]logLine(nil), r.lines[extra:]...), r.gone+extra
	}
	close(r.more)
	r.more = make(chan struct{})
}

// after returns the lines from number n on, what the next one's number is, and what is closed when it comes.
func (r *record) after(n int) (lines []logLine, next int, more <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines = r.lines[min(max(n-r.gone, 0), len(r.lines)):]
	return lines, r.gone + len(r.lines), r.more
}

// writer takes what a script writes to one of its streams. A line is noted when it is complete.
func (r *record) writer(from stream) io.Writer { return &lineWriter{record: r, from: from} }

type lineWriter struct {
	record *record
	from   stream
	mu     sync.Mutex
	rest   []byte // guarded by mu
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, complete := bytes.Cut(w.rest, []byte("\n"))
		if !complete {
			return len(p), nil
		}
		w.record.add(logLine{time.Now(), w.from, string(line)})
		w.rest = rest
	}
}

// ContainerLogs writes what the container's script has said. A container without one says as many lines as the pod's
// annotation asks for, all in its first moment.
func (r *Runtime) ContainerLogs(ctx context.Context, id string, o kubelet.LogOptions, stdout, stderr io.Writer) error {
	r.mu.Lock()
	c, p := r.find(id)
	if c == nil {
		r.mu.Unlock()
		return fmt.Errorf("no such container: %s", id)
	}
	said := c.log
	if said == nil {
		b, _ := readBehaviour(p.Annotations)
		said = newRecord()
		for line := range b.logLines {
			text := fmt.Sprintf("simulated container %s: line %d of %d", c.Name, line+1, b.logLines)
			if !c.StartedAt.IsZero() {
				said.lines = append(said.lines, logLine{at: c.StartedAt.Add(time.Duration(line) * time.Millisecond), text: text})
			}
		}
	}
	ended := c.ended
	r.mu.Unlock()

	next := 0
	if o.Tail >= 0 {
		_, count, _ := said.after(0)
		next = max(count-int(min(o.Tail, int64(count))), 0)
	}
	for {
		lines, following, more := said.after(next)
		for _, line := range lines {
			if line.at.Before(o.Since) {
				continue
			}
			to, prefix := stdout, ""
			if line.from == stderrStream {
				to = stderr
			}
			if o.Timestamps {
				prefix = line.at.UTC().Format("2006-01-02T15:04:05.000000000Z") + " "
			}
			if _, err := fmt.Fprintln(to, prefix+line.text); err != nil {
				return err
			}
		}
		next = following
		if !o.Follow {
			return nil
		}
		select {
		case <-more:
		case <-ended:
			o.Follow = false // once more, for what came in between
		case <-ctx.Done():
			return nil
		}
	}
}
