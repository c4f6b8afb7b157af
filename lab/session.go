package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"kubelite/api"
	"kubelite/cel"
	"kubelite/client"
)

// What a lab's namespace knows about it.
const (
	labelLab         = "kubelite.io/lab"
	annotationBegins = "kubelite.io/lab-begins" // the revision at which the set-up had come to rest
	annotationSeen   = "kubelite.io/lab-seen"   // what looks at it have found out so far: see seen
)

// Session is a lab on a cluster.
type Session struct {
	Client *client.Client
	Lab    *Lab
	// Place is what a lab needs whose program takes a component's place.
	Place Place
	// Namespace is where objects are looked at, if it is not the lab's own: a trial has one for itself.
	Namespace string
}

func (s *Session) namespace() string { return cmp.Or(s.Namespace, s.Lab.Namespace()) }

// Running are the names of the labs that are on a cluster, the one that was started last first.
func Running(ctx context.Context, c *client.Client) ([]string, error) {
	namespaces, err := client.Of[*api.Namespace](c).List(ctx, "", client.ListOptions{LabelSelector: labelLab})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(namespaces.Items, func(a, b *api.Namespace) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	var names []string
	for _, n := range namespaces.Items {
		if n.DeletionTimestamp == nil {
			names = append(names, n.Labels[labelLab])
		}
	}
	return names, nil
}

// Start makes the lab's namespace and what is in it when the lab begins, and waits until that has come to rest.
func (s *Session) Start(ctx context.Context) error {
	ctx = client.Because(ctx, "lab %s is set up", s.Lab.Name)
	namespaces, name := client.Of[*api.Namespace](s.Client), s.Lab.Namespace()
	_, err := namespaces.Get(ctx, "", name)
	if err == nil {
		return fmt.Errorf("lab %s has been started: go on, or begin again with kubelite lab reset %s", s.Lab.Name, s.Lab.Name)
	}
	if !api.IsNotFound(err) {
		return err
	}
	if err := s.fits(ctx); err != nil {
		return err
	}
	namespace, err := namespaces.Create(ctx, &api.Namespace{ObjectMeta: api.ObjectMeta{
		Name: name, Labels: map[string]string{labelLab: s.Lab.Name},
	}})
	if err != nil {
		return err
	}
	if err := s.waitForAccount(ctx); err != nil {
		return err
	}
	if err := s.send(ctx, s.Lab.setup, http.MethodPost, ""); err != nil {
		return err
	}
	if err := s.waitForDefinitions(ctx); err != nil {
		return err
	}
	if s.Lab.Program != nil {
		if err := s.takePlace(ctx); err != nil {
			return err
		}
	}
	begins, err := strconv.ParseInt(namespace.ResourceVersion, 10, 64)
	if err != nil {
		return err
	}
	h, err := s.settle(ctx, begins, s.Lab.settled)
	if err == nil && len(s.Lab.fault) > 0 {
		if err := s.send(ctx, s.Lab.fault, http.MethodPatch, string(api.StrategicMergePatchType)); err != nil {
			return err
		}
		h, err = s.settle(ctx, h.last(), s.Lab.broken)
	}
	if err != nil {
		return fmt.Errorf("the set-up does not come to rest: %w", err)
	}
	if err := s.annotate(ctx, annotationBegins, strconv.FormatInt(h.last(), 10)); err != nil {
		return err
	}
	err = s.progress(ctx, func(p *Progress) {
		p.Attempts++
		if p.Started.IsZero() {
			p.Started = time.Now().UTC().Truncate(time.Second)
		}
	})
	if err != nil {
		return err
	}
	_, err = s.Check(ctx) // the first look sees the last ripples of the set-up, so that nobody takes them for something missed
	return err
}

// send makes objects, or patches them, or deletes those that say so as strategic merge patches do: "$patch: delete".
func (s *Session) send(ctx context.Context, objects []*api.Unstructured, method, contentType string) error {
	for _, object := range objects {
		request := client.Request{Method: method, ContentType: contentType}
		switch {
		case object.Content["$patch"] == "delete":
			request.Method = http.MethodDelete
		case isNode(object):
			if err := s.markNode(ctx, object); err != nil {
				return err
			}
			continue
		}
		name := object.Name
		if request.Method == http.MethodPost {
			name = "" // it goes to the collection
		}
		request.Path = kindOf(object).Path(object.Namespace, name)
		if request.Method != http.MethodDelete {
			var err error
			if request.Body, err = api.MarshalJSON(object); err != nil {
				return err
			}
		}
		if _, err := s.Client.Do(ctx, request); err != nil {
			return fmt.Errorf("set up %s: %w", api.Describe(object), err)
		}
	}
	return nil
}

// waitForAccount waits for the service account that pods run as: a controller makes it in each new namespace.
func (s *Session) waitForAccount(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch, err := client.Of[*api.ServiceAccount](s.Client).Watch(ctx, s.namespace(), client.ListOptions{FieldSelector: "metadata.name=default"})
	if err != nil {
		return err
	}
	defer watch.Stop()
	if _, ok := <-watch.Events(); !ok {
		return errors.Join(errors.New("no service account \"default\" was made"), watch.Err(), ctx.Err())
	}
	return nil
}

// waitForDefinitions waits until the kinds are served that the set-up defines.
func (s *Session) waitForDefinitions(ctx context.Context) error {
	for _, object := range s.Lab.setup {
		if object.Kind != "CustomResourceDefinition" {
			continue
		}
		if err := s.waitForDefinition(ctx, object.Name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) waitForDefinition(ctx context.Context, name string) error {
	watch, err := client.Of[*api.CustomResourceDefinition](s.Client).Watch(ctx, "", client.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		return err
	}
	defer watch.Stop()
	for e := range watch.Events() {
		if slices.ContainsFunc(e.Object.Status.Conditions, func(c api.CustomResourceDefinitionCondition) bool {
			return c.Type == api.CRDEstablished && c.Status == api.ConditionTrue
		}) {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("%s is not served", name), watch.Err(), ctx.Err())
}

// settle waits until an expression holds (nil: not at all), and returns what has happened until then.
func (s *Session) settle(ctx context.Context, since int64, until *cel.Program) (*history, error) {
	h, err := s.begin(ctx, since)
	if err != nil {
		return nil, err
	}
	atRest := until == nil
	return h, s.follow(ctx, h, atRest, func() (bool, error) {
		if !atRest {
			// An expression that fails as long as a field is missing does not hold yet.
			atRest, _ = holds(ctx, until, s.variables(ctx, h))
		}
		return atRest, nil
	})
}

// Check looks at the lab once.
func (s *Session) Check(ctx context.Context) (outcome *Outcome, err error) {
	now, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	h, err := s.history(ctx)
	if err != nil {
		return nil, err
	}
	err = s.follow(ctx, h, true, func() (bool, error) {
		outcome = s.evaluate(ctx, h)
		return true, s.note(ctx, h, outcome, now.Revision)
	})
	return outcome, err
}

// Watch looks at the lab again whenever something has changed in it, and now and then when nothing has, until tell says that it
// has heard enough.
func (s *Session) Watch(ctx context.Context, tell func(*Outcome) (done bool)) error {
	h, err := s.history(ctx)
	if err != nil {
		return err
	}
	return s.follow(ctx, h, false, func() (bool, error) {
		outcome := s.evaluate(ctx, h)
		now, err := s.now(ctx)
		if err != nil {
			return false, err
		}
		return tell(outcome), s.note(ctx, h, outcome, now.Revision)
	})
}

// history reads the lab's objects as they were when it began, and what is known of its history.
func (s *Session) history(ctx context.Context) (*history, error) {
	namespace, err := client.Of[*api.Namespace](s.Client).Get(ctx, "", s.namespace())
	if api.IsNotFound(err) {
		return nil, fmt.Errorf("lab %s has not been started: kubelite lab start %s", s.Lab.Name, s.Lab.Name)
	}
	if err != nil {
		return nil, err
	}
	begins, err := strconv.ParseInt(namespace.Annotations[annotationBegins], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("lab %s was not set up to its end: kubelite lab reset %s", s.Lab.Name, s.Lab.Name)
	}
	h, err := s.begin(ctx, begins)
	if err != nil {
		return nil, err
	}
	h.seen = &seen{Revision: begins, Failed: map[string]string{}}
	if noted := namespace.Annotations[annotationSeen]; noted != "" {
		if err := api.UnmarshalJSON([]byte(noted), h.seen); err != nil {
			return nil, fmt.Errorf("annotation %s: %w", annotationSeen, err)
		}
	}
	h.seen.resume(h)
	return h, nil
}

func (s *Session) annotate(ctx context.Context, key, value string) error {
	patch, err := api.MarshalJSON(map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}})
	if err != nil {
		return err
	}
	_, err = client.Of[*api.Namespace](s.Client).Patch(ctx, "", s.namespace(), api.MergePatchType, patch)
	return err
}

// Remove takes the lab from the cluster, gives back what its program has taken the place of, and waits until nothing is left
// of it. It is no error if it is not there.
func (s *Session) Remove(ctx context.Context) error {
	if s.Lab.Program != nil {
		if err := s.giveBack(ctx); err != nil {
			return err
		}
	}
	if err := s.clearNodes(ctx); err != nil {
		return err
	}
	namespaces, name := client.Of[*api.Namespace](s.Client), s.Lab.Namespace()
	namespace, err := namespaces.Get(ctx, "", name)
	if api.IsNotFound(err) {
		return nil // nor are there others of its objects that we could know to be its own
	}
	if err != nil {
		return err
	}
	if namespace.Labels[labelLab] == "" {
		return fmt.Errorf("namespace %s is no lab's: it has no label %s", name, labelLab)
	}
	if err := s.releaseFinalizers(ctx); err != nil {
		return err
	}
	paths := append(s.outside(), api.KindOf[*api.Namespace]().Path("", name)) // in the end that which says whose they are
	for _, path := range paths {
		if _, err := s.Client.Do(ctx, client.Request{Method: http.MethodDelete, Path: path}); err != nil && !api.IsNotFound(err) {
			return err
		}
	}
	for _, path := range paths {
		if err := s.gone(ctx, path); err != nil {
			return err
		}
	}
	return nil
}
