package lab

import (
	"context"
	"fmt"

	"kubelite/apiserver/cel"
)

// Outcome is what all checks together have to say.
type Outcome struct {
	Results []Result
	// Hint fits what is there, "" if none does or all is well.
	Hint string
	// Missed says that for some time nobody looked, and that the server has forgotten what happened then.
	Missed bool
}

// Result is what one check has to say.
type Result struct {
	Passed  bool
	Message string // what must hold
	Found   string // what is there instead, "" where the check does not say
}

// Solved tells whether all checks have passed.
func (o *Outcome) Solved() bool {
	for _, r := range o.Results {
		if !r.Passed {
			return false
		}
	}
	return true
}

// evaluate runs the checks, and finds the hint, over what has happened.
func (s *Session) evaluate(ctx context.Context, h *history) *Outcome {
	variables := s.variables(ctx, h)
	outcome := &Outcome{Missed: h.seen.Missed}
	past := ""
	for i := range s.Lab.Checks {
		check := &s.Lab.Checks[i]
		passed, err := holds(ctx, check.expression, variables)
		result := Result{Passed: passed, Message: check.Message}
		switch {
		case err != nil:
			result.Found = fmt.Sprintf("cannot be told: %v", err)
		case !passed && check.found != nil:
			result.Found = text(ctx, check.found, variables)
		}
		if err == nil {
			result = h.seen.keep(check, result)
		}
		if passed && !result.Passed {
			past = fmt.Sprintf("This was not so at a moment that is long past, and what has happened stays so: %s. kubelite lab reset begins again.", check.Message)
		}
		outcome.Results = append(outcome.Results, result)
	}
	if outcome.Solved() {
		return outcome
	}
	if past != "" {
		outcome.Hint = past
		return outcome
	}
	for i := range s.Lab.Hints {
		if fits, err := holds(ctx, s.Lab.Hints[i].when, variables); fits && err == nil {
			outcome.Hint = s.Lab.Hints[i].Text
			break
		}
	}
	return outcome
}

// variables are what expressions know: the objects as they are, by plural, and all moments that led there.
func (s *Session) variables(ctx context.Context, h *history) map[string]any {
	moments := h.moments()
	variables := map[string]any{
		"history": moments, "ns": s.Lab.Namespace(), "authorizer": cel.NewAuthorizer(ctx, &authorizer{client: s.Client}),
	}
	now := moments[len(moments)-1].(map[string]any)
	for _, kind := range s.Lab.kinds {
		variables[kind.Plural] = now[kind.Plural]
	}
	return variables
}

// holds evaluates an expression that says yes or no.
func holds(ctx context.Context, program *cel.Program, variables map[string]any) (bool, error) {
	value, err := program.Eval(ctx, variables, nil)
	if err != nil {
		return false, err
	}
	yes, ok := value.Bool()
	if !ok {
		return false, fmt.Errorf("%s says neither yes nor no", program.Expression())
	}
	return yes, nil
}

// text evaluates an expression that makes a text.
func text(ctx context.Context, program *cel.Program, variables map[string]any) string {
	value, err := program.Eval(ctx, variables, nil)
	if err != nil {
		return fmt.Sprintf("cannot be told: %v", err)
	}
	found, _ := value.Text()
	return found
}
