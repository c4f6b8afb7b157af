package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// YAMLToJSON converts one YAML document to JSON. JSON passes through. An error names the line.
//
// Plain words are read by the rules of YAML 1.1, as all of Kubernetes does: yes, no, on and off are booleans, 0755
// is octal. Keys that are numbers or booleans become strings; of a key given twice the last one counts.
func YAMLToJSON(data []byte) ([]byte, error) {
	out, _, err := YAMLToJSONStrict(data)
	return out, err
}

// yamlErrors comes before what YAMLToJSONStrict reports, a mistake a line, as users of Kubernetes know it.
const yamlErrors = "yaml: unmarshal errors:\n  "

// YAMLMistakes takes such a report apart; any other error is one mistake.
func YAMLMistakes(err error) []string {
	return strings.Split(strings.TrimPrefix(err.Error(), yamlErrors), "\n  ")
}

type duplicate struct {
	line int
	text string
}

// YAMLToJSONStrict is YAMLToJSON that also reports keys given twice in one mapping.
func YAMLToJSONStrict(data []byte) (out []byte, strict []error, err error) {
	if looksLikeJSON(data) && json.Valid(data) {
		return data, nil, nil
	}
	doc, err := parseYAML(data)
	if err != nil {
		return nil, nil, fmt.Errorf("error converting YAML to JSON: %w", atProblem(data, err))
	}
	c := yamlConverter{open: map[*yaml.Node]bool{}}
	if err := c.node(doc); err != nil {
		return nil, nil, fmt.Errorf("error converting YAML to JSON: %w", err)
	}
	if len(c.duplicates) > 0 {
		slices.SortStableFunc(c.duplicates, func(a, b duplicate) int { return a.line - b.line })
		lines := make([]string, len(c.duplicates))
		for i, d := range c.duplicates {
			lines[i] = d.text
		}
		strict = []error{errors.New(yamlErrors + strings.Join(lines, "\n  "))}
	}
	return c.out.Bytes(), strict, nil
}

// parseYAML reads one document. The parser panics where it loses track of comments; to its caller that is one more
// mistake in the document.
func parseYAML(data []byte) (doc *yaml.Node, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("yaml: %v", problem)
		}
	}()
	doc = &yaml.Node{}
	return doc, yaml.Unmarshal(data, doc)
}

// atProblem corrects the line of a syntax error. The parser names the line where the map, list or string began that it
// could not finish; Kubernetes names the one where it gave up, which is where a person must look. That line is found
// by parsing ever shorter beginnings of the document: those that reach it fail alike.
func atProblem(data []byte, err error) error {
	const largest = 256 << 10 // of a document worth parsing a dozen times
	at, problem, ok := strings.Cut(err.Error(), ": ")
	if began, rest, hasLine := strings.Cut(problem, ": "); hasLine && strings.HasPrefix(began, "line ") {
		at, problem = began, rest
	}
	if !ok || len(data) > largest {
		return err
	}
	var ends []int // of lines
	for i, b := range data {
		if b == '\n' {
			ends = append(ends, i+1)
		}
	}
	line := sort.Search(len(ends), func(i int) bool {
		_, err := parseYAML(data[:ends[i]])
		return err != nil && strings.HasSuffix(err.Error(), ": "+problem)
	})
	switch { // what remains is how each kind of error counts in upstream's messages
	case strings.HasPrefix(problem, "did not find expected ','"):
		line++
	case strings.HasPrefix(problem, "did not find expected"):
		began, _ := strconv.Atoi(strings.TrimPrefix(at, "line ")) // none counts as 0
		line = max(line, began)
	case strings.HasPrefix(problem, "could not find expected"):
		line += 2
	case line > 0:
		line++
	}
	if line == 0 {
		return err
	}
	return fmt.Errorf("yaml: line %d: %s", line, problem)
}

// SplitYAML cuts a stream into its documents and drops those that hold nothing but white space and comments. A stream
// of JSON values one after the other is cut too.
func SplitYAML(data []byte) [][]byte {
	if looksLikeJSON(data) {
		if docs, ok := splitJSON(data); ok {
			return docs
		}
	}
	var docs [][]byte
	start := 0
	for pos := 0; pos < len(data); {
		end := pos + len(data[pos:])
		if i := bytes.IndexByte(data[pos:], '\n'); i >= 0 {
			end = pos + i + 1
		}
		line := data[pos:end]
		if rest, ok := bytes.CutPrefix(line, []byte("---")); ok && (len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0]))) {
			docs = appendDocument(docs, data[start:pos])
			start = pos
			if blankYAML(rest) {
				start = end // keep the marker only where a document begins on its line
			}
		}
		pos = end
	}
	return appendDocument(docs, data[start:])
}

