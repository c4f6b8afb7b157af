package apiserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"kubelite/api"
)

// The aggregator makes other API servers part of this one. An APIService with a Service says who serves a version of a
// group: requests for it are passed on to the Service's endpoints, in the name of their sender. The other server knows by
// the certificate that they come from here, and believes the headers that say who the sender is.
//
//	client ──who am I──> authenticate ── authorize ──> remote.pass ──certificate, X-Remote-User──> other server
//
// Whether it can be reached is looked at all the time; discovery tells what it serves as long as it was ever reached.
type aggregator struct {
	server      *Server
	certificate *tls.Certificate // by which other servers know this one; nil: none
	remotes     *compiled[map[api.GroupVersion]*remote]

	mu sync.Mutex
	// resources is what each remote version was last seen to serve. Guarded by mu.
	resources map[api.GroupVersion]*api.APIResourceList
}

// remote is a version of a group that another server serves.
type remote struct {
	name      string // of its APIService
	gv        api.GroupVersion
	priority  int32
	target    webhookTarget
	available bool
}

func newAggregator(s *Server) (*aggregator, error) {
	a := &aggregator{server: s, resources: map[api.GroupVersion]*api.APIResourceList{}}
	if s.config.ProxyClientCertFile != "" {
		certificate, err := tls.LoadX509KeyPair(s.config.ProxyClientCertFile, s.config.ProxyClientKeyFile)
		if err != nil {
			return nil, fmt.Errorf("load the proxy client certificate: %w", err)
		}
		a.certificate = &certificate
	}
	a.remotes = newCompiled(s, a.load, resourceOf[*api.APIService](s))
	return a, nil
}

// load reads the APIServices that name a Service.
func (a *aggregator) load() map[api.GroupVersion]*remote {
	remotes := map[api.GroupVersion]*remote{}
	for _, service := range cached[*api.APIService](a.server) {
		if r := a.remote(service); r != nil {
			remotes[r.gv] = r
		}
	}
	return remotes
}

// remote is the other server that an APIService names; nil: this server serves it itself.
func (a *aggregator) remote(service *api.APIService) *remote {
	ref := service.Spec.Service
	if ref == nil {
		return nil
	}
	condition := availableCondition(service)
	return &remote{
		name: service.Name, gv: api.GroupVersion{Group: service.Spec.Group, Version: service.Spec.Version}, priority: service.Spec.GroupPriorityMinimum,
		target: webhookTarget{
			Service:  &api.ServiceReference{Namespace: ref.Namespace, Name: ref.Name, Port: ref.Port},
			CABundle: service.Spec.CABundle, Insecure: service.Spec.InsecureSkipTLSVerify, Certificate: a.certificate,
		},
		available: condition != nil && condition.Status == api.ConditionTrue,
	}
}

// versions are the remote group versions, those of groups that clients should try early first.
func (a *aggregator) versions() (list []api.GroupVersion) {
	remotes := a.remotes.get()
	for gv := range remotes {
		list = append(list, gv)
	}
	slices.SortFunc(list, func(x, y api.GroupVersion) int {
		if d := remotes[y].priority - remotes[x].priority; d != 0 {
			return int(d)
		}
		return strings.Compare(x.String(), y.String())
	})
	return list
}

