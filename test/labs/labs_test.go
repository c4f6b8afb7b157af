// Package labs proves every lab both ways, on one cluster of simulated nodes.
package labs

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	kubectllite "kubelite/kubectl-lite"
	"kubelite/lab"
	"kubelite/test/story"
)

// TestMain lets this program be kubectl-lite, for the scripts of the labs.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "kubectl-lite" {
		os.Exit(kubectllite.Run(context.Background(), os.Args[1:], kubectllite.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	flag.Parse()
	parallel := false
	flag.Visit(func(f *flag.Flag) { parallel = parallel || f.Name == "test.parallel" })
	if !parallel { // labs wait for most of their time, so more of them than there are processors may do that together
		_ = flag.Set("test.parallel", "6")
	}
	os.Exit(m.Run())
}

// TestLabs proves of each lab that it fails as long as nobody has done anything, in just the checks that it says, and has a hint for that; that the
// mistake that it warns of does not pass; and that its solution does.
func TestLabs(t *testing.T) {
	all, err := lab.All()
	require.NoError(t, err)
	all = slices.DeleteFunc(all, func(l *lab.Lab) bool { return l.Program != nil }) // see programs_test.go
	h := story.Start(t, 2)
	bin := t.TempDir()
	program, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(program, filepath.Join(bin, "kubectl-lite")))
	env := append(os.Environ(), "KUBECONFIG="+h.Kubeconfig(), "PATH="+bin+":"+os.Getenv("PATH"))
	run := func(t *testing.T, script string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-eux")
		cmd.Args, cmd.Env = append(cmd.Args, "-c", script), env
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	t.Run("all", func(t *testing.T) { // returns when all of them have
		for _, l := range all {
			t.Run(l.Name, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // on a machine that does much else
				defer cancel()
				s := &lab.Session{Client: h.Client, Lab: l}
				require.NoError(t, s.Start(ctx))
				requireUnsolved(ctx, t, s)
				if l.Mistake != "" {
					run(t, l.Mistake)
					requireMistakeSeen(ctx, t, s)
					require.NoError(t, s.Remove(ctx))
					require.NoError(t, s.Start(ctx))
				}
				run(t, l.Solution)
				var last *lab.Outcome
				err := s.Watch(ctx, func(outcome *lab.Outcome) bool {
					last = outcome
					return outcome.Solved()
				})
				require.NoError(t, err, "the solution does not solve it: %+v", last)
				outcome, err := s.Check(ctx) // a look at once says the same as a watch
				require.NoError(t, err)
				assert.True(t, outcome.Solved(), "%+v", outcome)
			})
		}
	})
	states, err := lab.States(t.Context(), h.Client)
	require.NoError(t, err)
	for _, state := range states {
		assert.True(t, state.Solved, state.Folder)
	}
	assert.Len(t, states, len(all))
}

func requireUnsolved(ctx context.Context, t *testing.T, s *lab.Session) {
	t.Helper()
	outcome, err := s.Check(ctx)
	require.NoError(t, err)
	for i, check := range s.Lab.Checks {
		assert.Equal(t, check.Holds, outcome.Results[i].Passed, "in the beginning: %s", check.Message)
		assert.NotContains(t, outcome.Results[i].Found, "cannot be told", check.Message)
	}
	require.False(t, outcome.Solved(), "there is nothing to do")
	require.NotEmpty(t, outcome.Hint)
}

func requireMistakeSeen(ctx context.Context, t *testing.T, s *lab.Session) {
	t.Helper()
	outcome, err := s.Check(ctx)
	require.NoError(t, err)
	seen := false
	for _, r := range outcome.Results {
		seen = seen || r.Message == s.Lab.MistakeFails && !r.Passed
	}
	require.True(t, seen, "nobody saw the mistake: %+v", outcome)
	require.NotEmpty(t, outcome.Hint)
}
