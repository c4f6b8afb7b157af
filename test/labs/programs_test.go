package labs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kubelite/client"
	"kubelite/lab"
	"kubelite/test/story"
)

// programs is where our own components are built, once for all labs whose solutions they are. TestMain removes it.
var programs = filepath.Join(os.TempDir(), fmt.Sprintf("kubelite-labs-%d", os.Getpid()))

var built = sync.OnceValues(func() ([]byte, error) {
	build := exec.Command("go", "build", "-o", programs+"/", "./cmd/kubelite", "./cmd/kubectl-lite")
	build.Dir = "../.."
	return build.CombinedOutput()
})

// TestPrograms proves of each lab in which a program takes a component's place that it fails without one, in just the checks
// that it says; that our own component passes, whatever goes wrong; and that a program with a mistake is seen through, with a
// timeline that shows where.
func TestPrograms(t *testing.T) {
	all, err := lab.All()
	require.NoError(t, err)
	for _, l := range all {
		if l.Program == nil {
			continue
		}
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // on a machine that does much else
			defer cancel()
			s := startProgramLab(ctx, t, l)
			requireFailsWithout(ctx, t, s)
			if l.Mistake != "" {
				requireSeesMistake(ctx, t, s)
			}
			for _, c := range l.Circumstances() {
				requirePasses(ctx, t, s, c, script(t, l, l.Solution))
			}
			require.NoError(t, s.Remove(ctx))
			_, err := os.Stat(s.Place.Dir)
			assert.ErrorIs(t, err, os.ErrNotExist, "credentials are left over")
		})
	}
}

// TestSchedulerInSixtyLines proves that what the lab's folder has as an example is one.
func TestSchedulerInSixtyLines(t *testing.T) {
	all, err := lab.All()
	require.NoError(t, err)
	l, err := lab.Named(all, "own-scheduler")
	require.NoError(t, err)
	i := slices.IndexFunc(l.SolutionFiles, func(f lab.File) bool { return f.Name == "solution/scheduler.py" })
	require.GreaterOrEqual(t, i, 0)
	assert.LessOrEqual(t, strings.Count(l.SolutionFiles[i].Content, "\n"), 60)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	requirePasses(ctx, t, startProgramLab(ctx, t, l), l.Circumstances()[0], script(t, l, "exec python3 solution/scheduler.py"))
}

// startProgramLab sets a lab up on a cluster of its own: it takes something out of it.
func startProgramLab(ctx context.Context, t *testing.T, l *lab.Lab) *lab.Session {
	t.Helper()
	h := story.Start(t, 2)
	cfg, err := client.LoadKubeconfig(h.Kubeconfig(), "")
	require.NoError(t, err)
	cfg.Agent = lab.Agent
	admin, err := client.New(cfg)
	require.NoError(t, err)
	s := &lab.Session{Client: admin, Lab: l, Place: lab.Place{Components: h, Dir: filepath.Join(t.TempDir(), "lab"), Server: cfg.Server, CA: cfg.CAData}}
	require.NoError(t, s.Start(ctx))
	return s
}

// script is the command for a program of a lab's folder.
func script(t *testing.T, l *lab.Lab, text string) []string {
	t.Helper()
	if strings.Contains(text, "python3") {
		if _, err := exec.LookPath("python3"); err != nil {
			t.Skip("python3 is not installed")
		}
	}
	out, err := built()
	require.NoError(t, err, "%s", out)
	folder, err := filepath.Abs(filepath.Join("../../docs/labs", l.Folder))
	require.NoError(t, err)
	return []string{"sh", "-eu", "-c", "PATH=" + programs + ":$PATH; cd " + folder + "\n" + text}
}

