package cel

import (
	"regexp"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// Regular expressions: find, findAll. (matches is part of the language.)
func regexFunctions() functions {
	return functions{
		"find": {method("string_find_string", cel.StringType, cel.FunctionBinding(compiling(find)), cel.StringType, cel.StringType)},
		"findAll": {
			method("string_find_all_string", cel.ListType(cel.StringType), cel.FunctionBinding(compiling(findAll)), cel.StringType, cel.StringType),
			method("string_find_all_string_int", cel.ListType(cel.StringType), cel.FunctionBinding(compiling(findAll)), cel.StringType, cel.StringType, cel.IntType),
		},
	}
}

// A pattern that is written in the expression is compiled once, with it.
var (
	findOptimization    = optimized("find", find)
	findAllOptimization = optimized("findAll", findAll)
)

func find(re *regexp.Regexp, args []ref.Val) ref.Val {
	text, ok := args[0].Value().(string)
	if !ok {
		return types.MaybeNoSuchOverloadErr(args[0])
	}
	return types.String(re.FindString(text))
}

func findAll(re *regexp.Regexp, args []ref.Val) ref.Val {
	text, ok := args[0].Value().(string)
	if !ok {
		return types.MaybeNoSuchOverloadErr(args[0])
	}
	limit := int64(-1)
	if len(args) == 3 {
		if limit, ok = args[2].Value().(int64); !ok {
			return types.MaybeNoSuchOverloadErr(args[2])
		}
	}
	return types.NewStringList(types.DefaultTypeAdapter, re.FindAllString(text, int(limit)))
}

// compiling compiles the second argument at each call.
func compiling(f func(re *regexp.Regexp, args []ref.Val) ref.Val) func(args ...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val {
		pattern, ok := args[1].Value().(string)
		if !ok {
			return types.MaybeNoSuchOverloadErr(args[1])
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			return types.NewErr("Illegal regex: %v", err.Error())
		}
		return f(re, args)
	}
}

func optimized(function string, f func(re *regexp.Regexp, args []ref.Val) ref.Val) *interpreter.RegexOptimization {
	return &interpreter.RegexOptimization{
		Function: function, RegexIndex: 1,
		Factory: func(call interpreter.InterpretableCall, pattern string) (interpreter.InterpretableCall, error) {
			re, err := regexp.Compile(pattern)
			if err != nil {
				return nil, err
			}
			return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), func(args ...ref.Val) ref.Val {
				return f(re, args)
			}), nil
		},
	}
}
