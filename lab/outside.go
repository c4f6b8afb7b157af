package lab

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/client"
)

// A lab lives in its namespace. This file has what it finds and leaves outside of it: nodes, and objects that have no namespace.

// fits refuses a cluster that lacks what the lab needs, or that has an object already which only the lab is to bring about.
func (s *Session) fits(ctx context.Context) error {
	nodes, err := s.nodes(ctx)
	if err != nil {
		return err
	}
	needs := s.Lab.Needs
	if needs.Docker && !slices.ContainsFunc(nodes, func(n *api.Node) bool {
		return strings.HasPrefix(n.Status.NodeInfo.ContainerRuntimeVersion, "docker://")
	}) {
		return fmt.Errorf("lab %s is about packets, and this cluster's pods are simulated: it needs one that was started with --runtime docker", s.Lab.Name)
	}
	if len(nodes) < needs.Nodes {
		return fmt.Errorf("lab %s needs %d nodes that are ready and take pods; this cluster has %d: kubelite node add, or kubectl-lite uncordon NODE", s.Lab.Name, needs.Nodes, len(nodes))
	}
	for _, path := range s.outside() {
		_, err := s.Client.Do(ctx, client.Request{Path: path})
		if err == nil {
			return fmt.Errorf("there is already %s, which the lab begins without: kubectl-lite delete --raw %s", path, path)
		}
		if !api.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// nodes are those that are ready and take pods, by name.
func (s *Session) nodes(ctx context.Context) ([]*api.Node, error) {
	all, err := client.Of[*api.Node](s.Client).List(ctx, "", client.ListOptions{})
	if err != nil {
		return nil, err
	}
	nodes := slices.DeleteFunc(all.Items, func(n *api.Node) bool {
		return n.Spec.Unschedulable || !slices.ContainsFunc(n.Status.Conditions, func(c api.NodeCondition) bool { return c.Type == api.NodeReady && c.Status == api.ConditionTrue })
	})
	slices.SortFunc(nodes, func(a, b *api.Node) int { return strings.Compare(a.Name, b.Name) })
	return nodes, nil
}

// outside are the paths of the lab's objects beside its namespace.
func (s *Session) outside() (paths []string) {
	for _, object := range s.Lab.setup {
		if kind := kindOf(object); !kind.Namespaced && !isNode(object) {
			paths = append(paths, kind.Path("", object.Name))
		}
	}
	return append(paths, s.Lab.outside...)
}

// isNode marks an object of the set-up that is not to be made: what it says is patched into the cluster's last node.
func isNode(object *api.Unstructured) bool { return object.Kind == "Node" }

// clearNodes takes from all nodes the labels and taints whose keys begin with the lab's namespace, as those of labs do.
func (s *Session) clearNodes(ctx context.Context) error {
	ours := func(key string) bool { return strings.HasPrefix(key, s.Lab.Namespace()+"/") }
	all, err := client.Of[*api.Node](s.Client).List(ctx, "", client.ListOptions{})
	if err != nil {
		return err
	}
	for _, n := range all.Items {
		labels, taints := map[string]any{}, []any{}
		for key := range n.Labels {
			if ours(key) {
				labels[key] = nil
			}
		}
		for _, t := range n.Spec.Taints {
			if ours(t.Key) {
				taints = append(taints, map[string]any{"$patch": "delete", "key": t.Key})
			}
		}
		if len(labels)+len(taints) == 0 {
			continue
		}
		patch, err := api.MarshalJSON(map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"taints": taints}})
		if err != nil {
			return err
		}
		if _, err := client.Of[*api.Node](s.Client).Patch(ctx, "", n.Name, api.StrategicMergePatchType, patch); err != nil {
			return err
		}
	}
	return nil
}

// releaseFinalizers lets the objects of the set-up be deleted whose finalizers nobody but the lab knows.
func (s *Session) releaseFinalizers(ctx context.Context) error {
	for _, object := range s.Lab.setup {
		if len(object.Finalizers) == 0 {
			continue
		}
		_, err := s.Client.Do(ctx, client.Request{
			Method: http.MethodPatch, Path: kindOf(object).Path(object.Namespace, object.Name),
			Body: []byte(`{"metadata":{"finalizers":null}}`), ContentType: string(api.MergePatchType),
		})
		if err != nil && !api.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// gone waits until there is nothing at a path any more.
func (s *Session) gone(ctx context.Context, path string) error {
	for {
		_, err := s.Client.Do(ctx, client.Request{Method: http.MethodGet, Path: path})
		if api.IsNotFound(err) {
			return nil
		}
		if err == nil && !client.Wait(ctx, 100*time.Millisecond) {
			err = fmt.Errorf("%s is still there: %w", path, ctx.Err())
		}
		if err != nil {
			return err
		}
	}
}
