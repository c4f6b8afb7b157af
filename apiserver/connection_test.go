package apiserver

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// wire notes what is written to it, a string for each system call.
type wire struct {
	net.Conn
	sent []string
	err  error
}

func (w *wire) Write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.sent = append(w.sent, string(b))
	return len(b), nil
}

func TestWhatIsWrittenTogetherLeavesTogether(t *testing.T) {
	w := &wire{}
	c := &connection{Conn: w}
	writeBoth := func() error {
		_, first := c.Write([]byte("chunk "))
		_, second := c.Write([]byte("record"))
		return errors.Join(first, second)
	}
	require.NoError(t, writeBoth())
	require.NoError(t, c.together(writeBoth))
	require.Equal(t, []string{"chunk ", "record", "chunk record"}, w.sent)

	full := errors.New("no room")
	require.ErrorIs(t, c.together(func() error { return errors.Join(writeBoth(), full) }), full)
	require.Equal(t, "chunk record", w.sent[3], "what TLS has counted leaves all the same")
	w.sent = w.sent[:3]

	w.err = errors.New("the cable is cut")
	require.ErrorIs(t, c.together(writeBoth), w.err)
	cut := w.err
	w.err = nil
	_, err := c.Write([]byte("the rest"))
	require.ErrorIs(t, err, cut, "nothing may follow what was sent half")
	require.ErrorIs(t, c.together(writeBoth), cut)
	require.Len(t, w.sent, 3)

	require.NoError(t, (*connection)(nil).together(func() error { return nil }), "a request that came over no network")
}

func TestAConnectionKnowsItsUser(t *testing.T) {
	c := &connection{}
	jane := &x509.Certificate{Raw: []byte("jane's"), Subject: pkix.Name{CommonName: "jane"}}
	user, err := c.subject(jane)
	require.NoError(t, err)
	require.Equal(t, "jane", user.Name)
	again, err := c.subject(jane)
	require.NoError(t, err)
	require.Same(t, user, again)

	require.Nil(t, connectionOf(context.Background()))
	user, err = connectionOf(context.Background()).subject(jane)
	require.NoError(t, err)
	require.Equal(t, "jane", user.Name)
}
