package lab

import (
	"context"
	"fmt"
	"maps"

	"kubelite/cel"
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
	// Revision is when what must always hold did not for the first time, 0 if it is not known.
	Revision int64
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
		if check.always != nil {
			outcome.Results = append(outcome.Results, s.always(ctx, check, variables))
			continue
		}
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
	if !outcome.Solved() || s.Lab.Program != nil { // the steps of a trial are not among these checks
		outcome.Hint = s.hint(ctx, outcome, variables, past)
	}
	return outcome
}

// hint is that of the first check that has one and failed, or the first that fits what is there; "" if there is none.
func (s *Session) hint(ctx context.Context, outcome *Outcome, variables map[string]any, past string) string {
	for i, check := range s.Lab.Checks {
		if check.Hint != "" && !outcome.Results[i].Passed {
			return check.Hint
		}
	}
	if past != "" {
		return past
	}
	for i := range s.Lab.Hints {
		if fits, err := holds(ctx, s.Lab.Hints[i].when, variables); fits && err == nil {
			return s.Lab.Hints[i].Text
		}
	}
	return ""
}

// always finds the first moment at which a check that must always hold does not.
func (s *Session) always(ctx context.Context, check *Check, variables map[string]any) Result {
	moments, _ := variables["history"].([]any)
	for i := range moments {
		now, before := moments[i].(map[string]any), moments[max(i-1, 0)].(map[string]any)
		known := maps.Clone(variables)
		maps.Copy(known, now)
		known["before"] = before
		passed, err := holds(ctx, check.always, known)
		if passed && err == nil {
			continue
		}
		revision, _ := now["revision"].(int64)
		result := Result{Message: check.Message, Revision: revision}
		switch {
		case err != nil:
			result.Found = fmt.Sprintf("cannot be told: %v", err)
		case check.found != nil:
			result.Found = text(ctx, check.found, known)
		}
		return result
	}
	return Result{Passed: true, Message: check.Message}
}

// variables are what expressions know: the objects as they are, by plural, and all moments that led there.
func (s *Session) variables(ctx context.Context, h *history) map[string]any {
	moments := h.moments()
	variables := map[string]any{
		"history": moments, "ns": s.namespace(), "authorizer": cel.NewAuthorizer(ctx, &authorizer{client: s.Client}),
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
