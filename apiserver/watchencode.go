package apiserver

import (
	"context"
	"encoding/binary"
	"reflect"
	"strconv"

	"kubelite/api"
)

// eventEncoder writes watch events in the form that a client asked for. JSON events are lines; protobuf events are
// frames, each behind its length.
type eventEncoder struct {
	req    *Request
	accept *accepted
	tables int // events sent as tables so far: only the first has the column definitions
}

func newEventEncoder(req *Request, accept *accepted) *eventEncoder {
	return &eventEncoder{req: req, accept: accept}
}

func (enc *eventEncoder) contentType() string {
	if enc.accept.media == mediaProtobuf {
		return mediaProtobuf + ";stream=watch"
	}
	return mediaJSON
}

// append appends an event. Plain JSON is a copy of the stored bytes, or of a part of them.
func (enc *eventEncoder) append(b []byte, eventType string, e *entry) ([]byte, error) {
	e, err := enc.req.Resource.presentOne(enc.ctx(), e)
	if err != nil {
		return b, err
	}
	var object []byte
	switch {
	case enc.accept.plain():
		object = e.json
	case enc.accept.as == "Table":
		object, err = enc.table(e)
	case enc.accept.as != "" && enc.accept.media == mediaJSON:
		object = partialJSON(e.json, enc.accept.version)
	case enc.accept.as == "" && enc.accept.media == mediaProtobuf:
		object, err = enc.protobuf(e)
	default:
		object, err = enc.encode(e)
	}
	if err != nil {
		return b, err
	}
	return enc.frame(b, eventType, object)
}

// ctx is that of the watch's request.
func (enc *eventEncoder) ctx() context.Context { return enc.req.HTTP.Context() }

// frame puts an encoded object into an event.
func (enc *eventEncoder) frame(b []byte, eventType string, object []byte) ([]byte, error) {
	if enc.accept.media == mediaProtobuf {
		message, err := api.MarshalProtobuf(&protobufWatchEvent{Type: eventType, Object: api.RawExtension{Raw: object}})
		if err != nil {
			return b, err
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(message)))
		return append(b, message...), nil
	}
	b = append(b, `{"type":"`...)
	b = append(b, eventType...)
	b = append(b, `","object":`...)
	b = append(b, object...)
	return append(b, "}\n"...), nil
}

// protobufWatchEvent is a watch event as a protobuf message.
type protobufWatchEvent struct {
	Type   string           `json:"type" pb:"1"`
	Object api.RawExtension `json:"object" pb:"2"`
}

// protobuf is the whole object, which is kept with the entry: many watchers ask for it, and it is made once.
func (enc *eventEncoder) protobuf(e *entry) ([]byte, error) {
	if object := e.protobuf.Load(); object != nil {
		return *object, nil
	}
	object, err := enc.encode(e)
	if err == nil {
		e.protobuf.Store(&object)
	}
	return object, err
}

func (enc *eventEncoder) encode(e *entry) ([]byte, error) {
	obj, err := decodeOwn(enc.req.Resource.Kind, e.json)
	if err != nil {
		return nil, err
	}
	if enc.accept.as != "" {
		return encodeAs(partialMetadata(obj, enc.accept.version), enc.accept.media)
	}
	return encodeAs(obj, enc.accept.media)
}

func (enc *eventEncoder) table(e *entry) ([]byte, error) {
	obj, err := decodeOwn(enc.req.Resource.Kind, e.json)
	if err != nil {
		return nil, err
	}
	table, err := newTable(enc.req, enc.accept, []api.Object{obj}, api.ListMeta{ResourceVersion: strconv.FormatInt(e.revision, 10)}, enc.tables == 0)
	if err != nil {
		return nil, err
	}
	enc.tables++
	return api.MarshalJSON(table)
}

// appendBookmark appends an event that says nothing but how far the client is. initialEnd marks the one between what
// was there and what comes.
func (enc *eventEncoder) appendBookmark(b []byte, revision int64, initialEnd bool) ([]byte, error) {
	obj := enc.req.Resource.New()
	meta := obj.GetObjectMeta()
	meta.ResourceVersion = strconv.FormatInt(revision, 10)
	if initialEnd {
		meta.Annotations = map[string]string{"k8s.io/initial-events-end": "true"}
	}
	var shown any = obj
	switch enc.accept.as {
	case "":
		if kind := enc.req.Resource.Kind; enc.accept.media == mediaJSON { // to write the rest, which is empty, would have to be prepared for each kind
			shown = &api.PartialObjectMetadata{TypeMeta: kind.TypeMeta(), ObjectMeta: *meta}
		}
	case "Table":
		table, err := newTable(enc.req, enc.accept, []api.Object{obj}, api.ListMeta{ResourceVersion: meta.ResourceVersion}, enc.tables == 0)
		if err != nil {
			return b, err
		}
		shown = table
	default:
		shown = partialMetadata(obj, enc.accept.version)
	}
	object, err := encodeAs(shown, enc.accept.media)
	if err != nil {
		return b, err
	}
	return enc.frame(b, eventBookmark, object)
}

func (enc *eventEncoder) appendError(b []byte, status *api.Status) ([]byte, error) {
	object, err := encodeAs(status, enc.accept.media)
	if err != nil {
		return b, err
	}
	return enc.frame(b, eventError, object)
}

// protobufList is a list as a protobuf message.
func protobufList(res *Resource, p *page, meta api.ListMeta) ([]byte, error) {
	objs := make([]api.Object, len(p.entries))
	for i, e := range p.entries {
		var err error
		if objs[i], err = decodeOwn(res.Kind, e.json); err != nil {
			return nil, err
		}
	}
	list := res.NewList()
	*list.GetListMeta() = meta
	setItems(list, objs)
	return api.MarshalProtobuf(list)
}

// setItems fills a typed list. Only the Go type of the list knows what its items are.
func setItems(list api.ListObject, objs []api.Object) {
	items := reflect.ValueOf(list).Elem().FieldByName("Items")
	items.Set(reflect.MakeSlice(items.Type(), len(objs), len(objs)))
	for i, obj := range objs {
		items.Index(i).Set(reflect.ValueOf(obj).Elem())
	}
}
