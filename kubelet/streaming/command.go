package streaming

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"kubelite/api"
)

// Streams are the ends of a conversation with a process. What the client did not ask for is nil.
type Streams struct {
	Stdin          io.Reader // ends when the client says so, or is gone
	Stdout, Stderr io.Writer
	TTY            bool
	Resize         <-chan TerminalSize // closed when no more comes; nil without a terminal
}

// TerminalSize is the size of the client's terminal, in characters.
type TerminalSize struct{ Width, Height uint16 }

// Options say which streams the client wants.
type Options struct{ Stdin, Stdout, Stderr, TTY bool }

// ParseOptions reads them from a request's query, where the kubelet's API has names of its own for them.
func ParseOptions(r *http.Request) (Options, error) {
	query := r.URL.Query()
	o := Options{Stdin: query.Get("input") == "1", Stdout: query.Get("output") == "1", Stderr: query.Get("error") == "1", TTY: query.Get("tty") == "1"}
	if o.TTY {
		o.Stderr = false // a terminal has one screen
	}
	if !o.Stdin && !o.Stdout && !o.Stderr {
		return o, errors.New("you must specify at least 1 of stdin, stdout, stderr")
	}
	return o, nil
}

// ExitError says that a command ran, and ended with another code than 0.
type ExitError int

func (e ExitError) Error() string { return fmt.Sprintf("command terminated with exit code %d", int(e)) }

const (
	// idleTimeout ends a conversation in which nothing was said for so long.
	idleTimeout = 4 * time.Hour
	// setupTimeout is how long a client may take to open its streams.
	setupTimeout = 30 * time.Second
	// lingerTimeout is how long the client may take to read our last words before the connection is closed.
	lingerTimeout = time.Second
)

// session is a conversation that has begun, whatever carries it.
type session struct {
	Streams
	// status tells the client how it ended.
	status func(*api.Status) error
	// gone is closed when the client is.
	gone <-chan struct{}
	// close ends all streams and the connection, once all that was written has been read.
	close func()
}

// ServeCommand takes the request over and calls run with the streams that the client asked for. run's context ends
// when the client is gone. What run returns is told to the client: nothing, an exit code (ExitError), or an error.
func ServeCommand(w http.ResponseWriter, r *http.Request, o Options, run func(ctx context.Context, s Streams) error) {
	begin := beginSPDYCommand
	if IsWebSocket(r) {
		begin = beginWebSocketCommand
	}
	s, err := begin(w, r, o)
	if err != nil {
		return // the client has been told
	}
	defer s.close()
	ctx, cancel := untilGone(r.Context(), s.gone)
	defer cancel()
	_ = s.status(commandStatus(run(ctx, s.Streams))) // the client may have gone before the end
}

// untilGone is ctx cut short by the client's leaving.
func untilGone(ctx context.Context, gone <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// The reason and cause by which a client knows an exit code.
const (
	reasonNonZeroExitCode = "NonZeroExitCode"
	causeExitCode         = "ExitCode"
)

// commandStatus says in the API's words how a command ended.
func commandStatus(err error) *api.Status {
	var exit ExitError
	switch {
	case err == nil:
		return &api.Status{Status: api.StatusSuccess}
	case errors.As(err, &exit):
		return &api.Status{
			Status: api.StatusFailure, Reason: reasonNonZeroExitCode,
			Message: fmt.Sprintf("command terminated with non-zero exit code: %v", exit),
			Details: &api.StatusDetails{Causes: []api.StatusCause{{Type: causeExitCode, Message: strconv.Itoa(int(exit))}}},
		}
	}
	failure := api.NewInternalError(err).ErrStatus
	failure.TypeMeta = api.TypeMeta{} // here everybody knows that it is a Status
	return &failure
}

// statusWriter writes a Status on the error stream: as JSON since version 4 of the protocol, before that the mere text
// of a failure.
func statusWriter(stream io.Writer, asJSON bool) func(*api.Status) error {
	return func(status *api.Status) error {
		text := []byte(status.Message)
		if asJSON {
			var err error
			if text, err = api.MarshalJSON(status); err != nil {
				return err
			}
		} else if status.Status == api.StatusSuccess {
			return nil
		}
		_, err := stream.Write(text)
		return err
	}
}

// readSizes passes on the sizes that the client sends, one JSON object each, until stop or the end of the stream.
func readSizes(stream io.Reader, stop <-chan struct{}) <-chan TerminalSize {
	sizes := make(chan TerminalSize)
	go func() {
		defer close(sizes)
		for decoder := json.NewDecoder(stream); ; {
			var size TerminalSize
			if decoder.Decode(&size) != nil {
				return
			}
			select {
			case sizes <- size:
			case <-stop:
				return
			}
		}
	}()
	return sizes
}
