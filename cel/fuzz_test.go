package cel

import (
	"context"
	"testing"
	"time"
)

// Whatever somebody writes as an expression, it is refused, or it ends: with a value, with an error, or with its budget.
func FuzzExpression(f *testing.F) {
	for _, expression := range []string{
		"", "self.replicas == 3", "self.ports.all(p, p.port > 0 && p.name.size() < 63)", "self.tags.map(t, t + t).join(',').matches('^(a+)+$')",
		"self.labels[self.name].orValue(1)", "quantity(self.size).add(1) > quantity('1')", "url(self.name).getHost()", "ip('::1') in cidr('::/0')", "'%d %s'.format([1, 'x'])",
		"[1,2,3].exists_one(i, i / 0 == 1)", "duration('1h') + timestamp(self.expires) > timestamp('2020-01-01T00:00:00Z')", "dyn(self).x.y.z", "1e308 * 10.0 == -1.0 / 0.0", "self.?nothing.hasValue()",
		"[0,1,2,3,4,5,6,7,8,9].map(a, [0,1,2,3,4,5,6,7,8,9].map(b, [0,1,2,3,4,5,6,7,8,9].map(c, self.tags)))", "cel.bind(x, self.name, x + x)", "semver('1.0.0').isLessThan(semver('x'))",
		"'a'.replace('', 'b', -1)", "'abc'.substring(2, 1)", "b'\\xff' + bytes('x')", "9223372036854775807 + 1", "[].min()", "optional.of(self).?tags[?9]", "self == self.ports", "((((((1))))))",
	} {
		f.Add(expression)
	}
	env, err := Base().With(Variable{"self", schema()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		program, err := env.Compile(expression)
		if err != nil {
			return
		}
		if _, err := program.MaxCost(); err != nil {
			t.Logf("cost of %q: %v", expression, err)
		}
		began := time.Now()
		budget := NewBudget(ObjectBudget)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		value, err := program.Eval(ctx, map[string]any{"self": object}, budget)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%q took %v", expression, took)
		}
		if err == nil {
			_, _ = value.JSON()
		}
	})
}
