package api

import (
	"bytes"
	"reflect"
)

// Equal compares two API values by meaning: an empty list or map is as good as none, quantities and times compare by
// value, however they are written.
func Equal(a, b any) bool {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if !va.IsValid() || !vb.IsValid() {
		return va.IsValid() == vb.IsValid()
	}
	return va.Type() == vb.Type() && EqualValues(va, vb)
}

var (
	quantityType  = reflect.TypeFor[Quantity]()
	timeType      = reflect.TypeFor[Time]()
	microTimeType = reflect.TypeFor[MicroTime]()
)

// EqualValues is Equal for two reflected values of the same type.
func EqualValues(a, b reflect.Value) bool {
	switch a.Type() {
	case quantityType:
		return a.Interface().(Quantity).Cmp(b.Interface().(Quantity)) == 0
	case timeType:
		return a.Interface().(Time).Equal(b.Interface().(Time).Time)
	case microTimeType:
		return a.Interface().(MicroTime).Equal(b.Interface().(MicroTime).Time)
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if !EqualValues(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return a.Pointer() == b.Pointer() || EqualValues(a.Elem(), b.Elem())
	case reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return a.Elem().Type() == b.Elem().Type() && EqualValues(a.Elem(), b.Elem())
	case reflect.Slice:
		return equalSlices(a, b)
	case reflect.Map:
		return equalMaps(a, b)
	}
	return a.Equal(b)
}

func equalSlices(a, b reflect.Value) bool {
	if a.Len() != b.Len() {
		return false
	}
	if a.Type().Elem().Kind() == reflect.Uint8 {
		return bytes.Equal(a.Bytes(), b.Bytes())
	}
	for i := range a.Len() {
		if !EqualValues(a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}

func equalMaps(a, b reflect.Value) bool {
	if a.Len() != b.Len() {
		return false
	}
	for iter := a.MapRange(); iter.Next(); {
		other := b.MapIndex(iter.Key())
		if !other.IsValid() || !EqualValues(iter.Value(), other) {
			return false
		}
	}
	return true
}
