package structural

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"kubelite/api"
)

// parse makes a schema of YAML, and an object of JSON.
func parse(t *testing.T, schema string) *Schema {
	t.Helper()
	var props api.JSONSchemaProps
	data, err := api.YAMLToJSON([]byte(schema))
	if err == nil {
		err = api.UnmarshalJSON(data, &props)
	}
	if err != nil {
		t.Fatal(err)
	}
	return New(&props)
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var content map[string]any
	if err := api.UnmarshalJSON([]byte(text), &content); err != nil {
		t.Fatal(err)
	}
	return content
}

func TestPrune(t *testing.T) {
	s := parse(t, `
type: object
properties:
  known: {type: string}
  open: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {closed: {type: object}}}
  map: {type: object, additionalProperties: {type: object, properties: {a: {type: string}}}}
  list: {type: array, items: {type: object, properties: {a: {type: string}}}}
  pod: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}
`)
	got := object(t, `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"known":"a","unknown":1,"open":{"any":{"thing":1},"closed":{"x":1}},
		"map":{"k":{"a":"1","b":1}},"list":[{"a":"1","b":1}],"pod":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"x":1},"y":1}}`)
	dropped := s.Prune(got)
	want := object(t, `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"},"known":"a","open":{"any":{"thing":1},"closed":{}},
		"map":{"k":{"a":"1"}},"list":[{"a":"1"}],"pod":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{}}}`)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("pruned to %v", got)
	}
	if text := strings.Join(dropped, " "); text != "list[0].b map.k.b open.closed.x pod.spec.x pod.y unknown" {
		t.Errorf("dropped %s", text)
	}
}

func TestDefault(t *testing.T) {
	s := parse(t, `
type: object
properties:
  a: {type: string, default: x}
  b: {type: object, default: {}, properties: {c: {type: integer, default: 3}}}
  may: {type: string, nullable: true, default: x}
  m: {type: string}
  list: {type: array, items: {type: object, properties: {d: {type: string, default: why}}}}
`)
	got := object(t, `{"a":null,"may":null,"m":null,"list":[{},{"d":"z"}]}`)
	s.Default(got)
	if want := object(t, `{"a":"x","b":{"c":3},"may":null,"list":[{"d":"why"},{"d":"z"}]}`); !reflect.DeepEqual(got, want) {
		t.Errorf("defaulted to %v", got)
	}
}

const bounds = `
type: object
required: [must]
properties:
  must: {type: string}
  text: {type: string, minLength: 2, maxLength: 3, pattern: "^a"}
  when: {type: string, format: date-time}
  int: {type: integer, minimum: 1, maximum: 5, multipleOf: 2}
  open: {type: number, minimum: 0, exclusiveMinimum: true}
  pick: {type: string, enum: [a, b]}
  either: {x-kubernetes-int-or-string: true}
  none: {type: string, nullable: true}
  few: {type: array, minItems: 1, maxItems: 2, items: {type: string}}
  map: {type: object, maxProperties: 1, additionalProperties: {type: integer}}
  one: {type: object, oneOf: [{required: [a]}, {required: [b]}], properties: {a: {type: string}, b: {type: string}}}
  set: {type: array, x-kubernetes-list-type: set, items: {type: string}}
`

func TestValidate(t *testing.T) {
	s := parse(t, bounds)
	for value, want := range map[string]string{
		`{"must":"x","none":null,"either":1,"open":0.5,"int":2,"one":{"a":"x"}}`: "",
		`{}`:                                   "must: Required value",
		`{"must":1}`:                           `must: Invalid value: "integer": must in body must be of type string: "integer"`,
		`{"must":null}`:                        `must: Invalid value: "null": must in body must be of type string: "null"`,
		`{"must":"x","text":"a"}`:              `text: Invalid value: "a": text in body should be at least 2 chars long`,
		`{"must":"x","text":"aaaa"}`:           "text: Too long: may not be more than 3 bytes",
		`{"must":"x","text":"bb"}`:             `text: Invalid value: "bb": text in body should match '^a'`,
		`{"must":"x","when":"now"}`:            `when: Invalid value: "now": when in body must be of type date-time: "now"`,
		`{"must":"x","int":7}`:                 "int: Invalid value: 7: int in body should be less than or equal to 5; int: Invalid value: 7: int in body should be a multiple of 2",
		`{"must":"x","int":0}`:                 "int: Invalid value: 0: int in body should be greater than or equal to 1",
		`{"must":"x","open":0}`:                "open: Invalid value: 0: open in body should be greater than 0",
		`{"must":"x","pick":"c"}`:              `pick: Unsupported value: "c": supported values: "a", "b"`,
		`{"must":"x","either":true}`:           `either: Invalid value: "boolean": either in body must be of type integer,string: "boolean"`,
		`{"must":"x","few":[]}`:                "few: Invalid value: 0: few in body should have at least 1 items",
		`{"must":"x","few":["a","b","c"]}`:     "few: Too many: 3: must have at most 2 items",
		`{"must":"x","few":[1]}`:               `few[0]: Invalid value: "integer": few[0] in body must be of type string: "integer"`,
		`{"must":"x","map":{"a":"b"}}`:         `map.a: Invalid value: "string": map.a in body must be of type integer: "string"`,
		`{"must":"x","map":{"a":1,"b":2}}`:     "map: Too many: 2: must have at most 1 items",
		`{"must":"x","one":{"a":"1","b":"2"}}`: `<nil>: Invalid value: "": "one" must validate one and only one schema (oneOf). Found 2 valid alternatives`,
		`{"must":"x","set":["a","b","a","a"]}`: `set[2]: Duplicate value: "a"`,
	} {
		content := object(t, value)
		errs := append(s.Validate("", content, nil, false), s.ValidateLists("", content)...)
		var texts []string
		for _, err := range errs {
			texts = append(texts, err.Error())
		}
		if got := strings.Join(texts, "; "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", value, got, want)
		}
	}
}

