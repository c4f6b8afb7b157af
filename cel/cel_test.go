package cel

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// object is what the expressions of the tests are about.
var object = map[string]any{
	"name": "web", "replicas": int64(3), "ratio": int64(1), "namespace": "default", "some-dash": "x",
	"tags": []any{"b", "a"}, "ports": []any{map[string]any{"name": "http", "port": int64(80)}, map[string]any{"name": "https", "port": int64(443)}},
	"labels": map[string]any{"app": "web"}, "expires": "2024-01-02T03:04:05Z", "wait": "1m", "size": "10Gi", "either": "50%", "nothing": nil,
}

func schema() *Type {
	text := func(max int64) *Type { return &Type{Kind: String, MaxElements: max, MinSize: 2} }
	port := &Type{Kind: Object, Fields: map[string]*Type{"name": text(10), "port": AnyInt}}
	return &Type{Kind: Object, Name: "test", Fields: map[string]*Type{
		"name": text(40), "replicas": AnyInt, "ratio": AnyDouble, "namespace": text(63), "some-dash": text(10),
		"tags":   {Kind: List, Items: text(10), Set: true, MaxElements: 10},
		"ports":  {Kind: List, Items: port, Keys: []string{"name"}, MaxElements: 10},
		"labels": {Kind: Map, Items: text(63), MaxElements: 10}, "expires": AnyTime, "wait": {Kind: Duration},
		"size": text(10), "either": {Kind: IntOrString}, "nothing": text(10),
	}}
}

func TestExpressions(t *testing.T) {
	typed, err := Base().With(Variable{"self", schema()}, Variable{"other", schema()})
	if err != nil {
		t.Fatal(err)
	}
	dynamic, err := Base().With(Variable{"self", Dynamic}, Variable{"other", Dynamic})
	if err != nil {
		t.Fatal(err)
	}
	other := map[string]any{"tags": []any{"a", "b"}, "ports": []any{object["ports"].([]any)[1], object["ports"].([]any)[0]}}
	for _, tt := range []struct {
		expression string
		where      string // "typed", "dynamic", or both
	}{
		{"self.replicas == 3 && self.name == 'web'", ""},
		{"self.ratio == 1.0", ""},
		{"self.__namespace__ == 'default' && self.some__dash__dash == 'x'", "typed"},
		{"self.namespace == 'default'", "dynamic"},
		{"!has(self.nothing)", "typed"},
		{"self.tags == other.tags && self.ports == other.ports", "typed"},
		{"self.tags != other.tags && self.ports != other.ports", "dynamic"},
		{"(self.tags + ['c', 'a']).size() == 3", "typed"},
		{"(self.tags + ['c', 'a']).size() == 4", "dynamic"},
		{"'a' in self.tags && self.tags.join(',') == 'b,a'", ""},
		{"self.ports.exists(p, p.port == 443) && self.ports.map(p, p.port).sum() == 523", ""},
		{"self.labels.all(k, k.startsWith('a')) && self.labels['app'] == 'web'", ""},
		{"self.expires.getFullYear() == 2024 && self.wait == duration('60s')", "typed"},
		{"type(self.either) == string && self.either.matches('%$')", "typed"},
		{"self.?labels[?'none'].orValue('x') == 'x'", ""},
		{"[1, 2].isSorted() && [3, 1].min() == 1 && ['a', 'b'].max() == 'b' && [1, 2, 1].lastIndexOf(1) == 2 && [1, 2].indexOf(9) == -1", ""},
		{"'abc 123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]') == ['1', '2'] && 'a1b2'.findAll('[0-9]', 1) == ['1']", ""},
		{"url('https://user@example.com:80/path?k=v#f').getHost() == 'example.com:80' && isURL('/x') && url('https://x/?k=v').getQuery()['k'] == ['v']", ""},
		{"quantity(self.size).isGreaterThan(quantity('9G')) && quantity('1k').asInteger() == 1000 && quantity('1').add(2).compareTo(quantity('3')) == 0 && sign(quantity('-1')) == -1", ""},
		{"!isQuantity('x') && !quantity('1.5').isInteger() && quantity('1') == quantity('1000m')", ""},
		{"ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.1.1.1') && cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16')) && isIP('::1') && !isIP('x')", ""},
		{"string(cidr('10.1.1.1/8').masked()) == '10.0.0.0/8' && cidr('10.0.0.0/8').prefixLength() == 8 && ip.isCanonical('::1') && string(cidr('10.1.1.1/8').ip()) == '10.1.1.1'", ""},
		{"type(ip('::1')) == net.IP", ""},
		{"semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('v1.2', true) && !isSemver('v1.2') && semver('v01.2', true).major() == 1", ""},
		{"!format.dns1123Label().validate('web').hasValue() && format.named('uuid').value().validate('x').value() == ['does not match the UUID format']", ""},
		{"sets.contains([1, 2], [2]) && [3, 1, 2].sort() == [1, 2, 3] && [1, 2].all(i, v, v > i) && 'a'.upperAscii() == 'A'", ""},
	} {
		for where, env := range map[string]*Env{"typed": typed, "dynamic": dynamic} {
			if tt.where != "" && tt.where != where {
				continue
			}
			program, err := env.Compile(tt.expression)
			if err != nil {
				t.Errorf("%s (%s): %v", tt.expression, where, err)
				continue
			}
			result, err := program.Eval(context.Background(), map[string]any{"self": object, "other": other}, NewBudget(ObjectBudget))
			if is, ok := result.Bool(); err != nil || !ok || !is {
				t.Errorf("%s (%s): %v, %v", tt.expression, where, result, err)
			}
		}
	}
}

