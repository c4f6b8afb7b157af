package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// JSONPath is a template such as `{range .items[*]}{.metadata.name}{"\n"}{end}`: text, and expressions in braces.
//
//	.a.b  .a['b.c']  [0]  [-1]  [1:3]  [*]  ..a  [?(@.type=="Ready")]  "text"  range … end  @  $
type JSONPath struct {
	nodes []pathNode
}

// pathNode is one piece of a template: literal text, an expression, or a range with a body.
type pathNode struct {
	text  string
	steps []pathStep
	body  []pathNode // of a range
	loop  bool
	root  bool // begins at $
}

// pathStep leads from a list of values to the next.
type pathStep struct {
	name      string // a field
	recursive bool   // ..name
	all       bool   // [*]
	slice     *[2]*int
	filter    *pathFilter
}

type pathFilter struct {
	left, right pathOperand
	op          string // "" asks whether left exists
}

type pathOperand struct {
	steps   []pathStep
	literal any
	isPath  bool
}

// ParseJSONPath reads a template. A bare ".a.b" is taken for "{.a.b}".
func ParseJSONPath(template string) (*JSONPath, error) {
	if !strings.Contains(template, "{") && (strings.HasPrefix(template, ".") || strings.HasPrefix(template, "$")) {
		template = "{" + template + "}"
	}
	p := &pathParser{rest: template}
	nodes, err := p.nodes(false)
	if err != nil {
		return nil, fmt.Errorf("error parsing jsonpath %s, %w", template, err)
	}
	return &JSONPath{nodes}, nil
}

