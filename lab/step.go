package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kubelite/api"
	"kubelite/cel"
	"kubelite/client"
)

// Step is something that happens to the cluster while the learner's program does its work, and what must come of it.
type Step struct {
	// Do says what happens: "a pod is deleted".
	Do string `json:"do"`
	// Create are objects that are made, in the namespace of the trial.
	Create []*api.Unstructured `json:"create,omitempty"`
	// Patch and Delete are done to one object.
	Patch  *Target `json:"patch,omitempty"`
	Delete *Target `json:"delete,omitempty"`
	// Until is what must become true, and Expect says it in words.
	Until  string `json:"until"`
	Expect string `json:"expect"`
	// Seconds is how long that may take under the best of circumstances; 0: as long as most things may.
	Seconds int `json:"seconds,omitempty"`

	until *cel.Program
}

// Target is an object to which something is done.
type Target struct {
	Resource string `json:"resource"`
	// Name is an expression: the name may be one that the program has made up.
	Name        string         `json:"name"`
	Content     map[string]any `json:"content,omitempty"`
	Subresource string         `json:"subresource,omitempty"`
	// Propagation is what a deletion does to dependents.
	Propagation api.DeletionPropagation `json:"propagation,omitempty"`

	name *cel.Program
}

// stepSeconds is how long a step may take that does not say so itself.
const stepSeconds = 15

func (step *Step) compile(compile func(string, **cel.Program)) {
	compile(step.Until, &step.until)
	for _, target := range []*Target{step.Patch, step.Delete} {
		if target != nil {
			compile(target.Name, &target.name)
		}
	}
}

// patience is how long the step may take when things are this much harder than they might be.
func (step *Step) patience(factor int) time.Duration {
	seconds := step.Seconds
	if seconds == 0 {
		seconds = stepSeconds
	}
	return time.Duration(factor*seconds) * time.Second
}

// run does what the step says, and waits until what must come of it is there. h is what has happened so far.
func (s *Session) run(ctx context.Context, step *Step, h *history, patience time.Duration) (Result, error) {
	result := Result{Message: step.Do + ": " + step.Expect}
	if err := s.act(client.Because(ctx, "%s", step.Do), step, h); err != nil {
		return result, fmt.Errorf("%s: %w", step.Do, err)
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	err := s.follow(waiting, h, false, func() (bool, error) {
		if result.Passed, last = holds(waiting, step.until, s.variables(waiting, h)); !result.Passed {
			return false, nil
		}
		// What was true before the step does not count, and events of it may be on their way: the server must say so, too.
		now, err := s.present(waiting, h)
		if err == nil {
			result.Passed, last = holds(waiting, step.until, now)
		}
		return result.Passed, err
	})
	switch {
	case result.Passed:
		return result, nil
	case ctx.Err() != nil:
		return result, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded) || waiting.Err() != nil:
		result.Found = fmt.Sprintf("not so after %s", patience)
		if last != nil {
			result.Found += fmt.Sprintf(" (%v)", last)
		}
		return result, nil
	}
	return result, err
}

// act does what the step says.
func (s *Session) act(ctx context.Context, step *Step, h *history) error {
	for _, object := range step.Create {
		object = api.DeepCopy(object)
		if object.Namespace == "" {
			object.Namespace = s.namespace()
		}
		if err := s.send(ctx, []*api.Unstructured{object}, http.MethodPost, ""); err != nil {
			return err
		}
	}
	if step.Patch != nil {
		body, err := api.MarshalJSON(step.Patch.Content)
		if err != nil {
			return err
		}
		if err := s.hit(ctx, step.Patch, h, client.Request{Method: http.MethodPatch, Body: body, ContentType: string(api.MergePatchType)}); err != nil {
			return err
		}
	}
	if step.Delete != nil {
		options := api.DeleteOptions{}
		if step.Delete.Propagation != "" {
			options.PropagationPolicy = &step.Delete.Propagation
		}
		body, err := api.MarshalJSON(options)
		if err != nil {
			return err
		}
		return s.hit(ctx, step.Delete, h, client.Request{Method: http.MethodDelete, Body: body})
	}
	return nil
}

