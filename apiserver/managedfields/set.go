package managedfields

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// A set is a set of paths into an object, as a tree: the nodes at one level, sorted. A path is in the set if the node at
// its end is owned. It is the form that managedFields has as JSON:
//
//	{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:data":{}}
//
// Sets are never changed once they are made; what two of them have in common they may share.
type set []node

// A node is one step of a path: f:name is a field or a key of a map, k:{"name":"web"} the element of a list with
// these keys, v:"x" the element of a list with this value. The name is as in the JSON document, escapes and all: so it
// is read and written without a copy.
type node struct {
	name  string
	owned bool
	below set
}

// compareNames orders the names at one level as upstream does: fields, then keys, then values.
func compareNames(a, b string) int {
	if a[0] != b[0] {
		return strings.IndexByte("fkvi", a[0]) - strings.IndexByte("fkvi", b[0])
	}
	if a[0] == 'f' {
		return strings.Compare(a, b)
	}
	// Inside is JSON. Numbers compare by value, and a string that ends comes before one that goes on.
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	switch {
	case i == len(a) || i == len(b):
		return len(a) - len(b)
	case strings.HasPrefix(a[i:], `\"`):
		return -1
	case strings.HasPrefix(b[i:], `\"`):
		return 1
	}
	start := i
	for start > 0 && isDigit(a[start-1]) {
		start--
	}
	if inNumber := a[start-1] == ':' && (start == 2 || a[start-2] == '"'); inNumber {
		if d := digits(a[start:]) - digits(b[start:]); d != 0 {
			return d
		}
	}
	return strings.Compare(a[i:], b[i:])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digits(s string) (n int) {
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// union is what is in either set.
func union(a, b set) set {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make(set, 0, max(len(a), len(b)))
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch c := compareNames(a[i].name, b[j].name); {
		case c < 0:
			out = append(out, a[i])
			i++
		case c > 0:
			out = append(out, b[j])
			j++
		default:
			out = append(out, node{a[i].name, a[i].owned || b[j].owned, union(a[i].below, b[j].below)})
			i, j = i+1, j+1
		}
	}
	return append(append(out, a[i:]...), b[j:]...)
}

// difference is what is in a and not in b; changed tells whether that is not all of a.
func difference(a, b set) (out set, changed bool) {
	j := 0
	for i := range a {
		for j < len(b) && compareNames(b[j].name, a[i].name) < 0 {
			j++
		}
		kept := a[i]
		if j < len(b) && b[j].name == kept.name {
			below, lost := difference(kept.below, b[j].below)
			if lost || kept.owned && b[j].owned {
				if !changed {
					changed = true
					out = append(make(set, 0, len(a)), a[:i]...)
				}
				kept.owned, kept.below = kept.owned && !b[j].owned, below
				if !kept.owned && len(kept.below) == 0 {
					continue
				}
			}
		}
		if changed {
			out = append(out, kept)
		}
	}
	if !changed {
		return a, false
	}
	return out, true
}

// without takes a field, and all below it, out of the set.
func (s set) without(path []string) set {
	for i := range s {
		if s[i].name[2:] != path[0] || s[i].name[0] != 'f' {
			continue
		}
		out := append(make(set, 0, len(s)), s[:i]...)
		if len(path) > 1 {
			if kept := (node{s[i].name, s[i].owned, s[i].below.without(path[1:])}); kept.owned || len(kept.below) > 0 {
				out = append(out, kept)
			}
		}
		return append(out, s[i+1:]...)
	}
	return s
}

// has tells whether the field at a path is in the set itself.
func (s set) has(path []string) bool {
	for i := range s {
		if s[i].name[0] == 'f' && s[i].name[2:] == path[0] {
			if len(path) == 1 {
				return s[i].owned
			}
			return s[i].below.has(path[1:])
		}
	}
	return false
}

// setOf is the set of one field.
func setOf(path []string) set {
	n := node{name: "f:" + path[0]}
	if len(path) == 1 {
		n.owned = true
	} else {
		n.below = setOf(path[1:])
	}
	return set{n}
}

// json is the set as it is stored.
func (s set) json() []byte {
	return s.append(make([]byte, 0, s.size()), false)
}

func (s set) size() int {
	n := 2
	for i := range s {
		n += len(s[i].name) + 4 + s[i].below.size()
		if s[i].owned {
			n += len(`".":{},`)
		}
	}
	return n
}

func (s set) append(b []byte, dot bool) []byte {
	b = append(b, '{')
	if dot && len(s) > 0 { // a node with nothing below it needs none: {} says it
		b = append(b, `".":{}`...)
	}
	for i := range s {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, s[i].name...)
		b = append(b, `":`...)
		b = s[i].below.append(b, s[i].owned)
	}
	return append(b, '}')
}

