package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// isNode marks an object of the set-up that is not to be made: its labels and taints are for the cluster's last node.
func isNode(object *api.Unstructured) bool { return object.Kind == "Node" }

// markNode gives the last node what the set-up says of one.
func (s *Session) markNode(ctx context.Context, object *api.Unstructured) error {
	content, err := api.MarshalJSON(object)
	if err != nil {
		return err
	}
	var wanted api.Node
	if err := api.UnmarshalJSON(content, &wanted); err != nil {
		return err
	}
	nodes, err := s.nodes(ctx)
	if err != nil || len(nodes) == 0 {
		return errors.Join(errors.New("no node is ready"), err)
	}
	return s.changeNode(ctx, nodes[len(nodes)-1].Name, func(n *api.Node) {
		maps.Copy(n.Labels, wanted.Labels)
		n.Spec.Taints = append(n.Spec.Taints, wanted.Spec.Taints...)
	})
}

// clearNodes takes from all nodes the labels and taints whose keys begin with the lab's namespace, as those of labs do.
func (s *Session) clearNodes(ctx context.Context) error {
	ours := func(key string) bool { return strings.HasPrefix(key, s.Lab.Namespace()+"/") }
	all, err := client.Of[*api.Node](s.Client).List(ctx, "", client.ListOptions{})
	if err != nil {
		return err
	}
	for _, n := range all.Items {
		err := s.changeNode(ctx, n.Name, func(n *api.Node) {
			maps.DeleteFunc(n.Labels, func(key, _ string) bool { return ours(key) })
			n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t api.Taint) bool { return ours(t.Key) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// changeNode changes a node, again if its kubelet has done so meanwhile.
func (s *Session) changeNode(ctx context.Context, name string, change func(*api.Node)) error {
	for {
		n, err := client.Of[*api.Node](s.Client).Get(ctx, "", name)
		if err != nil {
			return err
		}
		before := len(n.Labels) + len(n.Spec.Taints)
		if change(n); len(n.Labels)+len(n.Spec.Taints) == before {
			return nil
		}
		if _, err := client.Of[*api.Node](s.Client).Update(ctx, n); !api.IsConflict(err) {
			return err
		}
	}
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
