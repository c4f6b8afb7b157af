package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kubelite/api"
	"kubelite/client"
)

// discover returns what the server serves; it asks once.
func (s *session) discover(ctx context.Context) ([]client.APIResource, error) {
	if s.resources == nil {
		c, err := s.connect()
		if err != nil {
			return nil, err
		}
		if s.resources, err = c.Discover(ctx); err != nil {
			return nil, err
		}
	}
	return s.resources, nil
}

// resource finds what a person calls a resource.
func (s *session) resource(ctx context.Context, word string) (*client.APIResource, error) {
	all, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	if r := client.FindResource(all, word); r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("the server doesn't have a resource type %q", word)
}

// resourceOfObject finds the resource that objects of a kind live in.
func (s *session) resourceOfObject(ctx context.Context, o object) (*client.APIResource, error) {
	gv := api.ParseGroupVersion(o.apiVersion())
	for range 2 {
		all, err := s.discover(ctx)
		if err != nil {
			return nil, err
		}
		for i := range all {
			if all[i].GroupVersion == gv && all[i].Kind == o.kind() {
				return &all[i], nil
			}
		}
		s.resources = nil // an object applied just now may have brought the kind: ask again
	}
	return nil, fmt.Errorf("no matches for kind %q in version %q\nensure CRDs are installed first", o.kind(), o.apiVersion())
}

// category finds the resources that one word such as "all" stands for.
func category(all []client.APIResource, word string) []*client.APIResource {
	var members []*client.APIResource
	for i := range all {
		if slices.Contains(all[i].Categories, word) && all[i].Can("list") {
			members = append(members, &all[i])
		}
	}
	return members
}

// target is a resource with the names that were given, none for "all of them".
type target struct {
	resource *client.APIResource
	names    []string
}

// targets reads the arguments that say which objects: "pods", "pod web-1 web-2", "pod/web-1 svc/web", "deploy,rs,pods", "all".
func (s *session) targets(ctx context.Context, args []string) ([]target, error) {
	all, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	if strings.Contains(args[0], "/") {
		return s.slashTargets(ctx, args)
	}
	var found []target
	for _, word := range strings.Split(args[0], ",") {
		if word == "" {
			return nil, errors.New("arguments in resource/name form may not have more than one slash")
		}
		members := category(all, word)
		if r := client.FindResource(all, word); r != nil {
			members = []*client.APIResource{r}
		}
		if len(members) == 0 {
			return nil, fmt.Errorf("the server doesn't have a resource type %q", word)
		}
		for _, r := range members {
			found = append(found, target{r, args[1:]})
		}
	}
	for _, name := range args[1:] {
		if strings.Contains(name, "/") {
			return nil, fmt.Errorf("there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl-lite get resource/<resource_name>' instead of 'kubectl-lite get resource resource/<resource_name>'")
		}
	}
	return found, nil
}

func (s *session) slashTargets(ctx context.Context, args []string) ([]target, error) {
	var found []target
	for _, arg := range args {
		word, name, ok := strings.Cut(arg, "/")
		if !ok {
			return nil, errors.New("there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl-lite get resource/<resource_name>' instead of 'kubectl-lite get resource resource/<resource_name>'")
		}
		if strings.Contains(name, "/") || word == "" || name == "" {
			if strings.Contains(name, "/") {
				return nil, errors.New("arguments in resource/name form may not have more than one slash")
			}
			return nil, errors.New("arguments in resource/name form must have a single resource and name")
		}
		r, err := s.resource(ctx, word)
		if err != nil {
			return nil, err
		}
		found = append(found, target{r, []string{name}})
	}
	return found, nil
}

// one reads arguments that must name a single object: "deployment/web" or "deployment web".
func (s *session) one(ctx context.Context, args []string) (*client.APIResource, string, error) {
	targets, err := s.targets(ctx, args)
	if err != nil {
		return nil, "", err
	}
	if len(targets) != 1 || len(targets[0].names) != 1 {
		return nil, "", errors.New("name exactly one object, such as deployment/web")
	}
	return targets[0].resource, targets[0].names[0], nil
}

// scope is the namespace of a resource's requests: none for cluster-scoped ones.
func (s *session) scope(r *client.APIResource) string {
	if !r.Namespaced {
		return ""
	}
	return s.namespace()
}

// getObject reads one object.
func (s *session) getObject(ctx context.Context, r *client.APIResource, namespace, name string) (object, error) {
	resp, err := s.do(ctx, client.Request{Path: r.Path(namespace, name)})
	if err != nil {
		return nil, err
	}
	return parseObject(resp.Body)
}

// listError says what was being listed when the server did not understand what it was asked.
func listError(err error, r *client.APIResource, opts client.ListOptions) error {
	var refused *api.StatusError
	if !errors.As(err, &refused) || refused.ErrStatus.Reason != api.StatusReasonBadRequest && !api.IsNotFound(err) {
		return err
	}
	told := *refused
	subject := fmt.Sprintf("%s/%s, Resource=%s", r.Group, r.Version, r.Plural)
	if opts.LabelSelector == "" && opts.FieldSelector == "" {
		told.ErrStatus.Message = fmt.Sprintf("Unable to list %q: %s", subject, refused.ErrStatus.Message)
	} else {
		told.ErrStatus.Message = fmt.Sprintf("Unable to find %q that match label selector %q, field selector %q: %s", subject, opts.LabelSelector, opts.FieldSelector, refused.ErrStatus.Message)
	}
	return &told
}

// listObjects reads all objects that match.
func (s *session) listObjects(ctx context.Context, r *client.APIResource, namespace string, opts client.ListOptions) ([]object, error) {
	var all []object
	opts.Limit = 500
	for {
		resp, err := s.do(ctx, client.Request{Path: r.Path(namespace, ""), Query: opts.Query()})
		if err != nil {
			return nil, listError(err, r, opts)
		}
		list, err := parseObject(resp.Body)
		if err != nil {
			return nil, err
		}
		items, _ := list.items()
		all = append(all, items...)
		if opts.Continue = list.text("metadata", "continue"); opts.Continue == "" {
			return all, nil
		}
	}
}
