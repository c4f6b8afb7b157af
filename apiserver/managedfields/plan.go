package managedfields

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"kubelite/api"
)

// Every write asks which fields it changed. The general answer takes both objects apart into maps; this one compares the
// Go values as they are, by a plan that is made once for each type.

// A plan knows how to compare two values of a type.
type plan struct {
	form   form
	equal  func(a, b reflect.Value) bool // of leaves
	fields []planField                   // of structures, sorted
	elem   *plan                         // of mappings and lists
	keys   []planField                   // of a list map's elements, sorted
}

type form int

const (
	leaf form = iota
	structure
	mapping
	listSet
	listMap
)

type planField struct {
	node    string // f:name
	name    string
	index   []int
	plan    *plan
	omit    bool // an empty value is not there
	zero    bool // a zero value is not there
	fixed   string
	hasText bool // fixed is the value where it is left out
}

// delta is what happened at one place of an object: to the value itself, and below it.
type delta struct {
	set, gone        bool // it appeared or is another value now; it is there no more
	changed, removed set  // below
}

// operand is a value on one side: not there, null (there, without v) or v.
type operand struct {
	v     reflect.Value
	there bool
}

// comparison holds the nodes of a comparison that is under way. What is found at one level is put on a stack, and cut off
// the slab when the level is complete: a new object has some fifty nodes at a dozen levels, and a slice that grows for
// each would be most of the work.
type comparison struct {
	changed, removed []node // stacks
	slab             []node
}

const slabNodes = 64

// take makes a set of what is on a stack above a mark.
func (c *comparison) take(stack *[]node, mark int) set {
	found := (*stack)[mark:]
	*stack = (*stack)[:mark]
	if len(found) == 0 {
		return nil
	}
	if cap(c.slab)-len(c.slab) < len(found) {
		c.slab = make([]node, 0, max(slabNodes, len(found)))
	}
	start := len(c.slab)
	c.slab = append(c.slab, found...)
	return c.slab[start:len(c.slab):len(c.slab)]
}

// level is one level of a comparison: where it begins on the stacks.
type level struct {
	*comparison
	changedFrom, removedFrom int
}

func (c *comparison) level() level { return level{c, len(c.changed), len(c.removed)} }

// end is what was found at the level.
func (l level) end() (d delta) {
	d.changed = l.take(&l.changed, l.changedFrom)
	d.removed = l.take(&l.removed, l.removedFrom)
	return d
}

// compare finds what differs.
func (p *plan) compare(c *comparison, old, obj operand) (d delta) {
	switch p.form {
	case leaf:
		return p.compareLeaf(old, obj)
	case structure:
		return p.compareStruct(c, old, obj)
	}
	if length(old) == 0 && length(obj) == 0 {
		return compareEmpty(old, obj)
	}
	if old.v.IsValid() && obj.v.IsValid() && api.EqualValues(old.v, obj.v) {
		return delta{}
	}
	switch p.form {
	case mapping:
		d = p.compareMap(c, old, obj)
	default:
		d = p.compareList(c, old, obj)
	}
	d.set, d.gone = !old.there, !obj.there
	return d
}

func length(o operand) int {
	if !o.v.IsValid() {
		return 0
	}
	return o.v.Len()
}

// compareEmpty is for values that are empty on both sides, or not there: they have no parts that could have owners.
func compareEmpty(old, obj operand) delta {
	switch {
	case !old.there || !obj.there:
		return delta{set: obj.there, gone: old.there}
	}
	return delta{set: old.v.IsValid() != obj.v.IsValid()}
}

func (p *plan) compareLeaf(old, obj operand) delta {
	switch {
	case !old.there || !obj.there:
		return delta{set: obj.there, gone: old.there}
	case old.v.IsValid() && obj.v.IsValid():
		return delta{set: !p.equal(old.v, obj.v)}
	}
	return delta{set: old.v.IsValid() != obj.v.IsValid()}
}

func (p *plan) compareStruct(c *comparison, old, obj operand) delta {
	empty, level := true, c.level()
	for i := range p.fields {
		f := &p.fields[i]
		a, b := f.of(old), f.of(obj)
		if a.there || b.there {
			empty = false
			level.add(f.node, f.plan.compare(c, a, b))
		}
	}
	if empty {
		return compareEmpty(old, obj)
	}
	d := level.end()
	d.set, d.gone = !old.there, !obj.there
	return d
}

// add notes what happened to a part.
func (c *comparison) add(name string, part delta) {
	if part.set || len(part.changed) > 0 {
		c.changed = append(c.changed, node{name, part.set, part.changed})
	}
	if part.gone || len(part.removed) > 0 {
		c.removed = append(c.removed, node{name, part.gone, part.removed})
	}
}

