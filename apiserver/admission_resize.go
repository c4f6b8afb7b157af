package apiserver

import (
	"context"
	"fmt"
	"strings"

	"kubelite/api"
)

// podResize refuses to give a running pod more than its node has: the kubelet could only put it off for ever. Upstream's
// admission plugin PodResizeValidator.
type podResize struct {
	server *Server
}

// Mutate does nothing.
func (podResize) Mutate(context.Context, *Request, api.Object, api.Object) error { return nil }

// Validate looks at writes through the subresource resize.
func (p podResize) Validate(ctx context.Context, req *Request, obj, old api.Object) error {
	pod, ok := obj.(*api.Pod)
	if !ok || req.Subresource != "resize" || pod.Spec.NodeName == "" || old == nil || old.GetObjectMeta().Generation == pod.Generation {
		return nil
	}
	refuse := func(cause api.CauseType, format string, args ...any) error {
		err := api.NewForbidden(req.Resource.Kind, req.Name, fmt.Errorf(format, args...))
		err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, api.StatusCause{Type: cause})
		return err
	}
	node, err := read[*api.Node](ctx, p.server, "", pod.Spec.NodeName)
	if api.IsNotFound(err) {
		return fmt.Errorf("node %q not found", pod.Spec.NodeName)
	}
	if err != nil {
		return fmt.Errorf("failed to get node %q: %w", pod.Spec.NodeName, err)
	}
	if os, ok := node.Labels["kubernetes.io/os"]; ok && os != "linux" {
		return refuse("UnsupportedPlatform", "pod resize is only supported on linux nodes, node %q is %q", node.Name, os)
	}
	requests, has := api.PodRequests(&pod.Spec), node.Status.Allocatable
	var short []string
	if wants, most := requests[api.ResourceCPU], has[api.ResourceCPU]; wants.Cmp(most) > 0 {
		short = append(short, fmt.Sprintf("cpu, requested: %d, allocatable: %d", wants.MilliValue(), most.MilliValue()))
	}
	if wants, most := requests[api.ResourceMemory], has[api.ResourceMemory]; wants.Cmp(most) > 0 {
		short = append(short, fmt.Sprintf("memory, requested: %d, allocatable: %d", wants.Value(), most.Value()))
	}
	if len(short) > 0 {
		return refuse("NodeCapacity", "node didn't have enough allocatable resources: %s", strings.Join(short, "; "))
	}
	return nil
}
