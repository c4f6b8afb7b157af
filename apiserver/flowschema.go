package apiserver

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
)

// keepFlow makes the throttle follow the priority levels and FlowSchemas until ctx ends, and keeps those that every cluster has.
func (s *Server) keepFlow(ctx context.Context) error {
	levelsChanged := make(chan why, 1)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return s.follow(ctx, resourceOf[*api.PriorityLevelConfiguration](s), func(ctx context.Context) {
			select {
			case levelsChanged <- *ownWhy(ctx):
			default: // it will look again anyway
			}
		})
	})
	group.Go(func() error { return s.follow(ctx, resourceOf[*api.FlowSchema](s), s.configureFlow, levelsChanged) })
	group.Go(func() error { return s.maintainFlow(ctx) })
	return group.Wait()
}

// configureFlow tells the throttle what there is, and writes what is not as it should be into the conditions, all at once: on a
// new cluster these are many.
func (s *Server) configureFlow(ctx context.Context) {
	levels, schemas := cached[*api.PriorityLevelConfiguration](s), cached[*api.FlowSchema](s)
	s.flow.Configure(levels, schemas)
	exists := map[string]bool{}
	for _, level := range levels {
		exists[level.Name] = true
	}
	var all sync.WaitGroup
	for _, schema := range schemas {
		all.Go(func() { s.judgeFlowSchema(ctx, schema, exists[schema.Spec.PriorityLevelConfiguration.Name]) })
	}
	all.Wait()
}

// judgeFlowSchema keeps the condition Dangling of a FlowSchema: whether the priority level that it names is missing.
func (s *Server) judgeFlowSchema(ctx context.Context, schema *api.FlowSchema, exists bool) {
	level := schema.Spec.PriorityLevelConfiguration.Name
	wanted := api.FlowSchemaCondition{
		Type: api.FlowSchemaConditionDangling, Status: api.ConditionFalse, Reason: "Found",
		Message: fmt.Sprintf("This FlowSchema references the PriorityLevelConfiguration object named %q and it exists", level),
	}
	if !exists {
		wanted.Status, wanted.Reason = api.ConditionTrue, "NotFound"
		wanted.Message = fmt.Sprintf("This FlowSchema references the PriorityLevelConfiguration object named %q but there is no such object", level)
	}
	same := func(c *api.FlowSchemaCondition) bool {
		return c.Type == wanted.Type && c.Status == wanted.Status && c.Reason == wanted.Reason && c.Message == wanted.Message
	}
	for i := range schema.Status.Conditions {
		if same(&schema.Status.Conditions[i]) {
			return
		}
	}
	req := s.internalRequest(ctx, "update", resourceOf[*api.FlowSchema](s), "", schema.Name)
	req.Subresource = "status"
	_, err := s.update(ctx, req, func(obj api.Object) (api.Object, error) {
		now := obj.(*api.FlowSchema)
		wanted.LastTransitionTime = api.Now()
		for i := range now.Status.Conditions {
			if now.Status.Conditions[i].Type == wanted.Type {
				now.Status.Conditions[i] = wanted
				return now, nil
			}
		}
		now.Status.Conditions = append(now.Status.Conditions, wanted)
		return now, nil
	})
	if err != nil && !api.IsNotFound(err) && ctx.Err() == nil {
		s.log.Warn("the condition of a FlowSchema could not be written", "name", schema.Name, "error", err)
	}
}

// maintainFlow looks, at first and once a minute, after the priority levels and FlowSchemas that every cluster has.
func (s *Server) maintainFlow(ctx context.Context) error {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		s.restoreFlow(withClock(ctx, "maintenance of priority and fairness"))
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// restoreFlow brings back what was deleted of them, and those whose spec is the server's own to what it should be.
func (s *Server) restoreFlow(ctx context.Context) {
	maintain(ctx, s, api.SuggestedPriorityLevels(), func(obj *api.PriorityLevelConfiguration) *api.PriorityLevelConfigurationSpec { return &obj.Spec })
	maintain(ctx, s, api.SuggestedFlowSchemas(), func(obj *api.FlowSchema) *api.FlowSchemaSpec { return &obj.Spec })
}

// maintain makes the objects of a kind what they should be, and deletes those that were once the server's and are no longer.
func maintain[T api.Object, S any](ctx context.Context, s *Server, wanted []T, specOf func(T) *S) {
	res, names := resourceOf[T](s), map[string]bool{}
	for _, obj := range wanted {
		name := obj.GetObjectMeta().Name
		names[name] = true
		api.KindFor(obj).Default(obj)
		var err error
		if entry := s.cache.kind(res).get(res.key("", name)); entry == nil {
			err = s.ensure(ctx, obj)
		} else if now, failed := entry.object(res); failed == nil && renewFlow(now, specOf(now.(T)), specOf(obj)) {
			_, err = s.update(ctx, s.internalRequest(ctx, "update", res, "", name), func(now api.Object) (api.Object, error) {
				renewFlow(now, specOf(now.(T)), specOf(obj))
				return now, nil
			})
		}
		if err != nil && !api.IsNotFound(err) && ctx.Err() == nil {
			s.log.Warn("what every cluster has could not be brought up to date", "object", api.Describe(obj), "error", err)
		}
	}
	for _, obj := range cached[T](s) {
		meta := obj.GetObjectMeta()
		if ours, err := strconv.ParseBool(meta.Annotations[api.FlowAutoUpdate]); names[meta.Name] || err != nil || !ours {
			continue
		}
		if _, err := s.delete(ctx, s.internalRequest(ctx, "delete", res, "", meta.Name), &api.DeleteOptions{}); err != nil && !api.IsNotFound(err) && ctx.Err() == nil {
			s.log.Warn("what clusters no longer have could not be deleted", "object", api.Describe(obj), "error", err)
		}
	}
}

// renewFlow makes an object what it should be, and tells whether it was not. Those that are mandatory, validation keeps as they
// are. Of the others, the annotation says whether that is wanted, and where it says nothing, the generation: an administrator who
// changed one keeps the change.
func renewFlow[S any](obj api.Object, spec, wanted *S) (changed bool) {
	meta := obj.GetObjectMeta()
	mandatory := api.MandatoryFlow(meta.Name)
	annotated, err := strconv.ParseBool(meta.Annotations[api.FlowAutoUpdate])
	ours := mandatory || annotated || err != nil && meta.Generation == 1
	if err != nil || annotated != ours {
		if meta.Annotations == nil {
			meta.Annotations = map[string]string{}
		}
		meta.Annotations[api.FlowAutoUpdate], changed = strconv.FormatBool(ours), true
	}
	if ours && !mandatory && !api.Equal(spec, wanted) {
		*spec, changed = *wanted, true
	}
	return changed
}
