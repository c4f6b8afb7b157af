package apiserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
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
// Whether it can be reached is looked at all the time (availability.go); discovery tells what it serves as long as it was
// ever reached. An APIService may also name a Service for what this server serves itself: then the other server has it,
// until the APIService is deleted.
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
	uid       api.UID
	gv        api.GroupVersion
	priority  priority
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
		name: service.Name, uid: service.UID, gv: api.GroupVersion{Group: service.Spec.Group, Version: service.Spec.Version},
		priority: priority{service.Spec.GroupPriorityMinimum, service.Spec.VersionPriority},
		target: webhookTarget{
			Service:  &api.ServiceReference{Namespace: ref.Namespace, Name: ref.Name, Port: ref.Port},
			CABundle: service.Spec.CABundle, Insecure: service.Spec.InsecureSkipTLSVerify, Certificate: a.certificate,
		},
		available: condition != nil && condition.Status == api.ConditionTrue,
	}
}

// serves tells whether another server serves a version.
func (a *aggregator) serves(gv api.GroupVersion) bool { return a.remotes.get()[gv] != nil }

// remoteDiscoveryTimeout is how long another server may take to say what it serves: clients ask all servers for that.
const remoteDiscoveryTimeout = 5 * time.Second

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
	if req.Verb == "watch" {
		req.leaveSeat() // when it has begun, only the other side knows
	}
	if !req.IsResource {
		ctx, cancel := context.WithTimeout(hr.Context(), remoteDiscoveryTimeout)
		defer cancel()
		bounded := *req
		bounded.HTTP, req = hr.WithContext(ctx), &bounded
	}
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
