package cluster

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress shows what long work is at. On a terminal the step that is being done turns on a line of its own, and gives way
// to the line that says that it is done; in a pipe there are only the latter, one under the other.
//
// Writing to it is safe at any time and from any goroutine: what is written goes above the line that turns.
type progress struct {
	began    time.Time
	terminal bool

	mu     sync.Mutex // guards what follows
	out    io.Writer
	text   string // of the line that turns, "" if none does
	frame  int
	turner chan struct{} // closed to end the goroutine that turns
	ended  sync.WaitGroup
}

var spinnerFrames = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

const (
	spinnerPause = 100 * time.Millisecond
	clearLine    = "\r\x1b[K"
)

func newProgress(out io.Writer) *progress {
	return &progress{out: out, began: time.Now(), terminal: isTerminal(out)}
}

// isTerminal tells whether a person watches.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

// doing says what happens now, until the next call of doing, done or stop.
func (p *progress) doing(format string, args ...any) {
	if !p.terminal {
		return
	}
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text, p.turner = fmt.Sprintf(format, args...), make(chan struct{})
	p.draw()
	turner := p.turner
	p.ended.Go(func() { p.turn(turner) })
}

// done says that a step is done, and how long after the beginning.
func (p *progress) done(format string, args ...any) {
	p.stop()
	fmt.Fprintf(p, " ✓ %-58s %5.1fs\n", fmt.Sprintf(format, args...), time.Since(p.began).Seconds())
}

// stop takes away the line that turns: the work has ended, well or not.
func (p *progress) stop() {
	p.mu.Lock()
	turner := p.turner
	if p.text != "" {
		fmt.Fprint(p.out, clearLine)
	}
	p.text, p.turner = "", nil
	p.mu.Unlock()
	if turner != nil {
		close(turner)
		p.ended.Wait()
	}
}

// Write puts lines above the one that turns.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.text != "" {
		fmt.Fprint(p.out, clearLine)
		defer p.draw()
	}
	return p.out.Write(b)
}

func (p *progress) turn(stop chan struct{}) {
	tick := time.NewTicker(spinnerPause)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		p.mu.Lock()
		if p.text != "" {
			p.frame++
			p.draw()
		}
		p.mu.Unlock()
	}
}

// draw writes the line that turns. The caller holds mu.
func (p *progress) draw() {
	fmt.Fprintf(p.out, "%s %c %s", clearLine, spinnerFrames[p.frame%len(spinnerFrames)], p.text)
}

// working shows one step while work does it, and then nothing: what came of it the caller says.
func working(out io.Writer, step string, work func() error) error {
	p := newProgress(out)
	p.doing("%s", step)
	defer p.stop()
	return work()
}
