package apiserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
	"kubelite/store"
)

// harness is a whole API server over a store in a temporary directory, served over TLS and HTTP/2, and a client that is
// admin. Stories talk to it in requests and read answers as trees.
type harness struct {
	t      testing.TB
	server *Server
	store  store.Store
	http   *httptest.Server
	client *http.Client
	token  string
	header http.Header // added to every request
}

type tree = map[string]any

// newHarness starts a server; options change how.
func newHarness(t testing.TB, options ...func(*Config)) *harness {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "data"), store.Options{})
	require.NoError(t, err)
	tokens := filepath.Join(dir, "tokens.csv")
	require.NoError(t, os.WriteFile(tokens, []byte("admin,admin,1,system:masters\nsomebody,jane,2\nnode1,system:node:n1,3,system:nodes\n"), 0o600))
	logger := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	config := Config{Store: st, Listen: []string{"127.0.0.1:6443"}, TokenFile: tokens, Version: "v1.36.3+kubelite", Logger: logger}
	for _, option := range options {
		option(&config)
	}
	s, err := New(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	wait, err := s.Start(ctx)
	require.NoError(t, err)
	h := &harness{t: t, server: s, store: st, token: "admin", header: http.Header{}}
	h.http = httptest.NewUnstartedServer(s.Handler())
	h.http.EnableHTTP2 = true
	h.http.StartTLS()
	h.client = h.http.Client()
	t.Cleanup(func() {
		close(s.stopping)
		h.http.Close()
		cancel()
		require.NoError(t, wait())
		require.NoError(t, st.Close())
	})
	h.must("POST", "/api/v1/namespaces/default/serviceaccounts", `{"metadata":{"name":"default"}}`)
	return h
}

// testWriter sends what the server logs to the test's own log.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

type answer struct {
	code   int
	header http.Header
	body   []byte
}

func (a answer) tree() (out tree) {
	_ = json.Unmarshal(a.body, &out)
	return out
}

// at reads a path such as "metadata.labels.app" or "items.0.metadata.name".
func (a answer) at(path string) any { return at(a.tree(), path) }

func at(value any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case tree:
			value = v[part]
		case []any:
			var i int
			fmt.Sscan(part, &i)
			if i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

func (h *harness) request(ctx context.Context, method, path, body string, header ...string) *http.Response {
	h.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, h.http.URL+path, strings.NewReader(body))
	require.NoError(h.t, err)
	for name, values := range h.header {
		req.Header[name] = values
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	if h.token != "" {
		req.Header.Set("Authorization", "Bearer "+h.token)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := h.client.Do(req)
	require.NoError(h.t, err)
	return res
}

// do sends a request; header is pairs of names and values.
func (h *harness) do(method, path, body string, header ...string) answer {
	h.t.Helper()
	res := h.request(h.t.Context(), method, path, body, header...)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(h.t, err)
	return answer{res.StatusCode, res.Header, b}
}

// must is do for requests that succeed.
func (h *harness) must(method, path, body string, header ...string) answer {
	h.t.Helper()
	a := h.do(method, path, body, header...)
	require.Less(h.t, a.code, 300, "%s %s: %s", method, path, a.body)
	return a
}

// fails is do for requests that are answered by a Status with this code and reason. It returns the message.
func (h *harness) fails(code int, reason api.StatusReason, method, path, body string, header ...string) string {
	h.t.Helper()
	a := h.do(method, path, body, header...)
	require.Equal(h.t, code, a.code, "%s %s: %s", method, path, a.body)
	require.Equal(h.t, "Status", a.at("kind"), "%s", a.body)
	require.Equal(h.t, string(reason), a.at("reason"), "%s", a.body)
	message, _ := a.at("message").(string)
	return message
}

// stream is an open watch.
type stream struct {
	t      testing.TB
	lines  chan tree
	cancel context.CancelFunc
}

func (h *harness) watch(path string, header ...string) *stream {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	res := h.request(ctx, "GET", path, "", header...)
	require.Equal(h.t, 200, res.StatusCode)
	w := &stream{t: h.t, lines: make(chan tree, 10000), cancel: cancel}
	h.t.Cleanup(cancel)
	go func() {
		defer close(w.lines)
		defer res.Body.Close()
		scanner := bufio.NewScanner(res.Body)
		scanner.Buffer(nil, 10<<20)
		for scanner.Scan() {
			var event tree
			decoder := json.NewDecoder(bytes.NewReader(scanner.Bytes()))
			if decoder.Decode(&event) == nil {
				w.lines <- event
			}
		}
	}()
	return w
}

// next waits for an event.
func (w *stream) next() tree {
	w.t.Helper()
	select {
	case event, ok := <-w.lines:
		require.True(w.t, ok, "the watch ended")
		return event
	case <-time.After(10 * time.Second):
		require.Fail(w.t, "no event came")
		return nil
	}
}

// sees waits for an event "TYPE name".
func (w *stream) sees(what string) tree {
	w.t.Helper()
	event := w.next()
	require.Equal(w.t, what, fmt.Sprint(event["type"], " ", at(event, "object.metadata.name")))
	return event
}

// ends waits for the watch to end, and returns what came before.
func (w *stream) ends() (events []tree) {
	w.t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case event, ok := <-w.lines:
			if !ok {
				return events
			}
			events = append(events, event)
		case <-timeout:
			require.Fail(w.t, "the watch did not end")
		}
	}
}

const configMaps = "/api/v1/namespaces/default/configmaps"

func configMap(name, rest string) string {
	return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"` + name + `"` + rest + `},"data":{"k":"v"}}`
}

const pods = "/api/v1/namespaces/default/pods"

func podJSON(name, meta, spec string) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `"` + meta + `},"spec":{"containers":[{"name":"c","image":"i"}]` + spec + `}}`
}
