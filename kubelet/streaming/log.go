package streaming

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"

	"github.com/gorilla/websocket"
)

// logProtocols are the subprotocols in which a log can be read: whatever is written, as messages.
var logProtocols = []protocol{{name: ""}, {name: "binary.k8s.io"}, {name: "base64.binary.k8s.io", base64: true}}

// ServeWriter takes a WebSocket request over and sends what write writes, to a client that only reads. write's context
// ends when the client is gone.
func ServeWriter(w http.ResponseWriter, r *http.Request, write func(ctx context.Context, w io.Writer) error) error {
	conn, p, err := upgradeWebSocket(w, r, logProtocols)
	if err != nil {
		return nil // the client has been told
	}
	c := newChannels(conn, p)
	go c.receive() // what the client says does not matter, only whether it is there
	defer c.close()
	ctx, cancel := untilGone(r.Context(), c.gone)
	defer cancel()
	out := messageWriter{c}
	if _, err := out.Write(nil); err != nil { // an empty message: now the client knows that we are there
		return nil // and it is gone
	}
	return write(ctx, out)
}

// messageWriter sends each write as a message of its own, without a number: there is only one stream.
type messageWriter struct{ *channels }

func (m messageWriter) Write(p []byte) (int, error) {
	m.extendDeadline()
	kind, message := websocket.BinaryMessage, p
	if m.base64 {
		kind, message = websocket.TextMessage, []byte(base64.StdEncoding.EncodeToString(p))
	}
	if err := m.conn.WriteMessage(kind, message); err != nil {
		return 0, err
	}
	return len(p), nil
}
