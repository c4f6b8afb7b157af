package apiserver

import "context"

// follow calls act now, and again whenever an object of a kind has changed or again is told, until ctx ends.
func (s *Server) follow(ctx context.Context, res *Resource, act func(), again ...<-chan struct{}) error {
	kc := s.cache.kind(res)
	kc.mu.Lock()
	place := kc.subscribe(feedKey{part: everything})
	kc.mu.Unlock()
	defer kc.unsubscribe(feedKey{part: everything})
	var also <-chan struct{} // nil: never
	if len(again) > 0 {
		also = again[0]
	}
	for {
		act()
		select {
		case <-ctx.Done():
			return nil
		case <-also:
		case <-place.ready:
			place = place.next
		}
	}
}
