package api

import (
	"fmt"
	"strings"
)

// ParseSelector reads "a=b,c in (d,e),!f,x>3". The empty text picks everything. The grammar:
//
//	selector    = [ requirement { "," requirement } ]
//	requirement = [ "!" ] KEY | KEY ( "=" | "==" | "!=" | ">" | "<" ) VALUE | KEY ( "in" | "notin" ) "(" [ VALUE { "," VALUE } ] ")"
//
// A VALUE may be empty. White space separates words and means nothing else.
func ParseSelector(s string) (Selector, error) {
	p := selectorParser{tokens: selectorTokens(s)}
	var rs requirements
	for p.peek() != "" {
		if p.peek() != "!" && !isSelectorWord(p.peek()) {
			return nil, fmt.Errorf("found '%s', expected: !, identifier, or 'end of string'", p.peek())
		}
		r, err := p.requirement()
		if err != nil {
			return nil, fmt.Errorf("unable to parse requirement: %w", err)
		}
		rs = append(rs, r)
		switch separator := p.next(); separator {
		case "":
		case ",":
			if p.peek() != "!" && !isSelectorWord(p.peek()) {
				return nil, fmt.Errorf("found '%s', expected: identifier after ','", p.peek())
			}
		default:
			return nil, fmt.Errorf("found '%s', expected: ',' or 'end of string'", separator)
		}
	}
	return rs.sorted(), nil
}

// selectorParser walks the tokens of a selector; the empty token is the end.
type selectorParser struct {
	tokens []string
}

func (p *selectorParser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *selectorParser) next() string {
	token := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return token
}

func (p *selectorParser) requirement() (requirement, error) {
	operator := opExists
	key := p.next()
	if key == "!" {
		operator = opDoesNotExist
		key = p.next()
	}
	if !isSelectorWord(key) {
		return requirement{}, fmt.Errorf("found '%s', expected: identifier", key)
	}
	if problems := IsQualifiedName(key); len(problems) > 0 {
		return requirement{}, Path("<nil>").Invalid(key, strings.Join(problems, "; "))
	}
	if operator == opDoesNotExist || p.peek() == "" || p.peek() == "," {
		return newRequirement(key, operator, nil)
	}
	operator = selectorOperator(p.next())
	var values []string
	var err error
	switch operator {
	case opIn, opNotIn:
		values, err = p.values()
	case opEquals, opDoubleEquals, opNotEquals, opGreater, opLess:
		values, err = p.value()
	default:
		err = fmt.Errorf("found '%s', expected: in, notin, =, ==, !=, gt, lt", operator)
	}
	if err != nil {
		return requirement{}, err
	}
	return newRequirement(key, operator, values)
}

// value reads what follows "=": a word, or nothing.
func (p *selectorParser) value() ([]string, error) {
	if p.peek() == "" || p.peek() == "," {
		return []string{""}, nil
	}
	word := p.next()
	if !isSelectorWord(word) {
		return nil, fmt.Errorf("found '%s', expected: identifier", word)
	}
	return []string{word}, nil
}

// values reads "(a,b,)": words, any of which may be empty.
func (p *selectorParser) values() ([]string, error) {
	if open := p.next(); open != "(" {
		return nil, fmt.Errorf("found '%s' expected: '('", open)
	}
	var values []string
	for {
		word := ""
		if isSelectorWord(p.peek()) {
			word = p.next()
		}
		values = append(values, word)
		switch token := p.next(); token {
		case ",":
		case ")":
			return values, nil
		default:
			if word == "" {
				return nil, fmt.Errorf("found '%s', expected: ',', ')' or identifier", token)
			}
			return nil, fmt.Errorf("found '%s', expected: ',' or ')'", token)
		}
	}
}

// isSelectorWord tells a key, value or word operator from punctuation.
func isSelectorWord(token string) bool {
	return token != "" && !strings.ContainsAny(token[:1], "=!(),><")
}

// selectorTokens cuts a selector into words and punctuation.
func selectorTokens(s string) []string {
	var tokens []string
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		if s == "" {
			return tokens
		}
		length := strings.IndexAny(s, "=!(),>< \t\r\n")
		switch {
		case length < 0:
			length = len(s)
		case length == 0:
			length = 1
			if strings.HasPrefix(s, "==") || strings.HasPrefix(s, "!=") {
				length = 2
			}
		}
		tokens = append(tokens, s[:length])
		s = s[length:]
	}
}
