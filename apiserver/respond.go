package apiserver

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"kubelite/api"
	"kubelite/store"
)

// respond writes what a handler returned, in the form that the client accepts. An answer and an error that are both
// nil mean that the handler has written to w itself.
func (s *Server) respond(w http.ResponseWriter, req *Request, answer *Answer, err error) {
	if err == nil && answer == nil {
		return
	}
	req.writeWarnings(w.Header())
	if err == nil {
		var accept *accepted
		if accept, err = req.negotiate(); err == nil {
			err = s.write(w, req, answer, accept)
		}
	}
	if err != nil {
		s.writeError(w, req, err)
		return
	}
	req.audit.answered(req, answer)
}

// write sends an answer. An error means that nothing was sent.
func (s *Server) write(w http.ResponseWriter, req *Request, answer *Answer, accept *accepted) error {
	switch {
	case answer.page != nil:
		return s.writePage(w, req, answer.page, accept)
	case answer.JSON != nil && accept.plain() && req.Resource.isOwn(answer.JSON) && !req.pretty():
		send(w, mediaJSON, answer.Code, answer.JSON)
		return nil
	}
	obj := answer.Object
	if obj == nil {
		var err error
		if obj, err = answer.object(req); err != nil {
			return err
		}
	}
	if accept.as != "" {
		shown, ok := obj.(api.Object)
		if _, isStatus := obj.(*api.Status); !isStatus && ok {
			var err error
			if obj, err = s.showAs(req, accept, shown); err != nil {
				return err
			}
		}
	}
	body, err := encodeAs(obj, accept.media)
	if err != nil {
		return err
	}
	if req.pretty() && accept.media == mediaJSON {
		body = indent(body)
	}
	send(w, accept.media, answer.Code, body)
	return nil
}

// object decodes the answer into the resource's own kind.
func (a *Answer) object(req *Request) (api.Object, error) {
	if obj, ok := a.Object.(api.Object); ok {
		return obj, nil
	}
	return req.Resource.view(req.HTTP.Context(), &entry{json: a.JSON, revision: revisionOf(a.JSON)})
}

// showAs makes a Table or PartialObjectMetadata of an object.
func (s *Server) showAs(req *Request, accept *accepted, obj api.Object) (any, error) {
	switch accept.as {
	case "Table":
		return newTable(req, accept, []api.Object{obj}, api.ListMeta{ResourceVersion: obj.GetObjectMeta().ResourceVersion}, true)
	case "PartialObjectMetadata":
		return partialMetadata(obj, accept.version), nil
	}
	kind := req.Resource.Kind
	if own := api.KindByName(obj.GetTypeMeta().GroupVersionKind()); own != nil { // a Scale, for one
		kind = own
	}
	return nil, notAcceptable("you requested %s, but the requested object is not a list (%s)", accept.as, upstreamType(kind, ""))
}

// partialMetadata is an object with everything but its metadata left out.
func partialMetadata(obj api.Object, version string) *api.PartialObjectMetadata {
	return &api.PartialObjectMetadata{
		TypeMeta:   api.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: "meta.k8s.io/" + version},
		ObjectMeta: *obj.GetObjectMeta(),
	}
}

// partialJSON is partialMetadata without decoding: the metadata is copied out of the encoded object.
func partialJSON(object []byte, version string) []byte {
	metadata := metadataOf(object)
	b := make([]byte, 0, len(metadata)+100)
	b = append(b, `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/`...)
	b = append(b, version...)
	b = append(b, `","metadata":`...)
	return append(append(b, metadata...), '}')
}

// upstreamType is what upstream's messages call the Go type of a kind: "*core.ConfigMap", "*apps.DeploymentList".
func upstreamType(kind *api.Kind, suffix string) string {
	if kind.Custom {
		return "*unstructured.Unstructured" + suffix
	}
	group, _, _ := strings.Cut(cmp.Or(kind.Group, "core"), ".")
	return "*" + group + "." + kind.Kind + suffix
}

func notAcceptable(format string, args ...any) error {
	err := api.NewNotAcceptable(nil)
	err.ErrStatus.Message = fmt.Sprintf(format, args...)
	return err
}

// encodeAs encodes any API value.
func encodeAs(obj any, media string) ([]byte, error) {
	switch media {
	case mediaYAML:
		return api.MarshalYAML(obj)
	case mediaProtobuf:
		return api.MarshalProtobuf(obj)
	}
	return api.MarshalJSON(obj)
}

var newline = []byte("\n")

// send writes a body whose size is known. JSON ends with a newline, as upstream's does.
func send(w http.ResponseWriter, media string, code int, body []byte) {
	size := len(body)
	if media == mediaJSON {
		size++
	}
	header := w.Header()
	header["Content-Type"] = contentTypes[media]
	header["Content-Length"] = []string{strconv.Itoa(size)}
	w.WriteHeader(code)
	w.Write(body) // a client that has gone is none of our business; so it is with all writes of answers
	if media == mediaJSON {
		w.Write(newline)
	}
}

