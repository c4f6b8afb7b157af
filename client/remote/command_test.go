package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/client"
)

// serve runs a server on loopback, and makes a client of it.
func serve(t *testing.T, handler http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := client.New(&client.Config{Server: server.URL, Token: "secret", As: "ann", AsGroups: []string{"developers"}, Agent: "test", FailFast: true})
	require.NoError(t, err)
	return c
}

// talking serves WebSockets of one protocol. The connection is closed when talk returns, without a goodbye.
func talking(t *testing.T, protocol string, talk func(conn *websocket.Conn)) *client.Client {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{Subprotocols: []string{protocol}}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		talk(conn)
	})
}

func say(t *testing.T, conn *websocket.Conn, messages ...string) {
	t.Helper()
	for _, m := range messages {
		if err := conn.WriteMessage(websocket.BinaryMessage, []byte(m)); err != nil {
			t.Error(err)
		}
	}
}

// hear reads messages until there are n, or the other side is gone.
func hear(conn *websocket.Conn, n int) (all []string) {
	for range n {
		_, message, err := conn.ReadMessage()
		if err != nil {
			return all
		}
		all = append(all, string(message))
	}
	return all
}

func goodbye(conn *websocket.Conn) {
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestWhatIsAskedFor(t *testing.T) {
	none := strings.NewReader("")
	for name, test := range map[string]struct {
		command   Command
		container string
		words     []string
		want      string
	}{
		"output alone":   {Command{Out: io.Discard}, "app", []string{"date"}, "command=date&container=app&stdout=true"},
		"words in order": {Command{Out: io.Discard, Err: io.Discard}, "app", []string{"ls", "-l", "a b"}, "command=ls&command=-l&command=a+b&container=app&stderr=true&stdout=true"},
		"a terminal":     {Command{In: none, Out: io.Discard, TTY: true}, "", []string{"sh"}, "command=sh&container=&stdin=true&stdout=true&tty=true"},
		"an attachment":  {Command{In: none}, "app", nil, "container=app&stdin=true"},
	} {
		require.Equal(t, test.want, test.command.Query(test.container, test.words).Encode(), name)
	}
}

const (
	success  = "\x03" + `{"status":"Success"}`
	exitCode = "\x03" + `{"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with exit code 3","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}`
	failure  = "\x03" + `{"status":"Failure","reason":"InternalError","message":"no such container"}`
)

func TestHowACommandEnds(t *testing.T) {
	for name, test := range map[string]struct {
		say      []string
		bye      bool
		out, err string
		want     string // the error, "" for none
	}{
		"well":                            {say: []string{"\x01one\n", "\x02oops\n", "\x01two\n", success}, out: "one\ntwo\n", err: "oops\n"},
		"with a code":                     {say: []string{"\x01one\n", exitCode}, out: "one\n", want: "command terminated with exit code 3"},
		"before it began":                 {say: []string{failure}, want: "no such container"},
		"in plain words":                  {say: []string{"\x03out of memory"}, want: "out of memory"},
		"with a goodbye alone":            {say: []string{"\x01one\n"}, bye: true, out: "one\n"},
		"with the line":                   {say: []string{"\x01one\n"}, out: "one\n", want: "websocket: close 1006 (abnormal closure): unexpected EOF"},
		"after words that mean nothing":   {say: []string{"", "\x01", "\x07what?", "\x01one\n", success}, out: "one\n"},
		"and what comes later is no more": {say: []string{success, "\x01late"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := talking(t, commandProtocols[0], func(conn *websocket.Conn) {
				say(t, conn, test.say...)
				if test.bye {
					goodbye(conn)
				}
			})
			var out, errOut bytes.Buffer
			talk := Command{Out: &out, Err: &errOut}
			err := talk.Run(limited(t), c, "/exec", nil)
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, test.want)
			}
			require.Equal(t, test.out, out.String())
			require.Equal(t, test.err, errOut.String())
		})
	}
}

func TestTheExitCodeIsANumber(t *testing.T) {
	c := talking(t, commandProtocols[0], func(conn *websocket.Conn) { say(t, conn, exitCode) })
	err := (&Command{}).Run(limited(t), c, "/exec", nil)
	var code ExitError
	require.ErrorAs(t, err, &code)
	require.EqualValues(t, 3, code)
}

