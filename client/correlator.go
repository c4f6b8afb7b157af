package client

import (
	"container/list"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"kubelite/api"
)

// correlator keeps a broken object from filling the store with events. It does three things, with client-go's figures:
//
//  1. The same event again counts up the first one.
//  2. Ten events within ten minutes that differ only in their message become one that is "combined from similar events".
//  3. More than 25 events about one object are dropped, one more is let through every five minutes.
type correlator struct {
	seed    maphash.Seed // what two events have in common is kept as a number of 64 bits: most are never heard of again
	seen    lru[eventLog]
	similar lru[similarEvents]
	spam    lru[tokenBucket]
}

const (
	rememberedEvents = 4096
	maxSimilar       = 10
	similarWithin    = 10 * time.Minute
	spamBurst        = 25
	spamRefill       = 5 * time.Minute
	combinedPrefix   = "(combined from similar events): "
)

// eventKey is what two events must have in common to be the same, similar (no message), or spam (nor a reason). The
// source is always the recorder's own.
type eventKey struct {
	kind, apiVersion, namespace, name, fieldPath string
	uid                                          api.UID
	eventType, reason, message                   string
}

// eventLog is an event that the server has.
type eventLog struct {
	name  string
	count int32
	first api.Time
}

type similarEvents struct {
	messages []uint64 // that differ, the oldest first
	last     time.Time
}

type tokenBucket struct {
	tokens float64
	at     time.Time
}

func newCorrelator() *correlator { return &correlator{seed: maphash.MakeSeed()} }

// correlate returns the event to write, nil for none, and the patch that counts it up if the server has it already.
func (c *correlator) correlate(event *api.Event, now time.Time) (*api.Event, []byte) {
	key := keyOfEvent(event)
	if !c.spam.getOr(c.hash(spamKey(key)), tokenBucket{spamBurst, now}).take(now) {
		return nil, nil
	}
	event, key = c.combine(event, key, now)
	log, known := c.seen.get(c.hash(key))
	if !known {
		return event, nil
	}
	again := *event
	again.Name, again.FirstTimestamp, again.Count = log.name, log.first, log.count+1
	patch, err := api.MarshalJSON(map[string]any{
		"count": again.Count, "lastTimestamp": again.LastTimestamp, "message": again.Message,
	})
	if err != nil {
		return event, nil // cannot happen: these are strings and a number
	}
	return &again, patch
}

// combine replaces an event that has too many siblings by the one that stands for all of them.
func (c *correlator) combine(event *api.Event, key eventKey, now time.Time) (*api.Event, eventKey) {
	siblings := key
	siblings.message = ""
	s := c.similar.getOr(c.hash(siblings), similarEvents{})
	if now.Sub(s.last) > similarWithin {
		s.messages = nil
	}
	s.last = now
	if message := maphash.String(c.seed, event.Message); !slices.Contains(s.messages, message) {
		s.messages = append(s.messages, message)
	}
	if len(s.messages) < maxSimilar {
		return event, key
	}
	s.messages = s.messages[1:]
	combined := *event
	combined.Name = eventName(event.InvolvedObject.Name, now)
	combined.Message = combinedPrefix + event.Message
	return &combined, siblings
}

func (c *correlator) hash(key eventKey) uint64 { return maphash.Comparable(c.seed, key) }

// wrote remembers an event as the server stored it.
func (c *correlator) wrote(event *api.Event) {
	key := keyOfEvent(event)
	log := eventLog{name: event.Name, count: event.Count, first: event.FirstTimestamp}
	if strings.HasPrefix(key.message, combinedPrefix) {
		key.message = "" // it stands for every message
	}
	c.seen.put(c.hash(key), log)
}

func keyOfEvent(e *api.Event) eventKey {
	o := e.InvolvedObject
	return eventKey{
		kind: o.Kind, apiVersion: o.APIVersion, namespace: o.Namespace, name: o.Name, fieldPath: o.FieldPath, uid: o.UID,
		eventType: e.Type, reason: e.Reason, message: e.Message,
	}
}

func spamKey(k eventKey) eventKey {
	k.fieldPath, k.reason, k.message = "", "", ""
	return k
}

func (b *tokenBucket) take(now time.Time) bool {
	b.tokens = min(spamBurst, b.tokens+float64(now.Sub(b.at))/float64(spamRefill))
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// lru is a map that forgets what was not used for longest.
type lru[V any] struct {
	entries map[uint64]*list.Element
	order   list.List // most recently used first
}

type lruEntry[V any] struct {
	key   uint64
	value V
}

// get returns what is there, to be changed in place.
func (l *lru[V]) get(key uint64) (value *V, ok bool) {
	e, ok := l.entries[key]
	if !ok {
		return nil, false
	}
	l.order.MoveToFront(e)
	return &e.Value.(*lruEntry[V]).value, true
}

// put returns what is there from now on.
func (l *lru[V]) put(key uint64, value V) *V {
	if old, ok := l.get(key); ok {
		*old = value
		return old
	}
	if l.entries == nil {
		l.entries = map[uint64]*list.Element{}
	}
	entry := &lruEntry[V]{key, value}
	l.entries[key] = l.order.PushFront(entry)
	if len(l.entries) > rememberedEvents {
		oldest := l.order.Back()
		l.order.Remove(oldest)
		delete(l.entries, oldest.Value.(*lruEntry[V]).key)
	}
	return &entry.value
}

func (l *lru[V]) getOr(key uint64, fresh V) *V {
	if value, ok := l.get(key); ok {
		return value
	}
	return l.put(key, fresh)
}
