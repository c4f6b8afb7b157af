package api

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression that is compiled when it is first asked for: half a dozen processes have every package's
// patterns, and few look into any. It panics then if the expression is not well-formed. It is safe for concurrent use.
func Pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
