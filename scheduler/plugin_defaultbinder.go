package scheduler

import (
	"context"

	"kubelite/client"
)

// defaultBinder makes a decision true with one write: the Binding of the pod to its node.
type defaultBinder struct{ client *client.Client }

func (*defaultBinder) Name() string { return "DefaultBinder" }

// Bind posts the Binding.
func (b *defaultBinder) Bind(ctx context.Context, p *podInfo, node string) error {
	return b.client.Bind(ctx, p.pod, node)
}
