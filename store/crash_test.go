package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// crashDir, in the environment, turns the test binary into the child that gets killed.
const crashDir = "KUBELITE_STORE_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashWriters is how many goroutines the child writes with. Each owns one key, which it updates again and again,
// and makes new ones.
const crashWriters = 4

// writeUntilKilled writes, and says on standard output what was acknowledged, until somebody ends it.
func writeUntilKilled(dir string) error {
	e, err := open(dir, Options{FillBytes: 32 << 10, FillInterval: 20 * time.Millisecond, SegmentBytes: 64 << 10})
	if err != nil {
		return err
	}
	var out sync.Mutex
	failed := make(chan error, crashWriters)
	for w := range crashWriters {
		go func() { failed <- crashWriter(e, w, &out) }()
	}
	go func() { // history goes while all this happens
		for {
			if r := e.Revision() - 300; r > e.CompactedRevision() {
				if err := e.Compact(context.Background(), r); err != nil {
					failed <- err
				}
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return <-failed
}

func crashWriter(e *engine, w int, out *sync.Mutex) error {
	// The value and the record say the same, at the length of a real object, so that halves would show.
	body := func(revision int64) []byte {
		return []byte(strings.Repeat(fmt.Sprintf("%d,", revision), 100))
	}
	key := fmt.Sprintf("/counter/%d", w)
	kv, err := e.Get(context.Background(), key, 0)
	if err != nil {
		if kv, err = e.Create(context.Background(), key, body, &Record{Data: body}); err != nil {
			return err
		}
	}
	for {
		if kv, err = e.Update(context.Background(), key, kv.ModRevision, body, &Record{Data: body}); err != nil {
			return err
		}
		made, err := e.Create(context.Background(), fmt.Sprintf("/made/%d/%d", w, kv.ModRevision), body, &Record{Data: body})
		if err != nil {
			return err
		}
		out.Lock()
		fmt.Println(key, kv.ModRevision)
		fmt.Println(made.Key, made.ModRevision)
		out.Unlock()
	}
}

// A process that is killed at any instant loses nothing that it has acknowledged, and leaves nothing half-done.
func TestKillLosesNothing(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]int64{} // key -> newest mod revision somebody was told
	revision := int64(0)
	for round := range 20 {
		for key, rev := range killOne(t, dir) {
			acknowledged[key] = max(acknowledged[key], rev)
		}
		e, err := open(dir, Options{FillInterval: time.Hour})
		require.NoError(t, err, "round %d", round)
		require.GreaterOrEqual(t, e.Revision(), revision)
		revision = e.Revision()
		checkAfterKill(t, e, acknowledged)
		require.NoError(t, e.Close())
	}
	require.Greater(t, revision, int64(200), "the child hardly wrote anything: the test proves nothing")
	t.Logf("%d revisions over 20 kills", revision)
}

// killOne runs a child for a moment, kills it, and returns what it acknowledged.
func killOne(t *testing.T, dir string) map[string]int64 {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	acknowledged := map[string]int64{}
	enough := 2 + rand.IntN(200)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() { // what is in the pipe when the child dies counts too
		var key string
		var rev int64
		if n, _ := fmt.Sscanf(lines.Text(), "%s %d", &key, &rev); n == 2 {
			acknowledged[key] = rev
		}
		if len(acknowledged) > 0 {
			if enough--; enough == 0 {
				require.NoError(t, cmd.Process.Kill())
			}
		}
	}
	require.ErrorContains(t, cmd.Wait(), "killed")
	return acknowledged
}

func checkAfterKill(t *testing.T, e *engine, acknowledged map[string]int64) {
	ctx := t.Context()
	list, err := e.List(ctx, "/", ListOptions{})
	require.NoError(t, err)
	found := map[string]int64{}
	for _, kv := range list.Items {
		require.Equal(t, strings.Repeat(fmt.Sprintf("%d,", kv.ModRevision), 100), string(kv.Value), "half a value")
		found[kv.Key] = kv.ModRevision
	}
	for key, rev := range acknowledged {
		require.GreaterOrEqual(t, found[key], rev, "%s was acknowledged at %d", key, rev)
	}
	// Behind the compacted revision there is one event, and one ledger record, for every revision.
	from := e.CompactedRevision()
	events, err := e.Watch(ctx, "/", from)
	require.NoError(t, err)
	next := max(from, firstRevision) + 1
	for _, ev := range take(t, events, int(e.Revision()-next+1)) {
		require.Equal(t, next, ev.ModRevision)
		records, err := e.Records(ctx, RecordQuery{Revision: next})
		require.NoError(t, err)
		require.Len(t, records, 1)
		require.Equal(t, string(ev.Value), string(records[0]))
		next++
	}
}
