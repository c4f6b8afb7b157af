package cel

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// Lists: isSorted, sum, min, max, indexOf, lastIndexOf.
func listFunctions() functions {
	return functions{
		"isSorted": forTypes(comparable, func(name string, t *cel.Type) cel.FunctionOpt {
			return method("list_"+name+"_is_sorted_bool", cel.BoolType, cel.UnaryBinding(isSorted), cel.ListType(t))
		}),
		"sum": forTypes(summable, func(name string, t *cel.Type) cel.FunctionOpt {
			return method(fmt.Sprintf("list_%s_sum_%s", name, name), t, cel.UnaryBinding(sumFrom(zeros[name])), cel.ListType(t))
		}),
		"min": forTypes(comparable, func(name string, t *cel.Type) cel.FunctionOpt {
			return method(fmt.Sprintf("list_%s_min_%s", name, name), t, cel.UnaryBinding(extreme("min", types.IntOne)), cel.ListType(t))
		}),
		"max": forTypes(comparable, func(name string, t *cel.Type) cel.FunctionOpt {
			return method(fmt.Sprintf("list_%s_max_%s", name, name), t, cel.UnaryBinding(extreme("max", types.IntNegOne)), cel.ListType(t))
		}),
		"indexOf": {method("list_a_index_of_int", cel.IntType, cel.BinaryBinding(func(list, item ref.Val) ref.Val {
			return indexOf(list, item, false)
		}), cel.ListType(anyItem), anyItem)},
		"lastIndexOf": {method("list_a_last_index_of_int", cel.IntType, cel.BinaryBinding(func(list, item ref.Val) ref.Val {
			return indexOf(list, item, true)
		}), cel.ListType(anyItem), anyItem)},
	}
}

var anyItem = cel.TypeParamType("A")

type namedType struct {
	name string
	t    *cel.Type
}

var (
	summable   = []namedType{{"int", cel.IntType}, {"uint", cel.UintType}, {"double", cel.DoubleType}, {"duration", cel.DurationType}}
	comparable = append(summable[:len(summable):len(summable)], namedType{"bool", cel.BoolType}, namedType{"timestamp", cel.TimestampType},
		namedType{"string", cel.StringType}, namedType{"bytes", cel.BytesType})
	zeros = map[string]traits.Adder{"int": types.Int(0), "uint": types.Uint(0), "double": types.Double(0), "duration": types.Duration{}}
)

func forTypes(of []namedType, overload func(name string, t *cel.Type) cel.FunctionOpt) []cel.FunctionOpt {
	var overloads []cel.FunctionOpt
	for _, t := range of {
		overloads = append(overloads, overload(t.name, t.t))
	}
	return overloads
}

// eachItem calls f for the items of a list until it returns a value, and returns that.
func eachItem(list ref.Val, f func(item ref.Val) ref.Val) ref.Val {
	iterable, ok := list.(traits.Iterable)
	if !ok {
		return types.MaybeNoSuchOverloadErr(list)
	}
	for it := iterable.Iterator(); it.HasNext() == types.True; {
		if result := f(it.Next()); result != nil {
			return result
		}
	}
	return nil
}

func isSorted(list ref.Val) ref.Val {
	var last traits.Comparer
	result := eachItem(list, func(item ref.Val) ref.Val {
		comparer, ok := item.(traits.Comparer)
		if !ok {
			return types.MaybeNoSuchOverloadErr(item)
		}
		if last != nil && last.Compare(item) == types.IntOne {
			return types.False
		}
		last = comparer
		return nil
	})
	if result == nil {
		return types.True
	}
	return result
}

func sumFrom(zero traits.Adder) func(ref.Val) ref.Val {
	return func(list ref.Val) ref.Val {
		sum := zero
		if problem := eachItem(list, func(item ref.Val) ref.Val {
			next := sum.Add(item)
			adder, ok := next.(traits.Adder)
			if !ok {
				return types.MaybeNoSuchOverloadErr(next)
			}
			sum = adder
			return nil
		}); problem != nil {
			return problem
		}
		return sum.(ref.Val)
	}
}

// extreme finds the item that none other beats; worse is what comparing with a better one gives.
func extreme(name string, worse ref.Val) func(ref.Val) ref.Val {
	return func(list ref.Val) ref.Val {
		var best traits.Comparer
		if problem := eachItem(list, func(item ref.Val) ref.Val {
			comparer, ok := item.(traits.Comparer)
			if !ok {
				return types.MaybeNoSuchOverloadErr(item)
			}
			if best == nil || best.Compare(item) == worse {
				best = comparer
			}
			return nil
		}); problem != nil {
			return problem
		}
		if best == nil {
			return types.NewErr("%s called on empty list", name)
		}
		return best.(ref.Val)
	}
}

func indexOf(list, item ref.Val, last bool) ref.Val {
	lister, ok := list.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(list)
	}
	found := types.Int(-1)
	for i := types.Int(0); i < lister.Size().(types.Int); i++ {
		if lister.Get(i).Equal(item) == types.True {
			found = i
			if !last {
				break
			}
		}
	}
	return found
}
