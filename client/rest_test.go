package client

import (
	"context"
	"errors"
	"io"
	"net/http"
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
