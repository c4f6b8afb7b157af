package lab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"kubelite/api"
	"kubelite/apiserver/cel"
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
}

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
	begins, err := s.settle(ctx, namespace.ResourceVersion, s.Lab.settled)
	if err == nil && len(s.Lab.fault) > 0 {
		if err := s.send(ctx, s.Lab.fault, http.MethodPatch, string(api.StrategicMergePatchType)); err != nil {
			return err
		}
		begins, err = s.settle(ctx, strconv.FormatInt(begins, 10), s.Lab.broken)
	}
	if err != nil {
		return fmt.Errorf("the set-up does not come to rest: %w", err)
	}
	if err := s.annotate(ctx, annotationBegins, strconv.FormatInt(begins, 10)); err != nil {
		return err
	}
	return s.progress(ctx, func(p *Progress) {
		p.Attempts++
		if p.Started.IsZero() {
			p.Started = time.Now().UTC().Truncate(time.Second)
		}
	})
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
	watch, err := client.Of[*api.ServiceAccount](s.Client).Watch(ctx, s.Lab.Namespace(), client.ListOptions{FieldSelector: "metadata.name=default"})
	if err != nil {
		return err
	}
	defer watch.Stop()
	if _, ok := <-watch.Events(); !ok {
		return errors.Join(errors.New("no service account \"default\" was made"), watch.Err(), ctx.Err())
	}
	return nil
}

// settle waits until an expression holds (nil: not at all), and returns the revision at which it did.
func (s *Session) settle(ctx context.Context, since string, until *cel.Program) (int64, error) {
	revision, err := strconv.ParseInt(since, 10, 64)
	if err != nil {
		return 0, err
	}
	h, err := s.begin(ctx, revision)
	if err != nil {
		return 0, err
	}
	atRest := until == nil
	err = s.follow(ctx, h, atRest, func() (bool, error) {
		if !atRest {
			// An expression that fails as long as a field is missing does not hold yet.
			atRest, _ = holds(ctx, until, s.variables(ctx, h))
		}
		return atRest, nil
	})
	if len(h.events) == 0 {
		return h.begins, err
	}
	return h.events[len(h.events)-1].revision, err
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
	namespace, err := client.Of[*api.Namespace](s.Client).Get(ctx, "", s.Lab.Namespace())
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
	h.seen.Missed = h.seen.Missed || h.begins > begins && h.begins > h.seen.Revision
	return h, nil
}

func (s *Session) annotate(ctx context.Context, key, value string) error {
	patch, err := api.MarshalJSON(map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}})
	if err != nil {
		return err
	}
	_, err = client.Of[*api.Namespace](s.Client).Patch(ctx, "", s.Lab.Namespace(), api.MergePatchType, patch)
	return err
}

// Remove takes the lab from the cluster, and waits until nothing is left of it. It is no error if it is not there.
func (s *Session) Remove(ctx context.Context) error {
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
