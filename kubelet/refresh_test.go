package kubelet

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/client"
)

// A thousand nodes that mount one object ask once, and what nobody mounts any more is forgotten.
func TestAFleetSharesItsLooks(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"shared","resourceVersion":"7"}}`)
	}))
	defer server.Close()
	c, err := client.New(&client.Config{Server: server.URL})
	require.NoError(t, err)
	l, shared := newLooks(c), objectKey{"ConfigMap", "default", "shared"}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			seen, err := l.at(context.Background(), shared)
			if err != nil || seen.version != "7" {
				t.Errorf("seen %v, %v", seen, err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, asked.Load())

	l.objects[shared].when = time.Now().Add(-recentLook)
	_, err = l.at(context.Background(), shared)
	require.NoError(t, err)
	require.EqualValues(t, 2, asked.Load(), "it may have changed since")

	l.objects[shared].when = time.Now().Add(-3 * refreshPeriod)
	_, err = l.at(context.Background(), objectKey{"ConfigMap", "default", "other"})
	require.NoError(t, err)
	require.NotContains(t, l.objects, shared)
}