var errNoSet = errors.New("not a set of fields")

// parseSet reads the stored form.
func parseSet(json []byte) (set, error) {
	if len(json) == 0 || string(json) == "null" {
		return nil, nil
	}
	p := parser{text: string(json)} // one copy, of which all names are parts
	s, _, err := p.object()
	if err == nil && p.skip() {
		err = errNoSet
	}
	return s, err
}

type parser struct {
	text  string
	at    int
	depth int
}

// skip skips white space and tells whether there is more.
func (p *parser) skip() bool {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\t' || p.text[p.at] == '\r') {
		p.at++
	}
	return p.at < len(p.text)
}

// next takes a character if it comes next.
func (p *parser) next(c byte) bool {
	if !p.skip() || p.text[p.at] != c {
		return false
	}
	p.at++
	return true
}

// maxSetDepth is more than any object is deep.
const maxSetDepth = 1000

// object reads one level. dot tells that the level contains itself: ".":{}.
func (p *parser) object() (s set, dot bool, err error) {
	if p.depth++; p.depth > maxSetDepth || !p.next('{') {
		return nil, false, errNoSet
	}
	defer func() { p.depth-- }()
	if p.next('}') {
		return nil, false, nil
	}
	sorted := true
	for {
		name, err := p.name()
		if err != nil {
			return nil, false, err
		}
		if !p.next(':') {
			return nil, false, errNoSet
		}
		below, self, err := p.object()
		switch {
		case err != nil:
			return nil, false, err
		case name == ".":
			dot = true
		case len(name) < 2 || name[1] != ':' || strings.IndexByte("fkvi", name[0]) < 0:
			return nil, false, errNoSet
		default:
			sorted = sorted && (len(s) == 0 || compareNames(s[len(s)-1].name, name) < 0)
			s = append(s, node{name, self || len(below) == 0, below})
		}
		if p.next('}') {
			break
		}
		if !p.next(',') {
			return nil, false, errNoSet
		}
	}
	if !sorted {
		var in set
		for i := range s {
			in = union(in, s[i:i+1:i+1])
		}
		s = in
	}
	return s, dot, nil
}

// name reads a string and leaves its escapes as they are.
func (p *parser) name() (string, error) {
	if !p.next('"') {
		return "", errNoSet
	}
	start := p.at
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return p.text[start : p.at-1], nil
		case c == '\\':
			p.at += 2
		case c < ' ':
			return "", errNoSet
		default:
			p.at++
		}
	}
	return "", errNoSet
}

// appendEscaped writes text as the inside of a JSON string.
func appendEscaped(b []byte, text string) []byte {
	const hex = "0123456789abcdef"
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(text[i:])
			b = utf8.AppendRune(b, r)
			i += size - 1
		default:
			b = append(b, c)
		}
	}
	return b
}

// fieldName is the name of a field or map key.
func fieldName(key string) string {
	for i := 0; i < len(key); i++ {
		if c := key[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return string(appendEscaped([]byte("f:"), key))
		}
	}
	return "f:" + key
}
