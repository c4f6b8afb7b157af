package apiserver

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kubelite/api"
)

func TestWatchFromRevision(t *testing.T) {
	h := newHarness(t)
	h.create("before")
	rv := h.must("GET", configMaps, "").at("metadata.resourceVersion").(string)
	w := h.watch(configMaps + "?watch=true&resourceVersion=" + rv)
	h.create("a")
	h.must("PUT", configMaps+"/a", configMap("a", `,"labels":{"x":"y"}`))
	deleted := h.must("DELETE", configMaps+"/a", "")
	require.Equal(t, "Success", deleted.at("status"))
	w.sees("ADDED a")
	modified := w.sees("MODIFIED a")
	require.Equal(t, "ConfigMap", at(modified, "object.kind"))
	gone := w.sees("DELETED a")
	require.Equal(t, "y", at(gone, "object.metadata.labels.x"), "the last event has the final state")
	require.Equal(t, strconv.FormatInt(h.store.Revision(), 10), at(gone, "object.metadata.resourceVersion"), "with the revision of the deletion")

	// Who comes back with an old revision sees all of it again.
	w = h.watch(configMaps + "?watch=1&resourceVersion=" + rv)
	for _, what := range []string{"ADDED a", "MODIFIED a", "DELETED a"} {
		w.sees(what)
	}
}

// A watch from "any point" begins with what is there.
func TestWatchFromNow(t *testing.T) {
	h := newHarness(t)
	h.create("a", "b")
	for _, rv := range []string{"", "0"} {
		w := h.watch(configMaps + "?watch=1&resourceVersion=" + rv)
		w.sees("ADDED a")
		w.sees("ADDED b")
	}
	h.create("c")
	w := h.watch("/api/v1/watch/namespaces/default/configmaps")
	w.sees("ADDED a")
}

