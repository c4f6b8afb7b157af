package apiserver

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"

	"kubelite/api"
	"kubelite/api/audit"
)

// The audit log says who did what, a line of JSON for each stage of each request that the policy wants to know about:
//
//	RequestReceived ──> ResponseStarted (only long answers: watch, exec) ──> ResponseComplete, or Panic
//
// It is not the ledger. The ledger knows why each write was made, and lives and dies with the store; the audit log has reads
// and refusals, too, and is a file for people who were not there. Every answer carries its request's id in the header
// Audit-ID, with or without a log.

const auditIDHeader = "Audit-Id" // as Go writes it

// auditEvent is one line.
type auditEvent struct {
	api.TypeMeta     `json:",inline"`
	Level            audit.Level           `json:"level"`
	AuditID          string                `json:"auditID"`
	Stage            audit.Stage           `json:"stage"`
	RequestURI       string                `json:"requestURI"`
	Verb             string                `json:"verb"`
	User             api.UserInfo          `json:"user"`
	ImpersonatedUser *api.UserInfo         `json:"impersonatedUser,omitempty"`
	SourceIPs        []string              `json:"sourceIPs,omitempty"`
	UserAgent        string                `json:"userAgent,omitempty"`
	ObjectRef        *auditObjectReference `json:"objectRef,omitempty"`
	ResponseStatus   *api.Status           `json:"responseStatus,omitempty"`
	RequestObject    api.RawExtension      `json:"requestObject,omitzero"`
	ResponseObject   api.RawExtension      `json:"responseObject,omitzero"`
	Received         api.MicroTime         `json:"requestReceivedTimestamp"`
	StageTimestamp   api.MicroTime         `json:"stageTimestamp"`
	Annotations      map[string]string     `json:"annotations,omitempty"`
}

type auditObjectReference struct {
	Resource        string  `json:"resource,omitempty"`
	Namespace       string  `json:"namespace,omitempty"`
	Name            string  `json:"name,omitempty"`
	UID             api.UID `json:"uid,omitempty"`
	APIGroup        string  `json:"apiGroup,omitempty"`
	APIVersion      string  `json:"apiVersion,omitempty"`
	ResourceVersion string  `json:"resourceVersion,omitempty"`
	Subresource     string  `json:"subresource,omitempty"`
}

// auditLog writes events to a file. A line is written before the request goes on.
type auditLog struct {
	server *Server
	policy *audit.Policy
	mu     sync.Mutex
	out    io.Writer // guarded by mu
}

// newAuditLog opens the log; nil: there is none. It is closed with the process.
func newAuditLog(s *Server) (*auditLog, error) {
	policyFile, path := s.config.AuditPolicyFile, s.config.AuditLogPath
	if path == "" {
		return nil, nil
	}
	if policyFile == "" {
		s.log.Warn("no audit policy file is given: the audit log stays empty", "path", path)
		return nil, nil
	}
	data, err := os.ReadFile(policyFile)
	if err != nil {
		return nil, fmt.Errorf("load the audit policy: %w", err)
	}
	policy, err := audit.ParsePolicy(data)
	if err != nil {
		return nil, fmt.Errorf("load the audit policy %s: %w", policyFile, err)
	}
	log := &auditLog{server: s, policy: policy, out: os.Stdout}
	if path != "-" {
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open the audit log: %w", err)
		}
		if err := file.Close(); err != nil { // rotation opens it itself, as late as with the first line
			return nil, fmt.Errorf("open the audit log: %w", err)
		}
		log.out = &lumberjack.Logger{
			Filename: path, MaxSize: s.config.AuditLogMaxSize, MaxAge: s.config.AuditLogMaxAge, MaxBackups: s.config.AuditLogMaxBackups, Compress: s.config.AuditLogCompress,
		}
	}
	return log, nil
}

