package apiserver

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"kubelite/api"
	"kubelite/apiserver/gate"
)

// A write that may have to wait is rehearsed: its handler runs as a dry run, and what it would store is noted where it would
// store it. So the gate can show what a patch makes of an object, a binding of a pod, or a deletion of both.

// effect is what a write does. It is shared by all requests that the server makes of one. A nil effect takes no notes.
type effect struct {
	revision atomic.Int64 // of the last thing written
	refusal  string       // why it was refused

	mu      sync.Mutex
	changes []change // of a rehearsal
}

// change is what would become of an object. A nil old says that it would be new; a nil new, that it would be gone.
type change struct {
	res      *Resource
	old, new api.Object
}

// would notes what a dry run does not do.
func (e *effect) would(req *Request, current *entry, obj api.Object) {
	if e == nil {
		return
	}
	c := change{res: req.Resource.storedRow(), new: obj}
	if current != nil {
		var err error
		if c.old, err = current.object(c.res); err != nil {
			return // the write itself will say so
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changes = append(e.changes, c)
}

func (e *effect) wrote(revision int64) {
	if e != nil {
		e.revision.Store(revision)
	}
}

func (e *effect) refused(status *api.Status) {
	if e != nil {
		e.refusal = status.Message
	}
}

// nobody takes the answer of a rehearsal.
type nobody struct{ header http.Header }

func (n nobody) Header() http.Header         { return n.header }
func (n nobody) Write(b []byte) (int, error) { return len(b), nil }
func (n nobody) WriteHeader(int)             {}

// rehearse finds out what a write would do, and makes what people are shown of it. nil: it would do nothing.
func (s *Server) rehearse(req *Request, asked *gate.Request, body io.ReadCloser) *gate.Write {
	trial := *req
	trial.DryRun, trial.effect, trial.audit, trial.warnings, trial.seat = true, &effect{}, nil, nil, nil
	hr := req.HTTP.Clone(withRequest(req.HTTP.Context(), &trial))
	hr.Body, trial.HTTP = body, hr
	write := &gate.Write{Request: *asked}
	if handle := trial.handler(); handle != nil {
		if _, err := handle(s, nobody{http.Header{}}, &trial); err != nil {
			write.Held.Refusal = statusOf(err).Message
		}
	}
	changes := trial.effect.changes
	if len(changes) == 0 && write.Held.Refusal == "" {
		return nil
	}
	write.Held.Diff = diffOf(changes)
	write.Held.Record = s.willRecord(req, changes)
	if req.Verb == "create" && req.Subresource == "" && len(changes) > 0 && !changes[0].makesUpName() {
		write.Name = changes[0].new.GetObjectMeta().Name
	}
	write.Variables = s.conditionVariables(req.HTTP.Context(), &trial, changes)
	return write
}

// willRecord is what the ledger will say of the write.
func (s *Server) willRecord(req *Request, changes []change) api.LedgerRecord {
	row := req.Resource.storedRow()
	object := api.LedgerObject{Group: row.Group, Resource: row.Plural, Namespace: req.objectNamespace(), Name: req.Name}
	if len(changes) == 1 && req.Verb != "deletecollection" {
		c := changes[0]
		object = api.LedgerObject{Group: c.res.Group, Resource: c.res.Plural, Namespace: c.meta().Namespace, Name: c.name()}
		if c.old != nil {
			object.UID = c.meta().UID
		}
	}
	line := req.ledgerLine(object)
	line.Time = api.MicroTime{Time: time.Now()}
	return line
}

// conditionVariables are what the condition of a rule sees: what admission policies see of such a write. Of a write that
// concerns many objects it is the first; nil if it concerns none.
func (s *Server) conditionVariables(ctx context.Context, trial *Request, changes []change) map[string]any {
	if len(changes) == 0 {
		return nil
	}
	c := changes[0]
	seen := *trial
	seen.DryRun = false // that is only how we found out
	variables, err := newWrite(s, &seen, c.new, c.old).variables(ctx)
	if err != nil {
		s.log.Debug("a rule of the gate cannot look at a write", "error", err)
		return nil
	}
	return variables
}