// An update is not blamed for what it did not touch.
func TestRatcheting(t *testing.T) {
	s := parse(t, bounds)
	old := object(t, `{"must":"x","int":7,"few":[1]}`)
	for value, want := range map[string]int{
		`{"must":"y","int":7,"few":[1]}`:     0,
		`{"must":"x","int":9,"few":[1]}`:     1,
		`{"must":"x","int":7,"few":[1,"a"]}`: 1,
	} {
		if errs := s.Validate("", object(t, value), old, true); len(errs) != want && !(want == 1 && len(errs) == 2) {
			t.Errorf("%s: %v", value, errs)
		}
	}
}

func TestRules(t *testing.T) {
	s := parse(t, `
type: object
properties:
  min: {type: integer}
  max: {type: integer}
  name: {type: string, maxLength: 10, x-kubernetes-validations: [{rule: "self == oldSelf", message: cannot change}]}
  ports:
    type: array
    maxItems: 5
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [name]
    items:
      type: object
      required: [name]
      properties: {name: {type: string, maxLength: 5}, port: {type: integer, x-kubernetes-validations: [{rule: "self >= oldSelf", messageExpression: "'was ' + string(oldSelf)"}]}}
x-kubernetes-validations:
- {rule: "!has(self.min) || self.min <= self.max", fieldPath: .min, reason: FieldValueForbidden}
- {rule: "oldSelf.hasValue() || has(self.name)", optionalOldSelf: true, message: name it}
`)
	for _, tt := range []struct{ old, now, want string }{
		{"", `{"min":1,"max":2,"name":"a"}`, ""},
		{"", `{"min":3,"max":2,"name":"a"}`, "min: Forbidden: failed rule: !has(self.min) || self.min <= self.max"},
		{"", `{}`, "<nil>: Invalid value: name it"},
		{`{"name":"a"}`, `{"name":"b"}`, `name: Invalid value: "b": cannot change`},
		{`{"name":"a"}`, `{}`, ""},
		{`{"ports":[{"name":"x","port":5},{"name":"y","port":1}]}`, `{"ports":[{"name":"y","port":2},{"name":"x","port":4}]}`, "ports[1].port: Invalid value: 4: was 5"},
	} {
		var old any
		if tt.old != "" {
			old = object(t, tt.old)
		}
		errs, _ := s.ValidateRules(context.Background(), "", object(t, tt.now), old, tt.old != "")
		var texts []string
		for _, err := range errs {
			texts = append(texts, err.Error())
		}
		if got := strings.Join(texts, "; "); got != tt.want {
			t.Errorf("%s -> %s:\n got %s\nwant %s", tt.old, tt.now, got, tt.want)
		}
	}
}

func TestStructural(t *testing.T) {
	for schema, want := range map[string]string{
		`{type: object}`:                      "",
		`{}`:                                  "s.type: Required value: must not be empty at the root",
		`{type: string}`:                      `s.type: Invalid value: "string": must be object at the root`,
		`{type: object, properties: {a: {}}}`: "s.properties[a].type: Required value: must not be empty for specified object fields",
		`{type: object, properties: {a: {type: array}}}`:                                                                "s.properties[a].items: Required value: must be specified",
		`{type: object, additionalProperties: {type: string}}`:                                                          "s.additionalProperties: Forbidden: must not be used at the root",
		`{type: object, anyOf: [{type: object}]}`:                                                                       "s.anyOf[0].type: Forbidden: must be empty to be structural",
		`{type: object, not: {properties: {a: {}}}}`:                                                                    "s.properties[a]: Required value: because it is defined in s.not.properties[a]",
		`{type: object, properties: {metadata: {type: object, properties: {labels: {type: object}}}}}`:                  "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
		`{type: object, properties: {a: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}}}`: "",
	} {
		var texts []string
		for _, err := range checkStructural("s", parse(t, schema).JSONSchemaProps) {
			texts = append(texts, err.Error())
		}
		if got := strings.Join(texts, "; "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", schema, got, fmt.Sprint(want))
		}
	}
}
