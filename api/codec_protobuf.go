package api

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
)

// Kubernetes wraps every protobuf object in an envelope, so that a reader learns what is inside:
//
//	"k8s" 0x00  { 1: { 1: apiVersion  2: kind }  2: the object's message  3: content encoding  4: content type }
//
// Within the object there is no kind or apiVersion: TypeMeta travels only here.
const protobufMagic = "k8s\x00"

// The fields of the envelope, and of the type inside it.
const (
	envelopeTypeMeta        = 1
	envelopeRaw             = 2
	envelopeContentEncoding = 3
	envelopeContentType     = 4

	typeMetaAPIVersion = 1
	typeMetaKind       = 2
)

// MarshalProtobuf writes an API value as protobuf, byte for byte as Kubernetes does. Values with a TypeMeta get the
// envelope; others, such as the frames of a watch, are a plain message.
func MarshalProtobuf(v any) ([]byte, error) {
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer && !value.IsNil() {
		value = value.Elem()
	}
	if value.Kind() != reflect.Struct {
		return nil, fmt.Errorf("protobuf: cannot encode %T", v)
	}
	plan, err := messagePlanOf(value.Type())
	if err != nil {
		return nil, err
	}
	w := newProtobufWriter()
	typed, enveloped := v.(interface{ GetTypeMeta() *TypeMeta })
	if enveloped {
		// The writer works back to front, so what comes last in the output comes first here.
		w.text("")
		w.key(envelopeContentType, wireBytes)
		w.text("")
		w.key(envelopeContentEncoding, wireBytes)
	}
	end := w.written()
	plan.write(w, value)
	if enveloped {
		w.length(end)
		w.key(envelopeRaw, wireBytes)
		end = w.written()
		w.text(typed.GetTypeMeta().Kind)
		w.key(typeMetaKind, wireBytes)
		w.text(typed.GetTypeMeta().APIVersion)
		w.key(typeMetaAPIVersion, wireBytes)
		w.length(end)
		w.key(envelopeTypeMeta, wireBytes)
		w.raw(protobufMagic)
	}
	return w.finish(), nil
}

// UnmarshalProtobuf reads what MarshalProtobuf writes. Into must be a pointer; if it has a TypeMeta, data must be an
// envelope, and the TypeMeta is filled in from it. Unknown fields are dropped. Nothing in into refers to data.
func UnmarshalProtobuf(data []byte, into any) error {
	value := reflect.ValueOf(into)
	if value.Kind() != reflect.Pointer || value.IsNil() || value.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("protobuf: cannot decode into %T", into)
	}
	plan, err := messagePlanOf(value.Elem().Type())
	if err != nil {
		return err
	}
	if typed, ok := into.(interface{ GetTypeMeta() *TypeMeta }); ok {
		typeMeta, message, err := openEnvelope(data)
		if err != nil {
			return err
		}
		*typed.GetTypeMeta() = typeMeta
		data = message
	}
	return plan.read(data, value.Elem(), 0)
}

// ProtobufTypeMeta reads only what kind of object data holds.
func ProtobufTypeMeta(data []byte) (TypeMeta, error) {
	typeMeta, _, err := openEnvelope(data)
	return typeMeta, err
}

// IsProtobuf tells whether data begins like an object in protobuf.
func IsProtobuf(data []byte) bool { return bytes.HasPrefix(data, []byte(protobufMagic)) }

func openEnvelope(data []byte) (typeMeta TypeMeta, message []byte, err error) {
	rest, ok := bytes.CutPrefix(data, []byte(protobufMagic))
	if !ok {
		return TypeMeta{}, nil, fmt.Errorf("provided data does not appear to be a protobuf message, expected prefix %v", []byte(protobufMagic))
	}
	err = eachField(rest, func(f wireField) error {
		switch {
		case f.number == envelopeTypeMeta && f.wire == wireBytes:
			return eachField(f.bytes, func(f wireField) error {
				switch {
				case f.number == typeMetaAPIVersion && f.wire == wireBytes:
					typeMeta.APIVersion = string(f.bytes)
				case f.number == typeMetaKind && f.wire == wireBytes:
					typeMeta.Kind = string(f.bytes)
				}
				return nil
			})
		case f.number == envelopeRaw && f.wire == wireBytes:
			message = f.bytes
		case f.number == envelopeContentEncoding && len(f.bytes) > 0:
			return fmt.Errorf("protobuf: content encoding %q is not supported", f.bytes)
		}
		return nil
	})
	return typeMeta, message, err
}

// How a field is written on the wire.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireGroup   = 3 // obsolete: skipped, with all that is in it
	wireEnd     = 4
	wireFixed32 = 5
)