// Header values that are the same for every answer; setting them must not cost an allocation.
var (
	contentTypes = map[string][]string{mediaJSON: {mediaJSON}, mediaYAML: {mediaYAML}, mediaProtobuf: {mediaProtobuf}}
	noCache      = []string{"no-cache, private"}
)

// writeError answers with a Status. Errors that are none are the server's own: they are logged, and are a 500.
func (s *Server) writeError(w http.ResponseWriter, req *Request, err error) {
	status := statusOf(err)
	if status.Code == http.StatusInternalServerError {
		s.log.Error("request failed", "method", req.HTTP.Method, "path", req.HTTP.URL.Path, "error", err)
	}
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(status.Details.RetryAfterSeconds)))
	}
	req.audit.refused(status)
	req.effect.refused(status)
	media := req.errorMedia()
	body, encodeErr := encodeAs(status, media)
	if encodeErr != nil {
		s.log.Error("encoding a status failed", "error", encodeErr)
		http.Error(w, status.Message, int(status.Code))
		return
	}
	if req.pretty() && media == mediaJSON {
		body = indent(body)
	}
	send(w, media, int(status.Code), body)
}

// statusOf translates an error to what the client gets.
func statusOf(err error) *api.Status {
	var status *api.StatusError
	switch {
	case errors.As(err, &status):
	case errors.Is(err, store.ErrCompacted):
		status = api.NewExpired("The resourceVersion for the provided list or watch is too old.")
	case errors.Is(err, context.Canceled):
		status = api.NewServiceUnavailable("the request was canceled")
	case errors.Is(err, context.DeadlineExceeded):
		status = api.NewTimeout("request did not complete within requested timeout - %v", err)
	case errors.Is(err, store.ErrClosed):
		status = api.NewServiceUnavailable("the store is closed")
	default:
		status = api.NewInternalError(err)
	}
	return &status.ErrStatus
}

// pretty tells that a person reads the answer: who asks for it, and curl.
func (r *Request) pretty() bool {
	if r.HTTP == nil {
		return false
	}
	if r.HTTP.URL.RawQuery != "" {
		if v := r.Query()["pretty"]; len(v) > 0 {
			return isTrue(v[0]) || v[0] == ""
		}
	}
	agent := r.HTTP.UserAgent()
	return strings.HasPrefix(agent, "curl") || strings.HasPrefix(agent, "Wget") || strings.HasPrefix(agent, "Mozilla/5.0")
}

func indent(body []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") != nil {
		return body
	}
	return b.Bytes()
}

// writePage sends a list.
func (s *Server) writePage(w http.ResponseWriter, req *Request, p *page, accept *accepted) error {
	entries, err := req.Resource.present(req.HTTP.Context(), p.entries)
	if err != nil {
		return err
	}
	p.entries = entries
	switch {
	case req.pretty():
	case accept.plain():
		s.sendPage(w, req, p)
		return nil
	case accept.as == "PartialObjectMetadataList" && accept.media == mediaJSON:
		sendPartialPage(w, p, accept.version)
		return nil
	}
	meta := api.ListMeta{ResourceVersion: strconv.FormatInt(p.revision, 10), Continue: p.next, RemainingItemCount: p.remaining}
	if accept.media == mediaProtobuf && accept.as == "" {
		body, err := protobufList(req.Resource, p, meta)
		if err == nil {
			send(w, mediaProtobuf, http.StatusOK, body)
		}
		return err
	}
	objs := make([]api.Object, len(p.entries))
	for i, e := range p.entries {
		var err error
		if objs[i], err = decodeOwn(req.Resource.Kind, e.json); err != nil {
			return err
		}
	}
	var list any
	switch accept.as {
	case "":
		list = anyList(req.Resource.Kind, objs, meta)
	case "Table":
		table, err := newTable(req, accept, objs, meta, true)
		if err != nil {
			return err
		}
		list = table
	case "PartialObjectMetadataList":
		partial := &api.List[api.PartialObjectMetadata]{ListMeta: meta}
		partial.TypeMeta = api.TypeMeta{Kind: "PartialObjectMetadataList", APIVersion: "meta.k8s.io/" + accept.version}
		for _, obj := range objs {
			partial.Items = append(partial.Items, *partialMetadata(obj, accept.version))
		}
		list = partial
	default:
		return notAcceptable("you requested PartialObjectMetadata, but the requested object is a list (%s)", upstreamType(req.Resource.Kind, "List"))
	}
	body, err := encodeAs(list, accept.media)
	if err != nil {
		return err
	}
	if req.pretty() && accept.media == mediaJSON {
		body = indent(body)
	}
	send(w, accept.media, http.StatusOK, body)
	return nil
}

