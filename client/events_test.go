package client

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func eventAbout(pod, reason, message string) *api.Event {
	return &api.Event{
		ObjectMeta:     api.ObjectMeta{Namespace: "default", Name: pod + ".1"},
		InvolvedObject: api.ObjectReference{Kind: "Pod", Namespace: "default", Name: pod, UID: "u"},
		Type:           "Warning", Reason: reason, Message: message, Count: 1,
	}
}

func TestCorrelatorCountsRepeats(t *testing.T) {
	c, now := newCorrelator(), time.Now()
	first, patch := c.correlate(eventAbout("web", "BackOff", "again"), now)
	require.Nil(t, patch)
	c.wrote(first)
	second, patch := c.correlate(eventAbout("web", "BackOff", "again"), now)
	require.EqualValues(t, 2, second.Count)
	require.Contains(t, string(patch), `"count":2`)
	other, patch := c.correlate(eventAbout("web", "BackOff", "something else"), now)
	require.EqualValues(t, 1, other.Count)
	require.Nil(t, patch)
}

func TestCorrelatorCombinesSimilarEvents(t *testing.T) {
	c, now := newCorrelator(), time.Now()
	for i := range 9 {
		e, _ := c.correlate(eventAbout("web", "Failed", fmt.Sprint("try ", i)), now)
		c.wrote(e)
		require.NotContains(t, e.Message, "combined")
	}
	tenth, patch := c.correlate(eventAbout("web", "Failed", "try 9"), now)
	require.Equal(t, "(combined from similar events): try 9", tenth.Message)
	require.Nil(t, patch)
	c.wrote(tenth)
	eleventh, patch := c.correlate(eventAbout("web", "Failed", "try 10"), now)
	require.EqualValues(t, 2, eleventh.Count)
	require.Contains(t, string(patch), "try 10")
	later, _ := c.correlate(eventAbout("web", "Failed", "try 11"), now.Add(11*time.Minute))
	require.Equal(t, "try 11", later.Message, "after ten quiet minutes it begins anew")
}

func TestCorrelatorDropsSpam(t *testing.T) {
	c, now := newCorrelator(), time.Now()
	for range spamBurst {
		e, _ := c.correlate(eventAbout("web", "Noise", "x"), now)
		require.NotNil(t, e)
	}
	e, _ := c.correlate(eventAbout("web", "Noise", "x"), now)
	require.Nil(t, e)
	e, _ = c.correlate(eventAbout("other", "Noise", "x"), now)
	require.NotNil(t, e, "another object is not to blame")
	e, _ = c.correlate(eventAbout("web", "Noise", "x"), now.Add(5*time.Minute))
	require.NotNil(t, e)
}

func TestRecorderWritesInTheBackgroundWithTheCauses(t *testing.T) {
	var mu sync.Mutex
	var requests []string
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		requests = append(requests, r.Method+" "+r.Header.Get(api.HeaderCauses))
		if r.Method == http.MethodPost {
			w.Write(body)
			return
		}
		w.Write([]byte(`{"metadata":{"name":"n"},"count":2,"involvedObject":{"kind":"Pod","namespace":"default","name":"web"},"type":"Normal","reason":"R","message":"m"}`))
	}))
	r := NewRecorder(c, "kubelet", "n1")
	pod := &api.Pod{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: "web"}}
	ctx := WithCauses(t.Context(), Causes{Revisions: []int64{7}})
	r.Event(ctx, pod, "Normal", "R", "m")
	r.Event(ctx, pod, "Normal", "R", "m")
	r.Flush()
	require.Equal(t, []string{"POST 7", "PATCH 7"}, requests)
}

func TestEventsRestInACrowd(t *testing.T) {
	require.Equal(t, 4*time.Millisecond, restAfter(time.Millisecond))
	require.Equal(t, maxRest, restAfter(time.Second), "a slow server does not get faster by it")

	var sent sync.WaitGroup
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(10 * time.Millisecond)
		body, _ := io.ReadAll(r.Body)
		w.Write(body)
		sent.Done()
	}))
	r := NewRecorder(c, "kubelet", "n1")
	began := time.Now()
	for i := range 5 {
		sent.Add(1)
		r.Event(t.Context(), &api.Pod{ObjectMeta: api.ObjectMeta{Namespace: "default", Name: fmt.Sprint("web-", i)}}, "Normal", "R", "m")
	}
	sent.Wait()
	require.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond, "four of them waited four times as long as one takes")
	r.Flush()
}
