// Package cel is the expression language of the API: the rules of custom resources (x-kubernetes-validations), the match
// conditions of webhooks, the expressions of admission policies and the selectors of devices all compile and run here.
//
//	Base().With(Variable{"object", Dynamic})  an Env: which variables there are, and what the checker knows of them
//	env.Compile("object.spec.replicas > 1")   a Program, or everything that is wrong with the text
//	program.Eval(ctx, variables, budget)      a Value; what it cost is taken from the budget
//
// Variables are JSON data (map[string]any, []any, string, int64, float64, bool, nil), Values of other expressions, Lazy
// maps, or an authorizer (NewAuthorizer). A variable of type Dynamic is checked as it runs; one of a Type made from a
// schema is checked when the expression is compiled, and its cost has an upper bound (Program.MaxCost).
//
// It must not know what expressions are for: no schemas, no requests, no objects. Who is allowed what it asks through
// the interface Authorizer.
//
// Start reading at Base in env.go, then (*Env).Compile, then (*Program).Eval; the functions that Kubernetes adds to the
// language are in library_*.go, what they cost in cost.go, how JSON data looks to an expression in value.go.
//
// Real Kubernetes: k8s.io/apiserver/pkg/cel (environment/base.go, library, common), and cel-go for the language itself.
package cel
