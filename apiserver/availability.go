package apiserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"kubelite/api"
)

// Whether the server behind an APIService can be reached is the APIService's condition Available, and what requests for it
// are answered depends on that. Each has a watch of its own, so that one which hangs delays no other:
//
//	Service there? ──> port? ──> endpoints? ──> does one of five calls succeed? ──> Available
//
// It looks when the APIService means another server than before, when the Service's endpoints change, every half minute,
// and every second as long as the server cannot be reached.

const (
	availabilityInterval = 30 * time.Second
	availabilityRetry    = time.Second
	availabilityTimeout  = 5 * time.Second
	// availabilityCalls are made at once: a Service may have endpoints of which some are down.
	availabilityCalls = 5
)

// checkAvailability keeps the condition Available of all remote APIServices until ctx ends.
func (a *aggregator) checkAvailability(ctx context.Context) error {
	watches, ctx := errgroup.WithContext(ctx)
	running := map[string]context.CancelFunc{} // by what they look at
	err := a.server.follow(ctx, resourceOf[*api.APIService](a.server), func(ctx context.Context) {
		wanted := map[string]*remote{}
		for _, r := range a.remotes.get() {
			wanted[r.identity()] = r
		}
		for identity, stop := range running {
			if wanted[identity] == nil {
				stop()
				delete(running, identity)
			}
		}
		for identity, r := range wanted {
			if running[identity] == nil {
				watch, stop := context.WithCancel(ctx)
				running[identity] = stop
				watches.Go(func() error { return a.watchOver(watch, r) })
			}
		}
	})
	for _, stop := range running {
		stop()
	}
	return errors.Join(err, watches.Wait())
}

// identity is what a remote's availability depends on: when it changes, what is known of it counts no more.
func (r *remote) identity() string {
	service := r.target.Service
	return fmt.Sprintf("%s %s %s/%s:%d %t %s", r.name, r.uid, service.Namespace, service.Name, api.Deref(service.Port, defaultServicePort), r.target.Insecure, r.target.CABundle)
}

// watchOver keeps the condition of one APIService until ctx ends.
func (a *aggregator) watchOver(ctx context.Context, r *remote) error {
	due := make(chan why, 1)
	timer := time.AfterFunc(availabilityInterval, func() {
		select {
		case due <- why{timer: "availability check"}:
		default:
		}
	})
	defer timer.Stop()
	var seen string // which endpoints, at the last look
	var next time.Time
	return a.server.follow(ctx, resourceOf[*api.EndpointSlice](a.server), func(ctx context.Context) {
		endpoints := a.endpointsSeen(r)
		if endpoints == seen && time.Now().Before(next) {
			return // endpoints of others
		}
		wait, condition := availabilityInterval, a.check(ctx, r)
		if condition.Status != api.ConditionTrue {
			wait = availabilityRetry
		}
		if ctx.Err() != nil {
			return // what failed is that we were told to end
		}
		a.report(ctx, r.name, condition)
		seen, next = endpoints, time.Now().Add(wait)
		timer.Reset(wait)
	}, due)
}

// endpointsSeen tells the present state of a remote's endpoints from others.
func (a *aggregator) endpointsSeen(r *remote) string {
	res, service := resourceOf[*api.EndpointSlice](a.server), r.target.Service
	entries, _ := a.server.cache.kind(res).list(res.key(service.Namespace, ""), "")
	var b strings.Builder
	for _, e := range entries {
		if e.attrs(res).labels[api.LabelServiceName] == service.Name {
			fmt.Fprintf(&b, "%s %d\n", e.name, e.revision)
		}
	}
	return b.String()
}

