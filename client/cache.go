package client

import (
	"fmt"
	"sync"

	"kubelite/api"
)

// cache is an informer's copy of the objects, by namespace and name, with indexes. Objects in it are shared by all
// readers and never change: an update replaces the pointer.
type cache[T api.Object] struct {
	mu      sync.RWMutex
	objects map[string]map[string]T // by namespace, then name; guarded by mu
	size    int                     // guarded by mu
	indexes map[string]*index[T]    // the map does not change once the informer runs; contents guarded by mu
}

// index finds objects by what fn says of them: the pods of a node, of an owner.
type index[T api.Object] struct {
	fn     func(T) []string
	values map[string]map[api.Key]T
}

func (c *cache[T]) get(key api.Key) (T, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	obj, ok := c.objects[key.Namespace][key.Name]
	return obj, ok
}

func (c *cache[T]) list(namespace string, sel api.Selector) []T {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if sel != nil && sel.Empty() {
		sel = nil
	}
	if namespace != "" {
		return appendMatching(nil, c.objects[namespace], sel)
	}
	all := make([]T, 0, c.size)
	for _, objects := range c.objects {
		all = appendMatching(all, objects, sel)
	}
	return all
}

func (c *cache[T]) len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.size
}

func appendMatching[T api.Object](to []T, objects map[string]T, sel api.Selector) []T {
	for _, obj := range objects {
		if sel == nil || sel.Matches(obj.GetObjectMeta().Labels) {
			to = append(to, obj)
		}
	}
	return to
}

func (c *cache[T]) byIndex(name, value string) []T {
	c.mu.RLock()
	defer c.mu.RUnlock()
	idx, ok := c.indexes[name]
	if !ok {
		panic(fmt.Sprintf("client: no index %q: AddIndex comes before ByIndex", name))
	}
	objects := make([]T, 0, len(idx.values[value]))
	for _, obj := range idx.values[value] {
		objects = append(objects, obj)
	}
	return objects
}

// keys lists what is cached, for the comparison with a fresh list.
func (c *cache[T]) keys() map[api.Key]struct{} {
	c.mu.RLock()
	defer c.mu.RUnlock()
	keys := make(map[api.Key]struct{}, c.size)
	for namespace, objects := range c.objects {
		for name := range objects {
			keys[api.Key{Namespace: namespace, Name: name}] = struct{}{}
		}
	}
	return keys
}

// put stores an object and returns the one it replaces.
func (c *cache[T]) put(obj T) (old T, existed bool) {
	key := obj.GetObjectMeta().Key()
	c.mu.Lock()
	defer c.mu.Unlock()
	objects := c.objects[key.Namespace]
	if objects == nil {
		objects = map[string]T{}
		c.objects[key.Namespace] = objects
	}
	old, existed = objects[key.Name]
	objects[key.Name] = obj
	if !existed {
		c.size++
	}
	for _, idx := range c.indexes {
		if existed {
			idx.remove(key, old)
		}
		idx.add(key, obj)
	}
	return old, existed
}

// remove takes an object out and returns it.
func (c *cache[T]) remove(key api.Key) (old T, existed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	objects := c.objects[key.Namespace]
	if old, existed = objects[key.Name]; !existed {
		return old, false
	}
	delete(objects, key.Name)
	if len(objects) == 0 {
		delete(c.objects, key.Namespace)
	}
	c.size--
	for _, idx := range c.indexes {
		idx.remove(key, old)
	}
	return old, true
}

func (idx *index[T]) add(key api.Key, obj T) {
	for _, value := range idx.fn(obj) {
		objects := idx.values[value]
		if objects == nil {
			objects = map[api.Key]T{}
			idx.values[value] = objects
		}
		objects[key] = obj
	}
}

func (idx *index[T]) remove(key api.Key, obj T) {
	for _, value := range idx.fn(obj) {
		objects := idx.values[value]
		delete(objects, key)
		if len(objects) == 0 {
			delete(idx.values, value)
		}
	}
}