// anyList is a list of any kind. In a list the items do not say what they are: the list does. Custom objects say it all the
// same (typePrefixLength).
func anyList(kind *api.Kind, objs []api.Object, meta api.ListMeta) any {
	for _, obj := range objs {
		if !kind.Custom {
			*obj.GetTypeMeta() = api.TypeMeta{}
		}
	}
	if objs == nil {
		objs = []api.Object{}
	}
	return &struct {
		api.TypeMeta `json:",inline"`
		api.ListMeta `json:"metadata"`
		Items        []api.Object `json:"items"`
	}{kind.ListTypeMeta(), meta, objs}
}

// sendPage sends a list of stored objects: their bytes, one after the other, with commas between.
func (s *Server) sendPage(w http.ResponseWriter, req *Request, p *page) {
	kind := req.Resource.Kind
	head := listHead(kind.List(), kind.APIVersion(), p)
	skip := typePrefixLength(kind) // "kind" and "apiVersion": in a list, only the list has them
	size := len(head) + len(listTail)
	for _, e := range p.entries {
		size += len(e.json) - skip + 2 // a brace and a comma
	}
	if len(p.entries) > 0 {
		size--
	}
	header := w.Header()
	header["Content-Type"] = contentTypes[mediaJSON]
	if size > gzipThreshold {
		// Who takes this long to read a list has stopped reading: do not keep the objects for it.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(listTimeout)) // who knows no deadlines never hangs
	}
	if size > gzipThreshold && acceptsGzip(req.HTTP) {
		s.sendCompressed(w, req, p, head, skip)
		return
	}
	header["Content-Length"] = []string{strconv.Itoa(size)}
	w.WriteHeader(http.StatusOK)
	buffer := chunks.Get().(*[]byte)
	defer chunks.Put(buffer)
	b := append((*buffer)[:0], head...)
	for i, e := range p.entries {
		if len(b)+len(e.json)+2 > cap(b) && len(b) > 0 {
			if _, err := w.Write(b); err != nil {
				return
			}
			b = b[:0]
		}
		b = appendItem(b, e, i, skip)
	}
	b = append(b, listTail...)
	w.Write(b)
}

// sendPartialPage sends the metadata of stored objects. None are null.
func sendPartialPage(w http.ResponseWriter, p *page, version string) {
	body := listHead("PartialObjectMetadataList", "meta.k8s.io/"+version, p)
	if len(p.entries) == 0 {
		send(w, mediaJSON, http.StatusOK, append(bytes.TrimSuffix(body, []byte("[")), "null}"...))
		return
	}
	for i, e := range p.entries {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, partialJSON(e.json, version)...)
	}
	send(w, mediaJSON, http.StatusOK, append(body, "]}"...))
}

// json is a list of stored objects as one piece.
func (p *page) json(kind *api.Kind) []byte {
	b := listHead(kind.List(), kind.APIVersion(), p)
	for i, e := range p.entries {
		b = appendItem(b, e, i, typePrefixLength(kind))
	}
	return append(b, listTail...)
}

// chunks are the buffers that lists are put together in: big enough that a list takes few writes, small enough that
// many can be sent at once.
var chunks = sync.Pool{New: func() any { b := make([]byte, 0, 256<<10); return &b }}

const listTail = "]}\n"

const listTimeout = time.Minute

// listHead is a list up to its first item.
func listHead(kind, apiVersion string, p *page) []byte {
	b := make([]byte, 0, 256)
	b = append(b, `{"kind":"`...)
	b = append(b, kind...)
	b = append(b, `","apiVersion":"`...)
	b = append(b, apiVersion...)
	b = append(b, `","metadata":{"resourceVersion":"`...)
	b = strconv.AppendInt(b, p.revision, 10)
	b = append(b, '"')
	if p.next != "" {
		b = append(b, `,"continue":"`...)
		b = append(b, p.next...)
		b = append(b, '"')
	}
	if p.remaining != nil {
		b = append(b, `,"remainingItemCount":`...)
		b = strconv.AppendInt(b, *p.remaining, 10)
	}
	return append(b, `},"items":[`...)
}

// appendItem appends the i-th item of a list.
func appendItem(b []byte, e *entry, i, skip int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	b = append(b, '{')
	return append(b, e.json[skip:]...)
}

// typePrefixLength is how long {"kind":"Pod","apiVersion":"v1", is, with which every stored object begins. Of custom objects,
// lists show it, too: no program has their type.
func typePrefixLength(kind *api.Kind) int {
	if kind.Custom {
		return len("{")
	}
	return len(`{"kind":"","apiVersion":"",`) + len(kind.Kind) + len(kind.APIVersion())
}
