package kubectllite

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"text/template"
)

// parseTemplate reads a Go template, with the two functions that kubectl adds to the language.
func parseTemplate(text string, strict bool) (*template.Template, error) {
	t := template.New("output").Funcs(template.FuncMap{"exists": exists, "base64decode": base64decode})
	if strict {
		t.Option("missingkey=error")
	}
	parsed, err := t.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("error parsing template %s, %w", text, err)
	}
	return parsed, nil
}

func (p *printer) executeTemplate(out io.Writer, o object) error {
	// Numbers are floats here, as in kubectl: templates that compare them count on it.
	var plain any
	if err := json.Unmarshal(o.json(), &plain); err != nil {
		return err
	}
	if err := p.tmpl.Execute(out, plain); err != nil {
		return fmt.Errorf("error executing template %q: %w", p.text, err)
	}
	return nil
}

// exists tells whether there is something at the path.
func exists(v any, path ...any) bool {
	for _, step := range path {
		switch at := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				return false
			}
			if v, ok = m[at]; !ok {
				return false
			}
		case int:
			list, ok := v.([]any)
			if !ok || at < 0 || at >= len(list) {
				return false
			}
			v = list[at]
		default:
			return false
		}
	}
	return true
}

func base64decode(text string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("base64 decode failed: %w", err)
	}
	return string(data), nil
}
