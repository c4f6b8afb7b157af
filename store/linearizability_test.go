package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"
)

// The model that the store must be indistinguishable from: a revision counter and three keys, changed by one
// operation at a time. Porcupine looks for an order of all operations, each somewhere between its call and its
// return, in which the model gives the answers that the concurrent clients got.

const modelKeys = 3

type modelState struct {
	revision int64
	mod      [modelKeys]int64 // mod revision; 0: absent
}

type modelInput struct {
	kind     string // create update delete get list
	key      int
	expected int64
}

type modelOutput struct {
	err      error
	revision int64 // of the write; mod revision of the key read; revision of the list
	list     [modelKeys]int64
}

// step is the specification of the whole store, in a screenful.
func step(s modelState, in modelInput, out modelOutput) (bool, modelState) {
	next := s
	next.revision++
	now := s.mod[in.key]
	switch {
	case in.kind == "get":
		return out.revision == now && errors.Is(out.err, ErrKeyNotFound) == (now == 0), s
	case in.kind == "list":
		return out.revision == s.revision && out.list == s.mod, s
	case in.kind == "create" && now != 0:
		return errors.Is(out.err, ErrKeyExists), s
	case in.kind != "create" && now == 0:
		return errors.Is(out.err, ErrKeyNotFound), s
	case in.kind != "create" && now != in.expected:
		return errors.Is(out.err, ErrConflict), s
	case in.kind == "delete":
		next.mod[in.key] = 0
	default:
		next.mod[in.key] = next.revision
	}
	return out.err == nil && out.revision == next.revision, next
}

func TestLinearizable(t *testing.T) {
	h := newHarness(t, Options{FillBytes: 2 << 10}) // fills all the time, so that reads meet data in all places
	const clients, each = 6, 250
	began := time.Now()
	var mu sync.Mutex
	var history []porcupine.Operation
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			var seen [modelKeys]int64 // what this client believes, which is often wrong
			for range each {
				in := modelInput{key: rand.IntN(modelKeys)}
				in.kind = []string{"create", "update", "update", "delete", "get", "list"}[rand.IntN(6)]
				in.expected = seen[in.key]
				call := time.Since(began)
				out := perform(t.Context(), h, in)
				op := porcupine.Operation{ClientId: client, Input: in, Output: out, Call: int64(call), Return: int64(time.Since(began))}
				switch {
				case in.kind == "list":
					seen = out.list
				case out.err == nil:
					seen[in.key] = out.revision
				}
				mu.Lock()
				history = append(history, op)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	model := porcupine.Model{
		Init: func() any { return modelState{revision: firstRevision} },
		Step: func(state, in, out any) (bool, any) {
			return step(state.(modelState), in.(modelInput), out.(modelOutput))
		},
	}
	require.Equal(t, porcupine.Ok, porcupine.CheckOperationsTimeout(model, history, time.Minute))
}

func perform(ctx context.Context, h *harness, in modelInput) (out modelOutput) {
	keys := [modelKeys]string{"/k/0", "/k/1", "/k/2"}
	value := Bytes(make([]byte, 100))
	var kv *KeyValue
	switch in.kind {
	case "create":
		kv, out.err = h.Create(ctx, keys[in.key], value, nil)
	case "update":
		kv, out.err = h.Update(ctx, keys[in.key], in.expected, value, nil)
	case "delete":
		kv, out.err = h.Delete(ctx, keys[in.key], in.expected, value, nil)
	case "get":
		kv, out.err = h.Get(ctx, keys[in.key], 0)
	case "list":
		var list *ListResult
		if list, out.err = h.List(ctx, "/k/", ListOptions{}); out.err == nil {
			out.revision = list.Revision
			for _, item := range list.Items {
				out.list[item.Key[len(item.Key)-1]-'0'] = item.ModRevision
			}
		}
	}
	if kv != nil {
		out.revision = kv.ModRevision
	}
	return out
}
