package apiserver

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
	"kubelite/apiserver/rbac"
)

// bootstrapRoles makes sure that the built-in roles and bindings are there and hold what they should; namespaced says
// which: those in namespaces can be written only when these exist. All at once, so that they share the wait for the
// disk; when nothing is missing nothing is written.
func (s *Server) bootstrapRoles(ctx context.Context, namespaced bool) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, obj := range rbac.Bootstrap() {
		if api.KindFor(obj).Namespaced == namespaced {
			group.Go(func() error { return s.ensureRole(ctx, obj) })
		}
	}
	return group.Wait()
}

// ensureRole creates one role or binding, or corrects it.
func (s *Server) ensureRole(ctx context.Context, wanted api.Object) error {
	kind, meta := api.KindFor(wanted), wanted.GetObjectMeta()
	res := s.resource(kind.Group, kind.Version, kind.Plural)
	existing, err := s.readObject(ctx, res, meta.Namespace, meta.Name)
	if api.IsNotFound(err) {
		return s.ensure(ctx, wanted)
	}
	if err != nil {
		return err
	}
	changed, recreate := rbac.Reconcile(existing, wanted)
	if !changed {
		return nil
	}
	if recreate {
		if _, err := s.delete(ctx, s.internalRequest(ctx, "delete", res, meta.Namespace, meta.Name), &api.DeleteOptions{}); err != nil && !api.IsNotFound(err) {
			return fmt.Errorf("replace %s: %w", api.Describe(wanted), err)
		}
		return s.ensure(ctx, wanted)
	}
	_, err = s.update(ctx, s.internalRequest(ctx, "update", res, meta.Namespace, meta.Name), func(current api.Object) (api.Object, error) {
		rbac.Reconcile(current, wanted)
		return current, nil
	})
	return err
}
