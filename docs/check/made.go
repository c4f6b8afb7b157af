package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// makers make the parts of pages that tell what the tests know: which of upstream's tests cannot pass, what is compared with the real programs. So the page
// cannot claim what the tests do not hold.
var makers = map[string]func(root string) (string, error){
	"conformance": madeFromConformance,
	"clients":     madeFromClients,
	"chapters":    madeFromChapters,
}

var madePart = regexp.MustCompile(`(?s)<!-- made from: (\w+) -->\n(.*?)<!-- end -->`)

// checkMade compares every made part of a page with what the maker says now. With update the page is written anew instead.
func checkMade(root string, update bool) (stale []string, err error) {
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var errs []error
		now := madePart.ReplaceAllStringFunc(string(text), func(part string) string {
			m := madePart.FindStringSubmatch(part)
			maker := makers[m[1]]
			if maker == nil {
				errs = append(errs, fmt.Errorf("%s: nothing is made from %q", file, m[1]))
				return part
			}
			made, err := maker(root)
			if errs = append(errs, err); made != m[2] && !update {
				stale = append(stale, fmt.Sprintf("%s: what is made from %s is stale: make docs UPDATE=1 writes it anew", file, m[1]))
			}
			return "<!-- made from: " + m[1] + " -->\n" + made + "<!-- end -->"
		})
		if err := errors.Join(errs...); err != nil {
			return nil, err
		}
		if update && now != string(text) {
			if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
				return nil, err
			}
		}
	}
	return stale, nil
}

// linesOf reads a file's lines that are not empty.
func linesOf(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return strings.TrimSpace(line) == "" }), nil
}

// madeFromConformance tells how many of upstream's conformance tests there are, and which cannot pass and why.
func madeFromConformance(root string) (string, error) {
	dir := filepath.Join(root, "test", "conformance")
	lists, err := filepath.Glob(filepath.Join(dir, "lists", "*.txt"))
	if err != nil {
		return "", err
	}
	all := map[string]bool{}
	for _, list := range lists {
		names, err := linesOf(list)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			all[name] = true
		}
	}
	known, err := linesOf(filepath.Join(dir, "known.txt"))
	if err != nil {
		return "", err
	}
	var table strings.Builder
	fails, name := 0, ""
	for _, line := range known {
		reason, isReason := strings.CutPrefix(line, "    ")
		switch {
		case isReason:
			fmt.Fprintf(&table, "| %s | %s |\n", strings.TrimSuffix(name, " [Conformance]"), reason)
		case !all[line]:
			return "", fmt.Errorf("test/conformance/known.txt: %q is in no list", line)
		default:
			name = line
			fails++
		}
	}
	return fmt.Sprintf("**%d of %d** tests of the conformance suite of v1.36.3 pass. Those that do not:\n\n| test | why |\n|---|---|\n%s", len(all)-fails, len(all), &table), nil
}

var checkCall = regexp.MustCompile(`check\(t, ([^,]+), ("[^"]*"|title\(t, file\))`)

// madeFromClients tells which real programs the tests let loose on a cluster, and how many things each of them does.
func madeFromClients(root string) (string, error) {
	dir := filepath.Join(root, "test", "compat", "clients")
	sessions, err := filepath.Glob(filepath.Join(dir, "testdata", "kubectl", "*.txtar"))
	if err != nil {
		return "", err
	}
	lists, err := filepath.Glob(filepath.Join(dir, "testdata", "commands", "*.txtar"))
	if err != nil {
		return "", err
	}
	compared, left := 0, 0
	for _, list := range lists {
		lines, err := linesOf(list)
		if err != nil {
			return "", err
		}
		for _, line := range lines {
			if strings.HasPrefix(line, "-- ") {
				break // files follow
			}
			switch {
			case strings.HasPrefix(line, "@"):
				left++
			case !strings.HasPrefix(line, "#"):
				compared++
			}
		}
	}
	ofControllers, err := filepath.Glob(filepath.Join(dir, "testdata", "agree", "*.txtar"))
	if err != nil {
		return "", err
	}
	ofKubelets, err := filepath.Glob(filepath.Join(dir, "testdata", "kubelet", "*.txtar"))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "- The real kubectl: %d sessions, in `test/compat/clients/testdata/kubectl`.\n", len(sessions))
	fmt.Fprintf(&out, "- kubectl beside kubectl-lite: %d commands in %d lists print the same and end the same; %d more are run and not compared.\n", compared, len(lists), left)
	fmt.Fprintf(&out, "- kube-controller-manager beside our controllers: %d scenarios, in `test/compat/clients/testdata/agree`, come to the same objects and events.\n", len(ofControllers))
	fmt.Fprintf(&out, "- kubelet beside ours on the same Docker daemon: %d scenarios, in `test/compat/clients/testdata/kubelet`, come to the same statuses and events.\n", len(ofKubelets))
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		var does []string
		client := strings.TrimSuffix(filepath.Base(file), "_test.go")
		for _, m := range checkCall.FindAllStringSubmatch(string(text), -1) {
			if sentence := strings.Trim(m[2], `"`); m[2] != sentence { // the others are counted above
				does = append(does, sentence)
				if name := strings.Trim(m[1], `"`); name != m[1] {
					client = name
				}
			}
		}
		if len(does) > 0 {
			fmt.Fprintf(&out, "- %s: %s.\n", client, strings.Join(does, "; "))
		}
	}
	return out.String(), nil
}

// madeFromChapters lists where the chapters say how it is in real Kubernetes. A chapter without that is not done.
func madeFromChapters(root string) (string, error) {
	files, err := filepath.Glob(filepath.Join(root, "docs", "[0-9]*.md"))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, file := range files {
		lines, err := linesOf(file)
		if err != nil {
			return "", err
		}
		if !slices.Contains(lines, "## In real Kubernetes") {
			return "", fmt.Errorf("%s has no section %q", file, "In real Kubernetes")
		}
		fmt.Fprintf(&out, "- [%s](%s#in-real-kubernetes)\n", strings.TrimPrefix(lines[0], "# "), filepath.Base(file))
	}
	return out.String(), nil
}