// check finds out whether another server can be reached, and what it serves.
func (a *aggregator) check(ctx context.Context, r *remote) api.APIServiceCondition {
	no := func(reason, format string, args ...any) api.APIServiceCondition {
		return api.APIServiceCondition{Type: api.APIServiceAvailable, Status: api.ConditionFalse, Reason: reason, Message: fmt.Sprintf(format, args...)}
	}
	ref := r.target.Service
	service, err := read[*api.Service](ctx, a.server, ref.Namespace, ref.Name)
	if api.IsNotFound(err) {
		return no("ServiceNotFound", "service/%s in %q is not present", ref.Name, ref.Namespace)
	}
	if err != nil {
		condition := no("ServiceAccessError", "service/%s in %q cannot be checked due to: %v", ref.Name, ref.Namespace, err)
		condition.Status = api.ConditionUnknown
		return condition
	}
	if service.Spec.Type == api.ServiceTypeClusterIP {
		port := api.Deref(ref.Port, defaultServicePort)
		i := slices.IndexFunc(service.Spec.Ports, func(p api.ServicePort) bool { return p.Port == port })
		if i < 0 {
			return no("ServicePortError", "service/%s in %q is not listening on port %d", ref.Name, ref.Namespace, port)
		}
		if name := service.Spec.Ports[i].Name; a.server.readyEndpoint(ctx, service, name) == "" {
			if len(a.server.endpointSlices(service)) == 0 {
				return no("EndpointsNotFound", "cannot find endpointslices for service/%s in %q", ref.Name, ref.Namespace)
			}
			return no("MissingEndpoints", "endpointslices for service/%s in %q have no addresses with port name %q", ref.Name, ref.Namespace, name)
		}
	}
	resources, err := a.discoverAny(ctx, r)
	if err != nil {
		return no("FailedDiscoveryCheck", "%v", err)
	}
	a.mu.Lock()
	a.resources[r.gv] = resources
	a.mu.Unlock()
	return api.APIServiceCondition{Type: api.APIServiceAvailable, Status: api.ConditionTrue, Reason: "Passed", Message: "all checks passed"}
}

// discoverAny asks several times at once what another server serves; the first answer is good enough.
func (a *aggregator) discoverAny(ctx context.Context, r *remote) (list *api.APIResourceList, err error) {
	ctx, cancel := context.WithTimeout(ctx, availabilityTimeout)
	defer cancel()
	type answer struct {
		list *api.APIResourceList
		err  error
	}
	answers := make(chan answer, availabilityCalls)
	for range availabilityCalls {
		go func() {
			list, err := a.discover(ctx, r)
			answers <- answer{list, err}
		}()
	}
	for range availabilityCalls { // all end soon after ctx does
		got := <-answers
		if got.err == nil && list == nil {
			list = got.list
			cancel()
		} else if got.err != nil && list == nil {
			err = got.err
		}
	}
	if list != nil {
		return list, nil
	}
	return nil, err
}

// discover asks another server what it serves.
func (a *aggregator) discover(ctx context.Context, r *remote) (*api.APIResourceList, error) {
	body, err := a.ask(ctx, r, "/"+openapiPath(r.gv))
	if err != nil {
		return nil, err
	}
	list := &api.APIResourceList{}
	if api.UnmarshalJSON(body, list) != nil {
		return &api.APIResourceList{}, nil // it answers: that is what counts here
	}
	return list, nil
}

// ask reads a document of another server, in this server's own name.
func (a *aggregator) ask(ctx context.Context, r *remote, path string) ([]byte, error) {
	kept, err := a.server.webhooks.client(r.target)
	if err != nil {
		return nil, err
	}
	client := *kept
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	at, _ := r.target.url() // a Service always has one
	at.Path = path
	hr, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	hr.Header.Set("Accept", mediaJSON)
	setRemoteUser(hr.Header, &User{Name: "system:kube-aggregator", Groups: []string{groupMasters}})
	answer, err := client.Do(hr)
	if err != nil {
		return nil, fmt.Errorf("failing or missing response from %v: %w", at, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode >= 300 {
		return nil, fmt.Errorf("failing or missing response from %v: bad status from %v: %d", at, at, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxWebhookAnswer))
	if err != nil {
		return nil, fmt.Errorf("failing or missing response from %v: %w", at, err)
	}
	return body, nil
}

// report writes the condition, if it has changed.
func (a *aggregator) report(ctx context.Context, name string, condition api.APIServiceCondition) {
	req := a.server.internalRequest(ctx, "update", resourceOf[*api.APIService](a.server), "", name)
	req.Subresource = "status"
	_, err := a.server.update(ctx, req, func(obj api.Object) (api.Object, error) {
		service := obj.(*api.APIService)
		old := availableCondition(service)
		if old == nil {
			condition.LastTransitionTime = api.Now()
			service.Status.Conditions = append(service.Status.Conditions, condition)
			return service, nil
		}
		condition.LastTransitionTime = old.LastTransitionTime
		if old.Status != condition.Status {
			condition.LastTransitionTime = api.Now()
		}
		*old = condition
		return service, nil
	})
	if err != nil && !api.IsNotFound(err) && ctx.Err() == nil {
		a.server.log.Warn("the availability of an API could not be written", "name", name, "error", err)
	}
}