// present is what expressions know, with the objects as they are at this moment.
func (s *Session) present(ctx context.Context, h *history) (map[string]any, error) {
	variables := s.variables(ctx, h)
	for _, kind := range s.Lab.kinds {
		objects, err := s.list(ctx, kind, s.namespace(), nil)
		if err != nil {
			return nil, err
		}
		variables[kind.Plural] = objects
	}
	return variables, nil
}

// hit finds the object that is meant, and makes a request about it.
func (s *Session) hit(ctx context.Context, target *Target, h *history, request client.Request) error {
	i := slices.IndexFunc(s.Lab.kinds, func(w watched) bool { return target.Resource == w.Resource() })
	if i < 0 {
		return fmt.Errorf("%s are not watched", target.Resource)
	}
	now, err := s.present(ctx, h)
	if err != nil {
		return err
	}
	value, err := target.name.Eval(ctx, now, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", target.Name, err)
	}
	name, _ := value.Text()
	request.Path = s.Lab.kinds[i].path(s.namespace()) + "/" + url.PathEscape(name)
	if target.Subresource != "" {
		request.Path += "/" + target.Subresource
	}
	_, err = s.Client.Do(ctx, request)
	return err
}

// clear removes a namespace and all that is watched in it, without waiting for anybody who might want to say goodbye: who should
// do that may be a program that does not run.
func (s *Session) clear(ctx context.Context, namespace string) error {
	found, err := client.Of[*api.Namespace](s.Client).Get(ctx, "", namespace)
	if api.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if found.Labels[labelTrial] == "" {
		return fmt.Errorf("namespace %s is no trial's: it has no label %s", namespace, labelTrial)
	}
	for _, kind := range s.Lab.kinds {
		if !kind.Namespaced || kind.namespace != "" {
			continue
		}
		objects, err := s.list(ctx, kind, namespace, nil)
		if api.IsNotFound(err) {
			continue // a custom kind that is gone already
		}
		if err != nil {
			return err
		}
		for _, object := range objects {
			metadata, _ := object.(map[string]any)["metadata"].(map[string]any)
			name, _ := metadata["name"].(string)
			if err := s.force(ctx, kind.path(namespace)+"/"+name, metadata["finalizers"] != nil); err != nil {
				return err
			}
		}
	}
	path := api.KindOf[*api.Namespace]().Path("", namespace)
	if _, err := s.Client.Do(ctx, client.Request{Method: http.MethodDelete, Path: path}); err != nil && !api.IsNotFound(err) && !api.IsConflict(err) { // a conflict: it goes already
		return err
	}
	return s.gone(ctx, path)
}

// force removes one object, whatever it waits for.
func (s *Session) force(ctx context.Context, path string, finalizers bool) error {
	if finalizers {
		patch := []byte(`{"metadata":{"finalizers":null}}`)
		if _, err := s.Client.Do(ctx, client.Request{Method: http.MethodPatch, Path: path, Body: patch, ContentType: string(api.MergePatchType)}); err != nil && !api.IsNotFound(err) {
			return err
		}
	}
	body := []byte(`{"gracePeriodSeconds":0,"propagationPolicy":"Background"}`)
	if _, err := s.Client.Do(ctx, client.Request{Method: http.MethodDelete, Path: path, Body: body}); err != nil && !api.IsNotFound(err) {
		return err
	}
	return nil
}

// clearLeftOvers removes what the program may have left outside of namespaces.
func (s *Session) clearLeftOvers(ctx context.Context) error {
	for _, left := range s.Lab.Program.Leaves {
		resource, name, _ := strings.Cut(left, "/")
		kind, err := kindNamed(resource)
		if err != nil {
			return err
		}
		if err := s.force(ctx, kind.Path("", name), false); err != nil {
			return err
		}
	}
	return nil
}
