package cel

import "strings"

// reserved are words of the language: a field of such a name is written with underscores around it.
var reserved = func() map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields("true false null in as break const continue else for function if import let loop package namespace return var void while") {
		words[word] = true
	}
	return words
}()

// EscapeFieldName is how an expression writes a field of an object: self.__namespace__, self.some__dash__field. ok is false
// if no expression can name the field.
func EscapeFieldName(name string) (escaped string, ok bool) {
	if name == "" || '0' <= name[0] && name[0] <= '9' {
		return "", false
	}
	if reserved[name] {
		return "__" + name + "__", true
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '_' && i+1 < len(name) && name[i+1] == '_':
			b.WriteString("__underscores__")
			i++
		case c == '.':
			b.WriteString("__dot__")
		case c == '-':
			b.WriteString("__dash__")
		case c == '/':
			b.WriteString("__slash__")
		case c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9':
			b.WriteByte(c)
		default:
			return "", false
		}
	}
	return b.String(), true
}