func appendDocument(docs [][]byte, doc []byte) [][]byte {
	if blankYAML(doc) {
		return docs
	}
	return append(docs, doc)
}

// blankYAML tells a document without content: every line is empty, a comment, or a marker.
func blankYAML(doc []byte) bool {
	for line := range bytes.Lines(doc) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && string(line) != "---" && string(line) != "..." {
			return false
		}
	}
	return true
}

func looksLikeJSON(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
}

func splitJSON(data []byte) ([][]byte, bool) {
	var docs [][]byte
	for decoder := json.NewDecoder(bytes.NewReader(data)); ; {
		var doc json.RawMessage
		switch err := decoder.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return docs, true
		case err != nil:
			return nil, false // flow-style YAML, or a mistake that the YAML parser can place
		}
		docs = append(docs, doc)
	}
}

// yamlConverter writes a YAML tree as JSON.
type yamlConverter struct {
	out        bytes.Buffer
	duplicates []duplicate
	open       map[*yaml.Node]bool // aliases being expanded, to notice one that contains itself

	nodes, aliased, aliasDepth int // how much of the output comes from aliases
}

// node writes one value.
func (c *yamlConverter) node(n *yaml.Node) error {
	c.nodes++
	if c.aliasDepth > 0 {
		c.aliased++
	}
	// A short document can expand to gigabytes through aliases of aliases. No honest one is nearly all aliases.
	if c.aliased > 100_000 && c.aliased > c.nodes/10*9 {
		return errors.New("yaml: document contains excessive aliasing")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return c.node(n.Content[0])
	case yaml.AliasNode:
		if c.open[n.Alias] {
			return fmt.Errorf("yaml: anchor '%s' value contains itself", n.Value)
		}
		c.open[n.Alias] = true
		c.aliasDepth++
		err := c.node(n.Alias)
		c.aliasDepth--
		delete(c.open, n.Alias)
		return err
	case yaml.MappingNode:
		return c.mapping(n)
	case yaml.SequenceNode:
		return c.sequence(n)
	case yaml.ScalarNode:
		return c.scalar(n)
	}
	c.out.WriteString("null") // an empty document
	return nil
}

func (c *yamlConverter) sequence(n *yaml.Node) error {
	c.out.WriteByte('[')
	for i, item := range n.Content {
		if i > 0 {
			c.out.WriteByte(',')
		}
		if err := c.node(item); err != nil {
			return err
		}
	}
	c.out.WriteByte(']')
	return nil
}

// yamlEntries is a mapping with its keys as strings, in the order of the document.
type yamlEntries struct {
	keys   []string
	values map[string]*yaml.Node
}

func (e *yamlEntries) set(key string, value *yaml.Node) (had bool) {
	if _, had = e.values[key]; !had {
		e.keys = append(e.keys, key)
	}
	e.values[key] = value
	return had
}

func (c *yamlConverter) mapping(n *yaml.Node) error {
	entries := yamlEntries{values: make(map[string]*yaml.Node, len(n.Content)/2)}
	if err := c.collect(n, &entries, true); err != nil {
		return err
	}
	c.out.WriteByte('{')
	for i, key := range entries.keys {
		if i > 0 {
			c.out.WriteByte(',')
		}
		if err := c.writeJSON(key); err != nil {
			return err
		}
		c.out.WriteByte(':')
		if err := c.node(entries.values[key]); err != nil {
			return err
		}
	}
	c.out.WriteByte('}')
	return nil
}

// collect gathers a mapping's entries and, where the mapping has the key "<<", those of the mappings merged in.
func (c *yamlConverter) collect(n *yaml.Node, entries *yamlEntries, report bool) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			if err := c.merge(value, entries); err != nil {
				return err
			}
			continue
		}
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		name, shown, err := yamlKey(key)
		if err != nil {
			return err
		}
		if entries.set(name, value) && report {
			c.duplicates = append(c.duplicates, duplicate{key.Line, fmt.Sprintf("line %d: key %s already set in map", key.Line, shown)})
		}
	}
	return nil
}

