package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strconv"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// Monitors follow kinds that the program learns of while it runs: the garbage collector must see every object, a quota
// can count any kind. A monitor is a list and a watch that ask for metadata only, and hand it to a feed, which keeps what
// it needs. An Informer would keep each object whole.

// monitorFeed takes in what monitors see. Its methods are called by many goroutines.
type monitorFeed interface {
	// observe is told of an object that is there, when it appears and when it changes.
	observe(r client.APIResource, meta *api.ObjectMeta)
	// remove is told that an object is gone, at a revision that is 0 if it is not known.
	remove(r client.APIResource, uid api.UID, revision int64)
	// known are the objects of a kind that were observed and not removed. The caller owns the map.
	known(r client.APIResource) map[api.UID]struct{}
}

// monitors runs one monitor for each kind.
type monitors struct {
	client *client.Client
	log    *slog.Logger
	feed   monitorFeed

	mu      sync.Mutex
	running map[string]*monitor // by path of the resource; guarded by mu
	group   sync.WaitGroup
}

func newMonitors(c *client.Client, log *slog.Logger, feed monitorFeed) *monitors {
	return &monitors{client: c, log: log, feed: feed, running: map[string]*monitor{}}
}

// sync starts a monitor for every new kind and stops those of kinds that are not wanted any more.
func (m *monitors) sync(ctx context.Context, resources []client.APIResource) {
	m.mu.Lock()
	defer m.mu.Unlock()
	wanted := map[string]bool{}
	for _, r := range resources {
		path := r.Path("", "")
		wanted[path] = true
		if m.running[path] != nil {
			continue
		}
		monitorCtx, cancel := context.WithCancel(ctx)
		started := &monitor{monitors: m, resource: r, cancel: cancel, synced: make(chan struct{})}
		m.running[path] = started
		m.group.Go(func() { started.run(monitorCtx) })
	}
	for path, monitor := range m.running {
		if !wanted[path] {
			monitor.cancel()
			delete(m.running, path)
		}
	}
}

// waitForSync waits until every monitor has listed its kind, but not for ever: one kind that cannot be listed must
// not keep the rest from being collected.
func (m *monitors) waitForSync(ctx context.Context, most time.Duration) {
	m.mu.Lock()
	var waitFor []*monitor
	for _, monitor := range m.running {
		waitFor = append(waitFor, monitor)
	}
	m.mu.Unlock()
	timeout := time.After(most)
	for _, monitor := range waitFor {
		select {
		case <-monitor.synced:
		case <-timeout:
			m.log.WarnContext(ctx, "going on without having listed every kind", "kind", monitor.resource.Kind)
			return
		case <-ctx.Done():
			return
		}
	}
}

// stop ends all monitors.
func (m *monitors) stop() {
	m.mu.Lock()
	for _, monitor := range m.running {
		monitor.cancel()
	}
	m.mu.Unlock()
	m.group.Wait()
}

// monitor lists and watches one kind.
type monitor struct {
	*monitors
	resource client.APIResource
	cancel   context.CancelFunc
	synced   chan struct{} // closed after the first list
	isSynced bool          // of run's goroutine only
}

// run keeps listing and watching until its kind is gone or the process ends.
func (m *monitor) run(ctx context.Context) {
	pause := 50 * time.Millisecond
	from := "" // where the watch goes on; "" means list first
	for ctx.Err() == nil {
		began := time.Now()
		var err error
		if from == "" {
			from, err = m.list(ctx)
		}
		if err == nil {
			from, err = m.watch(ctx, from)
		}
		switch {
		case ctx.Err() != nil:
			return
		case api.IsExpired(err), err != nil && api.Reason(err) != "":
			from = "" // what happened since is not known any more, or the server refuses: begin anew
		}
		if time.Since(began) > 10*time.Second {
			pause = 50 * time.Millisecond
			if err == nil {
				continue // servers end watches now and then
			}
		}
		if err != nil && !api.IsExpired(err) {
			m.log.DebugContext(ctx, "watching the metadata of a kind failed", "kind", m.resource.Kind, "error", err)
		}
		client.Wait(ctx, pause+rand.N(pause)) // if ctx ends, so does the loop
		pause = min(2*pause, 30*time.Second)
	}
}

