package api

import (
	"reflect"
	"slices"
)

// IsAtomicStruct tells whether server-side apply takes a struct as one value, with one owner.
func IsAtomicStruct(t reflect.Type) bool { return slices.Contains(atomicStructs, goName(t)) }

// FieldDefault is the default that the schema of a struct promises for a field, nil if it promises none. Most defaults are
// not part of the schema.
func FieldDefault(t reflect.Type, name string) any { return fieldDefaults[goName(t)+"."+name] }