func TestMistakesAreFoundBeforeEvaluation(t *testing.T) {
	env, err := Base().With(Variable{"self", schema()})
	if err != nil {
		t.Fatal(err)
	}
	for expression, want := range map[string]string{
		"self.repicas == 1":     "undefined field 'repicas'",
		"self.replicas == 'x'":  "found no matching overload for '_==_' applied to '(int, string)'",
		"self.replicas ==":      "Syntax error",
		"foo":                   "undeclared reference to 'foo'",
		"'x'.matches('[')":      "invalid matches argument",
		"self.ports[0].prt > 1": "undefined field 'prt'",
	} {
		if _, err := env.Compile(expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", expression, err, want)
		}
	}
}

func TestCostIsBounded(t *testing.T) {
	env, err := Base().With(Variable{"self", schema()})
	if err != nil {
		t.Fatal(err)
	}
	program, err := env.Compile("self.ports.all(p, p.port > 0)")
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := program.MaxCost(); err != nil || cost > 100 {
		t.Errorf("the most that it costs is %d, %v", cost, err)
	}
	budget := NewBudget(20)
	variables := map[string]any{"self": object}
	if _, err := program.Eval(context.Background(), variables, budget); err != nil {
		t.Fatal(err)
	}
	if _, err := program.Eval(context.Background(), variables, budget); !errors.Is(err, ErrBudget) || !budget.Spent() {
		t.Errorf("a spent budget: %v", err)
	}

	endless, err := env.Compile("[1,2,3,4,5,6,7,8,9,0].all(a, [1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].all(c, [1,2,3,4,5,6,7,8,9,0].all(d, [1,2,3,4,5,6,7,8,9,0].all(e, self.name.contains('w'))))))")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := endless.Eval(ctx, variables, nil); err == nil {
		t.Error("a cancelled evaluation went on")
	}
}

type onlyGet struct{ user string }

func (a onlyGet) Authorize(_ context.Context, ask Access) (bool, string, error) {
	if ask.Path == "/broken" {
		return false, "", errors.New("no answer")
	}
	return ask.Verb == "get" && ask.Resource != "secrets", a.user + " may only get", nil
}

func (a onlyGet) ForServiceAccount(namespace, name string) Authorizer {
	return onlyGet{namespace + ":" + name}
}

func TestAuthorizer(t *testing.T) {
	env, err := Base().With(Variable{"authorizer", Authorizes}, Variable{"authorizer.requestResource", Checks}, Variable{"variables", Dynamic})
	if err != nil {
		t.Fatal(err)
	}
	ctx, a := context.Background(), onlyGet{"me"}
	variables := map[string]any{
		"authorizer": NewAuthorizer(ctx, a), "authorizer.requestResource": NewCheck(ctx, a, Access{Resource: "pods"}),
		"variables": Lazy(func(key string) (Value, error) {
			if key != "there" {
				return Value{}, errors.New("asked for " + key)
			}
			return Some("x", AnyString), nil
		}),
	}
	for _, expression := range []string{
		"authorizer.group('apps').resource('deployments').namespace('x').check('get').allowed()",
		"!authorizer.group('').resource('secrets').name('x').check('get').allowed()",
		"authorizer.path('/broken').check('get').error() == 'no answer' && authorizer.path('/broken').check('get').errored()",
		"authorizer.serviceAccount('a', 'b').path('/x').check('put').reason() == 'a:b may only get'",
		"authorizer.requestResource.check('get').allowed() && !authorizer.requestResource.check('delete').allowed()",
		"variables.there.value() == 'x'",
	} {
		program, err := env.Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		result, err := program.Eval(ctx, variables, NewBudget(ObjectBudget))
		if is, _ := result.Bool(); err != nil || !is {
			t.Errorf("%s: %v, %v", expression, result, err)
		}
	}
	program, err := env.Compile("variables.other == 1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := program.Eval(ctx, variables, nil); err == nil || !strings.Contains(err.Error(), "asked for other") {
		t.Errorf("an error of a lazy value: %v", err)
	}
}
