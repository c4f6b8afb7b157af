package structural

import (
	"errors"
	"fmt"
	"strings"
)

var errNoField = errors.New("does not refer to a valid field")

// nextStep cuts the first step off a path: .name or ['name'].
func nextStep(path string, brackets bool) (name, rest string, err error) {
	const ended = "unexpected end of JSON path"
	switch path[0] {
	case '.':
		rest = path[1:]
		if rest == "" {
			return "", "", errors.New(ended)
		}
		end := strings.IndexAny(rest[1:], ".[]")
		if end < 0 {
			return rest, "", nil
		}
		return rest[:end+1], rest[end+1:], nil
	case '[':
		if !brackets {
			return "", "", errors.New("array notation is not allowed")
		}
		return bracketStep(path[1:])
	}
	end := strings.IndexAny(path[1:], ".[]")
	if end < 0 {
		end = len(path) - 1
	}
	return "", "", fmt.Errorf("expected [ or . but got: %s", path[:end+1])
}

// bracketStep reads 'name'] with its escapes.
func bracketStep(path string) (name, rest string, err error) {
	if path == "" {
		return "", "", errors.New("unexpected end of JSON path")
	}
	if path[0] != '\'' {
		token := path
		if end := strings.IndexAny(path, ".[]"); end > 0 {
			token = path[:end]
		}
		return "", "", fmt.Errorf("expected single quoted string but got %s", token)
	}
	var b strings.Builder
	for i := 1; i < len(path); i++ {
		switch c := path[i]; c {
		case '\'':
			rest = path[i+1:]
			if rest == "" {
				return "", "", errors.New("unexpected end of JSON path")
			}
			if rest[0] != ']' {
				return "", "", fmt.Errorf("expected ] but got %s", rest[:1])
			}
			return b.String(), rest[1:], nil
		case '\\':
			i++
			if i == len(path) {
				break
			}
			escaped := strings.IndexByte("abfnrtv'\\", path[i])
			if escaped < 0 {
				return "", "", fmt.Errorf("invalid string literal: invalid escape char \\%c", path[i])
			}
			b.WriteByte("\a\b\f\n\r\t\v'\\"[escaped])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", fmt.Errorf("expected single quoted string but got %s", path)
}
