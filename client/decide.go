package client

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"sync"

	"kubelite/api"
)

// Decide records in the ledger a decision that wrote nothing: no node fits a pod, a rollout waits, a container is
// held back. Its causes and its rule are those of ctx; details is any JSON value, such as the scheduler's verdict on
// each node, or nil. A control loop comes to the same decision again and again; only the first one in a row is sent.
func (c *Client) Decide(ctx context.Context, obj api.Object, details any) error {
	w := whyOf(ctx)
	kind, meta := api.KindFor(obj), obj.GetObjectMeta()
	record := api.LedgerRecord{
		Time:       api.NowMicro(),
		Agent:      c.agent,
		Verb:       "decide",
		Object:     api.LedgerObject{Group: kind.Group, Resource: kind.Plural, Namespace: meta.Namespace, Name: meta.Name, UID: meta.UID},
		Causes:     w.causes.Revisions,
		MoreCauses: w.causes.More,
		Timer:      w.causes.Timer,
		Reconcile:  w.reconcile,
		Rule:       w.rule,
		Reason:     w.reason,
	}
	if details != nil {
		raw, err := api.MarshalJSON(details)
		if err != nil {
			return fmt.Errorf("record a decision on %s: %w", api.Describe(obj), err)
		}
		record.Details = api.RawExtension{Raw: raw}
	}
	if !c.decisions.isNew(record) {
		return nil
	}
	body, err := api.MarshalJSON(record)
	if err == nil {
		_, err = c.Do(ctx, Request{Method: http.MethodPost, Path: api.LedgerPath, Body: body})
	}
	if err != nil {
		c.decisions.forget(record) // it was not recorded, so the next one is news
		return fmt.Errorf("record a decision on %s: %w", api.Describe(obj), err)
	}
	return nil
}

// decisionMemory remembers the last decision on each object, by its hash.
type decisionMemory struct {
	mu   sync.Mutex
	seed maphash.Seed             // guarded by mu
	last map[decisionPlace]uint64 // guarded by mu
}

// decisionPlace is an object and who decides on it: two loops of one component do not overwrite each other.
type decisionPlace struct {
	object api.LedgerObject
	agent  string
}

// maxDecisions bounds the memory. Forgetting costs a repeated record, nothing more.
const maxDecisions = 4096

func (m *decisionMemory) isNew(r api.LedgerRecord) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last == nil {
		m.seed, m.last = maphash.MakeSeed(), map[decisionPlace]uint64{}
	}
	var h maphash.Hash
	h.SetSeed(m.seed)
	for _, part := range []string{r.Rule, r.Reason, string(r.Details.Raw)} {
		h.WriteString(part)
		h.WriteByte(0)
	}
	place, sum := decisionPlace{r.Object, r.Agent}, h.Sum64()
	if last, ok := m.last[place]; ok && last == sum {
		return false
	}
	if len(m.last) >= maxDecisions {
		for old := range m.last { // any one will do
			delete(m.last, old)
			break
		}
	}
	m.last[place] = sum
	return true
}

func (m *decisionMemory) forget(r api.LedgerRecord) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.last, decisionPlace{r.Object, r.Agent})
}
