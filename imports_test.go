// Package kubelite_test holds the one rule that no single package can check: which may import which.
package kubelite_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the architecture: what each folder may know of the others. Components meet only at the API, so none of
// them imports another, nor the store.
var mayImport = map[string][]string{
	"api":          {},
	"store":        {},
	"cel":          {"api"},
	"apiserver":    {"api", "store", "cel"},
	"client":       {"api"},
	"scheduler":    {"api", "client", "cel"},
	"controllers":  {"api", "client"},
	"kubelet":      {"api", "client", "kubelet"},
	"proxy":        {"api", "client"},
	"metrics":      {"api", "client"},
	"kubectl-lite": {"api", "client"},
	"cluster":      {"api", "client"},
	"dashboard":    {"api", "client"},
	"examples":     {},
	"docs":         {},
	"lab":          {"api", "client", "cel", "docs"},
	"cmd":          {"api", "store", "cel", "apiserver", "client", "scheduler", "controllers", "kubelet", "proxy", "metrics", "kubectl-lite", "cluster", "dashboard", "lab"},
	"test":         {"api", "store", "cel", "apiserver", "client", "scheduler", "controllers", "kubelet", "proxy", "metrics", "kubectl-lite", "cluster", "dashboard", "lab", "test"},
}

// owners says which folder alone may use a library, so that replacing it touches one place.
var owners = map[string][]string{
	"github.com/golang-jwt/jwt":          {"api/tokens"},
	"go.etcd.io/bbolt":                   {"store"},
	"github.com/gorilla/mux":             {"apiserver"},
	"github.com/docker/docker":           {"kubelet/docker", "test"},
	"github.com/distribution/reference":  {"kubelet"},
	"github.com/moby/patternmatcher":     {"kubelet/docker"},
	"github.com/moby/term":               {"kubelet/docker"},
	"gopkg.in/yaml.v3":                   {"api"},
	"sigs.k8s.io/json":                   {"api"},
	"github.com/go-json-experiment/json": {"api"},
	"github.com/robfig/cron":             {"api"},
	"github.com/pmezard/go-difflib":      {"api"},
	"github.com/evanphx/json-patch":      {"api"},
	"github.com/spf13/cobra":             {"cmd", "kubectl-lite", "cluster"},
	"github.com/prometheus":              {"apiserver"},
	"github.com/google/gnostic-models":   {"apiserver"},
	"github.com/tdewolff/parse":          {"apiserver"},
	"google.golang.org/protobuf":         {"apiserver"},
	"gopkg.in/natefinch/lumberjack.v2":   {"apiserver"},
	"github.com/google/cel-go":           {"cel"},
	"github.com/blang/semver":            {"cel"},
	"mvdan.cc/sh":                        {"kubelet/simulated"},
	"github.com/google/nftables":         {"proxy/nft"},
	"github.com/mdlayher/netlink":        {"proxy/nft"},
	"github.com/vishvananda/netlink":     {"proxy"},
	"github.com/miekg/dns":               {"proxy/dns"},
	// Both ends of a conversation with a container: the server's and the client's.
	"github.com/gorilla/websocket":    {"kubelet/streaming", "client/remote", "test"},
	"github.com/moby/spdystream":      {"kubelet/streaming", "client/remote", "test"},
	"golang.org/x/term":               {"kubectl-lite", "cluster"},
	"golang.org/x/net":                {"apiserver"},
	"github.com/stretchr/testify":     {"test"},
	"github.com/rogpeppe/go-internal": {"test"},
	"github.com/chromedp":             {"test"},

	"sigs.k8s.io/structured-merge-diff": {"apiserver/managedfields"},
	"sigs.k8s.io/kustomize":             {"kubectl-lite"},
}

func TestArrowsPointOneWay(t *testing.T) {
	eachImport(t, func(file, folder, path string) {
		ours, ok := strings.CutPrefix(path, "kubelite/")
		if !ok {
			return
		}
		target, _, _ := strings.Cut(ours, "/")
		if target == folder && folder != "kubelet" || slices.Contains(mayImport[folder], target) {
			return
		}
		t.Errorf("%s imports %s: %s may import only %v. Components meet at the API and nowhere else: "+
			"whatever one needs of another goes through an object that the API server stores", file, path, folder, mayImport[folder])
	})
}

func TestEveryLibraryHasOneOwner(t *testing.T) {
	eachImport(t, func(file, _, path string) {
		for library, folders := range owners {
			if path != library && !strings.HasPrefix(path, library+"/") {
				continue
			}
			if !slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(file, f+"/") }) {
				t.Errorf("%s imports %s, which belongs to %v: use what that package offers, so that the library can be replaced in one place", file, path, folders)
			}
		}
		if strings.HasPrefix(path, "k8s.io/") {
			t.Errorf("%s imports %s: kubelite is an implementation of its own; only modules of their own below test compare it with upstream's", file, path)
		}
	})
}

// isOtherModule tells whether a folder is a module of its own, as what compares us with upstream is.
func isOtherModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

// eachImport calls f for every import of every source file that is part of the product.
func eachImport(t *testing.T, f func(file, folder, path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (isOtherModule(file) || strings.HasPrefix(entry.Name(), ".")) && file != "." {
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder, _, _ := strings.Cut(file, "/")
		for _, spec := range source.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f(file, folder, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryPackageSaysWhatItIs asks for a package comment: a reader opens doc.go first.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && file != "." {
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.Dir(file)
		documented[dir] = documented[dir] || source.Doc != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment: say in doc.go what part of Kubernetes it is and where to start reading", dir)
		}
	}
}