func requireFailsWithout(ctx context.Context, t *testing.T, s *lab.Session) {
	t.Helper()
	trial, err := s.Try(ctx, s.Lab.Circumstances()[0], nil)
	require.NoError(t, err)
	require.False(t, trial.Outcome.Solved(), "there is nothing to do")
	require.NotEmpty(t, trial.Outcome.Hint)
	results := trial.Outcome.Results
	expected := 0 // the step that leads to nothing
	if s.Lab.UnsolvedFails != "" {
		expected = slices.IndexFunc(s.Lab.Steps, func(step lab.Step) bool { return step.Do == s.Lab.UnsolvedFails })
	}
	require.Len(t, results, expected+1+len(s.Lab.Checks), "another step was the last: %+v", results)
	assert.False(t, results[expected].Passed)
	assert.Contains(t, results[expected].Found, "not so after")
	for i, check := range s.Lab.Checks {
		result := results[len(results)-len(s.Lab.Checks)+i]
		assert.Equal(t, check.Holds, result.Passed, "without a program: %s: %s", check.Message, result.Found)
		assert.NotContains(t, result.Found, "cannot be told", check.Message)
	}
}

func requireSeesMistake(ctx context.Context, t *testing.T, s *lab.Session) {
	t.Helper()
	when, command := s.Lab.Circumstances()[0], script(t, s.Lab, s.Lab.Mistake)
	if s.Lab.MistakeWhen != "" {
		requirePasses(ctx, t, s, when, command)
		when = s.Lab.Circumstances()[slices.IndexFunc(s.Lab.Circumstances(), func(c lab.Circumstance) bool { return c.Name == s.Lab.MistakeWhen })]
	}
	trial, err := s.Try(ctx, when, command)
	require.NoError(t, err)
	i := slices.IndexFunc(trial.Outcome.Results, func(r lab.Result) bool { return r.Message == s.Lab.MistakeFails && !r.Passed })
	require.GreaterOrEqual(t, i, 0, "nobody saw the mistake: %+v", trial.Outcome)
	require.NotEmpty(t, trial.Outcome.Hint)

	broken := trial.Outcome.Results[i]
	require.NotZero(t, broken.Revision, "nobody knows when")
	row := slices.IndexFunc(trial.Timeline.Rows, func(r lab.Row) bool { return r.Revision == broken.Revision })
	require.GreaterOrEqual(t, row, 0, "the timeline does not show it")
	assert.Equal(t, "program", trial.Timeline.Lanes[trial.Timeline.Rows[row].Lane], "somebody else did it: %+v", trial.Timeline.Rows[row])
	var text, page strings.Builder
	require.NoError(t, trial.Timeline.WriteText(&text))
	require.NoError(t, trial.Timeline.WriteHTML(&page))
	t.Logf("\n%s", text.String())
	assert.Contains(t, text.String(), "✗ "+s.Lab.MistakeFails)
	assert.Contains(t, page.String(), "✗ "+s.Lab.MistakeFails)
	assert.NotContains(t, page.String(), "http", "a page that asks the network for something")
}

// struck is what a timeline shows of a fault.
var struck = map[string]string{"late": "late", "stale": "old", "missed": "lose every second event", "crash": "killed", "twice": "started"}

func requirePasses(ctx context.Context, t *testing.T, s *lab.Session, c lab.Circumstance, command []string) {
	t.Helper()
	began := time.Now()
	trial, err := s.Try(ctx, c, command)
	require.NoError(t, err, c.Name)
	if !trial.Outcome.Solved() {
		var text strings.Builder
		_ = trial.Timeline.WriteText(&text) // a builder takes all
		output, _ := os.ReadFile(filepath.Join(s.Place.Dir, "copy-1", "program.log"))
		t.Fatalf("does not pass when %s: %+v\n%s\nthe program says:\n%s", c.Title, trial.Outcome.Results, text.String(), output)
	}
	if c.Name != "basic" {
		assert.True(t, slices.ContainsFunc(trial.Timeline.Rows, func(r lab.Row) bool { return strings.Contains(r.What, struck[c.Name]) }), "%s did not happen", c.Name)
	}
	t.Logf("%s passed in %s, %d rows", c.Name, time.Since(began).Round(100*time.Millisecond), len(trial.Timeline.Rows))
}
