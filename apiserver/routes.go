package apiserver

import (
	"net/http"

	"github.com/gorilla/mux"

	"kubelite/api"
)

// routes is the first of the two places that hold the whole request path; the second is the file of the verb
// (create.go, update.go, ...). A request runs down the first list, then goes where the second list says.
func (s *Server) routes() http.Handler {
	r := mux.NewRouter().SkipClean(true).UseEncodedPath()

	r.Use( // in order of execution, the outermost first
		s.recoverPanic,          // a bug in one request is a 500, not the end of the server
		s.requestInfo,           // which verb on which resource? puts the Request into the context
		s.logRequest,            // one debug line, and the metrics
		s.deadline,              // how long may it take? what the client says, or 400
		s.check(s.authenticate), // who is it? sets Request.User, or 401
		s.audit,                 // who did what? a line in the audit log, if there is one
		s.check(s.impersonate),  // on whose behalf? `kubectl --as`, or 403
		s.check(s.causes),       // why is it? reads the ledger headers of a write
		s.throttle,              // is there a seat for it? waits, or 429
		s.check(s.authorize),    // may they? or 403
		s.gate,                  // may it go on now? a debugger holds writes back here, and requests go wrong on purpose
	)

	// Nearly all requests are for resources: these come first, because routes are tried one after the other.
	r.PathPrefix("/api/v1/").HandlerFunc(s.serveResource)
	r.PathPrefix("/apis/{group}/{version}/").HandlerFunc(s.serveResource)
	r.HandleFunc("/ledger", s.serveLedger).Methods("GET", "POST")
	r.HandleFunc("/gate", s.serveGate).Methods("GET")
	r.HandleFunc("/gate/step", s.serveStep).Methods("POST")
	r.HandleFunc("/gate/{list:rules|faults}{id:(?:/[0-9]+)?}", s.serveGateList).Methods("POST", "DELETE")

	// What there is; a slash at the end makes no difference.
	r.HandleFunc("/api{slash:/?}", s.readOnly(s.serveCoreVersions))
	r.HandleFunc("/api/v1", s.readOnly(s.serveResourceList))
	r.HandleFunc("/apis{slash:/?}", s.readOnly(s.serveGroups))
	r.HandleFunc("/apis/{group}{slash:/?}", s.readOnly(s.serveGroup))
	r.HandleFunc("/apis/{group}/{version}", s.readOnly(s.serveResourceList))
	r.HandleFunc("/openapi/v2", s.serveOpenAPIV2)
	r.HandleFunc("/openapi/v3", s.serveOpenAPIIndex)
	r.PathPrefix("/openapi/v3/").HandlerFunc(s.serveOpenAPI)

	r.HandleFunc("/.well-known/openid-configuration{slash:/?}", s.serveOpenIDConfiguration).Methods("GET", "HEAD")
	r.HandleFunc("/openid/v1/jwks{slash:/?}", s.serveKeySet).Methods("GET", "HEAD")

	r.HandleFunc("/version{slash:/?}", s.readOnly(s.serveVersion))
	r.HandleFunc("/metrics", s.serveMetrics)
	r.HandleFunc("/metrics/slis", s.serveSLIs)
	profiling(r)
	s.flowDebugging(r)
	r.PathPrefix("/{check:healthz|livez|readyz}").HandlerFunc(s.serveHealth)
	r.HandleFunc("/", s.serveRoot)
	r.PathPrefix("/").HandlerFunc(s.serveNotFound) // also has to go through the list above: strangers learn nothing
	return r
}

// serveResource calls the one handler that serves this verb for every kind.
func (s *Server) serveResource(w http.ResponseWriter, hr *http.Request) {
	req := requestFrom(hr.Context())
	switch {
	case !req.IsResource: // "/api/v1/", and nothing behind it
		s.serveResourceList(w, hr)
		return
	case req.Resource == nil, s.aggregator.serves(req.Resource.GroupVersion):
		s.serveElsewhere(w, hr, api.GroupVersion{Group: req.Group, Version: req.Version})
		return
	case req.Resource.neverStored() && req.Name != "" && req.Resource.Handlers["get"] == nil: // questions have no names
		s.serveNotFound(w, hr)
		return
	}
	handle := req.handler()
	if req.Resource.Deprecation != "" && !namesNoMedia(req.HTTP.Header.Get("Accept")) {
		req.Warn(req.Resource.Deprecation)
	}
	if err := req.checkAccept(); err != nil { // could the answer be read? After a write it would be too late to ask
		s.respond(w, req, nil, err)
		return
	}
	answer, err := handle(s, w, req)
	s.respond(w, req, answer, err)
}

// handler is what serves the request's verb.
func (r *Request) handler() (handle Handler) {
	res := r.Resource
	switch {
	case r.Subresource != "":
		handle = res.subresourceHandler(r)
	case r.HTTP.Method == http.MethodHead, !res.hasVerb(r.Verb), !res.takesVerbAt(r):
	case res.neverStored():
		handle = res.Handlers[r.Verb]
	default:
		handle = verbs[r.Verb]
	}
	if handle == nil {
		handle = methodNotAllowed
	}
	return handle
}

// verbs holds one handler per verb, for all kinds.
var verbs = map[string]Handler{
	"get":              (*Server).serveGet,
	"list":             (*Server).serveList,
	"watch":            (*Server).serveWatch,
	"create":           (*Server).serveCreate,
	"update":           (*Server).serveUpdate,
	"patch":            (*Server).servePatch,
	"delete":           (*Server).serveDelete,
	"deletecollection": (*Server).serveDeleteCollection,
}