// Execute writes what the template makes of a value. Fields that are not there yield nothing.
func (j *JSONPath) Execute(out io.Writer, root any) error {
	var b strings.Builder
	if err := writeNodes(&b, j.nodes, root, root); err != nil {
		return err
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// Values are what the template's expressions find.
func (j *JSONPath) Values(root any) ([]any, error) {
	all := []any{}
	for _, n := range j.nodes {
		if len(n.steps) > 0 {
			all = append(all, walk([]any{root}, n.steps)...)
		}
	}
	return all, nil
}

func writeNodes(b *strings.Builder, nodes []pathNode, root, current any) error {
	for _, n := range nodes {
		from := current
		if n.root {
			from = root
		}
		switch {
		case n.loop:
			for _, v := range walk([]any{from}, n.steps) {
				if err := writeNodes(b, n.body, root, v); err != nil {
					return err
				}
			}
		case n.steps != nil:
			for i, v := range walk([]any{from}, n.steps) {
				if i > 0 {
					b.WriteByte(' ')
				}
				text, err := JSONPathText(v)
				if err != nil {
					return err
				}
				b.WriteString(text)
			}
		default:
			b.WriteString(n.text)
		}
	}
	return nil
}

// JSONPathText writes a value as a template does: text as it is, lists and objects as JSON.
func JSONPathText(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case map[string]any, []any:
		text, err := json.Marshal(v)
		return string(text), err
	}
	return fmt.Sprint(v), nil
}

func walk(values []any, steps []pathStep) []any {
	for _, step := range steps {
		var next []any
		for _, v := range values {
			next = append(next, step.from(v)...)
		}
		values = next
	}
	return values
}

func (s pathStep) from(v any) []any {
	list, isList := v.([]any)
	fields, isMap := v.(map[string]any)
	switch {
	case s.recursive:
		return findRecursive(v, s.name)
	case s.filter != nil:
		var kept []any
		for _, item := range list {
			if s.filter.matches(item) {
				kept = append(kept, item)
			}
		}
		return kept
	case s.all && isMap:
		var all []any
		for _, key := range sortedKeys(fields) {
			all = append(all, fields[key])
		}
		return all
	case s.all:
		return list
	case s.slice != nil && isList:
		return sliceOf(list, *s.slice)
	case isMap && s.slice == nil:
		if field, ok := fields[s.name]; ok {
			return []any{field}
		}
	}
	return nil
}

func findRecursive(v any, name string) []any {
	var found []any
	switch v := v.(type) {
	case map[string]any:
		if field, ok := v[name]; ok {
			found = append(found, field)
		}
		for _, key := range sortedKeys(v) {
			found = append(found, findRecursive(v[key], name)...)
		}
	case []any:
		for _, item := range v {
			found = append(found, findRecursive(item, name)...)
		}
	}
	return found
}

func sliceOf(list []any, bounds [2]*int) []any {
	at := func(i *int, otherwise int) int {
		if i == nil {
			return otherwise
		}
		if *i < 0 {
			return *i + len(list)
		}
		return *i
	}
	from, to := at(bounds[0], 0), min(at(bounds[1], len(list)), len(list))
	if from < 0 || from >= to {
		return nil
	}
	return list[from:to]
}

func (f *pathFilter) matches(item any) bool {
	left, ok := f.left.value(item)
	if f.op == "" {
		return ok
	}
	right, rightOK := f.right.value(item)
	if !ok || !rightOK {
		return false
	}
	order, comparable := CompareValues(left, right)
	switch f.op {
	case "==":
		return comparable && order == 0
	case "!=":
		return !comparable || order != 0
	case "<":
		return comparable && order < 0
	case "<=":
		return comparable && order <= 0
	case ">":
		return comparable && order > 0
	default:
		return comparable && order >= 0
	}
}

func (o pathOperand) value(item any) (any, bool) {
	if !o.isPath {
		return o.literal, true
	}
	found := walk([]any{item}, o.steps)
	if len(found) == 0 {
		return nil, false
	}
	return found[0], true
}

// CompareValues orders two values of one kind: numbers, strings, or booleans (equal or not).
func CompareValues(a, b any) (order int, ok bool) {
	if x, isNumber := asFloat(a); isNumber {
		y, both := asFloat(b)
		switch {
		case !both:
			return 0, false
		case x < y:
			return -1, true
		case x > y:
			return 1, true
		}
		return 0, true
	}
	x, isText := a.(string)
	y, both := b.(string)
	if isText && both {
		return strings.Compare(x, y), true
	}
	if a == b {
		return 0, true
	}
	_, isBool := a.(bool)
	return 1, isBool
}

func asFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// pathParser reads templates.
type pathParser struct {
	rest string
}

var errUnclosed = errors.New("unclosed action")

// nodes reads up to the template's end, or up to {end} inside a range.
func (p *pathParser) nodes(inRange bool) ([]pathNode, error) {
	var nodes []pathNode
	for p.rest != "" {
		text, after, ok := strings.Cut(p.rest, "{")
		if text != "" {
			nodes = append(nodes, pathNode{text: text})
		}
		if p.rest = after; !ok {
			p.rest = ""
			break
		}
		expression, err := p.action()
		if err != nil {
			return nil, err
		}
		switch {
		case expression == "end" && inRange:
			return nodes, nil
		case expression == "end":
			return nil, errors.New("not in range, nothing to end")
		case strings.HasPrefix(expression, "range"):
			steps, root, err := parseSteps(strings.TrimSpace(strings.TrimPrefix(expression, "range")))
			if err != nil {
				return nil, err
			}
			body, err := p.nodes(true)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, pathNode{steps: steps, root: root, loop: true, body: body})
		case strings.HasPrefix(expression, `"`), strings.HasPrefix(expression, "'"):
			text, err := unquote(expression)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, pathNode{text: text})
		default:
			steps, root, err := parseSteps(expression)
			if err != nil {
				return nil, err
			}
			nodes = append(nodes, pathNode{steps: steps, root: root})
		}
	}
	if inRange {
		return nil, errors.New("unclosed range")
	}
	return nodes, nil
}

