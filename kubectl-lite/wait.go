package kubectllite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kubelite/api"
	"kubelite/client"
)

func newWait(s *session) *cobra.Command {
	var sel selection
	var condition string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:               "wait ([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) --for=delete|--for=create|--for=condition=NAME[=VALUE]|--for=jsonpath='{PATH}'[=VALUE]",
		Short:             "Wait for a specific condition on one or many resources",
		ValidArgsFunction: s.completeObjects(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if timeout < 0 {
				timeout = 7 * 24 * time.Hour
			}
			return s.wait(cmd.Context(), &sel, args, condition, timeout)
		},
	}
	sel.add(cmd, "identify the resource.")
	cmd.Flags().StringVar(&condition, "for", "", "The condition to wait on")
	cmd.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "The length of time to wait before giving up. Zero means check once and don't wait, negative means wait for a week.")
	cmd.Flags().BoolVarP(&sel.allNamespaces, "all-namespaces", "A", false, "Wait for what the selector finds in all namespaces")
	cmd.Flags().StringVar(&sel.fieldSelector, "field-selector", "", "Selector (field query) to filter on")
	return cmd
}

func (s *session) wait(ctx context.Context, sel *selection, args []string, condition string, timeout time.Duration) error {
	met, err := parseCondition(condition)
	if err != nil {
		return err
	}
	forgiving := condition == "delete" || condition == "create"
	found, err := s.selectObjects(ctx, sel, args, !forgiving)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		if condition == "delete" {
			return nil
		}
		return errors.New("no matching resources found")
	}
	var errs []error
	deadline := time.Now().Add(timeout)
	for _, m := range found {
		if condition == "delete" { // of what is gone already nothing is said
			if _, err := s.getObject(ctx, m.resource, m.object.namespace(), m.object.name()); api.IsNotFound(err) {
				continue
			}
		}
		err := s.waitUntil(ctx, m.resource, m.object.namespace(), m.object.name(), deadline, met)
		switch {
		case err == nil:
			fmt.Fprintf(s.Out, "%s condition met\n", m.display())
		case errors.Is(err, errNotYet) && timeout == 0:
			errs = append(errs, fmt.Errorf("condition not met for %s/%s", m.resource.Plural, m.object.name()))
		case errors.Is(err, errNotYet):
			errs = append(errs, fmt.Errorf("timed out waiting for the condition on %s/%s", m.resource.Plural, m.object.name()))
		default:
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// condition tells whether an object, nil if there is none, is as it should be. missing is the error to end with when it
// is not there, nil to go on waiting.
type condition func(o object, missing error) (bool, error)

func parseCondition(text string) (condition, error) {
	kind, rest, hasRest := strings.Cut(text, "=")
	switch {
	case text == "delete":
		return func(o object, _ error) (bool, error) { return o == nil, nil }, nil
	case text == "create":
		return func(o object, _ error) (bool, error) { return o != nil, nil }, nil
	case kind == "condition" && hasRest:
		name, value, hasValue := strings.Cut(rest, "=")
		if !hasValue {
			value = "true"
		}
		return present(func(o object) (bool, error) { return hasCondition(o, name, value), nil }), nil
	case kind == "jsonpath" && hasRest:
		end := strings.LastIndex(rest, "}")
		path, err := api.ParseJSONPath(rest[:end+1])
		if err != nil || end < 0 {
			return nil, errors.New("jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'")
		}
		value, hasValue := strings.CutPrefix(rest[end+1:], "=")
		return present(func(o object) (bool, error) { return pathHolds(o, path, value, hasValue) }), nil
	}
	if text == "" {
		return nil, errors.New("unrecognized condition: []")
	}
	return nil, fmt.Errorf("unrecognized condition: %q", text)
}

// present is a condition that only an object that exists can fulfil.
func present(holds func(o object) (bool, error)) condition {
	return func(o object, missing error) (bool, error) {
		if o == nil {
			return false, missing
		}
		return holds(o)
	}
}

// hasCondition looks into status.conditions. A condition that speaks of an older generation of the spec does not count.
func hasCondition(o object, name, value string) bool {
	conditions, _ := o.at("status", "conditions").([]any)
	for _, c := range conditions {
		fields, _ := c.(map[string]any)
		one := object(fields)
		if !strings.EqualFold(one.text("type"), name) {
			continue
		}
		observed := one.at("observedGeneration")
		if observed == nil {
			observed = o.at("status", "observedGeneration")
		}
		if seen, ok := observed.(int64); ok && seen < o.number("metadata", "generation") {
			return false
		}
		return strings.EqualFold(one.text("status"), value)
	}
	return false
}

func pathHolds(o object, path *api.JSONPath, value string, hasValue bool) (bool, error) {
	values, err := path.Values(map[string]any(o))
	switch {
	case err != nil || len(values) == 0:
		return false, err
	case len(values) > 1:
		return false, errors.New("given jsonpath expression matches more than one value")
	case !hasValue:
		return true, nil
	}
	text, err := api.JSONPathText(values[0])
	return text == strings.Trim(strings.TrimSpace(value), `"'`), err
}

// errNotYet says that the time ran out.
var errNotYet = errors.New("timed out waiting for the condition")

// waitUntil watches one object until the condition holds or the deadline passes.
func (s *session) waitUntil(ctx context.Context, r *client.APIResource, namespace, name string, deadline time.Time, met condition) error {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	opts := client.ListOptions{FieldSelector: "metadata.name=" + name}
	for first := true; ; first = false {
		// Even when no time was given the object is looked at once.
		look := ctx
		if first {
			look = context.WithoutCancel(ctx)
		}
		resp, err := s.do(look, client.Request{Path: r.Path(namespace, ""), Query: opts.Query()})
		if err != nil {
			return expiredOr(ctx, err)
		}
		list, err := parseObject(resp.Body)
		if err != nil {
			return err
		}
		var current object
		var missing error = api.NewNotFound(&api.Kind{GroupVersion: r.GroupVersion, Plural: r.Plural}, name)
		if items, _ := list.items(); len(items) > 0 {
			current = items[0]
		}
		if done, err := met(current, missing); done || err != nil {
			return err
		}
		if ctx.Err() != nil {
			return errNotYet
		}
		opts := opts
		opts.ResourceVersion = list.text("metadata", "resourceVersion")
		err = s.watch(ctx, r.Path(namespace, ""), client.JSON, &opts, func(event client.EventType, body []byte) error {
			o, err := parseObject(body)
			if err != nil {
				return err
			}
			if event == client.Deleted {
				o = nil
			}
			done, err := met(o, missing)
			if done && err == nil {
				return errDone
			}
			return err
		})
		switch {
		case errors.Is(err, errDone):
			return nil
		case err != nil && !api.IsExpired(err):
			return expiredOr(ctx, err)
		}
	}
}

var errDone = errors.New("done")

// expiredOr is errNotYet if err is only that the time ran out.
func expiredOr(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errNotYet
	}
	return err
}

// waitGone waits until an object does not exist any more, or is another one than the one with the UID.
func (s *session) waitGone(ctx context.Context, r *client.APIResource, namespace, name, uid string, timeout time.Duration) error {
	if timeout == 0 {
		timeout = 7 * 24 * time.Hour
	}
	err := s.waitUntil(ctx, r, namespace, name, time.Now().Add(timeout), func(o object, _ error) (bool, error) {
		return o == nil || uid != "" && o.text("metadata", "uid") != uid, nil
	})
	if errors.Is(err, errNotYet) {
		return fmt.Errorf("timed out waiting for the condition on %s/%s", r.Plural, name)
	}
	if api.IsForbidden(err) || api.Reason(err) == api.StatusReasonMethodNotAllowed {
		return nil // deleted, but we may not look
	}
	return err
}
