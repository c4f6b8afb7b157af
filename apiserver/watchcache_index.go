package apiserver

// indexed returns the entries whose field res.Index has a value: the pods of one node. The index is made when it is
// first asked for, because it needs every object decoded, and kept up to date from then on.
func (kc *kindCache) indexed(value string) []*entry {
	kc.mu.RLock()
	built := kc.byIndex != nil
	kc.mu.RUnlock()
	if !built {
		kc.buildIndex()
	}
	kc.mu.RLock()
	defer kc.mu.RUnlock()
	entries := make([]*entry, 0, len(kc.byIndex[value]))
	for _, e := range kc.byIndex[value] {
		entries = append(entries, e)
	}
	return entries
}

func (kc *kindCache) buildIndex() {
	entries, _ := kc.list(kc.res.prefix, "")
	for _, e := range entries {
		e.attrs(kc.res) // outside of the lock: it may decode the object
	}
	kc.mu.Lock()
	defer kc.mu.Unlock()
	if kc.byIndex != nil {
		return // somebody else was faster
	}
	kc.byIndex = map[string]map[string]*entry{}
	for e := range kc.sorted.all() {
		kc.addToIndex(e)
	}
}

// reindex takes in one change. The caller holds mu.
func (kc *kindCache) reindex(ev *watchEvent) {
	if ev.prev != nil {
		value := ev.prev.attrs(kc.res).fields[kc.res.Index]
		delete(kc.byIndex[value], ev.prev.key)
		if len(kc.byIndex[value]) == 0 {
			delete(kc.byIndex, value)
		}
	}
	if !ev.deleted {
		kc.addToIndex(ev.next)
	}
}

func (kc *kindCache) addToIndex(e *entry) {
	value := e.attrs(kc.res).fields[kc.res.Index]
	if value == "" {
		return // pods that are on no node: nobody asks for these
	}
	if kc.byIndex[value] == nil {
		kc.byIndex[value] = map[string]*entry{}
	}
	kc.byIndex[value][e.key] = e
}
