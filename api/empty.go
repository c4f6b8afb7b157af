package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// SettleEmpty makes of what is empty in an object what upstream's store makes of it, since it keeps objects as protobuf: of empty lists
// and maps that are shown even then none (an empty Role has rules: null), of null in a map of bytes no bytes.
func SettleEmpty(obj Object) {
	if settle := emptyPlanOf(reflect.TypeOf(obj)); settle != nil {
		settle(reflect.ValueOf(obj))
	}
}

// emptyPlans has for each type the function that settles a value of it; nil if there can be nothing to settle.
var emptyPlans sync.Map // reflect.Type -> func(reflect.Value)

func emptyPlanOf(t reflect.Type) func(reflect.Value) {
	if plan, ok := emptyPlans.Load(t); ok {
		return plan.(func(reflect.Value))
	}
	plan := buildEmptyPlan(t, map[reflect.Type]bool{})
	emptyPlans.Store(t, plan)
	return plan
}

// buildEmptyPlan is called with the types that it is about already: one that holds itself is looked at once.
func buildEmptyPlan(t reflect.Type, within map[reflect.Type]bool) func(reflect.Value) {
	if within[t] || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]()) {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		if settle := buildEmptyPlan(t.Elem(), within); settle != nil {
			return func(v reflect.Value) {
				if !v.IsNil() {
					settle(v.Elem())
				}
			}
		}
	case reflect.Slice:
		if settle := buildEmptyPlan(t.Elem(), within); settle != nil {
			return func(v reflect.Value) {
				for i := range v.Len() {
					settle(v.Index(i))
				}
			}
		}
	case reflect.Map:
		if t == reflect.TypeFor[map[string][]byte]() {
			return fillNulls
		}
	case reflect.Struct:
		within[t] = true
		defer delete(within, t)
		return buildEmptyStruct(t, within)
	}
	return nil
}

func fillNulls(v reflect.Value) {
	data := v.Interface().(map[string][]byte)
	for key, value := range data {
		if value == nil {
			data[key] = []byte{}
		}
	}
}

func buildEmptyStruct(t reflect.Type, within map[reflect.Type]bool) func(reflect.Value) {
	type field struct {
		index  int
		always bool // shown even if it is empty
		settle func(reflect.Value)
	}
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		list := f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map
		always := list && !strings.Contains(f.Tag.Get("json"), ",omit")
		if settle := buildEmptyPlan(f.Type, within); settle != nil || always {
			fields = append(fields, field{i, always, settle})
		}
	}
	if fields == nil {
		return nil
	}
	return func(v reflect.Value) {
		for _, f := range fields {
			in := v.Field(f.index)
			switch {
			case f.always && in.Len() == 0:
				in.SetZero()
			case f.settle != nil:
				f.settle(in)
			}
		}
	}
}

// DropNulls takes the fields that are null out of an object, and out of all that is in it.
func DropNulls(object map[string]any) {
	for name, value := range object {
		if value == nil {
			delete(object, name)
		} else {
			dropNullsIn(value)
		}
	}
}

func dropNullsIn(value any) {
	switch v := value.(type) {
	case map[string]any:
		DropNulls(v)
	case []any:
		for _, item := range v {
			dropNullsIn(item)
		}
	}
}
