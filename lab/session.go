package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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
	annotationSolved = "kubelite.io/lab-solved" // when all checks have passed for the first time
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

// State is what `kubelite lab list` says of the labs that are on the cluster.
type State struct {
	Folder  string
	Started time.Time
	Solved  bool
}

// States are the labs on a cluster, the one that was started last first.
func States(ctx context.Context, c *client.Client) ([]State, error) {
	namespaces, err := client.Of[*api.Namespace](c).List(ctx, "", client.ListOptions{LabelSelector: labelLab})
	if err != nil {
		return nil, err
	}
	var states []State
	for _, n := range namespaces.Items {
		if n.DeletionTimestamp == nil {
			states = append(states, State{Folder: n.Labels[labelLab], Started: n.CreationTimestamp.Time, Solved: n.Annotations[annotationSolved] != ""})
		}
	}
	slices.SortStableFunc(states, func(a, b State) int { return b.Started.Compare(a.Started) })
	return states, nil
}

// Start makes the lab's namespace and what is in it when the lab begins, and waits until that has come to rest.
func (s *Session) Start(ctx context.Context) error {
	ctx = client.Because(ctx, "lab %s is set up", s.Lab.Name)
	name := s.Lab.Namespace()
	namespace, err := client.Of[*api.Namespace](s.Client).Create(ctx, &api.Namespace{ObjectMeta: api.ObjectMeta{
		Name: name, Labels: map[string]string{labelLab: s.Lab.Folder},
	}})
	if api.IsAlreadyExists(err) {
		return fmt.Errorf("lab %s has been started: go on, or begin again with kubelite lab reset %s", s.Lab.Name, s.Lab.Name)
	}
	if err != nil {
		return err
	}
	if err := s.checkNeeds(ctx, namespace.ResourceVersion); err != nil {
		return errors.Join(err, s.removeNamespace(ctx, name, labelLab))
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
	return s.annotate(ctx, map[string]string{annotationBegins: strconv.FormatInt(begins, 10)})
}

// checkNeeds tells what the cluster lacks for this lab.
func (s *Session) checkNeeds(ctx context.Context, revision string) error {
	if s.Lab.Needs == nil {
		return nil
	}
	at, err := strconv.ParseInt(revision, 10, 64)
	if err != nil {
		return err
	}
	h, err := s.begin(ctx, at)
	if err != nil {
		return err
	}
	if met, err := holds(ctx, s.Lab.Needs.expression, s.variables(ctx, h)); !met || err != nil {
		return errors.Join(fmt.Errorf("lab %s: %s", s.Lab.Name, s.Lab.Needs.Message), err)
	}
	return nil
}

// send makes objects, or patches them.
func (s *Session) send(ctx context.Context, objects []*api.Unstructured, method, contentType string) error {
	for _, object := range objects {
		kind := kindOf(object)
		body, err := api.MarshalJSON(object)
		if err != nil {
			return err
		}
		request := client.Request{Method: method, Path: kind.Path(object.Namespace, ""), Body: body, ContentType: contentType}
		if method == http.MethodPatch {
			request.Path = kind.Path(object.Namespace, object.Name)
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
	h, err := s.history(ctx)
	if err != nil {
		return nil, err
	}
	err = s.follow(ctx, h, true, func() (bool, error) {
		outcome = s.evaluate(ctx, h)
		return true, s.note(ctx, outcome)
	})
	return outcome, err
}

// Watch looks at the lab again whenever something has changed in it, until tell says that it has heard enough.
func (s *Session) Watch(ctx context.Context, tell func(*Outcome) (done bool)) error {
	h, err := s.history(ctx)
	if err != nil {
		return err
	}
	return s.follow(ctx, h, false, func() (bool, error) {
		outcome := s.evaluate(ctx, h)
		return tell(outcome), s.note(ctx, outcome)
	})
}

// history reads the lab's objects as they were when it began.
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
	return s.begin(ctx, begins)
}

// note keeps on the namespace that the lab was solved.
func (s *Session) note(ctx context.Context, outcome *Outcome) error {
	if !outcome.Solved() || s.Lab.Program != nil {
		return nil
	}
	return s.NoteSolved(ctx)
}

func (s *Session) annotate(ctx context.Context, annotations map[string]string) error {
	patch, err := api.MarshalJSON(map[string]any{"metadata": map[string]any{"annotations": maps.Clone(annotations)}})
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
	return s.removeNamespace(ctx, s.Lab.Namespace(), labelLab)
}

// removeNamespace removes a namespace that is marked as a lab's, and waits until it is gone.
func (s *Session) removeNamespace(ctx context.Context, name, label string) error {
	namespaces := client.Of[*api.Namespace](s.Client)
	namespace, err := namespaces.Get(ctx, "", name)
	if api.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if namespace.Labels[label] == "" {
		return fmt.Errorf("namespace %s is no lab's: it has no label %s", name, label)
	}
	if err := namespaces.Delete(ctx, "", name, api.DeleteOptions{}); err != nil && !api.IsConflict(err) { // a conflict: it is going already
		return err
	}
	watch, err := namespaces.Watch(ctx, "", client.ListOptions{FieldSelector: "metadata.name=" + name, ResourceVersion: namespace.ResourceVersion})
	if err != nil {
		return err
	}
	defer watch.Stop()
	for e := range watch.Events() {
		if e.Type == client.Deleted {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("namespace %s is still there", name), watch.Err(), ctx.Err())
}