func (c *yamlConverter) merge(value *yaml.Node, entries *yamlEntries) error {
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	switch value.Kind {
	case yaml.MappingNode:
		if c.open[value] {
			return errors.New("yaml: a merged map contains itself")
		}
		c.open[value] = true
		defer delete(c.open, value)
		return c.collect(value, entries, false)
	case yaml.SequenceNode:
		for i := len(value.Content) - 1; i >= 0; i-- { // the first of several has the last word
			if err := c.merge(value.Content[i], entries); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("yaml: map merge requires map or sequence of maps as the value")
}

// yamlKey returns a key as JSON wants it, and as an error message shows it.
func yamlKey(n *yaml.Node) (key, shown string, err error) {
	if n.Kind != yaml.ScalarNode {
		return "", "", fmt.Errorf("yaml: line %d: unsupported map key: a map or a list", n.Line)
	}
	value, err := yamlScalar(n)
	if err != nil {
		return "", "", err
	}
	switch v := value.(type) {
	case string:
		return v, strconv.Quote(v), nil
	case nil:
		return "", "", fmt.Errorf("yaml: line %d: unsupported map key: null", n.Line)
	case float64:
		key = formatYAMLFloat(v, 32)
	default:
		key = fmt.Sprint(v)
	}
	return key, key, nil
}

func (c *yamlConverter) scalar(n *yaml.Node) error {
	value, err := yamlScalar(n)
	if err != nil {
		return err
	}
	return c.writeJSON(value)
}

func (c *yamlConverter) writeJSON(v any) error {
	b, err := MarshalJSON(v)
	c.out.Write(b)
	return err
}

// yamlScalar is the value that a scalar stands for: nil, bool, int64, uint64, float64 or string.
func yamlScalar(n *yaml.Node) (any, error) {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&yaml.TaggedStyle == 0 {
		if n.Style&quoted != 0 {
			return n.Value, nil
		}
		return resolveYAML11(n.Value), nil
	}
	value := resolveYAML11(n.Value)
	fits := true
	switch n.ShortTag() {
	case "!!binary":
		data, err := base64.StdEncoding.DecodeString(n.Value)
		if err != nil {
			return nil, errors.New("yaml: !!binary value contains invalid base64 data")
		}
		return string(data), nil
	case "!!null":
		fits = value == nil
	case "!!bool":
		_, fits = value.(bool)
	case "!!int":
		switch value.(type) {
		case int64, uint64:
		default:
			fits = false
		}
	case "!!float":
		if i, ok := value.(int64); ok {
			return float64(i), nil
		}
		_, fits = value.(float64)
	default: // !!str, !!timestamp and tags of other people
		return n.Value, nil
	}
	if !fits {
		return nil, fmt.Errorf("yaml: line %d: cannot decode `%s` as a %s", n.Line, n.Value, n.ShortTag())
	}
	return value, nil
}

var yamlFloat = Pattern(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)

// resolveYAML11 says what a plain word means in YAML 1.1. The parser's own answer is by YAML 1.2, where yes is a string.
func resolveYAML11(s string) any {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return true
	case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return false
	case ".nan", ".NaN", ".NAN":
		return math.NaN()
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		return math.Inf(1)
	case "-.inf", "-.Inf", "-.INF":
		return math.Inf(-1)
	}
	switch c := s[0]; {
	case c == '.':
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f
		}
		return s
	case c != '+' && c != '-' && (c < '0' || c > '9'), yamlTimestamp(s):
		return s // a timestamp stays the string it is written as
	}
	plain := strings.ReplaceAll(s, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return u
	}
	if yamlFloat().MatchString(plain) {
		if f, err := strconv.ParseFloat(plain, 64); err == nil {
			return f
		}
	}
	return s
}

// yamlTimestamp tells a date, with or without a time. Only the writer needs to know, to quote what would otherwise be
// read as one; but a date such as 2026-01-02 must not be mistaken for arithmetic either.
func yamlTimestamp(s string) bool {
	digits, _ := cutDigits(s)
	if len(digits) != 4 || len(s) < 5 || s[4] != '-' {
		return false
	}
	for _, layout := range []string{
		"2006-1-2T15:4:5.999999999Z07:00", "2006-1-2t15:4:5.999999999Z07:00", "2006-1-2 15:4:5.999999999", "2006-1-2",
	} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

func formatYAMLFloat(f float64, bits int) string {
	switch s := strconv.FormatFloat(f, 'g', -1, bits); s {
	case "+Inf":
		return ".inf"
	case "-Inf":
		return "-.inf"
	case "NaN":
		return ".nan"
	default:
		return s
	}
}
