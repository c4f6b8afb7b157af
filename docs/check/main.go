// Command check keeps the book honest: every reference from docs/ and the README to the code must be good.
//
//	`store/commit.go`                 the file exists
//	`controllers/replicaset.go#plan`  the file declares plan: a function, method, type, constant, variable or field
//	```go controllers/replicaset.go   the quoted lines stand in the file, in this order, side by side
//	[text](other.md)                  the linked file exists
//	<!-- made from: conformance -->   what follows, up to <!-- end -->, is what tests keep: see made.go; -update writes it anew
//
// References name symbols, not lines: lines move with every edit.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	update := flag.Bool("update", false, "write what is made from the tests' data anew")
	flag.Parse()
	bad, count, err := check(".")
	if err == nil {
		var stale []string
		stale, err = checkMade(".", *update)
		bad = append(bad, stale...)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
	for _, b := range bad {
		fmt.Fprintln(os.Stderr, b)
	}
	if len(bad) > 0 {
		os.Exit(1)
	}
	fmt.Printf("docs: %d references are good\n", count)
}

var (
	reference = regexp.MustCompile("`([\\w./-]+\\.(?:go|yaml|txtar|sh))(?:#([\\w.]+))?`")
	link      = regexp.MustCompile(`\]\(([\w./-]+)(?:#[\w-]*)?\)`)
	snippet   = regexp.MustCompile("^```\\w+ ([\\w./-]+)$")
)

// check reads every Markdown file of the repository's root, of docs/ and of examples/ and returns what is wrong, a line each.
func check(root string) (bad []string, count int, err error) {
	var files []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "docs/*/*/*.md", "examples/*/*.md"} {
		matches, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, 0, err
		}
		files = append(files, matches...)
	}
	symbols := map[string]map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, 0, err
		}
		complain := func(line int, format string, args ...any) {
			bad = append(bad, fmt.Sprintf("%s:%d: %s", file, line, fmt.Sprintf(format, args...)))
		}
		var quoted []string // the lines of the snippet we are in
		var quotedFrom string
		scanner := bufio.NewScanner(bytes.NewReader(text))
		for n := 1; scanner.Scan(); n++ {
			line := scanner.Text()
			if quotedFrom != "" {
				if line != "```" {
					quoted = append(quoted, line)
					continue
				}
				count++
				if !contains(filepath.Join(root, quotedFrom), quoted) {
					complain(n, "the quoted lines do not stand in %s", quotedFrom)
				}
				quoted, quotedFrom = nil, ""
				continue
			}
			if m := snippet.FindStringSubmatch(line); m != nil {
				quotedFrom = m[1]
				continue
			}
			for _, m := range reference.FindAllStringSubmatch(line, -1) {
				path, symbol := m[1], m[2]
				if !strings.Contains(path, "/") || strings.HasPrefix(path, "pkg/") || strings.HasPrefix(path, "cmd/kube") || strings.HasPrefix(path, "staging/") || strings.HasPrefix(path, "server/") {
					continue // a bare file name, or a file of upstream's
				}
				count++
				full := filepath.Join(root, path)
				if _, err := os.Stat(full); err != nil {
					complain(n, "no file %s", path)
					continue
				}
				if symbol == "" {
					continue
				}
				if symbols[full] == nil {
					if symbols[full], err = declared(full); err != nil {
						return nil, 0, err
					}
				}
				if !symbols[full][symbol] {
					complain(n, "%s declares no %s", path, symbol)
				}
			}
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				count++
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
					complain(n, "the link %s leads nowhere", m[1])
				}
			}
		}
		if err := scanner.Err(); err != nil {
			return nil, 0, err
		}
	}
	return bad, count, nil
}

// declared returns the names that a Go file declares: at the top level, methods (also as Type.Method), struct fields
// and interface methods.
func declared(path string) (map[string]bool, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			names[n.Name.Name] = true
			if n.Recv != nil {
				names[receiver(n.Recv.List[0].Type)+"."+n.Name.Name] = true
			}
			return false
		case *ast.TypeSpec:
			names[n.Name.Name] = true
		case *ast.ValueSpec:
			for _, name := range n.Names {
				names[name.Name] = true
			}
		case *ast.Field:
			for _, name := range n.Names {
				names[name.Name] = true
			}
		}
		return true
	})
	return names, nil
}

// receiver is the type's name in a method's receiver: T, *T, T[P] or *T[P].
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// contains tells whether the file holds the lines side by side, whatever their indentation.
func contains(path string, lines []string) bool {
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	return strings.Contains(squeeze(strings.Split(string(b), "\n")), squeeze(lines))
}

func squeeze(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.TrimSpace(l))
		b.WriteString("\n")
	}
	return b.String()
}