// audit is the step of the chain that tells the log of a request: when it comes, and what became of it. It stands before
// impersonation, so that the log knows both users.
func (s *Server) audit(next http.Handler) http.Handler {
	if s.auditLog == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		req := requestFrom(hr.Context())
		a := s.auditLog.begin(req, req.longRunning())
		if a == nil {
			next.ServeHTTP(w, hr)
			return
		}
		req.audit = a
		a.write(audit.StageRequestReceived)
		defer func() {
			if p := recover(); p != nil {
				a.event.ResponseStatus = &api.Status{
					Status: api.StatusFailure, Message: fmt.Sprintf("APIServer panic'd: %v", p), Reason: api.StatusReasonInternalError, Code: http.StatusInternalServerError,
				}
				a.write(audit.StagePanic)
				panic(p)
			}
			if a.event.ResponseStatus == nil {
				a.event.ResponseStatus = &api.Status{Status: api.StatusSuccess, Message: "Connection closed early"}
			}
			a.started(http.StatusOK)
			a.write(audit.StageResponseComplete)
		}()
		next.ServeHTTP(&auditWriter{w, a}, hr)
	})
}

// stranger makes the log tell of a request that is refused because nobody knows who sent it: it never got to the step audit.
func (l *auditLog) stranger(w http.ResponseWriter, req *Request) http.ResponseWriter {
	if l == nil || req.User != nil {
		return w
	}
	if req.audit = l.begin(req, true); req.audit == nil {
		return w
	}
	return &auditWriter{w, req.audit}
}

// audited is a request that the log is told of. The methods by which others add to it take nil for a request that it is not.
type audited struct {
	log   *auditLog
	rule  *audit.Rule
	long  bool // it has a stage ResponseStarted
	begun bool // the answer has
	event auditEvent
}

// begin asks the policy about a request, and puts down what is known of it when it comes; nil: there is nothing to tell.
func (l *auditLog) begin(req *Request, long bool) *audited {
	rule := l.rule(req)
	if rule == nil {
		return nil
	}
	hr := req.HTTP
	a := &audited{log: l, rule: rule, long: long, event: auditEvent{
		TypeMeta: api.TypeMeta{Kind: "Event", APIVersion: audit.APIVersion}, Level: rule.Level, AuditID: req.auditID,
		RequestURI: hr.URL.RequestURI(), Verb: req.Verb, SourceIPs: sourceIPs(hr), UserAgent: shortened(hr.UserAgent()), Received: api.MicroTime{Time: time.Now()},
	}}
	if req.User != nil {
		a.event.User = userInfo(req.User)
	}
	if req.IsResource {
		a.event.ObjectRef = &auditObjectReference{
			Resource: req.Plural, Namespace: req.Namespace, Name: req.Name, Subresource: req.Subresource, APIGroup: req.Group, APIVersion: req.Version,
		}
	}
	return a
}

// write writes the event as it is at a stage, unless the policy leaves that stage out. A log that cannot be written does not
// stop the server.
func (a *audited) write(stage audit.Stage) {
	l := a.log
	if slices.Contains(l.policy.OmitStages, stage) || slices.Contains(a.rule.OmitStages, stage) {
		return
	}
	a.event.Stage, a.event.StageTimestamp = stage, api.MicroTime{Time: time.Now()}
	line, err := api.MarshalJSON(&a.event)
	if err == nil {
		l.mu.Lock()
		_, err = l.out.Write(append(line, '\n'))
		l.mu.Unlock()
	}
	if err != nil {
		l.server.log.Error("could not write to the audit log", "auditID", a.event.AuditID, "error", err)
	}
}

// started notes the code of the answer, once.
func (a *audited) started(code int) {
	if a.begun {
		return
	}
	a.begun = true
	if a.event.ResponseStatus == nil {
		a.event.ResponseStatus = &api.Status{}
	}
	a.event.ResponseStatus.Code = int32(code)
	if a.long {
		a.write(audit.StageResponseStarted)
	}
}

// annotate adds what a step found out about the request. The first word stands.
func (a *audited) annotate(key, value string) {
	if a == nil || a.event.Annotations[key] != "" {
		return
	}
	if a.event.Annotations == nil {
		a.event.Annotations = map[string]string{}
	}
	a.event.Annotations[key] = value
}

// impersonated notes on whose behalf the request is made.
func (a *audited) impersonated(user *User) {
	if a != nil {
		info := userInfo(user)
		a.event.ImpersonatedUser = &info
	}
}

// sent notes an object that was sent. Which one it is belongs to every level, what it says does not: below Request, secrets
// stay out of the log.
func (a *audited) sent(obj any) {
	if a == nil {
		return
	}
	if meta, ok := obj.(api.Object); ok && a.event.ObjectRef != nil {
		ref, meta := a.event.ObjectRef, meta.GetObjectMeta()
		ref.Namespace, ref.Name = cmp.Or(ref.Namespace, meta.Namespace), cmp.Or(ref.Name, meta.Name)
		ref.UID, ref.ResourceVersion = meta.UID, meta.ResourceVersion
	}
	if !a.rule.Level.Includes(audit.LevelRequest) {
		return
	}
	if json, err := api.MarshalJSON(obj); err == nil { // what cannot be written as JSON was not read from it
		a.event.RequestObject.Raw = a.trimmed(json)
	}
}

