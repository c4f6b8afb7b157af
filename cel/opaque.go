package cel

import (
	"fmt"
	"reflect"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// opaqueKind is a type of values that expressions handle only by functions: a Quantity, a URL, an IP address.
type opaqueKind[T any] struct {
	celType *cel.Type
	equal   func(a, b T) bool
	// text is what string(v) gives, and size how many bytes estimates count. Nil: no such conversion, and no size.
	text func(v T) string
	size func(v T) int
}

// of makes a value.
func (k *opaqueKind[T]) of(v T) ref.Val {
	o := opaque[T]{v, k}
	if k.size != nil {
		return sizedOpaque[T]{o}
	}
	return o
}

type opaque[T any] struct {
	value T
	kind  *opaqueKind[T]
}

func (o opaque[T]) Type() ref.Type { return o.kind.celType }
func (o opaque[T]) Value() any     { return o.value }

func (o opaque[T]) Equal(other ref.Val) ref.Val {
	v, ok := other.Value().(T)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	return types.Bool(o.kind.equal(o.value, v))
}

func (o opaque[T]) ConvertToNative(to reflect.Type) (any, error) {
	if reflect.TypeFor[T]().AssignableTo(to) {
		return o.value, nil
	}
	if o.kind.text != nil && to.Kind() == reflect.String {
		return o.kind.text(o.value), nil
	}
	return nil, fmt.Errorf("type conversion error from '%s' to '%v'", o.kind.celType, to)
}

func (o opaque[T]) ConvertToType(to ref.Type) ref.Val {
	switch {
	case to == types.StringType && o.kind.text != nil:
		return types.String(o.kind.text(o.value))
	case to == types.TypeType:
		return o.kind.celType
	case to.TypeName() == o.kind.celType.TypeName():
		return o
	}
	return types.NewErr("type conversion error from '%s' to '%s'", o.kind.celType, to)
}

func (o opaque[T]) constantCost() {}

// sizedOpaque is an opaque value with a size.
type sizedOpaque[T any] struct{ opaque[T] }

func (o sizedOpaque[T]) Size() ref.Val { return types.Int(o.kind.size(o.value)) }
