package cel

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// functions is a library: overloads by function name.
type functions map[string][]cel.FunctionOpt

// library makes functions part of an environment. Its tables are functions themselves, so that only a process that compiles
// expressions makes them.
type library struct{ functions functions }

func (l library) CompileOptions() []cel.EnvOption {
	var options []cel.EnvOption
	for name, overloads := range l.functions {
		options = append(options, cel.Function(name, overloads...))
	}
	return options
}

func (l library) ProgramOptions() []cel.ProgramOption { return nil }

// function and method declare an overload: function(a), or a.method(). The id is the name of the overload, part of
// the language as much as the function's.
func function(id string, result *cel.Type, body cel.OverloadOpt, args ...*cel.Type) cel.FunctionOpt {
	return cel.Overload(id, args, result, body)
}

func method(id string, result *cel.Type, body cel.OverloadOpt, args ...*cel.Type) cel.FunctionOpt {
	return cel.MemberOverload(id, args, result, body)
}

// unary makes a Go function of the Go value in its argument callable. Compiled expressions pass no other type, except
// where a type is only known as the expression runs.
func unary[A any](f func(A) ref.Val) cel.OverloadOpt {
	return cel.UnaryBinding(func(arg ref.Val) ref.Val {
		a, ok := arg.Value().(A)
		if !ok {
			return types.MaybeNoSuchOverloadErr(arg)
		}
		return f(a)
	})
}

// binary is unary for two arguments.
func binary[A, B any](f func(A, B) ref.Val) cel.OverloadOpt {
	return cel.BinaryBinding(func(first, second ref.Val) ref.Val {
		a, ok := first.Value().(A)
		if !ok {
			return types.MaybeNoSuchOverloadErr(first)
		}
		b, ok := second.Value().(B)
		if !ok {
			return types.MaybeNoSuchOverloadErr(second)
		}
		return f(a, b)
	})
}
