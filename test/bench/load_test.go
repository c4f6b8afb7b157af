package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serverThatCutsOff sends a watcher two events at a time, and notes where each watch began.
func serverThatCutsOff(t *testing.T, began *[]string) *server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		revision := r.URL.Query().Get("resourceVersion")
		*began = append(*began, revision)
		after, err := strconv.Atoi(revision)
		if err != nil {
			t.Error(err)
		}
		for next := after + 1; next <= after+2; next++ {
			fmt.Fprintf(w, `{"type":"ADDED","object":{"metadata":{"name":"fan-%06d","resourceVersion":"%d"},"data":{"at":"%d"}}}`+"\n", next, next, time.Now().UnixNano())
		}
	}))
	t.Cleanup(s.Close)
	return &server{url: s.URL, http: s.Client()}
}

func TestAWatcherThatIsCutOffGoesOn(t *testing.T) {
	var began []string
	w := &watcher{server: serverThatCutsOff(t, &began), path: "/configmaps", revision: "0"}
	require.NoError(t, w.open(t.Context()))
	ages, err := w.read(t.Context(), 5)
	require.NoError(t, err)
	require.Len(t, ages, 5)
	require.Equal(t, []string{"0", "2", "4"}, began)
}