// patched notes a patch that was sent, which may be YAML.
func (a *audited) patched(patch []byte) {
	if a == nil || !a.rule.Level.Includes(audit.LevelRequest) {
		return
	}
	if json, err := api.YAMLToJSON(patch); err == nil { // else it is no patch, and the answer says so
		a.event.RequestObject.Raw = a.trimmed(json)
	}
}

// answered notes the object that is the answer, in the form that the kind has, whatever form the client wanted.
func (a *audited) answered(req *Request, answer *Answer) {
	if a == nil {
		return
	}
	if status, ok := answer.Object.(*api.Status); ok {
		a.refused(status)
		return
	}
	if !a.rule.Level.Includes(audit.LevelRequestResponse) {
		return
	}
	json, err := answer.JSON, error(nil)
	switch {
	case answer.page != nil:
		json = answer.page.json(req.Resource.Kind)
	case json == nil:
		json, err = api.MarshalJSON(answer.Object)
	}
	if err == nil { // else the client got an error, too
		a.event.ResponseObject.Raw = a.trimmed(json)
	}
}

// refused notes a Status that is the answer.
func (a *audited) refused(status *api.Status) {
	if a == nil {
		return
	}
	a.event.ResponseStatus = &api.Status{Status: status.Status, Message: status.Message, Reason: status.Reason, Details: status.Details, Code: status.Code}
	if a.rule.Level.Includes(audit.LevelRequestResponse) {
		if json, err := api.MarshalJSON(status); err == nil {
			a.event.ResponseObject.Raw = json
		}
	}
}

// trimmed is an object, or a list, without managed fields, if the policy wants none.
func (a *audited) trimmed(object []byte) []byte {
	if !api.Deref(a.rule.OmitManagedFields, a.log.policy.OmitManagedFields) {
		return object
	}
	var tree map[string]any
	if api.UnmarshalJSON(object, &tree) != nil {
		return object // a JSON patch, which is a list
	}
	items, _ := tree["items"].([]any)
	for _, item := range append(items, tree) {
		if item, ok := item.(map[string]any); ok {
			if meta, ok := item["metadata"].(map[string]any); ok {
				delete(meta, "managedFields")
			}
		}
	}
	if trimmed, err := api.MarshalJSON(tree); err == nil {
		return trimmed
	}
	return object
}

// auditWriter tells when the answer begins.
type auditWriter struct {
	http.ResponseWriter
	audited *audited
}

func (w *auditWriter) WriteHeader(code int) {
	w.audited.started(code)
	w.ResponseWriter.WriteHeader(code)
}

func (w *auditWriter) Write(b []byte) (int, error) {
	w.audited.started(http.StatusOK)
	return w.ResponseWriter.Write(b)
}

// Flush sends what is buffered: streams need it.
func (w *auditWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() } // as for a writer that has no Flush

// Hijack takes the connection: exec, attach and port-forward go on in another protocol.
func (w *auditWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.audited.started(http.StatusSwitchingProtocols)
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach deadlines.
func (w *auditWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// sourceIPs are where a request came from: as proxies on the way say, then the last one that is certain.
func sourceIPs(hr *http.Request) (ips []string) {
	add := func(text string) {
		if ip := net.ParseIP(strings.TrimSpace(text)); ip != nil && (len(ips) == 0 || ips[len(ips)-1] != ip.String()) {
			ips = append(ips, ip.String())
		}
	}
	for hop := range strings.SplitSeq(hr.Header.Get("X-Forwarded-For"), ",") {
		add(hop)
	}
	if real := hr.Header.Get("X-Real-Ip"); !slices.Contains(ips, real) {
		add(real)
	}
	if host, _, err := net.SplitHostPort(hr.RemoteAddr); err == nil {
		add(host)
	}
	return ips
}

// shortened cuts a user agent that is longer than a log wants.
func shortened(agent string) string {
	const most = 1024
	if len(agent) > most {
		return agent[:most] + "...TRUNCATED"
	}
	return agent
}
