package cel

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/ext"
	"github.com/google/cel-go/interpreter"
)

// What expressions may cost, in cel-go's units: roughly ten million a second.
const (
	// PerCallLimit is what one evaluation of one expression may cost.
	PerCallLimit = 1_000_000
	// ObjectBudget is what all rules may cost for one custom object, or all expressions of one admission policy.
	ObjectBudget = 10_000_000
	// MatchConditionsBudget is what the match conditions of one webhook, or of one policy, may cost for one request.
	MatchConditionsBudget = 2_500_000
	// MaxMessageSize is how many bytes a message expression may make.
	MaxMessageSize = 5 << 10

	// interruptFrequency is after how many steps of a loop an evaluation looks whether it was cancelled.
	interruptFrequency = 100
)

// Env is what an expression is compiled in: the language with Kubernetes' libraries, and variables. It never changes.
type Env struct {
	env       *cel.Env
	variables map[string]*Type
	limit     uint64 // what one evaluation may cost
}

// Variable declares a name that expressions may use. The name may have dots in it ("authorizer.requestResource").
type Variable struct {
	Name string
	Type *Type
}

// Base is the language without any variable, as expressions of Kubernetes 1.36 have it.
func Base() *Env { return base() }

var base = sync.OnceValue(func() *Env {
	env, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true),
		cel.OptionalTypes(),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals(), cel.ValidateHomogeneousAggregateLiterals()),
		// has() is free, as it was when the first rules were written: their costs must not change.
		cel.CostEstimatorOptions(checker.PresenceTestHasCost(false)),
		ext.Strings(ext.StringsVersion(2)), ext.Sets(), ext.TwoVarComprehensions(), ext.Lists(ext.ListsVersion(3)),
		cel.Lib(library{listFunctions()}), cel.Lib(library{regexFunctions()}), cel.Lib(library{urlFunctions()}),
		cel.Lib(library{quantityFunctions()}), cel.Lib(library{netFunctions()}), cel.Lib(library{semverFunctions()}),
		cel.Lib(library{formatFunctions()}), cel.Lib(library{authorizerFunctions()}),
		cel.Types(ipKind.celType, cidrKind.celType),
	)
	if err != nil {
		panic(fmt.Sprintf("cel: the base environment: %v", err)) // a mistake in one of our tables
	}
	return &Env{env: env, limit: PerCallLimit}
})

// WithLimit is the environment for expressions of people who pay themselves, and may pay more than an API server for strangers.
func (e *Env) WithLimit(limit uint64) *Env {
	return &Env{env: e.env, variables: e.variables, limit: limit}
}

// With is the environment with more variables.
func (e *Env) With(variables ...Variable) (*Env, error) {
	extended := &Env{variables: maps.Clone(e.variables), limit: e.limit}
	if extended.variables == nil {
		extended.variables = map[string]*Type{}
	}
	provider := newTypeProvider(e.env)
	var options []cel.EnvOption
	for _, v := range variables {
		extended.variables[v.Name] = v.Type
		provider.register(v.Type)
		options = append(options, cel.Variable(v.Name, v.Type.celType()))
	}
	options = append(options, cel.CustomTypeProvider(provider), cel.CustomTypeAdapter(provider))
	var err error
	if extended.env, err = e.env.Extend(options...); err != nil {
		return nil, fmt.Errorf("declare variables of an expression: %w", err)
	}
	return extended, nil
}

// Compile checks an expression. The error has every mistake, each with its place in the text, and is worded as
// Kubernetes' are behind "compilation failed: ".
func (e *Env) Compile(expression string) (*Program, error) {
	ast, issues := e.env.Compile(expression)
	if issues != nil && issues.Err() != nil {
		return nil, errors.New(issues.String())
	}
	program, err := e.env.Program(ast,
		cel.EvalOptions(cel.OptOptimize, cel.OptTrackCost),
		cel.OptimizeRegex(findOptimization, findAllOptimization),
		cel.CostLimit(e.limit),
		cel.CostTrackerOptions(interpreter.PresenceTestHasCost(false)),
		cel.CostTracking(costs{}),
		cel.InterruptCheckFrequency(interruptFrequency),
	)
	if err != nil {
		return nil, fmt.Errorf("program instantiation failed: %w", err)
	}
	return &Program{env: e, ast: ast, program: program, expression: expression}, nil
}
