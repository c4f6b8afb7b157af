package apiserver

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"kubelite/api"
	"kubelite/apiserver/flowcontrol"
)

// Request is what one HTTP request means to the API: who wants to do what to which object. The requestInfo step of
// the chain makes it from method and path; authenticate adds the user, and the later steps read it.
type Request struct {
	// HTTP is the request as it came. Its Context carries this Request (requestFrom).
	HTTP *http.Request

	// Verb is what RBAC calls it: get list watch create update patch delete deletecollection for resources, the
	// method in lower case for other paths.
	Verb string
	// IsResource tells /api/v1/... and /apis/group/version/... from other paths such as /healthz.
	IsResource bool
	// Group, Version and Plural are as in the path, whether such a resource exists or not.
	Group, Version, Plural string
	// Namespace is empty for cluster-scoped resources and for requests across all namespaces. For a Namespace
	// object it is that namespace's own name, so that rules in the namespace apply to it, as upstream.
	Namespace string
	// Name is empty for requests on a collection; a create fills it in from the body.
	Name        string
	Subresource string
	// Rest is what follows the subresource in the path, for proxy: "/healthz" of ".../pods/web/proxy/healthz".
	Rest string

	// Resource is the row of the table; nil when the path names no resource that exists.
	Resource *Resource
	// User is who asks; set by authenticate.
	User *User
	// auditID is the request's name in the audit log, which a client may choose; audit is what the log is told of it, nil if
	// nothing is.
	auditID string
	audit   *audited
	// DryRun asks for everything but the storing. It is set from the query before a handler runs, and from the
	// DeleteOptions in a body.
	DryRun bool

	query url.Values
	// deletion is how to delete; nil for all but deletions.
	deletion *api.DeleteOptions
	// admitted: admission has seen what was asked for, in a kind of its own (a Binding), and is not asked about what
	// follows from it.
	admitted bool
	// reinvocation is which webhooks and policies have to look at the object again, while they change it.
	reinvocation reinvocation
	why          *why
	// seat is the request's place among those that are served; nil: it has none. Who waits gives it up meanwhile.
	seat *flowcontrol.Ticket
	// effect takes notes of what the request writes; nil: nobody asks.
	effect *effect
	// stale is the revision of the past that the request reads, by a fault; 0: the present.
	stale    int64
	warnings []string
	accept   *accepted
}

// User is who sent a request.
type User struct {
	Name   string
	UID    string
	Groups []string
	Extra  map[string][]string
}

// InGroup tells whether the user is in a group.
func (u *User) InGroup(group string) bool {
	for _, g := range u.Groups {
		if g == group {
			return true
		}
	}
	return false
}

// Query is the parsed query of the URL, to be read; it is parsed once. Most requests have none, and for them it is nil.
func (r *Request) Query() url.Values {
	if r.query == nil && r.HTTP != nil && r.HTTP.URL.RawQuery != "" {
		r.query = r.HTTP.URL.Query()
	}
	return r.query
}

// Warn adds a Warning header to the answer, which kubectl prints for the user. A repeated one is sent once.
func (r *Request) Warn(text string) {
	for _, w := range r.warnings {
		if w == text {
			return
		}
	}
	r.warnings = append(r.warnings, text)
}

func (r *Request) writeWarnings(header http.Header) {
	for _, text := range r.warnings {
		header.Add("Warning", `299 - `+strconv.Quote(text))
	}
}

// Key is where the object lives in the store.
func (r *Request) Key() string { return r.Resource.key(r.objectNamespace(), r.Name) }

// objectNamespace is the namespace that the object is in: none for cluster-scoped kinds, Namespace included.
func (r *Request) objectNamespace() string {
	if !r.Resource.Namespaced {
		return ""
	}
	return r.Namespace
}

type requestKey struct{}

// requestFrom returns the Request that the chain put into the context, nil outside of one.
func requestFrom(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

// withRequest puts a Request into the context of its HTTP request.
func withRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// parseRequest reads method and path the way upstream's RequestInfo does:
//
//	/api/v1/namespaces/{namespace}/{resource}/{name}/{subresource}
//	/apis/{group}/{version}/{resource}/{name}
//	/api/v1/watch/...     the deprecated prefix form of ?watch=1
func parseRequest(hr *http.Request) *Request {
	r := &Request{HTTP: hr, Verb: strings.ToLower(hr.Method)}
	path, ok := r.parseGroupVersion(hr.URL.Path)
	if !ok {
		return r
	}
	r.IsResource = true
	watch := false
	if rest, ok := strings.CutPrefix(path, "watch/"); ok {
		watch, path = true, rest
	}
	if rest, ok := strings.CutPrefix(path, "namespaces/"); ok {
		var namespace string
		namespace, path, _ = strings.Cut(rest, "/")
		r.Namespace = namespace
		first, _, _ := strings.Cut(path, "/")
		// The namespace object itself, or one of its subresources: not a resource inside the namespace.
		if path == "" || first == "status" || first == "finalize" {
			r.Plural, r.Name, r.Subresource = "namespaces", namespace, first
			path = ""
		}
	}
	if path != "" {
		r.Plural, path, _ = strings.Cut(path, "/")
		r.Name, path, _ = strings.Cut(path, "/")
		r.Subresource, path, ok = strings.Cut(path, "/")
		if ok {
			r.Rest = "/" + path
		}
	}
	r.Verb = resourceVerb(hr, r, watch)
	return r
}

// parseGroupVersion takes /api/v1/ or /apis/group/version/ off the path. Shorter paths are discovery.
func (r *Request) parseGroupVersion(path string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(path, "/api/"); ok {
		r.Version, rest, ok = strings.Cut(rest, "/")
	} else if rest, ok = strings.CutPrefix(path, "/apis/"); ok {
		r.Group, rest, ok = strings.Cut(rest, "/")
		if ok {
			r.Version, rest, ok = strings.Cut(rest, "/")
		}
	}
	return rest, ok && rest != ""
}

func resourceVerb(hr *http.Request, r *Request, watch bool) string {
	switch hr.Method {
	case http.MethodGet, http.MethodHead:
		if r.Subresource != "" {
			return "get"
		}
		// Behind a name, ?watch=1 means nothing: one object is watched by a field selector, or by the old prefix.
		if r.Name == "" && hr.URL.RawQuery != "" && !watch {
			watch = isTrue(r.Query().Get("watch"))
		}
		switch {
		case watch:
			return "watch"
		case r.Name == "":
			return "list"
		}
		return "get"
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if r.Name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	return strings.ToLower(hr.Method)
}

// isTrue reads a boolean of the query as upstream does: present and anything but "false" or "0".
func isTrue(value string) bool {
	return value != "" && value != "0" && !strings.EqualFold(value, "false")
}

// apiserverUser is who the server itself is.
const apiserverUser = "system:apiserver"

// internal tells requests that the server makes for itself.
func (r *Request) internal() bool { return r.User.Name == apiserverUser && r.HTTP == nil }

// internalRequest is a Request that the server makes for itself: bootstrap objects, allocation repair. Why, ctx knows: see ledger_own.go.
func (s *Server) internalRequest(ctx context.Context, verb string, res *Resource, namespace, name string) *Request {
	return &Request{
		Verb: verb, IsResource: true, Group: res.Group, Version: res.Version, Plural: res.Plural,
		Namespace: namespace, Name: name, Resource: res,
		User: &User{Name: apiserverUser, Groups: []string{"system:masters", "system:authenticated"}},
		why:  ownWhy(ctx),
	}
}
