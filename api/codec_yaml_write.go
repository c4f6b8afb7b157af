package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MarshalYAML writes any API value as kubectl's -o yaml does: keys sorted, two spaces a level, the dashes of a list
// under its key, long text folded after 80 columns. It goes through JSON, so that both forms agree on names and on
// what is left out. (A writer of our own, because yaml.v3 lays lists out differently and does not fold.)
func MarshalYAML(v any) ([]byte, error) {
	data, err := MarshalJSON(v)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	var w yamlWriter
	w.node(tree, -yamlIndent, true)
	w.line(0)
	return w.out.Bytes(), nil
}

const (
	yamlIndent = 2
	yamlWidth  = 80
	// yamlLongKey is the longest key that fits before a colon; longer ones are written after a question mark.
	yamlLongKey = 128
)

// yamlWriter writes a JSON tree as block-style YAML. The cursor stands where the next value begins.
type yamlWriter struct {
	out    bytes.Buffer
	column int
}

func (w *yamlWriter) put(s string) {
	w.out.WriteString(s)
	w.column += utf8.RuneCountInString(s)
}

// line begins a new line with an indentation, unless the cursor is at the beginning of one already.
func (w *yamlWriter) line(indent int) {
	if w.column > 0 {
		w.out.WriteByte('\n')
		w.column = 0
	}
	w.put(strings.Repeat(" ", max(indent, 0)))
}

// node writes a value whose parent is indented by indent. Inline tells that a map or list may begin at the cursor
// (after a dash) rather than on a line of its own (after a key).
func (w *yamlWriter) node(v any, indent int, inline bool) {
	switch v := v.(type) {
	case nil:
		w.put("null")
	case bool:
		w.put(strconv.FormatBool(v))
	case json.Number:
		w.put(yamlNumber(v))
	case string:
		w.scalar(v, max(indent+yamlIndent, yamlIndent), false)
	case []any:
		switch {
		case len(v) == 0:
			w.put("[]")
		case inline:
			w.list(v, indent+yamlIndent, true)
		default:
			w.list(v, indent, false) // the dashes stand under the key
		}
	case map[string]any:
		if len(v) == 0 {
			w.put("{}")
		} else {
			w.mapping(v, indent+yamlIndent, inline)
		}
	default:
		panic(fmt.Sprintf("api: %T in a JSON tree", v))
	}
}

func (w *yamlWriter) list(items []any, indent int, inline bool) {
	for i, item := range items {
		if i > 0 || !inline {
			w.line(indent)
		}
		w.put("- ")
		w.node(item, indent, true)
	}
}

func (w *yamlWriter) mapping(m map[string]any, indent int, inline bool) {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareYAMLKeys)
	for i, key := range keys {
		if i > 0 || !inline {
			w.line(indent)
		}
		if len(key) > yamlLongKey || strings.ContainsAny(key, yamlBreaks) {
			w.put("? ")
			w.scalar(key, indent+yamlIndent, false)
			w.line(indent)
			w.put(": ")
			w.node(m[key], indent, true)
			continue
		}
		w.scalar(key, indent+yamlIndent, true)
		w.put(":")
		if onNextLine(m[key]) {
			w.node(m[key], indent, false)
		} else {
			w.put(" ")
			w.node(m[key], indent, false)
		}
	}
}

func onNextLine(v any) bool {
	switch v := v.(type) {
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return false
}

// yamlNumber writes whole numbers as they are and all others the way Go prints floats.
func yamlNumber(n json.Number) string {
	if !strings.ContainsAny(n.String(), ".eE") {
		return n.String()
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	return formatYAMLFloat(f, 64)
}

// compareYAMLKeys sorts letters after everything else and runs of digits by their value: a2 before a10.
func compareYAMLKeys(a, b string) int {
	if a == b {
		return 0
	}
	if yamlKeyLess([]rune(a), []rune(b)) {
		return -1
	}
	return 1
}

func yamlKeyLess(a, b []rune) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) < len(b)
	}
	if aLetter, bLetter := unicode.IsLetter(a[i]), unicode.IsLetter(b[i]); aLetter && bLetter {
		return a[i] < b[i]
	} else if aLetter || bLetter {
		return bLetter
	}
	var start int64 // of both numbers: a zero at the difference matters only if digits other than zero came before
	if a[i] == '0' || b[i] == '0' {
		for j := i - 1; j >= 0 && unicode.IsDigit(a[j]); j-- {
			if a[j] != '0' {
				start = 1
				break
			}
		}
	}
	aNumber, aEnd := runOfDigits(a, i, start)
	bNumber, bEnd := runOfDigits(b, i, start)
	if aNumber != bNumber {
		return aNumber < bNumber
	}
	if aEnd != bEnd {
		return aEnd < bEnd
	}
	return a[i] < b[i]
}

func runOfDigits(s []rune, i int, number int64) (value int64, end int) {
	for ; i < len(s) && unicode.IsDigit(s[i]); i++ {
		number = number*10 + int64(s[i]-'0')
	}
	return number, i
}

// yamlBreaks is what YAML takes for the end of a line.
const yamlBreaks = "\n\r\u0085\u2028\u2029"

// yamlStyles is what a string's content allows.
type yamlStyles struct {
	plain, single, literal bool
}