// sort puts the parts in order, where they did not come in order.
func (d *delta) sort() {
	byName := func(a, b node) int { return compareNames(a.name, b.name) }
	slices.SortFunc(d.changed, byName)
	slices.SortFunc(d.removed, byName)
}

// of reads the field of a struct.
func (f *planField) of(o operand) operand {
	if !o.v.IsValid() {
		return operand{}
	}
	v := o.v
	for _, i := range f.index {
		v = v.Field(i)
	}
	if f.zero && v.IsZero() {
		return operand{}
	}
	return f.value(v)
}

// value tells whether the JSON of a value would be there, null, or something.
func (f *planField) value(v reflect.Value) operand {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return operand{there: !f.omit}
		}
		if v.Kind() == reflect.Pointer {
			return operand{v.Elem(), true}
		}
	case reflect.Slice, reflect.Map:
		if f.omit && v.Len() == 0 {
			return operand{}
		}
		if v.IsNil() {
			return operand{there: true}
		}
	case reflect.Struct:
	default:
		if f.omit && v.IsZero() {
			return operand{}
		}
	}
	return operand{v, true}
}

var elements = planField{} // how a value in a map or list is read: it is always there

func (p *plan) compareMap(c *comparison, old, obj operand) delta {
	level := c.level()
	if old.v.IsValid() {
		for iter := old.v.MapRange(); iter.Next(); {
			var after operand
			if obj.v.IsValid() {
				if v := obj.v.MapIndex(iter.Key()); v.IsValid() {
					after = elements.value(v)
				}
			}
			if part := p.elem.compare(c, elements.value(iter.Value()), after); part.happened() {
				level.add(fieldName(iter.Key().String()), part)
			}
		}
	}
	if obj.v.IsValid() {
		for iter := obj.v.MapRange(); iter.Next(); {
			if old.v.IsValid() && old.v.MapIndex(iter.Key()).IsValid() {
				continue
			}
			level.add(fieldName(iter.Key().String()), p.elem.compare(c, operand{}, elements.value(iter.Value())))
		}
	}
	d := level.end()
	d.sort()
	return d
}

func (d *delta) happened() bool {
	return d.set || d.gone || len(d.changed) > 0 || len(d.removed) > 0
}

// item is an element of a list on both sides. An element that is there several times cannot be told apart: such a group
// is compared as one value.
type item struct {
	name     string
	old, obj []reflect.Value
}

func (p *plan) compareList(c *comparison, old, obj operand) delta {
	var items []item
	index := map[string]int{}
	add := func(o operand, side func(*item) *[]reflect.Value) {
		for i := range length(o) {
			v := o.v.Index(i)
			name, ok := p.nameOf(v)
			if !ok {
				continue // an element without any of its keys: nobody can own it
			}
			at, known := index[name]
			if !known {
				at = len(items)
				index[name] = at
				items = append(items, item{name: name})
			}
			values := side(&items[at])
			*values = append(*values, v)
		}
	}
	add(old, func(it *item) *[]reflect.Value { return &it.old })
	add(obj, func(it *item) *[]reflect.Value { return &it.obj })
	level := c.level()
	for _, it := range items {
		if part := p.compareItem(c, it); part.happened() {
			level.add(it.name, part)
		}
	}
	d := level.end()
	d.sort()
	return d
}

func (p *plan) compareItem(c *comparison, it item) (d delta) {
	one := func(values []reflect.Value) operand {
		if len(values) == 1 {
			return elements.value(values[0])
		}
		return operand{}
	}
	switch {
	case len(it.old) <= 1 && len(it.obj) <= 1:
		return p.elem.compare(c, one(it.old), one(it.obj))
	case len(it.old) > 1 && len(it.obj) > 1:
		same := slices.EqualFunc(it.old, it.obj, api.EqualValues)
		return delta{set: !same}
	}
	// Of many one is left, or of one many have come: the one has changed, and so has the group.
	d = p.elem.compare(c, one(it.old), one(it.obj))
	d.set, d.gone = d.set || len(it.obj) > 1, d.gone || len(it.old) > 1
	return d
}

