package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

// newTestClient makes a client whose requests go straight to a handler: no sockets, so it works with synctest's clock.
func newTestClient(t *testing.T, handler http.Handler) *Client {
	t.Helper()
	base, err := url.Parse("http://test")
	require.NoError(t, err)
	c, err := New(&Config{Server: base.String(), Agent: "test"})
	require.NoError(t, err)
	c.http = &http.Client{Transport: handlerTransport{handler}}
	c.watches = c.http
	return c
}

// handlerTransport answers requests by calling a handler in a goroutine; bodies stream through a pipe.
type handlerTransport struct{ handler http.Handler }

func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, w := io.Pipe()
	answer := &pipeResponse{header: http.Header{}, body: w, ready: make(chan struct{})}
	go func() {
		t.handler.ServeHTTP(answer, r)
		answer.WriteHeader(http.StatusOK)
		w.Close()
	}()
	select {
	case <-answer.ready:
		return &http.Response{StatusCode: answer.code, Header: answer.header, Body: body, Request: r, ContentLength: -1}, nil
	case <-r.Context().Done():
		body.Close()
		return nil, r.Context().Err()
	}
}

type pipeResponse struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	code   int
	ready  chan struct{}
}

func (p *pipeResponse) Header() http.Header { return p.header }

func (p *pipeResponse) WriteHeader(code int) {
	p.once.Do(func() {
		p.code = code
		close(p.ready)
	})
}

func (p *pipeResponse) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	return p.body.Write(b)
}

// fakeServer serves one collection of ConfigMaps with the faults that informers must survive.
type fakeServer struct {
	mu        sync.Mutex
	revision  int64
	compacted int64
	objects   map[string]*api.ConfigMap
	history   []fakeEvent
	changed   chan struct{} // closed and replaced at each write
	cut       chan struct{} // closed and replaced to end all watches
	noStreams bool          // refuse sendInitialEvents
	requests  []string
	dropAfter int // break the connection after so many initial events, once
}

type fakeEvent struct {
	eventType EventType
	object    *api.ConfigMap
	revision  int64
}

func newFakeServer() *fakeServer {
	return &fakeServer{objects: map[string]*api.ConfigMap{}, changed: make(chan struct{}), cut: make(chan struct{}), revision: 10, dropAfter: -1}
}

func (s *fakeServer) put(name, value string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision++
	eventType := Added
	if s.objects[name] != nil {
		eventType = Modified
	}
	obj := &api.ConfigMap{
		TypeMeta:   api.TypeMeta{Kind: "ConfigMap", APIVersion: "v1"},
		ObjectMeta: api.ObjectMeta{Namespace: "default", Name: name, ResourceVersion: strconv.FormatInt(s.revision, 10), UID: api.UID("uid-" + name)},
		Data:       map[string]string{"value": value},
	}
	s.objects[name] = obj
	s.record(fakeEvent{eventType, obj, s.revision})
	return s.revision
}

func (s *fakeServer) remove(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision++
	last := *s.objects[name]
	last.ResourceVersion = strconv.FormatInt(s.revision, 10)
	delete(s.objects, name)
	s.record(fakeEvent{Deleted, &last, s.revision})
	return s.revision
}

func (s *fakeServer) record(e fakeEvent) {
	s.history = append(s.history, e)
	close(s.changed)
	s.changed = make(chan struct{})
}

// compact forgets all history, so that watches from before now are answered with 410.
func (s *fakeServer) compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.compacted, s.history = s.revision, nil
}

// cutWatches ends every running watch.
func (s *fakeServer) cutWatches() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.cut)
	s.cut = make(chan struct{})
}

func (s *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.URL.RawQuery)
	s.mu.Unlock()
	q := r.URL.Query()
	switch {
	case q.Get("watch") != "true":
		s.list(w, q)
	case q.Get("sendInitialEvents") == "true" && s.noStreams:
		fail(w, api.NewInvalid(api.KindOf[*api.ConfigMap](), "", nil))
	default:
		s.watch(w, r, q)
	}
}

func (s *fakeServer) list(w http.ResponseWriter, q url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := api.List[api.ConfigMap]{TypeMeta: api.TypeMeta{Kind: "ConfigMapList", APIVersion: "v1"}}
	list.ResourceVersion = strconv.FormatInt(s.revision, 10)
	for name := range s.objects {
		if name > q.Get("continue") {
			list.Items = append(list.Items, *s.objects[name])
		}
	}
	body, _ := json.Marshal(list)
	w.Write(body)
}

func (s *fakeServer) watch(w http.ResponseWriter, r *http.Request, q url.Values) {
	from, _ := strconv.ParseInt(q.Get("resourceVersion"), 10, 64)
	s.mu.Lock()
	cut := s.cut
	if q.Get("sendInitialEvents") == "true" {
		for _, obj := range s.objects {
			if s.dropAfter == 0 {
				s.dropAfter = -1
				s.mu.Unlock()
				return
			}
			s.dropAfter--
			writeEvent(w, Added, obj)
		}
		from = s.revision
		writeEvent(w, Bookmark, &api.ConfigMap{ObjectMeta: api.ObjectMeta{
			ResourceVersion: strconv.FormatInt(from, 10), Annotations: map[string]string{InitialEventsEnd: "true"},
		}})
	}
	if from < s.compacted {
		s.mu.Unlock()
		writeEvent(w, Error, api.NewExpired("too old resource version: %d (%d)", from, s.compacted).ErrStatus)
		return
	}
	s.mu.Unlock()
	w.WriteHeader(http.StatusOK)
	for {
		s.mu.Lock()
		var next []fakeEvent
		for _, e := range s.history {
			if e.revision > from {
				next = append(next, e)
			}
		}
		changed := s.changed
		s.mu.Unlock()
		for _, e := range next {
			writeEvent(w, e.eventType, e.object)
			from = e.revision
		}
		select {
		case <-changed:
		case <-cut:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func writeEvent(w io.Writer, eventType EventType, object any) {
	body, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(w, "{\"type\":%q,\"object\":%s}\n", eventType, body)
}

func fail(w http.ResponseWriter, err *api.StatusError) {
	body, _ := json.Marshal(err.ErrStatus)
	w.WriteHeader(int(err.ErrStatus.Code))
	w.Write(body)
}

// sawRequest tells whether any request's query contained the text.
func (s *fakeServer) sawRequest(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.requests {
		if strings.Contains(q, text) {
			return true
		}
	}
	return false
}
