package client

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestErrorsAreRebuiltFromTheWire(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"/status": func(w http.ResponseWriter, _ *http.Request) { fail(w, api.NewNotFound(api.KindOf[*api.Pod](), "web")) },
		"/html": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<html>no</html>")
		},
		"/empty": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
	}
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answers[r.URL.Path](w, r) }))
	_, err := c.Do(t.Context(), Request{Path: "/status"})
	require.True(t, api.IsNotFound(err))
	require.EqualError(t, err, `pods "web" not found`)
	_, err = c.Do(t.Context(), Request{Path: "/html"})
	require.True(t, api.IsForbidden(err))
	_, err = c.Do(t.Context(), Request{Path: "/empty"})
	require.Equal(t, api.StatusReasonServiceUnavailable, api.Reason(err))
}

func TestBusyServerIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			require.Equal(t, "{}", string(body), "every attempt has the whole body")
			if asked++; asked < 3 {
				w.Header().Set("Retry-After", "2")
				fail(w, api.NewTooManyRequests("busy", 2))
			}
		}))
		began := time.Now()
		_, err := c.Do(t.Context(), Request{Method: http.MethodPost, Path: "/", Body: []byte("{}")})
		require.NoError(t, err)
		require.Equal(t, 4*time.Second, time.Since(began), "it waits as long as it was told")
	})
}

type refusing struct{ attempts int }

func (r *refusing) RoundTrip(*http.Request) (*http.Response, error) {
	r.attempts++
	return nil, syscall.ECONNREFUSED
}

func TestRefusedConnections(t *testing.T) {
	for _, test := range []struct {
		name, method string
		failFast     bool
		attempts     int
	}{
		{"a read is repeated", http.MethodGet, false, maxAttempts},
		{"a create is not: it might be done twice", http.MethodPost, false, 1},
		{"a patch is not", http.MethodPatch, false, 1},
		{"a person is told at once", http.MethodGet, true, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTestClient(t, nil)
				transport := &refusing{}
				c.http, c.failFast = &http.Client{Transport: transport}, test.failFast
				_, err := c.Do(t.Context(), Request{Method: test.method, Path: "/"})
				require.ErrorIs(t, err, syscall.ECONNREFUSED)
				require.Equal(t, test.attempts, transport.attempts)
			})
		})
	}
}

func TestRequestsEndWithTheirContext(t *testing.T) {
	c := newTestClient(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Do(ctx, Request{Path: "/"})
	require.True(t, errors.Is(err, context.Canceled))
}

func TestWritesNeverChangeTheCallersObject(t *testing.T) {
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	shared := &api.ConfigMap{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "a"}}
	stored, err := Of[*api.ConfigMap](c).Update(t.Context(), shared)
	require.NoError(t, err)
	require.Equal(t, "ConfigMap", stored.Kind)
	require.Empty(t, shared.Kind, "it may be a cache's")
}

// Watches share one connection over HTTP/2 where the client multiplexes; what else it asks goes over HTTP/1.1.
func TestMultiplexedWatches(t *testing.T) {
	for _, multiplex := range []bool{true, false} {
		var mu sync.Mutex
		connections, protocols := map[string]bool{}, map[string]bool{}
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("watch") {
				mu.Lock()
				connections[r.RemoteAddr], protocols[r.Proto] = true, true
				mu.Unlock()
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				return
			}
			fmt.Fprint(w, r.Proto)
		}))
		server.EnableHTTP2 = true
		server.TLS = &tls.Config{NextProtos: []string{"http/1.1", "h2"}}
		server.StartTLS()
		c, err := New(&Config{Server: server.URL, Multiplex: multiplex, CAData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})})
		require.NoError(t, err)
		c = c.Named("test").As("somebody").AtMost(10)
		for range 5 {
			stream, err := c.Stream(t.Context(), Request{Path: "/", Query: url.Values{"watch": {"1"}}})
			require.NoError(t, err)
			defer stream.Close()
		}
		answer, err := c.Do(t.Context(), Request{Path: "/"})
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1", string(answer.Body))
		if multiplex {
			require.Equal(t, map[string]bool{"HTTP/2.0": true}, protocols)
			require.Len(t, connections, 1)
		} else {
			require.Equal(t, map[string]bool{"HTTP/1.1": true}, protocols)
			require.Len(t, connections, 5)
		}
		server.CloseClientConnections()
		server.Close()
	}
}
