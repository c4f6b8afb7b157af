package streaming

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// channels carries several byte streams over one WebSocket. Each message is one byte that says which stream, and then
// data:
//
//	0 "ls\n"            stdin           in the base64 protocols the number is a digit, "0", and the data is base64
//	1 "bin etc\n"       stdout          from us
//	255 0               stdin has ended, in v5.channel.k8s.io; before that the only end is that of the connection
type channels struct {
	conn   *websocket.Conn
	base64 bool
	closes bool
	// inputs are the streams that the client writes, by number; nil for those that it has no business to write.
	inputs []*input
	// gone is closed when nothing more can come from the client.
	gone chan struct{}

	mu sync.Mutex // one writer at a time
}

// input is one stream that the client writes.
type input struct {
	*io.PipeReader
	from *io.PipeWriter
}

// protocol is one WebSocket subprotocol.
type protocol struct {
	name   string
	base64 bool
	closes bool // has the message that closes a stream
	v4     bool // tells the end of a command as a Status
}

// closeSignal in place of a stream's number says that the next byte is the number of a stream that has ended.
const closeSignal = 255

// IsWebSocket tells whether a request wants to go on as a WebSocket.
func IsWebSocket(r *http.Request) bool { return websocket.IsWebSocketUpgrade(r) }

// upgradeWebSocket takes the request over in the first of the protocols that the client names and we know.
func upgradeWebSocket(w http.ResponseWriter, r *http.Request, known []protocol) (*websocket.Conn, protocol, error) {
	chosen, err := chooseProtocol(websocket.Subprotocols(r), known)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return nil, protocol{}, err
	}
	upgrader := websocket.Upgrader{
		// Whoever got here has been authenticated, and not by a cookie that a foreign page could borrow.
		CheckOrigin: func(*http.Request) bool { return true },
	}
	header := http.Header{}
	if chosen.name != "" {
		header.Set("Sec-WebSocket-Protocol", chosen.name)
	}
	conn, err := upgrader.Upgrade(w, r, header) // answers by itself what it refuses
	return conn, chosen, err
}

// chooseProtocol picks the client's first choice that is known. The protocol without a name is for clients that name
// none.
func chooseProtocol(wanted []string, known []protocol) (protocol, error) {
	if len(wanted) == 0 {
		wanted = []string{""}
	}
	for _, name := range wanted {
		if i := slices.IndexFunc(known, func(p protocol) bool { return p.name == name }); i >= 0 {
			return known[i], nil
		}
	}
	var names []string
	for _, p := range known {
		names = append(names, p.name)
	}
	return protocol{}, fmt.Errorf("requested protocol(s) are not supported: %v; supports %v", wanted, names)
}

// newChannels makes channels of which those in reads come from the client.
func newChannels(conn *websocket.Conn, p protocol, reads ...bool) *channels {
	c := &channels{conn: conn, base64: p.base64, closes: p.closes, gone: make(chan struct{}), inputs: make([]*input, len(reads))}
	for i, read := range reads {
		if read {
			c.inputs[i] = &input{}
			c.inputs[i].PipeReader, c.inputs[i].from = io.Pipe()
		}
	}
	return c
}

// receive hands out what comes from the client until it is gone or breaks the rules.
func (c *channels) receive() {
	defer close(c.gone)
	defer func() {
		for _, in := range c.inputs {
			if in != nil {
				_ = in.from.Close() // never fails
			}
		}
	}()
	for {
		c.extendDeadline()
		_, message, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		if len(message) == 0 {
			continue
		}
		number, data := message[0], message[1:]
		if c.closes && number == closeSignal {
			if len(data) != 1 || int(data[0]) >= len(c.inputs) {
				return
			}
			if in := c.inputs[data[0]]; in != nil {
				_ = in.from.Close() // never fails
			}
			continue
		}
		if c.base64 {
			number -= '0'
			if data, err = base64.StdEncoding.DecodeString(string(data)); err != nil {
				continue // one message that makes no sense does not end a conversation
			}
		}
		if int(number) < len(c.inputs) && c.inputs[number] != nil {
			// Waits for the reader: a client that sends faster than the process reads is slowed down. An error means
			// that nobody reads any more.
			_, _ = c.inputs[number].from.Write(data)
		}
	}
}

func (c *channels) extendDeadline() {
	_ = c.conn.SetReadDeadline(time.Now().Add(idleTimeout)) // fails only on a closed connection, as does what follows
}

// output is the stream of the given number to the client.
func (c *channels) output(number byte) io.Writer { return output{c, number} }

type output struct {
	*channels
	number byte
}

// Write sends one message. An empty one is sent too: it says that the stream is there.
func (o output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.extendDeadline()
	var err error
	if o.base64 {
		err = o.conn.WriteMessage(websocket.TextMessage, []byte(string('0'+rune(o.number))+base64.StdEncoding.EncodeToString(p)))
	} else {
		err = o.conn.WriteMessage(websocket.BinaryMessage, append([]byte{o.number}, p...))
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// close says goodbye and waits a moment for the client to do the same: a connection that is closed with something in
// it that we have not read would take back what the client has not read yet.
func (c *channels) close() {
	for _, in := range c.inputs {
		if in != nil {
			_ = in.CloseWithError(io.ErrClosedPipe) // nobody reads any more: receive must not wait. Never fails
		}
	}
	sayGoodbye(c.conn)
	select {
	case <-c.gone:
	case <-time.After(lingerTimeout):
	}
	_ = c.conn.Close() // both sides are through with it
}

// sayGoodbye sends the message by which a WebSocket ends in order.
func sayGoodbye(conn *websocket.Conn) {
	normal := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = conn.WriteControl(websocket.CloseMessage, normal, time.Now().Add(lingerTimeout)) // who has gone needs none
}

// The streams of a command by number. The first three are what the process has under the same numbers.
const (
	stdinChannel = iota
	stdoutChannel
	stderrChannel
	errorChannel
	resizeChannel
)

// commandProtocols are the subprotocols in which a command can be run.
var commandProtocols = []protocol{
	{name: ""},
	{name: "channel.k8s.io"},
	{name: "base64.channel.k8s.io", base64: true},
	{name: "v4.channel.k8s.io", v4: true},
	{name: "v4.base64.channel.k8s.io", v4: true, base64: true},
	{name: "v5.channel.k8s.io", v4: true, closes: true},
}

// beginWebSocketCommand begins the conversation with a command.
func beginWebSocketCommand(w http.ResponseWriter, r *http.Request, o Options) (*session, error) {
	conn, p, err := upgradeWebSocket(w, r, commandProtocols)
	if err != nil {
		return nil, err
	}
	c := newChannels(conn, p, o.Stdin, false, false, false, true)
	s := &session{status: statusWriter(c.output(errorChannel), p.v4), gone: c.gone, close: c.close}
	s.TTY = o.TTY
	first := c.output(errorChannel)
	if o.Stdin {
		s.Stdin = c.inputs[stdinChannel]
	}
	if o.Stderr {
		s.Stderr = c.output(stderrChannel)
		first = s.Stderr
	}
	if o.Stdout {
		s.Stdout = c.output(stdoutChannel)
		first = s.Stdout
	}
	if o.TTY {
		s.Resize = readSizes(c.inputs[resizeChannel], c.gone)
	} else {
		_ = c.inputs[resizeChannel].Close() // drops what comes. Never fails
	}
	go c.receive()
	if _, err := first.Write(nil); err != nil { // an empty message: now the client knows that we are there
		s.close()
		return nil, err
	}
	return s, nil
}
