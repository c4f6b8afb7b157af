package apiserver

import (
	"context"

	"kubelite/api"
)

// The server writes objects of its own accord, too: what every cluster has, the conditions of kinds that it serves itself, what a
// namespace has used. It is no client of itself, so it sends no headers; its loops put into the context what set them off, and
// internalRequest takes it from there:
//
//	a change that a loop has seen    withSeen
//	a clock, or the server's start   withClock
//	a request that is being served   nothing: the request is in the context, and the record bears the name of who asked

type ownWhyKey struct{}

// withClock says that a clock sets off what the server writes with the context.
func withClock(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, ownWhyKey{}, why{timer: name})
}

// withSeen says that changes that the server has seen set off what it writes with the context.
func withSeen(ctx context.Context, revisions ...int64) context.Context {
	return context.WithValue(ctx, ownWhyKey{}, whySeen(revisions...))
}

// whySeen is why a loop acts that has seen changes. The oldest give way when there are too many.
func whySeen(revisions ...int64) why {
	over := max(0, len(revisions)-api.MaxLedgerCauses)
	return why{causes: revisions[over:], moreCauses: over}
}

// withAsker says that the server writes because of something that a user did.
func withAsker(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, ownWhyKey{}, why{asker: user})
}

// ownWhy is why the server writes something itself.
func ownWhy(ctx context.Context) *why {
	y, told := ctx.Value(ownWhyKey{}).(why)
	if req := requestFrom(ctx); !told && req != nil {
		if req.why != nil {
			y.causes, y.moreCauses, y.timer = req.why.causes, req.why.moreCauses, req.why.timer
		}
		if req.User != nil {
			y.asker = req.User.Name
			if req.why != nil && req.why.asker != "" { // a write of the server's that makes another one
				y.asker = req.why.asker
			}
		}
	}
	y.agent = "apiserver"
	return &y
}

// revisionsOf are the revisions of the events in a batch.
func revisionsOf(events []*watchEvent) []int64 {
	revisions := make([]int64, len(events))
	for i, ev := range events {
		revisions[i] = ev.revision
	}
	return revisions
}
