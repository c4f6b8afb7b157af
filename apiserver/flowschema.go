package apiserver

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
)

// keepFlowSchemas keeps the condition Dangling of all FlowSchemas until ctx ends: whether the priority level that one names
// is missing. Upstream's API priority and fairness writes it too; here it is all that FlowSchemas do, since requests are
// throttled without them.
func (s *Server) keepFlowSchemas(ctx context.Context) error {
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
	group.Go(func() error {
		return s.follow(ctx, resourceOf[*api.FlowSchema](s), s.judgeFlowSchemas, levelsChanged)
	})
	return group.Wait()
}

// judgeFlowSchemas writes the conditions that are not as they should be, all at once: on a new cluster these are many.
func (s *Server) judgeFlowSchemas(ctx context.Context) {
	var all sync.WaitGroup
	for _, schema := range cached[*api.FlowSchema](s) {
		all.Go(func() { s.judgeFlowSchema(ctx, schema) })
	}
	all.Wait()
}

func (s *Server) judgeFlowSchema(ctx context.Context, schema *api.FlowSchema) {
	levels, level := resourceOf[*api.PriorityLevelConfiguration](s), schema.Spec.PriorityLevelConfiguration.Name
	wanted := api.FlowSchemaCondition{
		Type: api.FlowSchemaConditionDangling, Status: api.ConditionFalse, Reason: "Found",
		Message: fmt.Sprintf("This FlowSchema references the PriorityLevelConfiguration object named %q and it exists", level),
	}
	if s.cache.kind(levels).get(levels.key("", level)) == nil {
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
