package structural

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kubelite/api"
	"kubelite/cel"
)

// ruleSet is the rules of one schema, compiled.
type ruleSet struct {
	rules []*compiledRule
	t     *cel.Type
	err   error // none of them can be compiled
}

type compiledRule struct {
	*api.ValidationRule
	program    *cel.Program // nil: the rule is empty, or err says why
	err        error
	message    *cel.Program // of messageExpression, if there is one
	messageErr error
	usesOld    bool
	optional   bool // oldSelf may be absent
	blame      api.Path
}

// compileRules compiles the rules here and below.
func (s *Schema) compileRules(isResource bool) {
	if len(s.XValidations) > 0 {
		s.rules = s.newRuleSet(isResource)
		s.hasRules = true
	}
	below := func(child *Schema) {
		if child != nil {
			child.compileRules(child.XEmbeddedResource)
			s.hasRules = s.hasRules || child.hasRules
		}
	}
	for _, name := range sorted(s.properties) {
		below(s.properties[name])
	}
	below(s.items)
	below(s.additional)
}

func (s *Schema) newRuleSet(isResource bool) *ruleSet {
	set := &ruleSet{t: s.celType(isResource)}
	if set.t == nil {
		set.err = errors.New("failed to convert to declType for CEL validation rules")
		return set
	}
	if set.t.Kind == cel.Object {
		set.t.Name = "selfType"
	}
	maybe := *set.t
	maybe.Optional = true
	plain, err := cel.Base().With(cel.Variable{Name: "self", Type: set.t}, cel.Variable{Name: "oldSelf", Type: set.t})
	if err == nil {
		var optional *cel.Env
		if optional, err = cel.Base().With(cel.Variable{Name: "self", Type: set.t}, cel.Variable{Name: "oldSelf", Type: &maybe}); err == nil {
			for i := range s.XValidations {
				env := plain
				if api.Deref(s.XValidations[i].OptionalOldSelf, false) {
					env = optional
				}
				set.rules = append(set.rules, s.compileRule(&s.XValidations[i], env))
			}
		}
	}
	set.err = err
	return set
}

func (s *Schema) compileRule(rule *api.ValidationRule, env *cel.Env) *compiledRule {
	c := &compiledRule{ValidationRule: rule, optional: api.Deref(rule.OptionalOldSelf, false)}
	if strings.TrimSpace(rule.Rule) == "" {
		return c
	}
	program, err := env.Compile(rule.Rule)
	switch {
	case err != nil:
		c.err = fmt.Errorf("compilation failed: %w", err)
		return c
	case !program.Is(cel.AnyBool):
		c.err = errors.New("cel expression must evaluate to a bool")
		return c
	}
	c.program, c.usesOld = program, program.Uses("oldSelf")
	if rule.MessageExpression != "" {
		message, err := env.Compile(rule.MessageExpression)
		switch {
		case err != nil:
			c.messageErr = fmt.Errorf("messageExpression compilation failed: %w", err)
		case !message.Is(cel.AnyString):
			c.messageErr = errors.New("messageExpression must evaluate to a string")
		default:
			c.message = message
		}
	}
	if rule.FieldPath != "" {
		if blame, _, err := s.fieldPath(rule.FieldPath, true); err == nil {
			c.blame = blame
		}
	}
	return c
}

// shown is what messages call the rule.
func (c *compiledRule) shown() string {
	if c.Message != "" {
		return strings.TrimSpace(c.Message)
	}
	return strings.TrimSpace(c.Rule)
}

// ValidateRules checks the rules of the schema and of all below it. old is what the value was before an update; hadOld
// tells whether there was one. All rules together share one budget. Rules that are broken by what an update did not
// touch are warnings.
func (s *Schema) ValidateRules(ctx context.Context, base api.Path, value, old any, hadOld bool) (errs api.ErrorList, warnings []string) {
	if !s.hasRules {
		return nil, nil
	}
	r := &ruleRun{ctx: ctx, budget: cel.NewBudget(cel.ObjectBudget)}
	forgive := forgiveness{}
	if hadOld {
		forgive.here = correlate(s, value, old)
	}
	r.value(s, base, value, old, forgive)
	return r.errs, r.warnings
}

// ruleRun goes down an object.
type ruleRun struct {
	ctx      context.Context
	budget   *cel.Budget
	errs     api.ErrorList
	warnings []string
	over     bool // no further rules will be run
}

// forgiveness says what an update did not touch: the value here, or, if that cannot be paired with one of before, the
// nearest thing around it that can.
type forgiveness struct{ here, around *correlation }

func (f forgiveness) applies() bool {
	if f.here != nil {
		return f.here.unchanged()
	}
	return f.around.unchanged()
}

func (f forgiveness) below(child func(*correlation) *correlation, isTypeMeta bool) forgiveness {
	switch {
	case f.here == nil:
		return f
	case f.around == nil && isTypeMeta:
		return forgiveness{}
	}
	return forgiveness{child(f.here), f.here}
}