func TestStreamingList(t *testing.T) {
	h := newHarness(t)
	h.create("a", "b")
	w := h.watch(configMaps + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
	w.sees("ADDED a")
	w.sees("ADDED b")
	bookmark := w.next()
	require.Equal(t, "BOOKMARK", bookmark["type"])
	require.Equal(t, "ConfigMap", at(bookmark, "object.kind"))
	require.Equal(t, "true", at(bookmark, "object.metadata.annotations").(tree)["k8s.io/initial-events-end"])
	require.Equal(t, strconv.FormatInt(h.store.Revision(), 10), at(bookmark, "object.metadata.resourceVersion"))
	require.Len(t, at(bookmark, "object"), 3, "kind, apiVersion and metadata")
	h.create("c")
	w.sees("ADDED c")

	// Also the kind that never had an object ends its first part.
	w = h.watch("/api/v1/namespaces/default/podtemplates?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
	require.Equal(t, "BOOKMARK", w.next()["type"])

	h.fails(422, "Invalid", "GET", configMaps+"?watch=1&sendInitialEvents=true", "")
	h.fails(504, "Timeout", "GET", configMaps+"?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999", "")
}

// Without sendInitialEvents, a watch from a revision that is not the newest one sends only what follows.
func TestWatchWithoutInitialEvents(t *testing.T) {
	h := newHarness(t)
	h.create("a")
	w := h.watch(configMaps + "?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan")
	h.create("b")
	w.sees("ADDED b")
}

// To a watcher, an object that begins to match is added, and one that matches no more is deleted.
func TestWatchSelectorTransitions(t *testing.T) {
	h := newHarness(t)
	h.create("a")
	w := h.watch(configMaps + "?watch=1&labelSelector=on")
	label := func(value string) {
		h.must("PATCH", configMaps+"/a", `{"metadata":{"labels":{"on":`+value+`}}}`, "Content-Type", "application/merge-patch+json")
	}
	label(`"1"`)
	w.sees("ADDED a")
	label(`"2"`)
	w.sees("MODIFIED a")
	label("null")
	left := w.sees("DELETED a")
	require.Equal(t, "2", at(left, "object.metadata.labels.on"), "as it last matched")
	require.Equal(t, strconv.FormatInt(h.store.Revision(), 10), at(left, "object.metadata.resourceVersion"), "with the revision of the change")
	h.must("DELETE", configMaps+"/a", "") // concerns this watcher no more
	h.must("POST", configMaps, configMap("b", `,"labels":{"on":"1"}`))
	w.sees("ADDED b")
}

// Each kind of feed carries what its watchers need, and nothing that they would not understand.
func TestWatchFeeds(t *testing.T) {
	h := newHarness(t)
	for _, node := range []string{"n1", "n2"} {
		h.must("POST", "/api/v1/nodes", `{"metadata":{"name":"`+node+`"}}`)
	}
	h.must("POST", "/api/v1/namespaces/kube-system/serviceaccounts", `{"metadata":{"name":"default"}}`)
	everything := h.watch("/api/v1/pods?watch=1")
	inDefault := h.watch(pods + "?watch=1")
	byName := h.watch(pods + "?watch=1&fieldSelector=metadata.name%3Da")
	byPath := h.watch(strings.Replace(pods, "/api/v1/", "/api/v1/watch/", 1) + "/a")
	onNode := h.watch("/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn1")
	unbound := h.watch("/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3D")

	h.must("POST", pods, podJSON("a", "", ""))
	h.must("POST", "/api/v1/namespaces/kube-system/pods", podJSON("b", "", `,"nodeName":"n2"`))
	h.must("POST", pods+"/a/binding", `{"metadata":{"name":"a"},"target":{"kind":"Node","name":"n1"}}`)
	h.must("DELETE", pods+"/a", `{"gracePeriodSeconds":0}`)
	h.must("POST", pods, podJSON("z", "", `,"nodeName":"n1"`))

	for name, c := range map[string]struct {
		w    *stream
		want []string
	}{
		"everything": {everything, []string{"ADDED a", "ADDED b", "MODIFIED a", "DELETED a", "ADDED z"}},
		"in default": {inDefault, []string{"ADDED a", "MODIFIED a", "DELETED a", "ADDED z"}},
		"by name":    {byName, []string{"ADDED a", "MODIFIED a", "DELETED a"}},
		"by path":    {byPath, []string{"ADDED a", "MODIFIED a", "DELETED a"}},
		"on node":    {onNode, []string{"ADDED a", "DELETED a", "ADDED z"}},
		"unbound":    {unbound, []string{"ADDED a", "DELETED a"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.w.t = t
			for _, what := range c.want {
				c.w.sees(what)
			}
		})
	}
}

func TestWatchTooOld(t *testing.T) {
	h := newHarness(t)
	h.create("a")
	rv := h.must("GET", configMaps, "").at("metadata.resourceVersion").(string)
	for i := range historyLimit + 10 { // so many that memory forgets, but the store does not
		h.must("PUT", configMaps+"/a", configMap("a", fmt.Sprintf(`,"labels":{"i":"%d"}`, i)))
	}
	w := h.watch(configMaps + "?watch=1&resourceVersion=" + rv)
	for i := range historyLimit + 10 {
		require.Equal(t, strconv.Itoa(i), at(w.sees("MODIFIED a"), "object.metadata.labels.i"))
	}
	h.create("b")
	w.sees("ADDED b")

	require.NoError(t, h.store.Compact(t.Context(), h.store.Revision()))
	w = h.watch(configMaps + "?watch=1&resourceVersion=" + rv)
	event := w.next()
	require.Equal(t, "ERROR", event["type"])
	require.EqualValues(t, 410, at(event, "object.code"))
	require.Equal(t, "Expired", at(event, "object.reason"))
	require.Empty(t, w.ends())
}

// A kind with no events since the server began is replayed from the store too, and then goes on.
func TestWatchOlderThanTheServer(t *testing.T) {
	h := newHarness(t)
	h.create("a")
	rv := h.must("GET", configMaps, "").at("metadata.resourceVersion").(string)
	h.create("b")
	h.must("POST", "/api/v1/namespaces", `{"metadata":{"name":"last"}}`)
	// The same store under a server that begins now: its memory of events is empty.
	fresh := newWatchCache(h.server.rows())
	require.NoError(t, fresh.fill(t.Context(), h.store))
	h.server.cache.kind(resourceOf[*api.ConfigMap](h.server)).forget(fresh.revision.Load())
	w := h.watch(configMaps + "?watch=1&resourceVersion=" + rv)
	w.sees("ADDED b")
	h.create("c")
	w.sees("ADDED c")
}

// forget makes the memory of events look as after a start at a revision.
func (kc *kindCache) forget(revision int64) {
	kc.mu.Lock()
	defer kc.mu.Unlock()
	kc.history, kc.historyStart = nil, revision
}

func TestWatchTimeout(t *testing.T) {
	h := newHarness(t)
	h.create("a")
	w := h.watch(configMaps + "?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=0")
	w.sees("ADDED a")
	require.Equal(t, "BOOKMARK", w.next()["type"])
	h.must("POST", "/api/v1/namespaces", `{"metadata":{"name":"elsewhere"}}`)
	events := w.ends()
	require.Len(t, events, 1)
	require.Equal(t, strconv.FormatInt(h.store.Revision(), 10), at(events[0], "object.metadata.resourceVersion"), "the last word says how far the client is")
}

func TestWatchForms(t *testing.T) {
	h := newHarness(t)
	h.create("a")
	table := h.watch(configMaps+"?watch=1", "Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	first := table.next()
	require.Equal(t, "Table", at(first, "object.kind"))
	require.NotEmpty(t, at(first, "object.columnDefinitions"))
	require.Equal(t, "a", at(first, "object.rows.0.cells.0"))
	h.create("b")
	require.Empty(t, at(table.next(), "object.columnDefinitions"), "only the first has the columns")

	metadata := h.watch(configMaps+"?watch=1", "Accept", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
	event := metadata.sees("ADDED a")
	require.Equal(t, "PartialObjectMetadata", at(event, "object.kind"))
	require.Nil(t, at(event, "object.data"))

	res := h.request(t.Context(), "GET", configMaps+"?watch=1&timeoutSeconds=1", "", "Accept", "application/vnd.kubernetes.protobuf")
	defer res.Body.Close()
	require.Equal(t, "application/vnd.kubernetes.protobuf;stream=watch", res.Header.Get("Content-Type"))
	var length uint32
	require.NoError(t, binary.Read(res.Body, binary.BigEndian, &length))
	frame := make([]byte, length)
	_, err := io.ReadFull(res.Body, frame)
	require.NoError(t, err)
	got := &protobufWatchEvent{}
	require.NoError(t, api.UnmarshalProtobuf(frame, got))
	require.Equal(t, "ADDED", got.Type)
	cm := &api.ConfigMap{}
	require.NoError(t, api.UnmarshalProtobuf(got.Object.Raw, cm))
	require.Equal(t, "a", cm.Name)
}

// While writers write, every watcher sees every event, in order, once; and every list fits to what follows it.
func TestWatchersMissNothing(t *testing.T) {
	h := newHarness(t)
	const writers, each = 4, 50
	done := make(chan struct{})
	for i := range writers {
		go func() {
			for j := range each {
				h.create(fmt.Sprintf("c-%d-%d", i, j))
			}
			done <- struct{}{}
		}()
	}
	var watchers []*stream
	seen := make([]map[string]bool, 8)
	for i := range seen {
		list := h.must("GET", configMaps, "")
		seen[i] = map[string]bool{}
		for _, name := range names(list) {
			seen[i][name] = true
		}
		watchers = append(watchers, h.watch(configMaps+"?watch=1&resourceVersion="+list.at("metadata.resourceVersion").(string)))
		time.Sleep(5 * time.Millisecond) // spread the beginnings over the writing; the outcome does not depend on it
	}
	for range writers {
		<-done
	}
	for i, w := range watchers {
		last := int64(0)
		for len(seen[i]) < writers*each {
			event := w.next()
			rv, err := strconv.ParseInt(at(event, "object.metadata.resourceVersion").(string), 10, 64)
			require.NoError(t, err)
			require.Greater(t, rv, last)
			last = rv
			name := at(event, "object.metadata.name").(string)
			require.False(t, seen[i][name], "%s came twice", name)
			seen[i][name] = true
		}
	}
}

// Up to four events at a time are sent every 4 ms; more of them gather for longer, but nobody waits for more than 12.
func TestFlushInterval(t *testing.T) {
	for events, milliseconds := range map[int]int64{0: 4, 1: 4, 4: 4, 7: 7, 12: 12, 10_000: 12} {
		require.Equal(t, milliseconds, flushInterval(events).Milliseconds(), "%d events", events)
	}
}

// A client that watches and does not read is dropped, and disturbs nobody meanwhile.
func TestSlowWatcherIsDropped(t *testing.T) {
	for _, protocol := range []string{"HTTP/2.0", "HTTP/1.1"} {
		t.Run(protocol, func(t *testing.T) {
			h := newHarness(t)
			h.server.slowWatcher = 100 * time.Millisecond
			slow := h.http.Client().Transport.(*http.Transport).Clone()
			if protocol == "HTTP/1.1" {
				slow.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
				slow.TLSClientConfig.NextProtos = nil
			}
			req, err := http.NewRequestWithContext(t.Context(), "GET", h.http.URL+configMaps+"?watch=1", nil)
			require.NoError(t, err)
			req.Header.Set("Authorization", "Bearer admin")
			res, err := slow.RoundTrip(req)
			require.NoError(t, err)
			defer res.Body.Close()
			require.Equal(t, protocol, res.Proto)

			watching := func() bool {
				kc := h.server.cache.kind(resourceOf[*api.ConfigMap](h.server))
				kc.mu.RLock()
				defer kc.mu.RUnlock()
				return len(kc.feeds) > 0
			}
			require.Eventually(t, watching, 10*time.Second, time.Millisecond)
			pad := strings.Repeat("x", 900_000)
			for i := range 25 { // until all buffers between server and client are full
				h.must("POST", configMaps, fmt.Sprintf(`{"metadata":{"name":"c%d"},"data":{"k":"%s"}}`, i, pad))
			}
			// TLS takes another five seconds to say goodbye to a client that does not listen.
			require.Eventually(t, func() bool { return !watching() }, 20*time.Second, 10*time.Millisecond)
		})
	}
}

// Who watches Tables finds the mark behind what was there in the row of the bookmark.
func TestBookmarkInATable(t *testing.T) {
	h := newHarness(t)
	w := h.watch(configMaps+"?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", "Accept", acceptTable)
	event := w.next()
	require.Equal(t, "BOOKMARK", event["type"])
	require.Equal(t, "true", at(event, "object.rows.0.object.metadata.annotations").(tree)["k8s.io/initial-events-end"])
	require.Equal(t, at(event, "object.metadata.resourceVersion"), at(event, "object.rows.0.object.metadata.resourceVersion"))
}
