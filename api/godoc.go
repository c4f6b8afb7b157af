package api

import (
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
)

// typeSources is the source of every API type: its comments are what `kubectl explain` prints, so documentation and
// code cannot drift apart.
//
//go:embed types_*.go quantity.go intstr.go time.go raw.go object.go
var typeSources embed.FS

// typeDoc is what the source says about one type.
type typeDoc struct {
	file   string
	text   string
	fields map[string]string // by Go name
	over   string            // the type that it is defined over: "" for those that have fields of their own
	values []valueDoc        // the constants of a string type
}

// valueDoc is one constant.
type valueDoc struct {
	value string
	text  string
}

// readTypeDocs parses the sources, one at a time. It takes some milliseconds and some megabytes, and runs only when a
// client asks for a schema; whoever calls it should keep its answer rather than what it was made from.
func readTypeDocs() map[string]*typeDoc {
	docs := map[string]*typeDoc{}
	entries, err := typeSources.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("api: embedded sources: %v", err))
	}
	for _, entry := range entries {
		source, err := typeSources.ReadFile(entry.Name())
		if err != nil {
			panic(fmt.Sprintf("api: embedded sources: %v", err))
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			panic(fmt.Sprintf("api: embedded sources: %v", err)) // the compiler has read the same file
		}
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range general.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					readType(docs, entry.Name(), general, spec)
				case *ast.ValueSpec:
					readConstants(docs, general, spec)
				}
			}
		}
	}
	for _, doc := range docs {
		if over := docs[doc.over]; over != nil {
			doc.fields = over.fields // they are the same fields
		}
	}
	return docs
}

func docOf(docs map[string]*typeDoc, name string) *typeDoc {
	if docs[name] == nil {
		docs[name] = &typeDoc{fields: map[string]string{}}
	}
	return docs[name]
}

func readType(docs map[string]*typeDoc, file string, general *ast.GenDecl, spec *ast.TypeSpec) {
	doc := docOf(docs, spec.Name.Name)
	doc.file = file
	doc.text = commentText(spec.Doc)
	if doc.text == "" && len(general.Specs) == 1 {
		doc.text = commentText(general.Doc)
	}
	if over, ok := spec.Type.(*ast.Ident); ok {
		doc.over = over.Name
	}
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range structure.Fields.List {
		text := commentText(field.Doc)
		if text == "" {
			text = commentText(field.Comment)
		}
		for _, name := range field.Names {
			doc.fields[name.Name] = text
		}
		if embedded, ok := field.Type.(*ast.Ident); ok && len(field.Names) == 0 {
			doc.fields[embedded.Name] = text
		}
	}
}

// readConstants keeps what "Name Type = "value"" declares.
func readConstants(docs map[string]*typeDoc, general *ast.GenDecl, spec *ast.ValueSpec) {
	name, ok := spec.Type.(*ast.Ident)
	if general.Tok != token.CONST || !ok || len(spec.Values) != 1 {
		return
	}
	literal, ok := spec.Values[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		panic(fmt.Sprintf("api: embedded sources: %v", err))
	}
	text := commentText(spec.Doc)
	if text == "" {
		text = commentText(spec.Comment)
	}
	doc := docOf(docs, name.Name)
	doc.values = append(doc.values, valueDoc{value: value, text: text})
}

// commentText joins the lines of a paragraph, as explain wraps them anew, and keeps paragraphs and lists apart.
func commentText(group *ast.CommentGroup) string {
	if group == nil {
		return ""
	}
	var b strings.Builder
	previous := ""
	for line := range strings.Lines(group.Text()) {
		line = strings.TrimRight(line, " \t\n")
		list := strings.HasPrefix(strings.TrimLeft(line, " \t"), "- ") || strings.HasPrefix(line, "\t")
		switch {
		case b.Len() == 0:
		case line == "" || previous == "" || list:
			b.WriteByte('\n')
		default:
			b.WriteByte(' ')
		}
		b.WriteString(line)
		previous = line
	}
	return strings.TrimSpace(b.String())
}

// goName is the type's name in the source: List for List[Pod].
func goName(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return name
}