// wireField is one field as it stands in a message: value holds numbers, bytes everything that has a length.
type wireField struct {
	number int
	wire   int
	value  uint64
	bytes  []byte
}

var (
	errProtobufTruncated = errors.New("protobuf: unexpected end of data")
	errProtobufVarint    = errors.New("protobuf: number has too many bytes")
)

// eachField calls visit for each field of a message, in order.
func eachField(data []byte, visit func(wireField) error) error {
	groups := 0
	for len(data) > 0 {
		var f wireField
		var err error
		if f, data, err = nextField(data); err != nil {
			return err
		}
		switch {
		case f.wire == wireGroup:
			groups++
		case f.wire == wireEnd:
			if groups--; groups < 0 {
				return errors.New("protobuf: end of a group that never began")
			}
		case groups == 0:
			if err := visit(f); err != nil {
				return err
			}
		}
	}
	if groups > 0 {
		return errProtobufTruncated
	}
	return nil
}

func nextField(data []byte) (f wireField, rest []byte, err error) {
	key, rest, err := readVarint(data)
	if err != nil {
		return f, nil, err
	}
	f.number, f.wire = int(key>>3), int(key&7)
	if f.number <= 0 || f.number > 1<<29-1 {
		return f, nil, fmt.Errorf("protobuf: illegal field number %d", f.number)
	}
	switch f.wire {
	case wireVarint:
		f.value, rest, err = readVarint(rest)
		return f, rest, err
	case wireFixed64, wireFixed32:
		size := 8
		if f.wire == wireFixed32 {
			size = 4
		}
		if len(rest) < size {
			return f, nil, errProtobufTruncated
		}
		for i := size - 1; i >= 0; i-- {
			f.value = f.value<<8 | uint64(rest[i])
		}
		return f, rest[size:], nil
	case wireBytes:
		length, rest, err := readVarint(rest)
		if err != nil {
			return f, nil, err
		}
		if length > uint64(len(rest)) {
			return f, nil, errProtobufTruncated
		}
		f.bytes = rest[:length:length]
		return f, rest[length:], nil
	case wireGroup, wireEnd:
		return f, rest, nil
	}
	return f, nil, fmt.Errorf("protobuf: illegal wire type %d", f.wire)
}

func readVarint(data []byte) (v uint64, rest []byte, err error) {
	for i, b := range data {
		if i == 10 {
			return 0, nil, errProtobufVarint
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v, data[i+1:], nil
		}
	}
	return 0, nil, errProtobufTruncated
}

// protobufWriter writes a message from its last byte to its first: by the time a length must be written, what it
// measures is there already.
type protobufWriter struct {
	buf []byte
	pos int // buf[pos:] is written
}

func newProtobufWriter() *protobufWriter {
	const enoughForMost = 2048
	return &protobufWriter{buf: make([]byte, enoughForMost), pos: enoughForMost}
}

func (w *protobufWriter) finish() []byte { return bytes.Clone(w.buf[w.pos:]) }

// reserve moves pos back by n bytes.
func (w *protobufWriter) reserve(n int) {
	if n > w.pos {
		written := len(w.buf) - w.pos
		buf := make([]byte, 2*(written+n))
		copy(buf[len(buf)-written:], w.buf[w.pos:])
		w.buf, w.pos = buf, len(buf)-written
	}
	w.pos -= n
}

func (w *protobufWriter) raw(s string) {
	w.reserve(len(s))
	copy(w.buf[w.pos:], s)
}

func (w *protobufWriter) varint(v uint64) {
	size := 1
	for rest := v >> 7; rest > 0; rest >>= 7 {
		size++
	}
	w.reserve(size)
	for i := range size - 1 {
		w.buf[w.pos+i] = byte(v) | 0x80
		v >>= 7
	}
	w.buf[w.pos+size-1] = byte(v)
}

func (w *protobufWriter) fixed64(v uint64) {
	w.reserve(8)
	for i := range 8 {
		w.buf[w.pos+i] = byte(v >> (8 * i))
	}
}

// text writes a string and its length.
func (w *protobufWriter) text(s string) {
	w.raw(s)
	w.varint(uint64(len(s)))
}

// written counts the bytes so far. Unlike pos, it does not move when the buffer grows.
func (w *protobufWriter) written() int { return len(w.buf) - w.pos }

// length writes the length of everything since written was end.
func (w *protobufWriter) length(end int) { w.varint(uint64(w.written() - end)) }

func (w *protobufWriter) key(number, wire int) { w.varint(uint64(number)<<3 | uint64(wire)) }
