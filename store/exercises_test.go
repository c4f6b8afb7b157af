//go:build exercise

// The exercises of docs/01-store.md. These tests fail until you have done them:
//
//	go test ./store -tags exercise -run TestExercise1
package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExercise1DeleteWithoutFinalState(t *testing.T) {
	h := newHarness(t, Options{})
	h.create("/a", "before")
	gone, err := h.Delete(t.Context(), "/a", 2, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "before", string(gone.Value))
	events, err := h.Watch(t.Context(), "/", 2)
	require.NoError(t, err)
	require.Equal(t, "before", string(take(t, events, 1)[0].Value))
}

func TestExercise2ConflictTellsTheRevision(t *testing.T) {
	h := newHarness(t, Options{})
	h.create("/a", "1")
	h.update("/a", 2, "2")
	_, err := h.Update(t.Context(), "/a", 2, Bytes([]byte("3")), nil)
	require.ErrorIs(t, err, ErrConflict)
	require.ErrorContains(t, err, "3", "the revision that came first")
}

func TestExercise3ListAllocatesLittle(t *testing.T) {
	h := newHarness(t, Options{})
	h.createMany(5000, "v")
	h.flush()
	page := func(limit int) float64 {
		return testing.AllocsPerRun(5, func() {
			_, err := h.List(t.Context(), "/k/", ListOptions{Limit: limit})
			require.NoError(t, err)
		})
	}
	require.Less(t, page(4000), 4.0*4000, "a list of n keys should need at most 4 allocations for each")
}
