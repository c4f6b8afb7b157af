package api

import (
	"reflect"
	"sync"
)

// DeepCopy returns a copy that shares nothing with v that could change. Objects from an informer's cache are shared
// by every reader: copy one before changing it.
func DeepCopy[T any](v T) T {
	value := reflect.ValueOf(&v).Elem()
	if plan := copyPlanOf(value.Type()); plan.unshare != nil {
		plan.unshare(value)
	}
	return v
}

// copyPlan says how to turn a shallow copy of a type into a deep one. Working that out costs more than copying, so it
// is done once for each type.
type copyPlan struct {
	// unshare replaces what the addressable value points to by copies. Nil where a shallow copy is a deep one.
	unshare func(v reflect.Value)
}

var copyPlans sync.Map // reflect.Type -> *copyPlan

func copyPlanOf(t reflect.Type) *copyPlan {
	if plan, ok := copyPlans.Load(t); ok {
		return plan.(*copyPlan)
	}
	// Plans of types that hold themselves refer to plans that are not finished. So nothing is published before all
	// of it is done; two goroutines that build the same plan do no harm.
	building := map[reflect.Type]*copyPlan{}
	plan := buildCopyPlan(t, building)
	for t, p := range building {
		copyPlans.LoadOrStore(t, p)
	}
	return plan
}

func buildCopyPlan(t reflect.Type, building map[reflect.Type]*copyPlan) *copyPlan {
	if plan, ok := copyPlans.Load(t); ok {
		return plan.(*copyPlan)
	}
	if plan, ok := building[t]; ok {
		return plan
	}
	plan := &copyPlan{}
	building[t] = plan
	switch {
	case t == reflect.TypeFor[Quantity]() || t == reflect.TypeFor[Time]() || t == reflect.TypeFor[MicroTime]():
		// These never change in place, whatever pointers they hold.
	case t == reflect.TypeFor[map[string]string]():
		plan.unshare = copyStringMap // labels and annotations: worth a path without reflection
	case t == reflect.TypeFor[map[string]any]():
		plan.unshare = unshareJSONMap
	case t.Kind() == reflect.Pointer:
		plan.unshare = copyPointer(t, buildCopyPlan(t.Elem(), building))
	case t.Kind() == reflect.Slice:
		plan.unshare = copySlice(t, buildCopyPlan(t.Elem(), building))
	case t.Kind() == reflect.Map:
		plan.unshare = copyMap(t, buildCopyPlan(t.Elem(), building))
	case t.Kind() == reflect.Interface:
		plan.unshare = copyInterface
	case t.Kind() == reflect.Struct:
		plan.unshare = copyStruct(t, building)
	}
	return plan
}

func copyStringMap(v reflect.Value) {
	m := v.Addr().Interface().(*map[string]string)
	if *m == nil {
		return
	}
	c := make(map[string]string, len(*m))
	for key, value := range *m {
		c[key] = value
	}
	*m = c
}

func copyPointer(t reflect.Type, elem *copyPlan) func(reflect.Value) {
	return func(v reflect.Value) {
		if v.IsNil() {
			return
		}
		c := reflect.New(t.Elem())
		c.Elem().Set(v.Elem())
		if elem.unshare != nil {
			elem.unshare(c.Elem())
		}
		v.Set(c)
	}
}

func copySlice(t reflect.Type, elem *copyPlan) func(reflect.Value) {
	return func(v reflect.Value) {
		if v.IsNil() {
			return
		}
		c := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(c, v)
		if elem.unshare != nil {
			for i := range c.Len() {
				elem.unshare(c.Index(i))
			}
		}
		v.Set(c)
	}
}

func copyMap(t reflect.Type, elem *copyPlan) func(reflect.Value) {
	return func(v reflect.Value) {
		if v.IsNil() {
			return
		}
		c := reflect.MakeMapWithSize(t, v.Len())
		value := reflect.New(t.Elem()).Elem()
		for iter := v.MapRange(); iter.Next(); {
			value.Set(iter.Value())
			if elem.unshare != nil {
				elem.unshare(value)
			}
			c.SetMapIndex(iter.Key(), value)
		}
		v.Set(c)
	}
}

// copyInterface copies by the type that the interface holds: untyped JSON, an object behind a Go interface.
func copyInterface(v reflect.Value) {
	if v.IsNil() {
		return
	}
	plan := copyPlanOf(v.Elem().Type())
	if plan.unshare == nil {
		return
	}
	c := reflect.New(v.Elem().Type()).Elem()
	c.Set(v.Elem())
	plan.unshare(c)
	v.Set(c)
}

// copyStruct visits only the fields that need it.
func copyStruct(t reflect.Type, building map[reflect.Type]*copyPlan) func(reflect.Value) {
	type field struct {
		index   int
		unshare func(reflect.Value)
	}
	var fields []field
	for i := range t.NumField() {
		// A struct cannot hold itself by value, so this field's plan is complete already.
		if plan := buildCopyPlan(t.Field(i).Type, building); plan.unshare != nil && t.Field(i).IsExported() {
			fields = append(fields, field{i, plan.unshare})
		}
	}
	if fields == nil {
		return nil
	}
	return func(v reflect.Value) {
		for _, f := range fields {
			f.unshare(v.Field(f.index))
		}
	}
}