func (r *ruleRun) value(s *Schema, path api.Path, value, old any, forgive forgiveness) {
	if s == nil || !s.hasRules || value == nil || r.over {
		return
	}
	if s.rules != nil {
		r.rules(s, path, value, old, forgive)
	}
	switch value := value.(type) {
	case []any:
		before, _ := old.([]any)
		for i, item := range value {
			var oldItem any
			if s.listType == "map" {
				oldItem, _ = sameItem(s, item, before)
			}
			r.value(s.items, path.Index(i), item, oldItem, forgive.below(func(c *correlation) *correlation { return c.index(i) }, false))
		}
	case map[string]any:
		before, _ := old.(map[string]any)
		if s.mapType == "atomic" {
			before = nil
		}
		for _, name := range sorted(value) {
			below := path.Child(name)
			if s.properties[name] == nil {
				below = path.Key(name)
			}
			isTypeMeta := name == "apiVersion" || name == "kind"
			r.value(s.child(name), below, value[name], before[name], forgive.below(func(c *correlation) *correlation { return c.key(name) }, isTypeMeta))
		}
	}
}

func (r *ruleRun) rules(s *Schema, path api.Path, value, old any, forgive forgiveness) {
	fail := func(text string) { r.errs = append(r.errs, r.at(path).Invalid(s.Type, text)) }
	if s.rules.err != nil {
		fail("rule compiler initialization error: " + s.rules.err.Error())
		return
	}
	for _, rule := range s.rules.rules {
		switch {
		case r.over:
			return
		case rule.err != nil:
			fail("rule compile error: " + rule.err.Error())
			continue
		case rule.program == nil, rule.usesOld && old == nil && !rule.optional:
			continue
		}
		variables := map[string]any{"self": value}
		switch {
		case rule.optional && old != nil:
			variables["oldSelf"] = cel.Some(old, s.rules.t)
		case rule.optional:
			variables["oldSelf"] = cel.None()
		case old != nil:
			variables["oldSelf"] = old
		}
		result, err := rule.program.Eval(r.ctx, variables, r.budget)
		if err != nil {
			r.failed(rule, err, fail)
			continue
		}
		if holds, _ := result.Bool(); holds {
			continue
		}
		r.broken(s, rule, path, value, variables, !rule.usesOld && forgive.applies())
	}
}

func (r *ruleRun) at(path api.Path) api.Path {
	if path == "" {
		return "<nil>"
	}
	return path
}

// failed puts an evaluation that came to no result into words.
func (r *ruleRun) failed(rule *compiledRule, err error, fail func(string)) {
	text := err.Error()
	switch {
	case errors.Is(err, cel.ErrBudget):
		fail(text)
		r.over = true
	case strings.HasPrefix(text, "no such overload"):
		fail(fmt.Sprintf("'%v': call arguments did not match a supported operator, function or macro signature for rule: %v", err, rule.shown()))
	case strings.HasPrefix(text, "operation cancelled: actual cost limit exceeded"):
		fail(fmt.Sprintf("'%v': no further validation rules will be run due to call cost exceeds limit for rule: %v", err, rule.shown()))
		r.over = true
	default:
		fail(fmt.Sprintf("%v evaluating rule: %v", err, rule.shown()))
	}
}

// broken says that a rule does not hold.
func (r *ruleRun) broken(s *Schema, rule *compiledRule, path api.Path, value any, variables map[string]any, forgiven bool) {
	detail := strings.TrimSpace(rule.Message)
	if rule.Message == "" {
		detail = "failed rule: " + rule.shown()
	}
	at := path
	if rule.blame != "" {
		at = path.Child(string(rule.blame))
	}
	if rule.message != nil {
		text, err := r.message(rule, variables)
		switch {
		case err != nil:
			r.errs = append(r.errs, r.at(at).Invalid(s.Type, err.Error()))
			r.over = true
			return
		case text != "":
			detail = text
		}
	}
	bad := value
	if s.Type == "object" || s.Type == "array" {
		bad = api.NotShown
	}
	mistake := r.at(at).Invalid(bad, detail)
	switch api.Deref(rule.Reason, api.FieldValueInvalid) {
	case api.FieldValueForbidden:
		mistake = r.at(at).Forbidden(detail)
	case api.FieldValueRequired:
		mistake = r.at(at).Required(detail)
	case api.FieldValueDuplicate:
		mistake = r.at(at).Duplicate(bad)
	}
	if forgiven {
		r.warnings = append(r.warnings, mistake.Error())
	} else {
		r.errs = append(r.errs, mistake)
	}
}

// message evaluates a messageExpression. One that comes to nothing usable leaves the rule's own message.
func (r *ruleRun) message(rule *compiledRule, variables map[string]any) (string, error) {
	result, err := rule.message.Eval(r.ctx, variables, r.budget)
	switch {
	case errors.Is(err, cel.ErrBudget):
		return "", errors.New("messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run")
	case err != nil && strings.HasPrefix(err.Error(), "operation cancelled: actual cost limit exceeded"):
		return "", fmt.Errorf("no further validation rules will be run due to call cost exceeds limit for messageExpression: %q", rule.MessageExpression)
	case err != nil:
		return "", nil
	}
	text, _ := result.Text()
	text = strings.TrimSpace(text)
	if len(text) > cel.MaxMessageSize || strings.Contains(text, "\n") {
		return "", nil
	}
	return text, nil
}

// HasRules tells whether the schema, or any below it, has rules.
func (s *Schema) HasRules() bool { return s != nil && s.hasRules }
