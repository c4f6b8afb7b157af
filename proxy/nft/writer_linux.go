package nft

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
)

// Writer keeps one table in the kernel as its fragments say. It is safe for concurrent use.
//
// Callers that come while a batch is being written share the next one:
//
//	Set a ──▶ [ batch: a ] ──────────▶ kernel
//	Set b ────────┐
//	Set c ────────┴▶ [ batch: b, c ] ───────▶ kernel
type Writer struct {
	family Family
	name   string

	writing sync.Mutex          // held while a batch goes to the kernel
	applied map[string]Fragment // what the kernel has, by the fragment's id; guarded by writing
	sets    map[string]Set      // the declarations in them; guarded by writing

	mu   sync.Mutex
	open *batch // collects what comes while another is written; guarded by mu
}

// batch is fragments that are written together. Its results are read by those who hold Writer.writing after it was written.
type batch struct {
	fragments map[string]Fragment
	done      bool
	errs      map[string]error
}

func newBatch() *batch { return &batch{fragments: map[string]Fragment{}, errs: map[string]error{}} }

// NewWriter returns a writer for a table, which it does not touch until Rebuild.
func NewWriter(family Family, table string) *Writer {
	return &Writer{family: family, name: table, applied: map[string]Fragment{}, open: newBatch()}
}

// Set replaces a fragment, the zero Fragment removes it, and returns when the kernel goes by it. If it fails, for it contradicts
// another fragment, say, what the kernel has of it stays as it was.
func (w *Writer) Set(id string, f Fragment) error {
	w.mu.Lock()
	mine := w.open
	mine.fragments[id] = f
	w.mu.Unlock()

	w.writing.Lock()
	defer w.writing.Unlock()
	if !mine.done { // nobody has written it while we waited, so we are the one
		w.mu.Lock()
		w.open = newBatch()
		w.mu.Unlock()
		w.writeBatch(mine)
	}
	return mine.errs[id]
}

// writeBatch writes all fragments at once; if that fails, one by one, so that a bad one does not hold up the others.
func (w *Writer) writeBatch(b *batch) {
	b.done = true
	err := w.write(b.fragments)
	if err == nil {
		return
	}
	for id, f := range b.fragments {
		if len(b.fragments) > 1 {
			err = w.write(map[string]Fragment{id: f})
		}
		b.errs[id] = err
	}
}

// Rebuild makes the table anew with these fragments and no others, in one step. Packets never see a table that is half done.
func (w *Writer) Rebuild(fragments map[string]Fragment) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	return w.rebuild(fragments)
}

// Restore makes the table anew as it should be, after somebody else has changed it.
func (w *Writer) Restore() error {
	w.writing.Lock()
	defer w.writing.Unlock()
	return w.rebuild(w.applied)
}

func (w *Writer) rebuild(fragments map[string]Fragment) error {
	before := w.applied
	w.applied = map[string]Fragment{}
	t := w.begin()
	t.batch.AddTable(t.table) // so that there is one to delete
	t.batch.DelTable(t.table)
	t.batch.AddTable(t.table)
	err := w.commit(t, fragments)
	if err != nil {
		w.applied = before
	}
	return err
}

// Remove deletes the table.
func (w *Writer) Remove() error {
	w.writing.Lock()
	defer w.writing.Unlock()
	t := w.begin()
	t.batch.AddTable(t.table)
	t.batch.DelTable(t.table)
	return t.batch.Flush()
}

// Complete tells whether the kernel still has every chain.
func (w *Writer) Complete() (bool, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	t := w.begin()
	chains, err := t.batch.ListChainsOfTableFamily(t.table.Family)
	if err != nil {
		return false, err
	}
	missing := map[string]bool{}
	for _, f := range w.applied {
		for name := range f.Chains {
			missing[name] = true
		}
	}
	for _, chain := range chains {
		if chain.Table.Name == w.name {
			delete(missing, chain.Name)
		}
	}
	return len(missing) == 0, nil
}

func (w *Writer) write(fragments map[string]Fragment) error {
	return w.commit(w.begin(), fragments)
}

// transaction collects the commands of one batch.
type transaction struct {
	encoder
	errs []error
}

// socketBuffer holds the commands of thousands of services, and the kernel's answer to each.
const socketBuffer = 64 << 20

func (w *Writer) begin() *transaction {
	family := nftables.TableFamilyIPv4
	if w.family == Bridge {
		family = nftables.TableFamilyBridge
	}
	batch := &nftables.Conn{}
	nftables.WithSockOptions(
		func(c *netlink.Conn) error { return c.SetReadBuffer(socketBuffer) },
		func(c *netlink.Conn) error { return c.SetWriteBuffer(socketBuffer) },
	)(batch)
	return &transaction{encoder: encoder{batch: batch, table: &nftables.Table{Name: w.name, Family: family}}}
}