// serveElsewhere passes on a request for what this server does not serve itself.
func (s *Server) serveElsewhere(w http.ResponseWriter, hr *http.Request, gv api.GroupVersion) {
	r := s.aggregator.remotes.get()[gv]
	if r == nil {
		s.serveNotFound(w, hr)
		return
	}
	if !r.available {
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
		return
	}
	client, err := s.webhooks.client(r.target)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	to, _ := r.target.url() // a Service always has one
	to.Path, to.RawPath, to.RawQuery = hr.URL.Path, hr.URL.RawPath, hr.URL.RawQuery
	req := requestFrom(hr.Context())
	err = s.pass(w, req, passage{to: to, through: inNameOf{req.User, client.Transport}})
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// inNameOf sends requests on with headers that say who sent them.
type inNameOf struct {
	user *User
	next http.RoundTripper
}

// RoundTrip adds the headers.
func (t inNameOf) RoundTrip(hr *http.Request) (*http.Response, error) {
	hr = hr.Clone(hr.Context())
	setRemoteUser(hr.Header, t.user)
	answer, err := t.next.RoundTrip(hr)
	if err != nil {
		return nil, api.NewServiceUnavailable("%v", err)
	}
	return answer, nil
}

func setRemoteUser(header http.Header, user *User) {
	header.Set("X-Remote-User", user.Name)
	if user.UID != "" {
		header.Set("X-Remote-Uid", user.UID)
	}
	header["X-Remote-Group"] = user.Groups
	for key, values := range user.Extra {
		header["X-Remote-Extra-"+url.PathEscape(key)] = values
	}
}

const (
	availabilityInterval = 30 * time.Second
	availabilityRetry    = time.Second
	availabilityTimeout  = 5 * time.Second
)

// checkAvailability keeps the condition Available of all remote APIServices until ctx ends: it looks when one of them
// means another server than before, every half minute, and every second as long as one cannot be reached.
func (a *aggregator) checkAvailability(ctx context.Context) error {
	res := resourceOf[*api.APIService](a.server)
	due := make(chan struct{}, 1)
	timer := time.AfterFunc(availabilityInterval, func() {
		select {
		case due <- struct{}{}:
		default:
		}
	})
	defer timer.Stop()
	var checked string // which servers, at the last look
	var next time.Time
	return a.server.follow(ctx, res, func() {
		remotes, which := a.remotes.get(), ""
		for _, gv := range a.versions() {
			r := remotes[gv]
			which += fmt.Sprintf("%s %v %t %s\n", r.name, *r.target.Service, r.target.Insecure, r.target.CABundle)
		}
		if which == checked && time.Now().Before(next) {
			return // a change of status: our own
		}
		wait := availabilityInterval
		for _, r := range remotes {
			condition := a.check(ctx, r)
			if condition.Status != api.ConditionTrue {
				wait = availabilityRetry
			}
			a.report(ctx, res, r.name, condition)
		}
		checked, next = which, time.Now().Add(wait)
		timer.Reset(wait)
	}, due)
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
	i := slices.IndexFunc(service.Spec.Ports, func(p api.ServicePort) bool { return p.Port == api.Deref(ref.Port, defaultServicePort) })
	if i < 0 {
		return no("ServicePortError", "service/%s in %q is not listening on port %d", ref.Name, ref.Namespace, api.Deref(ref.Port, defaultServicePort))
	}
	if name := service.Spec.Ports[i].Name; a.server.readyEndpoint(ctx, service, name) == "" {
		return no("MissingEndpoints", "endpointslices for service/%s in %q have no addresses with port name %q", ref.Name, ref.Namespace, name)
	}
	resources, err := a.discover(ctx, r)
	if err != nil {
		return no("FailedDiscoveryCheck", "%v", err)
	}
	a.mu.Lock()
	a.resources[r.gv] = resources
	a.mu.Unlock()
	return api.APIServiceCondition{Type: api.APIServiceAvailable, Status: api.ConditionTrue, Reason: "Passed", Message: "all checks passed"}
}

// discover asks another server what it serves.
func (a *aggregator) discover(ctx context.Context, r *remote) (*api.APIResourceList, error) {
	client, err := a.server.webhooks.client(r.target)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, availabilityTimeout)
	defer cancel()
	at, _ := r.target.url()
	at.Path = "/apis/" + r.gv.String()
	hr, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	hr.Header.Set("Accept", mediaJSON)
	setRemoteUser(hr.Header, &User{Name: "system:kube-aggregator", Groups: []string{groupMasters}})
	answer, err := client.Do(hr)
	if err != nil {
		return nil, fmt.Errorf("failing or missing response from %v: %w", at, errors.Unwrap(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode >= 300 {
		return nil, fmt.Errorf("failing or missing response from %v: bad status from %v: %d", at, at, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxWebhookAnswer))
	if err != nil {
		return nil, fmt.Errorf("failing or missing response from %v: %w", at, err)
	}
	list := &api.APIResourceList{}
	if api.UnmarshalJSON(body, list) != nil {
		return nil, nil // it answers: that is what counts here
	}
	return list, nil
}

// report writes the condition, if it has changed.
func (a *aggregator) report(ctx context.Context, res *Resource, name string, condition api.APIServiceCondition) {
	req := a.server.internalRequest("update", res, "", name)
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

// discovery is what a remote version serves, as discovery tells it.
func (a *aggregator) discovery(gv api.GroupVersion) versionDiscovery {
	version := versionDiscovery{Version: gv.Version, Freshness: "Current"}
	if r := a.remotes.get()[gv]; r == nil || !r.available {
		version.Freshness = "Stale"
	}
	a.mu.Lock()
	list := a.resources[gv]
	a.mu.Unlock()
	if list == nil {
		return version
	}
	for _, row := range list.APIResources {
		kind := responseKind{row.Group, row.Version, row.Kind}
		if plural, sub, isSub := strings.Cut(row.Name, "/"); isSub {
			for i := range version.Resources {
				if parent := &version.Resources[i]; parent.Resource == plural {
					parent.Subresources = append(parent.Subresources, subresourceDiscovery{Subresource: sub, ResponseKind: kind, Verbs: row.Verbs})
				}
			}
			continue
		}
		scope := "Cluster"
		if row.Namespaced {
			scope = "Namespaced"
		}
		version.Resources = append(version.Resources, resourceDiscovery{
			Resource: row.Name, ResponseKind: kind, Scope: scope, SingularResource: row.SingularName,
			Verbs: row.Verbs, ShortNames: row.ShortNames, Categories: row.Categories,
		})
	}
	return version
}
