package kubectllite

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// writeKYAML writes an object as KYAML: YAML in braces, whose strings are always quoted and whose indentation means
// nothing, so that it can be pasted anywhere.
func writeKYAML(out io.Writer, o object) error {
	var b strings.Builder
	b.WriteString("---\n")
	kyamlValue(&b, map[string]any(o), 0)
	b.WriteByte('\n')
	_, err := io.WriteString(out, b.String())
	return err
}

func kyamlValue(b *strings.Builder, v any, indent int) {
	pad := strings.Repeat("  ", indent)
	switch v := v.(type) {
	case object:
		kyamlValue(b, map[string]any(v), indent)
	case map[string]any:
		if len(v) == 0 {
			b.WriteString("{}")
			return
		}
		b.WriteString("{\n")
		for _, key := range sortedKeys(v) {
			fmt.Fprintf(b, "%s  %s: ", pad, kyamlKey(key))
			kyamlValue(b, v[key], indent+1)
			b.WriteString(",\n")
		}
		b.WriteString(pad + "}")
	case []any:
		kyamlList(b, v, indent)
	case string:
		b.WriteString(kyamlString(v, indent+1))
	default:
		data, _ := json.Marshal(v) // a number, a boolean or null: it cannot fail
		b.Write(data)
	}
}

// kyamlList cuddles the brackets of a list of maps or lists, so that they are indented once and not twice.
func kyamlList(b *strings.Builder, list []any, indent int) {
	if len(list) == 0 {
		b.WriteString("[]")
		return
	}
	nested := true
	for _, item := range list {
		switch item.(type) {
		case map[string]any, []any:
		default:
			nested = false
		}
	}
	if nested {
		b.WriteByte('[')
		for i, item := range list {
			if i > 0 {
				b.WriteString(", ")
			}
			kyamlValue(b, item, indent)
		}
		b.WriteByte(']')
		return
	}
	pad := strings.Repeat("  ", indent)
	b.WriteString("[\n")
	for _, item := range list {
		b.WriteString(pad + "  ")
		kyamlValue(b, item, indent+1)
		b.WriteString(",\n")
	}
	b.WriteString(pad + "]")
}

var (
	plainKey = regexp.MustCompile(`^[\pL\pN_]([\pL\pN_./-]*[\pL\pN_])?$`)
	// ambiguousKey is what a YAML parser may take for something else than text.
	ambiguousKey = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n|\.inf|\.nan|[-+]?[0-9][0-9_a-fx.:]*([-e][-+0-9:t.z]*)?)$`)
)

func kyamlKey(key string) string {
	if plainKey.MatchString(key) && !ambiguousKey.MatchString(key) {
		return key
	}
	return strconv.Quote(key)
}

// kyamlString quotes a string; a newline in it becomes one in the text, too.
func kyamlString(text string, indent int) string {
	if !strings.Contains(text, "\n") {
		return strings.ReplaceAll(strconv.Quote(text), `\t`, "\t")
	}
	pad := strings.Repeat("  ", indent)
	var b strings.Builder
	b.WriteString("\"\\\n")
	for line := range strings.SplitAfterSeq(text, "\n") {
		if line == "" {
			continue
		}
		quoted := strings.ReplaceAll(strconv.Quote(line), `\t`, "\t")
		quoted = quoted[1 : len(quoted)-1]
		if quoted[0] == ' ' || quoted[0] == '\t' { // folding would eat it
			quoted = `\` + quoted
		} else {
			quoted = " " + quoted
		}
		b.WriteString(pad + quoted + "\\\n")
	}
	b.WriteString(pad + `"`)
	return b.String()
}