// stylesFor looks for what would be read back differently, or could not be read at all, in each style.
func stylesFor(s string) yamlStyles {
	if s == "" {
		return yamlStyles{plain: true, single: true}
	}
	indicators := strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") || strings.ContainsRune("#,[]{}&*!|>'\"%@`", rune(s[0]))
	special := false
	breaks, breakThenSpace, spaceThenBreak := false, false, false
	var previous rune
	for i, c := range s {
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(c):])
		atEnd := i+utf8.RuneLen(c) == len(s)
		isBreak := strings.ContainsRune(yamlBreaks, c)
		switch {
		case (c == ':' || i == 0 && (c == '?' || c == '-')) && (atEnd || next == ' ' || next == '\t'):
			indicators = true
		case c == '#' && (previous == ' ' || previous == '\t' || strings.ContainsRune(yamlBreaks, previous)):
			indicators = true
		case !yamlPrintable(c):
			special = true
		}
		breaks = breaks || isBreak
		if i > 0 {
			previousBreak := strings.ContainsRune(yamlBreaks, previous)
			breakThenSpace = breakThenSpace || previousBreak && c == ' '
			spaceThenBreak = spaceThenBreak || previous == ' ' && isBreak
		}
		previous = c
	}
	edge := func(c rune) bool { return c == ' ' || strings.ContainsRune(yamlBreaks, c) }
	first, _ := utf8.DecodeRuneInString(s)
	odd := special || spaceThenBreak
	return yamlStyles{
		plain:   !odd && !indicators && !breaks && !edge(first) && !edge(previous),
		single:  !odd && !breakThenSpace,
		literal: !odd && previous != ' ',
	}
}

// yamlPrintable tells what may stand unescaped: neither control characters nor what is beyond 16 bits.
func yamlPrintable(c rune) bool {
	return c == '\n' || c >= 0x20 && c <= 0x7e || c >= 0xa0 && c < 0xd800 || c >= 0xe000 && c < 0xfffe && c != 0xfeff
}

// scalar writes a string in the plainest style that reads back as the same string. Lines that it begins itself are
// indented by indent.
func (w *yamlWriter) scalar(s string, indent int, key bool) {
	styles := stylesFor(s)
	multiline := strings.ContainsAny(s, yamlBreaks)
	_, isString := resolveYAML11(s).(string)
	switch {
	case strings.ContainsAny(s, "\u2028\u2029"):
		w.doubleQuoted(s, indent, !key) // line ends that readers disagree about
	case strings.Contains(s, "\n") && !key:
		if styles.literal {
			w.literal(s, indent)
		} else {
			w.doubleQuoted(s, indent, !key)
		}
	case key && multiline, !isString, s == "<<", yamlTimestamp(s), base60(s):
		w.doubleQuoted(s, indent, !key)
	case styles.plain && (s != "" || !key):
		w.folded(s, indent, !key)
	case styles.single:
		w.put("'")
		w.folded(strings.ReplaceAll(s, "'", "''"), indent, !key)
		w.put("'")
	default:
		w.doubleQuoted(s, indent, !key)
	}
}

var yamlBase60 = Pattern(`^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`)

// base60 tells 1:30 and the like, which old parsers read as ninety.
func base60(s string) bool { return strings.Contains(s, ":") && yamlBase60().MatchString(s) }

// folded writes text and breaks the line at single spaces beyond the width.
func (w *yamlWriter) folded(s string, indent int, fold bool) {
	for i, c := range s {
		if c == ' ' && fold && w.column > yamlWidth && i > 0 && i+1 < len(s) && s[i+1] != ' ' && s[i-1] != ' ' {
			w.line(indent)
			continue
		}
		w.put(string(c))
	}
}

func (w *yamlWriter) doubleQuoted(s string, indent int, fold bool) {
	w.put(`"`)
	spaces := false
	for i, c := range s {
		switch {
		case c == ' ' && fold && !spaces && w.column > yamlWidth && i > 0 && i+1 < len(s):
			w.line(indent)
			if s[i+1] == ' ' {
				w.put(`\`)
			}
		case yamlPrintable(c) && c != '"' && c != '\\' && !strings.ContainsRune(yamlBreaks, c):
			w.put(string(c))
		default:
			w.put(escapeYAML(c))
		}
		spaces = c == ' '
	}
	w.put(`"`)
}

func escapeYAML(c rune) string {
	if short, ok := map[rune]string{
		0: "0", '\a': "a", '\b': "b", '\t': "t", '\n': "n", '\v': "v", '\f': "f", '\r': "r", 0x1b: "e", '"': `"`, '\\': `\`,
		0x85: "N", 0xa0: "_", 0x2028: "L", 0x2029: "P",
	}[c]; ok {
		return `\` + short
	}
	switch {
	case c <= 0xff:
		return fmt.Sprintf(`\x%02X`, c)
	case c <= 0xffff:
		return fmt.Sprintf(`\u%04X`, c)
	}
	return fmt.Sprintf(`\U%08X`, c)
}

// literal writes lines as they are after a bar. The hints say how many spaces the block is indented by, where its
// first line begins with one, and what becomes of line ends at its end.
func (w *yamlWriter) literal(s string, indent int) {
	w.put("|")
	if s[0] == ' ' || strings.ContainsAny(s[:1], yamlBreaks) {
		w.put(strconv.Itoa(yamlIndent))
	}
	switch {
	case !strings.HasSuffix(s, "\n"):
		w.put("-")
	case s == "\n" || strings.HasSuffix(s, "\n\n"):
		w.put("+")
	}
	w.out.WriteByte('\n')
	w.column = 0
	for line := range strings.Lines(s) {
		text, ended := strings.CutSuffix(line, "\n")
		if text != "" {
			w.line(indent)
			w.put(text)
		}
		if ended {
			w.out.WriteByte('\n')
			w.column = 0
		}
	}
}
