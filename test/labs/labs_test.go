// Package labs proves every lab both ways, on clusters as learners have them: all that can be on simulated nodes, and on Docker those
// that are about packets.
package labs

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kubelite/lab"
)

// TestMain lets more labs run side by side than there are processors: they wait most of the time.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestLabs proves of each lab that it fails as long as nobody has done anything, in just the checks that it says, and has a hint for that; that the
// mistake that it warns of does not pass; and that its solution does.
func TestLabs(t *testing.T) {
	all, err := lab.All()
	require.NoError(t, err)
	c := startCluster(t, "simulated")
	var solved atomic.Int64
	prove := func(t *testing.T, l *lab.Lab) {
		t.Run(l.Name, func(t *testing.T) {
			if l.Needs.Nodes == 0 { // the others' nodes are theirs alone
				t.Parallel()
			}
			c.prove(t, l)
			solved.Add(1)
		})
	}
	t.Run("all", func(t *testing.T) { // returns when all of them have
		for _, l := range all {
			if l.Needs == (lab.Needs{}) {
				prove(t, l)
			}
		}
	})
	for _, l := range all {
		if l.Needs.Nodes > 0 && !l.Needs.Docker {
			prove(t, l)
		}
		if l.Needs.Docker {
			require.ErrorContains(t, c.session(l).Start(t.Context()), "--runtime docker")
		}
	}
	if t.Failed() {
		return
	}
	var report lab.Report
	require.NoError(t, json.Unmarshal([]byte(c.kubelite(t, "lab", "report")), &report))
	assert.EqualValues(t, solved.Load(), report.Solved)
	assert.Equal(t, len(all), report.Total)
}

// real are labs that can be solved on simulated nodes, and where only containers show whether what they say is true.
var real = []string{"configuration", "statefulset", "autoscaling", "init-containers", "probe-too-strict", "unbound-claim", "dns-name"}

// TestLabsOnDocker proves these, and those where packets count.
func TestLabsOnDocker(t *testing.T) {
	if exec.Command("docker", "info").Run() != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no Docker daemon answers, and CI must have one")
		}
		t.Skip("simulated pods have no packets: no Docker daemon answers")
	}
	all, err := lab.All()
	require.NoError(t, err)
	images := exec.Command("./images.sh")
	out, err := images.CombinedOutput()
	require.NoError(t, err, "%s", out)
	c := startCluster(t, "docker")
	for _, l := range all {
		if l.Needs.Docker || slices.Contains(real, l.Name) {
			t.Run(l.Name, func(t *testing.T) {
				t.Parallel()
				c.prove(t, l)
			})
		}
	}
}

func (c *cluster) prove(t *testing.T, l *lab.Lab) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // on a machine that does much else
	defer cancel()
	s := c.session(l)
	require.NoError(t, s.Start(ctx))
	requireUnsolved(ctx, t, s)
	if l.Mistake != "" {
		c.script(t, l.Mistake)
		requireMistakeSeen(ctx, t, s)
		require.NoError(t, s.Remove(ctx))
		require.NoError(t, s.Start(ctx))
	}
	c.script(t, l.Solution)
	var last *lab.Outcome
	err := s.Watch(ctx, func(outcome *lab.Outcome) bool {
		last = outcome
		return outcome.Solved()
	})
	require.NoError(t, err, "the solution does not solve it: %+v", last)
	outcome, err := s.Check(ctx) // a look at once says the same as a watch
	require.NoError(t, err)
	assert.True(t, outcome.Solved(), "%+v", outcome)
	assert.False(t, outcome.Missed)
	require.NoError(t, s.Remove(ctx))
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