// commit sends what leads from the applied fragments to these. The order is what the kernel asks for: nothing is used before
// it is there, and nothing is deleted that is still used.
func (w *Writer) commit(t *transaction, fragments map[string]Fragment) error {
	type change struct{ old, now Fragment }
	changes := make([]change, 0, len(fragments))
	for _, id := range slices.Sorted(maps.Keys(fragments)) {
		changes = append(changes, change{w.applied[id], fragments[id]})
	}
	declared := w.declarations(fragments)
	for _, c := range changes {
		for name, set := range c.now.Sets {
			if set.declared && !c.old.Sets[name].declared {
				t.check(t.batch.AddSet(t.set(name, set), nil))
			}
		}
		for name, chain := range c.now.Chains {
			if _, there := c.old.Chains[name]; !there {
				t.addChain(name, chain)
			}
		}
	}
	for _, c := range changes {
		for name, set := range c.old.Sets {
			t.deleteElements(name, declared[name], without(set.elements, c.now.Sets[name].elements))
		}
	}
	for _, c := range changes {
		for name, chain := range c.now.Chains {
			old, there := c.old.Chains[name]
			if there && sameRules(old, chain) {
				continue
			}
			if there {
				t.batch.FlushChain(&nftables.Chain{Table: t.table, Name: name})
			}
			t.addRules(name, chain)
		}
	}
	for _, c := range changes {
		for name, set := range c.now.Sets {
			t.addElements(name, declared[name], without(set.elements, c.old.Sets[name].elements))
		}
	}
	for _, c := range changes {
		gone := goneKeys(c.old.Chains, c.now.Chains)
		for _, name := range gone { // chains may lead to each other
			t.batch.FlushChain(&nftables.Chain{Table: t.table, Name: name})
		}
		for _, name := range gone {
			t.batch.DelChain(&nftables.Chain{Table: t.table, Name: name})
		}
	}
	for _, c := range changes {
		for _, name := range goneKeys(c.old.Sets, c.now.Sets) {
			if c.old.Sets[name].declared {
				t.batch.DelSet(t.set(name, c.old.Sets[name]))
			}
		}
	}
	if err := errors.Join(t.errs...); err != nil {
		return err
	}
	if err := t.batch.Flush(); err != nil {
		return fmt.Errorf("write the rules of table %s %s: %w", w.family, w.name, err)
	}
	for _, c := range changes {
		for _, name := range goneKeys(c.old.Sets, c.now.Sets) {
			if c.old.Sets[name].declared {
				delete(declared, name)
			}
		}
	}
	for id, f := range fragments {
		if len(f.Chains)+len(f.Sets) == 0 {
			delete(w.applied, id)
			continue
		}
		w.applied[id] = f
	}
	w.sets = declared
	return nil
}

// declarations are all sets that there are before or after a change.
func (w *Writer) declarations(changed map[string]Fragment) map[string]Set {
	all := maps.Clone(w.sets)
	if all == nil {
		all = map[string]Set{}
	}
	for _, f := range changed {
		for name, set := range f.Sets {
			if set.declared {
				all[name] = set
			}
		}
	}
	return all
}

func (t *transaction) check(err error) {
	if err != nil {
		t.errs = append(t.errs, err)
	}
}

func (t *transaction) addChain(name string, chain Chain) {
	c := &nftables.Chain{Table: t.table, Name: name}
	if h := chain.Hook; h != nil {
		c.Type = nftables.ChainType(h.Type)
		c.Priority = nftables.ChainPriorityRef(nftables.ChainPriority(h.Priority))
		c.Hooknum = map[string]*nftables.ChainHook{
			"prerouting": nftables.ChainHookPrerouting, "input": nftables.ChainHookInput, "forward": nftables.ChainHookForward,
			"output": nftables.ChainHookOutput, "postrouting": nftables.ChainHookPostrouting,
		}[h.Name]
	}
	t.batch.AddChain(c)
}

func (t *transaction) addRules(name string, chain Chain) {
	for _, r := range chain.Rules {
		exprs, err := t.rule(r)
		t.check(err)
		t.batch.AddRule(&nftables.Rule{Table: t.table, Chain: &nftables.Chain{Table: t.table, Name: name}, Exprs: exprs})
	}
}

// elementsPerMessage keeps a message below the 64 KiB that a netlink attribute can hold.
const elementsPerMessage = 400

func (t *transaction) addElements(name string, set Set, elements map[element]Verdict) {
	for some := range slices.Chunk(set.encoded(elements), elementsPerMessage) {
		t.check(t.batch.SetAddElements(t.set(name, set), some))
	}
}

func (t *transaction) deleteElements(name string, set Set, elements map[element]Verdict) {
	for some := range slices.Chunk(set.encoded(elements), elementsPerMessage) {
		t.check(t.batch.SetDeleteElements(t.set(name, set), some))
	}
}

// without returns the elements that other lacks or has with another verdict.
func without(elements, other map[element]Verdict) map[element]Verdict {
	rest := map[element]Verdict{}
	for e, does := range elements {
		if same, ok := other[e]; !ok || same != does {
			rest[e] = does
		}
	}
	return rest
}

func goneKeys[T any](old, now map[string]T) []string {
	var gone []string
	for key := range old {
		if _, ok := now[key]; !ok {
			gone = append(gone, key)
		}
	}
	return gone
}

func sameRules(a, b Chain) bool {
	return slices.EqualFunc(a.Rules, b.Rules, func(a, b Rule) bool { return a.String() == b.String() })
}