// metadataOnly is what is decoded of an object: what the feeds need.
type metadataOnly struct {
	Metadata struct {
		Name              string               `json:"name"`
		Namespace         string               `json:"namespace"`
		UID               api.UID              `json:"uid"`
		ResourceVersion   string               `json:"resourceVersion"`
		DeletionTimestamp *api.Time            `json:"deletionTimestamp"`
		Finalizers        []string             `json:"finalizers"`
		OwnerReferences   []api.OwnerReference `json:"ownerReferences"`
	} `json:"metadata"`
}

func (o *metadataOnly) meta() *api.ObjectMeta {
	return &api.ObjectMeta{
		Name: o.Metadata.Name, Namespace: o.Metadata.Namespace, UID: o.Metadata.UID, ResourceVersion: o.Metadata.ResourceVersion,
		DeletionTimestamp: o.Metadata.DeletionTimestamp, Finalizers: o.Metadata.Finalizers, OwnerReferences: o.Metadata.OwnerReferences,
	}
}

// list reads all objects, in pages, and returns the resource version to watch from. What was known and is not in the
// list is gone.
func (m *monitor) list(ctx context.Context) (resourceVersion string, err error) {
	gone := m.feed.known(m.resource)
	query := url.Values{"limit": {"500"}}
	for {
		answer, err := m.client.Do(ctx, client.Request{Path: m.resource.Path("", ""), Query: query, Accept: client.PartialObjectMetadataList})
		if err != nil {
			return "", fmt.Errorf("list %s: %w", m.resource.Resource(), err)
		}
		var page struct {
			Metadata api.ListMeta   `json:"metadata"`
			Items    []metadataOnly `json:"items"`
		}
		if err := api.ReadJSON(answer.Body, &page); err != nil {
			return "", fmt.Errorf("list %s: %w", m.resource.Resource(), err)
		}
		for i := range page.Items {
			meta := page.Items[i].meta()
			delete(gone, meta.UID)
			m.feed.observe(m.resource, meta)
		}
		if page.Metadata.Continue == "" {
			resourceVersion = page.Metadata.ResourceVersion
			break
		}
		query.Set("continue", page.Metadata.Continue)
	}
	for uid := range gone {
		m.feed.remove(m.resource, uid, 0)
	}
	if !m.isSynced {
		m.isSynced = true
		close(m.synced)
	}
	return resourceVersion, nil
}

// watch follows the kind until the stream ends, and returns where to go on.
func (m *monitor) watch(ctx context.Context, from string) (string, error) {
	stream, err := m.client.Stream(ctx, client.Request{
		Path:   m.resource.Path("", ""),
		Accept: client.PartialObjectMetadata,
		Query: url.Values{
			"watch": {"true"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {from},
			"timeoutSeconds": {strconv.Itoa(300 + rand.IntN(300))},
		},
	})
	if err != nil {
		return from, fmt.Errorf("watch %s: %w", m.resource.Resource(), err)
	}
	defer stream.Close()
	err = client.EachEvent(m.resource.Resource(), stream, func(eventType client.EventType, object []byte) error {
		var obj metadataOnly
		if err := api.ReadJSON(object, &obj); err != nil {
			return fmt.Errorf("watch %s: %w", m.resource.Resource(), err)
		}
		meta := obj.meta()
		switch eventType {
		case client.Added, client.Modified:
			m.feed.observe(m.resource, meta)
		case client.Deleted:
			m.feed.remove(m.resource, meta.UID, meta.Revision())
		}
		from = meta.ResourceVersion
		return nil
	})
	if status := (*api.StatusError)(nil); errors.As(err, &status) {
		from = "" // what the server says against it holds for going on from here, too
	}
	return from, err
}