// action takes what stands between the brace just read and its closing one; a brace in quotes does not close.
func (p *pathParser) action() (string, error) {
	var quote byte
	for i := 0; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == '}':
			expression := strings.TrimSpace(p.rest[:i])
			p.rest = p.rest[i+1:]
			return expression, nil
		}
	}
	return "", errUnclosed
}

func unquote(s string) (string, error) {
	if strings.HasPrefix(s, "'") {
		s = `"` + strings.ReplaceAll(strings.Trim(s, "'"), `"`, `\"`) + `"`
	}
	return strconv.Unquote(s)
}

// parseSteps reads an expression: ".items[*].metadata.name".
func parseSteps(s string) (steps []pathStep, root bool, err error) {
	steps = []pathStep{}
	if strings.HasPrefix(s, "$") {
		s, root = s[1:], true
	}
	s = strings.TrimPrefix(s, "@")
	for s != "" {
		var step pathStep
		switch {
		case s[0] == '[':
			end := closingBracket(s)
			if end < 0 {
				return nil, false, errors.New("unterminated array")
			}
			if step, err = parseBracket(s[1:end]); err != nil {
				return nil, false, err
			}
			s = s[end+1:]
		default:
			step.recursive = strings.HasPrefix(s, "..")
			s = strings.TrimLeft(s, ".")
			var b strings.Builder
			for s != "" && s[0] != '.' && s[0] != '[' {
				if s[0] == '\\' && len(s) > 1 { // "\." is a dot in a name
					s = s[1:]
				}
				b.WriteByte(s[0])
				s = s[1:]
			}
			step.name = b.String()
			if step.name == "" {
				if step.recursive {
					return nil, false, errors.New("a name must follow ..")
				}
				continue
			}
			step.all = step.name == "*"
		}
		steps = append(steps, step)
	}
	return steps, root, nil
}

func closingBracket(s string) int {
	depth := 0
	var quote byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[':
			depth++
		case c == ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func parseBracket(s string) (pathStep, error) {
	switch {
	case s == "*":
		return pathStep{all: true}, nil
	case strings.HasPrefix(s, "?(") && strings.HasSuffix(s, ")"):
		filter, err := parseFilter(s[2 : len(s)-1])
		return pathStep{filter: filter}, err
	case strings.HasPrefix(s, "'") || strings.HasPrefix(s, `"`):
		name, err := unquote(s)
		return pathStep{name: name}, err
	}
	from, to, isSlice := strings.Cut(s, ":")
	var bounds [2]*int
	for i, text := range []string{from, to} {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return pathStep{}, fmt.Errorf("invalid array index %s", s)
		}
		bounds[i] = &n
	}
	if !isSlice {
		if bounds[0] == nil {
			return pathStep{}, errors.New("invalid array index")
		}
		if end := *bounds[0] + 1; end != 0 { // the slice from -1 has no end
			bounds[1] = &end
		}
	}
	return pathStep{slice: &bounds}, nil
}

func parseFilter(s string) (*pathFilter, error) {
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if left, right, ok := strings.Cut(s, op); ok {
			l, err := parseOperand(left)
			if err != nil {
				return nil, err
			}
			r, err := parseOperand(right)
			return &pathFilter{left: l, right: r, op: op}, err
		}
	}
	l, err := parseOperand(s)
	return &pathFilter{left: l}, err
}

func parseOperand(s string) (pathOperand, error) {
	s = strings.TrimSpace(s)
	switch {
	case strings.HasPrefix(s, "@"), strings.HasPrefix(s, "."):
		steps, _, err := parseSteps(s)
		return pathOperand{steps: steps, isPath: true}, err
	case strings.HasPrefix(s, `"`), strings.HasPrefix(s, "'"):
		text, err := unquote(s)
		return pathOperand{literal: text}, err
	case s == "true", s == "false":
		return pathOperand{literal: s == "true"}, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return pathOperand{}, fmt.Errorf("unrecognized filter operand %q", s)
	}
	return pathOperand{literal: n}, nil
}
