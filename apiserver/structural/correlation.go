package structural

import (
	"fmt"

	"kubelite/api"
)

// correlation pairs a value with what it was before the update. A mistake in a value that has not changed is not the
// fault of this update. Nil: there is nothing to compare with.
//
// Fields are the same field before and after if they have the same name. Items of lists can be told to be the same only
// where the list has keys.
type correlation struct {
	schema   *Schema
	now, old any
	equal    *bool // set when first asked
	children map[any]*correlation
	root     bool
}

// correlate pairs an object with what it was.
func correlate(s *Schema, now, old any) *correlation {
	return &correlation{schema: s, now: now, old: old, root: true}
}

// unchanged tells whether the value is what it was. It is false of a nil correlation.
func (c *correlation) unchanged() bool {
	if c == nil {
		return false
	}
	if c.equal == nil {
		equal := api.Equal(c.now, c.old)
		c.equal = &equal
	}
	return *c.equal
}

func (c *correlation) remember(at any, child *correlation) *correlation {
	if c.children == nil {
		c.children = map[any]*correlation{}
	}
	c.children[at] = child
	return child
}

// key goes down into a field.
func (c *correlation) key(name string) *correlation {
	if c == nil || c.schema == nil {
		return nil
	}
	if child, ok := c.children[name]; ok {
		return child
	}
	now, isMap := c.now.(map[string]any)
	old, wasMap := c.old.(map[string]any)
	schema := c.schema.child(name)
	if !isMap || !wasMap || schema == nil {
		return nil
	}
	value, has := now[name]
	before, had := old[name]
	if !has || !had {
		return nil
	}
	return c.remember(name, &correlation{schema: schema, now: value, old: before})
}

// index goes down into an item of a list.
func (c *correlation) index(i int) *correlation {
	if c == nil || c.schema == nil || c.schema.listType != "map" {
		return nil
	}
	if child, ok := c.children[i]; ok {
		return child
	}
	now, isList := c.now.([]any)
	old, wasList := c.old.([]any)
	if !isList || !wasList || i >= len(now) {
		return nil
	}
	if before, ok := sameItem(c.schema, now[i], old); ok {
		return c.remember(i, &correlation{schema: c.schema.items, now: now[i], old: before})
	}
	return nil
}

// sameItem finds the item with the same keys in another version of a list.
func sameItem(s *Schema, item any, in []any) (any, bool) {
	key := itemKey(s, item)
	for _, other := range in {
		if itemKey(s, other) == key {
			return other, true
		}
	}
	return nil, false
}

// itemKey tells an item of a list with keys apart from the others.
func itemKey(s *Schema, item any) string {
	fields, _ := item.(map[string]any)
	values := make([]any, len(s.XListMapKeys))
	for i, name := range s.XListMapKeys {
		values[i] = fields[name]
	}
	return fmt.Sprintf("%#v", values)
}
