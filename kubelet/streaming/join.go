package streaming

import (
	"context"
	"errors"
	"io"
	"net"
)

// Join carries bytes between a connection and data until both directions have ended, or ctx has. The end of one
// direction is passed on and leaves the other alone: a client may say all it has to say and then wait for the answer.
func Join(ctx context.Context, conn net.Conn, data io.ReadWriter) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends both directions below
	defer stop()
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(conn, data)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			err = errors.Join(err, half.CloseWrite())
		}
		sent <- err
	}()
	_, err := io.Copy(data, conn)
	if err == nil && ctx.Err() == nil {
		// The other side has said all. What data still sends nobody needs, but nobody can make data stop either: its
		// owner ends it when we return.
		return conn.Close()
	}
	return errors.Join(err, conn.Close(), ctx.Err())
}
