package kubectllite

import (
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/term"

	"kubelite/client/remote"
)

// terminal is ours, if one is wanted and there is one, else nil.
func (s *session) terminal(wanted, quiet bool) *os.File {
	if !wanted {
		return nil
	}
	in, ok := s.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		if !quiet {
			fmt.Fprintln(s.Err, "Unable to use a TTY - input is not a terminal or the right kind of file")
		}
		return nil
	}
	return in
}

// lend gives a conversation our terminal, if there is one: every key goes to the container as it is pressed, and the container learns
// of the size. restore, to be called once, makes the terminal what it was.
func lend(terminal *os.File, talk *remote.Command) (restore func(), err error) {
	if terminal == nil {
		return func() {}, nil
	}
	fd := int(terminal.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	talk.TTY, talk.Err = true, nil // a terminal has one screen
	sizes, stop := watchSize(fd)
	talk.Resize = sizes
	return func() {
		stop()
		_ = term.Restore(fd, before) // nothing is left to try
	}, nil
}

// watchSize sends the terminal's size, now and after each change.
func watchSize(fd int) (<-chan remote.Size, func()) {
	sizes := make(chan remote.Size, 1)
	changed := make(chan os.Signal, 1)
	done := make(chan struct{})
	notifySize(changed)
	go func() {
		defer close(sizes)
		for {
			if width, height, err := term.GetSize(fd); err == nil {
				select {
				case sizes <- remote.Size{Width: uint16(width), Height: uint16(height)}:
				case <-done:
					return
				}
			}
			select {
			case <-changed:
			case <-done:
				return
			}
		}
	}()
	return sizes, func() {
		signal.Stop(changed)
		close(done)
	}
}

// detachKeys end an attachment without ending the process: ctrl-p, then ctrl-q.
var detachKeys = []byte{16, 17}

// detachable is input that ends when the detach keys are pressed.
type detachable struct {
	io.Reader
	held bool // the first key came, the second may follow
}

// Read passes all on but the keys.
func (d *detachable) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	for i := range n {
		if d.held && p[i] == detachKeys[1] {
			return i, io.EOF
		}
		d.held = p[i] == detachKeys[0]
	}
	return n, err
}