// nameOf is the node of a list's element: k:{"name":"web"} or v:"x".
func (p *plan) nameOf(v reflect.Value) (string, bool) {
	b := make([]byte, 0, 64)
	if p.form == listSet {
		b = appendKeyValue(append(b, "v:"...), elements.value(v).v)
		return string(b), true
	}
	b = append(b, "k:{"...)
	at := elements.value(v)
	for i := range p.keys {
		key := &p.keys[i]
		value := key.of(at)
		if !value.there && !key.hasText {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(append(append(b, `\"`...), key.name...), `\":`...)
		if value.there {
			b = appendKeyValue(b, value.v)
		} else {
			b = append(b, key.fixed...)
		}
	}
	return string(append(b, '}')), b[len(b)-1] != '{'
}

// appendKeyValue writes a simple value as JSON that is itself within a JSON string.
func appendKeyValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		return appendKeyText(b, v.String())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Invalid:
		return append(b, "null"...)
	}
	text, _ := api.MarshalJSON(v.Interface()) // what has no JSON could not have been read
	return appendEscaped(b, string(text))
}

func appendKeyText(b []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || strings.IndexByte(`"\<>&`, c) >= 0 {
			inner, _ := json.Marshal(text) // a string always has JSON
			return appendEscaped(b, string(inner))
		}
	}
	b = append(b, `\"`...)
	b = append(b, text...)
	return append(b, `\"`...)
}

// planKey is what a plan depends on.
type planKey struct {
	t    reflect.Type
	rule mergeRule
}

// The fields of every object that no manager owns, because the server sets them or they cannot change.
var (
	unownedFields   = strings.Fields("apiVersion kind")
	unownedMetadata = strings.Fields("name namespace creationTimestamp selfLink uid generation managedFields resourceVersion")
)

// planOf makes the plan of a kind's Go type.
func planOf(t reflect.Type) *plan {
	known := map[planKey]*plan{}
	root := *buildPlan(t, mergeRule{}, known)
	root.fields = slices.Clone(root.fields)
	for i := range root.fields {
		if f := &root.fields[i]; f.name == "metadata" {
			metadata := *f.plan
			metadata.fields = dropFields(slices.Clone(metadata.fields), unownedMetadata)
			f.plan = &metadata
		}
	}
	root.fields = dropFields(root.fields, unownedFields)
	return &root
}

func dropFields(fields []planField, names []string) []planField {
	return slices.DeleteFunc(fields, func(f planField) bool { return slices.Contains(names, f.name) })
}

func buildPlan(t reflect.Type, rule mergeRule, known map[planKey]*plan) *plan {
	if t.Kind() == reflect.Pointer {
		return buildPlan(t.Elem(), rule, known)
	}
	key := planKey{t, rule}
	if p := known[key]; p != nil {
		return p
	}
	p := &plan{}
	known[key] = p
	switch {
	case special(t) != isOrdinary || rule.atomic || t.Kind() == reflect.Struct && api.IsAtomicStruct(t) && !rule.granular:
		p.equal = api.EqualValues
	case t.Kind() == reflect.Struct:
		p.form = structure
		for _, f := range fieldsOf(t) {
			p.fields = append(p.fields, planField{node: fieldName(f.name), name: f.name, index: f.index, omit: f.omit, zero: f.omitZero,
				plan: buildPlan(f.field.Type, f.rule, known)})
		}
		slices.SortFunc(p.fields, func(a, b planField) int { return strings.Compare(a.node, b.node) })
	case t.Kind() == reflect.Map:
		p.form, p.elem = mapping, buildPlan(t.Elem(), mergeRule{}, known)
	case t.Kind() == reflect.Slice && rule.list == ListSet:
		p.form, p.elem = listSet, buildPlan(t.Elem(), mergeRule{}, known)
	case t.Kind() == reflect.Slice && rule.list == ListMap:
		p.form, p.elem = listMap, buildPlan(t.Elem(), mergeRule{}, known)
		p.keys = keyFields(t.Elem(), rule.keyNames())
	default:
		p.equal = equalOf(t)
	}
	return p
}

// equalOf compares leaves.
func equalOf(t reflect.Type) func(a, b reflect.Value) bool {
	switch t.Kind() {
	case reflect.String:
		return func(a, b reflect.Value) bool { return a.String() == b.String() }
	case reflect.Int, reflect.Int32, reflect.Int64:
		return func(a, b reflect.Value) bool { return a.Int() == b.Int() }
	case reflect.Bool:
		return func(a, b reflect.Value) bool { return a.Bool() == b.Bool() }
	}
	return api.EqualValues
}

// keyFields are the fields that name a list's elements, sorted by name.
func keyFields(t reflect.Type, names []string) (keys []planField) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for _, f := range fieldsOf(t) {
		if !slices.Contains(names, f.name) {
			continue
		}
		key := planField{name: f.name, index: f.index, omit: f.omit}
		if value := api.FieldDefault(t, f.name); value != nil {
			key.fixed, key.hasText = string(appendKeyValue(nil, reflect.ValueOf(value))), true
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b planField) int { return strings.Compare(a.name, b.name) })
	return keys
}
