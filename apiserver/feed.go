package apiserver

// A feed carries the events of one kind, or of a part of it, to any number of watchers. It is a linked list that
// grows at its tail; each watcher walks it at its own speed and holds only its place:
//
//	           ┌───────┐    ┌───────┐    ┌───────┐
//	feed.tail ─┼───────┼────┼───────┼───>│ empty │  a watcher that has seen everything waits for ready here
//	           │ e1 e2 │───>│  e3   │───>│       │
//	           └───────┘    └───────┘    └───────┘
//	               ^ a slow watcher is still here, and what it has not seen stays in memory for it alone
//
// Nothing is copied per watcher and nobody sends to anybody: an event costs one append and one close of a channel,
// however many watch. What all have passed, the garbage collector takes.
type feed struct {
	tail     *batch // empty; guarded by the kind's mu
	watchers int    // guarded by the kind's mu
}

// batch is a link of the list.
type batch struct {
	ready chan struct{} // closed when the fields below are set, which then never change
	// events of this link, in order.
	events []*watchEvent
	next   *batch
	// sequence counts the events before this link: the difference to another link's is how far one is behind.
	sequence int64
}

// feedKey says which part of a kind a feed carries. Watches that can only match a small part (one object, the pods of
// one node, one namespace) have a feed of their own, so that they sleep through everything else: with a
// thousand kubelets each watching its own pods, a pod's event wakes one.
type feedKey struct {
	part  feedPart
	value string
}

type feedPart uint8

const (
	everything  feedPart = iota
	oneObject            // value: its key
	indexed              // value: of the field res.Index
	inNamespace          // value: the namespace
)

// subscribe returns the place in a feed from which on a watcher sees what comes next. The caller holds kc.mu, so that
// what it reads under the same lock, and what comes next, leave no gap.
func (kc *kindCache) subscribe(key feedKey) *batch {
	f := kc.feeds[key]
	if f == nil {
		f = &feed{tail: &batch{ready: make(chan struct{})}}
		kc.feeds[key] = f
	}
	f.watchers++
	return f.tail
}

// unsubscribe lets go of a feed; without watchers it ends.
func (kc *kindCache) unsubscribe(key feedKey) {
	kc.mu.Lock()
	defer kc.mu.Unlock()
	f := kc.feeds[key]
	f.watchers--
	if f.watchers == 0 {
		delete(kc.feeds, key)
	}
}

// interested counts those who watch what a request is about, but not those who watch by an index, such as the pods of one node:
// of them, few see any one change.
func (kc *kindCache) interested(req *Request) (watchers int) {
	kc.mu.RLock()
	defer kc.mu.RUnlock()
	count := func(key feedKey) {
		if f := kc.feeds[key]; f != nil {
			watchers += f.watchers
		}
	}
	all := feedKey{part: everything}
	if count(all); len(kc.feeds) == 1 && kc.feeds[all] != nil {
		return watchers
	}
	count(feedKey{inNamespace, req.Namespace})
	count(feedKey{oneObject, req.Key()})
	return watchers
}

// publish hands a batch of events to every feed that carries them. The caller holds mu for writing.
func (kc *kindCache) publish(events []watchEvent) {
	if len(kc.feeds) == 0 {
		return
	}
	onlyEverything := len(kc.feeds) == 1 && kc.feeds[feedKey{}] != nil
	pending := map[feedKey][]*watchEvent{}
	add := func(key feedKey, ev *watchEvent) {
		if kc.feeds[key] != nil {
			pending[key] = append(pending[key], ev)
		}
	}
	for i := range events {
		ev := &events[i]
		add(feedKey{part: everything}, ev)
		if onlyEverything {
			continue
		}
		add(feedKey{oneObject, ev.next.key}, ev)
		add(feedKey{inNamespace, ev.next.namespace}, ev)
		if index := kc.res.Index; index != "" {
			value := ev.next.attrs(kc.res).fields[index]
			add(feedKey{indexed, value}, ev)
			if ev.prev != nil { // who watched it under its old value must learn that it left
				if old := ev.prev.attrs(kc.res).fields[index]; old != value {
					add(feedKey{indexed, old}, ev)
				}
			}
		}
	}
	for key, events := range pending {
		f := kc.feeds[key]
		full := f.tail
		full.events = events
		full.next = &batch{ready: make(chan struct{}), sequence: full.sequence + int64(len(events))}
		f.tail = full.next
		close(full.ready)
	}
}
