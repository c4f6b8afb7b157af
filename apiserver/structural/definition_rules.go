package structural

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/cel"
)

// The rules of a schema are checked when it is written: their form, whether they compile, and what they could cost for the
// largest object that the schema allows. A rule that could be too dear for some object is refused before there is one.

// What the rules of a schema may cost at most: one expression, in all the places where it may be evaluated for one object,
// and all of them together.
const (
	maxRuleCost  = 10_000_000
	maxTotalCost = 100_000_000
)

var ruleReasons = []string{string(api.FieldValueDuplicate), string(api.FieldValueForbidden), string(api.FieldValueInvalid), string(api.FieldValueRequired)}

// rule checks the form of one rule.
func (c *definitionCheck) rule(path api.Path, rule *api.ValidationRule, s *api.JSONSchemaProps) {
	text, message := strings.TrimSpace(rule.Rule), strings.TrimSpace(rule.Message)
	switch {
	case text == "":
		c.required(path.Child("rule"), "rule is not specified")
	case rule.Message != "" && message == "":
		c.invalid(path.Child("message"), rule.Message, "must be non-empty if specified")
	case hasNewlines(message):
		c.invalid(path.Child("message"), rule.Message, "must not contain line breaks")
	case hasNewlines(text) && message == "":
		c.required(path.Child("message"), "message must be specified if rule contains line breaks")
	}
	if rule.MessageExpression != "" && strings.TrimSpace(rule.MessageExpression) == "" {
		c.required(path.Child("messageExpression"), "messageExpression must be non-empty if specified")
	}
	if rule.Reason != nil && !slices.Contains(ruleReasons, string(*rule.Reason)) {
		c.errs = append(c.errs, path.Child("reason").NotSupported(string(*rule.Reason), ruleReasons...))
	}
	if rule.FieldPath == "" {
		return
	}
	if strings.TrimSpace(rule.FieldPath) == "" {
		c.invalid(path.Child("fieldPath"), rule.FieldPath, "must be non-empty if specified")
	}
	if hasNewlines(rule.FieldPath) {
		c.invalid(path.Child("fieldPath"), rule.FieldPath, "must not contain line breaks")
	}
	if _, _, err := newSchema(s).fieldPath(rule.FieldPath, true); err != nil {
		c.invalid(path.Child("fieldPath"), rule.FieldPath, "must be a valid path")
	}
}

func hasNewlines(s string) bool { return strings.ContainsAny(s, "\n\r") }

// expressions compiles the rules of a schema and adds up what they may cost.
func (c *definitionCheck) expressions(path api.Path, props *api.JSONSchemaProps, p place) {
	s := newSchema(props)
	set := s.newRuleSet(p.root || s.XEmbeddedResource)
	path = path.Child("x-kubernetes-validations")
	if set.err != nil {
		c.ruleErrs = append(c.ruleErrs, path.Invalid(api.NotShown, set.err.Error()))
		return
	}
	for i, rule := range set.rules {
		at := path.Index(i)
		invalid := func(field string, value any, detail string) {
			c.ruleErrs = append(c.ruleErrs, at.Child(field).Invalid(value, detail))
		}
		if rule.program != nil {
			times := p.cardinality
			if !p.bounded {
				times = maxTimes(set.t)
			}
			c.cost(at.Child("rule"), rule.program, times, "estimated rule cost")
		}
		if rule.err != nil {
			invalid("rule", rule.ValidationRule, rule.err.Error())
		}
		if rule.messageErr != nil {
			invalid("messageExpression", rule.ValidationRule, rule.messageErr.Error())
		} else if rule.message != nil {
			c.cost(at.Child("messageExpression"), rule.message, 1, "estimated messageExpression cost")
		}
		switch {
		case rule.usesOld && p.noOld != "":
			invalid("rule", rule.Rule, fmt.Sprintf("oldSelf cannot be used on the uncorrelatable portion of the schema within %v", p.noOld))
		case !rule.usesOld && rule.OptionalOldSelf != nil:
			invalid("optionalOldSelf", *rule.OptionalOldSelf, "may not be set if oldSelf is not used in rule")
		}
	}
}

func (c *definitionCheck) cost(path api.Path, program *cel.Program, times uint64, what string) {
	cost, err := program.MaxCost()
	if err != nil {
		c.ruleErrs = append(c.ruleErrs, path.Invalid(api.NotShown, err.Error()))
		return
	}
	cost = timesWithin(cost, times)
	if cost > maxRuleCost && !c.unchanged {
		c.ruleErrs = append(c.ruleErrs, path.Forbidden(tooDear(what, cost, maxRuleCost)))
	}
	c.costs = append(c.costs, ruleCost{path, cost})
}

// total checks the sum, and names the four that contribute most to it.
func (c *definitionCheck) total(path api.Path) (errs api.ErrorList) {
	sum := uint64(0)
	for _, rule := range c.costs {
		if sum > math.MaxUint64-rule.cost {
			sum = math.MaxUint64
			break
		}
		sum += rule.cost
	}
	if sum <= maxTotalCost {
		return nil
	}
	slices.SortStableFunc(c.costs, func(a, b ruleCost) int {
		switch {
		case a.cost > b.cost:
			return -1
		case a.cost < b.cost:
			return 1
		}
		return 0
	})
	for _, rule := range c.costs[:min(4, len(c.costs))] {
		errs = append(errs, rule.path.Forbidden("contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"))
	}
	return append(errs, path.Forbidden(tooDear("x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", sum, maxTotalCost)))
}

func tooDear(what string, cost, limit uint64) string {
	factor := float64(cost) / float64(limit)
	times := fmt.Sprintf("%.1fx", factor)
	switch {
	case factor > 100:
		times = "more than 100x"
	case factor < 1.5:
		times = fmt.Sprintf("%fx", factor)
	}
	return fmt.Sprintf("%s exceeds budget by factor of %s (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)", what, times)
}
