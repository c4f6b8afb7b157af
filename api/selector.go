package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Selector picks objects by their labels.
type Selector interface {
	// Matches tells whether an object with these labels is picked.
	Matches(labels map[string]string) bool
	// Empty tells that the selector picks everything.
	Empty() bool
	// String is the selector in the form that ParseSelector reads. Nothing has no such form; it gives "".
	String() string
}

// Everything picks every object.
func Everything() Selector { return requirements(nil) }

// Nothing picks no object.
func Nothing() Selector { return nothing{} }

type nothing struct{}

func (nothing) Matches(map[string]string) bool { return false }
func (nothing) Empty() bool                    { return false }
func (nothing) String() string                 { return "" }

// requirements is a selector: an object is picked when it meets all of them.
type requirements []requirement

// requirement is one comma-separated term: a key, an operator, and values sorted and without duplicates.
type requirement struct {
	key      string
	operator selectorOperator
	values   []string
}

type selectorOperator string

const (
	opExists       selectorOperator = "exists"
	opDoesNotExist selectorOperator = "!"
	opEquals       selectorOperator = "="
	opDoubleEquals selectorOperator = "=="
	opNotEquals    selectorOperator = "!="
	opIn           selectorOperator = "in"
	opNotIn        selectorOperator = "notin"
	opGreater      selectorOperator = ">"
	opLess         selectorOperator = "<"
)

// SelectorFromSet picks objects that have all the labels of m. It does not check that they are valid labels.
func SelectorFromSet(m map[string]string) Selector {
	rs := make(requirements, 0, len(m))
	for key, value := range m {
		rs = append(rs, requirement{key: key, operator: opEquals, values: []string{value}})
	}
	return rs.sorted()
}

// LabelSelectorAsSelector compiles the selector that objects carry in their spec. Nil picks nothing, an empty one
// picks everything.
func LabelSelectorAsSelector(s *LabelSelector) (Selector, error) {
	if s == nil {
		return Nothing(), nil
	}
	rs := make(requirements, 0, len(s.MatchLabels)+len(s.MatchExpressions))
	for key, value := range s.MatchLabels {
		r, err := newRequirement(key, opEquals, []string{value})
		if err != nil {
			return nil, err
		}
		rs = append(rs, r)
	}
	operators := map[LabelSelectorOperator]selectorOperator{
		LabelSelectorOpIn: opIn, LabelSelectorOpNotIn: opNotIn,
		LabelSelectorOpExists: opExists, LabelSelectorOpDoesNotExist: opDoesNotExist,
	}
	for _, expression := range s.MatchExpressions {
		operator, ok := operators[expression.Operator]
		if !ok {
			return nil, fmt.Errorf("%q is not a valid label selector operator", expression.Operator)
		}
		r, err := newRequirement(expression.Key, operator, slices.Clone(expression.Values))
		if err != nil {
			return nil, err
		}
		rs = append(rs, r)
	}
	return rs.sorted(), nil
}

// SelectorOrNothing compiles a selector that validation has let in. One that is wrong all the same picks nothing.
func SelectorOrNothing(s *LabelSelector) Selector {
	selector, err := LabelSelectorAsSelector(s)
	if err != nil {
		return Nothing()
	}
	return selector
}

// FormatLabelSelector prints a selector for people: "<none>" where it restricts nothing.
func FormatLabelSelector(s *LabelSelector) string {
	selector, err := LabelSelectorAsSelector(s)
	if err != nil {
		return "<error>"
	}
	if text := selector.String(); text != "" {
		return text
	}
	return "<none>"
}

// newRequirement checks that operator and values go together and that all of it could be on an object.
func newRequirement(key string, operator selectorOperator, values []string) (requirement, error) {
	var errs ErrorList
	if problems := IsQualifiedName(key); len(problems) > 0 {
		errs = append(errs, Path("key").Invalid(key, strings.Join(problems, "; ")))
	}
	path := Path("values")
	switch operator {
	case opIn, opNotIn:
		if len(values) == 0 {
			errs = append(errs, path.Invalid(values, "for 'in', 'notin' operators, values set can't be empty"))
		}
	case opEquals, opDoubleEquals, opNotEquals:
		if len(values) != 1 {
			errs = append(errs, path.Invalid(values, "exact-match compatibility requires one single value"))
		}
	case opExists, opDoesNotExist:
		if len(values) != 0 {
			errs = append(errs, path.Invalid(values, "values set must be empty for exists and does not exist"))
		}
	case opGreater, opLess:
		if len(values) != 1 {
			errs = append(errs, path.Invalid(values, "for 'Gt', 'Lt' operators, exactly one value is required"))
		}
		for i, value := range values {
			if _, err := strconv.ParseInt(value, 10, 64); err != nil {
				errs = append(errs, path.Index(i).Invalid(value, "for 'Gt', 'Lt' operators, the value must be an integer"))
			}
		}
	}
	for i, value := range values {
		if problems := IsValidLabelValue(value); len(problems) > 0 {
			errs = append(errs, path.Index(i).Key(key).Invalid(value, strings.Join(problems, "; ")))
		}
	}
	if len(errs) > 0 {
		return requirement{}, fmt.Errorf("%s", errs.Aggregate())
	}
	slices.Sort(values)
	return requirement{key: key, operator: operator, values: slices.Compact(values)}, nil
}

// sorted orders the requirements by key, so that equal selectors print alike.
func (rs requirements) sorted() requirements {
	slices.SortStableFunc(rs, func(a, b requirement) int { return strings.Compare(a.key, b.key) })
	return rs
}

// Matches implements Selector.
func (rs requirements) Matches(labels map[string]string) bool {
	for i := range rs {
		if !rs[i].matches(labels) {
			return false
		}
	}
	return true
}

// Empty implements Selector.
func (rs requirements) Empty() bool { return len(rs) == 0 }

// String implements Selector.
func (rs requirements) String() string {
	terms := make([]string, len(rs))
	for i := range rs {
		terms[i] = rs[i].String()
	}
	return strings.Join(terms, ",")
}

// matches holds the one surprise of label selectors: "not" matches objects that lack the key altogether.
func (r *requirement) matches(labels map[string]string) bool {
	value, has := labels[r.key]
	switch r.operator {
	case opExists:
		return has
	case opDoesNotExist:
		return !has
	case opIn, opEquals, opDoubleEquals:
		return has && slices.Contains(r.values, value)
	case opNotIn, opNotEquals:
		return !has || !slices.Contains(r.values, value)
	}
	// greater or less: a label that is no number matches neither
	actual, err := strconv.ParseInt(value, 10, 64)
	if !has || err != nil {
		return false
	}
	limit, err := strconv.ParseInt(r.values[0], 10, 64)
	if err != nil {
		return false
	}
	if r.operator == opGreater {
		return actual > limit
	}
	return actual < limit
}

// String is one term of a selector's text.
func (r *requirement) String() string {
	switch r.operator {
	case opExists:
		return r.key
	case opDoesNotExist:
		return "!" + r.key
	case opIn, opNotIn:
		return r.key + " " + string(r.operator) + " (" + strings.Join(r.values, ",") + ")"
	}
	return r.key + string(r.operator) + strings.Join(r.values, ",")
}
