package proxy

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestHealth(t *testing.T) {
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	web, db := api.Key{Namespace: "default", Name: "web"}, api.Key{Namespace: "default", Name: "db"}
	refused := errors.New("the kernel refuses")
	var h health
	require.NoError(t, h.wrote(web, noon, nil))
	require.Equal(t, refused, h.wrote(db, noon.Add(time.Second), refused))
	require.Equal(t, refused, h.wrote(db, noon.Add(30*time.Second), refused))

	late := noon.Add(time.Minute)
	require.True(t, h.state(late).Healthy, "it is not late yet")
	require.Equal(t, late, h.state(late).LastUpdated)

	late = late.Add(time.Second)
	require.Equal(t, proxyHealth{LastUpdated: noon, CurrentTime: late, Status: map[string]familyState{"IPv4": {LastUpdated: noon}}}, h.state(late))
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, nil)
	require.Equal(t, 503, answer.Code)
	require.Contains(t, answer.Body.String(), `"lastUpdated":"2026-01-02T12:00:00Z"`)

	require.NoError(t, h.wrote(db, late, nil))
	require.True(t, h.state(late).Healthy, "it has been written at last")
}
