package client

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// changeLog is a handler that notes what it is told.
type changeLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *changeLog) handler(old, new *api.ConfigMap, revision int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case old == nil:
		l.lines = append(l.lines, fmt.Sprintf("+%s=%s@%d", new.Name, new.Data["value"], revision))
	case new == nil:
		l.lines = append(l.lines, fmt.Sprintf("-%s@%d", old.Name, revision))
	default:
		l.lines = append(l.lines, fmt.Sprintf("~%s=%s@%d", new.Name, new.Data["value"], revision))
	}
}

// take returns what was noted since the last call.
func (l *changeLog) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	return lines
}

// story runs an informer against a fake server on synctest's clock.
func story(t *testing.T, prepare func(*fakeServer), tell func(s *fakeServer, i *Informer[*api.ConfigMap], log *changeLog)) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer()
		prepare(s)
		i := NewInformer[*api.ConfigMap](newTestClient(t, s), InformerOptions{Namespace: "default"})
		i.AddIndex("value", func(c *api.ConfigMap) []string { return []string{c.Data["value"]} })
		log := &changeLog{}
		i.OnChange(log.handler)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- i.Run(ctx) }()
		require.NoError(t, i.WaitForSync(ctx))
		tell(s, i, log)
		stop()
		require.NoError(t, <-ended, "the end of the context is not an error")
	})
}

func TestInformerFollowsChanges(t *testing.T) {
	story(t, func(s *fakeServer) { s.put("a", "1") }, func(s *fakeServer, i *Informer[*api.ConfigMap], log *changeLog) {
		require.Equal(t, []string{"+a=1@11"}, log.take())
		s.put("a", "2")
		s.put("b", "1")
		s.remove("a")
		synctest.Wait()
		require.Equal(t, []string{"~a=2@12", "+b=1@13", "-a@14"}, log.take())
		_, found := i.Get(api.Key{Namespace: "default", Name: "a"})
		require.False(t, found)
		require.Len(t, i.List("", nil), 1)
		require.Len(t, i.List("default", api.Everything()), 1)
		require.Empty(t, i.List("elsewhere", nil))
		require.Len(t, i.ByIndex("value", "1"), 1)
		require.Empty(t, i.ByIndex("value", "2"), "an index forgets old values")
	})
}

func TestInformerResumesWhereItStopped(t *testing.T) {
	story(t, func(s *fakeServer) { s.put("a", "1") }, func(s *fakeServer, i *Informer[*api.ConfigMap], log *changeLog) {
		log.take()
		s.cutWatches()
		s.put("a", "2")
		s.remove("a")
		s.put("b", "1")
		synctest.Wait()
		waitFor(t, func() bool { return len(i.List("", nil)) == 1 && i.List("", nil)[0].Name == "b" })
		require.Equal(t, []string{"~a=2@12", "-a@13", "+b=1@14"}, log.take(), "nothing is missed, nothing told twice")
		require.True(t, s.sawRequest("resourceVersion=11&"), "it goes on from the last revision, and does not list again")
	})
}

func TestInformerListsAgainWhenHistoryIsGone(t *testing.T) {
	story(t, func(s *fakeServer) { s.put("a", "1"); s.put("b", "1"); s.put("c", "1") },
		func(s *fakeServer, i *Informer[*api.ConfigMap], log *changeLog) {
			log.take()
			s.cutWatches()
			removed := s.remove("a") // deleted while the informer is away,
			s.put("b", "2")
			s.compact() // and the history that would tell is compacted
			waitFor(t, func() bool { return len(i.List("", nil)) == 2 })
			synctest.Wait()
			require.ElementsMatch(t, []string{"~b=2@15", "-a@0"}, log.take(), "c did not change and is not told of")
			require.EqualValues(t, 14, removed)
		})
}

func TestInformerFallsBackToPagedLists(t *testing.T) {
	story(t, func(s *fakeServer) { s.noStreams = true; s.put("a", "1") }, func(s *fakeServer, i *Informer[*api.ConfigMap], log *changeLog) {
		require.Equal(t, []string{"+a=1@11"}, log.take())
		s.put("b", "1")
		synctest.Wait()
		require.Equal(t, []string{"+b=1@12"}, log.take())
	})
}

func TestInformerBeginsAListAnewWhenItBreaksOff(t *testing.T) {
	story(t, func(s *fakeServer) { s.dropAfter = 1; s.put("a", "1"); s.put("b", "1") },
		func(s *fakeServer, i *Informer[*api.ConfigMap], log *changeLog) {
			require.ElementsMatch(t, []string{"+a=1@11", "+b=1@12"}, log.take())
			require.False(t, s.sawRequest("resourceVersion=11"), "half a list is no place to go on from")
		})
}

func TestInformerEnqueuesWithRevisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeServer()
		s.put("a", "1")
		i := NewInformer[*api.ConfigMap](newTestClient(t, s), InformerOptions{})
		q := NewQueue("test")
		i.Enqueue(q, func(c *api.ConfigMap) []api.Key { return []api.Key{{Name: c.Data["value"]}} })
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- i.Run(ctx) }()
		require.NoError(t, i.WaitForSync(ctx))
		s.put("a", "2") // concerns what it pointed to before, and what it points to now
		synctest.Wait()

		first, causes, _, _ := q.get()
		require.Equal(t, api.Key{Name: "1"}, first)
		require.Equal(t, []int64{11, 12}, causes.Revisions)
		second, causes, _, _ := q.get()
		require.Equal(t, api.Key{Name: "2"}, second)
		require.Equal(t, []int64{12}, causes.Revisions)
		stop()
		<-done
	})
}

// waitFor lets the fake clock run until the condition holds.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for range 1000 {
		synctest.Wait()
		if condition() {
			return
		}
		time.Sleep(firstRetry) // the clock of the test, not of the wall
	}
	t.Fatal("the condition never held")
}

func TestLineReader(t *testing.T) {
	middling, long := strings.Repeat("m", 700), strings.Repeat("x", 100_000)
	text := "one\n\n" + middling + "\n" + long + "\r\nthree\n"
	for _, stream := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		lines := NewLineReader(stream)
		for _, want := range []string{"one", middling, long, "three"} {
			line, err := lines.Next()
			require.NoError(t, err)
			require.Equal(t, want, string(line))
		}
		_, err := lines.Next()
		require.Equal(t, io.EOF, err)
	}

	_, err := NewLineReader(strings.NewReader(`{"type":"ADDED","obj`)).Next()
	require.Equal(t, io.ErrUnexpectedEOF, err, "half an event is not an event")
}

func TestSplitWatchEvent(t *testing.T) {
	for _, line := range []string{
		`{"type":"ADDED","object":{"a":{"b":1}}}`,
		`{"object":{"a":{"b":1}},"type":"ADDED"}`,
		`{ "type": "ADDED", "object": {"a":{"b":1}} }`,
	} {
		eventType, object, err := splitWatchEvent([]byte(line))
		require.NoError(t, err)
		require.Equal(t, Added, eventType)
		require.JSONEq(t, `{"a":{"b":1}}`, string(object))
	}
	_, _, err := splitWatchEvent([]byte(`{}`))
	require.Error(t, err)
}
