package main

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// suite is where everything is that a run needs.
type suite struct {
	e2e, kubectl string // upstream's programs
	source       string // upstream's source tree, which tests read manifests from
	kubeconfig   string
	out          string // reports and logs
	procs, nodes int
}

const here = "test/conformance"

func run(ctx context.Context) error {
	s := &suite{}
	flag.StringVar(&s.kubeconfig, "kubeconfig", "", "run against this cluster instead of one of our own")
	flag.StringVar(&s.out, "out", "", "directory for reports and logs (default: a temporary one)")
	flag.StringVar(&s.e2e, "e2e", "bin/clients/e2e.test", "upstream's suite; built if it is not there")
	flag.StringVar(&s.kubectl, "kubectl", "bin/clients/kubectl", "the real kubectl; built if it is not there")
	flag.IntVar(&s.procs, "procs", 4, "how many tests run side by side; serial ones run alone")
	flag.IntVar(&s.nodes, "nodes", 1, "nodes of the cluster")
	runtime := flag.String("runtime", "simulated", "docker or simulated")
	focus := flag.String("focus", "", "only the tests whose names match this regular expression")
	flag.Parse()
	lists := flag.Args()
	if len(lists) == 0 {
		lists = []string{"lists/1-no-node"}
	}
	if err := s.build(ctx); err != nil {
		return err
	}
	if s.out == "" {
		dir, err := os.MkdirTemp("", "kubelite-conformance-")
		if err != nil {
			return err
		}
		s.out = dir
	}
	if s.kubeconfig == "" {
		remove, err := s.startCluster(ctx, *runtime)
		if err != nil {
			return err
		}
		defer remove()
	}
	fmt.Println("reports and logs:", s.out)
	known, err := readKnown()
	if err != nil {
		return err
	}
	failed := false
	for _, list := range lists {
		results, err := s.runList(ctx, list, *focus)
		if err != nil {
			return err
		}
		failed = report(list, results, known) || failed
	}
	if failed {
		return errors.New("not all tests passed")
	}
	return nil
}

// build makes upstream's programs, if they are not there yet.
func (s *suite) build(ctx context.Context) error {
	for _, step := range []struct{ program, dir, pkg, verb string }{
		{s.kubectl, "test/compat", "./kubectl", "build"},
		{s.e2e, here + "/e2e", "k8s.io/kubernetes/test/e2e", "test -c"},
	} {
		if _, err := os.Stat(step.program); err == nil {
			continue
		}
		out, err := filepath.Abs(step.program)
		if err != nil {
			return err
		}
		fmt.Println("building", step.program)
		flags := "-s -w"
		for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
			flags += " -X " + pkg + ".gitVersion=v1.36.3 -X " + pkg + ".gitMajor=1 -X " + pkg + ".gitMinor=36"
		}
		args := append(strings.Fields(step.verb), "-trimpath", "-ldflags", flags, "-o", out, step.pkg)
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env = step.dir, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", step.program, err, out)
		}
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes")
	cmd.Dir = here + "/e2e"
	dir, err := cmd.Output()
	s.source = strings.TrimSpace(string(dir))
	return err
}

