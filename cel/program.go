package cel

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// Program is a compiled expression. Any number of goroutines may evaluate it at once.
type Program struct {
	env        *Env
	ast        *cel.Ast
	program    cel.Program
	expression string
}

// Expression is the text that was compiled.
func (p *Program) Expression() string { return p.expression }

// Output is the type of the result, as far as it is known before evaluation.
func (p *Program) Output() *Type { return &Type{Kind: known, known: p.ast.OutputType()} }

// Is tells whether the result is surely of one of these types. Dynamic is met by an expression whose type is not known.
func (p *Program) Is(wanted ...*Type) bool {
	for _, t := range wanted {
		if p.ast.OutputType().IsExactType(t.celType()) {
			return true
		}
	}
	return false
}

// Uses tells whether the expression refers to a variable.
func (p *Program) Uses(variable string) bool {
	for _, reference := range p.ast.NativeRep().ReferenceMap() {
		if reference.Name == variable {
			return true
		}
	}
	return false
}

// MaxCost is the most that one evaluation can cost, by the sizes that the types of the variables allow. Without sizes
// the answer is astronomical.
func (p *Program) MaxCost() (uint64, error) {
	estimate, err := p.env.env.EstimateCost(p.ast, costs{variables: p.env.variables})
	if err != nil {
		return 0, fmt.Errorf("cost estimation failed: %w", err)
	}
	return estimate.Max, nil
}

// Budget is what may still be spent. Expressions that belong together share one.
type Budget struct{ left int64 }

// NewBudget is a full one.
func NewBudget(cost int64) *Budget { return &Budget{left: cost} }

// ErrBudget is the error when the budget does not cover what an evaluation cost. Its text is upstream's.
var ErrBudget = errors.New("validation failed due to running out of cost budget, no further validation rules will be run")

// ErrInternal is in the chain of errors that no expression is to blame for.
var ErrInternal = errors.New("internal error")

// Eval evaluates the expression; a declared variable that is missing in variables is an error only if it is used. The
// budget pays, also for an evaluation that fails; when it is spent the error is ErrBudget. A cancelled context ends the
// evaluation.
func (p *Program) Eval(ctx context.Context, variables map[string]any, budget *Budget) (Value, error) {
	result, details, err := p.program.ContextEval(ctx, &activation{types: p.env.variables, values: variables})
	if details == nil || details.ActualCost() == nil {
		return Value{}, fmt.Errorf("runtime cost could not be calculated for expression: %v, no further expression will be run: %w", p.expression, ErrInternal)
	}
	if budget != nil {
		cost := *details.ActualCost()
		if cost > math.MaxInt64 || int64(cost) > budget.left {
			budget.left = -1
			return Value{}, ErrBudget
		}
		budget.left -= int64(cost)
	}
	if err != nil {
		return Value{}, err
	}
	return Value{result}, nil
}

// Spent tells whether nothing is left.
func (b *Budget) Spent() bool { return b.left < 0 }

// activation turns variables into values when the expression first asks.
type activation struct {
	types  map[string]*Type
	values map[string]any
}

func (a *activation) ResolveName(name string) (any, bool) {
	value, ok := a.values[name]
	if !ok {
		return nil, false
	}
	switch value := value.(type) {
	case Value:
		return value.val, true
	case ref.Val:
		return value, true
	}
	return valueOf(value, a.types[name]), true
}

func (a *activation) Parent() interpreter.Activation { return nil }

// Value is the result of an expression.
type Value struct{ val ref.Val }

// Bool tells whether the result is a boolean, and which.
func (v Value) Bool() (value, ok bool) {
	b, ok := v.val.(types.Bool)
	return bool(b), ok
}

// Text tells whether the result is a string, and which.
func (v Value) Text() (value string, ok bool) {
	s, ok := v.val.(types.String)
	return string(s), ok
}

// TypeName is the type of the result.
func (v Value) TypeName() string { return v.val.Type().TypeName() }

// IsNull tells whether the result is null.
func (v Value) IsNull() bool { return v.val == nil || v.val.Type() == types.NullType }

// Some makes the optional value that holds data of a type; None is the empty one.
func Some(data any, t *Type) Value { return Value{types.OptionalOf(valueOf(data, t))} }

// None is the optional value that holds nothing.
func None() Value { return Value{types.OptionalNone} }

// Lazy makes a map whose values are found when an expression first asks for them: the variables of an admission
// policy, each an expression itself. get is called once a key at most, and answers an error that ends the evaluation.
func Lazy(get func(key string) (Value, error)) Value {
	return Value{&lazyMap{get: get, known: map[string]ref.Val{}}}
}
