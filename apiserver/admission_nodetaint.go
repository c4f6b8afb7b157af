package apiserver

import (
	"context"
	"slices"

	"kubelite/api"
)

// nodeTaint makes every new node one that is not ready: a scheduler that saw it before its conditions were turned into
// taints would give it pods. A controller takes the taint away. Upstream's admission plugin TaintNodesByCondition.
type nodeTaint struct{}

// Mutate adds the taint.
func (nodeTaint) Mutate(_ context.Context, req *Request, obj, old api.Object) error {
	node, ok := obj.(*api.Node)
	if !ok || old != nil || req.Subresource != "" {
		return nil
	}
	notReady := api.Taint{Key: taintNotReady, Effect: api.TaintEffectNoSchedule}
	has := slices.ContainsFunc(node.Spec.Taints, func(t api.Taint) bool { return t.Key == notReady.Key && t.Effect == notReady.Effect })
	if !has {
		node.Spec.Taints = append(node.Spec.Taints, notReady)
	}
	return nil
}

// Validate does nothing.
func (nodeTaint) Validate(context.Context, *Request, api.Object, api.Object) error { return nil }
