package apiserver

import "context"

// follow calls act now, and again whenever an object of a kind has changed or again is told, until ctx ends. The context that act gets
// knows why: at first what ctx knows, then the changes, or what again was told.
func (s *Server) follow(ctx context.Context, res *Resource, act func(ctx context.Context), again ...<-chan why) error {
	kc := s.cache.kind(res)
	kc.mu.Lock()
	place := kc.subscribe(feedKey{part: everything})
	kc.mu.Unlock()
	defer kc.unsubscribe(feedKey{part: everything})
	var also <-chan why // nil: never
	if len(again) > 0 {
		also = again[0]
	}
	for because := ctx; ; {
		act(because)
		select {
		case <-ctx.Done():
			return nil
		case y := <-also:
			because = context.WithValue(ctx, ownWhyKey{}, y)
		case <-place.ready:
			because = withSeen(ctx, revisionsOf(place.events)...)
			place = place.next
		}
	}
}