// startCluster starts one that lives as long as the run.
func (s *suite) startCluster(ctx context.Context, runtime string) (remove func(), err error) {
	home, err := os.MkdirTemp("", "kubelite-conformance-home-")
	if err != nil {
		return nil, err
	}
	profile := fmt.Sprintf("conformance-%d", os.Getpid())
	kubelite := func(ctx context.Context, args ...string) error {
		cmd := exec.CommandContext(ctx, "bin/kubelite", append(args, "--home", home, "--profile", profile)...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		return cmd.Run()
	}
	remove = func() {
		if err := errors.Join(kubelite(context.WithoutCancel(ctx), "delete"), os.RemoveAll(home)); err != nil {
			fmt.Fprintln(os.Stderr, "conformance: delete the cluster:", err)
		}
	}
	s.kubeconfig = filepath.Join(home, profile, "kubeconfig")
	err = kubelite(ctx, "start", "--nodes", fmt.Sprint(s.nodes), "--runtime", runtime, "--port", "0", "--no-merge")
	if err != nil {
		remove()
	}
	return remove, err
}

// result is how one test ended.
type result struct {
	name, message string
	passed        bool
}

// runList runs the tests that a file names, a line each.
func (s *suite) runList(ctx context.Context, list, focus string) ([]result, error) {
	text, err := os.ReadFile(filepath.Join(here, strings.TrimSuffix(list, ".txt")+".txt"))
	if err != nil {
		return nil, err
	}
	only, err := regexp.Compile(focus)
	if err != nil {
		return nil, err
	}
	var serial []string
	groups := make([][]string, s.procs)
	n := 0
	for name := range strings.Lines(string(text)) {
		name = strings.TrimSpace(name)
		switch {
		case name == "" || !only.MatchString(name):
		case strings.Contains(name, "[Serial]"):
			serial = append(serial, name)
		default:
			groups[n%s.procs] = append(groups[n%s.procs], name)
			n++
		}
	}
	out := filepath.Join(s.out, filepath.Base(list))
	var wg sync.WaitGroup
	for i, names := range groups {
		wg.Go(func() { s.runTests(ctx, filepath.Join(out, fmt.Sprint(i)), names) })
	}
	wg.Wait()
	s.runTests(ctx, filepath.Join(out, "serial"), serial)
	results, err := readReports(out)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Concat(append(groups, serial)...) {
		if !slices.ContainsFunc(results, func(r result) bool { return r.name == name }) {
			results = append(results, result{name: name, message: "did not run"})
		}
	}
	return results, ctx.Err()
}

// runTests runs one process of the suite. How the tests ended is in its report; that some failed is no error.
func (s *suite) runTests(ctx context.Context, dir string, names []string) {
	if len(names) == 0 {
		return
	}
	patterns := make([]string, len(names))
	for i, name := range names {
		patterns[i] = strings.ReplaceAll(regexp.QuoteMeta(name), " ", `\s+`)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		return
	}
	cmd := exec.CommandContext(ctx, s.e2e, "--kubeconfig="+s.kubeconfig, "--provider=skeleton", "--kubectl-path="+s.kubectl, "--repo-root="+s.source,
		"--allowed-not-ready-nodes=-1", fmt.Sprintf("--num-nodes=%d", s.nodes), "--disable-log-dump", "--report-dir="+dir,
		"--ginkgo.focus=(?:"+strings.Join(patterns, "|")+")$", "--ginkgo.timeout=3h", "--ginkgo.no-color", "--ginkgo.poll-progress-after=0")
	log, err := os.Create(filepath.Join(dir, "log"))
	if err == nil {
		cmd.Stdout, cmd.Stderr = log, log
		err = errors.Join(ignoreExit(cmd.Run()), log.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
	}
}

func ignoreExit(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil
	}
	return err
}

// failure is what a report says of a test that failed: in one place or the other.
type failure struct {
	Message string `xml:"message,attr"`
	Content string `xml:",chardata"`
}

func (f *failure) text() string {
	_, content, _ := strings.Cut(f.Content, "[FAILED]")
	return cmp.Or(strings.TrimSpace(f.Message), strings.TrimSpace(content))
}

// readReports reads the JUnit files of all processes.
func readReports(dir string) ([]result, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "junit_*.xml"))
	if err != nil {
		return nil, err
	}
	var results []result
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var report struct {
			Suites []struct {
				Cases []struct {
					Name    string    `xml:"name,attr"`
					Skipped *struct{} `xml:"skipped"`
					Failure *failure  `xml:"failure"`
					Error   *failure  `xml:"error"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(text, &report); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, suite := range report.Suites {
			for _, c := range suite.Cases {
				name, isTest := strings.CutPrefix(c.Name, "[It] ")
				if !isTest || c.Skipped != nil {
					continue
				}
				r := result{name: name, passed: c.Failure == nil && c.Error == nil}
				switch {
				case c.Failure != nil:
					r.message = c.Failure.text()
				case c.Error != nil:
					r.message = c.Error.text()
				}
				results = append(results, r)
			}
		}
	}
	return results, nil
}

// readKnown reads known.txt: tests that cannot pass, each with the reason, indented, below it. docs/differences.md is made from it, too.
func readKnown() (reasons map[string]string, err error) {
	text, err := os.ReadFile(filepath.Join(here, "known.txt"))
	if err != nil {
		return nil, err
	}
	reasons = map[string]string{}
	name := ""
	for line := range strings.Lines(string(text)) {
		if reason := strings.TrimSpace(line); strings.HasPrefix(line, " ") {
			reasons[name] = reason
		} else {
			name = reason
		}
	}
	return reasons, nil
}

// report prints the tests that failed, and the count. Those that are known to fail are told apart.
func report(list string, results []result, known map[string]string) (failed bool) {
	passed := 0
	for _, r := range results {
		reason, isKnown := known[r.name]
		switch {
		case r.passed && isKnown:
			fmt.Printf("PASSED  %s\n        which is in known.txt: %s\n", r.name, reason)
			fallthrough
		case r.passed:
			passed++
		case isKnown:
			fmt.Printf("KNOWN   %s\n        %s\n", r.name, reason)
		default:
			message, _, _ := strings.Cut(strings.TrimSpace(r.message), "\n")
			fmt.Printf("FAILED  %s\n        %.200s\n", r.name, message)
			failed = true
		}
	}
	fmt.Printf("%s: %d of %d pass\n", filepath.Base(list), passed, len(results))
	return failed
}