// The end of stdin is a message of its own since v5; a server that speaks v4 is not told.
func TestInputAndItsEnd(t *testing.T) {
	for protocol, want := range map[string][]string{
		"v5.channel.k8s.io": {"\x00hello", "\xff\x00"},
		"v4.channel.k8s.io": {"\x00hello"},
	} {
		heard := make(chan []string, 1)
		c := talking(t, protocol, func(conn *websocket.Conn) {
			all := hear(conn, len(want))
			say(t, conn, success)
			goodbye(conn)
			heard <- append(all, hear(conn, 1)...) // nothing comes after that
		})
		talk := Command{In: strings.NewReader("hello")}
		require.NoError(t, talk.Run(limited(t), c, "/exec", nil), protocol)
		require.Equal(t, want, <-heard, protocol)
	}
}

func TestTheSizeOfTheTerminal(t *testing.T) {
	heard := make(chan []string, 1)
	c := talking(t, commandProtocols[0], func(conn *websocket.Conn) {
		heard <- hear(conn, 2)
		say(t, conn, success)
	})
	sizes := make(chan Size, 2)
	sizes <- Size{80, 24}
	sizes <- Size{132, 43}
	close(sizes)
	require.NoError(t, (&Command{TTY: true, Resize: sizes}).Run(limited(t), c, "/exec", nil))
	require.Equal(t, []string{"\x04" + `{"Width":80,"Height":24}`, "\x04" + `{"Width":132,"Height":43}`}, <-heard)
}

func TestWhoGivesUpEndsTheConversation(t *testing.T) {
	gone := make(chan struct{})
	begun := make(chan struct{})
	c := talking(t, commandProtocols[0], func(conn *websocket.Conn) {
		close(begun)
		hear(conn, 1)
		close(gone)
	})
	ctx, cancel := context.WithCancel(limited(t))
	ended := make(chan error)
	go func() { ended <- (&Command{Out: io.Discard}).Run(ctx, c, "/exec", nil) }()
	<-begun
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	<-gone
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputThatNobodyTakesEndsTheConversation(t *testing.T) {
	c := talking(t, commandProtocols[0], func(conn *websocket.Conn) {
		say(t, conn, "\x01one\n")
		hear(conn, 1)
	})
	require.ErrorIs(t, (&Command{Out: fullDisk{}}).Run(limited(t), c, "/exec", nil), syscall.ENOSPC)
}

// Whoever talks is the same as in any other request.
func TestTheServerLearnsWhoAsksForWhat(t *testing.T) {
	var got *http.Request
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.WriteHeader(http.StatusForbidden)
	})
	require.Error(t, (&Command{}).Run(limited(t), c, "/api/v1/namespaces/shop/pods/web/exec", url.Values{"command": {"date"}}))
	require.Equal(t, "/api/v1/namespaces/shop/pods/web/exec?command=date", got.RequestURI)
	require.Equal(t, "Bearer secret", got.Header.Get("Authorization"))
	require.Equal(t, "ann", got.Header.Get(api.ImpersonateUserHeader))
	require.Equal(t, []string{"developers"}, got.Header.Values(api.ImpersonateGroupHeader))
	require.Contains(t, got.Header.Get("User-Agent"), "test")
	require.Equal(t, commandProtocols, websocket.Subprotocols(got), "best first")
}

func TestWhatTheServerHasAgainstIt(t *testing.T) {
	for name, test := range map[string]struct {
		code  int
		body  string
		check func(t *testing.T, err error)
	}{
		"a status": {404, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","message":"pods \"web\" not found","code":404}`, func(t *testing.T, err error) {
			require.True(t, api.IsNotFound(err))
			require.EqualError(t, err, `pods "web" not found`)
		}},
		"words": {502, "bad gateway", func(t *testing.T, err error) { require.EqualError(t, err, "unable to upgrade connection: bad gateway") }},
		"another kind of object": {200, `{"kind":"Pod"}`, func(t *testing.T, err error) {
			require.EqualError(t, err, `unable to upgrade connection: {"kind":"Pod"}`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.code)
				_, _ = io.WriteString(w, test.body)
			})
			test.check(t, (&Command{}).Run(limited(t), c, "/exec", nil))
		})
	}
}

func TestNobodyIsThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := client.New(&client.Config{Server: server.URL, FailFast: true})
	require.NoError(t, err)
	err = (&Command{}).Run(limited(t), c, "/exec", nil)
	var transport *url.Error
	require.True(t, errors.As(err, &transport), "%v", err) // what kubectl-lite looks for, to say which server it was
	require.Equal(t, server.URL+"/exec", transport.URL)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}
